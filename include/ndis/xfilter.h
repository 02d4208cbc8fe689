/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of Ethernet addresses; in ndis.h. */
#ifndef OVMQ_XFILTER_H
#define OVMQ_XFILTER_H

#include <ndis.h>

#endif
