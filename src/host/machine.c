/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/eal.h"
#include "kernel/kernel.h"
#include "miniport/miniport.h"
#include "vswitch/vswitch.h"

#define KEYWORDS 7

struct machine {
	bool eal, kernel, ports;
	struct ndis_image *miniport, *protocol;
	struct ndis_adapter *adapter;
	struct ndis_keyword keywords[KEYWORDS];
	char numbers[KEYWORDS][12];
	unsigned n_keywords;
};

static void add_text(struct machine *m, const char *name, const char *value)
{
	if (value)
		m->keywords[m->n_keywords++] = (struct ndis_keyword){ name, value };
}

static void add_number(struct machine *m, const char *name, unsigned value)
{
	snprintf(m->numbers[m->n_keywords], sizeof(m->numbers[0]), "%u", value);
	add_text(m, name, m->numbers[m->n_keywords]);
}

/* The adapter's section of the file as the miniport's keywords. */
static void set_keywords(struct machine *m, const struct host_config *c)
{
	add_text(m, "Nic", c->nic);
	add_text(m, "NicOut", c->out);
	add_number(m, "Mtu", c->mtu);
	add_number(m, "RxQueues", c->rx_queues);
	add_number(m, "NumQueues", c->queues);
	add_number(m, "Buffers", c->buffers);
}

static struct vswitch_port_config port_config(const struct vm_config *vm, bool internal)
{
	return (struct vswitch_port_config){
		.name = vm->name, .macs = (const uint8_t (*)[6])vm->macs, .n_macs = vm->n_macs,
		.vlan = vm->vlan, .processor = vm->processor, .port = vm->port, .sends = vm->sends,
		.spoofing = vm->spoofing, .internal = internal,
	};
}

static int open_ports(struct machine *m, const struct host_config *c, struct error *err)
{
	struct vswitch_port_config *ports = calloc(c->n_vms + 1, sizeof(*ports));
	struct vswitch_config s = { .ports = ports, .mtu = c->mtu, .processors = c->processors };
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

static int start_workers(struct machine *m, const struct host_config *c, struct error *err)
{
	const struct kernel_config k = { .processors = c->processors, .workers = c->workers,
					 .worker_begins = eal_thread_begins,
					 .worker_ends = eal_thread_ends };
	int rc = kernel_start(&k, err);

	m->kernel = !rc;
	return rc;
}

/* From the bottom of the machine to its top; the caller undoes what was done. */
static int bring_up(struct machine *m, const struct host_config *c, struct error *err)
{
	int rc = eal_start(c, err);

	if (rc)
		return rc;
	m->eal = true;
	rc = start_workers(m, c, err);
	if (!rc)
		rc = open_ports(m, c, err);
	if (!rc)
		rc = ndis_image_load(&m->protocol, "vswitch", vswitch_driver_entry, err);
	if (!rc)
		rc = ndis_image_load(&m->miniport, "miniport", miniport_driver_entry, err);
	if (!rc)
		rc = ndis_adapter_add(&m->adapter, m->miniport, "adapter", m->keywords, err);
	if (!rc)
		rc = vswitch_start(err);
	return rc;
}

int machine_start(struct machine **out, const struct host_config *c, struct error *err)
{
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	*out = NULL;
	if (!m)
		return error_set(err, ENOMEM, "no memory");
	set_keywords(m, c);
	rc = bring_up(m, c, err);
	if (rc) {
		machine_stop(m);
		return rc;
	}
	*out = m;
	return 0;
}

void machine_pause(struct machine *m)
{
	vswitch_stop();
	ndis_adapter_pause(m->adapter);
}

unsigned machine_stop(struct machine *m)
{
	unsigned left = 0;

	if (!m)
		return 0;
	if (m->adapter)
		left = ndis_adapter_remove(m->adapter);
	ndis_image_unload(m->miniport);
	ndis_image_unload(m->protocol);
	if (m->ports)
		vswitch_close();
	if (m->kernel)
		kernel_stop();
	if (m->eal)
		eal_stop();
	free(m);
	return left;
}

struct ndis_adapter *machine_adapter(struct machine *m)
{
	return m->adapter;
}
