/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's split ring in the direct mode: frames both ways, and guests that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <linux/virtio_net.h>
#include <cmocka.h>

#include "vhost_rings.h"
#include "vmport/vmport_signal.h"
#include "vmport_testing.h"

#define NEXT     VRING_DESC_F_NEXT
#define WRITE    VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define H        VHOST_HEADER_MAX

static struct rte_mempool *pool;
static struct vhost_rings guest;
static struct vhost_ring *ring;
static uint64_t refused, bad;

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("critical") || vmport_signal_start())
		return -1;
	pool = testing_pool("frames", 255, 2048);
	rings_create(&guest);
	return pool ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	ring = rings_reset(&guest, pool);
	refused = bad = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static uint16_t deliver(uint16_t length, uint8_t mark)
{
	struct rte_mbuf *m = testing_frame(pool, length, mark);
	uint16_t n = vhost_ring_deliver(ring, &m, 1, &refused);

	vhost_ring_call(ring);
	rte_pktmbuf_free(m);
	return n;
}

/* What came back: chain 'head', with so many bytes. */
static void back(uint32_t head, uint32_t length)
{
	uint32_t got_head = ~0u, got_length = ~0u;

	assert_true(rings_take(&guest, &got_head, &got_length));
	assert_int_equal(got_head, head);
	assert_int_equal(got_length, length);
}

static void nothing_back(void)
{
	uint32_t head, length;

	assert_false(rings_take(&guest, &head, &length));
}

/* The frame lies there as testing_frame() made it, behind a plain header. */
static void holds(uint64_t address, uint16_t length, uint8_t mark)
{
	const struct vhost_header plain = { .buffers = 1 };
	const uint8_t *at = rings_at(&guest, address);

	assert_memory_equal(at, &plain, ring->header);
	assert_int_equal(at[ring->header], 0xff);
	assert_int_equal(at[ring->header + 12], 0x88);
	for (uint16_t i = 14; i < length; i++)
		assert_int_equal(at[ring->header + i], mark);
	assert_int_equal(at[ring->header + length], 0);   /* not a byte more */
}

/* ---- to the guest ---- */

static void each_length_goes_whole_into_one_buffer(void **state)
{
	(void)state;
	for (uint16_t length = 14; length <= 1518; length++) {
		memset(rings_at(&guest, RINGS_DATA), 0, 2048);
		rings_describe(&guest, 3, RINGS_DATA, 2048, WRITE, 0);
		rings_offer(&guest, 3);
		assert_int_equal(deliver(length, (uint8_t)length), 1);
		back(3, length + H);
		holds(RINGS_DATA, length, (uint8_t)length);
	}
	assert_int_equal(ring->faults, 0);
}

static void a_burst_goes_in_order_and_as_far_as_there_is_room(void **state)
{
	struct rte_mbuf *frames[20];

	(void)state;
	for (uint16_t i = 0; i < RINGS_SIZE; i++) {
		rings_describe(&guest, i, RINGS_DATA + 2048u * i, 2048, WRITE, 0);
		rings_offer(&guest, (uint16_t)(RINGS_SIZE - 1 - i));
	}
	for (uint8_t i = 0; i < 20; i++)
		frames[i] = testing_frame(pool, (uint16_t)(60 + i), i);
	assert_int_equal(vhost_ring_deliver(ring, frames, 20, &refused), RINGS_SIZE);
	for (uint8_t i = 0; i < RINGS_SIZE; i++) {
		back(RINGS_SIZE - 1u - i, 60u + i + H);
		holds(RINGS_DATA + 2048u * (RINGS_SIZE - 1u - i), (uint16_t)(60 + i), i);
	}
	assert_int_equal(vhost_ring_deliver(ring, frames, 20, &refused), 0);
	nothing_back();
	rte_pktmbuf_free_bulk(frames, 20);
}

/* Buffers that were looked at when there was no frame for them yet serve frames that take one,
 * that take two, and none that fits. */
