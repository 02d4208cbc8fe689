/* SPDX-License-Identifier: BSD-2-Clause */
/* What this thread is in: the call over an edge, and the callbacks around it. */
#include "verifier/inside.h"

#define DEPTH 64   /* deeper callbacks are not named, and their IRQL is not looked at */

struct callback {
	const struct ndis_object *object;
	const char *name;
	KIRQL irql;
};

static _Thread_local struct callback stack[DEPTH];
static _Thread_local unsigned depth;

void call_begin(struct edge_call *c, struct ndis_layer *from, struct ndis_layer *to,
		const char *function)
{
	static atomic_uint_least64_t walks;

	*c = (struct edge_call){
		.from = from,
		.to = to,
		.from_track = layer_track(from),
		.to_track = layer_track(to),
		.function = function,
		.ns = verifier_ns(),
		.walk = atomic_fetch_add_explicit(&walks, 1, memory_order_relaxed) + 1,
		.processor = (uint16_t)OvmqCurrentProcessor(),
		.irql = KeGetCurrentIrql(),
	};
}

void callback_push(const struct ndis_object *object, const char *name)
{
	if (depth < DEPTH)
		stack[depth] = (struct callback){ object, name, KeGetCurrentIrql() };
	depth++;
}

/* In mode report the driver's caller finds the IRQL that it left. */
static void mend(KIRQL is, KIRQL was)
{
	KIRQL old;

	if (is > was)
		KeLowerIrql(was);
	else
		KeRaiseIrql(was, &old);
}

void callback_pop(void)
{
	struct callback c;
	KIRQL irql = KeGetCurrentIrql();

	if (--depth >= DEPTH)
		return;
	c = stack[depth];
	if (irql == c.irql)
		return;
	report_driver(RULE_IRQL_CALLBACK, c.object, c.name, "callback", c.name,
		      "called at IRQL %u, returned at %u", c.irql, irql);
	mend(irql, c.irql);
}

const char *callback_current(void)
{
	return depth && depth <= DEPTH ? stack[depth - 1].name : NULL;
}

const struct ndis_object *callback_object(void)
{
	return depth && depth <= DEPTH ? stack[depth - 1].object : NULL;
}

void callback_begins(struct ndis_object *object, const char *name)
{
	callback_push(object, name);
}

void callback_ends(struct ndis_object *object, const char *name)
{
	(void)object;
	(void)name;
	callback_pop();
}
