/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual adapters of intermediate drivers, for the other files of this room. */
#ifndef NDIS_INTERMEDIATE_H
#define NDIS_INTERMEDIATE_H

#include "ndis/object.h"

/* Makes and starts the virtual adapters that were asked for, in order. PnP lock, held
 * once; PASSIVE_LEVEL. */
void ndis_instances_begin(void);

/* The driver deregisters: what it asked for and is not there yet never comes. */
void ndis_instances_forget(const struct ndis_miniport_driver *driver);

/* adapter.c: ndis_adapter_create() for a virtual adapter, which is told 'context' as
 * its IMDeviceInstanceContext and configured by the driver's keywords. */
int ndis_adapter_create_virtual(struct ndis_adapter **adapter, struct ndis_image *image,
				const char *name, NDIS_HANDLE context, struct error *err);

#endif
