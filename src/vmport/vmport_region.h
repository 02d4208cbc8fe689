/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port that is a region of memory which the guest maps; for this kind's files.
 *
 *   vmport_region.c         opened and closed
 *   vmport_region_guest.c   a guest that comes and goes; who wakes whom
 *   vmport_region_rings.c   frames
 *   vmport_region_memory.c  what an adapter receives into
 *
 * The guest may write anywhere in the region at any moment. So nothing that decides
 * lies there: which buffers are out, where the rings stand and how long a frame is are
 * in the structure below; the region gets copies. What the guest has to say is read
 * once, into a local, and checked.
 */
#ifndef VMPORT_REGION_H
#define VMPORT_REGION_H

#include <stdatomic.h>
#include <sys/un.h>

#include <ovmq_region.h>

#include "vmport/vmport_kind.h"

#define REGION_SLOTS  2048   /* frames that the guest may have at a time: the receive ring */
#define REGION_COPIES 512    /* buffers for frames that are copied */
#define REGION_SENDS  256
#define REGION_BLOCKS 64     /* pieces that the memory area is ever taken in */

/* A frame that the guest has, or may have. */
struct region_slot {
	struct rte_mbuf *lent;          /* NULL: a copy, in 'buffer' */
	uint32_t id;                    /* what the guest must name: sequence and slot */
	uint16_t buffer;
	bool out;
};

struct region_block {
	uint32_t offset, bytes;
};

struct region_port {
	struct vmport port;
	/* Fixed while the port is open. */
	uint8_t *base;
	struct ovmq_region_header *header;   /* at 'base' */
	struct ovmq_region_header layout;    /* our own copy: areas and numbers of entries */
	uint32_t stride;                     /* bytes of a copy's buffer, and of a send's */
	int memory, listener, doorbell, interrupt;
	struct sockaddr_un address;

	/* Control's: pieces of the memory area, by offset. */
	struct region_block blocks[REGION_BLOCKS];
	unsigned n_blocks;

	/* The worker's. */
	_Alignas(RTE_CACHE_LINE_SIZE)
	int guest;                           /* the connection, -1: none */
	uint32_t receive_tail, return_head, send_head, generation;
	uint32_t rounds;                     /* since the last look for guests that come and go */
	bool changed;                        /* one came or went since the last arm */
	bool complained;                     /* about this guest */
	struct region_slot slots[REGION_SLOTS];
	uint16_t free_slots[REGION_SLOTS], free_copies[REGION_COPIES];
	unsigned n_free_slots, n_free_copies;
	struct rte_mbuf *back[REGION_SLOTS];   /* lent once, now to be handed out */
	unsigned n_back;
	atomic_bool up;                      /* any thread reads */
	counter_t faults;                    /* any thread reads */
};

static inline struct region_port *region_of(struct vmport *port)
{
	return (struct region_port *)port;
}

/* vmport_region_guest.c: the socket, and what signals; 0 or what vmport_open() promises.
 * Control. */
int region_guest_open(struct region_port *p, const char *path, struct error *err);
void region_guest_close(struct region_port *p);
/* Takes the next guest, notices that one is gone. Worker. */
void region_guest_look(struct region_port *p);
/* Adds 1 to the guest's eventfd, if it sleeps. Worker. */
void region_guest_wake(struct region_port *p);
/* Counts what a guest did that makes no sense; the first time is logged. Worker. */
void region_guest_fault(struct region_port *p, const char *what);

/* vmport_region_rings.c, all by the worker: */
/* All buffers are the host's again and the rings empty: a guest comes, or went. */
void region_rings_reset(struct region_port *p);
bool region_can_lend(const struct vmport *port, const struct rte_mbuf *m);
uint16_t region_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
uint16_t region_lend(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
uint16_t region_reclaim(struct vmport *port, struct rte_mbuf **pkts, uint16_t n, bool all);
uint16_t region_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
bool region_arm(struct vmport *port, bool sleep);

/* vmport_region_memory.c. Control. */
int region_memory_take(struct vmport *port, size_t length, void **address);
void region_memory_give(struct vmport *port, void *address);

#endif
