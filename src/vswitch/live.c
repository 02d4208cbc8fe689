/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator changes while traffic flows: a port moves to another processor, loses
 * its queue, gets one, or has it indicate otherwise. A change runs on a system thread, so
 * that one that the adapter does not answer in time goes on by itself, while who asked is
 * told that it does. There is one change at a time: the adapter takes one request at a
 * time (I25), and the next would only wait behind it.
 */
#include "vswitch/switch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

/* What a VM that still takes frames gets to take those of a queue that is being freed. */
#define GRACE_MS 100

struct vs_job {
	struct vs_port *port;
	void (*run)(struct vs_job *job);
	const char *doing;              /* "is moved", for who comes meanwhile */
	unsigned processor, timeout_ms;
	uint64_t begun;                 /* nanoseconds, of the clock */
	bool per_queue;
	struct vs_patience patience;
	NDIS_HANDLE item;
	NDIS_EVENT answered, over;
	bool has_answered;              /* the job's own */
	int rc;                         /* written before 'answered' is set */
	struct error err;
};

/* ---- answers ---- */

/* Tells who asked; the first answer counts. 'code' 0: done. */
__attribute__((format(printf, 3, 4)))
static void answer(struct vs_job *job, int code, const char *fmt, ...)
{
	va_list args;

	if (job->has_answered)
		return;
	job->has_answered = true;
	job->rc = -code;
	if (code) {
		va_start(args, fmt);
		vsnprintf(job->err.text, sizeof(job->err.text), fmt, args);
		va_end(args);
	}
	NdisSetEvent(&job->answered);
}

static void answer_status(struct vs_job *job, const char *what, NDIS_STATUS status)
{
	if (job->has_answered)
		log_error("VM %s: %s failed late, with status 0x%08x", job->port->name, what,
			  (unsigned)status);
	answer(job, EIO, "VM %s: the adapter refused %s with status 0x%08x; all is as it was",
	       job->port->name, what, (unsigned)status);
}

/* ---- a port moves (C48, F13) ---- */

/* The poll runs on processor 'p' from now on. What is on lane 'ahead' came before
 * anything that is held from here on, and goes first. */
static void settle(struct vs_port *port, unsigned p, unsigned ahead)
{
	atomic_store(&port->catching_up, true);
	atomic_store(&port->processor, p);
	vs_wait_until_quiet();
	vs_inboxes_bring_ahead(port, ahead);
	while (vs_port_poll_start(port, p) != NDIS_STATUS_SUCCESS)
		NdisMSleep(1000);   /* no memory yet: half-way a port cannot stay */
	OvmqNotifyProcessor(p);
}

static void unsettle(struct vs_port *port)
{
	OvmqDeregisterPoll(port->poll);
	port->poll = NULL;
}

/* The adapter has not answered. Until it does nobody knows which processor the queue's
 * frames come on: the port goes back, and takes those of another in copies. */
static unsigned move_is_late(void *context)
{
	struct vs_job *job = context;
	struct vs_port *port = job->port;

	settle(port, job->processor, job->processor);
	answer(job, ETIMEDOUT, "VM %s: the adapter has not moved queue %u for %u ms; the VM stays on "
	       "processor %u until it does", port->name, atomic_load(&port->queue), job->timeout_ms,
	       job->processor);
	return 0;
}

static void move(struct vs_job *job)
{
	struct vs_port *port = job->port;
	unsigned to = job->processor, from = atomic_load(&port->processor);
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	bool late;

	job->processor = from;   /* where it is while the request is late */
	unsettle(port);
	if (atomic_load(&port->queue)) {
		job->patience.late = move_is_late;
		atomic_store(&port->processor, VS_MOVING);
		status = vs_queue_change(port, NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED,
					 to, atomic_load(&port->per_queue), &job->patience);
	}
	if (status != NDIS_STATUS_SUCCESS) {
		if (!port->poll)
			settle(port, from, from);
		answer_status(job, "the move of its queue", status);
		return;
	}
	late = port->poll;       /* then its frames came as copies, from where it goes to */
	if (late)
		unsettle(port);
	vs_inboxes_recall(port, from);
	settle(port, to, late ? to : from);
	if (late)
		log_info("VM %s: its queue has moved to processor %u at last", port->name, to);
	answer(job, 0, "%s", "");
}

