/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from the wire. A VM queue's frames are its port's, but are looked at
 * all the same before the VM can see them (E24, D20); the default queue's are
 * looked up, or replicated.
 */
#include "vswitch/switch.h"

#include "base/ethernet.h"

static inline uint16_t vlan_of(const NET_BUFFER_LIST *nbl)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag;

	tag.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	return (uint16_t)tag.TagHeader.VlanId;
}

/* Whether the VM may see a frame of its queue; counts the reason if not. Not only the
 * port's owner counts these: another's miniport may indicate on any processor. */
static bool may_see(struct vs_port *port, uint16_t vlan, const uint8_t *frame)
{
	enum port_drop why;

	if (vlan != port->vlan)
		why = PORT_DROP_FOREIGN_VLAN;
	else if (!mac_set_has(&port->mac_set, mac_key(frame)))
		why = PORT_DROP_FOREIGN_MAC;
	else
		return true;
	atomic_fetch_add_explicit(&port->drops.by[why].value, 1, memory_order_relaxed);
	return false;
}

/* 'received': the flags of the indication; where it came below DISPATCH_LEVEL, the
 * return is made there too. */
static void give_back(NET_BUFFER_LIST *list, ULONG received, ULONG flags)
{
	if (received & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL)
		flags |= NDIS_RETURN_FLAGS_DISPATCH_LEVEL;
	if (list)
		NdisReturnNetBufferLists(atomic_load_explicit(&vs_switch.binding,
							      memory_order_relaxed), list, flags);
}

