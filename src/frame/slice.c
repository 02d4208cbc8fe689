/* SPDX-License-Identifier: BSD-2-Clause */
/* A part of an NBL's bytes, for a port that takes chains: by reference where they lie in mbufs. */
#include "frame/frame.h"

#include <rte_mempool.h>

/* Where the walk over an NB's MDLs stands. */
struct walk {
	const MDL *mdl;
	uint64_t offset;         /* in it */
	struct rte_mbuf *in;     /* whose MDL it is; NULL: none of ours */
};

/* The chain as far as it is built. */
struct slice {
	struct rte_mbuf *first, *last;
	struct rte_mempool *pool;
	unsigned left;           /* mbufs that it may still get */
};

/* The mbuf whose MDL comes behind that of 'm'. */
static struct rte_mbuf *in_of(struct rte_mbuf *m, const MDL *mdl)
{
	return m && mdl == &frame_of_mbuf(m)->mdl ? m : NULL;
}

static void step(struct walk *w)
{
	w->offset -= w->mdl->ByteCount;
	w->mdl = w->mdl->Next;
	w->in = in_of(w->in ? w->in->next : NULL, w->mdl);
}

/* To byte 'at' of the NB's data. */
static struct walk walk_to(NET_BUFFER_LIST *nbl, const NET_BUFFER *nb, uint32_t at)
{
	struct rte_mbuf *m = frame_mbuf(nbl);
	struct walk w = { .mdl = nb->MdlChain };

	w.in = in_of(m, w.mdl);
	while (w.mdl && w.mdl != nb->CurrentMdl) {
		w.offset = w.mdl->ByteCount;
		step(&w);
	}
	w.offset = (uint64_t)nb->CurrentMdlOffset + at;
	while (w.mdl && w.offset >= w.mdl->ByteCount)
		step(&w);
	return w;
}

/* Whether other mbufs may refer to the byte at 'data' of 'm': it lies in the buffer that belongs
 * to the mbuf itself. */
static bool can_refer(const struct rte_mbuf *m, const char *data)
{
	return m && RTE_MBUF_DIRECT(m) &&
	       m->buf_addr == (const char *)m + sizeof(*m) + m->priv_size &&
	       data >= (const char *)m->buf_addr && data < (const char *)m->buf_addr + m->buf_len;
}

static struct rte_mbuf *grow(struct slice *s)
{
	struct rte_mbuf *m = s->left ? rte_pktmbuf_alloc(s->pool) : NULL;

	if (!m)
		return NULL;
	s->left--;
	if (s->first) {
		s->last->next = m;
		s->first->nb_segs++;
	} else {
		s->first = m;
	}
	s->last = m;
	return m;
}

/* Returns how many bytes of the MDL's rest it took. */
static uint32_t refer(struct slice *s, struct rte_mbuf *to, const char *data, uint32_t n)
{
	struct rte_mbuf *m = grow(s);

	if (!m)
		return 0;
	rte_pktmbuf_attach(m, to);
	m->ol_flags = RTE_MBUF_F_INDIRECT;
	m->data_off = (uint16_t)(data - (const char *)to->buf_addr);
	m->data_len = (uint16_t)n;
	return n;
}

static uint32_t copy(struct slice *s, const char *data, uint32_t n)
{
	struct rte_mbuf *m = s->last;

	if (!m || !RTE_MBUF_DIRECT(m) || !rte_pktmbuf_tailroom(m))
		m = grow(s);
	if (!m)
		return 0;
	n = RTE_MIN(n, (uint32_t)rte_pktmbuf_tailroom(m));
	memcpy(rte_pktmbuf_mtod_offset(m, char *, m->data_len), data, n);
	m->data_len = (uint16_t)(m->data_len + n);
	return n;
}

struct rte_mbuf *frame_slice(NET_BUFFER_LIST *nbl, const NET_BUFFER *nb, uint32_t at, uint32_t n,
			     struct rte_mempool *pool, unsigned most)
{
	struct slice s = { .pool = pool, .left = most };
	struct walk w = walk_to(nbl, nb, at);
	uint32_t done = 0;

	n = at < nb->DataLength ? RTE_MIN(n, nb->DataLength - at) : 0;
	while (w.mdl && done < n) {
		const char *data = (const char *)w.mdl->MappedSystemVa + w.offset;
		uint32_t here = RTE_MIN(w.mdl->ByteCount - (uint32_t)w.offset, n - done);
		uint32_t took = can_refer(w.in, data) ? refer(&s, w.in, data, here)
						      : copy(&s, data, here);

		if (!took)
			break;
		done += took;
		w.offset += took;
		while (w.mdl && w.offset >= w.mdl->ByteCount)
			step(&w);
	}
	if (s.first)
		s.first->pkt_len = done;
	return s.first;
}
