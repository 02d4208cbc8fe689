/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a frame goes: the table of this host's MAC addresses, and flooding. */
#include "vswitch/switch.h"

#include <errno.h>

#include <rte_hash.h>
#include <rte_jhash.h>

static uint64_t key_of(const uint8_t *mac, uint16_t vlan)
{
	uint64_t key = 0;

	memcpy(&key, mac, 6);
	return key | (uint64_t)vlan << 48;
}

int vs_table_create(void)
{
	const struct rte_hash_parameters p = {
		.name = "vmq-switch",
		.entries = RTE_MAX(64u, vs_switch.n_ports * VSWITCH_MAX_MACS * 2),
		.key_len = sizeof(uint64_t),
		.hash_func = rte_jhash,
		.socket_id = SOCKET_ID_ANY,
	};

	vs_switch.table = rte_hash_create(&p);
	if (!vs_switch.table)
		return -ENOMEM;
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		for (unsigned m = 0; m < vs_switch.ports[i].n_macs; m++) {
			uint64_t key = key_of(vs_switch.ports[i].macs[m], vs_switch.ports[i].vlan);

			if (rte_hash_add_key_data(vs_switch.table, &key, &vs_switch.ports[i]))
				return -ENOMEM;
		}
	return 0;
}

struct vs_port *vs_lookup(const uint8_t *mac, uint16_t vlan)
{
	uint64_t key = key_of(mac, vlan);
	void *port;

	return rte_hash_lookup_data(vs_switch.table, &key, &port) < 0 ? NULL : port;
}

unsigned vs_flood(const uint8_t *bytes, uint16_t length, uint16_t vlan, const struct vs_port *from)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vs_port *to = &vs_switch.ports[i];
		struct rte_mbuf *m;

		if (to == from || to->vlan != vlan)
			continue;
		n++;
		m = vs_copy(bytes, length);   /* counted as dropped if it fails */
		if (m)
			vs_port_give(to, m);
	}
	return n;
}
