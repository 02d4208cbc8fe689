/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_DRIVER_H
#define CLI_DRIVER_H

/* 'vmq driver ...': argv[0] is "driver". Returns the exit status: 0, 1 for what the
 * daemon refused or did not answer, 2 for a wrong command line. */
int driver_command(int argc, char **argv);

#endif
