/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory of the receive queues: blocks from NDIS, and pools of receive buffers in
 * them. Queues that copy have a stack of buffers each; the NIC's receive queues have a
 * pool each, which is the default queue's memory.
 *
 * All use of a block is by its VirtualAddress, which is contiguous whatever the memory
 * behind it is; so no scatter/gather list is asked for, and only what a device may fill by
 * itself asks for contiguous memory (E6, E18).
 */
#include "miniport/adapter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ethernet.h"
#include "base/log.h"

/* What the NIC's pools have beyond what the NIC keeps to itself: frames on rings, and the
 * default queue's, which may have half of it out. */
#define NIC_SPARE 4096

/* The most that one pool of the NIC's has on top for loans. */
#define LOAN_MOST 131072u
#define LOAN_LEAST 16u

/* What a port's buffers may have beyond the MTU, for headers, tags and the device's own. */
#define HEADS 64

/* What a queue of RSS may have out, beside the default queue's. */
#define RSS_SPARE 512

static NDIS_STATUS block_create(struct mp_adapter *a, NDIS_SHARED_MEMORY_PARAMETERS *p,
				NDIS_HANDLE *allocation)
{
	NDIS_STATUS status;

	p->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	p->Header.Revision = NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1;
	p->Header.Size = NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1;
	p->PreferredNode = MM_ANY_NODE_OK;
	status = NdisAllocateSharedMemory(a->handle, p, allocation);
	if (status != NDIS_STATUS_SUCCESS)
		*allocation = NULL;
	return status;
}

static void blocks_destroy(struct mp_adapter *a, struct mp_memory *m)
{
	if (m->rest)
		NdisFreeSharedMemory(a->handle, m->rest);
	if (m->allocation)
		NdisFreeSharedMemory(a->handle, m->allocation);
	*m = (struct mp_memory){ NULL, NULL, NULL };
}

/* E14, E20: one block, or one for the first parts and one for the rests. */
static NDIS_STATUS blocks_create(struct mp_adapter *a, unsigned id, ULONG flags,
				 struct frame_pool_config *c, struct mp_memory *m)
{
	NDIS_SHARED_MEMORY_PARAMETERS p = {
		.Flags = flags,
		.QueueId = id,
		.Usage = c->split ? NdisSharedMemoryUsageReceiveLookahead
				  : NdisSharedMemoryUsageReceive,
		.Length = (ULONG)frame_pool_bytes(c),
	}, rest = {
		.Flags = flags,
		.QueueId = id,
		.Usage = NdisSharedMemoryUsageReceivePostLookahead,
		.Length = (ULONG)frame_pool_rest_bytes(c),
	};
	NDIS_STATUS status = block_create(a, &p, &m->allocation);

