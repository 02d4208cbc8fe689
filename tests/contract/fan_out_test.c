/* SPDX-License-Identifier: BSD-2-Clause */
/* One stack, several bindings: who gets a frame, in which form, and its one way back (F). */
#include "fake.h"
#include "sieve.h"

#include <pthread.h>
#include <string.h>

#define MOST 2048
#define MARK 256     /* frames that one of several bindings holds before it gets copies */
#define COPIES 1024

static struct ground_frames frames;
static struct packet *packets[MOST];
static struct error err;

static int setup(void **state)
{
	(void)state;
	trace_clear();
	fake_reset();
	packets_open();
	sieve_load();
	for (unsigned i = 0; i < PROTOCOL_MAX; i++)
		protocols[i].n_frame_types = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PROTOCOL_MAX; i++) {
		protocols[i].in_receive = NULL;
		if (atomic_load(&protocols[i].binding))
			protocol_return_all(&protocols[i]);
	}
	fake_close();
	protocols_unload();
	sieve_unload();
	for (unsigned i = 0; i < MOST; i++)
		if (packets[i])
			packet_free(packets[i]);
	memset(packets, 0, sizeof(packets));
	packets_close();
	ground_frames_free(&frames);
	return 0;
}

static void open_with(unsigned n)
{
	ULONG all = NDIS_PACKET_TYPE_PROMISCUOUS;

	protocols_load(n);
	fake_open();
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(request(&protocols[i], NdisRequestSetInformation,
					 OID_GEN_CURRENT_PACKET_FILTER, &all, sizeof(all), 0),
				 NDIS_STATUS_SUCCESS);
}

static void make(unsigned n)
{
	uint8_t mac[6];

	ground_mac(mac, 1);
	for (unsigned i = 0; i < n; i++)
		packets[i] = packet_of(NULL, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 100));
}

static unsigned seen_by(unsigned who, uint32_t index)
{
	unsigned n = 0;

	for (unsigned i = 0; i < trace.n_frames; i++)
		n += trace.frames[i].who == who && trace.frames[i].index == index;
	return n;
}

/* ---- frame types ---- */

static void add_type(unsigned type, bool tagged)
{
	unsigned index;
	uint8_t mac[6], *b;

	ground_mac(mac, 1);
	index = ground_frame_add(&frames, mac, tagged ? 7 : UNTAGGED, 100);
	b = frames.list[index].bytes + (tagged ? 16 : 12);
	b[0] = (uint8_t)(type >> 8);
	b[1] = (uint8_t)type;
	packets[index] = packet_of(NULL, 0, &frames, index);
}

static void F34_a_protocol_gets_the_types_that_it_asked_for(void **state)
{
	static const NET_FRAME_TYPE ip[] = { 0x0008, 0xdd86 };   /* as the bytes lie in a frame */

	(void)state;
	/* Alone first: then nobody else's wish is in the way. */
	protocols[0].frame_types = ip;
	protocols[0].n_frame_types = 2;
	for (unsigned round = 1; round <= 2; round++) {
		open_with(round);
		trace_clear();
		add_type(NDIS_ETH_TYPE_IPV4, false);
		add_type(NDIS_ETH_TYPE_ARP, false);
		add_type(NDIS_ETH_TYPE_IPV6, true);    /* behind the tag */
		add_type(NDIS_ETH_TYPE_802_1X, false);
		add_type(NDIS_ETH_TYPE_ARP, false);    /* its miniport says otherwise */
		NET_BUFFER_LIST_INFO(&packets[4]->nbl, NetBufferListFrameType) =
			(PVOID)(ULONG_PTR)0x0008;
		fake_indicate_packets(1, packets, 5, 0);
		assert_int_equal(fake.n_returns, 5);
		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(fake_returned(&packets[i]->nbl), 1);
		/* Who asked for no type gets all of them. */
		assert_int_equal(trace.n_frames, round == 1 ? 3 : 8);
		for (unsigned i = 0; i < trace.n_frames; i++)
			if (trace.frames[i].who == 0)
				assert_true(trace.frames[i].nbl == &packets[0]->nbl ||
					    trace.frames[i].nbl == &packets[2]->nbl ||
					    trace.frames[i].nbl == &packets[4]->nbl);
		teardown(NULL);
		setup(NULL);
		protocols[0].n_frame_types = 2;
	}
}

static void F34_more_types_than_there_is_room_for_are_refused(void **state)
{
	static const NET_FRAME_TYPE many[17];

	(void)state;
	protocols[0].frame_types = many;
	protocols[0].n_frame_types = 17;
	protocols_load(1);
	fake_open();
	assert_null(atomic_load(&protocols[0].binding));
}

