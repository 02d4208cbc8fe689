/* SPDX-License-Identifier: BSD-2-Clause */
/* OID requests, for the files of this room: from their begin to their end, and NDIS's own
 * part of them. */
#ifndef NDIS_OID_H
#define NDIS_OID_H

#include "ndis/object.h"

/* NDIS's own wait for a request of its own. */
struct ndis_oid_waiter {
	NDIS_EVENT done;
	NDIS_STATUS status;
};

/* Ours while a request is with us: NdisReserved. */
struct ndis_oid_private {
	struct ndis_layer *issuer;        /* the binding or the filter that asked; NULL: NDIS */
	struct ndis_adapter *adapter;
	PNDIS_OID_REQUEST next;           /* in its line */
	struct ndis_oid_waiter *waiter;   /* NDIS waits for it itself */
	ULONG asked;                      /* what it set, before it was joined with others' */
	struct ndis_multicast_change *change;   /* the same of a multicast list */
	uint64_t serial;                  /* no two requests of a process have the same */
	uint64_t deadline;                /* clock_ns(); 0: none */
	PNDIS_OID_REQUEST next_timed;
};

static inline struct ndis_oid_private *ndis_oid_private(PNDIS_OID_REQUEST r)
{
	_Static_assert(sizeof(struct ndis_oid_private) <= sizeof(r->NdisReserved),
		       "room in the request");
	return (struct ndis_oid_private *)(void *)r->NdisReserved;
}

/* oid.c: a request of NDIS's own to its end, in the name of 'binding' (NULL: of an
 * application). PASSIVE_LEVEL. */
NDIS_STATUS ndis_oid_wait(struct ndis_adapter *adapter, struct ndis_binding *binding,
			  PNDIS_OID_REQUEST request);

/* oid.c: whether what a driver gave as a request is one; if not, the log says why. */
bool ndis_oid_is_request(NDIS_HANDLE handle, const NDIS_OID_REQUEST *request);

/* oid.c: writes NDIS's part of a new request. */
void ndis_oid_private_init(PNDIS_OID_REQUEST request, struct ndis_layer *issuer,
			   struct ndis_adapter *adapter);

/* oid.c: the first layer below 'from' (NULL: of the whole stack) that answers OIDs. It
 * stays as long as the stack's lock is held. */
struct ndis_layer *ndis_oid_first(struct ndis_adapter *adapter, struct ndis_layer *from);

/* oid_tell.c, oid.c: ends a request that was taken out of a line: of the requests from above,
 * before its turn (tell), or of a layer (finish). Any IRQL up to DISPATCH_LEVEL. */
void ndis_oid_tell(PNDIS_OID_REQUEST request, NDIS_STATUS status);
void ndis_oid_finish(PNDIS_OID_REQUEST request, NDIS_STATUS status);

/* oid.c: until the last request's turn is over: whoever was told that it ended may be
 * here before. PASSIVE_LEVEL. */
void ndis_oid_wait_idle(struct ndis_adapter *adapter);

/* oid.c, PnP lock: while a filter module comes or goes no request from above is on its
 * way; those that come meanwhile wait. */
void ndis_oid_hold(struct ndis_adapter *adapter);
void ndis_oid_release(struct ndis_adapter *adapter);

/* oid_leave.c, PnP lock: nobody asks a filter module any more, and what it was asked has ended. */
void ndis_oid_leave(struct ndis_filter *filter);

/* oid_leave.c, PnP lock: until every request that a layer made itself has ended. One that has not
 * by now is told of in the log: its driver should have waited for it (I21). */
void ndis_oid_wait_own(struct ndis_layer *layer);

/* oid_tell.c: a call begins that tells a layer the end of a request of its own; when the call
 * returns, the caller takes one from 'telling'. */
void ndis_oid_telling(struct ndis_layer *issuer);

/* oid_cancel.c: the time of a request is over. */
void ndis_oid_expire(struct ndis_adapter *adapter, uint64_t serial, PVOID id);

/* oid_timeout.c. A request with a time limit begins, or ends; others are let alone. Any
 * IRQL up to DISPATCH_LEVEL. */