	if (status == NDIS_STATUS_SUCCESS && c->split)
		status = block_create(a, &rest, &m->rest);
	if (status != NDIS_STATUS_SUCCESS) {
		blocks_destroy(a, m);
		return status;
	}
	c->block = p.VirtualAddress;
	c->block_size = p.Length;
	c->shared_memory = p.SharedMemoryHandle;
	c->rest_block = rest.VirtualAddress;
	c->rest_size = rest.Length;
	c->rest_memory = rest.SharedMemoryHandle;
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS mp_memory_create(struct mp_adapter *a, unsigned id, ULONG flags,
			     struct frame_pool_config *c, struct mp_memory *m)
{
	NDIS_STATUS status = blocks_create(a, id, flags, c, m);
	struct error err;

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (!frame_pool_create(&m->pool, c, &err))
		return NDIS_STATUS_SUCCESS;
	log_error("%s", err.text);
	blocks_destroy(a, m);
	return NDIS_STATUS_RESOURCES;
}

void mp_memory_destroy(struct mp_adapter *a, struct mp_memory *m)
{
	frame_pool_destroy(m->pool);
	blocks_destroy(a, m);
}

/* All buffers lie on the queue's own stack: from there one processor takes and gives
 * them, with no atomic instruction. */
static NDIS_STATUS stack_create(struct mp_queue *q)
{
	q->buffers = calloc(q->adapter->settings.buffers, sizeof(*q->buffers));
	return q->buffers ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

static void stack_fill(struct mp_queue *q)
{
	q->n_free = q->adapter->settings.buffers;
	q->quota = q->n_free;
}

static void stack_destroy(struct mp_queue *q)
{
	free(q->buffers);
	q->buffers = NULL;
	q->n_free = 0;
	q->quota = 0;
}

/* From one placed frame to the next. An odd number of lines, so that the beginnings of frames lie
 * in all sets of a cache. */
static size_t slot_stride(const struct mp_adapter *a)
{
	size_t lines = (FRAME_HEADROOM + a->max_frame + VLAN_TAG + RTE_CACHE_LINE_SIZE - 1u) /
		       RTE_CACHE_LINE_SIZE;

	return (lines | 1) * RTE_CACHE_LINE_SIZE;
}

static NDIS_STATUS slots_block_create(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;
	size_t length = slot_stride(a) * a->settings.buffers;
	NDIS_SHARED_MEMORY_PARAMETERS p = {
		.QueueId = q->id,
		.Usage = NdisSharedMemoryUsageReceive,
		.Length = (ULONG)RTE_ALIGN_CEIL(length, (size_t)PAGE_SIZE),
	};
	NDIS_STATUS status = block_create(a, &p, &q->memory.allocation);

	q->block = p.VirtualAddress;
	q->shared_memory = p.SharedMemoryHandle;
	return status;
}

NDIS_STATUS mp_slots_create(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;
	NDIS_STATUS status = stack_create(q);

	if (status == NDIS_STATUS_SUCCESS)
		status = slots_block_create(q);
	if (status == NDIS_STATUS_SUCCESS)
		status = mp_stock_promise(a, a->settings.buffers);
	if (status != NDIS_STATUS_SUCCESS) {
		blocks_destroy(a, &q->memory);
		stack_destroy(q);
		return status;
	}
	stack_fill(q);
	for (unsigned i = 0; i < q->n_free; i++)
		q->buffers[i] = q->block + i * slot_stride(a) + FRAME_HEADROOM;
	return NDIS_STATUS_SUCCESS;
}

void mp_slots_destroy(struct mp_queue *q)
{
	if (q->buffers)
		mp_stock_release(q->adapter, q->quota);
	blocks_destroy(q->adapter, &q->memory);
	stack_destroy(q);
}

NDIS_STATUS mp_buffers_create(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;
	unsigned n = a->settings.buffers;
	char name[MP_POOL_NAME];
	struct frame_pool_config c = { .name = name, .frames = n, .split = q->lookahead,
				       .data_room = (uint16_t)(a->max_frame + VLAN_TAG) };
	NDIS_STATUS status = stack_create(q);

	snprintf(name, sizeof(name), "vmq%u-queue-%u", a->if_index, q->id);
	if (status == NDIS_STATUS_SUCCESS)
		status = mp_memory_create(a, q->id, 0, &c, &q->memory);
	if (status == NDIS_STATUS_SUCCESS &&
	    rte_pktmbuf_alloc_bulk(frame_pool_mempool(q->memory.pool),
				   (struct rte_mbuf **)q->buffers, n)) {
		mp_memory_destroy(a, &q->memory);
		status = NDIS_STATUS_RESOURCES;
	}
	if (status == NDIS_STATUS_SUCCESS)
		stack_fill(q);
	else
		stack_destroy(q);
	return status;
}

void mp_buffers_destroy(struct mp_queue *q)
{
	if (q->buffers)
		rte_pktmbuf_free_bulk((struct rte_mbuf **)q->buffers, q->n_free);
	mp_memory_destroy(q->adapter, &q->memory);
	stack_destroy(q);
}

/* Frames of one queue may all come by one receive queue of the NIC: each pool must do
 * without all that is loaned to all queues. That is bounded, so that a thousand queues
 * take no gigabytes; then each gets less than the keyword says. */
static unsigned loan(unsigned rx_queues, unsigned queues, unsigned buffers)
{
	unsigned most = LOAN_MOST / rx_queues / RTE_MAX(queues, 1u);

	return RTE_MIN(buffers, RTE_MAX(most, LOAN_LEAST));
}

unsigned mp_loan(const struct mp_adapter *a)
{
	return loan(a->settings.rx_queues, a->settings.queues, a->settings.buffers);
}

static unsigned nic_frames(const struct mp_adapter *a)
{
	/* Those of RSS each hold as many as a loan may be. */
	unsigned n = nic_buffers(a->nic) + NIC_SPARE + (a->settings.rss ? a->n_queues * RSS_SPARE : 0);

	if (a->settings.receive != MP_RECEIVE_LOANED)
		return n;
	if (mp_loan(a) < a->settings.buffers)
		log_info("miniport: %u queues: each may hold %u of the NIC's buffers, not the %u of "
			 "keyword Buffers", a->settings.queues, mp_loan(a), a->settings.buffers);
	return n + mp_loan(a) * a->settings.queues;
}

/* A block for each receive queue: an AF_XDP queue wants one to itself. */
NDIS_STATUS mp_nic_memory_create(struct mp_adapter *a)
{
	unsigned frames = nic_frames(a);
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	char name[MP_POOL_NAME];

	for (unsigned r = 0; r < a->settings.rx_queues && status == NDIS_STATUS_SUCCESS; r++) {
		struct frame_pool_config c = { .name = name, .frames = frames, .cache = 256,
					       .for_device = nic_is_device(a->nic) };

		c.data_room = (uint16_t)RTE_MAX(nic_data_room(a->nic),
						a->max_frame + VLAN_TAG + 0u);
		snprintf(name, sizeof(name), "vmq%u-nic-%u", a->if_index, r);
		status = mp_memory_create(a, DEFAULT_QUEUE, NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS, &c,
					  &a->nic_memory[r]);
	}
	a->queues[DEFAULT_QUEUE].quota = a->settings.rx_queues * NIC_SPARE / 2;
	a->queues[DEFAULT_QUEUE].low_water = a->queues[DEFAULT_QUEUE].quota / 8;
	for (unsigned i = 1; a->settings.rss && i <= a->n_queues; i++) {
		a->queues[i].quota = RSS_SPARE;
		a->queues[i].low_water = RSS_SPARE / 8;
	}
	return status;
}

size_t miniport_device_memory(const struct miniport_memory_wish *w)
{
	unsigned frames = NIC_DEVICE_BUFFERS + NIC_SPARE + w->processors * RSS_SPARE;
	unsigned steered = w->steered ? RTE_MIN(w->queues, MAX_RX_QUEUES - w->rx_queues) : 0;
	struct frame_pool_config c = { .data_room = (uint16_t)(w->mtu + HEADS),
				       .for_device = true };

	if (w->loaned)
		frames += loan(w->rx_queues, w->queues, w->buffers) * w->queues;
	c.frames = frames * w->rx_queues;
	c.frames += steered * (NIC_DEVICE_BUFFERS + w->buffers + MP_STEER_SPARE);
	return frame_pool_bytes(&c) + (w->rx_queues + steered) * (size_t)PAGE_SIZE;
}

void mp_nic_memory_destroy(struct mp_adapter *a)
{
	for (unsigned r = 0; r < a->settings.rx_queues; r++)
		mp_memory_destroy(a, &a->nic_memory[r]);
}
