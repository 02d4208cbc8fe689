/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools: what they refuse, what they hand out, and what becomes of mistakes. */
#include "nbl_testing.h"

#include <pthread.h>

#include "ndis/nbl_pool.h"
#include "ndis/object.h"

static void assert_pool_refused(NET_BUFFER_LIST_POOL_PARAMETERS *p, const char *why)
{
	log_capture();
	assert_null(NdisAllocateNetBufferListPool(NULL, p));
	assert_logged(why);
}

static void i40_a_wrong_header_is_named_field_by_field(void **state)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = list_pool_parameters(TRUE, 0, 0);
	NET_BUFFER_POOL_PARAMETERS b = { .Header = { 1, 1, sizeof(b) } };

	(void)state;
	p.Header.Type = NDIS_OBJECT_TYPE_DEFAULT + 1;
	assert_pool_refused(&p, "Header.Type is 129, wanted 128");
	p = list_pool_parameters(TRUE, 0, 0);
	p.Header.Revision = 2;
	assert_pool_refused(&p, "Header.Revision is 2, wanted 1");
	p = list_pool_parameters(TRUE, 0, 0);
	p.Header.Size--;
	assert_pool_refused(&p, "Header.Size is 15, wanted 16");
	assert_pool_refused(NULL, "Parameters is NULL");
	log_capture();
	assert_null(NdisAllocateNetBufferPool(NULL, &b));
	assert_logged("NdisAllocateNetBufferPool: Parameters->Header.Type is 1, wanted 128");
}

static void i40_combinations_that_make_no_sense_are_refused(void **state)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = list_pool_parameters(FALSE, 0, 100);

	(void)state;
	assert_pool_refused(&p, "DataSize is 100 but fAllocateNetBuffer is FALSE (pool 'test')");
	p = list_pool_parameters(TRUE, 24, 0);
	assert_pool_refused(&p, "ContextSize is 24, no multiple of 16");
}

static void i41_a_fresh_list_is_clean_even_if_its_last_user_was_not(void **state)
{
	NDIS_HANDLE pool = list_pool(TRUE, 32, 0);
	ULONG lengths[] = { 10 };
	PMDL chain = chain_make(lengths, 1, 0);

	(void)state;
	for (int round = 0; round < 3; round++) {
		PNET_BUFFER_LIST nbl = NdisAllocateNetBufferAndNetBufferList(pool, 16, 0, chain, 2, 5);
		PNET_BUFFER nb = nbl->FirstNetBuffer;

		assert_null(nbl->Next);
		assert_null(nbl->ParentNetBufferList);
		assert_int_equal(nbl->ChildRefCount, 0);
		assert_null(nbl->Scratch);
		assert_null(nbl->SourceHandle);
		assert_int_equal(nbl->Flags | nbl->NblFlags, 0);
		for (int i = 0; i < MaxNetBufferListInfo; i++)
			assert_null(NET_BUFFER_LIST_INFO(nbl, i));
		assert_ptr_equal(NdisGetPoolFromNetBufferList(nbl), pool);
		assert_null(OvmqNblOwner(nbl));
		assert_null(nb->Next);
		assert_int_equal(nb->DataOffset, 2);
		assert_int_equal(nb->DataLength, 5);
		assert_int_equal((uintptr_t)nbl % 64, 0);
		assert_int_equal((uintptr_t)NET_BUFFER_LIST_CONTEXT_DATA_START(nbl) % 16, 0);
		assert_consistent(nb);
		memset(nb, 0xEE, sizeof(*nb));
		memset(nbl->NetBufferListInfo, 0xEE, sizeof(nbl->NetBufferListInfo));
		nbl->ParentNetBufferList = nbl;
		nbl->Scratch = nbl->SourceHandle = nbl;
		nbl->Flags = nbl->NblFlags = ~0u;
		nbl->ChildRefCount = 7;
		NdisFreeNetBufferList(nbl);
	}
	chain_free(chain);
	NdisFreeNetBufferListPool(pool);
}

