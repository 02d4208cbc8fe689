/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of what arrives, flow by flow: what is lost, came twice, came late. A flow's first
 * frame after sequences_forget() is taken as it comes.
 */
#ifndef TRAFFIC_SEQUENCE_H
#define TRAFFIC_SEQUENCE_H

#include <stdint.h>

#define SEQUENCE_FLOWS  65536u
#define SEQUENCE_WINDOW 64u    /* frames of a flow within which late is told from lost */

struct sequence_flow {
	uint64_t seen;         /* bit i: the frame i + 1 before 'next' came */
	uint32_t next;
	uint32_t epoch;        /* another than that of all: nothing is known of the flow */
};

/* What is counted, as the answers name it. */
#define SEQUENCE_COUNTS(X) X(lost) X(gaps) X(twice) X(reordered)

struct sequence_counts {
#define X(name) uint64_t name;
	SEQUENCE_COUNTS(X)
#undef X
};

struct sequences {
	struct sequence_flow *live, *looped;   /* SEQUENCE_FLOWS each */
	struct sequence_counts counts;
	uint32_t epoch;
};

/* 0 or -ENOMEM. */
int sequences_init(struct sequences *s);
void sequences_fini(struct sequences *s);

/* Counts begin anew, and so does every flow. */
void sequences_forget(struct sequences *s);

/* A frame of the flow that was not the next one; for sequences_live() alone. */
void sequences_surprise(struct sequences *s, struct sequence_flow *f, uint32_t sequence);

static inline void sequences_live(struct sequences *s, uint16_t flow, uint32_t sequence)
{
	struct sequence_flow *f = &s->live[flow];

	if (f->next == sequence && f->epoch == s->epoch) {
		f->next++;
		f->seen = f->seen << 1 | 1;
	} else {
		sequences_surprise(s, f, sequence);
	}
}

/* A frame of a capture that has 'of' frames of its flow and is played over and over. */
void sequences_looped(struct sequences *s, uint16_t flow, uint32_t sequence, uint32_t of);

#endif
