/* SPDX-License-Identifier: BSD-2-Clause */
/* OID requests that NDIS answers or changes itself, and their time limits (I25 to I30). */
#include "toy.h"

#include <pthread.h>
#include <string.h>

static struct toy_protocol *const p = &toy_protocols[0];
static struct toy_adapter *const a = &toy.adapters[0];

#define NOT_ASKED UINT32_MAX

/* A ULONG answer that the miniport was not asked for. */
static ULONG answered(NDIS_OID oid)
{
	unsigned before = a->n_requests;
	ULONG value = 0;

	assert_int_equal(toy_query(p, oid, &value, sizeof(value)), NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, before);
	return value;
}

static void I25_ndis_answers_from_the_attributes(void **state)
{
	(void)state;
	assert_int_equal(answered(OID_GEN_MEDIA_SUPPORTED), NdisMedium802_3);
	assert_int_equal(answered(OID_GEN_MEDIA_IN_USE), NdisMedium802_3);
	assert_int_equal(answered(OID_GEN_PHYSICAL_MEDIUM), NdisPhysicalMediumUnspecified);
	assert_int_equal(answered(OID_GEN_PHYSICAL_MEDIUM_EX), NdisPhysicalMedium802_3);
	assert_int_equal(answered(OID_GEN_MAXIMUM_FRAME_SIZE), 1500);
	assert_int_equal(answered(OID_GEN_MAXIMUM_LOOKAHEAD), 1500);
	assert_int_equal(answered(OID_GEN_LINK_SPEED), 10000000);
	assert_int_equal(answered(OID_GEN_MEDIA_CONNECT_STATUS), NdisMediaStateConnected);
	assert_int_equal(answered(OID_GEN_MEDIA_CONNECT_STATUS_EX), MediaConnectStateConnected);
	assert_int_equal(answered(OID_GEN_MEDIA_DUPLEX_STATE), MediaDuplexStateFull);
	assert_int_equal(answered(OID_GEN_MAC_OPTIONS), NDIS_MAC_OPTION_NO_LOOPBACK);
	assert_int_equal(answered(OID_GEN_DRIVER_VERSION), 0x650);
	assert_int_equal(answered(OID_802_3_MAXIMUM_LIST_SIZE), 4);
	assert_int_equal(a->n_requests, 0);
}

