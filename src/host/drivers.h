/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drivers of this machine: those loaded from files and our own, on which adapters
 * they are, and how they get there and away again. For the configuration and for the
 * control socket alike. Control thread.
 */
#ifndef HOST_DRIVERS_H
#define HOST_DRIVERS_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "ndis/host.h"

struct drivers;

/* NULL: no memory. */
struct drivers *drivers_create(void);

/* Unloads what is loaded, the last first. The adapters must be gone. Accepts NULL. */
void drivers_destroy(struct drivers *drivers);

/* A list for NDIS, in one block of memory. NULL: no memory. */
struct ndis_keyword *drivers_copy_keywords(const struct keyword_list *list);

/* Makes our own driver known, which stays its owner's. -ENOMEM. */
int drivers_add_own(struct drivers *drivers, struct ndis_image *image, struct error *err);

/*
 * Loads a driver file; one that is loaded already is not loaded again. 'name': at least
 * 64 bytes, gets the driver's name; or NULL. 'keywords', the driver's own, are copied; may
 * be NULL. Errors: driver_load's.
 */
int drivers_load(struct drivers *drivers, const char *file, const struct keyword_list *keywords,
		 char *name, struct error *err);

/* -ENOENT; -EBUSY: it is on an adapter, or its device open; -EPERM: it is our own. */
int drivers_unload(struct drivers *drivers, const char *name, struct error *err);

/* NULL: not loaded. */
struct ndis_image *drivers_image(struct drivers *drivers, const char *name);

/* Whether a file is loaded: its driver's name, or NULL. */
const char *drivers_find_file(struct drivers *drivers, const char *file);

/* An adapter for which the calls below work, until it is forgotten. */
void drivers_add_adapter(struct drivers *drivers, const char *name, struct ndis_adapter *adapter);

/* The adapter is gone, with all that was on it. */
void drivers_forget_adapter(struct drivers *drivers, struct ndis_adapter *adapter);

/* Where a driver is: on which adapter, and under which name there. */
struct driver_place {
	const char *driver;
	const char *adapter;     /* NULL: the only one that the driver is on */
	const char *name;        /* of a filter's module; NULL: the driver's name, or its only one */
};

/* Attaches a filter, or binds a protocol. A filter's 'keywords' are copied; a protocol
 * takes none. -ENOENT, -EEXIST, -EINVAL, or what NDIS says. */
int drivers_bind(struct drivers *drivers, const struct driver_place *place,
		 const struct keyword_list *keywords, struct error *err);
int drivers_unbind(struct drivers *drivers, const struct driver_place *place, struct error *err);

/* All that were to be bound are: the protocols that are bound hear
 * NetEventBindsComplete, once each. */
void drivers_bound(struct drivers *drivers);

/* Pauses a filter's module, or, of a miniport, its adapter; and on again. */
int drivers_pause(struct drivers *drivers, const struct driver_place *place, struct error *err);
int drivers_restart(struct drivers *drivers, const struct driver_place *place, struct error *err);

/* Whether a filter is, or was, on the adapter: what arrives may differ from what came. */
bool drivers_filtered(const struct drivers *drivers, const struct ndis_adapter *adapter);

/* ---- for a person ---- */

struct driver_info {
	const char *name;
	const char *file;        /* NULL: our own */
	bool miniport, filter, protocol;
	const struct ndis_keyword *keywords;   /* NULL: none */
};

/* The drivers in order of loading, from 0. False: there are no more. */
bool drivers_info(const struct drivers *drivers, unsigned index, struct driver_info *info);

struct driver_use {
	const char *adapter;
	struct ndis_layer_info layer;
};

/* The 'index'th layer that is this driver's, over all adapters. False: there are no more. */
bool drivers_use(const struct drivers *drivers, const char *driver, unsigned index,
		 struct driver_use *use);

#endif
