/* SPDX-License-Identifier: BSD-2-Clause */
/* The intermediate driver's frames: as clones, or the lists themselves. */
#include "middle.h"

/* ---- frames: a clone goes on, and the original goes back when the clone does ---- */

static PNET_BUFFER_LIST clone_all(PNET_BUFFER_LIST list, NDIS_HANDLE source)
{
	PNET_BUFFER_LIST first = NULL, *end = &first;

	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		PNET_BUFFER_LIST c = NdisAllocateCloneNetBufferList(list, middle.pool, NULL, 0);

		c->ParentNetBufferList = list;
		InterlockedIncrement(&list->ChildRefCount);   /* A64 */
		c->SourceHandle = source;
		*end = c;
		end = &NET_BUFFER_LIST_NEXT_NBL(c);
	}
	*end = NULL;
	return first;
}

/* The originals, in order, with the clones' status. */
static PNET_BUFFER_LIST parents_of(PNET_BUFFER_LIST list)
{
	PNET_BUFFER_LIST first = NULL, *end = &first, next;

	for (; list; list = next) {
		PNET_BUFFER_LIST parent = list->ParentNetBufferList;

		next = NET_BUFFER_LIST_NEXT_NBL(list);
		NET_BUFFER_LIST_STATUS(parent) = NET_BUFFER_LIST_STATUS(list);
		InterlockedDecrement(&parent->ChildRefCount);
		NdisFreeCloneNetBufferList(list, 0);
		*end = parent;
		end = &NET_BUFFER_LIST_NEXT_NBL(parent);
	}
	*end = NULL;
	return first;
}

/* ---- or the lists themselves go on, with the source of the other edge meanwhile ---- */

/* Whose they were before: of all lists on one way the same. */
static _Atomic(NDIS_HANDLE) sender, indicator;

static void set_source(PNET_BUFFER_LIST list, NDIS_HANDLE source)
{
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		list->SourceHandle = source;
}

static bool wrong(enum middle_mistake mistake)
{
	return middle.mistake == mistake;
}

static void send_on(PNET_BUFFER_LIST list, ULONG flags)
{
	atomic_store(&sender, list->SourceHandle);
	if (!wrong(MIDDLE_LEAVES_SOURCE))
		set_source(list, middle.below);
	NdisSendNetBufferLists(middle.below, list, 0, flags);
	if (wrong(MIDDLE_SENDS_TWICE))
		NdisSendNetBufferLists(middle.below, list, 0, flags);
	if (wrong(MIDDLE_COMPLETES_EARLY))
		NdisMSendNetBufferListsComplete(middle.above, list, 0);
}

static void complete_on(PNET_BUFFER_LIST list, ULONG flags)
{
	if (!wrong(MIDDLE_RESTORES_NO_SOURCE))
		set_source(list, atomic_load(&sender));
	NdisMSendNetBufferListsComplete(middle.above, list, flags);
	if (wrong(MIDDLE_COMPLETES_TWICE))
		NdisMSendNetBufferListsComplete(middle.above, list, flags);
}

static void indicate_on(PNET_BUFFER_LIST list, ULONG n, ULONG flags)
{
	atomic_store(&indicator, list->SourceHandle);
	set_source(list, middle.above);
	if (wrong(MIDDLE_GIVES_LENT_AWAY))
		flags &= ~(ULONG)NDIS_RECEIVE_FLAGS_RESOURCES;
	NdisMIndicateReceiveNetBufferLists(middle.above, list, 0, n, flags);
	if (wrong(MIDDLE_INDICATES_TWICE))
		NdisMIndicateReceiveNetBufferLists(middle.above, list, 0, n, flags);
	if (wrong(MIDDLE_RETURNS_EARLY))
		NdisReturnNetBufferLists(middle.below, list, 0);
	if (flags & NDIS_RECEIVE_FLAGS_RESOURCES)
		set_source(list, atomic_load(&indicator));
}

static void return_on(PNET_BUFFER_LIST list, ULONG flags)
{
	set_source(list, atomic_load(&indicator));
	NdisReturnNetBufferLists(middle.below, list, flags);
}

/* ---- the four handlers ---- */

_Use_decl_annotations_
VOID middle_send(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
		 NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	(void)MiniportAdapterContext;
	if (middle.as_they_are)
		send_on(NetBufferList, SendFlags);
	else
		NdisSendNetBufferLists(middle.below, clone_all(NetBufferList, middle.below), PortNumber,
				       SendFlags);
}

_Use_decl_annotations_
VOID middle_send_complete(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferList,
			  ULONG SendCompleteFlags)
{
	(void)ProtocolBindingContext;
	if (middle.as_they_are)
		complete_on(NetBufferList, SendCompleteFlags);
	else
		NdisMSendNetBufferListsComplete(middle.above, parents_of(NetBufferList),
						SendCompleteFlags);
}

_Use_decl_annotations_
VOID middle_receive(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
		    NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	(void)ProtocolBindingContext;
	if (middle.as_they_are)
		indicate_on(NetBufferLists, NumberOfNetBufferLists, ReceiveFlags);
	else
		NdisMIndicateReceiveNetBufferLists(middle.above,
						   clone_all(NetBufferLists, middle.above), PortNumber,
						   NumberOfNetBufferLists, ReceiveFlags);
}

_Use_decl_annotations_
VOID middle_return(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
		   ULONG ReturnFlags)
{
	(void)MiniportAdapterContext;
	if (middle.as_they_are)
		return_on(NetBufferLists, ReturnFlags);
	else
		NdisReturnNetBufferLists(middle.below, parents_of(NetBufferLists), ReturnFlags);
}
