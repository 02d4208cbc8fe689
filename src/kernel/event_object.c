/* SPDX-License-Identifier: BSD-2-Clause */
/* Events with handles: what an application makes and gives to a driver by handle. */
#include "kernel/object.h"

static struct _OBJECT_TYPE event_type = { "Event", NULL };
static POBJECT_TYPE event_type_pointer = &event_type;
POBJECT_TYPE *ExEventObjectType = &event_type_pointer;

NTSTATUS ZwCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess,
		       POBJECT_ATTRIBUTES ObjectAttributes, EVENT_TYPE EventType,
		       BOOLEAN InitialState)
{
	PKEVENT event;

	(void)DesiredAccess;                    /* this process, which may do everything */
	*EventHandle = NULL;
	if (ObjectAttributes && ObjectAttributes->ObjectName)
		return STATUS_OBJECT_NAME_INVALID;   /* events have no names here */
	if (EventType != NotificationEvent && EventType != SynchronizationEvent)
		return STATUS_INVALID_PARAMETER;
	event = object_create(&event_type, sizeof(*event));
	if (!event)
		return STATUS_INSUFFICIENT_RESOURCES;
	KeInitializeEvent(event, EventType, InitialState);
	*EventHandle = object_handle(event);
	ObfDereferenceObject(event);
	return *EventHandle ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS ZwSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
	PVOID event;
	LONG before;
	NTSTATUS status = ObReferenceObjectByHandle(EventHandle, EVENT_MODIFY_STATE, &event_type,
						    KernelMode, &event, NULL);

	if (status != STATUS_SUCCESS)
		return status;
	before = KeSetEvent(event, EVENT_INCREMENT, FALSE);
	if (PreviousState)
		*PreviousState = before;
	ObfDereferenceObject(event);
	return STATUS_SUCCESS;
}
