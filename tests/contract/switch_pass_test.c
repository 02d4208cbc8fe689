/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from VM to VM, in one copy where that can be: every one arrives once and in order, or is
 * counted under its one reason, whatever else its VM sends between them.
 */
#include "vhosts.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define WIRE_MAC 0x99     /* the last byte of an address that no VM has */
#define WINDOW   500u     /* frames that are on their way from a VM, where none may be lost */
#define NONE     VHOSTS   /* no VM */

/* What a VM's frame is. */
enum kind { TO_FIRST, TO_SECOND, TO_ALL, TO_WIRE, PRIORITY, SPOOFED, TAGGED, TOO_LONG, TO_ITSELF,
	    KINDS };

/* Whom a VM sends the most to, and others to. */
static const unsigned first[VHOSTS] = { 1, 0, 0 }, second[VHOSTS] = { 2, 2, 1 };

static enum kind (*plan)(unsigned vm, unsigned n);

static struct stream {
	unsigned n;                    /* frames to be sent */
	unsigned sent, of[KINDS];
	unsigned due, got;             /* deliveries that are to come, and that came */
	unsigned next[VHOSTS];         /* of each receiver: the first that has not come */
	unsigned lost;
} streams[VHOSTS];

static unsigned blocked;               /* a VM that takes nothing */
static unsigned window;
static bool may_lose;

/* ---- one frame ---- */

static bool goes_to(unsigned from, unsigned n, unsigned to)
{
	enum kind kind = plan(from, n);

	if (to == from)
		return false;
	return kind == TO_ALL || ((kind == TO_FIRST || kind == PRIORITY) && to == first[from]) ||
	       (kind == TO_SECOND && to == second[from]);
}

static unsigned length_of(unsigned n, enum kind kind)
{
	return kind == TOO_LONG ? 1515 + n % 4 : 60 + n * 31 % 1400;
}

static void address(uint8_t mac[6], unsigned vm, enum kind kind)
{
	ground_mac(mac, kind == TO_WIRE ? WIRE_MAC : 1 + (kind == TO_SECOND ? second[vm] :
							  kind == TO_ITSELF ? vm : first[vm]));
	if (kind == TO_ALL)
		memset(mac, 0xff, 6);
}

static void frame_make(uint8_t *bytes, unsigned vm, unsigned n, enum kind kind)
{
	unsigned length = length_of(n, kind);
	uint8_t *at = bytes + 12;

	address(bytes, vm, kind);
	ground_mac(bytes + 6, kind == SPOOFED ? 0x77 : vm + 1);
	if (kind == TAGGED || kind == PRIORITY) {
		memcpy(at, kind == TAGGED ? "\x81\x00\x00\x07" : "\x81\x00\xe0\x00", 4);
		at += 4;
	}
	memcpy(at, "\x88\xb5", 2);
	memcpy(at + 2, &n, 4);
	at[6] = (uint8_t)vm;
	for (at += 7; at < bytes + length; at++)
		*at = (uint8_t)(n + (unsigned)(bytes + length - at));
}

static void send(unsigned vm)
{
	const struct vhost_master_header plain = { 0 };
	struct stream *s = &streams[vm];
	enum kind kind = plan(vm, s->sent);
	uint8_t bytes[1518];

	frame_make(bytes, vm, s->sent, kind);
	vhost_master_send(&vhosts.of[vm], &plain, bytes, length_of(s->sent, kind));
	for (unsigned to = 0; to < VHOSTS; to++)
		s->due += goes_to(vm, s->sent, to);
	s->of[kind]++;
	s->sent++;
}

static void check(unsigned to, const uint8_t *bytes, unsigned length)
{
	unsigned from = bytes[18], n, tag;
	struct stream *s = &streams[from];
	uint8_t want[1518];

	assert_in_range(from, 0, VHOSTS - 1);
	memcpy(&n, bytes + 14, 4);
	for (; s->next[to] < n && (may_lose || !goes_to(from, s->next[to], to)); s->next[to]++)
		s->lost += goes_to(from, s->next[to], to);
	assert_int_equal(n, s->next[to]);
	assert_true(goes_to(from, n, to));
	frame_make(want, from, n, plan(from, n));
	tag = plan(from, n) == PRIORITY ? 4 : 0;
	assert_int_equal(length + tag, length_of(n, plan(from, n)));
	assert_memory_equal(bytes, want, 12);
	assert_memory_equal(bytes + 12, want + 12 + tag, length - 12);
	s->next[to]++;
	s->got++;
}

/* ---- all of them ---- */

