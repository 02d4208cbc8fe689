/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends through NDIS: what each layer gets, in which order, and who hears of the end (A). */
#include "fake.h"
#include "sieve.h"

#include <string.h>

#include "kernel/kernel.h"

#define N 24

static struct protocol *const p = &protocols[0], *const q = &protocols[1];
static struct ground_frames frames;
static struct packet *packets[N];
static struct error err;

static int setup(void **state)
{
	(void)state;
	trace_clear();
	fake_reset();
	packets_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	sieve_unload();
	for (unsigned i = 0; i < N; i++)
		packet_free(packets[i]);
	memset(packets, 0, sizeof(packets));
	packets_close();
	ground_frames_free(&frames);
	return 0;
}

static void open_stack(unsigned n_protocols, unsigned n_modules)
{
	sieve_load();
	protocols_load(n_protocols);
	fake_open();
	while (n_modules--)
		sieve_attach(fake.adapter);
	trace_clear();
}

/* Packet 'i', from 'who', of two buffers of several MDLs. */
static void make(unsigned i, struct protocol *who)
{
	static const unsigned lengths[] = { 20, 30 };
	uint8_t mac[6];

	ground_mac(mac, 1);
	packets[i] = packet_new(atomic_load(&who->binding), 0);
	for (unsigned n = 1; n <= 2; n++) {
		unsigned frame = ground_frame_add(&frames, mac, UNTAGGED, 100 + i);

		packet_add(packets[i], &frames.list[frame], n + 1, lengths, 0);
	}
}

static void make_all(struct protocol *who)
{
	for (unsigned i = 0; i < N; i++)
		make(i, who);
}

static void all_succeeded(void)
{
	packets_wait(N);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_SUCCESS);
		assert_true(packet_is_unchanged(packets[i]));
	}
}

/* ---- down ---- */

static void A3_A4_A5_one_call_arrives_whole_with_the_miniports_context(void **state)
{
	(void)state;
	open_stack(1, 0);
	make_all(p);
	packets_send(p, packets, N, 0);
	all_succeeded();
	assert_true(fake.context_ok);
	assert_int_equal(fake.send_calls, 1);
	assert_int_equal(fake.n_sends, N);
	for (unsigned i = 0; i < N; i++) {
		assert_ptr_equal(fake.sends[i].nbl, &packets[i]->nbl);
		assert_int_equal(fake.sends[i].nbs, 2);
		assert_int_equal(fake.sends[i].length, 100 + i);
		assert_ptr_equal(fake.sends[i].source, atomic_load(&p->binding));
	}
}

static void A5_A63_one_call_goes_down_through_filters(void **state)
{
	(void)state;
	open_stack(1, 3);
	make_all(p);
	packets_send(p, packets, N, 0);
	all_succeeded();
	assert_int_equal(fake.n_sends, N);
	for (unsigned i = 0; i < N; i++)
		assert_ptr_equal(fake.sends[i].nbl, &packets[i]->nbl);
}

static void A15_calls_of_a_protocol_arrive_in_their_order(void **state)
{
	(void)state;
	open_stack(1, 1);
	make_all(p);
	for (unsigned i = 0; i < N; i += 3)
		packets_send(p, &packets[i], 3, 0);
	all_succeeded();
	for (unsigned i = 0; i < N; i++)
		assert_ptr_equal(fake.sends[i].nbl, &packets[i]->nbl);
}

static void A44_the_handler_is_called_at_dispatch_level_at_most(void **state)
{
	KIRQL old;

	(void)state;
	open_stack(1, 1);
	make_all(p);
	packets_send(p, packets, N / 2, 0);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	packets_send(p, packets + N / 2, N / 2, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
	KeLowerIrql(old);
	all_succeeded();
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(fake.sends[i].irql, i < N / 2 ? PASSIVE_LEVEL : DISPATCH_LEVEL);
		assert_int_equal(fake.sends[i].flags,
				 i < N / 2 ? 0 : NDIS_SEND_FLAGS_DISPATCH_LEVEL);   /* A45 */
	}
}

