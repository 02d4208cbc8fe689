/* SPDX-License-Identifier: BSD-2-Clause */
/* A split frame made whole, and its mbuf's own buffer given back to it. */
#include "frame/frame.h"

#include <rte_eal.h>

static void set_buffer(struct rte_mbuf *m, char *buffer, uint16_t length)
{
	m->buf_addr = buffer;
	m->buf_len = length;
	m->buf_iova = rte_eal_iova_mode() == RTE_IOVA_VA ? (rte_iova_t)(uintptr_t)buffer
							 : RTE_BAD_IOVA;
}

bool frame_join(struct rte_mbuf *m)
{
	struct frame_split *s = (struct frame_split *)frame_of_mbuf(m);
	const NET_BUFFER *nb = &s->frame.nb;
	const MDL *mdl = &s->frame.mdl;
	ULONG first, all = nb->DataLength;

	if (!frame_is_split(m))
		return true;
	if (s->frame.nbl.FirstNetBuffer != nb || nb->MdlChain != mdl || nb->CurrentMdl != mdl ||
	    nb->CurrentMdlOffset > mdl->ByteCount || mdl->ByteCount - nb->CurrentMdlOffset > s->offset)
		return false;
	first = mdl->ByteCount - nb->CurrentMdlOffset;
	if (all > first + s->rest.ByteCount)
		return false;
	memcpy(s->backfill + s->offset - first,
	       (const char *)mdl->MappedSystemVa + nb->CurrentMdlOffset, RTE_MIN(first, all));
	set_buffer(m, s->backfill, (uint16_t)(s->offset + s->room));
	m->data_off = (uint16_t)(s->offset - first);
	m->data_len = (uint16_t)all;
	m->pkt_len = all;
	return true;
}

void frame_part(struct rte_mbuf *m)
{
	set_buffer(m, (char *)m + sizeof(*m) + m->priv_size,
		   (uint16_t)rte_pktmbuf_data_room_size(m->pool));
}
