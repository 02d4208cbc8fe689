/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests, half of them hostile, from three bindings, against the reference.
 *
 * A well-formed request succeeds exactly when the reference allows it, and a question's
 * answer is the reference's byte for byte. A hostile request may be refused or not; when
 * it is not, what it says must have been lawful. Whatever is refused has changed nothing
 * that can be asked for, and no byte.
 *
 * MODEL_ROUNDS=n makes n requests, MODEL_SEED=n begins elsewhere; a failure prints both
 * for the few hundred requests that led to it. 'make soak' runs a million under sanitizers.
 */
#include "receive_filter_reference.h"
#include "receive_filter_shot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Where a sanitizer is linked in. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

#define ROUNDS 200000
#define LIFE   500       /* requests to one adapter: abandoned queues never come back */
#define SEED   88172645463325252ull

static struct ndis_binding *binding[REF_DRIVERS + 1];
static struct ndis_binding third;
static ULONG64 life_seed;                 /* when this adapter began */
static NDIS_STATUS verdict;               /* the miniport's, this time */
static NDIS_STATUS element_verdict[4];
static bool stops_dma;

/* ---- the miniport ---- */

static NDIS_STATUS miniport(PNDIS_OID_REQUEST r)
{
	NDIS_OID oid = r->DATA.QUERY_INFORMATION.Oid;
	UCHAR *b = r->DATA.QUERY_INFORMATION.InformationBuffer;
	ULONG entry;

	if (oid == OID_RECEIVE_FILTER_FREE_QUEUE && stops_dma)
		ndis_receive_filter_dma_stopped(&rig.adapter, ref_word(b, 8));
	if (oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE && verdict == NDIS_STATUS_SUCCESS) {
		entry = ref_word(b, 12) + 100;
		memcpy(b + offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, MSIXTableEntry), &entry, 4);
	}
	if (oid == OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
		for (ULONG i = 0; i < ref_word(b, 12); i++)
			memcpy(b + ref_word(b, 8) + i * ref_word(b, 16) + 12,
			       &element_verdict[i & 3], 4);
	return verdict;
}

/* ---- making requests, and what they do ---- */

/* The buffer ends where the heap block ends, at any alignment: an overread is seen. */
static NDIS_STATUS fire(const struct shot *s, int who, ULONG out, UCHAR *now)
{
	unsigned skew = roll(8);
	ULONG n = out > s->length ? out : s->length;
	UCHAR *block = malloc(skew + n + 1), *buffer = block + skew + 1;
	NDIS_STATUS status;

	memset(buffer, 0xee, n);
	memcpy(buffer, s->bytes, s->length);
	if (s->type == NdisRequestMethod)
		status = rig_method(binding[who], s->oid, buffer, s->length, out);
	else if (s->type == NdisRequestSetInformation)
		status = rig_set(binding[who], s->oid, buffer, s->length);
	else
		status = rig_query(binding[who], s->type, s->oid, buffer, out);
	memcpy(now, buffer, n);
	free(block);
	return status;
}

/* A well-formed question: refused, too short by what is missing, or answered (C21, C47). */
static void check_answer(const struct shot *s, int who, NDIS_STATUS status, ULONG out,
			 const UCHAR *now)
{
	static UCHAR expected[REF_MAX_ANSWER];
	const NDIS_OID_REQUEST *r = &rig.request;
	bool method = s->type == NdisRequestMethod;
	ULONG length;

	memcpy(expected, now, out);
	length = ref_answer(who, s->oid, s->bytes, expected);
	if (length && out < length) {
		assert_int_equal(status, NDIS_STATUS_INVALID_LENGTH);
		assert_int_equal(method ? r->DATA.METHOD_INFORMATION.BytesNeeded
					: r->DATA.QUERY_INFORMATION.BytesNeeded, length);
	} else if (length) {
		assert_int_equal(status, NDIS_STATUS_SUCCESS);
		assert_memory_equal(now, expected, length);
		assert_int_equal(method ? r->DATA.METHOD_INFORMATION.BytesWritten
					: r->DATA.QUERY_INFORMATION.BytesWritten, length);
	} else if (out >= s->length) {
		assert_int_equal(status, s->oid == OID_RECEIVE_FILTER_MOVE_FILTER ?
						 NDIS_STATUS_NOT_SUPPORTED : NDIS_STATUS_INVALID_PARAMETER);
	}
}

