/* SPDX-License-Identifier: BSD-2-Clause */
/* Files and requests from the inside; for device.c and device_request.c. */
#ifndef KERNEL_DEVICE_REQUEST_H
#define KERNEL_DEVICE_REQUEST_H

#include <pthread.h>

#include "kernel/device.h"
#include "kernel/namespace.h"

struct device_file {
	PFILE_OBJECT object;
	struct device *device;
	pthread_mutex_t lock;
	LIST_ENTRY requests;         /* under way, or ended and not yet waited for; under the lock */
	unsigned users;              /* the opener and each request */
};

/* What is asked of the driver. */
struct device_ask {
	UCHAR major;
	ULONG code;                  /* of a device control */
	void *in, *out;
	ULONG in_length, out_length;
	IO_SECURITY_CONTEXT *create;
};

struct device_request {
	LIST_ENTRY link;
	struct device_file *file;
	struct device_ask ask;
	PIRP irp;
	void *buffer;                /* the system buffer that is ours to free, NULL: none */
	KEVENT done;
};

/* Builds the IRP and calls the driver. NULL: no memory. */
struct device_request *request_begin(struct device_file *file, const struct device_ask *ask);

/* Waits for ever, in a way that tells of a request that does not end. */
void request_wait(struct device_request *request);

void file_put(struct device_file *file);

#endif
