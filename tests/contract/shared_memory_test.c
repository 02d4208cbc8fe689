/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory: who gives it, what is answered, and who gets it back (E). NDIS alone, without
 * the verifier, which has rules of its own for what is done wrongly here. */
#include "toy_vmq.h"
#include "ndis/host.h"
#include "ndis/object.h"

#include <stdlib.h>
#include <string.h>

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0];
static struct toy_provider *const v = &toy_provider;

#define LIST_BYTES(n) (sizeof(SCATTER_GATHER_LIST) + (n) * sizeof(SCATTER_GATHER_ELEMENT))

static union {
	SCATTER_GATHER_LIST list;
	UCHAR bytes[LIST_BYTES(64)];
} sg;

static NDIS_SHARED_MEMORY_PARAMETERS wish(ULONG queue, ULONG length)
{
	memset(&sg, 0, sizeof(sg));
	return (NDIS_SHARED_MEMORY_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_SHARED_MEMORY_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2 },
		.QueueId = queue, .Length = length, .Usage = NdisSharedMemoryUsageReceive,
		.SGListBuffer = &sg.list, .SGListBufferLength = sizeof(sg),
	};
}

static NDIS_STATUS allocate(PNDIS_SHARED_MEMORY_PARAMETERS m, NDIS_HANDLE *handle)
{
	*handle = (NDIS_HANDLE)1;
	return NdisAllocateSharedMemory(a->handle, m, handle);
}

/* It is refused with that status, and nothing is written. */
static void refused(NDIS_SHARED_MEMORY_PARAMETERS *m, NDIS_STATUS status)
{
	NDIS_SHARED_MEMORY_PARAMETERS before = *m;
	NDIS_HANDLE handle;

	assert_int_equal(allocate(m, &handle), status);
	assert_null(handle);
	assert_memory_equal(m, &before, sizeof(before));
}

static void E7_a_provider_is_asked_inside_the_call(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;
	ULONG id;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	id = toy_queue_allocate(p);
	m = wish(id, 8192);
	m.Usage = NdisSharedMemoryUsageReceivePostLookahead;
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	assert_int_equal(v->asked, 1);
	assert_int_equal(v->last.QueueId, id);
	assert_int_equal(v->last.Length, 8192);
	assert_int_equal(v->last.Usage, NdisSharedMemoryUsageReceivePostLookahead);
	assert_ptr_equal(m.VirtualAddress, v->memory);
	assert_int_equal(m.Length, 8192);       /* not what the provider made of its copy */
	assert_int_equal(m.QueueId, id);
	assert_int_equal(v->freed, 0);
	NdisFreeSharedMemory(a->handle, handle);
	assert_int_equal(v->freed, 1);          /* inside the call too, by its own handle */
	assert_int_equal((ULONG_PTR)v->last_freed, 1);
}

static void E7_other_memory_is_the_hosts(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;
	ULONG id;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	toy_protocol_load(q, false);
	id = toy_queue_allocate(q);             /* its owner gives none */
	assert_int_not_equal(id, 0);
	for (ULONG queue = 0; queue <= id; queue += id) {
		m = wish(queue, 5000);
		assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
		assert_non_null(m.VirtualAddress);
		memset(m.VirtualAddress, 1, m.Length);
		NdisFreeSharedMemory(a->handle, handle);
	}
	assert_int_equal(v->asked, 0);
	assert_int_equal(v->freed, 0);
}

static void E7_who_may_register(void **state)
{
	NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS c;
	PNDIS_DRIVER_OPTIONAL_HANDLERS o = (PNDIS_DRIVER_OPTIONAL_HANDLERS)&c;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	c = v->c;
	assert_int_equal(NdisSetOptionalHandlers(toy.driver, o), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(NdisSetOptionalHandlers(p->driver, o), NDIS_STATUS_FAILURE);   /* twice */
	toy_protocol_load(q, false);
	c.Header.Size--;
	assert_int_equal(NdisSetOptionalHandlers(q->driver, o), NDIS_STATUS_BAD_CHARACTERISTICS);
	c = v->c;
	c.FreeSharedMemoryHandler = NULL;
	assert_int_equal(NdisSetOptionalHandlers(q->driver, o), NDIS_STATUS_BAD_CHARACTERISTICS);
	assert_int_equal(NdisSetOptionalHandlers(q->driver,
						 (PNDIS_DRIVER_OPTIONAL_HANDLERS)&v->c),
			 NDIS_STATUS_SUCCESS);
}

static void E1_only_at_passive_level(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	KIRQL old;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	m = wish(toy_queue_allocate(p), 4096);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	refused(&m, NDIS_STATUS_FAILURE);
	KeLowerIrql(old);
	assert_int_equal(v->asked, 0);
	assert_true(toy_heard("(E1)"));
}

/* A miniport without a device has nothing to register: it gets its memory, and is told. */
static void E2_without_dma_registered_that_is_told_once(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;
	unsigned told;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		m = wish(0, 4096);
		assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
		NdisFreeSharedMemory(a->handle, handle);
		told = toy_heard_times("(E2)");
		assert_int_equal(told, 1);
	}
}