/* Every question that can be asked, of everybody: the cache and the reference agree. */
static void agree(void)
{
	static UCHAR now[REF_MAX_ANSWER];
	static const char letter[] = ".ASPRZZ";   /* by enum vmq_queue_state */
	struct shot s = { .oid = OID_RECEIVE_FILTER_ENUM_QUEUES };
	struct rig_filter f = rig_filter(0, 0, 0);

	for (int who = 0; who <= REF_PROGRAM; who++) {
		s.type = who == REF_PROGRAM ? NdisRequestQueryStatistics : NdisRequestQueryInformation;
		check_answer(&s, who, fire(&s, who, REF_MAX_ANSWER, now), REF_MAX_ANSWER, now);
	}
	for (ULONG id = 0; id <= RIG_QUEUES; id++) {
		NDIS_RECEIVE_QUEUE_PARAMETERS q = rig_queue_parameters(3);
		NDIS_RECEIVE_FILTER_INFO_ARRAY a = { .QueueId = id, .Header = { 0x80, 2, 28 } };

		q.QueueId = id;
		shot_load(&s, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, NdisRequestMethod, &q, q.Header.Size);
		check_answer(&s, 0, fire(&s, 0, REF_MAX_ANSWER, now), REF_MAX_ANSWER, now);
		shot_load(&s, OID_RECEIVE_FILTER_ENUM_FILTERS, NdisRequestMethod, &a, a.Header.Size);
		check_answer(&s, 1, fire(&s, 1, REF_MAX_ANSWER, now), REF_MAX_ANSWER, now);
		if (!id)
			continue;
		assert_int_equal(letter[rig_state(id)], ref.queue[id].state);
		assert_ptr_equal(ndis_receive_filter_owner(&rig.adapter, id),
				 ref.queue[id].owner < 0 ? NULL : binding[ref.queue[id].owner]);
	}
	for (ULONG id = 0; id <= RIG_FILTERS; id++) {
		f.p.FilterId = id;
		shot_load(&s, OID_RECEIVE_FILTER_PARAMETERS, NdisRequestMethod, &f.p, sizeof(f.p));
		check_answer(&s, 2, fire(&s, 2, REF_MAX_ANSWER, now), REF_MAX_ANSWER, now);
	}
}

/* The rig knows two bindings. */
static void third_goes(void)
{
	if (third.layer.adapter)
		ndis_receive_filter_forget(&third);
}

static void start(void)
{
	third_goes();
	rig_stop();
	rig_start(30);
	rig.miniport = miniport;
	third = rig.b;
	binding[0] = &rig.a;
	binding[1] = &rig.b;
	binding[2] = &third;
	binding[REF_PROGRAM] = &rig.program;
	ref_begin();
}

static void miniport_mood(NDIS_OID oid)
{
	static const NDIS_STATUS moods[] = { NDIS_STATUS_FAILURE, NDIS_STATUS_NOT_ACCEPTED,
					     NDIS_STATUS_REQUEST_ABORTED, NDIS_STATUS_RESOURCES };
	bool bad = !roll(oid == OID_RECEIVE_FILTER_FREE_QUEUE ? 100 : 8);
	ULONG queue;

	verdict = bad ? moods[roll(4)] : NDIS_STATUS_SUCCESS;
	stops_dma = roll(2);
	for (unsigned i = 0; i < 4; i++)
		element_verdict[i] = roll(6) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
	/* G16: DMA that stops without a free means nothing. */
	queue = shot_queue_id();
	if (!roll(10) && (queue > RIG_QUEUES || ref.queue[queue].state != 'Z'))
		ndis_receive_filter_dma_stopped(&rig.adapter, queue);
}

