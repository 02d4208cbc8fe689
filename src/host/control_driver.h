/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of the control socket that are about drivers. */
#ifndef HOST_CONTROL_DRIVER_H
#define HOST_CONTROL_DRIVER_H

#include "control/rpc.h"

/* Their context is a struct drivers. */
extern const struct rpc_method control_driver_methods[];

#endif
