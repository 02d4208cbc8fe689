/* SPDX-License-Identifier: BSD-2-Clause */
#include "faulty.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "verifier/verifier.h"

#define STANDSTILL_LOOKS_US 100000   /* for some looks of the verifier afterwards */

enum fault fault;
unsigned standstill_us;

/* ---- work as a processor ---- */

struct job {
	KDPC dpc;
	void (*work)(void *arg);
	void *arg;
	atomic_bool done;
};

static VOID run(PKDPC dpc, PVOID context, PVOID one, PVOID two)
{
	struct job *j = context;

	(void)dpc;
	(void)one;
	(void)two;
	j->work(j->arg);
	atomic_store(&j->done, true);
}

void course_on(unsigned processor, void (*work)(void *arg), void *arg)
{
	struct job j = { .work = work, .arg = arg };

	KeInitializeDpc(&j.dpc, run, &j);
	KeSetTargetProcessorDpc(&j.dpc, (CCHAR)processor);
	KeInsertQueueDpc(&j.dpc, NULL, NULL);
	while (!atomic_load(&j.done))
		usleep(100);
	KeFlushQueuedDpcs();   /* the job lies on this stack */
}

void course_wait_for_report(void)
{
	for (unsigned i = 0; i < 20000 && !verifier_reports(); i++)
		usleep(1000);
}

/* ---- queues ---- */

#define HEADER(name, revision) \
	{ NDIS_OBJECT_TYPE_DEFAULT, NDIS_##name##_REVISION_##revision, \
	  NDIS_SIZEOF_##name##_REVISION_##revision }

static ULONG allocate_queue(void)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = {
		.Header = HEADER(RECEIVE_QUEUE_PARAMETERS, 2),
		.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION,
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << QUEUE_PROCESSOR },
	};

	assert_int_equal(protocol_ask(NdisRequestMethod, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &q,
				      q.Header.Size), NDIS_STATUS_SUCCESS);
	return q.QueueId;
}

static void complete_queue(ULONG queue)
{
	struct {
		NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a;
		NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS e;
	} b = {
		.a = { .Header = HEADER(RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, 1),
		       .NumElements = 1, .ElementSize = sizeof(b.e) },
		.e = { .Header = HEADER(RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS, 1),
		       .QueueId = queue },
	};

	b.a.FirstElementOffset = (ULONG)((char *)&b.e - (char *)&b);
	assert_int_equal(protocol_ask(NdisRequestMethod, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE,
				      &b, sizeof(b)), NDIS_STATUS_SUCCESS);
}

static ULONG set_filter(ULONG queue)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS p;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS f;
	} b = {
		.p = { .Header = HEADER(RECEIVE_FILTER_PARAMETERS, 2),
		       .FilterType = NdisReceiveFilterTypeVMQueue, .QueueId = queue,
		       .FieldParametersArrayNumElements = 1,
		       .FieldParametersArrayElementSize = sizeof(b.f) },
		.f = { .Header = HEADER(RECEIVE_FILTER_FIELD_PARAMETERS, 2),
		       .Flags = NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO,
		       .FrameHeader = NdisFrameHeaderMac,
		       .ReceiveFilterTest = NdisReceiveFilterTestEqual,
		       .HeaderField.MacHeaderField = NdisMacHeaderFieldDestinationAddress,
		       .FieldValue.FieldByteArrayValue = { 2, 0, 0, 0, 0, 9 } },
	};

	b.p.FieldParametersArrayOffset = (ULONG)((char *)&b.f - (char *)&b);
	assert_int_equal(protocol_ask(NdisRequestMethod, OID_RECEIVE_FILTER_SET_FILTER, &b, sizeof(b)),
			 NDIS_STATUS_SUCCESS);
	return b.p.FilterId;
}

static void clear_filter(ULONG queue, ULONG filter)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS c = {
		.Header = HEADER(RECEIVE_FILTER_CLEAR_PARAMETERS, 1), .QueueId = queue,
		.FilterId = filter };

	assert_int_equal(protocol_ask(NdisRequestSetInformation, OID_RECEIVE_FILTER_CLEAR_FILTER, &c,
				      c.Header.Size), NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS free_queue(ULONG queue)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS f = { .Header = HEADER(RECEIVE_QUEUE_FREE_PARAMETERS, 1),
						 .QueueId = queue };

	return protocol_ask(NdisRequestSetInformation, OID_RECEIVE_FILTER_FREE_QUEUE, &f, f.Header.Size);
}

/* ---- the course ---- */

struct indication {
	unsigned first, n;
	ULONG queue, flags;
};

static void indicate_now(void *arg)
{
	const struct indication *i = arg;

	miniport_indicate(i->first, i->n, i->queue, i->flags);
}

static void indicate(unsigned processor, unsigned first, unsigned n, ULONG queue, ULONG flags)
{
	struct indication i = { first, n, queue, flags };

	course_on(processor, indicate_now, &i);
}

