/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 'context': of our own miniport; NULL: it is not ours, and the switch has counted. */
static void read_queue(struct ledger_row *row, const void *context)
{
	struct miniport_queue_report q;

	if (!context || !miniport_queue_report(context, row->queue, &q))
		return;
	row->indicated = q.indicated;
	row->indicated_bytes = q.bytes;
	memcpy(row->wire_drops, q.drops, sizeof(row->wire_drops));
}

/* What NDIS's cache says of a queue: its state, its filters. */
static void read_state(struct ledger_row *row, const struct ndis_queue_info *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].id == row->queue) {
			row->state = (enum vmq_queue_state)list[i].state;
			row->filters = list[i].filters;
			row->processor = list[i].processor;
		}
}

static void read_port(struct ledger_row *row, unsigned index, const void *context,
		      const struct ndis_queue_info *queues, unsigned n)
{
	struct vswitch_port_report p;

	vswitch_port_report(index, &p);
	strncpy(row->vm, p.internal ? "(host)" : p.name, sizeof(row->vm) - 1);
	strncpy(row->why, p.why, sizeof(row->why) - 1);
	row->macs = calloc(p.n_macs, sizeof(*row->macs));
	row->n_macs = row->macs ? p.n_macs : 0;
	for (unsigned m = 0; m < row->n_macs; m++)
		memcpy(row->macs[m], p.macs[m], sizeof(row->macs[m]));
	row->vlan = p.vlan;
	row->processor = p.processor;
	row->up = p.up;
	row->delivered = p.delivered;
	row->delivered_bytes = p.delivered_bytes;
	row->from_vm = p.from_vm;
	row->from_vm_bytes = p.from_vm_bytes;
	row->rate = p.rate;
	row->burst = p.burst;
	row->weight = p.weight;
	row->held_back = p.held_back;
	row->held_back_n = p.held_back_n;
	memcpy(row->port_drops, p.drops, sizeof(row->port_drops));
	row->queue = p.queue;
	row->own_queue = p.queue != 0;
	if (!row->own_queue)
		return;
	row->indicated = p.own_frames;
	row->indicated_bytes = p.own_bytes;
	read_queue(row, context);
	read_state(row, queues, n);
}

/* What our own miniport counted. */
static void read_wire(struct ledger *l, struct ndis_adapter *adapter)
{
	uint64_t unclaimed = ndis_adapter_unclaimed(adapter);

	miniport_report(ndis_adapter_context(adapter), &l->wire);
	l->wire.drops[WIRE_DROP_NO_PROTOCOL] += unclaimed;
	l->wire.indicated -= unclaimed;
}

static void read_classes(struct ledger *l, struct ndis_adapter *adapter)
{
	const void *context = ndis_adapter_context(adapter);

	while (l->n_classes < MINIPORT_MAX_CLASSES &&
	       miniport_class_report(context, l->n_classes, &l->classes[l->n_classes]))
		l->n_classes++;
	if (l->n_classes == 1)
		l->n_classes = 0;
}

/* Of another's miniport, what the switch and NDIS saw. */
static void read_loaded(struct ledger *l, struct ndis_adapter *adapter, const char *file)
{
	uint64_t unclaimed = ndis_adapter_unclaimed(adapter);

	snprintf(l->wire.nic, sizeof(l->wire.nic), "driver %s", file);
	l->wire.indicated = l->ports.from_wire;
	l->wire.drops[WIRE_DROP_NO_PROTOCOL] = unclaimed;
	l->wire.from_nic = l->wire.indicated + unclaimed;
	l->loaded = true;
}

void ledger_ports(struct ledger *l)
{
	memset(l, 0, sizeof(*l));
	vswitch_report(&l->ports);
}

void ledger_totals(struct ledger *l, struct ndis_adapter *adapter, const char *driver_file)
{
	ledger_ports(l);
	if (driver_file)
		read_loaded(l, adapter, driver_file);
	else
		read_wire(l, adapter);
}

int ledger_read(struct ledger *l, struct ndis_adapter *adapter, const char *driver_file,
		bool filtered)
{
	const void *context = driver_file ? NULL : ndis_adapter_context(adapter);
	unsigned n = ndis_adapter_queues(adapter, NULL, 0);
	struct ndis_queue_info *queues = calloc(n + 1, sizeof(*queues));

	ledger_totals(l, adapter, driver_file);
	l->filtered = filtered;
	l->rows = calloc(l->ports.n_ports + 1, sizeof(*l->rows));
	if (!queues || !l->rows) {
		free(queues);
		ledger_free(l);
		return -ENOMEM;
	}
	n = ndis_adapter_queues(adapter, queues, n);
	strcpy(l->rows[0].vm, "(default)");
	l->rows[0].state = VMQ_QUEUE_RUNNING;
	l->rows[0].indicated = l->ports.default_frames;
	l->rows[0].indicated_bytes = l->ports.default_bytes;
	read_queue(&l->rows[0], context);
	for (unsigned i = 0; i < l->ports.n_ports; i++)
		read_port(&l->rows[i + 1], i, context, queues, n);
	l->n_rows = l->ports.n_ports + 1;
	if (!driver_file)
		read_classes(l, adapter);
	free(queues);
	return 0;
}

void ledger_free(struct ledger *l)
{
	for (unsigned i = 0; i < l->n_rows; i++)
		free(l->rows[i].macs);
	free(l->rows);
	l->rows = NULL;
	l->n_rows = 0;
}

static uint64_t sum(const uint64_t *counts, unsigned n)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < n; i++)
		total += counts[i];
	return total;
}

uint64_t ledger_wire_out(const struct ledger *l)
{
	return l->wire.indicated + sum(l->wire.drops, WIRE_DROP_COUNT);
}

uint64_t ledger_ports_in(const struct ledger *l)
{
	return l->ports.from_wire + l->ports.from_vms + l->ports.copies;
}

uint64_t ledger_ports_out(const struct ledger *l)
{
	return l->ports.delivered + l->ports.consumed + l->ports.to_wire + l->ports.on_the_way +
	       sum(l->ports.drops, PORT_DROP_COUNT);
}

bool ledger_balances(const struct ledger *l)
{
	return l->wire.from_nic == ledger_wire_out(l) &&
	       ledger_ports_in(l) == ledger_ports_out(l) &&
	       (l->filtered || l->wire.indicated == l->ports.from_wire);
}

uint64_t ledger_row_drops(const struct ledger_row *row)
{
	return sum(row->wire_drops, WIRE_DROP_COUNT) + sum(row->port_drops, PORT_DROP_COUNT);
}
