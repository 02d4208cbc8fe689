/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NET_BUFFER_LIST and NET_BUFFER: layouts, out-of-band information, accessor
 * macros (part of ndis.h; contract K, A46, B2).
 */
#ifndef OVMQ_NDIS_NBL_H
#define OVMQ_NDIS_NBL_H

#include <wdm.h>
#include <ndis/types.h>
#include <ndis/status.h>
#include <ndis/receivefilter.h>
#include <ndis/rss.h>

EXTERN_C_START

/* ---- NET_BUFFER ---- */

typedef struct _NET_BUFFER NET_BUFFER, *PNET_BUFFER;
typedef struct _NET_BUFFER_LIST NET_BUFFER_LIST, *PNET_BUFFER_LIST;
typedef struct _NET_BUFFER_LIST_CONTEXT NET_BUFFER_LIST_CONTEXT, *PNET_BUFFER_LIST_CONTEXT;

typedef struct _NET_BUFFER_SHARED_MEMORY NET_BUFFER_SHARED_MEMORY, *PNET_BUFFER_SHARED_MEMORY;
struct _NET_BUFFER_SHARED_MEMORY {
	PNET_BUFFER_SHARED_MEMORY NextSharedMemorySegment;
	ULONG SharedMemoryFlags;        /* reserved */
	NDIS_HANDLE SharedMemoryHandle; /* of the block, not its allocation handle (E4) */
	ULONG SharedMemoryOffset;       /* bytes from the start of the block */
	ULONG SharedMemoryLength;       /* bytes */
};

typedef union _NET_BUFFER_DATA_LENGTH {
	ULONG DataLength;
	SIZE_T stDataLength;
} NET_BUFFER_DATA_LENGTH, *PNET_BUFFER_DATA_LENGTH;

typedef struct _NET_BUFFER_DATA {
	PNET_BUFFER Next;
	PMDL CurrentMdl;
	ULONG CurrentMdlOffset;
	NET_BUFFER_DATA_LENGTH NbDataLength;
	PMDL MdlChain;
	ULONG DataOffset;
} NET_BUFFER_DATA, *PNET_BUFFER_DATA;

typedef union _NET_BUFFER_HEADER {
	NET_BUFFER_DATA NetBufferData;
	SLIST_HEADER Link;
} NET_BUFFER_HEADER, *PNET_BUFFER_HEADER;

struct _NET_BUFFER {
	union {
		struct {
			PNET_BUFFER Next;
			PMDL CurrentMdl;        /* the MDL in which the data begins */
			ULONG CurrentMdlOffset; /* and where in it */
			union {
				ULONG DataLength;
				SIZE_T stDataLength;
			};
			PMDL MdlChain;
			ULONG DataOffset;       /* from the start of MdlChain */
		};
		SLIST_HEADER Link;
		NET_BUFFER_HEADER NetBufferHeader;
	};
	USHORT ChecksumBias;
	USHORT Reserved;
	NDIS_HANDLE NdisPoolHandle;
	DECLSPEC_ALIGN(16) PVOID NdisReserved[2];
	DECLSPEC_ALIGN(16) PVOID ProtocolReserved[6];
	DECLSPEC_ALIGN(16) PVOID MiniportReserved[4];
	NDIS_PHYSICAL_ADDRESS DataPhysicalAddress;
	union {
		PNET_BUFFER_SHARED_MEMORY SharedMemoryInfo;
		PSCATTER_GATHER_LIST ScatterGatherList;
	};
};

/* ---- NET_BUFFER_LIST ---- */

/* Slots of NetBufferListInfo, as NDIS 6.30 has them. Sends and receives use some
 * slots differently: those have two names. */
