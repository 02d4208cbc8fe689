/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/drivers_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct drivers *drivers_create(void)
{
	return calloc(1, sizeof(struct drivers));
}

/* ---- keywords ---- */

struct ndis_keyword *drivers_copy_keywords(const struct keyword_list *list)
{
	size_t bytes = 0;
	struct ndis_keyword *copy;
	char *text;

	for (unsigned i = 0; i < list->n; i++)
		bytes += strlen(list->keyword[i].name) + strlen(list->keyword[i].value) + 2;
	copy = malloc((list->n + 1) * sizeof(*copy) + bytes);
	if (!copy)
		return NULL;
	text = (char *)(copy + list->n + 1);
	for (unsigned i = 0; i < list->n; i++) {
		copy[i].name = strcpy(text, list->keyword[i].name);
		text += strlen(text) + 1;
		copy[i].value = strcpy(text, list->keyword[i].value);
		text += strlen(text) + 1;
	}
	copy[list->n] = (struct ndis_keyword){ NULL, NULL };
	return copy;
}

/* ---- loading ---- */

struct loaded *drivers_find(const struct drivers *d, const char *name)
{
	for (struct loaded *l = d->first; l; l = l->next)
		if (!strcmp(ndis_image_name(l->image), name))
			return l;
	return NULL;
}

int drivers_must_find(const struct drivers *d, const char *name, struct loaded **out,
		      struct error *err)
{
	*out = drivers_find(d, name);
	if (*out)
		return 0;
	return error_set(err, ENOENT, "no driver \"%.63s\" is loaded; see driver list", name);
}

static void append(struct drivers *d, struct loaded *l)
{
	struct loaded **end = &d->first;

	while (*end)
		end = &(*end)->next;
	*end = l;
}

static void unlink_loaded(struct drivers *d, struct loaded *l)
{
	struct loaded **at = &d->first;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
}

int drivers_add_own(struct drivers *d, struct ndis_image *image, struct error *err)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(err, ENOMEM, "driver %s: no memory", ndis_image_name(image));
	l->image = image;
	append(d, l);
	return 0;
}

/* Undoes a second load of the same file: one of ours is enough. */
static struct loaded *drop_double(struct drivers *d, struct driver *driver)
{
	for (struct loaded *l = d->first; l; l = l->next)
		if (l->driver == driver) {
			driver_unload(driver);
			return l;
		}
	return NULL;
}

int drivers_load(struct drivers *d, const char *file, const struct keyword_list *keywords,
		 char *name, struct error *err)
{
	struct loaded *l = calloc(1, sizeof(*l)), *before;
	int ret;

	if (!l)
		return error_set(err, ENOMEM, "driver %s: no memory", file);
	if (keywords && keywords->n) {
		l->keywords = drivers_copy_keywords(keywords);
		if (!l->keywords) {
			ret = error_set(err, ENOMEM, "driver %s: no memory", file);
			goto free_loaded;
		}
	}
	ret = driver_load(&l->driver, file, l->keywords, err);
	if (ret)
		goto free_loaded;
	before = drop_double(d, l->driver);
	if (name)
		strcpy(name, driver_name(l->driver));
	if (before)
		goto free_loaded;
	if (drivers_find(d, driver_name(l->driver))) {
		ret = error_set(err, EEXIST, "driver %s: %s has the name of one of our own drivers; rename "
				"the file", driver_name(l->driver), file);
		driver_unload(l->driver);
		goto free_loaded;
	}
	l->image = driver_image(l->driver);
	append(d, l);
	return 0;

free_loaded:
	free(l->keywords);
	free(l);
	return ret;
}

static void unload(struct drivers *d, struct loaded *l)
{
	unlink_loaded(d, l);
	if (l->driver)
		driver_unload(l->driver);
	free(l->keywords);
	free(l);
}

int drivers_unload(struct drivers *d, const char *name, struct error *err)
{
	struct driver_use use;
	struct loaded *l;
	int ret = drivers_must_find(d, name, &l, err);

	if (ret)
		return ret;
	if (!l->driver)
		return error_set(err, EPERM, "driver %s is part of this program and stays", name);
	if (drivers_use(d, name, 0, &use))
		return error_set(err, EBUSY, "driver %s is in use: %s on adapter %s; %s", name, use.layer.kind,
				 use.adapter, ndis_image_is_miniport(l->image) ?
				 "a miniport is unloaded when the daemon ends" : "unbind it first");
	if (ndis_image_is_open(l->image))
		return error_set(err, EBUSY, "driver %s is in use: a file is open on its device; close it "
				 "first (vmq device list)", name);
	unload(d, l);
	return 0;
}

void drivers_destroy(struct drivers *d)
{
	if (!d)
		return;
	while (d->first) {
		struct loaded *last = d->first;

		while (last->next)
			last = last->next;
		unload(d, last);
	}
	free(d);
}

struct ndis_image *drivers_image(struct drivers *d, const char *name)
{
	struct loaded *l = drivers_find(d, name);

	return l ? l->image : NULL;
}

const char *drivers_find_file(struct drivers *d, const char *file)
{
	char *whole = realpath(file, NULL);
	const char *name = NULL;

	for (struct loaded *l = d->first; whole && l && !name; l = l->next)
		if (l->driver && !strcmp(driver_path(l->driver), whole))
			name = driver_name(l->driver);
	free(whole);
	return name;
}

/* ---- for a person ---- */

bool drivers_info(const struct drivers *d, unsigned index, struct driver_info *info)
{
	struct loaded *l = d->first;

	while (l && index--)
		l = l->next;
	if (!l)
		return false;
	*info = (struct driver_info){
		.name = ndis_image_name(l->image),
		.file = l->driver ? driver_path(l->driver) : NULL,
		.miniport = ndis_image_is_miniport(l->image),
		.filter = ndis_image_is_filter(l->image),
		.protocol = ndis_image_is_protocol(l->image),
		.keywords = l->keywords,
	};
	return true;
}

bool drivers_use(const struct drivers *d, const char *driver, unsigned index,
		 struct driver_use *use)
{
	struct ndis_layer_info layers[MAX_LAYERS];

	for (unsigned a = 0; a < d->n_adapters; a++) {
		unsigned n = ndis_adapter_layers(d->adapter[a].adapter, layers, MAX_LAYERS);

		for (unsigned i = 0; i < n && i < MAX_LAYERS; i++)
			if (!strcmp(layers[i].driver, driver) && !index--) {
				*use = (struct driver_use){ d->adapter[a].name, layers[i] };
				return true;
			}
	}
	return false;
}
