/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the switch; for this room alone. */
#ifndef VSWITCH_SWITCH_H
#define VSWITCH_SWITCH_H

#include <stdatomic.h>

#include "base/counter.h"
#include "base/spsc.h"
#include "frame/frame.h"
#include "vmport/vmport.h"
#include "vswitch/vswitch.h"

#define BURST          32
#define INBOX_SIZE     2048   /* a broadcast or VM to VM burst; beyond, PORT_FULL */
#define MAX_PROCESSORS 64
#define MAX_FILTER_IDS VSWITCH_MAX_MACS

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
	uint8_t macs[VSWITCH_MAX_MACS][6];
	unsigned n_macs;
	uint16_t vlan;
	bool spoofing, internal;
	unsigned processor;              /* whose the port is */
	struct vmport *vm;
	struct frame_pool *pool;         /* what the VM sends */
	NDIS_HANDLE poll;

	/* Control's. */
	NDIS_RECEIVE_FILTER_ID filters[MAX_FILTER_IDS];
	unsigned n_filters;
	char why[160];                   /* why it has no queue of its own */
	atomic_uint queue;               /* control writes, workers read; 0: the default queue */

	/* The owning processor's. */
	struct vs_chain held;            /* of its own queue, not yet taken by the VM */
	struct rte_mbuf *waiting[BURST]; /* off an inbox, not yet taken by the VM */
	unsigned n_waiting;
	counter_t delivered, delivered_bytes, from_vm, from_vm_bytes, inbox_taken;
	counter_t held_in, held_out;     /* NBLs ever held, ever let go */
	struct port_drops drops;

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
};

struct vs_switch {
	struct vs_port *ports;
	unsigned n_ports, n_processors;
	uint16_t mtu;
	struct rte_hash *table;          /* (MAC, VLAN) to port; built once, then read only */
	struct frame_pool *copies;       /* frames that the switch itself makes */
	struct vs_processor processors[MAX_PROCESSORS + 1];   /* the last: threads at PASSIVE_LEVEL */

	PVOID cancel_id;                 /* of every send; written before the first */
	NDIS_HANDLE driver;              /* of NdisRegisterProtocolDriver */
	_Atomic(NDIS_HANDLE) binding;    /* control writes, workers read */
	_Atomic(struct vs_port *) *by_queue;   /* by queue id, 0 .. max_queue */
	unsigned max_queue;
	_Atomic uint64_t default_frames, default_bytes;   /* as own_frames, of the default queue */
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;
	bool filtering;
	bool tags;                       /* the miniport inserts VLAN tags from the OOB */
	atomic_bool flowing;             /* VMs' frames are taken; control writes */
	atomic_bool paused;              /* the binding is; control writes */
	atomic_bool link_up;
	bool queues_made;                /* control's */
};

extern struct vs_switch vs_switch;

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

static inline bool vs_port_has_mac(const struct vs_port *port, const uint8_t *mac)
{
	for (unsigned i = 0; i < port->n_macs; i++)
		if (!memcmp(port->macs[i], mac, 6))
			return true;
	return false;
}

/* forward.c: which port has (MAC, VLAN); NULL: none of this host. Any worker. */
int vs_table_create(void);
struct vs_port *vs_lookup(const uint8_t *mac, uint16_t vlan);
/* Copies the frame at 'bytes' to every port of the VLAN but 'from' (NULL: it came
 * from the wire); returns how many got one. */
unsigned vs_flood(const uint8_t *bytes, uint16_t length, uint16_t vlan, const struct vs_port *from);

/* port.c: gives a frame that the switch owns to a port, from any thread at any IRQL up to
 * DISPATCH_LEVEL. It is delivered, or counted as dropped. */
void vs_port_give(struct vs_port *port, struct rte_mbuf *m);
/* The owner's round over its port: what waits to the VM, what the VM sent. */
OVMQ_POLL vs_port_poll;
OVMQ_ARM vs_port_arm;
/* Hands the VM what of 'held' it takes. Owner. */
unsigned vs_port_deliver_held(struct vs_port *port);
/* An own copy of a frame; NULL (and counted) when there is no buffer. */
struct rte_mbuf *vs_copy(const uint8_t *bytes, uint16_t length);

/* transmit.c: a burst that the VM sent. Owner. */
void vs_from_vm(struct vs_port *port, struct rte_mbuf **pkts, unsigned n);
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE ProtocolSendNetBufferListsComplete;

/* receive.c */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS ProtocolReceiveNetBufferLists;

/* queues.c, at PASSIVE_LEVEL: every port its queue, and all of them freed. */
void vs_queues_create(void);
void vs_queues_free(void);

/* report.c: nothing held, nothing on a ring, no send outstanding. */
bool vswitch_is_empty(void);

/* oid.c: a request, to its end. PASSIVE_LEVEL. */
NDIS_STATUS vs_oid_set(NDIS_OID oid, PVOID buffer, ULONG length);
NDIS_STATUS vs_oid_method(NDIS_OID oid, PVOID buffer, ULONG length);
PROTOCOL_OID_REQUEST_COMPLETE ProtocolOidRequestComplete;

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