static void buffers_looked_at_early_serve_any_frame(void **state)
{
	(void)state;
	for (uint16_t round = 0; round < 50; round++) {
		for (uint16_t i = 0; i < 5; i++) {
			rings_describe(&guest, i, RINGS_DATA + 2048u * i, 256, WRITE, 0);
			rings_offer(&guest, i);
		}
		memset(rings_at(&guest, RINGS_DATA), 0, 5 * 2048);
		assert_int_equal(deliver(60, 1), 1);
		assert_int_equal(deliver(300, 2), 1);
		assert_int_equal(deliver(61, 3), 1);
		assert_int_equal(deliver(62, 4), 1);
		back(0, 60 + H);
		holds(RINGS_DATA, 60, 1);
		back(1, 256);
		back(2, 300 + H - 256);
		back(3, 61 + H);
		holds(RINGS_DATA + 3 * 2048, 61, 3);
		back(4, 62 + H);
		holds(RINGS_DATA + 4 * 2048, 62, 4);
	}
}

/* What was looked at a ring's length or more ago is not taken for what lies there now, when
 * chains went by that nobody had looked at. */
static void what_was_looked_at_long_ago_is_forgotten(void **state)
{
	(void)state;
	rings_describe(&guest, 0, RINGS_DATA, 256, WRITE, 0);
	rings_describe(&guest, 1, RINGS_DATA + 2048, 256, WRITE, 0);
	for (unsigned i = 0; i < VHOST_AHEAD; i++) {
		rings_offer(&guest, 0);
		assert_int_equal(deliver(60, 1), 1);
		back(0, 60 + H);
	}
	for (unsigned i = 0; i < 3; i++)
		rings_offer(&guest, RINGS_SIZE);
	assert_int_equal(deliver(60, 2), 0);
	assert_int_equal(ring->faults, 3);
	for (unsigned i = 0; i < 3; i++)
		back(RINGS_SIZE, 0);
	rings_offer(&guest, 1);
	assert_int_equal(deliver(60, 3), 1);
	back(1, 60 + H);
	holds(RINGS_DATA + 2048, 60, 3);
}

static void an_old_guest_gets_ten_bytes_of_header(void **state)
{
	(void)state;
	ring->header = 10;
	ring->merge = false;
	rings_describe(&guest, 0, RINGS_DATA, 70, WRITE, 0);
	rings_offer(&guest, 0);
	assert_int_equal(deliver(60, 7), 1);
	back(0, 70);
	holds(RINGS_DATA, 60, 7);
}

/* The header in a buffer of its own, and the frame across both regions. */
static void a_frame_goes_into_a_chain(void **state)
{
	const uint64_t seam = RINGS_START + RINGS_REGION;

	(void)state;
	ring->merge = false;
	rings_describe(&guest, 1, RINGS_DATA, H, WRITE | NEXT, 9);
	rings_describe(&guest, 9, seam - 33, 100, WRITE, 0);
	rings_offer(&guest, 1);
	assert_int_equal(deliver(90, 5), 1);
	back(1, 90 + H);
	assert_int_equal(*rings_at(&guest, RINGS_DATA + 10), 1);
	assert_int_equal(*rings_at(&guest, seam - 33), 0xff);
	for (unsigned i = 14; i < 90; i++)
		assert_int_equal(*rings_at(&guest, seam - 33 + i), 5);
	assert_int_equal(*rings_at(&guest, seam - 33 + 90), 0);
}

