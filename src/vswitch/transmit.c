/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from a VM: checked against its port, then to another port of this host,
 * or to the wire with the VM's queue id (B1). What is for this host never touches
 * the wire.
 */
#include "vswitch/switch.h"

/* A tag of VLAN 0 names no VLAN, only a priority: it leaves the data, and what it says goes
 * to '*tci'. Any other stays. */
static __rte_noinline void priority_take(struct rte_mbuf *m, uint16_t *tci)
{
	uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);

	if (m->data_len < 18 || b[14] & 0x0f || b[15])
		return;
	*tci = (uint16_t)((b[14] & 0xe0) << 8);
	memmove(b + 4, b, 12);
	rte_pktmbuf_adj(m, 4);
	m->l2_len -= 4;   /* of an unfinished frame; of others nobody reads it */
}

static __rte_always_inline int refusal(const struct vs_port *port, const struct rte_mbuf *m,
				       uint64_t *own)
{
	if (m->nb_segs != 1 || m->data_len < 14 || m->data_len > vs_switch.mtu + 14u)
		return PORT_DROP_BAD_FRAME;
	return vs_header_refusal(port, rte_pktmbuf_mtod(m, const uint8_t *), own);
}

/* Puts the tag into the data, for a miniport that would not. False: no room. */
static bool tag_put(struct rte_mbuf *m, uint16_t tci)
{
	uint8_t *b = (uint8_t *)rte_pktmbuf_prepend(m, 4);

	if (!b)
		return false;
	memmove(b, b + 4, 12);
	b[12] = 0x81;
	b[13] = 0x00;
	b[14] = (uint8_t)(tci >> 8);
	b[15] = (uint8_t)tci;
	return true;
}

/* The mbuf as an NBL on its way out, with the port's VLAN and the VM's priority as an OOB
 * tag (O20). */
static __rte_always_inline NET_BUFFER_LIST *describe(struct vs_port *port, struct rte_mbuf *m,
						     unsigned queue, uint16_t tci,
						     NDIS_HANDLE binding)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	NET_BUFFER_LIST *nbl;

	tci |= port->vlan;
	if (tci && !vs_switch.tags && tag_put(m, tci))
		tci = 0;
	nbl = frame_describe(m);

	nbl->SourceHandle = binding;                      /* A26 */
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)queue;
	tag.TagHeader.VlanId = tci & 0xfff;
	tag.TagHeader.UserPriority = tci >> 13;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
	NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, vs_switch.cancel_id);
	NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[0] = port;   /* U16: who is charged */
	return nbl;
}

/* Where a burst goes down, and what of it does. */
struct out {
	NDIS_HANDLE binding;
	unsigned queue;
	struct vs_seen seen;
	uint64_t own;                        /* see vs_header_refusal() */
	struct vs_chain chain;               /* to the wire */
	struct vs_port *to;                  /* to a port of this host: 'n' frames in a row */
	struct rte_mbuf *local[BURST];
	unsigned n;
};

static void give_local(struct out *out)
{
	if (out->n)
		vs_port_give(out->to, out->local, out->n);
	out->n = 0;
}

static __rte_always_inline void add_local(struct out *out, struct vs_port *to, struct rte_mbuf *m)
{
	if (out->n == BURST || (out->n && out->to != to))
		give_local(out);
	out->to = to;
	out->local[out->n++] = m;
}

/* Decides on one plain frame. Returns true when it is for the wire; else it is gone. */
static __rte_always_inline bool forward(struct vs_port *port, struct rte_mbuf *m, struct out *out)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	int why = refusal(port, m, &out->own);
	struct vs_port *to;

	if (why >= 0) {
		counter_add(&port->drops.by[why], 1);
		rte_pktmbuf_free(m);
		return false;
	}
	if (frame[0] & 1) {
		if (vs_is_link_local(frame)) {
			counter_add(&port->drops.by[PORT_DROP_LINK_LOCAL], 1);
			rte_pktmbuf_free(m);
			return false;
		}
		give_local(out);   /* what was sent before comes before */
		counter_add(&vs_here()->copies, vs_flood(frame, m->data_len, port->vlan, port));
		return true;
	}
	to = vs_lookup_again(frame, port->vlan, &out->seen);
	if (!to)
		return true;
	if (to == port) {
		counter_add(&port->drops.by[PORT_DROP_NO_DESTINATION], 1);   /* to itself */
		rte_pktmbuf_free(m);
	} else {
		add_local(out, to, m);
	}
	return false;
}

static __rte_always_inline void take(struct vs_port *port, struct rte_mbuf *m, uint16_t tci,
				     struct out *out)
{
	if (!forward(port, m, out))
		return;
	if (out->binding) {
		vs_chain_append(&out->chain, describe(port, m, out->queue, tci, out->binding));
	} else {
		counter_add(&port->drops.by[PORT_DROP_NO_DESTINATION], 1);
		rte_pktmbuf_free(m);
	}
}

