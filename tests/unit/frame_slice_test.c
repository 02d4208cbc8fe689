/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of an NBL for a port that takes chains: which bytes, how many mbufs, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_eal.h>

#include "frame/frame.h"

#define PIECE  1000
#define PIECES 5

static struct frame_pool *frames, *spare;

static uint8_t byte_at(unsigned i)
{
	return (uint8_t)(i * 31 + i / 251);
}

/* PIECES mbufs of PIECE bytes, described as one NBL. */
static struct rte_mbuf *chain(void)
{
	struct rte_mbuf *first = NULL, *last = NULL;

	for (unsigned p = 0; p < PIECES; p++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(frames));
		uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, PIECE);

		for (unsigned i = 0; i < PIECE; i++)
			data[i] = byte_at(p * PIECE + i);
		if (first)
			last->next = m;
		else
			first = m;
		last = m;
	}
	first->nb_segs = PIECES;
	first->pkt_len = PIECES * PIECE;
	frame_describe(first);
	frame_describe_rest(first);
	return first;
}

static struct rte_mbuf *slice(struct rte_mbuf *of, uint32_t at, uint32_t n, unsigned most)
{
	NET_BUFFER_LIST *nbl = frame_nbl(of);

	return frame_slice(nbl, NET_BUFFER_LIST_FIRST_NB(nbl), at, n, frame_pool_mempool(spare), most);
}

static void assert_bytes(struct rte_mbuf *m, uint32_t at, uint32_t n, unsigned segments)
{
	uint8_t room[PIECES * PIECE];
	const uint8_t *bytes;

	assert_non_null(m);
	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, n);
	assert_int_equal(m->nb_segs, segments);
	bytes = rte_pktmbuf_read(m, 0, n, room);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(bytes[i], byte_at(at + i));
}

/* Whether the byte lies in one of the mbufs of 'of'. */
static bool lies_in(const struct rte_mbuf *of, const char *byte)
{
	for (; of; of = of->next)
		if (byte >= (char *)of->buf_addr && byte < (char *)of->buf_addr + of->buf_len)
			return true;
	return false;
}

static void nothing_is_left(void)
{
	assert_int_equal(frame_pool_in_use(frames), 0);
	assert_int_equal(frame_pool_in_use(spare), 0);
}

static void A22_a_slice_refers_to_the_bytes_and_keeps_them(void **state)
{
	struct rte_mbuf *of = chain(), *m = slice(of, 54, 3000, 64);

	(void)state;
	assert_bytes(m, 54, 3000, 4);
	for (struct rte_mbuf *s = m; s; s = s->next)
		assert_true(lies_in(of, rte_pktmbuf_mtod(s, char *)));
	rte_pktmbuf_free(of);                          /* the sender has it back */
	assert_int_equal(frame_pool_in_use(frames), 4);
	assert_bytes(m, 54, 3000, 4);
	rte_pktmbuf_free(m);                           /* the NIC has sent it */
	nothing_is_left();
	of = chain();                                  /* the pools are as they were */
	assert_bytes(of, 0, PIECES * PIECE, PIECES);
	rte_pktmbuf_free(of);
}

static void A22_a_slice_ends_where_its_mbufs_or_the_bytes_do(void **state)
{
	struct rte_mbuf *of = chain(), *m = slice(of, 500, 4000, 2);

	(void)state;
	assert_bytes(m, 500, 1500, 2);
	rte_pktmbuf_free(m);
	m = slice(of, PIECES * PIECE - 10, 4000, 64);
	assert_bytes(m, PIECES * PIECE - 10, 10, 1);
	rte_pktmbuf_free(m);
	assert_null(slice(of, PIECES * PIECE, 1, 64));
	rte_pktmbuf_free(of);
	nothing_is_left();
}

/* Data that begin in a later MDL, or in one that is not the mbuf's. */
static void A22_I44_what_lies_elsewhere_is_copied(void **state)
{
	struct rte_mbuf *of = chain(), *m;
	NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(frame_nbl(of));
	uint8_t headers[100];
	MDL own = { .Next = &frame_of_mbuf(of->next)->mdl, .MappedSystemVa = headers,
		    .ByteCount = sizeof(headers) };

	(void)state;
	NET_BUFFER_CURRENT_MDL(nb) = &frame_of_mbuf(of->next)->mdl;
	NET_BUFFER_CURRENT_MDL_OFFSET(nb) = 7;
	NET_BUFFER_DATA_LENGTH(nb) = (PIECES - 1) * PIECE - 7;
	m = slice(of, 3, 1500, 64);
	assert_bytes(m, PIECE + 10, 1500, 2);
	assert_true(lies_in(of, rte_pktmbuf_mtod(m, char *)));
	rte_pktmbuf_free(m);

	for (unsigned i = 0; i < sizeof(headers); i++)
		headers[i] = byte_at(PIECE - 100 + i);
	NET_BUFFER_FIRST_MDL(nb) = NET_BUFFER_CURRENT_MDL(nb) = &own;
	NET_BUFFER_CURRENT_MDL_OFFSET(nb) = 0;
	NET_BUFFER_DATA_LENGTH(nb) = (PIECES - 1) * PIECE + 100;
	m = slice(of, 10, 3000, 64);
	assert_bytes(m, PIECE - 90, 3000, 2);          /* of full buffers */
	for (struct rte_mbuf *s = m; s; s = s->next)
		assert_false(lies_in(of, rte_pktmbuf_mtod(s, char *)));
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(of);
	nothing_is_left();
}

static void A22_without_mbufs_there_is_no_slice(void **state)
{
	struct rte_mbuf *of = chain(), *held[64], *m;
	unsigned n = 0;

	(void)state;
	while (n < 64 && (m = rte_pktmbuf_alloc(frame_pool_mempool(spare))))
		held[n++] = m;
	assert_null(slice(of, 0, 3000, 64));
	rte_pktmbuf_free(held[--n]);
	m = slice(of, 0, 3000, 64);
	assert_bytes(m, 0, PIECE, 1);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free_bulk(held, n);
	rte_pktmbuf_free(of);
	nothing_is_left();
}

static int start(void **state)
{
	const struct frame_pool_config a = { .name = "frames", .frames = 63, .data_room = 1600 },
				       b = { .name = "spare", .frames = 31, .data_room = 1600 };
	char *argv[] = { (char *)"slice_test", (char *)"--no-huge", (char *)"--no-shconf",
			 (char *)"--no-pci", (char *)"--no-telemetry", (char *)"-m", (char *)"64" };
	struct error err;

	(void)state;
	return rte_eal_init(7, argv) < 0 || frame_pool_create(&frames, &a, &err) ||
	       frame_pool_create(&spare, &b, &err);
}

static int stop(void **state)
{
	(void)state;
	frame_pool_destroy(frames);
	frame_pool_destroy(spare);
	return rte_eal_cleanup();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(A22_a_slice_refers_to_the_bytes_and_keeps_them),
		cmocka_unit_test(A22_a_slice_ends_where_its_mbufs_or_the_bytes_do),
		cmocka_unit_test(A22_I44_what_lies_elsewhere_is_copied),
		cmocka_unit_test(A22_without_mbufs_there_is_no_slice),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
