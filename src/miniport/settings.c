/* SPDX-License-Identifier: BSD-2-Clause */
/* What the adapter's configuration says, and what we tell NDIS of ourselves. */
#include "miniport/adapter.h"

#include <string.h>

#include "base/log.h"

#define LINK_SPEED 10000000000ull   /* as the common 10 Gb/s port; nothing depends on it */
#define MAX_FILTERS 4096

/* A keyword's name as the NDIS string the call wants. */
static NDIS_STRING name_of(const char *name, WCHAR room[32])
{
	USHORT n = 0;

	for (; name[n]; n++)
		room[n] = (unsigned char)name[n];
	return (NDIS_STRING){ (USHORT)(n * sizeof(WCHAR)), (USHORT)(n * sizeof(WCHAR)), room };
}

static unsigned read_number(NDIS_HANDLE config, const char *name, unsigned otherwise)
{
	WCHAR room[32];
	NDIS_STRING keyword = name_of(name, room);
	PNDIS_CONFIGURATION_PARAMETER value;
	NDIS_STATUS status;

	NdisReadConfiguration(&status, &value, config, &keyword, NdisParameterInteger);
	return status == NDIS_STATUS_SUCCESS ? value->ParameterData.IntegerData : otherwise;
}

static bool read_text(NDIS_HANDLE config, const char *name, char *to, size_t size)
{
	WCHAR room[32];
	NDIS_STRING keyword = name_of(name, room);
	PNDIS_CONFIGURATION_PARAMETER value;
	NDIS_STATUS status;
	size_t n;

	to[0] = '\0';
	NdisReadConfiguration(&status, &value, config, &keyword, NdisParameterString);
	if (status != NDIS_STATUS_SUCCESS)
		return false;
	n = value->ParameterData.StringData.Length / sizeof(WCHAR);
	if (n >= size)
		return false;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)value->ParameterData.StringData.Buffer[i];
	to[n] = '\0';
	return true;
}

NDIS_STATUS mp_settings_read(struct mp_adapter *a)
{
	NDIS_CONFIGURATION_OBJECT object = {
		.Header = { NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
			    NDIS_CONFIGURATION_OBJECT_REVISION_1,
			    NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 },
		.NdisHandle = a->handle,
	};
	struct mp_settings *s = &a->settings;
	NDIS_HANDLE config;
	NDIS_STATUS status = NdisOpenConfigurationEx(&object, &config);
	bool nic;

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	*s = (struct mp_settings){ .rx_queues = 0 };
	nic = read_text(config, "Nic", s->nic, sizeof(s->nic));
	read_text(config, "NicOut", s->out, sizeof(s->out));
	s->mtu = read_number(config, "Mtu", 1500);
	s->rx_queues = read_number(config, "RxQueues", 1);
	s->queues = read_number(config, "NumQueues", 16);
	s->buffers = read_number(config, "Buffers", 512);
	NdisCloseConfiguration(config);
	if (!nic || s->mtu < 68 || s->mtu > 9600 || !s->rx_queues || s->rx_queues > MAX_RX_QUEUES ||
	    s->queues > 1024 || s->buffers < 16 || s->buffers > 65536) {
		log_error("miniport: keyword Nic is missing or too long, or a number is out of range");
		s->rx_queues = s->queues = 0;   /* nothing was made yet */
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	a->max_frame = (uint16_t)(s->mtu + ETHERNET_HEADER);
	return NDIS_STATUS_SUCCESS;
}

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
		.MacAddressLength = 6,
	} };

	memcpy(at.GeneralAttributes.PermanentMacAddress, a->mac, 6);
	memcpy(at.GeneralAttributes.CurrentMacAddress, a->mac, 6);
	return NdisMSetMiniportAttributes(a->handle, &at);
}

/* H1 .. H9: filters always work in software, so what we have is what is enabled. */
static NDIS_STATUS set_hardware_assist(struct mp_adapter *a)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2 },
		.EnabledFilterTypes = NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED,
		.EnabledQueueTypes = NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED,
		.NumQueues = a->settings.queues,
		.SupportedQueueProperties =
			NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED | NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
			NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED |
			NDIS_RECEIVE_FILTER_INTERRUPT_VECTOR_COALESCING_SUPPORTED,
		.SupportedFilterTests = NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED,
		.SupportedHeaders = NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,
		.SupportedMacHeaderFields = NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED |
					    NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED,
		.MaxMacHeaderFilters = MAX_FILTERS,
	};
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3 },
		.HardwareReceiveFilterCapabilities = &c,
		.CurrentReceiveFilterCapabilities = &c,
	} };

	return NdisMSetMiniportAttributes(a->handle, &at);
}

NDIS_STATUS mp_attributes_set(struct mp_adapter *a)
{
	NDIS_STATUS status = set_registration(a);

	if (status == NDIS_STATUS_SUCCESS)
		status = set_general(a);
	if (status == NDIS_STATUS_SUCCESS)
		status = set_hardware_assist(a);
	return status;
}
