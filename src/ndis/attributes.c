/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of itself while it initializes (I4, I5, H1, H2). */
#include "ndis/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

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

	if (g->MediaType != NdisMedium802_3 || g->MacAddressLength != sizeof(at->mac))
		return refuse(a, "the medium is not 802.3 with 6-byte addresses");
	if (!keep_oids(at, g->SupportedOidList, g->SupportedOidListLength))
		return NDIS_STATUS_RESOURCES;
	at->medium = g->MediaType;
	at->physical_medium = g->PhysicalMediumType;
	memcpy(at->mac, g->CurrentMacAddress, sizeof(at->mac));
	memcpy(at->permanent_mac, g->PermanentMacAddress, sizeof(at->permanent_mac));
	at->offer = (struct ndis_offer){ g->MtuSize, g->LookaheadSize, g->DataBackFillSize,
					 g->ContextBackFillSize };
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

/* What capabilities that show VM queues must show besides; without it no queue works. */
static const char *capabilities_fault(const NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	if (c->SupportedQueueProperties & (NDIS_RECEIVE_FILTER_IMPLAT_MIN_OF_QUEUES_MODE |
					   NDIS_RECEIVE_FILTER_IMPLAT_SUM_OF_QUEUES_MODE))
		return "IMPLAT flags are for LBFO filters (H6)";
	if (!(c->SupportedFilterTests & NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED) ||
	    !(c->SupportedHeaders & NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED) ||
	    !(c->SupportedMacHeaderFields & NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED))
		return "VM queues without the equal test on the destination MAC (H7)";
	if (c->NumQueues > UINT16_MAX)
		return "more queues than 16-bit ids (B9)";
	return NULL;
}

/* Miniports that run show less than H6 demands, and 6.30 ones still the split of 6.20:
 * that is told, and the split, which then never happens, is not passed on (H9). */
static void capabilities_mend(const struct ndis_adapter *a, NDIS_RECEIVE_FILTER_CAPABILITIES *c,
			      bool tell)
{
	bool newer = ndis_version(a) >= NDIS_VERSION(6, 30);
	ULONG p = c->SupportedQueueProperties;
	const char *name = a->layer.object.name;

	if (tell && !(p & NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED))
		log_warning("adapter %s: its VM queues come without "
			    "NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED, which VMQ demands (H6)", name);
	if (!newer)
		return;
	if (tell && !(p & NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED))
		log_warning("adapter %s: its VM queues come without NDIS_RECEIVE_FILTER_DYNAMIC_"
			    "PROCESSOR_AFFINITY_CHANGE_SUPPORTED, which NDIS 6.30 demands (H6)",
			    name);
	if (!(p & NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED) && !c->MinLookaheadSplitSize &&
	    !c->MaxLookaheadSplitSize)
		return;
	if (tell)
		log_warning("adapter %s: lookahead split ended with NDIS 6.20; what its 6.30 "
			    "miniport says of it is left out (E20, H9)", name);
	c->SupportedQueueProperties &= ~(ULONG)NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
	c->MinLookaheadSplitSize = c->MaxLookaheadSplitSize = 0;
}

/* Whether the capabilities are good; 'to' are what the others get to see of them. */
static const char *keep(const struct ndis_adapter *a, NDIS_RECEIVE_FILTER_CAPABILITIES *to,
			const NDIS_RECEIVE_FILTER_CAPABILITIES *from, bool tell)
{
	size_t n = from->Header.Size < sizeof(*to) ? from->Header.Size : sizeof(*to);
	const char *fault = NULL;

	memset(to, 0, sizeof(*to));
	memcpy(to, from, n);
	if (to->SupportedQueueProperties & NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED) {
		fault = capabilities_fault(to);
		if (!fault)
			capabilities_mend(a, to, tell);
	}
	return fault;
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
	if (!h->HardwareReceiveFilterCapabilities)
		return NDIS_STATUS_SUCCESS;
	fault = keep(a, &at->hardware, h->HardwareReceiveFilterCapabilities, true);
	if (!fault)
		fault = keep(a, &at->current, h->CurrentReceiveFilterCapabilities, false);
	if (fault)
		return refuse(a, fault);
	at->filtering = true;
	return NDIS_STATUS_SUCCESS;
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
	case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES:
		if (!a->attributes.general)
			return refuse(a, "general attributes come before the others (I4)");
		return set_hardware_assist(a, &MiniportAttributes->HardwareAssistAttributes);
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
}
