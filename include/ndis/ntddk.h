/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers that are not plain WDM drivers include: wdm.h, and no more is
 * needed of it by network drivers. */
#ifndef OVMQ_NTDDK_H
#define OVMQ_NTDDK_H

#define _NTDDK_

#include <wdm.h>

#endif
