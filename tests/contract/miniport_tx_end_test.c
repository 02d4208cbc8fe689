/* SPDX-License-Identifier: BSD-2-Clause */
/* What ends sends before they are sent: a reset, a low power state (A23, A52, A55); and what
 * the adapter says of what it sent. */
#include "sender.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "miniport/tx_key.h"
#include "verifier/verifier.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS

static void send_n(unsigned n, ULONG queue)
{
	for (unsigned i = 0; i < n; i++)
		sender_send(sender_packet(P0, (USHORT)queue, 60));
}

static void reset_now(void)
{
	struct error err = { "" };

	if (ndis_adapter_reset(stack.adapter, &err))
		fail_msg("%s", err.text);
}

static void power(unsigned d_state)
{
	struct error err = { "" };

	if (ndis_adapter_set_power(stack.adapter, d_state, &err))
		fail_msg("%s", err.text);
}

/* ---- reset ---- */

static void A19_A52_A23_a_630_miniport_ends_what_waits(void **state)
{
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	stack_take(0);
	send_n(40, 0);
	send_n(40, queue);
	reset_now();
	assert_int_equal(trace.n_sends, 80);       /* before the reset completes */
	for (unsigned i = 0; i < 80; i++)
		assert_int_equal(sender_status(sender_packets[i]), NDIS_STATUS_RESET_IN_PROGRESS);
	stack_take(-1);
	send_n(10, queue);
	packets_wait(90);
	assert_int_equal(sender_status(sender_packets[89]), OK);
	assert_int_equal(stack_queue_report(queue).sent, 10);      /* U9: it is still there */
	stack_close();
	assert_int_equal(stack.out.n, 10);
}

static void A52_a_620_miniport_holds_what_waits(void **state)
{
	ULONG queue;

	(void)state;
	stack_open(&(struct stack_options){ .ndis_620 = true });
	queue = sender_queue(1, 1);
	stack_take(0);
	send_n(80, queue);
	reset_now();
	ground_settle();
	assert_int_equal(trace.n_sends, 0);
	send_n(10, queue);
	stack_take(-1);
	sender_all_done(OK);
	sender_left_in_order(90);
}

static void send_meanwhile(void)
{
	if (!sender_n)
		send_n(1, 0);
}

static void A52_A23_a_send_during_a_reset(void **state)
{
	(void)state;
	stack_open(NULL);
	atomic_store(&stack.before_quiet, send_meanwhile);
	reset_now();
	atomic_store(&stack.before_quiet, NULL);
	packets_wait(1);
	assert_int_equal(sender_status(sender_packets[0]), NDIS_STATUS_RESET_IN_PROGRESS);
}

static void A52_a_send_during_a_620_reset(void **state)
{
	(void)state;
	stack_open(&(struct stack_options){ .ndis_620 = true });
	atomic_store(&stack.before_quiet, send_meanwhile);
	reset_now();
	atomic_store(&stack.before_quiet, NULL);
	sender_all_done(OK);
	sender_left_in_order(1);
}

/* ---- on the way into a queue ---- */

static atomic_uint n_selected, when;     /* calls of the key; that which 'meanwhile' is for */
static void (*meanwhile)(void);

static unsigned select_watched(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	if (atomic_fetch_add(&n_selected, 1) + 1 == atomic_load(&when))
		meanwhile();
	return mp_key_vmq.select(a, nbl);
}

static const struct mp_tx_key watched = { .name = "watched", .select = select_watched,
					  .by_id = true };

static void watch(unsigned call, void (*then)(void))
{
	meanwhile = then;
	atomic_store(&n_selected, 0);
	atomic_store(&when, call);
}

static atomic_bool go, over;

static void *reset_when_told(void *arg)
{
	(void)arg;
	while (!atomic_load(&go))
		usleep(100);
	reset_now();
	atomic_store(&over, true);
	return NULL;
}

/* Where the caller holds a lock that a reset wants, this ends first; else the reset does. */
static void let_reset_pass(void)
{
	atomic_store(&go, true);
	for (unsigned i = 0; i < 1000 && !atomic_load(&over); i++)
		usleep(100);
}

