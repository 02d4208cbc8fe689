/* SPDX-License-Identifier: BSD-2-Clause */
/* Events by handle, keys of the registry, extended lookaside lists, work without a device. */
#include "kernel_testing.h"

#include "kernel/device.h"
#include "kernel/registry.h"
#include "kernel/sanitizer.h"

/* ---- events ---- */

static void an_event_is_found_by_its_handle_and_its_type(void **state)
{
	LARGE_INTEGER now = { .QuadPart = 0 };
	HANDLE handle;
	PVOID object;
	LONG before = -1;

	(void)state;
	assert_int_equal(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE),
			 STATUS_SUCCESS);
	assert_int_equal(ObReferenceObjectByHandle(handle, EVENT_MODIFY_STATE, *PsThreadType, UserMode,
						   &object, NULL), STATUS_OBJECT_TYPE_MISMATCH);
	assert_int_equal(ObReferenceObjectByHandle(handle, EVENT_MODIFY_STATE, *ExEventObjectType,
						   UserMode, &object, NULL), STATUS_SUCCESS);
	assert_int_equal(ZwSetEvent(handle, &before), STATUS_SUCCESS);
	assert_int_equal(before, 0);
	assert_int_equal(ZwClose(handle), STATUS_SUCCESS);
	/* The object outlives its handle, and was set: once. */
	assert_int_equal(KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &now),
			 STATUS_SUCCESS);
	assert_int_equal(KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &now),
			 STATUS_TIMEOUT);
	ObDereferenceObject(object);
	assert_int_equal(ZwSetEvent(handle, NULL), STATUS_INVALID_HANDLE);
	assert_int_equal(ZwCreateEvent(&handle, EVENT_ALL_ACCESS, NULL, (EVENT_TYPE)7, FALSE),
			 STATUS_INVALID_PARAMETER);
}

/* ---- keys ---- */

static bool is(PCUNICODE_STRING s, const char *text)
{
	if (s->Length != strlen(text) * sizeof(WCHAR))
		return false;
	for (size_t i = 0; text[i]; i++)
		if (s->Buffer[i] != (WCHAR)text[i])
			return false;
	return true;
}

static bool key_exists(PCUNICODE_STRING path)
{
	return is(path, "\\R") || is(path, "\\R\\Sub");
}

/* In \R\Sub the value "V", three bytes. */
static NTSTATUS value_read(PCUNICODE_STRING path, PCUNICODE_STRING name,
			   struct registry_value *value)
{
	if (!is(path, "\\R\\Sub") || !is(name, "V"))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	value->type = REG_BINARY;
	value->length = 3;
	value->data = malloc(3);
	memcpy(value->data, "abc", 3);
	return STATUS_SUCCESS;
}

static const struct registry_source source = { key_exists, value_read };

static NTSTATUS open_key(HANDLE root, const char *name, PHANDLE key)
{
	WCHAR room[64];
	UNICODE_STRING s = { (USHORT)(strlen(name) * sizeof(WCHAR)), sizeof(room), room };
	OBJECT_ATTRIBUTES o;

	for (size_t i = 0; name[i]; i++)
		room[i] = (WCHAR)name[i];
	InitializeObjectAttributes(&o, &s, OBJ_KERNEL_HANDLE, root, NULL);
	return ZwOpenKey(key, KEY_READ, &o);
}

