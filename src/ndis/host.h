/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the program that plays Windows: loading drivers, adding and removing
 * adapters. All of it on the control thread, at PASSIVE_LEVEL.
 */
#ifndef NDIS_HOST_H
#define NDIS_HOST_H

#include <stdint.h>

#include <ndis.h>

#include "base/error.h"

/* One keyword of an adapter's configuration, as its INF file would set it. */
struct ndis_keyword {
	const char *name, *value;   /* name NULL: the end of a list */
};

struct ndis_image;
struct ndis_adapter;

/* Calls the driver's DriverEntry. Protocol drivers are bound to every adapter
 * that is there. -EIO: the driver refused; the status is in 'err'. */
int ndis_image_load(struct ndis_image **image, const char *name, DRIVER_INITIALIZE *entry,
		    struct error *err);

/* Calls DriverUnload, if the driver has one. Adapters of it must be gone. */
void ndis_image_unload(struct ndis_image *image);

/*
 * Adds an adapter of a miniport driver: initialize, bind every protocol,
 * restart from the bottom up (I14). 'keywords' must outlive the adapter.
 * -EIO: the miniport failed to initialize; nothing is left of it.
 */
int ndis_adapter_add(struct ndis_adapter **adapter, struct ndis_image *image, const char *name,
		     const struct ndis_keyword *keywords, struct error *err);

/* Pauses the stack from the top down (I15): when it returns, every frame is back
 * where it belongs and no count moves any more. */
void ndis_adapter_pause(struct ndis_adapter *adapter);

/* Pauses the stack if it runs, unbinds the protocols, halts the miniport (I16).
 * Returns how many things of the adapter's the drivers left behind
 * (shared memory, queues, filters); each is logged. */
unsigned ndis_adapter_remove(struct ndis_adapter *adapter);

/* The miniport's own context, for a program that knows the driver. */
void *ndis_adapter_context(struct ndis_adapter *adapter);

/* Frames indicated while no binding ran; NDIS gave them back itself. Any thread. */
uint64_t ndis_adapter_unclaimed(const struct ndis_adapter *adapter);

/* Whether the miniport has asked to be removed (its device is gone). Any thread. */
int ndis_adapter_is_removed(const struct ndis_adapter *adapter);

/* What NDIS knows of one receive queue, for a person's table. */
struct ndis_queue_info {
	unsigned id, processor, filters;
	int state;                       /* enum vmq_queue_state */
	char vm_name[128], queue_name[128];
};

/* Fills 'list' with at most 'max' queues, by id, and returns how many there are.
 * The default queue is not among them. */
unsigned ndis_adapter_queues(struct ndis_adapter *adapter, struct ndis_queue_info *list,
			     unsigned max);

#endif