typedef enum _NDIS_NET_BUFFER_LIST_INFO {
	TcpIpChecksumNetBufferListInfo,
	TcpOffloadBytesTransferred = TcpIpChecksumNetBufferListInfo,
	IPsecOffloadV1NetBufferListInfo,
	IPsecOffloadV2NetBufferListInfo = IPsecOffloadV1NetBufferListInfo,
	TcpLargeSendNetBufferListInfo,
	TcpReceiveNoPush = TcpLargeSendNetBufferListInfo,
	ClassificationHandleNetBufferListInfo,
	Ieee8021QNetBufferListInfo,
	NetBufferListCancelId,
	MediaSpecificInformation,
	NetBufferListFrameType,
	NetBufferListProtocolId = NetBufferListFrameType,
	NetBufferListHashValue,
	NetBufferListHashInfo,
	WfpNetBufferListInfo,
	IPsecOffloadV2TunnelNetBufferListInfo,
	IPsecOffloadV2HeaderNetBufferListInfo,
	NetBufferListCorrelationId,
	NetBufferListFilteringInfo,
	MediaSpecificInformationEx,
	NblOriginalInterfaceIfIndex,
	NblReAuthWfpFlowContext = NblOriginalInterfaceIfIndex,
	TcpReceiveBytesTransferred,
	NrtNameResolutionId = TcpReceiveBytesTransferred,
	UdpRecvSegCoalesceOffloadInfo = TcpReceiveBytesTransferred,
	SwitchForwardingReserved,
	SwitchForwardingDetail,
	VirtualSubnetInfo,
	IMReserved,
	TcpRecvSegCoalesceInfo,
	UdpSegmentationOffloadInfo = TcpRecvSegCoalesceInfo,
	RscTcpTimestampDelta,
	TcpSendOffloadsSupplementalNetBufferListInfo = RscTcpTimestampDelta,
	MaxNetBufferListInfo
} NDIS_NET_BUFFER_LIST_INFO, *PNDIS_NET_BUFFER_LIST_INFO;

struct _NET_BUFFER_LIST_CONTEXT {
	PNET_BUFFER_LIST_CONTEXT Next;
	USHORT Size;
	USHORT Offset;
#ifndef __cplusplus
	DECLSPEC_ALIGN(16) UCHAR ContextData[];
#else
	DECLSPEC_ALIGN(16) UCHAR ContextData[0];
#endif
};

typedef struct _NET_BUFFER_LIST_DATA {
	PNET_BUFFER_LIST Next;
	PNET_BUFFER FirstNetBuffer;
} NET_BUFFER_LIST_DATA, *PNET_BUFFER_LIST_DATA;

typedef union _NET_BUFFER_LIST_HEADER {
	NET_BUFFER_LIST_DATA NetBufferListData;
	SLIST_HEADER Link;
} NET_BUFFER_LIST_HEADER, *PNET_BUFFER_LIST_HEADER;

struct _NET_BUFFER_LIST {
	union {
		struct {
			PNET_BUFFER_LIST Next;
			PNET_BUFFER FirstNetBuffer;
		};
		SLIST_HEADER Link;
		NET_BUFFER_LIST_HEADER NetBufferListHeader;
	};
	PNET_BUFFER_LIST_CONTEXT Context;
	PNET_BUFFER_LIST ParentNetBufferList;
	NDIS_HANDLE NdisPoolHandle;
	DECLSPEC_ALIGN(16) PVOID NdisReserved[2];       /* [1]: the time stamp (nbltimestamp.h) */
	DECLSPEC_ALIGN(16) PVOID ProtocolReserved[4];
	DECLSPEC_ALIGN(16) PVOID MiniportReserved[2];
	PVOID Scratch;                  /* of whoever owns the list now */
	NDIS_HANDLE SourceHandle;       /* of the driver that it goes back to (A26) */
	ULONG NblFlags;
	LONG ChildRefCount;
	ULONG Flags;
	union {
		NDIS_STATUS Status;
		ULONG NdisReserved2;
	};
	PVOID NetBufferListInfo[MaxNetBufferListInfo];
};

/* NblFlags */
#define NDIS_NBL_FLAGS_SEND_READ_ONLY                        0x00000001
#define NDIS_NBL_FLAGS_RECV_READ_ONLY                        0x00000002
#define NDIS_NBL_FLAGS_HD_SPLIT                              0x00000100
#define NDIS_NBL_FLAGS_IS_IPV4                               0x00000200
#define NDIS_NBL_FLAGS_IS_IPV6                               0x00000400
#define NDIS_NBL_FLAGS_IS_TCP                                0x00000800
#define NDIS_NBL_FLAGS_IS_UDP                                0x00001000
#define NDIS_NBL_FLAGS_SPLIT_AT_UPPER_LAYER_PROTOCOL_HEADER  0x00002000
#define NDIS_NBL_FLAGS_SPLIT_AT_UPPER_LAYER_PROTOCOL_PAYLOAD 0x00004000
#define NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET                    0x00008000
#define NDIS_NBL_FLAGS_CAPTURE_TIMESTAMP_ON_TRANSMIT         0x00010000

