/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operating system grants this process. */
#ifndef HOST_OPEN_FILES_H
#define HOST_OPEN_FILES_H

/* As many open files as the operator allows: a VM takes two and more, and the usual soft
 * limit is 1024. Where it cannot be raised, who opens a file says so. Control thread. */
void open_files_raise(void);

#endif
