/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices, IRPs and cancelling, seen by an application through kernel/device.h. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <wdmsec.h>

#include "kernel/device.h"
#include "kernel/kernel.h"
#include "kernel/pool.h"

#define CODE(method)   CTL_CODE(FILE_DEVICE_NETWORK, 0x801, method, FILE_ANY_ACCESS)
#define CODE_TOO_MUCH  CTL_CODE(FILE_DEVICE_NETWORK, 0x803, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_FAIL      CTL_CODE(FILE_DEVICE_NETWORK, 0x804, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_FORGET    CTL_CODE(FILE_DEVICE_NETWORK, 0x805, METHOD_BUFFERED, FILE_ANY_ACCESS)

static const WCHAR device_text[] = u"\\Device\\Thing", link_text[] = u"\\DosDevices\\TheThing";
static UNICODE_STRING test_device = RTL_CONSTANT_STRING(device_text);
static UNICODE_STRING link_name = RTL_CONSTANT_STRING(link_text);

/* ---- a driver: answers in capitals, keeps readers waiting ---- */

static DRIVER_OBJECT driver;
static PDEVICE_OBJECT device;
static char heard[200];              /* major functions, a letter each */
static char file_name[40];
static IO_CSQ csq;
static LIST_ENTRY readers;
static KSPIN_LOCK readers_lock;
static LONG cancelled;

static VOID csq_insert(PIO_CSQ q, PIRP irp)
{
	(void)q;
	InsertTailList(&readers, &irp->Tail.Overlay.ListEntry);
}

static VOID csq_remove(PIO_CSQ q, PIRP irp)
{
	(void)q;
	RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

static PIRP csq_peek(PIO_CSQ q, PIRP irp, PVOID context)
{
	PLIST_ENTRY next = irp ? irp->Tail.Overlay.ListEntry.Flink : readers.Flink;

	(void)q;
	(void)context;
	return next == &readers ? NULL : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}

static VOID csq_lock(PIO_CSQ q, PKIRQL irql)
{
	(void)q;
	KeAcquireSpinLock(&readers_lock, irql);
}

static VOID csq_unlock(PIO_CSQ q, KIRQL irql)
{
	(void)q;
	KeReleaseSpinLock(&readers_lock, irql);
}

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = information;
	IoCompleteRequest(irp, IO_NETWORK_INCREMENT);
	return status;
}

static VOID csq_cancelled(PIO_CSQ q, PIRP irp)
{
	(void)q;
	InterlockedIncrement(&cancelled);
	complete(irp, STATUS_CANCELLED, 0);
}

/* The oldest reader gets 'text'. FALSE: nobody waits. */
static BOOLEAN feed(const char *text)
{
	PIRP irp = IoCsqRemoveNextIrp(&csq, NULL);

	if (!irp)
		return FALSE;
	memcpy(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority), text, strlen(text));
	complete(irp, STATUS_SUCCESS, strlen(text));
	return TRUE;
}

static void capitals(char *out, const char *in, ULONG n)
{
	for (ULONG i = 0; i < n; i++)
		out[i] = RtlUpperChar(in[i]);
}

static NTSTATUS control(PIRP irp, PIO_STACK_LOCATION at)
{
	ULONG code = at->Parameters.DeviceIoControl.IoControlCode;
	ULONG in = at->Parameters.DeviceIoControl.InputBufferLength;
	ULONG out = at->Parameters.DeviceIoControl.OutputBufferLength;
	char *system = irp->AssociatedIrp.SystemBuffer, *to;

	if (code == CODE_TOO_MUCH)
		return complete(irp, STATUS_SUCCESS, out + 100);
	if (code == CODE_FAIL) {
		memset(system, 'x', out);
		return complete(irp, STATUS_UNSUCCESSFUL, out);
	}
	if (code == CODE_FORGET)
		return STATUS_NOT_SUPPORTED;
	if (out < in)
		return complete(irp, STATUS_BUFFER_TOO_SMALL, 0);
	switch (METHOD_FROM_CTL_CODE(code)) {
	case METHOD_BUFFERED:
		capitals(system, system, in);
		break;
	case METHOD_NEITHER:
		assert_null(system);
		capitals(irp->UserBuffer, at->Parameters.DeviceIoControl.Type3InputBuffer, in);
		break;
	default:
		to = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
		assert_int_equal(MmGetMdlByteCount(irp->MdlAddress), out);
		capitals(to, system, in);
		break;
	}
	return complete(irp, STATUS_SUCCESS, in);
}