static void E3_failures_give_no_handle(void **state)
{
	static const NDIS_STATUS statuses[] = {
		NDIS_STATUS_RESOURCES, NDIS_STATUS_INVALID_PARAMETER, NDIS_STATUS_FAILURE };
	NDIS_SHARED_MEMORY_PARAMETERS m;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	m = wish(toy_queue_allocate(p), 4096);
	for (unsigned i = 0; i < 3; i++) {
		v->status = statuses[i];
		refused(&m, statuses[i]);
	}
	assert_int_equal(v->asked, 3);
	assert_int_equal(v->freed, 0);
}

static void E3_E6_a_provider_that_answers_wrongly_is_refused(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	m = wish(toy_queue_allocate(p), 8192);
	v->status = NDIS_STATUS_PENDING;
	refused(&m, NDIS_STATUS_FAILURE);
	assert_true(toy_heard("returned status 0x00000103"));
	assert_int_equal(v->freed, 0);
	v->status = NDIS_STATUS_SUCCESS;
	v->no_address = true;
	refused(&m, NDIS_STATUS_FAILURE);
	assert_true(toy_heard("SUCCESS without a VirtualAddress"));
	assert_int_equal(v->freed, 1);          /* it gave something, which it gets back */
	v->no_address = false;
	v->elements = 2;
	v->element_bytes = 4095;
	refused(&m, NDIS_STATUS_FAILURE);
	assert_true(toy_heard("not Length bytes together"));
	v->elements = 0x10000000;
	refused(&m, NDIS_STATUS_FAILURE);
	assert_true(toy_heard("more elements in its list"));
	v->elements = 2;
	v->element_bytes = 4096;
	m.Flags = NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS;
	refused(&m, NDIS_STATUS_FAILURE);
	assert_true(toy_heard("contiguous memory in more than one"));
	assert_int_equal(v->freed, 4);
}

static void E4_two_handles_that_are_not_mistaken(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	m = wish(toy_queue_allocate(p), 4096);
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	assert_non_null(m.SharedMemoryHandle);
	assert_ptr_not_equal(m.SharedMemoryHandle, handle);
	assert_int_equal(ndis_shared_memory_length(a->adapter, m.SharedMemoryHandle), 4096);
	assert_int_equal(ndis_shared_memory_length(a->adapter, handle), 0);
	NdisFreeSharedMemory(a->handle, m.SharedMemoryHandle);
	assert_int_equal(v->freed, 0);
	assert_true(toy_heard("is no allocation's (E8)"));
	assert_int_equal(m.SGListBuffer->NumberOfElements, 1);
	NdisFreeSharedMemory(a->handle, handle);
	assert_int_equal(v->freed, 1);
	NdisFreeSharedMemory(a->handle, handle);
	assert_int_equal(v->freed, 1);
}

static void E5_bad_parameters(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS good, bad[10];
	unsigned n = 0;
	ULONG id;

	(void)state;
	id = toy_queue_allocate(p);
	good = wish(id, 4096);
	for (unsigned i = 0; i < 10; i++)
		bad[i] = good;
	bad[n++].QueueId = id + 1;
	bad[n++].QueueId = 0xffffffff;
	bad[n++].Length = 0;
	bad[n++].VPortId = 1;
	bad[n++].Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
	bad[n++].Header.Size = NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1;
	bad[n++].SGListBuffer = NULL;
	bad[n++].SGListBufferLength = LIST_BYTES(1) - 1;
	bad[n++].Flags = 2;
	for (unsigned i = 0; i < n; i++)
		refused(&bad[i], NDIS_STATUS_INVALID_PARAMETER);
	/* Revision 1 ends before VPortId. */
	good.Header.Revision = NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1;
	good.Header.Size = NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1;
	good.VPortId = 7;
	good.SGListBufferLength = 0;
	good.SGListBuffer = NULL;
	assert_int_equal(allocate(&good, &good.SharedMemoryHandle), NDIS_STATUS_SUCCESS);
}

