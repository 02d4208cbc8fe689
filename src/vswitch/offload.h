/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that a VM left something to do for (VMPORT_UNFINISHED): handed on as they are to a
 * VM or an adapter that does it, else finished here. For the room vswitch.
 */
#ifndef VSWITCH_OFFLOAD_H
#define VSWITCH_OFFLOAD_H

#include <stdatomic.h>

#include <ndis.h>
#include <rte_mbuf.h>

#include "offload/segment.h"

struct vs_port;

/* What the adapter below finishes (P12), as it last said; statuses write, workers read. */
struct vs_wire_offloads {
	atomic_uint untagged, tagged;    /* a bit for each kind; tagged: with the tag in the OOB */
	atomic_uint most[2], least[2];   /* IPv4, IPv6: payload, and segments, of a large send */
};

/* The adapter's offloads in force; NULL: none. PASSIVE_LEVEL, or a status. */
void vs_wire_offloads_set(const NDIS_OFFLOAD *offload, ULONG length);
/* Asks the adapter for what it can do, if any VM may leave it something. PASSIVE_LEVEL. */
void vs_wire_offloads_start(void);

/* Whether the VM takes that frame as it is. Any worker; a snapshot. */
bool vs_vm_finishes(const struct vs_port *to, const struct rte_mbuf *m);
/* Whether the adapter does; 'tagged': with a tag. Any worker. */
bool vs_wire_finishes(const struct rte_mbuf *m, bool tagged);
/* The NBL of 'm', which describes its first mbuf, then has it all, with the request in the
 * OOB (P2, P7). The frame's owner. */
void vs_wire_ask(NET_BUFFER_LIST *nbl, struct rte_mbuf *m);

/* How long the longest frame is that comes of it. */
static inline uint32_t vs_longest(const struct rte_mbuf *m)
{
	return m->ol_flags & RTE_MBUF_F_TX_TCP_SEG
		       ? (uint32_t)m->l2_len + m->l3_len + m->l4_len + m->tso_segsz : m->pkt_len;
}

/* A frame that is being finished: one plain frame, or the segments of it. */
struct vs_finish {
	struct rte_mbuf *m;              /* the frame, until it is done with */
	struct rte_mempool *pool;        /* what segments are made of */
	bool large, lost;                /* lost: not all came of it, for want of buffers */
	unsigned n;                      /* plain frames that came of it until now */
	uint32_t at;
	struct offload_large cut;
};

/* Takes 'm' over. False: its headers make no sense, and it is gone. */
bool vs_finish_begin(struct vs_finish *f, struct rte_mbuf *m, struct rte_mempool *pool);
/* The next plain frame, the caller's; NULL: that was all. */
struct rte_mbuf *vs_finish_next(struct vs_finish *f);

/* Owner: frames that wait for the VM and that the guest which is there now did not agree to
 * are dropped; one that did may have left meanwhile. */
void vs_port_fit_waiting(struct vs_port *port);

#endif
