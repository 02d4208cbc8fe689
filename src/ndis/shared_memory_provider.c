/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gives shared memory. The memory of a queue comes from the protocol that allocated
 * the queue, if that registered handlers for it (E7); all other memory is this host's
 * own, that of the default queue too: it outlives every binding (E11).
 *
 * A provider is another driver, and is asked with copies: nothing that it does to them
 * reaches the miniport before it was looked at.
 */
#include "ndis/shared_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/receive_filter.h"

/* The most that one element of a list of this host's own covers (E6). */
#define ELEMENT_BYTES (64u << 10)

#define LIST_BYTES(n) (sizeof(SCATTER_GATHER_LIST) + (size_t)(n) * sizeof(SCATTER_GATHER_ELEMENT))

/* Describes 'length' bytes at 'address'. The memory is one piece, so that a list with
 * room for few elements gets few large ones, and with CONTIGUOUS one (E6). */
static void list_fill(SCATTER_GATHER_LIST *list, ULONG room, const void *address, ULONG length,
		      bool contiguous)
{
	ULONG most = (ULONG)((room - sizeof(*list)) / sizeof(list->Elements[0]));
	ULONG n = contiguous ? 1 : (length - 1) / ELEMENT_BYTES + 1;
	ULONG left = length;

	if (n > most)
		n = most;
	list->NumberOfElements = n;
	for (ULONG i = 0; i < n; i++) {
		ULONG bytes = i == n - 1 || left < ELEMENT_BYTES ? left : ELEMENT_BYTES;

		list->Elements[i] = (SCATTER_GATHER_ELEMENT){
			.Address.QuadPart = (LONGLONG)((uintptr_t)address + (length - left)),
			.Length = bytes,
		};
		left -= bytes;
	}
}

/* ---- a provider's answer ---- */

/* The fault of a list that a provider filled, NULL: none. */
static const char *list_fault(const SCATTER_GATHER_LIST *list, ULONG room, ULONG length,
			      bool contiguous)
{
	ULONG64 sum = 0;

	if (list->NumberOfElements > (room - sizeof(*list)) / sizeof(list->Elements[0]))
		return "more elements in its list than there was room for";
	if (contiguous && list->NumberOfElements != 1)
		return "contiguous memory in more than one element (E6)";
	for (ULONG i = 0; i < list->NumberOfElements; i++)
		sum += list->Elements[i].Length;
	return sum == length ? NULL : "a list whose elements are not Length bytes together (E6)";
}

static NDIS_STATUS answer_check(const struct ndis_binding *provider, NDIS_STATUS status,
				const NDIS_SHARED_MEMORY_PARAMETERS *answer, ULONG length)
{
	const char *name = provider->protocol->object.name;
	const char *fault = NULL;

	if (status == NDIS_STATUS_RESOURCES || status == NDIS_STATUS_INVALID_PARAMETER ||
	    status == NDIS_STATUS_FAILURE)
		return status;
	if (status != NDIS_STATUS_SUCCESS) {
		log_error("protocol %s: its shared memory handler returned status 0x%08x, must be "
			  "SUCCESS, RESOURCES, INVALID_PARAMETER or FAILURE (E3)", name,
			  (unsigned)status);
		return NDIS_STATUS_FAILURE;
	}
	if (!answer->VirtualAddress)
		fault = "SUCCESS without a VirtualAddress";
	else if (answer->SGListBuffer && answer->SGListBuffer->NumberOfElements)
		fault = list_fault(answer->SGListBuffer, answer->SGListBufferLength, length,
				   answer->Flags & NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS);
	if (!fault)
		return NDIS_STATUS_SUCCESS;
	log_error("protocol %s: its shared memory handler answered with %s", name, fault);
	return NDIS_STATUS_FAILURE;
}

static void provider_free(struct ndis_binding *provider, NDIS_HANDLE provided)
{
	const NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS *m = &provider->protocol->memory;

	NDIS_CALLBACK(&provider->layer.object, "NetFreeSharedMemory",
		      m->FreeSharedMemoryHandler(m->ProviderContext, provided));
}

/* A list of the length that is of any use, for the provider to fill. */
static bool list_copy(NDIS_SHARED_MEMORY_PARAMETERS *copy)
{
	size_t most = LIST_BYTES(ndis_shared_memory_pages(copy->Length) / PAGE_SIZE + 1);

	if (!copy->SGListBufferLength) {
		copy->SGListBuffer = NULL;
		return true;
	}
	if (copy->SGListBufferLength > most)
		copy->SGListBufferLength = (ULONG)most;
	copy->SGListBuffer = calloc(1, copy->SGListBufferLength);
	return copy->SGListBuffer;
}

/* Asks the block's provider. The answer's address and list are in '*answer'. */
static NDIS_STATUS ask(struct ndis_shared_block *b, NDIS_SHARED_MEMORY_PARAMETERS *answer)
{
	const NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS *m = &b->provider->protocol->memory;
	ULONG length = answer->Length, room = answer->SGListBufferLength;
	SCATTER_GATHER_LIST *list = answer->SGListBuffer;
	ULONG flags = answer->Flags;
	NDIS_STATUS status, checked;

	NDIS_CALLBACK(&b->provider->layer.object, "NetAllocateSharedMemory",
		      status = m->AllocateSharedMemoryHandler(m->ProviderContext, answer,
							      &b->provided));
	answer->SGListBuffer = list;
	answer->SGListBufferLength = room;
	answer->Flags = flags;
	checked = answer_check(b->provider, status, answer, length);
	if (status == NDIS_STATUS_SUCCESS && checked != status)
		provider_free(b->provider, b->provided);
	return checked;
}