static void A48_without_ports_everybody_is_on_port_0(void **state)
{
	(void)state;
	open_stack(1, 2);
	make_all(p);
	packets_send(p, packets, N, 0);
	all_succeeded();
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(fake.sends[i].port, NDIS_DEFAULT_PORT_NUMBER);
	NET_BUFFER_NEXT_NB(&packets[0]->nb[0]) = NULL;   /* F2 */
	fake_indicate_packets(1, packets, 1, 0);
	assert_int_equal(trace.events[trace_find(TRACE_RECEIVE, 0)].port, NDIS_DEFAULT_PORT_NUMBER);
}

/* ---- up ---- */

static void A25_each_protocol_hears_of_its_own(void **state)
{
	(void)state;
	open_stack(2, 0);
	atomic_store(&fake.keep_sends, true);
	for (unsigned i = 0; i < N; i++) {
		make(i, i % 3 ? q : p);
		packets_send(i % 3 ? q : p, &packets[i], 1, 0);
	}
	fake_complete(NDIS_STATUS_SUCCESS);   /* all of them in one call */
	all_succeeded();
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(trace.events[packet_done(&packets[i]->nbl)->event].who, i % 3 != 0);
}

/* ---- filters ---- */

static void A63_three_filters_send_downwards_and_complete_upwards(void **state)
{
	(void)state;
	open_stack(1, 3);
	sieve.trace_data = true;
	make_all(p);
	packets_send(p, packets, N, 0);
	all_succeeded();
	assert_string_equal(trace_steps(0), "f3 sends, f2 sends, f1 sends, f1 completes, f2 completes, "
			    "f3 completes");
}

static void A63_a_filter_that_cannot_hear_of_the_end_sends_nothing(void **state)
{
	(void)state;
	sieve.no_completion = true;
	open_stack(1, 1);
	make_all(p);
	packets_send(p, packets, N, 0);
	packets_wait(N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_FAILURE);
	assert_int_equal(fake.n_sends, 0);
}

static void A63_a_paused_filter_sends_nothing(void **state)
{
	(void)state;
	open_stack(1, 2);
	assert_int_equal(ndis_filter_pause(fake.adapter, "f1", &err), 0);
	make_all(p);
	packets_send(p, packets, N, 0);
	packets_wait(N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_PAUSED);
	assert_int_equal(fake.n_sends, 0);
	assert_int_equal(sieve.modules[0].sends, 0);
	assert_int_equal(ndis_filter_restart(fake.adapter, "f1", &err), 0);
}

/* At the parent's completion there is no child any more. */
static void no_children(PNET_BUFFER_LIST list)
{
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		assert_int_equal(list->ChildRefCount, 0);
}

static void A64_a_clone_goes_down_and_its_parent_comes_back(void **state)
{
	(void)state;
	open_stack(1, 1);
	sieve.clone_sends = true;
	p->on_send_done = no_children;
	atomic_store(&fake.keep_sends, true);
	make_all(p);
	packets_send(p, packets, N, 0);
	assert_int_equal(trace.n_sends, 0);
	for (unsigned i = 0; i < N; i++) {
		assert_ptr_equal(fake.sends[i].nbl->ParentNetBufferList, &packets[i]->nbl);
		assert_ptr_equal(fake.sends[i].source, sieve.modules[0].handle);
		assert_int_equal(packets[i]->nbl.ChildRefCount, 1);
		assert_int_equal(fake.sends[i].nbs, 2);
	}
	fake_complete(NDIS_STATUS_SUCCESS);
	all_succeeded();
}

/* Packet 'i' of one buffer, and what travels beside it: a checksum or a large send, a tag, a queue, an id, a hash. */
static void make_marked(unsigned i)
{
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sum = { .Value = NULL };
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO large = { .Value = NULL };
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	NET_BUFFER_LIST *nbl;
	uint8_t mac[6], *bytes;
	unsigned index;

	ground_mac(mac, 1);
	index = ground_frame_add(&frames, mac, UNTAGGED, 100 + i);
	bytes = frames.list[index].bytes;
	memset(&bytes[12], 0, 42);
	bytes[12] = 0x08;        /* IPv4, TCP, both without options */
	bytes[14] = 0x45;
	bytes[14 + 3] = (uint8_t)(86 + i);
	bytes[14 + 9] = 6;
	bytes[34 + 12] = 0x50;
	packets[i] = packet_of(atomic_load(&p->binding), (USHORT)(i % 3), &frames, index);
	nbl = &packets[i]->nbl;
	sum.Transmit.IsIPv4 = 1;
	sum.Transmit.TcpChecksum = 1;
	sum.Transmit.TcpHeaderOffset = 34;
	large.LsoV2Transmit.MSS = 20 + i;
	large.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
	large.LsoV2Transmit.TcpHeaderOffset = 34;
	tag.TagHeader.UserPriority = i % 8;
	tag.TagHeader.VlanId = 100 + i;
	if (i % 2)
		NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = sum.Value;
	else
		NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) = large.Value;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
	NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, (PVOID)(uintptr_t)(0x71 + i));
	NET_BUFFER_LIST_SET_HASH_VALUE(nbl, 0x1234 + i);
}