static bool step(unsigned vm)
{
	struct vhost_master_header h;
	struct stream *s = &streams[vm];
	uint8_t bytes[4096];
	bool did = false;
	unsigned n;

	for (unsigned room = vhosts_room(vm);
	     room && s->sent < s->n && s->due - s->got - s->lost < window; room--) {
		send(vm);
		did = true;
	}
	while (vm != blocked &&
	       (n = vhost_master_receive(&vhosts.of[vm], &h, bytes, sizeof(bytes)))) {
		check(vm, bytes, n);
		did = true;
	}
	if (did)
		vhosts_kick(vm);
	return did;
}

static bool is_over(void)
{
	for (unsigned i = 0; i < VHOSTS; i++)
		if (streams[i].sent < streams[i].n || vhosts_room(i) < VHOST_SENDS ||
		    (!may_lose && blocked == NONE &&
		     streams[i].got + streams[i].lost < streams[i].due))
			return false;
	return vswitch_is_quiet() || blocked != NONE;
}

/* So many more frames of each VM. */
static void run(unsigned n0, unsigned n1, unsigned n2)
{
	const unsigned n[VHOSTS] = { n0, n1, n2 };
	uint64_t end = ground_ran() + GROUND_PATIENCE;
	bool over = false;

	for (unsigned i = 0; i < VHOSTS; i++)
		streams[i].n += n[i];
	while (!over) {
		bool did = false;

		over = is_over();
		for (unsigned i = 0; i < VHOSTS; i++)
			did = step(i) || did;
		if (!did)
			sched_yield();
		if (ground_ran() > end)
			fail_msg("VM 0: %u of %u sent, %u of %u came", streams[0].sent,
				 streams[0].n, streams[0].got, streams[0].due);
	}
}

static void begin(enum kind (*what)(unsigned, unsigned), unsigned p0, unsigned p1, unsigned p2)
{
	memset(streams, 0, sizeof(streams));
	plan = what;
	blocked = NONE;
	window = WINDOW;
	may_lose = false;
	vhosts.processor[0] = p0;
	vhosts.processor[1] = p1;
	vhosts.processor[2] = p2;
	vhosts_open();
}

/* Each VM's frames to the wire, in the order in which it sent them. */
static void wire_has_its_own(void)
{
	unsigned n[VHOSTS] = { 0 }, sent = 0;

	for (unsigned i = 0; i < fake.n_sends; i++) {
		const struct fake_send *f = &fake.sends[i];
		unsigned vm = f->bytes[18];
		uint8_t want[1518];

		assert_in_range(vm, 0, VHOSTS - 1);
		while (n[vm] < streams[vm].sent && plan(vm, n[vm]) != TO_WIRE &&
		       plan(vm, n[vm]) != TO_ALL)
			n[vm]++;
		frame_make(want, vm, n[vm], plan(vm, n[vm]));
		assert_int_equal(f->length, length_of(n[vm], TO_WIRE));
		assert_memory_equal(f->bytes, want, 60);
		n[vm]++;
	}
	for (unsigned vm = 0; vm < VHOSTS; vm++)
		sent += streams[vm].of[TO_WIRE] + streams[vm].of[TO_ALL];
	assert_int_equal(fake.n_sends, sent);
	assert_int_equal(vhosts.last.to_wire, sent);
}

/* Nothing is lost but what may not be sent, and that for its reason. */
static void end(void)
{
	uint64_t delivered = 0, got = 0;

	vhosts_close();
	for (unsigned i = 0; i < VHOSTS; i++) {
		const struct stream *s = &streams[i];
		const uint64_t *drops = vhosts.port[i].drops;

		assert_int_equal(vhosts.port[i].from_vm, s->sent);
		assert_int_equal(drops[PORT_DROP_SPOOFED_MAC], s->of[SPOOFED]);
		assert_int_equal(drops[PORT_DROP_FOREIGN_VLAN], s->of[TAGGED]);
		assert_int_equal(drops[PORT_DROP_BAD_FRAME], s->of[TOO_LONG]);
		assert_int_equal(drops[PORT_DROP_NO_DESTINATION], s->of[TO_ITSELF]);
		assert_int_equal(s->got + s->lost, s->due);
		delivered += vhosts.port[i].delivered;
		got += s->got;
	}
	assert_int_equal(delivered, got);
	wire_has_its_own();
}

/* ---- tests ---- */

static enum kind one_way(unsigned vm, unsigned n)
{
	(void)vm;
	(void)n;
	return TO_FIRST;
}

static void two_flood_each_other(void **state)
{
	(void)state;
	begin(one_way, 0, 0, 0);
	run(20000, 20000, 0);
	end();
	assert_true(vhosts.passed > 500);
}

static void two_flood_each_other_on_two_processors(void **state)
{
	(void)state;
	begin(one_way, 0, 1, 0);
	run(20000, 20000, 0);
	end();
	assert_int_equal(vhosts.passed, 0);
}

