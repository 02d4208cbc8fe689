/* SPDX-License-Identifier: BSD-2-Clause */
/* Checked arithmetic; the kernel's set serves. */
#ifndef OVMQ_INTSAFE_H
#define OVMQ_INTSAFE_H

#include <ntintsafe.h>

#endif
