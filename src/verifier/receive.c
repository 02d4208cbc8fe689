/* SPDX-License-Identifier: BSD-2-Clause */
/* Indications on their way up: what they may hold, and that they come back as they
 * went where nothing was given away (F1 to F9, F23, F24). */
#include "verifier/inside.h"

#include <stdlib.h>

#define ON_STACK 128

struct judging {
	struct edge_call call;
	ULONG flags;
	bool lent;          /* a list is not the caller's to give away: it has it with RESOURCES */
	bool flag_lost;
};

/* ---- one list ---- */

/* 'first': the list begins its way here, its owner's, or an intermediate driver's that passes
 * on by its virtual adapter what its binding has. */
static bool may_indicate(struct nbl_record *r, const struct edge_call *c, bool *first)
{
	*first = r->state == NBL_IDLE;
	if (*first || (r->state == NBL_INDICATED && r->holder == c->from))
		return true;
	*first = c->from->object.kind == NDIS_OBJECT_MINIPORT && r->state == NBL_INDICATED &&
		 record_may_pass_on(r, c->from) && record_pass_on(r);
	return *first;
}

static void begin_indication(struct nbl_record *r, struct judging *j, bool first)
{
	bool resources = j->flags & NDIS_RECEIVE_FLAGS_RESOURCES;
	bool lent = first ? r->outer && r->outer->resources : r->resources;

	if (first) {
		r->origin = j->call.from;
		r->source = r->nbl->SourceHandle;
	} else if (resources && !lent) {
		r->lender = j->call.from;   /* a filter lends what it owns */
	}
	r->resources = resources || lent;
	j->lent |= lent;
	j->flag_lost |= lent && !resources;
	r->state = NBL_INDICATED;
	r->holder = j->call.to;
	record_step(r, &j->call);
	poison_scratch(r->nbl);
}

static bool memory_is(const struct ndis_adapter *adapter, const NET_BUFFER_SHARED_MEMORY *m)
{
	ULONG length = ndis_shared_memory_length((struct ndis_adapter *)adapter, m->SharedMemoryHandle);

	return length && (ULONG64)m->SharedMemoryOffset + m->SharedMemoryLength <= length;
}

/* F8, F9. */
static void check_shared_memory(const struct edge_call *c, PNET_BUFFER_LIST nbl)
{
	const NET_BUFFER_SHARED_MEMORY *m = NET_BUFFER_LIST_FIRST_NB(nbl)->SharedMemoryInfo;

	if (!m)
		report_nbl(RULE_RECEIVE_SHARED_MEMORY, c->from, c->function, nbl,
			   "SHARED_MEMORY_INFO_VALID, and SharedMemoryInfo is NULL");
	for (; m; m = m->NextSharedMemorySegment) {
		if (memory_is(c->from->adapter, m))
			continue;
		report_nbl(RULE_RECEIVE_SHARED_MEMORY, c->from, c->function, nbl,
			   "handle %p, offset %u, length %u is no shared memory of the adapter",
			   m->SharedMemoryHandle, m->SharedMemoryOffset, m->SharedMemoryLength);
		return;
	}
}

/* What holds where a miniport, or a filter that made the list, gives it to NDIS. */
static void check_indicated(const struct judging *j, PNET_BUFFER_LIST nbl)
{
	const struct edge_call *c = &j->call;
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);

	if (nbl->SourceHandle != c->from)
		report_nbl(RULE_RECEIVE_SOURCE, c->from, c->function, nbl,
			   "SourceHandle is %p, the indicating driver's handle is %p", nbl->SourceHandle,
			   (void *)c->from);
	if (nb && NET_BUFFER_NEXT_NB(nb))
		report_nbl(RULE_RECEIVE_ONE_BUFFER, c->from, c->function, nbl,
			   "it has more than one NET_BUFFER");
	nbl_check_data(c, nbl);
	if (c->from->object.kind != NDIS_OBJECT_MINIPORT)
		return;
	queue_check(c, nbl);
	if (nb && (j->flags & NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID))
		check_shared_memory(c, nbl);
}

static enum chain_verdict judge_indication(PNET_BUFFER_LIST nbl, void *arg)
{
	struct judging *j = arg;
	const struct edge_call *c = &j->call;
	struct nbl_record *r = record_lock(nbl);
	const char *field = NULL;
	bool first, may, ring;
	char where[128];

