/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <stdio.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct trace trace;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned n_frames, n_sends;   /* written, shown to readers by trace_end() */

void trace_clear(void)
{
	pthread_mutex_lock(&lock);
	atomic_store(&trace.n_events, 0);
	atomic_store(&trace.n_frames, 0);
	atomic_store(&trace.n_sends, 0);
	n_frames = n_sends = 0;
	pthread_mutex_unlock(&lock);
}

/* A trace that is full would let a test pass for the wrong reason. */
static unsigned below(unsigned n, unsigned max)
{
	if (n == max)
		abort();
	return n;
}

struct trace_event *trace_begin(enum trace_kind kind)
{
	struct trace_event *e;
	ULONG here = OvmqCurrentProcessor();

	pthread_mutex_lock(&lock);
	e = &trace.events[below(trace.n_events, TRACE_EVENTS)];
	*e = (struct trace_event){ .kind = kind, .processor = here, .irql = KeGetCurrentIrql(),
				   .first = kind == TRACE_SEND_DONE ? n_sends : n_frames };
	if (here < GROUND_PROCESSORS)
		e->round = ground_rounds(here);
	return e;
}

struct trace_frame *trace_add_frame(struct trace_event *e)
{
	struct trace_frame *f = &trace.frames[below(n_frames++, TRACE_FRAMES)];

	*f = (struct trace_frame){ .event = (unsigned)(e - trace.events), .who = e->who };
	e->n++;
	return f;
}

struct trace_send *trace_add_send(struct trace_event *e)
{
	struct trace_send *s = &trace.sends[below(n_sends++, TRACE_SENDS)];

	*s = (struct trace_send){ .event = (unsigned)(e - trace.events) };
	e->n++;
	return s;
}

void trace_end(void)
{
	atomic_store(&trace.n_frames, n_frames);
	atomic_store(&trace.n_sends, n_sends);
	atomic_fetch_add(&trace.n_events, 1);
	pthread_mutex_unlock(&lock);
}

unsigned trace_count(enum trace_kind kind, unsigned from)
{
	unsigned n = 0, end = atomic_load(&trace.n_events);

	for (unsigned i = from; i < end; i++)
		n += trace.events[i].kind == kind;
	return n;
}

unsigned trace_find(enum trace_kind kind, unsigned from)
{
	unsigned end = atomic_load(&trace.n_events);

	for (unsigned i = from; i < end; i++)
		if (trace.events[i].kind == kind)
			return i;
	return TRACE_EVENTS;
}

unsigned trace_about(enum trace_kind kind, ULONG queue, unsigned from)
{
	unsigned end = atomic_load(&trace.n_events);

	for (unsigned i = from; i < end; i++)
		if (trace.events[i].kind == kind && trace.events[i].queue == queue)
			return i;
	return TRACE_EVENTS;
}

unsigned trace_oid_done(NDIS_OID oid, unsigned from)
{
	unsigned end = atomic_load(&trace.n_events);

	for (unsigned i = from; i < end; i++)
		if (trace.events[i].kind == TRACE_OID_DONE && trace.events[i].oid == oid)
			return i;
	return TRACE_EVENTS;
}

unsigned trace_queue_states(unsigned from)
{
	unsigned n = 0, end = atomic_load(&trace.n_events);

	for (unsigned i = from; i < end; i++)
		n += trace.events[i].kind == TRACE_STATUS &&
		     trace.events[i].status == NDIS_STATUS_RECEIVE_QUEUE_STATE;
	return n;
}

unsigned trace_frames_of(unsigned queue, unsigned from)
{
	unsigned n = 0, end = atomic_load(&trace.n_frames);

	for (unsigned i = from; i < end; i++)
		n += trace.frames[i].queue == queue;
	return n;
}

const struct trace_frame *trace_frame_of(uint32_t index)
{
	const struct trace_frame *found = NULL;
	unsigned end = atomic_load(&trace.n_frames);

	for (unsigned i = 0; i < end; i++) {
		if (trace.frames[i].index != index || trace.frames[i].who)
			continue;
		if (found)
			fail_msg("frame %u was indicated twice (D6)", index);
		found = &trace.frames[i];
	}
	return found;
}

int trace_queue_of(uint32_t index)
{
	const struct trace_frame *f = trace_frame_of(index);

	return f ? f->queue : -1;
}

void trace_step(const char *who, const char *what)
{
	struct trace_event *e = trace_begin(TRACE_STEP);

	snprintf(e->step, sizeof(e->step), "%s %s", who, what);
	trace_end();
}

const char *trace_steps(unsigned from)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = from; i < atomic_load(&trace.n_events); i++)
		if (trace.events[i].kind == TRACE_STEP)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "",
					      trace.events[i].step);
	return text;
}
