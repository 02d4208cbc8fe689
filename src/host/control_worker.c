/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/control_worker.h"

#include <errno.h>

#include "host/workers.h"
#include "wire/wire.h"

static int list(void *context, const json_t *params, json_t **result, struct error *err)
{
	(void)context;
	(void)params;
	*result = workers_json();
	return *result ? 0 : error_set(err, ENOMEM, "no memory");
}

const struct rpc_method control_worker_methods[] = {
	{ WIRE_WORKER_LIST, { { 0 } }, list },
	{ 0 },
};
