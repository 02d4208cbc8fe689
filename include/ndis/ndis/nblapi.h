/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools, allocation, data start, copies, clones of NBLs (part of ndis.h). */
#ifndef OVMQ_NDIS_NBLAPI_H
#define OVMQ_NDIS_NBLAPI_H

#include <ndis/nbl.h>
#include <ndis/nbltimestamp.h>

EXTERN_C_START

#define NDIS_PROTOCOL_ID_DEFAULT 0x00
#define NDIS_PROTOCOL_ID_TCP_IP  0x02
#define NDIS_PROTOCOL_ID_IP6     0x03
#define NDIS_PROTOCOL_ID_IPX     0x06
#define NDIS_PROTOCOL_ID_NBF     0x07
#define NDIS_PROTOCOL_ID_MAX     0x0F
#define NDIS_PROTOCOL_ID_MASK    0x0F

#define NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1      1
#define NDIS_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 1
typedef struct _NET_BUFFER_LIST_POOL_PARAMETERS {
	NDIS_OBJECT_HEADER Header;
	UCHAR ProtocolId;
	BOOLEAN fAllocateNetBuffer;
	USHORT ContextSize;             /* bytes */
	ULONG PoolTag;
	ULONG DataSize;                 /* bytes; nonzero: NDIS allocates MDL and data too */
	ULONG Flags;
} NET_BUFFER_LIST_POOL_PARAMETERS, *PNET_BUFFER_LIST_POOL_PARAMETERS;
#define NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_LIST_POOL_PARAMETERS, DataSize)

#define NET_BUFFER_POOL_PARAMETERS_REVISION_1      1
#define NDIS_NET_BUFFER_POOL_PARAMETERS_REVISION_1 1
typedef struct _NET_BUFFER_POOL_PARAMETERS {
	NDIS_OBJECT_HEADER Header;
	ULONG PoolTag;
	ULONG DataSize;
	ULONG Flags;
} NET_BUFFER_POOL_PARAMETERS, *PNET_BUFFER_POOL_PARAMETERS;
#define NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_POOL_PARAMETERS, DataSize)

typedef PMDL NET_BUFFER_ALLOCATE_MDL(PULONG BufferSize);
typedef NET_BUFFER_ALLOCATE_MDL *NET_BUFFER_ALLOCATE_MDL_HANDLER;
typedef VOID NET_BUFFER_FREE_MDL(PMDL Mdl);
typedef NET_BUFFER_FREE_MDL *NET_BUFFER_FREE_MDL_HANDLER;

NDIS_HANDLE NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle,
					  PNET_BUFFER_LIST_POOL_PARAMETERS Parameters);
VOID NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle);
NDIS_HANDLE NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle,
				      PNET_BUFFER_POOL_PARAMETERS Parameters);
VOID NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle);

PNET_BUFFER_LIST NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
					   USHORT ContextBackFill);
PNET_BUFFER_LIST NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
						       USHORT ContextBackFill, PMDL MdlChain,
						       ULONG DataOffset, SIZE_T DataLength);
VOID NdisFreeNetBufferList(PNET_BUFFER_LIST NetBufferList);
PNET_BUFFER NdisAllocateNetBuffer(NDIS_HANDLE PoolHandle, PMDL MdlChain, ULONG DataOffset,
				  SIZE_T DataLength);
PNET_BUFFER NdisAllocateNetBufferMdlAndData(NDIS_HANDLE PoolHandle);
VOID NdisFreeNetBuffer(PNET_BUFFER NetBuffer);

NDIS_STATUS NdisAllocateNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize,
					     USHORT ContextBackFill, ULONG PoolTag);
VOID NdisFreeNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize);

PMDL NdisAllocateMdl(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, UINT Length);
VOID NdisFreeMdl(PMDL Mdl);

NDIS_STATUS NdisRetreatNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta,
					  ULONG DataBackFill,
					  NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler);
VOID NdisAdvanceNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
				   NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler);
NDIS_STATUS NdisRetreatNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
					      ULONG DataBackFill,
					      NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler,
					      NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler);
