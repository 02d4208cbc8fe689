/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests, half of them hostile, from three bindings, against a reference
 * that is written from the state table's letters and knows nothing of the cache.
 *
 * A well-formed request succeeds exactly when the reference allows it. A hostile
 * one may be refused or not; when it is not, what it says must have been lawful.
 * Whatever is refused has changed nothing that can be asked for, and no byte.
 */
#include "receive_filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROUNDS 200000

/* '.' no such queue, A allocated, S set, P paused, R running, Z abandoned */
struct ref_queue { char state; int owner, filters; };
struct ref_filter { int owner, queue; };   /* owner < 0: no such filter */

static struct {
	struct ref_queue queue[RIG_QUEUES + 1];
	struct ref_filter filter[RIG_FILTERS + 1];
	int ids[RIG_QUEUES], n_ids;              /* free queue ids, oldest first */
} ref;

static struct ndis_binding *binding[3];
static struct ndis_binding third;
static ULONG64 seed = 1;
static NDIS_STATUS verdict;               /* the miniport's, this time */
static NDIS_STATUS element_verdict[4];
static bool stops_dma;

static unsigned roll(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % n);
}

static ULONG word(const UCHAR *buffer, ULONG at)
{
	ULONG w;

	memcpy(&w, buffer + at, sizeof(w));
	return w;
}

/* ---- the reference: is it lawful, and what then ---- */

static bool own(int who, ULONG q)
{
	return q >= 1 && q <= RIG_QUEUES && ref.queue[q].owner == who &&
	       strchr("ASPR", ref.queue[q].state);
}

static void ref_allocated(int who, ULONG id)
{
	assert_true(ref.n_ids > 0);
	assert_int_equal(id, ref.ids[0]);      /* U10, C4 */
	memmove(ref.ids, ref.ids + 1, sizeof(ref.ids[0]) * (unsigned)--ref.n_ids);
	ref.queue[id] = (struct ref_queue){ 'A', who, 0 };
}

/* C29: the id was taken and is free again, so it is the youngest now. */
static void ref_not_allocated(void)
{
	int id = ref.ids[0];

	memmove(ref.ids, ref.ids + 1, sizeof(ref.ids[0]) * (unsigned)(ref.n_ids - 1));
	ref.ids[ref.n_ids - 1] = id;
}

static void ref_gone(ULONG id)
{
	ref.queue[id] = (struct ref_queue){ '.', -1, 0 };
	ref.ids[ref.n_ids++] = (int)id;
}

static void ref_set(int who, ULONG q, ULONG id)
{
	assert_in_range(id, 1, RIG_FILTERS);
	assert_true(ref.filter[id].owner < 0);
	ref.filter[id] = (struct ref_filter){ who, (int)q };
	ref.queue[q].filters++;
	if (ref.queue[q].state == 'A')
		ref.queue[q].state = 'S';
	if (ref.queue[q].state == 'P')
		ref.queue[q].state = 'R';
}

static void ref_clear(ULONG id)
{
	struct ref_queue *q = &ref.queue[ref.filter[id].queue];

	ref.filter[id].owner = -1;
	if (--q->filters || q == &ref.queue[0])
		return;
	q->state = q->state == 'S' ? 'A' : 'P';
}

static int ref_filters(void)
{
	int n = 0;

	for (unsigned i = 1; i <= RIG_FILTERS; i++)
		n += ref.filter[i].owner >= 0;
	return n;
}

/* ---- the miniport ---- */

static NDIS_STATUS miniport(PNDIS_OID_REQUEST r)
{
	NDIS_OID oid = r->DATA.QUERY_INFORMATION.Oid;

	if (oid == OID_RECEIVE_FILTER_FREE_QUEUE && stops_dma)
		ndis_receive_filter_dma_stopped(
			&rig.adapter, word(r->DATA.SET_INFORMATION.InformationBuffer, 8));
	if (oid == OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE) {
		UCHAR *b = r->DATA.METHOD_INFORMATION.InformationBuffer;

		for (ULONG i = 0; i < word(b, 12); i++)
			memcpy(b + word(b, 8) + i * word(b, 16) + 12, &element_verdict[i & 3], 4);
	}
	return verdict;
}

/* ---- what a request said, read from its bytes before it was made ---- */

