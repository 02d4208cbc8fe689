/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an indication's flags promise of its frames (F15), against the frames themselves.
 * For PERFECT_FILTERED that is the packet filter and the multicast addresses as the miniport
 * has been told of them: while a request that sets one is under way, both count, and so
 * for a while after its end, since what was promised just before may still be on its way up.
 */
#include "verifier/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/ethernet.h"

#define MOST_ADDRESSES 256
#define STILL_NS       200000000u

struct addresses {
	unsigned n;
	UCHAR list[MOST_ADDRESSES][6];
};

struct tracked_wishes {
	pthread_mutex_t lock;
	ULONG filter, filter_before;         /* as asked last; as it was then */
	struct addresses many, many_before;
	uint64_t filter_until, many_until;   /* so long those before count as well, in verifier_ns() */
	bool more;                           /* more addresses than there is room for */
};

/* ---- what is asked ---- */

static bool sets(PNDIS_OID_REQUEST r, NDIS_OID oid)
{
	return r->RequestType == NdisRequestSetInformation && r->DATA.SET_INFORMATION.Oid == oid;
}

static struct tracked_wishes *wishes_of(struct tracked_layer *m)
{
	if (m && !m->wishes) {
		m->wishes = calloc(1, sizeof(*m->wishes));
		if (m->wishes)
			pthread_mutex_init(&m->wishes->lock, NULL);
	}
	return m ? m->wishes : NULL;
}

void wishes_free(struct tracked_wishes *w)
{
	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void wishes_asked(struct tracked_layer *m, PNDIS_OID_REQUEST r)
{
	const void *buffer = r->DATA.SET_INFORMATION.InformationBuffer;
	UINT length = r->DATA.SET_INFORMATION.InformationBufferLength;
	bool filter = sets(r, OID_GEN_CURRENT_PACKET_FILTER) && length >= sizeof(ULONG);
	bool many = sets(r, OID_802_3_MULTICAST_LIST);
	struct tracked_wishes *w = filter || many ? wishes_of(m) : NULL;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	if (filter) {
		w->filter_before = w->filter;
		w->filter_until = UINT64_MAX;
		memcpy(&w->filter, buffer, sizeof(ULONG));
	} else {
		w->many_before = w->many;
		w->many_until = UINT64_MAX;
		w->more |= length / 6 > MOST_ADDRESSES;
		w->many.n = length / 6 > MOST_ADDRESSES ? MOST_ADDRESSES : length / 6;
		memcpy(w->many.list, buffer, w->many.n * 6u);
	}
	pthread_mutex_unlock(&w->lock);
}

void wishes_ended(struct tracked_layer *m, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	bool filter = sets(r, OID_GEN_CURRENT_PACKET_FILTER), many = sets(r, OID_802_3_MULTICAST_LIST);
	struct tracked_wishes *w;

	if (!m || !m->wishes || status == NDIS_STATUS_PENDING || (!filter && !many))
		return;
	w = m->wishes;
	pthread_mutex_lock(&w->lock);
	if (status != NDIS_STATUS_SUCCESS && filter)
		w->filter = w->filter_before;
	if (status != NDIS_STATUS_SUCCESS && many)
		w->many = w->many_before;
	*(filter ? &w->filter_until : &w->many_until) = verifier_ns() + STILL_NS;
	pthread_mutex_unlock(&w->lock);
}

static bool has(const struct addresses *many, const UCHAR *address)
{
	for (unsigned i = 0; i < many->n; i++)
		if (!memcmp(many->list[i], address, 6))
			return true;
	return false;
}

static bool is_wished(struct tracked_layer *m, const struct ndis_adapter *a, const UCHAR *to)
{
	struct tracked_wishes *w = m ? m->wishes : NULL;
	uint64_t now = verifier_ns();
	bool wished = false;
	ULONG f;

	if (!w)
		return false;
	pthread_mutex_lock(&w->lock);
	f = w->filter | (now < w->filter_until ? w->filter_before : 0);
	if (f & NDIS_PACKET_TYPE_PROMISCUOUS)
		wished = true;
	else if (ETH_IS_BROADCAST(to))
		wished = f & NDIS_PACKET_TYPE_BROADCAST;
	else if (ETH_IS_MULTICAST(to))
		wished = f & NDIS_PACKET_TYPE_ALL_MULTICAST ||
			 (f & NDIS_PACKET_TYPE_MULTICAST &&
			  (w->more || has(&w->many, to) ||
			   (now < w->many_until && has(&w->many_before, to))));
	else
		wished = f & NDIS_PACKET_TYPE_DIRECTED && !memcmp(to, a->attributes.mac, 6);
	pthread_mutex_unlock(&w->lock);
	return wished;
}

/* ---- what is promised ---- */

struct looks {
	UCHAR to[6];
	unsigned type, vlan;
};

/* FALSE: the frame is too short to tell. */
static bool look(PNET_BUFFER_LIST nbl, struct looks *l)
{
	PNET_BUFFER nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	ULONG length = nb ? NET_BUFFER_DATA_LENGTH(nb) : 0;
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag;
	UCHAR storage[18];
	const UCHAR *f = length < 14 ? NULL
				     : NdisGetDataBuffer(nb, length < 18 ? 14 : 18, storage, 1, 0);

	if (!f)
		return false;
	tag.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	memcpy(l->to, f, 6);
	l->vlan = (unsigned)tag.TagHeader.VlanId;
	if (!tag.Value && length >= ETHERNET_HEADER + VLAN_TAG && ethernet_is_tagged(f))
		l->vlan = big16_read(f + VLAN_TCI) & 0xfffu;
	l->type = ethernet_payload_type(f, length);
	return true;
}

void flags_check(const struct edge_call *c, PNET_BUFFER_LIST list, ULONG flags)
{
	bool type = flags & NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE;
	bool vlan = flags & NDIS_RECEIVE_FLAGS_SINGLE_VLAN;
	bool perfect = flags & NDIS_RECEIVE_FLAGS_PERFECT_FILTERED &&
		       c->from->object.kind == NDIS_OBJECT_MINIPORT;
	struct looks first, l;

	if (!type && !vlan && !perfect)
		return;
	if (!look(list, &first))
		return;
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		if (!look(list, &l))
			continue;
		if (type && l.type != first.type)
			report_nbl(RULE_RECEIVE_FLAGS, c->from, c->function, list,
				   "NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE, and its type is 0x%04x, not 0x%04x",
				   l.type, first.type);
		if (vlan && l.vlan != first.vlan)
			report_nbl(RULE_RECEIVE_FLAGS, c->from, c->function, list,
				   "NDIS_RECEIVE_FLAGS_SINGLE_VLAN, and its VLAN is %u, not %u", l.vlan,
				   first.vlan);
		if (perfect && !is_wished(c->from_track, c->from->adapter, l.to))
			report_nbl(RULE_RECEIVE_FLAGS, c->from, c->function, list,
				   "NDIS_RECEIVE_FLAGS_PERFECT_FILTERED, and the packet filter does not "
				   "ask for it");
	}
}
