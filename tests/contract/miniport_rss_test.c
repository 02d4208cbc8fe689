/* SPDX-License-Identifier: BSD-2-Clause */
/* Received frames and their hashes, with our miniport (N3 .. N16). */
#include "hashed.h"

#include <string.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS

/* ---- flows on the wire ---- */

/* Bit by bit, as it is written down (N7). */
static uint32_t toeplitz(const uint8_t *input, unsigned n)
{
	uint32_t window = (uint32_t)scales_key[0] << 24 | (uint32_t)scales_key[1] << 16 |
			  (uint32_t)scales_key[2] << 8 | scales_key[3], result = 0;

	for (unsigned bit = 0; bit < 8 * n; bit++) {
		unsigned next = bit + 32;

		if (input[bit / 8] >> (7 - bit % 8) & 1)
			result ^= window;
		window = window << 1 | (scales_key[next / 8] >> (7 - next % 8) & 1);
	}
	return result;
}

/* Of a flow's frame, with ports or without. */
static uint32_t hash_of(unsigned index, bool ports)
{
	return toeplitz(protocol_wire.list[index].bytes + HASHED_IP + 12, ports ? 12 : 8);
}

/* ---- capabilities, keywords ---- */

/* ---- receives ---- */

static void N10_N12_a_receive_has_its_hash_and_its_processor(void **state)
{
	static const uint8_t table[8] = { 2, 0, 3, 1, 2, 2, 0, 1 };
	unsigned n = 96, used = 0;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		hashed_frame(i, i % 2 ? HASHED_TCP : HASHED_UDP);
	hashed_open(NULL);
	hashed_on(HASHED_INFO, 128, table, 8);
	stack_flow(n);
	for (unsigned i = 0; i < n; i++) {
		const struct trace_frame *f = hashed_seen(i);

		assert_int_equal(f->hash, hash_of(i, true));
		assert_int_equal(f->hash_info, NdisHashFunctionToeplitz |
						(i % 2 ? NDIS_HASH_TCP_IPV4 : NDIS_HASH_UDP_IPV4));
		assert_int_equal(f->queue, 0);
		assert_int_equal(hashed_processor(i), table[f->hash % 128 % 8]);
		used |= 1u << hashed_processor(i);
	}
	assert_int_equal(used, 0xf);
}

static void N8_N10_what_has_no_hash_goes_to_the_default_processor(void **state)
{
	struct scales wide, *s = &wide;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		hashed_arp_frame();
	hashed_frame(1, HASHED_UDP);
	for (unsigned i = 0; i < 4; i++)
		hashed_arp_frame();
	hashed_open(NULL);
	hashed_on(NdisHashFunctionToeplitz | NDIS_HASH_TCP_IPV4, 4, (const uint8_t[]){ 1, 2, 3, 1 }, 4);
	stack_flow(5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(hashed_processor(i), 0);
		assert_int_equal(hashed_seen(i)->hash | hashed_seen(i)->hash_info, 0);
	}
	/* Revision 3 names that processor; the rest stays. */
	memset(s, 0, sizeof(*s));
	s->p.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_RSS_PARAMETERS, 3,
					    NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_3 };
	s->p.Flags = NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED |
		     NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED;
	s->p.DefaultProcessorNumber.Number = 3;
	s->length = NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_3;
	scales_seal(s);
	assert_int_equal(hashed_set(s), OK);
	stack_flow(4);
	for (unsigned i = 5; i < 9; i++)
		assert_int_equal(hashed_processor(i), 3);
}