/* Flags */
#define NBL_FLAGS_PROTOCOL_RESERVED     0xFFF00003U
#define NBL_FLAGS_MINIPORT_RESERVED     0x0000F000
#define NBL_FLAGS_SCRATCH               0x000F0000
#define NBL_FLAGS_NDIS_RESERVED         0x00000FFC
#define NBL_TEST_FLAG(nbl, f)           (((nbl)->Flags & (f)) != 0)
#define NBL_SET_FLAG(nbl, f)            ((nbl)->Flags |= (f))
#define NBL_CLEAR_FLAG(nbl, f)          ((nbl)->Flags &= ~(ULONG)(f))
#define NBL_PROT_RSVD_FLAGS             NBL_FLAGS_PROTOCOL_RESERVED
#define NBL_SET_PROT_RSVD_FLAG(nbl, f)   ((nbl)->Flags |= ((f) & NBL_PROT_RSVD_FLAGS))
#define NBL_CLEAR_PROT_RSVD_FLAG(nbl, f) ((nbl)->Flags &= ~((ULONG)(f) & NBL_PROT_RSVD_FLAGS))
#define NBL_TEST_PROT_RSVD_FLAG(nbl, f)  (((nbl)->Flags & ((f) & NBL_PROT_RSVD_FLAGS)) != 0)

FORCEINLINE BOOLEAN NdisTestNblFlag(const NET_BUFFER_LIST *Nbl, ULONG Flag)
{
	return (Nbl->NblFlags & Flag) != 0;
}

FORCEINLINE BOOLEAN NdisTestNblFlags(const NET_BUFFER_LIST *Nbl, ULONG Flags)
{
	return (Nbl->NblFlags & Flags) == Flags;
}

FORCEINLINE VOID NdisSetNblFlag(NET_BUFFER_LIST *Nbl, ULONG Flag)
{
	Nbl->NblFlags |= Flag;
}

FORCEINLINE VOID NdisClearNblFlag(NET_BUFFER_LIST *Nbl, ULONG Flag)
{
	Nbl->NblFlags &= ~Flag;
}

/* ---- accessors of a NET_BUFFER ---- */

#define NET_BUFFER_NEXT_NB(nb)             ((nb)->Next)
#define NET_BUFFER_FIRST_MDL(nb)           ((nb)->MdlChain)
#define NET_BUFFER_DATA_LENGTH(nb)         ((nb)->DataLength)
#define NET_BUFFER_DATA_OFFSET(nb)         ((nb)->DataOffset)
#define NET_BUFFER_CURRENT_MDL(nb)         ((nb)->CurrentMdl)
#define NET_BUFFER_CURRENT_MDL_OFFSET(nb)  ((nb)->CurrentMdlOffset)
#define NET_BUFFER_PROTOCOL_RESERVED(nb)   ((nb)->ProtocolReserved)
#define NET_BUFFER_MINIPORT_RESERVED(nb)   ((nb)->MiniportReserved)
#define NET_BUFFER_CHECKSUM_BIAS(nb)       ((nb)->ChecksumBias)
#define NET_BUFFER_DATA_PHYSICAL_ADDRESS(nb) ((nb)->DataPhysicalAddress)
#define NET_BUFFER_FIRST_SHARED_MEM_INFO(nb) ((nb)->SharedMemoryInfo)
#define NET_BUFFER_SCATTER_GATHER_LIST(nb) ((nb)->ScatterGatherList)
#define NET_BUFFER_SHARED_MEM_NEXT_SEGMENT(m) ((m)->NextSharedMemorySegment)
#define NET_BUFFER_SHARED_MEM_FLAGS(m)     ((m)->SharedMemoryFlags)
#define NET_BUFFER_SHARED_MEM_HANDLE(m)    ((m)->SharedMemoryHandle)
#define NET_BUFFER_SHARED_MEM_OFFSET(m)    ((m)->SharedMemoryOffset)
#define NET_BUFFER_SHARED_MEM_LENGTH(m)    ((m)->SharedMemoryLength)

