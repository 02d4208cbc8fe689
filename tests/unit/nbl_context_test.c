/* SPDX-License-Identifier: BSD-2-Clause */
/* Context space: a stack that grows down, in the list's own space and beyond. */
#include "nbl_testing.h"

static void the_pool_s_space_is_used_first(void **state)
{
	NDIS_HANDLE pool = list_pool(FALSE, 64, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(pool, 16, 48);
	PNET_BUFFER_LIST_CONTEXT own = nbl->Context;
	PUCHAR first = NET_BUFFER_LIST_CONTEXT_DATA_START(nbl);

	(void)state;
	assert_int_equal(own->Size, 64);
	assert_int_equal(own->Offset, 48);
	memset(first, 1, 16);
	assert_int_equal(NdisAllocateNetBufferListContext(nbl, 40, 0, TAG), NDIS_STATUS_SUCCESS);
	assert_ptr_equal(nbl->Context, own);
	assert_ptr_equal(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl), first - 40);
	memset(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl), 2, 40);
	assert_int_equal(first[0], 1);
	NdisFreeNetBufferListContext(nbl, 40);
	assert_ptr_equal(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl), first);
	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferListPool(pool);
}

static void more_is_allocated_and_goes_when_given_back(void **state)
{
	NDIS_HANDLE pool = list_pool(FALSE, 16, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(pool, 16, 0);
	PNET_BUFFER_LIST_CONTEXT own = nbl->Context, more;

	(void)state;
	memset(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl), 7, 16);
	assert_int_equal(NdisAllocateNetBufferListContext(nbl, 24, 8, TAG), NDIS_STATUS_SUCCESS);
	more = nbl->Context;
	assert_ptr_not_equal(more, own);
	assert_ptr_equal(more->Next, own);
	assert_int_equal(more->Size, 32);
	memset(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl), 8, 24);
	/* The backfill serves the next one. */
	assert_int_equal(NdisAllocateNetBufferListContext(nbl, 8, 0, TAG), NDIS_STATUS_SUCCESS);
	assert_ptr_equal(nbl->Context, more);
	NdisFreeNetBufferListContext(nbl, 8);
	assert_ptr_equal(nbl->Context, more);
	NdisFreeNetBufferListContext(nbl, 24);
	assert_ptr_equal(nbl->Context, own);
	assert_int_equal(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl)[15], 7);
	/* The list's own goes with the list. */
	NdisFreeNetBufferListContext(nbl, 16);
	assert_ptr_equal(nbl->Context, own);
	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferListPool(pool);
}

static void a_list_may_have_more_than_its_pool_has(void **state)
{
	NDIS_HANDLE pool = list_pool(TRUE, 16, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(pool, 160, 32);

	(void)state;
	assert_int_equal(nbl->Context->Size, 192);
	assert_int_equal(nbl->Context->Offset, 32);
	memset(NET_BUFFER_LIST_CONTEXT_DATA_START(nbl), 1, 160);
	NdisFreeNetBufferList(nbl);
	nbl = NdisAllocateNetBufferList(pool, 16, 0);
	assert_int_equal(nbl->Context->Size, 16);
	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferListPool(pool);
}

static void what_is_asked_wrong_is_refused(void **state)
{
	NDIS_HANDLE pool = list_pool(FALSE, 0, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(pool, 0, 0);

	(void)state;
	log_capture();
	assert_int_equal(NdisAllocateNetBufferListContext(nbl, 12, 0, TAG), NDIS_STATUS_FAILURE);
	assert_logged("ContextSize 12 or ContextBackFill 0 is no multiple of 8, or too much (tag 'test')");
	log_capture();
	assert_int_equal(NdisAllocateNetBufferListContext(nbl, 0xFFF0, 0x10, TAG), NDIS_STATUS_FAILURE);
	assert_logged("too much");
	log_capture();
	NdisFreeNetBufferListContext(nbl, 8);
	assert_logged("8 bytes given back, 0 are in use");
	assert_null(nbl->Context);
	assert_int_equal(NdisAllocateNetBufferListContext(nbl, 16, 0, TAG), NDIS_STATUS_SUCCESS);
	log_capture();
	NdisFreeNetBufferListContext(nbl, 24);
	assert_logged("24 bytes given back, 16 are in use");
	log_capture();
	NdisFreeNetBufferList(nbl);
	assert_logged("of pool 'test' is freed before its context space");
	NdisFreeNetBufferListPool(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pool_s_space_is_used_first),
		cmocka_unit_test(more_is_allocated_and_goes_when_given_back),
		cmocka_unit_test(a_list_may_have_more_than_its_pool_has),
		cmocka_unit_test(what_is_asked_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