/* Runs to one VM and to another, with a frame of another kind here and there; and, in every
 * fourth run, frames of all kinds. */
static enum kind mixed(unsigned vm, unsigned n)
{
	unsigned hash = (n + vm) * 2654435761u >> 16;

	if (n / 150 % 4 == 3 || hash % 41 == 0)
		return hash / 41 % KINDS;
	return n / 150 % 4 == 2 ? TO_SECOND : TO_FIRST;
}

static void mixed_frames_go_where_they_belong(void **state)
{
	(void)state;
	begin(mixed, 0, 0, 0);
	run(15000, 15000, 15000);
	end();
	assert_true(vhosts.passed > 500);
	assert_true(streams[0].of[SPOOFED] > 100 && streams[0].of[TO_WIRE] > 100);
}

static void mixed_frames_go_where_they_belong_on_two_processors(void **state)
{
	(void)state;
	begin(mixed, 0, 1, 0);
	run(15000, 15000, 15000);
	end();
	assert_true(vhosts.passed > 0);   /* between 0 and 2 */
}

static enum kind both_to_one(unsigned vm, unsigned n)
{
	(void)n;
	return vm == 2 ? TO_SECOND : TO_FIRST;
}

/* 64 buffers, the inbox, and what the VM is about to be given: that much waits, the rest is lost.
 * What comes after that finds its way again. */
static void a_vm_that_takes_nothing(unsigned p1)
{
	const unsigned holds = VHOST_MASTER_BUFFERS + 2048;
	uint64_t passed;

	begin(both_to_one, 0, p1, 0);
	run(3000, 0, 3000);
	window = ~0u;
	blocked = 1;
	run(holds / 2, 0, holds / 2);
	blocked = NONE;
	run(0, 0, 0);
	blocked = 1;
	run(holds / 2 + 500, 0, holds / 2 + 500);
	blocked = NONE;
	may_lose = true;
	run(0, 0, 0);
	passed = vhosts.passed;
	run(1, 0, 1);
	assert_in_range(streams[0].lost + streams[2].lost, 1000 - 32, 1000);
	may_lose = false;
	window = WINDOW;
	run(3000, 0, 3000);
	end();
	assert_int_equal(vhosts.last.drops[PORT_DROP_PORT_FULL], streams[0].lost + streams[2].lost);
	assert_true(p1 ? !vhosts.passed : vhosts.passed > passed);
}

static void a_vm_that_takes_nothing_loses_what_its_inbox_cannot_hold(void **state)
{
	(void)state;
	a_vm_that_takes_nothing(0);
}

static void a_vm_that_takes_nothing_loses_as_much_on_two_processors(void **state)
{
	(void)state;
	a_vm_that_takes_nothing(1);
}

static void *moves_run(void *arg)
{
	struct error err;
	int rc = 0;

	for (unsigned i = 0; i < 20 && !rc; i++) {
		rc = vswitch_port_move(1, ~i & 1, 5000, &err);
		usleep(2000);
	}
	return rc ? NULL : arg;
}

/* The VM that two send to moves to another processor and back. */
static void F13_order_is_kept_while_the_receiver_moves(void **state)
{
	pthread_t thread;
	void *ok;

	(void)state;
	begin(both_to_one, 0, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, moves_run, &vhosts), 0);
	for (unsigned i = 0; i < 10; i++)
		run(3000, 0, 3000);
	pthread_join(thread, &ok);
	assert_non_null(ok);
	end();
	assert_true(vhosts.passed > 500);
}

/* A rate counts every frame, whichever way it goes. */
static void a_rate_holds_for_what_passes(void **state)
{
	uint64_t begun, bits;

	(void)state;
	vhosts.rate[0] = 100u << 20;
	begin(one_way, 0, 0, 0);
	begun = ground_now();
	run(4000, 0, 0);
	begun = ground_now() - begun;
	end();
	assert_true(vhosts.passed > 0);
	bits = vhosts.port[0].from_vm_bytes * 8;
	assert_true(begun * (100u << 20) / 1000 > bits / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vhosts_setup, vhosts_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_flood_each_other),
		TEST(two_flood_each_other_on_two_processors),
		TEST(mixed_frames_go_where_they_belong),
		TEST(mixed_frames_go_where_they_belong_on_two_processors),
		TEST(a_vm_that_takes_nothing_loses_what_its_inbox_cannot_hold),
		TEST(a_vm_that_takes_nothing_loses_as_much_on_two_processors),
		TEST(F13_order_is_kept_while_the_receiver_moves),
		TEST(a_rate_holds_for_what_passes),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
