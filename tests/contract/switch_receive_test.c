/* SPDX-License-Identifier: BSD-2-Clause */
/* What the switch shows to a VM of what a miniport indicates, however it does (E, F). */
#include "arrivals.h"

#include <string.h>

#include "frame/frame.h"
#include "verifier/verifier.h"

/* ---- what a VM may see ---- */

static void E24_D20_a_foreign_mac_or_vlan_on_a_vms_queue(void **state)
{
	(void)state;
	ports_open_started();
	arrival(vm_queue(1), 2, PORT_VLAN);     /* its own */
	arrival(vm_queue(1), 1, PORT_VLAN);     /* another's address */
	arrival(vm_queue(1), 2, 8);             /* another VLAN */
	arrival(vm_queue(1), 2, 0);             /* none */
	arrival(vm_queue(1), 0x55, PORT_VLAN);  /* nobody's */
	arrival(vm_queue(1), 0x12, PORT_VLAN);  /* its second */
	arrivals_indicate(1, 0, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	ports_wait();
	assert_int_equal(ports_drops(1, PORT_DROP_FOREIGN_MAC), 2);
	assert_int_equal(ports_drops(1, PORT_DROP_FOREIGN_VLAN), 2);
	ports_close();
	assert_int_equal(ports.got[1].n, 2);
	assert_true(vm_has(1, 0) && vm_has(1, 5));
	assert_int_equal(ports.got[0].n, 0);
	arrivals_returned_once();
}

/* The same on frames that lie in mbufs, as our own miniport's do, and lent ones. */
static void E24_F24_foreign_frames_in_mbufs_and_lent(void **state)
{
	const struct frame_pool_config c = { .name = "wire", .frames = 31, .data_room = 2048 };
	struct rte_mbuf *m[6];
	struct frame_pool *pool;
	struct error err = { "" };

	(void)state;
	ports_open_started();
	assert_int_equal(frame_pool_create(&pool, &c, &err), 0);
	for (unsigned i = 0; i < 6; i++) {
		uint8_t mac[6];
		NET_BUFFER_LIST *nbl;
		unsigned index;

		ground_mac(mac, i % 3 == 1 ? 3 : 1);
		index = ground_frame_add(&arrival_frames, mac, UNTAGGED, 100);
		m[i] = rte_pktmbuf_alloc(frame_pool_mempool(pool));
		memcpy(rte_pktmbuf_append(m[i], 100), arrival_frames.list[index].bytes, 100);
		nbl = frame_describe(m[i]);
		NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)vm_queue(0);
		if (i % 3 == 2)
			NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = (PVOID)(5 << 4);
		fake_indicate(0, nbl, 1, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE |
					 (i < 3 ? 0 : NDIS_RECEIVE_FLAGS_RESOURCES));
	}
	ports_wait();
	assert_int_equal(ports_drops(0, PORT_DROP_FOREIGN_MAC), 2);
	assert_int_equal(ports_drops(0, PORT_DROP_FOREIGN_VLAN), 2);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(fake_returned(frame_nbl(m[i])), i < 3);
		assert_int_equal(rte_mbuf_refcnt_read(m[i]), 1);
		rte_pktmbuf_free(m[i]);
	}
	ports_close();
	frame_pool_destroy(pool);
	assert_int_equal(ports.got[0].n, 2);
	assert_true(vm_has(0, 0) && vm_has(0, 3));
}

static void F24_a_lent_chain_stays_as_it_came(void **state)
{
	PNET_BUFFER_LIST next[8];

	(void)state;
	ports_open_started();
	atomic_store(&ports.refuse[0], true);  /* copies must not depend on the original */
	for (unsigned i = 0; i < 8; i++)
		arrival(i & 1 ? vm_queue(0) : 0, i & 1 ? 1 : 3, 0);
	arrivals_indicate(0, 0, NDIS_RECEIVE_FLAGS_RESOURCES);
	for (unsigned i = 0; i < 8; i++) {
		next[i] = i < 7 ? &arrivals[i + 1]->nbl : NULL;
		assert_ptr_equal(NET_BUFFER_LIST_NEXT_NBL(&arrivals[i]->nbl), next[i]);
		assert_true(packet_is_unchanged(arrivals[i]));
		memset(arrivals[i]->room, 0xdd, sizeof(arrivals[i]->room));   /* used again at once */
	}
	assert_int_equal(fake.n_returns, 0);
	atomic_store(&ports.refuse[0], false);
	OvmqNotifyProcessor(0);
	ports_wait();
	ports_close();
	assert_int_equal(fake.n_returns, 0);
	for (unsigned i = 0; i < 8; i++)
		assert_true(vm_has(i & 1 ? 0 : 2, i));
}

