/* SPDX-License-Identifier: BSD-2-Clause */
#include "ground.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "base/clock.h"
#include "base/standstill.h"
#include "frame/capture.h"
#include "frame/pcapng.h"
#include "kernel/kernel.h"
#include "verifier/verifier.h"

#define ETHERTYPE_TEST 0x88b5   /* for local experiments */
#define GROUP_SECONDS  240      /* a test that hangs ends the group */
#define LOOK_US         10000   /* of the tests' clock */
#define LONGEST_LOOK_NS 50000000u

struct job {
	void (*work)(void *arg);
	void *arg;
	atomic_bool done;
};

struct ground_processor {
	_Atomic(struct job *) job;
	atomic_uint rounds;
	NDIS_HANDLE poll;
};

static char dir[64];
static struct ground_processor processors[GROUND_PROCESSORS];
static atomic_ullong ran;
static atomic_bool clock_stops;
static pthread_t clock_thread;

uint64_t ground_now(void)
{
	return clock_ns() / 1000000u;
}

static void *clock_run(void *arg)
{
	uint64_t begun = clock_ns(), stood = 0;
	struct standstill still;

	(void)arg;
	standstill_begin(&still);
	while (!atomic_load(&clock_stops)) {
		usleep(LOOK_US);
		stood += standstill_look(&still, LONGEST_LOOK_NS);
		atomic_store(&ran, (still.before - begun - stood) / 1000000u);
	}
	return NULL;
}

uint64_t ground_ran(void)
{
	return atomic_load(&ran);
}

/* ---- the machine ---- */

static int eal_start(void)
{
	char *argv[] = { (char *)"contract", (char *)"--no-huge", (char *)"--no-shconf",
			 (char *)"--no-pci", (char *)"--no-telemetry", (char *)"-m", (char *)"128",
			 (char *)"--log-level=*:3" };
	cpu_set_t cpus;
	int rc;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	rc = rte_eal_init(8, argv);
	sched_setaffinity(0, sizeof(cpus), &cpus);   /* DPDK pins the calling thread */
	return rc < 0 ? -1 : 0;
}

static int worker_begins(unsigned worker)
{
	(void)worker;
	return rte_thread_register() ? -rte_errno : 0;
}

static void worker_ends(unsigned worker)
{
	(void)worker;
	rte_thread_unregister();
}

static ULONG processor_poll(PVOID context)
{
	struct ground_processor *p = context;
	struct job *job = atomic_exchange(&p->job, NULL);

	atomic_fetch_add(&p->rounds, 1);
	if (!job)
		return 0;
	job->work(job->arg);
	atomic_store(&job->done, true);
	return 1;
}

static BOOLEAN processor_arm(PVOID context, BOOLEAN sleep)
{
	return sleep && atomic_load(&((struct ground_processor *)context)->job) != NULL;
}

