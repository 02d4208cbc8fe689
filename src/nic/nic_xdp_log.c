/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_xdp_log.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* As both libraries declare it: an enum for the level, then as vprintf. */
typedef int print_function(int level, const char *format, va_list args);
typedef print_function *set_print(print_function *function);

static char reason[200];

__attribute__((format(printf, 2, 0)))
static int keep(int level, const char *format, va_list args)
{
	static const char mark[] = "Kernel error message: ";
	char text[300];
	const char *found;

	(void)level;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	found = strstr(text, mark);
	if (found)
		snprintf(reason, sizeof(reason), " (%.190s)", found + strlen(mark));
	log_debug("%s", text);
	return 0;
}

static void listen_to(const char *library, const char *setter)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	set_print *set;

	if (!handle)
		return;   /* not loaded: nothing will be said */
	*(void **)&set = dlsym(handle, setter);
	if (set)
		set(keep);
	dlclose(handle);
}

void xdp_log_listen(void)
{
	reason[0] = '\0';
	listen_to("libbpf.so.1", "libbpf_set_print");
	listen_to("libxdp.so.1", "libxdp_set_print");
}

const char *xdp_log_reason(void)
{
	return reason;
}