/* A reset that comes while held sends are being placed ends each of them, before it is over. */
static void A52_A55_A23_what_is_just_being_placed_ends_too(void **state)
{
	struct mp_adapter *a;
	pthread_t thread;

	(void)state;
	stack_open(NULL);
	a = ndis_adapter_context(stack.adapter);
	mp_tx_key_set(a, &watched);
	stack_take(0);
	atomic_store(&go, false);
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, reset_when_told, NULL), 0);
	mp_tx_change_begin(a);
	send_n(5, 0);
	watch(6, let_reset_pass);         /* the third, when it is about to be placed */
	mp_tx_change_end(a);
	pthread_join(thread, NULL);
	assert_int_equal(trace.n_sends, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(sender_status(sender_packets[i]), NDIS_STATUS_RESET_IN_PROGRESS);
	mp_tx_key_set(a, &mp_key_vmq);
	stack_close();
	assert_int_equal(stack.out.n, 0);
}

static void sleep_now(void)
{
	power(3);
}

/* The gate is open when the call begins, and shut when its sends are to be placed. */
static void A55_A20_A23_a_call_that_finds_the_gate_shut(void **state)
{
	struct mp_adapter *a;
	unsigned event;

	(void)state;
	stack_open(NULL);
	a = ndis_adapter_context(stack.adapter);
	mp_tx_key_set(a, &watched);
	for (unsigned i = 0; i < 6; i++)
		sender_packet(P0, (USHORT)(i % 2), 60);
	NET_BUFFER_DATA_LENGTH(&sender_packets[3]->nb[0]) = 13;
	event = trace.n_events;
	watch(1, sleep_now);
	packets_send(P0, sender_packets, 6, 0);
	packets_wait(6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(sender_status(sender_packets[i]),
				 i == 3 ? NDIS_STATUS_FAILURE : NDIS_STATUS_LOW_POWER_STATE);
	assert_int_equal(trace_count(TRACE_SEND_DONE, event), 1);
	power(0);
	mp_tx_key_set(a, &mp_key_vmq);
}

/* A queue, its filter and the packet filter go on as they were. */
static void A52_U9_a_reset_forgets_nothing(void **state)
{
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		stack_frame_of(i & 1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = sender_queue(1, 1);
	stack_flow(10);
	reset_now();
	stack_flow(10);
	assert_int_equal(stack_queue_report(queue).indicated, 10);
	assert_int_equal(stack_queue_report(0).indicated, 10);
}

/* ---- low power ---- */

static void A55_A23_low_power_ends_what_waits(void **state)
{
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	send_n(5, queue);
	packets_wait(5);
	stack_take(0);
	send_n(20, 0);
	send_n(20, queue);
	power(3);
	packets_wait(45);
	send_n(5, queue);
	packets_wait(50);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(sender_status(sender_packets[i]),
				 i < 5 ? OK : NDIS_STATUS_LOW_POWER_STATE);
	power(0);
	stack_take(-1);
	send_n(5, queue);
	packets_wait(55);
	assert_int_equal(sender_status(sender_packets[54]), OK);
	assert_int_equal(stack_queue_report(queue).sent, 10);
}

static void A55_U9_it_sleeps_with_frames_out_and_wakes_as_it_was(void **state)
{
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		stack_frame_of(1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = sender_queue(1, 1);
	atomic_store(&P0->hold, true);
	stack_flow(10);
	power(3);                                         /* does not wait for them */
	assert_int_equal(stack_outstanding(queue), 10);
	stack_let(10);
	ground_settle();
	assert_int_equal(stack_queue_report(queue).indicated, 10);
	power(0);
	ground_until(stack_queue_report(queue).indicated == 20);
	atomic_store(&P0->hold, false);
	protocol_return_all(P0);
	stack_flow(10);
	assert_int_equal(stack_queue_report(queue).indicated, 30);
}

/* ---- what it says ---- */

static void A24_what_is_completed_was_counted_as_sent(void **state)
{
	NDIS_STATISTICS_INFO info;
	char text[256] = "";

	(void)state;
	stack_open(NULL);
	send_n(7, 0);
	sender_all_done(OK);
	memset(&info, 0, sizeof(info));
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_STATISTICS, &info,
				 sizeof(info), 0), OK);
	assert_true(info.SupportedStatistics & NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT);
	assert_int_equal(info.ifHCOutOctets, 7 * 60);
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_STATISTICS, &info, 8, 0),
			 NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_VENDOR_DESCRIPTION, text,
				 sizeof(text), 0), OK);
	assert_non_null(strstr(text, "OpenVMQ"));
}

/* ---- what the sender may do with it, and when ---- */

#define SPOILED 0xee

static void spoil(PNET_BUFFER_LIST list)
{
	while (list) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(list);
		struct packet *p = CONTAINING_RECORD(list, struct packet, nbl);

		memset(p, SPOILED, sizeof(*p));
		list = next;
	}
}

