/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter of the machine with all that the configuration puts on it; for machine.c. */
#ifndef HOST_MACHINE_ADAPTER_H
#define HOST_MACHINE_ADAPTER_H

#include "host/drivers.h"

/* Our own drivers. */
struct machine_images {
	struct ndis_image *miniport, *vswitch, *player;
	struct ndis_image *miniport_620;   /* the miniport of NDIS 6.20; NULL: no adapter wants it */
};

/* Loads them but miniport_620, and makes them known. The caller unloads, also after a failure. */
int machine_images_load(struct machine_images *images, struct drivers *drivers, struct error *err);
void machine_images_unload(struct machine_images *images);

struct machine_adapter {
	struct ndis_adapter *adapter;      /* NULL: not made */
	const char *file;                  /* its miniport's, of the configuration; NULL: our own */
	struct ndis_keyword *keywords;
	char name[64];
};

/* Makes the adapter, puts filters, protocols, switch and player on it as 'config' says,
 * and starts it. 'processor': where its capture plays. The caller removes it, also after
 * a failure. The configuration must outlive it. */
int machine_adapter_add(struct machine_adapter *adapter, const struct adapter_config *config,
			unsigned processor, struct machine_images *images,
			struct drivers *drivers, struct error *err);

/* Returns how many things drivers left behind. */
unsigned machine_adapter_remove(struct machine_adapter *adapter, struct drivers *drivers);

#endif