static void a_large_frame_is_spread_over_joined_buffers(void **state)
{
	struct vhost_header h;

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		rings_describe(&guest, i, RINGS_DATA + 512u * i, 512, WRITE, 0);
		rings_offer(&guest, i);
	}
	assert_int_equal(deliver(1200, 9), 1);
	back(0, 512);
	back(1, 512);
	back(2, 1200 + H - 1024);
	nothing_back();
	memcpy(&h, rings_at(&guest, RINGS_DATA), sizeof(h));
	assert_int_equal(h.buffers, 3);
	for (unsigned i = 14; i < 1200; i++)
		assert_int_equal(*rings_at(&guest, RINGS_DATA + H + i), 9);
	/* One is left, too few: it stays the guest's next. */
	assert_int_equal(deliver(1200, 9), 0);
	assert_int_equal(deliver(400, 8), 1);
	back(3, 400 + H);
}

static void a_frame_that_never_fits_is_refused_and_keeps_no_buffer(void **state)
{
	(void)state;
	ring->merge = false;
	rings_describe(&guest, 0, RINGS_DATA, 100, WRITE, 0);
	rings_offer(&guest, 0);
	assert_int_equal(deliver(89, 1), 1);
	assert_int_equal(refused, 1);
	nothing_back();
	assert_int_equal(deliver(88, 1), 1);
	back(0, 100);
	/* Joined: not even all buffers of the ring are enough. */
	ring->merge = true;
	for (uint16_t i = 0; i < RINGS_SIZE; i++) {
		rings_describe(&guest, i, RINGS_DATA + 64u * i, 64, WRITE, 0);
		rings_offer(&guest, i);
	}
	assert_int_equal(deliver(1400, 1), 1);
	assert_int_equal(refused, 2);
	nothing_back();
}

static void a_call_comes_when_it_is_wanted(void **state)
{
	eventfd_t value;

	(void)state;
	ring->call = eventfd(0, EFD_NONBLOCK);
	for (uint16_t i = 0; i < 8; i++) {
		rings_describe(&guest, i, RINGS_DATA + 2048u * i, 2048, WRITE, 0);
		rings_offer(&guest, i);
	}
	deliver(60, 1);
	assert_int_equal(eventfd_read(ring->call, &value), 0);
	ring->available->flags = VRING_AVAIL_F_NO_INTERRUPT;
	deliver(60, 1);
	assert_int_not_equal(eventfd_read(ring->call, &value), 0);
	ring->available->flags = 0;
	ring->event_index = true;
	ring->available->ring[RINGS_SIZE] = 4;   /* at the fifth */
	deliver(60, 1);
	deliver(60, 1);
	assert_int_not_equal(eventfd_read(ring->call, &value), 0);
	deliver(60, 1);
	assert_int_equal(eventfd_read(ring->call, &value), 0);
	deliver(60, 1);
	assert_int_not_equal(eventfd_read(ring->call, &value), 0);
	close(ring->call);
}

/* An eventfd at its end, which may wait, and a full pipe: what a guest may make of its call. */
static void a_call_that_could_wait_does_not(void **state)
{
	const char byte = 0;
	eventfd_t value;
	int ends[2];

	(void)state;
	ring->call = eventfd(0, 0);
	eventfd_write(ring->call, UINT64_MAX - 1);
	for (uint16_t i = 0; i < 4; i++) {
		rings_describe(&guest, i, RINGS_DATA + 2048u * i, 2048, WRITE, 0);
		rings_offer(&guest, i);
	}
	alarm(10);
	assert_int_equal(deliver(60, 1), 1);
	assert_int_equal(deliver(60, 2), 1);
	assert_int_equal(eventfd_read(ring->call, &value), 0);
	assert_int_equal(deliver(60, 3), 1);
	assert_int_equal(eventfd_read(ring->call, &value), 0);
	assert_int_equal(value, 1);
	close(ring->call);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], &byte, 1) == 1)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	ring->call = ends[1];
	assert_int_equal(deliver(60, 4), 1);
	assert_int_equal(ring->call, -1);
	alarm(0);
	close(ends[0]);
	close(ends[1]);
}

