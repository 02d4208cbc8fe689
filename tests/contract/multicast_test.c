/* SPDX-License-Identifier: BSD-2-Clause */
/* Multicast addresses: each binding's own, the union for the miniport. */
#include "packets.h"
#include "toy.h"

#include <pthread.h>
#include <string.h>

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0];
static struct ground_frames frames;

static int setup(void **state)
{
	toy_setup(state);
	toy_protocol_load(q, false);
	packets_open();
	return 0;
}

static int teardown(void **state)
{
	toy_teardown(state);
	packets_close();
	ground_frames_free(&frames);
	return 0;
}

/* 01:00:5e:00:00:'last'. */
static void group(uint8_t mac[6], unsigned last)
{
	memcpy(mac, (const uint8_t[6]){ 1, 0, 0x5e, 0, 0, (uint8_t)last }, 6);
}

static NDIS_STATUS change(struct toy_protocol *who, NDIS_OID oid, unsigned last)
{
	uint8_t mac[6];

	group(mac, last);
	return toy_set(who, oid, mac, 6);
}

static NDIS_STATUS add(struct toy_protocol *who, unsigned last)
{
	return change(who, OID_802_3_ADD_MULTICAST_ADDRESS, last);
}

static NDIS_STATUS delete(struct toy_protocol *who, unsigned last)
{
	return change(who, OID_802_3_DELETE_MULTICAST_ADDRESS, last);
}

/* A list of 'n' groups from 'first' on. */
static NDIS_STATUS list(struct toy_protocol *who, unsigned first, unsigned n)
{
	uint8_t macs[8][6];

	for (unsigned i = 0; i < n; i++)
		group(macs[i], first + i);
	return toy_set(who, OID_802_3_MULTICAST_LIST, macs, n * 6);
}

/* Whether the miniport's list is 'n' addresses, with group 'last' among them. */
static bool miniport_has(unsigned n, unsigned last)
{
	assert_int_equal(a->last.oid, OID_802_3_MULTICAST_LIST);
	assert_int_equal(a->last.type, NdisRequestSetInformation);
	assert_int_equal(a->last.length, n * 6);
	for (unsigned i = 0; i < n; i++)
		if (a->last.bytes[i * 6 + 5] == last)
			return true;
	return false;
}

static void I25_the_miniport_gets_the_union(void **state)
{
	(void)state;
	assert_int_equal(list(p, 1, 2), NDIS_STATUS_SUCCESS);
	assert_true(miniport_has(2, 2));
	assert_int_equal(list(q, 2, 2), NDIS_STATUS_SUCCESS);
	assert_true(miniport_has(3, 1));
	assert_true(miniport_has(3, 3));
	assert_int_equal(list(p, 0, 0), NDIS_STATUS_SUCCESS);
	assert_false(miniport_has(2, 1));
	assert_int_equal(a->n_requests, 3);
}

static void I25_one_address_comes_as_a_whole_list(void **state)
{
	NDIS_OID_REQUEST r;
	uint8_t mac[6];

	(void)state;
	group(mac, 5);
	toy_request(&r, NdisRequestSetInformation, OID_802_3_ADD_MULTICAST_ADDRESS, mac, 6);
	assert_int_equal(toy_ask(p, &r), NDIS_STATUS_SUCCESS);
	assert_true(miniport_has(1, 5));
	/* The caller's request is its own again. */
	assert_int_equal(r.DATA.SET_INFORMATION.Oid, OID_802_3_ADD_MULTICAST_ADDRESS);
	assert_ptr_equal(r.DATA.SET_INFORMATION.InformationBuffer, mac);
	assert_int_equal(r.DATA.SET_INFORMATION.InformationBufferLength, 6);
	assert_int_equal(r.DATA.SET_INFORMATION.BytesRead, 6);
}

