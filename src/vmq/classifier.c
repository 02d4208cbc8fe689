/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Engines know queues, not filter ids; so where several parts compete, what a set
 * gives for a queue is the filter's rank: its place in the order of ids. The lowest
 * rank of all parts wins, and only then becomes a queue.
 */
#include "vmq/classifier.h"

#include <assert.h>
#include <stdlib.h>

#include "vmq/nvgre.h"

#define NO_RANK UINT32_MAX

/* A filter that no set can hold. */
struct listed {
	uint32_t rank;
	bool untagged_or_zero, inner;
	unsigned n_tests;
	const struct vmq_field_test *tests;
};

struct vmq_mixed {
	const struct vmq_filter_engine *engine;
	struct vmq_filter_set *outer;             /* queue: the rank */
	struct vmq_filter_set *inner;             /* likewise; NULL: no plain filter looks inside */
	bool looks_inside;                        /* some filter is of the frame inside */
	uint16_t *queues;                         /* by rank */
	struct vmq_field_test *tests;             /* of the listed ones */
	unsigned n_listed;
	struct listed listed[];                   /* by rank */
};

/* ---- building ---- */

static bool is_valid(const struct vmq_criteria *c)
{
	for (unsigned i = 0; i < c->n_tests; i++)
		if ((unsigned)c->tests[i].field >= VMQ_FIELD_COUNT ||
		    (unsigned)c->tests[i].test >= VMQ_TEST_COUNT)
			return false;
	return true;
}

bool vmq_criteria_plain(const struct vmq_criteria *c, struct vmq_filter *f)
{
	bool mac = false, vlan = false;

	*f = (struct vmq_filter){ .queue = c->queue, .id = c->id };
	if (!c->n_tests || c->n_tests > 2)
		return false;
	for (unsigned i = 0; i < c->n_tests; i++) {
		const struct vmq_field_test *t = &c->tests[i];

		if (t->test != VMQ_TEST_EQUAL)
			return false;
		if (t->field == VMQ_FIELD_DESTINATION && !mac) {
			mac = true;
			for (unsigned b = 0; b < 6; b++)
				f->mac[b] = (uint8_t)(t->value >> 8 * (5 - b));
		} else if (t->field == VMQ_FIELD_VLAN_ID && !vlan && t->value <= 4095) {
			vlan = true;
			f->vlan = (uint16_t)t->value;
		} else {
			return false;
		}
	}
	if (vlan)
		f->vlan_test = VMQ_VLAN_EQUAL;
	else
		f->vlan_test = c->untagged_or_zero ? VMQ_VLAN_UNTAGGED_OR_ZERO : VMQ_VLAN_ANY;
	return mac && !(vlan && c->untagged_or_zero);
}

bool vmq_criteria_before(const struct vmq_criteria *x, const struct vmq_criteria *y)
{
	struct vmq_filter of_x, of_y;
	bool x_plain = vmq_criteria_plain(x, &of_x), y_plain = vmq_criteria_plain(y, &of_y);

	if (x_plain && y_plain)
		return vmq_filter_order(&of_x, &of_y) < 0;
	return x_plain != y_plain ? x_plain : x->id < y->id;
}

/* Where each of the filters goes: into a set, in the order of the array, or on the list. */
struct parts {
	struct vmq_filter *outer, *inner;
	uint64_t *by_rank;                        /* id, and place in the array */
	uint16_t *queues;                         /* by rank */
	bool looks_inside;
	unsigned n_outer, n_inner, n_listed, n_tests;
};

#define BY_RANK(id, place) ((uint64_t)(id) << 32 | (place))
#define PLACE(by_rank)     ((uint32_t)(by_rank))

static int rank_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void parts_free(struct parts *s)
{
	free(s->outer);
	free(s->inner);
	free(s->by_rank);
	free(s->queues);
}