static void a_list_has_the_buffer_mdl_and_data_that_its_pool_has(void **state)
{
	NDIS_HANDLE bare = list_pool(FALSE, 0, 0), buffer = list_pool(TRUE, 0, 0);
	NDIS_HANDLE data = list_pool(TRUE, 0, 5000);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(bare, 0, 0);
	PNET_BUFFER nb;

	(void)state;
	assert_null(nbl->FirstNetBuffer);
	assert_null(nbl->Context);
	NdisFreeNetBufferList(nbl);
	nbl = NdisAllocateNetBufferList(buffer, 0, 0);
	assert_non_null(nbl->FirstNetBuffer);
	assert_null(nbl->FirstNetBuffer->MdlChain);
	NdisFreeNetBufferList(nbl);
	nbl = NdisAllocateNetBufferList(data, 0, 0);
	nb = nbl->FirstNetBuffer;
	assert_int_equal(MmGetMdlByteCount(nb->MdlChain), 5000);
	assert_null(nb->MdlChain->Next);
	assert_int_equal(nb->DataLength, 0);
	memset(nb->MdlChain->MappedSystemVa, 1, 5000);
	assert_int_equal(MmGetMdlPfnArray(nb->MdlChain)[0],
			 (uintptr_t)nb->MdlChain->MappedSystemVa >> PAGE_SHIFT);
	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferListPool(bare);
	NdisFreeNetBufferListPool(buffer);
	NdisFreeNetBufferListPool(data);
}

static void the_pool_s_protocol_is_in_its_lists(void **state)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = list_pool_parameters(TRUE, 0, 0);
	NDIS_HANDLE pool;
	PNET_BUFFER_LIST nbl;

	(void)state;
	p.ProtocolId = NDIS_PROTOCOL_ID_TCP_IP;
	pool = NdisAllocateNetBufferListPool(NULL, &p);
	nbl = NdisAllocateNetBufferList(pool, 0, 0);
	assert_int_equal((uintptr_t)NET_BUFFER_LIST_INFO(nbl, NetBufferListProtocolId), 2);
	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferListPool(pool);
}

