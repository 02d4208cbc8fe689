/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter from initialize to halt. */
#include "wire.h"

/* ---- configuration ---- */

static VOID
WireReadName(PWIRE_ADAPTER Adapter, NDIS_HANDLE Configuration)
{
	NDIS_STRING Keyword = NDIS_STRING_CONST("WireName");
	PNDIS_CONFIGURATION_PARAMETER Parameter;
	NDIS_STATUS Status;

	NdisReadConfiguration(&Status, &Parameter, Configuration, &Keyword, NdisParameterString);
	if (Status != NDIS_STATUS_SUCCESS)
		return;   /* the wire without a name is one too */
	Adapter->WireNameLength = Parameter->ParameterData.StringData.Length;
	if (Adapter->WireNameLength > sizeof(Adapter->WireName))
		Adapter->WireNameLength = sizeof(Adapter->WireName);
	NdisMoveMemory(Adapter->WireName, Parameter->ParameterData.StringData.Buffer,
		       Adapter->WireNameLength);
}

static VOID
WireReadMac(PWIRE_ADAPTER Adapter, NDIS_HANDLE Configuration)
{
	static LONG Serial;
	NDIS_STATUS Status;
	PVOID Address;
	UINT Length;
	LONG Number = NdisInterlockedIncrement(&Serial);

	/* Locally administered, a number for each adapter. */
	Adapter->PermanentMac[0] = 0x02;
	Adapter->PermanentMac[3] = (UCHAR)(Number >> 16);
	Adapter->PermanentMac[4] = (UCHAR)(Number >> 8);
	Adapter->PermanentMac[5] = (UCHAR)Number;
	NdisMoveMemory(Adapter->CurrentMac, Adapter->PermanentMac, 6);
	NdisReadNetworkAddress(&Status, &Address, &Length, Configuration);
	if (Status == NDIS_STATUS_SUCCESS && Length == 6 && !ETH_IS_MULTICAST((PUCHAR)Address))
		NdisMoveMemory(Adapter->CurrentMac, Address, 6);
}

static NDIS_STATUS
WireReadConfiguration(PWIRE_ADAPTER Adapter)
{
	NDIS_CONFIGURATION_OBJECT Object;
	NDIS_HANDLE Configuration;
	NDIS_STATUS Status;

	NdisZeroMemory(&Object, sizeof(Object));
	Object.Header.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT;
	Object.Header.Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1;
	Object.Header.Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1;
	Object.NdisHandle = Adapter->MiniportHandle;
	Status = NdisOpenConfigurationEx(&Object, &Configuration);
	if (Status != NDIS_STATUS_SUCCESS)
		return Status;
	WireReadName(Adapter, Configuration);
	WireReadMac(Adapter, Configuration);
	NdisCloseConfiguration(Configuration);
	return NDIS_STATUS_SUCCESS;
}

/* ---- attributes ---- */

