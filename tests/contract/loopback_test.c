/* SPDX-License-Identifier: BSD-2-Clause */
/* Loopback in software (A34 to A43): who gets a copy of what is sent, and who does not. */
#include "fake.h"
#include "sieve.h"

#include <string.h>

#define PROMISCUOUS NDIS_PACKET_TYPE_PROMISCUOUS
#define NO_LOCAL    NDIS_PACKET_TYPE_NO_LOCAL
#define ALL_LOCAL   NDIS_PACKET_TYPE_ALL_LOCAL
#define USUAL       (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST | \
		     NDIS_PACKET_TYPE_MULTICAST)
#define CHECK       NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK

static struct protocol *const p = &protocols[0], *const q = &protocols[1];
static struct packet *packets[256];
static unsigned n_packets;

/* Where frames go. */
enum to { OWN, OTHER, BROADCAST, LISTED, UNLISTED, TO_COUNT };

static const uint8_t macs[TO_COUNT][6] = {
	[OWN] = { 2 }, [OTHER] = { 2, 0, 0, 0, 0, 9 },
	[BROADCAST] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	[LISTED] = { 1, 0, 0x5e, 0, 0, 1 }, [UNLISTED] = { 1, 0, 0x5e, 0, 0, 2 },
};

/* ---- the stack ---- */

static void open_stack(unsigned n_protocols, unsigned n_modules)
{
	protocols_load(n_protocols);
	fake_open();
	for (unsigned i = 0; i < n_modules; i++)
		sieve_attach(fake.adapter);
	ground_frames_free(&protocol_wire);
	for (unsigned to = 0; to < TO_COUNT; to++)
		ground_frame_add(&protocol_wire, macs[to], UNTAGGED, 100);
}

static int setup(void **state)
{
	(void)state;
	trace_clear();
	fake_reset();
	packets_open();
	sieve_load();
	return 0;
}

static void packets_forget(void)
{
	while (n_packets)
		packet_free(packets[--n_packets]);
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	sieve_unload();
	packets_forget();
	packets_close();
	ground_frames_free(&protocol_wire);
	return 0;
}

static void set(struct protocol *who, NDIS_OID oid, const void *value, ULONG n)
{
	assert_int_equal(request(who, NdisRequestSetInformation, oid, (void *)(uintptr_t)value, n, 0),
			 NDIS_STATUS_SUCCESS);
}

static void set_filter(struct protocol *who, ULONG filter)
{
	set(who, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter));
}

static struct packet *packet_to(struct protocol *who, enum to to)
{
	struct packet *packet = packet_of(atomic_load(&who->binding), 0, &protocol_wire, to);

	assert_true(n_packets < 256);
	return packets[n_packets++] = packet;
}

/* Sends a frame and says to whom it came back: bit i for protocol i. */
static unsigned sent(struct protocol *who, enum to to, ULONG flags)
{
	struct packet *packet = packet_to(who, to);
	unsigned got = 0, on_the_wire = fake.n_sends;

	trace_clear();
	packets_send(who, &packet, 1, flags);
	packets_wait(1);
	assert_int_equal(packet_done(&packet->nbl)->status, NDIS_STATUS_SUCCESS);
	assert_true(packet_is_unchanged(packet));
	assert_int_equal(fake.n_sends, on_the_wire + 1);   /* X38: it is sent all the same */
	assert_ptr_equal(fake.sends[on_the_wire].nbl, &packet->nbl);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *f = &trace.frames[i];

		assert_true(f->intact);
		assert_int_equal(f->index, to);
		assert_true(f->nbl_flags & NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET);
		assert_false(got & 1u << f->who);
		got |= 1u << f->who;
	}
	packets_forget();
	return got;
}

/* ---- the truth table ---- */

