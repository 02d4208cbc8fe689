/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processor, and so which worker, serves a VM and its queue where the configuration does
 * not say: a policy, by name. It is asked once for each VM, when the switch opens.
 */
#ifndef POLICY_PLACEMENT_H
#define POLICY_PLACEMENT_H

/* What is known when a VM is placed. */
struct placement_view {
	unsigned vm;                /* its number, in the order of the configuration, from 0 */
	unsigned n_processors;      /* 1 or more */
	const unsigned *vms;        /* on each of them, so far: those that the configuration put
				     * there, and those placed before */
};

struct placement {
	const char *name;           /* as the configuration and results have it */
	const char *text;           /* what it does, in a line */
	/* The processor, below n_processors. Control thread. */
	unsigned (*choose)(const struct placement_view *view);
};

/* X(its struct placement, its name); the first is used where nothing is said */
#define PLACEMENTS(X)                     \
	X(placement_spread, "spread")     \
	X(placement_pack,   "pack")

#define X(policy, name) extern const struct placement policy;
PLACEMENTS(X)
#undef X

/* Every policy, to a NULL. */
extern const struct placement *const placements[];

#endif