static NTSTATUS dispatch(PDEVICE_OBJECT object, PIRP irp)
{
	PIO_STACK_LOCATION at = IoGetCurrentIrpStackLocation(irp);
	static const char letters[] = "O?CRW?????????I???U";

	assert_ptr_equal(object, device);
	if (strlen(heard) < sizeof(heard) - 1)
		strncat(heard, &letters[at->MajorFunction], 1);
	switch (at->MajorFunction) {
	case IRP_MJ_CREATE:
		for (unsigned i = 0; i < at->FileObject->FileName.Length / sizeof(WCHAR); i++)
			file_name[i] = (char)at->FileObject->FileName.Buffer[i];
		at->FileObject->FsContext = object;
		return complete(irp, file_name[0] == '!' ? STATUS_ACCESS_DENIED : STATUS_SUCCESS, 0);
	case IRP_MJ_READ:
		IoCsqInsertIrp(&csq, irp, NULL);
		return STATUS_PENDING;
	case IRP_MJ_WRITE:
		return complete(irp, STATUS_SUCCESS, at->Parameters.Write.Length);
	case IRP_MJ_DEVICE_CONTROL:
		return control(irp, at);
	default:
		return complete(irp, STATUS_SUCCESS, 0);
	}
}

static int load(void **state)
{
	(void)state;
	driver_object_init(&driver);
	for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
		if (i != IRP_MJ_FLUSH_BUFFERS)
			driver.MajorFunction[i] = dispatch;
	heard[0] = '\0';
	memset(file_name, 0, sizeof(file_name));
	cancelled = 0;
	InitializeListHead(&readers);
	KeInitializeSpinLock(&readers_lock);
	IoCsqInitialize(&csq, csq_insert, csq_remove, csq_peek, csq_lock, csq_unlock, csq_cancelled);
	if (IoCreateDevice(&driver, 32, &test_device, FILE_DEVICE_NETWORK, 0, FALSE, &device) ||
	    IoCreateSymbolicLink(&link_name, &test_device))
		return -1;
	device->Flags |= DO_DIRECT_IO;
	return 0;
}

static int unload(void **state)
{
	(void)state;
	IoDeleteSymbolicLink(&link_name);
	IoDeleteDevice(device);
	if (driver_object_report(&driver, "the test's driver"))
		return -1;
	return kernel_pool_report("the test's driver", NULL, 0) ? -1 : 0;
}

static struct device_file *opened(const char *name)
{
	struct device_file *file;

	driver_object_ready(&driver);
	assert_int_equal(device_open(name, &file), STATUS_SUCCESS);
	assert_non_null(file);
	return file;
}

/* ---- tests ---- */

