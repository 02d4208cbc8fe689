/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened, in one order for the whole process: whoever sees something happen
 * writes it here, and tests read it. */
#ifndef CONTRACT_TRACE_H
#define CONTRACT_TRACE_H

#include "ground.h"

#define TRACE_EVENTS 262144
#define TRACE_FRAMES 262144
#define TRACE_SENDS  65536

/* X(name): what an event is. */
#define TRACE_KINDS(X) \
	X(RECEIVE) X(SEND_DONE) X(OID) X(OID_DONE) X(STATUS) X(PNP) X(MEMORY) X(MEMORY_FREED) \
	X(RETURN) X(SEND) X(STEP)

enum trace_kind {
#define X(name) TRACE_##name,
	TRACE_KINDS(X)
#undef X
	TRACE_KIND_COUNT
};

struct trace_event {
	enum trace_kind kind;
	unsigned who;              /* number of the protocol */
	ULONG processor;
	KIRQL irql;
	unsigned round;            /* of the processor, see ground_rounds() */
	ULONG flags;               /* of the call */
	unsigned first, n;         /* RECEIVE: its frames; SEND_DONE: its sends */
	ULONG count;               /* RECEIVE: NumberOfNetBufferLists */
	NDIS_STATUS status;        /* STATUS: the code; OID_DONE: the result */
	ULONG queue;               /* STATUS, MEMORY*: the queue */
	ULONG state;               /* STATUS: the queue's */
	NDIS_OID oid;
	LONG net_event;            /* PNP */
	NDIS_PORT_NUMBER port;
	char step[32];             /* STEP: "fake pauses", "f1 attaches" ... */
};

/* One NBL as it was indicated. */
struct trace_frame {
	PNET_BUFFER_LIST nbl;
	unsigned event, who;
	uint32_t index;            /* of the wire's frame; NO_INDEX: it has no room for one */
	USHORT queue, filter;      /* OOB */
	ULONG hash, hash_info;     /* likewise, as the slots hold them */
	int vlan, priority;        /* OOB; 0 when there is no tag */
	ULONG length;
	bool intact;               /* the wire's bytes, without their tag */
	unsigned nbs, mdls, segments;
	NDIS_HANDLE source, memory;
	ULONG nbl_flags;
	ULONG offset, room;        /* of the shared memory record */
	uintptr_t data;
};

/* One NBL as it was completed. */
struct trace_send {
	PNET_BUFFER_LIST nbl;
	NDIS_STATUS status;
	unsigned event;
};

struct trace {
	struct trace_event events[TRACE_EVENTS];
	struct trace_frame frames[TRACE_FRAMES];
	struct trace_send sends[TRACE_SENDS];
	atomic_uint n_events, n_frames, n_sends;
};

extern struct trace trace;

/* Forgets everything. Nothing may be running. */
void trace_clear(void);

/* For whoever writes: lock, new event with the caller's processor, IRQL and round
 * filled in, further records, unlock. */
struct trace_event *trace_begin(enum trace_kind kind);
struct trace_frame *trace_add_frame(struct trace_event *e);
struct trace_send *trace_add_send(struct trace_event *e);
void trace_end(void);

/* One step of a driver's life. */
void trace_step(const char *who, const char *what);

/* ---- for tests ---- */

/* The steps from number 'from' on, each "who what", joined by ", ". Good until the next call. */
const char *trace_steps(unsigned from);

/* How many events of that kind there are, from number 'from' on. */
unsigned trace_count(enum trace_kind kind, unsigned from);
/* The number of the first such event from 'from' on; TRACE_EVENTS: none. */
unsigned trace_find(enum trace_kind kind, unsigned from);

/* The first event of that kind about 'queue' (STATUS, MEMORY*) from 'from' on. */
unsigned trace_about(enum trace_kind kind, ULONG queue, unsigned from);
/* The first end of a request of that OID from 'from' on. */
unsigned trace_oid_done(NDIS_OID oid, unsigned from);
/* How many NDIS_STATUS_RECEIVE_QUEUE_STATE were indicated from 'from' on. */
unsigned trace_queue_states(unsigned from);

/* How many frames of queue 'queue' were indicated, among those from 'from' on. */
unsigned trace_frames_of(unsigned queue, unsigned from);
/* The queue that frame 'index' of the wire was indicated on; -1: on none; it fails
 * the test when it was indicated twice to protocol 0 (D6). */
int trace_queue_of(uint32_t index);
const struct trace_frame *trace_frame_of(uint32_t index);

#endif