static void P16_a_filter_that_clones_takes_what_goes_beside_along(void **state)
{
	(void)state;
	open_stack(1, 1);
	sieve.clone_sends = true;
	atomic_store(&fake.keep_sends, true);
	for (unsigned i = 0; i < N; i++)
		make_marked(i);
	packets_send(p, packets, N, 0);
	for (unsigned i = 0; i < N; i++) {
		NET_BUFFER_LIST *child = fake.sends[i].nbl, *parent = &packets[i]->nbl;

		assert_ptr_equal(child->ParentNetBufferList, parent);
#define SAME(slot) assert_ptr_equal(NET_BUFFER_LIST_INFO(child, slot), NET_BUFFER_LIST_INFO(parent, slot))
		SAME(TcpIpChecksumNetBufferListInfo);
		SAME(TcpLargeSendNetBufferListInfo);
		SAME(Ieee8021QNetBufferListInfo);
		SAME(NetBufferListCancelId);
		SAME(NetBufferListFilteringInfo);
#undef SAME
		assert_int_equal(fake.sends[i].queue, i % 3);
		assert_int_equal(fake.sends[i].priority, i % 8);
		assert_int_equal(fake.sends[i].vlan, 100 + i);
		assert_int_not_equal(fake.sends[i].checksum | fake.sends[i].large, 0);
		assert_int_equal(NET_BUFFER_LIST_GET_HASH_VALUE(child), 0);   /* not in the list */
	}
	fake_complete(NDIS_STATUS_SUCCESS);
	packets_wait(N);
}

/* ---- cancel ---- */

#define ID(n) ((PVOID)(uintptr_t)(n))

static void A61_a_filter_that_queues_aborts_and_passes_the_cancel_on(void **state)
{
	(void)state;
	open_stack(1, 2);
	sieve.keep_sends = true;
	make_all(p);
	for (unsigned i = 0; i < N; i++)
		NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&packets[i]->nbl, ID(0x71 + i % 2));
	packets_send(p, packets, N, 0);
	NdisCancelSendNetBufferLists(atomic_load(&p->binding), ID(0x72));
	packets_wait(N / 2);
	assert_int_equal(sieve.modules[0].cancels, 1);
	assert_int_equal(fake.cancels, 1);
	sieve.keep_sends = false;
	sieve_let_go(&sieve.modules[1]);
	packets_wait(N);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(packet_done(&packets[i]->nbl)->status,
				 i % 2 ? NDIS_STATUS_SEND_ABORTED : NDIS_STATUS_SUCCESS);
	assert_int_equal(fake.n_sends, N / 2);
}

static void A59_a_filter_without_a_handler_is_not_asked(void **state)
{
	(void)state;
	sieve.no_cancel = true;
	open_stack(1, 2);
	make_all(p);
	packets_send(p, packets, N, 0);
	all_succeeded();
	NdisCancelSendNetBufferLists(atomic_load(&p->binding), ID(0));   /* too late: nothing happens */
	assert_int_equal(fake.cancels, 1);
	assert_int_equal(sieve.modules[0].cancels + sieve.modules[1].cancels, 0);
	packets_wait(N);
}

