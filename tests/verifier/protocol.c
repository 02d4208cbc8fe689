/* SPDX-License-Identifier: BSD-2-Clause */
#include "faulty.h"

#include <string.h>
#include <unistd.h>

#define HELD_MAX 32

static struct {
	NDIS_HANDLE driver, binding, pool, own_pool;
	PNET_BUFFER_LIST lists[PROTOCOL_LISTS];
	UCHAR data[PROTOCOL_LISTS][128];
	PMDL mdls[PROTOCOL_LISTS];
	NET_BUFFER_LIST nbls[PROTOCOL_LISTS];    /* of the adopted pool */
	NET_BUFFER nbs[PROTOCOL_LISTS];
	MDL adopted[PROTOCOL_LISTS];
	NET_BUFFER second;                       /* of list 0, where a mistake wants one */
	NET_BUFFER_LIST own;                     /* of no pool */
	PMDL rest;
	PNET_BUFFER_LIST held[HELD_MAX], lent;
	atomic_uint n_held, sent;
	atomic_bool asked;
	NDIS_STATUS status;
} p;

NDIS_HANDLE protocol_binding(void)
{
	return p.binding;
}

/* ---- requests ---- */

static VOID oid_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
	(void)context;
	(void)request;
	p.status = status;
	atomic_store(&p.asked, true);
}

NDIS_STATUS protocol_ask(NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG length)
{
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = type,
	};
	NDIS_STATUS status;

	r.DATA.METHOD_INFORMATION.Oid = oid;
	r.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
	r.DATA.METHOD_INFORMATION.InputBufferLength = length;
	if (type == NdisRequestMethod)
		r.DATA.METHOD_INFORMATION.OutputBufferLength = length;
	atomic_store(&p.asked, false);
	status = NdisOidRequest(p.binding, &r);
	if (status != NDIS_STATUS_PENDING)
		return status;
	while (!atomic_load(&p.asked))
		usleep(100);
	return p.status;
}

/* ---- sends ---- */

void protocol_prepare(void)
{
	NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.fAllocateNetBuffer = TRUE, .PoolTag = 0x78545046,
	};
	/* A sanitizer guards what is NDIS's own; here the mistake is to be told. */
	bool adopt = WRONG(M_TOUCHES_COMPLETED);

	p.pool = adopt ? OvmqAllocateAdoptedPool(p.binding, &p)
		       : NdisAllocateNetBufferListPool(p.binding, &parameters);
	for (unsigned i = 0; i < PROTOCOL_LISTS; i++) {
		p.mdls[i] = NdisAllocateMdl(p.binding, p.data[i], sizeof(p.data[i]));
		if (adopt) {
			p.lists[i] = &p.nbls[i];
			OvmqAdoptNetBufferList(p.pool, p.lists[i], &p.nbs[i], &p.adopted[i], p.data[i],
					       sizeof(p.data[i]));
			NET_BUFFER_DATA_LENGTH(&p.nbs[i]) = 100;
		} else {
			p.lists[i] = NdisAllocateNetBufferAndNetBufferList(p.pool, 0, 0, p.mdls[i], 0,
									   100);
		}
	}
}

static void lists_free(void)
{
	for (unsigned i = 0; i < PROTOCOL_LISTS; i++) {
		if (p.lists[i] && !WRONG(M_TOUCHES_COMPLETED))
			NdisFreeNetBufferList(p.lists[i]);
		p.lists[i] = NULL;
		if (p.mdls[i])
			NdisFreeMdl(p.mdls[i]);
		if (!i && p.rest)
			NdisFreeMdl(p.rest);
		p.mdls[i] = NULL;
	}
}

void protocol_finish(void)
{
	if (WRONG(P_LEAVES_POOL))
		return;
	if (WRONG(P_FREES_POOL_EARLY))
		NdisFreeNetBufferListPool(p.pool);
	lists_free();
	if (!WRONG(P_FREES_POOL_EARLY))
		NdisFreeNetBufferListPool(p.pool);
}

