/* SPDX-License-Identifier: BSD-2-Clause */
#include "protocol.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "ndis/host.h"

#define HEADER(name, revision) \
	{ NDIS_OBJECT_TYPE_DEFAULT, NDIS_##name##_REVISION_##revision, \
	  NDIS_SIZEOF_##name##_REVISION_##revision }

static NDIS_HANDLE driver, binding;
static struct ndis_image *protocol_image, *miniport_image;
static struct ndis_adapter *adapter;
static sem_t answered;
static NDIS_STATUS answer;

static void check(NDIS_STATUS status, const char *what)
{
	if (status == NDIS_STATUS_SUCCESS)
		return;
	fprintf(stderr, "control_bench: %s: status 0x%x\n", what, (unsigned)status);
	exit(1);
}

/* ---- the driver ---- */

static VOID receive(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG count,
		    ULONG flags)
{
	(void)context, (void)port, (void)count, (void)flags;
	NdisReturnNetBufferLists(binding, list, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
}

static VOID send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context, (void)list, (void)flags;
}

static NDIS_STATUS bind_adapter(NDIS_HANDLE context, NDIS_HANDLE bind, PNDIS_BIND_PARAMETERS p)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS o = { .Header = HEADER(OPEN_PARAMETERS, 1), .MediumArray = &medium,
				   .MediumArraySize = 1, .SelectedMediumIndex = &selected };

	(void)context, (void)p;
	return NdisOpenAdapterEx(driver, &binding, &o, bind, &binding);
}

static NDIS_STATUS unbind_adapter(NDIS_HANDLE unbind, NDIS_HANDLE context)
{
	(void)unbind, (void)context;
	NdisCloseAdapterEx(binding);
	return NDIS_STATUS_SUCCESS;
}

static VOID open_complete(NDIS_HANDLE context, NDIS_STATUS status)
{
	(void)context, (void)status;
}

static VOID close_complete(NDIS_HANDLE context)
{
	(void)context;
}

static NDIS_STATUS event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION notification)
{
	(void)context, (void)notification;
	return NDIS_STATUS_SUCCESS;
}

static VOID status_indication(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
	(void)context, (void)indication;
}

static VOID oid_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
	(void)context, (void)request;
	answer = status;
	sem_post(&answered);
}

static VOID unload(PDRIVER_OBJECT object)
{
	(void)object;
	NdisDeregisterProtocolDriver(driver);
}

static NTSTATUS entry(PDRIVER_OBJECT object, PUNICODE_STRING registry)
{
	static WCHAR name[] = { 'b', 'e', 'n', 'c', 'h' };
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.Name = { sizeof(name), sizeof(name), name },
		.BindAdapterHandlerEx = bind_adapter, .UnbindAdapterHandlerEx = unbind_adapter,
		.OpenAdapterCompleteHandlerEx = open_complete,
		.CloseAdapterCompleteHandlerEx = close_complete, .NetPnPEventHandler = event,
		.OidRequestCompleteHandler = oid_complete, .StatusHandlerEx = status_indication,
		.ReceiveNetBufferListsHandler = receive,
		.SendNetBufferListsCompleteHandler = send_complete,
	};

	(void)registry;
	object->DriverUnload = unload;
	return NdisRegisterProtocolDriver(NULL, &c, &driver);
}

/* ---- requests ---- */

static void request(NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG length,
		    const char *what)
{
	NDIS_OID_REQUEST r = { .Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
					   NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
			       .RequestType = type };
	NDIS_STATUS status;

	if (type == NdisRequestMethod) {
		r.DATA.METHOD_INFORMATION.Oid = oid;
		r.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
		r.DATA.METHOD_INFORMATION.InputBufferLength = length;
		r.DATA.METHOD_INFORMATION.OutputBufferLength = length;
	} else {
		r.DATA.SET_INFORMATION.Oid = oid;
		r.DATA.SET_INFORMATION.InformationBuffer = buffer;
		r.DATA.SET_INFORMATION.InformationBufferLength = length;
	}
	status = NdisOidRequest(binding, &r);
	if (status == NDIS_STATUS_PENDING) {
		while (sem_wait(&answered))
			;
		status = answer;
	}
	check(status, what);
}

