/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_signal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PEEK 32   /* vector drivers give nothing to who asks for fewer than they take at once */

/* Of a receive queue. The frames were found when the worker was about to sleep; its alone. */
struct nic_peek {
	uint16_t next, n;
	struct rte_mbuf *frame[PEEK];
	atomic_bool asking;        /* the worker is telling the driver whether it wants signals */
};

/* Readable from a signal until the next look. Of the driver's own descriptor the edges, for nobody
 * may be able to empty it: net_vhost has an epoll of its own, over one of each peer that comes.
 * -1: there is none. */
static int queue_descriptor(uint16_t port, uint16_t queue)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int theirs = rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue), fd;

	if (theirs < 0 || rte_eth_dev_rx_intr_enable(port, queue))
		return -1;
	rte_eth_dev_rx_intr_disable(port, queue);
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd >= 0 && !epoll_ctl(fd, EPOLL_CTL_ADD, theirs, &e))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A driver whose peers come and go calls this by a thread of its own: before it forgets one, which
 * a worker may just be asking something; and of one that came, when a worker may be asleep. */
static int peer_callback(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	struct nic_ethdev *e = arg;

	(void)event;
	(void)ret;
	atomic_thread_fence(memory_order_seq_cst);   /* the driver no longer names it: see ask() */
	for (uint16_t q = 0; q < nic_rx_all(&e->nic); q++) {
		while (atomic_load(&e->peek[q].asking))
			sched_yield();
		rte_eth_dev_rx_intr_enable(port, q);
	}
	return 0;
}

void signal_start(struct nic_ethdev *e)
{
	uint16_t n = nic_rx_all(&e->nic), q = 0;
	int found[64];

	e->peek = calloc(n, sizeof(*e->peek));
	while (e->peek && q < n && (found[q] = queue_descriptor(e->port[0], q)) >= 0)
		q++;
	e->signals = e->peek && q == n;
	if (e->signals) {
		memcpy(e->descriptor, found, n * sizeof(found[0]));
		rte_eth_dev_callback_register(e->port[0], RTE_ETH_EVENT_INTR_LSC, peer_callback, e);
	} else {
		while (q-- > 0)
			close(found[q]);
	}
}

void signal_stop(struct nic_ethdev *e)
{
	if (e->signals)
		while (rte_eth_dev_callback_unregister(e->port[0], RTE_ETH_EVENT_INTR_LSC,
						       peer_callback, e) == -EAGAIN)
			sched_yield();   /* it is being called */
	for (uint16_t q = 0; e->peek && q < nic_rx_all(&e->nic); q++) {
		rte_pktmbuf_free_bulk(e->peek[q].frame + e->peek[q].next,
				      e->peek[q].n - e->peek[q].next);
		if (e->signals)
			close(e->descriptor[q]);
	}
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

/* The driver reads whom to tell after it is seen that we ask. */
static void ask(const struct nic_ethdev *e, uint16_t queue, bool wanted)
{
	struct nic_peek *p = &e->peek[queue];

	atomic_store_explicit(&p->asking, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (wanted)
		rte_eth_dev_rx_intr_enable(e->port[0], queue);
	else
		rte_eth_dev_rx_intr_disable(e->port[0], queue);
	atomic_store_explicit(&p->asking, false, memory_order_release);
}

bool signal_rx_arm(struct nic *nic, uint16_t queue, bool sleep)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct epoll_event before;
	struct nic_peek *kept;

	if (!e->signals)
		return false;
	if (!sleep) {
		ask(e, queue, false);
		return false;
	}
	kept = &e->peek[queue];
	if (kept->next < kept->n)
		return true;
	epoll_wait(e->descriptor[queue], &before, 1, 0);
	ask(e, queue, true);
	kept->next = 0;
	kept->n = ethdev_rx_burst(nic, queue, kept->frame, PEEK);
	return kept->n > 0;
}
