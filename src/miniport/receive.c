/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives: one processor's message DPC. A burst from the NIC is matched to
 * queues; what belongs to a queue of another processor goes there on a ring; what
 * belongs here is placed and indicated.
 */
#include "miniport/adapter.h"

#include <time.h>

#include <rte_prefetch.h>

#define VLAN_ETHERTYPE 0x8100

/* How long a NIC that can wait waits for a queue without a free buffer before
 * the frame is lost to that queue: one stuck VM must not hold up the rest. */
#define PATIENCE_NS 100000000ull

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* ---- returns ---- */

static inline void take_home(struct mp_queue *q, struct rte_mbuf *m)
{
	if (q->buffers)
		q->buffers[q->n_free++] = m;
	else
		rte_pktmbuf_free(m);
}

/* The NBLs that came back on other processors. Owner. */
static void collect_returns(struct mp_queue *q)
{
	NET_BUFFER_LIST *nbl;
	uint64_t n = 0;

	if (!atomic_load_explicit(&q->back, memory_order_relaxed))
		return;
	nbl = atomic_exchange_explicit(&q->back, NULL, memory_order_acquire);
	while (nbl) {
		NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(nbl);

		take_home(q, frame_mbuf(nbl));
		nbl = next;
		n++;
	}
	counter_add(&q->returned, n);
}

/* Gives a chain of one queue's NBLs, first to last, back to it (F27). */
static void give_back(struct mp_queue *q, NET_BUFFER_LIST *first, NET_BUFFER_LIST *last, unsigned n)
{
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_acquire);
	NET_BUFFER_LIST *head;

	if (OvmqIsProcessor(owner)) {
		while (n--) {
			NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(first);

			take_home(q, frame_mbuf(first));
			counter_add(&q->returned, 1);
			first = next;
		}
		return;
	}
	head = atomic_load_explicit(&q->back, memory_order_relaxed);
	do
		NET_BUFFER_LIST_NEXT_NBL(last) = head;
	while (!atomic_compare_exchange_weak_explicit(&q->back, &head, first, memory_order_release,
						      memory_order_relaxed));
	mp_notify(owner);
}

_Use_decl_annotations_
VOID MiniportReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext,
				  PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
	struct mp_adapter *a = MiniportAdapterContext;
	NET_BUFFER_LIST *nbl = NetBufferLists;

	(void)ReturnFlags;   /* runs of one queue are found as fast as promised */
	while (nbl) {
		/* Our own note of the queue, not the OOB, which others may have written. */
		unsigned queue = frame_of_mbuf(frame_mbuf(nbl))->queue, n = 1;
		NET_BUFFER_LIST *first = nbl, *last = nbl;

		for (nbl = NET_BUFFER_LIST_NEXT_NBL(nbl);
		     nbl && frame_of_mbuf(frame_mbuf(nbl))->queue == queue;
		     nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
			last = nbl;
			n++;
		}
		give_back(&a->queues[queue], first, last, n);
	}
}

/* ---- placing and indicating ---- */

/* Takes the 802.1Q tag out of the data; it goes to the OOB (D16, D17, O18). */
static inline void set_tag(NET_BUFFER_LIST *nbl, const uint8_t *frame)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	unsigned tci = (unsigned)frame[14] << 8 | frame[15];

	tag.TagHeader.UserPriority = tci >> 13;
	tag.TagHeader.CanonicalFormatId = tci >> 12 & 1;
	tag.TagHeader.VlanId = tci & 0xfff;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
}

static inline bool is_tagged(const uint8_t *frame)
{
	return (frame[12] << 8 | frame[13]) == VLAN_ETHERTYPE;
}

/* The frame as an NBL of the default queue: it stays where the NIC put it, which
 * is that queue's own memory. */
static NET_BUFFER_LIST *describe_in_place(struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t tag[VLAN_TAG + ETHERNET_HEADER - 2];
	NET_BUFFER_LIST *nbl;

	if (!is_tagged(frame))
		return frame_describe(m);
	memcpy(tag, frame, sizeof(tag));
	memmove(frame + VLAN_TAG, frame, 12);
	m->data_off += VLAN_TAG;
	m->data_len -= VLAN_TAG;
	m->pkt_len -= VLAN_TAG;
	nbl = frame_describe(m);
	set_tag(nbl, tag);
	return nbl;
}

/* The frame copied into a buffer of the VM queue's own shared memory; the copy
 * stands for the DMA of a NIC that filters in hardware. */
