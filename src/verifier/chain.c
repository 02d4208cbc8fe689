/* SPDX-License-Identifier: BSD-2-Clause */
/* A chain of NET_BUFFER_LISTs, looked at list by list; what holds for every hand-over. */
#include "verifier/inside.h"

PNET_BUFFER_LIST chain_judge(PNET_BUFFER_LIST list, unsigned *n,
			     enum chain_verdict (*judge)(PNET_BUFFER_LIST nbl, void *arg), void *arg)
{
	PNET_BUFFER_LIST first = NULL, last = NULL, next;

	*n = 0;
	for (; list; list = next) {
		enum chain_verdict v = judge(list, arg);

		next = NET_BUFFER_LIST_NEXT_NBL(list);
		if (v == CHAIN_CUT)
			break;
		if (v == CHAIN_DROP)
			continue;
		if (!last)
			first = list;
		else if (NET_BUFFER_LIST_NEXT_NBL(last) != list)
			NET_BUFFER_LIST_NEXT_NBL(last) = list;
		last = list;
		++*n;
	}
	if (last && NET_BUFFER_LIST_NEXT_NBL(last))
		NET_BUFFER_LIST_NEXT_NBL(last) = NULL;
	return first;
}

bool chain_is_of_one_queue(PNET_BUFFER_LIST list)
{
	USHORT queue = list ? NET_BUFFER_LIST_RECEIVE_QUEUE_ID(list) : 0;

	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(list) != queue)
			return false;
	return true;
}

/* Whether CurrentMdl and CurrentMdlOffset are byte DataOffset of the chain, and the data
 * end within it. The empty NET_BUFFER of a fresh pool has no chain, and nothing to say. */
static const char *data_fault(const NET_BUFFER *nb)
{
	ULONG64 before = 0, all = 0;
	bool found = false;

	if (!NET_BUFFER_FIRST_MDL(nb))
		return NET_BUFFER_DATA_LENGTH(nb) ? "it has data and no MDL" : NULL;
	for (const MDL *m = NET_BUFFER_FIRST_MDL(nb); m; m = m->Next) {
		if (m == NET_BUFFER_CURRENT_MDL(nb)) {
			before = all + NET_BUFFER_CURRENT_MDL_OFFSET(nb);
			found = true;
		}
		all += m->ByteCount;
	}
	if (!found)
		return "its current MDL is none of its chain";
	if (before != NET_BUFFER_DATA_OFFSET(nb))
		return "its current MDL is not where its data begin";
	if ((ULONG64)NET_BUFFER_DATA_OFFSET(nb) + NET_BUFFER_DATA_LENGTH(nb) > all)
		return "its data end behind its MDLs";
	return NULL;
}

bool nbl_check_data(const struct edge_call *c, PNET_BUFFER_LIST nbl)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	bool good = nb != NULL;

	if (!nb)
		report_nbl(RULE_NBL_DATA, c->from, c->function, nbl, "it has no NET_BUFFER");
	for (; nb; nb = NET_BUFFER_NEXT_NB(nb)) {
		const char *fault = data_fault(nb);

		if (!fault)
			continue;
		report_nbl(RULE_NBL_DATA, c->from, c->function, nbl,
			   "NET_BUFFER %p: %s (DataOffset %u, DataLength %u, CurrentMdlOffset %u)",
			   (const void *)nb, fault, NET_BUFFER_DATA_OFFSET(nb),
			   NET_BUFFER_DATA_LENGTH(nb), NET_BUFFER_CURRENT_MDL_OFFSET(nb));
		return false;
	}
	return good;
}

void check_dispatch_flag(const struct edge_call *c, bool set)
{
	if (set && c->irql != DISPATCH_LEVEL)
		report_object(RULE_DISPATCH_FLAG, c->from, c->function, "flag of", c->from,
			      "the flag for DISPATCH_LEVEL is set at IRQL %u", c->irql);
}

void check_data_irql(const struct edge_call *c)
{
	if (c->irql > DISPATCH_LEVEL)
		report_object(RULE_IRQL, c->from, c->function, "function", c->function,
			      "called at IRQL %u, allowed is DISPATCH_LEVEL at most", c->irql);
}
