/* SPDX-License-Identifier: BSD-2-Clause */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

#define RX_FRAMES 4095u
#define TX_FRAMES 2047u
#define CACHE     512u
#define UNTAGGED  42u       /* bytes before the payload */

/* What follows the socket: "server" means the driver's server=1. The driver wants an address. */
static int guest_arguments(char *out, size_t size, const char *rest, unsigned number)
{
	const char *more = strchrnul(rest, ','), *server = "";
	int socket = (int)(more - rest);
	char mac[32] = "";

	if (!strstr(more, ",mac="))
		snprintf(mac, sizeof(mac), ",mac=02:00:00:00:01:%02x", number & 0xff);
	if (!strncmp(more, ",server", 7) && (!more[7] || more[7] == ',')) {
		server = ",server=1";
		more += 7;
	}
	return snprintf(out, size, "net_virtio_user%u,path=%.*s%s%s%s", number, socket, rest, server,
			mac, more);
}

/* The device's arguments by the port's kind: "net_virtio_user0,path=SOCKET,server=1". */
static int device_arguments(char *out, size_t size, const char *spec, unsigned number)
{
	const char *rest = strchr(spec, ':') + 1;
	int length;

	if (!strncmp(spec, "vhost:", 6))
		length = guest_arguments(out, size, rest, number);
	else if (!strncmp(spec, "packet:", 7))
		length = snprintf(out, size, "net_af_packet%u,iface=%s", number, rest);
	else if (!strncmp(spec, "vdev:", 5))
		length = snprintf(out, size, "%s", rest);
	else
		return -EPROTONOSUPPORT;
	return length < (int)size ? 0 : -ENAMETOOLONG;
}

static void write_pattern(struct rte_mempool *pool, void *unused, void *object, unsigned index)
{
	struct rte_mbuf *m = object;

	(void)pool;
	(void)unused;
	(void)index;
	m->hash.usr = 0;
	memcpy((uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM + UNTAGGED, probe_pattern(0),
	       PROBE_LARGEST);
}

static int make_pools(struct port *p)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "rx%u", p->id);
	p->rx = rte_pktmbuf_pool_create(name, RX_FRAMES, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "tx%u", p->id);
	p->tx = rte_pktmbuf_pool_create(name, TX_FRAMES, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					SOCKET_ID_ANY);
	if (!p->rx || !p->tx)
		return -ENOMEM;
	rte_mempool_obj_iter(p->tx, write_pattern, NULL);
	return 0;
}

static int start(struct port *p)
{
	struct rte_eth_conf conf = { 0 };
	uint16_t n_rx = 1024, n_tx = 1024;
	int rc = make_pools(p);

	if (!rc)
		rc = rte_eth_dev_configure(p->id, 1, 1, &conf);
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &n_rx, &n_tx);
	if (!rc)
		rc = rte_eth_rx_queue_setup(p->id, 0, n_rx, rte_eth_dev_socket_id(p->id) < 0 ? 0 :
					    (unsigned)rte_eth_dev_socket_id(p->id), NULL, p->rx);
	if (!rc)
		rc = rte_eth_tx_queue_setup(p->id, 0, n_tx, 0, NULL);
	if (!rc)
		rc = rte_eth_dev_start(p->id);
	if (rc)
		return rc;
	/* Not every device can; those that cannot take all frames anyway. */
	(void)rte_eth_promiscuous_enable(p->id);
	return 0;
}

/* The device's name stands before the first comma. */
static int make_device(char *arguments, uint16_t *id)
{
	char *comma = strchr(arguments, ',');
	int rc;

	if (comma)
		*comma++ = '\0';
	rc = rte_eal_hotplug_add("vdev", arguments, comma ? comma : "");
	return rc ? rc : rte_eth_dev_get_port_by_name(arguments, id);
}

int port_open(struct port *p, const char *name, const char *spec, unsigned number)
{
	char arguments[512];
	int rc = device_arguments(arguments, sizeof(arguments), spec, number);

	p->name = name;
	p->id = RTE_MAX_ETHPORTS;
	if (!rc)
		rc = make_device(arguments, &p->id);
	if (!rc)
		rc = start(p);
	if (rc)
		fprintf(stderr, "traffic: port %s: %s cannot be opened: %s\n", name, spec, strerror(-rc));
	return rc;
}

void port_close(struct port *p)
{
	if (p->id == RTE_MAX_ETHPORTS)
		return;
	rte_eth_dev_stop(p->id);
	rte_eth_dev_close(p->id);
	rte_mempool_free(p->rx);
	rte_mempool_free(p->tx);
}
