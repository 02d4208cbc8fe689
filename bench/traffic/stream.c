/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

static const uint16_t imix[] = { 60, 590, 1514 };

/* IMIX, 7:4:1, as evenly as it goes: which size comes in its turn. */
static const uint8_t imix_turn[STREAM_SIZES] = { 0, 1, 0, 0, 1, 0, 2, 0, 1, 0, 1, 0 };

void stream_init(struct stream *s, unsigned number)
{
	memset(s, 0, sizeof(*s));
	s->first_flow = (uint16_t)(number * STREAM_FLOWS);
	s->shape = (struct stream_shape){ .from.bytes = { 2, 0, 0, 0, 0, (uint8_t)number }, .flows = 1,
					  .size = PROBE_SMALLEST, .vlan = PROBE_NO_VLAN };
}

static void free_templates(struct stream *s)
{
	for (unsigned i = 0; i < RTE_DIM(s->templates); i++) {
		free(s->templates[i]);
		s->templates[i] = NULL;
	}
}

void stream_fini(struct stream *s)
{
	stream_stop(s);
	free_templates(s);
}

/* The address 'n' after 'first': the number goes on into the last three bytes. */
static struct probe_address address_after(struct probe_address first, unsigned n)
{
	n += (unsigned)(first.bytes[3] << 16 | first.bytes[4] << 8 | first.bytes[5]);
	first.bytes[3] = (uint8_t)(n >> 16);
	first.bytes[4] = (uint8_t)(n >> 8);
	first.bytes[5] = (uint8_t)n;
	return first;
}

static struct probe_template *make_templates(const struct stream *s, uint16_t size)
{
	const struct stream_shape *shape = &s->shape;
	struct probe_template *t = calloc(s->n_flows, sizeof(*t));

	for (unsigned i = 0; t && i < s->n_flows; i++)
		probe_make_template(&t[i], address_after(shape->to, i % shape->n_to), shape->from,
				    (uint16_t)(s->first_flow + i), size, shape->vlan);
	return t;
}

int stream_set_shape(struct stream *s, const struct stream_shape *shape)
{
	unsigned n_sizes = shape->size == STREAM_IMIX ? RTE_DIM(imix) : 1;

	stream_stop(s);
	free_templates(s);
	s->shape = *shape;
	s->n_flows = shape->n_to * shape->flows;
	s->flow_turn = s->size_turn = 0;
	for (unsigned i = 0; i < n_sizes; i++) {
		s->templates[i] = make_templates(s, n_sizes > 1 ? imix[i] : (uint16_t)shape->size);
		if (!s->templates[i]) {
			free_templates(s);
			s->shape.n_to = 0;
			return -ENOMEM;
		}
	}
	return 0;
}

/* A step back in turn: the last frame was not sent. */
static void take_back(struct stream *s)
{
	s->flow_turn = s->flow_turn ? s->flow_turn - 1 : s->n_flows - 1;
	s->size_turn = s->size_turn ? s->size_turn - 1 : STREAM_SIZES - 1;
	s->next[s->flow_turn]--;
}

void stream_start(struct stream *s, double rate, uint64_t count, uint64_t now)
{
	stream_stop(s);
	s->left = count ? count : UINT64_MAX;
	s->mode = rate > 0 ? STREAM_PACED : STREAM_FLOOD;
	if (rate > 0)
		pace_start(&s->pace, rate, now);
}

void stream_stop(struct stream *s)
{
	for (unsigned i = s->n_waiting; i > s->waiting_at; i--) {
		take_back(s);
		rte_pktmbuf_free(s->waiting[i - 1]);
	}
	s->n_waiting = s->waiting_at = 0;
	s->mode = STREAM_SILENT;
}

