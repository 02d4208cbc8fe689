/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of the data moved, the data looked at, copied, and what goes out of band. */
#include "nbl_testing.h"

static NDIS_HANDLE pool;

static int make_pool(void **state)
{
	(void)state;
	pool = buffer_pool(0);
	return 0;
}

static int free_pool(void **state)
{
	(void)state;
	NdisFreeNetBufferPool(pool);
	return 0;
}

static void i42_a_retreat_that_fits_moves_over_mdls(void **state)
{
	ULONG lengths[] = { 3, 0, 5, 4 };
	PMDL chain = chain_make(lengths, 4, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, chain, 9, 3);
	UCHAR data[12];

	(void)state;
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 7, 100, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(nb->DataOffset, 2);
	assert_int_equal(nb->DataLength, 10);
	assert_ptr_equal(nb->MdlChain, chain);
	assert_ptr_equal(nb->CurrentMdl, chain);
	assert_consistent(nb);
	data_read(nb, data);
	assert_int_equal(data[0], 2);
	NdisAdvanceNetBufferDataStart(nb, 7, FALSE, NULL);
	assert_int_equal(nb->DataOffset, 9);
	assert_int_equal(nb->DataLength, 3);
	assert_ptr_equal(nb->CurrentMdl, chain->Next->Next->Next);
	assert_int_equal(nb->CurrentMdlOffset, 1);
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

static void i42_a_retreat_that_does_not_fit_prepends_an_mdl(void **state)
{
	ULONG lengths[] = { 6 };
	PMDL chain = chain_make(lengths, 1, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, chain, 2, 4);
	UCHAR data[18];

	(void)state;
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 14, 20, NULL), NDIS_STATUS_SUCCESS);
	assert_ptr_not_equal(nb->MdlChain, chain);
	assert_ptr_equal(nb->MdlChain->Next, chain);
	assert_int_equal(MmGetMdlByteCount(nb->MdlChain), 12 + 20);
	assert_int_equal(nb->DataOffset, 20);
	assert_int_equal(nb->DataLength, 18);
	assert_consistent(nb);
	data_read(nb, data);
	assert_int_equal(data[12], 0);
	assert_int_equal(data[17], 5);
	/* The backfill serves the next retreat. */
	NdisRetreatNetBufferDataStart(nb, 20, 0, NULL);
	assert_int_equal(nb->DataOffset, 0);
	NdisAdvanceNetBufferDataStart(nb, 20, TRUE, NULL);
	assert_ptr_not_equal(nb->MdlChain, chain);
	NdisAdvanceNetBufferDataStart(nb, 14, TRUE, NULL);
	assert_ptr_equal(nb->MdlChain, chain);
	assert_int_equal(nb->DataOffset, 2);
	assert_int_equal(nb->DataLength, 4);
	assert_consistent(nb);
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

static void i42_a_buffer_without_mdls_gets_one_and_loses_it(void **state)
{
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, NULL, 0, 0);

	(void)state;
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 8, 0, NULL), NDIS_STATUS_SUCCESS);
	assert_consistent(nb);
	NdisAdvanceNetBufferDataStart(nb, 8, TRUE, NULL);
	assert_null(nb->MdlChain);
	assert_null(nb->CurrentMdl);
	assert_int_equal(nb->DataOffset | nb->CurrentMdlOffset | nb->DataLength, 0);
	NdisFreeNetBuffer(nb);
}

static void i42_without_freemdl_the_mdl_stays_for_the_next_retreat(void **state)
{
	ULONG lengths[] = { 6 };
	PMDL chain = chain_make(lengths, 1, 0), added;
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, chain, 0, 6);

	(void)state;
	NdisRetreatNetBufferDataStart(nb, 10, 0, NULL);
	added = nb->MdlChain;
	NdisAdvanceNetBufferDataStart(nb, 10, FALSE, NULL);
	assert_ptr_equal(nb->MdlChain, added);
	assert_int_equal(nb->DataOffset, 10);
	assert_ptr_equal(nb->CurrentMdl, chain);
	NdisRetreatNetBufferDataStart(nb, 10, 0, NULL);
	assert_ptr_equal(nb->MdlChain, added);
	NdisAdvanceNetBufferDataStart(nb, 10, TRUE, NULL);
	assert_ptr_equal(nb->MdlChain, chain);
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

/* ---- the driver's own MDLs ---- */

static unsigned allocated, freed, fail_after;

