/* SPDX-License-Identifier: BSD-2-Clause */
/* The result as a person reads it. Columns are as wide as what stands in them. */
#include "host/report.h"

#include <inttypes.h>
#include <string.h>

#include "host/workers.h"
#include "player/player.h"

#define COLUMNS 12
#define CELL    28
#define MOST_MACS 16   /* of a VM, lest its neighbours be lost between them */

struct cells {
	char text[COLUMNS][CELL];
};

static const char *const titles[COLUMNS] = {
	"QueueID", "VM", "MAC address", "VLAN", "CPU", "State", "Filters",
	"Frames in", "Bytes in", "Frames out", "Bytes out", "Drops",
};

/* Names to the left, numbers to the right. */
static bool is_left(unsigned column)
{
	return column == 1 || column == 2 || column == 5;
}

static void mac_text(char to[CELL], const uint8_t *mac)
{
	snprintf(to, CELL, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

static void fill(struct cells *c, const struct ledger_row *r, const struct ledger *l)
{
	bool is_default = r == l->rows;

	memset(c, 0, sizeof(*c));
	snprintf(c->text[0], CELL, "%u", r->queue);
	snprintf(c->text[1], CELL, "%.27s", r->vm);
	if (r->n_macs)
		mac_text(c->text[2], r->macs[0]);
	else
		strcpy(c->text[2], "-");
	if (r->vlan)
		snprintf(c->text[3], CELL, "%u", r->vlan);
	else
		strcpy(c->text[3], "-");
	snprintf(c->text[4], CELL, "%u", r->processor);
	if (r->own_queue || is_default) {
		snprintf(c->text[5], CELL, "%s", vmq_queue_state_name(r->state));
		snprintf(c->text[6], CELL, "%u", r->filters);
	} else {
		strcpy(c->text[5], "no queue");
		strcpy(c->text[6], "-");
	}
	/* The default queue's row counts what came on it; a VM's, what it got. */
	snprintf(c->text[7], CELL, "%" PRIu64, is_default ? r->indicated : r->delivered);
	snprintf(c->text[8], CELL, "%" PRIu64, is_default ? r->indicated_bytes : r->delivered_bytes);
	snprintf(c->text[9], CELL, "%" PRIu64, r->from_vm);
	snprintf(c->text[10], CELL, "%" PRIu64, r->from_vm_bytes);
	snprintf(c->text[11], CELL, "%" PRIu64, ledger_row_drops(r));
}

static void widen(unsigned width[COLUMNS], const struct cells *c)
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (strlen(c->text[i]) > width[i])
			width[i] = (unsigned)strlen(c->text[i]);
}

static void print_row(FILE *out, const struct cells *c, const unsigned width[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS; i++)
		fprintf(out, is_left(i) ? "%s%-*s" : "%s%*s", i ? "  " : "", (int)width[i], c->text[i]);
	fprintf(out, "\n");
}

/* "100M" */
static void amount_text(char to[CELL], uint64_t n)
{
	static const char units[] = "\0KMG";
	unsigned unit = 0;

	while (unit < 3 && n && n % 1000 == 0) {
		n /= 1000;
		unit++;
	}
	snprintf(to, CELL, "%" PRIu64 " %.1s", n, &units[unit]);
}

/* What the VM may send, where that is limited. */
static void print_limits(FILE *out, const struct ledger_row *r, unsigned indent)
{
	char rate[CELL];

	if (!r->rate && !r->weight)
		return;
	fprintf(out, "%*s  sends:", (int)indent, "");
	if (r->rate) {
		amount_text(rate, r->rate);
		fprintf(out, " %sbit/s at most", rate);
	}
	if (r->weight)
		fprintf(out, "%s weight %u", r->rate ? "," : "", r->weight);
	if (r->held_back_n)
		fprintf(out, "; held back %" PRIu64 " times%s", r->held_back_n,
			r->held_back ? ", and now" : "");
	fprintf(out, "\n");
}

/* A VM's other addresses, what it may send, and why it has no queue, on lines of their own. */
static void print_more(FILE *out, const struct ledger_row *r, const unsigned width[COLUMNS])
{
	char mac[CELL];

	for (unsigned m = 1; m < r->n_macs && m < MOST_MACS; m++) {
		mac_text(mac, r->macs[m]);
		fprintf(out, "%*s  %s\n", (int)(width[0] + 2 + width[1]), "", mac);
	}
	if (r->n_macs > MOST_MACS)
		fprintf(out, "%*s  and %u more (--json has them)\n", (int)(width[0] + 2 + width[1]), "",
			r->n_macs - MOST_MACS);
	print_limits(out, r, width[0]);
	if (r->why[0])
		fprintf(out, "%*s  %s\n", (int)width[0], "", r->why);
}

static void print_queues(FILE *out, const struct ledger *l)
{
	unsigned width[COLUMNS];
	struct cells c;

	for (unsigned i = 0; i < COLUMNS; i++) {
		width[i] = (unsigned)strlen(titles[i]);
		snprintf(c.text[i], CELL, "%s", titles[i]);
	}
	for (unsigned i = 0; i < l->n_rows; i++) {
		struct cells row;

		fill(&row, &l->rows[i], l);
		widen(width, &row);
	}
	print_row(out, &c, width);
	for (unsigned i = 0; i < l->n_rows; i++) {
		fill(&c, &l->rows[i], l);
		print_row(out, &c, width);
		print_more(out, &l->rows[i], width);
	}
}

static void line(FILE *out, uint64_t n, const char *what)
{
	fprintf(out, "  %12" PRIu64 "  %s\n", n, what);
}

static void drop_line(FILE *out, uint64_t n, const char *name, const char *text)
{
	if (n)
		fprintf(out, "  %12" PRIu64 "  dropped: %s (%s)\n", n, name, text);
}

static void print_verdict(FILE *out, uint64_t in, uint64_t accounted)
{
	if (in == accounted)
		fprintf(out, "  balances: %" PRIu64 " = %" PRIu64 "\n", in, accounted);
	else
		fprintf(out, "  DOES NOT BALANCE: %" PRIu64 " in, %" PRIu64 " accounted for\n", in,
			accounted);
}

/* Each processor's part of the frames that RSS spreads. */
static void print_spread(FILE *out, const struct miniport_report *wire)
{
	for (unsigned i = 0; i < wire->n_spread; i++) {
		const struct miniport_spread *s = &wire->spread[i];

		fprintf(out, "  %12" PRIu64 "  of them on processor %u, by RSS\n", s->indicated,
			s->processor);
	}
}

/* Each class of sends: DCB's, or one for each priority. */
static void print_classes(FILE *out, const struct ledger *l)
{
	if (l->n_classes)
		fprintf(out, "\nClasses of sends\n");
	for (unsigned i = 0; i < l->n_classes; i++) {
		const struct miniport_class_report *c = &l->classes[i];

		fprintf(out, "  %12" PRIu64 "  class %u, ", c->sent, i);
		if (c->ets)
			fprintf(out, "%u %%", c->share);
		else
			fprintf(out, "strict");
		fprintf(out, ", priorities");
		for (unsigned p = 0; p < 8; p++)
			if (c->priorities >> p & 1)
				fprintf(out, " %u%s", p, c->pfc >> p & 1 ? " (PFC)" : "");
		fputc('\n', out);
	}
}

static void print_wire(FILE *out, const struct ledger *l)
{
	fprintf(out, "\nThe wire (%s)\n", l->wire.nic);
	if (!l->loaded)
		line(out, l->wire.from_nic, "frames from the NIC");
	line(out, l->wire.indicated, "indicated through NDIS");
	print_spread(out, &l->wire);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		drop_line(out, l->wire.drops[i], wire_drop_name((enum wire_drop)i),
			  wire_drop_text((enum wire_drop)i));
	if (!l->loaded)
		print_verdict(out, l->wire.from_nic, ledger_wire_out(l));
	if (l->wire.indicated > l->ports.from_wire)
		line(out, l->wire.indicated - l->ports.from_wire, "of them kept by filters");
	if (l->wire.indicated < l->ports.from_wire)
		line(out, l->ports.from_wire - l->wire.indicated, "more made by filters");
}

static void print_ports(FILE *out, const struct ledger *l)
{
	fprintf(out, "\nThe ports\n");
	line(out, l->ports.from_wire, "frames from the wire");
	line(out, l->ports.from_vms, "frames from VMs");
	line(out, l->ports.copies, "copies made by replication");
	line(out, l->ports.delivered, "delivered to VMs");
	if (l->ports.consumed)
		line(out, l->ports.consumed, "consumed by this host");
	line(out, l->ports.to_wire, "sent to the wire");
	for (unsigned i = 0; i < PORT_DROP_COUNT; i++)
		drop_line(out, l->ports.drops[i], port_drop_name((enum port_drop)i),
			  port_drop_text((enum port_drop)i));
	if (l->ports.on_the_way)
		line(out, l->ports.on_the_way, "still on their way");
	print_verdict(out, ledger_ports_in(l), ledger_ports_out(l));
}

static void print_plays(FILE *out)
{
	struct player_report r;

	for (unsigned i = 0; player_report(i, &r); i++) {
		fprintf(out, "\nPlayed into %s (%s)\n", r.adapter, r.file);
		line(out, r.sent, "frames sent");
		if (r.failed)
			line(out, r.failed, "refused by the adapter");
		if (r.skipped)
			line(out, r.skipped, "not sent: cut short in the capture, or too long");
		if (r.outstanding)
			line(out, r.outstanding, "sent and never completed");
	}
}

void report_table(FILE *out, const struct ledger *ledger)
{
	print_queues(out, ledger);
	print_wire(out, ledger);
	print_classes(out, ledger);
	print_ports(out, ledger);
	print_plays(out);
	workers_print(out);
}
