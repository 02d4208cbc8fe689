/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of the public NDIS headers: sizes and offsets of contract table K,
 * the flag values of A46, the values of the enums. They are ABI: a driver that
 * was written from the documentation, or memory shared with one, relies on them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ndis.h>
#include <ovmq.h>

#define assert_size(type, number)          assert_int_equal(sizeof(type), number)
#define assert_offset(type, member, number) assert_int_equal(offsetof(type, member), number)

static void k_basic_types_have_the_sizes_of_x64_windows(void **state)
{
	(void)state;
	assert_size(ULONG, 4);
	assert_size(LONG, 4);
	assert_size(USHORT, 2);
	assert_size(WCHAR, 2);
	assert_size(BOOLEAN, 1);
	assert_size(KIRQL, 1);
	assert_size(ULONG64, 8);
	assert_size(SIZE_T, 8);
	assert_size(PVOID, 8);
	assert_size(NTSTATUS, 4);
	assert_size(NDIS_STATUS, 4);
	assert_size(LARGE_INTEGER, 8);
	assert_size(UNICODE_STRING, 16);
	assert_size(LIST_ENTRY, 16);
	assert_size(SLIST_HEADER, 16);
	assert_int_equal(_Alignof(SLIST_HEADER), 16);
	assert_size(GROUP_AFFINITY, 16);
	assert_size(PROCESSOR_NUMBER, 4);
	assert_size(GUID, 16);
	assert_true((ULONG)-1 > 0 && (LONG)-1 < 0);
}

static void k_headers_and_names(void **state)
{
	(void)state;
	assert_size(NDIS_OBJECT_HEADER, 4);
	assert_offset(NDIS_OBJECT_HEADER, Revision, 1);
	assert_offset(NDIS_OBJECT_HEADER, Size, 2);
	assert_size(NDIS_VM_NAME, 516);
	assert_size(NDIS_QUEUE_NAME, 516);
	assert_int_equal(NDIS_OBJECT_TYPE_DEFAULT, 0x80);
	assert_int_equal(NDIS_OBJECT_TYPE_RSS_CAPABILITIES, 0x88);
	assert_int_equal(NDIS_OBJECT_TYPE_RSS_PARAMETERS, 0x89);
	assert_int_equal(NDIS_OBJECT_TYPE_OID_REQUEST, 0x96);
	assert_int_equal(NDIS_OBJECT_TYPE_STATUS_INDICATION, 0x98);
	assert_int_equal(NDIS_OBJECT_TYPE_OFFLOAD, 0xA7);
	assert_int_equal(NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION, 0xA8);
	assert_int_equal(NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES, 0xAF);
	assert_int_equal(NDIS_OBJECT_TYPE_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, 0xB0);
	assert_int_equal(NDIS_OBJECT_TYPE_QOS_CAPABILITIES, 0xB5);
	assert_int_equal(NDIS_OBJECT_TYPE_QOS_PARAMETERS, 0xB6);
	assert_int_equal(NDIS_OBJECT_TYPE_QOS_CLASSIFICATION_ELEMENT, 0xB7);
}

static void k_receive_queue_structures(void **state)
{
	(void)state;
	assert_offset(NDIS_RECEIVE_QUEUE_PARAMETERS, ProcessorAffinity, 24);
	assert_offset(NDIS_RECEIVE_QUEUE_PARAMETERS, NumSuggestedReceiveBuffers, 40);
	assert_offset(NDIS_RECEIVE_QUEUE_PARAMETERS, VmName, 52);
	assert_offset(NDIS_RECEIVE_QUEUE_PARAMETERS, QueueName, 568);
	assert_offset(NDIS_RECEIVE_QUEUE_PARAMETERS, PortId, 1084);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_1, 1084);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2, 1092);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_3, 1096);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1, 12);
	assert_offset(NDIS_RECEIVE_QUEUE_INFO, QueueState, 20);
	assert_offset(NDIS_RECEIVE_QUEUE_INFO, ProcessorAffinity, 24);
	assert_offset(NDIS_RECEIVE_QUEUE_INFO, NumFilters, 1084);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_INFO_REVISION_1, 1084);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_INFO_REVISION_2, 1092);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_INFO_ARRAY_REVISION_1, 16);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1, 20);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1, 16);
	assert_int_equal(NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1, 16);
}

