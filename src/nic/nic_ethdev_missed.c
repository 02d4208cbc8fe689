/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that a port lost before we saw them, since it was started. */
#include "nic/nic_ethdev.h"

#include <rte_ethdev.h>

#include "nic/nic_interface.h"

/* The ports' own count. False: a device that is gone does not tell any more. */
static bool read_missed(const struct nic_ethdev *e, uint64_t *missed)
{
	struct rte_eth_stats stats;
	uint64_t drops = 0;

	*missed = 0;
	for (uint16_t i = 0; i < e->n_ports; i++) {
		if (rte_eth_stats_get(e->port[i], &stats))
			return false;
		*missed += stats.imissed + stats.ierrors + stats.rx_nombuf;
	}
	/* Those were lost where the kernel's own queue to us was full. */
	if (e->nic.ops == &nic_tap_ops && !interface_send_drops(e->nic.argument, &drops))
		return false;
	*missed += drops;
	return true;
}

void ethdev_count(struct nic_ethdev *e)
{
	pthread_mutex_lock(&e->nic.lock);
	read_missed(e, &e->missed_before);
	for (unsigned i = 0; i < e->packet.count; i++)
		descriptor_packet_drops(e->packet.fd[i]);   /* forgets those of before */
	e->counting = true;
	pthread_mutex_unlock(&e->nic.lock);
}

uint64_t ethdev_missed(struct nic *nic)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	uint64_t now, missed;

	pthread_mutex_lock(&nic->lock);
	if (e->counting) {
		for (unsigned i = 0; i < e->packet.count; i++)
			e->packet_drops += descriptor_packet_drops(e->packet.fd[i]);
		if (read_missed(e, &now))
			e->missed = now - e->missed_before + e->packet_drops;
	}
	missed = e->missed;
	pthread_mutex_unlock(&nic->lock);
	return missed;
}