	if (!r)
		return CHAIN_KEEP;
	may = may_indicate(r, c, &first);
	ring = r->walk == c->walk;
	record_describe(r, where, sizeof(where));
	if (may && first) {
		r->marked_miniport = false;    /* the miniport's own list: so is that field */
		poison_end(r, &field);
	}
	if (may)
		begin_indication(r, j, first);
	record_unlock(r);
	if (!may) {
		report_nbl(RULE_RECEIVE_NOT_OWNED, c->from, c->function, nbl, "it is %s", where);
		return ring ? CHAIN_CUT : CHAIN_DROP;
	}
	if (field)
		report_nbl(RULE_NBL_TOUCHED, NULL, c->function, nbl,
			   "%s was written after the list had been returned", field);
	if (first)
		check_indicated(j, nbl);
	return CHAIN_KEEP;
}

/* ---- one call ---- */

static unsigned length_of(PNET_BUFFER_LIST list, unsigned most)
{
	unsigned n = 0;

	for (; list && n < most; list = NET_BUFFER_LIST_NEXT_NBL(list))
		n++;
	return n;
}

static bool some_queue_is_alone(struct tracked_layer *m, PNET_BUFFER_LIST list)
{
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		if (queue_is_alone(m, NET_BUFFER_LIST_RECEIVE_QUEUE_ID(list)))
			return true;
	return false;
}

/* F4, F6. */
static void check_queues(const struct judging *j, PNET_BUFFER_LIST list)
{
	const struct edge_call *c = &j->call;
	bool one = chain_is_of_one_queue(list), single = j->flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE;

	if (single && !one)
		report_nbl(RULE_RECEIVE_SINGLE_QUEUE, c->from, c->function, list,
			   "NDIS_RECEIVE_FLAGS_SINGLE_QUEUE, and the lists of the call name several queues");
	else if (!single && c->from->object.kind == NDIS_OBJECT_MINIPORT &&
		 some_queue_is_alone(c->from_track, list))
		report_nbl(RULE_RECEIVE_SINGLE_QUEUE, c->from, c->function, list,
			   "a queue with PER_QUEUE_RECEIVE_INDICATION, and no NDIS_RECEIVE_FLAGS_SINGLE_QUEUE");
}

/* F18: from the moment that MiniportRestart is entered; a pause lets end what began. */
static void check_state(const struct edge_call *c)
{
	int state = ndis_layer_state(c->from);

	if (c->from->object.kind != NDIS_OBJECT_MINIPORT || state == NDIS_RUNNING ||
	    state == NDIS_RESTARTING || state == NDIS_PAUSING)
		return;
	report_object(RULE_RECEIVE_ADAPTER_STATE, c->from, c->function, "adapter", c->from,
		      "it indicates and is %s", state == NDIS_PAUSED ? "paused" : "not initialized");
}

static void call_target(const struct ndis_target *t, struct ndis_layer *from, PNET_BUFFER_LIST list,
			NDIS_PORT_NUMBER port, ULONG n, ULONG flags)
{
	const struct ndis_object *who = t->layer ? &t->layer->object : &from->object;

	callback_push(who, t->layer && t->layer->object.kind == NDIS_OBJECT_FILTER
				   ? "FilterReceiveNetBufferLists" : "ProtocolReceiveNetBufferLists");
	((PROTOCOL_RECEIVE_NET_BUFFER_LISTS *)t->call)(t->to, list, port, n, flags);
	callback_pop();
}

/* ---- RESOURCES: everything is back when the call returns ---- */

static void lent_is_back(const struct edge_call *c, PNET_BUFFER_LIST nbl)
{
	struct nbl_record *r = record_lock(nbl);

	if (!r)
		return;
	if (r->state == NBL_INDICATED && r->origin == c->from) {
		record_back(r);
	} else if (r->state == NBL_INDICATED) {
		r->holder = c->from;
		if (r->lender == c->from) {
			r->resources = false;
			r->lender = NULL;
		}
	}
	record_unlock(r);
}

static bool chain_is(PNET_BUFFER_LIST list, PNET_BUFFER_LIST *was, unsigned n)
{
	unsigned i = 0;

	for (; i < n && list == was[i]; i++)
		list = NET_BUFFER_LIST_NEXT_NBL(list);
	return i == n && !list;
}