static void k_receive_filter_structures(void **state)
{
	(void)state;
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_1, 36);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2, 44);
	assert_offset(NDIS_RECEIVE_FILTER_FIELD_PARAMETERS, HeaderField, 16);
	assert_offset(NDIS_RECEIVE_FILTER_FIELD_PARAMETERS, FieldValue, 24);
	assert_offset(NDIS_RECEIVE_FILTER_FIELD_PARAMETERS, ResultValue, 40);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_1, 56);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2, 56);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1, 16);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_INFO_REVISION_1, 16);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_1, 20);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2, 28);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_MOVE_FILTER_PARAMETERS_REVISION_1, 24);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_GLOBAL_PARAMETERS_REVISION_1, 16);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1, 56);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2, 84);
}

static void k_shared_memory_structures(void **state)
{
	(void)state;
	assert_offset(NDIS_SHARED_MEMORY_PARAMETERS, SharedMemoryHandle, 16);
	assert_offset(NDIS_SHARED_MEMORY_PARAMETERS, VirtualAddress, 40);
	assert_offset(NDIS_SHARED_MEMORY_PARAMETERS, SGListBuffer, 56);
	assert_int_equal(NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1, 64);
	assert_int_equal(NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2, 68);
	assert_size(NET_BUFFER_SHARED_MEMORY, 32);
	assert_offset(NET_BUFFER_SHARED_MEMORY, SharedMemoryHandle, 16);
	assert_offset(NET_BUFFER_SHARED_MEMORY, SharedMemoryLength, 28);
	assert_size(SCATTER_GATHER_ELEMENT, 24);
	assert_offset(SCATTER_GATHER_LIST, Elements, 16);
}

static void k_net_buffer_and_list(void **state)
{
	(void)state;
	assert_size(NET_BUFFER, 176);
	assert_offset(NET_BUFFER, CurrentMdl, 8);
	assert_offset(NET_BUFFER, DataLength, 24);
	assert_offset(NET_BUFFER, MdlChain, 32);
	assert_offset(NET_BUFFER, DataOffset, 40);
	assert_offset(NET_BUFFER, ChecksumBias, 48);
	assert_offset(NET_BUFFER, NdisPoolHandle, 56);
	assert_offset(NET_BUFFER, NdisReserved, 64);
	assert_offset(NET_BUFFER, ProtocolReserved, 80);
	assert_offset(NET_BUFFER, MiniportReserved, 128);
	assert_offset(NET_BUFFER, DataPhysicalAddress, 160);
	assert_offset(NET_BUFFER, SharedMemoryInfo, 168);
	assert_offset(NET_BUFFER_LIST, Context, 16);
	assert_offset(NET_BUFFER_LIST, NdisPoolHandle, 32);
	assert_offset(NET_BUFFER_LIST, NdisReserved, 48);
	assert_offset(NET_BUFFER_LIST, ProtocolReserved, 64);
	assert_offset(NET_BUFFER_LIST, MiniportReserved, 96);
	assert_offset(NET_BUFFER_LIST, Scratch, 112);
	assert_offset(NET_BUFFER_LIST, SourceHandle, 120);
	assert_offset(NET_BUFFER_LIST, NblFlags, 128);
	assert_offset(NET_BUFFER_LIST, Status, 140);
	assert_offset(NET_BUFFER_LIST, NetBufferListInfo, 144);
	assert_int_equal(Ieee8021QNetBufferListInfo, 4);
	assert_int_equal(NetBufferListCancelId, 5);
	assert_int_equal(NetBufferListHashValue, 8);
	assert_int_equal(NetBufferListHashInfo, 9);
	assert_int_equal(NetBufferListFilteringInfo, 14);
	assert_int_equal(TcpRecvSegCoalesceInfo, 22);
	assert_int_equal(MaxNetBufferListInfo, 24);
	assert_size(MDL, 48);
	assert_offset(MDL, MappedSystemVa, 24);
	assert_offset(MDL, StartVa, 32);
	assert_offset(MDL, ByteCount, 40);
	assert_offset(MDL, ByteOffset, 44);
}

