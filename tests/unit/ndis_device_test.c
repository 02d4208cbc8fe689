/* SPDX-License-Identifier: BSD-2-Clause */
/* Control devices, an adapter's place among devices, shared memory, poll objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/device.h"
#include "kernel/kernel.h"
#include "ndis/object.h"
#include "ndis/resource.h"
#include "ndis/shared_memory.h"

static struct ndis_miniport_driver driver = {
	.object = { NDIS_OBJECT_MINIPORT_DRIVER, NULL, NULL, "sample" },
};
static struct ndis_adapter adapter = {
	.layer.object = { NDIS_OBJECT_MINIPORT, NULL, NULL, "nic0" }, .driver = &driver,
	.memory_lock = PTHREAD_MUTEX_INITIALIZER,
};

static void wait_until(atomic_int *what, int value)
{
	for (int i = 0; i < 5000 && atomic_load(what) < value; i++)
		usleep(1000);
	assert_true(atomic_load(what) >= value);
}

/* ---- control devices ---- */

static const WCHAR name_a[] = { '\\', 'D', 'e', 'v', 'i', 'c', 'e', '\\', 'A' };
static const WCHAR name_b[] = { '\\', 'D', 'e', 'v', 'i', 'c', 'e', '\\', 'B' };
static const WCHAR link_a[] = { '\\', 'D', 'o', 's', 'D', 'e', 'v', 'i', 'c', 'e', 's', '\\', 'L' };

