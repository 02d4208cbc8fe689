/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/control_queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/log.h"
#include "host/queue_list.h"
#include "wire/wire.h"

/* What the adapter has for a change. One that takes longer goes on by itself. */
#define PATIENCE_MS 5000

static const char *text_of(const json_t *params, const char *key)
{
	return json_string_value(json_object_get(params, key));
}

/* ---- results ---- */

static json_t *describe(const struct queue_row *r)
{
	json_t *o = json_pack("{s:s, s:i, s:s, s:b, s:s, s:s, s:i}", "adapter", r->adapter.name, "queue",
			      r->exists ? (int)r->queue : 0, "vm", r->vm, "own_queue",
			      r->exists && r->queue, "owner", r->owner, "state", r->state, "filters",
			      (int)r->filters);
	char text[300];

	json_object_set_new(o, "processor", r->processor == VSWITCH_MOVING ? json_null() :
			    json_integer((json_int_t)r->processor));
	if (r->exists && r->queue)
		json_object_set_new(o, "msix", json_integer((json_int_t)r->msix));
	if (r->counted) {
		if (r->mode[0])
			json_object_set_new(o, "mode", json_string(r->mode));
		json_object_set_new(o, "buffers", json_integer((json_int_t)r->buffers));
		json_object_set_new(o, "outstanding", json_integer((json_int_t)r->outstanding));
		json_object_set_new(o, "indicated", json_integer((json_int_t)r->indicated));
		if (!strcmp(r->mode, "steered"))
			json_object_set_new(o, "in_place", json_integer((json_int_t)r->in_place));
		if (r->lent)
			json_object_set_new(o, "without_buffers", json_integer((json_int_t)r->lent));
	}
	if (r->has_port) {
		json_object_set_new(o, "held", json_integer((json_int_t)r->port.of_queue));
		json_object_set_new(o, "lent", json_integer((json_int_t)r->port.lent));
		json_object_set_new(o, "faults", json_integer((json_int_t)r->port.faults));
		json_object_set_new(o, "per_queue_indication", json_boolean(r->port.per_queue));
		json_object_set_new(o, "rate", json_integer((json_int_t)r->port.rate));
		json_object_set_new(o, "burst", json_integer((json_int_t)r->port.burst));
		json_object_set_new(o, "weight", json_integer((json_int_t)r->port.weight));
		json_object_set_new(o, "held_back", json_boolean(r->port.held_back));
		json_object_set_new(o, "held_back_times",
				    json_integer((json_int_t)r->port.held_back_n));
		json_object_set_new(o, "frames_in", json_integer((json_int_t)r->port.delivered));
		json_object_set_new(o, "frames_out", json_integer((json_int_t)r->port.from_vm));
	}
	if (r->freeing) {
		queue_holders(r, text, sizeof(text));
		json_object_set_new(o, "waits_for", json_string(text));
	} else if (r->has_port && r->port.why[0]) {
		json_object_set_new(o, "why", json_string(r->port.why));
	}
	return o;
}

static int list(void *context, const json_t *params, json_t **result, struct error *err)
{
	struct queue_row *rows;
	unsigned n;
	int rc = queue_list(context, text_of(params, "adapter"), &rows, &n, err);

	if (rc)
		return rc;
	*result = json_array();
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(*result, describe(&rows[i]));
	free(rows);
	return *result ? 0 : -ENOMEM;
}

/* ---- which VM is meant ---- */

static const char *name_of(unsigned port)
{
	struct vswitch_port_report r;

	vswitch_port_report(port, &r);
	return r.internal ? "(host)" : r.name;
}

static int no_vm(const char *name, unsigned n, struct error *err)
{
	char known[400] = "";
	size_t used = 0;

	for (unsigned i = 0; i < n && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
					 name_of(i));
	return error_set(err, ENOENT, "no VM \"%.63s\": there %s %s", name, n == 1 ? "is" : "are",
			 n ? known : "none");
}