static void k_oob_words_are_one_pointer_each(void **state)
{
	(void)state;
	assert_size(NDIS_NET_BUFFER_LIST_FILTERING_INFO, 8);
	assert_size(NDIS_NET_BUFFER_LIST_8021Q_INFO, 8);
	assert_size(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, 8);
	assert_size(NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO, 8);
	assert_size(NDIS_RSC_NBL_INFO, 8);
}

static void k_tag_bits_lie_where_the_wire_format_of_the_word_wants_them(void **state)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { 0 };
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sum = { 0 };

	(void)state;
	tag.TagHeader.UserPriority = 5;
	tag.TagHeader.VlanId = 0x123;
	assert_ptr_equal(tag.Value, (PVOID)(uintptr_t)(5 | 0x123 << 4));
	sum.Transmit.TcpHeaderOffset = 34;
	sum.Transmit.TcpChecksum = 1;
	assert_ptr_equal(sum.Value, (PVOID)(uintptr_t)(34 << 16 | 4));
}

static void k_b2_queue_id_macro_is_an_lvalue_in_the_filtering_slot(void **state)
{
	NET_BUFFER_LIST nbl;

	(void)state;
	memset(&nbl, 0, sizeof(nbl));
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&nbl) = 0xABCD;
	NET_BUFFER_LIST_RECEIVE_FILTER_ID(&nbl) = 0x12;
	assert_ptr_equal(NET_BUFFER_LIST_INFO(&nbl, NetBufferListFilteringInfo),
			 (PVOID)(uintptr_t)0xABCD0012);
	assert_int_equal(NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&nbl), 0xABCD);
	assert_int_equal(NET_BUFFER_LIST_RECEIVE_FILTER_VPORT_ID(&nbl), 0xABCD);
}

static void k_oid_request_and_status(void **state)
{
	(void)state;
	assert_offset(NDIS_OID_REQUEST, RequestType, 4);
	assert_offset(NDIS_OID_REQUEST, RequestId, 16);
	assert_offset(NDIS_OID_REQUEST, DATA, 32);
	assert_offset(NDIS_OID_REQUEST, DATA.QUERY_INFORMATION.InformationBuffer, 40);
	assert_offset(NDIS_OID_REQUEST, DATA.METHOD_INFORMATION.BytesNeeded, 68);
	assert_offset(NDIS_STATUS_INDICATION, StatusCode, 20);
	assert_offset(NDIS_STATUS_INDICATION, StatusBuffer, 48);
	assert_int_equal(NdisRequestQueryInformation, 0);
	assert_int_equal(NdisRequestSetInformation, 1);
	assert_int_equal(NdisRequestQueryStatistics, 2);
	assert_int_equal(NdisRequestMethod, 12);
}

static void k_rss_structures(void **state)
{
	(void)state;
	assert_int_equal(NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1, 16);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2, 18);
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS, HashInformation, 8);
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS, IndirectionTableOffset, 16);
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS, HashSecretKeyOffset, 24);
	assert_offset(NDIS_RECEIVE_SCALE_PARAMETERS, DefaultProcessorNumber, 40);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1, 28);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2, 40);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_3, 44);
	assert_offset(NDIS_RECEIVE_HASH_PARAMETERS, HashSecretKeyOffset, 16);
	assert_int_equal(NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1, 20);
	assert_int_equal(NDIS_HASH_UDP_IPV6_EX, 0x10000);
	assert_int_equal(NDIS_RSS_CAPS_SUPPORTS_MSI_X, 0x20000000);
	assert_int_equal(NDIS_RSS_PARAM_FLAG_DISABLE_RSS, 0x10);
	assert_int_equal(NDIS_RSS_PARAM_FLAG_DEFAULT_PROCESSOR_UNCHANGED, 0x20);
}

