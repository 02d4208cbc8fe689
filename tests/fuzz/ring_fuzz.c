/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a guest's memory with a split ring in it, served in the direct mode. An input
 * is four bytes (flags; frames a burst; the ring's position; how much of what follows, in units
 * of 64 bytes, is the memory from its start on), that memory, and what the guest writes
 * between two bursts: six bytes each, a place and four bytes. Of every input:
 *  - nothing outside the guest's two regions is read or written;
 *  - as many chains come back as were taken, never more than the ring has;
 *  - frames are as long as a frame may be, and no mbuf is lost.
 */


#include "../unit/vhost_rings.h"
#include "mbufs.h"

#define MBUFS     255u
#define LONGEST   1518u
#define SEGMENTS  4u
#define ROOM      2048u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *pool;
static struct vhost_rings guest;
static struct rte_mbuf *frames[VHOST_RING_BURST];   /* of all lengths; for delivery */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	pool = mbufs_create(MBUFS, ROOM);
	rings_create(&guest);
	for (unsigned i = 0; i < VHOST_RING_BURST; i++) {
		frames[i] = rte_pktmbuf_alloc(pool);
		memset(rte_pktmbuf_append(frames[i], (uint16_t)(14 + i * 47)), (int)i, 14 + i * 47);
	}
	return 0;
}

static void receive(struct vhost_ring *r, uint16_t n)
{
	struct rte_mbuf *got[VHOST_RING_BURST];
	uint64_t bad = 0;
	uint16_t k = vhost_ring_receive(r, got, n, &bad);

	NEED(k + bad <= n);
	for (uint16_t i = 0; i < k; i++) {
		NEED(got[i]->pkt_len >= 14);
		NEED(got[i]->pkt_len <= (r->segments > 1 ? ROOM * SEGMENTS : LONGEST));
		NEED(got[i]->nb_segs <= r->segments);
		rte_mbuf_sanity_check(got[i], 1);
	}
	rte_pktmbuf_free_bulk(got, k);
}

static void burst(struct vhost_ring *r, bool to_guest, uint16_t n)
{
	uint64_t refused = 0;
	uint16_t before = r->next, used = r->used_next;

	if (to_guest)
		NEED(vhost_ring_deliver(r, frames, n, &refused) >= refused);
	else
		receive(r, n);
	NEED((uint16_t)(r->next - before) == (uint16_t)(r->used_next - used));
	NEED((uint16_t)(r->next - before) <= RINGS_SIZE);
	NEED(r->used_told == r->used_next);
	NEED((uint16_t)(r->seen - r->next) <= RINGS_SIZE);
	NEED(rte_mempool_in_use_count(pool) == VHOST_RING_BURST);
	vhost_ring_call(r);
	vhost_ring_kicks(r, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhost_ring *r = rings_reset(&guest, pool);
	size_t part;
	uint16_t n;
	bool to_guest;

	if (size < 4)
		return 0;
	to_guest = data[0] & 1;
	r->merge = data[0] & 2;
	r->event_index = data[0] & 4;
	r->header = r->merge || data[0] & 8 ? VHOST_HEADER_MAX : VHOST_HEADER_MAX - 2;
	r->segments = data[0] & 16 ? SEGMENTS : 1;
	r->longest = LONGEST;
	r->next = r->seen = r->looked = r->used_next = r->used_told = r->used_called = data[2];
	n = (uint16_t)(1 + data[1] % VHOST_RING_BURST);
	part = RTE_MIN(size - 4, (size_t)data[3] * 64);
	memcpy(rings_at(&guest, RINGS_START), data + 4, part);
	r->used->idx = r->used_next;
	data += 4 + part;
	size -= 4 + part;
	for (unsigned i = 0; i < 4; i++) {
		burst(r, to_guest, n);
		for (unsigned k = 0; k < 8 && size >= 6; k++, data += 6, size -= 6)
			memcpy(rings_at(&guest, RINGS_START + (uint32_t)(data[0] << 4 | data[1] % 16)),
			       data + 2, 4);
	}
	return 0;
}
