/* SPDX-License-Identifier: BSD-2-Clause */
/* Clones, fragments, reassembled lists: the bytes stay, the structures are new. */
#include "nbl_testing.h"

static NDIS_HANDLE lists, buffers;
static PNET_BUFFER_LIST original;
static PMDL chains[2];

/* Two buffers: bytes 2..11 of a chain of 5+0+7, and bytes 0..3 of one of 4. */
static int make_original(void **state)
{
	ULONG first[] = { 5, 0, 7 }, second[] = { 4 };

	(void)state;
	lists = list_pool(TRUE, 32, 0);
	buffers = buffer_pool(0);
	chains[0] = chain_make(first, 3, 0);
	chains[1] = chain_make(second, 1, 50);
	original = NdisAllocateNetBufferAndNetBufferList(lists, 0, 0, chains[0], 2, 10);
	original->FirstNetBuffer->Next = NdisAllocateNetBuffer(buffers, chains[1], 0, 4);
	return 0;
}

static int free_original(void **state)
{
	(void)state;
	NdisFreeNetBuffer(original->FirstNetBuffer->Next);
	NdisFreeNetBufferList(original);
	chain_free(chains[0]);
	chain_free(chains[1]);
	log_capture();
	NdisFreeNetBufferPool(buffers);
	NdisFreeNetBufferListPool(lists);
	assert_nothing_logged();
	return 0;
}

static void assert_data(const NET_BUFFER *nb, UCHAR first, ULONG length)
{
	UCHAR data[64];

	assert_consistent(nb);
	assert_int_equal(nb->DataLength, length);
	data_read(nb, data);
	for (ULONG i = 0; i < length; i++)
		assert_int_equal(data[i], first + i);
}

static void i45_a_clone_has_mdls_of_its_own_over_the_same_bytes(void **state)
{
	NDIS_HANDLE pools[][2] = { { NULL, NULL }, { lists, buffers }, { lists, NULL } };

	(void)state;
	for (int i = 0; i < 3; i++) {
		PNET_BUFFER_LIST clone =
			NdisAllocateCloneNetBufferList(original, pools[i][0], pools[i][1], 0);
		PNET_BUFFER nb = clone->FirstNetBuffer;

		assert_null(clone->Context);
		assert_null(clone->ParentNetBufferList);
		assert_int_equal(original->ChildRefCount, 0);
		if (pools[i][0])
			assert_ptr_equal(clone->NdisPoolHandle, lists);
		assert_int_equal(nb->DataOffset, 0);
		assert_data(nb, 2, 10);
		assert_ptr_not_equal(nb->MdlChain, chains[0]);
		assert_ptr_equal(MmGetMdlVirtualAddress(nb->MdlChain),
				 (PUCHAR)MmGetMdlVirtualAddress(chains[0]) + 2);
		assert_int_equal(MmGetMdlByteCount(nb->MdlChain), 3);
		assert_ptr_equal(MmGetMdlVirtualAddress(nb->MdlChain->Next),
				 MmGetMdlVirtualAddress(chains[0]->Next->Next));
		assert_data(nb->Next, 50, 4);
		assert_null(nb->Next->Next);
		NdisFreeCloneNetBufferList(clone, 0);
		assert_data(original->FirstNetBuffer, 2, 10);
	}
}

static void i45_a_clone_may_share_the_mdls(void **state)
{
	PNET_BUFFER_LIST clone = NdisAllocateCloneNetBufferList(original, NULL, NULL,
								NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS);
	PNET_BUFFER_LIST again;

	(void)state;
	assert_ptr_equal(clone->FirstNetBuffer->CurrentMdl, chains[0]);
	assert_data(clone->FirstNetBuffer, 2, 10);
	NdisAdvanceNetBufferListDataStart(clone, 4, FALSE, NULL);
	/* The clone of a clone begins with the MDL in which the data begin. */
	again = NdisAllocateCloneNetBufferList(clone, NULL, NULL, NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS);
	assert_ptr_equal(again->FirstNetBuffer->MdlChain, chains[0]->Next->Next);
	assert_data(again->FirstNetBuffer, 6, 6);
	NdisFreeCloneNetBufferList(again, NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS);
	log_capture();
	NdisFreeCloneNetBufferList(clone, 0);
	assert_logged("is to be freed by NdisFreeCloneNetBufferList with NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS");
	NdisFreeCloneNetBufferList(clone, NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS);
	assert_data(original->FirstNetBuffer, 2, 10);
}

static void every_kind_has_its_own_way_to_be_freed(void **state)
{
	PNET_BUFFER_LIST clone = NdisAllocateCloneNetBufferList(original, NULL, NULL, 0);

	(void)state;
	log_capture();
	NdisFreeFragmentNetBufferList(clone, 0, 0);
	assert_logged("NdisFreeFragmentNetBufferList: NET_BUFFER_LIST");
	log_capture();
	NdisFreeReassembledNetBufferList(clone, 0, 0);
	assert_logged("is to be freed by NdisFreeCloneNetBufferList");
	log_capture();
	NdisFreeCloneNetBufferList(original, 0);
	assert_logged("is to be freed by NdisFreeNetBufferList");
	NdisFreeCloneNetBufferList(clone, 0);
}

