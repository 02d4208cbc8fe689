/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/crash.h"
#include "host/eal.h"
#include "host/heap.h"
#include "host/open_files.h"
#include "host/machine_adapter.h"
#include "kernel/kernel.h"
#include "player/player.h"
#include "policy/placement.h"
#include "verifier/verifier.h"
#include "vswitch/vswitch.h"

struct machine {
	bool eal, kernel, ports;
	struct machine_images images;
	struct drivers *drivers;
	struct machine_adapter adapters[CONFIG_MAX_ADAPTERS];
	unsigned n_adapters, switch_adapter;
};

static struct vswitch_port_config port_config(const struct vm_config *vm, bool internal)
{
	return (struct vswitch_port_config){
		.name = vm->name, .macs = (const uint8_t (*)[6])vm->macs, .n_macs = vm->n_macs,
		.vlan = vm->vlan, .processor = vm->processor, .port = vm->port, .sends = vm->sends,
		.spoofing = vm->spoofing, .offload = !vm->no_offload, .direct = !vm->no_direct,
		.internal = internal, .rate = vm->rate, .burst = vm->burst, .weight = vm->weight,
	};
}

static int open_ports(struct machine *m, const struct host_config *c, struct error *err)
{
	struct vswitch_port_config *ports = calloc(c->n_vms + 1, sizeof(*ports));
	struct vswitch_config s = { .ports = ports, .mtu = c->adapters[c->switch_adapter].mtu,
				    .processors = c->processors,
				    .placement = placements[c->placement],
				    .ndis_version = c->switch_ndis & 0xff };   /* the minor one */
	int rc;

	if (!ports)
		return error_set(err, ENOMEM, "no memory");
	for (unsigned i = 0; i < c->n_vms; i++)
		ports[s.n_ports++] = port_config(&c->vms[i], false);
	if (c->internal)
		ports[s.n_ports++] = port_config(c->internal, true);
	rc = vswitch_open(&s, err);
	free(ports);
	m->ports = !rc;
	return rc;
}

static int worker_begins(unsigned worker)
{
	int rc = eal_thread_begins(worker);

	if (rc)
		return rc;
	rc = crash_thread_begins();
	if (rc)
		eal_thread_ends(worker);
	return rc;
}

static void worker_ends(unsigned worker)
{
	crash_thread_ends();
	eal_thread_ends(worker);
}

/* One that has no stack for the crash handler goes without. */
static void thread_begins(void)
{
	crash_thread_begins();
}

static int start_workers(struct machine *m, const struct host_config *c, struct error *err)
{
	const struct kernel_config k = { .processors = c->processors, .workers = c->workers,
					 .worker_begins = worker_begins, .worker_ends = worker_ends,
					 .thread_begins = thread_begins,
					 .thread_ends = crash_thread_ends };
	int rc = kernel_start(&k, err);

	m->kernel = !rc;
	return rc;
}

static int add_adapters(struct machine *m, const struct host_config *c, struct error *err)
{
	int rc = 0;

	m->switch_adapter = c->switch_adapter;
	for (unsigned i = 0; i < c->n_adapters && !rc; i++)
		rc = machine_adapter_add(&m->adapters[m->n_adapters++], &c->adapters[i],
					 i % c->processors, &m->images, m->drivers, err);
	return rc;
}

/* From the bottom of the machine to its top; the caller undoes what was done. */
static int bring_up(struct machine *m, const struct host_config *c, struct error *err)
{
	int rc;

	open_files_raise();
	heap_on_huge_pages();
	rc = eal_start(c, err);
	if (rc)
		return rc;
	m->eal = true;
	rc = start_workers(m, c, err);
	if (!rc)
		rc = verifier_start_from_environment(c->verifier, err);
	if (!rc)
		rc = open_ports(m, c, err);
	if (!rc)
		rc = machine_images_load(&m->images, m->drivers, err);
	if (!rc)
		rc = add_adapters(m, c, err);
	if (!rc)
		drivers_bound(m->drivers);
	return rc;
}

int machine_start(struct machine **out, const struct host_config *c, struct error *err)
{
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	*out = NULL;
	if (!m)
		return error_set(err, ENOMEM, "no memory");
	m->drivers = drivers_create();
	rc = m->drivers ? bring_up(m, c, err) : error_set(err, ENOMEM, "no memory");
	if (rc) {
		machine_stop(m);
		return rc;
	}
	*out = m;
	return 0;
}

int machine_begin(struct error *err)
{
	int rc = vswitch_start(err);

	if (!rc)
		player_start();
	return rc;
}

void machine_pause(struct machine *m)
{
	vswitch_stop();
	/* What sends into the switch's adapter from elsewhere ends first. */
	for (unsigned i = 0; i < m->n_adapters; i++)
		if (i != m->switch_adapter)
			ndis_adapter_pause(m->adapters[i].adapter);
	ndis_adapter_pause(machine_adapter(m));
}

unsigned machine_remove(struct machine *m)
{
	unsigned left = 0;

	while (m->n_adapters)
		left += machine_adapter_remove(&m->adapters[--m->n_adapters], m->drivers);
	drivers_destroy(m->drivers);
	m->drivers = NULL;
	machine_images_unload(&m->images);
	return left;
}

void machine_stop(struct machine *m)
{
	if (!m)
		return;
	machine_remove(m);
	player_close();
	if (m->ports)
		vswitch_close();
	verifier_stop();
	if (m->kernel)
		kernel_stop();
	if (m->eal)
		eal_stop();
	free(m);
}

struct ndis_adapter *machine_adapter(struct machine *m)
{
	return m->adapters[m->switch_adapter].adapter;
}

bool machine_adapter_at(struct machine *m, unsigned index, struct machine_adapter_view *view)
{
	const struct machine_adapter *a;

	if (index >= m->n_adapters)
		return false;
	a = &m->adapters[index];
	*view = (struct machine_adapter_view){
		.name = a->name, .adapter = a->adapter, .has_switch = index == m->switch_adapter,
		.miniport = a->file ? NULL : ndis_adapter_context(a->adapter),
	};
	return true;
}

const char *machine_driver_file(const struct machine *m)
{
	return m->adapters[m->switch_adapter].file;
}

bool machine_has_lost_an_adapter(const struct machine *m)
{
	for (unsigned i = 0; i < m->n_adapters; i++)
		if (ndis_adapter_is_removed(m->adapters[i].adapter))
			return true;
	return false;
}

struct drivers *machine_drivers(struct machine *m)
{
	return m->drivers;
}
