/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe_read.h"

#include <rte_ip.h>

static uint8_t pattern[256 + 2 * PROBE_LARGEST];

__attribute__((constructor)) static void make_pattern(void)
{
	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)i;
}

const uint8_t *probe_pattern(unsigned offset)
{
	return pattern + offset % 256;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void probe_make_template(struct probe_template *t, struct probe_address to,
			 struct probe_address from, uint16_t flow, uint16_t size, uint16_t vlan)
{
	unsigned start = PROBE_ETHERNET + (vlan == PROBE_NO_VLAN ? 0 : PROBE_TAG);
	uint16_t length = (uint16_t)(size - start);
	uint8_t *ip = t->head + start, *udp = ip + PROBE_IPV4;

	t->size = size;
	t->payload = (uint16_t)(start + PROBE_IPV4 + PROBE_UDP);
	memcpy(t->head + t->payload, pattern, PROBE_HEAD - t->payload);
	memcpy(t->head, to.bytes, 6);
	memcpy(t->head + 6, from.bytes, 6);
	if (vlan != PROBE_NO_VLAN) {
		put16(t->head + 12, 0x8100);
		put16(t->head + 14, vlan);
	}
	put16(t->head + start - 2, 0x0800);
	memset(ip, 0, PROBE_IPV4);
	ip[0] = 0x45;
	put16(ip + 2, length);
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00", 6);
	put16(ip + 18, flow);
	put16(ip + 10, rte_be_to_cpu_16((uint16_t)~rte_raw_cksum(ip, PROBE_IPV4)));
	put16(udp, flow);
	put16(udp + 2, PROBE_LIVE);
	put16(udp + 4, length - PROBE_IPV4);
	put16(udp + 6, 0);
	t->mix = probe_mix(probe_mac_at(t->head), flow, length);
}

bool probe_whole(const struct probe *p, const uint8_t *frame)
{
	const uint8_t *ip = frame + p->payload - PROBE_UDP - PROBE_IPV4;
	unsigned length = p->end - p->payload, last = length;

	if (ip[0] != 0x45 || rte_raw_cksum(ip, PROBE_IPV4) != 0xffff ||
	    probe_get16(ip + PROBE_IPV4 + 4) != length + PROBE_UDP)
		return false;
	if (length >= PROBE_TAIL) {
		last = length - 4;
		if (memcmp(frame + p->payload + last, &p->sequence, 4))
			return false;
	}
	return !memcmp(frame + p->payload + PROBE_FIXED, pattern + PROBE_FIXED, last - PROBE_FIXED);
}

void probe_turn_round(const struct probe *p, uint8_t *frame)
{
	uint16_t length = probe_get16(frame + p->payload - PROBE_UDP - PROBE_IPV4 + 2), check;
	uint8_t to[6];

	memcpy(to, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, to, 6);
	check = probe_check(probe_mix(probe_mac_at(frame), p->flow, length), p->sequence);
	memcpy(frame + p->payload, &check, 2);
}
