/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_WORKER_H
#define CLI_WORKER_H

/* "vmq worker ...", with argv[0] being "worker". Returns the exit status. */
int worker_command(int argc, char **argv);

#endif