static const ULONG filters[] = {
	0, USUAL, USUAL | NDIS_PACKET_TYPE_ALL_MULTICAST, USUAL | NO_LOCAL, PROMISCUOUS,
	PROMISCUOUS | NO_LOCAL, ALL_LOCAL, ALL_LOCAL | NO_LOCAL, ALL_LOCAL | PROMISCUOUS | NO_LOCAL,
};
#define N_FILTERS (sizeof(filters) / sizeof(filters[0]))

/* Said once more, in the words of the page: whether a binding's criteria match. */
static bool matches(ULONG filter, enum to to, bool has_list)
{
	if (filter & (PROMISCUOUS | ALL_LOCAL))
		return true;
	switch (to) {
	case OWN:
		return filter & NDIS_PACKET_TYPE_DIRECTED;
	case BROADCAST:
		return filter & NDIS_PACKET_TYPE_BROADCAST;
	case LISTED:
		return filter & NDIS_PACKET_TYPE_ALL_MULTICAST ||
		       (filter & NDIS_PACKET_TYPE_MULTICAST && has_list);
	case UNLISTED:
		return filter & NDIS_PACKET_TYPE_ALL_MULTICAST;
	default:
		return false;
	}
}

/* The second condition of A39, without the flag. */
static bool somebody_listens(ULONG a, ULONG b)
{
	return (a & PROMISCUOUS && !(a & NO_LOCAL)) || (b & PROMISCUOUS && !(b & NO_LOCAL)) ||
	       (a | b) & ALL_LOCAL;
}

/* p sends, q has the list of multicast addresses. */
static unsigned expected(ULONG a, ULONG b, enum to to, bool asked)
{
	unsigned got = 0;

	if (asked && matches(a, to, false))
		got |= 1;
	if (somebody_listens(a, b) && !(b & NO_LOCAL) && matches(b, to, true))
		got |= 2;
	return got;
}

static void each_case(unsigned n_modules)
{
	for (unsigned a = 0; a < N_FILTERS; a++)
		for (unsigned b = 0; b < N_FILTERS; b++) {
			set_filter(p, filters[a]);
			set_filter(q, filters[b]);
			for (unsigned i = 0; i < 2 * TO_COUNT; i++) {
				enum to to = (enum to)(i / 2);
				unsigned got = sent(p, to, i & 1 ? CHECK : 0);
				unsigned wanted = expected(filters[a], filters[b], to, i & 1);

				if (got != wanted)
					fail_msg("%u modules, filters %x %x, to %d, flag %u: %u, not %u",
						 n_modules, filters[a], filters[b], to, i & 1, got, wanted);
			}
		}
}

static void table(unsigned n_modules)
{
	open_stack(2, n_modules);
	set(q, OID_802_3_MULTICAST_LIST, macs[LISTED], 6);
	each_case(n_modules);
	assert_int_equal(fake.n_returns, 0);
}

static void A39_A40_A38_the_truth_table(void **state)
{
	(void)state;
	table(0);
}

static void A39_A40_A38_the_truth_table_through_filters(void **state)
{
	(void)state;
	table(2);
	assert_true(sieve.modules[0].receives > 0);
	assert_int_equal(sieve.modules[0].receives, sieve.modules[1].receives);
	assert_int_equal(sieve.modules[0].returns, 0);
}

/* ---- one by one ---- */

static void A36_a_sender_does_not_hear_itself(void **state)
{
	(void)state;
	open_stack(2, 0);
	set_filter(p, PROMISCUOUS);
	set_filter(q, ALL_LOCAL);
	for (unsigned to = 0; to < TO_COUNT; to++)
		assert_int_equal(sent(p, (enum to)to, 0), 2);
}

