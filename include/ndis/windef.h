/* SPDX-License-Identifier: BSD-2-Clause */
/* The types of Windows programs; drivers have them by ntdef.h. */
#ifndef OVMQ_WINDEF_H
#define OVMQ_WINDEF_H

#include <ntdef.h>

#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#ifndef min
#ifndef __cplusplus
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#endif

#endif
