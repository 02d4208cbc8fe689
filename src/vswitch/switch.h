/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the switch; for this room alone. */
#ifndef VSWITCH_SWITCH_H
#define VSWITCH_SWITCH_H

#include <stdatomic.h>

#include "base/counter.h"
#include "base/ethernet.h"
#include "base/spsc.h"
#include "frame/frame.h"
#include "vmport/vmport.h"
#include "vswitch/mac_set.h"
#include "vswitch/offload.h"
#include "vswitch/send.h"
#include "vswitch/send_share.h"
#include "vswitch/send_turns.h"
#include "vswitch/vswitch.h"

#define BURST          32
#define INBOX_SIZE     2048   /* a broadcast or VM to VM burst; beyond, PORT_FULL */
#define MAX_PROCESSORS 64

/* In the place of a processor: the port moves, and its poll runs nowhere. What is its
 * owner's belongs to whom its queue's frames come on, and to nobody else. */
#define VS_MOVING VSWITCH_MOVING

/* Why a port has no queue of its own. X(name, the number after the text, text) */
#define VS_REASONS(X)                                                                    \
	X(NONE,        NO,     "")                                                       \
	X(HOSTS_OWN,   NO,     "the host's own port uses the default queue")             \
	X(NO_ADAPTER,  NO,     "the switch is bound to no adapter")                      \
	X(NO_QUEUES,   NO,     "the adapter has no VM queues")                           \
	X(NONE_LEFT,   COUNT,  "no queue left: the adapter has")                         \
	X(NO_ALLOCATE, STATUS, "no queue: ALLOCATE_QUEUE was refused with status")       \
	X(NO_FILTER,   STATUS, "no queue: SET_FILTER was refused with status")           \
	X(NO_COMPLETE, STATUS, "no queue: its allocation ended with status")             \
	X(RELEASED,    NO,     "its queue was released; assign gives it one again")

enum vs_reason {
#define X(name, number, text) VS_REASON_##name,
	VS_REASONS(X)
#undef X
	VS_REASON_COUNT
};

/* From one processor to one port, or, the last, from threads of no processor, which take
 * turns: frames that the switch owns. */
struct vs_inbox {
	struct spsc *ring;
	counter_t full;                  /* dropped here; the producer writes */
	counter_t put;                   /* on the ring; the producer writes */
};

/* NBLs in order. */
struct vs_chain {
	NET_BUFFER_LIST *first, *last;
	unsigned n;
};

struct vs_port {
	/* Fixed while the switch is open. */
	unsigned index;
	char *name;
	uint8_t (*macs)[6];
	unsigned n_macs;
	struct mac_set mac_set;          /* the same */
	uint16_t vlan;
	bool spoofing, internal;
	struct vmport *vm;
	bool lends;                      /* the VM has memory that frames may lie in (E19) */
	bool offload;                    /* the VM may send and take unfinished frames */
	struct frame_pool *pool;         /* what the VM sends */

	/* Control's, or the change's that is under way. */
	NDIS_HANDLE poll;
	NDIS_RECEIVE_FILTER_ID *filters; /* room for one of each address */
	unsigned n_filters;
	atomic_uint lookahead;           /* its queue's; 0: frames come whole (E21) */
	_Atomic uint64_t reason;         /* vs_reason_set(); who reports reads it at any time */
	atomic_uint queue;               /* control writes, workers read; 0: the default queue */
	atomic_uint processor;           /* whose the port is, or VS_MOVING; control writes */
	atomic_bool per_queue;           /* its frames come in calls of their own (C49) */
	atomic_bool dma_stopped;         /* nothing more is written to its queue's memory (G17) */
	atomic_uint leaving;             /* its queue that is being freed; 0: none */
	atomic_bool letting_go;          /* and nothing of it may be held any more (G10) */
	atomic_uint provided;            /* the queue whose memory is asked for in its name */

	/* After a move, its own or a sender's: what the lane before it had goes before all that is
	 * held or comes (F13). */
	atomic_bool catching_up;         /* control sets, the owner clears */
	atomic_uint recalled;            /* a lane to be brought ahead, plus one; 0: none. The same */
	struct spsc *ahead;              /* what goes first. The owner's; a move's while there is none.
					  * NULL: there is one processor */

