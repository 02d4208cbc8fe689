/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of any form on their way out: the mbuf that they lie in, or a copy. */
#include "frame/frame.h"

#include <rte_mempool.h>

const char frame_owner = 0;

void frame_describe_rest(struct rte_mbuf *m)
{
	struct frame *f = frame_of_mbuf(m);
	MDL *last = &f->mdl;

	for (struct rte_mbuf *s = m->next; s; s = s->next) {
		frame_describe(s);
		last->Next = &frame_of_mbuf(s)->mdl;
		last = last->Next;
	}
	f->nb.DataLength = m->pkt_len;
}

struct rte_mbuf *frame_borrow(NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_mbuf(nbl);
	struct frame *f;
	char *data;

	if (!m)
		return NULL;
	f = frame_of_mbuf(m);
	data = (char *)f->mdl.MappedSystemVa + f->nb.CurrentMdlOffset;
	if (nbl->FirstNetBuffer != &f->nb || f->nb.Next || f->nb.MdlChain != &f->mdl ||
	    f->nb.CurrentMdl != &f->mdl || f->nb.CurrentMdlOffset > f->mdl.ByteCount ||
	    /* Its own buffer alone: after a join, and in a bare pool, it has another. */
	    f->mdl.Next || m->buf_addr != (char *)f + FRAME_PRIVATE || data < (char *)m->buf_addr ||
	    f->nb.DataLength > f->mdl.ByteCount - f->nb.CurrentMdlOffset)
		return NULL;
	m->data_off = (uint16_t)(data - (char *)m->buf_addr);
	m->data_len = (uint16_t)f->nb.DataLength;
	m->pkt_len = f->nb.DataLength;
	rte_mbuf_refcnt_update(m, 1);
	return m;
}

/* Copies 'n' bytes from where (*mdl, *offset) stand, and moves them on. Returns
 * how many the chain still had. */
static ULONG gather(char *to, const MDL **mdl, ULONG *offset, ULONG n)
{
	ULONG done = 0;

	while (done < n && *mdl) {
		ULONG here = (*mdl)->ByteCount > *offset ? (*mdl)->ByteCount - *offset : 0;

		if (here > n - done)
			here = n - done;
		memcpy(to + done, (const char *)(*mdl)->MappedSystemVa + *offset, here);
		done += here;
		*offset += here;
		if (*offset >= (*mdl)->ByteCount) {
			*offset -= (*mdl)->ByteCount;
			*mdl = (*mdl)->Next;
		}
	}
	return done;
}

struct rte_mbuf *frame_copy(const NET_BUFFER *nb, struct rte_mempool *pool, uint16_t tag,
			    uint16_t minimum)
{
	ULONG length = nb->DataLength, total = length + (tag ? 4 : 0), offset = nb->CurrentMdlOffset;
	const MDL *mdl = nb->CurrentMdl;
	struct rte_mbuf *m = NULL;
	char *to;

	if (length < 14 || RTE_MAX(total, (ULONG)minimum) + FRAME_HEADROOM >
				   rte_pktmbuf_data_room_size(pool))
		return NULL;
	m = rte_pktmbuf_alloc(pool);
	if (!m)
		return NULL;
	to = rte_pktmbuf_mtod(m, char *);
	if (gather(to, &mdl, &offset, 12) < 12)
		goto short_chain;
	if (tag) {
		const unsigned char vlan[4] = { 0x81, 0x00, (unsigned char)(tag >> 8),
						(unsigned char)tag };

		memcpy(to + 12, vlan, 4);
	}
	if (gather(to + 12 + (tag ? 4 : 0), &mdl, &offset, length - 12) < length - 12)
		goto short_chain;
	if (total < minimum) {
		memset(to + total, 0, minimum - total);
		total = minimum;
	}
	m->data_len = (uint16_t)total;
	m->pkt_len = total;
	return m;

short_chain:
	rte_pktmbuf_free(m);
	return NULL;
}