/* ---- which provider ---- */

/* Under memory_lock: the binding that gives the memory of that block's queue, NULL:
 * this host. It must be open still, since who closed may be gone soon. */
static struct ndis_binding *provider_of(const struct ndis_shared_block *b)
{
	struct ndis_binding *asker = ndis_receive_filter_allocator(b->adapter, b->queue);

	return asker && asker->protocol && asker->protocol->memory.AllocateSharedMemoryHandler &&
	       atomic_load(&asker->opened) ? asker : NULL;
}

static void asked(struct ndis_shared_block *b, bool given)
{
	struct ndis_adapter *a = b->adapter;

	pthread_mutex_lock(&a->memory_lock);
	b->asking = false;
	if (!given)
		b->provider = NULL;
	pthread_cond_broadcast(&a->memory_asked);
	pthread_mutex_unlock(&a->memory_lock);
}

static NDIS_STATUS give_provided(struct ndis_shared_block *b, NDIS_SHARED_MEMORY_PARAMETERS *answer)
{
	NDIS_STATUS status = NDIS_STATUS_RESOURCES;

	if (list_copy(answer))
		status = ask(b, answer);
	if (status == NDIS_STATUS_SUCCESS)
		b->address = answer->VirtualAddress;
	asked(b, status == NDIS_STATUS_SUCCESS);
	return status;
}

NDIS_STATUS ndis_shared_memory_give(struct ndis_shared_block *b, NDIS_SHARED_MEMORY_PARAMETERS *p)
{
	bool contiguous = p->Flags & NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS;
	NDIS_SHARED_MEMORY_PARAMETERS answer = { 0 };
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	bool provided;

	/* Revision 1 ends before the structure does. */
	memcpy(&answer, p, p->Header.Size < sizeof(answer) ? p->Header.Size : sizeof(answer));
	pthread_mutex_lock(&b->adapter->memory_lock);
	b->provider = provider_of(b);
	b->asking = provided = b->provider;
	pthread_mutex_unlock(&b->adapter->memory_lock);
	if (provided)
		status = give_provided(b, &answer);
	else if (!ndis_shared_memory_own(b, contiguous))
		status = NDIS_STATUS_RESOURCES;
	if (status == NDIS_STATUS_SUCCESS) {
		p->VirtualAddress = b->address;
		p->SharedMemoryHandle = &b->block;
		if (provided && answer.SGListBuffer && answer.SGListBuffer->NumberOfElements)
			memcpy(p->SGListBuffer, answer.SGListBuffer,
			       LIST_BYTES(answer.SGListBuffer->NumberOfElements));
		else if (p->SGListBufferLength)
			list_fill(p->SGListBuffer, p->SGListBufferLength, b->address, p->Length,
				  contiguous);
	}
	if (provided)
		free(answer.SGListBuffer);
	return status;
}

void ndis_shared_memory_take_back(struct ndis_shared_block *b)
{
	if (b->provider)
		provider_free(b->provider, b->provided);
	else if (b->length)
		ndis_shared_memory_disown(b);
	b->provider = NULL;
	b->address = NULL;
	b->length = 0;
}

/* ---- a provider goes ---- */

unsigned ndis_shared_memory_given(const struct ndis_binding *binding)
{
	struct ndis_adapter *a = binding->layer.adapter;
	unsigned n = 0;

	pthread_mutex_lock(&a->memory_lock);
	for (const struct ndis_shared_block *b = a->memory; b; b = b->next)
		n += b->provider == binding;
	pthread_mutex_unlock(&a->memory_lock);
	return n;
}

/* The next block of 'binding' whose memory it has given, taken from it. */
static struct ndis_shared_block *next_given(struct ndis_adapter *a,
					    const struct ndis_binding *binding,
					    NDIS_HANDLE *provided)
{
	struct ndis_shared_block *b;

	pthread_mutex_lock(&a->memory_lock);
again:
	for (b = a->memory; b && b->provider != binding; b = b->next)
		;
	if (b && b->asking) {
		pthread_cond_wait(&a->memory_asked, &a->memory_lock);
		goto again;
	}
	if (b) {
		*provided = b->provided;
		b->provider = NULL;
		b->address = NULL;
	}
	pthread_mutex_unlock(&a->memory_lock);
	return b;
}

void ndis_shared_memory_provider_leaves(struct ndis_binding *binding)
{
	struct ndis_adapter *a = binding->layer.adapter;
	const struct ndis_shared_block *b;
	NDIS_HANDLE provided;

	while ((b = next_given(a, binding, &provided))) {
		log_error("adapter %s: protocol %s leaves, and shared memory that it gave for queue %u, "
			  "%u bytes, was not freed (E11)", ndis_handle_name(a),
			  binding->protocol->object.name, (unsigned)b->queue, (unsigned)b->asked);
		provider_free(binding, provided);
	}
}