static PNET_BUFFER_LIST prepare(unsigned i, ULONG queue)
{
	PNET_BUFFER_LIST nbl = p.lists[i];

	nbl->SourceHandle = WRONG(P_SENDS_FOREIGN) ? p.driver : p.binding;
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)queue;
	NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
	NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(nbl)) = WRONG(P_SENDS_TOO_LONG) ? 500 : 100;
	return nbl;
}

/* Another buffer behind the first: the same bytes, and to another station. */
static void add_second(PNET_BUFFER_LIST nbl)
{
	PNET_BUFFER nb = NET_BUFFER_LIST_FIRST_NB(nbl);

	p.second = *nb;
	NET_BUFFER_NEXT_NB(&p.second) = NULL;
	NET_BUFFER_NEXT_NB(nb) = &p.second;
	NET_BUFFER_FIRST_MDL(&p.second) = NET_BUFFER_CURRENT_MDL(&p.second) = p.mdls[1];
	p.data[1][5] = 1;
}

/* The first MDL ends within the header, and another one goes on. */
static void split_header(PNET_BUFFER_LIST nbl)
{
	PMDL first = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(nbl));

	if (!p.rest)
		p.rest = NdisAllocateMdl(p.binding, p.data[0] + 10, sizeof(p.data[0]) - 10);
	first->ByteCount = 10;
	NDIS_MDL_LINKAGE(first) = p.rest;
}

static PNET_BUFFER_LIST wrong_list(PNET_BUFFER_LIST nbl)
{
	if (WRONG(P_MIXES_BUFFERS))
		add_second(nbl);
	if (WRONG(P_SPLITS_HEADER))
		split_header(nbl);
	if (WRONG(P_SENDS_LARGE_NO_TCP))
		NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) =
			(PVOID)(uintptr_t)(10 | 34u << 20 | 1u << 30);   /* MSS, offset, V2 */
	if (WRONG(P_COUNTS_NO_CHILD))
		nbl->ParentNetBufferList = p.lists[3];
	if (!WRONG(P_SENDS_OWN_MEMORY))
		return nbl;
	p.own = *nbl;
	return &p.own;
}

void protocol_send(unsigned i, ULONG queue)
{
	PNET_BUFFER_LIST nbl = i ? prepare(i, queue) : wrong_list(prepare(i, queue));

	atomic_fetch_add(&p.sent, 1);
	if (WRONG(P_SENDS_A_RING))
		NET_BUFFER_LIST_NEXT_NBL(nbl) = nbl;
	NdisSendNetBufferLists(p.binding, nbl, NDIS_DEFAULT_PORT_NUMBER, 0);
	if (WRONG(P_CHANGES_SENT))
		NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(nbl)) = 60;
	if (WRONG(P_SENDS_TWICE))
		NdisSendNetBufferLists(p.binding, nbl, NDIS_DEFAULT_PORT_NUMBER, 0);
	if (WRONG(P_FREES_IN_FLIGHT)) {
		p.lists[i] = NULL;
		atomic_fetch_sub(&p.sent, 1);
		NdisFreeNetBufferList(nbl);
	}
}

void protocol_send_two(ULONG first_queue, ULONG second_queue, ULONG flags)
{
	PNET_BUFFER_LIST first = prepare(2, first_queue);

	NET_BUFFER_LIST_NEXT_NBL(first) = prepare(3, second_queue);
	atomic_fetch_add(&p.sent, 2);
	NdisSendNetBufferLists(p.binding, first, NDIS_DEFAULT_PORT_NUMBER, flags);
}

void protocol_cancel(void)
{
	KIRQL old;

	if (WRONG(P_CANCELS_TOO_HIGH))
		KeRaiseIrql(HIGH_LEVEL, &old);
	NdisCancelSendNetBufferLists(p.binding, &p);
	if (WRONG(P_CANCELS_TOO_HIGH))
		KeLowerIrql(old);
}

unsigned protocol_sent(void)
{
	return atomic_load(&p.sent);
}

