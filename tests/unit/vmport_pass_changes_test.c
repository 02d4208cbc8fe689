/* SPDX-License-Identifier: BSD-2-Clause */
/* From VM to VM in one copy, while VMMs stop their guests, start them and move their memory. */
#include <pthread.h>
#include <stdatomic.h>

#include "vhost_ends.h"

static void three_go(void)
{
	assert_int_equal(look(32), 3);
	assert_int_equal(pass(3), 3);
	for (uint8_t i = 0; i < 3; i++)
		guest_gets(&b, i);
	guest_gets_nothing(&b);
}

static void a_sender_that_stopped_since_the_look_loses_nothing(void **state)
{
	struct rte_mbuf *m[4];

	(void)state;
	three_are_looked_at();
	assert_int_equal(pass(3), 3);
	for (uint8_t i = 0; i < 3; i++)
		guest_gets(&b, i);
	three_are_looked_at();
	assert_int_equal(stop_ring(&a, VHOST_MASTER_FROM_GUEST), 3);
	assert_int_equal(pass(3), 0);
	assert_int_equal(look(32), 0);
	guest_gets_nothing(&b);
	start_ring(&a, VHOST_MASTER_FROM_GUEST, 3);
	assert_int_equal(pass(3), 0);   /* nobody has looked at these */
	assert_int_equal(look(32), 0);  /* a new guest, which must be told some things first */
	assert_int_equal(vmport_receive(a.port, m, 1), 1);
	assert_int_equal(m[0]->pkt_len, 60);
	rte_pktmbuf_free(m[0]);
	assert_int_equal(look(32), 2);
	assert_int_equal(pass(2), 2);
	guest_gets(&b, 1);
	guest_gets(&b, 2);
	guest_gets_nothing(&b);
	assert_int_equal(stop_ring(&a, VHOST_MASTER_FROM_GUEST), 6);
}

static void a_receiver_that_stopped_since_the_look_costs_nothing(void **state)
{
	(void)state;
	three_are_looked_at();
	assert_int_equal(stop_ring(&b, VHOST_MASTER_TO_GUEST), 0);
	assert_int_equal(pass(3), 0);
	assert_int_equal(look(32), 0);
	assert_false(full);
	start_ring(&b, VHOST_MASTER_TO_GUEST, 0);
	three_go();
	assert_int_equal(stop_ring(&b, VHOST_MASTER_TO_GUEST), 3);
	assert_int_equal(stop_ring(&a, VHOST_MASTER_FROM_GUEST), 3);
}

static void a_guest_that_is_gone_takes_and_gives_nothing(void **state)
{
	(void)state;
	three_are_looked_at();
	vhost_master_stop(&b.guest);
	until_up(&b, false);
	assert_int_equal(pass(3), 0);
	assert_int_equal(look(32), 0);
	assert_true(vhost_master_start(&b.guest, b.path, 0));
	until_up(&b, true);
	assert_true(vhost_master_settle(&b.guest));
	three_go();
	three_are_looked_at();
	vhost_master_stop(&a.guest);
	until_up(&a, false);
	assert_int_equal(pass(3), 0);
	assert_int_equal(look(32), 0);
	guest_gets_nothing(&b);
}

/* What it says first, in its name, goes before all that it says itself. */
static void a_vm_that_came_is_announced_before_it_passes_anything(void **state)
{
	const uint8_t mac[8] = { 0x52, 0x54, 0, 1, 2, 3 };
	struct rte_mbuf *m[4];

	(void)state;
	assert_true(vhost_master_ask(&a.guest, VHOST_SEND_RARP, mac, sizeof(mac), -1));
	assert_true(vhost_master_settle(&a.guest));
	for (uint8_t i = 0; i < 3; i++)
		guest_sends(&a, i);
	assert_int_equal(look(32), 0);
	assert_false(full);
	assert_int_equal(vmport_receive(a.port, m, 1), 1);
	assert_memory_equal(rte_pktmbuf_mtod(m[0], uint8_t *) + 12, "\x80\x35", 2);
	rte_pktmbuf_free(m[0]);
	three_go();
}

static atomic_bool ended;

/* As a switch would: what cannot be passed is taken, and handed on as soon as that goes. */
static void *worker_run(void *passed)
{
	struct rte_mbuf *m;

	while (!atomic_load(&ended)) {
		uint16_t n = pass(look(32));

		*(unsigned *)passed += n;
		vmport_receive(b.port, &m, 1);
		if (n || !vmport_receive(a.port, &m, 1))
			continue;
		while (!vmport_deliver(b.port, &m, 1) && !atomic_load(&ended))
			;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

static void *changes_run(void *arg)
{
	static const uint64_t sizes[] = { 0x900000, 0x8f0000 };
	bool ok = true;

	for (unsigned i = 0; i < 300; i++) {
		const struct end *e = i % 3 ? &a : &b;

		ok = ok && vhost_master_memory(&e->guest, sizes[i / 3 % 2]) &&
		     vhost_master_settle(&e->guest);
	}
	atomic_store(&ended, true);
	return ok ? arg : NULL;
}

static void memory_may_change_while_frames_pass(void **state)
{
	pthread_t worker, changes;
	unsigned sent = 0, got = 0, passed = 0;
	uint8_t frame[4096];
	struct vhost_master_header h;
	void *ok;

	(void)state;
	atomic_store(&ended, false);
	assert_int_equal(pthread_create(&worker, NULL, worker_run, &passed), 0);
	assert_int_equal(pthread_create(&changes, NULL, changes_run, &ended), 0);
	while (!atomic_load(&ended)) {
		uint32_t n;

		for (; sent - got < 30; sent++)
			guest_sends(&a, (uint8_t)(sent % 100));
		n = vhost_master_receive(&b.guest, &h, frame, sizeof(frame));
		if (n && (n != 60 + got % 100 * 10 || frame[n - 1] != got % 100))
			break;
		got += n > 0;
	}
	pthread_join(changes, &ok);
	pthread_join(worker, NULL);
	assert_ptr_equal(ok, &ended);
	assert_true(passed > 0);
	while (got < sent && vhost_master_receive(&b.guest, &h, frame, sizeof(frame)))
		assert_int_equal(frame[0], got++ % 100);
	assert_true(got >= passed);
	assert_int_equal(vmport_faults(a.port) + vmport_faults(b.port), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_sender_that_stopped_since_the_look_loses_nothing),
		T(a_receiver_that_stopped_since_the_look_costs_nothing),
		T(a_guest_that_is_gone_takes_and_gives_nothing),
		T(a_vm_that_came_is_announced_before_it_passes_anything),
		T(memory_may_change_while_frames_pass),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