/* ---- accessors of a NET_BUFFER_LIST ---- */

#define NET_BUFFER_LIST_NEXT_NBL(nbl)          ((nbl)->Next)
#define NET_BUFFER_LIST_FIRST_NB(nbl)          ((nbl)->FirstNetBuffer)
#define NET_BUFFER_LIST_FLAGS(nbl)             ((nbl)->Flags)
#define NET_BUFFER_LIST_NBL_FLAGS(nbl)         ((nbl)->NblFlags)
#define NET_BUFFER_LIST_STATUS(nbl)            ((nbl)->Status)
#define NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl) ((nbl)->ProtocolReserved)
#define NET_BUFFER_LIST_MINIPORT_RESERVED(nbl) ((nbl)->MiniportReserved)
#define NET_BUFFER_LIST_CONTEXT_DATA_START(nbl) \
	((PUCHAR)(nbl)->Context->ContextData + (nbl)->Context->Offset)
#define NET_BUFFER_LIST_CONTEXT_DATA_SIZE(nbl) ((nbl)->Context->Size)
#define NET_BUFFER_LIST_INFO(nbl, slot)        ((nbl)->NetBufferListInfo[slot])

#define NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, id) \
	((nbl)->NetBufferListInfo[NetBufferListCancelId] = (PVOID)(id))
#define NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) \
	((nbl)->NetBufferListInfo[NetBufferListCancelId])

/* ---- filtering information: queue and filter of a frame (B2) ---- */

typedef struct _NDIS_NET_BUFFER_LIST_FILTERING_INFO {
	union {
		struct {
			USHORT FilterId;
			union {
				USHORT QueueId;
				USHORT VPortId;
			} QueueVPortInfo;
		} FilteringInfo;
		PVOID Value;
	};
} NDIS_NET_BUFFER_LIST_FILTERING_INFO, *PNDIS_NET_BUFFER_LIST_FILTERING_INFO;

/* Lvalues, for setting and for getting. */
#define OVMQ_FILTERING_INFO(nbl) \
	(((PNDIS_NET_BUFFER_LIST_FILTERING_INFO)(PVOID) \
	  &(nbl)->NetBufferListInfo[NetBufferListFilteringInfo])->FilteringInfo)
#define NET_BUFFER_LIST_RECEIVE_FILTER_ID(nbl)       (OVMQ_FILTERING_INFO(nbl).FilterId)
#define NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl)        (OVMQ_FILTERING_INFO(nbl).QueueVPortInfo.QueueId)
#define NET_BUFFER_LIST_RECEIVE_FILTER_VPORT_ID(nbl) (OVMQ_FILTERING_INFO(nbl).QueueVPortInfo.VPortId)

/* ---- 802.1Q, checksum, large send, hash, coalescing ---- */

typedef struct _NDIS_NET_BUFFER_LIST_8021Q_INFO {
	union {
		struct {
			UINT32 UserPriority : 3;
			UINT32 CanonicalFormatId : 1;
			UINT32 VlanId : 12;
			UINT32 Reserved : 16;
		} TagHeader;
		struct {
			UINT32 UserPriority : 3;
			UINT32 CanonicalFormatId : 1;
			UINT32 VlanId : 12;
			UINT32 WMMInfo : 4;
			UINT32 Reserved : 12;
		} WLanTagHeader;
		PVOID Value;
	};
} NDIS_NET_BUFFER_LIST_8021Q_INFO, *PNDIS_NET_BUFFER_LIST_8021Q_INFO;

typedef struct _NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO {
	union {
		struct {
			ULONG IsIPv4 : 1;
			ULONG IsIPv6 : 1;
			ULONG TcpChecksum : 1;
			ULONG UdpChecksum : 1;
			ULONG IpHeaderChecksum : 1;
			ULONG Reserved : 11;
			ULONG TcpHeaderOffset : 10;
		} Transmit;
		struct {
			ULONG TcpChecksumFailed : 1;
			ULONG UdpChecksumFailed : 1;
			ULONG IpChecksumFailed : 1;
			ULONG TcpChecksumSucceeded : 1;
			ULONG UdpChecksumSucceeded : 1;
			ULONG IpChecksumSucceeded : 1;
			ULONG Loopback : 1;
			/* from 6.30 */
			ULONG TcpChecksumValueInvalid : 1;
			ULONG IpChecksumValueInvalid : 1;
		} Receive;
		PVOID Value;
	};
} NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, *PNDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO;

