/* SPDX-License-Identifier: BSD-2-Clause */
/* The adapter's stock of NBLs for placed frames, and how it grows. */
#include "miniport/adapter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ethernet.h"
#include "base/log.h"

#define HALF (MP_HAND / 2)

void mp_stock_create(struct mp_adapter *a)
{
	NdisAllocateSpinLock(&a->stock.lock);
}

void mp_stock_destroy(struct mp_adapter *a)
{
	struct mp_stock *s = &a->stock;

	for (unsigned i = 0; i < a->n_processors; i++) {
		struct mp_hand *h = &a->processors[a->order[i]].hand;

		rte_pktmbuf_free_bulk(h->free, h->n);
	}
	rte_pktmbuf_free_bulk(s->free, s->n);
	for (unsigned i = 0; i < s->n_pools; i++)
		frame_pool_destroy(s->pools[i]);
	free(s->pools);
	free(s->free);
	NdisFreeSpinLock(&s->lock);
}

/* ---- growing ---- */

/* A pool of 'n', whose place in the list there is already. */
static NDIS_STATUS pool_create(struct mp_adapter *a, unsigned n)
{
	struct mp_stock *s = &a->stock;
	char name[MP_POOL_NAME];
	struct frame_pool_config c = { .name = name, .frames = n, .is_bare = true,
				       .data_room = (uint16_t)(a->max_frame + VLAN_TAG) };
	struct error err;

	snprintf(name, sizeof(name), "vmq%u-nbls-%u", a->if_index, s->n_pools);
	if (!frame_pool_create(&s->pools[s->n_pools], &c, &err))
		return NDIS_STATUS_SUCCESS;
	log_error("%s", err.text);
	return NDIS_STATUS_RESOURCES;
}

/* 'n' more in a list with room for them and all others. */
static NDIS_STATUS add(struct mp_adapter *a, struct rte_mbuf **list, unsigned n)
{
	struct mp_stock *s = &a->stock;
	struct rte_mbuf **old;

	if (rte_pktmbuf_alloc_bulk(frame_pool_mempool(s->pools[s->n_pools]), list, n)) {
		frame_pool_destroy(s->pools[s->n_pools]);
		return NDIS_STATUS_RESOURCES;
	}
	NdisAcquireSpinLock(&s->lock);
	old = s->free;
	if (s->n)
		memcpy(list + n, old, s->n * sizeof(*list));
	s->free = list;
	s->n += n;
	NdisReleaseSpinLock(&s->lock);
	free(old);
	s->n_pools++;
	s->made += n;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS grow(struct mp_adapter *a, unsigned n)
{
	struct mp_stock *s = &a->stock;
	struct rte_mbuf **list = calloc(s->made + n, sizeof(*list));
	struct frame_pool **pools = realloc(s->pools, (s->n_pools + 1) * sizeof(*pools));
	NDIS_STATUS status = NDIS_STATUS_RESOURCES;

	if (pools)
		s->pools = pools;
	if (list && pools)
		status = pool_create(a, n);
	if (status == NDIS_STATUS_SUCCESS)
		status = add(a, list, n);
	if (status != NDIS_STATUS_SUCCESS)
		free(list);
	return status;
}

NDIS_STATUS mp_stock_promise(struct mp_adapter *a, unsigned n)
{
	struct mp_stock *s = &a->stock;
	unsigned wanted = s->promised + n + a->n_processors * MP_HAND;
	NDIS_STATUS status = wanted > s->made ? grow(a, wanted - s->made) : NDIS_STATUS_SUCCESS;

	if (status == NDIS_STATUS_SUCCESS)
		s->promised += n;
	return status;
}

void mp_stock_release(struct mp_adapter *a, unsigned n)
{
	a->stock.promised -= n;
}

/* ---- hands ---- */

void mp_hand_fill(struct mp_processor *p)
{
	struct mp_stock *s = &p->adapter->stock;
	unsigned n;

	NdisDprAcquireSpinLock(&s->lock);
	n = RTE_MIN(s->n, HALF);
	s->n -= n;
	memcpy(p->hand.free + p->hand.n, s->free + s->n, n * sizeof(*s->free));
	NdisDprReleaseSpinLock(&s->lock);
	p->hand.n += n;
}

/* What has lain there longest goes: it is the coldest. */
unsigned mp_hand_spill(struct mp_processor *p)
{
	struct mp_stock *s = &p->adapter->stock;
	struct rte_mbuf **hand = p->hand.free;

	NdisDprAcquireSpinLock(&s->lock);
	memcpy(s->free + s->n, hand, HALF * sizeof(*hand));
	s->n += HALF;
	NdisDprReleaseSpinLock(&s->lock);
	memcpy(hand, hand + HALF, HALF * sizeof(*hand));
	return HALF;
}
