/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of this room. */
#ifndef VERIFIER_INSIDE_H
#define VERIFIER_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ndis/object.h"
#include "verifier/rules.h"
#include "verifier/verifier.h"

/* ---- layer.c: what is kept of each layer ---- */

struct tracked_queues;
struct tracked_wishes;

/* Entries stay until the verifier stops, so that histories may name them. */
struct tracked_layer {
	struct tracked_layer *next;
	_Atomic(struct ndis_layer *) layer;     /* NULL: it is gone */
	char name[64], driver[64];
	const char *kind;
	enum ndis_object_kind object;
	atomic_uint_least64_t state_since;      /* ns */
	atomic_uint_least64_t last_completion;  /* of a send, ns, or when it came; miniports */
	atomic_bool hangs;                      /* NdisTimedDataHang was reported, nothing since */
	struct tracked_queues *queues;          /* miniports */
	struct tracked_wishes *wishes;          /* likewise */
};

/* The entry of a live layer, made when it is not there. NULL: no layer, or no memory.
 * Any thread. */
struct tracked_layer *layer_track(struct ndis_layer *layer);
void layer_forget(struct ndis_layer *layer);
void layers_each(void (*each)(struct tracked_layer *t, void *arg), void *arg);
void layers_free(void);

/* ---- call.c: what this thread is in ---- */

/* One call over an edge. */
struct edge_call {
	struct ndis_layer *from, *to;       /* NULL: NDIS itself */
	struct tracked_layer *from_track, *to_track;
	const char *function;
	uint64_t ns, walk;                  /* 'walk' is this call's alone */
	uint16_t processor;
	uint8_t irql;
};

void call_begin(struct edge_call *call, struct ndis_layer *from, struct ndis_layer *to,
		const char *function);

/* Callbacks that this thread is in; the names are string constants. */
void callback_push(const struct ndis_object *object, const char *name);
void callback_pop(void);            /* looks at the IRQL, and mends it */
const char *callback_current(void); /* NULL: none */
const struct ndis_object *callback_object(void);   /* whose it is; NULL: none */

/* The watch's: */
void callback_begins(struct ndis_object *object, const char *name);
void callback_ends(struct ndis_object *object, const char *name);

/* ---- report.c ---- */

struct nbl_record;

/* Whether breaches of 'rule' are to be told. */
bool rule_is_heeded(enum verifier_rule_index rule);
/* Its limit now, ns. */
uint64_t rule_limit_ns(enum verifier_rule_index rule);

/* Tells of a breach by 'who' (NULL: not known). 'object' and the rule together are
 * told once. No lock may be held. */
__attribute__((format(printf, 6, 7)))
void report_object(enum verifier_rule_index rule, struct ndis_layer *who, const char *function,
		   const char *kind, const void *object, const char *fmt, ...);
/* The same for a NET_BUFFER_LIST, with its history. */
__attribute__((format(printf, 5, 6)))
void report_nbl(enum verifier_rule_index rule, struct ndis_layer *who, const char *function,
		PNET_BUFFER_LIST nbl, const char *fmt, ...);
/* For an object that is no layer's: a driver's. */
__attribute__((format(printf, 6, 7)))
void report_driver(enum verifier_rule_index rule, const struct ndis_object *who,
		   const char *function, const char *kind, const void *object, const char *fmt, ...);
int report_start(const struct verifier_config *config);
void report_stop(void);

/* ---- owner.c: who has which NET_BUFFER_LIST ---- */

/* X(NAME, what a person reads) */
#define NBL_STATES(X) \
	X(IDLE, "with its owner") \
	X(SENT, "on its way down") \
	X(COMPLETING, "completed, on its way up") \
	X(INDICATED, "indicated") \
	X(RETURNING, "returned, on its way down")

enum nbl_state {
#define X(name, text) NBL_##name,
	NBL_STATES(X)
#undef X
};

/* A list that an intermediate driver has at one edge while its other edge has passed it on:
 * what is known of the way that is not over. */
