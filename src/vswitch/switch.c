/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch itself: its ports opened and closed, traffic started and stopped. */
#include "vswitch/switch.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_hash.h>

#include "policy/placement.h"

/* Frames of one VM on their way out: of all of them together, and of each at most and at
 * least. And frames that the switch copies into. */
#define ALL_FRAMES      262144u
#define VM_FRAMES       2048u
#define VM_FRAMES_LEAST 256u
#define COPY_FRAMES     8192
#define CACHE           128

unsigned vswitch_vm_frames(unsigned n_ports)
{
	unsigned each = ALL_FRAMES / (n_ports ? n_ports : 1);

	return each > VM_FRAMES ? VM_FRAMES : each < VM_FRAMES_LEAST ? VM_FRAMES_LEAST : each;
}

/* A pool's caches take a megabyte and more: a small one goes without. */
static int pool_create(struct frame_pool **pool, const char *name, unsigned frames,
		       struct error *err)
{
	const struct frame_pool_config c = { .name = name, .frames = frames,
					     .cache = frames < VM_FRAMES ? 0 : CACHE,
					     .data_room = (uint16_t)(vs_switch.mtu + 18) };

	return frame_pool_create(pool, &c, err);
}

static int port_open(struct vs_port *port, const struct vswitch_port_config *c, unsigned n_ports,
		     struct error *err)
{
	struct vmport_config vm = { .name = c->name, .spec = c->port, .sends = c->sends,
				    .mtu = vs_switch.mtu, .offload = c->offload,
				    .direct = c->direct };
	char name[26];
	int rc;

	port->name = strdup(c->name);
	port->macs = calloc(c->n_macs, sizeof(*port->macs));
	port->filters = calloc(c->n_macs, sizeof(*port->filters));
	if (!port->macs || !port->filters || mac_set_create(&port->mac_set, c->macs, c->n_macs))
		return error_set(err, ENOMEM, "VM %s: no memory", c->name);
	port->n_macs = c->n_macs;
	memcpy(port->macs, c->macs, c->n_macs * sizeof(port->macs[0]));
	port->vlan = c->vlan;
	port->spoofing = c->spoofing;
	port->internal = c->internal;
	port->offload = c->offload;
	atomic_store(&port->per_queue, true);
	rc = vs_send_set(port, c->rate, c->burst, c->weight, err);
	if (rc)
		return rc;
	if (!port->name || vs_inboxes_create(port))
		return error_set(err, ENOMEM, "VM %s: no memory", c->name);
	snprintf(name, sizeof(name), "vmq-vm-%u", port->index);
	rc = pool_create(&port->pool, name, vswitch_vm_frames(n_ports), err);
	if (rc)
		return rc;
	vm.pool = frame_pool_mempool(port->pool);
	rc = vmport_open(&port->vm, &vm, err);
	port->lends = !rc && vmport_has_memory(port->vm);
	return rc;
}

/* Whose processor the configuration does not say is placed when all others are. */
static int ports_place(const struct vswitch_config *c, struct error *err)
{
	unsigned *vms = calloc(c->processors, sizeof(*vms));

	if (!vms)
		return error_set(err, ENOMEM, "no memory for the switch");
	vs_switch.placement = c->placement ? c->placement : placements[0];
	for (unsigned i = 0; i < c->n_ports; i++)
		if (c->ports[i].processor >= 0)
			vms[c->ports[i].processor]++;
	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct placement_view view = { .vm = i, .n_processors = c->processors,
						     .vms = vms };
		unsigned p;

		if (c->ports[i].processor >= 0) {
			p = (unsigned)c->ports[i].processor;
		} else {
			p = vs_switch.placement->choose(&view);
			vms[p]++;
		}
		atomic_store(&vs_switch.ports[i].processor, p);
	}
	free(vms);
	return 0;
}

