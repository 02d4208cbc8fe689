/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#define SLOW_BURST 8u    /* a slow guest reads so many at once: some drivers want several */

int world_add(struct world *w, const char *spec)
{
	char *equals = strchr(spec, '=');
	struct guest *g = &w->guests[w->n_guests];
	int rc;

	if (!equals || equals == spec || !strchr(equals, ':')) {
		fprintf(stderr, "traffic: --port %s: not NAME=KIND:...\n", spec);
		return -EINVAL;
	}
	if (w->n_guests == GUESTS) {
		fprintf(stderr, "traffic: more than %u ports\n", GUESTS);
		return -E2BIG;
	}
	*equals = '\0';
	if (world_find(w, spec) || !strcmp(spec, "all")) {
		fprintf(stderr, "traffic: two ports are called %s, or one all\n", spec);
		return -EEXIST;
	}
	rc = inspect_init(&g->inspect);
	if (rc)
		return rc;
	stream_init(&g->stream, w->n_guests);
	rc = port_open(&g->port, spec, equals + 1, w->n_guests);
	w->n_guests++;
	return rc;
}

void world_close(struct world *w)
{
	for (unsigned i = 0; i < w->n_guests; i++) {
		stream_fini(&w->guests[i].stream);
		port_close(&w->guests[i].port);
		inspect_fini(&w->guests[i].inspect);
	}
	w->n_guests = 0;
}

struct guest *world_find(struct world *w, const char *name)
{
	for (unsigned i = 0; i < w->n_guests; i++)
		if (!strcmp(w->guests[i].port.name, name))
			return &w->guests[i];
	return NULL;
}

void guest_read(struct guest *g, enum guest_reading reading, double rate)
{
	g->reading = reading;
	g->owed = 0;
	if (reading == GUEST_SLOW)
		pace_start(&g->slow, rate, rte_rdtsc());
}

/* Sends the good ones back and frees the others. */
static void echo(struct guest *g, struct rte_mbuf **pkts, unsigned n, uint32_t good,
		 const struct probe *probes)
{
	struct stream_counts *counts = &g->stream.counts;
	struct rte_mbuf *back[PORT_BURST], *rest[PORT_BURST];
	unsigned n_back = 0, n_rest = 0, bytes[PORT_BURST], sent;

	for (unsigned i = 0; i < n; i++) {
		if (!(good >> i & 1)) {
			rest[n_rest++] = pkts[i];
			continue;
		}
		probe_turn_round(&probes[i], rte_pktmbuf_mtod(pkts[i], uint8_t *));
		bytes[n_back] = pkts[i]->pkt_len;
		back[n_back++] = pkts[i];
	}
	sent = rte_eth_tx_burst(g->port.id, 0, back, (uint16_t)n_back);
	counts->sent += sent;
	counts->missed += n_back - sent;
	for (unsigned i = 0; i < sent; i++)
		counts->sent_bytes += bytes[i];
	rte_pktmbuf_free_bulk(back + sent, n_back - sent);
	rte_pktmbuf_free_bulk(rest, n_rest);
}

static unsigned receive(struct guest *g, unsigned most)
{
	struct rte_mbuf *pkts[PORT_BURST];
	struct probe probes[PORT_BURST];
	unsigned n = rte_eth_rx_burst(g->port.id, 0, pkts, (uint16_t)most);
	uint32_t good;

	if (!n)
		return 0;
	good = inspect_burst(&g->inspect, pkts, n, rte_rdtsc(), probes);
	if (g->reading == GUEST_ECHOES)
		echo(g, pkts, n, good, probes);
	else if (pkts[0]->pool == g->port.rx)
		/* In one piece each and nobody else's: they go back in one copy. */
		rte_mempool_put_bulk(g->port.rx, (void **)pkts, n);
	else
		rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

unsigned guest_receive(struct guest *g)
{
	return receive(g, PORT_BURST);
}

static void read_slowly(struct guest *g, uint64_t now)
{
	g->owed += pace_due(&g->slow, now, PORT_BURST - g->owed);
	if (g->owed >= SLOW_BURST)
		g->owed -= receive(g, g->owed);
}

bool world_active(const struct world *w)
{
	for (unsigned i = 0; i < w->n_guests; i++)
		if (w->guests[i].reading != GUEST_CLOSED || w->guests[i].stream.mode != STREAM_SILENT)
			return true;
	return false;
}

void world_reset(struct world *w)
{
	for (unsigned i = 0; i < w->n_guests; i++) {
		inspect_reset(&w->guests[i].inspect);
		stream_reset(&w->guests[i].stream);
	}
	w->began = w->ended = rte_rdtsc();
	w->longest = 0;
}

void world_round(struct world *w)
{
	uint64_t now = rte_rdtsc();

	if (now - w->ended > w->longest)
		w->longest = now - w->ended;
	w->ended = now;
	for (unsigned i = 0; i < w->n_guests; i++) {
		struct guest *g = &w->guests[i];

		if (g->reading == GUEST_SLOW)
			read_slowly(g, now);
		else if (g->reading != GUEST_CLOSED)
			receive(g, PORT_BURST);
		if (g->stream.mode != STREAM_SILENT)
			stream_round(&g->stream, &g->port, rte_rdtsc());
	}
}

void world_run(struct world *w, double seconds)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(seconds * (double)rte_get_tsc_hz());

	w->ended = rte_rdtsc();
	do
		world_round(w);
	while (w->ended < end);
}
