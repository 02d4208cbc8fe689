/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device objects as this room sees them, and their names. "\DosDevices\X", "\??\X",
 * "\GLOBAL??\X" and "\\.\X" are one name, with or without "Global\" before the X; case does not
 * matter.
 */
#ifndef KERNEL_NAMESPACE_H
#define KERNEL_NAMESPACE_H

#include <stdbool.h>

#include <wdm.h>

/* A device: what the driver sees, then ours, then the driver's extension. */
struct device {
	DEVICE_OBJECT object;        /* first; ReferenceCount: open files, under the lock */
	bool deleted;                /* under the lock */
};

void namespace_lock(void);
void namespace_unlock(void);

/*
 * Enters a name for 'device', or for another name 'target' when that is not NULL.
 * STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_PATH_SYNTAX_BAD (it does not begin with
 * a backslash), STATUS_INSUFFICIENT_RESOURCES. Lock held.
 */
NTSTATUS namespace_add(PCUNICODE_STRING name, struct device *device, PCUNICODE_STRING target);

/* Takes a link's name out, or every name of 'device'. STATUS_OBJECT_NAME_NOT_FOUND.
 * Lock held. */
NTSTATUS namespace_remove_link(PCUNICODE_STRING name);
void namespace_remove_device(const struct device *device);

/* The device that a path leads to, by links or not; '*rest': how many characters at
 * the end of the path lie behind the device's name. NULL: none. Lock held. */
struct device *namespace_find(PCUNICODE_STRING path, size_t *rest);

/* One opened file less; the device may go with it. PASSIVE_LEVEL. */
void device_put(struct device *device);

#endif
