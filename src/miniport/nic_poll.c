/* SPDX-License-Identifier: BSD-2-Clause */
/* From the NIC to the receive queues: a burst is sifted and matched, and sorted by queue. */
#include "miniport/rss.h"
#include "miniport/sort.h"
#include "miniport/steer.h"

#include <rte_prefetch.h>

#include "base/ethernet.h"
#include "miniport/dcbx.h"
#include "miniport/mode.h"

/* Whether the adapter's packet filter lets an unmatched frame through (U8). */
static bool passes(const struct mp_adapter *a, unsigned filter, const uint8_t *frame)
{
	if (filter & NDIS_PACKET_TYPE_PROMISCUOUS)
		return true;
	if (ETH_IS_BROADCAST(frame))
		return filter & NDIS_PACKET_TYPE_BROADCAST;
	if (ETH_IS_MULTICAST(frame))
		return filter & NDIS_PACKET_TYPE_ALL_MULTICAST ||
		       (filter & NDIS_PACKET_TYPE_MULTICAST && mp_multicast_has(a, frame));
	return (filter & NDIS_PACKET_TYPE_DIRECTED) && !memcmp(frame, a->mac, 6);
}

static void drop(struct mp_processor *p, struct rte_mbuf *m, enum wire_drop why)
{
	counter_add(&p->drops.by[why], 1);
	rte_pktmbuf_free(m);
}

/* Sorts out what is no frame, and makes the others' keys. Returns how many are left. */
static unsigned sift(struct mp_processor *p, struct rte_mbuf **pkts, unsigned n, vmq_key_t *keys)
{
	const struct mp_adapter *a = p->adapter;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		unsigned tag;

		if (m->data_len < ETHERNET_HEADER) {
			drop(p, m, WIRE_DROP_TOO_SHORT);
			continue;
		}
		tag = ethernet_is_tagged(frame) ? VLAN_TAG : 0;
		if (m->data_len < ETHERNET_HEADER + tag) {
			drop(p, m, WIRE_DROP_TOO_SHORT);
		} else if (m->nb_segs != 1 || m->data_len > a->max_frame + tag) {
			drop(p, m, WIRE_DROP_TOO_LONG);      /* F21 */
		} else {
			keys[kept] = vmq_key(frame);
			pkts[kept++] = m;
		}
	}
	return kept;
}

/* The queue of each frame, and which of them have a filter (U8). */
static inline uint64_t match(const struct mp_adapter *a, struct rte_mbuf **pkts,
			     const vmq_key_t *keys, unsigned n, uint16_t *ids)
{
	const struct vmq_classifier *c = atomic_load_explicit(&a->filters, memory_order_acquire);
	struct vmq_frame frames[BURST];

	for (unsigned i = 0; vmq_classifier_reads_frames(c) && i < n; i++)
		frames[i] = (struct vmq_frame){ rte_pktmbuf_mtod(pkts[i], const uint8_t *),
						pkts[i]->data_len };
	return vmq_classify(c, frames, keys, n, ids);
}

/* Drops what no filter took, by its bit, and the packet filter does not let through. Returns how
 * many are left. */
static unsigned drop_unmatched(struct mp_processor *p, struct rte_mbuf **pkts, uint16_t *ids,
			       unsigned n, uint64_t matched, unsigned filter)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!(matched >> i & 1) &&
		    !passes(p->adapter, filter, rte_pktmbuf_mtod(pkts[i], uint8_t *))) {
			drop(p, pkts[i], WIRE_DROP_PACKET_FILTER);
			continue;
		}
		ids[kept] = ids[i];
		pkts[kept++] = pkts[i];
	}
	return kept;
}

/* What came by the NIC queue of 'own' and is not its own leaves its buffers behind. */
static void keep_own(struct mp_queue *own, struct rte_mbuf **pkts, const uint16_t *ids,
		     unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ids[i] != own->id)
			pkts[i] = mp_steer_away(own->adapter, pkts[i]);
}

/* Whether all of a burst is one queue's. */
static inline bool is_one_queues(const uint16_t *ids, unsigned n)
{
	unsigned other = 0;

	for (unsigned i = 1; i < n; i++)
		other |= ids[i] ^ ids[0];
	return !other;
}

/* One burst of one NIC queue. It is a whole one whatever the throttle is: some NICs give
 * nothing when they are asked for less. 'own': the VM queue that the NIC queue is kept for;
 * NULL: none. */
static unsigned take_burst(struct mp_processor *p, unsigned rx, struct mp_queue *own,
			   struct mp_sorted *to)
{
	struct mp_adapter *a = p->adapter;
	const struct mp_rss *rss = mp_rss_of(a);
	struct rte_mbuf *pkts[BURST];
	vmq_key_t keys[BURST];
	uint16_t ids[BURST];
	unsigned got, n, filter;
	uint64_t matched;
	bool all;

	/* Before each burst: a packet filter that is taken back finds one at most on its way. */
	if (!mp_receives(a))
		return 0;
	/* What other processors had is in their caches. */
	if (a->n_processors > 1 && rx < a->settings.rx_queues)
		frame_pool_fetch(a->nic_memory[rx].pool, BURST);
	got = nic_rx_burst(a->nic, (uint16_t)rx, pkts, BURST);
	/* After the burst: a frame that comes once the OID has ended meets its filter. */
	filter = atomic_load_explicit(&a->packet_filter, memory_order_acquire);
	if (!got)
		return 0;
	counter_add(&p->from_nic, got);
	n = got;
	if (atomic_load_explicit(&a->qos.pfc.enabled, memory_order_relaxed))
		n = mp_pfc_take(p, pkts, n);
	if (a->qos.dcbx)
		n = mp_dcbx_take(p, pkts, n);
	n = sift(p, pkts, n, keys);
	if (!n)
		return got;
	matched = match(a, pkts, keys, n, ids);
	if (rss)
		mp_rss_spread(rss, pkts, n, ids);
	if (own)
		keep_own(own, pkts, ids, n);
	all = matched == UINT64_MAX >> (64 - n);
	if (!to->n_queues && all && is_one_queues(ids, n)) {
		mp_sort_one(p, to, pkts, ids[0], n);
		return got;
	}
	if (!all)
		n = drop_unmatched(p, pkts, ids, n, matched, filter);
	if (n)
		mp_sort(p, to, pkts, ids, n);
	return got;
}

unsigned mp_nic_poll(struct mp_processor *p, unsigned rx, unsigned way, struct mp_queue *own,
		     unsigned *budget)
{
	struct mp_sorted s;
	unsigned got, sum = 0;

	mp_sort_begin(p, &s, way, budget);
	do
		sum += got = take_burst(p, rx, own, &s);
	while (mp_sort_more(p, &s, got));
	mp_sort_end(p, &s);
	return sum;
}