static NET_BUFFER_LIST *place(struct mp_queue *q, const struct rte_mbuf *m)
{
	struct rte_mbuf *to = q->buffers[--q->n_free];
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t n = m->data_len;
	NET_BUFFER_LIST *nbl;
	uint8_t *data;

	to->data_off = FRAME_HEADROOM;
	data = rte_pktmbuf_mtod(to, uint8_t *);
	if (is_tagged(frame)) {
		memcpy(data, frame, 12);
		memcpy(data + 12, frame + 12 + VLAN_TAG, n - 12u - VLAN_TAG);
		to->data_len = (uint16_t)(n - VLAN_TAG);
		to->pkt_len = to->data_len;
		nbl = frame_describe(to);
		set_tag(nbl, frame);
		return nbl;
	}
	memcpy(data, frame, n);
	to->data_len = n;
	to->pkt_len = n;
	return frame_describe(to);
}

static void indicate(struct mp_adapter *a, struct mp_chain *c, ULONG flags)
{
	if (!c->n)
		return;
	NdisMIndicateReceiveNetBufferLists(a->handle, c->first, NDIS_DEFAULT_PORT_NUMBER, c->n,
					   NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL |
					   NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID | flags);
}

/* What queues that may share a call have left so far (F5). */
static void indicate_mixed(struct mp_processor *p)
{
	struct mp_chain c = p->mixed;

	p->mixed = (struct mp_chain){ NULL, NULL, 0 };
	indicate(p->adapter, &c, 0);
}

/* The NBL's OOB and origin, as every indication has them (F1, F7, F8). */
static inline void finish(struct mp_queue *q, NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_mbuf(nbl);
	struct frame *f = frame_of_mbuf(m);

	nbl->SourceHandle = q->adapter->handle;
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = q->id;
	f->nb.SharedMemoryInfo = &f->memory;
	f->queue = q->id;
	counter_add(&q->bytes, m->data_len);
}

/* How many of 'n' frames the queue has buffers for. What it has none for is lost
 * to it alone (its quota); unless the NIC can wait, and has not yet waited long. */
static unsigned buffers_for(struct mp_queue *q, unsigned n)
{
	if (!q->buffers) {
		/* The default queue holds at most its quota of the NIC's own buffers. */
		uint64_t out = counter_read(&q->indicated) - counter_read(&q->returned);

		return out + n <= q->quota ? n : out >= q->quota ? 0 : (unsigned)(q->quota - out);
	}
	return n <= q->n_free ? n : q->n_free;
}

/* Places and indicates frames of this processor's queue, in order. Owner. */
static void deliver(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n)
{
	struct mp_chain own = { NULL, NULL, 0 };
	bool alone = atomic_load_explicit(&q->per_queue_indication, memory_order_relaxed);
	struct mp_chain *c = alone ? &own : &p->mixed;
	unsigned can = buffers_for(q, n);

	if (alone)
		indicate_mixed(p);   /* it may hold earlier frames of this queue (C49, F13) */

	for (unsigned i = 0; i < can; i++) {
		NET_BUFFER_LIST *nbl = q->buffers ? place(q, pkts[i]) : describe_in_place(pkts[i]);

		finish(q, nbl);
		mp_chain_append(c, nbl);
	}
	counter_add(&q->indicated, can);
	counter_add(&q->drops.by[WIRE_DROP_QUEUE_FULL], n - can);
	if (q->buffers)
		rte_pktmbuf_free_bulk(pkts, n);
	else
		rte_pktmbuf_free_bulk(pkts + can, n - can);
	if (alone)
		indicate(q->adapter, &own, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);   /* F4 */
}

/* ---- from the rings ---- */

/* How many frames to take off a ring now: a NIC that can wait leaves them there
 * while the queue has no buffer, for a while. */
static unsigned ring_allowance(struct mp_queue *q, unsigned budget)
{
	unsigned n = budget < BURST ? budget : BURST;

	if (!q->adapter->nic_can_wait)
		return n;
	if (buffers_for(q, n)) {
		q->stalled_since = 0;
		return buffers_for(q, n);
	}
	if (!q->stalled_since)
		q->stalled_since = now_ns();
	return now_ns() - q->stalled_since < PATIENCE_NS ? 0 : n;
}

/* Frames of an older generation, or of a queue that does not run, were on their
 * way when the queue lost its last filter (D32, F17); a paused adapter indicates
 * nothing at all (F18). */