/* The miniport had it. */
static void was_forwarded(const struct shot *s, int who, NDIS_STATUS status, const UCHAR *now,
			  bool changed)
{
	if (status == NDIS_STATUS_SUCCESS) {
		ref_follow(who, s->oid, s->type, s->bytes, now, element_verdict);
		return;
	}
	if (s->oid == OID_RECEIVE_FILTER_FREE_QUEUE) {
		if (stops_dma || status == NDIS_STATUS_REQUEST_ABORTED)
			ref_abandoned(ref_word(s->bytes, 8));   /* U12 */
		return;
	}
	if (s->oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE)
		ref_allocate_refused();
	assert_false(changed);                                        /* C29, C47 */
	if (s->oid != OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
		assert_memory_equal(now, s->bytes, s->length);
}

static void one_round(ULONG64 *hash, unsigned *successes)
{
	static UCHAR now[REF_MAX_ANSWER];
	struct shot s = { 0 };
	bool hostile = roll(2), here, reached;
	NDIS_STATUS status;
	ULONG64 after;
	ULONG out;
	int who;

	shot_make(&s);
	who = shot_caller(&s);
	out = shot_is_question(s.oid, s.type) ? roll(4) ? REF_MAX_ANSWER : roll(2000) : s.length;
	if (hostile) {
		shot_spoil(&s);
		out = roll(3) ? s.length : roll(REF_MAX_ANSWER);
	}
	miniport_mood(s.oid);
	rig.forwarded = 0;
	status = fire(&s, who, out, now);
	reached = rig.forwarded;
	here = shot_is_question(s.oid, s.type);
	if (here && !hostile)
		check_answer(&s, who, status, out, now);
	after = rig_hash();
	assert_false((here || who == REF_PROGRAM) && reached);        /* C20, D38 */
	if (!here && !hostile)
		assert_true(reached == ref_lawful(who, s.oid, s.bytes));
	if (reached) {
		assert_true(ref_lawful(who, s.oid, s.bytes));
		was_forwarded(&s, who, status, now, after != *hash);
	} else {
		assert_true(after == *hash);                          /* C21, D29 */
		if (status != NDIS_STATUS_SUCCESS)
			assert_memory_equal(now, s.bytes, s.length);
	}
	*successes += reached && status == NDIS_STATUS_SUCCESS;
	/* What cannot be asked for has not changed: then now and then will do. */
	if (after != *hash || !roll(16))
		agree();
	*hash = after;
}

/* ---- from where, how long, and where to look after a failure ---- */

static ULONG64 setting(const char *name, ULONG64 otherwise)
{
	const char *text = getenv(name);
	char *end;
	ULONG64 value;

	if (!text)
		return otherwise;
	value = strtoull(text, &end, 0);
	if (*end || end == text || !value) {
		fprintf(stderr, "%s=%s is no number above 0\n", name, text);
		exit(2);
	}
	return value;
}

static void how_to_repeat(void)
{
	fprintf(stderr, "repeat it with MODEL_SEED=%llu MODEL_ROUNDS=%d contract_receive_filter_model\n",
		(unsigned long long)life_seed, LIFE);
}

static void on_abort(int number)
{
	(void)number;
	how_to_repeat();
}

static int model_teardown(void **state)
{
	if (!*state)
		how_to_repeat();
	third_goes();
	return rig_teardown(state);
}

static void C10_C11_C20_random_requests_from_three_bindings(void **state)
{
	const ULONG64 rounds = setting("MODEL_ROUNDS", ROUNDS), first = setting("MODEL_SEED", SEED);
	unsigned successes = 0;
	ULONG64 hash = 0;

	*state = NULL;
	for (ULONG64 i = 0; i < rounds; i++) {
		if (i % LIFE == 0) {
			start();
			life_seed = first + i;
			roll_begin(life_seed);
			hash = rig_hash();
		}
		one_round(&hash, &successes);
		if ((i + 1) % 100000 == 0 && rounds > ROUNDS) {
			print_message("%llu of %llu requests\n", (unsigned long long)i + 1,
				      (unsigned long long)rounds);
			fflush(stdout);
		}
	}
	print_message("%u of %llu requests went through\n", successes, (unsigned long long)rounds);
	assert_true(successes > rounds / 16);
	*state = &ref;     /* done: nothing to repeat */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(C10_C11_C20_random_requests_from_three_bindings,
						rig_setup, model_teardown),
	};

	signal(SIGABRT, on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(how_to_repeat);
	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