static PMDL net_allocate_mdl(PULONG size)
{
	ULONG lengths[] = { *size };

	return allocated == fail_after ? NULL : (allocated++, chain_make(lengths, 1, 0x80));
}

static PMDL net_allocate_too_little(PULONG size)
{
	static UCHAR byte;
	static PMDL mdl;

	(void)size;
	if (!mdl)
		mdl = NdisAllocateMdl(NULL, &byte, 1);
	else
		NdisFreeMdl(mdl);
	return mdl;
}

static void net_free_mdl(PMDL mdl)
{
	assert_null(mdl->Next);
	freed++;
	chain_free(mdl);
}

static void handlers_are_called_for_what_they_made_alone(void **state)
{
	ULONG lengths[] = { 6 };
	PMDL chain = chain_make(lengths, 1, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, chain, 0, 6);

	(void)state;
	allocated = freed = 0;
	fail_after = ~0u;
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 4, 3, net_allocate_mdl), NDIS_STATUS_SUCCESS);
	assert_int_equal(MmGetMdlByteCount(nb->MdlChain), 7);
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 10, 0, NULL), NDIS_STATUS_SUCCESS);
	NdisAdvanceNetBufferDataStart(nb, 10, TRUE, net_free_mdl);
	assert_int_equal(freed, 0);
	log_capture();
	NdisAdvanceNetBufferDataStart(nb, 4, TRUE, NULL);
	assert_logged("it came from a NetAllocateMdl");
	NdisRetreatNetBufferDataStart(nb, 4, 0, NULL);
	NdisAdvanceNetBufferDataStart(nb, 4, TRUE, net_free_mdl);
	assert_int_equal(freed, 1);
	assert_ptr_equal(nb->MdlChain, chain);
	assert_int_equal(nb->DataOffset, 0);
	log_capture();
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 4, 0, net_allocate_too_little),
			 NDIS_STATUS_RESOURCES);
	assert_logged("an MDL of 1 bytes, 4 were wanted");
	assert_ptr_equal(nb->MdlChain, chain);
	{
		ULONG size = 0;

		net_allocate_too_little(&size);
	}
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