NDIS_STATUS vs_port_poll_start(struct vs_port *port, unsigned p)
{
	int descriptor = vmport_descriptor(port->vm);
	const OVMQ_POLL_SOURCE s = {
		.Poll = vs_port_poll, .Arm = vs_port_arm, .Context = port,
		.Descriptor = descriptor < 0 ? OVMQ_WAKE_BY_TIME : descriptor,
	};

	return OvmqRegisterPoll(p, &s, &port->poll);
}

int vswitch_open(const struct vswitch_config *c, struct error *err)
{
	int rc;

	vs_switch = (struct vs_switch){ .n_processors = c->processors, .mtu = c->mtu,
					.pressed = -SEND_CALM - 1,
					.ndis_version = c->ndis_version ? c->ndis_version : 30 };
	NdisAllocateSpinLock(&vs_switch.share_lock);
	vs_switch.ports = calloc(c->n_ports + 1, sizeof(*vs_switch.ports));
	if (!vs_switch.ports)
		return error_set(err, ENOMEM, "no memory for the switch");
	rc = ports_place(c, err);
	if (!rc)
		rc = pool_create(&vs_switch.copies, "vmq-copies", COPY_FRAMES, err);
	for (unsigned i = 0; !rc && i < c->n_ports; i++) {
		vs_switch.ports[i].index = i;
		vs_switch.n_ports = i + 1;
		rc = port_open(&vs_switch.ports[i], &c->ports[i], c->n_ports, err);
	}
	if (!rc && vs_table_create())
		rc = error_set(err, ENOMEM, "no memory for the forwarding table");
	for (unsigned i = 0; !rc && i < c->n_ports; i++) {
		unsigned p = atomic_load(&vs_switch.ports[i].processor);

		if (vs_port_poll_start(&vs_switch.ports[i], p) != NDIS_STATUS_SUCCESS)
			rc = error_set(err, ENOMEM, "VM %s: cannot be put on processor %u",
				       c->ports[i].name, p);
	}
	if (rc)
		vswitch_close();
	return rc;
}

static void port_close(struct vs_port *port)
{
	if (port->poll)
		OvmqDeregisterPoll(port->poll);
	vmport_close(port->vm);
	vs_inboxes_destroy(port);
	mac_set_destroy(&port->mac_set);
	free(port->filters);
	free(port->macs);
	free(port->name);
}

void vswitch_close(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		port_close(&vs_switch.ports[i]);
	vs_send_end();
	rte_hash_free(vs_switch.table);
	/* Frames of one port's pool may have waited at another: pools go last. */
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		frame_pool_destroy(vs_switch.ports[i].pool);
	frame_pool_destroy(vs_switch.copies);
	free(vs_switch.ports);
	NdisFreeSpinLock(&vs_switch.share_lock);
	vs_switch = (struct vs_switch){ 0 };
}

NDIS_STATUS vs_listen(void)
{
	/* No local copies (A40): what is for this host never goes down to be looped.
	 * Promiscuous, since the switch itself knows which addresses are its own. */
	ULONG filter = NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_NO_LOCAL;
	NDIS_STATUS status = vs_switch.listening ? NDIS_STATUS_SUCCESS :
			     vs_oid_set(OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter),
					NULL);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	vs_switch.listening = true;
	atomic_store(&vs_switch.flowing, true);
	for (unsigned p = 0; p < vs_switch.n_processors; p++)
		OvmqNotifyProcessor(p);
	return NDIS_STATUS_SUCCESS;
}

int vswitch_start(struct error *err)
{
	NDIS_STATUS status = vs_listen();

	if (status != NDIS_STATUS_SUCCESS)
		return error_set(err, EIO, "the adapter refused the packet filter with status 0x%08x",
				 (unsigned)status);
	vs_switch.started = true;
	return 0;
}

void vswitch_stop(void)
{
	ULONG nothing = 0;

	vs_switch.started = vs_switch.listening = false;
	atomic_store(&vs_switch.flowing, false);
	vs_oid_set(OID_GEN_CURRENT_PACKET_FILTER, &nothing, sizeof(nothing), NULL);
}

bool vswitch_link_is_up(void)
{
	return atomic_load(&vs_switch.link_up);
}
