/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vhost-user port: what its files share.
 *
 *   vmport_vhost.c         the worker's side, by librte_vhost; open and close
 *   vmport_vhost_direct.c  the worker's side, by ourselves (vmport_vhost_ring.h)
 *   vmport_vhost_sleep.c   before the worker sleeps, and after
 *   vmport_vhost_offload.c what a guest left for others to do, checked
 *   vmport_vhost_events.c  librte_vhost's side: guests that come and go
 *   vmport_vhost_messages.c  messages that change a guest's rings, in the direct mode
 *   vmport_socket.c        the socket file, looked at before it is opened
 *
 * The two sides meet in 'guest', 'rings', 'changes', 'announce' and 'turn' only. Events
 * publish the guest in one word; the worker makes 'turn' odd while it is inside
 * librte_vhost. librte_vhost frees a device after destroy_device() returns, so
 * that callback takes the guest away and then waits until 'turn' has changed,
 * if it was odd: the worker has then left, and cannot find this guest again.
 * Per burst that costs the worker a store and a load, and no lock: the fence between is his who
 * waits (asymmetric_fence.h).
 *
 * In the direct mode it is 'rings' that is published and taken away, and 'turn' is odd while
 * the worker is at them. librte_vhost changes rings and memory when a message says so, under
 * the locks of the rings that it asks its own callers to take. We take none: before each
 * such message the rings are taken away from the worker, and after it they are given back
 * as they are then. So the worker calls nothing of librte_vhost that waits for such a lock.
 */
#ifndef VMPORT_VMPORT_VHOST_H
#define VMPORT_VMPORT_VHOST_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/asymmetric_fence.h"
#include "vmport/vmport_kind.h"

#define VHOST_CONNECTIONS 8     /* to one port at a time; a migration needs two */
#define VHOST_RINGS       256   /* librte_vhost has no more */
#define VHOST_RING_TO_VM  0     /* the ring that frames are delivered to */
#define VHOST_ALARM_MIN_US 1000u
#define VHOST_ANNOUNCE    (1ull << 63)

/* The ring on which queue pair 'pair' of the guest sends. */
#define VHOST_RING_FROM_VM(pair) ((uint16_t)(2 * (pair) + 1))

struct vhost_connection {
	int vid;                 /* -1: free */
	uint64_t started;        /* 0: not running; else the larger, the later */
	unsigned offloads;       /* what the guest takes and may send: see struct vhost_port */
	bool enabled[VHOST_RINGS];
	bool held;               /* a message is being obeyed that may change its rings */
	bool memory;             /* its last table of memory was found good */
	bool told;               /* of its rings that something makes no sense */
};

struct vhost_port {
	struct vmport port;
	char *path;
	struct vhost_port *next;       /* registry; under its lock */
	int event_fd;                  /* tells the worker: look at 'changes' */
	int timer_fd;                  /* the worker's alarm where a guest gives no signal */
	bool direct;                   /* we serve rings by ourselves */
	bool offload;                  /* offloads are offered */
	uint16_t segments;             /* mbufs that the largest frame may need */

	/* Events write, the worker reads. */
	_Alignas(RTE_CACHE_LINE_SIZE)
	_Atomic uint64_t guest;        /* see vhost_guest(); 0: none. Any thread reads */
	struct vhost_direct *_Atomic rings;   /* of the guest; NULL: none, or not now */
	_Atomic uint64_t announce;     /* a MAC address to be told in the guest's name, after a
					* migration, and VHOST_ANNOUNCE; 0: none. The worker
					* takes it */
	atomic_uint changes;           /* of 'guest' or its rings */
	atomic_uint offloads;          /* enum vmport_offload, of frames to the guest; of those
					* from it the same, VHOST_OFFLOADS_SENT times */
	atomic_bool silent;            /* a ring in use has no descriptor to wait for */

	/* The worker writes. */
	_Alignas(RTE_CACHE_LINE_SIZE)
	atomic_uint turn;              /* odd while inside librte_vhost; events read */
	unsigned changes_quieted;      /* 'changes' when kicks were last turned off */
	unsigned changes_armed;        /* 'changes' when last told by vmport_arm() */
	uint16_t next_pair;
	bool armed;
	bool starved;                  /* the last deliver took less than it was given */
	bool spoiled;                  /* since a frame went there were chains that made no sense;
					* direct mode */
	unsigned alarm_us;             /* grows while alarms find nothing */
	counter_t faults;              /* of guests, in the direct mode */

	/* Events only, under the lock; the worker never takes it. */
	_Alignas(RTE_CACHE_LINE_SIZE)
	pthread_mutex_t lock;
	uint64_t starts;
	struct vhost_connection connections[VHOST_CONNECTIONS];
	int kicks[VHOST_RINGS];        /* our copies of the guest's descriptors; -1: none */
};

/* A published guest: its vid + 1, and how many queue pairs may have frames. */
static inline uint64_t vhost_guest(int vid, unsigned pairs)
{
	return (uint64_t)(vid + 1) << 32 | pairs;
}