/* What the criteria of the sender match of one chain, and nothing else. */
static void A37_X30_the_flag_brings_back_what_matches(void **state)
{
	static const enum to list[] = { OWN, OTHER, BROADCAST, UNLISTED, LISTED };
	struct packet *some[5];

	(void)state;
	open_stack(1, 0);
	set_filter(p, USUAL);
	set(p, OID_802_3_MULTICAST_LIST, macs[LISTED], 6);
	for (unsigned i = 0; i < 5; i++)
		some[i] = packet_to(p, list[i]);
	packet_add(some[2], &protocol_wire.list[BROADCAST], 2, (const unsigned[]){ 20 }, 5);
	packets_send(p, some, 5, CHECK);
	packets_wait(5);
	assert_int_equal(trace.n_frames, 4);
	assert_int_equal(trace.frames[0].index, OWN);
	assert_int_equal(trace.frames[1].index, BROADCAST);   /* two buffers, two frames (F2) */
	assert_int_equal(trace.frames[2].index, BROADCAST);
	assert_int_equal(trace.frames[3].index, LISTED);
	for (unsigned i = 0; i < 4; i++)
		assert_true(trace.frames[i].intact);
	assert_int_equal(fake.n_sends, 5);
}

static void A38_the_flag_is_nothing_to_others(void **state)
{
	(void)state;
	open_stack(2, 0);
	set_filter(p, USUAL);
	set_filter(q, USUAL);
	assert_int_equal(sent(p, BROADCAST, 0), 0);
	assert_int_equal(sent(p, BROADCAST, CHECK), 1);
	set_filter(q, PROMISCUOUS);
	assert_int_equal(sent(p, BROADCAST, 0), 2);
	assert_int_equal(sent(p, BROADCAST, CHECK), 3);
}

static void A39_one_binding_is_looped_to_a_filter_alone(void **state)
{
	(void)state;
	open_stack(1, 1);
	set_filter(p, PROMISCUOUS);
	assert_int_equal(sent(p, OTHER, 0), 0);
	assert_int_equal(sieve.modules[0].receives, 1);
	assert_int_equal(sent(p, OTHER, CHECK), 1);
	assert_int_equal(sieve.modules[0].receives, 2);
	set_filter(p, PROMISCUOUS | NO_LOCAL);
	assert_int_equal(sent(p, OTHER, 0), 0);
	assert_int_equal(sieve.modules[0].receives, 2);
}

/* A frame that was received goes its usual way, also where copies come the same. */
static void A40_what_was_received_is_no_copy(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		open_stack(n, 1);
		for (unsigned i = 0; i < n; i++)
			set_filter(&protocols[i], PROMISCUOUS | NO_LOCAL);
		trace_clear();
		packet_to(p, OWN);
		fake_indicate_packets(1, packets, 1, 0);
		assert_int_equal(trace.n_frames, n);
		assert_int_equal(fake.n_returns, n);
		assert_false(trace.frames[0].nbl_flags & NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET);
		packets_forget();
		fake_close();
		protocols_unload();
		sieve.n = 0;
	}
}

static void A34_A40a_X38_without_the_option_ndis_copies_nothing(void **state)
{
	(void)state;
	fake.mac_options = 0;
	open_stack(2, 1);
	set_filter(p, PROMISCUOUS);
	set_filter(q, PROMISCUOUS | ALL_LOCAL);
	for (unsigned to = 0; to < TO_COUNT; to++) {
		assert_int_equal(sent(p, (enum to)to, 0), 0);
		assert_int_equal(sent(p, (enum to)to, CHECK), 0);
	}
	assert_true(fake.sends[fake.n_sends - 1].flags & CHECK);   /* so that the adapter loops */
	/* What that indicates is a received frame, for its sender too. */
	trace_clear();
	packet_to(p, OWN);
	fake_indicate_packets(1, packets, 1, 0);
	assert_int_equal(trace.n_frames, 2);
	assert_false(trace.frames[0].nbl_flags & NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET);
}

