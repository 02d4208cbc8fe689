/* SPDX-License-Identifier: BSD-2-Clause */
/* What the switch asks of an adapter with RSS, and when it does not (N). */
#include "arrivals.h"

#include <string.h>

#define OID   OID_GEN_RECEIVE_SCALE_PARAMETERS
#define ALWAYS (NdisHashFunctionToeplitz | NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4)

static NDIS_RECEIVE_SCALE_CAPABILITIES scaling;

/* An adapter with 'queues' VM queues, and RSS of 'entries' that can hash as 'flags' say. */
static void adapter(unsigned queues, USHORT entries, ULONG flags)
{
	scaling = (NDIS_RECEIVE_SCALE_CAPABILITIES){
		.Header = { NDIS_OBJECT_TYPE_RSS_CAPABILITIES, NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2 },
		.CapabilitiesFlags = ALWAYS | flags,
		.NumberOfInterruptMessages = 4, .NumberOfReceiveQueues = 4,
		.NumberOfIndirectionTableEntries = entries,
	};
	fake.queues = queues;
	fake.scaling = &scaling;
}

static const NDIS_RECEIVE_SCALE_PARAMETERS *asked(void)
{
	return (const NDIS_RECEIVE_SCALE_PARAMETERS *)fake.scale;
}

/* The requests of that OID, in their order among all: the index of the last, or -1. */
static int last_of(NDIS_OID oid)
{
	for (int i = (int)fake.n_requests - 1; i >= 0; i--)
		if (fake.requests[i].oid == oid)
			return i;
	return -1;
}

/* Everything that is asked lies in the buffer: table and key, of lawful sizes. */
static void well_formed(unsigned entries)
{
	const NDIS_RECEIVE_SCALE_PARAMETERS *p = asked();
	const PROCESSOR_NUMBER *table = (const void *)(fake.scale + p->IndirectionTableOffset);
	const uint8_t *key = fake.scale + p->HashSecretKeyOffset;
	unsigned distinct = 0;
	bool on[GROUND_PROCESSORS] = { false };

	assert_int_equal(p->Header.Type, NDIS_OBJECT_TYPE_RSS_PARAMETERS);
	assert_true(fake.scale_length <= FAKE_SCALE);
	assert_int_equal(p->IndirectionTableSize, entries * sizeof(PROCESSOR_NUMBER));
	assert_true(p->IndirectionTableOffset >= NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2);
	assert_true(p->IndirectionTableOffset + p->IndirectionTableSize <= fake.scale_length);
	assert_int_equal(p->IndirectionTableOffset % 4, 0);
	assert_int_equal(p->HashSecretKeySize, 40);
	assert_true(p->HashSecretKeyOffset + 40u <= fake.scale_length);
	assert_int_equal(p->BaseCpuNumber, 0);
	assert_int_equal(p->Flags, 0);
	for (unsigned i = 0; i < entries; i++) {
		assert_int_equal(table[i].Group, 0);
		assert_true(table[i].Number < GROUND_PROCESSORS);
		distinct += !on[table[i].Number];
		on[table[i].Number] = true;
	}
	assert_int_equal(distinct, entries < GROUND_PROCESSORS ? entries : GROUND_PROCESSORS);
	for (unsigned i = 1; i < 40; i++)
		if (key[i] != key[0])
			return;
	fail_msg("the key is 40 times the same byte");
}

static void N4_table_and_key_lie_where_they_are_said_to(void **state)
{
	static const unsigned entries[] = { 2, 16, 64, 128 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		adapter(0, (USHORT)entries[i], 0);
		ports_open_started();
		assert_int_equal(fake_count(OID), 1);
		well_formed(entries[i]);
		ports_close();
		fake_reset();
	}
}

/* Only what the adapter can hash, and all of that: one request with both versions of IP. */
static void N4_N3_what_the_adapter_hashes_is_asked_for_at_once(void **state)
{
	static const struct {
		ULONG can, hash;
	} rows[] = {
		{ 0, 0 },
		{ NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6, NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6 },
		{ NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV4, NDIS_HASH_UDP_IPV4 },
		{ NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6 | NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV4 |
		  NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6,
		  NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6 | NDIS_HASH_UDP_IPV4 | NDIS_HASH_UDP_IPV6 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		adapter(0, 128, rows[i].can);
		ports_open_started();
		assert_int_equal(fake_count(OID), 1);
		assert_int_equal(asked()->HashInformation,
				 NdisHashFunctionToeplitz | NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 | rows[i].hash);
		ports_close();
		fake_reset();
	}
}

static void N4_each_switch_has_a_key_of_its_own(void **state)
{
	uint8_t first[40];

	(void)state;
	adapter(0, 128, 0);
	ports_open_started();
	memcpy(first, fake.scale + asked()->HashSecretKeyOffset, 40);
	ports_close();
	fake_reset();
	adapter(0, 128, 0);
	ports_open_started();
	assert_memory_not_equal(first, fake.scale + asked()->HashSecretKeyOffset, 40);
	ports_close();
}

static void N17_beside_vm_queues_nothing_is_asked(void **state)
{
	(void)state;
	adapter(FAKE_QUEUES, 128, 0);
	ports_open_started();
	assert_int_equal(fake_count(OID), 0);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_ALLOCATE_QUEUE), PORTS);
	ports_close();
	assert_int_equal(fake_count(OID), 0);
}

/* The switch leaves the adapter as it found it: no frame comes any more, then RSS is off. */
static void N15_who_leaves_ends_it(void **state)
{
	(void)state;
	adapter(0, 128, 0);
	ports_open_started();
	ports_close();
	assert_int_equal(fake_count(OID), 2);
	assert_int_equal(asked()->Flags, NDIS_RSS_PARAM_FLAG_DISABLE_RSS);
	assert_true(last_of(OID) > last_of(OID_GEN_CURRENT_PACKET_FILTER));
	assert_int_equal(fake.requests[last_of(OID_GEN_CURRENT_PACKET_FILTER)].packet_filter, 0);
}

static void N6_a_refusal_is_lived_with(void **state)
{
	struct packet *packet;

	(void)state;
	adapter(0, 128, 0);
	fake.refuse = OID;
	fake.refuse_number = 1;
	ports_open_started();
	packet = arrival(0, 1, 0);
	fake_indicate_packets(0, &packet, 1, 0);
	ports_wait();
	ports_close();
	assert_int_equal(fake_count(OID), 1);   /* what is not on is not switched off */
	assert_int_equal(ports.got[0].n, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(N4_table_and_key_lie_where_they_are_said_to),
		TEST(N4_N3_what_the_adapter_hashes_is_asked_for_at_once),
		TEST(N4_each_switch_has_a_key_of_its_own),
		TEST(N17_beside_vm_queues_nothing_is_asked),
		TEST(N15_who_leaves_ends_it),
		TEST(N6_a_refusal_is_lived_with),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