static void I25_ndis_answers_addresses_and_speeds(void **state)
{
	uint8_t mac[6];
	NDIS_LINK_SPEED speed;
	NDIS_LINK_STATE link;

	(void)state;
	assert_int_equal(toy_query(p, OID_802_3_PERMANENT_ADDRESS, mac, 6), NDIS_STATUS_SUCCESS);
	assert_int_equal(mac[5], 0x11);
	assert_int_equal(toy_query(p, OID_802_3_CURRENT_ADDRESS, mac, 6), NDIS_STATUS_SUCCESS);
	assert_int_equal(mac[5], 0x22);
	assert_int_equal(toy_query(p, OID_GEN_MAX_LINK_SPEED, &speed, sizeof(speed)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(speed.XmitLinkSpeed, 10000000000u);
	assert_int_equal(toy_query(p, OID_GEN_LINK_SPEED_EX, &speed, sizeof(speed)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(speed.RcvLinkSpeed, 500000000u);
	assert_int_equal(toy_query(p, OID_GEN_LINK_STATE, &link, sizeof(link)), NDIS_STATUS_SUCCESS);
	assert_int_equal(link.XmitLinkSpeed, 1000000000u);
	assert_int_equal(a->n_requests, 0);
}

/* What the miniport has indicated since counts. */
static void I25_a_link_state_is_the_one_last_indicated(void **state)
{
	NDIS_LINK_STATE link = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
			    NDIS_SIZEOF_LINK_STATE_REVISION_1 },
		.MediaConnectState = MediaConnectStateDisconnected,
		.MediaDuplexState = MediaDuplexStateHalf,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.StatusCode = NDIS_STATUS_LINK_STATE, .StatusBuffer = &link,
		.StatusBufferSize = sizeof(link) };

	(void)state;
	s.SourceHandle = a->handle;
	NdisMIndicateStatusEx(a->handle, &s);
	assert_int_equal(answered(OID_GEN_MEDIA_CONNECT_STATUS), NdisMediaStateDisconnected);
	assert_int_equal(answered(OID_GEN_MEDIA_DUPLEX_STATE), MediaDuplexStateHalf);
}

static void I25_the_list_of_oids_has_no_statistics_for_a_protocol(void **state)
{
	static const NDIS_OID oids[] = { OID_GEN_VENDOR_ID, OID_GEN_XMIT_OK, OID_802_3_CURRENT_ADDRESS,
					 OID_802_3_RCV_ERROR_ALIGNMENT };
	NDIS_OID list[8];
	NDIS_OID_REQUEST r;
	unsigned written;

	(void)state;
	toy_unload();
	toy_reset();
	toy.oids = oids;
	toy.oids_length = sizeof(oids);
	assert_true(toy_load());
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	toy_request(&r, NdisRequestQueryInformation, OID_GEN_SUPPORTED_LIST, list, sizeof(list));
	assert_int_equal(toy_ask(p, &r), NDIS_STATUS_SUCCESS);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesWritten, 8);
	assert_int_equal(list[0], OID_GEN_VENDOR_ID);
	assert_int_equal(list[1], OID_802_3_CURRENT_ADDRESS);
	assert_int_equal(ndis_adapter_query(a->adapter, OID_GEN_SUPPORTED_LIST, list, sizeof(list),
					    &written, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(written, sizeof(oids));
}

static void I28_a_short_buffer_stays_and_is_told_its_length(void **state)
{
	uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
	NDIS_OID_REQUEST r;

	(void)state;
	toy_request(&r, NdisRequestQueryInformation, OID_802_3_CURRENT_ADDRESS, mac, 5);
	assert_int_equal(toy_ask(p, &r), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesNeeded, 6);
	assert_int_equal(mac[0], 9);
	r.DATA.QUERY_INFORMATION.InformationBufferLength = 6;
	assert_int_equal(toy_ask(p, &r), NDIS_STATUS_SUCCESS);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesWritten, 6);
}

/* Counters, sets of what can only be asked, and everything unknown are the miniport's. */
static void I25_everything_else_goes_down(void **state)
{
	static const NDIS_OID down[] = { OID_GEN_XMIT_OK, OID_GEN_STATISTICS, OID_GEN_VENDOR_ID,
					 OID_GEN_MAXIMUM_TOTAL_SIZE, 0xff123456 };
	ULONG value = 0;

	(void)state;
	toy.oid_status = NDIS_STATUS_NOT_SUPPORTED;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(toy_query(p, down[i], &value, sizeof(value)), NDIS_STATUS_NOT_SUPPORTED);
		assert_int_equal(a->n_requests, i + 1);
		assert_int_equal(a->last.oid, down[i]);
		assert_int_equal(a->last.length, 4);
	}
	assert_int_equal(toy_set(p, OID_GEN_LINK_PARAMETERS, &value, sizeof(value)),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->last.oid, OID_GEN_LINK_PARAMETERS);
}

static void I25_the_largest_lookahead_counts(void **state)
{
	struct toy_protocol *q = &toy_protocols[1];
	ULONG big = 800, small = 200, too_big = 1501;

	(void)state;
	toy_protocol_load(q, false);
	assert_int_equal(answered(OID_GEN_CURRENT_LOOKAHEAD), 1500);
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_LOOKAHEAD, &big, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(*(ULONG *)a->last.bytes, 800);
	assert_int_equal(toy_set(q, OID_GEN_CURRENT_LOOKAHEAD, &small, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(*(ULONG *)a->last.bytes, 800);   /* the other wants it still */
	assert_int_equal(small, 200);
	assert_int_equal(answered(OID_GEN_CURRENT_LOOKAHEAD), 800);
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_LOOKAHEAD, &too_big, 4), NDIS_STATUS_INVALID_DATA);
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_LOOKAHEAD, &big, 3), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(a->n_requests, 2);
}