static void k_qos_structures(void **state)
{
	(void)state;
	assert_int_equal(NDIS_SIZEOF_QOS_CAPABILITIES_REVISION_1, 20);
	assert_offset(NDIS_QOS_PARAMETERS, PriorityAssignmentTable, 12);
	assert_offset(NDIS_QOS_PARAMETERS, TcBandwidthAssignmentTable, 20);
	assert_offset(NDIS_QOS_PARAMETERS, TsaAssignmentTable, 28);
	assert_offset(NDIS_QOS_PARAMETERS, PfcEnable, 36);
	assert_int_equal(NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1, 52);
	assert_int_equal(NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1, 16);
	assert_int_equal(NDIS_QOS_PARAMETERS_WILLING, 0x80000000U);
}

static void k_offload_structures(void **state)
{
	(void)state;
	assert_size(NDIS_TCP_IP_CHECKSUM_OFFLOAD, 32);
	assert_size(NDIS_TCP_LARGE_SEND_OFFLOAD_V1, 16);
	assert_size(NDIS_TCP_LARGE_SEND_OFFLOAD_V2, 28);
	assert_offset(NDIS_OFFLOAD, LsoV1, 36);
	assert_offset(NDIS_OFFLOAD, IPsecV1, 52);
	assert_offset(NDIS_OFFLOAD, LsoV2, 80);
	assert_offset(NDIS_OFFLOAD, Flags, 108);
	assert_offset(NDIS_OFFLOAD, EncapsulatedPacketTaskOffloadGre, 148);
	assert_size(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD, 8);
	assert_int_equal(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV4, 1);
	assert_int_equal(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV4, 2);
	assert_int_equal(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV6, 4);
	assert_int_equal(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV6, 8);
	assert_int_equal(NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1, 112);
	assert_int_equal(NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_2, 144);
	assert_int_equal(NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3, 156);
	assert_offset(NDIS_OFFLOAD_PARAMETERS, Flags, 16);
	assert_int_equal(NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1, 20);
	assert_int_equal(NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_2, 22);
	assert_int_equal(NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3, 26);
	assert_int_equal(NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1, 28);
}

static void k_enums(void **state)
{
	(void)state;
	assert_int_equal(NdisReceiveQueueTypeVMQueue, 1);
	assert_int_equal(NdisReceiveFilterTypeVMQueue, 1);
	assert_int_equal(NdisReceiveFilterTypePacketCoalescing, 2);
	assert_int_equal(NdisReceiveFilterTestEqual, 1);
	assert_int_equal(NdisReceiveFilterTestMaskEqual, 2);
	assert_int_equal(NdisReceiveFilterTestNotEqual, 3);
	assert_int_equal(NdisFrameHeaderMac, 1);
	assert_int_equal(NdisFrameHeaderUdp, 5);
	assert_int_equal(NdisMacHeaderFieldDestinationAddress, 1);
	assert_int_equal(NdisMacHeaderFieldVlanId, 4);
	assert_int_equal(NdisMacHeaderFieldPacketType, 6);
	assert_int_equal(NdisReceiveQueueOperationalStateRunning, 1);
	assert_int_equal(NdisReceiveQueueOperationalStateDmaStopped, 3);
	assert_int_equal(NdisSharedMemoryUsageReceive, 4);
	assert_int_equal(NdisSharedMemoryUsageReceivePostLookahead, 6);
	assert_int_equal(NdisSharedMemoryUsageMax, 10);
}

