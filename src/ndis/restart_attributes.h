/* SPDX-License-Identifier: BSD-2-Clause */
/* Restart attributes: what the layers above the miniport are told of it, bottom up, and
 * may change for those above them. */
#ifndef NDIS_RESTART_ATTRIBUTES_H
#define NDIS_RESTART_ATTRIBUTES_H

#include "ndis/object.h"

struct ndis_restart_attributes {
	NDIS_RESTART_ATTRIBUTES head;          /* its Data runs on into the next member */
	UCHAR data[sizeof(NDIS_RESTART_GENERAL_ATTRIBUTES)];
};

/* One entry, OID_GEN_MINIPORT_RESTART_ATTRIBUTES, with the adapter's attributes. */
PNDIS_RESTART_ATTRIBUTES ndis_restart_attributes_fill(struct ndis_restart_attributes *attributes,
						      struct ndis_adapter *adapter);

/* What a filter made of it holds from here up. */
void ndis_restart_attributes_take(const struct ndis_restart_attributes *attributes,
				  struct ndis_adapter *adapter);

#endif
