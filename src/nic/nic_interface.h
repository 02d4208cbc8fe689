/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says about a network interface of this host, and the
 * privileges it takes to use one. Control thread, unless said otherwise. */
#ifndef NIC_NIC_INTERFACE_H
#define NIC_NIC_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Whether the process has the capability CAP_NET_RAW, CAP_NET_ADMIN (their numbers). */
bool privilege_held(int capability);

/* 0, or -ENODEV (no such interface, not Ethernet, a name no interface can have)
 * or -ENETDOWN with what to do in 'err'. */
int interface_check(const char *name, struct error *err);

/* The MTU; negative errno. */
int interface_mtu(const char *name);
int interface_set_mtu(const char *name, int mtu);   /* 0, or a negative errno */

/* Whether somebody made it promiscuous; false when it is gone. */
bool interface_promiscuous(const char *name);

/* How many receive queues it is set to; 0: it does not say. */
unsigned interface_receive_queues(const char *name);

/* Whether the kernel joins received frames to larger ones (GRO, LRO). */
bool interface_merges(const char *name);

/* How many frames the kernel dropped instead of sending them by the interface, since it is
 * there; those of a tap were for us. False: it is gone. Any thread. */
bool interface_send_drops(const char *name, uint64_t *drops);

/* Whether an interface with this index (>= 1) is there. Any thread. */
bool interface_exists(unsigned index);

#endif
