/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The methods of the control socket that are about devices: what an application does
 * on Windows with a driver's device, by a number for each file that it has open.
 */
#ifndef HOST_CONTROL_DEVICE_H
#define HOST_CONTROL_DEVICE_H

#include "control/rpc.h"

#define CONTROL_MAX_FILES 16

struct device_file;

/* The open files; file N is at N - 1. They belong to no client, and stay open until they
 * are closed. Control thread. */
struct control_files {
	struct device_file *file[CONTROL_MAX_FILES];   /* NULL: free */
};

/* Their context is a struct control_files. */
extern const struct rpc_method control_device_methods[];

/* Closes what is open, before the drivers go. */
void control_files_close(struct control_files *files);

#endif