static void after_complete(int who, const UCHAR *was, const UCHAR *now)
{
	for (ULONG i = 0; i < word(was, 12); i++) {
		ULONG at = word(was, 8) + i * word(was, 16), id = word(was, at + 8);
		bool fine = word(now, at + 12) == NDIS_STATUS_SUCCESS;

		assert_true(own(who, id));
		if (element_verdict[i & 3] != NDIS_STATUS_SUCCESS) {
			assert_int_equal(word(now, at + 12), (ULONG)element_verdict[i & 3]);
			continue;
		}
		assert_true(fine == !!strchr("AS", ref.queue[id].state));   /* C13 */
		if (fine)
			ref.queue[id].state = ref.queue[id].state == 'A' ? 'P' : 'R';
	}
}

static void after_failed_free(ULONG id)
{
	if (stops_dma || verdict == NDIS_STATUS_REQUEST_ABORTED)
		ref.queue[id].state = 'Z';   /* U12 */
}

static bool lawful(int who, NDIS_OID oid, const UCHAR *b)
{
	ULONG q, f;

	switch (oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		return ref.n_ids > 0;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		return own(who, word(b, 8)) && !ref.queue[word(b, 8)].filters;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		return own(who, word(b, 12));
	case OID_RECEIVE_FILTER_SET_FILTER:
		q = word(b, 12);
		return (!q || own(who, q)) && ref_filters() < RIG_FILTERS;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		q = word(b, 8);
		f = word(b, 12);
		return f >= 1 && f <= RIG_FILTERS && ref.filter[f].owner == who &&
		       ref.filter[f].queue == (int)q;
	default:
		for (ULONG i = 0; i < word(b, 12); i++)
			if (!own(who, word(b, word(b, 8) + i * word(b, 16) + 8)))
				return false;
		return true;
	}
}

static void follow(int who, NDIS_OID oid, const UCHAR *was, const UCHAR *now)
{
	switch (oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		ref_allocated(who, word(now, 12));
		break;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		ref_gone(word(was, 8));
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
		ref_set(who, word(was, 12), word(now, 16));
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		ref_clear(word(was, 12));
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		after_complete(who, was, now);
		break;
	default:
		break;
	}
}

/* ---- making requests ---- */

struct shot {
	NDIS_OID oid;
	NDIS_REQUEST_TYPE type;
	ULONG length;
	UCHAR bytes[2048];
};

static ULONG a_queue(void)
{
	return roll(20) ? roll(RIG_QUEUES + 1) : roll(2) ? RIG_QUEUES + 1 : 0xffffffff;
}

static void load(struct shot *s, NDIS_OID oid, NDIS_REQUEST_TYPE type, const void *from, ULONG n)
{
	s->oid = oid;
	s->type = type;
	s->length = n;
	memcpy(s->bytes, from, n);
}

static void shot_queue(struct shot *s, bool allocate)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(1 + roll(3));

	p.QueueId = a_queue();
	p.ProcessorAffinity.Mask = 1 + roll((1 << RIG_PROCESSORS) - 1);
	p.Flags = roll(2);
	if (!allocate)
		p.Flags |= roll(16) << 16;
	p.NumSuggestedReceiveBuffers = roll(1000);
	load(s, allocate ? OID_RECEIVE_FILTER_ALLOCATE_QUEUE : OID_RECEIVE_FILTER_QUEUE_PARAMETERS,
	     allocate ? NdisRequestMethod : NdisRequestSetInformation, &p, p.Header.Size);
}

static void shot_simple(struct shot *s, bool clear)
{
	ULONG p[4] = { 0x80 | 1 << 8 | (clear ? 16u : 12u) << 16, 0, a_queue(),
		       roll(RIG_FILTERS + 2) };

	if (clear && p[3] && p[3] <= RIG_FILTERS && roll(2))
		p[2] = (ULONG)ref.filter[p[3]].queue;
	load(s, clear ? OID_RECEIVE_FILTER_CLEAR_FILTER : OID_RECEIVE_FILTER_FREE_QUEUE,
	     NdisRequestSetInformation, p, clear ? 16 : 12);
}

