/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HOST_CONTROL_WORKER_H
#define HOST_CONTROL_WORKER_H

#include "control/rpc.h"

/* The methods of the control socket about workers. They need no context. */
extern const struct rpc_method control_worker_methods[];

#endif
