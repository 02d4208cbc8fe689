/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callback objects. A named one is found by whoever creates it next. Those who are
 * registered are called in order of registration; one that is unregistered
 * meanwhile is called no more, and unregistering waits until its call has ended.
 */
#include <wdm.h>

#include <pthread.h>
#include <sched.h>

#include "base/log.h"
#include "kernel/object.h"

#define CALLBACK_TAG 0x6b626c43u   /* "Clbk" */

struct _CALLBACK_OBJECT {
	LIST_ENTRY named;             /* under names_lock */
	UNICODE_STRING name;          /* upper case; empty: none */
	BOOLEAN multiple;
	KSPIN_LOCK lock;              /* of all below */
	LIST_ENTRY registrations;
};

struct registration {
	LIST_ENTRY link;
	PCALLBACK_OBJECT object;
	PCALLBACK_FUNCTION function;
	PVOID context;
	ULONG running;                /* calls that have not ended */
	BOOLEAN gone;                 /* is being unregistered */
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_ENTRY named_objects = { &named_objects, &named_objects };

static void callback_destroy(void *body)
{
	PCALLBACK_OBJECT object = body;

	if (!IsListEmpty(&object->registrations))
		log_error("callback object %p goes while somebody is registered", body);
	if (!object->name.Length)
		return;
	pthread_mutex_lock(&names_lock);
	RemoveEntryList(&object->named);
	pthread_mutex_unlock(&names_lock);
	RtlFreeUnicodeString(&object->name);
}

static const struct _OBJECT_TYPE callback_type = { "Callback", callback_destroy };

/* Lock held. */
static PCALLBACK_OBJECT find(PCUNICODE_STRING name)
{
	for (PLIST_ENTRY e = named_objects.Flink; e != &named_objects; e = e->Flink) {
		PCALLBACK_OBJECT object = CONTAINING_RECORD(e, struct _CALLBACK_OBJECT, named);

		if (RtlEqualUnicodeString(&object->name, name, TRUE))
			return object;
	}
	return NULL;
}

static NTSTATUS create(PCALLBACK_OBJECT *object, PCUNICODE_STRING name, BOOLEAN multiple)
{
	PCALLBACK_OBJECT new = object_create(&callback_type, sizeof(*new));

	if (!new)
		return STATUS_INSUFFICIENT_RESOURCES;
	new->multiple = multiple;
	KeInitializeSpinLock(&new->lock);
	InitializeListHead(&new->registrations);
	if (name) {
		UNICODE_STRING copy = { 0 };
		NTSTATUS status = RtlUpcaseUnicodeString(&copy, name, TRUE);

		if (status != STATUS_SUCCESS) {
			ObDereferenceObject(new);
			return status;
		}
		new->name = copy;
		InsertTailList(&named_objects, &new->named);
	}
	*object = new;
	return STATUS_SUCCESS;
}

NTSTATUS ExCreateCallback(PCALLBACK_OBJECT *CallbackObject, POBJECT_ATTRIBUTES ObjectAttributes,
			  BOOLEAN Create, BOOLEAN AllowMultipleCallbacks)
{
	PCUNICODE_STRING name = ObjectAttributes ? ObjectAttributes->ObjectName : NULL;
	NTSTATUS status = STATUS_SUCCESS;
	PCALLBACK_OBJECT old;

	*CallbackObject = NULL;
	if (name && !name->Length)
		name = NULL;
	pthread_mutex_lock(&names_lock);
	old = name ? find(name) : NULL;
	if (old) {
		ObReferenceObject(old);
		*CallbackObject = old;
	} else if (Create) {
		status = create(CallbackObject, name, AllowMultipleCallbacks);
	} else {
		status = name ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_UNSUCCESSFUL;
	}
	pthread_mutex_unlock(&names_lock);
	return status;
}

PVOID ExRegisterCallback(PCALLBACK_OBJECT CallbackObject, PCALLBACK_FUNCTION CallbackFunction,
			 PVOID CallbackContext)
{
	struct registration *r = ExAllocatePoolZero(NonPagedPoolNx, sizeof(*r), CALLBACK_TAG);
	KIRQL irql;

	if (!r)
		return NULL;
	r->object = CallbackObject;
	r->function = CallbackFunction;
	r->context = CallbackContext;
	irql = KeAcquireSpinLockRaiseToDpc(&CallbackObject->lock);
	if (!CallbackObject->multiple && !IsListEmpty(&CallbackObject->registrations)) {
		KeReleaseSpinLock(&CallbackObject->lock, irql);
		ExFreePoolWithTag(r, CALLBACK_TAG);
		return NULL;
	}
	InsertTailList(&CallbackObject->registrations, &r->link);
	KeReleaseSpinLock(&CallbackObject->lock, irql);
	ObReferenceObject(CallbackObject);
	return r;
}

VOID ExUnregisterCallback(PVOID CallbackRegistration)
{
	struct registration *r = CallbackRegistration;
	PCALLBACK_OBJECT object = r->object;
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&object->lock);

	r->gone = TRUE;
	while (r->running) {
		KeReleaseSpinLock(&object->lock, irql);
		sched_yield();
		irql = KeAcquireSpinLockRaiseToDpc(&object->lock);
	}
	RemoveEntryList(&r->link);
	KeReleaseSpinLock(&object->lock, irql);
	ExFreePoolWithTag(r, CALLBACK_TAG);
	ObDereferenceObject(object);
}

VOID ExNotifyCallback(PVOID CallbackObject, PVOID Argument1, PVOID Argument2)
{
	PCALLBACK_OBJECT object = CallbackObject;
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&object->lock);

	/* An entry that runs stays on the list, so the walk can go on from it. */
	for (PLIST_ENTRY e = object->registrations.Flink; e != &object->registrations; e = e->Flink) {
		struct registration *r = CONTAINING_RECORD(e, struct registration, link);

		if (r->gone)
			continue;
		r->running++;
		KeReleaseSpinLock(&object->lock, irql);
		r->function(r->context, Argument1, Argument2);
		irql = KeAcquireSpinLockRaiseToDpc(&object->lock);
		r->running--;
	}
	KeReleaseSpinLock(&object->lock, irql);
}
