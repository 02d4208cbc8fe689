/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of itself while it initializes (I4, I5, H1, H2). */
#include "ndis/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/qos_oid.h"
#include "ndis/receive_filter.h"
#include "ndis/rss_oid.h"
#include "ndis/task_offload.h"

static NDIS_STATUS refuse(const struct ndis_adapter *a, const char *what)
{
	log_error("adapter %s: NdisMSetMiniportAttributes: %s", a->layer.object.name, what);
	return NDIS_STATUS_INVALID_PARAMETER;
}

static NDIS_STATUS set_registration(struct ndis_adapter *a,
				    const NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *r)
{
	a->layer.context = r->MiniportAdapterContext;
	a->attributes.flags = r->AttributeFlags;
	a->attributes.check_for_hang_seconds = r->CheckForHangTimeInSeconds;
	if (r->AttributeFlags & NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT)
		ndis_ports_control_default(a->ports);
	a->attributes.registration = true;
	return NDIS_STATUS_SUCCESS;
}

static bool keep_oids(struct ndis_attributes *at, const NDIS_OID *oids, ULONG length)
{
	NDIS_OID *copy = malloc(length ? length : 1);

	if (!copy)
		return false;
	if (length)
		memcpy(copy, oids, length);
	free(at->oids);
	at->oids = copy;
	at->n_oids = length / sizeof(NDIS_OID);
	return true;
}

static NDIS_STATUS set_general(struct ndis_adapter *a,
			       const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *g)
{
	struct ndis_attributes *at = &a->attributes;
	const char *fault = ndis_rss_take(a, g->RecvScaleCapabilities);

	if (fault)
		return refuse(a, fault);
	if (g->MediaType != NdisMedium802_3 || g->MacAddressLength != sizeof(at->mac))
		return refuse(a, "the medium is not 802.3 with 6-byte addresses");
	if (!keep_oids(at, g->SupportedOidList, g->SupportedOidListLength))
		return NDIS_STATUS_RESOURCES;
	at->medium = g->MediaType;
	at->physical_medium = g->PhysicalMediumType;
	memcpy(at->mac, g->CurrentMacAddress, sizeof(at->mac));
	memcpy(at->permanent_mac, g->PermanentMacAddress, sizeof(at->permanent_mac));
	at->offer = (struct ndis_offer){ g->MtuSize, g->LookaheadSize, g->DataBackFillSize,
					 g->ContextBackFillSize, false };
	a->offer = at->offer;
	at->mac_options = g->MacOptions;
	at->packet_filters = g->SupportedPacketFilters;
	at->max_multicast = g->MaxMulticastListSize;
	at->statistics = g->SupportedStatistics;
	at->max_xmit_speed = g->MaxXmitLinkSpeed;
	at->max_rcv_speed = g->MaxRcvLinkSpeed;
	at->xmit_speed = g->XmitLinkSpeed;
	at->rcv_speed = g->RcvLinkSpeed;
	at->link = g->MediaConnectState;
	at->duplex = g->MediaDuplexState;
	at->pause = (NDIS_SUPPORTED_PAUSE_FUNCTIONS)g->SupportedPauseFunctions;
	at->negotiated = g->AutoNegotiationFlags;
	at->access = g->AccessType;
	at->direction = g->DirectionType;
	at->connection = g->ConnectionType;
	at->type = g->IfType;
	at->connector_present = g->IfConnectorPresent;
	if (g->PowerManagementCapabilities)
		at->pnp = *g->PowerManagementCapabilities;
	at->general = true;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS set_hardware_assist(
	struct ndis_adapter *a, const NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES *h)
{
	struct ndis_attributes *at = &a->attributes;
	const char *fault;

	at->hardware_assist = true;
	if (h->Header.Size < NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2)
		return NDIS_STATUS_SUCCESS;
	if (!h->HardwareReceiveFilterCapabilities != !h->CurrentReceiveFilterCapabilities)
		return refuse(a, "one of the two receive filter capabilities is NULL (H2)");
	fault = ndis_qos_take(a, h);
	if (fault)
		return refuse(a, fault);
	if (!h->HardwareReceiveFilterCapabilities)
		return NDIS_STATUS_SUCCESS;
	fault = ndis_receive_filter_capabilities_take(a, &at->hardware,
						      h->HardwareReceiveFilterCapabilities, true);
	if (!fault)
		fault = ndis_receive_filter_capabilities_take(
			a, &at->current, h->CurrentReceiveFilterCapabilities, false);
	if (fault)
		return refuse(a, fault);
	at->filtering = true;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS set_offload(struct ndis_adapter *a,
			       const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *o)
{
	const char *fault = ndis_task_offload_take(a, o);

	return fault ? refuse(a, fault) : NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportAdapterHandle,
				       PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes)
{
	struct ndis_adapter *a = NdisMiniportAdapterHandle;
	const NDIS_OBJECT_HEADER *h = &MiniportAttributes->RegistrationAttributes.Header;

	if (!h->Revision || h->Revision > 8)
		return NDIS_STATUS_BAD_VERSION;   /* I5 */
	if (ndis_layer_state(&a->layer) != NDIS_STARTING)
		return refuse(a, "only while the miniport initializes (I4)");
	if (h->Type == NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES) {
		a->device_context =
			MiniportAttributes->AddDeviceRegistrationAttributes.MiniportAddDeviceContext;
		return NDIS_STATUS_SUCCESS;
	}
	if (h->Type == NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES)
		return set_registration(a, &MiniportAttributes->RegistrationAttributes);
	if (!a->attributes.registration)
		return refuse(a, "registration attributes come first (I4)");
	switch (h->Type) {
	case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES:
		return set_general(a, &MiniportAttributes->GeneralAttributes);
	case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES:
		if (!a->attributes.general)
			return refuse(a, "general attributes come before the others (I4)");
		return set_offload(a, &MiniportAttributes->OffloadAttributes);
	case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES:
		if (!a->attributes.general)
			return refuse(a, "general attributes come before the others (I4)");
		return set_hardware_assist(a, &MiniportAttributes->HardwareAssistAttributes);
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
}
