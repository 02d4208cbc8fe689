/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processors that the adapter may use, and the interrupt message of each.
 *
 * NDIS says which they are (H23), and each gets one message, whatever the number of
 * queues on it (H24): queues of one affinity share a vector and a DPC, which is what
 * "interrupt vector coalescing" promises (H10). There is no message for anything but
 * traffic: the end of the NIC is noticed by whoever polls it.
 *
 * Table entry and message are numbered alike, as the bus sets them up. A queue's entry is
 * its processor's; when it moves, the queue goes to the entry of the other processor,
 * where the hardware that the documentation has in mind, with an entry for each queue,
 * would have the queue's entry point at the other's message (H22, H27).
 */
#include "miniport/rss.h"
#include "miniport/sort.h"
#include "miniport/steer.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

#define POOL_TAG 0x716d764f   /* "Ovmq", as a debugger shows it */

/* ---- which ---- */

static const NDIS_RSS_PROCESSOR *entry(const NDIS_RSS_PROCESSOR_INFO *info, unsigned i)
{
	return (const void *)((const char *)info + info->RssProcessorArrayOffset +
			      (size_t)i * info->RssProcessorEntrySize);
}

/* The ones of lower index first; among equals, NDIS's order (H28). */
static void keep_in_order(struct mp_adapter *a, unsigned number, unsigned preference,
			  unsigned preferences[MAX_PROCESSORS])
{
	unsigned at = a->n_processors++;

	for (; at && preferences[at - 1] > preference; at--) {
		preferences[at] = preferences[at - 1];
		a->order[at] = a->order[at - 1];
	}
	preferences[at] = preference;
	a->order[at] = number;
	a->processor_set |= 1ull << number;
}

static NDIS_STATUS take_set(struct mp_adapter *a, const NDIS_RSS_PROCESSOR_INFO *info)
{
	unsigned preferences[MAX_PROCESSORS];

	for (unsigned i = 0; i < info->RssProcessorCount; i++) {
		const NDIS_RSS_PROCESSOR *p = entry(info, i);

		if (a->settings.rss && !mp_rss_may_use(&a->settings, &p->ProcNum))
			continue;
		if (p->ProcNum.Group || p->ProcNum.Number >= MAX_PROCESSORS) {
			log_error("miniport: processor %u:%u is in the set that NDIS gives, and only "
				  "0:0 to 0:%u can be used", p->ProcNum.Group, p->ProcNum.Number,
				  MAX_PROCESSORS - 1);
			return NDIS_STATUS_NOT_SUPPORTED;
		}
		if (!(a->processor_set >> p->ProcNum.Number & 1))
			keep_in_order(a, p->ProcNum.Number, p->PreferenceIndex, preferences);
	}
	while (a->settings.rss && a->n_processors > mp_rss_processors_max(&a->settings))
		a->processor_set &= ~(1ull << a->order[--a->n_processors]);
	if (a->n_processors)
		return NDIS_STATUS_SUCCESS;
	log_error("miniport: none of the %u processors that NDIS gives may be used%s",
		  info->RssProcessorCount,
		  a->settings.rss ? ", as the keywords *RssBaseProcNumber and *RssMaxProcNumber say" : "");
	return NDIS_STATUS_FAILURE;
}

NDIS_STATUS mp_processors_find(struct mp_adapter *a)
{
	NDIS_RSS_PROCESSOR_INFO *info;
	SIZE_T size = 0;
	NDIS_STATUS status = NdisGetRssProcessorInformation(a->handle, NULL, &size);

	if (status != NDIS_STATUS_BUFFER_TOO_SHORT)
		return NDIS_STATUS_FAILURE;
	info = NdisAllocateMemoryWithTagPriority(a->handle, (UINT)size, POOL_TAG,
						 NormalPoolPriority);
	if (!info)
		return NDIS_STATUS_RESOURCES;
	status = NdisGetRssProcessorInformation(a->handle, info, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = take_set(a, info);
	NdisFreeMemory(info, 0, 0);
	return status;
}

int mp_processor_of(const struct mp_adapter *a, const GROUP_AFFINITY *affinity)
{
	uint64_t usable = affinity->Group ? 0 : affinity->Mask & a->processor_set;

	return usable ? __builtin_ctzll(usable) : -1;
}

/* ---- their work ---- */

NDIS_STATUS mp_processors_create(struct mp_adapter *a)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	for (unsigned i = 0; i < a->n_processors && status == NDIS_STATUS_SUCCESS; i++) {
		struct mp_processor *p = &a->processors[a->order[i]];

		p->adapter = a;
		p->number = a->order[i];
		p->index = i;
		p->epoll = -1;
		NdisAllocateSpinLock(&a->nic_tx[i]);
		status = mp_processor_list(p, NULL, NULL);
		if (status == NDIS_STATUS_SUCCESS)
			status = mp_sort_create(p);
	}
	/* The NIC's queues go round the processors, the preferred first. */
	for (unsigned r = 0; r < a->settings.rx_queues; r++) {
		struct mp_processor *p = &a->processors[a->order[r % a->n_processors]];

		p->rx[p->n_rx++] = r;
	}
	return status;
}

