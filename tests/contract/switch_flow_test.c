/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch keeps nothing: what it holds, gives back and waits for; and what it sends
 * (F, G, I, A, B). */
#include "arrivals.h"

#include <pthread.h>
#include <string.h>

#include "frame/frame.h"
#include "verifier/verifier.h"

/* ---- holding and returning ---- */

struct stream {
	unsigned processor, first, n;
};

static void *stream(void *arg)
{
	const struct stream *s = arg;

	for (unsigned i = 0; i < s->n; i += 16)
		fake_indicate_packets(s->processor, &arrivals[s->first + i], 16,
				      s->processor < PORTS ? NDIS_RECEIVE_FLAGS_SINGLE_QUEUE : 0);
	return NULL;
}

/* Every queue from its own processor at once, the default queue from a fourth. */
static void F5_F29_four_processors_at_once(void **state)
{
	struct stream s[4];
	pthread_t threads[4];

	(void)state;
	ports_open_started();
	for (unsigned p = 0; p < 4; p++) {
		s[p] = (struct stream){ p, n_arrivals, 240 };
		for (unsigned i = 0; i < 240; i++)
			arrival(p < PORTS ? vm_queue(p) : 0, p < PORTS ? p + 1 : 1 + i % 3,
			       p == 1 || (p == 3 && i % 3 == 1) ? PORT_VLAN : 0);
	}
	for (unsigned p = 0; p < 4; p++)
		assert_int_equal(pthread_create(&threads[p], NULL, stream, &s[p]), 0);
	for (unsigned p = 0; p < 4; p++)
		pthread_join(threads[p], NULL);
	ports_wait();
	ports_close();
	arrivals_returned_once();
	returns_are_truthful();
	for (unsigned p = 0; p < PORTS; p++) {
		uint32_t last = 0;

		assert_int_equal(ports.got[p].n, 240 + 80);
		for (unsigned i = 0; i < ports.got[p].n; i++) {
			uint32_t index = ground_index(ports.got[p].list[i].bytes, 100);

			if (index >= 720)
				continue;
			assert_true(index + 1 > last);   /* F13: the queue's own order */
			last = index + 1;
		}
	}
}

/* NBLs in mbufs of the VM's own queue. */
static struct rte_mbuf *held_mbufs[64];
static struct frame_pool *held_pool;

static void indicate_held(unsigned n)
{
	const struct frame_pool_config c = { .name = "held", .frames = 127, .data_room = 2048 };
	struct error err = { "" };
	uint8_t mac[6];

	ground_mac(mac, 1);
	assert_int_equal(frame_pool_create(&held_pool, &c, &err), 0);
	for (unsigned i = 0; i < n; i++) {
		unsigned index = ground_frame_add(&arrival_frames, mac, UNTAGGED, 100);
		NET_BUFFER_LIST *nbl;

		held_mbufs[i] = rte_pktmbuf_alloc(frame_pool_mempool(held_pool));
		memcpy(rte_pktmbuf_append(held_mbufs[i], 100), arrival_frames.list[index].bytes, 100);
		nbl = frame_describe(held_mbufs[i]);
		NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)vm_queue(0);
		fake_indicate(0, nbl, 1, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	}
}

static void drop_held(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rte_pktmbuf_free(held_mbufs[i]);
	frame_pool_destroy(held_pool);
}

static void F23_F29_what_the_vm_does_not_take_is_held_in_order(void **state)
{
	(void)state;
	ports_open_started();
	atomic_store(&ports.refuse[0], true);
	indicate_held(64);
	ground_settle();
	assert_int_equal(fake.n_returns, 0);
	assert_int_equal(ports_report(0).held, 64);
	atomic_store(&ports.refuse[0], false);
	OvmqNotifyProcessor(0);
	ports_wait();
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(fake_returned(frame_nbl(held_mbufs[i])), 1);
	returns_are_truthful();
	ports_close();
	drop_held(64);
	assert_int_equal(ports.got[0].n, 64);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(ground_index(ports.got[0].list[i].bytes, 100), i);
}

static void G11_a_vm_that_goes_away_gives_its_frames_back(void **state)
{
	(void)state;
	ports_open_started();
	atomic_store(&ports.refuse[0], true);
	indicate_held(40);
	assert_int_equal(fake.n_returns, 0);
	atomic_store(&ports.down, true);
	OvmqNotifyProcessor(0);
	ground_until(atomic_load(&fake.n_returns) == 40);
	assert_int_equal(ports_drops(0, PORT_DROP_PORT_DOWN), 40);
	atomic_store(&ports.down, false);
	ports_close();
	drop_held(40);
	assert_int_equal(ports.got[0].n, 0);
}

