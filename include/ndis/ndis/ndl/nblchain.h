/* SPDX-License-Identifier: BSD-2-Clause */
/* The name under which drivers that bring the NDIS driver library include it. */
#ifndef OVMQ_NDIS_NDL_NBLCHAIN
#define OVMQ_NDIS_NDL_NBLCHAIN

#include <ndis/nblchain.h>

#endif
