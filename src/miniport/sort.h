/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a poller took off the NIC, sorted by receive queue until it is passed on: here, or by the
 * lanes to other processors.
 */
#ifndef MINIPORT_SORT_H
#define MINIPORT_SORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "miniport/processor.h"

/* While each queue gets few frames of a burst, up to so many are taken off the NIC before any
 * is passed on: a call down to a VM costs the same for one frame as for several. A NIC's ring of
 * half as many holds what comes meanwhile, as long as the worker keeps up at all: taking is so much
 * faster than passing on that it finds the ring empty before. Of loaned frames that do
 * not wait by value fewer: each is a dozen cache lines that are cold when its turn comes. */
#define MP_GATHER        2048u
#define MP_GATHER_LOANED 256u

/* What came by one NIC queue in one look. */
struct mp_sorted {
	unsigned way;                        /* by that lane of each queue */
	unsigned frames, n_queues;
	unsigned *budget;                    /* of the throttle (F20) */
	bool by_value;                       /* small frames may wait as parcels of the processor's */
	unsigned n_parcels;
	uint64_t left_for;                   /* processors that have something on a ring now, a bit each */
	struct mp_queue *queues[MP_GATHER];  /* that have frames; one may stand there twice */
};

/* sort.c. What a processor needs for it, and its end; create may fail for want of memory. While the
 * adapter initializes or halts, at PASSIVE_LEVEL. */
NDIS_STATUS mp_sort_create(struct mp_processor *p);
void mp_sort_destroy(struct mp_processor *p);

/* The rest by the processor that polls the NIC queue, in one DPC. */
/* Nothing yet; to be passed on by the 'way'th lane of each queue, taken off '*budget'. */
void mp_sort_begin(struct mp_processor *p, struct mp_sorted *s, unsigned way, unsigned *budget);
/* Adds 'n' frames (1 .. BURST), each an Ethernet header at least, to the queues 'ids'. The list is
 * overwritten. */
void mp_sort(struct mp_processor *p, struct mp_sorted *s, struct rte_mbuf **pkts,
	     const uint16_t *ids, unsigned n);
/* The same of one queue's, which go on at once; nothing waits. */
void mp_sort_one(struct mp_processor *p, struct mp_sorted *s, struct rte_mbuf **pkts, uint16_t id,
		 unsigned n);
/* Whether another burst is to be sorted before this one, of 'got' frames, is passed on. */
bool mp_sort_more(const struct mp_processor *p, const struct mp_sorted *s, unsigned got);
/* Passes on all that waits, and tells the processors that it was left for. */
void mp_sort_end(struct mp_processor *p, struct mp_sorted *s);

#endif