static void N3_N5_N6_types_change_and_what_is_refused_does_not(void **state)
{
	static struct request again;     /* it outlives a test that fails */
	static struct scales s;
	unsigned quiet;

	(void)state;
	for (unsigned i = 0; i < 24; i++)
		hashed_frame(i, HASHED_TCP);
	hashed_open(NULL);
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	stack_flow(8);
	/* The newest hashed_set alone counts: no type for what has ports. */
	hashed_on(NdisHashFunctionToeplitz | NDIS_HASH_IPV4, 4, hashed_four, 4);
	stack_flow(8);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(hashed_seen(i)->hash, hash_of(i, i < 8));
		assert_int_equal(hashed_seen(i)->hash_info, NdisHashFunctionToeplitz |
						(i < 8 ? NDIS_HASH_TCP_IPV4 : NDIS_HASH_IPV4));
	}
	/* Refused by the miniport itself, and by NDIS: all stays. */
	scales_make(&s, HASHED_INFO, 3, hashed_four, 4);
	assert_int_equal(hashed_ask_miniport(HASHED_PARAMS, s.bytes, s.length),
			 NDIS_STATUS_INVALID_LENGTH);
	scales_make(&s, HASHED_INFO | NDIS_HASH_TYPE_MASK, 4, hashed_four, 4);
	assert_int_equal(hashed_ask_miniport(HASHED_PARAMS, s.bytes, s.length),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(hashed_set(&s), NDIS_STATUS_INVALID_PARAMETER);
	/* N5: the same again, without an UNCHANGED flag, ends at once. */
	scales_make(&s, NdisHashFunctionToeplitz | NDIS_HASH_IPV4, 4, hashed_four, 4);
	assert_int_equal(request_start(&again, P0, NdisRequestSetInformation, HASHED_PARAMS, s.bytes,
				       s.length, 0), OK);
	quiet = atomic_load(&trace.n_frames);
	stack_flow(8);
	assert_int_equal(atomic_load(&trace.n_frames), quiet + 8);
	for (unsigned i = 16; i < 24; i++) {
		assert_int_equal(hashed_seen(i)->hash, hash_of(i, false));
		assert_int_equal(hashed_processor(i), hashed_four[hashed_seen(i)->hash % 4]);
	}
}

static void N15_off_is_as_before_it_was_ever_on(void **state)
{
	struct scales s;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		hashed_frame(i, HASHED_TCP);
	hashed_open(NULL);
	stack_flow(8);                                      /* not yet */
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	hashed_off();
	stack_flow(8);
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	scales_make(&s, SCALES_IPV4, 4, hashed_four, 4);       /* function 0 */
	assert_int_equal(hashed_set(&s), OK);
	stack_flow(8);
	for (unsigned i = 0; i < 24; i++) {
		assert_int_equal(hashed_seen(i)->hash | hashed_seen(i)->hash_info, 0);
		assert_int_equal(hashed_processor(i), 0);
	}
	/* The next hashed_set counts as the first. */
	s.p.Flags = NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED;
	s.p.HashInformation = HASHED_INFO;
	scales_seal(&s);
	assert_int_equal(hashed_ask_miniport(HASHED_PARAMS, s.bytes, s.length),
			 NDIS_STATUS_INVALID_PARAMETER);
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	stack_flow(16);
	for (unsigned i = 24; i < 40; i++) {
		assert_int_equal(hashed_seen(i)->hash, hash_of(i, true));
		assert_int_equal(hashed_processor(i), hashed_four[hashed_seen(i)->hash % 4]);
	}
}

static void N16_hashing_alone_hashes_and_scales_nothing(void **state)
{
	uint8_t hash[SCALES_ROOM];
	ULONG length = scales_hash(hash, NDIS_RECEIVE_HASH_FLAG_ENABLE_HASH, HASHED_INFO);
	struct scales s;

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		hashed_frame(i, HASHED_TCP);
	hashed_open(NULL);
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	assert_int_equal(hashed_ask_miniport(OID_GEN_RECEIVE_HASH, hash, length), NDIS_STATUS_INVALID_OID);
	hashed_off();
	assert_int_equal(request(P0, NdisRequestSetInformation, OID_GEN_RECEIVE_HASH, hash, length, 0),
			 OK);
	scales_make(&s, HASHED_INFO, 4, hashed_four, 4);
	assert_int_equal(hashed_ask_miniport(HASHED_PARAMS, s.bytes, s.length), NDIS_STATUS_INVALID_OID);
	stack_flow(16);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(hashed_seen(i)->hash, hash_of(i, true));
		assert_int_equal(hashed_seen(i)->hash_info, NdisHashFunctionToeplitz | NDIS_HASH_TCP_IPV4);
		assert_int_equal(hashed_processor(i), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hashed_setup, sender_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(N10_N12_a_receive_has_its_hash_and_its_processor),
		TEST(N8_N10_what_has_no_hash_goes_to_the_default_processor),
		TEST(N3_N5_N6_types_change_and_what_is_refused_does_not),
		TEST(N15_off_is_as_before_it_was_ever_on),
		TEST(N16_hashing_alone_hashes_and_scales_nothing),
	};

	return cmocka_run_group_tests_name("RSS", tests, ground_setup, ground_teardown);
}
