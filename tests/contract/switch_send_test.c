/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates: what a VM may send, and when; and how its sends are marked (B, O, U16). */
#include "arrivals.h"

#include <string.h>

#include "base/clock.h"

static uint64_t sent_of(unsigned port)
{
	unsigned sent = 0;

	for (unsigned i = 0, n = atomic_load(&fake.n_sends); i < n; i++)
		sent += fake.sends[i].bytes[11] == port + 1;
	return sent;
}

/* A send is charged to the VM that it came from, not to the id in it: one may name the
 * default queue, and others' ids are stale by the time they are done. */
static void U16_a_send_is_charged_to_the_port_it_came_from(void **state)
{
	static const unsigned n[PORTS] = { 20, 10, 30 };
	struct error err = { "" };

	(void)state;
	fake.refuse_element = 3;               /* port 2 runs on the default queue */
	atomic_store(&fake.keep_sends, true);
	for (unsigned p = 0; p < PORTS; p++)
		ports_flood(p, n[p], 60);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 60);
	for (unsigned p = 0; p < PORTS; p++)
		assert_int_equal(ports_report(p).sends_out, n[p]);
	for (unsigned p = 0; p < 2; p++)
		assert_int_equal(vswitch_port_release(p, 5000, &err), 0);   /* their ids are stale */
	for (unsigned p = 0; p < PORTS; p++)
		assert_int_equal(ports_report(p).sends_out, n[p]);
	fake_complete(NDIS_STATUS_SUCCESS);
	for (unsigned p = 0; p < PORTS; p++)
		assert_int_equal(ports_report(p).sends_out, 0);
	ports_close();
	assert_int_equal(ports.last.to_wire, 60);
}

/* What went to the wire in each round of processor 0 that sent, the first ones. */
static struct {
	unsigned before, n, list[3];
} sending;

static ULONG note_round(PVOID context)
{
	unsigned sent = atomic_load(&fake.n_sends);

	(void)context;
	if (sent != sending.before && sending.n < 3)
		sending.list[sending.n++] = sent - sending.before;
	sending.before = sent;
	return 0;
}

/* A long round, in which much came from the wire, does not cost a VM its part: in the next it sends
 * as much, and then a burst a round again. */
static void a_vm_sends_as_much_as_came_from_the_wire(void **state)
{
	const OVMQ_POLL_SOURCE note = { .Poll = note_round, .Descriptor = OVMQ_WAKE_BY_NOTIFY };
	struct error err = { "" };
	NDIS_HANDLE poll;

	(void)state;
	memset(&sending, 0, sizeof(sending));
	ports_flood(0, 300, 60);
	ports_open();
	for (unsigned i = 0; i < 160; i++)
		arrival(0, PORTS_WIRE, 0);
	arrivals_indicate(0, 0, 0);
	assert_int_equal(OvmqRegisterPoll(0, &note, &poll), NDIS_STATUS_SUCCESS);
	assert_int_equal(vswitch_start(&err), 0);
	ground_until(atomic_load(&fake.n_sends) == 300);
	ports_wait();
	OvmqDeregisterPoll(poll);
	ports_close();
	assert_int_equal(sending.list[0], 160);
	assert_int_equal(sending.list[1], 32);
	assert_int_equal(sending.list[2], 32);
}

/* ---- rates ---- */

/* What a port may still be owed or owe, in bits: an eighth of a burst, which a dry bucket
 * waits for; and a frame of the greatest length, which overdraws it. */
#define RATE_BURST 100000u
#define OWED       (RATE_BURST)
#define OVERDRAWN  (1514u * 8)

/* Gives the switch rounds until port 0 has sent 'enough', or a round brings nothing. */
static uint64_t send_what_may_go(uint64_t enough)
{
	uint64_t before, now = sent_of(0);

	do {
		before = now;
		ground_pass();
		now = sent_of(0);
	} while (now < enough && now > before);
	return now;
}

