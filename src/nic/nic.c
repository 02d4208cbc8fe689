/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often nic_end() looks at the device; several times in the promised second. */
#define CHECK_PERIOD_MS 200

static const struct { const char *name; const struct nic_ops *ops; } kinds[] = {
	{ "pcap", &nic_capture_ops },
	{ "pcap-loop", &nic_loop_ops },
	{ "tap", &nic_tap_ops },
	{ "xdp", &nic_xdp_ops },
	{ "packet", &nic_packet_ops },
	{ "dpdk", &nic_dpdk_ops },
};

static const struct nic_ops *find_kind(const char *spec, struct error *err)
{
	const char *colon = strchr(spec, ':');

	for (size_t i = 0; colon && colon[1] && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == (size_t)(colon - spec) &&
		    !strncmp(kinds[i].name, spec, (size_t)(colon - spec)))
			return kinds[i].ops;
	error_set(err, EINVAL, "NIC '%s': not KIND:ARGUMENT; one of pcap:FILE, pcap-loop:FILE, "
		  "tap:NAME, xdp:INTERFACE, packet:INTERFACE, dpdk:DEVICE is needed", spec);
	return NULL;
}

static int check_config(const struct nic_config *c, const struct nic_ops *ops, struct error *err)
{
	if (c->rx_queues < 1 || c->rx_queues > 64)
		return error_set(err, EINVAL, "NIC '%s': %u receive queues; 1 to 64 are possible",
				 c->spec, c->rx_queues);
	if (c->steer_queues > 64 - c->rx_queues)
		return error_set(err, EINVAL, "NIC '%s': %u receive queues and %u steered ones; 64 "
				 "together are possible", c->spec, c->rx_queues, c->steer_queues);
	if (c->tx_queues < 1 || c->tx_queues > 1024)
		return error_set(err, EINVAL, "NIC '%s': %u transmit queues; 1 to 1024 are possible",
				 c->spec, c->tx_queues);
	if (c->mtu < 68 || c->mtu > 9600)
		return error_set(err, EINVAL, "NIC '%s': an MTU of %u; 68 to 9600 are possible",
				 c->spec, c->mtu);
	if (c->out && !ops->captures)
		return error_set(err, EINVAL, "NIC '%s': writes no capture of what it sends ('%s'); "
				 "only pcap: and pcap-loop: do, leave it out", c->spec, c->out);
	return 0;
}

static void free_nic(struct nic *nic)
{
	pthread_mutex_destroy(&nic->lock);
	free((char *)(uintptr_t)nic->config.spec);
	free((char *)(uintptr_t)nic->config.out);
	free(nic->kind);
	free(nic);
}

static struct nic *new_nic(const struct nic_ops *ops, const struct nic_config *config)
{
	struct nic *nic = calloc(1, ops->size);

	if (!nic)
		return NULL;
	pthread_mutex_init(&nic->lock, NULL);
	nic->ops = ops;
	nic->config = *config;
	nic->config.spec = strdup(config->spec);
	nic->config.out = config->out ? strdup(config->out) : NULL;
	nic->kind = strndup(config->spec, strcspn(config->spec, ":"));
	if (!nic->config.spec || (config->out && !nic->config.out) || !nic->kind) {
		free_nic(nic);
		return NULL;
	}
	nic->argument = strchr(nic->config.spec, ':') + 1;
	return nic;
}

int nic_open(struct nic **nic, const struct nic_config *config, struct error *err)
{
	const struct nic_ops *ops = find_kind(config->spec, err);
	struct nic *n;
	int rc;

	*nic = NULL;
	if (!ops)
		return -EINVAL;
	rc = check_config(config, ops, err);
	if (rc)
		return rc;
	n = new_nic(ops, config);
	if (!n)
		return error_set(err, ENOMEM, "NIC '%s': out of memory", config->spec);
	rc = ops->open(n, err);
	if (rc) {
		free_nic(n);
		return rc;
	}
	*nic = n;
	return 0;
}

/* Room for a whole frame in one segment, for every receive queue. */
static int check_pools(struct nic *nic, struct rte_mempool *const *pools, struct error *err)
{
	for (uint16_t q = 0; q < nic_rx_all(nic); q++) {
		uint32_t room = rte_pktmbuf_data_room_size(pools[q]);

		if (room < RTE_PKTMBUF_HEADROOM + nic->data_room)
			return error_set(err, EINVAL, "%s: a receive buffer of queue %u holds %d bytes, "
					 "an MTU of %u needs %u; lower the MTU or make the buffers "
					 "larger", nic->description, q,
					 (int)room - RTE_PKTMBUF_HEADROOM, nic->config.mtu,
					 nic->data_room);
	}
	return 0;
}