/* The other adapter's sends have the same id. */
static void A57_a_cancel_is_of_one_binding(void **state)
{
	struct ndis_adapter *second;

	(void)state;
	protocols_by_hand = true;
	open_stack(2, 0);
	protocols_by_hand = false;
	second = fake_open_second();
	assert_int_equal(ndis_protocol_bind(fake.adapter, p->image, &err), 0);
	assert_int_equal(ndis_protocol_bind(second, q->image, &err), 0);
	atomic_store(&fake.keep_sends, true);
	make(0, p);
	NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&packets[0]->nbl, ID(5));
	packets_send(p, packets, 1, 0);
	NdisCancelSendNetBufferLists(atomic_load(&q->binding), ID(5));
	assert_int_equal(fake.second_cancels, 1);
	assert_int_equal(trace.n_sends, 0);
	NdisCancelSendNetBufferLists(atomic_load(&p->binding), ID(5));
	packets_wait(1);
	assert_int_equal(packet_done(&packets[0]->nbl)->status, NDIS_STATUS_SEND_ABORTED);
	ndis_adapter_remove(second);
}

static atomic_bool in_cancel, go_on, unbound;

static void linger(void)
{
	atomic_store(&in_cancel, true);
	while (!atomic_load(&go_on))
		usleep(100);
}

static void cancel(void *binding)
{
	NdisCancelSendNetBufferLists(binding, ID(1));
}

static void unbind(void *unused)
{
	(void)unused;
	ndis_protocol_unbind(fake.adapter, p->image, &err);
	atomic_store(&unbound, true);
}

static void A60_a_close_waits_for_a_cancel(void **state)
{
	bool early;

	(void)state;
	open_stack(1, 0);
	fake.on_cancel = linger;
	atomic_store(&in_cancel, false);
	atomic_store(&go_on, false);
	atomic_store(&unbound, false);
	kernel_call_work(cancel, atomic_load(&p->binding));
	ground_until(atomic_load(&in_cancel));
	kernel_call_work(unbind, NULL);
	ground_until(!atomic_load(&p->binding));
	ground_settle();
	early = atomic_load(&unbound);
	atomic_store(&go_on, true);
	ground_until(atomic_load(&unbound));
	assert_false(early);
}

/* ---- the end ---- */

static void complete_later(void *unused)
{
	(void)unused;
	usleep(50000);
	fake_complete(NDIS_STATUS_SUCCESS);
}

/* The first step of that name; TRACE_EVENTS: none. */
static unsigned step_number(const char *what)
{
	for (unsigned i = trace_find(TRACE_STEP, 0); i < TRACE_EVENTS; i = trace_find(TRACE_STEP, i + 1))
		if (!strcmp(trace.events[i].step, what))
			return i;
	return TRACE_EVENTS;
}

static void A62_a_halt_waits_for_what_was_sent_and_is_the_last(void **state)
{
	unsigned halted;

	(void)state;
	open_stack(1, 1);
	atomic_store(&fake.keep_sends, true);
	make_all(p);
	packets_send(p, packets, N, 0);
	kernel_call_work(complete_later, NULL);
	fake_close();
	halted = step_number("fake halts");
	assert_true(halted < TRACE_EVENTS);
	all_succeeded();
	for (unsigned i = 0; i < N; i++)
		assert_true(packet_done(&packets[i]->nbl)->event < halted);
	assert_true(fake.context_ok);   /* nothing came after it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(A3_A4_A5_one_call_arrives_whole_with_the_miniports_context),
		T(A5_A63_one_call_goes_down_through_filters),
		T(A15_calls_of_a_protocol_arrive_in_their_order),
		T(A44_the_handler_is_called_at_dispatch_level_at_most),
		T(A48_without_ports_everybody_is_on_port_0),
		T(A25_each_protocol_hears_of_its_own),
		T(A63_three_filters_send_downwards_and_complete_upwards),
		T(A63_a_filter_that_cannot_hear_of_the_end_sends_nothing),
		T(A63_a_paused_filter_sends_nothing),
		T(A64_a_clone_goes_down_and_its_parent_comes_back),
		T(P16_a_filter_that_clones_takes_what_goes_beside_along),
		T(A61_a_filter_that_queues_aborts_and_passes_the_cancel_on),
		T(A59_a_filter_without_a_handler_is_not_asked),
		T(A57_a_cancel_is_of_one_binding),
		T(A60_a_close_waits_for_a_cancel),
		T(A62_a_halt_waits_for_what_was_sent_and_is_the_last),
#undef T
	};

	return cmocka_run_group_tests_name("send", tests, ground_setup, ground_teardown);
}
