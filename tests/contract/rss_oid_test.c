/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive side scaling between drivers: what NDIS takes of a miniport and shows to
 * protocols, what it lets through to the miniport, and what it answers (N1 .. N6, N15, N16). */
#include "toy.h"

#include <stdlib.h>
#include <string.h>

#include "scales.h"

#define OK       NDIS_STATUS_SUCCESS
#define INVALID  NDIS_STATUS_INVALID_PARAMETER
#define LENGTH   NDIS_STATUS_INVALID_LENGTH
#define CAPS     OID_GEN_RECEIVE_SCALE_CAPABILITIES
#define PARAMS   OID_GEN_RECEIVE_SCALE_PARAMETERS
#define HASH     OID_GEN_RECEIVE_HASH
#define OLD_MINOR 1

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0];
static NDIS_RECEIVE_SCALE_CAPABILITIES caps;
static const uint8_t processors[4] = { 0, 1, 2, 3 };

static void good_caps(void)
{
	caps = (NDIS_RECEIVE_SCALE_CAPABILITIES){
		.Header = { NDIS_OBJECT_TYPE_RSS_CAPABILITIES,
			    NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2 },
		.CapabilitiesFlags = NDIS_RSS_CAPS_MESSAGE_SIGNALED_INTERRUPTS |
				     NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4 |
				     NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6 | NdisHashFunctionToeplitz,
		.NumberOfInterruptMessages = 4, .NumberOfReceiveQueues = 4,
		.NumberOfIndirectionTableEntries = 64,
	};
}

/* The miniport is of NDIS 6.'minor'; 0: the toy's own. FALSE: it did not initialize. */
static bool open_with(UCHAR minor, NDIS_RECEIVE_SCALE_CAPABILITIES *c)
{
	toy_reset();
	if (minor)
		toy.c.MinorNdisVersion = minor;
	toy.rss = c;
	assert_true(toy_load());
	toy_protocol_load(p, false);
	return toy_add() == 0;
}

static int setup(void **state)
{
	(void)state;
	good_caps();
	assert_true(open_with(30, &caps));
	return 0;
}

static int prepare(void **state)
{
	(void)state;
	good_caps();
	return 0;
}

static NDIS_STATUS set(struct toy_protocol *who, const struct scales *s)
{
	return toy_set(who, PARAMS, (void *)(uintptr_t)s->bytes, s->length);
}

/* What a query gives; the bytes are zero behind it. */
static ULONG query(struct toy_protocol *who, NDIS_OID oid, uint8_t bytes[SCALES_ROOM])
{
	NDIS_OID_REQUEST r;

	memset(bytes, 0, SCALES_ROOM);
	toy_request(&r, NdisRequestQueryInformation, oid, bytes, SCALES_ROOM);
	assert_int_equal(toy_ask(who, &r), OK);
	return r.DATA.QUERY_INFORMATION.BytesWritten;
}

static void N1_the_query_and_the_bind_show_what_was_registered(void **state)
{
	uint8_t bytes[SCALES_ROOM];

	(void)state;
	assert_int_equal(query(p, CAPS, bytes), caps.Header.Size);
	assert_memory_equal(bytes, &caps, caps.Header.Size);
	assert_true(p->has_rss);
	assert_memory_equal(&p->rss, &caps, caps.Header.Size);
	assert_int_equal(a->n_requests, 0);
}

static void N1_an_older_protocol_gets_its_own_revision(void **state)
{
	uint8_t bytes[SCALES_ROOM];

	(void)state;
	q->minor = 20;
	toy_protocol_load(q, false);
	assert_int_equal(query(q, CAPS, bytes), NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1);
	assert_int_equal(((NDIS_OBJECT_HEADER *)(void *)bytes)->Revision, 1);
	assert_int_equal(q->rss.Header.Revision, 1);
	assert_int_equal(q->rss.NumberOfIndirectionTableEntries, 0);
}

