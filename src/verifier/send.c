/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends on their way down, and their completions: each exactly once (A19, A28, A63). */
#include "verifier/inside.h"

static const char *name_of(const struct ndis_layer *from, const char *miniport, const char *filter,
			   const char *protocol)
{
	switch (from->object.kind) {
	case NDIS_OBJECT_MINIPORT:
		return miniport;
	case NDIS_OBJECT_FILTER:
		return filter;
	default:
		return protocol;
	}
}

struct judging {
	struct edge_call call;
	ULONG flags;
};

/* ---- down ---- */

/* TRUE: 'first' says whether the list begins its way here: its owner's send, or an
 * intermediate driver's, that passes on by its binding what its virtual adapter has. Locked. */
static bool may_send(struct nbl_record *r, const struct edge_call *c, bool *first)
{
	*first = r->state == NBL_IDLE;
	if (*first || (r->state == NBL_SENT && r->holder == c->from))
		return true;
	*first = c->from->object.kind == NDIS_OBJECT_BINDING && r->state == NBL_SENT &&
		 record_may_pass_on(r, c->from) && record_pass_on(r);
	return *first;
}

static void begin_send(struct nbl_record *r, const struct edge_call *c, bool first)
{
	if (first) {
		r->origin = c->from;
		r->source = r->nbl->SourceHandle;
		r->resources = false;
	}
	r->state = NBL_SENT;
	r->holder = c->to;
	record_step(r, c);
	if (c->to->object.kind == NDIS_OBJECT_MINIPORT) {
		NET_BUFFER_LIST_STATUS(r->nbl) = NDIS_STATUS_PENDING;   /* A23: it sets another */
		r->shape = shape_of(r->nbl);
	}
	poison_scratch(r->nbl);
}

static void check_sent(const struct edge_call *c, PNET_BUFFER_LIST nbl, bool first, NDIS_HANDLE source)
{
	if (first && nbl->SourceHandle != c->from)
		report_nbl(RULE_SEND_SOURCE, c->from, c->function, nbl,
			   "SourceHandle is %p, the sender's handle is %p", nbl->SourceHandle,
			   (void *)c->from);
	else if (nbl->SourceHandle != source)
		report_nbl(RULE_SEND_SOURCE, c->from, c->function, nbl,
			   "SourceHandle is %p on the way down, it was %p", nbl->SourceHandle, source);
	if (first && nbl_check_data(c, nbl)) {
		shape_check(c, nbl);
		large_check(c, nbl);
	}
}

static enum chain_verdict judge_send(PNET_BUFFER_LIST nbl, void *arg)
{
	const struct judging *j = arg;
	const struct edge_call *c = &j->call;
	struct nbl_record *r = record_lock(nbl);
	const char *field = NULL;
	char where[128];
	NDIS_HANDLE source;
	bool first, may, ring;

	if (!r)
		return CHAIN_KEEP;
	may = may_send(r, c, &first);
	ring = r->walk == c->walk;
	if (may && first) {
		r->marked_protocol = false;   /* the sender's own list: so is that field */
		poison_end(r, &field);
	}
	record_describe(r, where, sizeof(where));
	if (may)
		begin_send(r, c, first);
	source = r->source;
	record_unlock(r);
	if (!may) {
		report_nbl(RULE_SEND_NOT_OWNED, c->from, c->function, nbl, "it is %s", where);
		return ring ? CHAIN_CUT : CHAIN_DROP;
	}
	if (field)
		report_nbl(RULE_NBL_TOUCHED, NULL, c->function, nbl,
			   "%s was written after the list had been completed", field);
	check_sent(c, nbl, first, source);
	return CHAIN_KEEP;
}

static void send_by(enum ndis_edge edge, struct ndis_layer *from, PNET_BUFFER_LIST list,
		    NDIS_PORT_NUMBER port, ULONG flags)
{
	struct ndis_target t = ndis_edge_target(&from->edges, edge);
	struct judging j = { .flags = flags };
	unsigned n;

	call_begin(&j.call, from, t.layer,
		   name_of(from, "a miniport's send", "NdisFSendNetBufferLists",
			   "NdisSendNetBufferLists"));
	check_data_irql(&j.call);
	check_dispatch_flag(&j.call, flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL);
	list = chain_judge(list, &n, judge_send, &j);
	if ((flags & NDIS_SEND_FLAGS_SINGLE_QUEUE) && !chain_is_of_one_queue(list))
		report_nbl(RULE_SEND_SINGLE_QUEUE, from, j.call.function, list,
			   "NDIS_SEND_FLAGS_SINGLE_QUEUE, and the lists of the call name several queues");
	if (!list)
		return;
	callback_push(&t.layer->object, name_of(t.layer, "MiniportSendNetBufferLists",
						"FilterSendNetBufferLists", ""));
	((MINIPORT_SEND_NET_BUFFER_LISTS *)t.call)(t.to, list, port, flags);
	callback_pop();
}

VOID verifier_send(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
	send_by(NDIS_EDGE_SEND, context, list, port, flags);
}

