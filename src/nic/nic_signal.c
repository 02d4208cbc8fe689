/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_signal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEEK 32   /* vector drivers give nothing to who asks for fewer than they take at once */

/* Frames that were found when the worker was about to sleep; its alone. */
struct nic_peek {
	uint16_t next, n;
	struct rte_mbuf *frame[PEEK];
};

/* The queue's descriptor; -1: it has none, or one that cannot be emptied without waiting. */
static int queue_descriptor(uint16_t port, uint16_t queue)
{
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue), flags;

	if (fd < 0 || rte_eth_dev_rx_intr_enable(port, queue))
		return -1;
	rte_eth_dev_rx_intr_disable(port, queue);
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && flags & O_NONBLOCK ? fd : -1;
}

void signal_start(struct nic_ethdev *e)
{
	uint16_t n = nic_rx_all(&e->nic);
	int found[64];

	e->peek = calloc(n, sizeof(*e->peek));
	e->signals = e->peek;
	for (uint16_t q = 0; q < n && e->signals; q++) {
		found[q] = queue_descriptor(e->port[0], q);
		e->signals = found[q] >= 0;
	}
	if (e->signals)
		memcpy(e->descriptor, found, n * sizeof(found[0]));
}

void signal_stop(struct nic_ethdev *e)
{
	for (uint16_t q = 0; e->peek && q < nic_rx_all(&e->nic); q++)
		rte_pktmbuf_free_bulk(e->peek[q].frame + e->peek[q].next,
				      e->peek[q].n - e->peek[q].next);
	free(e->peek);
	e->peek = NULL;
}

uint16_t signal_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct nic_peek *kept = e->peek ? &e->peek[queue] : NULL;
	uint16_t got = 0;

	if (!kept || kept->next == kept->n)
		return ethdev_rx_burst(nic, queue, pkts, n);
	while (got < n && kept->next < kept->n)
		pkts[got++] = kept->frame[kept->next++];
	return got;
}

bool signal_rx_arm(struct nic *nic, uint16_t queue, bool sleep)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct nic_peek *kept;
	uint64_t count;

	if (!e->signals)
		return false;
	if (!sleep) {
		rte_eth_dev_rx_intr_disable(e->port[0], queue);
		return false;
	}
	kept = &e->peek[queue];
	if (kept->next < kept->n)
		return true;
	/* A signal of before; that there is none is no error. */
	while (read(e->descriptor[queue], &count, sizeof(count)) > 0)
		;
	rte_eth_dev_rx_intr_enable(e->port[0], queue);
	kept->next = 0;
	kept->n = ethdev_rx_burst(nic, queue, kept->frame, PEEK);
	return kept->n > 0;
}
