/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The application's side of device objects: what a program does on Windows with
 * CreateFile, ReadFile, WriteFile, DeviceIoControl, CancelIo and CloseHandle. And the
 * driver object that a loader gives to DriverEntry.
 *
 * All of it at PASSIVE_LEVEL, on threads of the application.
 */
#ifndef KERNEL_DEVICE_H
#define KERNEL_DEVICE_H

#include <stdbool.h>

#include <wdm.h>

/* ---- driver objects ---- */

/* Zeroes the object and fills MajorFunction[] with a routine that answers
 * STATUS_INVALID_DEVICE_REQUEST. */
void driver_object_init(PDRIVER_OBJECT driver);

/* After DriverEntry: the devices that it made may be opened. Devices made later are
 * opened once their driver has cleared DO_DEVICE_INITIALIZING itself. */
void driver_object_ready(PDRIVER_OBJECT driver);

/* After the driver's unload routine, and before its code goes: tells, a warning each,
 * which device objects it left. Returns how many; with any, its code must stay. */
unsigned driver_object_report(PDRIVER_OBJECT driver, const char *owner);

/* The same, and deletes what was left, so that nobody can open it any more. */
unsigned driver_object_clear(PDRIVER_OBJECT driver, const char *owner);

/* Whether a file is open on one of its devices: such a driver is not unloaded. */
bool driver_object_is_open(PDRIVER_OBJECT driver);

/* ---- names ---- */

#define DEVICE_MAX_NAME 256

struct device_name {
	char name[DEVICE_MAX_NAME];    /* as its driver wrote it, in UTF-8; "" when that is longer */
	char target[DEVICE_MAX_NAME];  /* of a link: the name that it leads to; "": there is none */
	bool is_link;
	unsigned files;                /* of a device: how many are open on it */
};

/* The 'index'th name, from 0, in the order of their making. False: there are no more. */
bool device_name(unsigned index, struct device_name *name);

/* ---- files ---- */

struct device_file;
struct device_request;

#define DEVICE_FOREVER (-1)

/*
 * Opens the device 'name': "\Device\X", "\DosDevices\X", "\??\X" or "\\.\X", in UTF-8,
 * in any case; what follows the device's name is the file's name ("\Device\X\port").
 * Sends IRP_MJ_CREATE. Returns the driver's status, or
 *   STATUS_OBJECT_NAME_NOT_FOUND       no such device
 *   STATUS_NO_SUCH_DEVICE              its driver has not finished making it
 *   STATUS_ACCESS_DENIED               exclusive, and open
 *   STATUS_INSUFFICIENT_RESOURCES
 * '*file' is NULL then.
 */
NTSTATUS device_open(const char *name, struct device_file **file);

/*
 * Cancels the requests that are under way, sends IRP_MJ_CLEANUP, waits until they have
 * ended, and sends IRP_MJ_CLOSE once nobody refers to the file object any more. The
 * requests are still to be ended by device_wait(). Accepts NULL.
 */
void device_close(struct device_file *file);

/*
 * One request, from begin to end. 'timeout' in milliseconds, or DEVICE_FOREVER: after
 * it the request is cancelled, and the driver says how it ended (STATUS_CANCELLED).
 * '*information' (NULL: not wanted) is what the driver says, mostly a byte count.
 */
NTSTATUS device_read(struct device_file *file, void *buffer, ULONG length, int timeout,
		     ULONG_PTR *information);
NTSTATUS device_write(struct device_file *file, const void *buffer, ULONG length, int timeout,
		      ULONG_PTR *information);
NTSTATUS device_ioctl(struct device_file *file, ULONG code, void *in, ULONG in_length, void *out,
		      ULONG out_length, int timeout, ULONG_PTR *information);

/*
 * The same in two parts. The driver has been called when these return; the buffers
 * belong to the request until device_wait() returns. NULL: no memory, or the device
 * is being deleted. Each request is to be given to device_wait() once, also after
 * device_close().
 */
struct device_request *device_begin_read(struct device_file *file, void *buffer, ULONG length);
struct device_request *device_begin_write(struct device_file *file, const void *buffer,
					  ULONG length);
struct device_request *device_begin_ioctl(struct device_file *file, ULONG code, void *in,
					  ULONG in_length, void *out, ULONG out_length);

bool device_is_done(const struct device_request *request);
void device_cancel(struct device_request *request);
NTSTATUS device_wait(struct device_request *request, int timeout, ULONG_PTR *information);

#endif