static void k_capability_bits(void **state)
{
	(void)state;
	assert_int_equal(NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED, 0x1);
	assert_int_equal(NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED, 0x2);
	assert_int_equal(NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED, 0x4);
	assert_int_equal(NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED, 0x8);
	assert_int_equal(NDIS_RECEIVE_FILTER_INTERRUPT_VECTOR_COALESCING_SUPPORTED, 0x10);
	assert_int_equal(NDIS_RECEIVE_FILTER_ANY_VLAN_SUPPORTED, 0x20);
	assert_int_equal(NDIS_RECEIVE_FILTER_IMPLAT_SUM_OF_QUEUES_MODE, 0x80);
	assert_int_equal(NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED, 0x8);
	assert_int_equal(NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED, 0x1);
	assert_int_equal(NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK, 0xFFFF0000U);
	assert_int_equal(NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED, 0x20000);
	assert_int_equal(NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED, 0x100000);
}

static void k_status_values(void **state)
{
	(void)state;
	assert_int_equal((ULONG)NDIS_STATUS_INVALID_LENGTH, 0xC0010014);
	assert_int_equal((ULONG)NDIS_STATUS_FILE_NOT_FOUND, 0xC001001B);
	assert_int_equal(NDIS_STATUS_NOT_ACCEPTED, 0x00010003);
	assert_int_equal((ULONG)NDIS_STATUS_REQUEST_ABORTED, 0xC001000C);
	assert_int_equal((ULONG)NDIS_STATUS_RESET_IN_PROGRESS, 0xC001000D);
	assert_int_equal((ULONG)NDIS_STATUS_INVALID_DATA, 0xC0010015);
	assert_int_equal((ULONG)NDIS_STATUS_BUFFER_TOO_SHORT, 0xC0010016);
	assert_int_equal((ULONG)NDIS_STATUS_SEND_ABORTED, 0xC023000C);
	assert_int_equal((ULONG)NDIS_STATUS_PAUSED, 0xC023002A);
	assert_int_equal((ULONG)NDIS_STATUS_INVALID_PORT, 0xC023002D);
	assert_int_equal((ULONG)NDIS_STATUS_INVALID_PORT_STATE, 0xC023002E);
	assert_int_equal((ULONG)NDIS_STATUS_LOW_POWER_STATE, 0xC023002F);
	assert_int_equal(NDIS_STATUS_INDICATION_REQUIRED, 0x40230001);
	assert_int_equal(NDIS_STATUS_RECEIVE_QUEUE_STATE, 0x4002000D);
	assert_int_equal(NDIS_STATUS_RECEIVE_FILTER_CURRENT_CAPABILITIES, 0x40020010);
	assert_int_equal(NDIS_STATUS_RECEIVE_FILTER_HARDWARE_CAPABILITIES, 0x40020020);
	assert_int_equal(NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS, 0x40020030);
	assert_int_equal(NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE, 0x400200A0);
	assert_int_equal(NDIS_STATUS_QOS_REMOTE_PARAMETERS_CHANGE, 0x400200A1);
	assert_int_equal(NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, 0x40020006);
	assert_int_equal(NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES, 0x40020007);
}

static void k_oid_values(void **state)
{
	(void)state;
	assert_int_equal(OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, 0x00010221);
	assert_int_equal(OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, 0x00010222);
	assert_int_equal(OID_RECEIVE_FILTER_ALLOCATE_QUEUE, 0x00010223);
	assert_int_equal(OID_RECEIVE_FILTER_FREE_QUEUE, 0x00010224);
	assert_int_equal(OID_RECEIVE_FILTER_ENUM_QUEUES, 0x00010225);
	assert_int_equal(OID_RECEIVE_FILTER_QUEUE_PARAMETERS, 0x00010226);
	assert_int_equal(OID_RECEIVE_FILTER_SET_FILTER, 0x00010227);
	assert_int_equal(OID_RECEIVE_FILTER_CLEAR_FILTER, 0x00010228);
	assert_int_equal(OID_RECEIVE_FILTER_ENUM_FILTERS, 0x00010229);
	assert_int_equal(OID_RECEIVE_FILTER_PARAMETERS, 0x0001022A);
	assert_int_equal(OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, 0x0001022B);
	assert_int_equal(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, 0x0001022D);
	assert_int_equal(OID_RECEIVE_FILTER_MOVE_FILTER, 0x00010230);
}

