/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/driver_load.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loader/driver_check.h"
#include "loader/elf_file.h"

struct driver {
	char name[64];
	char *path;                          /* without links */
	dev_t device;
	ino_t inode;
	unsigned loads;                      /* not yet undone */
	void *handle;                        /* of dlopen */
	uintptr_t base;                      /* where it lies in memory */
	struct elf_file file;
	const struct ndis_keyword *keywords;
	struct ndis_image *image;
};

/* Control writes; whoever reports a crash reads. */
static _Atomic(struct driver *) drivers[DRIVER_MAX];

/* ---- finding ---- */

static struct driver *find(bool (*is_it)(const struct driver *, const void *), const void *what)
{
	for (unsigned i = 0; i < DRIVER_MAX; i++) {
		struct driver *d = atomic_load_explicit(&drivers[i], memory_order_acquire);

		if (d && is_it(d, what))
			return d;
	}
	return NULL;
}

static bool is_file(const struct driver *d, const void *what)
{
	const struct stat *st = what;

	return d->device == st->st_dev && d->inode == st->st_ino;
}

static bool is_named(const struct driver *d, const void *name)
{
	return !strcmp(d->name, name);
}

static bool is_handle(const struct driver *d, const void *handle)
{
	return d->handle == handle;
}

static bool covers(const struct driver *d, const void *address)
{
	return (uintptr_t)address >= d->base && (uintptr_t)address - d->base < d->file.span;
}

const char *driver_of_address(const void *address, uint64_t *offset)
{
	const struct driver *d = find(covers, address);

	if (!d)
		return NULL;
	*offset = (uintptr_t)address - d->base;
	return d->name;
}

const char *driver_function_at(const void *address, uint64_t *into)
{
	const struct driver *d = find(covers, address);

	return d ? elf_function_at(&d->file, (uintptr_t)address - d->base, into) : NULL;
}

/* ---- loading ---- */

static int set_name(char *name, size_t size, const char *path, struct error *err)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t n = strlen(base);

	if (n > 3 && !strcmp(base + n - 3, ".so"))
		n -= 3;
	if (!n || n >= size)
		return error_set(err, EINVAL, "driver %s: the file's name is %s", path,
				 n ? "too long" : "empty");
	snprintf(name, size, "%.*s", (int)n, base);
	return 0;
}

static int open_code(struct driver *d, struct error *err)
{
	const struct link_map *map;
	void *handle = dlopen(d->path, RTLD_NOLOAD | RTLD_NOW | RTLD_LOCAL);

	if (handle) {
		dlclose(handle);
		return error_set(err, EEXIST, "driver %s: %s is in memory already, and not as a driver: "
				 "unloaded, it stayed, or a library of its name is in use",
				 d->name, d->path);
	}
	handle = dlopen(d->path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return error_set(err, EINVAL, "driver %s cannot be loaded: %s", d->name, dlerror());
	if (find(is_handle, handle)) {
		dlclose(handle);
		return error_set(err, EEXIST, "driver %s: %s has the soname of another driver that is "
				 "loaded", d->name, d->path);
	}
	if (dlinfo(handle, RTLD_DI_LINKMAP, &map)) {
		dlclose(handle);
		return error_set(err, EINVAL, "driver %s: %s", d->name, dlerror());
	}
	d->handle = handle;
	d->base = map->l_addr;
	return 0;
}

static int take_slot(struct driver *d, struct error *err)
{
	for (unsigned i = 0; i < DRIVER_MAX; i++)
		if (!atomic_load(&drivers[i])) {
			atomic_store_explicit(&drivers[i], d, memory_order_release);
			return 0;
		}
	return error_set(err, ENOSPC, "driver %s: %u drivers are loaded, and more there cannot be",
			 d->name, DRIVER_MAX);
}

static void leave_slot(struct driver *d)
{
	for (unsigned i = 0; i < DRIVER_MAX; i++)
		if (atomic_load(&drivers[i]) == d)
			atomic_store(&drivers[i], NULL);
}

/* Everything from the file on; what was done is undone on failure. */
static int start(struct driver *d, struct error *err)
{
	const struct ndis_image_options options = { .keywords = d->keywords, .bind_by_hand = 1 };
	DRIVER_INITIALIZE *entry;
	char who[80];
	int ret;

	snprintf(who, sizeof(who), "driver %s", d->name);
	ret = elf_file_open(&d->file, d->path, who, false, err);
	if (ret)
		return ret;
	ret = driver_check(&d->file, d->name, err);
	if (ret)
		goto close_file;
	ret = open_code(d, err);
	if (ret)
		goto close_file;
	/* Known from here on: DriverEntry may crash too. */
	ret = take_slot(d, err);
	if (ret)
		goto close_code;
	*(void **)&entry = dlsym(d->handle, "DriverEntry");
	ret = ndis_image_load(&d->image, d->name, entry, &options, err);
	if (ret)
		goto leave;
	return 0;

leave:
	leave_slot(d);
close_code:
	dlclose(d->handle);
close_file:
	elf_file_close(&d->file);
	return ret;
}

static int load_new(struct driver **out, const char *path, const struct stat *st,
		    const struct ndis_keyword *keywords, struct error *err)
{
	struct driver *d = calloc(1, sizeof(*d)), *other;
	int ret;

	if (!d)
		return error_set(err, ENOMEM, "driver %s: no memory", path);
	d->path = strdup(path);
	d->device = st->st_dev;
	d->inode = st->st_ino;
	d->loads = 1;
	d->keywords = keywords;
	ret = d->path ? set_name(d->name, sizeof(d->name), path, err) :
			error_set(err, ENOMEM, "driver %s: no memory", path);
	if (ret)
		goto free_driver;
	other = find(is_named, d->name);
	if (other) {
		ret = error_set(err, EEXIST, "driver %s: %s cannot be loaded while %s, another file of "
				"that name, is", d->name, path, other->path);
		goto free_driver;
	}
	ret = start(d, err);
	if (ret)
		goto free_driver;
	*out = d;
	return 0;

free_driver:
	free(d->path);
	free(d);
	return ret;
}

int driver_load(struct driver **out, const char *path, const struct ndis_keyword *keywords,
		struct error *err)
{
	struct stat st;
	struct driver *d;
	char *whole = realpath(path, NULL);
	int ret = 0;

	*out = NULL;
	if (!whole || stat(whole, &st)) {
		ret = error_set(err, errno, "driver %s: %s", path, strerror(errno));
		free(whole);
		return ret;
	}
	d = find(is_file, &st);
	if (d) {
		d->loads++;
		*out = d;
	} else {
		ret = load_new(out, whole, &st, keywords, err);
	}
	free(whole);
	return ret;
}

void driver_unload(struct driver *d)
{
	if (!d || --d->loads)
		return;
	ndis_image_unload(d->image);
	leave_slot(d);
	dlclose(d->handle);
	elf_file_close(&d->file);
	free(d->path);
	free(d);
}

struct ndis_image *driver_image(const struct driver *d)
{
	return d->image;
}

const char *driver_name(const struct driver *d)
{
	return d->name;
}

const char *driver_path(const struct driver *d)
{
	return d->path;
}

const struct ndis_keyword *driver_keywords(const struct driver *d)
{
	return d->keywords;
}
