/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loopback in software (A34 to A43): copies of what is sent, for those above the same adapter,
 * where its miniport has set NDIS_MAC_OPTION_NO_LOOPBACK. The frame itself goes to the wire all
 * the same (X38).
 *
 * A copy is NDIS's own. It is lent (NDIS_RECEIVE_FLAGS_RESOURCES) from inside the send, so it is
 * NDIS's again when the call returns: no return, and no pause, ever has to do with one. It climbs
 * as a frame that the miniport had received, with NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET, on queue 0.
 */
#ifndef NDIS_LOOPBACK_H
#define NDIS_LOOPBACK_H

#include "ndis/object.h"

/* Whether NDIS does the looping of that adapter. */
static inline bool ndis_loopback_is_ours(const struct ndis_adapter *a)
{
	return (a->attributes.mac_options & NDIS_MAC_OPTION_NO_LOOPBACK) &&
	       (a->attributes.medium == NdisMedium802_3 || a->attributes.medium == NdisMedium802_5);
}

/* Whether copies go up through a filter module, so that at the top they must be told from
 * what everybody gets. PnP or stack lock. */
bool ndis_loopback_climbs(const struct ndis_adapter *a);

/* Looks anew who may want copies: bindings, modules or a packet filter have changed. Any
 * thread that does not hold the facts lock. */
void ndis_loopback_update(struct ndis_adapter *a);

/* In the place of the miniport's send handler, for sends that may be looped. Context: the
 * adapter's layer. */
MINIPORT_SEND_NET_BUFFER_LISTS ndis_loopback_send;

/* In the place of what the topmost layer indicates to, where copies come through filter
 * modules: a copy goes to those that it is for, all else its usual way. Context: that layer. */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS ndis_loopback_indicate;

#endif