static atomic_bool paused;

static void *pause_adapter(void *arg)
{
	ndis_adapter_pause(arg);
	atomic_store(&paused, true);
	return NULL;
}

/* What is held for a VM goes back, sends are waited for, and what still comes is given
 * back at once. The queues stay (U9). */
static void I20_a_pause_returns_everything(void **state)
{
	pthread_t thread;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint8_t mac[6];

		ground_mac(mac, 0x99);
		ground_frame_add(&ports.sends[2], mac, UNTAGGED, 100);
		ground_mac(ports.sends[2].list[i].bytes + 6, 3);
	}
	atomic_store(&fake.keep_sends, true);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 20);
	atomic_store(&ports.refuse[0], true);
	indicate_held(30);
	atomic_store(&paused, false);
	assert_int_equal(pthread_create(&thread, NULL, pause_adapter, fake.adapter), 0);
	ground_until(atomic_load(&fake.n_returns) == 30);
	ground_settle();
	assert_false(atomic_load(&paused));          /* its own sends are out */
	arrival(vm_queue(0), 1, 0);
	arrival(0, 3, 0);
	arrivals_indicate(0, 0, 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(fake_returned(&arrivals[i]->nbl), 1);
	fake_complete(NDIS_STATUS_SUCCESS);
	ground_until(atomic_load(&paused));
	pthread_join(thread, NULL);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 0);
	ports_close();
	drop_held(30);
	assert_int_equal(ports.got[0].n, 0);
	assert_int_equal(ports.last.drops[PORT_DROP_STOPPED], 32);
	assert_int_equal(ports.last.to_wire, 20);
}

/* A VM that is there and takes nothing cannot hold up a pause: nobody may fail one. Its
 * frames came by the default queue, and are the switch's own copies by now. */
static void I17_I20_a_stuck_vm_does_not_hold_up_a_pause(void **state)
{
	uint64_t end = ground_ran() + 3000;
	pthread_t thread;
	bool in_time;

	(void)state;
	ports_open_started();
	atomic_store(&ports.refuse[0], true);
	for (unsigned i = 0; i < 10; i++)
		arrival(0, 1, 0);
	arrivals_indicate(0, 0, 0);
	atomic_store(&paused, false);
	assert_int_equal(pthread_create(&thread, NULL, pause_adapter, fake.adapter), 0);
	while (!atomic_load(&paused) && ground_ran() < end)
		usleep(1000);
	in_time = atomic_load(&paused);
	atomic_store(&ports.refuse[0], false);
	pthread_join(thread, NULL);
	assert_true(in_time);
}

/* ---- sends ---- */

static void add_sends(unsigned port, unsigned n, unsigned last, unsigned from)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t mac[6];
		unsigned index;

		ground_mac(mac, last);
		index = ground_frame_add(&ports.sends[port], mac, UNTAGGED, 60 + i % 400);
		ground_mac(ports.sends[port].list[index].bytes + 6, from);
	}
}

/* Sends that the adapter keeps do not hold up a pause: the switch cancels them. */
static void A57_I20_a_pause_cancels_what_the_adapter_keeps(void **state)
{
	uint64_t begun;

	(void)state;
	add_sends(0, 30, 0x99, 1);
	add_sends(1, 30, 0x99, 2);
	atomic_store(&fake.keep_sends, true);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 60);
	begun = ground_ran();
	ndis_adapter_pause(fake.adapter);
	assert_in_range(ground_ran() - begun, 0, 5000);
	assert_true(atomic_load(&fake.cancels) > 0);
	ports_close();
	assert_int_equal(ports.last.drops[PORT_DROP_SEND_FAILED], 60);
}

static atomic_bool resetting, reset_over;

static void linger(void)
{
	atomic_store(&resetting, true);
	ground_settle();
	while (!atomic_load(&reset_over))
		usleep(100);
}

static void *reset(void *unused)
{
	struct error err;

	ndis_adapter_reset(fake.adapter, &err);
	return unused;
}

