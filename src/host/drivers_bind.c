/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers on adapters. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/drivers_list.h"

/* ---- adapters ---- */

void drivers_add_adapter(struct drivers *d, const char *name, struct ndis_adapter *adapter)
{
	struct known_adapter *known = &d->adapter[d->n_adapters++];

	*known = (struct known_adapter){ .adapter = adapter };
	snprintf(known->name, sizeof(known->name), "%.63s", name);
}

static void module_remove(struct drivers *d, const struct ndis_adapter *adapter, const char *name)
{
	struct module **at = &d->modules;

	while (*at) {
		struct module *m = *at;

		if (m->adapter != adapter || (name && strcmp(m->name, name))) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		free(m->keywords);
		free(m);
	}
}

void drivers_forget_adapter(struct drivers *d, struct ndis_adapter *adapter)
{
	for (unsigned i = 0; i < d->n_adapters; i++)
		if (d->adapter[i].adapter == adapter) {
			d->n_adapters--;
			memmove(&d->adapter[i], &d->adapter[i + 1],
				(d->n_adapters - i) * sizeof(d->adapter[0]));
			break;
		}
	module_remove(d, adapter, NULL);
}

bool drivers_filtered(const struct drivers *d, const struct ndis_adapter *adapter)
{
	for (unsigned i = 0; i < d->n_adapters; i++)
		if (d->adapter[i].adapter == adapter)
			return d->adapter[i].filtered;
	return false;
}

static int find_adapter(struct drivers *d, const char *name, struct known_adapter **out,
			struct error *err)
{
	char known[300];

	for (unsigned i = 0; i < d->n_adapters; i++)
		if (!strcmp(d->adapter[i].name, name)) {
			*out = &d->adapter[i];
			return 0;
		}
	known[0] = '\0';
	for (unsigned i = 0; i < d->n_adapters; i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", d->adapter[i].name);
	}
	return error_set(err, ENOENT, "there is no adapter \"%.63s\"; there is %s", name,
			 known[0] ? known : "none");
}

/* ---- where a driver is ---- */

/* The driver's layer at 'place'. Where the place says too little, there must be one only. */
static int find_use(struct drivers *d, const struct driver_place *place, struct driver_use *found,
		    struct error *err)
{
	struct driver_use use;
	unsigned n = 0;

	for (unsigned i = 0; drivers_use(d, place->driver, i, &use); i++) {
		if (place->adapter && strcmp(use.adapter, place->adapter))
			continue;
		if (place->name && strcmp(use.layer.name, place->name))
			continue;
		if (!n++)
			*found = use;
	}
	if (n == 1)
		return 0;
	if (n)
		return error_set(err, EINVAL, "driver %s is in %u places there; say on which adapter, and "
				 "under which name", place->driver, n);
	return error_set(err, ENOENT, "driver %s is not bound %s%.63s%s%.63s", place->driver,
			 place->adapter ? "to adapter " : "to any adapter",
			 place->adapter ? place->adapter : "", place->name ? " as " : "",
			 place->name ? place->name : "");
}

/* The driver, its adapter, and what it is there. */
struct target {
	struct loaded *driver;
	struct known_adapter *adapter;
	struct driver_use use;
};

static int find_target(struct drivers *d, const struct driver_place *place, struct target *t,
		       struct error *err)
{
	int ret = drivers_must_find(d, place->driver, &t->driver, err);

	if (!ret)
		ret = find_use(d, place, &t->use, err);
	return ret ? ret : find_adapter(d, t->use.adapter, &t->adapter, err);
}

/* ---- binding ---- */

