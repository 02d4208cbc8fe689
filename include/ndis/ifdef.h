/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces: indexes, LUIDs, states; in ntddndis.h. */
#ifndef OVMQ_IFDEF_H
#define OVMQ_IFDEF_H

#include <ntddndis.h>

#endif