static void F22_a_packet_filter_is_joined_and_answered_with_ones_own(void **state)
{
	struct toy_protocol *q = &toy_protocols[1];
	ULONG one = NDIS_PACKET_TYPE_DIRECTED, two = NDIS_PACKET_TYPE_BROADCAST, all = 0;

	(void)state;
	toy_protocol_load(q, false);
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_PACKET_FILTER, &one, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(toy_set(q, OID_GEN_CURRENT_PACKET_FILTER, &two, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(*(ULONG *)a->last.bytes, one | two);
	assert_int_equal(answered(OID_GEN_CURRENT_PACKET_FILTER), one);
	assert_int_equal(ndis_adapter_query(a->adapter, OID_GEN_CURRENT_PACKET_FILTER, &all, 4, NULL,
					    NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(all, one | two);
}

static void D38_a_program_may_look_but_not_set(void **state)
{
	struct { uint8_t bytes[512]; } buffer = { { 0 } };
	unsigned needed = NOT_ASKED;
	uint8_t mac[6] = { 1, 0, 0x5e, 0, 0, 1 };

	(void)state;
	assert_int_equal(ndis_adapter_query(a->adapter, OID_802_3_CURRENT_ADDRESS, mac, 3, NULL, &needed),
			 NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(needed, 6);
	/* An adapter without receive filters has none to show. */
	assert_int_equal(ndis_adapter_query(a->adapter, OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, &buffer,
					    sizeof(buffer), NULL, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(ndis_adapter_set(a->adapter, OID_RECEIVE_FILTER_FREE_QUEUE, &buffer,
					  sizeof(buffer), NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(ndis_adapter_set(a->adapter, OID_802_3_ADD_MULTICAST_ADDRESS, mac, 6, NULL),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->n_requests, 0);
	assert_int_equal(ndis_adapter_set(a->adapter, OID_GEN_INTERRUPT_MODERATION, &buffer, 16, NULL),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, 1);
}

/* ---- time limits and cancels ---- */

static NDIS_OID_REQUEST slow;
static ULONG slow_value;

static void start_slow(UINT timeout, PVOID id)
{
	toy.keep_requests = true;
	toy_request(&slow, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &slow_value, 4);
	slow.Timeout = timeout;
	slow.RequestId = id;
	assert_int_equal(NdisOidRequest(p->bindings[0], &slow), NDIS_STATUS_PENDING);
	ground_until(atomic_load(&a->kept));
}

static void I30_a_request_that_takes_too_long_is_cancelled(void **state)
{
	uint64_t began = ground_now();

	(void)state;
	toy.obey_cancel = true;
	start_slow(1, (PVOID)(uintptr_t)7);
	ground_until(atomic_load(&p->ended) == 1);
	assert_true(ground_now() - began >= 1000);
	assert_int_equal(p->end_status, NDIS_STATUS_REQUEST_ABORTED);
	assert_int_equal(toy.cancels, 1);
	assert_true(toy_heard("has not ended within its 1 s"));
}

/* One that waits behind it is over in time, too, and never reaches the miniport. */
static void I30_a_request_that_waits_too_long_ends(void **state)
{
	NDIS_OID_REQUEST waits;
	ULONG value;

	(void)state;
	start_slow(NDIS_OID_REQUEST_TIMEOUT_INFINITE, NULL);
	toy_request(&waits, NdisRequestQueryInformation, OID_GEN_RCV_OK, &value, 4);
	waits.Timeout = 1;
	assert_int_equal(toy_ask(p, &waits), NDIS_STATUS_REQUEST_ABORTED);
	assert_int_equal(toy.cancels, 0);
	assert_int_equal(a->n_requests, 1);
	toy_complete(a, NDIS_STATUS_SUCCESS);
	assert_int_equal(p->end_status, NDIS_STATUS_SUCCESS);
}

static void I30_a_request_in_time_is_let_alone(void **state)
{
	(void)state;
	toy.obey_cancel = true;
	start_slow(1, NULL);
	toy_complete(a, NDIS_STATUS_SUCCESS);
	assert_int_equal(p->end_status, NDIS_STATUS_SUCCESS);
	start_slow(NDIS_OID_REQUEST_TIMEOUT_INFINITE, NULL);
	usleep(1200000);
	assert_int_equal(toy.cancels, 0);   /* the limit was the first one's */
	toy_complete(a, NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ended, 2);
}

static void I30_a_pending_request_is_cancelled_by_its_id(void **state)
{
	(void)state;
	toy.obey_cancel = true;
	start_slow(0, (PVOID)(uintptr_t)7);
	NdisCancelOidRequest(p->bindings[0], (PVOID)(uintptr_t)8);
	assert_int_equal(toy.cancels, 0);
	NdisCancelOidRequest(p->bindings[0], (PVOID)(uintptr_t)7);
	assert_int_equal(toy.cancels, 1);
	assert_int_equal(p->ended, 1);
	assert_int_equal(p->end_status, NDIS_STATUS_REQUEST_ABORTED);
}

#define ROUNDS 40

static void *completer(void *arg)
{
	atomic_bool *stop = arg;

	while (!atomic_load(stop))
		toy_complete(a, NDIS_STATUS_SUCCESS);
	return NULL;
}

/* Every request ends once, whoever is first. */
static void I26_I30_ends_and_cancels_race(void **state)
{
	atomic_bool stop = false;
	pthread_t thread;

	(void)state;
	toy.keep_requests = toy.obey_cancel = true;
	assert_int_equal(pthread_create(&thread, NULL, completer, &stop), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		NDIS_OID_REQUEST r;
		ULONG value;

		toy_request(&r, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &value, 4);
		r.Timeout = 1;
		assert_int_equal(NdisOidRequest(p->bindings[0], &r), NDIS_STATUS_PENDING);
		NdisCancelOidRequest(p->bindings[0], NULL);
		ground_until(atomic_load(&p->ended) == i + 1);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, toy_setup, toy_teardown)
		T(I25_ndis_answers_from_the_attributes),
		T(I25_ndis_answers_addresses_and_speeds),
		T(I25_a_link_state_is_the_one_last_indicated),
		T(I25_the_list_of_oids_has_no_statistics_for_a_protocol),
		T(I28_a_short_buffer_stays_and_is_told_its_length),
		T(I25_everything_else_goes_down),
		T(I25_the_largest_lookahead_counts),
		T(F22_a_packet_filter_is_joined_and_answered_with_ones_own),
		T(D38_a_program_may_look_but_not_set),
		T(I30_a_request_that_takes_too_long_is_cancelled),
		T(I30_a_request_that_waits_too_long_ends),
		T(I30_a_request_in_time_is_let_alone),
		T(I30_a_pending_request_is_cancelled_by_its_id),
		T(I26_I30_ends_and_cancels_race),
#undef T
	};

	return cmocka_run_group_tests_name("OID answers", tests, ground_setup, ground_teardown);
}