static void lend(struct judging *j, const struct ndis_target *t, PNET_BUFFER_LIST list,
		 NDIS_PORT_NUMBER port, unsigned n)
{
	PNET_BUFFER_LIST few[ON_STACK], *was = n <= ON_STACK ? few : malloc(n * sizeof(*was));
	unsigned i = 0;

	if (!was)
		return;   /* no memory: it is a frame lost, as one that nobody wanted */
	for (PNET_BUFFER_LIST l = list; l; l = NET_BUFFER_LIST_NEXT_NBL(l))
		was[i++] = l;
	call_target(t, j->call.from, list, port, n, j->flags);
	if (!chain_is(list, was, n))
		report_nbl(RULE_RECEIVE_CHAIN, t->layer, "its receive handler", list,
			   "the chain of %u lists is not what it was when it was lent", n);
	for (i = 0; i < n; i++) {
		NET_BUFFER_LIST_NEXT_NBL(was[i]) = i + 1 < n ? was[i + 1] : NULL;
		lent_is_back(&j->call, was[i]);
	}
	if (was != few)
		free(was);
}

VOID verifier_indicate(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG count,
		       ULONG flags)
{
	struct ndis_layer *from = context;
	struct ndis_target t = ndis_edge_target(&from->edges, NDIS_EDGE_INDICATE);
	struct judging j = { .flags = flags };
	unsigned n, length = length_of(list, count + 1);

	call_begin(&j.call, from, t.layer,
		   from->object.kind == NDIS_OBJECT_FILTER ? "NdisFIndicateReceiveNetBufferLists"
							   : "NdisMIndicateReceiveNetBufferLists");
	check_data_irql(&j.call);
	check_dispatch_flag(&j.call, flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
	if (length != count)
		report_object(RULE_RECEIVE_COUNT, from, j.call.function, "chain of", from,
			      "NumberOfNetBufferLists is %u, the chain is %s", count,
			      length > count ? "longer" : "shorter");
	check_state(&j.call);
	list = chain_judge(list, &n, judge_indication, &j);
	if (!list)
		return;
	check_queues(&j, list);
	flags_check(&j.call, list, flags);
	if (j.flag_lost)
		report_nbl(RULE_RECEIVE_KEPT, from, j.call.function, list,
			   "given away without NDIS_RECEIVE_FLAGS_RESOURCES, with which it came");
	if (j.lent)
		j.flags |= NDIS_RECEIVE_FLAGS_RESOURCES;
	if (j.flags & NDIS_RECEIVE_FLAGS_RESOURCES)
		lend(&j, &t, list, port, n);
	else
		call_target(&t, from, list, port, n, j.flags);
}

/* ---- where NDIS itself stands in the way: several bindings, or none ---- */

/* To one binding of several: its own, or lent to it. */
void verifier_hand_over(struct ndis_layer *binding, PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port,
			ULONG flags)
{
	struct ndis_binding *b = (struct ndis_binding *)binding;
	const struct ndis_target t = {
		(void (*)(void))b->protocol->handlers.ReceiveNetBufferListsHandler,
		binding->context, binding };
	bool lent = flags & NDIS_RECEIVE_FLAGS_RESOURCES, was_lent = false;
	struct nbl_record *r = record_lock(nbl);
	struct judging j = { .flags = flags };

	call_begin(&j.call, &binding->adapter->layer, binding, "NDIS, to each binding");
	if (r) {
		was_lent = r->resources;
		r->resources |= lent;
		r->holder = binding;
		record_step(r, &j.call);
		record_unlock(r);
	}
	call_target(&t, binding, nbl, port, 1, flags);
	if (!lent)
		return;
	r = record_lock(nbl);
	if (!r)
		return;
	if (r->state == NBL_INDICATED) {
		r->resources = was_lent;
		r->holder = NULL;
	}
	record_unlock(r);
}

/* Nobody wants them: NDIS returns them to who indicated them. */
void verifier_unclaimed(struct ndis_layer *layer, PNET_BUFFER_LIST list, ULONG flags)
{
	struct edge_call c;

	if (flags & NDIS_RECEIVE_FLAGS_RESOURCES)
		return;
	call_begin(&c, NULL, layer, "NDIS, for want of a binding");
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		struct nbl_record *r = record_lock(list);

		if (!r)
			continue;
		record_step(r, &c);
		r->state = NBL_RETURNING;
		r->holder = layer;
		if (r->origin == layer)
			record_back(r);
		record_unlock(r);
	}
}

/* ---- a copy of NDIS's own, for a binding that holds many (F25) ---- */

void verifier_copy_made(struct ndis_layer *binding, PNET_BUFFER_LIST copy)
{
	struct nbl_record *r = record_lock(copy);

	if (!r)
		return;
	r->state = NBL_INDICATED;
	r->origin = &binding->adapter->layer;
	r->source = copy->SourceHandle;
	r->resources = false;
	record_unlock(r);
}

void verifier_copy_back(PNET_BUFFER_LIST copy)
{
	struct nbl_record *r = record_lock(copy);

	if (!r)
		return;
	record_idle(r);
	record_unlock(r);
}
