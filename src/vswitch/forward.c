/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a frame goes: the table of this host's MAC addresses, and flooding. */
#include "vswitch/switch.h"

#include <errno.h>

#include <rte_hash.h>
#include <rte_jhash.h>

int vs_table_create(void)
{
	struct rte_hash_parameters p = {
		.name = "vmq-switch",
		.key_len = sizeof(uint64_t),
		.hash_func = rte_jhash,
		.socket_id = SOCKET_ID_ANY,
	};

	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		p.entries += 2 * vs_switch.ports[i].n_macs;
	p.entries = RTE_MAX(64u, p.entries);
	vs_switch.table = rte_hash_create(&p);
	if (!vs_switch.table)
		return -ENOMEM;
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		for (unsigned m = 0; m < vs_switch.ports[i].n_macs; m++) {
			uint64_t key = vs_key(vs_switch.ports[i].macs[m], vs_switch.ports[i].vlan);

			if (rte_hash_add_key_data(vs_switch.table, &key, &vs_switch.ports[i]))
				return -ENOMEM;
		}
	return 0;
}

struct vs_port *vs_lookup_key(uint64_t key)
{
	void *port;

	return rte_hash_lookup_data(vs_switch.table, &key, &port) < 0 ? NULL : port;
}

static bool is_member(const struct vs_port *port, uint16_t vlan, const struct vs_port *from)
{
	return port != from && port->vlan == vlan;
}

/* One copy for all of them: a port only reads what it delivers. So a burst of broadcasts
 * takes as many buffers as it has frames, whether there are three ports or a thousand. */
unsigned vs_flood(const uint8_t *bytes, uint16_t length, uint16_t vlan, const struct vs_port *from)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		n += is_member(&vs_switch.ports[i], vlan, from);
	m = n ? vs_copy(bytes, length) : NULL;   /* counted as one dropped if it fails */
	if (!m) {
		vs_drop(PORT_DROP_NO_BUFFER, n ? n - 1 : 0);
		return n;
	}
	rte_mbuf_refcnt_set(m, (uint16_t)n);     /* before the first port has it */
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		if (is_member(&vs_switch.ports[i], vlan, from))
			vs_port_give(&vs_switch.ports[i], &m, 1);
	return n;
}
