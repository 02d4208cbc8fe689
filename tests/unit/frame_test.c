/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_memzone.h>

#include "frame/frame.h"

static struct frame_pool *pool;

static struct rte_mbuf *frame_of(unsigned length, char first)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(pool));
	char *data = rte_pktmbuf_append(m, (uint16_t)length);

	for (unsigned i = 0; i < length; i++)
		data[i] = (char)(first + (int)i);
	return m;
}

static void an_mbuf_and_its_nbl_describe_the_same_bytes(void **state)
{
	struct rte_mbuf *m = frame_of(100, 1);
	NET_BUFFER_LIST *nbl = frame_describe(m);
	NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);

	(void)state;
	assert_ptr_equal(frame_mbuf(nbl), m);
	assert_int_equal(NET_BUFFER_DATA_LENGTH(nb), 100);
	assert_int_equal(MmGetMdlByteCount(NET_BUFFER_FIRST_MDL(nb)), 100);
	assert_ptr_equal(NET_BUFFER_FIRST_MDL(nb)->MappedSystemVa, rte_pktmbuf_mtod(m, void *));
	assert_null(NET_BUFFER_NEXT_NB(nb));
	rte_pktmbuf_free(m);
}

static void A22_a_borrowed_frame_leaves_its_nbl_alive(void **state)
{
	struct rte_mbuf *m = frame_of(100, 1), *out = frame_borrow(frame_describe(m));

	(void)state;
	assert_ptr_equal(out, m);
	rte_pktmbuf_free(out);                                   /* the NIC has sent it */
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_int_equal(frame_pool_in_use(pool), 1);
	rte_pktmbuf_free(m);
	assert_int_equal(frame_pool_in_use(pool), 0);
}

static void I44_an_nb_that_left_its_mbuf_is_not_borrowed(void **state)
{
	struct rte_mbuf *m = frame_of(100, 1);
	NET_BUFFER_LIST *nbl = frame_describe(m);
	NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);

	(void)state;
	NET_BUFFER_CURRENT_MDL_OFFSET(nb) = 101;
	assert_null(frame_borrow(nbl));
	frame_describe(m);
	NET_BUFFER_DATA_LENGTH(nb) = 101;
	assert_null(frame_borrow(nbl));
	frame_describe(m);
	NET_BUFFER_CURRENT_MDL_OFFSET(nb) = NET_BUFFER_DATA_OFFSET(nb) = 10;   /* advanced */
	NET_BUFFER_DATA_LENGTH(nb) = 90;
	assert_ptr_equal(frame_borrow(nbl), m);
	assert_int_equal(m->pkt_len, 90);
	assert_int_equal(*rte_pktmbuf_mtod(m, char *), 11);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(m);
}

static void P7_a_chain_of_mbufs_is_an_nbl_with_an_mdl_for_each(void **state)
{
	struct rte_mbuf *m = frame_of(100, 1), *whole;
	NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(frame_nbl(m));
	const MDL *mdl;

	(void)state;
	assert_int_equal(rte_pktmbuf_chain(m, frame_of(50, 101)), 0);
	assert_int_equal(rte_pktmbuf_chain(m, frame_of(7, 23)), 0);
	frame_describe(m);
	frame_describe_rest(m);
	assert_int_equal(NET_BUFFER_DATA_LENGTH(nb), 157);
	mdl = NET_BUFFER_FIRST_MDL(nb);
	for (const struct rte_mbuf *s = m; s; s = s->next, mdl = mdl->Next) {
		assert_int_equal(MmGetMdlByteCount((PMDL)(uintptr_t)mdl), s->data_len);
		assert_ptr_equal(mdl->MappedSystemVa, rte_pktmbuf_mtod(s, void *));
	}
	assert_null(mdl);
	assert_null(frame_borrow(frame_nbl(m)));
	whole = frame_copy(nb, frame_pool_mempool(pool), 0, 0);
	assert_int_equal(whole->nb_segs, 1);
	assert_int_equal(whole->pkt_len, 157);
	for (unsigned i = 0; i < 150; i++)
		assert_int_equal(rte_pktmbuf_mtod(whole, uint8_t *)[i], i + 1);
	rte_pktmbuf_free(whole);
	rte_pktmbuf_free(m);
	assert_int_equal(frame_pool_in_use(pool), 0);
}

