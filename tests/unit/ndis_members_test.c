/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members of the public structures that the other headers compared with
 * (ntddndis_oracle.sh) do not know, or that contract table K counts by size only:
 * their offsets follow from the documented order and the alignment of x64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ndis.h>
#include <netiodef.h>

#define assert_size(type, number)           assert_int_equal(sizeof(type), number)
#define assert_offset(type, member, number) assert_int_equal(offsetof(type, member), number)

static void k_queue_members(void **state)
{
	(void)state;
	assert_offset(NDIS_RECEIVE_QUEUE_FREE_PARAMETERS, Flags, 4);
	assert_offset(NDIS_RECEIVE_QUEUE_FREE_PARAMETERS, QueueId, 8);
	assert_offset(NDIS_RECEIVE_QUEUE_INFO_ARRAY, FirstElementOffset, 4);
	assert_offset(NDIS_RECEIVE_QUEUE_INFO_ARRAY, NumElements, 8);
	assert_offset(NDIS_RECEIVE_QUEUE_INFO_ARRAY, ElementSize, 12);
	assert_offset(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, FirstElementOffset, 8);
	assert_offset(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, NumElements, 12);
	assert_offset(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, ElementSize, 16);
	assert_offset(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS, QueueId, 8);
	assert_offset(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS, CompletionStatus, 12);
	assert_offset(NDIS_RECEIVE_QUEUE_STATE, QueueId, 8);
	assert_offset(NDIS_RECEIVE_QUEUE_STATE, QueueState, 12);
}

static void k_filter_members(void **state)
{
	(void)state;
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, FilterType, 8);
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, QueueId, 12);
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, FilterId, 16);
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, FieldParametersArrayOffset, 20);
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, RequestedFilterIdBitCount, 32);
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, MaxCoalescingDelay, 36);
	assert_offset(NDIS_RECEIVE_FILTER_PARAMETERS, VPortId, 40);
	assert_offset(NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS, QueueId, 8);
	assert_offset(NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS, FilterId, 12);
	assert_offset(NDIS_RECEIVE_FILTER_INFO, FilterType, 8);
	assert_offset(NDIS_RECEIVE_FILTER_INFO, FilterId, 12);
	assert_offset(NDIS_RECEIVE_FILTER_INFO_ARRAY, QueueId, 4);
	assert_offset(NDIS_RECEIVE_FILTER_INFO_ARRAY, FirstElementOffset, 8);
	assert_offset(NDIS_RECEIVE_FILTER_INFO_ARRAY, VPortId, 24);
	assert_offset(NDIS_RECEIVE_FILTER_GLOBAL_PARAMETERS, EnabledFilterTypes, 8);
	assert_offset(NDIS_RECEIVE_FILTER_GLOBAL_PARAMETERS, EnabledQueueTypes, 12);
	assert_offset(NDIS_RECEIVE_FILTER_CAPABILITIES, NumQueues, 16);
	assert_offset(NDIS_RECEIVE_FILTER_CAPABILITIES, SupportedMacHeaderFields, 32);
	assert_offset(NDIS_RECEIVE_FILTER_CAPABILITIES, MaxLookaheadSplitSize, 52);
	assert_offset(NDIS_RECEIVE_FILTER_CAPABILITIES, SupportedARPHeaderFields, 56);
	assert_offset(NDIS_RECEIVE_FILTER_CAPABILITIES, MaxPacketCoalescingFilters, 76);
}

static void k_memory_and_context_members(void **state)
{
	(void)state;
	assert_offset(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, ProviderContext, 8);
	assert_offset(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, AllocateSharedMemoryHandler, 16);
	assert_offset(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, FreeSharedMemoryHandler, 24);
	assert_offset(NDIS_SCATTER_GATHER_LIST_PARAMETERS, SharedMemoryUsage, 12);
	assert_offset(NDIS_SCATTER_GATHER_LIST_PARAMETERS, Mdl, 16);
	assert_offset(NDIS_SCATTER_GATHER_LIST_PARAMETERS, Length, 32);
	assert_offset(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ProcessSGListHandler, 40);
	assert_offset(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBufferSizeNeeded, 68);
	assert_offset(NET_BUFFER_LIST_CONTEXT, Size, 8);
	assert_offset(NET_BUFFER_LIST_CONTEXT, Offset, 10);
	assert_int_equal(offsetof(NET_BUFFER_LIST_CONTEXT, ContextData) % 16, 0);
	assert_offset(NDIS_RECEIVE_SCALE_CAPABILITIES, NumberOfReceiveQueues, 12);
	assert_offset(NDIS_RECEIVE_SCALE_CAPABILITIES, NumberOfIndirectionTableEntries, 16);
	assert_offset(NDIS_OFFLOAD_ENCAPSULATION, IPv6, 16);
}

static void k_oid_request_of_680_is_longer(void **state)
{
	(void)state;
	assert_int_equal(NDIS_OID_REQUEST_REVISION_2, 2);
	assert_int_equal(offsetof(NDIS_OID_REQUEST, SwitchId), NDIS_SIZEOF_OID_REQUEST_REVISION_1);
	assert_int_equal(NDIS_SIZEOF_OID_REQUEST_REVISION_2, NDIS_SIZEOF_OID_REQUEST_REVISION_1 + 12);
}

