/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of frames for a binding that is slow to return (F25): with several bindings, one
 * that keeps the default queue's frames shall not use up what all of them receive by. They
 * begin with an adapter's second binding, and stay.
 */
#include "ndis/stack.h"

#include <stdlib.h>

#include "base/ethernet.h"
#include "base/log.h"

#define COPY_TAG 0x796f7043u   /* "Copy" */
#define COPIES   1024          /* out at a time; beyond that a slow binding is lent frames */

struct ndis_copies {
	NDIS_HANDLE pool;
	ULONG room;            /* for one frame */
	atomic_uint out;
};

struct ndis_copies *ndis_copies_create(const struct ndis_adapter *a)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.fAllocateNetBuffer = TRUE,
		.PoolTag = COPY_TAG,
	};
	struct ndis_copies *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->room = a->attributes.offer.mtu + ETHERNET_HEADER + VLAN_TAG;
	if (c->room > 0xffff)
		c->room = 0xffff;   /* what a pool can have; longer ones are lent */
	p.DataSize = c->room;
	c->pool = NdisAllocateNetBufferListPool(NULL, &p);
	if (c->pool)
		return c;
	free(c);
	return NULL;
}

void ndis_copies_destroy(struct ndis_copies *c)
{
	if (!c)
		return;
	NdisFreeNetBufferListPool(c->pool);   /* tells of what is out */
	free(c);
}

PNET_BUFFER_LIST ndis_copy_make(struct ndis_copies *c, PNET_BUFFER_LIST nbl)
{
	PNET_BUFFER from = NET_BUFFER_LIST_FIRST_NB(nbl), to;
	PNET_BUFFER_LIST copy;
	ULONG copied;

	if (!c || NET_BUFFER_NEXT_NB(from) || NET_BUFFER_DATA_LENGTH(from) > c->room ||
	    atomic_load_explicit(&c->out, memory_order_relaxed) >= COPIES)
		return NULL;
	copy = NdisAllocateNetBufferList(c->pool, 0, 0);
	if (!copy)
		return NULL;
	to = NET_BUFFER_LIST_FIRST_NB(copy);
	NdisCopyFromNetBufferToNetBuffer(to, 0, NET_BUFFER_DATA_LENGTH(from), from, 0, &copied);
	if (copied < NET_BUFFER_DATA_LENGTH(from)) {
		NdisFreeNetBufferList(copy);
		return NULL;
	}
	NET_BUFFER_DATA_LENGTH(to) = copied;
	NdisCopyReceiveNetBufferListInfo(copy, nbl);
	copy->SourceHandle = nbl->SourceHandle;
	atomic_fetch_add_explicit(&c->out, 1, memory_order_relaxed);
	return copy;
}

bool ndis_copy_is(const struct ndis_copies *c, const NET_BUFFER_LIST *nbl)
{
	return c && nbl->NdisPoolHandle == c->pool;
}

void ndis_copy_free(struct ndis_copies *c, PNET_BUFFER_LIST copy)
{
	NdisFreeNetBufferList(copy);
	atomic_fetch_sub_explicit(&c->out, 1, memory_order_relaxed);
}
