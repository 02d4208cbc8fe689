/* SPDX-License-Identifier: BSD-2-Clause */
/* What we tell NDIS of ourselves while we initialize. */
#include "miniport/rss.h"

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

	/* A56: a low power state finds it running, and it says so to whoever sends (A55). */
	if (a->ndis_version >= MP_NDIS_630)
		at.RegistrationAttributes.AttributeFlags |=
			NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND;
	return NdisMSetMiniportAttributes(a->handle, &at);
}

/* O18: neither without tags on sends; never the second without the first. */
static ULONG tag_options(const struct mp_adapter *a)
{
	ULONG options = 0;

	if (a->settings.tag_mask)
		options |= NDIS_MAC_OPTION_8021P_PRIORITY;
	if (a->settings.tag_mask & MP_TAG_VLAN)
		options |= NDIS_MAC_OPTION_8021Q_VLAN;
	return options;
}

static NDIS_STATUS set_general(struct mp_adapter *a)
{
	NDIS_RECEIVE_SCALE_CAPABILITIES rss = mp_rss_capabilities(a);
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3,
		.PhysicalMediumType = NdisPhysicalMedium802_3,
		.MtuSize = a->settings.mtu,
		.MaxXmitLinkSpeed = MP_LINK_SPEED,
		.XmitLinkSpeed = MP_LINK_SPEED,
		.MaxRcvLinkSpeed = MP_LINK_SPEED,
		.RcvLinkSpeed = MP_LINK_SPEED,
		.MediaConnectState = MediaConnectStateConnected,
		.MediaDuplexState = MediaDuplexStateFull,
		.LookaheadSize = a->settings.mtu,
		.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
			      NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | tag_options(a),
		.SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST |
					  NDIS_PACKET_TYPE_ALL_MULTICAST |
					  NDIS_PACKET_TYPE_BROADCAST |
					  NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_NO_LOCAL,
		.MaxMulticastListSize = MP_MULTICAST_MAX,
		.RecvScaleCapabilities = a->settings.rss ? &rss : NULL,   /* X39 */
		.MacAddressLength = 6,
	} };

	memcpy(at.GeneralAttributes.PermanentMacAddress, a->mac, 6);
	memcpy(at.GeneralAttributes.CurrentMacAddress, a->mac, 6);
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
	NDIS_QOS_CAPABILITIES qos = mp_qos_hardware_capabilities(a), qos_now = qos;
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3 },
		.HardwareReceiveFilterCapabilities = &hardware,
		.CurrentReceiveFilterCapabilities = &current,
	} };
	NDIS_OBJECT_HEADER *header = &at.HardwareAssistAttributes.Header;

	if (a->settings.qos != MP_QOS_ON)   /* X43 */
		qos_now = (NDIS_QOS_CAPABILITIES){ .Header = qos.Header };
	if (a->settings.qos != MP_QOS_ABSENT) {
		at.HardwareAssistAttributes.HardwareQosCapabilities = &qos;
		at.HardwareAssistAttributes.CurrentQosCapabilities = &qos_now;
	}
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
		status = mp_offload_attributes_set(a);
	if (status == NDIS_STATUS_SUCCESS)
		status = set_hardware_assist(a);
	return status;
}
