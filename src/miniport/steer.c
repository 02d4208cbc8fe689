/* SPDX-License-Identifier: BSD-2-Clause */
#include "miniport/steer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/ethernet.h"
#include "base/log.h"
#include "miniport/mode.h"

/* ---- the NIC's queues ---- */

uint16_t mp_steer_wanted(const struct mp_adapter *a)
{
	if (a->settings.receive != MP_RECEIVE_STEERED || a->settings.rss)
		return 0;
	return (uint16_t)RTE_MIN(a->settings.queues, MAX_RX_QUEUES - a->settings.rx_queues);
}

/* Few NICs add queues while they run: so all are there from the start, with their memory,
 * and like the rest of what the NIC fills at start it is asked for as the default queue's. */
NDIS_STATUS mp_steer_create(struct mp_adapter *a)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	char name[MP_POOL_NAME];

	if (!a->n_steer)
		return NDIS_STATUS_SUCCESS;
	a->steer = calloc(a->n_steer, sizeof(*a->steer));
	if (!a->steer)
		return NDIS_STATUS_RESOURCES;
	for (unsigned i = 0; i < a->n_steer && status == NDIS_STATUS_SUCCESS; i++) {
		struct frame_pool_config c = {
			.name = name,
			.frames = nic_buffers(a->nic) + a->settings.buffers + MP_STEER_SPARE,
			.cache = 256,
			.for_device = nic_is_device(a->nic),
			.data_room = (uint16_t)RTE_MAX(nic_data_room(a->nic),
						       a->max_frame + VLAN_TAG + 0u),
		};

		snprintf(name, sizeof(name), "vmq%u-steer-%u", a->if_index, i);
		a->steer[i].rx = a->settings.rx_queues + i;
		status = mp_memory_create(a, DEFAULT_QUEUE, NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS,
					  &c, &a->steer[i].memory);
	}
	return status;
}

void mp_steer_destroy(struct mp_adapter *a)
{
	for (unsigned i = 0; a->steer && i < a->n_steer; i++)
		mp_memory_destroy(a, &a->steer[i].memory);
	free(a->steer);
	a->steer = NULL;
}

bool mp_steer_take(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;

	for (unsigned i = 0; i < a->n_steer; i++) {
		struct mp_steer *s = &a->steer[i];

		if (s->queue)
			continue;
		s->queue = q;
		s->dry = false;
		atomic_store_explicit(&q->steer, s, memory_order_release);
		return true;
	}
	return false;
}

void mp_steer_watch(struct mp_queue *q, unsigned processor, bool watch)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct mp_steer *s = mp_steer_of(q);
	int fd = s ? nic_rx_descriptor(q->adapter->nic, (uint16_t)s->rx) : -1;

	if (fd >= 0 && processor != NO_PROCESSOR)
		epoll_ctl(q->adapter->processors[processor].epoll,
			  watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &e);
}

/* ---- filters ---- */

/* Whether the filter is one that a NIC may be asked for: of the plain form, and without the
 * tag that names VLAN 0, which few NICs tell from none. */
static bool rule_of(const struct vmq_criteria *c, struct nic_steer *rule)
{
	static const enum nic_steer_vlan tests[VMQ_VLAN_TEST_COUNT] = {
		[VMQ_VLAN_ANY] = NIC_STEER_ANY,
		[VMQ_VLAN_UNTAGGED_OR_ZERO] = NIC_STEER_UNTAGGED_OR_ZERO,
		[VMQ_VLAN_EQUAL] = NIC_STEER_EQUAL,
	};
	struct vmq_filter f;

	if (c->inner || !vmq_criteria_plain(c, &f) || (f.vlan_test == VMQ_VLAN_EQUAL && !f.vlan))
		return false;
	memcpy(rule->mac, f.mac, sizeof(rule->mac));
	rule->vlan = f.vlan;
	rule->test = tests[f.vlan_test];
	return true;
}

