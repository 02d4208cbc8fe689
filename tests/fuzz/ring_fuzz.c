/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a guest's memory with a split ring in it, served in the direct mode. An input
 * is four bytes (flags; frames a burst; the ring's position; how much of what follows, in units
 * of 64 bytes, is the memory from its start on), that memory, and what the guest writes
 * between two bursts: six bytes each, a place and four bytes. With a flag for it there is a
 * second guest, whose memory begins as the first one's with each receive buffer a send and the
 * reverse; what the first sends goes to it in one copy, the first guest writes between look and
 * copy too, and every other six bytes are the second one's. Of every input:
 *  - nothing outside the guests' two regions is read or written;
 *  - as many chains come back as were taken, never more than the ring has;
 *  - frames are as long as a frame may be, and no mbuf is lost;
 *  - what is looked at may be a frame, and stays as it was seen.
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
static struct vhost_rings guest, other;
static struct rte_mbuf *frames[VHOST_RING_BURST];   /* of all lengths; for delivery */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	pool = mbufs_create(MBUFS, ROOM);
	rings_create(&guest);
	rings_create(&other);
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

/* What guests write meanwhile: up to 'n' places, by turns. */
static void writes(unsigned n, bool two, const uint8_t **data, size_t *size)
{
	for (unsigned k = 0; k < n && *size >= 6; k++, *data += 6, *size -= 6)
		memcpy(rings_at(two && k & 1 ? &other : &guest,
				RINGS_START + (uint32_t)((*data)[0] << 4 | (*data)[1] % 16)),
		       *data + 2, 4);
}

/* The other guest's ring: what is for reading in the first one's descriptors is for writing. */
static struct vhost_ring *other_reset(const struct vhost_ring *r, uint8_t flags)
{
	struct vhost_ring *to = rings_reset(&other, pool);

	memcpy(rings_at(&other, RINGS_START), rings_at(&guest, RINGS_START), RINGS_REGION);
	for (unsigned i = 0; i < RINGS_SIZE; i++)
		to->descriptors[i].flags ^= VRING_DESC_F_WRITE;
	to->merge = flags & 64;
	to->header = to->merge || flags & 128 ? VHOST_HEADER_MAX : VHOST_HEADER_MAX - 2;
	to->next = to->seen = to->looked = r->next;
	to->used_next = to->used_told = to->used_called = r->next;
	to->used->idx = to->used_next;
	return to;
}

/* What one guest sends to the other; the memory of both may change after the look. */
static void pass(struct vhost_ring *from, struct vhost_ring *to, uint16_t n, const uint8_t **data,
		 size_t *size)
{
	struct vmport_head heads[VHOST_RING_BURST], before[VHOST_RING_BURST];
	uint16_t next = from->next, into = to->next, used = from->used_next;
	uint16_t k = vhost_ring_heads(from, heads, n), done;

	NEED(k <= n && from->next == next && from->used_next == used);
	for (uint16_t i = 0; i < k; i++)
		NEED(heads[i].length >= 14 && heads[i].length <= LONGEST);
	memcpy(before, heads, k * sizeof(heads[0]));
	writes(4, true, data, size);
	done = vhost_ring_pass(from, to, heads, k);
	NEED(done <= k);
	NEED(!memcmp(before, heads, k * sizeof(heads[0])));
	NEED((uint16_t)(from->next - next) == done && (uint16_t)(to->next - into) == done);
	NEED((uint16_t)(from->used_next - used) == done);
	NEED(from->used_told == from->used_next && to->used_told == to->used_next);
	NEED((uint16_t)(to->seen - to->next) <= RINGS_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhost_ring *r = rings_reset(&guest, pool), *to = NULL;
	size_t part;
	uint16_t n;
	uint8_t flags;
	bool to_guest;

	if (size < 4)
		return 0;
	flags = data[0];
	to_guest = flags & 1;
	r->merge = flags & 2;
	r->event_index = flags & 4;
	r->header = r->merge || flags & 8 ? VHOST_HEADER_MAX : VHOST_HEADER_MAX - 2;
	r->segments = flags & 16 ? SEGMENTS : 1;
	r->longest = LONGEST;
	r->next = r->seen = r->looked = r->used_next = r->used_told = r->used_called = data[2];
	n = (uint16_t)(1 + data[1] % VHOST_RING_BURST);
	part = RTE_MIN(size - 4, (size_t)data[3] * 64);
	memcpy(rings_at(&guest, RINGS_START), data + 4, part);
	r->used->idx = r->used_next;
	data += 4 + part;
	size -= 4 + part;
	if (flags & 32 && !to_guest)
		to = other_reset(r, flags);
	for (unsigned i = 0; i < 4; i++) {
		if (to) {
			pass(r, to, n, &data, &size);
			burst(to, true, 1);
		}
		burst(r, to_guest, to ? 1 : n);
		writes(8, to, &data, &size);
	}
	return 0;
}
