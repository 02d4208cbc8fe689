/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of the control socket that are about receive queues, while they are used. */
#ifndef HOST_CONTROL_QUEUE_H
#define HOST_CONTROL_QUEUE_H

#include "control/rpc.h"

/* Their context is a struct machine. */
extern const struct rpc_method control_queue_methods[];

#endif