/* ---- a port loses its queue (G1, G10, G11) ---- */

/* Who still takes frames had time to. From now on nothing of the queue is held; what the
 * adapter waits for after that is held elsewhere. */
static unsigned free_is_late(void *context)
{
	struct vs_job *job = context;
	struct vs_port *port = job->port;
	uint64_t passed = (clock_ns() - job->begun) / 1000000;

	if (!atomic_exchange(&port->letting_go, true))
		OvmqNotifyProcessor(atomic_load(&port->processor));
	if (passed < job->timeout_ms)   /* of all its requests together */
		return job->timeout_ms - (unsigned)passed;
	answer(job, ETIMEDOUT, "VM %s: its queue is still being freed after %u ms: the adapter waits for "
	       "frames that it has indicated; the VM uses the default queue meanwhile", port->name,
	       job->timeout_ms);
	return 0;
}

static void release(struct vs_job *job)
{
	struct vs_port *port = job->port;
	unsigned queue = atomic_exchange(&port->queue, 0);   /* G15: sends name the default queue */
	NDIS_STATUS status;
	const char *what;

	job->patience = (struct vs_patience){ GRACE_MS, free_is_late, job };
	atomic_store(&port->leaving, queue);
	status = vs_queue_free(port, queue, &job->patience, &what);
	atomic_store(&port->letting_go, false);
	if (status == NDIS_STATUS_SUCCESS) {
		atomic_store(&vs_switch.by_queue[queue], NULL);
		vs_reason_set(port, VS_REASON_RELEASED, 0);
	} else {
		atomic_store(&port->queue, queue);
	}
	atomic_store(&port->leaving, 0);
	if (status == NDIS_STATUS_SUCCESS)
		answer(job, 0, "%s", "");
	else
		answer_status(job, what, status);
}

/* ---- a port gets a queue (G14) ---- */

static unsigned others_are_late(void *context)
{
	struct vs_job *job = context;

	answer(job, ETIMEDOUT, "VM %s: the adapter has not answered for %u ms; what was asked is done "
	       "when it does", job->port->name, job->timeout_ms);
	return 0;
}

static void assign(struct vs_job *job)
{
	struct vs_port *port = job->port;
	char why[VSWITCH_WHY];
	bool refused;

	vs_queue_create(port, &job->patience);
	refused = vs_reason_text(port, why, sizeof(why));
	if (atomic_load(&port->queue))
		answer(job, 0, "%s", "");
	else
		answer(job, refused ? EIO : ENOSPC, "VM %s: %s", port->name, why);
}

/* ---- how its frames are indicated (C49) ---- */

static void set_indication(struct vs_job *job)
{
	struct vs_port *port = job->port;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (atomic_load(&port->queue))
		status = vs_queue_change(port, NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED,
					 atomic_load(&port->processor), job->per_queue, &job->patience);
	if (status != NDIS_STATUS_SUCCESS) {
		answer_status(job, "the change of its queue's flags", status);
		return;
	}
	atomic_store(&port->per_queue, job->per_queue);
	answer(job, 0, "%s", "");
}

/* ---- one change ---- */

static NDIS_IO_WORKITEM_FUNCTION work;
_Use_decl_annotations_
static VOID work(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
	struct vs_job *job = WorkItemContext;

	(void)NdisIoWorkItemHandle;
	job->run(job);
	NdisSetEvent(&job->over);
}

/* Forgets the last change if it is over. */
static void collect(unsigned ms)
{
	struct vs_job *job = vs_switch.job;

	if (!job || !NdisWaitEvent(&job->over, ms))
		return;
	vs_switch.job = NULL;
	NdisFreeIoWorkItem(job->item);
	free(job);
}

