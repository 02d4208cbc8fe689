/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver's image: the devices of its DriverEntry, the names they get, and when a
 * protocol hears that its bindings are complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "kernel/device.h"
#include "kernel/kernel.h"
#include "ndis/host.h"

static const WCHAR device_text[] = { '\\', 'D', 'e', 'v', 'i', 'c', 'e', '\\', 'M', 'a', 'd', 'e', 0 };
static const WCHAR link_text[] = { '\\', 'D', 'o', 's', 'D', 'e', 'v', 'i', 'c', 'e', 's', '\\',
				   'M', 'a', 'd', 'e', 'L', 'i', 'n', 'k', 0 };
static UNICODE_STRING device_name_w = RTL_CONSTANT_STRING(device_text);
static UNICODE_STRING link_name_w = RTL_CONSTANT_STRING(link_text);

static char told[400];

static void listen_to(enum log_level level, const char *text)
{
	(void)level;
	snprintf(told, sizeof(told), "%s", text);
}

static DRIVER_DISPATCH yes;
static NTSTATUS yes(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	(void)DeviceObject;
	Irp->IoStatus.Status = STATUS_SUCCESS;
	Irp->IoStatus.Information = 0;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);
	return STATUS_SUCCESS;
}

static NTSTATUS entry_status;

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	struct device_file *file;
	PDEVICE_OBJECT device;

	(void)RegistryPath;
	assert_int_equal(IoCreateDevice(DriverObject, 0, &device_name_w, FILE_DEVICE_NETWORK, 0, FALSE,
					&device), STATUS_SUCCESS);
	assert_non_null(DriverObject->MajorFunction[IRP_MJ_READ]);
	DriverObject->MajorFunction[IRP_MJ_CREATE] = yes;
	DriverObject->MajorFunction[IRP_MJ_CLOSE] = yes;
	assert_int_equal(device_open("\\Device\\Made", &file), STATUS_NO_SUCH_DEVICE);
	return entry_status;
}

static struct ndis_image *loaded(DRIVER_INITIALIZE *how)
{
	const struct ndis_image_options options = { .bind_by_hand = 1 };
	struct ndis_image *image;
	struct error err = { "" };

	assert_int_equal(ndis_image_load(&image, "made", how, &options, &err), 0);
	return image;
}

static void a_device_of_driver_entry_opens_when_the_driver_is_ready(void **state)
{
	struct ndis_image *image = loaded(entry);
	struct device_file *file;
	char byte = 0;

	(void)state;
	assert_int_equal(device_open("\\\\.\\Nothing", &file), STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(device_open("\\Device\\Made", &file), STATUS_SUCCESS);
	/* What the driver has no routine for. */
	assert_int_equal(device_read(file, &byte, 1, DEVICE_FOREVER, NULL),
			 STATUS_INVALID_DEVICE_REQUEST);
	assert_int_equal(device_write(file, &byte, 1, DEVICE_FOREVER, NULL),
			 STATUS_INVALID_DEVICE_REQUEST);
	assert_int_equal(device_ioctl(file, 0, NULL, 0, NULL, 0, DEVICE_FOREVER, NULL),
			 STATUS_INVALID_DEVICE_REQUEST);
	assert_true(ndis_image_is_open(image));
	device_close(file);
	assert_false(ndis_image_is_open(image));
	ndis_image_unload(image);
}

static void a_device_that_a_driver_leaves_is_told_and_goes(void **state)
{
	struct device_file *file;
	struct ndis_image *image;
	struct error err = { "" };

	(void)state;
	log_set_listener(listen_to);
	ndis_image_unload(loaded(entry));
	assert_string_equal(told, "driver made leaves a device object: it was never deleted");
	assert_int_equal(device_open("\\Device\\Made", &file), STATUS_OBJECT_NAME_NOT_FOUND);
	/* The same of a DriverEntry that fails. */
	told[0] = '\0';
	entry_status = STATUS_UNSUCCESSFUL;
	assert_int_not_equal(ndis_image_load(&image, "made", entry, NULL, &err), 0);
	entry_status = STATUS_SUCCESS;
	assert_string_equal(told, "driver made leaves a device object: it was never deleted");
	assert_int_equal(device_open("\\Device\\Made", &file), STATUS_OBJECT_NAME_NOT_FOUND);
	log_set_listener(NULL);
}

static void names_are_listed_as_the_driver_wrote_them(void **state)
{
	struct ndis_image *image = loaded(entry);
	struct device_file *file;
	struct device_name n;

	(void)state;
	assert_int_equal(IoCreateSymbolicLink(&link_name_w, &device_name_w), STATUS_SUCCESS);
	assert_int_equal(device_open("\\\\.\\madelink", &file), STATUS_SUCCESS);
	assert_true(device_name(0, &n));
	assert_string_equal(n.name, "\\Device\\Made");
	assert_false(n.is_link);
	assert_int_equal(n.files, 1);
	assert_true(device_name(1, &n));
	assert_string_equal(n.name, "\\DosDevices\\MadeLink");
	assert_string_equal(n.target, "\\Device\\Made");
	assert_true(n.is_link);
	assert_false(device_name(2, &n));
	device_close(file);
	/* The link outlives its device, and then leads nowhere. */
	ndis_image_unload(image);
	assert_true(device_name(0, &n));
	assert_string_equal(n.target, "");
	assert_int_equal(IoDeleteSymbolicLink(&link_name_w), STATUS_SUCCESS);
	assert_false(device_name(0, &n));
}

/* ---- NetEventBindsComplete ---- */

static NDIS_HANDLE protocol;
static unsigned complete;

static NDIS_STATUS net_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
	assert_true(!context);
	assert_int_equal(event->NetPnPEvent.NetEvent, NetEventBindsComplete);
	complete++;
	NdisCompleteNetPnPEvent(NULL, event, NDIS_STATUS_SUCCESS);
	return NDIS_STATUS_PENDING;
}