static NDIS_STATUS
WireSetRegistrationAttributes(PWIRE_ADAPTER Adapter)
{
	NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes;

	NdisZeroMemory(&Attributes, sizeof(Attributes));
	Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
	Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
	Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
	Attributes.MiniportAdapterContext = Adapter;
	Attributes.AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM |
				    NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK;
	Attributes.InterfaceType = NdisInterfaceInternal;
	return NdisMSetMiniportAttributes(Adapter->MiniportHandle,
					  (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

static NDIS_STATUS
WireSetGeneralAttributes(PWIRE_ADAPTER Adapter)
{
	NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes;

	NdisZeroMemory(&Attributes, sizeof(Attributes));
	Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
	Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
	Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
	Attributes.MediaType = NdisMedium802_3;
	Attributes.PhysicalMediumType = NdisPhysicalMediumUnspecified;
	Attributes.MtuSize = WIRE_MTU;
	Attributes.MaxXmitLinkSpeed = WIRE_LINK_SPEED;
	Attributes.XmitLinkSpeed = WIRE_LINK_SPEED;
	Attributes.MaxRcvLinkSpeed = WIRE_LINK_SPEED;
	Attributes.RcvLinkSpeed = WIRE_LINK_SPEED;
	Attributes.MediaConnectState = MediaConnectStateConnected;
	Attributes.MediaDuplexState = MediaDuplexStateFull;
	Attributes.LookaheadSize = WIRE_MTU;
	Attributes.MacOptions = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA |
				NDIS_MAC_OPTION_TRANSFERS_NOT_PEND | NDIS_MAC_OPTION_NO_LOOPBACK |
				NDIS_MAC_OPTION_8021P_PRIORITY | NDIS_MAC_OPTION_8021Q_VLAN;
	Attributes.SupportedPacketFilters = WIRE_PACKET_FILTERS;
	Attributes.MaxMulticastListSize = WIRE_MAX_MULTICAST;
	Attributes.MacAddressLength = 6;
	NdisMoveMemory(Attributes.PermanentMacAddress, Adapter->PermanentMac, 6);
	NdisMoveMemory(Attributes.CurrentMacAddress, Adapter->CurrentMac, 6);
	Attributes.AccessType = NET_IF_ACCESS_BROADCAST;
	Attributes.DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
	Attributes.ConnectionType = NET_IF_CONNECTION_DEDICATED;
	Attributes.IfType = IF_TYPE_ETHERNET_CSMACD;
	Attributes.IfConnectorPresent = FALSE;
	Attributes.SupportedStatistics = NDIS_STATISTICS_XMIT_OK_SUPPORTED |
					 NDIS_STATISTICS_RCV_OK_SUPPORTED;
	Attributes.SupportedOidList = WireSupportedOids;
	Attributes.SupportedOidListLength = WireSupportedOidsSize;
	return NdisMSetMiniportAttributes(Adapter->MiniportHandle,
					  (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

/* ---- initialize and halt ---- */

static NDIS_STATUS
WireAllocatePool(PWIRE_ADAPTER Adapter)
{
	NET_BUFFER_LIST_POOL_PARAMETERS Parameters;

	NdisZeroMemory(&Parameters, sizeof(Parameters));
	Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	Parameters.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
	Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
	Parameters.fAllocateNetBuffer = TRUE;
	Parameters.PoolTag = WIRE_POOL_TAG;
	Adapter->NblPool = NdisAllocateNetBufferListPool(Adapter->MiniportHandle, &Parameters);
	return Adapter->NblPool != NULL ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

static VOID
WireFreeAdapter(PWIRE_ADAPTER Adapter)
{
	if (Adapter->NblPool != NULL)
		NdisFreeNetBufferListPool(Adapter->NblPool);
	NdisFreeSpinLock(&Adapter->Lock);
	NdisFreeMemory(Adapter, 0, 0);
}

_Use_decl_annotations_
NDIS_STATUS
WireInitializeEx(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
		 PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
	PWIRE_ADAPTER Adapter;
	NDIS_STATUS Status;

	UNREFERENCED_PARAMETER(MiniportDriverContext);
	UNREFERENCED_PARAMETER(MiniportInitParameters);
	Adapter = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, sizeof(*Adapter),
						    WIRE_POOL_TAG, NormalPoolPriority);
	if (Adapter == NULL)
		return NDIS_STATUS_RESOURCES;
	NdisZeroMemory(Adapter, sizeof(*Adapter));
	Adapter->MiniportHandle = NdisMiniportHandle;
	Adapter->State = WirePaused;
	Adapter->Lookahead = WIRE_MTU;
	NdisAllocateSpinLock(&Adapter->Lock);
	KeInitializeDpc(&Adapter->ReceiveDpc, WireReceiveDpc, Adapter);

	Status = WireReadConfiguration(Adapter);
	if (Status == NDIS_STATUS_SUCCESS)
		Status = WireSetRegistrationAttributes(Adapter);
	if (Status == NDIS_STATUS_SUCCESS)
		Status = WireSetGeneralAttributes(Adapter);
	if (Status == NDIS_STATUS_SUCCESS)
		Status = WireAllocatePool(Adapter);
	if (Status != NDIS_STATUS_SUCCESS) {
		WireFreeAdapter(Adapter);
		return Status;
	}
	NdisAcquireSpinLock(&WireLock);
	InsertTailList(&WireAdapters, &Adapter->ListEntry);
	NdisReleaseSpinLock(&WireLock);
	return NDIS_STATUS_SUCCESS;
}

_Use_decl_annotations_
VOID
WireHaltEx(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
	PWIRE_ADAPTER Adapter = MiniportAdapterContext;

	UNREFERENCED_PARAMETER(HaltAction);
	NdisAcquireSpinLock(&WireLock);
	RemoveEntryList(&Adapter->ListEntry);
	NdisReleaseSpinLock(&WireLock);
	KeRemoveQueueDpc(&Adapter->ReceiveDpc);
	KeFlushQueuedDpcs();
	ASSERT(Adapter->Outstanding == 0);
	WireFreeFrames(Adapter->FirstQueued);
	WireFreeAdapter(Adapter);
}

/* ---- pause and restart ---- */

_Use_decl_annotations_
NDIS_STATUS
WirePause(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
	PWIRE_ADAPTER Adapter = MiniportAdapterContext;
	PNET_BUFFER_LIST Queued;
	BOOLEAN Pending;

	UNREFERENCED_PARAMETER(PauseParameters);
	NdisAcquireSpinLock(&Adapter->Lock);
	Queued = Adapter->FirstQueued;
	Adapter->Statistics.Dropped += Adapter->Queued;
	Adapter->FirstQueued = Adapter->LastQueued = NULL;
	Adapter->Queued = 0;
	Pending = Adapter->Outstanding != 0;
	Adapter->State = Pending ? WirePausing : WirePaused;
	NdisReleaseSpinLock(&Adapter->Lock);
	WireFreeFrames(Queued);
	return Pending ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

_Use_decl_annotations_
NDIS_STATUS
WireRestart(NDIS_HANDLE MiniportAdapterContext, PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
	PWIRE_ADAPTER Adapter = MiniportAdapterContext;

	UNREFERENCED_PARAMETER(RestartParameters);
	NdisAcquireSpinLock(&Adapter->Lock);
	Adapter->State = WireRunning;
	NdisReleaseSpinLock(&Adapter->Lock);
	return NDIS_STATUS_SUCCESS;
}

/* So many of what was outstanding are over; the last one ends a pause that waits. */
VOID
WireFinished(PWIRE_ADAPTER Adapter, ULONG Count)
{
	BOOLEAN Complete;

	NdisAcquireSpinLock(&Adapter->Lock);
	Adapter->Outstanding -= Count;
	Complete = Adapter->State == WirePausing && Adapter->Outstanding == 0;
	if (Complete)
		Adapter->State = WirePaused;
	NdisReleaseSpinLock(&Adapter->Lock);
	if (Complete)
		NdisMPauseComplete(Adapter->MiniportHandle);
}
