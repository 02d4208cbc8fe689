/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers.c and drivers_bind.c share; private to them. */
#ifndef HOST_DRIVERS_LIST_H
#define HOST_DRIVERS_LIST_H

#include "loader/driver_load.h"
#include "host/drivers.h"

#define MAX_LAYERS 64             /* looked at on an adapter */

struct loaded {
	struct loaded *next;
	struct driver *driver;          /* NULL: our own */
	struct ndis_image *image;
	struct ndis_keyword *keywords;  /* or NULL */
};

/* A filter's module: what must live as long as it does. */
struct module {
	struct module *next;
	struct ndis_adapter *adapter;
	char name[64];
	struct ndis_keyword *keywords;  /* or NULL */
};

struct known_adapter {
	struct ndis_adapter *adapter;
	char name[64];
	bool filtered;                  /* a filter was on it */
};

struct drivers {
	struct loaded *first;
	struct module *modules;
	struct known_adapter adapter[CONFIG_MAX_ADAPTERS];
	unsigned n_adapters;
};

struct loaded *drivers_find(const struct drivers *drivers, const char *name);

/* -ENOENT, with the line. */
int drivers_must_find(const struct drivers *drivers, const char *name, struct loaded **loaded,
		      struct error *err);

#endif
