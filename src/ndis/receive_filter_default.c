/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters of the default queue where several protocols share its frames (C9, D27): the
 * miniport says only that a frame is of that queue, not whose filter it met. So NDIS keeps
 * a classifier of each binding's own filters, and the fan-out asks it (U8).
 */
#include "ndis/receive_filter_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/ethernet.h"

#define ADDRESSES       12

/* ---- control: a classifier for each binding ---- */

static VOID destroy(PVOID classifier)
{
	vmq_classifier_destroy(classifier);
}

/* The binding's filters of the default queue, without 'but': how many. One that has no tests
 * that NDIS can put to a frame has none here; the packet filter decides alone then. */
static unsigned gather(const struct rf_call *call, const struct rf_filter *but,
		       struct vmq_criteria *list)
{
	const struct rf_filter *n;
	unsigned count = 0;

	TAILQ_FOREACH(n, &call->cache->default_queue.filters, link)
		if (n != but && n->owner == call->binding && n->criteria.n_tests)
			list[count++] = n->criteria;
	return count;
}

/* '*made' is of the caller's filters, with 'add', without 'but' (NULL: neither); NULL when
 * there are none. -1: no memory. */
static int make(const struct rf_call *call, const struct rf_filter *add,
		const struct rf_filter *but, struct vmq_classifier **made)
{
	struct vmq_criteria *list = calloc(call->cache->default_queue.n_filters + 1, sizeof(*list));
	unsigned n;

	*made = NULL;
	if (!list)
		return -1;
	n = gather(call, but, list);
	if (add && add->criteria.n_tests)
		list[n++] = add->criteria;
	if (n)
		*made = vmq_classifier_create(&vmq_filter_engine_table, list, n);
	free(list);
	return n && !*made ? -1 : 0;
}

/* Workers go by 'c' from here on; returns what they went by until now. */
static struct vmq_classifier *publish(struct ndis_binding *b, struct vmq_classifier *c)
{
	return atomic_exchange_explicit(&b->default_filters, c, memory_order_acq_rel);
}

static void retire(struct vmq_classifier *c)
{
	if (c)
		OvmqCallWhenQuiet(destroy, c);
}

bool rf_default_set_begin(const struct rf_call *call, const struct rf_filter *n,
			  struct vmq_classifier **made)
{
	return !make(call, n, NULL, made);
}

void rf_default_set_end(const struct rf_call *call, struct vmq_classifier *made, bool set)
{
	if (set)
		retire(publish(call->binding, made));
	else
		vmq_classifier_destroy(made);
}

bool rf_default_clear_begin(const struct rf_call *call, const struct rf_filter *n,
			    struct vmq_classifier **before)
{
	struct vmq_classifier *without;

	if (make(call, NULL, n, &without))
		return false;
	*before = publish(call->binding, without);
	return true;
}

void rf_default_clear_end(const struct rf_call *call, struct vmq_classifier *before, bool cleared)
{
	retire(cleared ? before : publish(call->binding, before));
}

void rf_default_forget(struct ndis_binding *b)
{
	retire(publish(b, NULL));
}

/* ---- workers ---- */

/* A frame inside one of NVGRE is found when its header ends within so many bytes: behind
 * more extension headers than any sender has. */
#define LOOK_BYTES 2048

struct frame_look {
	struct vmq_frame frame;
	UCHAR storage[LOOK_BYTES + VLAN_TAG];
};

/* The frame as it was on the wire, as far as filters look: a tag in the OOB goes back to
 * its place (D16, D17). One whose bits are all 0 has left no trace there. */
static bool look(struct frame_look *l, PNET_BUFFER_LIST nbl, ULONG most)
{
	ULONG_PTR tag = (ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	NDIS_NET_BUFFER_LIST_8021Q_INFO info = { .Value = (PVOID)tag };
	PNET_BUFFER nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	ULONG n = NET_BUFFER_DATA_LENGTH(nb) < most ? NET_BUFFER_DATA_LENGTH(nb) : most;
	UCHAR *room = l->storage + VLAN_TAG;
	const UCHAR *data = n < ETHERNET_HEADER ? NULL : NdisGetDataBuffer(nb, n, room, 1, 0);
	unsigned tci;

	if (!data)
		return false;
	l->frame = (struct vmq_frame){ data, n };
	if (!(tag & 0xffff))
		return n >= ETHERNET_HEADER + VLAN_TAG || data[12] != 0x81 || data[13] != 0x00;
	if (data != room)
		memcpy(room + ADDRESSES, data + ADDRESSES, n - ADDRESSES);
	memmove(l->storage, data, ADDRESSES);
	tci = info.TagHeader.UserPriority << 13 | info.TagHeader.CanonicalFormatId << 12 |
	      info.TagHeader.VlanId;
	memcpy(l->storage + ADDRESSES,
	       (const UCHAR[]){ 0x81, 0x00, (UCHAR)(tci >> 8), (UCHAR)tci }, VLAN_TAG);
	l->frame = (struct vmq_frame){ l->storage, n + VLAN_TAG };
	return true;
}

bool ndis_receive_filter_default_takes(const struct ndis_binding *b, PNET_BUFFER_LIST nbl)
{
	const struct vmq_classifier *c =
		atomic_load_explicit(&b->default_filters, memory_order_acquire);
	struct frame_look l;
	uint16_t queue;
	vmq_key_t key;
	ULONG most;

	if (!c)
		return false;
	most = vmq_classifier_reads_frames(c) ? LOOK_BYTES
					      : ETHERNET_HEADER + VLAN_TAG;
	if (!look(&l, nbl, most))
		return false;
	key = vmq_key(l.frame.bytes);
	return vmq_classify(c, &l.frame, &key, 1, &queue);
}
