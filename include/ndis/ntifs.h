/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers of file systems and some others include in place of ntddk.h; wdm.h has
 * all that network drivers use of it. */
#ifndef OVMQ_NTIFS_H
#define OVMQ_NTIFS_H

#define _NTIFS_

#include <ntddk.h>

#endif
