/* SPDX-License-Identifier: BSD-2-Clause */
/* Network interfaces: adapters by number and by LUID, and which lies over which. */
#include "ndis/stack.h"

#include <stdlib.h>

#include "base/log.h"

#define IF_TYPE_ETHERNET 6

struct over {
	struct over *next;
	NET_IFINDEX higher, lower;
};

static struct over *overs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list */

/* Where the entry's pointer stands. Locked. */
static struct over **find(NET_IFINDEX higher, NET_IFINDEX lower)
{
	struct over **at = &overs;

	while (*at && ((*at)->higher != higher || (*at)->lower != lower))
		at = &(*at)->next;
	return at;
}

NDIS_STATUS NdisIfAddIfStackEntry(NET_IFINDEX HigherLayerIfIndex, NET_IFINDEX LowerLayerIfIndex)
{
	struct over *o = calloc(1, sizeof(*o)), **at;

	NDIS_CALLED(NULL);
	if (!o)
		return NDIS_STATUS_RESOURCES;
	*o = (struct over){ NULL, HigherLayerIfIndex, LowerLayerIfIndex };
	pthread_mutex_lock(&lock);
	at = find(HigherLayerIfIndex, LowerLayerIfIndex);
	if (*at) {
		free(o);
		log_error("NdisIfAddIfStackEntry: interface %u lies over %u already",
			  HigherLayerIfIndex, LowerLayerIfIndex);
		o = NULL;
	} else {
		*at = o;
	}
	pthread_mutex_unlock(&lock);
	return o ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

NDIS_STATUS NdisIfDeleteIfStackEntry(NET_IFINDEX HigherLayerIfIndex, NET_IFINDEX LowerLayerIfIndex)
{
	struct over **at, *o;

	NDIS_CALLED(NULL);
	pthread_mutex_lock(&lock);
	at = find(HigherLayerIfIndex, LowerLayerIfIndex);
	o = *at;
	if (o)
		*at = o->next;
	pthread_mutex_unlock(&lock);
	if (!o)
		log_error("NdisIfDeleteIfStackEntry: interface %u does not lie over %u",
			  HigherLayerIfIndex, LowerLayerIfIndex);
	free(o);
	return o ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/* ---- numbers: an adapter's LUID holds its index ---- */

NET_LUID ndis_luid_of(NET_IFINDEX index)
{
	return (NET_LUID){ .Info = { .NetLuidIndex = index, .IfType = IF_TYPE_ETHERNET } };
}

static bool exists(NET_IFINDEX index)
{
	struct ndis_adapter *a;

	ndis_pnp_lock();
	for (a = ndis_adapter_next(NULL); a && a->if_index != index; a = ndis_adapter_next(a))
		;
	ndis_pnp_unlock();
	return a != NULL;
}

NDIS_STATUS NdisIfGetInterfaceIndexFromNetLuid(NET_LUID NetLuid, PNET_IFINDEX pIfIndex)
{
	NET_IFINDEX index = (NET_IFINDEX)NetLuid.Info.NetLuidIndex;

	NDIS_CALLED(NULL);
	*pIfIndex = NET_IFINDEX_UNSPECIFIED;
	if (ndis_luid_of(index).Value != NetLuid.Value || !exists(index))
		return NDIS_STATUS_INTERFACE_NOT_FOUND;
	*pIfIndex = index;
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisIfGetNetLuidFromInterfaceIndex(NET_IFINDEX IfIndex, PNET_LUID pNetLuid)
{
	NDIS_CALLED(NULL);
	pNetLuid->Value = 0;
	if (!exists(IfIndex))
		return NDIS_STATUS_INTERFACE_NOT_FOUND;
	*pNetLuid = ndis_luid_of(IfIndex);
	return NDIS_STATUS_SUCCESS;
}

/* Filter modules have no interface of their own: the stack is one interface high. */
NDIS_STATUS NdisIfQueryBindingIfIndex(NDIS_HANDLE NdisBindingHandle,
				      PNET_IFINDEX pHighestIfIndex, PNET_LUID pHighestNetLuid,
				      PNET_IFINDEX pLowestIfIndex, PNET_LUID pLowestNetLuid)
{
	NET_IFINDEX index = ((const struct ndis_layer *)NdisBindingHandle)->adapter->if_index;

	NDIS_CALLED(NdisBindingHandle);
	*pHighestIfIndex = *pLowestIfIndex = index;
	*pHighestNetLuid = *pLowestNetLuid = ndis_luid_of(index);
	return NDIS_STATUS_SUCCESS;
}