static void kicks_are_wanted_by_flag_or_by_index(void **state)
{
	(void)state;
	vhost_ring_kicks(ring, false);
	assert_int_equal(ring->used->flags, VRING_USED_F_NO_NOTIFY);
	vhost_ring_kicks(ring, true);
	assert_int_equal(ring->used->flags, 0);
	ring->event_index = true;
	ring->next = 77;
	vhost_ring_kicks(ring, true);
	assert_int_equal(*(uint16_t *)&ring->used->ring[RINGS_SIZE], 77);
}

/* ---- from the guest ---- */

static void send(uint16_t i, uint64_t address, uint32_t length, uint8_t mark)
{
	for (uint32_t k = 0; k < length; k++)
		*rings_at(&guest, address + H + k) = mark;
	rings_describe(&guest, i, address, length + H, 0, 0);
	rings_offer(&guest, i);
}

/* As Linux sends what lies in several places: the header by itself. With offloads the pool of 255
 * has room for two of the largest and to cut them, but these need a buffer each. */
static void frames_of_several_buffers_need_no_room_to_be_cut(void **state)
{
	struct rte_mbuf *got[32];

	(void)state;
	ring->segments = 42;
	for (uint16_t i = 0; i < RINGS_SIZE; i += 2) {
		rings_describe(&guest, i, RINGS_DATA + 2048u * i, H, NEXT, (uint16_t)(i + 1));
		rings_describe(&guest, (uint16_t)(i + 1), RINGS_DATA + 2048u * i + H, 100, 0, 0);
		rings_offer(&guest, i);
	}
	rings_at(&guest, RINGS_DATA)[1] = VIRTIO_NET_HDR_GSO_TCPV4;   /* the first is */
	assert_int_equal(vhost_ring_receive(ring, got, 32, &bad), RINGS_SIZE / 2);
	assert_int_equal(bad, 0);
	rte_pktmbuf_free_bulk(got, RINGS_SIZE / 2);
}

static void what_the_guest_sends_is_copied(void **state)
{
	struct rte_mbuf *got[32];

	(void)state;
	for (uint16_t i = 0; i < RINGS_SIZE; i++)
		send(i, RINGS_DATA + 2048u * i, 14 + 97u * i, (uint8_t)i);
	assert_int_equal(vhost_ring_receive(ring, got, 10, &bad), 10);
	assert_int_equal(vhost_ring_receive(ring, got + 10, 22, &bad), 6);
	assert_int_equal(bad, 0);
	for (uint16_t i = 0; i < RINGS_SIZE; i++) {
		const uint8_t *bytes = rte_pktmbuf_mtod(got[i], const uint8_t *);

		assert_int_equal(got[i]->pkt_len, 14 + 97u * i);
		assert_int_equal(got[i]->data_len, got[i]->pkt_len);
		memset(rings_at(&guest, RINGS_DATA + 2048u * i), 0xee, 1500);   /* too late */
		for (uint32_t k = 0; k < got[i]->pkt_len; k++)
			assert_int_equal(bytes[k], i);
		back(i, 0);
	}
	rte_pktmbuf_free_bulk(got, RINGS_SIZE);
}

static void a_sent_chain_and_a_table_are_joined(void **state)
{
	const uint64_t table = RINGS_DATA + 0x4000;
	struct vring_desc entries[3] = {
		{ RINGS_DATA, 5, NEXT, 2 }, { 0, 0, 0, 0 }, { RINGS_DATA + 5, H + 40 - 5, 0, 0 } };
	struct rte_mbuf *got[4];

	(void)state;
	memset(rings_at(&guest, RINGS_DATA + H), 3, 40);
	memcpy(rings_at(&guest, table), entries, sizeof(entries));
	rings_describe(&guest, 4, table, sizeof(entries), INDIRECT, 0);
	rings_offer(&guest, 4);
	rings_describe(&guest, 5, RINGS_DATA, H, NEXT, 6);
	rings_describe(&guest, 6, RINGS_DATA + H, 0, NEXT, 7);
	rings_describe(&guest, 7, RINGS_DATA + H, 40, 0, 0);
	rings_offer(&guest, 5);
	assert_int_equal(vhost_ring_receive(ring, got, 4, &bad), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(got[i]->pkt_len, 40);
		for (int k = 0; k < 40; k++)
			assert_int_equal(rte_pktmbuf_mtod(got[i], uint8_t *)[k], 3);
	}
	back(4, 0);
	back(5, 0);
	rte_pktmbuf_free_bulk(got, 2);
}