/* Beside checksum or large send information, from 6.30: the frame is inside another. */
typedef struct _NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO {
	union {
		struct {
			ULONG IsEncapsulatedPacket : 1;
			ULONG EncapsulatedPacketOffsetsValid : 1;
			ULONG InnerFrameOffset : 8;
			ULONG TransportIpHeaderRelativeOffset : 6;
			ULONG TcpHeaderRelativeOffset : 10;
			ULONG IsInnerIPv6 : 1;
			ULONG TcpOptionsPresent : 1;
			ULONG Reserved : 4;
		} EncapsulatedPacketOffsets;
		PVOID Value;
	};
} NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO,
	*PNDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO;

#define NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE 0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE 1
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4    0
#define NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6    1

typedef struct _NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO {
	union {
		struct {
			ULONG Unused : 30;
			ULONG Type : 1;
			ULONG Reserved2 : 1;
		} Transmit;
		struct {
			ULONG MSS : 20;
			ULONG TcpHeaderOffset : 10;
			ULONG Type : 1;
			ULONG Reserved2 : 1;
		} LsoV1Transmit;
		struct {
			ULONG TcpPayload : 30;
			ULONG Type : 1;
			ULONG Reserved2 : 1;
		} LsoV1TransmitComplete;
		struct {
			ULONG MSS : 20;
			ULONG TcpHeaderOffset : 10;
			ULONG Type : 1;
			ULONG IPVersion : 1;
		} LsoV2Transmit;
		struct {
			ULONG Reserved : 30;
			ULONG Type : 1;
			ULONG Reserved2 : 1;
		} LsoV2TransmitComplete;
		PVOID Value;
	};
} NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO,
	*PNDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO;

#define OVMQ_SLOT_AS_ULONG(nbl, slot) \
	(*(PULONG)(PVOID)&(nbl)->NetBufferListInfo[slot])
#define NET_BUFFER_LIST_GET_HASH_VALUE(nbl) OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashValue)
#define NET_BUFFER_LIST_SET_HASH_VALUE(nbl, value) \
	(OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashValue) = (value))
#define NET_BUFFER_LIST_GET_HASH_TYPE(nbl) \
	(OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashInfo) & NDIS_HASH_TYPE_MASK)
#define NET_BUFFER_LIST_SET_HASH_TYPE(nbl, type) \
	(OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashInfo) = \
	 (OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashInfo) & ~(ULONG)NDIS_HASH_TYPE_MASK) | \
	 ((type) & NDIS_HASH_TYPE_MASK))
#define NET_BUFFER_LIST_GET_HASH_FUNCTION(nbl) \
	(OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashInfo) & NDIS_HASH_FUNCTION_MASK)
#define NET_BUFFER_LIST_SET_HASH_FUNCTION(nbl, function) \
	(OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashInfo) = \
	 (OVMQ_SLOT_AS_ULONG(nbl, NetBufferListHashInfo) & ~(ULONG)NDIS_HASH_FUNCTION_MASK) | \
	 ((function) & NDIS_HASH_FUNCTION_MASK))

typedef union _NDIS_RSC_NBL_INFO {
	struct {
		USHORT CoalescedSegCount;
		USHORT DupAckCount;
	} Info;
	PVOID Value;
} NDIS_RSC_NBL_INFO, *PNDIS_RSC_NBL_INFO;
#define NET_BUFFER_LIST_COALESCED_SEG_COUNT(nbl) \
	(((PNDIS_RSC_NBL_INFO)(PVOID)&(nbl)->NetBufferListInfo[TcpRecvSegCoalesceInfo])->Info.CoalescedSegCount)
#define NET_BUFFER_LIST_DUP_ACK_COUNT(nbl) \
	(((PNDIS_RSC_NBL_INFO)(PVOID)&(nbl)->NetBufferListInfo[TcpRecvSegCoalesceInfo])->Info.DupAckCount)

