/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from the wire. A VM queue's frames are its port's, but are looked at
 * all the same before the VM can see them (E24, D20); the default queue's are
 * looked up, or replicated.
 */
#include "vswitch/switch.h"

static inline uint16_t vlan_of(const NET_BUFFER_LIST *nbl)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag;

	tag.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	return (uint16_t)tag.TagHeader.VlanId;
}

/* Whether the VM may see a frame of its queue; counts the reason if not. */
static bool may_see(struct vs_port *port, const NET_BUFFER_LIST *nbl, const uint8_t *frame)
{
	if (vlan_of(nbl) != port->vlan) {
		counter_add(&port->drops.by[PORT_DROP_FOREIGN_VLAN], 1);
		return false;
	}
	if (!vs_port_has_mac(port, frame)) {
		counter_add(&port->drops.by[PORT_DROP_FOREIGN_MAC], 1);
		return false;
	}
	return true;
}

static void give_back(NET_BUFFER_LIST *list, ULONG flags)
{
	if (list)
		NdisReturnNetBufferLists(atomic_load_explicit(&vs_switch.binding,
							      memory_order_relaxed), list,
					 NDIS_RETURN_FLAGS_DISPATCH_LEVEL | flags);
}

/* One NBL that does not lie in an mbuf (another driver's miniport): the bytes go
 * on in a copy of ours. */
static struct rte_mbuf *copied(const NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_copy(NET_BUFFER_LIST_FIRST_NB(nbl),
					frame_pool_mempool(vs_switch.copies), 0, 0);

	if (!m)
		vs_drop(PORT_DROP_NO_BUFFER, 1);
	return m;
}

/* A chain of one VM queue, on that queue's processor: the frames that the VM may
 * see join what is held for it, the others go back. */
static void receive_own(struct vs_port *port, NET_BUFFER_LIST *list)
{
	struct vs_chain refused = { NULL, NULL, 0 };
	NET_BUFFER_LIST *next;
	unsigned held = port->held.n;

	for (; list; list = next) {
		struct rte_mbuf *m = frame_mbuf(list), *copy = m ? m : copied(list);

		next = NET_BUFFER_LIST_NEXT_NBL(list);
		if (copy && may_see(port, list, rte_pktmbuf_mtod(copy, uint8_t *))) {
			if (m) {
				vs_chain_append(&port->held, list);
				continue;
			}
			vs_port_give(port, copy);
		} else if (copy != m) {
			rte_pktmbuf_free(copy);
		}
		vs_chain_append(&refused, list);
	}
	counter_add(&port->held_in, port->held.n - held);
	vs_port_deliver_held(port);
	give_back(refused.first, NDIS_RETURN_FLAGS_SINGLE_QUEUE);
}

/* One frame of the default queue: to its port, to all of them, or to nobody. */
static void receive_default(const NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_mbuf((NET_BUFFER_LIST *)nbl), *copy;
	uint16_t vlan = vlan_of(nbl);
	struct vs_port *to;
	const uint8_t *frame;
	unsigned n;

	copy = m ? m : copied(nbl);
	if (!copy)
		return;
	frame = rte_pktmbuf_mtod(copy, const uint8_t *);
	if (frame[0] & 1) {
		n = vs_flood(frame, copy->data_len, vlan, NULL);
		if (n)
			counter_add(&vs_here()->copies, n - 1);   /* the first is the frame itself */
		else
			vs_drop(PORT_DROP_NO_DESTINATION, 1);
	} else {
		to = vs_lookup(frame, vlan);
		if (to) {
			struct rte_mbuf *own = vs_copy(frame, copy->data_len);

			if (own)
				vs_port_give(to, own);
		} else {
			vs_drop(PORT_DROP_NO_DESTINATION, 1);
		}
	}
	if (copy != m)
		rte_pktmbuf_free(copy);
}

static struct vs_port *owner_of(const NET_BUFFER_LIST *nbl)
{
	unsigned queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);

	if (!queue || queue > vs_switch.max_queue)
		return NULL;
	return atomic_load_explicit(&vs_switch.by_queue[queue], memory_order_acquire);
}

/* A chain of several queues (F5): cut into runs of one queue each. */
static void receive_mixed(NET_BUFFER_LIST *list)
{
	while (list) {
		struct vs_chain run = { NULL, NULL, 0 };
		struct vs_port *port = owner_of(list);
		unsigned queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(list);

		while (list && NET_BUFFER_LIST_RECEIVE_QUEUE_ID(list) == queue) {
			NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(list);

			vs_chain_append(&run, list);
			list = next;
		}
		if (port) {
			receive_own(port, run.first);
			continue;
		}
		for (NET_BUFFER_LIST *n = run.first; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
			receive_default(n);
		give_back(run.first, NDIS_RETURN_FLAGS_SINGLE_QUEUE);
	}
}

/* NDIS lends the chain for the length of the call (F24): everything goes on in
 * copies, and the chain stays as it came. */
static void receive_lent(NET_BUFFER_LIST *list)
{
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		struct vs_port *port = owner_of(list);
		struct rte_mbuf *copy;

		if (!port) {
			receive_default(list);
			continue;
		}
		copy = copied(list);
		if (!copy)
			continue;
		if (may_see(port, list, rte_pktmbuf_mtod(copy, uint8_t *)))
			vs_port_give(port, copy);
		else
			rte_pktmbuf_free(copy);
	}
}

_Use_decl_annotations_
VOID ProtocolReceiveNetBufferLists(NDIS_HANDLE ProtocolBindingContext,
				   PNET_BUFFER_LIST NetBufferLists, NDIS_PORT_NUMBER PortNumber,
				   ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct vs_port *port;

	(void)ProtocolBindingContext;
	(void)PortNumber;
	counter_add(&vs_here()->from_wire, NumberOfNetBufferLists);
	if (atomic_load_explicit(&vs_switch.paused, memory_order_acquire)) {
		vs_drop(PORT_DROP_STOPPED, NumberOfNetBufferLists);   /* I20: back at once */
		if (!(ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES))
			give_back(NetBufferLists,
				  ReceiveFlags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE
					  ? NDIS_RETURN_FLAGS_SINGLE_QUEUE : 0);
		return;
	}
	if (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES) {
		receive_lent(NetBufferLists);
		return;
	}
	/* SINGLE_QUEUE: the first NBL speaks for all, if it is a VM's (F6). */
	port = ReceiveFlags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE ? owner_of(NetBufferLists) : NULL;
	if (port)
		receive_own(port, NetBufferLists);
	else
		receive_mixed(NetBufferLists);
}
