/* SPDX-License-Identifier: BSD-2-Clause */
/* Poll sources: added and removed by publishing a processor's list anew. */
#include "kernel/worker.h"

#include <stdlib.h>
#include <sys/epoll.h>

/* Replaces a processor's list by one with 'add' (or NULL) and without 'remove'
 * (or NULL). The old list is freed once no worker can be walking it. */
static NDIS_STATUS republish(unsigned processor, struct kernel_source *add,
			     const struct kernel_source *remove)
{
	struct kernel_processor *p = &kernel_machine.processors[processor];
	struct kernel_sources *old, *new;

	pthread_mutex_lock(&kernel_machine.lock);
	old = atomic_load_explicit(&p->sources, memory_order_relaxed);
	new = calloc(1, sizeof(*new) + (old->n + 1) * sizeof(new->list[0]));
	if (!new) {
		pthread_mutex_unlock(&kernel_machine.lock);
		return NDIS_STATUS_RESOURCES;
	}
	for (unsigned i = 0; i < old->n; i++)
		if (old->list[i].of != remove)
			new->list[new->n++] = old->list[i];
	if (add) {
		new->list[new->n].source = add->source;
		new->list[new->n++].of = add;
	}
	atomic_store_explicit(&p->sources, new, memory_order_release);
	pthread_mutex_unlock(&kernel_machine.lock);
	kernel_synchronize();
	free(old);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS OvmqRegisterPoll(ULONG ProcessorIndex, const OVMQ_POLL_SOURCE *Source,
			     NDIS_HANDLE *PollHandle)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct kernel_source *s;
	NDIS_STATUS status;

	*PollHandle = NULL;
	if (ProcessorIndex >= kernel_machine.config.processors || !Source->Poll)
		return NDIS_STATUS_INVALID_PARAMETER;
	s = malloc(sizeof(*s));
	if (!s)
		return NDIS_STATUS_RESOURCES;
	s->source = *Source;
	s->processor = ProcessorIndex;
	if (s->source.Descriptor >= 0 &&
	    epoll_ctl(kernel_machine.processors[ProcessorIndex].worker->epoll, EPOLL_CTL_ADD,
		      s->source.Descriptor, &e))
		s->source.Descriptor = OVMQ_WAKE_BY_TIME;   /* cannot be waited on */
	status = republish(ProcessorIndex, s, NULL);
	if (status != NDIS_STATUS_SUCCESS) {
		free(s);
		return status;
	}
	OvmqNotifyProcessor(ProcessorIndex);
	*PollHandle = s;
	return NDIS_STATUS_SUCCESS;
}

VOID OvmqDeregisterPoll(NDIS_HANDLE PollHandle)
{
	struct kernel_source *s = PollHandle;

	/* Without memory for a shorter list there is nothing to fall back to: try
	 * again until there is. */
	while (republish(s->processor, NULL, s) != NDIS_STATUS_SUCCESS)
		kernel_synchronize();
	if (s->source.Descriptor >= 0)
		epoll_ctl(kernel_machine.processors[s->processor].worker->epoll, EPOLL_CTL_DEL,
			  s->source.Descriptor, NULL);
	free(s);
}
