/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which receive queue a frame belongs to, by filters of any kind.
 *
 * Pure logic. Filters of the plain form (destination MAC equal, alone or with one
 * VLAN test) of the frame's own header make one set of an engine (vmq/filter_engine.h), and
 * while there are no others it alone decides, at its own cost. Others are there: filters of
 * that form on the frame inside (D12) make a second set, and the rest is a list, tried from the
 * lowest filter id on. The lowest id wins over all of them (U5).
 *
 * A classifier is built whole and never changes, as a set.
 */
#ifndef VMQ_CLASSIFIER_H
#define VMQ_CLASSIFIER_H

#include <stdbool.h>

#include "vmq/filter_engine.h"
#include "vmq/filter_test.h"

/* A filter: a frame must pass all of its tests (D1). */
struct vmq_criteria {
	uint32_t id;
	uint16_t queue;
	bool untagged_or_zero;       /* and have no tag, or a tag with VLAN id 0 (D13) */
	bool inner;                  /* all of that of the frame inside, where there is one (D12) */
	unsigned n_tests;
	struct vmq_field_test *tests;
};

struct vmq_mixed;

struct vmq_classifier {
	/* Every poller reads it for every burst: on a line of its own. */
	_Alignas(64) const struct vmq_filter_engine *engine;
	struct vmq_filter_set *set;       /* 'mixed' NULL: of all filters */
	struct vmq_mixed *mixed;
};

/*
 * Whether the filter is of the plain form: destination MAC equal, alone, with
 * untagged_or_zero, or with one VLAN id equal. Then '*f' is the same for an engine ('inner'
 * is not looked at).
 */
bool vmq_criteria_plain(const struct vmq_criteria *c, struct vmq_filter *f);

/* Whether 'x' comes before 'y' where filters are sorted for the building of classifiers. */
bool vmq_criteria_before(const struct vmq_criteria *x, const struct vmq_criteria *y);

/*
 * Builds a classifier of 'n' filters (0 .. VMQ_FILTERS_MAX) with an engine's sets; nothing of
 * the array is kept, and it may be NULL when n is 0. It may be in any order; whoever builds often
 * keeps it sorted by vmq_criteria_before(), which makes it a walk. Control thread.
 *
 * NULL: no memory; n is too large; a test or field that is none.
 */
struct vmq_classifier *vmq_classifier_create(const struct vmq_filter_engine *engine,
					     const struct vmq_criteria *filters, unsigned n);
void vmq_classifier_destroy(struct vmq_classifier *c);   /* accepts NULL */

/* A frame of at least 14 bytes, 18 where bytes 12 and 13 say 0x8100, in one piece. */
struct vmq_frame {
	const uint8_t *bytes;
	uint32_t length;
};

/* For vmq_classify() alone. */
uint64_t vmq_mixed_match(const struct vmq_mixed *m, const struct vmq_frame *frames,
			 const vmq_key_t *keys, unsigned n, uint16_t *queues);

/* Whether vmq_classify() reads the frames. */
static inline bool vmq_classifier_reads_frames(const struct vmq_classifier *c)
{
	return c->mixed != NULL;
}

/*
 * What an engine's match() does, over all filters. 'keys' are those of the 'n' frames
 * (0 .. VMQ_MATCH_MAX); 'frames' may be NULL where vmq_classifier_reads_frames() says no.
 * Worker.
 */
static inline uint64_t vmq_classify(const struct vmq_classifier *c, const struct vmq_frame *frames,
				    const vmq_key_t *keys, unsigned n, uint16_t *queues)
{
	if (__builtin_expect(!c->mixed, 1))
		return c->engine->match(c->set, keys, n, queues);
	return vmq_mixed_match(c->mixed, frames, keys, n, queues);
}

#endif