/* The next frame into 'm', of the port's sending pool. */
static inline void make_frame(struct stream *s, struct rte_mbuf *m, uint64_t now)
{
	unsigned size = s->templates[1] ? imix_turn[s->size_turn] : 0;
	const struct probe_template *t = &s->templates[size][s->flow_turn];
	uint32_t sequence = s->next[s->flow_turn]++;
	uint8_t *frame = port_lay(m, t->payload, t->size);

	memcpy(frame, t->head, PROBE_HEAD);
	probe_finish(frame, t, sequence, now);
	/* The pattern is where the last frame in this buffer had its end. */
	if (m->hash.usr)
		memcpy(frame + t->payload + m->hash.usr, probe_pattern(m->hash.usr), 4);
	m->hash.usr = 0;
	if (t->size - t->payload >= (int)PROBE_TAIL) {
		m->hash.usr = (uint32_t)(t->size - t->payload - 4);
		memcpy(frame + t->size - 4, &sequence, 4);
	}
	s->flow_turn = s->flow_turn + 1 == s->n_flows ? 0 : s->flow_turn + 1;
	s->size_turn = s->size_turn + 1 == STREAM_SIZES ? 0 : s->size_turn + 1;
}

/* Raw from the pool: nobody else uses it, and all its frames are in one piece. */
static bool make_burst(struct stream *s, const struct port *port, struct rte_mbuf **pkts,
		       unsigned n)
{
	uint64_t now;

	if (rte_mempool_get_bulk(port->tx, (void **)pkts, n))
		return false;
	now = rte_rdtsc();
	for (unsigned i = 0; i < n; i++)
		make_frame(s, pkts[i], now);
	return true;
}

/* The port may take frames and free them: their sizes are read before. */
static unsigned send_burst(struct stream *s, const struct port *port, struct rte_mbuf **pkts,
			   unsigned n)
{
	uint16_t sizes[PORT_BURST];
	unsigned sent;

	for (unsigned i = 0; i < n; i++)
		sizes[i] = pkts[i]->data_len;
	sent = rte_eth_tx_burst(port->id, 0, pkts, (uint16_t)n);
	s->counts.sent += sent;
	for (unsigned i = 0; i < sent; i++)
		s->counts.sent_bytes += sizes[i];
	return sent;
}

static void flood(struct stream *s, const struct port *port)
{
	unsigned n = s->left < PORT_BURST ? (unsigned)s->left : PORT_BURST;

	if (s->waiting_at == s->n_waiting) {
		s->waiting_at = s->n_waiting = 0;
		if (!n)
			s->mode = STREAM_SILENT;
		if (!n || !make_burst(s, port, s->waiting, n))
			return;
		s->n_waiting = n;
		s->left -= n;
	}
	s->waiting_at += send_burst(s, port, s->waiting + s->waiting_at, s->n_waiting - s->waiting_at);
}

/* Sends 'n' or misses them. */
static unsigned send_now(struct stream *s, const struct port *port, unsigned n)
{
	struct rte_mbuf *pkts[PORT_BURST];
	unsigned sent;

	if (!make_burst(s, port, pkts, n)) {
		s->counts.missed += n;
		return 0;
	}
	sent = send_burst(s, port, pkts, n);
	s->counts.missed += n - sent;
	for (unsigned i = sent; i < n; i++)
		take_back(s);
	if (sent < n)
		rte_mempool_put_bulk(port->tx, (void **)(pkts + sent), n - sent);
	return sent;
}

void stream_round(struct stream *s, const struct port *port, uint64_t now)
{
	unsigned n;

	if (s->mode == STREAM_FLOOD)
		flood(s, port);
	if (s->mode != STREAM_PACED)
		return;
	n = pace_due(&s->pace, now, s->left < PORT_BURST ? (unsigned)s->left : PORT_BURST);
	if (n)
		s->left -= send_now(s, port, n);
	s->counts.late = s->pace.late;
	s->counts.skipped = s->pace.skipped;
	if (!s->left)
		s->mode = STREAM_SILENT;
}

bool stream_send_one(struct stream *s, const struct port *port)
{
	return send_now(s, port, 1) == 1;
}

void stream_reset(struct stream *s)
{
	memset(&s->counts, 0, sizeof(s->counts));
	s->pace.late = s->pace.skipped = 0;
}
