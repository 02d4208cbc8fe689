/* SPDX-License-Identifier: BSD-2-Clause */
/* What the handles of this NDIS point at; for this room alone. */
#ifndef NDIS_OBJECT_H
#define NDIS_OBJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <ndis.h>
#include <ovmq.h>

#include "base/counter.h"
#include "kernel/kernel.h"
#include "ndis/host.h"

#define NDIS_MAX_BINDINGS 16   /* protocols on one adapter */
#define NDIS_MAX_DRIVERS  32

/* Adapter states (I11). X(name) */
#define NDIS_ADAPTER_STATES(X) \
	X(HALTED) X(INITIALIZING) X(PAUSED) X(RESTARTING) X(RUNNING) X(PAUSING)

enum ndis_adapter_state {
#define X(name) NDIS_ADAPTER_##name,
	NDIS_ADAPTER_STATES(X)
#undef X
};

/* Binding states (I12). X(name) */
#define NDIS_BINDING_STATES(X) \
	X(UNBOUND) X(OPENING) X(PAUSED) X(RESTARTING) X(RUNNING) X(PAUSING) X(CLOSING)

enum ndis_binding_state {
#define X(name) NDIS_BINDING_##name,
	NDIS_BINDING_STATES(X)
#undef X
};

/* The handle of NdisMRegisterMiniportDriver. */
struct ndis_miniport_driver {
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS handlers;   /* copied at registration (I1) */
	NDIS_HANDLE context;                             /* MiniportDriverContext */
	struct ndis_image *image;
};

/* The handle of NdisRegisterProtocolDriver. */
struct ndis_protocol_driver {
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS handlers;
	NDIS_HANDLE context;                             /* ProtocolDriverContext */
	bool gone;                                       /* deregistered */
};

struct ndis_image {
	DRIVER_OBJECT object;                 /* first: the driver sees this */
	struct ndis_miniport_driver *miniport;
	char name[64];
};

struct ndis_adapter;

/* One protocol bound to one adapter: the handle of NdisOpenAdapterEx. */
struct ndis_binding {
	struct ndis_adapter *adapter;
	struct ndis_protocol_driver *protocol;
	NDIS_HANDLE context;                  /* ProtocolBindingContext */
	atomic_int state;                     /* enum ndis_binding_state; control writes */
	atomic_uint packet_filter;            /* what it asked for by OID_GEN_CURRENT_PACKET_FILTER */
	atomic_bool opened;                   /* between NdisOpenAdapterEx and NdisCloseAdapterEx */
};

/* The running bindings, as the data path sees them: replaced whole. */
struct ndis_bindings {
	unsigned n;
	bool alone;                           /* the one that runs is the only one there is */
	struct ndis_binding *list[NDIS_MAX_BINDINGS];
};

/*
 * What the adapter's traffic passes, edge by edge. The default goes straight
 * from protocol to miniport; whoever wants to stand between (filters, the
 * verifier) swaps the table, so that its absence costs nothing.
 */
struct ndis_edges {
	void (*send)(struct ndis_binding *, PNET_BUFFER_LIST, NDIS_PORT_NUMBER, ULONG flags);
	void (*send_complete)(struct ndis_adapter *, PNET_BUFFER_LIST, ULONG flags);
	void (*indicate)(struct ndis_adapter *, PNET_BUFFER_LIST, NDIS_PORT_NUMBER, ULONG count,
			 ULONG flags);
	void (*give_back)(struct ndis_binding *, PNET_BUFFER_LIST, ULONG flags);
};

extern const struct ndis_edges ndis_direct_edges;
void ndis_direct_indicate(struct ndis_adapter *, PNET_BUFFER_LIST, NDIS_PORT_NUMBER, ULONG count,
			  ULONG flags);
void ndis_direct_give_back(struct ndis_binding *, PNET_BUFFER_LIST, ULONG flags);

struct ndis_receive_filters;
struct ndis_shared_block;

/* What NdisMSetMiniportAttributes gave. */
struct ndis_attributes {
	bool registration, general, hardware_assist;
	NDIS_MEDIUM medium;
	UCHAR mac[6];
	ULONG mtu, lookahead, mac_options, packet_filters, max_multicast;
	ULONG64 xmit_speed, rcv_speed;
	NET_IF_MEDIA_CONNECT_STATE link;
	bool filtering;                           /* the two below are there */
	NDIS_RECEIVE_FILTER_CAPABILITIES hardware, current;
};

