/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules, once. Names, ids and limits of the first group are those of Windows'
 * Driver Verifier (bug check 0xC4); the ids of the second group are our own and
 * begin with 0x4f56, which no rule of Windows does.
 */
#ifndef VERIFIER_RULES_H
#define VERIFIER_RULES_H

#define VERIFIER_DDI "https://learn.microsoft.com/windows-hardware/drivers/"
#define VERIFIER_NET VERIFIER_DDI "network/"
#define VERIFIER_API VERIFIER_DDI "ddi/ndis/"

/* X(NAME, id, "Name", limit in milliseconds or 0, what it demands, where it is told) */
#define VERIFIER_RULES(X) \
	X(OID_COMPLETE, 0x00091001, "NdisOidComplete", 0, \
	  "An OID request ends with a final status, and one that must succeed with one of few.", \
	  VERIFIER_DDI "devtest/ndis-ndisoidcomplete") \
	X(OID_DOUBLE_COMPLETE, 0x00091002, "NdisOidDoubleComplete", 0, \
	  "An OID request is completed once.", \
	  VERIFIER_DDI "devtest/ndis-ndisoiddoublecomplete") \
	X(TIMED_OID_COMPLETE, 0x00092003, "NdisTimedOidComplete", 12000, \
	  "An OID request ends within its time.", \
	  VERIFIER_DDI "devtest/ndis-ndistimedoidcomplete") \
	X(TIMED_DATA_SEND, 0x0009200d, "NdisTimedDataSend", 30000, \
	  "A miniport completes each NET_BUFFER_LIST that it was given to send, in time.", \
	  VERIFIER_DDI "devtest/ndis-ndistimeddatasend") \
	X(TIMED_DATA_HANG, 0x0009200f, "NdisTimedDataHang", 22000, \
	  "While sends are pending, a miniport completes one now and then.", \
	  VERIFIER_DDI "devtest/ndis-ndistimeddatahang") \
	X(FILTER_TIMED_PAUSE, 0x00092010, "NdisFilterTimedPauseComplete", 10000, \
	  "A filter module completes its pause in time.", \
	  VERIFIER_DDI "devtest/ndis-ndisfiltertimedpausecomplete") \
	X(FILTER_TIMED_SEND, 0x00092011, "NdisFilterTimedDataSend", 30000, \
	  "A filter module passes on, or completes, what it is given to send, in time.", \
	  VERIFIER_DDI "devtest/ndis-ndisfiltertimeddatasend") \
	X(FILTER_TIMED_RECEIVE, 0x00092012, "NdisFilterTimedDataReceive", 30000, \
	  "A filter module passes on, or returns, what is indicated to it, in time.", \
	  VERIFIER_DDI "devtest/ndis-ndisfiltertimeddatareceive") \
	\
	X(SEND_NOT_OWNED, 0x4f560101, "SendNotOwned", 0, \
	  "A driver sends only what it has: not what is on its way already.", \
	  VERIFIER_API "nf-ndis-ndissendnetbufferlists") \
	X(SEND_SOURCE, 0x4f560102, "SendSourceHandle", 0, \
	  "Who sends a NET_BUFFER_LIST first sets SourceHandle to its own handle, and nobody changes it.", \
	  VERIFIER_API "nf-ndis-ndissendnetbufferlists") \
	X(SEND_SINGLE_QUEUE, 0x4f560103, "SendSingleQueue", 0, \
	  "NDIS_SEND_FLAGS_SINGLE_QUEUE is set only when all lists of the call are for one queue.", \
	  VERIFIER_NET "vmq-transmit-path") \
	X(SEND_DOUBLE_COMPLETE, 0x4f560104, "SendDoubleComplete", 0, \
	  "A NET_BUFFER_LIST that was sent is completed once, by the driver that has it.", \
	  VERIFIER_API "nf-ndis-ndismsendnetbufferlistscomplete") \
	X(SEND_STATUS, 0x4f560105, "SendStatus", 0, \
	  "A miniport sets the Status of each NET_BUFFER_LIST that it completes.", \
	  VERIFIER_API "nf-ndis-ndismsendnetbufferlistscomplete") \
	X(SEND_MIXED, 0x4f560106, "SendMixed", 0, \
	  "All buffers of a list have one frame type, one IP version, one pair of addresses, one connection.", \
	  VERIFIER_NET "sending-ethernet-frames") \
	X(SEND_LARGE, 0x4f56010b, "SendLarge", 0, \
	  "A large send is one TCP segment in one buffer, with all headers in its first MDL, and makes several.", \
	  VERIFIER_NET "offloading-the-segmentation-of-large-tcp-packets") \
	X(SEND_HEADER, 0x4f560107, "SendHeader", 0, \
	  "The Ethernet header of a buffer, with its tag, lies in one MDL.", \
	  VERIFIER_NET "sending-ethernet-frames") \
	X(SEND_POOL, 0x4f560108, "SendPool", 0, \
	  "A list that is sent comes from a pool of NDIS.", \
	  VERIFIER_API "nf-ndis-ndissendnetbufferlists") \
	X(SEND_CHANGED, 0x4f560109, "SendChanged", 0, \
	  "While the miniport has a list nobody else changes its buffers, and it comes back as it went.", \
	  VERIFIER_API "nf-ndis-ndissendnetbufferlists") \
	X(SEND_CHILDREN, 0x4f56010a, "SendChildren", 0, \
	  "The children of a list are counted in it, and it is completed after all of them.", \
	  VERIFIER_NET "relationships-between-net-buffer-list-generations") \
	\
	X(RECEIVE_NOT_OWNED, 0x4f560201, "ReceiveNotOwned", 0, \
	  "A driver indicates only what it has: not what is on its way, or not yet returned.", \
	  VERIFIER_API "nf-ndis-ndismindicatereceivenetbufferlists") \
	X(RECEIVE_SOURCE, 0x4f560202, "ReceiveSourceHandle", 0, \
	  "Who indicates a NET_BUFFER_LIST first sets SourceHandle to its own handle.", \
	  VERIFIER_API "nf-ndis-ndismindicatereceivenetbufferlists") \
	X(RECEIVE_COUNT, 0x4f560203, "ReceiveCount", 0, \
	  "NumberOfNetBufferLists is the length of the chain.", \
	  VERIFIER_API "nf-ndis-ndismindicatereceivenetbufferlists") \
	X(RECEIVE_ONE_BUFFER, 0x4f560204, "ReceiveOneNetBuffer", 0, \
	  "A received Ethernet frame is one NET_BUFFER in a NET_BUFFER_LIST of its own.", \
	  VERIFIER_NET "indicating-received-ethernet-frames") \
	X(RECEIVE_SINGLE_QUEUE, 0x4f560205, "ReceiveSingleQueue", 0, \
	  "SINGLE_QUEUE is set when, and where it is demanded only when, all lists are of one queue.", \
	  VERIFIER_NET "vmq-receive-path") \
	X(RECEIVE_SHARED_MEMORY, 0x4f560206, "ReceiveSharedMemory", 0, \
	  "SHARED_MEMORY_INFO_VALID is set only when every SharedMemoryInfo names memory that is there.", \
	  VERIFIER_NET "vmq-receive-path") \
	X(RECEIVE_QUEUE_ID, 0x4f560207, "ReceiveQueueId", 0, \
	  "A receive indication names a queue that exists, and no filter.", \
	  VERIFIER_NET "vmq-receive-path") \
	X(RECEIVE_QUEUE_STATE, 0x4f560208, "ReceiveQueueState", 0, \
	  "Only a running queue indicates: its allocation is complete and a filter is set.", \
	  VERIFIER_NET "queue-states-and-operations") \
	X(RECEIVE_PROCESSOR, 0x4f560209, "ReceiveProcessor", 0, \
	  "A queue's frames are indicated on the processor of its affinity.", \
	  VERIFIER_DDI "ddi/ntddndis/ns-ntddndis-_ndis_receive_queue_info") \
	X(RECEIVE_ADAPTER_STATE, 0x4f56020a, "ReceiveAdapterState", 0, \
	  "A miniport indicates only while it runs.", \
	  VERIFIER_API "nc-ndis-miniport_pause") \
	X(RECEIVE_FLAGS, 0x4f560210, "ReceiveFlags", 0, \
	  "SINGLE_ETHER_TYPE, SINGLE_VLAN and PERFECT_FILTERED are set only where they are true.", \
	  VERIFIER_API "nf-ndis-ndismindicatereceivenetbufferlists") \
	X(RECEIVE_CHAIN, 0x4f56020b, "ReceiveChain", 0, \
	  "A chain indicated with NDIS_RECEIVE_FLAGS_RESOURCES is given back as it was.", \
	  VERIFIER_API "nc-ndis-protocol_receive_net_buffer_lists") \
	X(RECEIVE_KEPT, 0x4f56020c, "ReceiveKept", 0, \
	  "What was indicated with NDIS_RECEIVE_FLAGS_RESOURCES is neither kept nor returned.", \
	  VERIFIER_API "nc-ndis-protocol_receive_net_buffer_lists") \
	X(RETURN_NOT_OWNED, 0x4f56020d, "ReturnNotOwned", 0, \
	  "What was indicated to a driver is returned once, by that driver.", \
	  VERIFIER_API "nf-ndis-ndisreturnnetbufferlists") \
	X(RETURN_SINGLE_QUEUE, 0x4f56020e, "ReturnSingleQueue", 0, \
	  "NDIS_RETURN_FLAGS_SINGLE_QUEUE is set only when all lists of the call are of one queue.", \
	  VERIFIER_NET "vmq-receive-path") \
	\
	X(NBL_DATA, 0x4f560301, "NetBufferData", 0, \
	  "A NET_BUFFER's data lie within its MDL chain, and its current MDL is where they begin.", \
	  VERIFIER_NET "net-buffer-structure") \
	X(NBL_FREED, 0x4f560302, "FreedInFlight", 0, \
	  "A NET_BUFFER_LIST is freed by its owner, once it is back.", \
	  VERIFIER_DDI "ddi/nblapi/nf-nblapi-ndisfreenetbufferlist") \
	X(NBL_TOUCHED, 0x4f560303, "TouchedAfterwards", 0, \
	  "Nothing of a NET_BUFFER_LIST is written by a driver that has completed or returned it.", \
	  VERIFIER_API "nf-ndis-ndismsendnetbufferlistscomplete") \
	\
	X(DISPATCH_FLAG, 0x4f560401, "DispatchLevelFlag", 0, \
	  "A flag that says DISPATCH_LEVEL is set only at DISPATCH_LEVEL.", \
	  VERIFIER_NET "dispatch-irql-tracking") \
	X(IRQL, 0x4f560402, "Irql", 0, \
	  "A function of NDIS is called at an IRQL that its documentation allows.", \
	  VERIFIER_DDI "devtest/ndis-irql-miscellaneous-function") \
	X(IRQL_CALLBACK, 0x4f560403, "IrqlAfterCallback", 0, \
	  "A callback returns at the IRQL at which it was called.", \
	  VERIFIER_DDI "kernel/managing-hardware-priorities") \
	\
	X(DCB_ONLY, 0x4f560404, "DcbOnly", 0, \
	  "OID_QOS_PARAMETERS is issued by the DCB component, not by a protocol or a filter.", \
	  VERIFIER_NET "oid-qos-parameters") \
	\
	X(FILTER_NOT_CLEARED, 0x4f560501, "FilterNotCleared", 0, \
	  "The filters of a queue are cleared before it is freed.", \
	  VERIFIER_NET "freeing-a-vm-queue") \
	X(QUEUE_NOT_FREED, 0x4f560502, "QueueNotFreed", 0, \
	  "A protocol clears its filters and frees its queues before it closes the binding.", \
	  VERIFIER_NET "freeing-a-vm-queue") \
	X(LEFT_NBL, 0x4f560503, "LeftNetBufferList", 0, \
	  "Who leaves has given back what it held, and has back what it gave.", \
	  VERIFIER_NET "halting-a-miniport-adapter") \
	X(LEFT_OID, 0x4f560504, "LeftOidRequest", 0, \
	  "Who leaves has completed the OID requests that it has, and waited for its own.", \
	  VERIFIER_API "nf-ndis-ndiscloseadapterex") \
	X(LEFT_RESOURCE, 0x4f560505, "LeftResource", 0, \
	  "Who leaves has freed its timers, work items, locks, memory, interrupts and handles.", \
	  VERIFIER_API "nc-ndis-miniport_halt") \
	X(LEFT_POOL, 0x4f560506, "LeftPool", 0, \
	  "Who leaves has freed its pools, and every NET_BUFFER_LIST of them before.", \
	  VERIFIER_DDI "ddi/nblapi/nf-nblapi-ndisfreenetbufferlistpool") \
	X(LEFT_PORT, 0x4f560507, "LeftPort", 0, \
	  "A miniport frees the NDIS ports that it allocated before it halts.", \
	  VERIFIER_NET "freeing-an-ndis-port")

enum verifier_rule_index {
#define X(name, id, text, limit, what, page) RULE_##name,
	VERIFIER_RULES(X)
#undef X
	RULE_COUNT,
	RULE_NONE = RULE_COUNT
};

struct verifier_rule {
	unsigned id;
	const char *name;
	unsigned limit_ms;      /* 0: none */
	const char *text, *page;
};

const struct verifier_rule *verifier_rule(enum verifier_rule_index rule);

#endif
