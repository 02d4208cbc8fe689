/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive modes (U17): how the frames of a queue become NBLs, in whose memory they
 * lie meanwhile, and how they come home. A mode is a file of its own with one struct
 * mp_mode; which one a queue has is decided once, at QUEUE_ALLOCATION_COMPLETE, and asked
 * once for each burst, never for each frame.
 *
 * The quota of a queue is what it may have out. A mode that gives the queue buffers of
 * its own fills 'buffers' with all of them; one whose frames lie in buffers that the NIC
 * took sets 'quota' alone. Either way mp_buffers_for() keeps to it, and the frames of a
 * VM that does not return are lost to its queue alone.
 */
#ifndef MINIPORT_MODE_H
#define MINIPORT_MODE_H

#include "base/ethernet.h"
#include "miniport/adapter.h"

struct mp_mode {
	const char *name;   /* for a person */
	/* Gives the queue its memory and its quota (C40), and takes both away when all is
	 * home (E11); destroy also where create failed or never was. Control, PASSIVE_LEVEL. */
	NDIS_STATUS (*create)(struct mp_queue *q);
	void (*destroy)(struct mp_queue *q);
	/* Makes an NBL of each of 'n' frames (1 .. BURST, at most mp_buffers_for()) of the
	 * NIC's, each at least an Ethernet header, and appends them in order; the mbufs are
	 * the mode's. Owner. */
	void (*receive)(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts,
			unsigned n, struct mp_chain *to);
	/* The same for frames that came by value, whose bytes are not the mode's; NULL: frames of
	 * such a queue do not. Returns how many there were buffers for. */
	unsigned (*receive_copies)(struct mp_processor *p, struct mp_queue *q,
				   const struct mp_copy *copies, unsigned n, struct mp_chain *to);
	/* Takes NBLs home that were returned, from 'nbl' to before 'end' (NULL: all). Returns
	 * how many. Owner. */
	unsigned (*home)(struct mp_processor *p, struct mp_queue *q, NET_BUFFER_LIST *nbl,
			 const NET_BUFFER_LIST *end);
};

extern const struct mp_mode mp_placed;   /* place.c: copied into the queue's own memory */
extern const struct mp_mode mp_split;    /* split.c: the same in two parts (E15) */
extern const struct mp_mode mp_loaned;   /* loan.c: they stay where the NIC put them */
extern const struct mp_mode mp_scaled;   /* rss_receive.c: likewise, and with their hash */
extern const struct mp_mode mp_steered;  /* steer.c: likewise, in the queue's own memory */

/* What the queue's parameters and the adapter's keyword ask for. A queue that shall be
 * steered has its queue of the NIC then. */
const struct mp_mode *mp_mode_of(struct mp_queue *q);

/* A frame of the queue that is described, its OOB and origin as every indication has
 * them (F1, F7, F8). Returns how many bytes it has, for 'bytes' of the queue. */
static inline uint32_t mp_append(struct mp_queue *q, struct rte_mbuf *m, struct mp_chain *to)
{
	struct frame *f = frame_of_mbuf(m);

	f->nbl.SourceHandle = q->adapter->handle;
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&f->nbl) = q->id;
	f->nb.SharedMemoryInfo = &f->memory;
	f->queue = q->id;
	mp_chain_append(to, &f->nbl);
	return f->nb.DataLength;
}

/* The tag of 'frame', which the NBL's data lack, goes to the OOB as far as the keywords let
 * it (D16, D17, O18). */
static inline void mp_set_tag(const struct mp_queue *q, NET_BUFFER_LIST *nbl, const uint8_t *frame)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	unsigned tci = big16_read(frame + VLAN_TCI) & q->adapter->settings.tag_mask;

	tag.TagHeader.UserPriority = tci >> 13;
	tag.TagHeader.CanonicalFormatId = tci >> 12 & 1;
	tag.TagHeader.VlanId = tci & 0xfff;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
}

/* The frame where it lies in its mbuf, which is then the NBL's; the tag is taken out. */
static inline void mp_describe_in_place(const struct mp_queue *q, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t tag[VLAN_TAG + ETHERNET_HEADER - 2];

	if (!ethernet_is_tagged(frame)) {
		frame_describe(m);
		return;
	}
	memcpy(tag, frame, sizeof(tag));
	memmove(frame + VLAN_TAG, frame, 12);
	m->data_off += VLAN_TAG;
	m->data_len -= VLAN_TAG;
	m->pkt_len -= VLAN_TAG;
	mp_set_tag(q, frame_describe(m), tag);
}

#endif