/* Chains that were looked at while earlier ones were taken, of one descriptor and of two. */
static void chains_looked_at_early_are_read_whatever_they_are(void **state)
{
	struct rte_mbuf *got[8];
	unsigned n = 0;

	(void)state;
	for (uint16_t round = 0; round < 50; round++) {
		for (uint16_t i = 0; i < 8; i++) {
			send(i, RINGS_DATA + 2048u * i, 60u + i, (uint8_t)(round + i));
			if (i % 3 == 1) {   /* its last 20 bytes by another descriptor */
				rings_describe(&guest, i, RINGS_DATA + 2048u * i, H + 40u + i, NEXT, 8 + i);
				rings_describe(&guest, 8 + i, RINGS_DATA + 2048u * i + H + 40u + i, 20, 0, 0);
			}
		}
		for (n = 0; n < 8;)
			n += vhost_ring_receive(ring, got + n, 1 + n, &bad);
		for (uint16_t i = 0; i < 8; i++) {
			assert_int_equal(got[i]->pkt_len, 60u + i);
			for (uint16_t k = 0; k < 60 + i; k++)
				assert_int_equal(rte_pktmbuf_mtod(got[i], uint8_t *)[k],
						 (uint8_t)(round + i));
			back(i, 0);
		}
		rte_pktmbuf_free_bulk(got, 8);
	}
	assert_int_equal(bad, 0);
}

static void an_empty_pool_costs_no_frame(void **state)
{
	struct rte_mbuf *all[255], *got[4];

	(void)state;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, 255), 0);
	for (uint16_t i = 0; i < 3; i++)
		send(i, RINGS_DATA + 2048u * i, 60, (uint8_t)i);
	assert_int_equal(vhost_ring_receive(ring, got, 4, &bad), 0);
	nothing_back();
	rte_pktmbuf_free(all[254]);
	assert_int_equal(vhost_ring_receive(ring, got, 4, &bad), 1);
	rte_pktmbuf_free(all[253]);
	assert_int_equal(vhost_ring_receive(ring, got + 1, 4, &bad), 1);
	rte_pktmbuf_free_bulk(all, 253);
	assert_int_equal(vhost_ring_receive(ring, got + 2, 4, &bad), 1);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(rte_pktmbuf_mtod(got[i], uint8_t *)[59], i);
	assert_int_equal(bad, 0);
	rte_pktmbuf_free_bulk(got, 3);
}

/* ---- guests that mean harm ---- */

/* One chain that makes no sense: it comes back empty, is counted, and the next is served. */
static void harm(uint16_t head, bool for_writing, const char *what)
{
	uint64_t faults = ring->faults, before = bad;
	struct rte_mbuf *got[2];
	uint16_t n;

	rings_offer(&guest, head);
	rings_describe(&guest, 15, RINGS_DATA, 100 + H, for_writing ? WRITE : 0, 0);
	rings_offer(&guest, 15);
	n = for_writing ? deliver(100, 1) : vhost_ring_receive(ring, got, 2, &bad);
	if (n != 1 || ring->faults != faults + 1 || bad != before + !for_writing)
		fail_msg("%s: %u frames, %lu faults, %lu bad", what, n,
			 (unsigned long)(ring->faults - faults), (unsigned long)(bad - before));
	back(head, 0);
	back(15, for_writing ? 100 + H : 0);
	if (!for_writing)
		rte_pktmbuf_free(got[0]);
}