/* From the completion on all of it is the sender's, and not before. */
static void A18_A21_all_of_it_is_the_senders_from_its_completion_on(void **state)
{
	struct packet *p[200];
	ULONG queue;

	(void)state;
	stack_open(NULL);
	P0->on_send_done = spoil;
	queue = sender_queue(1, 1);
	stack_take(0);
	for (unsigned i = 0; i < 200; i++)
		p[i] = packet_of(atomic_load(&P0->binding), (USHORT)(i & 1 ? queue : 0), &sender_frames,
				 sender_frame(100));
	packets_send(P0, p, 200, 0);
	ground_settle();
	for (unsigned i = 0; i < 10; i++) {
		stack_take(17);
		ground_until(atomic_load(&stack.room) == 0);
	}
	stack_take(-1);
	packets_wait(200);
	ground_settle();
	for (unsigned i = 0; i < 200; i++) {
		for (unsigned b = 0; b < sizeof(*p[i]); b++)
			assert_int_equal(((uint8_t *)p[i])[b], SPOILED);
		packet_free(p[i]);
	}
	stack_close();
	assert_int_equal(stack.out.n, 200);
	for (unsigned i = 0; i < 200; i++) {
		uint32_t index = ground_index(stack.out.list[i].bytes, 100);

		assert_in_range(index, 0, 199);
		assert_memory_equal(stack.out.list[i].bytes, sender_frames.list[index].bytes, 100);
	}
}

/* ---- shapes ---- */

#define JUMBO    9600
#define MANY_NBS 300

/* A chain of MDLs over the bytes: 'step' in each, every third one empty. */
static PMDL chain_of(uint8_t *bytes, unsigned length, unsigned step)
{
	PMDL first = NULL, last = NULL;

	for (unsigned at = 0, i = 0; at < length; i++) {
		unsigned here = i % 3 == 2 ? 0 : step < length - at ? step : length - at;
		PMDL m = NdisAllocateMdl(atomic_load(&P0->binding), bytes + at, here);

		assert_non_null(m);
		if (last)
			NDIS_MDL_LINKAGE(last) = m;
		else
			first = m;
		last = m;
		at += here;
	}
	return first;
}

static void chain_free(PMDL m)
{
	while (m) {
		PMDL next = NDIS_MDL_LINKAGE(m);

		NdisFreeMdl(m);
		m = next;
	}
}

static NDIS_HANDLE nb_pool, nbl_pool;

static void pools_open(void)
{
	NET_BUFFER_POOL_PARAMETERS nb = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1 },
	};
	NET_BUFFER_LIST_POOL_PARAMETERS nbl = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
	};

	nb_pool = NdisAllocateNetBufferPool(atomic_load(&P0->binding), &nb);
	nbl_pool = NdisAllocateNetBufferListPool(atomic_load(&P0->binding), &nbl);
	assert_true(nb_pool && nbl_pool);
}

/* One NBL of many NBs, each a frame of the sender's in MDLs of 'step' bytes; and freed. */
static void send_shape(unsigned nbs, unsigned length, unsigned step)
{
	PNET_BUFFER_LIST nbl = NdisAllocateNetBufferList(nbl_pool, 0, 0);
	unsigned done = trace.n_sends;
	PNET_BUFFER last = NULL;

	for (unsigned i = 0; i < nbs; i++) {
		const struct ground_frame *f = sender_fresh(length);
		PNET_BUFFER nb = NdisAllocateNetBuffer(nb_pool, chain_of(f->bytes, length, step), 0, length);

		assert_non_null(nb);
		if (last)
			NET_BUFFER_NEXT_NB(last) = nb;
		else
			NET_BUFFER_LIST_FIRST_NB(nbl) = nb;
		last = nb;
	}
	nbl->SourceHandle = atomic_load(&P0->binding);
	NdisSendNetBufferLists(atomic_load(&P0->binding), nbl, 0, 0);
	packets_wait(done + 1);
	assert_int_equal(trace.sends[done].status, OK);
	for (PNET_BUFFER nb = NET_BUFFER_LIST_FIRST_NB(nbl), next; nb; nb = next) {
		next = NET_BUFFER_NEXT_NB(nb);
		chain_free(NET_BUFFER_FIRST_MDL(nb));
		NdisFreeNetBuffer(nb);
	}
	NdisFreeNetBufferList(nbl);
}

static void A6_A22_any_number_of_mdls_and_nbs(void **state)
{
	(void)state;
	stack_open(&(struct stack_options){ .mtu = JUMBO });
	pools_open();
	send_shape(3, JUMBO + 14, 16);          /* some 900 MDLs each, a third of them empty */
	send_shape(5, 60, 1);                   /* a header in many */
	send_shape(MANY_NBS, 61, 40);
	NdisFreeNetBufferListPool(nbl_pool);
	NdisFreeNetBufferPool(nb_pool);
	sender_left_in_order(3 + 5 + MANY_NBS);
}

