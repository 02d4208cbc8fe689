/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers that also speak with the IP stack include: of it they have here the
 * types of interfaces and addresses. */
#ifndef OVMQ_NETIOAPI_H
#define OVMQ_NETIOAPI_H

#include <ntddndis.h>
#include <inaddr.h>
#include <in6addr.h>

#endif