/* Judged by the time really gone: never more than that gave, and not less once the worker
 * has run. The burst is such that a late worker loses no tokens. */
static void a_rate_holds_at(unsigned length, uint64_t rate)
{
	const uint64_t bits = 8ull * length;
	uint64_t n = 8000, opened, begun, first, due, sent;
	struct error err = { "" };

	ports_flood(0, (unsigned)n, length);
	ports_flood(1, 100, length);
	ports_open();
	opened = clock_ns();
	assert_int_equal(vswitch_port_set_send(0, rate, RATE_BURST, 0, &err), 0);
	assert_int_equal(vswitch_start(&err), 0);
	ground_until(sent_of(0) > n / 10);
	begun = clock_ns();
	first = sent_of(0);
	usleep(1000000);
	due = rate * ((clock_ns() - begun) / 1000) / 1000000;
	due = due > OWED + OVERDRAWN ? (due - OWED - OVERDRAWN) / bits : 0;
	due = first + due < n ? first + due : n;
	sent = send_what_may_go(due);
	assert_in_range(sent, due, n);
	sent = sent_of(0);
	assert_in_range(sent * bits, 0, rate * ((clock_ns() - opened) / 1000 + 1) / 1000000 + OVERDRAWN);
	assert_int_equal(ports_drops(0, PORT_DROP_SEND_FAILED), 0);
	assert_int_equal(vswitch_port_set_send(0, 0, 0, 0, NULL), 0);
	OvmqNotifyProcessor(0);
	ports_wait();
	ports_close();
	assert_int_equal(ports.last.to_wire, n + 100);
}

static void a_rate_holds_for_short_frames(void **state)
{
	(void)state;
	a_rate_holds_at(60, 2000000);
}

static void a_rate_holds_for_long_frames(void **state)
{
	(void)state;
	a_rate_holds_at(1500, 50000000);
}

/* While it waits for tokens its processor sleeps: it comes round seldom. */
static void a_worker_sleeps_until_tokens_come(void **state)
{
	unsigned rounds;

	(void)state;
	ports_flood(0, 200, 1000);
	ports.rate[0] = 8000;                  /* a frame in a second */
	ports_open_started();
	ground_until(ports_report(0).held_back);
	ground_settle();
	rounds = ground_rounds(0);
	usleep(300000);
	assert_in_range(ground_rounds(0) - rounds, 0, 2000);
	assert_int_equal(vswitch_port_set_send(0, 0, 0, 0, NULL), 0);
	ports_wait();                          /* it is woken, and nothing was lost */
	ports_close();
	assert_int_equal(ports.last.to_wire, 200);
}

/* ---- how sends are marked ---- */

static void B10_B11_X31_sends_name_no_vport_and_no_filter(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PORTS; p++)
		ports_flood(p, 50, 60);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == PORTS * 50);
	ports_wait();
	for (unsigned i = 0; i < PORTS * 50; i++) {
		const struct fake_send *s = &fake.sends[i];
		unsigned port = s->bytes[11] - 1u;

		/* The two share their place: it holds the queue's id, and so no VPort's. */
		assert_int_equal(s->vport, ports_report(port).queue);
		assert_int_equal(s->queue, s->vport);
		assert_int_equal(s->filter, 0);
	}
	ports_close();
}

static unsigned tagged(unsigned port, unsigned to, int tci)
{
	uint8_t mac[6];
	unsigned index;

	ground_mac(mac, to);
	index = ground_frame_add(&ports.sends[port], mac, tci, 80);
	ground_mac(ports.sends[port].list[index].bytes + 6, port + 1);
	return index;
}

/* What stood behind the tag stands behind the addresses. */
static void assert_untagged(const uint8_t *bytes, unsigned length, const struct ground_frame *f,
			    unsigned most)
{
	assert_int_equal(length, f->length - 4);
	assert_memory_equal(bytes, f->bytes, 12);
	assert_memory_equal(bytes + 12, f->bytes + 16, (length < most ? length : most) - 12);
}

