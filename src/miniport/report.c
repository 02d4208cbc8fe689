/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire ledger, added up from the counts of queues, lanes and processors. */
#include "miniport/mode.h"

#include <string.h>

/* The sends of a transmit queue, over its classes. */
static void add_sends(const struct mp_tx_queue *t, uint64_t *frames, uint64_t *bytes)
{
	for (unsigned cls = 0; cls < MP_TX_CLASSES; cls++) {
		*frames += counter_read(&t->fifo[cls].sent);
		*bytes += counter_read(&t->fifo[cls].bytes);
	}
}

static void add_queue(const struct mp_adapter *a, const struct mp_queue *q,
		      struct miniport_queue_report *r)
{
	uint64_t indicated = counter_read(&q->indicated);

	r->indicated += indicated;
	r->bytes += counter_read(&q->bytes);
	r->in_place += counter_read(&q->in_place);
	r->lent += counter_read(&q->lent);
	r->buffers += q->quota;
	r->outstanding += indicated - counter_read(&q->returned);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		r->drops[i] += counter_read(&q->drops.by[i]);
	for (unsigned rx = 0; q->lanes && rx < a->n_lanes; rx++)
		r->drops[WIRE_DROP_RING_FULL] += counter_read(&q->lanes[rx].ring_full);
	add_sends(&q->tx, &r->sent, &r->sent_bytes);
}

bool miniport_queue_report(const void *context, unsigned id, struct miniport_queue_report *r)
{
	const struct mp_adapter *a = context;

	memset(r, 0, sizeof(*r));
	if (id > a->n_queues || !a->queues[id].named || (id && a->settings.rss))
		return false;
	r->id = a->queues[id].id;
	r->mode = id == DEFAULT_QUEUE ? "" : a->queues[id].mode->name;
	add_queue(a, &a->queues[id], r);
	for (unsigned i = 1; a->settings.rss && i <= a->n_queues; i++)
		add_queue(a, &a->queues[i], r);   /* all of them are the default queue's */
	return true;
}

/* What each processor has of it. */
static void add_spread(const struct mp_adapter *a, struct miniport_report *r)
{
	for (unsigned i = 0; a->settings.rss && i <= a->n_queues; i++) {
		struct miniport_spread *s = &r->spread[r->n_spread++];
		uint64_t bytes = 0;

		s->processor = a->order[i];
		s->indicated = counter_read(&a->queues[i].indicated);
		add_sends(&a->queues[i].tx, &s->sent, &bytes);
	}
}

static void add_nic(const struct mp_adapter *a, struct miniport_report *r)
{
	uint64_t missed = nic_missed(a->nic), truncated = nic_truncated(a->nic);
	enum nic_end end = nic_end(a->nic);

	r->from_nic += missed + truncated;
	r->drops[WIRE_DROP_NIC_MISSED] += missed;
	r->drops[WIRE_DROP_TRUNCATED] += truncated;
	r->filter_engine = a->settings.filter_engine->name;
	strncpy(r->nic, nic_description(a->nic), sizeof(r->nic) - 1);
	strncpy(r->end, nic_end_reason(a->nic), sizeof(r->end) - 1);
	r->failed = end == NIC_BROKEN || end == NIC_GONE;
}

void miniport_report(const void *context, struct miniport_report *r)
{
	const struct mp_adapter *a = context;
	struct miniport_queue_report q;

	memset(r, 0, sizeof(*r));
	add_nic(a, r);
	add_spread(a, r);
	r->sends_waiting = atomic_load(&a->barrier.n_held);
	for (unsigned n = 0; n < a->n_processors; n++) {
		const struct mp_processor *p = &a->processors[a->order[n]];

		r->from_nic += counter_read(&p->from_nic);
		for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
			r->drops[i] += counter_read(&p->drops.by[i]);
	}
	for (unsigned id = 0; id <= a->n_queues; id++) {
		const struct mp_tx_queue *t = &a->queues[id].tx;

		r->sends_waiting += counter_read(&t->accepted) - counter_read(&t->completed) -
				    counter_read(&t->cancelled);
		if (!miniport_queue_report(a, id, &q))
			continue;
		r->indicated += q.indicated;
		r->sent += q.sent;
		for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
			r->drops[i] += q.drops[i];
	}
}