	/* The owning processor's. */
	struct vs_chain held;            /* of its own queue, not yet taken by the VM */
	atomic_uint vm_offloads;         /* vmport_offloads() as last seen; any worker reads */
	bool lost_offloads;              /* a guest with more has gone: look at what waits */
	atomic_bool mail;                /* something may be in an inbox; who puts it there raises it */
	struct vs_port *passes_to;       /* all that the VM sent last went there, and may go at once */
	unsigned full_looks;             /* in a row that found no room there */
	struct rte_mbuf *waiting[BURST]; /* off an inbox, not yet taken by the VM */
	unsigned n_waiting;
	counter_t delivered, delivered_bytes, from_vm, from_vm_bytes, inbox_taken;
	counter_t held_in, held_out;     /* NBLs ever held, ever let go */
	counter_t lent_out, lent_back;   /* NBLs ever lent to the VM, ever returned then */
	struct port_drops drops;
	struct vs_send send;

	struct vs_inbox *inboxes;        /* one for each processor, and one more */
	NDIS_SPIN_LOCK outside;          /* whose turn it is with that */

	/* Frames of its own queue that came in a buffer of another's miniport, which may
	 * indicate on any processor. */
	_Atomic uint64_t own_frames, own_bytes;
};

/* What one processor counts that no port owns. */
struct vs_processor {
	_Alignas(64) counter_t from_wire, copies, to_wire, sent, completed;
	struct port_drops drops;

	struct send_turns turns;         /* of its VMs */
	atomic_bool waits;               /* a VM of it waits for the next round of shares */
	/* When the first VM that is held back may send again; 0: none is. And what wakes the
	 * processor then, where any VM has a rate or a weight. */
	uint64_t wake_at;
	NDIS_HANDLE clock_poll;          /* control's */
	int clock;
	bool clock_runs;
};

struct vs_switch {
	struct vs_port *ports;
	unsigned n_ports, n_processors;
	const struct placement *placement;
	uint16_t mtu;
	struct rte_hash *table;          /* (MAC, VLAN) to port; built once, then read only */
	struct frame_pool *copies;       /* frames that the switch itself makes */
	struct vs_processor processors[MAX_PROCESSORS + 1];   /* the last: threads at PASSIVE_LEVEL */

	NDIS_SPIN_LOCK share_lock;
	struct send_share share;         /* under it: who contends for the wire */
	_Atomic uint64_t round;          /* its round; written under it */
	_Atomic uint64_t pressed;        /* the last in which the adapter did not keep up */
	atomic_uint heaviest;            /* of who contends, its weight; 0: nobody */
	atomic_uint greatest;            /* weight of all VMs; control writes this and */
	atomic_bool weighed;             /* that some VM has one */

	PVOID cancel_id;                 /* of every send; written before the first */
	NDIS_HANDLE driver;              /* of NdisRegisterProtocolDriver */
	_Atomic(NDIS_HANDLE) binding;    /* control writes, workers read */
	_Atomic(struct vs_port *) *by_queue;   /* by queue id, 0 .. max_queue */
	unsigned max_queue;
	_Atomic uint64_t default_frames, default_bytes;   /* as own_frames, of the default queue */
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;
	unsigned ndis_version;           /* minor: 20 or 30 */
	ULONG lookahead;                 /* bytes of a frame that host memory is asked for; 0: no split */
	bool filtering;
	NDIS_RECEIVE_SCALE_CAPABILITIES scaling;   /* of RSS; no flags: the adapter has none */
	bool scaled;                     /* and the switch has it on; control's */
	bool wire_can;                   /* the adapter has offloads to be turned on */
	struct vs_wire_offloads wire;
	bool tags;                       /* the miniport inserts VLAN tags from the OOB */
	atomic_bool flowing;             /* VMs' frames are taken; control writes */
	atomic_bool resetting;           /* but not while the adapter is reset; NDIS's status writes */
	atomic_bool paused;              /* the binding is; control writes */
	atomic_bool link_up;
	bool queues_made;                /* control's */
	bool started, listening;         /* control's: frames are wanted; the adapter was told so */
	struct vs_job *job;              /* control's: the change under way; NULL: none */
};

extern struct vs_switch vs_switch;

/* Whether VMs' frames are taken now. What is not taken stays in the VM. */
static inline bool vs_takes_sends(void)
{
	return atomic_load_explicit(&vs_switch.flowing, memory_order_acquire) &&
	       !atomic_load_explicit(&vs_switch.resetting, memory_order_acquire);
}

/* The counts of the processor that this thread runs as. */
static inline struct vs_processor *vs_here(void)
{
	ULONG p = OvmqCurrentProcessor();

	return &vs_switch.processors[p < MAX_PROCESSORS ? p : MAX_PROCESSORS];
}

static inline void vs_drop(enum port_drop why, uint64_t n)
{
	counter_add(&vs_here()->drops.by[why], n);
}

