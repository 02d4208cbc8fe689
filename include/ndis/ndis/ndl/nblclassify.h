/* SPDX-License-Identifier: BSD-2-Clause */
/* The name under which drivers that bring the NDIS driver library include it. */
#ifndef OVMQ_NDIS_NDL_NBLCLASSIFY
#define OVMQ_NDIS_NDL_NBLCLASSIFY

#include <ndis/nblclassify.h>

#endif
