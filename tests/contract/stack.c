/* SPDX-License-Identifier: BSD-2-Clause */
#include "stack.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct stack stack;
const char *stack_filter_engine;

/* ---- the gates: these stand before what the linker calls __real_ ---- */

uint16_t __real_nic_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t __wrap_nic_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t __real_nic_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t __wrap_nic_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t __real_nic_tx_queues(const struct nic *nic);
uint16_t __wrap_nic_tx_queues(const struct nic *nic);
bool __real_nic_can_wait(const struct nic *nic);
bool __wrap_nic_can_wait(const struct nic *nic);
uint64_t __real_mp_deadline(void);
uint64_t __wrap_mp_deadline(void);
NDIS_STATUS __real_NdisAllocateSharedMemory(NDIS_HANDLE handle, PNDIS_SHARED_MEMORY_PARAMETERS p,
					    PNDIS_HANDLE allocation);
NDIS_STATUS __wrap_NdisAllocateSharedMemory(NDIS_HANDLE handle, PNDIS_SHARED_MEMORY_PARAMETERS p,
					    PNDIS_HANDLE allocation);
VOID __real_NdisFreeSharedMemory(NDIS_HANDLE handle, NDIS_HANDLE allocation);
VOID __wrap_NdisFreeSharedMemory(NDIS_HANDLE handle, NDIS_HANDLE allocation);
NDIS_STATUS __real_NdisMRegisterScatterGatherDma(NDIS_HANDLE handle, PNDIS_SG_DMA_DESCRIPTION d,
						 PNDIS_HANDLE dma);
NDIS_STATUS __wrap_NdisMRegisterScatterGatherDma(NDIS_HANDLE handle, PNDIS_SG_DMA_DESCRIPTION d,
						 PNDIS_HANDLE dma);
VOID __real_OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *routine, PVOID context);
VOID __wrap_OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *routine, PVOID context);

/* One worker polls a capture's queue: no race between the look and the taking. */
uint16_t __wrap_nic_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	unsigned let, got;

	while (atomic_load(&stack.stop_at_burst)) {
		atomic_store(&stack.at_burst, true);
		usleep(100);
	}
	let = atomic_load(&stack.let);
	if (!let)
		return 0;
	got = __real_nic_rx_burst(nic, queue, pkts, let < n ? (uint16_t)let : n);
	atomic_fetch_add(&stack.come, got);   /* first: who sees none left to let in waits for these */
	atomic_fetch_sub(&stack.let, got);
	return (uint16_t)got;
}

uint16_t __wrap_nic_tx_queues(const struct nic *nic)
{
	return stack.tx_queues ? (uint16_t)stack.tx_queues : __real_nic_tx_queues(nic);
}

/* Several queues end in the one file. */
static uint16_t take_by(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	static pthread_mutex_t file = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&file);
	n = __real_nic_tx_burst(nic, 0, pkts, n);
	pthread_mutex_unlock(&file);
	atomic_fetch_add(&stack.taken[queue], n);
	return n;
}

/* For how many of 'n' there is room, which they take. Several workers come at once: it must
 * not go below nothing, which means as much as they like. */
static uint16_t room_taken(uint16_t n)
{
	int room = atomic_load(&stack.room), taken;

	if (n && atomic_load(&stack.singly))
		n = 1;
	do {
		if (room < 0)
			return n;
		taken = room < n ? room : n;
	} while (!atomic_compare_exchange_weak(&stack.room, &room, room - taken));
	return (uint16_t)taken;
}

/* The miniport takes turns at the one queue of a capture. */
uint16_t __wrap_nic_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	n = room_taken(n);
	if (n && stack.tx_queues)
		return take_by(nic, queue, pkts, n);
	if (n && stack.port)
		return stack.port(nic, queue, pkts, n);
	return n ? __real_nic_tx_burst(nic, queue, pkts, n) : 0;
}

uint16_t stack_write(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return __real_nic_tx_burst(nic, queue, pkts, n);
}

uint64_t __wrap_mp_deadline(void)
{
	return stack.patient ? UINT64_MAX : __real_mp_deadline();
}

