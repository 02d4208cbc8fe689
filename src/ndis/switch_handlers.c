/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of an extensible switch, for its extensions. */
#include "ndis/object.h"

/* No adapter of ours is the edge of an extensible switch: an extension learns from
 * this answer that it stands over an ordinary adapter, and attaches or refuses to. */
NDIS_STATUS NdisFGetOptionalSwitchHandlers(NDIS_HANDLE NdisFilterHandle,
					   PNDIS_SWITCH_CONTEXT NdisSwitchContext,
					   PNDIS_SWITCH_OPTIONAL_HANDLERS NdisSwitchHandlers)
{
	NDIS_CALLED(NdisFilterHandle);
	(void)NdisSwitchHandlers;
	*NdisSwitchContext = NULL;
	return NDIS_STATUS_NOT_SUPPORTED;
}
