/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_ethdev.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "base/log.h"
#include "nic/nic_interface.h"
#include "nic/nic_signal.h"
#include "nic/nic_steer_flow.h"
#include "nic/nic_steer_tap.h"
#include "nic/nic_tap_look.h"
#include "nic/nic_xdp_log.h"

/* What an AF_XDP queue takes at once for its fill ring, and a burst to go on. */
#define XDP_FILL_RING 2048
#define BURST 64
/* The kernel frees a queue of an interface a moment after its AF_XDP socket was
 * closed, and tells nobody; until then it cannot be opened again. */
#define XDP_RELEASE_US 100000

/* ---- opening and closing ---- */

static bool is_xdp(const struct nic_ethdev *e)
{
	return e->nic.ops == &nic_xdp_ops;
}

static int removed_callback(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	struct nic_ethdev *e = arg;

	(void)port;
	(void)event;
	(void)ret;
	atomic_store(&e->removed, true);
	return 0;
}

static int check_mtu(const struct nic_ethdev *e, const struct rte_eth_dev_info *info,
		     struct error *err)
{
	uint32_t longest = info->max_mtu;

	if (info->max_mtu == UINT16_MAX && info->max_rx_pktlen < UINT16_MAX)
		longest = info->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
	if (e->port_mtu <= longest && e->port_mtu >= info->min_mtu)
		return 0;
	return error_set(err, ENOTSUP, "%s: an MTU of %u is not supported; choose %u to %u",
			 e->nic.description, e->port_mtu, info->min_mtu, longest);
}

int ethdev_adopt(struct nic_ethdev *e, struct error *err)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	struct nic *nic = &e->nic;
	int rc;

	rc = rte_eth_dev_info_get(e->port[0], &info);
	if (!rc)
		rc = rte_eth_macaddr_get(e->port[0], &mac);
	if (rc)
		return error_set(err, -rc, "%s: its driver does not describe it: %s", nic->description,
				 strerror(-rc));
	if (e->rx_per_port > info.max_rx_queues)
		return error_set(err, ENOTSUP, "%s: has %u receive queues, not %u; set rx-queues to "
				 "what it has", nic->description, info.max_rx_queues,
				 nic->config.rx_queues);
	rc = check_mtu(e, &info, err);
	if (rc)
		return rc;
	ethdev_adopt_offloads(e, &info);
	e->tx_per_port = RTE_MIN(e->tx_per_port, info.max_tx_queues);
	nic->tx_queues = e->n_ports > 1 ? e->n_ports : e->tx_per_port;
	nic->tx_queues = RTE_MIN(nic->tx_queues, nic->config.tx_queues);
	e->if_index = info.if_index;
	memcpy(nic->mac, mac.addr_bytes, sizeof(nic->mac));
	for (uint16_t i = 0; i < e->n_ports; i++)
		rte_eth_dev_callback_register(e->port[i], RTE_ETH_EVENT_INTR_RMV,
					      removed_callback, e);
	return 0;
}

void ethdev_release(struct nic_ethdev *e)
{
	struct rte_eth_dev_info info;

	for (uint16_t i = e->n_ports; i-- > 0; ) {
		bool known = !rte_eth_dev_info_get(e->port[i], &info);

		rte_eth_dev_callback_unregister(e->port[i], RTE_ETH_EVENT_INTR_RMV,
						removed_callback, e);
		rte_eth_dev_close(e->port[i]);
		if (known && e->own_devices)
			rte_dev_remove(info.device);
	}
	/* libxdp leaves its sockets open, and with them the queues taken. */
	descriptors_close(&e->xdp);
	if (e->xdp.count)
		usleep(XDP_RELEASE_US);
	e->n_ports = 0;
	steer_tap_unload(e);
	nic_sink_close(e->sink);
	if (e->endless && e->file >= 0)
		close(e->file);
	if (e->old_mtu && interface_exists(e->if_index))
		interface_set_mtu(e->nic.argument, e->old_mtu);
}

/* ---- starting and stopping ---- */

/* AF_XDP reads and writes the buffers where they lie: each must fit a page, and
 * all must lie in one piece. Its own errors would not say so. */
static int check_xdp_pool(const struct nic_ethdev *e, uint16_t queue, struct rte_mempool *pool,
			  struct error *err)
{
	uint32_t object = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);

	if (object > (uint32_t)getpagesize())
		return error_set(err, ENOTSUP, "%s: a buffer of %u bytes does not fit a page of %d; "
				 "lower the MTU by %d", e->nic.description, object, getpagesize(),
				 (int)object - getpagesize());
	if (pool->nb_mem_chunks != 1)
		return error_set(err, ENOTSUP, "%s: the buffers of queue %u lie in %u pieces of memory, "
				 "AF_XDP needs one; use fewer buffers", e->nic.description, queue,
				 pool->nb_mem_chunks);
	if (rte_mempool_avail_count(pool) < XDP_FILL_RING + BURST)
		return error_set(err, ENOMEM, "%s: queue %u has %u free buffers, AF_XDP needs %u; use "
				 "more buffers", e->nic.description, queue,
				 rte_mempool_avail_count(pool), nic_buffers(&e->nic));
	return 0;
}