bool __wrap_nic_can_wait(const struct nic *nic)
{
	return !stack.hurried && __real_nic_can_wait(nic);
}

NDIS_STATUS __wrap_NdisMRegisterScatterGatherDma(NDIS_HANDLE handle, PNDIS_SG_DMA_DESCRIPTION d,
						 PNDIS_HANDLE dma)
{
	NDIS_STATUS status = __real_NdisMRegisterScatterGatherDma(handle, d, dma);

	atomic_store(&stack.dma, status == NDIS_STATUS_SUCCESS);
	return status;
}

/* Memory as a provider may have it: another mapping than NDIS's own, and far from it. */
static void *memory_elsewhere(PNDIS_SHARED_MEMORY_PARAMETERS p)
{
	void *far = (void *)0x200000000000;
	void *memory = mmap(far, p->Length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	p->VirtualAddress = memory;
	return memory;
}

NDIS_STATUS __wrap_NdisAllocateSharedMemory(NDIS_HANDLE handle, PNDIS_SHARED_MEMORY_PARAMETERS p,
					    PNDIS_HANDLE allocation)
{
	struct stack_block *b;
	struct trace_event *e;
	NDIS_STATUS status;

	*allocation = NULL;
	if ((p->QueueId && p->QueueId == atomic_load(&stack.refuse_memory_of)) ||
	    (int)p->Usage == atomic_load(&stack.refuse_usage))
		return NDIS_STATUS_RESOURCES;
	status = __real_NdisAllocateSharedMemory(handle, p, allocation);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	e = trace_begin(TRACE_MEMORY);
	e->queue = p->QueueId;
	if (stack.n_blocks == STACK_BLOCKS)
		abort();
	b = &stack.blocks[stack.n_blocks];
	*b = (struct stack_block){ .allocation = *allocation, .handle = p->SharedMemoryHandle,
				   .adapter = handle, .queue = p->QueueId, .live = true,
				   .length = p->Length, .usage = p->Usage, .flags = p->Flags,
				   .irql = KeGetCurrentIrql(), .after_dma = atomic_load(&stack.dma) };
	if ((int)p->Usage == atomic_load(&stack.memory_elsewhere))
		b->elsewhere = memory_elsewhere(p);
	b->address = (uintptr_t)p->VirtualAddress;
	atomic_fetch_add(&stack.n_blocks, 1);
	trace_end();
	return status;
}

VOID __wrap_NdisFreeSharedMemory(NDIS_HANDLE handle, NDIS_HANDLE allocation)
{
	struct trace_event *e = trace_begin(TRACE_MEMORY_FREED);

	e->queue = NO_INDEX;
	for (unsigned i = 0; i < stack.n_blocks; i++) {
		struct stack_block *b = &stack.blocks[i];

		if (!b->live || b->allocation != allocation)
			continue;
		e->queue = b->queue;
		b->live = false;
		b->irql_of_free = KeGetCurrentIrql();
		b->adapter_matches = b->adapter == handle;
		if (b->elsewhere)
			munmap(b->elsewhere, b->length);
	}
	trace_end();
	__real_NdisFreeSharedMemory(handle, allocation);
}

struct quiet_call {
	OVMQ_WHEN_QUIET *routine;
	PVOID context;
};

static VOID quiet_now(PVOID context)
{
	struct quiet_call *c = context;
	void (*before)(void) = atomic_load(&stack.before_quiet);

	if (before)
		before();
	c->routine(c->context);
	free(c);
}

VOID __wrap_OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *routine, PVOID context)
{
	struct quiet_call *c = malloc(sizeof(*c));

	if (!c)
		abort();
	*c = (struct quiet_call){ routine, context };
	__real_OvmqCallWhenQuiet(quiet_now, c);
}

unsigned stack_blocks_of(ULONG queue)
{
	unsigned n = 0;

	for (unsigned i = 0; i < stack.n_blocks; i++)
		n += stack.blocks[i].live && stack.blocks[i].queue == queue;
	return n;
}

const struct stack_block *stack_block(NDIS_HANDLE handle)
{
	for (unsigned i = 0; i < stack.n_blocks; i++)
		if (stack.blocks[i].live && stack.blocks[i].handle == handle)
			return &stack.blocks[i];
	return NULL;
}