/* ---- the slow one ---- */

/* What one of several bindings keeps comes to an end: then it gets copies, which are its
 * own, and the frames themselves are the miniport's again; and then it is lent them. */
static void F25_a_binding_that_keeps_much_gets_copies(void **state)
{
	unsigned n = MARK + COPIES + 64, first_copy = NO_INDEX, lent = 0;

	(void)state;
	open_with(2);
	make(n);
	for (unsigned i = 0; i < n; i++)
		packet_set_tag(packets[i], 3, 9);
	atomic_store(&protocols[1].hold, true);
	for (unsigned i = 0; i < n; i += 64)
		fake_indicate_packets(1, packets + i, n - i < 64 ? n - i : 64, 0);
	assert_int_equal(protocol_held(&protocols[1]), MARK + COPIES);
	assert_int_equal(fake.n_returns, COPIES + 64);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *f = &trace.frames[i];
		const struct trace_event *e = &trace.events[f->event];

		if (f->who == 0) {
			assert_true(e->flags & NDIS_RECEIVE_FLAGS_RESOURCES);
			continue;
		}
		assert_int_equal(f->vlan, 9);
		assert_int_equal(f->priority, 3);
		assert_int_equal(f->length, 100);
		lent += (e->flags & NDIS_RECEIVE_FLAGS_RESOURCES) != 0;
		if (f->nbl != &packets[f->index]->nbl) {
			first_copy = first_copy == NO_INDEX ? f->index : first_copy;
			assert_false(e->flags & (NDIS_RECEIVE_FLAGS_RESOURCES |
						 NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID));
		}
	}
	assert_int_equal(first_copy, MARK);
	assert_int_equal(lent, 64);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(seen_by(0, i), 1);
		assert_int_equal(seen_by(1, i), 1);
		assert_int_equal(fake_returned(&packets[i]->nbl), i >= MARK);
	}
	/* Copies end in NDIS, the others go all the way; and all is as it was. */
	protocol_return(&protocols[1], 0, n, REVERSED, 0);
	assert_int_equal(fake.n_returns, n);
	trace_clear();
	fake_indicate_packets(1, packets, 1, 0);
	assert_int_equal(protocol_held(&protocols[1]), 1);
	protocol_return_all(&protocols[1]);
	assert_int_equal(fake.n_returns, n + 1);
}

/* The second binding goes while the first holds copies of the time when it was there. */
static void F25_copies_outlast_the_other_binding(void **state)
{
	(void)state;
	open_with(2);
	make(MARK + 10);
	atomic_store(&protocols[1].hold, true);
	fake_indicate_packets(1, packets, MARK + 10, 0);
	assert_int_equal(fake.n_returns, 10);
	assert_int_equal(ndis_protocol_unbind(fake.adapter, protocols[0].image, &err), 0);
	protocol_return_all(&protocols[1]);
	assert_int_equal(fake.n_returns, MARK + 10);
	for (unsigned i = 0; i < MARK + 10; i++)
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
}

/* ---- the way back ---- */

static void *return_parts(void *arg)
{
	struct protocol *p = arg;

	while (protocol_held(p))
		protocol_return(p, 0, 3, REVERSED, 0);
	return NULL;
}

static void F27_F32_F33_three_bindings_and_filters_return_in_parts_from_everywhere(void **state)
{
	pthread_t threads[4];
	unsigned n = 240;

	(void)state;
	open_with(3);
	sieve_attach(fake.adapter);
	sieve_attach(fake.adapter);
	make(n);
	for (unsigned i = 0; i < 3; i++)
		atomic_store(&protocols[i].hold, true);
	for (unsigned i = 0; i < n; i += 40)
		fake_indicate_packets(i / 40 % 3, packets + i, 40, 0);
	for (unsigned i = 0; i < n; i++)
		for (unsigned who = 0; who < 3; who++)
			assert_int_equal(seen_by(who, i), 1);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, return_parts, &protocols[2]), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	protocol_return_all(&protocols[0]);
	protocol_return_all(&protocols[1]);
	assert_int_equal(fake.n_returns, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sieve.modules[i].returns, n);
}

static atomic_uint inside, most_inside;

/* Stays until another processor is here too; that it never comes fails the test. */
static void meet(struct protocol *p)
{
	uint64_t end = ground_ran() + GROUND_PATIENCE;
	unsigned now = atomic_fetch_add(&inside, 1) + 1;

	(void)p;
	if (now > atomic_load(&most_inside))
		atomic_store(&most_inside, now);
	while (atomic_load(&most_inside) < 2 && ground_ran() < end)
		usleep(100);
	atomic_fetch_sub(&inside, 1);
}