static void fragments_are_no_longer_than_asked(void **state)
{
	PNET_BUFFER_LIST f = NdisAllocateFragmentNetBufferList(original, NULL, NULL, 1, 4, 20, 12, 0);
	static const struct { UCHAR first; ULONG length; } wanted[] = {
		{ 3, 4 }, { 7, 4 }, { 11, 1 }, { 51, 3 }
	};
	PNET_BUFFER nb = f->FirstNetBuffer;

	(void)state;
	assert_null(f->Context);
	for (unsigned i = 0; i < ARRAYSIZE(wanted); i++, nb = nb->Next) {
		PUCHAR header;

		assert_consistent(nb);
		assert_int_equal(nb->DataLength, 20 + wanted[i].length);
		assert_int_equal(nb->DataOffset, 12);
		header = NdisGetDataBuffer(nb, 20, NULL, 1, 0);
		assert_non_null(header);
		memset(header, 0xAA, 20);
		NdisAdvanceNetBufferDataStart(nb, 20, FALSE, NULL);
		assert_data(nb, wanted[i].first, wanted[i].length);
		NdisRetreatNetBufferDataStart(nb, 20, 0, NULL);
	}
	assert_null(nb);
	NdisFreeFragmentNetBufferList(f, 20, 0);
	assert_data(original->FirstNetBuffer, 2, 10);
}

static void fragments_of_nothing_are_refused(void **state)
{
	(void)state;
	log_capture();
	assert_null(NdisAllocateFragmentNetBufferList(original, NULL, NULL, 0, 0, 0, 0, 0));
	assert_logged("MaximumLength is 0");
	log_capture();
	assert_null(NdisAllocateFragmentNetBufferList(original, lists, buffers, 10, 5, 0, 0, 0));
	assert_logged("no NET_BUFFER has data at StartOffset 10");
}

static void buffers_are_reassembled_into_one(void **state)
{
	PNET_BUFFER_LIST r = NdisAllocateReassembledNetBufferList(original, lists, 2, 6, 2, 0);
	PNET_BUFFER nb = r->FirstNetBuffer;
	UCHAR data[10];

	(void)state;
	assert_null(nb->Next);
	assert_null(r->Context);
	assert_consistent(nb);
	assert_int_equal(nb->DataLength, 6 + 8 + 2);
	NdisAdvanceNetBufferDataStart(nb, 6, FALSE, NULL);
	data_read(nb, data);
	for (UCHAR i = 0; i < 8; i++)
		assert_int_equal(data[i], 4 + i);
	assert_int_equal(data[8], 52);
	assert_int_equal(data[9], 53);
	NdisRetreatNetBufferDataStart(nb, 6, 0, NULL);
	NdisFreeReassembledNetBufferList(r, 6, 0);
	log_capture();
	assert_null(NdisAllocateReassembledNetBufferList(original, NULL, 5, 0, 0, 0));
	assert_logged("StartOffset 5 of a NET_BUFFER of 4 bytes");
}

static void pools_that_do_not_fit_are_refused(void **state)
{
	NDIS_HANDLE bare = list_pool(FALSE, 0, 0), data = list_pool(TRUE, 0, 100);
	NDIS_HANDLE data_buffers = buffer_pool(100);

	(void)state;
	log_capture();
	assert_null(NdisAllocateReassembledNetBufferList(original, bare, 0, 0, 0, 0));
	assert_logged("made with fAllocateNetBuffer FALSE");
	log_capture();
	assert_null(NdisAllocateCloneNetBufferList(original, data, NULL, 0));
	assert_logged("made with a DataSize");
	log_capture();
	assert_null(NdisAllocateCloneNetBufferList(original, NULL, data_buffers, 0));
	assert_logged("made with a DataSize");
	log_capture();
	assert_null(NdisAllocateFragmentNetBufferList(original, bare, data_buffers, 0, 3, 0, 0, 0));
	assert_logged("made with a DataSize");
	log_capture();
	NdisFreeNetBufferListPool(bare);
	NdisFreeNetBufferListPool(data);
	NdisFreeNetBufferPool(data_buffers);
	assert_nothing_logged();
}

static void a_buffer_that_says_more_than_its_chain_has_is_refused(void **state)
{
	(void)state;
	original->FirstNetBuffer->DataLength = 11;
	assert_null(NdisAllocateCloneNetBufferList(original, NULL, NULL, 0));
	assert_null(NdisAllocateFragmentNetBufferList(original, NULL, NULL, 0, 4, 0, 0, 0));
	assert_null(NdisAllocateReassembledNetBufferList(original, NULL, 0, 0, 0, 0));
	original->FirstNetBuffer->DataLength = 10;
}

static void a_driver_s_mdl_left_in_a_clone_is_told(void **state)
{
	PNET_BUFFER_LIST clone = NdisAllocateCloneNetBufferList(original, NULL, NULL, 0);
	ULONG lengths[] = { 3 };
	PMDL mine = chain_make(lengths, 1, 0);

	(void)state;
	mine->Next = clone->FirstNetBuffer->MdlChain;
	clone->FirstNetBuffer->MdlChain = mine;
	log_capture();
	NdisFreeCloneNetBufferList(clone, 0);
	assert_logged("with 1 MDLs of the driver's own");
	mine->Next = NULL;
	chain_free(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i45_a_clone_has_mdls_of_its_own_over_the_same_bytes),
		cmocka_unit_test(i45_a_clone_may_share_the_mdls),
		cmocka_unit_test(every_kind_has_its_own_way_to_be_freed),
		cmocka_unit_test(fragments_are_no_longer_than_asked),
		cmocka_unit_test(fragments_of_nothing_are_refused),
		cmocka_unit_test(buffers_are_reassembled_into_one),
		cmocka_unit_test(pools_that_do_not_fit_are_refused),
		cmocka_unit_test(a_buffer_that_says_more_than_its_chain_has_is_refused),
		cmocka_unit_test(a_driver_s_mdl_left_in_a_clone_is_told),
	};

	return cmocka_run_group_tests(tests, make_original, free_original);
}
