/* SPDX-License-Identifier: BSD-2-Clause */
/* The ports live, and the adapter below them is another: one that has no VMQ (G). */
#include "arrivals.h"

#include <errno.h>
#include <string.h>

#include "frame/frame.h"

static struct frame_pool *pool;
static struct rte_mbuf *held[64];

static void indicate_held(unsigned n)
{
	const struct frame_pool_config c = { .name = "held", .frames = 127, .data_room = 256 };
	struct error err = { "" };
	uint8_t mac[6];

	ground_mac(mac, 1);
	assert_int_equal(frame_pool_create(&pool, &c, &err), 0);
	for (unsigned i = 0; i < n; i++) {
		unsigned index = ground_frame_add(&arrival_frames, mac, UNTAGGED, 100);
		NET_BUFFER_LIST *nbl;

		held[i] = rte_pktmbuf_alloc(frame_pool_mempool(pool));
		memcpy(rte_pktmbuf_append(held[i], 100), arrival_frames.list[index].bytes, 100);
		nbl = frame_describe(held[i]);
		NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)vm_queue(0);
		fake_indicate(0, nbl, 1, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	}
}

static void drop_held(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rte_pktmbuf_free(held[i]);
	frame_pool_destroy(pool);
}

struct lent {
	struct packet *packets[8];
	unsigned n;
};

/* As the second adapter, on processor 2. */
static void indicate_second(void *arg)
{
	struct lent *l = arg;

	for (unsigned i = 0; i < l->n; i++) {
		l->packets[i]->nbl.SourceHandle = fake.second;
		NET_BUFFER_LIST_NEXT_NBL(&l->packets[i]->nbl) =
			i + 1 < l->n ? &l->packets[i + 1]->nbl : NULL;
	}
	NdisMIndicateReceiveNetBufferLists(fake.second, &l->packets[0]->nbl, NDIS_DEFAULT_PORT_NUMBER,
					   l->n, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

/* Every VM goes on over the new adapter; what the old one lent goes back to it, and what
 * the new one lends, to that. */
static void G12_G13_the_ports_go_on_over_an_adapter_without_vmq(void **state)
{
	struct ndis_adapter *second;
	struct error err = { "" };
	struct lent lent = { .n = PORTS };

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		uint8_t mac[6];

		ground_mac(mac, 0x99);
		ground_frame_add(&ports.sends[2], mac, UNTAGGED, 100);
		ground_mac(ports.sends[2].list[i].bytes + 6, 3);
	}
	ports_open();
	atomic_store(&ports.refuse[0], true);
	indicate_held(30);
	assert_int_equal(ports_report(0).of_queue, 30);
	second = fake_open_second();
	assert_int_equal(ndis_protocol_unbind(fake.adapter, ports_image(), &err), 0);
	assert_int_equal(fake.n_returns, 30);                        /* G11 */
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), PORTS);
	atomic_store(&ports.refuse[0], false);
	assert_int_equal(ndis_protocol_bind(second, ports_image(), &err), 0);
	assert_int_equal(vswitch_start(&err), 0);
	for (unsigned i = 0; i < PORTS; i++) {
		assert_int_equal(vm_queue(i), 0);
		assert_non_null(strstr(ports_report(i).why, "no VM queues"));
		lent.packets[i] = arrival(0, i + 1, i == 1 ? PORT_VLAN : 0);
	}
	ground_on(2, indicate_second, &lent);
	ground_until(atomic_load(&fake.second_returns) == PORTS);
	assert_int_equal(fake.n_returns, 30);                        /* G12 */
	ground_until(atomic_load(&fake.n_sends) == 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(fake.sends[i].queue, 0);
	ports_wait();
	/* No queue is to be had there, and who asks is told why. */
	assert_int_equal(vswitch_port_assign(0, 1000, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "no VM queues"));
	assert_int_equal(vswitch_port_move(0, 3, 1000, &err), 0);
	vswitch_stop();
	assert_int_equal(ndis_adapter_remove(second), 0);
	ports_close();
	drop_held(30);
	for (unsigned i = 0; i < PORTS; i++)
		assert_true(vm_has(i, 30 + i));
	assert_int_equal(ports.got[0].n, 1);
	assert_int_equal(ports.last.to_wire, 40);
}

/* And back to the one that has queues, which they get again, while traffic is wanted: the
 * new binding asks for it by itself. */
static void G13_G14_back_to_the_adapter_with_queues(void **state)
{
	struct ndis_adapter *second;
	struct error err = { "" };
	unsigned filters;

	(void)state;
	ports_open_started();
	second = fake_open_second();
	assert_int_equal(ndis_protocol_unbind(fake.adapter, ports_image(), &err), 0);
	assert_int_equal(ndis_protocol_bind(second, ports_image(), &err), 0);
	assert_int_equal(ndis_protocol_unbind(second, ports_image(), &err), 0);
	assert_int_equal(vswitch_port_assign(0, 1000, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "bound to no adapter"));
	filters = fake_count(OID_GEN_CURRENT_PACKET_FILTER);
	assert_int_equal(ndis_protocol_bind(fake.adapter, ports_image(), &err), 0);
	assert_int_equal(fake_count(OID_GEN_CURRENT_PACKET_FILTER), filters + 1);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_ALLOCATE_QUEUE), 2 * PORTS);
	for (unsigned i = 0; i < PORTS; i++) {
		assert_int_not_equal(vm_queue(i), 0);
		arrival(vm_queue(i), i + 1, i == 1 ? PORT_VLAN : 0);
		arrivals_indicate(i, i, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	}
	ports_wait();
	assert_int_equal(ndis_adapter_remove(second), 0);
	ports_close();
	for (unsigned i = 0; i < PORTS; i++)
		assert_true(vm_has(i, i));
}

/* A VM sends on after a pause as before it. */
static void I20_G13_traffic_goes_on_after_a_pause(void **state)
{
	struct error err = { "" };

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t mac[6];

		ground_mac(mac, 0x99);
		ground_frame_add(&ports.sends[0], mac, UNTAGGED, 100);
		ground_mac(ports.sends[0].list[i].bytes + 6, 1);
	}
	ports_open_started();
	ndis_adapter_pause(fake.adapter);
	assert_int_equal(ndis_adapter_restart(fake.adapter, &err), 0);
	ground_until(atomic_load(&fake.n_sends) == 2000);
	ports_wait();
	ports_close();
	assert_int_equal(ports.last.to_wire, 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(G12_G13_the_ports_go_on_over_an_adapter_without_vmq),
		TEST(G13_G14_back_to_the_adapter_with_queues),
		TEST(I20_G13_traffic_goes_on_after_a_pause),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