static void a_key_is_opened_by_its_path_or_below_another(void **state)
{
	HANDLE root, sub, none;

	(void)state;
	registry_set_source(&source);
	assert_int_equal(open_key(NULL, "\\R", &root), STATUS_SUCCESS);
	assert_int_equal(open_key(root, "Sub", &sub), STATUS_SUCCESS);
	assert_int_equal(ZwClose(sub), STATUS_SUCCESS);
	assert_int_equal(open_key(root, "Other", &none), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_null(none);
	assert_int_equal(open_key(NULL, "R", &none), STATUS_OBJECT_PATH_SYNTAX_BAD);
	assert_int_equal(ZwClose(root), STATUS_SUCCESS);
	assert_int_equal(open_key(root, "Sub", &none), STATUS_INVALID_HANDLE);
	registry_set_source(NULL);
	assert_int_equal(open_key(NULL, "\\R", &root), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void a_value_comes_in_each_form_and_says_what_room_it_needs(void **state)
{
	static WCHAR v[] = { 'V' }, w[] = { 'W' };
	UNICODE_STRING name = { 2, 2, v }, other = { 2, 2, w };
	_Alignas(8) UCHAR room[64];
	PKEY_VALUE_PARTIAL_INFORMATION partial = (PVOID)room;
	PKEY_VALUE_FULL_INFORMATION full = (PVOID)room;
	PKEY_VALUE_BASIC_INFORMATION basic = (PVOID)room;
	HANDLE key;
	ULONG needed;

	(void)state;
	registry_set_source(&source);
	assert_int_equal(open_key(NULL, "\\R\\Sub", &key), STATUS_SUCCESS);
	assert_int_equal(ZwQueryValueKey(key, &other, KeyValuePartialInformation, room, 64, &needed),
			 STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, NULL, 0, &needed),
			 STATUS_BUFFER_TOO_SMALL);
	assert_int_equal(needed, 15);
	assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, room, 13, &needed),
			 STATUS_BUFFER_OVERFLOW);
	assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, room, 15, &needed),
			 STATUS_SUCCESS);
	assert_int_equal(partial->Type, REG_BINARY);
	assert_int_equal(partial->DataLength, 3);
	assert_memory_equal(partial->Data, "abc", 3);
	assert_int_equal(ZwQueryValueKey(key, &name, KeyValueFullInformation, room, 64, &needed),
			 STATUS_SUCCESS);
	assert_int_equal(full->NameLength, 2);
	assert_int_equal(full->Name[0], 'V');
	assert_memory_equal(room + full->DataOffset, "abc", 3);
	assert_int_equal(needed, full->DataOffset + 3);
	assert_int_equal(ZwQueryValueKey(key, &name, KeyValueBasicInformation, room, 64, &needed),
			 STATUS_SUCCESS);
	assert_int_equal(basic->Name[0], 'V');
	assert_int_equal(needed, 14);
	assert_int_equal(ZwClose(key), STATUS_SUCCESS);
	registry_set_source(NULL);
}

/* ---- lookaside lists ---- */

static PLOOKASIDE_LIST_EX allocated_for, freed_for;

static PVOID allocate(POOL_TYPE type, SIZE_T size, ULONG tag, PLOOKASIDE_LIST_EX list)
{
	allocated_for = list;
	return ExAllocatePoolUninitialized(type, size, tag);
}

static VOID release(PVOID buffer, PLOOKASIDE_LIST_EX list)
{
	freed_for = list;
	ExFreePool(buffer);
}

static void an_extended_list_tells_its_routines_which_it_is(void **state)
{
	LOOKASIDE_LIST_EX list, plain;
	PVOID one, two;

	(void)state;
	assert_int_equal(ExInitializeLookasideListEx(&plain, NULL, NULL, NonPagedPoolNx, 4, 100, 't', 0),
			 STATUS_INVALID_PARAMETER);
	assert_int_equal(ExInitializeLookasideListEx(&plain, NULL, NULL, PagedPool, 0, 100, 't', 0),
			 STATUS_SUCCESS);
	assert_int_equal(ExInitializeLookasideListEx(&list, allocate, release, NonPagedPoolNx, 0, 100,
						     't', 0), STATUS_SUCCESS);
	one = ExAllocateFromLookasideListEx(&list);
	assert_ptr_equal(allocated_for, &list);
	memset(one, 1, 100);
	ExFreeToLookasideListEx(&list, one);
	two = ExAllocateFromLookasideListEx(&list);
	if (!KERNEL_ASAN)
		assert_ptr_equal(two, one);
	ExFreeToLookasideListEx(&list, two);
	ExFlushLookasideListEx(&list);
	assert_ptr_equal(freed_for, &list);
	one = ExAllocateFromLookasideListEx(&plain);
	memset(one, 1, 100);
	ExFreeToLookasideListEx(&plain, one);
	ExDeleteLookasideListEx(&plain);
	ExDeleteLookasideListEx(&list);
}

/* ---- work, mutexes ---- */

static VOID set(PVOID event)
{
	KeSetEvent(event, IO_NO_INCREMENT, FALSE);
}

static void work_needs_no_device(void **state)
{
	static KEVENT done;
	static WORK_QUEUE_ITEM item;

	(void)state;
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	ExInitializeWorkItem(&item, set, &done);
	ExQueueWorkItem(&item, DelayedWorkQueue);
	await(&done);
}