struct nbl_hop {
	struct nbl_hop *outer;
	enum nbl_state state;
	bool resources;
	struct ndis_layer *holder, *origin, *lender;
	NDIS_HANDLE source;
	uint64_t shape;
};

struct nbl_record {
	struct nbl_record *next;
	PNET_BUFFER_LIST nbl;
	NDIS_HANDLE pool;
	enum nbl_state state;
	bool resources;              /* indicated with NDIS_RECEIVE_FLAGS_RESOURCES, now or last */
	bool late;                   /* a timed rule has told of it */
	bool marked_miniport, marked_protocol, guarded;   /* poison.c */
	struct ndis_layer *holder;   /* NULL: NDIS, between a stack and several bindings */
	struct ndis_layer *origin;   /* who sent or indicated it first */
	struct ndis_layer *lender;   /* a filter that owns it and indicated it with RESOURCES */
	struct nbl_hop *outer;       /* the way that it left for this one; NULL: none */
	NDIS_HANDLE source;          /* SourceHandle then */
	uint64_t shape;              /* of its buffers, when the miniport got it to send */
	uint64_t since, walk;        /* when the holder got it, and by which call */
	unsigned n_steps;            /* ever */
	struct verifier_step steps[VERIFIER_STEPS];
};

/* The record, with the lock of its shard; NULL: no memory. Unlock soon. */
struct nbl_record *record_lock(PNET_BUFFER_LIST nbl);
void record_unlock(struct nbl_record *r);
/* One that is there already, or NULL. */
struct nbl_record *record_find(PNET_BUFFER_LIST nbl);

const char *nbl_state_text(enum nbl_state state);
void record_step(struct nbl_record *r, const struct edge_call *call);
/* Back with its owner, whatever way it was on. */
void record_idle(struct nbl_record *r);
/* Whether 'from' and who has the list are the two edges of one intermediate driver: it may
 * pass on by the one what it has at the other. */
bool record_may_pass_on(const struct nbl_record *r, const struct ndis_layer *from);
/* It does: a way of its own begins. FALSE: no memory. */
bool record_pass_on(struct nbl_record *r);
/* Back with who began this way. TRUE: that is its owner; else it goes on with the way that
 * it had left. */
bool record_back(struct nbl_record *r);

/* Calls 'each' for every record under its lock; TRUE: the record is dropped. */
void records_each(bool (*each)(struct nbl_record *r, void *arg), void *arg);
void records_free(void);

/* Says in 'text' who has it. Under the lock. */
void record_describe(const struct nbl_record *r, char *text, size_t size);

/* ---- chain.c: a chain, looked at list by list ---- */

/* What to do with a list of the chain. */
enum chain_verdict { CHAIN_KEEP, CHAIN_DROP, CHAIN_CUT };   /* CUT: the chain is a ring here */

/* Judges each; returns the chain without those that were refused, and in '*n' its length. */
PNET_BUFFER_LIST chain_judge(PNET_BUFFER_LIST list, unsigned *n,
			     enum chain_verdict (*judge)(PNET_BUFFER_LIST nbl, void *arg), void *arg);
/* Whether all lists name one queue. */
bool chain_is_of_one_queue(PNET_BUFFER_LIST list);
/* I44, of every NET_BUFFER. FALSE: one is wrong, and told of. */
bool nbl_check_data(const struct edge_call *call, PNET_BUFFER_LIST nbl);
/* A45: the flag against the IRQL. */
void check_dispatch_flag(const struct edge_call *call, bool set);
void check_data_irql(const struct edge_call *call);

/* ---- send_shape.c: what is sent ---- */

/* A13, A14, A27, A64: where its way begins. */
void shape_check(const struct edge_call *call, PNET_BUFFER_LIST nbl);
/* send_large.c. P7, of a list whose data are sound. */
void large_check(const struct edge_call *call, PNET_BUFFER_LIST nbl);
/* A hash of what nobody may change while the miniport has it (A22, A28). */
uint64_t shape_of(const NET_BUFFER_LIST *nbl);

/* ---- poison.c: fields of who had it before. Under the record's lock ---- */