void vs_changes_end(void)
{
	collect(0);   /* waits for ever */
}

/* Whether a change may begin: before anybody looks at what it would change. */
static int begin(struct error *err)
{
	const struct vs_job *job;

	collect(1);
	job = vs_switch.job;
	if (!job)
		return 0;
	return error_set(err, EBUSY, "VM %s still %s: the adapter has not answered; one change at a "
			 "time is possible", job->port->name, job->doing);
}

/* 'want': what is asked; its 'port', 'run', 'doing' and arguments. After begin(). */
static int change(const struct vs_job *want, unsigned timeout_ms, struct error *err)
{
	struct vs_job *job = malloc(sizeof(*job));
	int rc;

	if (!job)
		return error_set(err, ENOMEM, "no memory");
	*job = *want;
	job->timeout_ms = timeout_ms ? timeout_ms : 1;
	job->begun = clock_ns();
	job->patience = (struct vs_patience){ job->timeout_ms, others_are_late, job };
	job->item = NdisAllocateIoWorkItem(vs_switch.driver);
	if (!job->item) {
		free(job);
		return error_set(err, ENOMEM, "no memory");
	}
	NdisInitializeEvent(&job->answered);
	NdisInitializeEvent(&job->over);
	vs_switch.job = job;
	NdisQueueIoWorkItem(job->item, work, job);
	NdisWaitEvent(&job->answered, 0);
	rc = job->rc;
	*err = job->err;
	collect(rc == -ETIMEDOUT ? 1 : 0);
	return rc;
}

/* ---- for the host ---- */

int vswitch_port_move(unsigned index, unsigned processor, unsigned timeout_ms, struct error *err)
{
	struct vs_port *port = &vs_switch.ports[index];
	struct vs_job job = { .port = port, .run = move, .doing = "is moved", .processor = processor };
	int rc = begin(err);

	if (processor >= vs_switch.n_processors)
		return error_set(err, EINVAL, "there is no processor %u: they are 0 to %u", processor,
				 vs_switch.n_processors - 1);
	if (rc)
		return rc;
	if (processor == atomic_load(&port->processor))
		return 0;
	if (atomic_load(&port->queue) && !(vs_switch.capabilities.SupportedQueueProperties &
	    NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED))
		return error_set(err, ENOTSUP, "VM %s: the adapter cannot move a queue that is in use; release "
				 "it, move the VM, and assign it again", port->name);
	return change(&job, timeout_ms, err);
}

int vswitch_port_release(unsigned index, unsigned timeout_ms, struct error *err)
{
	struct vs_port *port = &vs_switch.ports[index];
	struct vs_job job = { .port = port, .run = release, .doing = "waits for its queue to be freed" };
	char why[VSWITCH_WHY];
	int rc = begin(err);

	if (rc)
		return rc;
	vs_reason_text(port, why, sizeof(why));
	if (!atomic_load(&port->queue))
		return error_set(err, ENOENT, "VM %s has no queue to release: %s", port->name, why);
	return change(&job, timeout_ms, err);
}

int vswitch_port_assign(unsigned index, unsigned timeout_ms, struct error *err)
{
	struct vs_port *port = &vs_switch.ports[index];
	struct vs_job job = { .port = port, .run = assign, .doing = "waits for a queue" };
	int rc = begin(err);

	if (rc)
		return rc;
	if (atomic_load(&port->queue))
		return error_set(err, EEXIST, "VM %s has a queue already: queue %u", port->name,
				 atomic_load(&port->queue));
	return change(&job, timeout_ms, err);
}

int vswitch_port_set_indication(unsigned index, bool per_queue, unsigned timeout_ms,
				struct error *err)
{
	struct vs_job job = { .port = &vs_switch.ports[index], .run = set_indication,
			      .doing = "waits for its queue's flags to be changed",
			      .per_queue = per_queue };
	int rc = begin(err);

	return rc ? rc : change(&job, timeout_ms, err);
}