static void rss_version_2(void **state)
{
	(void)state;
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS_V2, HashInformation, 8);
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS_V2, HashSecretKeyOffset, 16);
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS_V2, NumberOfIndirectionTableEntries, 24);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_V2_REVISION_1, 28);
	assert_offset(NDIS_RSS_SET_INDIRECTION_ENTRY, IndirectionTableIndex, 12);
	assert_offset(NDIS_RSS_SET_INDIRECTION_ENTRY, TargetProcessorNumber, 14);
	assert_offset(NDIS_RSS_SET_INDIRECTION_ENTRY, EntryStatus, 20);
	assert_int_equal(NDIS_SIZEOF_RSS_SET_INDIRECTION_ENTRIES_REVISION_1, 20);
	assert_int_equal(OID_GEN_RECEIVE_SCALE_PARAMETERS_V2, 0x00010214);
	assert_int_equal(OID_GEN_RSS_SET_INDIRECTION_TABLE_ENTRIES, 0x000102C0);
}

static void poll_structures(void **state)
{
	(void)state;
	assert_offset(NDIS_POLL_TRANSMIT_DATA, CompletedNblChain, 16);
	assert_offset(NDIS_POLL_TRANSMIT_DATA, NumberOfRemainingNbls, 28);
	assert_offset(NDIS_POLL_TRANSMIT_DATA, SendCompleteFlags, 32);
	assert_size(NDIS_POLL_TRANSMIT_DATA, 72);
	assert_offset(NDIS_POLL_RECEIVE_DATA, IndicatedNblChain, 16);
	assert_offset(NDIS_POLL_RECEIVE_DATA, Flags, 32);
	assert_offset(NDIS_POLL_DATA, Receive, 72);
	assert_offset(NDIS_POLL_CHARACTERISTICS, PollHandler, 16);
	assert_int_equal(NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1, 24);
	assert_int_equal(NDIS_ANY_NUMBER_OF_NBLS, 0xFFFFFFFFU);
}

static void switch_forwarding_is_one_word_of_the_nbl(void **state)
{
	NET_BUFFER_LIST nbl = { 0 };
	PNDIS_SWITCH_FORWARDING_DETAIL_NET_BUFFER_LIST_INFO detail =
		NET_BUFFER_LIST_SWITCH_FORWARDING_DETAIL(&nbl);

	(void)state;
	detail->NumAvailableDestinations = 2;
	detail->SourcePortId = 3;
	detail->SourceNicIndex = 4;
	detail->IsPacketDataSafe = 1;
	assert_int_equal((uintptr_t)NET_BUFFER_LIST_INFO(&nbl, SwitchForwardingDetail),
			 2 | 3 << 16 | 4UL << 32 | 1UL << 42);
	assert_size(NDIS_SWITCH_PORT_DESTINATION, 8);
	assert_offset(NDIS_SWITCH_FORWARDING_DESTINATION_ARRAY, FirstElement, 16);
}

static void switch_arrays_are_walked_by_their_own_sizes(void **state)
{
	struct {
		NDIS_SWITCH_PORT_ARRAY head;
		char gap[8];
		struct {
			NDIS_SWITCH_PORT_PARAMETERS port;
			ULONG more;
		} element[2];
	} ports = { .head = { .NumElements = 2 } };

	(void)state;
	ports.head.FirstElementOffset = (USHORT)((char *)ports.element - (char *)&ports);
	ports.head.ElementSize = sizeof(ports.element[0]);
	ports.element[1].port.PortId = 77;
	assert_int_equal(NDIS_SWITCH_PORT_AT_ARRAY_INDEX(&ports.head, 1)->PortId, 77);
}

static void headers_of_the_wire(void **state)
{
	static const UCHAR tcp[20] = { 0x12, 0x34, 0, 80, [12] = 0x50, [13] = TH_SYN };
	IPV4_HEADER ip = { 0 };
	const TCP_HDR *header = (const TCP_HDR *)(const void *)tcp;

	(void)state;
	ip.VersionAndHeaderLength = 0x45;
	assert_int_equal(ip.Version, 4);
	assert_int_equal(ip.HeaderLength, 5);
	assert_int_equal(header->th_len, 5);
	assert_int_equal(header->th_flags, TH_SYN);
	assert_offset(IPV6_HEADER, DestinationAddress, 24);
	assert_offset(ETHERNET_HEADER, Type, 12);
	assert_size(UDP_HDR, 8);
	assert_size(IPV6_FRAGMENT_HEADER, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(k_queue_members),
		cmocka_unit_test(k_filter_members),
		cmocka_unit_test(k_memory_and_context_members),
		cmocka_unit_test(k_oid_request_of_680_is_longer),
		cmocka_unit_test(rss_version_2),
		cmocka_unit_test(poll_structures),
		cmocka_unit_test(switch_forwarding_is_one_word_of_the_nbl),
		cmocka_unit_test(switch_arrays_are_walked_by_their_own_sizes),
		cmocka_unit_test(headers_of_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
