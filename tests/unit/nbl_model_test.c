/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers of random shape against a flat array of bytes: whatever the MDLs look
 * like, retreat, advance, get, copy, clone, fragment and reassemble must say the
 * same as the array does.
 */
#include "nbl_testing.h"

enum { ROUNDS = 4000, STEPS = 25, MAX_MDLS = 6, MAX_MDL = 9, MODEL = 4096 };

static unsigned seed;

static unsigned pick(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

/* Bytes before the data are 'bytes' up to 'start'. */
struct model {
	NDIS_HANDLE buffers;
	PMDL chain;               /* as it was made; retreats put more in front */
	PNET_BUFFER nb;
	UCHAR bytes[MODEL];
	ULONG start, length;
	ULONG made;               /* where the made chain's first byte is in 'bytes' */
};

static void model_make(struct model *m, NDIS_HANDLE buffers)
{
	ULONG lengths[MAX_MDLS], total = 0;
	unsigned n = 1 + pick(MAX_MDLS);
	UCHAR first = (UCHAR)pick(256);

	for (unsigned i = 0; i < n; i++)
		total += lengths[i] = pick(3) ? pick(MAX_MDL) : 0;
	m->buffers = buffers;
	m->chain = chain_make(lengths, n, first);
	m->made = MODEL / 2;
	for (ULONG i = 0; i < total; i++)
		m->bytes[m->made + i] = (UCHAR)(first + i);
	m->start = m->made + pick(total + 1);
	m->length = pick(m->made + total - m->start + 1);
	m->nb = NdisAllocateNetBuffer(buffers, m->chain, m->start - m->made, m->length);
	assert_non_null(m->nb);
}

static void model_check(const struct model *m)
{
	UCHAR data[MODEL];

	assert_consistent(m->nb);
	assert_int_equal(m->nb->DataLength, m->length);
	data_read(m->nb, data);
	assert_memory_equal(data, m->bytes + m->start, m->length);
}

static void model_free(struct model *m)
{
	/* The way back: what retreats put in front goes when the data have passed it. */
	NdisAdvanceNetBufferDataStart(m->nb, m->length, TRUE, NULL);
	assert_ptr_equal(m->nb->MdlChain, m->chain);
	NdisFreeNetBuffer(m->nb);
	chain_free(m->chain);
}

static void step_retreat(struct model *m)
{
	ULONG delta = pick(12), unused = m->nb->DataOffset, written;
	PMDL before = m->nb->MdlChain;
	UCHAR *at;

	if (m->length + delta > MODEL / 4)
		return;
	assert_int_equal(NdisRetreatNetBufferDataStart(m->nb, delta, pick(8), NULL), NDIS_STATUS_SUCCESS);
	assert_true((m->nb->MdlChain == before) == (delta <= unused));
	m->start -= delta;
	m->length += delta;
	/* New bytes have no value yet: give them one, through the MDLs. */
	for (written = 0; written < delta; written++) {
		at = NdisGetDataBuffer(m->nb, 1, NULL, 1, 0);
		assert_non_null(at);
		*at = m->bytes[m->start] = (UCHAR)pick(256);
		NdisAdvanceNetBufferDataStart(m->nb, 1, FALSE, NULL);
		m->start++;
		m->length--;
	}
	NdisRetreatNetBufferDataStart(m->nb, delta, 0, NULL);
	m->start -= delta;
	m->length += delta;
}

static void step_advance(struct model *m)
{
	ULONG delta = pick(m->length + 1);

	NdisAdvanceNetBufferDataStart(m->nb, delta, (BOOLEAN)pick(2), NULL);
	m->start += delta;
	m->length -= delta;
}

static void step_get(struct model *m)
{
	UCHAR storage[MODEL], *at;
	ULONG n = pick(m->length + 2), align = 1u << pick(4);
	ULONG offset = pick(align);

	at = NdisGetDataBuffer(m->nb, n, storage, align, offset);
	if (n > m->length) {
		assert_null(at);
		return;
	}
	assert_non_null(at);
	assert_memory_equal(at, m->bytes + m->start, n);
	if (at != storage)
		assert_int_equal(((uintptr_t)at - offset) % align, 0);
	at = NdisGetDataBuffer(m->nb, n, NULL, 1, 0);
	if (at)
		assert_memory_equal(at, m->bytes + m->start, n);
	else
		assert_true(n > m->nb->CurrentMdl->ByteCount - m->nb->CurrentMdlOffset);
}

static void step_copy(struct model *m)
{
	struct model to;
	ULONG from_offset = pick(m->length + 2), to_offset, n = pick(40), space, wanted, copied;

	model_make(&to, m->buffers);
	space = chain_length(to.chain) - to.nb->DataOffset;
	to_offset = pick(space + 2);
	wanted = from_offset > m->length ? 0 : m->length - from_offset;
	if (wanted > n)
		wanted = n;
	if (to_offset > space)
		wanted = 0;
	else if (wanted > space - to_offset)
		wanted = space - to_offset;
	assert_int_equal(NdisCopyFromNetBufferToNetBuffer(to.nb, to_offset, n, m->nb, from_offset,
							  &copied), NDIS_STATUS_SUCCESS);
	assert_int_equal(copied, wanted);
	memcpy(to.bytes + to.start + to_offset, m->bytes + m->start + from_offset, wanted);
	model_check(&to);
	model_free(&to);
}

/* ---- lists made of this buffer and a second one ---- */

static void lists_check(struct model *m, NDIS_HANDLE lists)
{
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(lists, 0, 0), made;
	ULONG start = pick(4), maximum = 1 + pick(7), delta = pick(9), flags = pick(2) * 2;
	struct model other;
	struct model *both[2] = { m, &other };
	UCHAR data[MODEL], whole[MODEL];
	PNET_BUFFER nb;
	ULONG all = 0;

	model_make(&other, m->buffers);
	nbl->FirstNetBuffer = m->nb;
	m->nb->Next = other.nb;

	made = NdisAllocateCloneNetBufferList(nbl, NULL, NULL, flags);
	nb = made->FirstNetBuffer;
	for (int i = 0; i < 2; i++, nb = nb->Next) {
		assert_consistent(nb);
		assert_int_equal(nb->DataLength, both[i]->length);
		data_read(nb, data);
		assert_memory_equal(data, both[i]->bytes + both[i]->start, both[i]->length);
	}
	assert_null(nb);
	NdisFreeCloneNetBufferList(made, flags);

	for (int i = 0; i < 2; i++)
		if (both[i]->length > start) {
			memcpy(whole + all, both[i]->bytes + both[i]->start + start,
			       both[i]->length - start);
			all += both[i]->length - start;
		}
	if (all) {
		ULONG at = 0;

		made = NdisAllocateFragmentNetBufferList(nbl, NULL, NULL, start, maximum, delta,
							 pick(5), 0);
		for (nb = made->FirstNetBuffer; nb; nb = nb->Next) {
			assert_consistent(nb);
			assert_in_range(nb->DataLength, delta + 1, delta + maximum);
			data_read(nb, data);
			assert_memory_equal(data + delta, whole + at, nb->DataLength - delta);
			at += nb->DataLength - delta;
		}
		assert_int_equal(at, all);
		NdisFreeFragmentNetBufferList(made, delta, 0);
	}
	if (m->length >= start && other.length >= start) {
		made = NdisAllocateReassembledNetBufferList(nbl, NULL, start, delta, pick(5), 0);
		nb = made->FirstNetBuffer;
		assert_consistent(nb);
		assert_int_equal(nb->DataLength, delta + all);
		data_read(nb, data);
		assert_memory_equal(data + delta, whole, all);
		NdisFreeReassembledNetBufferList(made, delta, 0);
	}
	m->nb->Next = NULL;
	NdisFreeNetBufferList(nbl);
	model_free(&other);
}

static void any_shape_says_what_the_flat_array_says(void **state)
{
	static void (*const steps[])(struct model *) = {
		step_retreat, step_advance, step_get, step_copy
	};
	NDIS_HANDLE buffers = buffer_pool(0), lists = list_pool(FALSE, 0, 0);

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		static struct model m;

		seed = round + 1;
		model_make(&m, buffers);
		model_check(&m);
		for (unsigned i = 0; i < STEPS; i++) {
			steps[pick(ARRAYSIZE(steps))](&m);
			model_check(&m);
		}
		lists_check(&m, lists);
		model_free(&m);
	}
	log_capture();
	NdisFreeNetBufferPool(buffers);
	NdisFreeNetBufferListPool(lists);
	assert_nothing_logged();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_shape_says_what_the_flat_array_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
