/* SPDX-License-Identifier: BSD-2-Clause */
/* The result as a program reads it. */
#include "host/report.h"

#include <errno.h>

#include <jansson.h>

#include "host/complaints.h"
#include "host/workers.h"
#include "player/player.h"

static json_t *wire_drops(const uint64_t *counts)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		if (counts[i])
			json_object_set_new(o, wire_drop_name((enum wire_drop)i),
					    json_integer((json_int_t)counts[i]));
	return o;
}

static json_t *port_drops(const uint64_t *counts)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < PORT_DROP_COUNT; i++)
		if (counts[i])
			json_object_set_new(o, port_drop_name((enum port_drop)i),
					    json_integer((json_int_t)counts[i]));
	return o;
}

static json_t *macs(const struct ledger_row *r)
{
	json_t *list = json_array();
	char text[18];

	for (unsigned i = 0; i < r->n_macs; i++) {
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", r->macs[i][0],
			 r->macs[i][1], r->macs[i][2], r->macs[i][3], r->macs[i][4], r->macs[i][5]);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* Where RSS spreads its frames: each processor's part. */
static json_t *spread(const struct miniport_report *wire)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < wire->n_spread; i++) {
		const struct miniport_spread *s = &wire->spread[i];

		json_array_append_new(list, json_pack("{s:i, s:I, s:I}", "processor",
						      (int)s->processor, "indicated",
						      (json_int_t)s->indicated, "sent",
						      (json_int_t)s->sent));
	}
	return list;
}

/* Classes of sends, by number. */
static json_t *classes(const struct ledger *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < l->n_classes; i++) {
		const struct miniport_class_report *c = &l->classes[i];
		json_t *o = json_pack("{s:i, s:I, s:I}", "class", (int)i, "sent", (json_int_t)c->sent,
				      "bytes", (json_int_t)c->bytes);
		json_t *priorities = json_array();

		for (int p = 0; p < 8; p++)
			if (c->priorities >> p & 1)
				json_array_append_new(priorities, json_integer(p));
		json_object_set_new(o, "priorities", priorities);
		if (c->ets)
			json_object_set_new(o, "share", json_integer(c->share));
		else
			json_object_set_new(o, "strict", json_true());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *default_queue(const struct ledger_row *r, const struct miniport_report *wire)
{
	json_t *o = json_pack("{s:i, s:I, s:I, s:o}", "queue", 0, "indicated",
			      (json_int_t)r->indicated, "indicated_bytes",
			      (json_int_t)r->indicated_bytes, "wire_drops",
			      wire_drops(r->wire_drops));

	if (wire->n_spread)
		json_object_set_new(o, "rss", spread(wire));
	return o;
}

static json_t *vm(const struct ledger_row *r)
{
	json_t *o = json_pack("{s:s, s:i, s:b, s:o, s:i, s:i, s:b, s:s}", "vm", r->vm, "queue",
			      (int)r->queue, "own_queue", r->own_queue, "macs", macs(r), "vlan",
			      (int)r->vlan, "processor", (int)r->processor, "up", r->up, "state",
			      r->own_queue ? vmq_queue_state_name(r->state) : "");
	json_t *counts = json_pack(
		"{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "filters", (int)r->filters,
		"indicated", (json_int_t)r->indicated, "indicated_bytes",
		(json_int_t)r->indicated_bytes, "frames_in", (json_int_t)r->delivered, "bytes_in",
		(json_int_t)r->delivered_bytes, "frames_out", (json_int_t)r->from_vm, "bytes_out",
		(json_int_t)r->from_vm_bytes, "wire_drops", wire_drops(r->wire_drops), "port_drops",
		port_drops(r->port_drops));

	json_object_update(o, counts);
	json_decref(counts);
	if (r->rate) {
		json_object_set_new(o, "rate", json_integer((json_int_t)r->rate));
		json_object_set_new(o, "burst", json_integer((json_int_t)r->burst));
	}
	if (r->weight)
		json_object_set_new(o, "weight", json_integer((json_int_t)r->weight));
	if (r->rate || r->weight || r->held_back_n) {
		json_object_set_new(o, "held_back", json_boolean(r->held_back));
		json_object_set_new(o, "held_back_times", json_integer((json_int_t)r->held_back_n));
	}
	if (r->why[0])
		json_object_set_new(o, "why", json_string(r->why));
	return o;
}

static json_t *ledgers(const struct ledger *l)
{
	json_t *o =
	       json_pack("{s:{s:s, s:I, s:I, s:o, s:b}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:b}}",
			 "wire", "nic", l->wire.nic, "from_nic", (json_int_t)l->wire.from_nic,
			 "indicated", (json_int_t)l->wire.indicated, "drops", wire_drops(l->wire.drops),
			 "balances", l->wire.from_nic == ledger_wire_out(l), "ports", "from_wire",
			 (json_int_t)l->ports.from_wire, "from_vms", (json_int_t)l->ports.from_vms,
			 "copies", (json_int_t)l->ports.copies, "delivered",
			 (json_int_t)l->ports.delivered, "consumed", (json_int_t)l->ports.consumed,
			 "to_wire", (json_int_t)l->ports.to_wire, "drops", port_drops(l->ports.drops),
			 "balances", ledger_ports_in(l) == ledger_ports_out(l));

	if (l->n_classes)
		json_object_set_new(o, "classes", classes(l));
	if (l->ports.placement)
		json_object_set_new(json_object_get(o, "ports"), "placement",
				    json_string(l->ports.placement));
	if (l->wire.filter_engine)
		json_object_set_new(json_object_get(o, "wire"), "filter_engine",
				    json_string(l->wire.filter_engine));
	return o;
}

static json_t *plays(void)
{
	json_t *list = json_array();
	struct player_report r;

	for (unsigned i = 0; player_report(i, &r); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "adapter", r.adapter,
						      "file", r.file, "sent", (json_int_t)r.sent, "failed",
						      (json_int_t)r.failed, "skipped", (json_int_t)r.skipped,
						      "outstanding", (json_int_t)r.outstanding));
	return list;
}

int report_json(FILE *out, const struct ledger *l)
{
	json_t *root = ledgers(l), *vms = json_array();

	if (!root || !vms) {
		json_decref(root);
		json_decref(vms);
		return -ENOMEM;
	}
	json_object_set_new(root, "default_queue", default_queue(&l->rows[0], &l->wire));
	for (unsigned i = 1; i < l->n_rows; i++)
		json_array_append_new(vms, vm(&l->rows[i]));
	json_object_set_new(root, "vms", vms);
	json_object_set_new(root, "plays", plays());
	json_object_set_new(root, "workers", workers_json());
	json_object_set_new(root, "complaints", complaints_json());
	json_dumpf(root, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(root);
	return 0;
}