static void A54_a_reset_is_waited_for(void **state)
{
	struct error err;
	pthread_t thread;
	unsigned meanwhile;

	(void)state;
	add_sends(0, 50, 0x99, 1);
	fake.on_reset = linger;
	atomic_store(&resetting, false);
	atomic_store(&reset_over, false);
	ports_open();
	assert_int_equal(pthread_create(&thread, NULL, reset, NULL), 0);
	ground_until(atomic_load(&resetting));
	assert_int_equal(vswitch_start(&err), 0);
	ground_settle();
	meanwhile = fake.n_sends;
	atomic_store(&reset_over, true);
	pthread_join(thread, NULL);
	assert_int_equal(meanwhile, 0);
	ground_until(atomic_load(&fake.n_sends) == 50);
	ports_wait();
	ports_close();
	assert_int_equal(ports.last.to_wire, 50);
}

static void A4_A5_A26_B1_B4_sends_carry_the_vms_queue(void **state)
{
	unsigned seen[PORTS] = { 0 };

	(void)state;
	fake.refuse_element = 3;               /* port 2 runs on the default queue */
	for (unsigned i = 0; i < PORTS; i++)
		add_sends(i, 512, 0x99, i == 1 ? 0x12 : i + 1);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == PORTS * 512);
	for (unsigned i = 0; i < fake.n_sends; i++) {
		const struct fake_send *s = &fake.sends[i];
		unsigned port = s->bytes[11] == 0x12 ? 1 : s->bytes[11] - 1u;
		const struct ground_frame *f = &ports.sends[port].list[seen[port]++];

		assert_int_equal(s->queue, vm_queue(port));                       /* B1 */
		assert_int_equal(s->vlan, port == 1 ? PORT_VLAN : 0);
		assert_int_equal(s->length, f->length);                           /* A4, A7 */
		assert_memory_equal(s->bytes, f->bytes, 60);
		assert_ptr_equal(s->source, fake.sends[0].source);                /* A26 */
		assert_non_null(s->source);
		if (i && s->call == s[-1].call && s->flags & NDIS_SEND_FLAGS_SINGLE_QUEUE)
			assert_int_equal(s->queue, s[-1].queue);                  /* B4 */
	}
	ports_wait();
	ports_close();
	assert_int_equal(ports.last.to_wire, PORTS * 512);
}

static void O20_a_miniport_that_inserts_no_tags(void **state)
{
	static const uint8_t tag[] = { 0x81, 0x00, 0x00, PORT_VLAN };
	unsigned seen[2] = { 0 };

	(void)state;
	fake.mac_options = NDIS_MAC_OPTION_NO_LOOPBACK;
	for (unsigned i = 0; i < 2; i++)
		add_sends(i, 20, 0x99, i + 1);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 40);
	for (unsigned i = 0; i < fake.n_sends; i++) {
		const struct fake_send *s = &fake.sends[i];
		unsigned port = s->bytes[11] - 1u;
		const struct ground_frame *f = &ports.sends[port].list[seen[port]++];

		assert_int_equal(s->vlan, 0);
		assert_int_equal(s->length, f->length + (port ? 4 : 0));
		assert_memory_equal(s->bytes, f->bytes, 12);
		assert_memory_equal(s->bytes + 12, port ? tag : f->bytes + 12, port ? 4 : 2);
		assert_memory_equal(s->bytes + (port ? 16 : 12), f->bytes + 12, 2);
	}
	ports_wait();
	ports_close();
	assert_int_equal(ports.last.to_wire, 40);
}

static void A23_sends_that_fail_are_counted_and_done_with(void **state)
{
	(void)state;
	fake.send_status = NDIS_STATUS_FAILURE;
	add_sends(0, 50, 0x99, 1);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 50);
	ports_wait();
	ports_close();
	assert_int_equal(ports.last.to_wire, 0);
	assert_int_equal(ports.last.drops[PORT_DROP_SEND_FAILED], 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F5_F29_four_processors_at_once),
		TEST(F23_F29_what_the_vm_does_not_take_is_held_in_order),
		TEST(G11_a_vm_that_goes_away_gives_its_frames_back),
		TEST(I20_a_pause_returns_everything),
		TEST(I17_I20_a_stuck_vm_does_not_hold_up_a_pause),
		TEST(A54_a_reset_is_waited_for),
		TEST(A4_A5_A26_B1_B4_sends_carry_the_vms_queue),
		TEST(A57_I20_a_pause_cancels_what_the_adapter_keeps),
		TEST(O20_a_miniport_that_inserts_no_tags),
		TEST(A23_sends_that_fail_are_counted_and_done_with),
	};

	verifier_ignore("ReceiveSingleQueue");   /* F5: the fake miniport mixes queues on purpose */
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
