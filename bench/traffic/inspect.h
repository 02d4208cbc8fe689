/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sees what a port received: whose it is, whether it is whole, whether it is the next of its flow.
 */
#ifndef TRAFFIC_INSPECT_H
#define TRAFFIC_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "histogram.h"
#include "probe.h"
#include "sequence.h"

/* What a port's receiver counts, as the answers name it. */
#define INSPECT_COUNTS(X) X(frames) X(bytes) X(bad) X(foreign) X(unknown) X(looped)

#define INSPECT_ANY_VLAN 0xfffeu

struct inspect_counts {
#define X(name) uint64_t name;
	INSPECT_COUNTS(X)
#undef X
};

/* What belongs to a port. */
struct inspect_mine {
	uint64_t first, n;     /* destinations, as numbers; n: UINT64_MAX for any */
	uint16_t vlan;         /* INSPECT_ANY_VLAN, PROBE_NO_VLAN, or the tag's */
};

struct inspect {
	struct inspect_mine mine;
	struct inspect_counts counts;
	struct sequences sequences;
	struct histogram *latency;   /* where 'timed' frames go */
	unsigned turn;               /* which frame of the next burst is seen whole */
	bool timed;
};

/* 0 or -ENOMEM. */
int inspect_init(struct inspect *in);
void inspect_fini(struct inspect *in);

/* All counts from zero, each flow from its next frame. */
void inspect_reset(struct inspect *in);

/* A burst of 'n', at most 32, that was there at 'now' (TSC). Bit i: frame i is good, and
 * 'probes[i]' says what it is. Frames that came in pieces are bad, and in one piece after it. */
uint32_t inspect_burst(struct inspect *in, struct rte_mbuf **pkts, unsigned n, uint64_t now,
		       struct probe *probes);

#endif
