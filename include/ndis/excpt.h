/* SPDX-License-Identifier: BSD-2-Clause */
/* Structured exceptions, in ntdef.h: a body runs, its handlers never do. */
#ifndef OVMQ_EXCPT_H
#define OVMQ_EXCPT_H

#include <ntdef.h>

#endif
