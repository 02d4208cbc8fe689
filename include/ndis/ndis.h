/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NDIS 6.x as drivers see it. A driver defines NDIS60_MINIPORT, NDIS61_MINIPORT,
 * NDIS620_MINIPORT or NDIS630_MINIPORT (a protocol or filter: NDIS60 ... NDIS630)
 * before it includes this file; a source that defines nothing gets 6.30.
 */
#ifndef OVMQ_NDIS_H
#define OVMQ_NDIS_H

#define _NDIS_

#define NDISAPI
#define EXPORT

#include <ntddk.h>
#include <ntddndis.h>

#include <ndis/status.h>
#include <ndis/nbl.h>
#include <ndis/nblapi.h>
#include <ndis/oidrequest.h>
#include <ndis/lib.h>
#include <ndis/miniport.h>
#include <ndis/interrupt.h>
#include <ndis/hardware.h>
#include <ndis/memory.h>
#include <ndis/protocol.h>
#include <ndis/filter.h>
#include <ndis/extension.h>
#include <ndis/poll.h>
#include <ndis/im.h>
#include <ndis/if.h>

#endif