static void a_list_retreats_whole_or_not_at_all(void **state)
{
	NDIS_HANDLE lists = list_pool(FALSE, 0, 0);
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(lists, 0, 0);
	ULONG lengths[] = { 6 };
	PNET_BUFFER nb[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		nb[i] = NdisAllocateNetBuffer(pool, chain_make(lengths, 1, 0), 0, 6);
	nbl->FirstNetBuffer = nb[0];
	nb[0]->Next = nb[1];
	nb[1]->Next = nb[2];
	allocated = freed = 0;
	fail_after = 2;
	assert_int_equal(NdisRetreatNetBufferListDataStart(nbl, 4, 0, net_allocate_mdl, net_free_mdl),
			 NDIS_STATUS_RESOURCES);
	assert_int_equal(freed, 2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(nb[i]->DataLength, 6);
	fail_after = ~0u;
	assert_int_equal(NdisRetreatNetBufferListDataStart(nbl, 4, 0, net_allocate_mdl, net_free_mdl),
			 NDIS_STATUS_SUCCESS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(nb[i]->DataLength, 10);
	NdisAdvanceNetBufferListDataStart(nbl, 4, TRUE, net_free_mdl);
	assert_int_equal(freed, 5);
	for (int i = 0; i < 3; i++) {
		assert_consistent(nb[i]);
		chain_free(nb[i]->MdlChain);
		NdisFreeNetBuffer(nb[i]);
	}
	NdisFreeNetBufferList(nbl);
	NdisFreeNetBufferListPool(lists);
}

static void too_far_is_refused(void **state)
{
	ULONG lengths[] = { 6 };
	PMDL chain = chain_make(lengths, 1, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, chain, 1, 5);

	(void)state;
	log_capture();
	NdisAdvanceNetBufferDataStart(nb, 6, TRUE, NULL);
	assert_logged("DataOffsetDelta is 6, the NET_BUFFER has 5 bytes");
	assert_int_equal(nb->DataLength, 5);
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, MAXULONG, 0, NULL), NDIS_STATUS_FAILURE);
	assert_int_equal(NdisRetreatNetBufferDataStart(nb, 10, MAXULONG, NULL), NDIS_STATUS_FAILURE);
	NdisAdvanceNetBufferDataStart(nb, 5, TRUE, NULL);
	assert_consistent(nb);
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

/* ---- looking ---- */

static void i43_contiguous_data_are_pointed_at(void **state)
{
	ULONG lengths[] = { 4, 0, 8 };
	PMDL chain = chain_make(lengths, 3, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, chain, 1, 11);
	UCHAR storage[16];
	UCHAR *first = MmGetMdlVirtualAddress(chain);

	(void)state;
	assert_ptr_equal(NdisGetDataBuffer(nb, 3, storage, 1, 0), first + 1);
	assert_ptr_equal(NdisGetDataBuffer(nb, 3, NULL, 1, 0), first + 1);
	assert_ptr_equal(NdisGetDataBuffer(nb, 11, storage, 1, 0), storage);
	for (UCHAR i = 0; i < 11; i++)
		assert_int_equal(storage[i], i + 1);
	assert_null(NdisGetDataBuffer(nb, 4, NULL, 1, 0));
	assert_null(NdisGetDataBuffer(nb, 12, storage, 1, 0));
	/* malloc aligns to 16, so the second byte is 16n + 1. */
	assert_ptr_equal(NdisGetDataBuffer(nb, 2, NULL, 4, 1), first + 1);
	assert_null(NdisGetDataBuffer(nb, 2, NULL, 4, 0));
	memset(storage, 0, sizeof(storage));
	assert_ptr_equal(NdisGetDataBuffer(nb, 2, storage, 4, 0), storage);
	assert_int_equal(storage[1], 2);
	log_capture();
	assert_null(NdisGetDataBuffer(nb, 2, storage, 3, 0));
	assert_logged("AlignMultiple is 3");
	/* The data begin where an MDL without bytes follows. */
	NdisAdvanceNetBufferDataStart(nb, 3, FALSE, NULL);
	assert_ptr_equal(NdisGetDataBuffer(nb, 8, NULL, 1, 0),
			 MmGetMdlVirtualAddress(chain->Next->Next));
	NdisFreeNetBuffer(nb);
	nb = NdisAllocateNetBuffer(pool, NULL, 0, 0);
	assert_null(NdisGetDataBuffer(nb, 0, storage, 1, 0));
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

static void i44_current_mdl_is_found_again(void **state)
{
	ULONG lengths[] = { 4, 0, 8 };
	PMDL chain = chain_make(lengths, 3, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(pool, NULL, 0, 0);

	(void)state;
	NET_BUFFER_FIRST_MDL(nb) = chain;
	NET_BUFFER_DATA_OFFSET(nb) = 6;
	NET_BUFFER_DATA_LENGTH(nb) = 6;
	NdisAdjustNetBufferCurrentMdl(nb);
	assert_ptr_equal(nb->CurrentMdl, chain->Next->Next);
	assert_int_equal(nb->CurrentMdlOffset, 2);
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

static void a_copy_ends_with_the_data_or_the_space(void **state)
{
	ULONG from_lengths[] = { 3, 3, 3 }, to_lengths[] = { 2, 0, 5 };
	PMDL from_chain = chain_make(from_lengths, 3, 1), to_chain = chain_make(to_lengths, 3, 100);
	PNET_BUFFER from = NdisAllocateNetBuffer(pool, from_chain, 1, 7);
	PNET_BUFFER to = NdisAllocateNetBuffer(pool, to_chain, 1, 0);
	ULONG copied = 99;
	UCHAR data[6];

	(void)state;
	/* Space: 7 bytes, of which 1 lies before the data and 1 is skipped. */
	assert_int_equal(NdisCopyFromNetBufferToNetBuffer(to, 1, 50, from, 2, &copied),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(copied, 5);
	assert_int_equal(to->DataLength, 0);
	to->DataLength = 6;
	data_read(to, data);
	assert_int_equal(data[0], 101);
	for (UCHAR i = 1; i < 6; i++)
		assert_int_equal(data[i], 3 + i);
	NdisCopyFromNetBufferToNetBuffer(to, 0, 50, from, 5, &copied);
	assert_int_equal(copied, 2);
	NdisCopyFromNetBufferToNetBuffer(to, 0, 50, from, 7, &copied);
	assert_int_equal(copied, 0);
	NdisCopyFromNetBufferToNetBuffer(to, MAXULONG, 50, from, 0, &copied);
	assert_int_equal(copied, 0);
	NdisCopyFromNetBufferToNetBuffer(to, 0, 50, from, MAXULONG, &copied);
	assert_int_equal(copied, 0);
	NdisFreeNetBuffer(from);
	NdisFreeNetBuffer(to);
	chain_free(from_chain);
	chain_free(to_chain);
}

/* ---- out of band ---- */

static void assert_copied(VOID (*copy)(PNET_BUFFER_LIST, PNET_BUFFER_LIST), const int *slots, int n)
{
	NDIS_HANDLE lists = list_pool(FALSE, 0, 0);
	PNET_BUFFER_LIST from = NdisAllocateNetBufferList(lists, 0, 0);
	PNET_BUFFER_LIST to = NdisAllocateNetBufferList(lists, 0, 0);

	for (int i = 0; i < MaxNetBufferListInfo; i++)
		NET_BUFFER_LIST_INFO(from, i) = (PVOID)(uintptr_t)(i + 1);
	copy(to, from);
	for (int i = 0; i < MaxNetBufferListInfo; i++) {
		uintptr_t wanted = 0;

		for (int s = 0; s < n; s++)
			if (slots[s] == i)
				wanted = (uintptr_t)i + 1;
		assert_int_equal((uintptr_t)NET_BUFFER_LIST_INFO(to, i), wanted);
	}
	NdisFreeNetBufferList(from);
	NdisFreeNetBufferList(to);
	NdisFreeNetBufferListPool(lists);
}

static void p16_information_of_a_send_is_copied(void **state)
{
	static const int slots[] = {
		TcpIpChecksumNetBufferListInfo, IPsecOffloadV1NetBufferListInfo,
		TcpLargeSendNetBufferListInfo, Ieee8021QNetBufferListInfo, MediaSpecificInformation,
		NetBufferListCancelId, NetBufferListProtocolId,
		IPsecOffloadV2TunnelNetBufferListInfo, IPsecOffloadV2HeaderNetBufferListInfo,
		VirtualSubnetInfo, NetBufferListFilteringInfo,
	};

	(void)state;
	assert_copied(NdisCopySendNetBufferListInfo, slots, ARRAYSIZE(slots));
}

static void p16_information_of_a_receive_is_copied(void **state)
{
	static const int slots[] = {
		TcpIpChecksumNetBufferListInfo, IPsecOffloadV1NetBufferListInfo, TcpReceiveNoPush,
		Ieee8021QNetBufferListInfo, MediaSpecificInformation, NetBufferListFrameType,
		NetBufferListHashValue, NetBufferListHashInfo,
		IPsecOffloadV2TunnelNetBufferListInfo, IPsecOffloadV2HeaderNetBufferListInfo,
		VirtualSubnetInfo, NetBufferListFilteringInfo,
	};

	(void)state;
	assert_copied(NdisCopyReceiveNetBufferListInfo, slots, ARRAYSIZE(slots));
}

static void a_time_stamp_is_set_read_and_copied(void **state)
{
	NDIS_HANDLE lists = list_pool(FALSE, 0, 0);
	PNET_BUFFER_LIST a = NdisAllocateNetBufferList(lists, 0, 0);
	PNET_BUFFER_LIST b = NdisAllocateNetBufferList(lists, 0, 0);
	NET_BUFFER_LIST_TIMESTAMP in = { 0x123456789ABCDEFull }, out;

	(void)state;
	NdisGetNblTimestampInfo(a, &out);
	assert_int_equal(out.Timestamp, 0);
	NdisSetNblTimestampInfo(a, &in);
	NdisCopyNblTimestampInfo(b, a);
	NdisGetNblTimestampInfo(b, &out);
	assert_int_equal(out.Timestamp, in.Timestamp);
	NdisFreeNetBufferList(a);
	NdisFreeNetBufferList(b);
	NdisFreeNetBufferListPool(lists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i42_a_retreat_that_fits_moves_over_mdls),
		cmocka_unit_test(i42_a_retreat_that_does_not_fit_prepends_an_mdl),
		cmocka_unit_test(i42_a_buffer_without_mdls_gets_one_and_loses_it),
		cmocka_unit_test(i42_without_freemdl_the_mdl_stays_for_the_next_retreat),
		cmocka_unit_test(handlers_are_called_for_what_they_made_alone),
		cmocka_unit_test(a_list_retreats_whole_or_not_at_all),
		cmocka_unit_test(too_far_is_refused),
		cmocka_unit_test(i43_contiguous_data_are_pointed_at),
		cmocka_unit_test(i44_current_mdl_is_found_again),
		cmocka_unit_test(a_copy_ends_with_the_data_or_the_space),
		cmocka_unit_test(p16_information_of_a_send_is_copied),
		cmocka_unit_test(p16_information_of_a_receive_is_copied),
		cmocka_unit_test(a_time_stamp_is_set_read_and_copied),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