static void N1_a_short_buffer_is_told_how_many_bytes_would_do(void **state)
{
	uint8_t bytes[SCALES_ROOM];
	NDIS_OID_REQUEST r;

	(void)state;
	toy_request(&r, NdisRequestQueryInformation, CAPS, bytes, caps.Header.Size - 1u);
	assert_int_equal(toy_ask(p, &r), NDIS_STATUS_BUFFER_TOO_SHORT);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesNeeded, caps.Header.Size);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesWritten, 0);
}

static void N1_N17_without_capabilities_nothing_is_supported(void **state)
{
	uint8_t bytes[SCALES_ROOM];
	struct scales s;

	(void)state;
	assert_true(open_with(30, NULL));
	scales_make(&s, SCALES_INFO, 4, processors, 4);
	assert_int_equal(toy_query(p, CAPS, bytes, sizeof(bytes)), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(toy_query(p, PARAMS, bytes, sizeof(bytes)), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(set(p, &s), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(toy_set(p, HASH, bytes, scales_hash(bytes, 1, SCALES_INFO)),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_false(p->has_rss);
	assert_int_equal(a->n_requests, 0);
}

static void N2_capabilities_that_lack_what_is_compulsory_are_refused(void **state)
{
	static const UCHAR minors[] = { 20, 30 };

	for (unsigned i = 0; i < 20; i++) {
		bool refused = true;

		if (i)
			toy_unload();
		prepare(state);
		switch (i / 2) {
		case 0: caps.CapabilitiesFlags &= ~(ULONG)NdisHashFunctionToeplitz; break;
		case 1: caps.CapabilitiesFlags &= ~(ULONG)NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4; break;
		case 2: caps.NumberOfIndirectionTableEntries = 100; break;
		case 3: caps.NumberOfIndirectionTableEntries = 256; break;
		case 4: caps.NumberOfIndirectionTableEntries = 0; refused = i % 2; break;
		case 5: caps.NumberOfInterruptMessages = 0; break;
		case 6: caps.Header.Type = NDIS_OBJECT_TYPE_DEFAULT; break;
		case 7: caps.Header.Size = 8; break;
		case 8: caps.Header.Revision = 1;   /* has no number of entries */
			refused = i % 2;
			break;
		case 9: caps.NumberOfInterruptMessages = 1; refused = false; break;
		}
		assert_int_equal(open_with(minors[i % 2], &caps), !refused);
		assert_int_equal(toy.general, refused ? INVALID : OK);
	}
}

static void N3_a_set_reaches_the_miniport_and_a_query_does_not(void **state)
{
	NDIS_RECEIVE_SCALE_PARAMETERS got;
	uint8_t bytes[SCALES_ROOM];
	struct scales s;

	(void)state;
	scales_make(&s, SCALES_INFO, 8, processors, 4);
	assert_int_equal(set(p, &s), OK);
	assert_int_equal(a->n_requests, 1);
	assert_int_equal(a->last.oid, PARAMS);
	assert_int_equal(a->last.length, s.length);
	assert_memory_equal(a->last.bytes, s.bytes, s.length);
	assert_int_equal(query(p, PARAMS, bytes), s.length);
	memcpy(&got, bytes, NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2);
	assert_int_equal(got.Flags, 0);
	assert_int_equal(got.HashInformation, SCALES_INFO);
	assert_int_equal(got.IndirectionTableSize, 8 * sizeof(PROCESSOR_NUMBER));
	assert_memory_equal(bytes + got.IndirectionTableOffset,
			    s.bytes + s.p.IndirectionTableOffset, got.IndirectionTableSize);
	assert_memory_equal(bytes + got.HashSecretKeyOffset, scales_key, 40);
	assert_int_equal(a->n_requests, 1);
}

static void N3_the_newest_set_is_the_whole_truth(void **state)
{
	uint8_t bytes[SCALES_ROOM];
	struct scales s;

	(void)state;
	scales_make(&s, SCALES_INFO | NDIS_HASH_IPV6, 8, processors, 4);
	assert_int_equal(set(p, &s), OK);
	scales_make(&s, SCALES_INFO, 4, processors, 2);
	assert_int_equal(set(p, &s), OK);
	assert_int_equal(query(p, PARAMS, bytes), s.length);
	assert_memory_equal(bytes, s.bytes, s.length);
}

/* A buffer that ends at the end of its memory, at an odd address: the sanitizers see what is
 * read beyond it. */
static NDIS_STATUS set_exactly(struct scales *s, ULONG length)
{
	uint8_t *room = malloc(length + 1u);
	NDIS_STATUS status;

	assert_non_null(room);
	memcpy(room + 1, s->bytes, length);
	status = toy_set(p, PARAMS, room + 1, length);
	free(room);
	return status;
}

#define N_BAD 19

/* What is wrong with it, by number; the status that it gets. */
static NDIS_STATUS spoil(struct scales *s, unsigned how)
{
	NDIS_RECEIVE_SCALE_PARAMETERS *at = &s->p;
	NDIS_STATUS expected = LENGTH;

	switch (how) {
	case 0: at->IndirectionTableOffset = s->length; break;
	case 1: at->IndirectionTableOffset = UINT32_MAX - 3; break;
	case 2: at->HashSecretKeyOffset = s->length - 39; break;
	case 3: at->HashSecretKeyOffset = UINT32_MAX; break;
	case 4: at->IndirectionTableSize = 3 * sizeof(PROCESSOR_NUMBER); break;
	case 5: at->IndirectionTableSize = 0; break;
	case 6: at->IndirectionTableSize = 10; break;
	case 7: at->HashSecretKeySize = 39; break;
	case 8: at->HashSecretKeySize = 0; break;
	case 9: at->Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1; break;
	case 10: s->length = 10; break;
	case 11: at->IndirectionTableOffset = 8; break;      /* inside the structure */
	case 12: at->Header.Type = NDIS_OBJECT_TYPE_DEFAULT; expected = INVALID; break;
	case 13: at->Header.Revision = 1; expected = INVALID; break;   /* of narrow entries */
	case 14: at->HashInformation |= NDIS_HASH_UDP_IPV4; expected = INVALID; break;
	case 15: at->HashInformation = NdisHashFunctionToeplitz; expected = INVALID; break;
	case 16: at->HashInformation = SCALES_IPV4 | 0x2; expected = INVALID; break;
	case 17: at->BaseCpuNumber = 1; expected = INVALID; break;
	case 18:                                             /* no such processor */
		s->bytes[at->IndirectionTableOffset + offsetof(PROCESSOR_NUMBER, Number)] = 200;
		expected = INVALID;
		break;
	}
	scales_seal(s);
	return expected;
}

static void N4_N6_a_set_that_makes_no_sense_changes_nothing(void **state)
{
	uint8_t before[SCALES_ROOM], after[SCALES_ROOM];
	struct scales s;

	(void)state;
	scales_make(&s, SCALES_INFO, 4, processors, 4);
	assert_int_equal(set(p, &s), OK);
	query(p, PARAMS, before);
	for (unsigned how = 0; how < N_BAD; how++) {
		NDIS_STATUS expected;

		scales_make(&s, SCALES_INFO | NDIS_HASH_IPV6, 8, processors, 4);
		expected = spoil(&s, how);
		assert_int_equal(set_exactly(&s, s.length), expected);
		query(p, PARAMS, after);
		assert_memory_equal(after, before, SCALES_ROOM);
	}
	assert_int_equal(a->n_requests, 1);
	scales_make(&s, SCALES_INFO, 128, processors, 4);   /* more than were shown */
	assert_int_equal(set_exactly(&s, s.length), LENGTH);
	scales_make(&s, SCALES_INFO, 64, processors, 4);
	assert_int_equal(set_exactly(&s, s.length), OK);
}

static void N6_what_the_miniport_refuses_is_not_in_force(void **state)
{
	uint8_t before[SCALES_ROOM], after[SCALES_ROOM];
	struct scales s;

	(void)state;
	scales_make(&s, SCALES_INFO, 4, processors, 4);
	assert_int_equal(set(p, &s), OK);
	query(p, PARAMS, before);
	toy.oid_status = NDIS_STATUS_RESOURCES;
	scales_make(&s, SCALES_INFO, 8, processors, 4);
	assert_int_equal(set(p, &s), NDIS_STATUS_RESOURCES);
	query(p, PARAMS, after);
	assert_memory_equal(after, before, SCALES_ROOM);
}

/* A protocol from before NDIS 6.20 over a miniport from after it, and the other way round. */
static void N4_entries_are_turned_into_what_the_miniport_reads(void **state)
{
	NDIS_RECEIVE_SCALE_PARAMETERS got;
	uint8_t bytes[SCALES_ROOM];
	struct scales s, wide;

	for (unsigned old = 0; old < 2; old++) {
		if (old)
			toy_unload();
		prepare(state);
		assert_true(open_with(old ? OLD_MINOR : 30, &caps));
		q->minor = old ? 30 : OLD_MINOR;
		toy_protocol_load(q, false);
		scales_make_narrow(&s, SCALES_INFO, 4, processors, 4);
		scales_make(&wide, SCALES_INFO, 4, processors, 4);
		assert_int_equal(set(q, old ? &wide : &s), OK);
		assert_int_equal(a->last.length, old ? s.length : wide.length);
		assert_memory_equal(a->last.bytes, old ? s.bytes : wide.bytes, a->last.length);
		assert_int_equal(query(q, PARAMS, bytes), old ? wide.length : s.length);
		memcpy(&got, bytes, NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1);
		assert_int_equal(got.IndirectionTableSize, old ? 4 * sizeof(PROCESSOR_NUMBER) : 4);
		assert_int_equal(bytes[got.IndirectionTableOffset + (old ? 6 : 1)], 1);
	}
}

static void N5_what_is_unchanged_is_not_looked_at(void **state)
{
	uint8_t before[SCALES_ROOM], after[SCALES_ROOM];
	struct scales s;

	(void)state;
	scales_make(&s, SCALES_INFO, 4, processors, 4);
	assert_int_equal(set(p, &s), OK);
	query(p, PARAMS, before);
	scales_make(&s, 0xffffffff, 3, processors, 1);
	s.p.Flags = NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED |
		    NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED | NDIS_RSS_PARAM_FLAG_BASE_CPU_UNCHANGED;
	s.p.BaseCpuNumber = 77;
	s.p.IndirectionTableOffset = s.p.HashSecretKeyOffset = UINT32_MAX;
	scales_seal(&s);
	assert_int_equal(set_exactly(&s, s.p.Header.Size), OK);
	query(p, PARAMS, after);
	assert_memory_equal(after, before, SCALES_ROOM);
	/* One of them changes, the others stay. */
	s.p.Flags &= (USHORT)~NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED;
	s.p.HashInformation = NdisHashFunctionToeplitz | NDIS_HASH_IPV6;
	scales_seal(&s);
	assert_int_equal(set_exactly(&s, s.p.Header.Size), OK);
	query(p, PARAMS, after);
	assert_int_equal(((NDIS_RECEIVE_SCALE_PARAMETERS *)(void *)after)->HashInformation,
			 s.p.HashInformation);
	assert_memory_equal(after + 12, before + 12, SCALES_ROOM - 12);
}

/* Whether nothing is in force, as after the initialization. */
static bool is_off(void)
{
	NDIS_RECEIVE_SCALE_PARAMETERS got;
	uint8_t bytes[SCALES_ROOM];

	query(p, PARAMS, bytes);
	memcpy(&got, bytes, NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2);
	return !got.HashInformation && !got.IndirectionTableSize && !got.HashSecretKeySize;
}

static void N5_N15_disable_and_function_0_end_it_whatever_else_they_say(void **state)
{
	struct scales s;

	(void)state;
	assert_true(is_off());
	for (unsigned way = 0; way < 2; way++) {
		unsigned n;

		scales_make(&s, SCALES_INFO, 4, processors, 4);
		assert_int_equal(set(p, &s), OK);
		assert_false(is_off());
		n = a->n_requests;
		scales_make(&s, way ? SCALES_IPV4 : SCALES_INFO, 4, processors, 4);
		s.p.Flags = way ? 0 : NDIS_RSS_PARAM_FLAG_DISABLE_RSS;
		s.p.IndirectionTableOffset = UINT32_MAX;
		scales_seal(&s);
		assert_int_equal(set_exactly(&s, s.p.Header.Size), OK);
		assert_int_equal(a->n_requests, n + 1);
		assert_true(is_off());
		/* The next set counts as the first: nothing is there that could stay. */
		scales_make(&s, SCALES_INFO, 4, processors, 4);
		s.p.Flags = NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED;
		scales_seal(&s);
		assert_int_equal(set(p, &s), INVALID);
		assert_true(is_off());
	}
}

static void N15_a_filter_ends_it_by_showing_none(void **state)
{
	NDIS_RECEIVE_SCALE_PARAMETERS got;
	uint8_t bytes[SCALES_ROOM];
	struct scales s;

	(void)state;
	scales_make(&s, SCALES_INFO, 4, processors, 4);
	assert_int_equal(set(p, &s), OK);
	toy_filters_load();
	toy_filters.no_rss = true;
	toy_filter_attach(a);
	/* The miniport is told, once. */
	assert_int_equal(a->n_requests, 2);
	assert_int_equal(a->last.oid, PARAMS);
	memcpy(&got, a->last.bytes, NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2);
	assert_int_equal(got.Flags, NDIS_RSS_PARAM_FLAG_DISABLE_RSS);
	assert_int_equal(toy_query(p, CAPS, bytes, sizeof(bytes)), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(set(p, &s), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->n_requests, 2);
	toy_protocol_load(q, false);
	assert_false(q->has_rss);
}

static void N16_X41_hashing_alone_and_rss_exclude_each_other(void **state)
{
	uint8_t hash[SCALES_ROOM], off[SCALES_ROOM], bytes[SCALES_ROOM];
	ULONG n = scales_hash(hash, NDIS_RECEIVE_HASH_FLAG_ENABLE_HASH, SCALES_INFO);
	struct scales s, none;

	(void)state;
	scales_hash(off, 0, 0);
	scales_make(&s, SCALES_INFO, 4, processors, 4);
	none = s;
	none.p.Flags = NDIS_RSS_PARAM_FLAG_DISABLE_RSS;
	scales_seal(&none);

	assert_int_equal(set(p, &s), OK);
	assert_int_equal(toy_set(p, HASH, hash, n), NDIS_STATUS_INVALID_OID);
	assert_int_equal(a->n_requests, 1);
	assert_int_equal(set(p, &none), OK);
	assert_int_equal(toy_set(p, HASH, hash, n), OK);
	assert_int_equal(a->last.oid, HASH);
	assert_int_equal(query(p, HASH, bytes), n);
	assert_memory_equal(bytes, hash, n);
	assert_true(is_off());
	assert_int_equal(set(p, &s), NDIS_STATUS_INVALID_OID);
	assert_int_equal(a->n_requests, 3);
	assert_int_equal(toy_set(p, HASH, off, n), OK);
	assert_int_equal(set(p, &s), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, toy_teardown)
#define BARE(name) cmocka_unit_test_setup_teardown(name, prepare, toy_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(N1_the_query_and_the_bind_show_what_was_registered),
		TEST(N1_an_older_protocol_gets_its_own_revision),
		TEST(N1_a_short_buffer_is_told_how_many_bytes_would_do),
		BARE(N1_N17_without_capabilities_nothing_is_supported),
		BARE(N2_capabilities_that_lack_what_is_compulsory_are_refused),
		TEST(N3_a_set_reaches_the_miniport_and_a_query_does_not),
		TEST(N3_the_newest_set_is_the_whole_truth),
		TEST(N4_N6_a_set_that_makes_no_sense_changes_nothing),
		BARE(N4_entries_are_turned_into_what_the_miniport_reads),
		TEST(N5_what_is_unchanged_is_not_looked_at),
		TEST(N5_N15_disable_and_function_0_end_it_whatever_else_they_say),
		TEST(N6_what_the_miniport_refuses_is_not_in_force),
		TEST(N15_a_filter_ends_it_by_showing_none),
		TEST(N16_X41_hashing_alone_and_rss_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