static void both_ways(void (*try)(bool for_writing, uint16_t flag))
{
	try(false, 0);
	ring = rings_reset(&guest, pool);
	try(true, WRITE);
}

static void addresses(bool w, uint16_t flag)
{
	static const struct { uint64_t address; uint32_t length; } wild[] = {
		{ 0, 100 }, { RINGS_START - 1, 100 }, { RINGS_END, 100 }, { RINGS_END - 99, 100 },
		{ ~0ull, 100 }, { ~0ull - 99, 100 }, { RINGS_DATA, 0xffffffff },
		{ RINGS_START - 50, 100 }, { 1ull << 63, 100 }, { RINGS_DATA, 1u << 31 },
	};

	for (unsigned i = 0; i < RTE_DIM(wild); i++) {
		rings_describe(&guest, 0, wild[i].address, wild[i].length, flag, 0);
		harm(0, w, "an address");
		rings_describe(&guest, 1, RINGS_DATA, 60, flag | NEXT, 0);
		harm(1, w, "an address in a chain");
	}
}

static void an_address_out_of_memory_is_no_buffer(void **state)
{
	(void)state;
	both_ways(addresses);
}

static void chains(bool w, uint16_t flag)
{
	rings_describe(&guest, 0, RINGS_DATA, 1, flag | NEXT, 0);
	harm(0, w, "a loop of one");
	rings_describe(&guest, 0, RINGS_DATA, 1, flag | NEXT, 1);
	rings_describe(&guest, 1, RINGS_DATA, 0, flag | NEXT, 0);
	harm(0, w, "a loop of two");
	rings_describe(&guest, 0, RINGS_DATA, 1, flag | NEXT, RINGS_SIZE);
	harm(0, w, "a next one that is none");
	rings_describe(&guest, 0, RINGS_DATA, 1, flag | NEXT, 0xffff);
	harm(0, w, "the last next one");
	/* Behind the table lies what looks like one. */
	rings_describe(&guest, RINGS_SIZE, RINGS_DATA, 100 + H, flag, 0);
	harm(RINGS_SIZE, w, "a head that is none");
	harm(0xffff, w, "the last head");
	rings_describe(&guest, 0, RINGS_DATA, 200, flag ^ WRITE, 0);
	harm(0, w, "a buffer for the other direction");
	rings_describe(&guest, 0, RINGS_DATA, 20, flag | NEXT, 1);
	rings_describe(&guest, 1, RINGS_DATA, 200, flag ^ WRITE, 0);
	harm(0, w, "a chain for both directions");
}

static void a_chain_without_sense_ends(void **state)
{
	(void)state;
	both_ways(chains);
}

static void table_write(uint32_t i, struct vring_desc d)
{
	memcpy(rings_at(&guest, RINGS_DATA + 0x8000 + i * sizeof(d)), &d, sizeof(d));
}