/* ---- opening and closing ---- */

#define KEYWORDS 16

static struct ndis_keyword keywords[KEYWORDS + 1];
static char values[6][160];

static void keyword(unsigned i, const char *name, unsigned number)
{
	snprintf(values[i], sizeof(values[i]), "%u", number);
	keywords[i] = (struct ndis_keyword){ name, values[i] };
}

static void keywords_set(const struct stack_options *o)
{
	unsigned n = 5;

	memset(keywords, 0, sizeof(keywords));
	snprintf(values[0], sizeof(values[0]), "pcap:%s", ground_path("in"));
	snprintf(values[1], sizeof(values[1]), "%s", ground_path("out"));
	keywords[0] = (struct ndis_keyword){ "Nic", values[0] };
	keywords[1] = (struct ndis_keyword){ "NicOut", values[1] };
	keyword(2, "Mtu", o->mtu ? o->mtu : STACK_MTU);
	keyword(3, "NumQueues", o->queues ? o->queues : STACK_QUEUES);
	keyword(4, "Buffers", o->buffers ? o->buffers : STACK_BUFFERS);
	if (!o->bare) {
		keywords[n++] = (struct ndis_keyword){ "*RssOrVmqPreference", "1" };
		keywords[n++] = (struct ndis_keyword){ "*QOS", "1" };   /* an INF's default */
	}
	if (stack_filter_engine)
		keywords[n++] = (struct ndis_keyword){ "FilterEngine", stack_filter_engine };
	for (const struct ndis_keyword *k = o->keywords; k && k->name; k++) {
		unsigned i = 0;

		while (i < n && strcmp(keywords[i].name, k->name))
			i++;
		assert_true(i < KEYWORDS);
		keywords[i] = *k;
		n += i == n;
	}
}

void stack_open(const struct stack_options *options)
{
	const struct stack_options none = { .protocols = 1 };
	const struct stack_options *o = options ? options : &none;
	struct error err = { "" };

	atomic_store(&stack.let, 0);
	atomic_store(&stack.come, 0);
	atomic_store(&stack.room, -1);
	atomic_store(&stack.n_blocks, 0);
	atomic_store(&stack.refuse_memory_of, 0);
	atomic_store(&stack.refuse_usage, 0);
	atomic_store(&stack.dma, false);
	atomic_store(&stack.before_quiet, NULL);
	ground_capture_write(ground_path("in"), &protocol_wire);
	keywords_set(o);
	protocols_load(o->protocols ? o->protocols : 1);
	if (ndis_image_load(&stack.image, "miniport",
			    o->ndis_620 ? miniport_620_driver_entry : miniport_driver_entry, NULL,
			    &err) ||
	    ndis_adapter_add(&stack.adapter, stack.image, "test", keywords, &err))
		fail_msg("%s", err.text);
}

void stack_open_receiving(const struct stack_options *o)
{
	stack_open(o);
	assert_int_equal(ask_packet_filter(&protocols[0], NDIS_PACKET_TYPE_PROMISCUOUS),
			 NDIS_STATUS_SUCCESS);
}

unsigned stack_frame(unsigned last, int tci, unsigned length)
{
	uint8_t mac[6];

	ground_mac(mac, last);
	return ground_frame_add(&protocol_wire, mac, tci, length);
}

unsigned stack_frame_of(unsigned last, int tci)
{
	return stack_frame(last, tci, tci == UNTAGGED ? 100 : 104);
}

void stack_frames_to(unsigned last, unsigned n)
{
	while (n--)
		stack_frame_of(last, UNTAGGED);
}

/* Clears what the test left on the default queue, which every protocol must (D34). */
static void drop_filters(void)
{
	for (unsigned i = 0; i < PROTOCOL_MAX; i++)
		for (ULONG filter = 1; atomic_load(&protocols[i].binding) && filter < 64; filter++)
			ask_clear(&protocols[i], 0, filter);
}