/* It is lent, so nobody can bring it to the miniport, or keep it. */
static void A41_a_copy_is_marked_and_is_ndiss_own(void **state)
{
	const struct trace_event *e;
	const struct trace_frame *f;

	(void)state;
	open_stack(2, 2);
	atomic_store(&q->hold, true);
	set_filter(q, ALL_LOCAL);
	packet_set_tag(packet_to(p, OWN), 3, 100);
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&packets[0]->nbl) = 2;
	packets_send(p, packets, 1, 0);
	packets_wait(1);
	assert_int_equal(trace.n_frames, 1);
	f = &trace.frames[0];
	e = &trace.events[f->event];
	assert_int_equal(f->nbl_flags, NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET);
	assert_ptr_not_equal(f->nbl, &packets[0]->nbl);
	assert_ptr_equal(f->source, fake.handle);
	assert_int_equal(f->queue, 0);
	assert_int_equal(f->vlan, 100);
	assert_int_equal(f->priority, 3);
	assert_int_equal(f->nbs, 1);
	assert_int_equal(f->mdls, 1);
	assert_true(e->flags & NDIS_RECEIVE_FLAGS_RESOURCES);
	assert_false(e->flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
	assert_int_equal(protocol_held(q), 0);
	assert_int_equal(fake.n_returns, 0);
}

static void A42_a_filter_may_drop_the_request(void **state)
{
	(void)state;
	open_stack(1, 2);
	set_filter(p, USUAL);
	assert_int_equal(sent(p, BROADCAST, CHECK), 1);
	assert_true(fake.sends[0].flags & CHECK);
	sieve.drop_send_flags = CHECK;
	assert_int_equal(sent(p, BROADCAST, CHECK), 0);
	assert_false(fake.sends[1].flags & CHECK);
}

static void answer(struct protocol *who)
{
	who->on_receive = NULL;   /* once */
	packets_send(who, &packets[1], 1, 0);
}

static void A43_a_receiver_may_send_from_inside_a_send(void **state)
{
	(void)state;
	open_stack(2, 1);
	set_filter(p, PROMISCUOUS);
	set_filter(q, PROMISCUOUS);
	packet_to(p, OTHER);
	packet_to(q, BROADCAST);
	q->on_receive = answer;
	packets_send(p, packets, 1, 0);
	packets_wait(2);
	assert_int_equal(trace.n_frames, 2);
	assert_int_equal(trace.frames[0].who, 1);
	assert_int_equal(trace.frames[0].index, OTHER);
	assert_int_equal(trace.frames[1].who, 0);
	assert_int_equal(trace.frames[1].index, BROADCAST);
	/* It was entered from inside: its own send reached the wire first. */
	assert_ptr_equal(fake.sends[0].nbl, &packets[1]->nbl);
	assert_ptr_equal(fake.sends[1].nbl, &packets[0]->nbl);
}

/* A binding that comes or goes, a module that comes or goes, decides at once. */
static void A39_it_follows_the_stack(void **state)
{
	struct error err;

	(void)state;
	open_stack(1, 0);
	set_filter(p, ALL_LOCAL);
	assert_int_equal(sent(p, OTHER, 0), 0);
	sieve_attach(fake.adapter);
	assert_int_equal(sent(p, OTHER, 0), 0);
	assert_int_equal(sieve.modules[0].receives, 1);
	assert_int_equal(ndis_filter_detach(fake.adapter, "f1", &err), 0);
	assert_int_equal(sent(p, OTHER, 0), 0);
	assert_int_equal(sieve.modules[0].receives, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(A34_A40a_X38_without_the_option_ndis_copies_nothing),
		T(A36_a_sender_does_not_hear_itself),
		T(A37_X30_the_flag_brings_back_what_matches),
		T(A38_the_flag_is_nothing_to_others),
		T(A39_A40_A38_the_truth_table),
		T(A39_A40_A38_the_truth_table_through_filters),
		T(A39_it_follows_the_stack),
		T(A39_one_binding_is_looped_to_a_filter_alone),
		T(A40_what_was_received_is_no_copy),
		T(A41_a_copy_is_marked_and_is_ndiss_own),
		T(A42_a_filter_may_drop_the_request),
		T(A43_a_receiver_may_send_from_inside_a_send),
#undef T
	};

	return cmocka_run_group_tests_name("loopback", tests, ground_setup, ground_teardown);
}