static void buffers_come_with_a_chain_or_with_data(void **state)
{
	NDIS_HANDLE plain = buffer_pool(0), data = buffer_pool(100);
	ULONG lengths[] = { 0, 4, 0, 6 };
	PMDL chain = chain_make(lengths, 4, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(plain, chain, 5, 5);

	(void)state;
	assert_ptr_equal(nb->CurrentMdl, chain->Next->Next->Next);
	assert_int_equal(nb->CurrentMdlOffset, 1);
	assert_consistent(nb);
	NdisFreeNetBuffer(nb);
	nb = NdisAllocateNetBuffer(plain, chain, 10, 0);
	assert_consistent(nb);
	NdisFreeNetBuffer(nb);
	nb = NdisAllocateNetBufferMdlAndData(data);
	assert_int_equal(MmGetMdlByteCount(nb->CurrentMdl), 100);
	NdisFreeNetBuffer(nb);
	log_capture();
	assert_null(NdisAllocateNetBuffer(plain, chain, 11, 0));
	assert_logged("DataOffset 11 and DataLength 0 is outside its MDLs");
	log_capture();
	assert_null(NdisAllocateNetBuffer(plain, NULL, 0, 1));
	assert_logged("is outside its MDLs");
	log_capture();
	assert_null(NdisAllocateNetBuffer(data, chain, 0, 1));
	assert_logged("pool 'test' was made with a DataSize");
	log_capture();
	assert_null(NdisAllocateNetBufferMdlAndData(plain));
	assert_logged("without a DataSize");
	chain_free(chain);
	NdisFreeNetBufferPool(plain);
	NdisFreeNetBufferPool(data);
}

static void a_handle_of_the_wrong_pool_is_refused(void **state)
{
	NDIS_HANDLE lists = list_pool(FALSE, 0, 0), buffers = buffer_pool(0);

	(void)state;
	log_capture();
	assert_null(NdisAllocateNetBufferList(buffers, 0, 0));
	assert_logged("NdisAllocateNetBufferList: pool 'test' of (no handle) is a pool of NET_BUFFERs");
	log_capture();
	assert_null(NdisAllocateNetBuffer(lists, NULL, 0, 0));
	assert_logged("is a pool of NET_BUFFER_LISTs");
	log_capture();
	assert_null(NdisAllocateNetBufferAndNetBufferList(lists, 0, 0, NULL, 0, 0));
	assert_logged("fAllocateNetBuffer FALSE");
	log_capture();
	assert_null(NdisAllocateNetBufferList(lists, 8, 0));
	assert_logged("no multiple of 16");
	log_capture();
	NdisFreeNetBufferPool(lists);
	assert_logged("is a pool of NET_BUFFER_LISTs");
	NdisFreeNetBufferListPool(lists);
	NdisFreeNetBufferPool(buffers);
}

static void free_a_list_twice(void)
{
	NDIS_HANDLE pool = list_pool(TRUE, 0, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(pool, 0, 0);

	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferList(nbl);
}

static void free_a_buffer_twice(void)
{
	NDIS_HANDLE pool = buffer_pool(0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, NULL, 0, 0);

	NdisFreeNetBuffer(nb);
	NdisFreeNetBuffer(nb);
}

static void a_second_free_ends_the_process_and_names_the_pool(void **state)
{
	(void)state;
	assert_aborts(free_a_list_twice, "of pool 'test' of (no handle) is freed a second time");
	assert_aborts(free_a_buffer_twice, "of pool 'test' of (no handle) is freed a second time");
}

#if defined(__SANITIZE_ADDRESS__)
static void touch_a_freed_list(void)
{
	NDIS_HANDLE pool = list_pool(TRUE, 16, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(pool, 0, 0);
	volatile PNET_BUFFER nb = nbl->FirstNetBuffer;

	NdisFreeNetBufferList(nbl);
	nb->DataLength++;
}

static void a_freed_list_must_not_be_touched(void **state)
{
	(void)state;
	assert_aborts(touch_a_freed_list, "use-after-poison");
}
#endif

static void adopted_lists_are_not_freed(void **state)
{
	static _Alignas(64) struct { NET_BUFFER_LIST nbl; NET_BUFFER nb; MDL mdl; } mine;
	NDIS_HANDLE pool = OvmqAllocateAdoptedPool(NULL, &mine);

	(void)state;
	OvmqAdoptNetBufferList(pool, &mine.nbl, &mine.nb, &mine.mdl, mine.nbl.Scratch, 0);
	assert_ptr_equal(OvmqNblOwner(&mine.nbl), &mine);
	log_capture();
	NdisFreeNetBufferList(&mine.nbl);
	assert_logged("is of no pool of NET_BUFFER_LISTs");
	log_capture();
	NdisFreeNetBuffer(&mine.nb);
	assert_logged("is of no pool of NET_BUFFERs");
	NdisFreeNetBufferListPool(pool);
}

static void a_pool_freed_too_early_says_how_many_are_out(void **state)
{
	struct ndis_object owner = { .name = "eth0" };
	NET_BUFFER_LIST_POOL_PARAMETERS p = list_pool_parameters(TRUE, 0, 0);
	NDIS_HANDLE pool = NdisAllocateNetBufferListPool(&owner, &p);
	PNET_BUFFER_LIST a = NdisAllocateNetBufferList(pool, 0, 0);
	PNET_BUFFER_LIST b = NdisAllocateNetBufferList(pool, 0, 0);
	PNET_BUFFER_LIST c = NdisAllocateNetBufferList(pool, 0, 0);

	(void)state;
	NdisFreeNetBufferList(b);
	log_capture();
	NdisFreeNetBufferListPool(pool);
	assert_logged("'test' of eth0 is freed while 2 NET_BUFFER_LISTs of it are outstanding");
	NdisFreeNetBufferList(a);
	NdisFreeNetBufferList(c);
	log_capture();
	assert_null(NdisAllocateNetBufferList(pool, 0, 0));
	assert_logged("was freed");
}

/* ---- threads ---- */

enum { HANDED = 20000, AT_ONCE = 300 };

struct hand_over {
	NDIS_HANDLE pool;
	_Atomic(PNET_BUFFER_LIST) given[AT_ONCE];
};

static void *free_what_is_given(void *arg)
{
	struct hand_over *h = arg;

	for (unsigned i = 0; i < HANDED; i++) {
		PNET_BUFFER_LIST nbl;

		while (!(nbl = atomic_exchange(&h->given[i % AT_ONCE], NULL)))
			sched_yield();
		assert_int_equal((uintptr_t)nbl->Scratch, i);
		NdisFreeNetBufferList(nbl);
	}
	return NULL;
}

static void lists_may_be_freed_by_another_thread(void **state)
{
	static struct hand_over h;
	pthread_t thread;

	(void)state;
	h.pool = list_pool(TRUE, 16, 0);
	pthread_create(&thread, NULL, free_what_is_given, &h);
	for (uintptr_t i = 0; i < HANDED; i++) {
		PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(h.pool, 0, 0);

		nbl->Scratch = (PVOID)i;
		while (atomic_load(&h.given[i % AT_ONCE]))
			sched_yield();
		atomic_store(&h.given[i % AT_ONCE], nbl);
	}
	pthread_join(thread, NULL);
	assert_int_equal(nbl_blocks_outstanding(h.pool), 0);
	/* What one thread frees the other one gets: the pool has not grown without end. */
	assert_true(((struct nbl_pool *)h.pool)->n_blocks < 2000);
	log_capture();
	NdisFreeNetBufferListPool(h.pool);
	assert_nothing_logged();
}

static void *allocate_and_free(void *pool)
{
	PNET_BUFFER_LIST some[8];

	for (int i = 0; i < 8; i++)
		some[i] = NdisAllocateNetBufferList(pool, 0, 0);
	for (int i = 0; i < 8; i++)
		NdisFreeNetBufferList(some[i]);
	return NULL;
}

static void more_threads_than_a_pool_has_lists_for(void **state)
{
	enum { THREADS = NBL_CACHES + 20 };
	NDIS_HANDLE pool = list_pool(TRUE, 0, 0);
	pthread_t threads[THREADS];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free, pool), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	}
	log_capture();
	NdisFreeNetBufferListPool(pool);
	assert_nothing_logged();
}

/* ---- the seam for the verifier ---- */

static unsigned seen[4];

static void seen_allocated(PNET_BUFFER_LIST nbl, NDIS_HANDLE pool)
{
	seen[0] += nbl->NdisPoolHandle == pool;
}

static void seen_freed(PNET_BUFFER_LIST nbl, NDIS_HANDLE pool)
{
	seen[1] += nbl->NdisPoolHandle == pool;
}

static void seen_pool(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag)
{
	(void)pool;
	seen[2] += !owner && tag == TAG;
}

static void seen_pool_freed(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag, unsigned outstanding)
{
	(void)pool;
	seen[3] += !owner && tag == TAG && !outstanding;
}

static void a_watcher_sees_pools_and_lists_come_and_go(void **state)
{
	static const struct ndis_nbl_watch watch = {
		seen_allocated, seen_freed, seen_pool, seen_pool_freed
	};
	NDIS_HANDLE pool;

	(void)state;
	atomic_store(&ndis_nbl_watch, &watch);
	pool = list_pool(TRUE, 0, 0);
	NdisFreeNetBufferList(NdisAllocateNetBufferList(pool, 0, 0));
	NdisFreeNetBufferList(NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, NULL, 0, 0));
	NdisFreeNetBufferListPool(pool);
	atomic_store(&ndis_nbl_watch, NULL);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 2);
	assert_int_equal(seen[2], 1);
	assert_int_equal(seen[3], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i40_a_wrong_header_is_named_field_by_field),
		cmocka_unit_test(i40_combinations_that_make_no_sense_are_refused),
		cmocka_unit_test(i41_a_fresh_list_is_clean_even_if_its_last_user_was_not),
		cmocka_unit_test(a_list_has_the_buffer_mdl_and_data_that_its_pool_has),
		cmocka_unit_test(the_pool_s_protocol_is_in_its_lists),
		cmocka_unit_test(buffers_come_with_a_chain_or_with_data),
		cmocka_unit_test(a_handle_of_the_wrong_pool_is_refused),
		cmocka_unit_test(a_second_free_ends_the_process_and_names_the_pool),
#if defined(__SANITIZE_ADDRESS__)
		cmocka_unit_test(a_freed_list_must_not_be_touched),
#endif
		cmocka_unit_test(adopted_lists_are_not_freed),
		cmocka_unit_test(a_pool_freed_too_early_says_how_many_are_out),
		cmocka_unit_test(lists_may_be_freed_by_another_thread),
		cmocka_unit_test(more_threads_than_a_pool_has_lists_for),
		cmocka_unit_test(a_watcher_sees_pools_and_lists_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