static void look_at(struct rte_mempool *pool, void *outside, struct rte_mempool_memhdr *piece,
		    unsigned index)
{
	(void)pool;
	(void)index;
	*(bool *)outside |= !rte_mem_virt2memseg(piece->addr, NULL);
}

/* Where a device cannot reach the buffers it receives nothing, and does not say why. */
static int check_device_pool(const struct nic_ethdev *e, uint16_t queue, struct rte_mempool *pool,
			     struct error *err)
{
	uint32_t object = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);
	bool outside = false;

	rte_mempool_mem_iter(pool, look_at, &outside);
	if (!outside)
		return 0;
	return error_set(err, ENOMEM, "%s: DPDK's memory has no room for the %zu MiB of receive "
			 "buffers of queue %u, and a device can reach no other; give more by -m in "
			 "host.eal", e->nic.description, ((size_t)object * pool->size >> 20) + 1, queue);
}

static int check_loop_pool(const struct nic_ethdev *e, uint16_t queue, struct rte_mempool *pool,
			   struct error *err)
{
	if (rte_mempool_avail_count(pool) >= e->nic.buffers + BURST)
		return 0;
	return error_set(err, ENOMEM, "%s: its %u frames and a burst do not fit the %u free buffers of "
			 "queue %u; use a shorter capture or more buffers", e->nic.description,
			 e->nic.buffers, rte_mempool_avail_count(pool), queue);
}

static int check_pool(const struct nic_ethdev *e, uint16_t queue, struct rte_mempool *pool,
		      struct error *err)
{
	if (is_xdp(e))
		return check_xdp_pool(e, queue, pool, err);
	if (e->endless)
		return check_loop_pool(e, queue, pool, err);
	return nic_is_device(&e->nic) ? check_device_pool(e, queue, pool, err) : 0;
}

static int setup_port(struct nic_ethdev *e, uint16_t index, struct rte_mempool *const *pools,
		      struct error *err)
{
	struct rte_eth_conf conf = {
		.rxmode = { .mtu = e->port_mtu, .offloads = ethdev_rx_offloads(e) },
		.txmode = { .offloads = ethdev_tx_offloads(e) },
		.intr_conf = { .rxq = e->interrupts || e->signals },
	};
	uint16_t port = e->port[index], rx = e->rx_descriptors, tx = e->rx_descriptors;
	const char *what = e->nic.description;
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(port, &info);

	if (!rc && e->nic.config.rx_queues > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
	}
	if (!rc)
		rc = rte_eth_dev_configure(port, e->rx_per_port, e->tx_per_port, &conf);
	if (rc && e->signals) {   /* perhaps because of the interrupts */
		e->signals = false;
		conf.intr_conf.rxq = 0;
		rc = rte_eth_dev_configure(port, e->rx_per_port, e->tx_per_port, &conf);
	}
	if (!rc && rx)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx);
	if (rc)
		return error_set(err, -rc, "%s: its driver refuses %u receive and %u transmit queues "
				 "and an MTU of %u: %s", what, e->rx_per_port, e->tx_per_port,
				 e->port_mtu, strerror(-rc));
	for (uint16_t q = 0; q < e->rx_per_port; q++) {
		rc = rte_eth_rx_queue_setup(port, q, rx, rte_socket_id(), NULL, pools[index + q]);
		if (rc)
			return error_set(err, -rc, "%s: receive queue %u cannot be set up: %s%s%s", what,
					 index + q, strerror(-rc), is_xdp(e) ? xdp_log_reason() : "",
					 is_xdp(e) ? "; is another XDP program or another process on it "
					 "('ip link' shows it), and does the process run as root?" : "");
	}
	for (uint16_t q = 0; q < e->tx_per_port; q++) {
		rc = rte_eth_tx_queue_setup(port, q, tx, rte_socket_id(), NULL);
		if (rc)
			return error_set(err, -rc, "%s: transmit queue %u cannot be set up: %s", what,
					 index + q, strerror(-rc));
	}
	return 0;
}

