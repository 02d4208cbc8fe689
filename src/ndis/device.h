/* SPDX-License-Identifier: BSD-2-Clause */
/* Device objects that NDIS itself stands for; for this room alone. */
#ifndef NDIS_DEVICE_H
#define NDIS_DEVICE_H

#include <ndis.h>

/* The driver of every device that NDIS makes: it hands requests to the functions in
 * the device, and refuses them where there are none. */
extern DRIVER_OBJECT ndis_device_driver;

#endif