static void A46_the_flags_have_the_documented_values(void **state)
{
	(void)state;
	assert_int_equal(NDIS_SEND_FLAGS_DISPATCH_LEVEL, 0x1);
	assert_int_equal(NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK, 0x2);
	assert_int_equal(NDIS_SEND_FLAGS_SINGLE_QUEUE, 0x4);
	assert_int_equal(NDIS_SEND_FLAGS_SWITCH_DESTINATION_GROUP, 0x10);
	assert_int_equal(NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE, 0x20);
	assert_int_equal(NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL, 0x1);
	assert_int_equal(NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE, 0x2);
	assert_int_equal(NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE, 0x4);
	assert_int_equal(NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL, 0x1);
	assert_int_equal(NDIS_RECEIVE_FLAGS_RESOURCES, 0x2);
	assert_int_equal(NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE, 0x100);
	assert_int_equal(NDIS_RECEIVE_FLAGS_SINGLE_VLAN, 0x200);
	assert_int_equal(NDIS_RECEIVE_FLAGS_PERFECT_FILTERED, 0x400);
	assert_int_equal(NDIS_RECEIVE_FLAGS_SINGLE_QUEUE, 0x800);
	assert_int_equal(NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID, 0x1000);
	assert_int_equal(NDIS_RECEIVE_FLAGS_MORE_NBLS, 0x2000);
	assert_int_equal(NDIS_RECEIVE_FLAGS_SWITCH_DESTINATION_GROUP, 0x4000);
	assert_int_equal(NDIS_RECEIVE_FLAGS_SWITCH_SINGLE_SOURCE, 0x8000);
	assert_int_equal(NDIS_RETURN_FLAGS_DISPATCH_LEVEL, 0x1);
	assert_int_equal(NDIS_RETURN_FLAGS_SINGLE_QUEUE, 0x2);
	assert_int_equal(NDIS_RETURN_FLAGS_SWITCH_SINGLE_SOURCE, 0x4);
}