static void F14_a_queues_frames_may_all_be_in_one_call(void **state)
{
	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < 60; i++)
		arrival(vm_queue(0), 1, 0);
	arrivals_indicate(0, 0, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	ports_wait();
	ports_close();
	assert_int_equal(ports.got[0].n, 60);
	for (unsigned i = 0; i < 60; i++)
		assert_true(vm_has(0, i));
	arrivals_returned_once();
	returns_are_truthful();
}

static void F5_F29_a_chain_of_several_queues(void **state)
{
	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < 60; i++) {
		unsigned last = i % 4 == 1 ? 1 : i % 4 == 3 ? 0x77 : 3;

		/* Unsorted: port 0's queue, the default queue for port 2, and for nobody. */
		arrival(i % 4 == 1 ? vm_queue(0) : 0, last, 0);
	}
	/* One chain begins with the default queue, the other with the VM's. */
	fake_indicate_packets(0, arrivals, 29, 0);
	arrivals_indicate(0, 29, 0);
	ports_wait();
	ports_close();
	for (unsigned i = 0; i < 60; i++) {
		assert_int_equal(vm_has(0, i), i % 4 == 1);
		assert_int_equal(vm_has(2, i), i % 4 == 0 || i % 4 == 2);
	}
	arrivals_returned_once();
	returns_are_truthful();
	assert_int_equal(ports.last.drops[PORT_DROP_NO_DESTINATION], 15);
}

/* SINGLE_QUEUE on the default queue is legal; so are NBLs in any shape of MDLs. */
static void F6_nbls_of_a_strange_driver(void **state)
{
	static const unsigned lengths[] = { 6, 8, 50, 0 };

	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < 20; i++) {
		uint8_t mac[6];
		unsigned index;

		ground_mac(mac, i & 1 ? 1 : 3);
		index = ground_frame_add(&arrival_frames, mac, UNTAGGED, 60 + i * 70);
		arrivals[n_arrivals] = packet_new(NULL, 0);
		packet_add(arrivals[n_arrivals++], &arrival_frames.list[index], 1 + i % 4, lengths, i % 9);
	}
	arrivals_indicate(2, 0, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	ports_wait();
	ports_close();
	for (unsigned i = 0; i < 20; i++)
		assert_true(vm_has(i & 1 ? 0 : 2, i));
	arrivals_returned_once();
}

/* A packet of 'queue' with the tag in its data, and with that VLAN in the OOB too. */
static void tagged_arrival(ULONG queue, unsigned last, unsigned inside, unsigned beside)
{
	uint8_t mac[6];
	unsigned index;

	ground_mac(mac, last);
	index = ground_frame_add(&arrival_frames, mac, (int)inside, 104);
	arrivals[n_arrivals] = packet_of(NULL, (USHORT)queue, &arrival_frames, index);
	packet_set_tag(arrivals[n_arrivals++], 0, beside);
}

/* A miniport that leaves tags in the data: the VLAN holds, and the VM never sees one. */
static void D16_D17_E24_tags_left_in_the_data(void **state)
{
	(void)state;
	ports_open_started();
	tagged_arrival(vm_queue(1), 2, PORT_VLAN, 0);
	tagged_arrival(vm_queue(1), 2, PORT_VLAN, PORT_VLAN);
	tagged_arrival(0, 2, PORT_VLAN, 0);
	tagged_arrival(vm_queue(1), 2, 8, 0);
	tagged_arrival(vm_queue(0), 1, PORT_VLAN, 0);   /* its VM is untagged */
	tagged_arrival(vm_queue(0), 1, 0, 0);           /* VLAN 0 is none (D13) */
	arrivals_indicate(1, 0, 0);
	ports_wait();
	assert_int_equal(ports_drops(0, PORT_DROP_FOREIGN_VLAN), 1);
	assert_int_equal(ports_drops(1, PORT_DROP_FOREIGN_VLAN), 1);
	ports_close();
	assert_int_equal(ports.got[1].n, 3);
	assert_int_equal(ports.got[0].n, 1);
	for (unsigned i = 0; i < 4; i++) {
		const struct ground_frame *f = i < 3 ? &ports.got[1].list[i] : &ports.got[0].list[0];

		assert_int_equal(f->length, 100);
		assert_memory_equal(f->bytes, arrival_frames.list[i < 3 ? 0 : 5].bytes, 12);
		assert_memory_equal(f->bytes + 12, arrival_frames.list[i < 3 ? 0 : 5].bytes + 16, 2);
	}
	arrivals_returned_once();
}