static NTSTATUS done(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = information;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static int calls;

static NTSTATUS open_close(PDEVICE_OBJECT device, PIRP irp)
{
	(void)device;
	calls++;
	return done(irp, STATUS_SUCCESS, 0);
}

/* Reads the letter that the device's extension holds. */
static NTSTATUS read_letter(PDEVICE_OBJECT device, PIRP irp)
{
	*(char *)irp->AssociatedIrp.SystemBuffer = *(char *)NdisGetDeviceReservedExtension(device);
	return done(irp, STATUS_SUCCESS, 1);
}

static NDIS_STATUS add_device(const WCHAR *name, USHORT bytes, bool with_link, bool reads,
			      PDEVICE_OBJECT *device, NDIS_HANDLE *handle)
{
	UNICODE_STRING n = { bytes, bytes, (PWCH)(ULONG_PTR)name };
	UNICODE_STRING l = { sizeof(link_a), sizeof(link_a), (PWCH)(ULONG_PTR)link_a };
	PDRIVER_DISPATCH functions[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
		[IRP_MJ_CREATE] = open_close, [IRP_MJ_CLOSE] = open_close,
		[IRP_MJ_CLEANUP] = open_close, [IRP_MJ_DEVICE_CONTROL] = reads ? read_letter : NULL,
	};
	NDIS_DEVICE_OBJECT_ATTRIBUTES a = {
		.Header = { NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
			    NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 },
		.DeviceName = &n, .SymbolicName = with_link ? &l : NULL, .MajorFunctions = functions,
		.ExtensionSize = reads ? 40 : 0,
	};

	return NdisRegisterDeviceEx(&driver, &a, device, handle);
}

#define IOCTL_LETTER CTL_CODE(FILE_DEVICE_NETWORK, 1, METHOD_BUFFERED, FILE_ANY_ACCESS)

static NTSTATUS ask(struct device_file *file, char *letter)
{
	return device_ioctl(file, IOCTL_LETTER, NULL, 0, letter, 1, 1000, NULL);
}

static void requests_go_to_the_functions_of_their_device(void **state)
{
	PDEVICE_OBJECT a, b, again = (PDEVICE_OBJECT)&driver;
	NDIS_HANDLE handle_a, handle_b, none = &driver;
	struct device_file *file_a, *file_b;
	unsigned errors = log_errors();
	char letter = 0;

	(void)state;
	assert_int_equal(add_device(name_a, sizeof(name_a), true, true, &a, &handle_a), 0);
	assert_int_equal(add_device(name_b, sizeof(name_b), false, false, &b, &handle_b), 0);
	assert_non_null(NdisGetDeviceReservedExtension(a));
	assert_null(NdisGetDeviceReservedExtension(b));
	memset(NdisGetDeviceReservedExtension(a), 'x', 40);
	assert_int_not_equal(add_device(name_a, sizeof(name_a), false, true, &again, &none), 0);
	assert_null(again);
	assert_null(none);
	assert_int_equal(ndis_resource_left(&driver, NULL, NULL), 2);
	assert_int_equal(device_open("\\DosDevices\\L", &file_a), STATUS_SUCCESS);
	assert_int_equal(device_open("\\Device\\B", &file_b), STATUS_SUCCESS);
	assert_int_equal(ask(file_a, &letter), STATUS_SUCCESS);
	assert_int_equal(letter, 'x');
	assert_int_equal(ask(file_b, &letter), STATUS_INVALID_DEVICE_REQUEST);
	device_close(file_b);
	NdisDeregisterDeviceEx(handle_b);
	/* Gone, while a file on it is still open. */
	NdisDeregisterDeviceEx(handle_a);
	assert_int_not_equal(ask(file_a, &letter), STATUS_SUCCESS);
	calls = 0;
	device_close(file_a);
	assert_int_equal(calls, 0);
	assert_int_equal(device_open("\\DosDevices\\L", &file_a), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(ndis_resource_left(&driver, NULL, NULL), 0);
	assert_int_equal(log_errors(), errors);
	NdisDeregisterDeviceEx(handle_a);
	assert_int_equal(log_errors(), errors + 1);
}

/* ---- an adapter as a device ---- */

static void an_adapter_has_its_devices_and_its_name(void **state)
{
	PCM_PARTIAL_RESOURCE_LIST resources = (PCM_PARTIAL_RESOURCE_LIST)(void *)&adapter;
	PDEVICE_OBJECT physical, functional, next, again;
	struct ndis_binding binding = {
		.layer = { .object.kind = NDIS_OBJECT_BINDING, .adapter = &adapter } };
	unsigned errors = log_errors();
	NDIS_PHYSICAL_ADDRESS where = { .QuadPart = 0xfe000000 };
	NDIS_STRING name;
	ULONG config;
	PVOID address = &config;

	(void)state;
	NdisMGetDeviceProperty(&adapter, &physical, &functional, &next, &resources, NULL);
	assert_non_null(physical);
	assert_ptr_equal(next, physical);
	assert_ptr_equal(physical->AttachedDevice, functional);
	assert_null(resources);
	NdisMGetDeviceProperty(&adapter, &again, NULL, NULL, NULL, NULL);
	assert_ptr_equal(again, physical);
	assert_int_equal(NdisMQueryAdapterInstanceName(&name, &adapter), NDIS_STATUS_SUCCESS);
	assert_int_equal(name.Length, 8);
	NdisFreeMemory(name.Buffer, 0, 0);
	assert_int_equal(NdisQueryAdapterInstanceName(&name, &binding), NDIS_STATUS_SUCCESS);
	assert_int_equal(name.Buffer[3], '0');
	NdisFreeMemory(name.Buffer, 0, 0);
	assert_int_equal(NdisMGetBusData(&adapter, PCI_WHICHSPACE_CONFIG, 0, &config, 4), 0);
	assert_int_equal(NdisMMapIoSpace(&address, &adapter, where, 4096), NDIS_STATUS_FAILURE);
	assert_null(address);
	assert_int_equal(NdisMRegisterIoPortRange(&address, &adapter, 0x300, 8), NDIS_STATUS_FAILURE);
	assert_int_equal(log_errors(), errors + 2);
	NdisRawReadPortUlong(address, &config);
	assert_int_equal(config, ~0u);
}

/* ---- shared memory ---- */

static void E2_E8_memory_by_address_is_given_after_dma_and_given_back(void **state)
{
	NDIS_PHYSICAL_ADDRESS physical = { .QuadPart = 7 };
	unsigned errors = log_errors();
	PVOID address = &driver;

	(void)state;
	NdisMAllocateSharedMemory(&adapter, 5000, TRUE, &address, &physical);
	assert_null(address);
	assert_int_equal(log_errors(), errors + 1);
	adapter.dma = true;
	NdisMAllocateSharedMemory(&adapter, 5000, TRUE, &address, &physical);
	assert_non_null(address);
	assert_int_equal((ULONG_PTR)address % PAGE_SIZE, 0);
	memset(address, 1, 5000);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 1);
	NdisFreeSharedMemory(&adapter, address);
	assert_int_equal(log_errors(), errors + 2);
	NdisMFreeSharedMemory(&adapter, 5000, TRUE, address, physical);
	assert_int_equal(log_errors(), errors + 2);
	NdisMFreeSharedMemory(&adapter, 5000, TRUE, address, physical);
	assert_int_equal(log_errors(), errors + 3);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
	NdisMAllocateSharedMemory(&adapter, 100, TRUE, &address, &physical);
	assert_int_equal(ndis_shared_memory_reap(&adapter), 1);
	adapter.dma = false;
}

/* A miniport without a device never registers: that is told once. */
static void E2_E8_memory_of_a_queue_is_given_without_dma(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 },
		.Length = 5000, .Usage = NdisSharedMemoryUsageReceive,
	};
	unsigned errors = log_errors();
	NDIS_HANDLE handle = NULL;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(NdisAllocateSharedMemory(&adapter, &p, &handle),
				 NDIS_STATUS_SUCCESS);
		assert_true(adapter.dma_missed);
		memset(p.VirtualAddress, 1, p.Length);
		NdisFreeSharedMemory(&adapter, handle);
	}
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
	assert_int_equal(log_errors(), errors);
}

