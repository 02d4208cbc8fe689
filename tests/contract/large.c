/* SPDX-License-Identifier: BSD-2-Clause */
#include "large.h"

#include <stdlib.h>

#define LARGE_MAX 512

static struct large *all[LARGE_MAX];
static unsigned n_all;

static void describe(struct large *l, unsigned piece)
{
	NET_BUFFER_LIST *nbl = &l->packet->nbl;
	NET_BUFFER *nb = &l->packet->nb[0];
	unsigned n = 0;

	for (unsigned from = 0; from < l->at.length; from += piece, n++) {
		MDL *m = &l->mdls[n];
		uint8_t *data = l->bytes + from;

		assert_true(n < LARGE_MDLS);
		m->Next = m + 1;
		m->MappedSystemVa = data;
		m->StartVa = (PVOID)((uintptr_t)data & ~(uintptr_t)(PAGE_SIZE - 1));
		m->ByteOffset = (ULONG)((uintptr_t)data & (PAGE_SIZE - 1));
		m->ByteCount = l->at.length - from < piece ? l->at.length - from : piece;
	}
	l->mdls[n - 1].Next = NULL;
	NET_BUFFER_FIRST_MDL(nb) = NET_BUFFER_CURRENT_MDL(nb) = l->mdls;
	NET_BUFFER_DATA_OFFSET(nb) = NET_BUFFER_CURRENT_MDL_OFFSET(nb) = 0;
	NET_BUFFER_DATA_LENGTH(nb) = l->at.length;
	NET_BUFFER_NEXT_NB(nb) = NULL;
	NET_BUFFER_LIST_FIRST_NB(nbl) = nb;
}

static struct large *new_of(const uint8_t *bytes, const struct built *at, unsigned piece)
{
	struct large *l = calloc(1, sizeof(*l));

	assert_true(l && n_all < LARGE_MAX);
	all[n_all++] = l;
	l->at = *at;
	l->bytes = malloc(at->length);
	l->before = malloc(at->length);
	assert_true(l->bytes && l->before);
	memcpy(l->bytes, bytes, at->length);
	memcpy(l->before, bytes, at->length);
	l->packet = sender_empty(0);
	describe(l, piece);
	return l;
}

static uint8_t room[BUILD_ROOM];

struct large *large_new(const struct build *b, unsigned piece)
{
	struct built at = build_frame(room, b);
	struct large *l;

	build_leave(room, b, &at, false);
	l = new_of(room, &at, piece);
	l->build = *b;
	return l;
}

struct large *large_new_segments(const struct build *b, unsigned piece, bool v2)
{
	struct built at = build_frame(room, b);
	struct large *l;

	build_leave(room, b, &at, true);
	if (v2)
		put16(room + at.ip + (b->version == 4 ? 2 : 4), 0);
	l = new_of(room, &at, piece);
	l->build = *b;
	return l;
}

struct large *large_new_bytes(const uint8_t *bytes, unsigned length, unsigned piece)
{
	struct built at = { .length = length };

	return new_of(bytes, &at, piece);
}

void large_free_all(void)
{
	while (n_all) {
		struct large *l = all[--n_all];

		free(l->bytes);
		free(l->before);
		free(l);
	}
}

void large_ask_sums(struct large *l, unsigned what)
{
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO c = { .Value = NULL };

	c.Transmit.IsIPv4 = !!(what & LARGE_V4);
	c.Transmit.IsIPv6 = !!(what & LARGE_V6);
	c.Transmit.TcpChecksum = !!(what & LARGE_TCP);
	c.Transmit.UdpChecksum = !!(what & LARGE_UDP);
	c.Transmit.IpHeaderChecksum = !!(what & LARGE_IP);
	if (what & LARGE_TCP)
		c.Transmit.TcpHeaderOffset = l->at.transport & 0x3ff;
	NET_BUFFER_LIST_INFO(&l->packet->nbl, TcpIpChecksumNetBufferListInfo) = c.Value;
}

void large_ask_segments(struct large *l, unsigned mss, bool v2)
{
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO i = { .Value = NULL };

	i.LsoV2Transmit.MSS = mss & 0xfffff;
	i.LsoV2Transmit.TcpHeaderOffset = l->at.transport & 0x3ff;
	i.LsoV2Transmit.Type = v2;
	i.LsoV2Transmit.IPVersion = l->build.version == 6;
	NET_BUFFER_LIST_INFO(&l->packet->nbl, TcpLargeSendNetBufferListInfo) = i.Value;
}

bool large_is_unchanged(const struct large *l)
{
	return !memcmp(l->bytes, l->before, l->at.length);
}

void large_left(unsigned index, const uint8_t *expected, unsigned n)
{
	const struct ground_frame *f;

	stack_close();
	assert_true(index < stack.out.n);
	f = &stack.out.list[index];
	assert_int_equal(f->length, n < 60 ? 60 : n);
	assert_memory_equal(f->bytes, expected, n);
}

unsigned large_sums_of(const struct build *b)
{
	return (b->version == 4 ? LARGE_V4 | LARGE_IP : LARGE_V6) |
	       (b->protocol == BUILD_TCP ? LARGE_TCP : LARGE_UDP);
}

struct build large_tcp(unsigned version, unsigned payload)
{
	return (struct build){ .version = version, .protocol = BUILD_TCP, .tci = -1,
			       .payload = payload, .flags = BUILD_ACK, .sequence = 0xffffff00,
			       .id = 100 };
}

void large_send_all(struct large **l, unsigned n)
{
	struct packet *p[64] = { NULL };

	for (unsigned i = 0; i < n; i++)
		p[i] = l[i]->packet;
	packets_send(&protocols[0], p, n, 0);
	for (unsigned i = 0; i < n; i++) {
		ground_until(packet_done(&l[i]->packet->nbl));
		assert_true(large_is_unchanged(l[i]));
	}
}

NDIS_STATUS large_send_one(struct large *l)
{
	large_send_all(&l, 1);
	return sender_status(l->packet);
}

int large_teardown(void **state)
{
	sender_teardown(state);
	large_free_all();
	return 0;
}