/* One NB of 20 bytes over three MDLs, the second of them empty. */
struct scattered {
	NET_BUFFER nb;
	MDL mdl[3];
	char bytes[3][16];
};

static void scatter(struct scattered *s)
{
	const unsigned sizes[3] = { 9, 0, 16 };
	char next = 1;

	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 3; i++) {
		s->mdl[i].MappedSystemVa = s->bytes[i];
		s->mdl[i].ByteCount = sizes[i];
		s->mdl[i].Next = i < 2 ? &s->mdl[i + 1] : NULL;
	}
	for (unsigned i = 2; i < 9; i++)
		s->bytes[0][i] = next++;
	for (unsigned i = 0; i < 13; i++)
		s->bytes[2][i] = next++;
	s->nb.MdlChain = s->nb.CurrentMdl = &s->mdl[0];
	s->nb.CurrentMdlOffset = s->nb.DataOffset = 2;
	s->nb.DataLength = 20;
}

static void A30_A31_O20_a_copy_is_gathered_tagged_and_padded_with_zeros(void **state)
{
	struct scattered s, before;
	struct rte_mbuf *m;
	uint8_t *data;

	(void)state;
	scatter(&s);
	before = s;
	m = frame_copy(&s.nb, frame_pool_mempool(pool), 0x600a, 60);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 60);
	data = rte_pktmbuf_mtod(m, uint8_t *);
	for (int i = 0; i < 12; i++)
		assert_int_equal(data[i], i + 1);
	assert_memory_equal(data + 12, "\x81\x00\x60\x0a", 4);
	for (int i = 12; i < 20; i++)
		assert_int_equal(data[i + 4], i + 1);
	for (int i = 24; i < 60; i++)
		assert_int_equal(data[i], 0);
	assert_memory_equal(&s, &before, sizeof(s));
	rte_pktmbuf_free(m);
}

static void A33a_what_is_no_frame_is_not_copied(void **state)
{
	struct scattered s;

	(void)state;
	scatter(&s);
	s.nb.DataLength = 13;
	assert_null(frame_copy(&s.nb, frame_pool_mempool(pool), 0, 60));
	scatter(&s);
	s.nb.DataLength = 24;                                    /* one more than there is */
	assert_null(frame_copy(&s.nb, frame_pool_mempool(pool), 0, 60));
	scatter(&s);
	s.nb.DataLength = 1601;
	assert_null(frame_copy(&s.nb, frame_pool_mempool(pool), 0, 60));
	scatter(&s);
	s.nb.CurrentMdlOffset = 0xfffffff0;
	assert_null(frame_copy(&s.nb, frame_pool_mempool(pool), 0, 60));
	assert_int_equal(frame_pool_in_use(pool), 0);
}

static void F9_F10_a_frame_of_a_block_knows_its_place_in_it(void **state)
{
	struct frame_pool_config c = { .name = "block", .frames = 64, .data_room = 1522 };
	struct frame_pool *in_block;
	struct rte_mbuf *m;
	struct error err;
	struct frame *f;

	(void)state;
	c.block_size = frame_pool_bytes(&c);
	c.block = aligned_alloc(4096, c.block_size);
	c.shared_memory = &c;
	assert_int_equal(frame_pool_create(&in_block, &c, &err), 0);
	m = rte_pktmbuf_alloc(frame_pool_mempool(in_block));
	f = frame_of_mbuf(m);
	assert_ptr_equal(f->memory.SharedMemoryHandle, &c);
	assert_ptr_equal((char *)c.block + f->memory.SharedMemoryOffset, rte_pktmbuf_mtod(m, char *));
	assert_true(f->memory.SharedMemoryOffset + f->memory.SharedMemoryLength <= c.block_size);
	rte_pktmbuf_free(m);
	frame_pool_destroy(in_block);
	c.block_size--;
	assert_int_equal(frame_pool_create(&in_block, &c, &err), -EINVAL);
	free(c.block);
}