static void a_guarded_mutex_is_held_by_one(void **state)
{
	KGUARDED_MUTEX mutex;

	(void)state;
	KeInitializeGuardedMutex(&mutex);
	KeAcquireGuardedMutex(&mutex);
	assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
	assert_false(KeTryToAcquireGuardedMutex(&mutex));
	KeReleaseGuardedMutex(&mutex);
	assert_true(KeTryToAcquireGuardedMutex(&mutex));
	KeReleaseGuardedMutex(&mutex);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* ---- names ---- */

static NTSTATUS yes(PDEVICE_OBJECT device, PIRP irp)
{
	(void)device;
	irp->IoStatus.Status = STATUS_SUCCESS;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return STATUS_SUCCESS;
}

/* Applications open a global link by "\\.\Global\X". */
static void a_global_link_opens_with_and_without_global(void **state)
{
	static const WCHAR device_text[] = { '\\', 'D', 'e', 'v', 'i', 'c', 'e', '\\', 'T', 0 };
	static const WCHAR link_text[] = { '\\', 'D', 'o', 's', 'D', 'e', 'v', 'i', 'c', 'e', 's', '\\',
					   'G', 'l', 'o', 'b', 'a', 'l', '\\', 'T', '1', 0 };
	static const char *const ways[] = { "\\\\.\\Global\\T1", "\\\\.\\T1", "\\??\\global\\t1",
					    "\\DosDevices\\Global\\T1", "\\GLOBAL??\\T1" };
	UNICODE_STRING name = RTL_CONSTANT_STRING(device_text), link = RTL_CONSTANT_STRING(link_text);
	struct device_file *file;
	DRIVER_OBJECT driver;
	PDEVICE_OBJECT device;

	(void)state;
	driver_object_init(&driver);
	driver.MajorFunction[IRP_MJ_CREATE] = driver.MajorFunction[IRP_MJ_CLEANUP] = yes;
	driver.MajorFunction[IRP_MJ_CLOSE] = yes;
	assert_int_equal(IoCreateDevice(&driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device),
			 STATUS_SUCCESS);
	driver_object_ready(&driver);
	assert_int_equal(IoCreateSymbolicLink(&link, &name), STATUS_SUCCESS);
	for (size_t i = 0; i < RTL_NUMBER_OF(ways); i++) {
		assert_int_equal(device_open(ways[i], &file), STATUS_SUCCESS);
		device_close(file);
	}
	assert_int_equal(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
	IoDeleteDevice(device);
}

/* ---- direct reads ---- */

/* A driver may keep its own pointer in SystemBuffer of a request that is not buffered. */
static NTSTATUS read_direct(PDEVICE_OBJECT device, PIRP irp)
{
	irp->AssociatedIrp.SystemBuffer = MmGetSystemAddressForMdlSafe(irp->MdlAddress,
								       NormalPagePriority);
	memcpy(irp->AssociatedIrp.SystemBuffer, "abc", 3);
	irp->IoStatus.Information = 3;
	return yes(device, irp);
}

static void a_direct_read_leaves_the_system_buffer_to_the_driver(void **state)
{
	static const WCHAR text[] = { '\\', 'D', 'e', 'v', 'i', 'c', 'e', '\\', 'U', 0 };
	UNICODE_STRING name = RTL_CONSTANT_STRING(text);
	struct device_file *file;
	DRIVER_OBJECT driver;
	PDEVICE_OBJECT device;
	ULONG_PTR n;
	char got[8];

	(void)state;
	driver_object_init(&driver);
	driver.MajorFunction[IRP_MJ_CREATE] = driver.MajorFunction[IRP_MJ_CLEANUP] = yes;
	driver.MajorFunction[IRP_MJ_CLOSE] = yes;
	driver.MajorFunction[IRP_MJ_READ] = read_direct;
	assert_int_equal(IoCreateDevice(&driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device),
			 STATUS_SUCCESS);
	device->Flags |= DO_DIRECT_IO;
	driver_object_ready(&driver);
	assert_int_equal(device_open("\\Device\\U", &file), STATUS_SUCCESS);
	assert_int_equal(device_read(file, got, sizeof(got), DEVICE_FOREVER, &n), STATUS_SUCCESS);
	assert_int_equal(n, 3);
	assert_memory_equal(got, "abc", 3);
	device_close(file);
	IoDeleteDevice(device);
}

/* ---- access ---- */

/* A self-relative descriptor: a head, then an ACL of at most two entries. */
struct descriptor {
	SECURITY_DESCRIPTOR_RELATIVE head;
	ACL dacl;
	struct { ACE_HEADER head; ACCESS_MASK mask; UCHAR sid[12]; } aces[2];
};

#define SYSTEM { 1, 1, 0, 0, 0, 0, 0, 5, 18 }
#define GUEST  { 1, 1, 0, 0, 0, 0, 0, 5, 99 }

static struct descriptor descriptor = {
	.head = { .Revision = 1, .Control = SE_SELF_RELATIVE | SE_DACL_PRESENT,
		  .Dacl = offsetof(struct descriptor, dacl) },
	.dacl = { ACL_REVISION, 0, sizeof(struct descriptor) - offsetof(struct descriptor, dacl), 2, 0 },
};

static NTSTATUS access_of(PSECURITY_DESCRIPTOR d, KPROCESSOR_MODE mode, ACCESS_MASK wanted,
			  ACCESS_MASK *granted)
{
	SECURITY_SUBJECT_CONTEXT subject;
	NTSTATUS status = STATUS_UNSUCCESSFUL;
	BOOLEAN yes;

	SeCaptureSubjectContext(&subject);
	yes = SeAccessCheck(d, &subject, FALSE, wanted, 0, NULL, IoGetFileObjectGenericMapping(), mode,
			    granted, &status);
	SeReleaseSubjectContext(&subject);
	assert_int_equal(yes, status == STATUS_SUCCESS);
	return status;
}

static void entry(unsigned i, UCHAR type, ACCESS_MASK mask, const UCHAR sid[12])
{
	descriptor.aces[i].head = (ACE_HEADER){ type, 0, sizeof(descriptor.aces[i]) };
	descriptor.aces[i].mask = mask;
	memcpy(descriptor.aces[i].sid, sid, 12);
}

static void a_descriptor_is_read_entry_by_entry(void **state)
{
	static const UCHAR system[12] = SYSTEM, guest[12] = GUEST;
	ACCESS_MASK granted;

	(void)state;
	entry(0, ACCESS_DENIED_ACE_TYPE, FILE_WRITE_DATA, system);
	entry(1, ACCESS_ALLOWED_ACE_TYPE, GENERIC_ALL, system);
	assert_int_equal(access_of(&descriptor, UserMode, FILE_WRITE_DATA, &granted),
			 STATUS_ACCESS_DENIED);
	assert_int_equal(access_of(&descriptor, UserMode, GENERIC_READ, &granted), STATUS_SUCCESS);
	assert_int_equal(granted, 0x00120089);
	assert_int_equal(access_of(&descriptor, UserMode, MAXIMUM_ALLOWED, &granted), STATUS_SUCCESS);
	assert_int_equal(granted, 0x001f01ff & ~FILE_WRITE_DATA);
	assert_int_equal(access_of(&descriptor, KernelMode, FILE_WRITE_DATA, &granted), STATUS_SUCCESS);
	/* Others' entries say nothing, and no entry means no. */
	entry(0, ACCESS_DENIED_ACE_TYPE, FILE_WRITE_DATA, guest);
	assert_int_equal(access_of(&descriptor, UserMode, FILE_WRITE_DATA, &granted), STATUS_SUCCESS);
	entry(1, ACCESS_ALLOWED_ACE_TYPE, GENERIC_ALL, guest);
	assert_int_equal(access_of(&descriptor, UserMode, FILE_READ_DATA, &granted),
			 STATUS_ACCESS_DENIED);
	/* No descriptor lets nobody in; one without a DACL, everybody. */
	assert_int_equal(access_of(NULL, UserMode, FILE_READ_DATA, &granted), STATUS_ACCESS_DENIED);
	assert_int_equal(access_of(&(SECURITY_DESCRIPTOR){ .Revision = 1 }, UserMode, FILE_READ_DATA,
				   &granted), STATUS_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_found_by_its_handle_and_its_type),
		cmocka_unit_test(a_key_is_opened_by_its_path_or_below_another),
		cmocka_unit_test(a_value_comes_in_each_form_and_says_what_room_it_needs),
		cmocka_unit_test(an_extended_list_tells_its_routines_which_it_is),
		cmocka_unit_test(work_needs_no_device),
		cmocka_unit_test(a_guarded_mutex_is_held_by_one),
		cmocka_unit_test(a_global_link_opens_with_and_without_global),
		cmocka_unit_test(a_direct_read_leaves_the_system_buffer_to_the_driver),
		cmocka_unit_test(a_descriptor_is_read_entry_by_entry),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