/* Puts every filter where it goes. 'ranks' is by place in the array. */
static void parts_fill(struct parts *s, const struct vmq_criteria *filters, unsigned n,
		       const uint16_t *ranks)
{
	for (unsigned i = 0; i < n; i++) {
		struct vmq_filter f;

		s->looks_inside |= filters[i].inner;
		s->queues[ranks[i]] = filters[i].queue;
		if (!vmq_criteria_plain(&filters[i], &f)) {
			s->n_listed++;
			s->n_tests += filters[i].n_tests;
			continue;
		}
		f.queue = ranks[i];
		if (filters[i].inner)
			s->inner[s->n_inner++] = f;
		else
			s->outer[s->n_outer++] = f;
	}
}

/* -1: no memory. */
static int parts_make(struct parts *s, const struct vmq_criteria *filters, unsigned n)
{
	uint16_t *ranks = calloc(n + 1, sizeof(*ranks));

	*s = (struct parts){ .outer = calloc(n + 1, sizeof(*s->outer)) };
	s->inner = calloc(n + 1, sizeof(*s->inner));
	s->by_rank = calloc(n + 1, sizeof(*s->by_rank));
	s->queues = calloc(n + 1, sizeof(*s->queues));
	if (!ranks || !s->outer || !s->inner || !s->by_rank || !s->queues) {
		parts_free(s);
		free(ranks);
		return -1;
	}
	for (unsigned i = 0; i < n; i++)
		s->by_rank[i] = BY_RANK(filters[i].id, i);
	qsort(s->by_rank, n, sizeof(*s->by_rank), rank_order);
	for (unsigned rank = 0; rank < n; rank++)
		ranks[PLACE(s->by_rank[rank])] = (uint16_t)rank;
	parts_fill(s, filters, n, ranks);
	free(ranks);
	return 0;
}

/* The list, by rank, and its tests. */
static void list_fill(struct vmq_mixed *m, const struct parts *s,
		      const struct vmq_criteria *filters, unsigned n)
{
	struct vmq_field_test *tests = m->tests;
	struct vmq_filter f;

	for (unsigned rank = 0; rank < n; rank++) {
		const struct vmq_criteria *c = &filters[PLACE(s->by_rank[rank])];

		if (vmq_criteria_plain(c, &f))
			continue;
		m->listed[m->n_listed++] = (struct listed){
			.rank = rank, .untagged_or_zero = c->untagged_or_zero, .inner = c->inner,
			.n_tests = c->n_tests, .tests = tests,
		};
		for (unsigned i = 0; i < c->n_tests; i++)
			*tests++ = c->tests[i];
	}
}

static void mixed_destroy(struct vmq_mixed *m)
{
	if (!m)
		return;
	m->engine->destroy(m->outer);
	m->engine->destroy(m->inner);
	free(m->queues);
	free(m->tests);
	free(m);
}

static struct vmq_mixed *mixed_create(const struct vmq_filter_engine *engine,
				      const struct vmq_criteria *filters, unsigned n)
{
	struct vmq_mixed *m;
	struct parts s;

	if (parts_make(&s, filters, n))
		return NULL;
	m = calloc(1, sizeof(*m) + s.n_listed * sizeof(m->listed[0]));
	if (!m)
		goto free_parts;
	m->engine = engine;
	m->looks_inside = s.looks_inside;
	m->outer = engine->create(s.outer, s.n_outer);
	if (s.n_inner)
		m->inner = engine->create(s.inner, s.n_inner);
	m->tests = calloc(s.n_tests + 1, sizeof(*m->tests));
	if (!m->outer || (s.n_inner && !m->inner) || !m->tests)
		goto destroy;
	m->queues = s.queues;
	s.queues = NULL;
	list_fill(m, &s, filters, n);
	parts_free(&s);
	return m;

destroy:
	mixed_destroy(m);
free_parts:
	parts_free(&s);
	return NULL;
}

/* The set of filters that are all of its form; NULL with '*all' false: some are not. */
static struct vmq_filter_set *set_create(const struct vmq_filter_engine *engine,
					 const struct vmq_criteria *filters, unsigned n, bool *all)
{
	struct vmq_filter *list = calloc(n + 1, sizeof(*list));
	struct vmq_filter_set *set = NULL;

	*all = true;
	for (unsigned i = 0; list && i < n && *all; i++)
		*all = vmq_criteria_plain(&filters[i], &list[i]) && !filters[i].inner;
	if (list && *all)
		set = engine->create(list, n);
	free(list);
	return set;
}