/* An unfinished frame to who finishes it. False: nobody does. */
static bool hand_on(struct vs_port *port, struct rte_mbuf *m, uint16_t tci, struct out *out)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	NET_BUFFER_LIST *nbl;
	struct vs_port *to;

	if (frame[0] & 1)
		return false;
	to = vs_lookup_again(frame, port->vlan, &out->seen);
	if (to) {
		if (to == port || !vs_vm_finishes(to, m))
			return false;
		add_local(out, to, m);
		return true;
	}
	if (!out->binding || !vs_wire_finishes(m, tci || port->vlan))
		return false;
	nbl = describe(port, m, out->queue, tci, out->binding);
	vs_wire_ask(nbl, m);
	vs_chain_append(&out->chain, nbl);
	return true;
}

/* An unfinished frame, whole or in plain ones. The ledger has it as one frame that came, and
 * has copies beyond it for what came of it. */
static __rte_noinline void take_unfinished(struct vs_port *port, struct rte_mbuf *m, uint16_t tci,
					   struct out *out)
{
	int why = vs_longest(m) > vs_switch.mtu + 14u
			  ? PORT_DROP_BAD_FRAME
			  : vs_header_refusal(port, rte_pktmbuf_mtod(m, const uint8_t *),
					      &out->own);
	struct rte_mbuf *plain;
	struct vs_finish f;

	if (why >= 0) {
		counter_add(&port->drops.by[why], 1);
		rte_pktmbuf_free(m);
		return;
	}
	if (hand_on(port, m, tci, out))
		return;
	if (!vs_finish_begin(&f, m, frame_pool_mempool(port->pool))) {
		counter_add(&port->drops.by[PORT_DROP_BAD_FRAME], 1);
		return;
	}
	while ((plain = vs_finish_next(&f)))
		take(port, plain, tci, out);
	if (f.lost)
		counter_add(&port->drops.by[PORT_DROP_NO_BUFFER], 1);
	counter_add(&vs_here()->copies, f.n + f.lost - 1);
}

uint64_t vs_from_vm(struct vs_port *port, struct rte_mbuf **pkts, unsigned n)
{
	NDIS_HANDLE binding = atomic_load_explicit(&vs_switch.binding, memory_order_acquire);
	struct out out;
	bool offload = port->offload;
	uint64_t bytes = 0;

	out.binding = binding;
	out.queue = atomic_load_explicit(&port->queue, memory_order_relaxed);
	out.seen = (struct vs_seen){ VS_NO_KEY, NULL };
	out.own = VS_NO_KEY;
	out.chain = (struct vs_chain){ NULL, NULL, 0 };
	out.n = 0;   /* of the rest only what is written is read */
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		uint16_t tci = 0;

		bytes += m->pkt_len;
		if (unlikely(ethernet_is_tagged(rte_pktmbuf_mtod(m, const uint8_t *))))
			priority_take(m, &tci);
		if (offload && m->ol_flags & VMPORT_UNFINISHED)
			take_unfinished(port, m, tci, &out);
		else
			take(port, m, tci, &out);
	}
	/* Where all of a burst went, that which comes next may go at once. */
	vs_passes_to(port, out.n == n && !out.chain.n ? out.to : NULL);
	give_local(&out);
	counter_add(&port->from_vm, n);
	counter_add(&port->from_vm_bytes, bytes);
	if (!out.chain.n)
		return bytes;
	counter_add(&vs_here()->sent, out.chain.n);
	counter_add(&port->send.out, out.chain.n);
	if (unlikely(atomic_load_explicit(&vs_switch.weighed, memory_order_relaxed)))
		vs_weight_charge(port, &out.chain);
	NdisSendNetBufferLists(binding, out.chain.first, NDIS_DEFAULT_PORT_NUMBER,
			       NDIS_SEND_FLAGS_DISPATCH_LEVEL | NDIS_SEND_FLAGS_SINGLE_QUEUE);   /* B4 */
	return bytes;
}

_Use_decl_annotations_
VOID ProtocolSendNetBufferListsComplete(NDIS_HANDLE ProtocolBindingContext,
					PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
	struct vs_processor *here = vs_here();
	struct vs_port *port = NULL;
	struct rte_mbuf *free[BURST];
	unsigned n = 0, sent = 0, all = 0;
	NET_BUFFER_LIST *next;

	(void)ProtocolBindingContext;
	(void)SendCompleteFlags;
	for (; NetBufferList; NetBufferList = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
		if (NET_BUFFER_LIST_PROTOCOL_RESERVED(NetBufferList)[0] != port) {
			if (n)
				vs_send_back(port, n);
			port = NET_BUFFER_LIST_PROTOCOL_RESERVED(NetBufferList)[0];
			n = 0;
		}
		n++;
		sent += NET_BUFFER_LIST_STATUS(NetBufferList) == NDIS_STATUS_SUCCESS;
		free[all++ % BURST] = frame_mbuf_of(NetBufferList);
		if (all % BURST == 0)
			frame_free_burst(free, BURST);
	}
	frame_free_burst(free, all % BURST);
	if (n)
		vs_send_back(port, n);
	counter_add(&here->to_wire, sent);
	counter_add(&here->drops.by[PORT_DROP_SEND_FAILED], all - sent);
	counter_add(&here->completed, all);
}