static atomic_int completed, at_passive;
static _Atomic(void *) completed_with;

static VOID on_memory(NDIS_HANDLE context, PVOID address, PNDIS_PHYSICAL_ADDRESS physical,
		      ULONG length, PVOID asked_with)
{
	atomic_store(&at_passive, KeGetCurrentIrql() == PASSIVE_LEVEL);
	assert_ptr_equal(context, &driver);
	assert_ptr_equal(asked_with, &completed);
	assert_int_equal(physical->QuadPart, (LONGLONG)(ULONG_PTR)address);
	memset(address, 1, length);
	atomic_store(&completed_with, address);
	atomic_store(&completed, 1);
}

static void memory_that_is_asked_for_at_dispatch_level_comes_later(void **state)
{
	NDIS_PHYSICAL_ADDRESS physical;
	KIRQL old;

	(void)state;
	adapter.layer.context = &driver;
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	assert_int_equal(ndis_shared_memory_allocate_later(&adapter, on_memory, 4096, &completed, NULL),
			 NDIS_STATUS_PENDING);
	KeLowerIrql(old);
	wait_until(&completed, 1);
	assert_true(atomic_load(&at_passive));
	physical.QuadPart = (LONGLONG)(ULONG_PTR)atomic_load(&completed_with);
	NdisMFreeSharedMemory(&adapter, 4096, TRUE, atomic_load(&completed_with), physical);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
	assert_int_equal(ndis_shared_memory_allocate_later(&adapter, NULL, 4096, NULL, NULL),
			 NDIS_STATUS_FAILURE);
}

static void E4_E13_a_blocks_handles_are_two(void **state)
{
	NDIS_SHARED_MEMORY_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 },
		.Usage = NdisSharedMemoryUsageReceive, .Length = 100,
	};
	unsigned errors = log_errors();
	NDIS_HANDLE handle;

	(void)state;
	adapter.dma = true;
	assert_int_equal(NdisAllocateSharedMemory(&adapter, &p, &handle), NDIS_STATUS_SUCCESS);
	assert_ptr_not_equal(handle, p.SharedMemoryHandle);
	NdisFreeSharedMemory(&adapter, p.SharedMemoryHandle);
	assert_int_equal(log_errors(), errors + 1);
	NdisFreeSharedMemory(&adapter, handle);
	assert_int_equal(log_errors(), errors + 1);
	p.Usage = NdisSharedMemoryUsageMax;
	assert_int_equal(NdisAllocateSharedMemory(&adapter, &p, &handle), NDIS_STATUS_INVALID_PARAMETER);
	assert_null(handle);
	adapter.dma = false;
}