/* The list describes 'length' bytes from 'address' on, in order. */
static unsigned covers(const void *address, ULONG length)
{
	ULONG64 at = (ULONG_PTR)address;

	for (ULONG i = 0; i < sg.list.NumberOfElements; i++) {
		assert_int_equal(sg.list.Elements[i].Address.QuadPart, at);
		assert_int_not_equal(sg.list.Elements[i].Length, 0);
		at += sg.list.Elements[i].Length;
	}
	assert_int_equal(at, (ULONG_PTR)address + length);
	return (unsigned)sg.list.NumberOfElements;
}

static void E6_contiguous_memory_is_one_element(void **state)
{
	static const ULONG lengths[] = { 1, 4096, 65536, 65537, 1000000, 1 << 20 };
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		m = wish(0, lengths[i]);
		m.Flags = NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS;
		assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
		assert_int_equal(covers(m.VirtualAddress, lengths[i]), 1);
		NdisFreeSharedMemory(a->handle, handle);
		m = wish(0, lengths[i]);
		assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
		assert_int_equal(covers(m.VirtualAddress, lengths[i]), (lengths[i] - 1) / 65536 + 1);
		NdisFreeSharedMemory(a->handle, handle);
		/* Room for fewer is enough for as many. */
		m = wish(0, lengths[i]);
		m.SGListBufferLength = LIST_BYTES(2);
		assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
		assert_in_range(covers(m.VirtualAddress, lengths[i]), 1, 2);
		NdisFreeSharedMemory(a->handle, handle);
	}
}

/* A device that reaches three pages. */
static struct {
	char pages[3 * 4096] __attribute__((aligned(4096)));
	unsigned given, back;
} reach;

static void *reach_give(size_t length)
{
	if (length > sizeof(reach.pages))
		return NULL;
	reach.given++;
	return reach.pages;
}

static void reach_take_back(void *address)
{
	assert_ptr_equal(address, reach.pages);
	reach.back++;
}

static void E6_what_a_device_fills_lies_where_it_can(void **state)
{
	static const struct ndis_device_memory device = { reach_give, reach_take_back };
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;

	(void)state;
	ndis_device_memory_set(&device);
	m = wish(0, 3 * 4096 - 1);
	m.Flags = NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS;
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	assert_ptr_equal(m.VirtualAddress, reach.pages);
	assert_int_equal(covers(reach.pages, 3 * 4096 - 1), 1);
	assert_int_equal(reach.back, 0);
	NdisFreeSharedMemory(a->handle, handle);
	assert_int_equal(reach.back, 1);
	/* What the processor copies into is any memory; as is what the device's has no room for. */
	m = wish(0, 4096);
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	covers(m.VirtualAddress, 4096);
	NdisFreeSharedMemory(a->handle, handle);
	m = wish(0, 4 * 4096);
	m.Flags = NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS;
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	assert_int_equal(covers(m.VirtualAddress, 4 * 4096), 1);
	memset(m.VirtualAddress, 1, 4 * 4096);
	NdisFreeSharedMemory(a->handle, handle);
	ndis_device_memory_set(NULL);
	assert_int_equal(reach.given, 1);
	assert_int_equal(reach.back, 1);
}

static void E6_a_providers_list_is_handed_on(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	m = wish(toy_queue_allocate(p), 12288);
	v->elements = 3;
	v->element_bytes = 4096;
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	assert_int_equal(covers(v->memory, 12288), 3);
	NdisFreeSharedMemory(a->handle, handle);
}

static NDIS_STATUS inside;
static NDIS_HANDLE inside_handle;

static void allocates_inside(struct toy_adapter *t, NDIS_OID oid)
{
	NDIS_SHARED_MEMORY_PARAMETERS m = wish(1, 4096);

	if (oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE)
		inside = NdisAllocateSharedMemory(t->handle, &m, &inside_handle);
}

/* Its provider is asked, although the queue is not allocated before this ends. */
static void C37_memory_while_the_queue_is_being_allocated(void **state)
{
	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	toy.in_oid = allocates_inside;
	inside = NDIS_STATUS_FAILURE;
	assert_int_equal(toy_queue_allocate(p), 1);
	toy.in_oid = NULL;
	assert_int_equal(inside, NDIS_STATUS_SUCCESS);
	assert_int_equal(v->asked, 1);
	NdisFreeSharedMemory(a->handle, inside_handle);
}

