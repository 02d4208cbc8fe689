/* SPDX-License-Identifier: BSD-2-Clause */
/* Returns of what was indicated: each exactly once, by who has it (F23, F24, F28, F29). */
#include "verifier/inside.h"

/* Between a stack and several bindings the list is NDIS's, and any of them may have it. */
static bool has_it(const struct nbl_record *r, const struct ndis_layer *from)
{
	return r->holder == from || (!r->holder && from->object.kind == NDIS_OBJECT_BINDING);
}

static enum verifier_rule_index may_return(const struct nbl_record *r, const struct ndis_layer *from)
{
	if ((r->state == NBL_INDICATED || r->state == NBL_RETURNING) && has_it(r, from))
		return r->resources ? RULE_RECEIVE_KEPT : RULE_NONE;
	/* Back with its owner, and the last that was done with it was to lend it. */
	if (r->state == NBL_IDLE && r->resources)
		return RULE_RECEIVE_KEPT;
	return RULE_RETURN_NOT_OWNED;
}

static enum chain_verdict judge_return(PNET_BUFFER_LIST nbl, void *arg)
{
	const struct edge_call *c = arg;
	struct nbl_record *r = record_lock(nbl);
	enum verifier_rule_index rule;
	char where[128];
	bool ring;

	if (!r)
		return CHAIN_KEEP;
	rule = may_return(r, c->from);
	ring = r->walk == c->walk;
	record_describe(r, where, sizeof(where));
	if (rule == RULE_NONE) {
		record_step(r, c);
		poison_scratch(nbl);
		r->state = NBL_RETURNING;
		r->holder = c->to;
		if (c->to == r->origin || c->to->object.kind == NDIS_OBJECT_MINIPORT) {
			if (record_back(r))
				poison_after_return(r);
		}
	}
	record_unlock(r);
	if (rule == RULE_NONE)
		return CHAIN_KEEP;
	report_nbl(rule, c->from, c->function, nbl, "it is %s%s", where,
		   rule == RULE_RECEIVE_KEPT ? ", and was lent with NDIS_RECEIVE_FLAGS_RESOURCES" : "");
	return ring ? CHAIN_CUT : CHAIN_DROP;
}

VOID verifier_give_back(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	struct ndis_layer *from = context;
	struct ndis_target t = ndis_edge_target(&from->edges, NDIS_EDGE_GIVE_BACK);
	struct edge_call c;
	unsigned n;

	call_begin(&c, from, t.layer,
		   from->object.kind == NDIS_OBJECT_FILTER ? "NdisFReturnNetBufferLists"
							   : "NdisReturnNetBufferLists");
	check_data_irql(&c);
	check_dispatch_flag(&c, flags & NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
	list = chain_judge(list, &n, judge_return, &c);
	if (!list)
		return;
	if ((flags & NDIS_RETURN_FLAGS_SINGLE_QUEUE) && !chain_is_of_one_queue(list))
		report_nbl(RULE_RETURN_SINGLE_QUEUE, from, c.function, list,
			   "NDIS_RETURN_FLAGS_SINGLE_QUEUE, and the lists of the call are of several queues");
	callback_push(&t.layer->object, t.layer->object.kind == NDIS_OBJECT_FILTER
						? "FilterReturnNetBufferLists"
						: "MiniportReturnNetBufferLists");
	((MINIPORT_RETURN_NET_BUFFER_LISTS *)t.call)(t.to, list, flags);
	callback_pop();
}