static void shot_make(struct shot *s)
{
	ULONG ids[4] = { a_queue(), a_queue(), a_queue(), a_queue() }, n = roll(4);
	struct rig_filter f = rig_filter(a_queue(), (UCHAR)roll(8), (int)roll(2) - 1);
	struct rig_batch b = rig_batch(n, ids);

	switch (roll(8)) {
	case 0:
	case 1:  shot_queue(s, true); break;
	case 2:  shot_queue(s, false); break;
	case 3:  shot_simple(s, false); break;
	case 4:
	case 5:  shot_simple(s, true); break;
	case 6:  load(s, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, NdisRequestMethod, &b,
		      offsetof(struct rig_batch, p[0]) + n * sizeof(b.p[0])); break;
	default: load(s, OID_RECEIVE_FILTER_SET_FILTER, NdisRequestMethod, &f, sizeof(f)); break;
	}
}

/* Mostly who may do it, since the others are all refused alike. */
static int a_caller(const struct shot *s)
{
	ULONG q = s->oid == OID_RECEIVE_FILTER_FREE_QUEUE ? word(s->bytes, 8) : word(s->bytes, 12);
	int owner = -1;

	if (s->oid == OID_RECEIVE_FILTER_CLEAR_FILTER)
		owner = q >= 1 && q <= RIG_FILTERS ? ref.filter[q].owner : -1;
	else if (s->oid == OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
		owner = q ? ref.queue[word(s->bytes, 28) % (RIG_QUEUES + 1)].owner : -1;
	else if (q <= RIG_QUEUES)
		owner = ref.queue[q].owner;
	return owner >= 0 && roll(4) ? owner : (int)roll(3);
}

static const NDIS_OID queries[] = {
	OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, OID_RECEIVE_FILTER_CURRENT_CAPABILITIES,
	OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, OID_RECEIVE_FILTER_ENUM_QUEUES,
	OID_RECEIVE_FILTER_ENUM_FILTERS, OID_RECEIVE_FILTER_PARAMETERS,
	OID_RECEIVE_FILTER_QUEUE_PARAMETERS, OID_RECEIVE_FILTER_MOVE_FILTER,
};

/* Damages the shot: bytes, words that matter, lengths, the OID, the request type. */
static void spoil(struct shot *s)
{
	static const ULONG nasty[] = { 0, 1, 15, 16, 20, 44, 55, 56, 0x7fffffff, 0x80000000,
				       0xfffffff0, 0xffffffff };

	for (unsigned n = roll(4); n--;)
		s->bytes[roll(s->length < 64 ? s->length : 64)] = (UCHAR)roll(256);
	for (unsigned n = roll(3); n--;)
		memcpy(s->bytes + 4 * roll((s->length < 64 ? s->length : 64) / 4),
		       &nasty[roll(sizeof(nasty) / sizeof(nasty[0]))], sizeof(ULONG));
	if (!roll(3))
		s->length = roll(s->length + 1);
	if (!roll(6))
		s->oid = queries[roll(sizeof(queries) / sizeof(queries[0]))];
	if (!roll(6))
		s->type = (NDIS_REQUEST_TYPE)roll(14);
}

static bool answered_here(NDIS_OID oid, NDIS_REQUEST_TYPE type)
{
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		if (queries[i] == oid)
			return oid != OID_RECEIVE_FILTER_QUEUE_PARAMETERS ||
			       type != NdisRequestSetInformation;
	return false;
}

/* The buffer ends where the heap block ends, at any alignment: an overread is seen. */
static NDIS_STATUS fire(const struct shot *s, int who, ULONG out, UCHAR *now)
{
	unsigned skew = roll(8);
	ULONG n = s->type == NdisRequestMethod && out > s->length ? out : s->length;
	UCHAR *block = malloc(skew + n + 1), *buffer = block + skew + 1;
	NDIS_STATUS status;

	memset(buffer, 0xee, n);
	memcpy(buffer, s->bytes, s->length);
	if (s->type == NdisRequestMethod)
		status = rig_method(binding[who], s->oid, buffer, s->length, out);
	else if (s->type == NdisRequestSetInformation)
		status = rig_set(binding[who], s->oid, buffer, s->length);
	else
		status = rig_query(binding[who], s->type, s->oid, buffer, s->length);
	memcpy(now, buffer, s->length);
	free(block);
	return status;
}

static void agree(void)
{
	NDIS_RECEIVE_QUEUE_INFO info[RIG_QUEUES + 1];
	unsigned n = rig_queues(&rig.program, info, RIG_QUEUES + 1), at = 1;
	static const char letter[] = ".ASPRZZ";   /* by enum vmq_queue_state */

	assert_int_equal(info[0].NumFilters, ref.queue[0].filters);
	for (unsigned id = 1; id <= RIG_QUEUES; id++) {
		char state = letter[rig_state(id)];

		assert_int_equal(state, ref.queue[id].state);
		if (state == '.')
			continue;
		assert_int_equal(info[at].QueueId, id);
		assert_int_equal(info[at].NumFilters, ref.queue[id].filters);
		assert_ptr_equal(ndis_receive_filter_owner(&rig.adapter, id),
				 binding[ref.queue[id].owner]);
		at++;
	}
	assert_int_equal(at, n);
}

static void start(void)
{
	rig_stop();
	rig_start(30);
	rig.miniport = miniport;
	third = rig.b;
	binding[0] = &rig.a;
	binding[1] = &rig.b;
	binding[2] = &third;
	memset(&ref, 0, sizeof(ref));
	ref.queue[0] = (struct ref_queue){ 'R', -1, 0 };
	ref.n_ids = 0;
	for (int id = 1; id <= RIG_QUEUES; id++)
		ref_gone((ULONG)id);
	for (unsigned f = 1; f <= RIG_FILTERS; f++)
		ref.filter[f].owner = -1;
}

static void miniport_mood(NDIS_OID oid)
{
	static const NDIS_STATUS moods[] = { NDIS_STATUS_FAILURE, NDIS_STATUS_NOT_ACCEPTED,
					     NDIS_STATUS_REQUEST_ABORTED, NDIS_STATUS_RESOURCES };
	bool bad = !roll(oid == OID_RECEIVE_FILTER_FREE_QUEUE ? 100 : 8);

	verdict = bad ? moods[roll(4)] : NDIS_STATUS_SUCCESS;
	stops_dma = roll(2);
	for (unsigned i = 0; i < 4; i++)
		element_verdict[i] = roll(6) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

static void one_round(ULONG64 *hash, unsigned *successes)
{
	struct shot s = { 0 };
	UCHAR now[sizeof(s.bytes)];
	bool hostile = roll(2), here, reached;
	int who;
	NDIS_STATUS status;
	ULONG64 after;
	ULONG out;

	shot_make(&s);
	who = a_caller(&s);
	out = s.length;
	if (hostile) {
		spoil(&s);
		out = roll(3) ? s.length : roll(6000);
	}
	miniport_mood(s.oid);
	rig.forwarded = 0;
	status = fire(&s, who, out, now);
	reached = rig.forwarded;
	here = answered_here(s.oid, s.type);
	after = rig_hash();
	assert_false(here && reached);                                /* C20 */
	if (!here && !hostile)
		assert_true(reached == lawful(who, s.oid, s.bytes));
	if (reached && hostile)
		assert_true(lawful(who, s.oid, s.bytes));
	if (reached && status == NDIS_STATUS_SUCCESS) {
		follow(who, s.oid, s.bytes, now);
		(*successes)++;
	} else if (reached && s.oid == OID_RECEIVE_FILTER_FREE_QUEUE) {
		after_failed_free(word(s.bytes, 8));
	} else if (reached) {
		if (s.oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE)
			ref_not_allocated();
		assert_true(after == *hash);                          /* C29, C47 */
		if (s.oid != OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
			assert_memory_equal(now, s.bytes, s.length);
	} else {
		assert_true(after == *hash);                          /* C21, D29 */
		if (status != NDIS_STATUS_SUCCESS)
			assert_memory_equal(now, s.bytes, s.length);
	}
	*hash = after;
	agree();
}

static void random_requests_from_three_bindings(void **state)
{
	unsigned successes = 0;
	ULONG64 hash = 0;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		/* Abandoned queues never come back, so begin anew now and then. */
		if (i % 500 == 0) {
			start();
			seed = 88172645463325252ull + i;
			hash = rig_hash();
		}
		one_round(&hash, &successes);
	}
	print_message("%u of %u requests went through\n", successes, ROUNDS);
	assert_true(successes > ROUNDS / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_requests_from_three_bindings, rig_setup,
						rig_teardown),
	};

	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
