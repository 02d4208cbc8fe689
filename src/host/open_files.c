/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/open_files.h"

#include <sys/resource.h>

void open_files_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}