static int find_vm(const char *name, unsigned *port, struct error *err)
{
	struct vswitch_report all;

	vswitch_report(&all);
	for (*port = 0; *port < all.n_ports; (*port)++)
		if (!strcmp(name, name_of(*port)))
			return 0;
	return no_vm(name, all.n_ports, err);
}

/* The queue of that number, which must be one of the switch's. */
static int find_queue(struct machine *machine, const char *adapter, unsigned id, unsigned *port,
		      struct error *err)
{
	struct queue_row *rows;
	unsigned n, i = 0;
	int rc = queue_list(machine, adapter, &rows, &n, err);

	if (rc)
		return rc;
	while (i < n && (rows[i].queue != id || !rows[i].exists ||
			 (!adapter && !rows[i].adapter.has_switch)))
		i++;
	if (!id)
		rc = error_set(err, EINVAL, "queue 0 is the default queue: it is nobody's, and stays where it is");
	else if (i == n)
		rc = error_set(err, ENOENT, "no queue %u; see queue list", id);
	else if (!rows[i].has_port)
		rc = error_set(err, EPERM, "queue %u of adapter %s is protocol %s's, and its to change", id,
			       rows[i].adapter.name, rows[i].owner);
	else
		rc = find_vm(rows[i].vm, port, err);
	free(rows);
	return rc;
}

/* 'vm' or 'queue', on 'adapter' if one is named. */
static int find_port(struct machine *machine, const json_t *params, unsigned *port,
		     struct error *err)
{
	const char *vm = text_of(params, "vm"), *adapter = text_of(params, "adapter");
	json_t *queue = json_object_get(params, "queue");
	struct machine_adapter_view view;

	if (!vm == !queue)
		return error_set(err, EINVAL, "say \"vm\" or \"queue\", one of the two");
	for (unsigned i = 0; adapter && machine_adapter_at(machine, i, &view); i++)
		if (!strcmp(adapter, view.name) && !view.has_switch)
			return error_set(err, EINVAL, "adapter %s has no VMs: the switch is on another", adapter);
	if (queue)
		return find_queue(machine, adapter, (unsigned)json_integer_value(queue), port, err);
	return find_vm(vm, port, err);
}

/* ---- changes ---- */

static int row_of(struct machine *machine, unsigned port, json_t **result, struct error *err)
{
	struct queue_row *rows;
	unsigned n;
	int rc = queue_list(machine, NULL, &rows, &n, err);

	if (rc)
		return rc;
	for (unsigned i = 0; i < n; i++)
		if (rows[i].has_port && !strcmp(rows[i].vm, name_of(port)))
			*result = describe(&rows[i]);
	free(rows);
	return *result ? 0 : -ENOMEM;
}

/* The switch has said what failed; here is why, as far as anybody knows. */
static void explain(struct machine *machine, unsigned port, int rc, struct error *err)
{
	struct error short_text = *err;
	char why[NDIS_REFUSAL_TEXT] = "";
	struct queue_row *rows;
	struct error ignored;
	unsigned n;

	if (rc == -EIO)
		ndis_adapter_refusal(machine_adapter(machine), why, sizeof(why));
	if (rc == -ETIMEDOUT && !queue_list(machine, NULL, &rows, &n, &ignored)) {
		for (unsigned i = 0; i < n; i++)
			if (rows[i].has_port && rows[i].freeing &&
			    !strcmp(rows[i].vm, name_of(port)))
				queue_holders(&rows[i], why, sizeof(why));
		free(rows);
	}
	if (why[0])
		error_set(err, -rc, "%.330s (%s)", short_text.text, why);
}

static int finish(struct machine *machine, unsigned port, int rc, const char *done, json_t **result,
		  struct error *err)
{
	if (rc) {
		explain(machine, port, rc, err);
		return rc;
	}
	log_info("control: the queue of VM %s was %s", name_of(port), done);
	return row_of(machine, port, result, err);
}

