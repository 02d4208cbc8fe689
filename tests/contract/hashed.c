/* SPDX-License-Identifier: BSD-2-Clause */
#include "hashed.h"

#include <string.h>

#include "miniport/adapter.h"

const uint8_t hashed_four[4] = { 0, 1, 2, 3 };

int hashed_setup(void **state)
{
	hardware_watch();
	return sender_setup(state);
}

void hashed_open(const struct ndis_keyword *keywords)
{
	stack_open(&(struct stack_options){ .bare = true, .keywords = keywords });
	assert_int_equal(ask_packet_filter(&protocols[0], NDIS_PACKET_TYPE_PROMISCUOUS),
			 NDIS_STATUS_SUCCESS);
}

NDIS_STATUS hashed_set(struct scales *s)
{
	return request(&protocols[0], NdisRequestSetInformation, HASHED_PARAMS, s->bytes, s->length, 0);
}

void hashed_on(ULONG information, unsigned n, const uint8_t *table, unsigned of)
{
	struct scales s;

	scales_make(&s, information, n, table, of);
	assert_int_equal(hashed_set(&s), NDIS_STATUS_SUCCESS);
}

void hashed_off(void)
{
	struct scales s;

	scales_make(&s, HASHED_INFO, 4, hashed_four, 4);
	s.p.Flags = NDIS_RSS_PARAM_FLAG_DISABLE_RSS;
	scales_seal(&s);
	assert_int_equal(hashed_set(&s), NDIS_STATUS_SUCCESS);
}

unsigned hashed_frame(unsigned flow, unsigned protocol)
{
	uint8_t bytes[1500] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x08, 0 };
	uint8_t *ip = bytes + HASHED_IP;
	unsigned length = HASHED_SHORTEST + protocol_wire.n;

	ip[0] = 0x45;
	ip[2] = (uint8_t)((length - HASHED_IP) >> 8);
	ip[3] = (uint8_t)(length - HASHED_IP);
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	memcpy(ip + 12, (uint8_t[]){ 10, 0, (uint8_t)(flow >> 8), (uint8_t)flow, 10, 1, 2, 3 }, 8);
	memcpy(ip + 20, (uint8_t[]){ (uint8_t)(flow >> 8), (uint8_t)(flow * 7), 0, 80 }, 4);
	if (protocol == HASHED_UDP)
		ip[25] = (uint8_t)(length - HASHED_IP - 20);
	else
		ip[32] = 0x50;
	return ground_bytes_add(&protocol_wire, bytes, length);
}

unsigned hashed_arp_frame(void)
{
	uint8_t bytes[1500] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x08, 6 };

	return ground_bytes_add(&protocol_wire, bytes, HASHED_SHORTEST + protocol_wire.n);
}

const struct trace_frame *hashed_seen(unsigned index)
{
	for (unsigned i = 0; i < atomic_load(&trace.n_frames); i++)
		if (trace.frames[i].length == HASHED_SHORTEST + index)
			return &trace.frames[i];
	fail_msg("frame %u was not indicated", index);
	return NULL;
}

ULONG hashed_processor(unsigned index)
{
	return trace.events[hashed_seen(index)->event].processor;
}

NDIS_STATUS hashed_ask_miniport(NDIS_OID oid, void *buffer, ULONG length)
{
	NDIS_OID_REQUEST r = { .RequestType = NdisRequestSetInformation };

	r.DATA.SET_INFORMATION.Oid = oid;
	r.DATA.SET_INFORMATION.InformationBuffer = buffer;
	r.DATA.SET_INFORMATION.InformationBufferLength = length;
	return MiniportOidRequest(ndis_adapter_context(stack.adapter), &r);
}
