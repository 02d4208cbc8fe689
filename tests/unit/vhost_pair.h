/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two guests, each with a ring laid out by hand (vhost_rings.h), for those who test what goes from
 * the one to the other in one copy: frames that the first sends, and buffers of the second.
 */
#ifndef TESTS_VHOST_PAIR_H
#define TESTS_VHOST_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vhost_rings.h"
#include "vmport/vmport_signal.h"
#include "vmport_testing.h"

#define WRITE VRING_DESC_F_WRITE
#define H     VHOST_HEADER_MAX
#define EACH  2048u                       /* bytes from one frame, or buffer, to the next */

static struct rte_mempool *pool;
static struct vhost_rings a, b;           /* frames go from a to b */
static struct vmport_head heads[VHOST_RING_BURST];
static uint64_t bad;

static inline int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("critical") || vmport_signal_start())
		return -1;
	pool = testing_pool("frames", 255, 2048);
	rings_create(&a);
	rings_create(&b);
	return pool ? 0 : -1;
}

static inline int setup(void **state)
{
	(void)state;
	rings_reset(&a, pool);
	rings_reset(&b, pool);
	bad = 0;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static inline uint64_t place(uint16_t i)
{
	return RINGS_DATA + EACH * i;
}

/* Byte 'k' of the frame with that mark: no two beside each other, or of two marks, are alike. */
static inline uint8_t byte(uint8_t mark, uint32_t k)
{
	return (uint8_t)(mark + 37 * k + k / 256);
}

static inline void frame_write(uint64_t address, uint32_t length, uint8_t mark)
{
	memset(rings_at(&a, address), 0, a.ring.header);
	for (uint32_t k = 0; k < length; k++)
		*rings_at(&a, address + a.ring.header + k) = byte(mark, k);
}

/* a sends a frame of 'length' bytes, in the descriptor and the place of that number. */
static inline void sends(uint16_t i, uint32_t length, uint8_t mark)
{
	frame_write(place(i), length, mark);
	rings_describe(&a, i, place(i), length + a.ring.header, 0, 0);
	rings_offer(&a, i);
}

/* b has a buffer of 'length' bytes, likewise. */
static inline void has_buffer(uint16_t i, uint32_t length)
{
	rings_describe(&b, i, place(i), length, WRITE, 0);
	rings_offer(&b, i);
}

static inline uint16_t look(uint16_t n)
{
	return vhost_ring_heads(&a.ring, heads, n);
}

static inline uint16_t pass(uint16_t n)
{
	return vhost_ring_pass(&a.ring, &b.ring, heads, n);
}

static inline void back(struct vhost_rings *v, uint32_t head, uint32_t length)
{
	uint32_t got_head = ~0u, got_length = ~0u;

	assert_true(rings_take(v, &got_head, &got_length));
	assert_int_equal(got_head, head);
	assert_int_equal(got_length, length);
}

static inline void nothing_back(struct vhost_rings *v)
{
	uint32_t head, length;

	assert_false(rings_take(v, &head, &length));
}

/* The frame lies there behind a plain header. */
static inline void holds(uint64_t address, uint32_t length, uint8_t mark)
{
	const struct vhost_header plain = { .buffers = 1 };

	assert_memory_equal(rings_at(&b, address), &plain, b.ring.header);
	for (uint32_t k = 0; k < length; k++)
		assert_int_equal(*rings_at(&b, address + b.ring.header + k), byte(mark, k));
}

/* What was sent, and waits, comes by the other way: so many frames, with marks from there on. */
static inline void others_come(uint16_t n, uint8_t mark)
{
	struct rte_mbuf *got[32];

	assert_int_equal(vhost_ring_receive(&a.ring, got, 32, &bad), n);
	for (uint16_t i = 0; i < n; i++) {
		assert_int_equal(*rte_pktmbuf_mtod(got[i], uint8_t *), (uint8_t)(mark + i));
		rte_pktmbuf_free(got[i]);
	}
}

#endif