/* A tag of VLAN 0 names a priority. It leaves the data and goes with the send. */
static void O20_a_vms_priority_goes_out_of_band(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		tagged(0, PORTS_WIRE, (int)(i << 13));
		tagged(1, PORTS_WIRE, (int)(i << 13));
	}
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 16);
	ports_wait();
	for (unsigned i = 0, seen[2] = { 0, 0 }; i < 16; i++) {
		const struct fake_send *s = &fake.sends[i];
		unsigned port = s->bytes[11] - 1u, k = seen[port]++;

		assert_int_equal(s->priority, k);
		assert_int_equal(s->vlan, port ? PORT_VLAN : 0);
		assert_untagged(s->bytes, s->length, &ports.sends[port].list[k], 64);
	}
	ports_close();
	assert_int_equal(ports.last.to_wire, 16);
}

/* Another VM of this host gets the frame as one from the wire: without the tag. */
static void O20_a_priority_ends_at_another_vm(void **state)
{
	(void)state;
	tagged(0, 3, 5 << 13);
	tagged(0, 3, 0);
	ports_open_started();
	ground_until(ports_report(2).delivered == 2);
	ports_wait();
	ports_close();
	assert_int_equal(ports.got[2].n, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_untagged(ports.got[2].list[i].bytes, ports.got[2].list[i].length,
				&ports.sends[0].list[i], 80);
}

/* Any other tag is a foreign VLAN's, behind a priority tag too. */
static void O20_a_tag_behind_a_priority_is_refused(void **state)
{
	static const uint8_t inner[] = { 0x81, 0x00, 0x00, PORT_VLAN };
	unsigned index;

	(void)state;
	tagged(0, PORTS_WIRE, 7);
	index = tagged(0, PORTS_WIRE, 5 << 13);
	memcpy(ports.sends[0].list[index].bytes + 16, inner, sizeof(inner));
	tagged(0, PORTS_WIRE, 3 << 13);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 1);
	ports_wait();
	assert_int_equal(ports_drops(0, PORT_DROP_FOREIGN_VLAN), 2);
	assert_int_equal(fake.sends[0].priority, 3);
	ports_close();
}

/* A miniport that inserts no tags gets one in the data. */
static void O20_a_priority_where_no_tags_are_inserted(void **state)
{
	(void)state;
	fake.mac_options = NDIS_MAC_OPTION_NO_LOOPBACK;
	tagged(0, PORTS_WIRE, 6 << 13);
	tagged(1, PORTS_WIRE, 6 << 13);
	ports_open_started();
	ground_until(atomic_load(&fake.n_sends) == 2);
	ports_wait();
	for (unsigned i = 0; i < 2; i++) {
		const struct fake_send *s = &fake.sends[i];
		const uint8_t tag[] = { 0x81, 0x00, 0xc0, s->bytes[11] == 2 ? PORT_VLAN : 0 };

		assert_int_equal(s->priority, 0);
		assert_int_equal(s->vlan, 0);
		assert_int_equal(s->length, 80);
		assert_memory_equal(s->bytes + 12, tag, 4);
	}
	ports_close();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(U16_a_send_is_charged_to_the_port_it_came_from),
		TEST(a_vm_sends_as_much_as_came_from_the_wire),
		TEST(a_rate_holds_for_short_frames),
		TEST(a_rate_holds_for_long_frames),
		TEST(a_worker_sleeps_until_tokens_come),
		TEST(B10_B11_X31_sends_name_no_vport_and_no_filter),
		TEST(O20_a_vms_priority_goes_out_of_band),
		TEST(O20_a_priority_ends_at_another_vm),
		TEST(O20_a_tag_behind_a_priority_is_refused),
		TEST(O20_a_priority_where_no_tags_are_inserted),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
