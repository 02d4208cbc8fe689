/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter's stack, for the files of this room: PnP one thing at a time, who is next to
 * whom, filter modules and bindings as they come, go, pause and restart. */
#ifndef NDIS_STACK_H
#define NDIS_STACK_H

#include "ndis/object.h"

/* stack.c: PnP is one thing at a time: adding, removing, binding (I19). Recursive,
 * since a DriverEntry that is loaded by the host registers a protocol. */
void ndis_pnp_lock(void);
void ndis_pnp_unlock(void);
bool ndis_pnp_is_ours(void);   /* this thread holds it */

/* Around a call that may pend: expect before it (the completion may come before
 * its return), wait after it; the completion call wakes. One at a time (I19). A wait
 * that lasts is told of in the log, with 'who' and 'what'. */
void ndis_adapter_expect(struct ndis_adapter *adapter);
NDIS_STATUS ndis_adapter_wait(struct ndis_adapter *adapter, NDIS_STATUS first, const char *who,
			      const char *what);
void ndis_adapter_wake(struct ndis_adapter *adapter, NDIS_STATUS status);

/* stack.c, PnP lock: from the bottom up (I14), from the top down (I15). 'reason' is an
 * NDIS_PAUSE_... bit. A restart stops at the first layer that fails, with its status. */
NDIS_STATUS ndis_stack_restart(struct ndis_adapter *adapter);
void ndis_stack_pause(struct ndis_adapter *adapter, ULONG reason);

/* stack_edges.c, PnP lock: tells every layer of the stack where its traffic goes now, and
 * returns when no worker is on an old way any more. */
void ndis_stack_connect(struct ndis_adapter *adapter);

/* The layer that an OID, a PnP event or a cancel goes to next. Any thread. */
struct ndis_layer *ndis_stack_top(struct ndis_adapter *adapter);
struct ndis_layer *ndis_stack_below(struct ndis_layer *layer);   /* NULL: below the miniport */
struct ndis_layer *ndis_stack_above(struct ndis_layer *layer);   /* NULL: the bindings */
/* The miniport is at place 0, the filter modules above it. PnP or stack lock. */
struct ndis_layer *ndis_stack_at(struct ndis_adapter *adapter, unsigned place);   /* NULL: too high */

/* status.c: a status that is NDIS's own, to everybody above the miniport. */
void ndis_status_of_ndis(struct ndis_adapter *adapter, NDIS_STATUS code);

/* restart_attributes.c: what the miniport itself offers, before any filter lowers it. */
void ndis_offer_reset(struct ndis_adapter *adapter);

/* filter.c, PnP lock. */
NDIS_STATUS ndis_filter_start(struct ndis_filter *filter);
void ndis_filter_stop(struct ndis_filter *filter, ULONG reason);
void ndis_filter_remove(struct ndis_filter *filter);   /* paused */
void ndis_filters_detach(struct ndis_adapter *adapter);
static inline struct ndis_filter *ndis_layer_filter(struct ndis_layer *layer)
{
	return (struct ndis_filter *)layer;
}

/* adapter.c, PnP lock. */
struct ndis_adapter *ndis_adapter_next(struct ndis_adapter *after);   /* NULL: the first */

/* binding.c, PnP lock: every protocol that binds by itself to one adapter, and off. */
void ndis_bind_all(struct ndis_adapter *adapter);
void ndis_unbind_all(struct ndis_adapter *adapter);
void ndis_bindings_restart(struct ndis_adapter *adapter);
void ndis_bindings_pause(struct ndis_adapter *adapter, ULONG reason);
/* One protocol to, or off, an adapter that is there already. */
NDIS_STATUS ndis_bind(struct ndis_adapter *adapter, struct ndis_protocol_driver *protocol);
void ndis_unbind(struct ndis_adapter *adapter, struct ndis_protocol_driver *protocol);
/* Every protocol that should be bound and is not. */
void ndis_bind_missing(struct ndis_adapter *adapter);
/* A protocol driver registers, or deregisters. */
void ndis_protocol_arrived(struct ndis_protocol_driver *protocol);
void ndis_protocol_leaves(struct ndis_protocol_driver *protocol);

/* fan_out.c: the top of the stack, when not exactly one binding takes everything. */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS ndis_fan_out_indicate;   /* context: the layer that indicates */
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE ndis_fan_out_send_complete;
/* Nobody above takes it: back to the layer that indicated, and counted. */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS ndis_unclaimed;                 /* context: the layer */
/* One list to one of several bindings; with RESOURCES it is lent. */
void ndis_fan_out_receive(struct ndis_binding *binding, PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port,
			  ULONG flags);
/* The bindings that take receives; how many. Any thread. */
unsigned ndis_takers_read(const struct ndis_takers *takers,
			  struct ndis_binding *list[NDIS_MAX_BINDINGS]);
void ndis_takers_write(struct ndis_takers *takers, struct ndis_binding **list, unsigned n);
/* What one of several bindings returns; context: the binding. */
MINIPORT_RETURN_NET_BUFFER_LISTS ndis_fan_out_give_back;

/* fan_out_copy.c: NULL: no memory. PnP lock; all copies are back at the end. */
struct ndis_copies *ndis_copies_create(const struct ndis_adapter *adapter);
void ndis_copies_destroy(struct ndis_copies *copies);   /* accepts NULL */
/* A copy of a received frame with its OOB, without its shared memory; NULL: there are too
 * many, or the frame is too long. Any thread, IRQL <= DISPATCH_LEVEL; accepts NULL. */
PNET_BUFFER_LIST ndis_copy_make(struct ndis_copies *copies, PNET_BUFFER_LIST nbl);
bool ndis_copy_is(const struct ndis_copies *copies, const NET_BUFFER_LIST *nbl);
void ndis_copy_free(struct ndis_copies *copies, PNET_BUFFER_LIST copy);

#endif
