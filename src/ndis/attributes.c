/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of itself while it initializes (I4, I5, H1, H2). */
#include "ndis/object.h"

#include <string.h>

#include "base/log.h"

static NDIS_STATUS refuse(const struct ndis_adapter *a, const char *what)
{
	log_error("adapter %s: NdisMSetMiniportAttributes: %s", a->name, what);
	return NDIS_STATUS_INVALID_PARAMETER;
}

static NDIS_STATUS set_registration(struct ndis_adapter *a,
				    const NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *r)
{
	a->context = r->MiniportAdapterContext;
	a->attributes.registration = true;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS set_general(struct ndis_adapter *a,
			       const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *g)
{
	struct ndis_attributes *at = &a->attributes;

	if (g->MediaType != NdisMedium802_3 || g->MacAddressLength != sizeof(at->mac))
		return refuse(a, "the medium is not 802.3 with 6-byte addresses");
	at->medium = g->MediaType;
	memcpy(at->mac, g->CurrentMacAddress, sizeof(at->mac));
	at->mtu = g->MtuSize;
	at->lookahead = g->LookaheadSize;
	at->mac_options = g->MacOptions;
	at->packet_filters = g->SupportedPacketFilters;
	at->max_multicast = g->MaxMulticastListSize;
	at->xmit_speed = g->XmitLinkSpeed;
	at->rcv_speed = g->RcvLinkSpeed;
	at->link = g->MediaConnectState;
	at->general = true;
	return NDIS_STATUS_SUCCESS;
}

/* H6, H7, H9: what capabilities that show VM queues must show besides. */
static const char *capabilities_fault(const struct ndis_adapter *a,
				      const NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	ULONG p = c->SupportedQueueProperties;

	if (!(p & NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED))
		return NULL;
	if (!(p & NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED))
		return "VM queues without MSI_X_SUPPORTED (H6)";
	if (p & (NDIS_RECEIVE_FILTER_IMPLAT_MIN_OF_QUEUES_MODE |
		 NDIS_RECEIVE_FILTER_IMPLAT_SUM_OF_QUEUES_MODE))
		return "IMPLAT flags are for LBFO filters (H6)";
	if (!(c->SupportedFilterTests & NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED) ||
	    !(c->SupportedHeaders & NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED) ||
	    !(c->SupportedMacHeaderFields & NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED))
		return "VM queues without the equal test on the destination MAC (H7)";
	if (c->NumQueues > UINT16_MAX)
		return "more queues than 16-bit ids (B9)";
	if (ndis_version(a) >= NDIS_VERSION(6, 30)) {
		if (p & NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED ||
		    c->MinLookaheadSplitSize || c->MaxLookaheadSplitSize)
			return "a 6.30 miniport has no lookahead split (E20, H9)";
		if (!(p & NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED))
			return "a 6.30 miniport without DYNAMIC_PROCESSOR_AFFINITY_CHANGE (H6)";
	}
	return NULL;
}

static void keep(NDIS_RECEIVE_FILTER_CAPABILITIES *to, const NDIS_RECEIVE_FILTER_CAPABILITIES *from)
{
	size_t n = from->Header.Size < sizeof(*to) ? from->Header.Size : sizeof(*to);

	memset(to, 0, sizeof(*to));
	memcpy(to, from, n);
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
	fault = capabilities_fault(a, h->HardwareReceiveFilterCapabilities);
	if (!fault)
		fault = capabilities_fault(a, h->CurrentReceiveFilterCapabilities);
	if (fault)
		return refuse(a, fault);
	keep(&at->hardware, h->HardwareReceiveFilterCapabilities);
	keep(&at->current, h->CurrentReceiveFilterCapabilities);
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
	if (atomic_load(&a->state) != NDIS_ADAPTER_INITIALIZING)
		return refuse(a, "only while the miniport initializes (I4)");
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