static int start_port(struct nic_ethdev *e, uint16_t port, struct error *err)
{
	const char *what = e->nic.description;
	int rc;

	/* The MTU in the configuration sizes buffers; this one reaches the device. The
	 * interfaces of the host had theirs when they were opened. */
	if (e->nic.ops == &nic_dpdk_ops || e->nic.ops == &nic_tap_ops) {
		rc = rte_eth_dev_set_mtu(port, e->port_mtu);
		if (rc && rc != -ENOTSUP)
			return error_set(err, ENOTSUP, "%s: does not take an MTU of %u: %s; choose "
					 "another", what, e->port_mtu, strerror(-rc));
	}
	rc = rte_eth_dev_start(port);
	if (rc)
		return error_set(err, -rc, "%s: cannot be started: %s", what, strerror(-rc));
	/* A switch hears frames for many addresses. */
	rc = rte_eth_promiscuous_enable(port);
	if (rc && rc != -ENOTSUP)
		log_warning("%s: cannot be made promiscuous (%s): VMs may not get their frames", what,
			    strerror(-rc));
	return 0;
}

static void find_descriptors(struct nic_ethdev *e)
{
	for (uint16_t q = 0; q < nic_rx_all(&e->nic); q++) {
		e->descriptor[q] = -1;
		if (e->interrupts)
			e->descriptor[q] = rte_eth_dev_rx_intr_ctl_q_get_fd(e->port[0], q);
		else if (e->packet.count == e->nic.config.rx_queues)
			e->descriptor[q] = e->packet.fd[q];
		else if (e->xdp.count == e->nic.config.rx_queues)
			e->descriptor[q] = e->xdp.fd[q];
	}
}

int ethdev_start(struct nic *nic, struct rte_mempool *const *rx_pools, struct error *err)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	struct descriptors xdp_before;
	uint16_t started;
	int rc = 0;

	for (uint16_t q = 0; !rc && q < nic_rx_all(nic); q++)
		rc = check_pool(e, q, rx_pools[q], err);
	descriptors_list(&xdp_before, AF_XDP);
	for (uint16_t i = 0; !rc && i < e->n_ports; i++)
		rc = setup_port(e, i, rx_pools, err);
	descriptors_opened(&e->xdp, &xdp_before);
	if (!rc && e->steer_program)
		rc = steer_tap_attach(e, err);
	if (rc)
		return rc;
	for (started = 0; started < e->n_ports; started++) {
		rc = start_port(e, e->port[started], err);
		if (rc && e->signals) {   /* there may be too few interrupts */
			e->signals = false;
			rc = setup_port(e, started, rx_pools, err);
			if (!rc)
				rc = start_port(e, e->port[started], err);
		}
		if (rc)
			goto stop_ports;
	}
	if (nic->ops == &nic_dpdk_ops)
		steer_flow_spread(e);
	find_descriptors(e);
	if (nic->ops == &nic_tap_ops)
		tap_look_start(e);
	if (e->signals)
		signal_start(e);
	ethdev_count(e);
	return 0;

stop_ports:
	while (started-- > 0)
		rte_eth_dev_stop(e->port[started]);
	return rc;
}

void ethdev_stop(struct nic *nic)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;

	ethdev_missed(nic);   /* once more, while the ports can tell */
	pthread_mutex_lock(&nic->lock);
	e->counting = false;
	pthread_mutex_unlock(&nic->lock);
	for (uint16_t i = e->n_ports; i-- > 0; ) {
		if (!e->keep_promiscuous)
			rte_eth_promiscuous_disable(e->port[i]);
		rte_eth_dev_stop(e->port[i]);
	}
	signal_stop(e);
}

/* ---- running ---- */

uint16_t ethdev_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;

	if (e->n_ports > 1)
		return rte_eth_rx_burst(e->port[queue], 0, pkts, n);
	n = rte_eth_rx_burst(e->port[0], queue, pkts, n);
	if (e->unfinished)
		ethdev_finish(pkts, n);
	return n;
}

uint16_t ethdev_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;

	if (e->sink)
		return nic_sink_burst(e->sink, pkts, n);
	if (e->n_ports > 1)
		return rte_eth_tx_burst(e->port[queue], 0, pkts, n);
	return rte_eth_tx_burst(e->port[0], queue, pkts, n);
}

int ethdev_rx_descriptor(const struct nic *nic, uint16_t queue)
{
	return ((const struct nic_ethdev *)nic)->descriptor[queue];
}

/* The descriptors are readable as long as frames wait: nothing to arm, and no
 * frame can slip in between. */
bool ethdev_rx_arm(struct nic *nic, uint16_t queue, bool sleep)
{
	(void)queue;
	return sleep && ((const struct nic_ethdev *)nic)->endless;
}

void ethdev_check(struct nic *nic)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;

	if (atomic_load(&e->removed) || (e->if_index && !interface_exists(e->if_index)) ||
	    rte_eth_dev_is_removed(e->port[0]))
		nic_finish(nic, NIC_GONE, "%s: the device is no longer there; bring it back and start "
			   "anew", nic->description);
}