ULONG control_allocate(unsigned processor)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = {
		.Header = HEADER(RECEIVE_QUEUE_PARAMETERS, 2),
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << processor },
	};

	request(NdisRequestMethod, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &q, q.Header.Size, "ALLOCATE_QUEUE");
	return q.QueueId;
}

void control_complete(ULONG queue)
{
	struct {
		NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a;
		NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS e;
	} b = {
		.a = { .Header = HEADER(RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, 1),
		       .NumElements = 1, .ElementSize = sizeof(b.e) },
		.e = { .Header = HEADER(RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS, 1),
		       .QueueId = queue, .CompletionStatus = NDIS_STATUS_FAILURE },
	};

	b.a.FirstElementOffset = (ULONG)((char *)&b.e - (char *)&b);
	request(NdisRequestMethod, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b, sizeof(b),
		"QUEUE_ALLOCATION_COMPLETE");
	check(b.e.CompletionStatus, "QUEUE_ALLOCATION_COMPLETE of the queue");
}

void control_free(ULONG queue)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS f = { .Header = HEADER(RECEIVE_QUEUE_FREE_PARAMETERS, 1),
						 .QueueId = queue };

	request(NdisRequestSetInformation, OID_RECEIVE_FILTER_FREE_QUEUE, &f, sizeof(f), "FREE_QUEUE");
}

ULONG control_filter(ULONG queue, unsigned mac)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS p;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS f;
	} b = {
		.p = { .Header = HEADER(RECEIVE_FILTER_PARAMETERS, 2),
		       .FilterType = NdisReceiveFilterTypeVMQueue, .QueueId = queue,
		       .FieldParametersArrayNumElements = 1,
		       .FieldParametersArrayElementSize = sizeof(b.f) },
		.f = { .Header = HEADER(RECEIVE_FILTER_FIELD_PARAMETERS, 1),
		       .Flags = NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO,
		       .FrameHeader = NdisFrameHeaderMac,
		       .ReceiveFilterTest = NdisReceiveFilterTestEqual,
		       .HeaderField.MacHeaderField = NdisMacHeaderFieldDestinationAddress,
		       .FieldValue.FieldByteArrayValue = { 2, 0, 0, (UCHAR)(mac >> 16),
							   (UCHAR)(mac >> 8), (UCHAR)mac } },
	};

	b.p.FieldParametersArrayOffset = (ULONG)((char *)&b.f - (char *)&b);
	request(NdisRequestMethod, OID_RECEIVE_FILTER_SET_FILTER, &b, sizeof(b), "SET_FILTER");
	return b.p.FilterId;
}

void control_clear(ULONG queue, ULONG filter)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS c = {
		.Header = HEADER(RECEIVE_FILTER_CLEAR_PARAMETERS, 1), .QueueId = queue,
		.FilterId = filter };

	request(NdisRequestSetInformation, OID_RECEIVE_FILTER_CLEAR_FILTER, &c, sizeof(c),
		"CLEAR_FILTER");
}

/* ---- opening and closing ---- */

void control_open(const char *nic, unsigned queues, unsigned buffers)
{
	char numbers[2][16];
	const struct ndis_keyword keywords[] = {
		{ "Nic", nic }, { "NumQueues", numbers[0] }, { "Buffers", numbers[1] },
		{ "*RssOrVmqPreference", "1" }, { NULL, NULL },
	};
	ULONG all = NDIS_PACKET_TYPE_PROMISCUOUS;
	struct error err = { "" };

	snprintf(numbers[0], sizeof(numbers[0]), "%u", queues);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", buffers);
	sem_init(&answered, 0, 0);
	if (ndis_image_load(&protocol_image, "bench", entry, NULL, &err) ||
	    ndis_image_load(&miniport_image, "miniport", miniport_driver_entry, NULL, &err) ||
	    ndis_adapter_add(&adapter, miniport_image, "bench", keywords, &err)) {
		fprintf(stderr, "control_bench: %s\n", err.text);
		exit(1);
	}
	request(NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &all, sizeof(all),
		"the packet filter");
}

void control_close(void)
{
	ndis_adapter_remove(adapter);
	ndis_image_unload(miniport_image);
	ndis_image_unload(protocol_image);
	sem_destroy(&answered);
}

struct miniport_report control_report(void)
{
	struct miniport_report r;

	miniport_report(ndis_adapter_context(adapter), &r);
	return r;
}
