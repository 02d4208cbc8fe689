/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NDIS_REGISTRY_SOURCE_H
#define NDIS_REGISTRY_SOURCE_H

#include "ndis/object.h"

/* Gives the image a key of its own in the registry, \Registry\Machine\System\
 * CurrentControlSet\Services\NAME, whose path is then in 'registry'; and takes it back.
 * Before its DriverEntry, after its unload. Control thread. */
void ndis_registry_add(struct ndis_image *image);
void ndis_registry_remove(struct ndis_image *image);

#endif