static NDIS_STATUS no_bind(NDIS_HANDLE driver, NDIS_HANDLE context, PNDIS_BIND_PARAMETERS parameters)
{
	(void)driver;
	(void)context;
	(void)parameters;
	return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS no_unbind(NDIS_HANDLE unbind, NDIS_HANDLE context)
{
	(void)unbind;
	(void)context;
	return NDIS_STATUS_SUCCESS;
}

static VOID no_open(NDIS_HANDLE context, NDIS_STATUS status)
{
	(void)context;
	(void)status;
}

static VOID no_close(NDIS_HANDLE context)
{
	(void)context;
}

static VOID no_oid(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
	(void)context;
	(void)request;
	(void)status;
}

static VOID no_status(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
	(void)context;
	(void)indication;
}

static VOID no_receive(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG n,
		       ULONG flags)
{
	(void)context;
	(void)list;
	(void)port;
	(void)n;
	(void)flags;
}

static VOID no_sent(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context;
	(void)list;
	(void)flags;
}

static VOID leave(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisDeregisterProtocolDriver(protocol);
}

static NTSTATUS protocol_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.BindAdapterHandlerEx = no_bind, .UnbindAdapterHandlerEx = no_unbind,
		.OpenAdapterCompleteHandlerEx = no_open, .CloseAdapterCompleteHandlerEx = no_close,
		.NetPnPEventHandler = net_event, .OidRequestCompleteHandler = no_oid,
		.StatusHandlerEx = no_status, .ReceiveNetBufferListsHandler = no_receive,
		.SendNetBufferListsCompleteHandler = no_sent,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = leave;
	return NdisRegisterProtocolDriver(NULL, &c, &protocol);
}

static void a_protocol_hears_once_that_its_bindings_are_complete(void **state)
{
	struct ndis_image *image = loaded(protocol_entry);

	(void)state;
	assert_int_equal(complete, 0);
	ndis_protocol_binds_complete(image);
	ndis_protocol_binds_complete(image);
	assert_int_equal(complete, 1);
	ndis_image_unload(image);
}

static int start(void **state)
{
	struct kernel_config c = { .processors = 2, .workers = 1 };

	(void)state;
	return kernel_start(&c, NULL);
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
		cmocka_unit_test(a_device_of_driver_entry_opens_when_the_driver_is_ready),
		cmocka_unit_test(a_device_that_a_driver_leaves_is_told_and_goes),
		cmocka_unit_test(names_are_listed_as_the_driver_wrote_them),
		cmocka_unit_test(a_protocol_hears_once_that_its_bindings_are_complete),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
