/* SPDX-License-Identifier: BSD-2-Clause */
/* Network interfaces: the order of their stacks, and their numbers (part of ndis.h). */
#ifndef OVMQ_NDIS_IF_H
#define OVMQ_NDIS_IF_H

#include <ndis/lib.h>

EXTERN_C_START

#define NET_IFINDEX_UNSPECIFIED  ((NET_IFINDEX)0)
#define IFI_UNSPECIFIED          NET_IFINDEX_UNSPECIFIED

NDIS_STATUS NdisIfAddIfStackEntry(NET_IFINDEX HigherLayerIfIndex, NET_IFINDEX LowerLayerIfIndex);
NDIS_STATUS NdisIfDeleteIfStackEntry(NET_IFINDEX HigherLayerIfIndex, NET_IFINDEX LowerLayerIfIndex);
NDIS_STATUS NdisIfGetInterfaceIndexFromNetLuid(NET_LUID NetLuid, PNET_IFINDEX pIfIndex);
NDIS_STATUS NdisIfGetNetLuidFromInterfaceIndex(NET_IFINDEX IfIndex, PNET_LUID pNetLuid);
NDIS_STATUS NdisIfQueryBindingIfIndex(NDIS_HANDLE NdisBindingHandle,
				      PNET_IFINDEX pHighestIfIndex, PNET_LUID pHighestNetLuid,
				      PNET_IFINDEX pLowestIfIndex, PNET_LUID pLowestNetLuid);

EXTERN_C_END

#endif