static void I25_an_address_goes_when_it_was_deleted_as_often_as_added(void **state)
{
	(void)state;
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(add(q, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, 1);           /* nothing new to the miniport */
	assert_int_equal(delete(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(delete(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, 1);           /* q wants it still */
	assert_int_equal(delete(p, 1), NDIS_STATUS_MULTICAST_NOT_FOUND);
	assert_int_equal(delete(q, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, 2);
	assert_false(miniport_has(0, 1));
}

static void I28_what_does_not_fit_is_refused_without_change(void **state)
{
	uint8_t unicast[6] = { 2, 0, 0, 0, 0, 1 };
	NDIS_OID_REQUEST r;

	(void)state;
	assert_int_equal(list(p, 1, 3), NDIS_STATUS_SUCCESS);
	assert_int_equal(list(q, 3, 2), NDIS_STATUS_SUCCESS);     /* 4 in all, which is the most */
	assert_int_equal(add(q, 9), NDIS_STATUS_MULTICAST_FULL);
	assert_int_equal(list(q, 9, 3), NDIS_STATUS_MULTICAST_FULL);
	assert_int_equal(toy_set(q, OID_802_3_ADD_MULTICAST_ADDRESS, unicast, 6),
			 NDIS_STATUS_MULTICAST_FULL);
	assert_int_equal(toy_set(q, OID_802_3_ADD_MULTICAST_ADDRESS, unicast, 5),
			 NDIS_STATUS_INVALID_LENGTH);
	toy_request(&r, NdisRequestSetInformation, OID_802_3_MULTICAST_LIST, unicast, 4);
	assert_int_equal(toy_ask(q, &r), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(r.DATA.SET_INFORMATION.BytesNeeded, 6);
	assert_int_equal(a->n_requests, 2);
	assert_int_equal(delete(q, 4), NDIS_STATUS_SUCCESS);      /* it has what it had */
}

static void I28_what_the_miniport_refuses_does_not_count(void **state)
{
	uint8_t all[24];
	NDIS_OID_REQUEST r;

	(void)state;
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	toy.oid_status = NDIS_STATUS_MULTICAST_FULL;
	assert_int_equal(add(p, 2), NDIS_STATUS_MULTICAST_FULL);
	toy_request(&r, NdisRequestQueryInformation, OID_802_3_MULTICAST_LIST, all, sizeof(all));
	assert_int_equal(toy_ask(q, &r), NDIS_STATUS_SUCCESS);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesWritten, 6);
	assert_int_equal(all[5], 1);
}

static void G_a_binding_that_goes_takes_its_addresses_with_it(void **state)
{
	(void)state;
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(add(q, 2), NDIS_STATUS_SUCCESS);
	assert_true(miniport_has(2, 2));
	ndis_image_unload(q->image);
	q->image = NULL;
	assert_false(miniport_has(1, 2));
	assert_true(miniport_has(1, 1));
}

static void I39_a_reset_that_lost_the_addresses_gets_them_again(void **state)
{
	ULONG filter = NDIS_PACKET_TYPE_MULTICAST;
	struct error err;
	unsigned before;

	(void)state;
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_PACKET_FILTER, &filter, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	before = a->n_requests;
	assert_int_equal(ndis_adapter_reset(a->adapter, &err), 0);
	assert_int_equal(a->n_requests, before);
	toy.addressing_reset = TRUE;
	assert_int_equal(ndis_adapter_reset(a->adapter, &err), 0);
	assert_int_equal(a->n_requests, before + 2);
	assert_true(miniport_has(1, 1));
}

/* ---- who gets a frame ---- */

static void indicate_now(void *nbl)
{
	NdisMIndicateReceiveNetBufferLists(a->handle, nbl, NDIS_DEFAULT_PORT_NUMBER, 1,
					   NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

/* Indicates a frame to a group, and returns who got it: bit 0 for p, bit 1 for q. */
static unsigned takers(unsigned last)
{
	struct packet *packet;
	unsigned who = 0;
	uint8_t mac[6];

	trace_clear();
	group(mac, last);
	packet = packet_of(a->handle, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 64));
	ground_on(1, indicate_now, &packet->nbl);
	for (unsigned i = 0; i < trace.n_events; i++)
		if (trace.events[i].kind == TRACE_RECEIVE)
			who |= 1u << trace.events[i].who;
	packet_free(packet);
	return who;
}

static void F22_a_frame_goes_to_those_that_asked_for_its_group(void **state)
{
	ULONG multicast = NDIS_PACKET_TYPE_MULTICAST, all = NDIS_PACKET_TYPE_ALL_MULTICAST, none = 0;

	(void)state;
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_PACKET_FILTER, &multicast, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(toy_set(q, OID_GEN_CURRENT_PACKET_FILTER, &multicast, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(list(q, 1, 2), NDIS_STATUS_SUCCESS);
	assert_int_equal(takers(1), 3);
	assert_int_equal(takers(2), 2);
	assert_int_equal(takers(3), 0);
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_PACKET_FILTER, &all, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(takers(3), 1);
	assert_int_equal(toy_set(q, OID_GEN_CURRENT_PACKET_FILTER, &none, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(takers(2), 1);
}

static void *changer(void *arg)
{
	atomic_bool *stop = arg;

	for (unsigned i = 0; !atomic_load(stop); i++)
		list(q, 2 + i % 2, 1 + i % 2);
	return NULL;
}

/* A list is read as it was before a change, or as it is after it. */
static void F22_workers_read_a_list_while_it_changes(void **state)
{
	ULONG multicast = NDIS_PACKET_TYPE_MULTICAST;
	atomic_bool stop = false;
	pthread_t thread;

	(void)state;
	assert_int_equal(toy_set(p, OID_GEN_CURRENT_PACKET_FILTER, &multicast, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(add(p, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(pthread_create(&thread, NULL, changer, &stop), 0);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(takers(1), 1);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(I25_the_miniport_gets_the_union),
		T(I25_one_address_comes_as_a_whole_list),
		T(I25_an_address_goes_when_it_was_deleted_as_often_as_added),
		T(I28_what_does_not_fit_is_refused_without_change),
		T(I28_what_the_miniport_refuses_does_not_count),
		T(G_a_binding_that_goes_takes_its_addresses_with_it),
		T(I39_a_reset_that_lost_the_addresses_gets_them_again),
		T(F22_a_frame_goes_to_those_that_asked_for_its_group),
		T(F22_workers_read_a_list_while_it_changes),
#undef T
	};

	return cmocka_run_group_tests_name("multicast", tests, ground_setup, ground_teardown);
}