void mp_steer_filter(struct mp_queue *q, const struct vmq_criteria *c)
{
	const struct mp_steer *s = mp_steer_of(q);
	struct nic_steer rule;
	struct error err;

	if (!s)
		return;
	rule.rx_queue = (uint16_t)s->rx;
	if (!rule_of(c, &rule))
		log_debug("miniport: filter %u of queue %u works in software: it is not one of a MAC "
			  "address and a VLAN alone", c->id, q->id);
	else if (nic_steer_set(q->adapter->nic, c->id, &rule, &err))
		log_debug("miniport: filter %u of queue %u works in software: %s", c->id, q->id,
			  err.text);
}

void mp_steer_unfilter(struct mp_queue *q, uint32_t filter)
{
	if (mp_steer_of(q))
		nic_steer_clear(q->adapter->nic, filter);
}

/* ---- frames ---- */

static struct rte_mbuf *copy_of(struct rte_mempool *pool, const struct rte_mbuf *m)
{
	struct rte_mbuf *to = rte_pktmbuf_alloc(pool);

	if (!to)
		return NULL;
	to->data_off = FRAME_HEADROOM;
	memcpy(rte_pktmbuf_mtod(to, void *), rte_pktmbuf_mtod(m, void *), m->data_len);
	to->data_len = m->data_len;
	to->pkt_len = m->data_len;
	return to;
}

/* The frame in a buffer of 'pool'; where it is, while the pool has none. */
static struct rte_mbuf *moved_to(struct rte_mempool *pool, struct rte_mbuf *m)
{
	struct rte_mbuf *to = copy_of(pool, m);

	if (!to)
		return m;
	rte_pktmbuf_free(m);
	return to;
}

struct rte_mbuf *mp_steer_away(struct mp_adapter *a, struct rte_mbuf *m)
{
	return moved_to(frame_pool_mempool(a->nic_memory[0].pool), m);
}

bool mp_steer_drain(struct mp_processor *p, struct mp_queue *q, struct mp_steer *s)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n;

	if (s->dry)
		return false;
	n = nic_rx_burst(q->adapter->nic, (uint16_t)s->rx, pkts, BURST);
	rte_pktmbuf_free_bulk(pkts, n);
	counter_add(&p->from_nic, n);
	counter_add(&q->drops.by[WIRE_DROP_QUEUE_GONE], n);
	s->dry = !n;
	return n;
}

/* ---- the mode ---- */

/* The filters that were set before take effect now (U6), in the NIC first. */
static NDIS_STATUS create(struct mp_queue *q)
{
	const struct mp_adapter *a = q->adapter;

	q->quota = a->settings.buffers;
	mp_steer_watch(q, atomic_load(&q->processor), true);
	for (unsigned i = 0; i < a->n_filters; i++)
		if (a->filter_list[i].queue == q->id)
			mp_steer_filter(q, &a->filter_list[i]);
	return NDIS_STATUS_SUCCESS;
}

/* The NIC queue goes back; it is dry, and its buffers are home. */
static void destroy(struct mp_queue *q)
{
	struct mp_steer *s = mp_steer_of(q);

	q->quota = 0;
	if (!s)
		return;
	mp_steer_watch(q, atomic_load(&q->processor), false);
	atomic_store(&q->steer, NULL);
	s->queue = NULL;
}

/* The NIC put the frame into the queue's memory, or some other queue of it took it and it
 * is copied there. */
static void receive(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n,
		    struct mp_chain *to)
{
	struct mp_steer *s = mp_steer_of(q);
	struct rte_mempool *own = frame_pool_mempool(s->memory.pool);
	unsigned in_place = 0;

	(void)p;
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (m->pool == own)
			in_place++;
		else
			m = moved_to(own, m);
		mp_describe_in_place(q, m);
		counter_add(&q->bytes, mp_append(q, m, to));
	}
	counter_add(&q->in_place, in_place);
}

static unsigned home(struct mp_processor *p, struct mp_queue *q, NET_BUFFER_LIST *nbl,
		     const NET_BUFFER_LIST *end)
{
	return mp_loaned.home(p, q, nbl, end);
}

const struct mp_mode mp_steered = { "steered", create, destroy, receive, NULL, home };
