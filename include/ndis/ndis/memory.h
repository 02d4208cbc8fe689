/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory and scatter/gather DMA (part of ndis.h; contract E). */
#ifndef OVMQ_NDIS_MEMORY_H
#define OVMQ_NDIS_MEMORY_H

#include <ndis/miniport.h>

EXTERN_C_START

/* ---- shared memory ---- */

typedef enum _NDIS_SHARED_MEMORY_USAGE {
	NdisSharedMemoryUsageUndefined,
	NdisSharedMemoryUsageXmit,
	NdisSharedMemoryUsageXmitHeader,
	NdisSharedMemoryUsageXmitData,
	NdisSharedMemoryUsageReceive,
	NdisSharedMemoryUsageReceiveLookahead,
	NdisSharedMemoryUsageReceivePostLookahead,
	NdisSharedMemoryUsageReceiveHeader,
	NdisSharedMemoryUsageReceiveData,
	NdisSharedMemoryUsageOther,
	NdisSharedMemoryUsageMax
} NDIS_SHARED_MEMORY_USAGE, *PNDIS_SHARED_MEMORY_USAGE;

/* Both spellings are in use (X20). */
#define NDIS_SHARED_MEM_PARAMETERS_CONTIGOUS  0x00000001
#define NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS 0x00000001

#define NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1 1
#define NDIS_SHARED_MEMORY_PARAMETERS_REVISION_2 2
typedef struct _NDIS_SHARED_MEMORY_PARAMETERS {
	NDIS_OBJECT_HEADER Header;
	ULONG Flags;
	NDIS_RECEIVE_QUEUE_ID QueueId;
	NDIS_HANDLE SharedMemoryHandle;         /* out */
	NODE_REQUIREMENT PreferredNode;
	NDIS_SHARED_MEMORY_USAGE Usage;
	ULONG Length;                           /* bytes */
	PVOID VirtualAddress;                   /* out */
	ULONG SGListBufferLength;
	PSCATTER_GATHER_LIST SGListBuffer;
	/* from 6.30 */
	NDIS_NIC_SWITCH_VPORT_ID VPortId;
} NDIS_SHARED_MEMORY_PARAMETERS, *PNDIS_SHARED_MEMORY_PARAMETERS;
#define NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PARAMETERS, SGListBuffer)
#define NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PARAMETERS, VPortId)

NDIS_STATUS NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
				     PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
				     PNDIS_HANDLE pAllocationHandle);
VOID NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle);

typedef NDIS_STATUS ALLOCATE_SHARED_MEMORY(NDIS_HANDLE ProviderContext,
					   PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
					   PNDIS_HANDLE pSharedMemoryProviderContext);
typedef ALLOCATE_SHARED_MEMORY *ALLOCATE_SHARED_MEMORY_HANDLER;
typedef VOID FREE_SHARED_MEMORY(NDIS_HANDLE ProviderContext, NDIS_HANDLE SharedMemoryProviderContext);
typedef FREE_SHARED_MEMORY *FREE_SHARED_MEMORY_HANDLER;

#define NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1 1
typedef struct _NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS {
	NDIS_OBJECT_HEADER Header;
	ULONG Flags;                            /* reserved */
	NDIS_HANDLE ProviderContext;
	ALLOCATE_SHARED_MEMORY_HANDLER AllocateSharedMemoryHandler;
	FREE_SHARED_MEMORY_HANDLER FreeSharedMemoryHandler;
} NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, *PNDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS;
#define NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, FreeSharedMemoryHandler)

VOID NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
			       PVOID *VirtualAddress, PNDIS_PHYSICAL_ADDRESS PhysicalAddress);
VOID NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
			   PVOID VirtualAddress, NDIS_PHYSICAL_ADDRESS PhysicalAddress);
NDIS_STATUS NdisMAllocateSharedMemoryAsyncEx(NDIS_HANDLE MiniportDmaHandle, ULONG Length,
					     BOOLEAN Cached, PVOID Context);

/* ---- scatter/gather DMA ---- */

typedef VOID MINIPORT_PROCESS_SG_LIST(PDEVICE_OBJECT pDO, PVOID Reserved, PSCATTER_GATHER_LIST pSGL,
				      PVOID Context);
typedef MINIPORT_PROCESS_SG_LIST *MINIPORT_PROCESS_SG_LIST_HANDLER;
typedef VOID MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE(NDIS_HANDLE MiniportAdapterContext,
						   PVOID VirtualAddress,
						   PNDIS_PHYSICAL_ADDRESS PhysicalAddress,
						   ULONG Length, PVOID Context);
typedef MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE *MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER;

#define NDIS_SG_DMA_64_BIT_ADDRESS       0x00000001
#define NDIS_SG_DMA_V3_HAL_API           0x00000002
#define NDIS_SG_LIST_WRITE_TO_DEVICE     0x00000001
#define NDIS_SG_DMA_DESCRIPTION_REVISION_1 1
typedef struct _NDIS_SG_DMA_DESCRIPTION {
	NDIS_OBJECT_HEADER Header;
	ULONG Flags;
	ULONG MaximumPhysicalMapping;
	MINIPORT_PROCESS_SG_LIST_HANDLER ProcessSGListHandler;
	MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER SharedMemAllocateCompleteHandler;
	ULONG ScatterGatherListSize;            /* out */
} NDIS_SG_DMA_DESCRIPTION, *PNDIS_SG_DMA_DESCRIPTION;
#define NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_SG_DMA_DESCRIPTION, ScatterGatherListSize)

NDIS_STATUS NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
					  PNDIS_SG_DMA_DESCRIPTION DmaDescription,
					  PNDIS_HANDLE NdisMiniportDmaHandle);
VOID NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle);
NDIS_STATUS NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PNET_BUFFER NetBuffer,
					 PVOID Context, ULONG Flags,
					 PVOID ScatterGatherListBuffer,
					 ULONG ScatterGatherListBufferSize);
VOID NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PSCATTER_GATHER_LIST pSGL,
			      PNET_BUFFER NetBuffer);

#define NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 1
typedef struct _NDIS_SCATTER_GATHER_LIST_PARAMETERS {
	NDIS_OBJECT_HEADER Header;
	ULONG Flags;
	NDIS_RECEIVE_QUEUE_ID QueueId;
	NDIS_SHARED_MEMORY_USAGE SharedMemoryUsage;
	PMDL Mdl;
	PVOID CurrentVa;
	ULONG Length;
	MINIPORT_PROCESS_SG_LIST_HANDLER ProcessSGListHandler;
	PVOID Context;
	PSCATTER_GATHER_LIST ScatterGatherListBuffer;
	ULONG ScatterGatherListBufferSize;
	ULONG ScatterGatherListBufferSizeNeeded;
} NDIS_SCATTER_GATHER_LIST_PARAMETERS, *PNDIS_SCATTER_GATHER_LIST_PARAMETERS;
#define NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBufferSizeNeeded)

NDIS_STATUS NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
				       PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters);
VOID NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle, PSCATTER_GATHER_LIST ScatterGatherListBuffer,
			       BOOLEAN WriteToDevice);

EXTERN_C_END

#endif