static VOID send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context;
	(void)flags;
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		atomic_fetch_sub(&p.sent, 1);
}

/* ---- receives ---- */

static VOID receive(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG n,
		    ULONG flags)
{
	(void)context;
	(void)port;
	(void)n;
	if (flags & NDIS_RECEIVE_FLAGS_RESOURCES) {
		if (WRONG(P_BREAKS_CHAIN))
			NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
		if (WRONG(P_RETURNS_LENT))
			NdisReturnNetBufferLists(p.binding, list, 0);
		p.lent = list;
		return;
	}
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		p.held[atomic_fetch_add(&p.n_held, 1)] = list;
}

static void return_one(PNET_BUFFER_LIST nbl, ULONG flags)
{
	NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
	NdisReturnNetBufferLists(p.binding, nbl, flags);
	if (WRONG(P_RETURNS_TWICE)) {
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		NdisReturnNetBufferLists(p.binding, nbl, flags);
	}
	if (WRONG(P_TOUCHES_RETURNED))
		nbl->ProtocolReserved[0] = &p;
}

void protocol_return_all(void)
{
	unsigned n = atomic_exchange(&p.n_held, 0);

	if (WRONG(P_KEEPS_LENT) && p.lent)
		return_one(p.lent, 0);
	p.lent = NULL;
	if (WRONG(P_RETURNS_MIXED) && n > 1) {
		for (unsigned i = 0; i < n; i++)
			NET_BUFFER_LIST_NEXT_NBL(p.held[i]) = i + 1 < n ? p.held[i + 1] : NULL;
		NdisReturnNetBufferLists(p.binding, p.held[0], NDIS_RETURN_FLAGS_SINGLE_QUEUE);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		return_one(p.held[i], WRONG(P_LIES_OF_IRQL) ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
}

/* ---- life ---- */

static NDIS_STATUS bind_adapter(NDIS_HANDLE context, NDIS_HANDLE bind_context,
				PNDIS_BIND_PARAMETERS parameters)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS o = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium, .MediumArraySize = 1, .SelectedMediumIndex = &selected,
	};

	(void)context;
	(void)parameters;
	return NdisOpenAdapterEx(p.driver, &p, &o, bind_context, &p.binding);
}

static NDIS_STATUS unbind_adapter(NDIS_HANDLE unbind_context, NDIS_HANDLE context)
{
	(void)unbind_context;
	(void)context;
	NdisCloseAdapterEx(p.binding);
	p.binding = NULL;
	return NDIS_STATUS_SUCCESS;
}

static VOID open_complete(NDIS_HANDLE context, NDIS_STATUS status)
{
	(void)context;
	(void)status;
}

static VOID close_complete(NDIS_HANDLE context)
{
	(void)context;
}

static NDIS_STATUS net_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
	(void)context;
	(void)event;
	return NDIS_STATUS_SUCCESS;
}

static VOID status(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
	(void)context;
	(void)indication;
}

static VOID unload(PDRIVER_OBJECT object)
{
	(void)object;
	if (WRONG(P_LEAVES_POOL)) {
		lists_free();
		NdisFreeNetBufferListPool(p.pool);
	}
	NdisDeregisterProtocolDriver(p.driver);
	memset(&p, 0, sizeof(p));
}

NTSTATUS protocol_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.BindAdapterHandlerEx = bind_adapter, .UnbindAdapterHandlerEx = unbind_adapter,
		.OpenAdapterCompleteHandlerEx = open_complete,
		.CloseAdapterCompleteHandlerEx = close_complete, .NetPnPEventHandler = net_event,
		.OidRequestCompleteHandler = oid_complete, .StatusHandlerEx = status,
		.DirectOidRequestCompleteHandler = oid_complete,
		.ReceiveNetBufferListsHandler = receive,
		.SendNetBufferListsCompleteHandler = send_complete,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = unload;
	return NdisRegisterProtocolDriver(&p, &c, &p.driver);
}
