/* SPDX-License-Identifier: BSD-2-Clause */
#include "guests.h"

#include <stdio.h>
#include <string.h>
#include "ledger.h"

struct guests guests;

static struct ndis_image *switch_image;
static bool opened;
static char paths[GUESTS][160];

/* The buffers of one VM's queue. */
static struct buffers {
	struct guests_block first, rest;
	struct frame_pool *pool;
	struct rte_mbuf *used[GUEST_FRAMES];
	unsigned returned[GUEST_FRAMES];      /* of fake_returned() before the last indication */
	unsigned n_used;
	ULONG queue;
} buffers[GUESTS];

/* ---- memory ---- */

#define BLOCKS 16

static struct {
	NDIS_HANDLE allocation;      /* NULL: free */
	ULONG queue;
} blocks[BLOCKS];

NDIS_STATUS guests_memory(unsigned vm, NDIS_SHARED_MEMORY_USAGE usage, ULONG length,
			  struct guests_block *block)
{
	NDIS_SHARED_MEMORY_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 },
		.Flags = NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS,
		.QueueId = guests_report(vm).queue,
		.PreferredNode = MM_ANY_NODE_OK,
		.Usage = usage,
		.Length = length,
	};
	NDIS_STATUS status = NdisAllocateSharedMemory(fake.handle, &p, &block->allocation);

	block->handle = p.SharedMemoryHandle;
	block->address = p.VirtualAddress;
	block->length = length;
	for (unsigned i = 0; i < BLOCKS && status == NDIS_STATUS_SUCCESS; i++)
		if (!blocks[i].allocation) {
			blocks[i].allocation = block->allocation;
			blocks[i].queue = p.QueueId;
			return status;
		}
	return status;
}

static void block_free(unsigned i)
{
	NDIS_HANDLE allocation = blocks[i].allocation;

	blocks[i].allocation = NULL;
	NdisFreeSharedMemory(fake.handle, allocation);
}

void guests_memory_free(const struct guests_block *block)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].allocation == block->allocation) {
			block_free(i);
			return;
		}
	fail_msg("that memory is not allocated");
}

static ULONG lookahead_of(ULONG queue)
{
	for (unsigned i = 0; i < fake.n_requests; i++)
		if (fake.requests[i].oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE &&
		    fake.requests[i].queue == queue)
			return fake.requests[i].lookahead;
	return 0;
}

void guests_buffers(unsigned vm, uint16_t room)
{
	struct buffers *b = &buffers[vm];
	char name[26];
	struct frame_pool_config c = { .name = name, .frames = GUEST_FRAMES, .data_room = room };
	struct error err = { "" };

	b->queue = guests_report(vm).queue;
	assert_true(b->queue);
	c.split = (uint16_t)lookahead_of(b->queue);
	assert_true(c.split);
	snprintf(name, sizeof(name), "guest-%u", vm);
	assert_int_equal(guests_memory(vm, NdisSharedMemoryUsageReceiveLookahead,
				       (ULONG)frame_pool_bytes(&c), &b->first), NDIS_STATUS_SUCCESS);
	assert_int_equal(guests_memory(vm, NdisSharedMemoryUsageReceivePostLookahead,
				       (ULONG)frame_pool_rest_bytes(&c), &b->rest),
			 NDIS_STATUS_SUCCESS);
	c.block = b->first.address;
	c.block_size = b->first.length;
	c.shared_memory = b->first.handle;
	c.rest_block = b->rest.address;
	c.rest_size = b->rest.length;
	c.rest_memory = b->rest.handle;
	if (frame_pool_create(&b->pool, &c, &err))
		fail_msg("%s", err.text);
}

const struct guests_block *guests_first(unsigned vm)
{
	return &buffers[vm].first;
}

const struct guests_block *guests_rest(unsigned vm)
{
	return &buffers[vm].rest;
}

/* G6: the queue is freed, and its memory with it. */
static void queue_goes(ULONG queue, bool stopped)
{
	if (guests.freeing)
		guests.freeing(queue, stopped);
	for (unsigned vm = 0; stopped && vm < GUESTS; vm++) {
		struct buffers *b = &buffers[vm];

		if (!b->pool || b->queue != queue)
			continue;
		for (unsigned i = 0; i < b->n_used; i++) {
			frame_part(b->used[i]);
			rte_pktmbuf_free(b->used[i]);
		}
		frame_pool_destroy(b->pool);
		memset(b, 0, sizeof(*b));
	}
	for (unsigned i = 0; stopped && i < BLOCKS; i++)
		if (blocks[i].allocation && blocks[i].queue == queue)
			block_free(i);
}

/* ---- frames ---- */