void ndis_oid_timeout_start(PNDIS_OID_REQUEST request);
void ndis_oid_timeout_stop(PNDIS_OID_REQUEST request);
void ndis_oid_timeouts_init(struct ndis_adapter *adapter);
void ndis_oid_timeouts_destroy(struct ndis_adapter *adapter);   /* no request is left */

/* oid_answer.c: answers a query that no miniport is asked, since NDIS knows the answer from
 * the adapter's attributes or from what the bindings set. FALSE: it is none of these.
 * 'binding' NULL: of a filter, or of an application. */
bool ndis_oid_answer(struct ndis_adapter *adapter, struct ndis_binding *binding,
		     PNDIS_OID_REQUEST request, NDIS_STATUS *status);

/*
 * oid_stack.c: NDIS's own part of a request from above the stack, before and after
 * the layers below. Either it is answered here: the final status is returned and
 * '*forward' is FALSE. Or '*forward' is TRUE, and ndis_oid_end() must follow.
 */
NDIS_STATUS ndis_oid_begin(struct ndis_adapter *adapter, struct ndis_binding *binding,
			   PNDIS_OID_REQUEST request, bool *forward);
/* oid.c: a request that ndis_oid_begin() kept, by PENDING without '*forward', has its turn
 * still and begins anew, on a system thread. Any thread, IRQL <= DISPATCH_LEVEL. */
void ndis_oid_again(PNDIS_OID_REQUEST request);
void ndis_oid_end(struct ndis_adapter *adapter, struct ndis_binding *binding,
		  PNDIS_OID_REQUEST request, NDIS_STATUS status);

/* oid_joined.c: a set of one number that is joined with other bindings'. take: the value, or
 * why it is refused; pass: what goes down, and what was asked; end: the buffer as it was,
 * and '*own' (NULL: nobody's) what was asked if that is now set. */
NDIS_STATUS ndis_joined_take(PNDIS_OID_REQUEST request, ULONG *value);
void ndis_joined_pass(PNDIS_OID_REQUEST request, ULONG asked, ULONG joined);
void ndis_joined_end(PNDIS_OID_REQUEST request, NDIS_STATUS status, atomic_uint *own);

/* packet_filter.c: as above, for OID_GEN_CURRENT_PACKET_FILTER. */
NDIS_STATUS ndis_packet_filter_begin(struct ndis_adapter *adapter, struct ndis_binding *binding,
				     PNDIS_OID_REQUEST request, bool *forward);
void ndis_packet_filter_end(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
			    NDIS_STATUS status);
/* A binding that closed with a filter set: the miniport gets the others'. PnP lock. */
void ndis_packet_filter_forget(struct ndis_binding *binding);
/* A reset lost the miniport's: it gets it again (I39). PASSIVE_LEVEL. */
void ndis_packet_filter_restore(struct ndis_adapter *adapter);
/* What all bindings together asked for. */
ULONG ndis_packet_filter_union(struct ndis_adapter *adapter);

/* multicast.c: the same for OID_802_3_MULTICAST_LIST and the two that change it. */
bool ndis_multicast_is(NDIS_OID oid);
NDIS_STATUS ndis_multicast_begin(struct ndis_adapter *adapter, struct ndis_binding *binding,
				 PNDIS_OID_REQUEST request, bool *forward);
void ndis_multicast_end(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
			NDIS_STATUS status);
void ndis_multicast_forget(struct ndis_binding *binding);
void ndis_multicast_restore(struct ndis_adapter *adapter);
/* The addresses of all bindings, each once, as 6 bytes each; 'to' NULL: only how many bytes
 * these are. */
ULONG ndis_multicast_union(struct ndis_adapter *adapter, UCHAR *to);

/* lookahead.c: the same for OID_GEN_CURRENT_LOOKAHEAD. */
NDIS_STATUS ndis_lookahead_begin(struct ndis_adapter *adapter, struct ndis_binding *binding,
				 PNDIS_OID_REQUEST request, bool *forward);
void ndis_lookahead_end(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
			NDIS_STATUS status);
/* The largest that a binding asked for; when none did, what the adapter offers. */
ULONG ndis_lookahead_current(struct ndis_adapter *adapter);

#endif
