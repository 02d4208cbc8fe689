/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/object.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"

struct header {
	_Alignas(16) const struct _OBJECT_TYPE *type;
	atomic_long references;
};

/* Handle h is the object at slot h / 4 - 1. */
static struct {
	pthread_mutex_t lock;
	void **slots;
	size_t n;
} handles = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct header *header_of(void *body)
{
	return (struct header *)body - 1;
}

void *object_create(const struct _OBJECT_TYPE *type, size_t size)
{
	struct header *h = calloc(1, sizeof(*h) + size);

	if (!h)
		return NULL;
	h->type = type;
	atomic_store(&h->references, 1);
	return h + 1;
}

LONG_PTR ObfReferenceObject(PVOID Object)
{
	return atomic_fetch_add(&header_of(Object)->references, 1) + 1;
}

LONG_PTR ObfDereferenceObject(PVOID Object)
{
	struct header *h = header_of(Object);
	long left = atomic_fetch_sub(&h->references, 1) - 1;

	if (left)
		return left;
	if (h->type->destroy)
		h->type->destroy(Object);
	free(h);
	return 0;
}

/* A free slot, or n; the table is locked. */
static size_t free_slot(void)
{
	size_t i = 0;

	while (i < handles.n && handles.slots[i])
		i++;
	return i;
}

HANDLE object_handle(void *body)
{
	HANDLE handle = NULL;
	void **more;
	size_t i;

	pthread_mutex_lock(&handles.lock);
	i = free_slot();
	if (i == handles.n) {
		more = realloc(handles.slots, (handles.n * 2 + 8) * sizeof(*more));
		if (!more)
			goto out;
		handles.slots = more;
		handles.n = handles.n * 2 + 8;
		for (size_t k = i; k < handles.n; k++)
			more[k] = NULL;
	}
	ObfReferenceObject(body);
	handles.slots[i] = body;
	handle = (HANDLE)((i + 1) * 4);
out:
	pthread_mutex_unlock(&handles.lock);
	return handle;
}

/* Where the handle's object stands, or NULL; the table is locked. */
static void **slot_of(HANDLE handle)
{
	size_t h = (size_t)handle;

	if (!h || h % 4 || h / 4 > handles.n || !handles.slots[h / 4 - 1])
		return NULL;
	return &handles.slots[h / 4 - 1];
}

NTSTATUS ZwClose(HANDLE Handle)
{
	void *body = NULL, **slot;

	pthread_mutex_lock(&handles.lock);
	slot = slot_of(Handle);
	if (slot) {
		body = *slot;
		*slot = NULL;
	}
	pthread_mutex_unlock(&handles.lock);
	if (!body) {
		log_error("ZwClose: %p is no handle", Handle);
		return STATUS_INVALID_HANDLE;
	}
	ObfDereferenceObject(body);
	return STATUS_SUCCESS;
}

NTSTATUS ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode)
{
	(void)PreviousMode;
	return ZwClose(Handle);
}

NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
				   POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
				   PVOID *Object,
				   POBJECT_HANDLE_INFORMATION HandleInformation)
{
	NTSTATUS status = STATUS_SUCCESS;
	void **slot;

	(void)AccessMode;
	*Object = NULL;
	pthread_mutex_lock(&handles.lock);
	slot = slot_of(Handle);
	if (!slot) {
		status = STATUS_INVALID_HANDLE;
	} else if (ObjectType && header_of(*slot)->type != ObjectType) {
		status = STATUS_OBJECT_TYPE_MISMATCH;
	} else {
		*Object = *slot;
		ObfReferenceObject(*slot);
		if (HandleInformation)
			*HandleInformation = (OBJECT_HANDLE_INFORMATION){
				OBJ_KERNEL_HANDLE, DesiredAccess };
	}
	pthread_mutex_unlock(&handles.lock);
	return status;
}
