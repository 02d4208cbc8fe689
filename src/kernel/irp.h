/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes an IRP device.c's own; for this room. */
#ifndef KERNEL_IRP_H
#define KERNEL_IRP_H

#include <wdm.h>

/* In Overlay.AsynchronousParameters.UserApcRoutine: called once, when all drivers are
 * done with the IRP, at whatever IRQL it was completed. */
typedef void irp_done(PIRP irp);

#endif
