/* SPDX-License-Identifier: BSD-2-Clause */
/* Waking a guest by an eventfd that it has open too. */
#ifndef VMPORT_VMPORT_SIGNAL_H
#define VMPORT_VMPORT_SIGNAL_H

/* Before the first vmport_signal(); again is harmless. 0 or a negative errno: the system has no
 * asynchronous reads to give (fs.aio-max-nr). Control thread. */
int vmport_signal_start(void);

/* Adds to the eventfd, and never waits, whatever the guest has done to it. 0, or -EINVAL: it is
 * no eventfd; or another negative errno. Any thread. */
int vmport_signal(int fd);

#endif
