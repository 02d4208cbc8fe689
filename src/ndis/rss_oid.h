/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive side scaling: what a miniport says of it, and what is set (N1 .. N6, N15, N16). */
#ifndef NDIS_RSS_OID_H
#define NDIS_RSS_OID_H

#include "ndis/object.h"

/* Takes RecvScaleCapabilities of a miniport that initializes, NULL: it has none. Returns the
 * fault for which all is refused; NULL: none. */
const char *ndis_rss_take(struct ndis_adapter *adapter, const NDIS_RECEIVE_SCALE_CAPABILITIES *c);

/* A copy of them, as a driver of NDIS 6.'minor' knows them, for bind parameters. FALSE: the
 * adapter has none, or a filter took them away (N15). */
bool ndis_rss_copy(struct ndis_adapter *adapter, UCHAR minor, NDIS_RECEIVE_SCALE_CAPABILITIES *to);

/* Whether 'oid' is one of the three. */
bool ndis_rss_is(NDIS_OID oid);

/*
 * NDIS's part of such a request from above, as ndis_oid_begin() and ndis_oid_end(). Queries
 * end here. A set is checked, turned into what the miniport's version reads, and what is in
 * force follows when the miniport has taken it. 'binding' NULL: an application's.
 */
NDIS_STATUS ndis_rss_begin(struct ndis_adapter *adapter, struct ndis_binding *binding,
			   PNDIS_OID_REQUEST request, bool *forward);
void ndis_rss_end(struct ndis_adapter *adapter, PNDIS_OID_REQUEST request, NDIS_STATUS status);

/* A query of a filter: it is answered like a protocol's. FALSE: it is no such query. */
bool ndis_rss_answer(struct ndis_adapter *adapter, const struct ndis_binding *binding,
		     PNDIS_OID_REQUEST request, NDIS_STATUS *status);

/* Filters that restarted took the capabilities away: what is in force ends (N15). PnP lock,
 * PASSIVE_LEVEL. */
void ndis_rss_restarted(struct ndis_adapter *adapter);

#endif
