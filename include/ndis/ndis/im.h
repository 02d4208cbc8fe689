/* SPDX-License-Identifier: BSD-2-Clause */
/* What an intermediate driver calls to bring up its virtual miniports (part of ndis.h). */
#ifndef OVMQ_NDIS_IM_H
#define OVMQ_NDIS_IM_H

#include <ndis/miniport.h>
#include <ndis/protocol.h>

EXTERN_C_START

VOID NdisIMAssociateMiniport(NDIS_HANDLE DriverHandle, NDIS_HANDLE ProtocolHandle);
NDIS_STATUS NdisIMInitializeDeviceInstanceEx(NDIS_HANDLE DriverHandle, PNDIS_STRING DriverInstance,
					     NDIS_HANDLE DeviceContext);
NDIS_STATUS NdisIMCancelInitializeDeviceInstance(NDIS_HANDLE DriverHandle,
						 PNDIS_STRING DeviceInstance);
NDIS_STATUS NdisIMDeInitializeDeviceInstance(NDIS_HANDLE NdisMiniportHandle);
NDIS_HANDLE NdisIMGetBindingContext(NDIS_HANDLE NdisBindingHandle);
NDIS_HANDLE NdisIMGetDeviceContext(NDIS_HANDLE MiniportAdapterHandle);

EXTERN_C_END

#endif