struct rte_mbuf *guests_frame(unsigned vm, unsigned last, unsigned vlan, unsigned length,
			      const uint8_t source[6], uint8_t mark)
{
	struct buffers *b = &buffers[vm];
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	unsigned split = (unsigned)lookahead_of(b->queue), first = length < split ? length : split;
	uint8_t bytes[2048];
	struct rte_mbuf *m = NULL;
	NET_BUFFER_LIST *nbl;

	for (unsigned i = 0; i < b->n_used && !m; i++)
		if (guests_is_back(b->used[i])) {
			m = b->used[i];
			frame_part(m);
			rte_pktmbuf_reset(m);
		}
	if (!m) {
		assert_true(b->n_used < GUEST_FRAMES);
		m = rte_pktmbuf_alloc(frame_pool_mempool(b->pool));
		assert_non_null(m);
		b->used[b->n_used++] = m;
	}
	memset(bytes, mark, sizeof(bytes));
	ground_mac(bytes, last);
	memcpy(bytes + 6, source, 6);
	bytes[12] = 0x88;
	bytes[13] = 0xb5;
	memcpy(rte_pktmbuf_append(m, (uint16_t)first), bytes, first);
	memcpy(frame_rest(m), bytes + first, length - first);
	nbl = frame_describe_split(m, (uint16_t)(length - first));
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)b->queue;
	tag.TagHeader.VlanId = vlan;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
	return m;
}

static unsigned *returned_of(struct rte_mbuf *m)
{
	for (unsigned vm = 0; vm < GUESTS; vm++)
		for (unsigned i = 0; i < buffers[vm].n_used; i++)
			if (buffers[vm].used[i] == m)
				return &buffers[vm].returned[i];
	fail_msg("no such frame");
	return NULL;
}

void guests_indicate(unsigned vm, struct rte_mbuf *m)
{
	*returned_of(m) = fake_returned(frame_nbl(m));
	fake_indicate(vm, frame_nbl(m), 1, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
}

bool guests_is_back(struct rte_mbuf *m)
{
	return fake_returned(frame_nbl(m)) == *returned_of(m) + 1;
}

/* ---- up and down ---- */

struct vswitch_port_report guests_report(unsigned vm)
{
	struct vswitch_port_report r;

	vswitch_port_report(vm, &r);
	return r;
}

static void open_switch(unsigned ndis)
{
	static const uint8_t macs[GUESTS][1][6] = {
		{ { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } }, { { 2, 0, 0, 0, 0, 3 } },
	};
	static const char *const names[GUESTS] = { "vm0", "vm1", "vm2" };
	static const uint16_t vlans[GUESTS] = { 0, GUEST_VLAN, GUEST_VLAN + 1 };
	char specs[GUESTS][200];
	struct vswitch_port_config c[GUESTS];
	struct vswitch_config config = { .ports = c, .n_ports = GUESTS, .mtu = 1500,
					 .processors = GROUND_PROCESSORS, .ndis_version = ndis };
	struct error err = { "" };

	for (unsigned i = 0; i < GUESTS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s", ground_path(names[i]));
		snprintf(specs[i], sizeof(specs[i]), "region:%.150s", paths[i]);
		c[i] = (struct vswitch_port_config){ .name = names[i], .macs = macs[i], .n_macs = 1,
						     .vlan = vlans[i], .processor = (int)i,
						     .port = specs[i] };
	}
	if (vswitch_open(&config, &err) ||
	    ndis_image_load(&switch_image, "vswitch", vswitch_driver_entry, NULL, &err))
		fail_msg("%s", err.text);
	opened = true;
}

void guests_open(unsigned host, unsigned miniport)
{
	struct error err = { "" };

	packets_open();
	open_switch(host);
	fake.ndis_minor = miniport;
	if (miniport == 20) {
		fake.properties |= NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
		fake.split_min = 14;
		fake.split = 128;
	}
	fake.freeing = queue_goes;
	fake_open();
	if (vswitch_start(&err))
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < GUESTS; i++) {
		puppet_start(&guests.of[i]);
		assert_int_equal(puppet_open(&guests.of[i], paths[i]), 0);
		ground_until(guests_report(i).up);
	}
}

void guests_close(void)
{
	unsigned left;

	if (!opened)
		return;
	opened = false;
	if (fake.adapter)
		vswitch_stop();
	left = fake_close();
	vswitch_report(&guests.last);
	for (unsigned i = 0; i < GUESTS; i++)
		vswitch_port_report(i, &guests.port[i]);
	ndis_image_unload(switch_image);
	vswitch_close();
	for (unsigned i = 0; i < GUESTS; i++)
		puppet_kill(&guests.of[i]);
	assert_int_equal(left, 0);
	assert_int_equal(fake.out_at_pause, 0);
	assert_int_equal(fake.out_at_halt, 0);
	ledger_must_balance(&guests.last);
}

int guests_setup(void **state)
{
	(void)state;
	memset(&guests, 0, sizeof(guests));
	memset(buffers, 0, sizeof(buffers));
	fake_reset();
	trace_clear();
	return 0;
}

int guests_teardown(void **state)
{
	(void)state;
	guests_close();
	packets_close();
	return 0;
}
