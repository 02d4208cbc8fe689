/* SPDX-License-Identifier: BSD-2-Clause */
/* Receives up the stack, returns down. */
#include "ndis/object.h"

VOID NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
					PNET_BUFFER_LIST NetBufferList, NDIS_PORT_NUMBER PortNumber,
					ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	ndis_edge_indicate(&((struct ndis_layer *)MiniportAdapterHandle)->edges, NetBufferList,
			   PortNumber, NumberOfNetBufferLists, ReceiveFlags);
}

VOID NdisFIndicateReceiveNetBufferLists(NDIS_HANDLE NdisFilterHandle,
					PNET_BUFFER_LIST NetBufferLists, NDIS_PORT_NUMBER PortNumber,
					ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	ndis_edge_indicate(&((struct ndis_layer *)NdisFilterHandle)->edges, NetBufferLists, PortNumber,
			   NumberOfNetBufferLists, ReceiveFlags);
}

VOID NdisReturnNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
			      ULONG ReturnFlags)
{
	ndis_edge_give_back(&((struct ndis_layer *)NdisBindingHandle)->edges, NetBufferLists,
			    ReturnFlags);
}

VOID NdisFReturnNetBufferLists(NDIS_HANDLE NdisFilterHandle, PNET_BUFFER_LIST NetBufferLists,
			       ULONG ReturnFlags)
{
	ndis_edge_give_back(&((struct ndis_layer *)NdisFilterHandle)->edges, NetBufferLists, ReturnFlags);
}