/* forward.c: which port has (MAC, VLAN); NULL: none of this host. Any worker. */
int vs_table_create(void);
struct vs_port *vs_lookup_key(uint64_t key);

static inline uint64_t vs_key(const uint8_t *mac, uint16_t vlan)
{
	return ethernet_address(mac) | (uint64_t)vlan << 48;
}

static inline struct vs_port *vs_lookup(const uint8_t *mac, uint16_t vlan)
{
	return vs_lookup_key(vs_key(mac, vlan));
}

/* The answer to the question before: frames of one burst mostly go one way. */
struct vs_seen {
	uint64_t key;                    /* VS_NO_KEY: none yet */
	struct vs_port *to;
};
#define VS_NO_KEY UINT64_MAX             /* no VLAN has the number 65535 */

static inline struct vs_port *vs_lookup_again(const uint8_t *mac, uint16_t vlan,
					      struct vs_seen *seen)
{
	uint64_t key = vs_key(mac, vlan);

	if (key != seen->key) {
		seen->to = vs_lookup_key(key);
		seen->key = key;
	}
	return seen->to;
}
/* Gives every port of the VLAN but 'from' (NULL: it came from the wire) the frame at
 * 'bytes', in one copy that they share; returns how many there are. */
unsigned vs_flood(const uint8_t *bytes, uint16_t length, uint16_t vlan, const struct vs_port *from);

/* inbox.c: gives frames that the switch owns, or one reference to each, to a port, from any
 * thread at any IRQL up to DISPATCH_LEVEL. They are only read from then on, and delivered, or
 * counted as dropped. */
void vs_port_give(struct vs_port *port, struct rte_mbuf **pkts, unsigned n);
/* -ENOMEM, and then to be destroyed too. */
int vs_inboxes_create(struct vs_port *port);
void vs_inboxes_destroy(struct vs_port *port);
/* Hands the VM what it takes; while catching up, what goes ahead alone. Owner. */
unsigned vs_inboxes_deliver(struct vs_port *port);
unsigned vs_inboxes_catch_up(struct vs_port *port);
/* The switch pauses: what waits for a VM that does not take it is let go. Owner. */
void vs_inboxes_empty(struct vs_port *port);
bool vs_inboxes_are_empty(const struct vs_port *port);
/* What the lane has goes ahead of all else. Owner, or a move while there is none. */
void vs_inboxes_bring_ahead(struct vs_port *port, unsigned lane);
/* The same on all ports that 'sender', which has left that processor and sends nothing, may have
 * sent to; returns when their owners have done it. PASSIVE_LEVEL. */
void vs_inboxes_recall(const struct vs_port *sender, unsigned lane);

/* port.c. The owner's round over its port: what waits to the VM, what the VM sent. */
OVMQ_POLL vs_port_poll;
OVMQ_ARM vs_port_arm;
/* Hands the VM what of 'held' it takes. Owner. */
unsigned vs_port_deliver_held(struct vs_port *port);
/* While nothing is held: hands the VM what it takes of up to BURST frames of its queue, the
 * chain's, each of which it may see, and holds the rest. Owner; of ports that do not lend. */
void vs_port_deliver_first(struct vs_port *port, struct vs_chain c, struct rte_mbuf **pkts);
/* Counts what the VM took. Owner. */
void vs_port_count_delivered(struct vs_port *port, struct rte_mbuf **pkts, unsigned n);
/* An own copy of a frame; NULL (and counted) when there is no buffer. */
struct rte_mbuf *vs_copy(const uint8_t *bytes, uint16_t length);

/* lend.c, for ports that lend. Owner. The first of what is held that go the same way, which
 * is '*lend': without a copy, where a frame lies in the VM's memory. Returns how many. */
unsigned vs_lend_run(const struct vs_port *port, struct rte_mbuf **pkts, bool *lend);
/* Returns the NBLs of the frames that the VM gave back, or of all that it has. */
unsigned vs_lent_return(struct vs_port *port, bool all);

/* provider.c. At registration, and at its end. */
PROTOCOL_SET_OPTIONS ProtocolSetOptions;
void vs_provider_end(void);
/* That queue is the port's from now on: memory that is asked for it may be the VM's. Before
 * the filters are set. */
void vs_provider_queue(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue);

/* transmit.c: a burst that the VM sent; returns how many bytes it was. Owner. */
uint64_t vs_from_vm(struct vs_port *port, struct rte_mbuf **pkts, unsigned n);
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE ProtocolSendNetBufferListsComplete;

/* The reason why the VM may not send a frame with this header, or -1. An access port's VM
 * knows nothing of VLANs: a tag of its own would put it on another's. '*own': an address that is
 * known to be the VM's, most frames of one burst being from the same; VS_NO_KEY: none yet. */
