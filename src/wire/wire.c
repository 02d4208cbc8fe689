/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int wire_usual_path(char *path, size_t size)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	int n;

	if (!run || run[0] != '/')
		run = "/run";
	n = snprintf(path, size, "%s/openvmq/control.sock", run);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