static void every_spelling_of_a_name_opens_the_device(void **state)
{
	static const char *const names[] = {
		"\\Device\\Thing", "\\device\\THING", "\\DosDevices\\TheThing", "\\??\\thething",
		"\\\\.\\TheThing", "\\GLOBAL??\\TheThing",
	};
	struct device_file *file;

	(void)state;
	assert_int_equal(device_open("\\Device\\Thing", &file), STATUS_NO_SUCH_DEVICE);
	for (size_t i = 0; i < RTL_NUMBER_OF(names); i++)
		device_close(opened(names[i]));
	assert_string_equal(heard, "OUCOUCOUCOUCOUCOUC");
	device_close(opened("\\\\.\\TheThing\\Some"));
	assert_string_equal(file_name, "\\Some");
	assert_int_equal(device_open("\\\\.\\Nothing", &file), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_null(file);
	assert_int_equal(device_open("TheThing", &file), STATUS_OBJECT_NAME_NOT_FOUND);
	device_close(NULL);
}

static void names_are_unique_and_an_exclusive_device_opens_once(void **state)
{
	static const WCHAR other_text[] = u"\\Device\\Other";
	UNICODE_STRING other = RTL_CONSTANT_STRING(other_text);
	struct device_file *file, *second;
	PDEVICE_OBJECT twin, kept = device;

	(void)state;
	assert_int_equal(IoCreateDevice(&driver, 0, &test_device, FILE_DEVICE_NETWORK, 0, FALSE, &twin),
			 STATUS_OBJECT_NAME_COLLISION);
	assert_null(twin);
	assert_int_equal(IoCreateSymbolicLink(&link_name, &other), STATUS_OBJECT_NAME_COLLISION);
	assert_int_equal(IoDeleteSymbolicLink(&other), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(IoCreateDeviceSecure(&driver, 0, &other, FILE_DEVICE_NETWORK, 0, TRUE,
					      &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, NULL, &twin),
			 STATUS_SUCCESS);
	device = twin;
	file = opened("\\Device\\Other");
	assert_int_equal(device_open("\\Device\\Other", &second), STATUS_ACCESS_DENIED);
	/* Deleted with a file open: the name goes at once, the object with the file. */
	IoDeleteDevice(twin);
	assert_int_equal(device_open("\\Device\\Other", &second), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(driver_object_report(&driver, "the test"), 2);
	device_close(file);
	assert_int_equal(driver_object_report(&driver, "the test"), 1);
	device = kept;
}

static void each_method_carries_the_data_both_ways(void **state)
{
	static const ULONG methods[] = {
		METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT, METHOD_NEITHER,
	};
	struct device_file *file = opened("\\\\.\\TheThing");
	ULONG_PTR n;

	(void)state;
	for (size_t i = 0; i < RTL_NUMBER_OF(methods); i++) {
		char in[] = "hello", out[10] = "---------";

		assert_int_equal(device_ioctl(file, CODE(methods[i]), in, 5, out, 9,
					      DEVICE_FOREVER, &n), STATUS_SUCCESS);
		assert_int_equal(n, 5);
		assert_string_equal(out, "HELLO----");
		assert_string_equal(in, "hello");
	}
	assert_int_equal(device_ioctl(file, CODE(METHOD_BUFFERED), NULL, 0, NULL, 0, 1000, &n),
			 STATUS_SUCCESS);
	assert_int_equal(device_write(file, "abc", 3, 1000, &n), STATUS_SUCCESS);
	assert_int_equal(n, 3);
	device_close(file);
}

static void a_driver_that_answers_wrongly_harms_nobody(void **state)
{
	struct device_file *file = opened("\\\\.\\TheThing");
	char out[10] = "---------";
	ULONG_PTR n;

	(void)state;
	assert_int_equal(device_ioctl(file, CODE_FAIL, NULL, 0, out, 9, 1000, &n),
			 STATUS_UNSUCCESSFUL);
	assert_string_equal(out, "---------");
	assert_int_equal(device_ioctl(file, CODE_TOO_MUCH, NULL, 0, out, 4, 1000, &n), STATUS_SUCCESS);
	assert_memory_equal(out + 4, "-----", 5);
	assert_int_equal(device_ioctl(file, CODE_FORGET, NULL, 0, out, 4, 1000, &n),
			 STATUS_NOT_SUPPORTED);
	device_close(file);
}

static void a_reader_pends_and_is_fed_or_times_out(void **state)
{
	struct device_file *file = opened("\\\\.\\TheThing");
	char a[8] = "", b[8] = "";
	struct device_request *first = device_begin_read(file, a, 7);
	struct device_request *second = device_begin_read(file, b, 7);
	ULONG_PTR n;

	(void)state;
	assert_false(device_is_done(first));
	assert_true(feed("one"));
	assert_true(device_is_done(first));
	assert_false(device_is_done(second));
	assert_int_equal(device_wait(first, DEVICE_FOREVER, &n), STATUS_SUCCESS);
	assert_int_equal(n, 3);
	assert_string_equal(a, "one");
	assert_int_equal(device_wait(second, 10, &n), STATUS_CANCELLED);
	assert_int_equal(cancelled, 1);
	assert_false(feed("nobody"));
	device_close(file);
}

static void a_close_cancels_what_is_under_way_and_comes_last(void **state)
{
	struct device_file *file = opened("\\\\.\\TheThing");
	char a[8];
	struct device_request *r = device_begin_read(file, a, 7);

	(void)state;
	device_close(file);
	assert_string_equal(heard, "ORUC");
	assert_true(device_is_done(r));
	assert_int_equal(device_wait(r, DEVICE_FOREVER, NULL), STATUS_CANCELLED);
}

/* ---- the race: the driver completes while the application cancels ---- */

#define RACES 3000

static LONG racing = 1, fed;

static void *feeder(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&racing, __ATOMIC_SEQ_CST))
		if (feed("x"))
			InterlockedIncrement(&fed);
	return NULL;
}

static void a_cancel_and_a_completion_race_and_one_wins(void **state)
{
	struct device_file *file = opened("\\\\.\\TheThing");
	LONG got = 0, lost = 0;
	pthread_t t;
	char a[4];

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, feeder, NULL), 0);
	for (int i = 0; i < RACES; i++) {
		struct device_request *r = device_begin_read(file, a, 4);
		NTSTATUS status;

		if (i % 2)
			sched_yield();
		device_cancel(r);
		status = device_wait(r, DEVICE_FOREVER, NULL);
		if (status == STATUS_SUCCESS)
			got++;
		else if (status == STATUS_CANCELLED)
			lost++;
	}
	__atomic_store_n(&racing, 0, __ATOMIC_SEQ_CST);
	pthread_join(t, NULL);
	assert_int_equal(got + lost, RACES);
	assert_int_equal(got, fed);
	assert_int_equal(lost, cancelled);
	device_close(file);
}