static void tables(bool w, uint16_t flag)
{
	const uint64_t table = RINGS_DATA + 0x8000;

	table_write(0, (struct vring_desc){ RINGS_DATA, 100 + H, flag, 0 });
	rings_describe(&guest, 0, table, 15, INDIRECT, 0);
	harm(0, w, "a table of less than an entry");
	rings_describe(&guest, 0, table, 0, INDIRECT, 0);
	harm(0, w, "an empty table");
	rings_describe(&guest, 0, table, 0xfffffff0, INDIRECT, 0);
	harm(0, w, "a table of 4 GiB");
	rings_describe(&guest, 0, table, 16, INDIRECT | NEXT, 15);
	harm(0, w, "a table and a next one");
	rings_describe(&guest, 0, table + 3, 16, INDIRECT, 0);
	harm(0, w, "a crooked table");
	rings_describe(&guest, 0, RINGS_END, 16, INDIRECT, 0);
	harm(0, w, "a table out of memory");
	rings_describe(&guest, 0, RINGS_END - 8, 16, INDIRECT, 0);
	harm(0, w, "a table half out of memory");
	rings_describe(&guest, 0, ~0ull - 15, 32, INDIRECT, 0);
	harm(0, w, "a table around the end of all");
	table_write(0, (struct vring_desc){ table, 16, INDIRECT, 0 });
	rings_describe(&guest, 0, table, 16, INDIRECT, 0);
	harm(0, w, "a table in a table");
	table_write(0, (struct vring_desc){ RINGS_DATA, 1, (uint16_t)(flag | NEXT), 0 });
	harm(0, w, "a loop in a table");
	for (uint16_t i = 0; i <= RINGS_SIZE; i++)
		table_write(i, (struct vring_desc){ RINGS_DATA, 8,
			    (uint16_t)(flag | (i < RINGS_SIZE ? NEXT : 0)), (uint16_t)(i + 1) });
	rings_describe(&guest, 0, table, (RINGS_SIZE + 1) * 16, INDIRECT, 0);
	harm(0, w, "a chain longer than the ring");
}

static void a_table_without_sense_is_no_chain(void **state)
{
	(void)state;
	both_ways(tables);
}

static void an_index_that_jumps_stops_the_ring_until_it_is_back(void **state)
{
	struct rte_mbuf *got[32];

	(void)state;
	send(0, RINGS_DATA, 60, 1);
	for (uint32_t jump = RINGS_SIZE + 1; jump <= 0xffff; jump += 13) {
		ring->available->idx = (uint16_t)jump;
		assert_int_equal(vhost_ring_receive(ring, got, 32, &bad), 0);
		assert_int_equal(deliver(60, 1), 0);
		assert_int_equal(vhost_ring_look(ring), 0);
	}
	assert_int_equal(ring->faults, 1);   /* not with each look */
	nothing_back();
	ring->available->idx = 1;
	assert_int_equal(vhost_ring_receive(ring, got, 32, &bad), 1);
	assert_int_equal(ring->faults, 1);
	ring->available->idx = 2 + RINGS_SIZE;
	assert_int_equal(vhost_ring_receive(ring, got + 1, 31, &bad), 0);
	assert_int_equal(ring->faults, 2);
	rte_pktmbuf_free(got[0]);
}

/* What was looked at before the index jumped is not used either: it would run ahead of it. */
static void an_index_that_jumps_stops_what_was_looked_at(void **state)
{
	struct rte_mbuf *frames[5];

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		rings_describe(&guest, i, RINGS_DATA + 2048u * i, 2048, WRITE, 0);
		rings_offer(&guest, i);
	}
	assert_int_equal(deliver(60, 1), 1);
	back(0, 60 + H);
	for (uint8_t i = 0; i < 5; i++)
		frames[i] = testing_frame(pool, 60, i);
	ring->available->idx = 1000;
	assert_int_equal(vhost_ring_deliver(ring, frames, 5, &refused), 0);
	assert_int_equal(ring->faults, 1);
	nothing_back();
	ring->available->idx = 4;
	assert_int_equal(vhost_ring_deliver(ring, frames, 5, &refused), 3);
	rte_pktmbuf_free_bulk(frames, 5);
}

static void frames_of_no_length_are_bad(void **state)
{
	struct rte_mbuf *got[8];
	const uint32_t lengths[] = { 0, 1, H - 1, H, H + 13, H + 1519, H + 40000 };

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(lengths); i++) {
		rings_describe(&guest, i, RINGS_DATA, lengths[i], 0, 0);
		rings_offer(&guest, i);
		assert_int_equal(vhost_ring_receive(ring, got, 8, &bad), 0);
		assert_int_equal(bad, i + 1);
	}
	for (uint16_t i = 0; i < RTE_DIM(lengths); i++)
		back(i, 0);
	send(0, RINGS_DATA, 14, 1);
	send(1, RINGS_DATA + 2048, 1518, 1);
	assert_int_equal(vhost_ring_receive(ring, got, 8, &bad), 2);
	assert_int_equal(bad, RTE_DIM(lengths));
	rte_pktmbuf_free_bulk(got, 2);
}