/* ---- flags of the four data path calls (A46) ---- */

#define NDIS_SEND_FLAGS_DISPATCH_LEVEL              0x00000001
#define NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK          0x00000002
#define NDIS_SEND_FLAGS_SINGLE_QUEUE                0x00000004
#define NDIS_SEND_FLAGS_SWITCH_DESTINATION_GROUP    0x00000010
#define NDIS_SEND_FLAGS_SWITCH_SINGLE_SOURCE        0x00000020

#define NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL       0x00000001
#define NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE         0x00000002
#define NDIS_SEND_COMPLETE_FLAGS_SWITCH_SINGLE_SOURCE 0x00000004

#define NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL           0x00000001
#define NDIS_RECEIVE_FLAGS_RESOURCES                0x00000002
#define NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE        0x00000100
#define NDIS_RECEIVE_FLAGS_SINGLE_VLAN              0x00000200
#define NDIS_RECEIVE_FLAGS_PERFECT_FILTERED         0x00000400
#define NDIS_RECEIVE_FLAGS_SINGLE_QUEUE             0x00000800
#define NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID 0x00001000
#define NDIS_RECEIVE_FLAGS_MORE_NBLS                0x00002000
#define NDIS_RECEIVE_FLAGS_SWITCH_DESTINATION_GROUP 0x00004000
#define NDIS_RECEIVE_FLAGS_SWITCH_SINGLE_SOURCE     0x00008000

#define NDIS_RETURN_FLAGS_DISPATCH_LEVEL            0x00000001
#define NDIS_RETURN_FLAGS_SINGLE_QUEUE              0x00000002
#define NDIS_RETURN_FLAGS_SWITCH_SINGLE_SOURCE      0x00000004

#define NDIS_TEST_SEND_FLAG(flags, f)                  (((flags) & (f)) != 0)
#define NDIS_SET_SEND_FLAG(flags, f)                   ((flags) |= (f))
#define NDIS_CLEAR_SEND_FLAG(flags, f)                 ((flags) &= ~(ULONG)(f))
#define NDIS_TEST_SEND_AT_DISPATCH_LEVEL(flags)        NDIS_TEST_SEND_FLAG(flags, NDIS_SEND_FLAGS_DISPATCH_LEVEL)
#define NDIS_TEST_SEND_COMPLETE_FLAG(flags, f)         (((flags) & (f)) != 0)
#define NDIS_SET_SEND_COMPLETE_FLAG(flags, f)          ((flags) |= (f))
#define NDIS_CLEAR_SEND_COMPLETE_FLAG(flags, f)        ((flags) &= ~(ULONG)(f))
#define NDIS_TEST_SEND_COMPLETE_AT_DISPATCH_LEVEL(flags) \
	NDIS_TEST_SEND_COMPLETE_FLAG(flags, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL)
#define NDIS_TEST_RECEIVE_FLAG(flags, f)               (((flags) & (f)) != 0)
#define NDIS_SET_RECEIVE_FLAG(flags, f)                ((flags) |= (f))
#define NDIS_CLEAR_RECEIVE_FLAG(flags, f)              ((flags) &= ~(ULONG)(f))
#define NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(flags) \
	NDIS_TEST_RECEIVE_FLAG(flags, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL)
#define NDIS_TEST_RECEIVE_CAN_PEND(flags)              (((flags) & NDIS_RECEIVE_FLAGS_RESOURCES) == 0)
#define NDIS_TEST_RECEIVE_CANNOT_PEND(flags)           (((flags) & NDIS_RECEIVE_FLAGS_RESOURCES) != 0)
#define NDIS_TEST_RETURN_FLAG(flags, f)                (((flags) & (f)) != 0)
#define NDIS_SET_RETURN_FLAG(flags, f)                 ((flags) |= (f))
#define NDIS_CLEAR_RETURN_FLAG(flags, f)               ((flags) &= ~(ULONG)(f))
#define NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(flags) \
	NDIS_TEST_RETURN_FLAG(flags, NDIS_RETURN_FLAGS_DISPATCH_LEVEL)

EXTERN_C_END

#endif