static inline int vs_header_refusal(const struct vs_port *port, const uint8_t *frame,
				    uint64_t *own)
{
	uint64_t source = mac_key(frame + 6);

	if (ethernet_is_tagged(frame))
		return PORT_DROP_FOREIGN_VLAN;
	if (source != *own && !port->spoofing) {
		if (!mac_set_has(&port->mac_set, source))
			return PORT_DROP_SPOOFED_MAC;
		*own = source;
	}
	return -1;
}

/* pass.c, owner. Says that frames of the port went to 'to' alone; NULL: not to one VM alone. */
void vs_passes_to(struct vs_port *port, struct vs_port *to);
/* Passes up to 'most' (BURST) frames that the VM sends on to that one, and returns how many of
 * how many bytes. '*all': none is to be taken beside them now. */
unsigned vs_pass(struct vs_port *port, unsigned most, uint64_t *bytes, bool *all);

/* receive.c */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS ProtocolReceiveNetBufferLists;

/* driver.c: returns when every worker has seen what was written before. PASSIVE_LEVEL. */
void vs_wait_until_quiet(void);

/* switch.c: the port's poll on processor 'p'; and off it. PASSIVE_LEVEL. */
NDIS_STATUS vs_port_poll_start(struct vs_port *port, unsigned p);
/* Asks the adapter for frames, and the VMs for theirs. PASSIVE_LEVEL. */
NDIS_STATUS vs_listen(void);

/* Called when a request has taken 'ms' milliseconds; returns after how many more it is to
 * be called again, 0: never. */
struct vs_patience {
	unsigned ms;
	unsigned (*late)(void *context);
	void *context;
};

/* queues.c, at PASSIVE_LEVEL. 'patience' for each request; may be NULL. */
/* Every port its queue, and all of them freed. */
void vs_queues_create(void);
void vs_queues_free(void);
/* A queue for one port that has none; without one, its reason is set. */
void vs_queue_create(struct vs_port *port, const struct vs_patience *patience);
/* Clears the filters, then frees the queue; or leaves it with its filters, and says which
 * request failed, in 'what'. */
NDIS_STATUS vs_queue_free(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue,
			  const struct vs_patience *patience, const char **what);
/* Changes what 'flags' (..._CHANGED) says of the port's queue. */
NDIS_STATUS vs_queue_change(const struct vs_port *port, ULONG flags, unsigned processor,
			    bool per_queue, const struct vs_patience *patience);

/* Whether the adapter has VM queues to give. */
bool vs_has_queues(void);

/* rss.c. What the adapter showed at bind, NULL: nothing; then, at PASSIVE_LEVEL, on, where
 * there are no VM queues, and off. */
void vs_rss_bind(const NDIS_RECEIVE_SCALE_CAPABILITIES *capabilities);
void vs_rss_start(void);
void vs_rss_stop(void);

/* live.c: waits until no change is under way, and forgets the last one. Control. */
void vs_changes_end(void);

/* report.c. Why the port has no queue, with the number that belongs to it; and in words.
 * Returns whether the adapter refused, and so may say more. */
void vs_reason_set(struct vs_port *port, enum vs_reason reason, unsigned number);
bool vs_reason_text(const struct vs_port *port, char *text, size_t size);

/* Nothing held, nothing on a ring, no send outstanding. */
bool vswitch_is_empty(void);

/* oid.c: a request, to its end. PASSIVE_LEVEL. */
NDIS_STATUS vs_oid_set(NDIS_OID oid, PVOID buffer, ULONG length,
		       const struct vs_patience *patience);
NDIS_STATUS vs_oid_method(NDIS_OID oid, PVOID buffer, ULONG length,
			  const struct vs_patience *patience);
PROTOCOL_OID_REQUEST_COMPLETE ProtocolOidRequestComplete;

/* Whether a frame is to one of the sixteen group addresses that IEEE 802.1Q reserves for the two
 * ends of a link (spanning tree, PAUSE, LACP, 802.1X, LLDP): no bridge forwards those. */
static inline bool vs_is_link_local(const uint8_t *frame)
{
	static const uint8_t group[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return !memcmp(frame, group, sizeof(group)) && frame[5] < 0x10;
}

static inline void vs_chain_append(struct vs_chain *c, NET_BUFFER_LIST *nbl)
{
	NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
	if (c->last)
		NET_BUFFER_LIST_NEXT_NBL(c->last) = nbl;
	else
		c->first = nbl;
	c->last = nbl;
	c->n++;
}

#endif
