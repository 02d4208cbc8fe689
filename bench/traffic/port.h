/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port: a DPDK device with one queue each way, started, and a pool for each way. The frames of
 * the sending pool have the pattern in them already, where a payload lies.
 */
#ifndef TRAFFIC_PORT_H
#define TRAFFIC_PORT_H

#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define PORT_BURST 32u
#define PORT_MEGABYTES 30u         /* of DPDK's memory for one */

struct port {
	const char *name;
	uint16_t id;
	struct rte_mempool *rx, *tx;
};

/*
 * port_open - makes the device that 'spec' says (KIND:..., README.md) and starts it. 'number' is
 * one of no other port. 0, or a negative errno after a line on standard error.
 */
int port_open(struct port *p, const char *name, const char *spec, unsigned number);
void port_close(struct port *p);

/* Puts 'm', a frame of the sending pool, so that the payload lies where the pattern is. */
static inline uint8_t *port_lay(struct rte_mbuf *m, uint16_t payload, uint16_t size)
{
	m->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM + 42 - payload);
	m->data_len = size;
	m->pkt_len = size;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

#endif
