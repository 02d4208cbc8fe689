/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/restart_attributes.h"
#include "ndis/stack.h"

#include <string.h>

PNDIS_RESTART_ATTRIBUTES ndis_restart_attributes_fill(struct ndis_restart_attributes *attributes,
						      struct ndis_adapter *a)
{
	const struct ndis_attributes *at = &a->attributes;
	/* Only those who hold the PnP lock, as the caller does, change the offer. */
	NDIS_RESTART_GENERAL_ATTRIBUTES g = {
		.Header = { NDIS_OBJECT_TYPE_RESTART_GENERAL_ATTRIBUTES,
			    NDIS_RESTART_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2 },
		.MtuSize = a->offer.mtu,
		.MaxXmitLinkSpeed = at->max_xmit_speed,
		.MaxRcvLinkSpeed = at->max_rcv_speed,
		.LookaheadSize = a->offer.lookahead,
		.MacOptions = at->mac_options,
		.SupportedPacketFilters = at->packet_filters,
		.MaxMulticastListSize = at->max_multicast,
		.RecvScaleCapabilities = at->rss.present && !a->offer.no_rss
						 ? &a->attributes.rss.capabilities : NULL,
		.AccessType = at->access,
		.ConnectionType = at->connection,
		.SupportedStatistics = at->statistics,
		.DataBackFillSize = a->offer.data_backfill,
		.ContextBackFillSize = a->offer.context_backfill,
		.SupportedOidList = at->oids,
		.SupportedOidListLength = (ULONG)(at->n_oids * sizeof(NDIS_OID)),
	};

	memset(attributes, 0, sizeof(*attributes));
	attributes->head.Oid = OID_GEN_MINIPORT_RESTART_ATTRIBUTES;
	attributes->head.DataLength = sizeof(g);
	memcpy((UCHAR *)attributes + offsetof(NDIS_RESTART_ATTRIBUTES, Data), &g, sizeof(g));
	return &attributes->head;
}

void ndis_restart_attributes_take(const struct ndis_restart_attributes *attributes,
				  struct ndis_adapter *a)
{
	NDIS_RESTART_GENERAL_ATTRIBUTES g;

	memcpy(&g, (const UCHAR *)attributes + offsetof(NDIS_RESTART_ATTRIBUTES, Data), sizeof(g));
	pthread_mutex_lock(&a->facts_lock);
	a->offer = (struct ndis_offer){ g.MtuSize, g.LookaheadSize, g.DataBackFillSize,
					g.ContextBackFillSize, !g.RecvScaleCapabilities };
	pthread_mutex_unlock(&a->facts_lock);
}

void ndis_offer_reset(struct ndis_adapter *a)
{
	pthread_mutex_lock(&a->facts_lock);
	a->offer = a->attributes.offer;
	pthread_mutex_unlock(&a->facts_lock);
}