static void keep_moving(void)
{
	for (unsigned i = 0; i < 2000 && !verifier_reports(); i++) {
		usleep(5000);
		if (WRONG(M_SEND_LATE)) {
			protocol_send(1, 0);
			miniport_complete_last();
		}
	}
}

/* As under a debugger; a process that is stopped cannot let itself go on. */
static void stand_still(void)
{
	pid_t child = fork();

	if (!child) {
		kill(getppid(), SIGSTOP);
		usleep(standstill_us);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	usleep(STANDSTILL_LOOKS_US);
}

static void send_some(ULONG queue)
{
	protocol_send(0, 0);
	if (standstill_us)
		stand_still();
	if (WRONG(M_SEND_LATE) || WRONG(M_SENDS_HANG) || WRONG(F_SEND_LATE))
		keep_moving();
	filter_let_go();
	protocol_cancel();
	miniport_complete_sends();
	protocol_send_two(queue, WRONG(P_SENDS_MIXED) ? 0 : queue, NDIS_SEND_FLAGS_SINGLE_QUEUE);
	miniport_complete_sends();
	if (!WRONG(P_FREES_IN_FLIGHT))
		protocol_send(0, queue);       /* the same list once more */
	miniport_complete_sends();
}

static void receive_some(ULONG queue)
{
	indicate(0, 0, 2, 0, 0);
	if (WRONG(F_RECEIVE_LATE)) {
		course_wait_for_report();
		filter_let_go();
	}
	if (WRONG(M_INDICATES_TWICE))
		indicate(0, 0, 1, 0, 0);
	indicate(WRONG(M_WRONG_PROCESSOR) ? 0 : QUEUE_PROCESSOR, 2, 2, queue, 0);
	if (WRONG(M_UNKNOWN_QUEUE))
		indicate(0, 6, 1, 3, 0);
	indicate(0, 4, 2, 0, NDIS_RECEIVE_FLAGS_RESOURCES);
	protocol_return_all();
}

static void ask_directly(void)
{
	static NDIS_OID_REQUEST r;

	r = (NDIS_OID_REQUEST){ .Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
					    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
				.RequestType = NdisRequestQueryInformation };
	NdisDirectOidRequest(protocol_binding(), &r);
}

static void use(struct ndis_adapter *adapter)
{
	ULONG filter = WRONG(M_CLAIMS_PERFECT) ? NDIS_PACKET_TYPE_BROADCAST : NDIS_PACKET_TYPE_PROMISCUOUS;
	ULONG probe = 0, queue, id;
	struct error err;

	protocol_prepare();
	protocol_ask(NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter));
	protocol_ask(NdisRequestSetInformation, PROBE_OID, &probe, sizeof(probe));
	ask_directly();
	if (WRONG(P_SETS_QOS))
		protocol_ask(NdisRequestMethod, OID_QOS_PARAMETERS, &probe, sizeof(probe));
	queue = allocate_queue();
	id = set_filter(queue);
	complete_queue(queue);
	send_some(queue);
	receive_some(queue);
	indicate(0, 0, 1, 0, 0);               /* the same list once more */
	protocol_return_all();
	if (WRONG(P_FREES_WITH_FILTER))
		free_queue(queue);
	clear_filter(queue, id);
	if (WRONG(M_CLEARED_QUEUE))
		indicate(QUEUE_PROCESSOR, 6, 1, queue, 0);
	protocol_return_all();
	if (!WRONG(P_CLOSES_WITH_QUEUE))
		free_queue(queue);
	if (WRONG(M_FREED_QUEUE))
		indicate(QUEUE_PROCESSOR, 6, 1, queue, 0);
	protocol_return_all();
	ndis_adapter_pause(adapter);
	if (WRONG(M_INDICATES_PAUSED))
		indicate(0, 6, 1, 0, 0);
	protocol_return_all();
	assert_int_equal(ndis_adapter_restart(adapter, &err), 0);
	if (!fault)
		assert_int_equal(protocol_sent(), 0);
	if (WRONG(P_LEAVES_LIST))
		indicate(0, 7, 1, 0, 0);
	protocol_finish();
}

static struct ndis_image *load(const char *name, DRIVER_INITIALIZE *entry)
{
	struct ndis_image *image;
	struct error err = { "" };

	if (ndis_image_load(&image, name, entry, NULL, &err))
		fail_msg("%s", err.text);
	return image;
}

void course_run(void)
{
	static const struct ndis_keyword none[] = { { NULL, NULL } };
	struct ndis_image *protocol = load("protocol", protocol_entry);
	struct ndis_image *filter = load("filter", filter_entry);
	struct ndis_image *miniport = load("miniport", miniport_entry);
	struct ndis_adapter *adapter;
	struct error err = { "" };

	if (ndis_adapter_add(&adapter, miniport, "adapter", none, &err) ||
	    ndis_filter_attach(adapter, filter, "module", none, &err))
		fail_msg("%s", err.text);
	use(adapter);
	miniport_settle();
	ndis_adapter_remove(adapter);
	ndis_image_unload(miniport);
	ndis_image_unload(filter);
	ndis_image_unload(protocol);
	miniport_tidy();
}