static void E10_more_until_the_queue_is_freed(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handles[2];
	ULONG id;

	(void)state;
	id = toy_queue_allocate(p);
	for (unsigned i = 0; i < 2; i++) {
		m = wish(id, 4096);
		assert_int_equal(allocate(&m, &handles[i]), NDIS_STATUS_SUCCESS);
	}
	for (unsigned i = 0; i < 2; i++)
		NdisFreeSharedMemory(a->handle, handles[i]);
	assert_int_equal(toy_queue_free(p, id), NDIS_STATUS_SUCCESS);
	assert_false(toy_heard("(E11)"));
	m = wish(id, 4096);
	refused(&m, NDIS_STATUS_INVALID_PARAMETER);
}

static void E11_memory_left_at_the_end_of_the_free_is_told(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;
	ULONG id;

	(void)state;
	id = toy_queue_allocate(p);
	m = wish(id, 4096);
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	assert_int_equal(toy_queue_free(p, id), NDIS_STATUS_SUCCESS);
	assert_true(toy_heard("FREE_QUEUE of queue 1 has ended, and 1 blocks"));
	NdisFreeSharedMemory(a->handle, handle);
}

/* The provider gets it back before it goes, and the miniport's free is then harmless. */
static void E7_E11_a_provider_that_leaves_gets_its_memory_back(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	m = wish(toy_queue_allocate(p), 4096);
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	ndis_image_unload(p->image);
	p->image = NULL;
	assert_true(toy_heard("closes its binding while 1 blocks"));
	assert_true(toy_heard("protocol talker1 leaves, and shared memory that it gave"));
	assert_int_equal(v->freed, 1);
	assert_int_equal(ndis_shared_memory_length(a->adapter, m.SharedMemoryHandle), 0);
	NdisFreeSharedMemory(a->handle, handle);
	assert_int_equal(v->freed, 1);
	assert_false(toy_heard("(E8)"));
}

static void E13_every_usage_there_is(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m;
	NDIS_HANDLE handle;
	ULONG id;

	(void)state;
	assert_int_equal(toy_provider_register(p), NDIS_STATUS_SUCCESS);
	id = toy_queue_allocate(p);
	for (int usage = -1; usage <= 11; usage++) {
		m = wish(id, 4096);
		m.Usage = (NDIS_SHARED_MEMORY_USAGE)usage;
		if (usage < 1 || usage > 9) {
			refused(&m, NDIS_STATUS_INVALID_PARAMETER);
			continue;
		}
		assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
		assert_int_equal(v->last.Usage, usage);
		NdisFreeSharedMemory(a->handle, handle);
	}
	assert_int_equal(v->asked, 9);
}

/* It lives with the adapter, and a leak of the miniport is told. */
static void E8_what_was_never_freed_is_told_at_the_halt(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS m = wish(0, 4096);
	NDIS_HANDLE handle;

	(void)state;
	assert_int_equal(allocate(&m, &handle), NDIS_STATUS_SUCCESS);
	ndis_adapter_remove(a->adapter);
	a->adapter = NULL;
	assert_true(toy_heard("shared memory of queue 0, 4096 bytes, was not freed (E8)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, toy_vmq_setup, toy_teardown)
		T(E7_a_provider_is_asked_inside_the_call),
		T(E7_other_memory_is_the_hosts),
		T(E7_who_may_register),
		T(E1_only_at_passive_level),
		T(E2_without_dma_registered_that_is_told_once),
		T(E3_failures_give_no_handle),
		T(E3_E6_a_provider_that_answers_wrongly_is_refused),
		T(E4_two_handles_that_are_not_mistaken),
		T(E5_bad_parameters),
		T(E6_contiguous_memory_is_one_element),
		T(E6_what_a_device_fills_lies_where_it_can),
		T(E6_a_providers_list_is_handed_on),
		T(C37_memory_while_the_queue_is_being_allocated),
		T(E10_more_until_the_queue_is_freed),
		T(E11_memory_left_at_the_end_of_the_free_is_told),
		T(E7_E11_a_provider_that_leaves_gets_its_memory_back),
		T(E13_every_usage_there_is),
		T(E8_what_was_never_freed_is_told_at_the_halt),
#undef T
	};

	setenv("OVMQ_VERIFIER", "off", 1);
	return cmocka_run_group_tests_name("shared memory", tests, ground_setup, ground_teardown);
}
