/* SPDX-License-Identifier: BSD-2-Clause */
/* The least set of the types of Windows programs. */
#ifndef OVMQ_MINWINDEF_H
#define OVMQ_MINWINDEF_H

#include <windef.h>

#endif
