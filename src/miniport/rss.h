/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive side scaling: an adapter without VM queues spreads its frames, and its sends, over
 * processors by their hash (N). Each processor that it may use has a queue; the table that
 * is in force says which of them an entry of it means.
 *
 * Receives: the poller finds a frame's hash and queue, the owner of that queue writes the
 * OOB. Sends: the hash that the sender put into the OOB, and mp_key_rss.
 */
#ifndef MINIPORT_RSS_H
#define MINIPORT_RSS_H

#include "criteria/scale.h"
#include "miniport/adapter.h"
#include "miniport/tx_key.h"
#include "offload/hash.h"

/* What pollers and owners read; published whole. */
struct mp_rss {
	struct scale scale;                  /* as it was set; control's */
	struct offload_hash hash;
	unsigned mask;                       /* entries - 1 */
	uint16_t queue[SCALE_ENTRIES];       /* of a->queues[], by entry */
	uint16_t default_queue;              /* of what has no hash */
};

extern const struct mp_tx_key mp_key_rss;

/* As they are shown; with RSS chosen. */
NDIS_RECEIVE_SCALE_CAPABILITIES mp_rss_capabilities(const struct mp_adapter *a);

/* Whether the keywords let RSS use that processor (N18). */
bool mp_rss_may_use(const struct mp_settings *s, const PROCESSOR_NUMBER *p);

/* How many processors, and so queues with the default one, there can be. */
unsigned mp_rss_processors_max(const struct mp_settings *s);

/* Before the first frame; PASSIVE_LEVEL. */
NDIS_STATUS mp_rss_create(struct mp_adapter *a);
void mp_rss_destroy(struct mp_adapter *a);

/* OID_GEN_RECEIVE_SCALE_PARAMETERS, OID_GEN_RECEIVE_HASH. PENDING: completed when every
 * processor has seen it. Control, PASSIVE_LEVEL. */
NDIS_STATUS mp_rss_set(struct mp_adapter *a, PNDIS_OID_REQUEST request);

/* Finds the hash of each frame, notes it in the frame, and its queue in 'ids'. Poller. */
void mp_rss_spread(const struct mp_rss *rss, struct rte_mbuf **pkts, unsigned n, uint16_t *ids);

/* What is in force; NULL: nothing. Workers: until their next quiet; control. */
static inline const struct mp_rss *mp_rss_of(const struct mp_adapter *a)
{
	return atomic_load_explicit(&a->rss, memory_order_acquire);
}

#endif
