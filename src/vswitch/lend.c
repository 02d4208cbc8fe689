/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that lie in memory of the VM itself: they are lent to it instead of copied, and
 * their NBLs go back to the adapter when the VM has given them back, or is made to (G11).
 * All by the port's owner.
 */
#include "vswitch/switch.h"

unsigned vs_lend_run(const struct vs_port *port, struct rte_mbuf **pkts, bool *lend)
{
	unsigned n = 0;

	for (NET_BUFFER_LIST *nbl = port->held.first; nbl && n < BURST;
	     nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
		bool can;

		pkts[n] = frame_mbuf_of(nbl);
		can = vmport_can_lend(port->vm, pkts[n]);
		if (!n)
			*lend = can;
		else if (can != *lend)
			break;
		n++;
	}
	return n;
}

unsigned vs_lent_return(struct vs_port *port, bool all)
{
	NDIS_HANDLE binding = atomic_load_explicit(&vs_switch.binding, memory_order_relaxed);
	const ULONG flags = NDIS_RETURN_FLAGS_DISPATCH_LEVEL | NDIS_RETURN_FLAGS_SINGLE_QUEUE;
	struct rte_mbuf *pkts[BURST];
	unsigned n, sum = 0;

	do {
		struct vs_chain back = { NULL, NULL, 0 };

		n = vmport_reclaim(port->vm, pkts, BURST, all);
		if (!n)
			break;
		for (unsigned i = 0; i < n; i++)
			vs_chain_append(&back, frame_nbl(pkts[i]));
		NdisReturnNetBufferLists(binding, back.first, flags);
		counter_add(&port->lent_back, n);
		sum += n;
	} while (n == BURST);
	return sum;
}
