/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting and stopping the machine. */
#include "kernel/worker.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/ticks.h"

struct kernel_machine kernel_machine;
_Thread_local struct kernel_self kernel_self;

static sem_t begun;

unsigned kernel_processors(void)
{
	return kernel_machine.config.processors;
}

/* Pins the calling worker to one of the CPUs that this process may use, and returns which.
 * -1: a sandbox forbids it, and the worker floats, which costs speed and nothing else. */
static int pin(unsigned worker)
{
	cpu_set_t may, one;
	int left;

	if (sched_getaffinity(0, sizeof(may), &may))
		return -1;
	left = (int)worker % CPU_COUNT(&may);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &may) && left-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			return pthread_setaffinity_np(pthread_self(), sizeof(one), &one) ? -1 : cpu;
		}
	return -1;
}

static void *worker_main(void *arg)
{
	struct kernel_worker *w = arg;

	w->cpu = pin(w->number);
	if (kernel_machine.config.worker_begins)
		w->begun = kernel_machine.config.worker_begins(w->number);
	sem_post(&begun);
	if (!w->begun)
		kernel_worker_run(w);
	if (!w->begun && kernel_machine.config.worker_ends)
		kernel_machine.config.worker_ends(w->number);
	return NULL;
}

static int worker_create(struct kernel_worker *w, unsigned number)
{
	struct epoll_event e = { .events = EPOLLIN };
	char name[16];

	*w = (struct kernel_worker){ .number = number, .epoll = -1, .event = -1,
				     .since = ticks_now() };
	w->reader = qsbr_reader_add(&kernel_machine.qsbr);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!w->reader || w->epoll < 0 || w->event < 0 ||
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->event, &e))
		goto fail;
	if (pthread_create(&w->thread, NULL, worker_main, w))
		goto fail;
	strcpy(name, "vmq-worker-");
	name[11] = (char)('0' + number / 10);
	name[12] = (char)('0' + number % 10);
	name[13] = '\0';
	pthread_setname_np(w->thread, name);
	sem_wait(&begun);
	if (!w->begun)
		return 0;
	pthread_join(w->thread, NULL);
fail:
	if (w->event >= 0)
		close(w->event);
	if (w->epoll >= 0)
		close(w->epoll);
	return w->begun ? w->begun : -ENOMEM;
}

static void workers_stop(unsigned n)
{
	atomic_store(&kernel_machine.running, false);
	atomic_store(&kernel_machine.stop, true);
	for (unsigned i = 0; i < n; i++) {
		kernel_worker_wake(&kernel_machine.workers[i]);
		pthread_join(kernel_machine.workers[i].thread, NULL);
		close(kernel_machine.workers[i].event);
		close(kernel_machine.workers[i].epoll);
	}
}

static int workers_start(unsigned n)
{
	int rc;

	for (unsigned i = 0; i < n; i++) {
		rc = worker_create(&kernel_machine.workers[i], i);
		if (rc) {
			workers_stop(i);
			return rc;
		}
	}
	atomic_store(&kernel_machine.running, true);
	return 0;
}

static void machine_clear(struct kernel_machine *k)
{
	for (unsigned p = 0; p < k->config.processors; p++) {
		free(atomic_exchange(&k->processors[p].sources, NULL));
		kernel_processor_destroy(&k->processors[p]);
	}
	pthread_mutex_destroy(&k->lock);
	sem_destroy(&begun);
}

int kernel_start(const struct kernel_config *config, struct error *err)
{
	struct kernel_machine *k = &kernel_machine;
	int rc = 0;

	if (!config->processors || config->processors > KERNEL_MAX_PROCESSORS ||
	    !config->workers || config->workers > config->processors)
		return error_set(err, EINVAL, "processors must be 1 to %d and workers 1 to processors",
				 KERNEL_MAX_PROCESSORS);
	ticks_measure();
	k->config = *config;
	atomic_store(&k->stop, false);
	qsbr_init(&k->qsbr);
	pthread_mutex_init(&k->lock, NULL);
	sem_init(&begun, 0, 0);
	for (unsigned p = 0; p < config->processors; p++) {
		kernel_processor_init(&k->processors[p], &k->workers[p % config->workers]);
		atomic_store(&k->processors[p].sources, calloc(1, sizeof(struct kernel_sources)));
		if (!k->processors[p].sources)
			rc = -ENOMEM;
	}
	if (!rc)
		rc = workers_start(config->workers);
	if (rc)
		goto free_processors;
	rc = kernel_passive_start();
	if (rc)
		goto stop_workers;
	rc = kernel_timers_start();
	if (!rc)
		return 0;
	kernel_passive_stop();
stop_workers:
	workers_stop(config->workers);
free_processors:
	machine_clear(k);
	return error_set(err, -rc, "cannot start the workers: %s", strerror(-rc));
}

void kernel_stop(void)
{
	struct kernel_machine *k = &kernel_machine;

	kernel_passive_stop();   /* what it does may wait for a timer */
	kernel_timers_stop();
	workers_stop(k->config.workers);
	machine_clear(k);
}

bool kernel_worker_report(unsigned worker, struct kernel_worker_report *report)
{
	const struct kernel_worker *w = &kernel_machine.workers[worker];
	struct timespec t = { 0, 0 };
	clockid_t clock;

	if (worker >= kernel_machine.config.workers)
		return false;
	*report = (struct kernel_worker_report){
		.cpu = w->cpu,
		.up_ns = ticks_to_ns(ticks_now() - w->since),
		.busy_ns = ticks_to_ns(counter_read(&w->busy)),
		.rounds = counter_read(&w->rounds),
		.sleeps = counter_read(&w->sleeps),
	};
	if (!pthread_getcpuclockid(w->thread, &clock))
		clock_gettime(clock, &t);
	report->cpu_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return true;
}

void kernel_synchronize(void)
{
	uint64_t epoch = qsbr_advance(&kernel_machine.qsbr);
	const struct timespec pause = { .tv_nsec = 20000 };

	while (!qsbr_reached(&kernel_machine.qsbr, epoch))
		nanosleep(&pause, NULL);
}