/* A miniport may indicate from a thread of its own: on no processor, at PASSIVE_LEVEL. */
static void A44_A45_indications_below_dispatch_level(void **state)
{
	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < 40; i++)
		arrival(i & 1 ? vm_queue(0) : 0, i & 1 ? 1 : 3, 0);
	arrivals_indicate(FAKE_OUTSIDE, 0, 0);
	for (unsigned i = 0; i < fake.n_returns; i++)
		assert_int_equal(fake.returns[i].flags & NDIS_RETURN_FLAGS_DISPATCH_LEVEL, 0);
	ports_wait();
	assert_int_equal(ports_report(0).own_frames, 20);
	assert_int_equal(ports_report(2).own_frames, 0);
	ports_close();
	assert_int_equal(ports.last.default_frames, 20);
	for (unsigned i = 0; i < 40; i++)
		assert_true(vm_has(i & 1 ? 0 : 2, i));
	arrivals_returned_once();
}

static void C6_stale_and_unknown_queue_ids(void **state)
{
	static const ULONG unknown[] = { 4, FAKE_QUEUES + 1, 1000, 0xffff };

	(void)state;
	fake.refuse_element = 3;               /* id 3 was there and is gone again */
	ports_open_started();
	assert_int_equal(vm_queue(2), 0);
	arrival(3, 3, 0);
	for (unsigned i = 0; i < 4; i++)
		arrival(unknown[i], 1, 0);
	arrival(1000, 2, 0);                    /* known address, not in that VLAN */
	arrivals_indicate(0, 0, 0);
	for (unsigned i = 0; i < n_arrivals; i++)
		assert_int_equal(fake_returned(&arrivals[i]->nbl), 1);
	arrival(3, 3, 0);
	arrivals_indicate(2, 6, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	ports_wait();
	ports_close();
	assert_true(vm_has(2, 0) && vm_has(2, 6));
	assert_int_equal(ports.got[0].n, 4);
	assert_int_equal(ports.got[1].n, 0);
	arrivals_returned_once();
}

static void U11_broadcasts_reach_the_vlan(void **state)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };

	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < 2; i++) {
		unsigned index = ground_frame_add(&arrival_frames, all, UNTAGGED, 80);

		arrivals[n_arrivals] = packet_of(NULL, 0, &arrival_frames, index);
		packet_set_tag(arrivals[n_arrivals++], 0, i ? PORT_VLAN : 0);
	}
	arrivals_indicate(3, 0, 0);
	ports_wait();
	ports_close();
	assert_true(vm_has(0, 0) && vm_has(2, 0) && !vm_has(1, 0));
	assert_true(vm_has(1, 1) && !vm_has(0, 1) && !vm_has(2, 1));
	arrivals_returned_once();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(E24_D20_a_foreign_mac_or_vlan_on_a_vms_queue),
		TEST(E24_F24_foreign_frames_in_mbufs_and_lent),
		TEST(F24_a_lent_chain_stays_as_it_came),
		TEST(F14_a_queues_frames_may_all_be_in_one_call),
		TEST(F5_F29_a_chain_of_several_queues),
		TEST(F6_nbls_of_a_strange_driver),
		TEST(D16_D17_E24_tags_left_in_the_data),
		TEST(A44_A45_indications_below_dispatch_level),
		TEST(C6_stale_and_unknown_queue_ids),
		TEST(U11_broadcasts_reach_the_vlan),
	};

	/* The fake miniport mixes queues (F5), names ones that are not there, and indicates
	 * from a thread of the test, on purpose. */
	verifier_ignore("ReceiveSingleQueue");
	verifier_ignore("ReceiveQueueId");
	verifier_ignore("ReceiveProcessor");
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