/* The next frame of a bare pool's mbuf is another's: a port must not still read it. */
static void F9_a_bare_frame_is_where_it_was_laid_and_not_borrowed(void **state)
{
	struct frame_pool_config c = { .name = "bare", .frames = 4, .data_room = 1522,
				       .is_bare = true };
	static char memory[4096];
	char *data = memory + 1024;
	struct frame_pool *bare;
	struct rte_mbuf *m, *out;
	NET_BUFFER_LIST *nbl;
	struct error err;

	(void)state;
	assert_int_equal(frame_pool_create(&bare, &c, &err), 0);
	m = rte_pktmbuf_alloc(frame_pool_mempool(bare));
	memset(data, 7, 100);
	frame_lay(m, data, &c, 1024);
	m->data_len = 100;
	m->pkt_len = 100;
	nbl = frame_describe(m);
	assert_ptr_equal(frame_mbuf(nbl), m);
	assert_ptr_equal(rte_pktmbuf_mtod(m, char *), data);
	assert_ptr_equal(frame_of_mbuf(m)->memory.SharedMemoryHandle, &c);
	assert_int_equal(frame_of_mbuf(m)->memory.SharedMemoryOffset, 1024);
	assert_int_equal(frame_of_mbuf(m)->memory.SharedMemoryLength, 1522);
	assert_null(frame_borrow(nbl));
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	out = frame_slice(nbl, NET_BUFFER_LIST_FIRST_NB(nbl), 10, 50, frame_pool_mempool(pool), 4);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	assert_memory_equal(rte_pktmbuf_mtod(out, char *), data + 10, 50);
	rte_pktmbuf_free(out);
	rte_pktmbuf_free(m);
	frame_pool_destroy(bare);
	c.block = memory;
	c.block_size = sizeof(memory);
	assert_int_equal(frame_pool_create(&bare, &c, &err), -EINVAL);
}

static void count_zone(const struct rte_memzone *zone, void *n)
{
	(void)zone;
	++*(unsigned *)n;
}

/* DPDK has 2560 in all: two pools for each of a thousand VMs must fit. */
static void a_pool_takes_one_memzone(void **state)
{
	unsigned before = 0, after = 0;
	struct frame_pool *pools[20];
	struct error err;
	char name[16];

	(void)state;
	rte_memzone_walk(count_zone, &before);
	for (unsigned i = 0; i < 20; i++) {
		struct frame_pool_config c = { .name = name, .frames = 16, .data_room = 1522 };

		snprintf(name, sizeof(name), "many-%u", i);
		c.block_size = frame_pool_bytes(&c);
		c.block = i % 2 ? NULL : aligned_alloc(4096, c.block_size);
		assert_int_equal(frame_pool_create(&pools[i], &c, &err), 0);
		if (c.block)
			pools[i] = (frame_pool_destroy(pools[i]), free(c.block), NULL);
	}
	rte_memzone_walk(count_zone, &after);
	assert_int_equal(after - before, 10);
	for (unsigned i = 0; i < 20; i++)
		frame_pool_destroy(pools[i]);
}

/* ---- split frames ---- */

#define SPLIT 64

static struct frame_pool *split_pool(struct frame_pool_config *c)
{
	struct frame_pool *split;
	struct error err;