static int move(void *context, const json_t *params, json_t **result, struct error *err)
{
	unsigned processor = (unsigned)json_integer_value(json_object_get(params, "processor")), port;
	int rc = find_port(context, params, &port, err);

	if (rc)
		return rc;
	rc = vswitch_port_move(port, processor, PATIENCE_MS, err);
	return finish(context, port, rc, "moved", result, err);
}

static int release(void *context, const json_t *params, json_t **result, struct error *err)
{
	unsigned port;
	int rc = find_port(context, params, &port, err);

	if (rc)
		return rc;
	rc = vswitch_port_release(port, PATIENCE_MS, err);
	return finish(context, port, rc, "released", result, err);
}

static int assign(void *context, const json_t *params, json_t **result, struct error *err)
{
	unsigned port;
	int rc = find_port(context, params, &port, err);

	if (rc)
		return rc;
	rc = vswitch_port_assign(port, PATIENCE_MS, err);
	return finish(context, port, rc, "assigned", result, err);
}

/* An amount among the parameters; where there is none '*value' stays. */
static int amount_of(const json_t *params, const char *name, uint64_t *value, struct error *err)
{
	const char *text = text_of(params, name);

	if (text && amount_parse(text, value))
		return error_set(err, EINVAL, "the %s \"%.63s\" is no amount, such as 100M", name, text);
	return 0;
}

/* What the VM may send: what is not named stays. */
static int set_send(unsigned port, const json_t *params, struct error *err)
{
	const json_t *weight = json_object_get(params, "weight");
	struct vswitch_port_report now;
	uint64_t rate, burst = 0;
	int rc;

	vswitch_port_report(port, &now);
	rate = now.rate;
	rc = amount_of(params, "rate", &rate, err);
	if (!rc && rate == now.rate)
		burst = now.burst;   /* of another rate: as that one needs */
	if (!rc)
		rc = amount_of(params, "burst", &burst, err);
	if (!rc && !rate && text_of(params, "burst"))
		rc = error_set(err, EINVAL, "VM %s: a burst is of a rate, and there is none; set the rate too",
			       now.name);
	return rc ? rc : vswitch_port_set_send(port, rate, burst, weight ?
					       (unsigned)json_integer_value(weight) : now.weight, err);
}

static int set(void *context, const json_t *params, json_t **result, struct error *err)
{
	const json_t *per_queue = json_object_get(params, "per-queue-indication");
	bool send = json_object_get(params, "rate") || json_object_get(params, "burst") ||
		    json_object_get(params, "weight");
	unsigned port;
	int rc = find_port(context, params, &port, err);

	if (rc)
		return rc;
	if (!send && !per_queue)
		return error_set(err, EINVAL, "say \"per-queue-indication\", \"rate\", \"burst\" or "
				 "\"weight\"");
	if (send)
		rc = set_send(port, params, err);
	if (!rc && per_queue)
		rc = vswitch_port_set_indication(port, json_is_true(per_queue), PATIENCE_MS, err);
	return finish(context, port, rc, "set", result, err);
}

#define VM { "vm", RPC_TEXT, true }

const struct rpc_method control_queue_methods[] = {
	{ WIRE_QUEUE_LIST, { { "adapter", RPC_TEXT, false } }, list },
	{ WIRE_QUEUE_MOVE, { { "processor", RPC_NUMBER, true }, { "vm", RPC_TEXT, false },
			     { "queue", RPC_NUMBER, false }, { "adapter", RPC_TEXT, false } }, move },
	{ WIRE_QUEUE_RELEASE, { VM }, release },
	{ WIRE_QUEUE_ASSIGN, { VM }, assign },
	{ WIRE_QUEUE_SET, { VM, { "per-queue-indication", RPC_BOOLEAN, false },
			    { "rate", RPC_TEXT, false }, { "burst", RPC_TEXT, false },
			    { "weight", RPC_NUMBER, false } }, set },
	{ 0 },
};