int nic_start(struct nic *nic, struct rte_mempool *const *rx_pools, struct error *err)
{
	int rc;

	/* Several drivers close their sockets when they stop and cannot start again. */
	if (nic->started || nic->spent)
		return error_set(err, EALREADY, "%s: was started already; close it and open it anew",
				 nic->description);
	rc = check_pools(nic, rx_pools, err);
	if (rc)
		return rc;
	nic->spent = true;
	rc = nic->ops->start(nic, rx_pools, err);
	nic->started = !rc;
	return rc;
}

void nic_stop(struct nic *nic)
{
	if (nic->started) {
		nic_steer_forget(nic);
		nic->ops->stop(nic);
	}
	nic->started = false;
}

void nic_close(struct nic *nic)
{
	if (!nic)
		return;
	nic_stop(nic);
	nic->ops->close(nic);
	free_nic(nic);
}

void nic_mac(const struct nic *nic, uint8_t mac[6])
{
	memcpy(mac, nic->mac, sizeof(nic->mac));
}

const char *nic_description(const struct nic *nic)
{
	return nic->description;
}

uint16_t nic_tx_queues(const struct nic *nic)
{
	return nic->tx_queues;
}

unsigned nic_tx_offloads(const struct nic *nic)
{
	return nic->tx_offloads;
}

uint16_t nic_tx_chain(const struct nic *nic)
{
	return nic->tx_chain;
}

bool nic_tx_large(struct nic *nic, struct rte_mbuf *m)
{
	return nic->tx_offloads & NIC_TX_LARGE && nic->ops->tx_large(nic, m);
}

unsigned nic_rx_offloads(const struct nic *nic)
{
	return nic->rx_offloads;
}

uint32_t nic_data_room(const struct nic *nic)
{
	return nic->data_room;
}

uint32_t nic_buffers(const struct nic *nic)
{
	return nic->buffers;
}

bool nic_is_device(const struct nic *nic)
{
	return nic->ops == &nic_dpdk_ops;
}

uint16_t nic_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return nic->ops->rx_burst(nic, queue, pkts, n);
}

uint16_t nic_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return nic->ops->tx_burst(nic, queue, pkts, n);
}

int nic_rx_descriptor(const struct nic *nic, uint16_t queue)
{
	return nic->ops->rx_descriptor(nic, queue);
}

bool nic_rx_arm(struct nic *nic, uint16_t queue, bool sleep)
{
	return nic->ops->rx_arm(nic, queue, sleep);
}

bool nic_can_wait(const struct nic *nic)
{
	return nic->ops->can_wait;
}

void nic_finish(struct nic *nic, enum nic_end end, const char *fmt, ...)
{
	va_list args;

	pthread_mutex_lock(&nic->lock);
	if (atomic_load(&nic->end) == NIC_ALIVE) {
		va_start(args, fmt);
		vsnprintf(nic->reason.text, sizeof(nic->reason.text), fmt, args);
		va_end(args);
		atomic_store(&nic->end, (int)end);
	}
	pthread_mutex_unlock(&nic->lock);
}

enum nic_end nic_end(struct nic *nic)
{
	unsigned long long last, now;
	struct timespec t;

	if (nic->ops->check && atomic_load(&nic->end) == NIC_ALIVE) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = (unsigned long long)t.tv_sec * 1000 + (unsigned long long)t.tv_nsec / 1000000;
		last = atomic_load(&nic->checked_ms);
		/* Whoever moves the time does the looking, the others do not wait. */
		if (now - last >= CHECK_PERIOD_MS &&
		    atomic_compare_exchange_strong(&nic->checked_ms, &last, now))
			nic->ops->check(nic);
	}
	return nic_end_noticed(nic);
}

enum nic_end nic_end_noticed(const struct nic *nic)
{
	return (enum nic_end)atomic_load(&nic->end);
}

const char *nic_end_reason(const struct nic *nic)
{
	return atomic_load(&nic->end) == NIC_ALIVE ? "" : nic->reason.text;
}

uint64_t nic_missed(struct nic *nic)
{
	return nic->ops->missed ? nic->ops->missed(nic) : 0;
}

uint64_t nic_truncated(struct nic *nic)
{
	return nic->ops->truncated ? nic->ops->truncated(nic) : 0;
}
