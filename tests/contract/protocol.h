/* SPDX-License-Identifier: BSD-2-Clause */
/* A protocol driver for tests: it writes every callback into the trace, keeps NBLs
 * for as long as a test wants, and returns them as a test wants. */
#ifndef CONTRACT_PROTOCOL_H
#define CONTRACT_PROTOCOL_H

#include "trace.h"
#include "ndis/host.h"

#define PROTOCOL_MAX      3
#define PROTOCOL_HELD_MAX 32768

struct protocol {
	unsigned number;
	atomic_bool hold;                         /* keep what is indicated */
	const NET_FRAME_TYPE *frame_types;        /* that it opens adapters for */
	unsigned n_frame_types;                   /* 0: every type */
	void (*in_receive)(struct protocol *p);   /* first thing in a receive; NULL: nothing */
	/* Last things in a callback; NULL: nothing. */
	void (*on_send_done)(PNET_BUFFER_LIST list);
	void (*on_receive)(struct protocol *p);   /* first, once what came is in the trace */
	void (*on_bind)(struct protocol *p);
	void (*on_restart)(struct protocol *p);
	_Atomic(NDIS_HANDLE) binding;             /* NULL: not bound */
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;
	PNET_BUFFER_LIST held[PROTOCOL_HELD_MAX];
	unsigned n_held;                          /* under the lock of protocol.c */
	NDIS_HANDLE driver;
	struct ndis_image *image;
};

extern struct protocol protocols[PROTOCOL_MAX];

/* What is compared with what is received. */
extern struct ground_frames protocol_wire;

/* Protocols that are loaded bind only where ndis_protocol_bind() says. */
extern bool protocols_by_hand;

/* Loads the first 'n' protocols. */
void protocols_load(unsigned n);
/* Unloads them; the adapter is gone. */
void protocols_unload(void);

unsigned protocol_held(struct protocol *p);

/* An order for returns. */
enum protocol_order { IN_ORDER, REVERSED, EVEN_THEN_ODD };

/* Returns 'n' of the held NBLs, beginning with held number 'first' (of those that
 * are left), in one call, from the calling thread. */
void protocol_return(struct protocol *p, unsigned first, unsigned n, enum protocol_order order,
		     ULONG flags);
/* All of them. */
void protocol_return_all(struct protocol *p);
/* The same as processor 'number', with the flag for DISPATCH_LEVEL (E9). */
void protocol_return_on(struct protocol *p, unsigned number, unsigned first, unsigned n);

/* ---- OID requests ---- */

struct request {
	NDIS_OID_REQUEST r;            /* first */
	struct protocol *protocol;
	atomic_bool done;
	bool pended;                   /* NdisOidRequest returned PENDING */
	NDIS_STATUS status;            /* the final one, once done */
	void (*then)(struct request *);   /* inside ProtocolOidRequestComplete, or NULL */
};

/* Issues a request; 'out' counts for methods only. Returns what NdisOidRequest
 * did. The request stays where it is until it is done. */
NDIS_STATUS request_start(struct request *q, struct protocol *p, NDIS_REQUEST_TYPE type, NDIS_OID oid,
			  void *buffer, ULONG in, ULONG out);
/* Waits for its end. */
NDIS_STATUS request_wait(struct request *q);
/* Both. */
NDIS_STATUS request(struct protocol *p, NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG in,
		    ULONG out);

#endif