	c->block_size = frame_pool_bytes(c);
	c->block = aligned_alloc(4096, c->block_size);
	c->rest_size = RTE_ALIGN_CEIL(frame_pool_rest_bytes(c), 4096);
	c->rest_block = aligned_alloc(4096, c->rest_size);
	assert_int_equal(frame_pool_create(&split, c, &err), 0);
	return split;
}

static NET_BUFFER_LIST *split_frame(struct rte_mbuf *m, unsigned first, unsigned rest)
{
	char *data = rte_pktmbuf_append(m, (uint16_t)first);

	for (unsigned i = 0; i < first; i++)
		data[i] = (char)i;
	for (unsigned i = 0; i < rest; i++)
		frame_rest(m)[i] = (char)(first + i);
	return frame_describe_split(m, (uint16_t)rest);
}

static void E16_a_join_begins_where_the_data_begin(void **state)
{
	struct frame_pool_config c = { .name = "split", .frames = 7, .data_room = 1522, .split = SPLIT };
	struct frame_pool *split = split_pool(&c);
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(split));
	char *own = m->buf_addr;
	NET_BUFFER_LIST *nbl = split_frame(m, SPLIT, 200);
	NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);

	(void)state;
	assert_true(frame_is_split(m));
	assert_null(frame_borrow(nbl));
	nb->CurrentMdlOffset = nb->DataOffset = 10;               /* somebody has taken 10 bytes off */
	nb->DataLength -= 10;
	assert_true(frame_join(m));
	assert_int_equal(m->data_len, SPLIT + 190);
	for (unsigned i = 0; i < m->data_len; i++)
		assert_int_equal(rte_pktmbuf_mtod(m, unsigned char *)[i], (10 + i) & 0xff);
	nb->MdlChain = nb->CurrentMdl = nb->MdlChain->Next;       /* the first part is gone: not ours */
	assert_false(frame_join(m));
	frame_part(m);
	assert_ptr_equal(m->buf_addr, own);
	rte_pktmbuf_free(m);
	m = frame_of(50, 1);
	frame_describe(m);
	assert_false(frame_is_split(m));
	assert_true(frame_join(m));                               /* whole already */
	assert_int_equal(m->data_len, 50);
	rte_pktmbuf_free(m);
	frame_pool_destroy(split);
	c.rest_size = frame_pool_rest_bytes(&c) - 1;
	assert_int_equal(frame_pool_create(&split, &c, &(struct error){ "" }), -EINVAL);
	free(c.block);
	free(c.rest_block);
}

static int start(void **state)
{
	const struct frame_pool_config c = { .name = "frames", .frames = 63, .data_room = 1600 };
	char *argv[] = { (char *)"frame_test", (char *)"--no-huge", (char *)"--no-shconf",
			 (char *)"--no-pci", (char *)"--no-telemetry", (char *)"-m", (char *)"64" };
	struct error err;

	(void)state;
	return rte_eal_init(7, argv) < 0 || frame_pool_create(&pool, &c, &err);
}

static int stop(void **state)
{
	(void)state;
	frame_pool_destroy(pool);
	return rte_eal_cleanup();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mbuf_and_its_nbl_describe_the_same_bytes),
		cmocka_unit_test(A22_a_borrowed_frame_leaves_its_nbl_alive),
		cmocka_unit_test(P7_a_chain_of_mbufs_is_an_nbl_with_an_mdl_for_each),
		cmocka_unit_test(I44_an_nb_that_left_its_mbuf_is_not_borrowed),
		cmocka_unit_test(A30_A31_O20_a_copy_is_gathered_tagged_and_padded_with_zeros),
		cmocka_unit_test(A33a_what_is_no_frame_is_not_copied),
		cmocka_unit_test(F9_F10_a_frame_of_a_block_knows_its_place_in_it),
		cmocka_unit_test(F9_a_bare_frame_is_where_it_was_laid_and_not_borrowed),
		cmocka_unit_test(a_pool_takes_one_memzone),
		cmocka_unit_test(E16_a_join_begins_where_the_data_begin),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