static inline int vhost_guest_vid(uint64_t guest)
{
	return (int)(guest >> 32) - 1;
}

static inline unsigned vhost_guest_pairs(uint64_t guest)
{
	return (unsigned)guest;
}

/* ---- the worker ---- */

static inline void vhost_turn_next(struct vhost_port *p, memory_order order)
{
	unsigned turn = atomic_load_explicit(&p->turn, memory_order_relaxed);

	atomic_store_explicit(&p->turn, turn + 1, order);
}

static inline void vhost_leave(struct vhost_port *p)
{
	vhost_turn_next(p, memory_order_release);
}

/* The guest, if there is one; then vhost_leave() must follow. 0: none. */
static inline uint64_t vhost_enter(struct vhost_port *p)
{
	uint64_t guest;

	if (!atomic_load_explicit(&p->guest, memory_order_relaxed))
		return 0;
	/* The store must be seen before the guest is read: see vhost_worker_await(). */
	vhost_turn_next(p, memory_order_relaxed);
	asymmetric_fence_light();
	guest = atomic_load(&p->guest);
	if (!guest)
		vhost_leave(p);
	return guest;
}

/* vmport_vhost_direct.c; of the worker's functions in the direct mode those that differ. */
uint16_t vhost_direct_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
uint16_t vhost_direct_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
uint16_t vhost_direct_look(struct vmport *from, struct vmport *to, struct vmport_head *heads,
			   uint16_t n, bool *full);
uint16_t vhost_direct_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
			   uint16_t n);
/* Asks for kicks; whether there is something to do already. */
bool vhost_direct_arm(struct vhost_port *p);
void vhost_direct_disarm(struct vhost_port *p);

/* vmport_vhost_sleep.c */
bool vhost_arm(struct vmport *port, bool sleep);
/* Whether kicks are wanted on the rings the guest sends on; if not, then for room neither. */
void vhost_kicks_set(uint64_t guest, bool wanted);

/* vmport_vhost_offload.c */
#define VHOST_OFFLOADS_SENT 16u
/* Whether guests are offered offloads: if wanted, and nothing is against it. Control. */
void vhost_offload_init(struct vhost_port *p, bool wanted);
/* Those of the features that stand for offloads which no guest is offered. */
uint64_t vhost_offload_not_offered(const struct vhost_port *p);
/* How many frames, up to 'n', the pool surely has mbufs for, and for cutting them, were all
 * the largest: one that librte_vhost has begun and finds no mbuf for is lost. Worker. */
uint16_t vhost_offload_room(const struct vhost_port *p, uint16_t n);
/* 'offloads' of a guest that negotiated these features. */
unsigned vhost_offloads_of(uint64_t features);
/* A frame of more than one mbuf, or of which librte_vhost says that it is unfinished: makes
 * it what vmport.h says of such frames. False: it makes no sense, or is more than was
 * negotiated. Worker. */
bool vhost_offload_check(const struct vhost_port *p, struct rte_mbuf *m);

/* Keeps the frames that may pass, in order, and returns how many. 'unfinished': offloads
 * are offered, so that some may be. Worker. */
static inline uint16_t vhost_frames_check(struct vmport *port, struct rte_mbuf **pkts, uint16_t n,
					  bool unfinished)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (unfinished && (m->ol_flags || m->nb_segs > 1)
			    ? vhost_offload_check((const struct vhost_port *)port, m)
			    : likely(m->nb_segs == 1 && vmport_length_ok(port, m->pkt_len))) {
			pkts[kept++] = m;
			continue;
		}
		rte_pktmbuf_free(m);
		counter_add(&port->bad, 1);
	}
	return kept;
}

/* The port's descriptor, and what signals on it beside the guest's kicks.
 * 0 or a negative errno. Control thread. */
int vhost_descriptors_open(struct vhost_port *p);
void vhost_descriptors_close(struct vhost_port *p);

/* Makes the callbacks find the port by its path; -EADDRINUSE when another port
 * of this process has the path. Control thread. */
int vhost_events_register(struct vhost_port *p);

/* After rte_vhost_driver_unregister(). Control thread. */
void vhost_events_unregister(struct vhost_port *p);

/* Waits until the worker, if it is at a guest, has left: it then finds what is published
 * now. The thread of an event. */
void vhost_worker_await(struct vhost_port *p);

/* vmport_vhost_events.c, for vmport_vhost_messages.c. The port that a vid belongs to, or NULL. */
struct vhost_port *vhost_port_of(int vid);
/* Under the port's lock: the connection with that vid; the one that started last. Or NULL. */
struct vhost_connection *vhost_connection_of(struct vhost_port *p, int vid);
struct vhost_connection *vhost_connection_latest(struct vhost_port *p);
/* Tells the worker what is true now, whatever it was told before. Under the port's lock. */
void vhost_guest_publish(struct vhost_port *p);

struct rte_vhost_user_extern_ops;
extern const struct rte_vhost_user_extern_ops vhost_messages;

struct rte_vhost_device_ops;
extern const struct rte_vhost_device_ops vhost_events;

#endif