/* A joined frame meets a chain that makes no sense: what was gathered comes back too. */
static void a_bad_buffer_among_joined_ones_holds_up_nothing(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 6; i++) {
		rings_describe(&guest, i, i == 1 ? RINGS_END : RINGS_DATA + 512u * i, 512, WRITE, 0);
		rings_offer(&guest, i);
	}
	assert_int_equal(deliver(1200, 9), 1);
	back(0, 0);
	back(1, 0);
	back(2, 512);
	back(3, 512);
	back(4, 1200 + H - 1024);
	assert_int_equal(ring->faults, 1);
}

/* A ring of 64, of which each chain has 63 descriptors of no length and one of 60 bytes. */
static void descriptors_of_no_length_are_read_up_to_a_limit(void **state)
{
	(void)state;
	ring->mask = 63;
	for (uint16_t i = 0; i < 64; i++)
		table_write(i, (struct vring_desc){ RINGS_DATA, i < 63 ? 0 : 60,
						    (uint16_t)(WRITE | (i < 63 ? NEXT : 0)),
						    (uint16_t)(i + 1) });
	rings_describe(&guest, 0, RINGS_DATA + 0x8000, 64 * 16, INDIRECT, 0);
	for (int i = 0; i < 12; i++)
		rings_offer(&guest, 0);
	assert_int_equal(deliver(400, 1), 1);   /* in seven chains, of which three are looked at */
	assert_int_equal(refused, 1);
	nothing_back();
	assert_int_equal(deliver(160, 1), 1);
	assert_int_equal(refused, 1);
	back(0, 60);
	back(0, 60);
	back(0, 160 + H - 120);
}

static void chains_without_sense_hold_the_worker_for_a_burst(void **state)
{
	(void)state;
	ring->mask = 63;
	for (uint16_t i = 0; i < 40; i++)
		ring->available->ring[i] = 0xffff;
	ring->available->idx = 40;
	assert_int_equal(deliver(100, 1), 0);
	assert_int_equal(ring->faults, VHOST_RING_BURST);
	assert_int_equal(deliver(100, 1), 0);
	assert_int_equal(ring->faults, 40);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_length_goes_whole_into_one_buffer),
		T(a_burst_goes_in_order_and_as_far_as_there_is_room),
		T(buffers_looked_at_early_serve_any_frame),
		T(what_was_looked_at_long_ago_is_forgotten),
		T(an_old_guest_gets_ten_bytes_of_header),
		T(a_frame_goes_into_a_chain),
		T(a_large_frame_is_spread_over_joined_buffers),
		T(a_frame_that_never_fits_is_refused_and_keeps_no_buffer),
		T(a_call_comes_when_it_is_wanted),
		T(a_call_that_could_wait_does_not),
		T(kicks_are_wanted_by_flag_or_by_index),
		T(frames_of_several_buffers_need_no_room_to_be_cut),
		T(what_the_guest_sends_is_copied),
		T(a_sent_chain_and_a_table_are_joined),
		T(chains_looked_at_early_are_read_whatever_they_are),
		T(an_empty_pool_costs_no_frame),
		T(an_address_out_of_memory_is_no_buffer),
		T(a_chain_without_sense_ends),
		T(a_table_without_sense_is_no_chain),
		T(an_index_that_jumps_stops_the_ring_until_it_is_back),
		T(an_index_that_jumps_stops_what_was_looked_at),
		T(frames_of_no_length_are_bad),
		T(a_bad_buffer_among_joined_ones_holds_up_nothing),
		T(descriptors_of_no_length_are_read_up_to_a_limit),
		T(chains_without_sense_hold_the_worker_for_a_burst),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