static void count_foreign(const struct rte_mbuf *m, _Atomic uint64_t *frames,
			  _Atomic uint64_t *bytes)
{
	atomic_fetch_add_explicit(frames, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(bytes, m->data_len, memory_order_relaxed);
}

/* A miniport that does not handle tags leaves them in the data, and one that does may
 * forget to take them out (D16, D17): that says the VLAN too. */
static void tag_take(struct rte_mbuf *m, uint16_t *vlan)
{
	uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t inside;

	if (m->data_len < ETHERNET_HEADER + VLAN_TAG || !ethernet_is_tagged(b))
		return;
	inside = big16_read(b + VLAN_TCI) & 0xfff;
	if (*vlan && *vlan != inside)
		return;   /* the tag beside the data was the outer one */
	*vlan = inside;
	memmove(b + 4, b, 12);
	rte_pktmbuf_adj(m, 4);
}

/* The frame in a copy of ours. Only another driver's miniport leaves its tag in the data;
 * one that ours leaves there is the inner of two. */
static struct rte_mbuf *copied(const NET_BUFFER_LIST *nbl, uint16_t *vlan)
{
	struct rte_mbuf *m = frame_copy(NET_BUFFER_LIST_FIRST_NB(nbl),
					frame_pool_mempool(vs_switch.copies), 0, 0);

	if (!m)
		vs_drop(PORT_DROP_NO_BUFFER, 1);
	else if (!frame_mbuf((NET_BUFFER_LIST *)nbl))
		tag_take(m, vlan);
	return m;
}

/* Whether what is the port's owner's may be touched here. Not so where a queue's frames
 * come on another processor than the port's: they go on in copies, as everybody's. */
static bool is_owner(const struct vs_port *port)
{
	unsigned owner = atomic_load_explicit(&port->processor, memory_order_acquire);

	return owner == VS_MOVING || OvmqIsProcessor(owner);
}

/* Nearly every chain of one VM queue: frames of ours, whole, all of which the VM may see, and
 * none before them. The port's owner. Returns whether it was, and has gone on. */
static bool receive_plain(struct vs_port *port, NET_BUFFER_LIST *list)
{
	NET_BUFFER_LIST *nbl, *last = NULL;
	struct rte_mbuf *pkts[BURST];
	unsigned n = 0;

	if (port->held.n || port->lends ||
	    atomic_load_explicit(&port->catching_up, memory_order_relaxed))
		return false;
	for (nbl = list; nbl; last = nbl, nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
		struct rte_mbuf *m = frame_mbuf(nbl);

		if (!m || n == BURST || vlan_of(nbl) != port->vlan ||
		    !mac_set_has(&port->mac_set, mac_key(rte_pktmbuf_mtod(m, const uint8_t *))))
			return false;
		pkts[n++] = m;
	}
	vs_port_deliver_first(port, (struct vs_chain){ list, last, n }, pkts);
	return true;
}

/* A chain of one VM queue, on that queue's processor: the frames that the VM may
 * see join what is held for it, the others go back. */
static void receive_own(struct vs_port *port, NET_BUFFER_LIST *list, ULONG flags)
{
	struct vs_chain refused = { NULL, NULL, 0 };
	NET_BUFFER_LIST *next;
	bool owner = is_owner(port);
	bool split = atomic_load_explicit(&port->lookahead, memory_order_relaxed);
	unsigned held = owner ? port->held.n : 0;

	if (likely(owner && !split && receive_plain(port, list)))
		return;
	for (; list; list = next) {
		uint16_t vlan = vlan_of(list);
		struct rte_mbuf *m = owner ? frame_mbuf(list) : NULL, *copy = m ? m : copied(list, &vlan);

		next = NET_BUFFER_LIST_NEXT_NBL(list);
		if (!m && copy && !frame_mbuf(list))
			count_foreign(copy, &port->own_frames, &port->own_bytes);
		if (copy && may_see(port, vlan, rte_pktmbuf_mtod(copy, uint8_t *))) {
			/* E24, E25: looked at in host memory, then made whole where the VM
			 * may see it. */
			if (m && (!split || frame_join(m))) {
				vs_chain_append(&port->held, list);
				continue;
			}
			if (m)
				copy = copied(list, &vlan);
			if (copy)
				vs_port_give(port, &copy, 1);
		} else if (copy != m) {
			rte_pktmbuf_free(copy);
		}
		vs_chain_append(&refused, list);
	}
	if (owner && port->held.n != held) {
		counter_add(&port->held_in, port->held.n - held);
		vs_port_deliver_held(port);
	}
	give_back(refused.first, flags, NDIS_RETURN_FLAGS_SINGLE_QUEUE);
}

/* The mbuf that holds all of the frame; NULL: a frame that was split for a queue which is
 * no port's yet, or no mbuf. */
static struct rte_mbuf *whole(const NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_mbuf((NET_BUFFER_LIST *)nbl);

	return m && !frame_is_split(m) ? m : NULL;
}

/* One frame of the default queue: to its port, to all of them, or to nobody. */
static void receive_default(const NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = whole(nbl), *copy;
	uint16_t vlan = vlan_of(nbl);
	struct vs_port *to;
	const uint8_t *frame;
	unsigned n;

	copy = m ? m : copied(nbl, &vlan);
	if (!copy)
		return;
	if (!frame_mbuf((NET_BUFFER_LIST *)nbl))
		count_foreign(copy, &vs_switch.default_frames, &vs_switch.default_bytes);
	frame = rte_pktmbuf_mtod(copy, const uint8_t *);
	if (frame[0] & 1 && vs_is_link_local(frame)) {
		vs_drop(PORT_DROP_LINK_LOCAL, 1);
	} else if (frame[0] & 1) {
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
				vs_port_give(to, &own, 1);
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
static void receive_mixed(NET_BUFFER_LIST *list, ULONG flags)
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
			receive_own(port, run.first, flags);
			continue;
		}
		for (NET_BUFFER_LIST *n = run.first; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
			receive_default(n);
		give_back(run.first, flags, NDIS_RETURN_FLAGS_SINGLE_QUEUE);
	}
}

/* NDIS lends the chain for the length of the call (F24): everything goes on in
 * copies, and the chain stays as it came. */
static void receive_lent(NET_BUFFER_LIST *list)
{
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		struct vs_port *port = owner_of(list);
		uint16_t vlan = vlan_of(list);
		struct rte_mbuf *copy;

		if (!port) {
			receive_default(list);
			continue;
		}
		copy = copied(list, &vlan);
		if (!copy)
			continue;
		if (!frame_mbuf(list))
			count_foreign(copy, &port->own_frames, &port->own_bytes);
		if (may_see(port, vlan, rte_pktmbuf_mtod(copy, uint8_t *)))
			vs_port_give(port, &copy, 1);
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
			give_back(NetBufferLists, ReceiveFlags,
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
		receive_own(port, NetBufferLists, ReceiveFlags);
	else
		receive_mixed(NetBufferLists, ReceiveFlags);
}
