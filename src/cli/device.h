/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

/* 'vmq device ...': argv[0] is "device". Returns the exit status: 0, 1 for what the
 * daemon refused or did not answer or the driver failed, 2 for a wrong command line. */
int device_command(int argc, char **argv);

#endif