VOID verifier_send_checked(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			   ULONG flags)
{
	send_by(NDIS_EDGE_SEND_CHECKED, context, list, port, flags);
}

VOID verifier_cancel_send(NDIS_HANDLE context, PVOID id)
{
	struct ndis_layer *from = context;
	struct ndis_target t = ndis_edge_target(&from->edges, NDIS_EDGE_CANCEL_SEND);

	struct edge_call c;

	call_begin(&c, from, t.layer,
		   name_of(from, "", "NdisFCancelSendNetBufferLists", "NdisCancelSendNetBufferLists"));
	check_data_irql(&c);
	callback_push(&t.layer->object, name_of(t.layer, "MiniportCancelSend",
						"FilterCancelSendNetBufferLists", ""));
	((MINIPORT_CANCEL_SEND *)t.call)(t.to, id);
	callback_pop();
}

/* ---- up ---- */

static bool may_complete(const struct nbl_record *r, const struct edge_call *c)
{
	return (r->state == NBL_SENT || r->state == NBL_COMPLETING) && r->holder == c->from;
}

/* Locked. What only the miniport's completion shows, and what it may no longer touch. */
static bool end_send(struct nbl_record *r, const struct edge_call *c)
{
	PNET_BUFFER_LIST nbl = r->nbl;
	bool status_is_set = NET_BUFFER_LIST_STATUS(nbl) != NDIS_STATUS_PENDING;

	if (c->from->object.kind != NDIS_OBJECT_MINIPORT)
		status_is_set = true;
	else if (!status_is_set)
		NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
	/* Where an intermediate driver passed it on, its virtual adapter has it again. */
	if (c->from->object.kind == NDIS_OBJECT_MINIPORT && !r->outer)
		poison_after_completion(r);
	poison_scratch(nbl);
	record_step(r, c);
	if (c->to && c->to != r->origin && c->to->object.kind == NDIS_OBJECT_FILTER) {
		r->state = NBL_COMPLETING;
		r->holder = c->to;
	} else {
		record_back(r);
	}
	return status_is_set;
}

static enum chain_verdict judge_completion(PNET_BUFFER_LIST nbl, void *arg)
{
	const struct judging *j = arg;
	const struct edge_call *c = &j->call;
	struct nbl_record *r = record_lock(nbl);
	NDIS_HANDLE source, is;
	bool may, ring, status_is_set = true, changed = false;
	char where[128];

	if (!r)
		return CHAIN_KEEP;
	may = may_complete(r, c);
	ring = r->walk == c->walk;
	source = r->source;
	is = nbl->SourceHandle;
	record_describe(r, where, sizeof(where));
	if (may) {
		changed = c->from->object.kind == NDIS_OBJECT_MINIPORT && shape_of(nbl) != r->shape;
		status_is_set = end_send(r, c);
		nbl->SourceHandle = source;   /* it leads the list back to its sender */
	}
	record_unlock(r);
	if (!may) {
		report_nbl(RULE_SEND_DOUBLE_COMPLETE, c->from, c->function, nbl, "it is %s", where);
		return ring ? CHAIN_CUT : CHAIN_DROP;
	}
	if (is != source)
		report_nbl(RULE_SEND_SOURCE, c->from, c->function, nbl,
			   "SourceHandle is %p at the completion, it was %p", is, source);
	if (changed)
		report_nbl(RULE_SEND_CHANGED, NULL, c->function, nbl,
			   "its NET_BUFFERs or MDLs are not as they were when %s got it",
			   c->from->object.name);
	if (nbl->ChildRefCount > 0)
		report_nbl(RULE_SEND_CHILDREN, c->from, c->function, nbl,
			   "it is completed with a ChildRefCount of %d", nbl->ChildRefCount);
	if (!status_is_set)
		report_nbl(RULE_SEND_STATUS, c->from, c->function, nbl, "its Status was not set");
	return CHAIN_KEEP;
}

VOID verifier_send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	struct ndis_layer *from = context;
	struct ndis_target t = ndis_edge_target(&from->edges, NDIS_EDGE_SEND_COMPLETE);
	struct judging j = { .flags = flags };
	unsigned n;

	call_begin(&j.call, from, t.layer,
		   name_of(from, "NdisMSendNetBufferListsComplete", "NdisFSendNetBufferListsComplete",
			   "a protocol's completion"));
	check_data_irql(&j.call);
	check_dispatch_flag(&j.call, flags & NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
	list = chain_judge(list, &n, judge_completion, &j);
	if (!list)
		return;
	if (j.call.from_track) {
		atomic_store(&j.call.from_track->last_completion, j.call.ns);
		atomic_store(&j.call.from_track->hangs, false);
	}
	callback_push(t.layer ? &t.layer->object : &from->object,
		      t.layer ? name_of(t.layer, "", "FilterSendNetBufferListsComplete",
					"ProtocolSendNetBufferListsComplete")
			      : "ProtocolSendNetBufferListsComplete");
	((PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE *)t.call)(t.to, list, flags);
	callback_pop();
}
