/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For somebody who watches every edge of NDIS (the verifier). Off, this is one
 * pointer that is NULL: the data path does not look at it, since a watched edge is
 * swapped for the watcher's function (ndis/edge.h); the rest tests it once a call.
 */
#ifndef NDIS_WATCH_H
#define NDIS_WATCH_H

#include "ndis/edge.h"

struct ndis_object;
struct ndis_adapter;

struct ndis_watch {
	/* In the place of each edge; the context is the struct ndis_layer that calls,
	 * and ndis_edge_target() says what it would have called. Never NULL. */
	MINIPORT_SEND_NET_BUFFER_LISTS *send;
	PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE *send_complete;
	PROTOCOL_RECEIVE_NET_BUFFER_LISTS *indicate;
	MINIPORT_RETURN_NET_BUFFER_LISTS *give_back;
	MINIPORT_CANCEL_SEND *cancel_send;
	MINIPORT_SEND_NET_BUFFER_LISTS *send_checked;

	/* Where several bindings take from one stack: calls the binding's receive handler
	 * with one list; with RESOURCES it is lent. And where nobody takes a list that is
	 * not lent, before NDIS gives it back to 'layer', which indicated it. */
	void (*hand_over)(struct ndis_layer *binding, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			  ULONG flags);
	void (*unclaimed)(struct ndis_layer *layer, PNET_BUFFER_LIST list, ULONG flags);
	/* NDIS has made the list for a binding that holds many; it is back with NDIS. */
	void (*copy_made)(struct ndis_layer *binding, PNET_BUFFER_LIST copy);
	void (*copy_back)(PNET_BUFFER_LIST copy);

	/* A request from above the stack has its turn; NDIS has not looked at it yet. */
	void (*oid_turn)(struct ndis_adapter *adapter, struct ndis_layer *issuer,
			 PNDIS_OID_REQUEST request);

	/* OIDs. 'layer' is asked, by 'issuer' (NULL: NDIS or an application); its
	 * handler returned, and the status that counts is the one returned here (PENDING:
	 * the request was completed already, and may be gone); it completed. A completion
	 * for which FALSE is returned does not happen. */
	void (*oid_asked)(struct ndis_layer *layer, struct ndis_layer *issuer, PNDIS_OID_REQUEST request);
	NDIS_STATUS (*oid_returned)(struct ndis_layer *layer, PNDIS_OID_REQUEST request,
				    NDIS_STATUS status);
	BOOLEAN (*oid_completed)(struct ndis_layer *layer, PNDIS_OID_REQUEST request,
				 NDIS_STATUS status);

	/* Around every callback that is no data edge: 'name' as the WDK calls it. */
	void (*callback_begins)(struct ndis_object *object, const char *name);
	void (*callback_ends)(struct ndis_object *object, const char *name);

	/* A driver called 'function' of NDIS; 'handle' is what it gave, or NULL. */
	void (*called)(const char *function, NDIS_HANDLE handle, const void *caller);

	/* A layer's state (enum ndis_layer_state) changed. PnP lock. */
	void (*state_changed)(struct ndis_layer *layer, int from, int to);

	/* An adapter has been halted, a filter detached, a binding closed: now nothing of
	 * it may be left. PnP lock. */
	void (*layer_gone)(struct ndis_layer *layer);
};

/* NULL: nobody watches. Set before the first driver is loaded, and kept. */
extern const struct ndis_watch *ndis_watch;

/* At the head of a function that drivers call. */
#define NDIS_CALLED(handle) \
	do { \
		if (__builtin_expect(ndis_watch != NULL, 0)) \
			ndis_watch->called(__func__, (handle), __builtin_return_address(0)); \
	} while (0)

/* The callback in which this thread is, the innermost, for a crash report: whose, and
 * its name in the WDK. None: NULL. */
extern _Thread_local struct ndis_callback {
	const struct ndis_object *object;
	const char *name;
} ndis_callback;

/* Around a callback: NDIS_CALLBACK(&layer->object, "FilterPause", status = handler(...)); */
#define NDIS_CALLBACK(whose, called, call) \
	do { \
		const struct ndis_callback outer_ = ndis_callback; \
		\
		ndis_callback = (struct ndis_callback){ (whose), (called) }; \
		if (__builtin_expect(ndis_watch != NULL, 0)) \
			ndis_watch->callback_begins((whose), (called)); \
		call; \
		if (__builtin_expect(ndis_watch != NULL, 0)) \
			ndis_watch->callback_ends((whose), (called)); \
		ndis_callback = outer_; \
	} while (0)

#endif
