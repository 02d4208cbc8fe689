/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_prefetch.h>

#include "probe_read.h"

#define AHEAD 6u    /* frames: their bytes come from another CPU's cache */

int inspect_init(struct inspect *in)
{
	int rc;

	memset(in, 0, sizeof(*in));
	in->mine = (struct inspect_mine){ .n = UINT64_MAX, .vlan = INSPECT_ANY_VLAN };
	rc = sequences_init(&in->sequences);
	if (rc)
		return rc;
	in->latency = malloc(sizeof(*in->latency));
	if (!in->latency) {
		sequences_fini(&in->sequences);
		return -ENOMEM;
	}
	histogram_clear(in->latency);
	return 0;
}

void inspect_fini(struct inspect *in)
{
	free(in->latency);
	sequences_fini(&in->sequences);
}

void inspect_reset(struct inspect *in)
{
	memset(&in->counts, 0, sizeof(in->counts));
	sequences_forget(&in->sequences);
	histogram_clear(in->latency);
}

static bool belongs(const struct inspect_mine *mine, const struct probe *p)
{
	return p->to - mine->first < mine->n &&
	       (mine->vlan == INSPECT_ANY_VLAN || mine->vlan == p->vlan);
}

static void count(struct inspect *in, const struct probe *p, uint32_t size, uint64_t now)
{
	in->counts.frames++;
	in->counts.bytes += size;
	if (p->looped) {
		in->counts.looped++;
		sequences_looped(&in->sequences, p->flow, p->sequence, (uint32_t)p->stamp);
		return;
	}
	sequences_live(&in->sequences, p->flow, p->sequence);
	if (in->timed)
		histogram_add(in->latency, now - p->stamp);
}

/* What came in pieces is larger than any of ours. */
static void make_one_piece(struct rte_mbuf *m)
{
	rte_pktmbuf_free(m->next);
	m->next = NULL;
	m->nb_segs = 1;
}

static inline bool inspect_one(struct inspect *in, struct rte_mbuf *m, bool whole, uint64_t now,
			       struct probe *p)
{
	const uint8_t *frame;

	if (unlikely(m->nb_segs > 1)) {
		make_one_piece(m);
		in->counts.bad++;
		return false;
	}
	frame = rte_pktmbuf_mtod(m, const uint8_t *);
	switch (probe_read(p, frame, m->pkt_len)) {
	case PROBE_UNKNOWN:
		in->counts.unknown++;
		return false;
	case PROBE_BAD:
		in->counts.bad++;
		return false;
	case PROBE_GOOD:
		break;
	}
	if (whole && !probe_whole(p, frame)) {
		in->counts.bad++;
		return false;
	}
	if (!belongs(&in->mine, p)) {
		in->counts.foreign++;
		return false;
	}
	count(in, p, m->pkt_len, now);
	return true;
}

uint32_t inspect_burst(struct inspect *in, struct rte_mbuf **pkts, unsigned n, uint64_t now,
		       struct probe *probes)
{
	unsigned whole;
	uint32_t good = 0;

	if (!n)
		return 0;
	whole = in->turn++ % n;
	for (unsigned i = 0; i < n && i < AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], const void *));
	for (unsigned i = 0; i < n; i++) {
		if (i + AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + AHEAD], const void *));
		if (inspect_one(in, pkts[i], i == whole, now, &probes[i]))
			good |= UINT32_C(1) << i;
	}
	return good;
}