/* OIDs of one adapter: one at a time (I25), the rest wait in order. */
struct ndis_oid_queue {
	pthread_mutex_t lock;
	bool busy;
	PNDIS_OID_REQUEST first, last;            /* linked by NdisReserved[1] */
};

/* The handle of a miniport adapter. */
struct ndis_adapter {
	_Atomic(const struct ndis_edges *) edges;         /* control publishes, workers read */
	_Atomic(struct ndis_bindings *) running;          /* control publishes, workers read */
	struct ndis_miniport_driver *driver;
	NDIS_HANDLE context;                              /* MiniportAdapterContext */
	atomic_int state;                                 /* enum ndis_adapter_state */
	char name[64];
	const struct ndis_keyword *keywords;              /* until an entry without a name */
	struct ndis_attributes attributes;
	pthread_rwlock_t bindings_lock;                   /* over the two below */
	struct ndis_binding *bindings[NDIS_MAX_BINDINGS]; /* all of them */
	unsigned n_bindings;
	struct ndis_oid_queue oids;
	struct ndis_receive_filters *filters;             /* NULL: no receive filtering */
	pthread_mutex_t memory_lock;
	struct ndis_shared_block *memory;                 /* shared blocks not yet freed */
	bool dma;                                         /* scatter-gather DMA registered (E2) */
	_Atomic uint64_t unclaimed;                       /* indicated while no binding ran */
	atomic_bool removed;                              /* NdisMRemoveMiniport was called */
	/* A pause or restart that the driver pended: its status, and the wait for it. */
	pthread_mutex_t wait_lock;
	pthread_cond_t wait_done;
	bool waiting;
	NDIS_STATUS wait_status;
};

/* ---- between the files of this room ---- */

/* Registered protocols that are not gone, in order; returns how many. */
unsigned ndis_protocols(struct ndis_protocol_driver *list[NDIS_MAX_DRIVERS]);

/* adapter.c: a protocol driver registers, or deregisters. */
void ndis_protocol_arrived(struct ndis_protocol_driver *protocol);
void ndis_protocol_leaves(struct ndis_protocol_driver *protocol);

/* binding.c, under the PnP lock: every protocol to one adapter, and off again. */
void ndis_bind_all(struct ndis_adapter *adapter);
void ndis_unbind_all(struct ndis_adapter *adapter);
void ndis_bindings_restart(struct ndis_adapter *adapter);
void ndis_bindings_pause(struct ndis_adapter *adapter);
/* One protocol to, or off, an adapter that is there already. */
void ndis_bind_late(struct ndis_adapter *adapter, struct ndis_protocol_driver *protocol);
void ndis_unbind(struct ndis_adapter *adapter, struct ndis_protocol_driver *protocol);

/* Around a call that may pend: expect before it (the completion may come before
 * its return), wait after it; the completion call wakes. One at a time (I19). */
void ndis_adapter_expect(struct ndis_adapter *adapter);
NDIS_STATUS ndis_adapter_wait(struct ndis_adapter *adapter, NDIS_STATUS first);
void ndis_adapter_wake(struct ndis_adapter *adapter, NDIS_STATUS status);

/* oid.c: a request of NDIS's own, in the binding's name, to its end. PASSIVE_LEVEL. */
NDIS_STATUS ndis_oid_wait(struct ndis_binding *binding, PNDIS_OID_REQUEST request);

/* Until the last request's turn is over: whoever was told that it ended may be
 * here before. PASSIVE_LEVEL. */
void ndis_oid_wait_idle(struct ndis_adapter *adapter);

/* reclaim.c: takes back what a closed binding left behind (G2). PnP lock. */
void ndis_reclaim(struct ndis_binding *binding);

/* shared_memory.c: a miniport halts; returns how many blocks it left behind. */
unsigned ndis_shared_memory_reap(struct ndis_adapter *adapter);

/* The NDIS version of the adapter's miniport, as 0x060014 for 6.20. */
static inline unsigned ndis_version(const struct ndis_adapter *a)
{
	return (unsigned)a->driver->handlers.MajorNdisVersion << 16 |
	       a->driver->handlers.MinorNdisVersion;
}

#define NDIS_VERSION(major, minor) ((unsigned)(major) << 16 | (minor))

#endif
