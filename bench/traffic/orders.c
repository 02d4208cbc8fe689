/* SPDX-License-Identifier: BSD-2-Clause */
#include "orders.h"

#include <errno.h>

#include <rte_cycles.h>

#include "report.h"

int order_refused(const char *text, const char *what)
{
	report_error("%s%s", text, what);
	return -EINVAL;
}

static bool given(const struct arguments *a, unsigned bits)
{
	return a->given & bits;
}

static uint64_t first_as_number(struct probe_address mac)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 6; i++)
		value = value << 8 | mac.bytes[i];
	return value;
}

static int start_reading(struct guest *g, const struct arguments *a, enum guest_reading reading)
{
	struct inspect_mine *mine = &g->inspect.mine;

	if (reading == GUEST_SLOW && !given(a, ARGUMENT_BIT(rate)))
		return order_refused("slow needs rate=", "N");
	*mine = (struct inspect_mine){ .n = UINT64_MAX, .vlan = INSPECT_ANY_VLAN };
	if (given(a, ARGUMENT_BIT(to))) {
		mine->first = first_as_number(a->to);
		mine->n = a->n_to;
	}
	if (given(a, ARGUMENT_BIT(vlan)))
		mine->vlan = (uint16_t)a->vlan;
	guest_read(g, reading, (double)a->numbers[ARGUMENT_rate]);
	return 0;
}

int order_receive(struct guest *g, const struct arguments *a)
{
	return start_reading(g, a, GUEST_RECEIVES);
}

int order_slow(struct guest *g, const struct arguments *a)
{
	return start_reading(g, a, GUEST_SLOW);
}

int order_echo(struct guest *g, const struct arguments *a)
{
	return start_reading(g, a, GUEST_ECHOES);
}

int order_close(struct guest *g, const struct arguments *a)
{
	(void)a;
	guest_read(g, GUEST_CLOSED, 0);
	return 0;
}

int order_shape(struct guest *g, const struct arguments *a)
{
	struct stream_shape shape = g->stream.shape;

	if (given(a, ARGUMENT_BIT(to))) {
		shape.to = a->to;
		shape.n_to = a->n_to;
	}
	if (given(a, ARGUMENT_BIT(from)) && arguments_address(a->from, &shape.from, NULL))
		return order_refused(a->from, " is no MAC address");
	if (given(a, ARGUMENT_BIT(size)))
		shape.size = a->size;
	if (given(a, ARGUMENT_BIT(vlan)))
		shape.vlan = (uint16_t)a->vlan;
	if (given(a, ARGUMENT_BIT(flows)))
		shape.flows = (unsigned)a->numbers[ARGUMENT_flows];
	if (!shape.n_to)
		return order_refused("to= is needed: nobody has said yet where to send from ", g->port.name);
	if (shape.vlan == INSPECT_ANY_VLAN)
		return order_refused("vlan=any", " is for who receives");
	if ((uint64_t)shape.n_to * shape.flows > STREAM_FLOWS)
		return order_refused("more than 2048 flows", " (to=MAC+N times flows=N)");
	if (given(a, ORDER_STREAM_KEYS) && stream_set_shape(&g->stream, &shape))
		return order_refused("no memory for so many flows", "");
	return 0;
}

int order_flood(struct guest *g, const struct arguments *a)
{
	int rc = order_shape(g, a);

	if (!rc)
		stream_start(&g->stream, 0, a->numbers[ARGUMENT_count], rte_rdtsc());
	return rc;
}

int order_pace(struct guest *g, const struct arguments *a)
{
	int rc;

	if (!given(a, ARGUMENT_BIT(rate)))
		return order_refused("pace needs rate=", "N");
	rc = order_shape(g, a);
	if (!rc)
		stream_start(&g->stream, (double)a->numbers[ARGUMENT_rate], a->numbers[ARGUMENT_count],
			     rte_rdtsc());
	return rc;
}

int order_silent(struct guest *g, const struct arguments *a)
{
	(void)a;
	stream_stop(&g->stream);
	return 0;
}
