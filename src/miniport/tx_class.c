/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classes of sends: traffic classes (A11) or priorities (A12). One arbiter says for all
 * transmit queues of the adapter which class goes next, since they share the wire: a queue
 * that has nothing of that class lets the others have their turn.
 */
#include "miniport/adapter.h"

void mp_tx_classes_create(struct mp_adapter *a)
{
	struct vmq_traffic_rules one;

	NdisAllocateSpinLock(&a->arbiter.lock);
	vmq_traffic_rules_single(&one);
	mp_tx_classes_use(a, &one);
}

void mp_tx_classes_destroy(struct mp_adapter *a)
{
	NdisFreeSpinLock(&a->arbiter.lock);
}

/* Under the arbiter's lock. */
static void halt_classes(struct mp_tx_arbiter *r)
{
	uint8_t classes = 0;

	for (unsigned p = 0; p < VMQ_PRIORITIES; p++)
		if (r->halted >> p & 1)
			classes |= (uint8_t)(1u << r->of_priority[p]);
	vmq_traffic_classes_halt(&r->classes, classes);
}

void mp_tx_classes_use(struct mp_adapter *a, const struct vmq_traffic_rules *rules)
{
	struct mp_tx_arbiter *r = &a->arbiter;

	NdisAcquireSpinLock(&r->lock);
	vmq_traffic_classes_init(&r->classes, rules);
	memcpy(r->of_priority, rules->of_priority, sizeof(r->of_priority));
	halt_classes(r);
	atomic_store(&r->n, rules->n);
	NdisReleaseSpinLock(&r->lock);
}

void mp_tx_priorities_halt(struct mp_adapter *a, uint8_t priorities)
{
	struct mp_tx_arbiter *r = &a->arbiter;

	NdisAcquireSpinLock(&r->lock);
	r->halted = priorities;
	halt_classes(r);
	NdisReleaseSpinLock(&r->lock);
	mp_processors_notify(a);
}

unsigned mp_tx_class_of(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO info;

	info.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	return a->arbiter.of_priority[info.TagHeader.UserPriority];
}

int mp_tx_class_next(struct mp_adapter *a, const struct mp_tx_queue *t)
{
	struct mp_tx_arbiter *r = &a->arbiter;
	uint8_t waiting = 0;
	int cls;

	NdisDprAcquireSpinLock(&r->lock);
	for (unsigned c = 0; c < MP_TX_CLASSES; c++)
		waiting |= (uint8_t)((r->waiting[c] != 0) << c);
	cls = vmq_traffic_class_next(&r->classes, waiting);
	NdisDprReleaseSpinLock(&r->lock);
	return cls >= 0 && t->classes >> cls & 1 ? cls : -1;
}

void mp_tx_class_charge(struct mp_adapter *a, unsigned cls, uint64_t bytes)
{
	struct mp_tx_arbiter *r = &a->arbiter;

	NdisDprAcquireSpinLock(&r->lock);
	vmq_traffic_class_sent(&r->classes, cls, (unsigned)bytes);
	NdisDprReleaseSpinLock(&r->lock);
}

void mp_tx_class_note(struct mp_adapter *a, struct mp_tx_queue *t)
{
	struct mp_tx_arbiter *r = &a->arbiter;
	uint8_t now = 0, changed;

	if (atomic_load_explicit(&r->n, memory_order_relaxed) == 1)
		return;
	for (unsigned c = 0; c < MP_TX_CLASSES; c++)
		now |= (uint8_t)((t->fifo[c].waiting.n != 0) << c);
	changed = now ^ t->classes;
	if (!changed)
		return;
	t->classes = now;
	NdisDprAcquireSpinLock(&r->lock);
	for (unsigned c = 0; c < MP_TX_CLASSES; c++)
		if (changed >> c & 1)
			r->waiting[c] += now >> c & 1 ? 1 : -1u;
	NdisDprReleaseSpinLock(&r->lock);
}

void mp_tx_class_sent(const struct mp_adapter *a, unsigned cls, uint64_t *frames, uint64_t *bytes)
{
	*frames = *bytes = 0;
	for (unsigned i = 0; i <= a->n_queues; i++) {
		*frames += counter_read(&a->queues[i].tx.fifo[cls].sent);
		*bytes += counter_read(&a->queues[i].tx.fifo[cls].bytes);
	}
}