static void a46_flag_macros_test_and_set(void **state)
{
	ULONG flags = 0;

	(void)state;
	NDIS_SET_RETURN_FLAG(flags, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
	assert_true(NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(flags));
	assert_true(NDIS_TEST_RECEIVE_CAN_PEND(flags));
	assert_false(NDIS_TEST_RECEIVE_CANNOT_PEND(flags));
	NDIS_SET_RECEIVE_FLAG(flags, NDIS_RECEIVE_FLAGS_RESOURCES);
	assert_true(NDIS_TEST_RECEIVE_CANNOT_PEND(flags));
	NDIS_CLEAR_RECEIVE_FLAG(flags, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
	assert_int_equal(flags, NDIS_RECEIVE_FLAGS_RESOURCES);
}

static void lists_insert_and_remove_in_order(void **state)
{
	LIST_ENTRY head, a, b, c, ring;

	(void)state;
	InitializeListHead(&head);
	assert_true(IsListEmpty(&head));
	InsertTailList(&head, &b);
	InsertTailList(&head, &c);
	InsertHeadList(&head, &a);
	assert_ptr_equal(RemoveHeadList(&head), &a);
	assert_ptr_equal(RemoveTailList(&head), &c);
	InitializeListHead(&ring);
	InsertTailList(&ring, &a);
	AppendTailList(&head, &ring);
	assert_ptr_equal(head.Blink, &a);
	assert_false(RemoveEntryList(&a));
	assert_false(RemoveEntryList(&ring));
	assert_true(RemoveEntryList(&b));
	assert_true(IsListEmpty(&head));
}

static void interlocked_operations_return_what_windows_returns(void **state)
{
	volatile LONG n = 5;
	volatile LONG64 wide = 1;
	PVOID volatile pointer = NULL;
	ULONG bit = 99;

	(void)state;
	assert_int_equal(InterlockedIncrement(&n), 6);
	assert_int_equal(InterlockedDecrement(&n), 5);
	assert_int_equal(InterlockedAdd(&n, 3), 8);
	assert_int_equal(InterlockedExchangeAdd(&n, 2), 8);
	assert_int_equal(InterlockedCompareExchange(&n, 1, 10), 10);
	assert_int_equal(InterlockedCompareExchange(&n, 7, 10), 1);
	assert_int_equal(InterlockedOr(&n, 4), 1);
	assert_int_equal(InterlockedAnd(&n, 4), 5);
	assert_int_equal(InterlockedExchange(&n, 9), 4);
	assert_int_equal(InterlockedIncrementAcquire64(&wide), 2);
	assert_int_equal(InterlockedDecrementRelease64(&wide), 1);
	assert_null(InterlockedCompareExchangePointer(&pointer, &bit, NULL));
	assert_ptr_equal(InterlockedExchangePointer(&pointer, NULL), &bit);
	assert_false(InterlockedBitTestAndSet(&n, 31));
	assert_true(InterlockedBitTestAndReset(&n, 31));
	assert_false(BitScanForward(&bit, 0));
	assert_true(BitScanReverse64(&bit, 0x8000000000000001UL));
	assert_int_equal(bit, 63);
}

static void mdl_macros_describe_a_buffer(void **state)
{
	static _Alignas(PAGE_SIZE) char memory[3 * PAGE_SIZE];
	MDL mdl;

	(void)state;
	memset(&mdl, 0xFF, sizeof(mdl));
	MmInitializeMdl(&mdl, memory + 100, PAGE_SIZE);
	assert_ptr_equal(MmGetMdlVirtualAddress(&mdl), memory + 100);
	assert_int_equal(MmGetMdlByteOffset(&mdl), 100);
	assert_int_equal(MmGetMdlByteCount(&mdl), PAGE_SIZE);
	assert_int_equal(mdl.Size, 48 + 2 * 8);
	assert_int_equal(BYTES_TO_PAGES(PAGE_SIZE + 1), 2);
	assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(memory + 4095, 2), 2);
	assert_int_equal(ROUND_TO_PAGES(1), PAGE_SIZE);
}

static void strings_count_bytes_of_16_bit_characters(void **state)
{
	NDIS_STRING keyword = NDIS_STRING_CONST("*VMQ");
	UNICODE_STRING text = RTL_CONSTANT_STRING(u"ab");

	(void)state;
	assert_int_equal(keyword.Length, 8);
	assert_int_equal(keyword.MaximumLength, 10);
	assert_int_equal(keyword.Buffer[0], '*');
	assert_int_equal(text.Length, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(k_basic_types_have_the_sizes_of_x64_windows),
		cmocka_unit_test(k_headers_and_names),
		cmocka_unit_test(k_receive_queue_structures),
		cmocka_unit_test(k_receive_filter_structures),
		cmocka_unit_test(k_shared_memory_structures),
		cmocka_unit_test(k_net_buffer_and_list),
		cmocka_unit_test(k_oob_words_are_one_pointer_each),
		cmocka_unit_test(k_tag_bits_lie_where_the_wire_format_of_the_word_wants_them),
		cmocka_unit_test(k_b2_queue_id_macro_is_an_lvalue_in_the_filtering_slot),
		cmocka_unit_test(k_oid_request_and_status),
		cmocka_unit_test(k_rss_structures),
		cmocka_unit_test(k_qos_structures),
		cmocka_unit_test(k_offload_structures),
		cmocka_unit_test(k_enums),
		cmocka_unit_test(k_capability_bits),
		cmocka_unit_test(k_status_values),
		cmocka_unit_test(k_oid_values),
		cmocka_unit_test(A46_the_flags_have_the_documented_values),
		cmocka_unit_test(a46_flag_macros_test_and_set),
		cmocka_unit_test(lists_insert_and_remove_in_order),
		cmocka_unit_test(interlocked_operations_return_what_windows_returns),
		cmocka_unit_test(mdl_macros_describe_a_buffer),
		cmocka_unit_test(strings_count_bytes_of_16_bit_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
