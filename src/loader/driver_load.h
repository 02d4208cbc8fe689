/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drivers from files: a shared object with a DriverEntry, compiled from a
 * Windows driver's own source (tools/vmq-cc). All on the control thread, but
 * for driver_of_address and driver_function_at.
 */
#ifndef LOADER_DRIVER_LOAD_H
#define LOADER_DRIVER_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ndis/host.h"

#define DRIVER_MAX 32   /* drivers loaded at a time */

struct driver;

/*
 * Loads the driver in the file 'path' and calls its DriverEntry. Before any of
 * its code runs, the file is checked: a shared object of this machine, with a
 * DriverEntry, and every function that it needs is one that this program, the
 * program's libraries or the file's own libraries have; those that are missing
 * are told all at once.
 *
 * The driver's name is the file's, without directory and ".so". A file that is
 * loaded already is not loaded again: the same driver comes back, to be unloaded
 * once more; two files of one name are refused (-EEXIST).
 *
 * A protocol driver binds where ndis_protocol_bind says, and a filter attaches where
 * ndis_filter_attach says: a configuration names the adapter of each.
 *
 * 'keywords': the driver's own configuration, not an adapter's; NULL: none. They must
 * outlive the driver, and are those of the first load.
 *
 * -ENOENT, -EACCES: the file cannot be read; -EINVAL: it is no driver of this machine;
 * -ENOSYS: functions are missing; -EIO: DriverEntry failed; -ENOSPC: too many drivers.
 */
int driver_load(struct driver **driver, const char *path, const struct ndis_keyword *keywords,
		struct error *err);

/* Undoes one load; the last one calls DriverUnload and takes the code out of memory.
 * Its adapters must be gone. Accepts NULL. */
void driver_unload(struct driver *driver);

/* For ndis_adapter_add and its like. */
struct ndis_image *driver_image(const struct driver *driver);

const char *driver_name(const struct driver *driver);
const char *driver_path(const struct driver *driver);
const struct ndis_keyword *driver_keywords(const struct driver *driver);

/* The name of the loaded driver whose code or data has this address, and the address's
 * offset in its file; NULL: no driver's. Any thread, any IRQL, and a signal handler. */
const char *driver_of_address(const void *address, uint64_t *offset);

/* The function at this address of a loaded driver, static ones too, and how far into it;
 * NULL: unknown. Callers as driver_of_address. */
const char *driver_function_at(const void *address, uint64_t *into);

#endif
