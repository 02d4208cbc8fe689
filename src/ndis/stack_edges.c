/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the traffic of every layer of a stack goes: who has a handler for it. */
#include "ndis/stack.h"

#include "base/log.h"
#include "ndis/loopback.h"

#define CALL(handler) ((void (*)(void))(handler))

static struct ndis_target target_of(struct ndis_layer *layer, void (*call)(void))
{
	return (struct ndis_target){ .call = call, .to = layer->context, .layer = layer };
}

/* I11: in the place of a miniport that is shut down. What it had indicated stays where it
 * is when it comes back: the machine goes down. */
static VOID refuse_sends(NDIS_HANDLE miniport, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			 ULONG flags)
{
	(void)port;
	for (PNET_BUFFER_LIST n = list; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		NET_BUFFER_LIST_STATUS(n) = NDIS_STATUS_NOT_ACCEPTED;
	ndis_edge_send_complete(&((struct ndis_layer *)miniport)->edges, list,
				flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ?
					NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

/* A63: in the place of whatever is below a filter that could not hear of the end: what came
 * from above goes back there, failed; its own lists, of which nobody could tell it, stay its. */
static VOID refuse_filter(NDIS_HANDLE filter, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			  ULONG flags)
{
	struct ndis_layer *layer = filter;
	PNET_BUFFER_LIST first = NULL, *end = &first;

	(void)port;
	log_error("filter %s: sends, and has no FilterSendNetBufferListsComplete (A63)",
		  layer->object.name);
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		NET_BUFFER_LIST_STATUS(list) = NDIS_STATUS_FAILURE;
		if (list->SourceHandle == layer)
			continue;
		*end = list;
		end = &NET_BUFFER_LIST_NEXT_NBL(list);
	}
	*end = NULL;
	if (first)
		ndis_edge_send_complete(&layer->edges, first,
					flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ?
						NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

static VOID keep_returns(NDIS_HANDLE miniport, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)miniport;
	(void)list;
	(void)flags;
}

static VOID cancel_nothing(NDIS_HANDLE miniport, PVOID cancel_id)
{
	(void)miniport;
	(void)cancel_id;
}

static void connect_miniport(struct ndis_adapter *a, struct ndis_target *t)
{
	const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m = &a->driver->handlers;

	if (atomic_load(&a->shut_down)) {
		t[NDIS_EDGE_SEND] = (struct ndis_target){ CALL(refuse_sends), &a->layer, &a->layer };
		t[NDIS_EDGE_SEND_CHECKED] = t[NDIS_EDGE_SEND];
		t[NDIS_EDGE_GIVE_BACK] = (struct ndis_target){ CALL(keep_returns), &a->layer, &a->layer };
		t[NDIS_EDGE_CANCEL_SEND] = (struct ndis_target){ CALL(cancel_nothing), &a->layer,
							       &a->layer };
		return;
	}
	t[NDIS_EDGE_SEND] = target_of(&a->layer, CALL(m->SendNetBufferListsHandler));
	t[NDIS_EDGE_SEND_CHECKED] = t[NDIS_EDGE_SEND];
	if (ndis_loopback_is_ours(a))
		t[NDIS_EDGE_SEND_CHECKED] =
			(struct ndis_target){ CALL(ndis_loopback_send), &a->layer, &a->layer };
	t[NDIS_EDGE_GIVE_BACK] = target_of(&a->layer, CALL(m->ReturnNetBufferListsHandler));
	t[NDIS_EDGE_CANCEL_SEND] = target_of(&a->layer, CALL(m->CancelSendHandler));
}

/* Below 'place': the first layer that has a handler for it; the miniport has all. */
static void connect_down(struct ndis_adapter *a, unsigned place, struct ndis_target *t)
{
	connect_miniport(a, t);
	for (unsigned i = 1; i < place; i++) {
		struct ndis_filter *f = a->modules[i - 1];

		if (f->handlers.SendNetBufferListsHandler)
			t[NDIS_EDGE_SEND] = t[NDIS_EDGE_SEND_CHECKED] = target_of(
				&f->layer, CALL(f->handlers.SendNetBufferListsHandler));
		if (f->handlers.ReturnNetBufferListsHandler)
			t[NDIS_EDGE_GIVE_BACK] = target_of(
				&f->layer, CALL(f->handlers.ReturnNetBufferListsHandler));
		if (f->handlers.CancelSendNetBufferListsHandler)
			t[NDIS_EDGE_CANCEL_SEND] = target_of(
				&f->layer, CALL(f->handlers.CancelSendNetBufferListsHandler));
	}
	if (place && place <= a->n_modules &&
	    !a->modules[place - 1]->handlers.SendNetBufferListsCompleteHandler)
		t[NDIS_EDGE_SEND] = t[NDIS_EDGE_SEND_CHECKED] = (struct ndis_target){
			CALL(refuse_filter), ndis_stack_at(a, place), ndis_stack_at(a, place) };
}

/* X3: a pausing layer still takes what was on its way. */
static bool takes_receives(struct ndis_layer *layer)
{
	int state = ndis_layer_state(layer);

	return state == NDIS_RUNNING || state == NDIS_PAUSING;
}

/* The bindings that take receives, and whether it is the one and only binding. */
static unsigned takers_of(struct ndis_adapter *a, struct ndis_binding **list, bool *alone)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->n_bindings; i++)
		if (takes_receives(&a->bindings[i]->layer))
			list[n++] = a->bindings[i];
	*alone = n == 1 && a->n_bindings == 1 && !list[0]->n_frame_types;
	return n;
}

/* What the topmost layer's receives and completions meet. */
static void connect_top(struct ndis_adapter *a, struct ndis_layer *from, struct ndis_target *t)
{
	struct ndis_binding *list[NDIS_MAX_BINDINGS];
	bool alone;
	unsigned n = takers_of(a, list, &alone);
	const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *p = n ? &list[0]->protocol->handlers : NULL;

	t[NDIS_EDGE_INDICATE] = (struct ndis_target){ CALL(ndis_fan_out_indicate), from, NULL };
	t[NDIS_EDGE_SEND_COMPLETE] =
		(struct ndis_target){ CALL(ndis_fan_out_send_complete), from, NULL };
	if (alone) {
		/* The adapter's packet filter is this binding's own: nothing to test. */
		t[NDIS_EDGE_INDICATE] = target_of(&list[0]->layer,
						  CALL(p->ReceiveNetBufferListsHandler));
		t[NDIS_EDGE_SEND_COMPLETE] = target_of(&list[0]->layer,
						       CALL(p->SendNetBufferListsCompleteHandler));
	} else if (!n) {
		t[NDIS_EDGE_INDICATE] = (struct ndis_target){ CALL(ndis_unclaimed), from, NULL };
	}
	if (n && ndis_loopback_climbs(a)) {
		t[NDIS_EDGE_INDICATE].call = CALL(ndis_loopback_indicate);
		t[NDIS_EDGE_INDICATE].to = from;
	}
}

/* Above 'place': the first layer that has a handler for it, else the bindings. */
static void connect_up(struct ndis_adapter *a, unsigned place, struct ndis_target *t)
{
	struct ndis_layer *from = ndis_stack_at(a, place);

	connect_top(a, from, t);
	for (unsigned i = a->n_modules; i > place; i--) {
		struct ndis_filter *f = a->modules[i - 1];

		if (f->handlers.SendNetBufferListsCompleteHandler)
			t[NDIS_EDGE_SEND_COMPLETE] = target_of(
				&f->layer, CALL(f->handlers.SendNetBufferListsCompleteHandler));
		if (!takes_receives(&f->layer))
			t[NDIS_EDGE_INDICATE] = (struct ndis_target){ CALL(ndis_unclaimed), from, NULL };
		else if (f->handlers.ReceiveNetBufferListsHandler)
			t[NDIS_EDGE_INDICATE] = target_of(
				&f->layer, CALL(f->handlers.ReceiveNetBufferListsHandler));
	}
}

void ndis_stack_connect(struct ndis_adapter *a)
{
	struct ndis_target t[NDIS_EDGE_COUNT];
	struct ndis_binding *list[NDIS_MAX_BINDINGS];
	bool alone;
	unsigned n = takers_of(a, list, &alone);

	ndis_takers_write(&a->takers, list, n);
	atomic_store(&a->top, ndis_stack_at(a, a->n_modules));
	atomic_store(&a->loopback.alone, alone ? list[0] : NULL);
	ndis_loopback_update(a);
	for (unsigned place = 0; place <= a->n_modules; place++) {
		connect_down(a, place, t);
		connect_up(a, place, t);
		ndis_edges_write(&ndis_stack_at(a, place)->edges, t, ndis_stack_at(a, place));
	}
	for (unsigned i = 0; i < a->n_bindings; i++) {
		connect_down(a, a->n_modules + 1, t);
		connect_top(a, ndis_stack_at(a, a->n_modules), t);
		if (a->shared) {
			t[NDIS_EDGE_GIVE_BACK].call = CALL(ndis_fan_out_give_back);
			t[NDIS_EDGE_GIVE_BACK].to = a->bindings[i];
		}
		ndis_edges_write(&a->bindings[i]->layer.edges, t, &a->bindings[i]->layer);
	}
	kernel_synchronize();
}
