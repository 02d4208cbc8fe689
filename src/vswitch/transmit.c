/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from a VM: checked against its port, then to another port of this host,
 * or to the wire with the VM's queue id (B1). What is for this host never touches
 * the wire.
 */
#include "vswitch/switch.h"

/* The reason why the VM may not send this frame, or -1. An access port's VM knows
 * nothing of VLANs: a tag of its own would put it on another's. */
static int refusal(const struct vs_port *port, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->nb_segs != 1 || m->data_len < 14 || m->data_len > vs_switch.mtu + 14u)
		return PORT_DROP_BAD_FRAME;
	if (frame[12] == 0x81 && frame[13] == 0x00)
		return PORT_DROP_FOREIGN_VLAN;
	if (!port->spoofing && !vs_port_has_mac(port, frame + 6))
		return PORT_DROP_SPOOFED_MAC;
	return -1;
}

/* Puts the tag into the data, for a miniport that would not. False: no room. */
static bool tag_put(struct rte_mbuf *m, uint16_t vlan)
{
	uint8_t *b = (uint8_t *)rte_pktmbuf_prepend(m, 4);

	if (!b)
		return false;
	memmove(b, b + 4, 12);
	b[12] = 0x81;
	b[13] = 0x00;
	b[14] = (uint8_t)(vlan >> 8);
	b[15] = (uint8_t)vlan;
	return true;
}

/* The mbuf as an NBL on its way out, with the port's VLAN as an OOB tag (O20). */
static NET_BUFFER_LIST *describe(const struct vs_port *port, struct rte_mbuf *m, unsigned queue,
				 NDIS_HANDLE binding)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	bool tagged = port->vlan && !vs_switch.tags && tag_put(m, port->vlan);
	NET_BUFFER_LIST *nbl = frame_describe(m);

	nbl->SourceHandle = binding;                      /* A26 */
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)queue;
	tag.TagHeader.VlanId = tagged ? 0 : port->vlan;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
	NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, vs_switch.cancel_id);
	return nbl;
}

/* Decides on one frame. Returns true when it is for the wire; else it is gone. */
static bool forward(struct vs_port *port, struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	int why = refusal(port, m);
	struct vs_port *to;

	if (why >= 0) {
		counter_add(&port->drops.by[why], 1);
		rte_pktmbuf_free(m);
		return false;
	}
	if (frame[0] & 1) {
		counter_add(&vs_here()->copies, vs_flood(frame, m->data_len, port->vlan, port));
		return true;
	}
	to = vs_lookup(frame, port->vlan);
	if (!to)
		return true;
	if (to == port) {
		counter_add(&port->drops.by[PORT_DROP_NO_DESTINATION], 1);   /* to itself */
		rte_pktmbuf_free(m);
	} else {
		vs_port_give(to, m);
	}
	return false;
}

void vs_from_vm(struct vs_port *port, struct rte_mbuf **pkts, unsigned n)
{
	NDIS_HANDLE binding = atomic_load_explicit(&vs_switch.binding, memory_order_acquire);
	unsigned queue = atomic_load_explicit(&port->queue, memory_order_relaxed);
	struct vs_chain out = { NULL, NULL, 0 };
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++) {
		bytes += pkts[i]->pkt_len;
		if (!forward(port, pkts[i]))
			continue;
		if (binding) {
			vs_chain_append(&out, describe(port, pkts[i], queue, binding));
		} else {
			counter_add(&port->drops.by[PORT_DROP_NO_DESTINATION], 1);
			rte_pktmbuf_free(pkts[i]);
		}
	}
	counter_add(&port->from_vm, n);
	counter_add(&port->from_vm_bytes, bytes);
	if (!out.n)
		return;
	counter_add(&vs_here()->sent, out.n);
	NdisSendNetBufferLists(binding, out.first, NDIS_DEFAULT_PORT_NUMBER,
			       NDIS_SEND_FLAGS_DISPATCH_LEVEL | NDIS_SEND_FLAGS_SINGLE_QUEUE);   /* B4 */
}

_Use_decl_annotations_
VOID ProtocolSendNetBufferListsComplete(NDIS_HANDLE ProtocolBindingContext,
					PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
	struct vs_processor *here = vs_here();
	NET_BUFFER_LIST *next;

	(void)ProtocolBindingContext;
	(void)SendCompleteFlags;
	for (; NetBufferList; NetBufferList = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
		if (NET_BUFFER_LIST_STATUS(NetBufferList) == NDIS_STATUS_SUCCESS)
			counter_add(&here->to_wire, 1);
		else
			counter_add(&here->drops.by[PORT_DROP_SEND_FAILED], 1);
		rte_pktmbuf_free(frame_mbuf(NetBufferList));
		counter_add(&here->completed, 1);
	}
}