static unsigned drop_stale(struct mp_queue *q, struct rte_mbuf **pkts, unsigned n)
{
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_acquire), kept = 0;
	bool paused = atomic_load_explicit(&q->adapter->paused, memory_order_relaxed);

	for (unsigned i = 0; i < n; i++) {
		if (paused) {
			counter_add(&q->drops.by[WIRE_DROP_ADAPTER_PAUSED], 1);
			rte_pktmbuf_free(pkts[i]);
		} else if (frame_of_mbuf(pkts[i])->generation != generation) {
			counter_add(&q->drops.by[WIRE_DROP_QUEUE_GONE], 1);
			rte_pktmbuf_free(pkts[i]);
		} else {
			pkts[kept++] = pkts[i];
		}
	}
	return kept;
}

/* Takes what other processors matched to this queue. Returns whether more waits. */
static bool drain_rings(struct mp_processor *p, struct mp_queue *q, unsigned *budget)
{
	struct rte_mbuf *pkts[BURST];
	bool more = false;

	for (unsigned r = 0; r < q->adapter->settings.rx_queues; r++) {
		struct spsc *ring = q->lanes[r].ring;
		unsigned n;

		if (spsc_is_empty(ring))
			continue;
		n = spsc_pop(ring, (void **)pkts, ring_allowance(q, *budget));
		*budget -= n;
		n = drop_stale(q, pkts, n);
		if (n)
			deliver(p, q, pkts, n);
		more |= !spsc_is_empty(ring);
	}
	return more;
}

/* ---- from the NIC ---- */

/* Whether the adapter's packet filter lets an unmatched frame through (U8). */
static bool passes(const struct mp_adapter *a, unsigned filter, const uint8_t *frame)
{
	if (filter & NDIS_PACKET_TYPE_PROMISCUOUS)
		return true;
	if (ETH_IS_BROADCAST(frame))
		return filter & NDIS_PACKET_TYPE_BROADCAST;
	if (ETH_IS_MULTICAST(frame))
		return filter & NDIS_PACKET_TYPE_ALL_MULTICAST;
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
		tag = is_tagged(frame) ? VLAN_TAG : 0;
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

/* Hands one lane's frames to their queue: here, or to its processor. A frame that
 * is on its way by the ring keeps later ones from overtaking it (F13). */
static void pass_on(struct mp_processor *p, struct mp_queue *q, struct mp_lane *lane)
{
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_acquire);
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_relaxed), n = lane->n;

	lane->n = 0;
	if (owner == p->number && spsc_is_empty(lane->ring) && !q->adapter->nic_can_wait) {
		deliver(p, q, lane->burst, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		frame_of_mbuf(lane->burst[i])->generation = generation;
	/* A NIC that can wait was asked for no more than every ring has room for. */
	unsigned pushed = spsc_push(lane->ring, (void *const *)lane->burst, n);

	if (pushed < n) {
		counter_add(&lane->ring_full, n - pushed);
		rte_pktmbuf_free_bulk(lane->burst + pushed, n - pushed);
	}
	if (owner != p->number)
		mp_notify(owner);
}

/* One burst of one NIC queue, on its way to the receive queues. */
static unsigned poll_nic(struct mp_processor *p, unsigned rx)
{
	struct mp_adapter *a = p->adapter;
	struct mp_queue *touched[BURST];
	struct rte_mbuf *pkts[BURST];
	vmq_key_t keys[BURST];
	uint16_t ids[BURST];
	unsigned filter = atomic_load_explicit(&a->packet_filter, memory_order_relaxed), n_touched = 0;
	unsigned got = nic_rx_burst(a->nic, (uint16_t)rx, pkts, BURST), n;
	uint64_t matched;

	if (!got)
		return 0;
	counter_add(&p->from_nic, got);
	n = sift(p, pkts, got, keys);
	if (!n)
		return got;
	matched = vmq_filter_match(atomic_load_explicit(&a->filters, memory_order_acquire), keys, n,
				   ids);
	for (unsigned i = 0; i < n; i++) {
		struct mp_queue *q = &a->queues[ids[i]];
		struct mp_lane *lane = &q->lanes[rx];

		if (!(matched >> i & 1) && !passes(a, filter, rte_pktmbuf_mtod(pkts[i], uint8_t *))) {
			drop(p, pkts[i], WIRE_DROP_PACKET_FILTER);
			continue;
		}
		if (!lane->n)
			touched[n_touched++] = q;
		lane->burst[lane->n++] = pkts[i];
	}
	for (unsigned i = 0; i < n_touched; i++)
		pass_on(p, touched[i], &touched[i]->lanes[rx]);
	return got;
}

/* Whether the receive unit is on: not while paused (F18), nor before a protocol
 * has set a packet filter (F22). */
static bool receives(const struct mp_adapter *a)
{
	return !atomic_load_explicit(&a->paused, memory_order_relaxed) &&
	       atomic_load_explicit(&a->packet_filter, memory_order_relaxed);
}

/* Whether a NIC that can wait should: some ring could not take a whole burst. */
static bool must_wait(const struct mp_adapter *a, unsigned rx)
{
	if (!a->nic_can_wait)
		return false;
	for (unsigned id = 0; id <= a->settings.queues; id++) {
		const struct mp_queue *q = &a->queues[id];

		if (atomic_load_explicit(&q->state, memory_order_acquire) == VMQ_QUEUE_RUNNING &&
		    spsc_room(q->lanes[rx].ring) < BURST)
			return true;
	}
	return false;
}

/* The NIC will bring no more: the link is down, and if the device itself is gone
 * the adapter wants to be removed. Once. */
static void notice_end(struct mp_adapter *a)
{
	NDIS_LINK_STATE link = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
			    NDIS_SIZEOF_LINK_STATE_REVISION_1 },
		.MediaConnectState = MediaConnectStateDisconnected,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle,
		.StatusCode = NDIS_STATUS_LINK_STATE,
		.StatusBuffer = &link,
		.StatusBufferSize = sizeof(link),
	};
	enum nic_end end = nic_end(a->nic);

	if (end == NIC_ALIVE || atomic_exchange(&a->ended, true))
		return;
	NdisMIndicateStatusEx(a->handle, &s);
	if (end == NIC_GONE)
		NdisMRemoveMiniport(a->handle);
}

