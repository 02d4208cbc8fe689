/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/queue_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "miniport/miniport.h"
#include "vmq/queue_state.h"

struct rows {
	struct queue_row *list;
	unsigned n, room;
};

static struct queue_row *add(struct rows *rows, const struct machine_adapter_view *adapter,
			     unsigned queue)
{
	struct queue_row *r;

	if (rows->n == rows->room) {
		unsigned room = 2 * rows->room + 16;
		struct queue_row *list = realloc(rows->list, room * sizeof(*list));

		if (!list)
			return NULL;
		rows->list = list;
		rows->room = room;
	}
	r = &rows->list[rows->n++];
	*r = (struct queue_row){ .adapter = *adapter, .queue = queue, .state = "" };
	return r;
}

/* What our own miniport says of the queue. */
static void count(struct queue_row *r)
{
	struct miniport_queue_report q;

	if (!r->adapter.miniport || !miniport_queue_report(r->adapter.miniport, r->queue, &q))
		return;
	r->counted = true;
	r->mode = q.mode;
	r->buffers = q.buffers;
	r->outstanding = q.outstanding;
	r->indicated = q.indicated;
	r->in_place = q.in_place;
	r->lent = q.lent;
}

/* What NDIS knows of it. */
static void describe(struct queue_row *r, const struct ndis_queue_info *info)
{
	r->exists = true;
	r->state = vmq_queue_state_name((enum vmq_queue_state)info->state);
	r->freeing = info->freeing_ms != 0;
	r->processor = info->processor;
	r->msix = info->msix;
	r->filters = info->filters;
	snprintf(r->owner, sizeof(r->owner), "%s", info->owner);
	if (!r->has_port)
		snprintf(r->vm, sizeof(r->vm), "%s", info->vm_name);
	count(r);
}

static const struct ndis_queue_info *find(const struct ndis_queue_info *list, unsigned n,
					  unsigned id)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

static int add_default(struct rows *rows, const struct machine_adapter_view *adapter)
{
	struct queue_row *r = add(rows, adapter, 0);

	if (!r)
		return -ENOMEM;
	r->exists = true;
	r->state = vmq_queue_state_name(VMQ_QUEUE_RUNNING);
	strcpy(r->vm, "(default)");
	count(r);
	return 0;
}

static int add_ports(struct rows *rows, const struct machine_adapter_view *adapter,
		     const struct ndis_queue_info *list, unsigned n)
{
	struct vswitch_report all;

	vswitch_report(&all);
	for (unsigned i = 0; i < all.n_ports; i++) {
		struct vswitch_port_report port;
		const struct ndis_queue_info *info;
		struct queue_row *r;

		vswitch_port_report(i, &port);
		r = add(rows, adapter, port.queue ? port.queue : port.leaving);
		if (!r)
			return -ENOMEM;
		r->has_port = true;
		r->port = port;
		snprintf(r->vm, sizeof(r->vm), "%s", port.internal ? "(host)" : port.name);
		r->processor = port.processor;
		info = r->queue ? find(list, n, r->queue) : NULL;
		if (info)
			describe(r, info);
	}
	return 0;
}

static bool is_listed(const struct rows *rows, const struct machine_adapter_view *adapter,
		      unsigned id)
{
	for (unsigned i = 0; i < rows->n; i++)
		if (rows->list[i].adapter.adapter == adapter->adapter && rows->list[i].queue == id)
			return true;
	return false;
}

static int add_adapter(struct rows *rows, const struct machine_adapter_view *adapter)
{
	unsigned n = ndis_adapter_queues(adapter->adapter, NULL, 0);
	struct ndis_queue_info *list = calloc(n + 1, sizeof(*list));
	unsigned got;
	int rc = list ? add_default(rows, adapter) : -ENOMEM;

	if (rc)
		goto out;
	got = ndis_adapter_queues(adapter->adapter, list, n);
	n = got < n ? got : n;
	if (adapter->has_switch)
		rc = add_ports(rows, adapter, list, n);
	for (unsigned i = 0; i < n && !rc; i++) {
		struct queue_row *r;

		if (is_listed(rows, adapter, list[i].id))
			continue;
		r = add(rows, adapter, list[i].id);
		if (r)
			describe(r, &list[i]);
		else
			rc = -ENOMEM;
	}
out:
	free(list);
	return rc;
}

static int no_adapter(struct machine *machine, const char *name, struct error *err)
{
	struct machine_adapter_view view;
	char known[300] = "";
	size_t used = 0;

	for (unsigned i = 0; machine_adapter_at(machine, i, &view) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
					 view.name);
	return error_set(err, ENOENT, "no adapter \"%.63s\": there %s %s", name,
			 strchr(known, ',') ? "are" : "is", known);
}

int queue_list(struct machine *machine, const char *adapter, struct queue_row **out, unsigned *n,
	       struct error *err)
{
	struct rows rows = { NULL, 0, 0 };
	struct machine_adapter_view view;
	bool found = false;
	int rc = 0;

	for (unsigned i = 0; !rc && machine_adapter_at(machine, i, &view); i++) {
		if (adapter && strcmp(adapter, view.name))
			continue;
		found = true;
		rc = add_adapter(&rows, &view);
	}
	if (!rc && adapter && !found)
		rc = no_adapter(machine, adapter, err);
	else if (rc)
		rc = error_set(err, ENOMEM, "no memory");
	if (rc) {
		free(rows.list);
		return rc;
	}
	*out = rows.list;
	*n = rows.n;
	return 0;
}

void queue_holders(const struct queue_row *r, char *text, size_t size)
{
	uint64_t mine = r->has_port ? r->port.of_queue : 0;
	uint64_t out = r->counted ? r->outstanding : mine;
	uint64_t others = out > mine ? out - mine : 0;

	if (!out)
		snprintf(text, size, "its last requests");
	else if (!others)
		snprintf(text, size, "%" PRIu64 " frames that the port of VM %s holds", mine,
			 r->vm);
	else if (!mine)
		snprintf(text, size, "%" PRIu64 " frames that another driver on adapter %s holds", others,
			 r->adapter.name);
	else
		snprintf(text, size, "%" PRIu64 " frames: the port of VM %s holds %" PRIu64 ", another driver "
			 "on adapter %s the others", out, r->vm, mine, r->adapter.name);
}
