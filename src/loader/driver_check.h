/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a driver's file can be loaded at all; for driver_load.c. */
#ifndef LOADER_DRIVER_CHECK_H
#define LOADER_DRIVER_CHECK_H

#include "base/error.h"
#include "loader/elf_file.h"

/* -EINVAL: no DriverEntry, or a name that would go to somebody else's function;
 * -ENOSYS: functions are missing. 'err' begins with "driver NAME: ". Control thread. */
int driver_check(const struct elf_file *file, const char *name, struct error *err);

#endif
