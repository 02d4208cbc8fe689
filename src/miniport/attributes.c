/* SPDX-License-Identifier: BSD-2-Clause */
/* What we tell NDIS of ourselves while we initialize. */
#include "miniport/adapter.h"

#include <string.h>

#define LINK_SPEED 10000000000ull   /* as the common 10 Gb/s port; nothing depends on it */

static NDIS_STATUS set_registration(struct mp_adapter *a)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .RegistrationAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 },
		.MiniportAdapterContext = a,
		.AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE,
		.InterfaceType = NdisInterfacePci,
	} };

	return NdisMSetMiniportAttributes(a->handle, &at);
}

static NDIS_STATUS set_general(struct mp_adapter *a)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3,
		.PhysicalMediumType = NdisPhysicalMedium802_3,
		.MtuSize = a->settings.mtu,
		.MaxXmitLinkSpeed = LINK_SPEED,
		.XmitLinkSpeed = LINK_SPEED,
		.MaxRcvLinkSpeed = LINK_SPEED,
		.RcvLinkSpeed = LINK_SPEED,
		.MediaConnectState = MediaConnectStateConnected,
		.MediaDuplexState = MediaDuplexStateFull,
		.LookaheadSize = a->settings.mtu,
		.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
			      NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_8021P_PRIORITY |
			      NDIS_MAC_OPTION_8021Q_VLAN,
		.SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
					  NDIS_PACKET_TYPE_ALL_MULTICAST |
					  NDIS_PACKET_TYPE_BROADCAST |
					  NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_NO_LOCAL,
		.MaxMulticastListSize = MP_MULTICAST_MAX,
		.MacAddressLength = 6,
	} };

	memcpy(at.GeneralAttributes.PermanentMacAddress, a->mac, 6);
	memcpy(at.GeneralAttributes.CurrentMacAddress, a->mac, 6);
	return NdisMSetMiniportAttributes(a->handle, &at);
}

/* ---- task offloads (P12) ---- */

/* Filters find the frame inside, whatever IP is around it and within (D12). */
#define ANY_ENCAPSULATION                                   \
	(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV4 | \
	 NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV4 | \
	 NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV6 | \
	 NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV6)
/* From a frame's beginning to the end of its innermost header, at most: what the
 * documentation calls enough. */
#define MAX_HEADERS 256

/* VM queues by the frame inside an encapsulated one, and no other offload. NDIS 6.20 knows
 * none of it. */
static NDIS_STATUS set_offload(struct mp_adapter *a)
{
	NDIS_OFFLOAD hardware = {
		.Header = { NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_3,
			    NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3 },
		.EncapsulatedPacketTaskOffloadGre = { .VmqSupported = ANY_ENCAPSULATION,
						      .MaxHeaderSizeSupported = MAX_HEADERS },
	};
	NDIS_OFFLOAD current = hardware;
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .OffloadAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1 },
		.DefaultOffloadConfiguration = &current,
		.HardwareOffloadCapabilities = &hardware,
	} };

	if (a->ndis_version < MP_NDIS_630)
		return NDIS_STATUS_SUCCESS;
	if (!a->settings.encapsulation)
		current.EncapsulatedPacketTaskOffloadGre =
			(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD){ .VmqSupported = 0 };
	return NdisMSetMiniportAttributes(a->handle, &at);
}

/* ---- receive filters (H1 .. H9) ---- */

/* Everything there is, whatever the keywords say (H3). What NDIS 6.30 brought is not
 * shown under 6.20, and the split, which it ended, not under 6.30 (E20, H9). */
static NDIS_RECEIVE_FILTER_CAPABILITIES hardware_capabilities(const struct mp_adapter *a)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2 },
		.EnabledFilterTypes = NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED,
		.EnabledQueueTypes = NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED,
		.NumQueues = a->settings.queues,
		.SupportedQueueProperties = NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED |
					    NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED,
		.SupportedFilterTests = mp_filter_tests(),
		.SupportedHeaders = NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,
		.SupportedMacHeaderFields = mp_filter_fields(a->ndis_version),
		.MaxMacHeaderFilters = MP_FILTERS_MAX,
	};

	if (a->ndis_version < MP_NDIS_630) {
		c.Header.Revision = NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
		c.Header.Size = NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
		c.SupportedQueueProperties |= NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
		c.MinLookaheadSplitSize = MP_LOOKAHEAD_MIN;
		c.MaxLookaheadSplitSize = MP_LOOKAHEAD_MAX;
		return c;
	}
	c.SupportedQueueProperties |=
		NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED |
		NDIS_RECEIVE_FILTER_INTERRUPT_VECTOR_COALESCING_SUPPORTED;
	return c;
}

/* What of it the keywords leave enabled (H4); without VMQ nothing but the header (X11). */
static NDIS_RECEIVE_FILTER_CAPABILITIES current_capabilities(
	const struct mp_adapter *a, const NDIS_RECEIVE_FILTER_CAPABILITIES *hardware)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = { .Header = hardware->Header };

	if (!a->settings.vmq)
		return c;
	c = *hardware;
	if (!a->settings.vlan_filtering)
		c.SupportedMacHeaderFields &= ~(ULONG)NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED;
	if (!a->settings.lookahead_split) {
		c.SupportedQueueProperties &= ~(ULONG)NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
		c.MinLookaheadSplitSize = c.MaxLookaheadSplitSize = 0;
	}
	return c;
}

static NDIS_STATUS set_hardware_assist(struct mp_adapter *a)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES hardware = hardware_capabilities(a);
	NDIS_RECEIVE_FILTER_CAPABILITIES current = current_capabilities(a, &hardware);
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3 },
		.HardwareReceiveFilterCapabilities = &hardware,
		.CurrentReceiveFilterCapabilities = &current,
	} };
	NDIS_OBJECT_HEADER *header = &at.HardwareAssistAttributes.Header;

	if (a->ndis_version < MP_NDIS_630) {
		header->Revision = NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2;
		header->Size = NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2;
	}
	return NdisMSetMiniportAttributes(a->handle, &at);
}

NDIS_STATUS mp_attributes_set(struct mp_adapter *a)
{
	NDIS_STATUS status = set_registration(a);

	if (status == NDIS_STATUS_SUCCESS)
		status = set_general(a);
	if (status == NDIS_STATUS_SUCCESS)
		status = set_offload(a);
	if (status == NDIS_STATUS_SUCCESS)
		status = set_hardware_assist(a);
	return status;
}
