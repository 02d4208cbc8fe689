/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire ledger, added up from the counts of queues, lanes and processors. */
#include "miniport/mode.h"

#include <string.h>

bool miniport_queue_report(const void *context, unsigned id, struct miniport_queue_report *r)
{
	const struct mp_adapter *a = context;
	const struct mp_queue *q;

	memset(r, 0, sizeof(*r));
	if (id > a->settings.queues || !a->queues[id].named)
		return false;
	q = &a->queues[id];
	r->id = q->id;
	r->mode = id == DEFAULT_QUEUE ? "" : q->mode->name;
	r->indicated = counter_read(&q->indicated);
	r->bytes = counter_read(&q->bytes);
	r->in_place = counter_read(&q->in_place);
	r->buffers = q->quota;
	r->outstanding = r->indicated - counter_read(&q->returned);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		r->drops[i] = counter_read(&q->drops.by[i]);
	for (unsigned rx = 0; q->lanes && rx < a->n_lanes; rx++)
		r->drops[WIRE_DROP_RING_FULL] += counter_read(&q->lanes[rx].ring_full);
	r->sent = counter_read(&q->tx.sent);
	r->sent_bytes = counter_read(&q->tx.bytes);
	return true;
}

static void add_nic(const struct mp_adapter *a, struct miniport_report *r)
{
	uint64_t missed = nic_missed(a->nic), truncated = nic_truncated(a->nic);
	enum nic_end end = nic_end(a->nic);

	r->from_nic += missed + truncated;
	r->drops[WIRE_DROP_NIC_MISSED] += missed;
	r->drops[WIRE_DROP_TRUNCATED] += truncated;
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
	for (unsigned n = 0; n < a->n_processors; n++) {
		const struct mp_processor *p = &a->processors[a->order[n]];

		r->from_nic += counter_read(&p->from_nic);
		for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
			r->drops[i] += counter_read(&p->drops.by[i]);
	}
	for (unsigned id = 0; id <= a->settings.queues; id++) {
		const struct mp_tx_queue *t = &a->queues[id].tx;

		if (!miniport_queue_report(a, id, &q))
			continue;
		r->indicated += q.indicated;
		r->sent += q.sent;
		r->sends_waiting += counter_read(&t->accepted) - counter_read(&t->completed) -
				    counter_read(&t->cancelled);
		for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
			r->drops[i] += q.drops[i];
	}
}
