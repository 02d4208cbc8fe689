/* SPDX-License-Identifier: BSD-2-Clause */
/* GUIDs, in ntdef.h. */
#ifndef OVMQ_GUIDDEF_H
#define OVMQ_GUIDDEF_H

#include <ntdef.h>

#endif
