/* SPDX-License-Identifier: BSD-2-Clause */
/* Interface types; in ntddndis.h. */
#ifndef OVMQ_IPIFCONS_H
#define OVMQ_IPIFCONS_H

#include <ntddndis.h>

#endif