static int attach(struct drivers *d, struct loaded *l, struct known_adapter *a, const char *name,
		  const struct keyword_list *keywords, struct error *err)
{
	struct module *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return error_set(err, ENOMEM, "filter %s: no memory", name);
	m->adapter = a->adapter;
	snprintf(m->name, sizeof(m->name), "%.63s", name);
	if (keywords && keywords->n) {
		m->keywords = drivers_copy_keywords(keywords);
		if (!m->keywords) {
			free(m);
			return error_set(err, ENOMEM, "filter %s: no memory", name);
		}
	}
	/* Before the first frame can pass it. */
	a->filtered = true;
	ret = ndis_filter_attach(a->adapter, l->image, m->name, m->keywords, err);
	if (ret) {
		free(m->keywords);
		free(m);
		return ret;
	}
	m->next = d->modules;
	d->modules = m;
	return 0;
}

int drivers_bind(struct drivers *d, const struct driver_place *place,
		 const struct keyword_list *keywords, struct error *err)
{
	struct known_adapter *a = NULL;
	struct loaded *l;
	int ret = drivers_must_find(d, place->driver, &l, err);

	if (!ret)
		ret = find_adapter(d, place->adapter, &a, err);
	if (ret)
		return ret;
	if (!l->driver)
		return error_set(err, EPERM, "driver %s is part of this program; the configuration says where "
				 "it is bound", place->driver);
	if (ndis_image_is_filter(l->image))
		return attach(d, l, a, place->name ? place->name : place->driver, keywords, err);
	if (!ndis_image_is_protocol(l->image))
		return error_set(err, EINVAL, "driver %s is a miniport: it makes adapters and is not bound to "
				 "one; give it an adapter in the configuration", place->driver);
	if (keywords && keywords->n)
		return error_set(err, EINVAL, "driver %s is a protocol: it has no keywords of a binding; give "
				 "them when it is loaded", place->driver);
	return ndis_protocol_bind(a->adapter, l->image, err);
}

void drivers_bound(struct drivers *d)
{
	struct driver_use use;

	for (struct loaded *l = d->first; l; l = l->next)
		if (l->driver && ndis_image_is_protocol(l->image) &&
		    drivers_use(d, ndis_image_name(l->image), 0, &use))
			ndis_protocol_binds_complete(l->image);
}

int drivers_unbind(struct drivers *d, const struct driver_place *place, struct error *err)
{
	struct target t;
	int ret = find_target(d, place, &t, err);

	if (ret)
		return ret;
	if (!t.driver->driver)
		return error_set(err, EPERM, "driver %s is part of this program and stays where it is",
				 place->driver);
	if (ndis_image_is_filter(t.driver->image)) {
		ret = ndis_filter_detach(t.adapter->adapter, t.use.layer.name, err);
		if (!ret)
			module_remove(d, t.adapter->adapter, t.use.layer.name);
		return ret;
	}
	if (ndis_image_is_protocol(t.driver->image))
		return ndis_protocol_unbind(t.adapter->adapter, t.driver->image, err);
	return error_set(err, EINVAL, "driver %s is the miniport of adapter %s, which stays until the "
			 "daemon ends", place->driver, t.use.adapter);
}

/* ---- pause and restart ---- */

int drivers_pause(struct drivers *d, const struct driver_place *place, struct error *err)
{
	struct target t;
	int ret = find_target(d, place, &t, err);

	if (ret)
		return ret;
	if (ndis_image_is_filter(t.driver->image))
		return ndis_filter_pause(t.adapter->adapter, t.use.layer.name, err);
	if (!ndis_image_is_miniport(t.driver->image))
		return error_set(err, EINVAL, "driver %s is a protocol: it is paused with its adapter's "
				 "miniport", place->driver);
	ndis_adapter_pause(t.adapter->adapter);
	return 0;
}

int drivers_restart(struct drivers *d, const struct driver_place *place, struct error *err)
{
	struct target t;
	int ret = find_target(d, place, &t, err);

	if (ret)
		return ret;
	if (ndis_image_is_filter(t.driver->image))
		return ndis_filter_restart(t.adapter->adapter, t.use.layer.name, err);
	if (!ndis_image_is_miniport(t.driver->image))
		return error_set(err, EINVAL, "driver %s is a protocol: it is restarted with its adapter's "
				 "miniport", place->driver);
	return ndis_adapter_restart(t.adapter->adapter, err);
}