/* An IRP that was cancelled before it came to the queue. */
static void an_irp_cancelled_early_does_not_stay_in_the_queue(void **state)
{
	IO_CSQ_IRP_CONTEXT context;
	PIRP irp = IoAllocateIrp(1, FALSE);
	KEVENT done;
	IO_STATUS_BLOCK result;

	(void)state;
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	irp->UserEvent = &done;
	irp->UserIosb = &result;
	IoSetNextIrpStackLocation(irp);
	assert_false(IoCancelIrp(irp));
	IoCsqInsertIrp(&csq, irp, &context);
	assert_null(context.Irp);
	assert_null(IoCsqRemoveIrp(&csq, &context));
	assert_int_equal(KeReadStateEvent(&done), 1);
	assert_int_equal(result.Status, STATUS_CANCELLED);
	assert_int_equal(cancelled, 1);
}

/* ---- drivers above drivers ---- */

static NTSTATUS keep(PDEVICE_OBJECT object, PIRP irp, PVOID context)
{
	(void)object;
	(void)irp;
	++*(int *)context;
	return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS pass_on(PDEVICE_OBJECT object, PIRP irp, PVOID context)
{
	(void)object;
	*(int *)context += 10;
	if (irp->PendingReturned)
		IoMarkIrpPending(irp);
	return STATUS_SUCCESS;
}

static void completion_routines_run_upwards_and_may_keep_the_irp(void **state)
{
	PIRP irp = IoAllocateIrp(2, FALSE);
	int calls = 0;

	(void)state;
	/* As the originator, then as an upper driver that hands it on. */
	IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_WRITE;
	IoGetNextIrpStackLocation(irp)->Parameters.Write.Length = 9;
	assert_int_equal(IoSetCompletionRoutineEx(device, irp, keep, &calls, TRUE, TRUE, TRUE),
			 STATUS_SUCCESS);
	IoSetNextIrpStackLocation(irp);
	IoCopyCurrentIrpStackLocationToNext(irp);
	assert_null(IoGetNextIrpStackLocation(irp)->CompletionRoutine);
	IoSetCompletionRoutine(irp, pass_on, &calls, TRUE, FALSE, FALSE);
	assert_int_equal(IoCallDriver(device, irp), STATUS_SUCCESS);
	assert_int_equal(calls, 11);
	assert_int_equal(irp->IoStatus.Information, 9);
	/* A routine for success only is passed over on failure. */
	IoReuseIrp(irp, STATUS_SUCCESS);
	IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
	IoSetCompletionRoutine(irp, keep, &calls, TRUE, TRUE, TRUE);
	IoSetNextIrpStackLocation(irp);
	IoCopyCurrentIrpStackLocationToNext(irp);
	IoSetCompletionRoutine(irp, pass_on, &calls, TRUE, FALSE, FALSE);
	assert_int_equal(IoCallDriver(device, irp), STATUS_INVALID_DEVICE_REQUEST);
	assert_int_equal(calls, 12);
	IoFreeIrp(irp);
}

/* ---- work items ---- */

static KEVENT worked;
static int rounds;

static VOID work(PVOID object, PVOID context, PIO_WORKITEM item)
{
	assert_ptr_equal(object, device);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	if (++rounds < 3) {
		IoQueueWorkItemEx(item, work, DelayedWorkQueue, context);
		return;
	}
	IoFreeWorkItem(item);
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
}

static void a_work_item_queues_itself_and_frees_itself(void **state)
{
	const struct kernel_config config = { .processors = 1, .workers = 1 };
	LARGE_INTEGER second = { .QuadPart = -10000000 };
	NTSTATUS status;

	(void)state;
	assert_int_equal(kernel_start(&config, NULL), 0);
	KeInitializeEvent(&worked, NotificationEvent, FALSE);
	IoQueueWorkItemEx(IoAllocateWorkItem(device), work, DelayedWorkQueue, &worked);
	status = KeWaitForSingleObject(&worked, Executive, KernelMode, FALSE, &second);
	kernel_stop();
	assert_int_equal(status, STATUS_SUCCESS);
	assert_int_equal(rounds, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_spelling_of_a_name_opens_the_device, load, unload),
		cmocka_unit_test_setup_teardown(
			names_are_unique_and_an_exclusive_device_opens_once, load, unload),
		cmocka_unit_test_setup_teardown(each_method_carries_the_data_both_ways, load, unload),
		cmocka_unit_test_setup_teardown(a_driver_that_answers_wrongly_harms_nobody, load, unload),
		cmocka_unit_test_setup_teardown(a_reader_pends_and_is_fed_or_times_out, load, unload),
		cmocka_unit_test_setup_teardown(
			a_close_cancels_what_is_under_way_and_comes_last, load, unload),
		cmocka_unit_test_setup_teardown(
			a_cancel_and_a_completion_race_and_one_wins, load, unload),
		cmocka_unit_test_setup_teardown(
			an_irp_cancelled_early_does_not_stay_in_the_queue, load, unload),
		cmocka_unit_test_setup_teardown(
			completion_routines_run_upwards_and_may_keep_the_irp, load, unload),
		cmocka_unit_test_setup_teardown(
			a_work_item_queues_itself_and_frees_itself, load, unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