/* Clears and frees what the test left (G1). */
static void drop_queues(void)
{
	struct ndis_queue_info list[64];
	unsigned n = ndis_adapter_queues(stack.adapter, list, 64);

	for (unsigned i = 0; i < n; i++) {
		for (ULONG filter = 1; filter < 64; filter++)
			ask_clear(&protocols[0], list[i].id, filter);
		ask_free(&protocols[0], list[i].id);
	}
}

void stack_close(void)
{
	unsigned left;

	if (!stack.image)
		return;
	stack_take(-1);
	stack_release_poller();
	atomic_store(&stack.let, 0);
	for (unsigned i = 0; i < PROTOCOL_MAX; i++) {
		atomic_store(&protocols[i].hold, false);
		if (atomic_load(&protocols[i].binding))
			protocol_return_all(&protocols[i]);
	}
	if (stack.adapter)
		drop_filters();
	if (stack.adapter && atomic_load(&protocols[0].binding))
		drop_queues();
	left = stack.adapter ? ndis_adapter_remove(stack.adapter) : 0;
	stack.adapter = NULL;
	ndis_image_unload(stack.image);
	stack.image = NULL;
	protocols_unload();
	ground_capture_read(ground_path("out"), &stack.out);
	unlink(ground_path("in"));
	unlink(ground_path("out"));
	assert_int_equal(left, 0);
	for (unsigned i = 0; i < stack.n_blocks; i++)
		assert_false(stack.blocks[i].live);
}

int stack_setup(void **state)
{
	(void)state;
	stack.hurried = stack.patient = false;
	stack.tx_queues = 0;
	stack.port = NULL;
	for (unsigned i = 0; i < GROUND_PROCESSORS; i++)
		atomic_store(&stack.taken[i], 0);
	trace_clear();
	return 0;
}

int stack_teardown(void **state)
{
	(void)state;
	stack_close();
	atomic_store(&stack.memory_elsewhere, 0);
	ground_frames_free(&stack.out);
	ground_frames_free(&protocol_wire);
	return 0;
}

/* ---- the wire ---- */

void stack_let(unsigned n)
{
	atomic_fetch_add(&stack.let, n);
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
		OvmqNotifyProcessor(p);
}

void stack_stop_poller(void)
{
	atomic_store(&stack.at_burst, false);
	atomic_store(&stack.stop_at_burst, true);
	OvmqNotifyProcessor(0);
	ground_until(atomic_load(&stack.at_burst));
}

void stack_release_poller(void)
{
	atomic_store(&stack.stop_at_burst, false);
}

/* The miniport's own; the rooms have no header for it, as NDIS has it by its address. */
MINIPORT_MESSAGE_INTERRUPT_DPC MiniportMessageInterruptDPC;

void stack_dpc(ULONG number, NDIS_RECEIVE_THROTTLE_PARAMETERS *throttle)
{
	MiniportMessageInterruptDPC(ndis_adapter_context(stack.adapter), number, NULL, throttle, NULL);
}

struct miniport_report stack_report(void)
{
	struct miniport_report r;

	miniport_report(ndis_adapter_context(stack.adapter), &r);
	return r;
}

struct miniport_queue_report stack_queue_report(ULONG queue)
{
	struct miniport_queue_report r;

	assert_true(miniport_queue_report(ndis_adapter_context(stack.adapter), queue, &r));
	return r;
}

uint64_t stack_waiting(void)
{
	struct miniport_report r = stack_report();
	uint64_t settled = r.indicated;

	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		settled += r.drops[i];
	return r.from_nic - settled;
}

uint64_t stack_outstanding(ULONG queue)
{
	return stack_queue_report(queue).outstanding;
}

void stack_flow(unsigned n)
{
	stack_let(n);
	ground_until(!atomic_load(&stack.let));
	ground_until(stack_report().from_nic == atomic_load(&stack.come) && !stack_waiting());
	/* Counted before it is indicated: a round later it has been. */
	ground_pass();
}

static void take(int room, bool singly)
{
	atomic_store(&stack.room, 0);
	atomic_store(&stack.singly, singly);
	atomic_store(&stack.room, room);
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
		OvmqNotifyProcessor(p);
}

void stack_take(int room)
{
	take(room, false);
}

void stack_take_singly(int n)
{
	take(n, true);
	ground_until(!atomic_load(&stack.room));
}
