/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients of the network input and output system include; its NBL calls are in ndis.h. */
#ifndef OVMQ_NETIODDK_H
#define OVMQ_NETIODDK_H

#include <netiodef.h>
#include <ndis.h>

#endif