int ground_setup(void **state)
{
	const struct kernel_config k = { .processors = GROUND_PROCESSORS, .workers = GROUND_WORKERS,
					 .worker_begins = worker_begins, .worker_ends = worker_ends };
	struct error err = { "" };

	(void)state;
	alarm(GROUP_SECONDS);
	if (pthread_create(&clock_thread, NULL, clock_run, NULL))
		return -1;
	strcpy(dir, "/tmp/contract.XXXXXX");
	if (!mkdtemp(dir) || eal_start())
		return -1;
	if (kernel_start(&k, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	/* Whatever rule our own drivers break ends the test. */
	if (verifier_start_from_environment(VERIFIER_ABORT, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++) {
		const OVMQ_POLL_SOURCE s = { .Poll = processor_poll, .Arm = processor_arm,
					     .Context = &processors[p],
					     .Descriptor = OVMQ_WAKE_BY_NOTIFY };

		if (OvmqRegisterPoll(p, &s, &processors[p].poll) != NDIS_STATUS_SUCCESS)
			return -1;
	}
	return 0;
}

int ground_teardown(void **state)
{
	(void)state;
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
		OvmqDeregisterPoll(processors[p].poll);
	verifier_stop();
	kernel_stop();
	atomic_store(&clock_stops, true);
	pthread_join(clock_thread, NULL);
	rmdir(dir);
	return rte_eal_cleanup();
}

void ground_on(unsigned number, void (*work)(void *arg), void *arg)
{
	struct job job = { .work = work, .arg = arg };

	atomic_store(&processors[number].job, &job);
	OvmqNotifyProcessor(number);
	/* No time limit: the job is on this stack. The group has one. */
	while (!atomic_load(&job.done))
		sched_yield();
}

unsigned ground_rounds(unsigned number)
{
	return atomic_load(&processors[number].rounds);
}

void ground_pass(void)
{
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++) {
		unsigned before = ground_rounds(p);

		ground_until((OvmqNotifyProcessor(p), ground_rounds(p) - before >= 2));
	}
}

const char *ground_path(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

/* ---- frames ---- */

void ground_mac(uint8_t mac[6], unsigned last)
{
	memset(mac, 0, 6);
	mac[0] = 0x02;
	mac[5] = (uint8_t)last;
}

static struct ground_frame *frame_new(struct ground_frames *f, unsigned length)
{
	struct ground_frame *new;

	if (f->n == f->room) {
		f->room = f->room ? f->room * 2 : 64;
		f->list = realloc(f->list, f->room * sizeof(*f->list));
		assert_non_null(f->list);
	}
	new = &f->list[f->n++];
	new->length = length;
	new->bytes = malloc(length ? length : 1);
	assert_non_null(new->bytes);
	return new;
}

unsigned ground_bytes_add(struct ground_frames *f, const void *bytes, unsigned length)
{
	memcpy(frame_new(f, length)->bytes, bytes, length);
	return f->n - 1;
}

unsigned ground_frame_add(struct ground_frames *f, const uint8_t to[6], int tci, unsigned length)
{
	struct ground_frame *new = frame_new(f, length);
	uint32_t index = f->n - 1;
	unsigned at = 12;

	for (unsigned i = 0; i < length; i++)
		new->bytes[i] = (uint8_t)(index * 31 + i * 7 + 1);
	if (length < (tci == UNTAGGED ? 14 : 18))
		return index;   /* no header to speak of */
	memcpy(new->bytes, to, 6);
	ground_mac(new->bytes + 6, 0xee);
	if (tci != UNTAGGED) {
		const uint8_t tag[4] = { 0x81, 0x00, (uint8_t)(tci >> 8), (uint8_t)tci };

		memcpy(new->bytes + at, tag, 4);
		at += 4;
	}
	new->bytes[at++] = ETHERTYPE_TEST >> 8;
	new->bytes[at++] = ETHERTYPE_TEST & 0xff;
	if (length >= at + sizeof(index))
		memcpy(new->bytes + at, &index, sizeof(index));
	return index;
}

void ground_frames_free(struct ground_frames *f)
{
	for (unsigned i = 0; i < f->n; i++)
		free(f->list[i].bytes);
	free(f->list);
	*f = (struct ground_frames){ 0 };
}

uint32_t ground_index(const uint8_t *bytes, unsigned length)
{
	unsigned at = length > 13 && bytes[12] == 0x81 && bytes[13] == 0 ? 18 : 14;
	uint32_t index;

	if (length < at + sizeof(index))
		return NO_INDEX;
	memcpy(&index, bytes + at, sizeof(index));
	return index;
}

/* ---- captures ---- */

void ground_capture_write(const char *path, const struct ground_frames *f)
{
	struct pcapng *file;
	struct error err = { "" };

	if (pcapng_create(&file, path, "test", &err))
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < f->n; i++)
		assert_int_equal(pcapng_write(file, f->list[i].bytes, f->list[i].length, i, NULL), 0);
	assert_int_equal(pcapng_close(file), 0);
}

void ground_capture_read(const char *path, struct ground_frames *f)
{
	struct capture_frame frame;
	struct error err = { "" };
	struct capture *c;
	int rc;

	*f = (struct ground_frames){ 0 };
	if (capture_open(&c, path, &err))
		fail_msg("%s", err.text);
	while ((rc = capture_next(c, &frame, &err)) == 1)
		ground_bytes_add(f, frame.bytes, frame.length);
	if (rc)
		fail_msg("%s", err.text);
	capture_close(c);
}