VOID NdisAdvanceNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
				       BOOLEAN FreeMdl, NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler);
PVOID NdisGetDataBuffer(PNET_BUFFER NetBuffer, ULONG BytesNeeded, PVOID Storage,
			ULONG AlignMultiple, ULONG AlignOffset);
VOID NdisAdjustNetBufferCurrentMdl(PNET_BUFFER NetBuffer);
NDIS_STATUS NdisCopyFromNetBufferToNetBuffer(PNET_BUFFER Destination, ULONG DestinationOffset,
					     ULONG BytesToCopy, PNET_BUFFER Source,
					     ULONG SourceOffset, PULONG BytesCopied);
VOID NdisCopySendNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
				   PNET_BUFFER_LIST SrcNetBufferList);
VOID NdisCopyReceiveNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
				      PNET_BUFFER_LIST SrcNetBufferList);

#define NDIS_CLONE_FLAGS_RESERVED          0x00000001
#define NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS 0x00000002
PNET_BUFFER_LIST NdisAllocateCloneNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
						NDIS_HANDLE NetBufferListPoolHandle,
						NDIS_HANDLE NetBufferPoolHandle,
						ULONG AllocateCloneFlags);
VOID NdisFreeCloneNetBufferList(PNET_BUFFER_LIST CloneNetBufferList, ULONG FreeCloneFlags);
PNET_BUFFER_LIST NdisAllocateFragmentNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
						   NDIS_HANDLE NetBufferListPool,
						   NDIS_HANDLE NetBufferPool, ULONG StartOffset,
						   ULONG MaximumLength, ULONG DataOffsetDelta,
						   ULONG DataBackFill, ULONG AllocateFragmentFlags);
VOID NdisFreeFragmentNetBufferList(PNET_BUFFER_LIST FragmentNetBufferList, ULONG DataOffsetDelta,
				   ULONG FreeFragmentFlags);
PNET_BUFFER_LIST NdisAllocateReassembledNetBufferList(
	PNET_BUFFER_LIST FragmentNetBufferList, NDIS_HANDLE NetBufferAndNetBufferListPoolHandle,
	ULONG StartOffset, ULONG DataOffsetDelta, ULONG DataBackFill, ULONG AllocateReassembleFlags);
VOID NdisFreeReassembledNetBufferList(PNET_BUFFER_LIST ReassembledNetBufferList,
				      ULONG DataOffsetDelta, ULONG FreeReassembleFlags);

UCHAR NdisGeneratePartialCancelId(VOID);

FORCEINLINE NDIS_HANDLE NdisGetPoolFromNetBufferList(const NET_BUFFER_LIST *NetBufferList)
{
	return NetBufferList->NdisPoolHandle;
}

FORCEINLINE NDIS_HANDLE NdisGetPoolFromNetBuffer(const NET_BUFFER *NetBuffer)
{
	return NetBuffer->NdisPoolHandle;
}

/* ---- MDLs under their NDIS names ---- */

#define NDIS_MDL_LINKAGE(mdl)          ((mdl)->Next)
#define NDIS_MDL_TO_SPAN_PAGES(mdl) \
	ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl))
#define NdisGetNextMdl(current, next)  (*(next) = (current)->Next)
#define NdisQueryMdlOffset(mdl, offset, length) \
	((void)(*(offset) = MmGetMdlByteOffset(mdl)), (void)(*(length) = MmGetMdlByteCount(mdl)))
#define NdisAdjustMdlLength(mdl, length) ((mdl)->ByteCount = (ULONG)(length))

FORCEINLINE VOID OvmqQueryMdl(PMDL Mdl, PVOID *VirtualAddress, PUINT Length, ULONG Priority)
{
	if (VirtualAddress != NULL)
		*VirtualAddress = MmGetSystemAddressForMdlSafe(Mdl, Priority);
	*Length = MmGetMdlByteCount(Mdl);
}
#define NdisQueryMdl(mdl, address, length, priority) \
	OvmqQueryMdl((mdl), (PVOID *)(PVOID)(address), (PUINT)(length), (ULONG)(priority))

EXTERN_C_END

#endif
