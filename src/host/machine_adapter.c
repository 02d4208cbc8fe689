/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/machine_adapter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "miniport/miniport.h"
#include "player/player.h"
#include "vswitch/vswitch.h"

/* ---- our own drivers ---- */

static int load_own(struct ndis_image **image, const char *name, DRIVER_INITIALIZE *entry,
		    struct drivers *drivers, struct error *err)
{
	/* The configuration says to which adapter each is bound. */
	const struct ndis_image_options options = { .bind_by_hand = 1 };
	int rc = ndis_image_load(image, name, entry, &options, err);

	return rc ? rc : drivers_add_own(drivers, *image, err);
}

int machine_images_load(struct machine_images *images, struct drivers *drivers, struct error *err)
{
	int rc = load_own(&images->vswitch, "vswitch", vswitch_driver_entry, drivers, err);

	if (!rc)
		rc = load_own(&images->player, "player", player_driver_entry, drivers, err);
	if (!rc)
		rc = load_own(&images->miniport, "miniport", miniport_driver_entry, drivers, err);
	return rc;
}

void machine_images_unload(struct machine_images *images)
{
	ndis_image_unload(images->miniport);
	ndis_image_unload(images->player);
	ndis_image_unload(images->vswitch);
	*images = (struct machine_images){ NULL, NULL, NULL };
}

/* ---- our own miniport's keywords ---- */

#define KEYWORDS 7

struct settings {
	struct keyword_config keyword[KEYWORDS];
	char number[KEYWORDS][12];
	struct keyword_list list;
};

static void add_text(struct settings *s, const char *name, const char *value)
{
	if (value)
		s->keyword[s->list.n++] = (struct keyword_config){ (char *)name, (char *)value };
}

static void add_number(struct settings *s, const char *name, unsigned value)
{
	snprintf(s->number[s->list.n], sizeof(s->number[0]), "%u", value);
	add_text(s, name, s->number[s->list.n]);
}

/* The adapter's section of the file as the miniport's keywords. */
static struct ndis_keyword *own_keywords(const struct adapter_config *c)
{
	struct settings s = { .list.n = 0 };

	s.list.keyword = s.keyword;
	add_text(&s, "Nic", c->nic);
	add_text(&s, "NicOut", c->out);
	add_number(&s, "Mtu", c->mtu);
	add_number(&s, "RxQueues", c->rx_queues);
	add_number(&s, "NumQueues", c->queues);
	add_number(&s, "Buffers", c->buffers);
	return drivers_copy_keywords(&s.list);
}

/* ---- adapters ---- */

static int make(struct machine_adapter *a, const struct adapter_config *c,
		const struct machine_images *images, struct drivers *drivers, struct error *err)
{
	struct ndis_image *image = images->miniport;
	char name[64];
	int rc;

	a->file = c->driver;
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	a->keywords = c->driver ? drivers_copy_keywords(&c->keywords) : own_keywords(c);
	if (!a->keywords)
		return error_set(err, ENOMEM, "adapter %s: no memory", c->name);
	if (c->driver) {
		rc = drivers_load(drivers, c->driver, NULL, name, err);
		if (rc)
			return rc;
		image = drivers_image(drivers, name);
		if (!ndis_image_is_miniport(image))
			return error_set(err, EINVAL, "adapter %s: driver %s is no miniport; it may stand under "
					 "filters or protocols", c->name, name);
	}
	rc = ndis_adapter_create(&a->adapter, image, a->name, a->keywords, err);
	if (!rc)
		drivers_add_adapter(drivers, a->name, a->adapter);
	return rc;
}

/* A driver of the list "filters" or "protocols", loaded and put on the adapter. */
static int put_on(const struct machine_adapter *a, const struct module_config *module,
		  bool is_filter, struct drivers *drivers, struct error *err)
{
	char name[64];
	struct driver_place place = { name, a->name, module->name };
	struct ndis_image *image;
	int rc = drivers_load(drivers, module->driver, is_filter ? NULL : &module->keywords, name, err);

	if (rc)
		return rc;
	image = drivers_image(drivers, name);
	if (is_filter ? !ndis_image_is_filter(image) : !ndis_image_is_protocol(image))
		return error_set(err, EINVAL, "adapter %s: driver %s is no %s, and stands in the list of %s",
				 a->name, name, is_filter ? "filter" : "protocol",
				 is_filter ? "filters" : "protocols");
	return drivers_bind(drivers, &place, is_filter ? &module->keywords : NULL, err);
}

/* Protocols bind to a stack that runs: what it offers is known then. */
static int bind_all(struct machine_adapter *a, const struct adapter_config *c, unsigned processor,
		    const struct machine_images *images, struct drivers *drivers, struct error *err)
{
	int rc = 0;

	if (c->has_switch)
		rc = ndis_protocol_bind(a->adapter, images->vswitch, err);
	for (unsigned i = 0; i < c->protocols.n && !rc; i++)
		rc = put_on(a, &c->protocols.module[i], false, drivers, err);
	if (rc || !c->play)
		return rc;
	rc = player_prepare(a->name, c->play, processor, err);
	return rc ? rc : ndis_protocol_bind(a->adapter, images->player, err);
}

int machine_adapter_add(struct machine_adapter *a, const struct adapter_config *c,
			unsigned processor, const struct machine_images *images,
			struct drivers *drivers, struct error *err)
{
	int rc = make(a, c, images, drivers, err);

	for (unsigned i = 0; i < c->filters.n && !rc; i++)
		rc = put_on(a, &c->filters.module[i], true, drivers, err);
	if (!rc)
		rc = ndis_adapter_start(a->adapter, err);
	return rc ? rc : bind_all(a, c, processor, images, drivers, err);
}

unsigned machine_adapter_remove(struct machine_adapter *a, struct drivers *drivers)
{
	unsigned left = 0;

	if (a->adapter) {
		left = ndis_adapter_remove(a->adapter);
		drivers_forget_adapter(drivers, a->adapter);
	}
	free(a->keywords);
	return left;
}
