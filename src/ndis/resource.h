/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What drivers hold: every long-lived thing that one obtained from the NDIS
 * library, with its owner and who asked for it. Pool memory is not here; it is
 * accounted by tag. All calls here are made on control paths.
 */
#ifndef NDIS_RESOURCE_H
#define NDIS_RESOURCE_H

#include <stdbool.h>

#include <ndis.h>

/* X(name, text) */
#define NDIS_RESOURCE_KINDS(X) \
	X(TIMER, "timer") \
	X(WORK_ITEM, "work item") \
	X(RW_LOCK, "reader-writer lock") \
	X(SHARED_MEMORY, "shared memory") \
	X(CONFIGURATION, "configuration handle") \
	X(DEVICE, "device object") \
	X(INTERRUPT, "interrupt") \
	X(GENERIC_OBJECT, "generic object") \
	X(SG_DMA, "scatter-gather DMA registration") \
	X(POLL, "poll object")

enum ndis_resource_kind {
#define X(name, text) NDIS_RESOURCE_##name,
	NDIS_RESOURCE_KINDS(X)
#undef X
};

struct ndis_resource {
	enum ndis_resource_kind kind;
	NDIS_HANDLE handle;             /* what the driver got */
	NDIS_HANDLE owner;              /* the handle that it asked with */
	const void *caller;             /* where it asked: a return address */
};

/* The kind's name for a person: "timer". */
const char *ndis_resource_name(enum ndis_resource_kind kind);

/* Records 'handle', which must not be recorded already. Any thread, IRQL <=
 * DISPATCH_LEVEL. -ENOMEM: not recorded, and the request must fail. */
int ndis_resource_add(enum ndis_resource_kind kind, NDIS_HANDLE handle, NDIS_HANDLE owner,
		      const void *caller);

/* Whether 'handle' is a live handle of that kind. Any thread, IRQL <= DISPATCH_LEVEL. */
bool ndis_resource_is(enum ndis_resource_kind kind, NDIS_HANDLE handle);

/* Forgets 'handle'. False: no such thing was recorded, so that it was freed
 * before, or never obtained; the caller says so with ndis_resource_refuse and
 * touches nothing. Any thread, IRQL <= DISPATCH_LEVEL. */
bool ndis_resource_remove(enum ndis_resource_kind kind, NDIS_HANDLE handle);

/* Logs that 'function' was given something that is no live handle of that kind. */
void ndis_resource_refuse(enum ndis_resource_kind kind, NDIS_HANDLE handle, const char *function);

/* Calls 'each' for everything that 'owner' still holds (NULL: everybody), and
 * returns how many there are; 'each' may be NULL. It runs on a copy, without a
 * lock. Control thread, PASSIVE_LEVEL. */
unsigned ndis_resource_left(NDIS_HANDLE owner,
			    void (*each)(const struct ndis_resource *resource, void *arg),
			    void *arg);

/* The same for a crash handler: without a lock or memory, for what everybody holds. */
void ndis_resource_peek(void (*each)(const struct ndis_resource *resource, void *arg), void *arg);

#endif
