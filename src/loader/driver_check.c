/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/driver_check.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define MAX_LIBRARIES 32

/* The libraries that the file names, held while its symbols are looked up. */
struct libraries {
	void *handles[MAX_LIBRARIES];
	unsigned n;
	bool all;          /* every one of them could be opened */
};

static void open_libraries(struct libraries *l, const struct elf_file *f)
{
	const char *needed;

	l->n = 0;
	l->all = true;
	while ((needed = elf_needed(f, l->n)) != NULL) {
		if (l->n < MAX_LIBRARIES)
			l->handles[l->n] = dlopen(needed, RTLD_LAZY | RTLD_LOCAL);
		if (l->n == MAX_LIBRARIES || !l->handles[l->n]) {
			/* Perhaps one beside the driver: the linker itself will tell. */
			l->all = false;
			return;
		}
		l->n++;
	}
}

static void close_libraries(struct libraries *l)
{
	while (l->n)
		dlclose(l->handles[--l->n]);
}

static bool is_there(const struct libraries *l, const char *name)
{
	if (dlsym(RTLD_DEFAULT, name))
		return true;
	for (unsigned i = 0; i < l->n; i++)
		if (dlsym(l->handles[i], name))
			return true;
	return false;
}

/* What kind of driver wants such a name, where that says more than the name. */
static const char *explain(const char *missing)
{
	static const struct { const char *prefix, *why; } kinds[] = {
		{ "Wdf", "it is a KMDF driver, which OpenVMQ does not run" },
		{ "NetAdapter", "it is a NetAdapterCx driver, which OpenVMQ does not run" },
		{ "NetRxQueue", "it is a NetAdapterCx driver, which OpenVMQ does not run" },
		{ "__asan_", "it was compiled with a sanitizer, and this program was not" },
		{ "__tsan_", "it was compiled with a sanitizer, and this program was not" },
		{ "__ubsan_", "it was compiled with a sanitizer, and this program was not" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(missing, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].why;
	return NULL;
}

/* A sanitizer's runtime ends a program that was not begun with it, so such a driver must
 * not get as far as having its libraries opened. */
static int check_sanitizers(const struct elf_file *f, const char *name, struct error *err)
{
	static const struct { const char *library, *mark, *what, *option; } runtimes[] = {
		{ "libasan.", "__asan_init", "AddressSanitizer", "address,undefined" },
		{ "libtsan.", "__tsan_init", "ThreadSanitizer", "thread" },
	};
	const char *needed;

	for (unsigned i = 0; (needed = elf_needed(f, i)) != NULL; i++)
		for (size_t r = 0; r < sizeof(runtimes) / sizeof(runtimes[0]); r++)
			if (!strncmp(needed, runtimes[r].library, strlen(runtimes[r].library)) &&
			    !dlsym(RTLD_DEFAULT, runtimes[r].mark))
				return error_set(err, EINVAL, "driver %s was compiled with %s, and this "
						 "program was not; 'tools/build.sh build-sanitize "
						 "-Db_sanitize=%s -Db_lundef=false' builds one that is, "
						 "build-sanitize/src/cli/vmq", name, runtimes[r].what,
						 runtimes[r].option);
	return 0;
}

struct missing {
	const char **names;
	unsigned n;
};

static bool is_wanted(const Elf64_Sym *s)
{
	return s->st_shndx == SHN_UNDEF && s->st_name && ELF64_ST_BIND(s->st_info) == STB_GLOBAL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_missing(struct missing *m, const struct elf_file *f, const struct libraries *l)
{
	m->n = 0;
	m->names = calloc(f->dynamic.n + 1, sizeof(*m->names));
	if (!m->names)
		return -ENOMEM;
	for (size_t i = 0; i < f->dynamic.n; i++) {
		const char *symbol = elf_symbol_name(&f->dynamic, &f->dynamic.list[i]);

		if (is_wanted(&f->dynamic.list[i]) && !is_there(l, symbol))
			m->names[m->n++] = symbol;
	}
	qsort(m->names, m->n, sizeof(*m->names), compare);
	return 0;
}

/* As many names as fit from 'first' on, with commas; returns the first that does not. */
static unsigned join(const struct missing *m, unsigned first, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (; first < m->n; first++) {
		size_t n = strlen(m->names[first]) + 2;

		if (used && used + n >= size)
			break;
		snprintf(text + used, size - used, "%s%s", used ? ", " : "", m->names[first]);
		used += used ? n : n - 2;
	}
	return first;
}

static int tell_missing(const struct missing *m, const char *name, struct error *err)
{
	char list[480];
	const char *why = NULL;
	unsigned next;

	for (unsigned i = 0; i < m->n && !why; i++)
		why = explain(m->names[i]);
	if (why)
		return error_set(err, ENOSYS, "driver %s cannot be loaded: %s (it needs %s and %u more)",
				 name, why, m->names[0], m->n - 1);
	next = join(m, 0, list, sizeof(list));
	if (next == m->n)
		return error_set(err, ENOSYS, "driver %s needs functions that OpenVMQ does not have: %s",
				 name, list);
	/* More than one error holds: line by line, and the number in the error. */
	log_error("driver %s needs: %s", name, list);
	while (next < m->n) {
		next = join(m, next, list, sizeof(list));
		log_error("driver %s needs: %s", name, list);
	}
	return error_set(err, ENOSYS, "driver %s needs %u functions that OpenVMQ does not have; "
			 "they are listed above", name, m->n);
}

/* A driver's own function of a name that this program or its libraries have too: its
 * calls would go to the other one. */
static int check_own_names(const struct elf_file *f, const char *name, struct error *err)
{
	if (elf_is_symbolic(f))
		return 0;
	for (size_t i = 0; i < f->dynamic.n; i++) {
		const Elf64_Sym *s = &f->dynamic.list[i];
		const char *symbol = elf_symbol_name(&f->dynamic, s);

		if (s->st_shndx != SHN_UNDEF && ELF64_ST_BIND(s->st_info) == STB_GLOBAL &&
		    ELF64_ST_TYPE(s->st_info) == STT_FUNC && symbol[0] != '_' &&
		    dlsym(RTLD_DEFAULT, symbol))
			return error_set(err, EINVAL, "driver %s: its function %s has the name of one "
					 "that is here already, and its calls would go there; link it "
					 "with -Wl,-Bsymbolic, as vmq-cc does", name, symbol);
	}
	return 0;
}

static int check_entry(const struct elf_file *f, const char *name, struct error *err)
{
	if (elf_find_function(&f->dynamic, "DriverEntry"))
		return 0;
	for (size_t i = 0; i < f->dynamic.n; i++)
		if (!strncmp(elf_symbol_name(&f->dynamic, &f->dynamic.list[i]), "_Z11DriverEntry", 15))
			return error_set(err, EINVAL, "driver %s has no DriverEntry: the C++ function of "
					 "that name must be declared extern \"C\"", name);
	if (elf_find_function(&f->all, "DriverEntry"))
		return error_set(err, EINVAL, "driver %s has no DriverEntry that can be seen: it is "
				 "static or hidden", name);
	return error_set(err, EINVAL, "driver %s has no DriverEntry (names are exact)", name);
}

int driver_check(const struct elf_file *f, const char *name, struct error *err)
{
	struct libraries libraries;
	struct missing missing;
	int ret = check_entry(f, name, err);

	if (!ret)
		ret = check_own_names(f, name, err);
	if (!ret)
		ret = check_sanitizers(f, name, err);
	if (ret)
		return ret;
	open_libraries(&libraries, f);
	ret = find_missing(&missing, f, &libraries);
	if (ret)
		error_set(err, -ret, "driver %s: no memory", name);
	else if (missing.n && libraries.all)
		ret = tell_missing(&missing, name, err);
	free(missing.names);
	close_libraries(&libraries);
	return ret;
}