static void *indicate_elsewhere(void *arg)
{
	(void)arg;
	fake_indicate_packets(1, packets + 8, 8, 0);
	return NULL;
}

static void F33_a_binding_receives_on_several_processors_at_once(void **state)
{
	pthread_t other;

	(void)state;
	open_with(1);
	make(16);
	atomic_store(&most_inside, 0);
	protocols[0].in_receive = meet;
	assert_int_equal(pthread_create(&other, NULL, indicate_elsewhere, NULL), 0);
	fake_indicate_packets(0, packets, 8, 0);
	pthread_join(other, NULL);
	assert_int_equal(most_inside, 2);
	assert_int_equal(fake.n_returns, 16);
}

/* Three filters: all pass on what is lent and have it back; one drops, one only lends. */
static void F30_filters_pass_drop_and_lend(void **state)
{
	(void)state;
	open_with(1);
	for (unsigned i = 0; i < 3; i++)
		sieve_attach(fake.adapter);
	make(24);
	fake_indicate_packets(1, packets, 8, NDIS_RECEIVE_FLAGS_RESOURCES);
	assert_int_equal(fake.n_returns, 0);
	assert_int_equal(trace.n_frames, 8);
	assert_true(trace.events[trace.frames[0].event].flags & NDIS_RECEIVE_FLAGS_RESOURCES);
	for (unsigned i = 0; i < 8; i++)
		assert_true(packet_is_unchanged(packets[i]));
	sieve.lend_receives = true;
	fake_indicate_packets(1, packets + 8, 8, 0);
	assert_int_equal(fake.n_returns, 8);
	assert_int_equal(trace.n_frames, 16);
	sieve.lend_receives = false;
	sieve.keep_receives = true;
	fake_indicate_packets(1, packets + 16, 8, 0);
	assert_int_equal(fake.n_returns, 16);
	assert_int_equal(trace.n_frames, 16);
	for (unsigned i = 8; i < 24; i++)
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
}

static VOID no_receives(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG n,
			ULONG flags)
{
	(void)context;
	(void)list;
	(void)port;
	(void)n;
	(void)flags;
}

static NDIS_STATUS no_attach(NDIS_HANDLE filter, NDIS_HANDLE context,
			     PNDIS_FILTER_ATTACH_PARAMETERS parameters)
{
	(void)filter;
	(void)context;
	(void)parameters;
	return NDIS_STATUS_FAILURE;
}

static VOID no_detach(NDIS_HANDLE context)
{
	(void)context;
}

static NDIS_STATUS no_restart(NDIS_HANDLE context, PNDIS_FILTER_RESTART_PARAMETERS parameters)
{
	(void)context;
	(void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS no_pause(NDIS_HANDLE context, PNDIS_FILTER_PAUSE_PARAMETERS parameters)
{
	(void)context;
	(void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS without_status;

static NTSTATUS deaf_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	static WCHAR name[] = { 'd', 'e', 'a', 'f', 0 };
	NDIS_FILTER_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS,
			    NDIS_FILTER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.FriendlyName = RTL_CONSTANT_STRING(name), .UniqueName = RTL_CONSTANT_STRING(name),
		.ServiceName = RTL_CONSTANT_STRING(name),
		.AttachHandler = no_attach, .DetachHandler = no_detach,
		.RestartHandler = no_restart, .PauseHandler = no_pause,
		.ReceiveNetBufferListsHandler = no_receives,
	};
	NDIS_HANDLE driver;

	(void)RegistryPath;
	without_status = NdisFRegisterFilterDriver(DriverObject, NULL, &c, &driver);
	return without_status;
}

static void F30_a_filter_that_receives_must_hear_statuses(void **state)
{
	struct ndis_image_options options = { 0 };
	struct ndis_image *image;

	(void)state;
	protocols_load(1);
	fake_open();
	assert_int_not_equal(ndis_image_load(&image, "deaf", deaf_entry, &options, &err), 0);
	assert_int_equal(without_status, NDIS_STATUS_BAD_CHARACTERISTICS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(F34_a_protocol_gets_the_types_that_it_asked_for),
		T(F34_more_types_than_there_is_room_for_are_refused),
		T(F25_a_binding_that_keeps_much_gets_copies),
		T(F25_copies_outlast_the_other_binding),
		T(F27_F32_F33_three_bindings_and_filters_return_in_parts_from_everywhere),
		T(F33_a_binding_receives_on_several_processors_at_once),
		T(F30_filters_pass_drop_and_lend),
		T(F30_a_filter_that_receives_must_hear_statuses),
#undef T
	};

	return cmocka_run_group_tests_name("fan out", tests, ground_setup, ground_teardown);
}
