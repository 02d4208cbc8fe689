/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A write to an eventfd waits when its count is at its end, and a guest, which has the same
 * open file, decides on count and O_NONBLOCK; also between a look and the write. What the
 * kernel adds when an asynchronous read ends never waits: so an empty file is read.
 *
 * One context for all ports and workers: a read of a file in memory has ended when it has been
 * submitted, and each caller takes as many ends as it makes, its own or another's.
 */
#include "vmport/vmport_signal.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/aio_abi.h>

#define READS_AT_ONCE 1024   /* more than there are workers */

static struct {
	pthread_mutex_t lock;
	aio_context_t context;
	int file;
} signals = { .lock = PTHREAD_MUTEX_INITIALIZER, .file = -1 };

int vmport_signal_start(void)
{
	int ret = 0;

	pthread_mutex_lock(&signals.lock);
	if (signals.file < 0)
		signals.file = memfd_create("signals", MFD_CLOEXEC);
	if (signals.file < 0 ||
	    (!signals.context && syscall(SYS_io_setup, READS_AT_ONCE, &signals.context) < 0))
		ret = -errno;
	pthread_mutex_unlock(&signals.lock);
	return ret;
}

static void ends_take(void)
{
	struct timespec at_once = { 0, 0 };
	struct io_event done[2];

	syscall(SYS_io_getevents, signals.context, 0, 2, done, &at_once);
}

int vmport_signal(int fd)
{
	char byte;
	struct iocb read = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)signals.file,
		.aio_buf = (uintptr_t)&byte,
		.aio_nbytes = 1,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)fd,
	};
	struct iocb *list[] = { &read };
	int ret = 0;

	if (syscall(SYS_io_submit, signals.context, 1, list) < 0)
		ret = -errno;
	ends_take();
	return ret;
}