struct vmq_classifier *vmq_classifier_create(const struct vmq_filter_engine *engine,
					     const struct vmq_criteria *filters, unsigned n)
{
	struct vmq_classifier *c;
	bool all;

	if (n > VMQ_FILTERS_MAX)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		if (!is_valid(&filters[i]))
			return NULL;
	c = aligned_alloc(_Alignof(struct vmq_classifier), sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct vmq_classifier){ .engine = engine };
	c->set = set_create(engine, filters, n, &all);
	if (!all)
		c->mixed = mixed_create(engine, filters, n);
	if (c->set || c->mixed)
		return c;
	free(c);
	return NULL;
}

void vmq_classifier_destroy(struct vmq_classifier *c)
{
	if (!c)
		return;
	c->engine->destroy(c->set);
	mixed_destroy(c->mixed);
	free(c);
}

/* ---- matching ---- */

/* Lowers each rank to that of the set's filter. */
static void set_rank(const struct vmq_filter_engine *engine, const struct vmq_filter_set *set,
		     const vmq_key_t *keys, unsigned n, uint32_t *ranks)
{
	uint16_t found[VMQ_MATCH_MAX];
	uint64_t matched = engine->match(set, keys, n, found);

	for (; matched; matched &= matched - 1) {
		unsigned i = (unsigned)__builtin_ctzll(matched);

		if (found[i] < ranks[i])
			ranks[i] = found[i];
	}
}

static bool listed_passes(const struct listed *l, const struct vmq_header *h)
{
	if (l->untagged_or_zero && h->present >> VMQ_FIELD_VLAN_ID & 1 &&
	    h->field[VMQ_FIELD_VLAN_ID])
		return false;
	return vmq_tests_pass(l->tests, l->n_tests, h);
}

/* The rank of the first filter of the list that takes the frame, if it is below 'rank'. */
static uint32_t list_rank(const struct vmq_mixed *m, const uint8_t *outer, const uint8_t *inner,
			  uint32_t rank)
{
	struct vmq_header of_outer, of_inner;

	vmq_header_read(&of_outer, outer);
	if (m->looks_inside)
		vmq_header_read(&of_inner, inner);
	for (unsigned i = 0; i < m->n_listed && m->listed[i].rank < rank; i++)
		if (listed_passes(&m->listed[i], m->listed[i].inner ? &of_inner : &of_outer))
			return m->listed[i].rank;
	return rank;
}

uint64_t vmq_mixed_match(const struct vmq_mixed *m, const struct vmq_frame *frames,
			 const vmq_key_t *keys, unsigned n, uint16_t *queues)
{
	const uint8_t *inner[VMQ_MATCH_MAX];
	vmq_key_t inner_keys[VMQ_MATCH_MAX];
	uint32_t ranks[VMQ_MATCH_MAX];
	uint64_t matched = 0;

	assert(n <= VMQ_MATCH_MAX);
	for (unsigned i = 0; i < n; i++)
		ranks[i] = NO_RANK;
	set_rank(m->engine, m->outer, keys, n, ranks);
	for (unsigned i = 0; m->looks_inside && i < n; i++) {
		inner[i] = vmq_nvgre_inner(frames[i].bytes, frames[i].length);
		if (!inner[i])
			inner[i] = frames[i].bytes;
		inner_keys[i] = vmq_key(inner[i]);
	}
	if (m->inner)
		set_rank(m->engine, m->inner, inner_keys, n, ranks);
	for (unsigned i = 0; i < n; i++) {
		if (m->n_listed && m->listed[0].rank < ranks[i])
			ranks[i] = list_rank(m, frames[i].bytes,
					     m->looks_inside ? inner[i] : NULL, ranks[i]);
		queues[i] = ranks[i] == NO_RANK ? 0 : m->queues[ranks[i]];
		matched |= (uint64_t)(ranks[i] != NO_RANK) << i;
	}
	return matched;
}
