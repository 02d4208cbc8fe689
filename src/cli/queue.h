/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_QUEUE_H
#define CLI_QUEUE_H

/* "vmq queue ...", with argv[0] being "queue". Returns the exit status. */
int queue_command(int argc, char **argv);

#endif