/* ---- poll objects ---- */

static struct {
	atomic_int polls, enables, disables, left, on[3];
} polled;

static void on_poll(void *context, NDIS_POLL_DATA *data)
{
	ULONG p = OvmqCurrentProcessor();

	(void)context;
	if (p < 3)
		atomic_fetch_add(&polled.on[p], 1);
	data->Receive.NumberOfRemainingNbls = (ULONG)atomic_load(&polled.left);
	if (atomic_load(&polled.left))
		atomic_fetch_sub(&polled.left, 1);
	atomic_fetch_add(&polled.polls, 1);
}

static void on_notification(void *context, NDIS_POLL_NOTIFICATION *n)
{
	(void)context;
	atomic_fetch_add(n->Enabled ? &polled.enables : &polled.disables, 1);
}

static void a_poll_goes_on_until_there_is_no_more(void **state)
{
	const NDIS_POLL_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_POLL_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1 },
		.SetPollNotificationHandler = on_notification, .PollHandler = on_poll,
	};
	const PROCESSOR_NUMBER second = { .Number = 2 };
	NDIS_HANDLE poll;

	(void)state;
	assert_int_equal(NdisRegisterPoll(&adapter, NULL, &c, &poll), NDIS_STATUS_SUCCESS);
	usleep(10000);
	assert_int_equal(atomic_load(&polled.polls), 0);
	atomic_store(&polled.left, 3);
	NdisRequestPoll(poll, NULL);
	wait_until(&polled.enables, 1);
	assert_int_equal(atomic_load(&polled.polls), 4);
	assert_int_equal(atomic_load(&polled.disables), 1);
	usleep(10000);
	assert_int_equal(atomic_load(&polled.polls), 4);
	NdisSetPollAffinity(poll, &second);
	NdisRequestPoll(poll, NULL);
	wait_until(&polled.enables, 2);
	assert_int_equal(atomic_load(&polled.on[0]), 4);
	assert_int_equal(atomic_load(&polled.on[2]), 1);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 1);
	NdisDeregisterPoll(poll);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
}

/* ---- interfaces ---- */

static void an_interface_lies_over_another_once(void **state)
{
	unsigned errors = log_errors();

	(void)state;
	assert_int_equal(NdisIfAddIfStackEntry(3, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisIfAddIfStackEntry(3, 2), NDIS_STATUS_SUCCESS);
	assert_int_not_equal(NdisIfAddIfStackEntry(3, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisIfDeleteIfStackEntry(3, 1), NDIS_STATUS_SUCCESS);
	assert_int_not_equal(NdisIfDeleteIfStackEntry(3, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisIfDeleteIfStackEntry(3, 2), NDIS_STATUS_SUCCESS);
	assert_int_equal(log_errors(), errors + 2);
}

static int start(void **state)
{
	struct kernel_config config = { .processors = 3, .workers = 2 };
	struct error err;

	(void)state;
	return kernel_start(&config, &err);
}

static int stop(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_go_to_the_functions_of_their_device),
		cmocka_unit_test(an_adapter_has_its_devices_and_its_name),
		cmocka_unit_test(E2_E8_memory_by_address_is_given_after_dma_and_given_back),
		cmocka_unit_test(E2_E8_memory_of_a_queue_is_given_without_dma),
		cmocka_unit_test(memory_that_is_asked_for_at_dispatch_level_comes_later),
		cmocka_unit_test(E4_E13_a_blocks_handles_are_two),
		cmocka_unit_test(a_poll_goes_on_until_there_is_no_more),
		cmocka_unit_test(an_interface_lies_over_another_once),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