void poison_scratch(PNET_BUFFER_LIST nbl);
void poison_after_completion(struct nbl_record *r);
void poison_after_return(struct nbl_record *r);
/* Takes the marks off. FALSE: somebody wrote there. */
bool poison_end(struct nbl_record *r, const char **field);

/* ---- queue.c: VM queues as a miniport has been told of them ---- */

void queues_asked(struct tracked_layer *miniport, PNDIS_OID_REQUEST r);
void queues_ended(struct tracked_layer *miniport, PNDIS_OID_REQUEST r, NDIS_STATUS status);
/* A FREE_QUEUE: the queue that it names and how many filters are set there. */
unsigned queue_freed_with_filters(struct tracked_layer *miniport, PNDIS_OID_REQUEST r, ULONG *queue);
/* Whether that queue may only be indicated alone (F4). */
bool queue_is_alone(struct tracked_layer *miniport, ULONG queue);
/* A queue's frame is indicated: C14, C31, F7. */
void queue_check(const struct edge_call *call, PNET_BUFFER_LIST nbl);
void queues_free(struct tracked_queues *queues);

/* ---- flags.c: what an indication promises of its frames (F15) ---- */

/* A miniport is asked to set its packet filter or multicast list, and has been. */
void wishes_asked(struct tracked_layer *miniport, PNDIS_OID_REQUEST r);
void wishes_ended(struct tracked_layer *miniport, PNDIS_OID_REQUEST r, NDIS_STATUS status);
void wishes_free(struct tracked_wishes *wishes);
void flags_check(const struct edge_call *call, PNET_BUFFER_LIST list, ULONG flags);

/* ---- the watch, by subject ---- */

MINIPORT_SEND_NET_BUFFER_LISTS verifier_send, verifier_send_checked;
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE verifier_send_complete;
MINIPORT_CANCEL_SEND verifier_cancel_send;
PROTOCOL_RECEIVE_NET_BUFFER_LISTS verifier_indicate;
MINIPORT_RETURN_NET_BUFFER_LISTS verifier_give_back;
void verifier_hand_over(struct ndis_layer *binding, PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port,
			ULONG flags);
void verifier_unclaimed(struct ndis_layer *layer, PNET_BUFFER_LIST list, ULONG flags);
void verifier_copy_made(struct ndis_layer *binding, PNET_BUFFER_LIST copy);
void verifier_copy_back(PNET_BUFFER_LIST copy);

void oid_turn(struct ndis_adapter *adapter, struct ndis_layer *issuer, PNDIS_OID_REQUEST request);
void oid_asked(struct ndis_layer *layer, struct ndis_layer *issuer, PNDIS_OID_REQUEST request);
NDIS_STATUS oid_returned(struct ndis_layer *layer, PNDIS_OID_REQUEST request, NDIS_STATUS status);
BOOLEAN oid_completed(struct ndis_layer *layer, PNDIS_OID_REQUEST request, NDIS_STATUS status);
void oids_check_time(uint64_t ns);
void oids_left(struct ndis_layer *layer);
void oids_pending_at_close(struct ndis_layer *binding);
void oids_free(void);

void irql_called(const char *function, NDIS_HANDLE handle, const void *caller);

void left_pool_created(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag);
void left_pool_freed(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag, unsigned outstanding);
void left_nbl_freed(PNET_BUFFER_LIST nbl, NDIS_HANDLE pool);
void left_by(struct ndis_layer *layer);
void left_at_close(struct ndis_layer *binding);
void left_free(void);

/* Like clock_ns(), but for the time in which the machine stood still (base/standstill.h). When
 * that is noticed it goes back: ages are taken with age_at(). Any thread, any IRQL. */
uint64_t verifier_ns(void);

static inline uint64_t age_at(uint64_t now, uint64_t since)
{
	return now > since ? now - since : 0;
}

int timed_start(unsigned hurry);
void timed_stop(void);
/* Forgets a layer of which nothing is left in any list; until this returns a look at the clock
 * may still name it. */
void timed_forget(struct ndis_layer *layer);

#endif