/* ---- all at once ---- */

static atomic_bool stop;
static _Thread_local unsigned seed;

static void free_all(PNET_BUFFER_LIST list)
{
	while (list) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(list);

		packet_free(CONTAINING_RECORD(list, struct packet, nbl));
		list = next;
	}
}

static atomic_uint n_sent;

static void *race_send(void *arg)
{
	seed = (unsigned)(uintptr_t)arg;
	while (!atomic_load(&stop)) {
		struct packet *p[3];

		for (unsigned k = 0; k < 3; k++) {
			p[k] = packet_of(atomic_load(&P0->binding), (USHORT)(rand_r(&seed) % 3), &sender_frames,
					 (unsigned)rand_r(&seed) % sender_frames.n);
			NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&p[k]->nbl, (PVOID)(uintptr_t)(rand_r(&seed) % 4));
		}
		packets_send(P0, p, 3, 0);
		if (atomic_fetch_add(&n_sent, 3) > TRACE_SENDS - 1000)
			break;
		usleep(50);
	}
	return NULL;
}

static void *race_cancel(void *arg)
{
	(void)arg;
	for (; !atomic_load(&stop); usleep(1))
		NdisCancelSendNetBufferLists(atomic_load(&P0->binding), (PVOID)3);
	return NULL;
}

static void *race_nic(void *arg)
{
	seed = (unsigned)(uintptr_t)arg;
	for (; !atomic_load(&stop); usleep(300))
		stack_take(rand_r(&seed) % 4 ? rand_r(&seed) % 64 : -1);
	return NULL;
}

static void *race_pause(void *arg)
{
	struct error err;

	(void)arg;
	for (unsigned i = 0; !atomic_load(&stop); i++, usleep(3000)) {
		if (i % 3 == 0) {
			reset_now();
			continue;
		}
		stack_take(-1);
		ndis_adapter_pause(stack.adapter);
		assert_int_equal(stack_report().sends_waiting, 0);
		ndis_adapter_restart(stack.adapter, &err);
	}
	return NULL;
}

/* Send, cancel, pause, reset, free and complete on several threads: each NBL is completed
 * once, its memory gone inside the completion. */
static void A19_A21_A29_B13_everything_at_once(void **state)
{
	void *(*const work[])(void *) = { race_send, race_send, race_cancel, race_nic, race_pause };
	pthread_t threads[5];

	(void)state;
	stack_open(&(struct stack_options){ .queues = 2 });
	P0->on_send_done = free_all;
	for (unsigned length = 60; length < 70; length++)
		sender_frame(length);
	atomic_store(&stop, false);
	atomic_store(&n_sent, 0);
	for (uintptr_t i = 0; i < 5; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work[i], (void *)(i + 1)), 0);
	for (unsigned lives = 0; lives < 20; lives++) {
		ULONG queue, filter;

		queue = ask_running(P0, lives % GROUND_PROCESSORS, 0, 1, VLAN_NONE_OR_ZERO, &filter);
		ask_move(P0, queue, lives % 3);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		assert_int_equal(ask_free(P0, queue), OK);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	stack_take(-1);
	packets_wait(atomic_load(&n_sent));
	ground_until(!stack_report().sends_waiting);
	assert_int_equal(trace.n_sends, atomic_load(&n_sent));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(A19_A52_A23_a_630_miniport_ends_what_waits),
		TEST(A52_a_620_miniport_holds_what_waits),
		TEST(A52_A23_a_send_during_a_reset),
		TEST(A52_a_send_during_a_620_reset),
		TEST(A52_A55_A23_what_is_just_being_placed_ends_too),
		TEST(A55_A20_A23_a_call_that_finds_the_gate_shut),
		TEST(A52_U9_a_reset_forgets_nothing),
		TEST(A55_A23_low_power_ends_what_waits),
		TEST(A55_U9_it_sleeps_with_frames_out_and_wakes_as_it_was),
		TEST(A24_what_is_completed_was_counted_as_sent),
		TEST(A18_A21_all_of_it_is_the_senders_from_its_completion_on),
		TEST(A6_A22_any_number_of_mdls_and_nbs),
		TEST(A19_A21_A29_B13_everything_at_once),
	};

	verifier_ignore("SendHeader");   /* a header in pieces is asked for on purpose */
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