void mp_processors_destroy(struct mp_adapter *a)
{
	for (unsigned i = 0; i < a->n_processors; i++) {
		struct mp_processor *p = &a->processors[a->order[i]];

		if (!p->adapter)
			break;   /* initialization did not come as far */
		free(atomic_exchange(&p->queues, NULL));
		mp_sort_destroy(p);
		NdisFreeSpinLock(&a->nic_tx[i]);
		if (p->epoll >= 0)
			close(p->epoll);
	}
}

void mp_processors_notify(const struct mp_adapter *a)
{
	for (unsigned i = 0; i < a->n_processors; i++)
		OvmqNotifyProcessor(a->order[i]);
}

/* ---- their messages ---- */

/* What wakes a sleeping processor: its one NIC queue's descriptor, one over
 * several (steered ones join and leave), the clock where one of them cannot signal, or
 * whoever gives it work. */
static int wake_descriptor(struct mp_adapter *a, struct mp_processor *p)
{
	struct epoll_event e = { .events = EPOLLIN };

	if (!p->n_rx && !a->n_steer)
		return OVMQ_WAKE_BY_NOTIFY;
	for (unsigned i = 0; i < a->n_steer; i++)
		if (nic_rx_descriptor(a->nic, (uint16_t)a->steer[i].rx) < 0)
			return OVMQ_WAKE_BY_TIME;
	for (unsigned i = 0; i < p->n_rx; i++)
		if (nic_rx_descriptor(a->nic, (uint16_t)p->rx[i]) < 0)
			return OVMQ_WAKE_BY_TIME;
	if (p->n_rx == 1 && !a->n_steer)
		return nic_rx_descriptor(a->nic, (uint16_t)p->rx[0]);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; p->epoll >= 0 && i < p->n_rx; i++)
		epoll_ctl(p->epoll, EPOLL_CTL_ADD, nic_rx_descriptor(a->nic, (uint16_t)p->rx[i]),
			  &e);
	return p->epoll >= 0 ? p->epoll : OVMQ_WAKE_BY_TIME;
}

/* The message that goes to this processor alone; -1: none does. */
static int message_of(const IO_INTERRUPT_MESSAGE_INFO *table, const struct mp_processor *p)
{
	for (ULONG m = 0; m < table->MessageCount && m < MAX_PROCESSORS; m++)
		if (table->MessageInfo[m].TargetProcessorSet == (KAFFINITY)1 << p->number)
			return (int)m;
	return -1;
}

static NDIS_STATUS connect(struct mp_adapter *a, struct mp_processor *p,
			   const IO_INTERRUPT_MESSAGE_INFO *table)
{
	int message = message_of(table, p);
	OVMQ_POLL_SOURCE line = { .Arm = mp_processor_arm, .Context = p };

	if (message < 0) {
		log_error("miniport: no interrupt message goes to processor %u", p->number);
		return NDIS_STATUS_RESOURCES;
	}
	p->message = (unsigned)message;
	a->of_message[message] = p;
	line.Descriptor = wake_descriptor(a, p);
	return OvmqConnectInterrupt(a->interrupt, p->message, &line);
}

NDIS_STATUS mp_processors_connect(struct mp_adapter *a)
{
	NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
			    NDIS_MINIPORT_INTERRUPT_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1 },
		.MsiSupported = TRUE,
		.MessageInterruptHandler = MiniportMessageInterrupt,
		.MessageInterruptDpcHandler = MiniportMessageInterruptDPC,
	};
	NDIS_STATUS status = NdisMRegisterInterruptEx(a->handle, a, &c, &a->interrupt);

	for (unsigned i = 0; i < a->n_processors && status == NDIS_STATUS_SUCCESS; i++)
		status = connect(a, &a->processors[a->order[i]], c.MessageInfoTable);
	return status;
}