_Use_decl_annotations_
VOID MiniportMessageInterruptDPC(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
				 PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
				 PVOID NdisReserved2)
{
	struct mp_adapter *a = MiniportInterruptContext;
	struct mp_processor *p = &a->processors[MessageId];
	NDIS_RECEIVE_THROTTLE_PARAMETERS *throttle = ReceiveThrottleParameters;
	struct mp_queue_list *queues = atomic_load_explicit(&p->queues, memory_order_acquire);
	unsigned budget = throttle->MaxNblsToIndicate;   /* NDIS_INDICATE_ALL_NBLS: all ones */
	bool more = false;

	(void)MiniportDpcContext;
	(void)NdisReserved2;
	/* Another queue first each time: a few busy ones must not use up the throttle. */
	p->turn++;
	for (unsigned i = 0; i < queues->n; i++) {
		struct mp_queue *q = queues->list[(p->turn + i) % queues->n];

		collect_returns(q);
		more |= drain_rings(p, q, &budget);
		more |= mp_tx_flush(a, &q->tx);
	}
	for (unsigned i = 0; i < p->n_rx && receives(a); i++) {
		unsigned got;

		if (budget < BURST || must_wait(a, p->rx[i])) {
			more = true;   /* F20: the rest next time */
			continue;
		}
		got = poll_nic(p, p->rx[i]);
		budget -= got;
		more |= got;
		if (!got)
			notice_end(a);
	}
	indicate_mixed(p);
	mp_drain_check(p);
	throttle->MoreNblsPending = more;
}

/* The device's half of an interrupt: nothing to acknowledge, the DPC does it all. */
_Use_decl_annotations_
BOOLEAN MiniportMessageInterrupt(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
				 PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
	(void)MiniportInterruptContext;
	(void)MessageId;
	*QueueDefaultInterruptDpc = TRUE;
	*TargetProcessors = 0;
	return TRUE;
}

/* May the processor's worker sleep: asks the NIC for signals, and looks once more
 * at everything that others leave for this processor. */
BOOLEAN mp_processor_arm(PVOID Context, BOOLEAN Sleep)
{
	struct mp_processor *p = Context;
	struct mp_adapter *a = p->adapter;
	struct mp_queue_list *queues = atomic_load_explicit(&p->queues, memory_order_acquire);
	bool work = false;

	if (receives(a))
		for (unsigned i = 0; i < p->n_rx; i++)
			work |= nic_rx_arm(a->nic, (uint16_t)p->rx[i], Sleep);
	for (unsigned i = 0; Sleep && i < queues->n; i++) {
		struct mp_queue *q = queues->list[i];

		work |= atomic_load_explicit(&q->back, memory_order_acquire) != NULL;
		work |= mp_tx_is_waiting(&q->tx);
		work |= atomic_load_explicit(&q->draining, memory_order_acquire) &&
			mp_queue_is_home(q);
		for (unsigned r = 0; r < a->settings.rx_queues; r++)
			work |= !spsc_is_empty(q->lanes[r].ring);
	}
	return work || (Sleep && mp_pause_can_end(a));
}
