/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive side scaling, the workers' half. The hash travels with the frame, from the poller
 * to its queue's processor, in the mbuf's own place for one, with the type beside it; a
 * flag of our own says so, since the NIC's means another key, or none that we know.
 */
#include "miniport/rss.h"

#include <rte_mbuf_dyn.h>

#include "base/log.h"
#include "miniport/mode.h"

static uint64_t hashed;   /* the flag; registered once in a process */

NDIS_STATUS mp_rss_create(struct mp_adapter *a)
{
	static const struct rte_mbuf_dynflag flag = { .name = "ovmq_rss_hash" };
	int bit;

	if (!a->settings.rss)
		return NDIS_STATUS_SUCCESS;
	bit = rte_mbuf_dynflag_register(&flag);
	if (bit < 0) {
		log_error("miniport: no flag of an mbuf is left for the RSS hash");
		return NDIS_STATUS_RESOURCES;
	}
	hashed = 1ull << bit;
	return NDIS_STATUS_SUCCESS;
}

void mp_rss_spread(const struct mp_rss *rss, struct rte_mbuf **pkts, unsigned n, uint16_t *ids)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		uint32_t value, type = offload_hash_frame(&rss->hash,
							  rte_pktmbuf_mtod(m, const uint8_t *),
							  m->data_len, &value);

		ids[i] = rss->default_queue;
		if (!type)
			continue;
		m->hash.fdir.lo = value;
		m->hash.fdir.hi = type;
		m->ol_flags |= hashed;
		ids[i] = rss->queue[value & rss->mask];
	}
}

/* The NBL of a frame of RSS: of the default queue for whoever gets it, and with its hash,
 * if it has one (N10). */
static void dress(struct rte_mbuf *m, bool on)
{
	NET_BUFFER_LIST *nbl = frame_nbl(m);

	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = DEFAULT_QUEUE;
	if (!on || !(m->ol_flags & hashed))
		return;
	NET_BUFFER_LIST_SET_HASH_VALUE(nbl, m->hash.fdir.lo);
	NET_BUFFER_LIST_SET_HASH_TYPE(nbl, m->hash.fdir.hi);
	NET_BUFFER_LIST_SET_HASH_FUNCTION(nbl, NdisHashFunctionToeplitz);
}

static void receive(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n,
		    struct mp_chain *to)
{
	bool on = mp_rss_of(q->adapter) != NULL;

	mp_loaned.receive(p, q, pkts, n, to);
	if (!on && q->id == DEFAULT_QUEUE)
		return;
	for (unsigned i = 0; i < n; i++)
		dress(pkts[i], on);
}

static NDIS_STATUS create(struct mp_queue *q)
{
	return mp_loaned.create(q);
}

static void destroy(struct mp_queue *q)
{
	mp_loaned.destroy(q);
}

static unsigned home(struct mp_processor *p, struct mp_queue *q, NET_BUFFER_LIST *nbl,
		     const NET_BUFFER_LIST *end)
{
	return mp_loaned.home(p, q, nbl, end);
}

const struct mp_mode mp_scaled = { "RSS", create, destroy, receive, NULL, home };
