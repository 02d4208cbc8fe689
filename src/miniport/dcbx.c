/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DCBX of one adapter. Frames of peers come in a DPC, and a timer says when their time is over
 * and when ours is to be sent; what follows from either, PASSIVE_LEVEL does (qos.c).
 */
#include "miniport/dcbx.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ethernet.h"
#include "miniport/adapter.h"

#define TICK_MS  1000
#define NS_A_SECOND 1000000000ull
#define US_A_LOOK 100              /* while the last call is awaited */
#define LONGEST  1600              /* of an LLDP frame that a protocol sends */

struct mp_dcbx {
	NDIS_HANDLE timer;
	NDIS_SPIN_LOCK lock;               /* over 'peers' */
	struct dcbx_peers peers;
	_Atomic uint64_t due;              /* when our next frame is, by clock_ns() */
	atomic_bool asked;                 /* a call is to come, */
	atomic_uint calls;                 /* or has begun: so many have not ended */
	unsigned length;                   /* of the last frame that was sent; 0: none */
	uint8_t last[DCBX_FRAME_MAX];
};

/* ---- what PASSIVE_LEVEL is to do ---- */

static void look(void *context)
{
	struct mp_adapter *a = context;
	struct mp_dcbx *d = a->qos.dcbx;

	atomic_store(&d->asked, false);
	mp_qos_look(a);
	atomic_fetch_sub(&d->calls, 1);
}

static void ask_for_look(struct mp_adapter *a)
{
	struct mp_dcbx *d = a->qos.dcbx;

	if (atomic_exchange(&d->asked, true))
		return;
	atomic_fetch_add(&d->calls, 1);
	OvmqCallWhenQuiet(look, a);
}

static NDIS_TIMER_FUNCTION tick;
_Use_decl_annotations_
static VOID tick(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
		 PVOID SystemSpecific3)
{
	struct mp_adapter *a = FunctionContext;
	struct mp_dcbx *d = a->qos.dcbx;
	uint64_t now = clock_ns();
	bool news;

	(void)SystemSpecific1;
	(void)SystemSpecific2;
	(void)SystemSpecific3;
	NdisDprAcquireSpinLock(&d->lock);
	news = dcbx_peers_expire(&d->peers, now);
	NdisDprReleaseSpinLock(&d->lock);
	if (news || now >= atomic_load(&d->due))
		ask_for_look(a);
}

bool mp_dcbx_peer(struct mp_adapter *a, struct dcbx_frame *f)
{
	struct mp_dcbx *d = a->qos.dcbx;
	const struct dcbx_peer *peer;
	bool one;

	if (!d)
		return false;
	NdisAcquireSpinLock(&d->lock);
	peer = dcbx_peers_only(&d->peers);
	one = peer != NULL;
	if (one)
		*f = peer->frame;
	NdisReleaseSpinLock(&d->lock);
	return one;
}

/* ---- frames of peers ---- */

/* Whether the frame ends here. */
static bool hear(struct mp_adapter *a, const struct rte_mbuf *m)
{
	struct mp_dcbx *d = a->qos.dcbx;
	struct dcbx_frame f;
	enum dcbx_kind kind = dcbx_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &f);
	bool news;

	if (kind == DCBX_GOOD || kind == DCBX_PLAIN) {
		NdisDprAcquireSpinLock(&d->lock);
		news = dcbx_peers_hear(&d->peers, &f, kind == DCBX_GOOD, clock_ns());
		NdisDprReleaseSpinLock(&d->lock);
		if (news)
			ask_for_look(a);
	}
	return kind == DCBX_GOOD || kind == DCBX_MALFORMED;
}

unsigned mp_dcbx_take(struct mp_processor *p, struct rte_mbuf **pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (!dcbx_is_lldp(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len) ||
		    m->nb_segs != 1 || !hear(p->adapter, m)) {
			pkts[kept++] = m;
			continue;
		}
		counter_add(&p->drops.by[WIRE_DROP_MAC_CONTROL], 1);
		rte_pktmbuf_free(m);
	}
	return kept;
}

/* ---- frames of ours ---- */

static void send(struct mp_adapter *a, const uint8_t *frame, unsigned length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(a->tx_pool));

	if (!m)
		return;   /* the next is soon */
	memcpy(rte_pktmbuf_append(m, (uint16_t)length), frame, length);
	NdisAcquireSpinLock(&a->nic_tx[0]);
	if (!nic_tx_burst(a->nic, 0, &m, 1))
		rte_pktmbuf_free(m);
	NdisReleaseSpinLock(&a->nic_tx[0]);
}

void mp_dcbx_speak(struct mp_adapter *a, const struct dcbx_info *info)
{
	struct mp_dcbx *d = a->qos.dcbx;
	uint8_t frame[DCBX_FRAME_MAX];
	unsigned length;

	if (!d || atomic_load(&a->paused))
		return;   /* 'due' stays, and the next tick tries again */
	length = dcbx_build(frame, a->mac, DCBX_TTL_S, info);
	if (length == d->length && !memcmp(frame, d->last, length) &&
	    clock_ns() < atomic_load(&d->due))
		return;
	memcpy(d->last, frame, length);
	d->length = length;
	atomic_store(&d->due, clock_ns() + DCBX_PERIOD_S * NS_A_SECOND);
	send(a, frame, length);
}

/* The peers need not wait for the end of what we said. */
static void say_goodbye(struct mp_adapter *a)
{
	static const struct dcbx_info nothing;
	uint8_t frame[DCBX_FRAME_MAX];

	if (a->qos.dcbx->length)
		send(a, frame, dcbx_build(frame, a->mac, 0, &nothing));
}

/* ---- frames of protocols (O17) ---- */

static bool is_dcbx(const NET_BUFFER *nb)
{
	ULONG length = NET_BUFFER_DATA_LENGTH(nb), at = NET_BUFFER_CURRENT_MDL_OFFSET(nb), n = 0;
	const MDL *m = NET_BUFFER_CURRENT_MDL(nb);
	uint8_t bytes[LONGEST];
	struct dcbx_frame f;
	enum dcbx_kind kind;

	if (length > sizeof(bytes))
		length = sizeof(bytes);
	for (ULONG most = ETHERNET_HEADER; n < most; m = NDIS_MDL_LINKAGE(m), at = 0) {
		ULONG part = MmGetMdlByteCount(m) - at;

		/* All of it, once its beginning has shown that it is LLDP. */
		part = part < length - n ? part : length - n;
		memcpy(bytes + n, (const uint8_t *)m->MappedSystemVa + at, part);
		n += part;
		if (n >= ETHERNET_HEADER && !dcbx_is_lldp(bytes, n))
			return false;
		if (n >= ETHERNET_HEADER)
			most = length;
	}
	kind = dcbx_parse(bytes, n, &f);
	return kind == DCBX_GOOD || kind == DCBX_MALFORMED;
}

bool mp_dcbx_is_sent(const NET_BUFFER_LIST *nbl)
{
	for (const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb))
		if (is_dcbx(nb))
			return true;
	return false;
}

/* ---- an adapter's beginning and end ---- */

NDIS_STATUS mp_dcbx_create(struct mp_adapter *a)
{
	NDIS_TIMER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
			    NDIS_TIMER_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 },
		.TimerFunction = tick,
		.FunctionContext = a,
	};
	struct mp_dcbx *d;
	NDIS_STATUS status;

	if (!a->settings.dcbx)
		return NDIS_STATUS_SUCCESS;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NDIS_STATUS_RESOURCES;
	status = NdisAllocateTimerObject(a->handle, &c, &d->timer);
	if (status != NDIS_STATUS_SUCCESS) {
		free(d);
		return status;
	}
	NdisAllocateSpinLock(&d->lock);
	a->qos.dcbx = d;
	NdisSetTimerObject(d->timer, (LARGE_INTEGER){ .QuadPart = 0 }, TICK_MS, NULL);
	return NDIS_STATUS_SUCCESS;
}

void mp_dcbx_destroy(struct mp_adapter *a)
{
	struct mp_dcbx *d = a->qos.dcbx;

	if (!d)
		return;
	NdisCancelTimerObject(d->timer);
	KeFlushQueuedDpcs();   /* its last call may be on its way */
	while (atomic_load(&d->calls))
		NdisMSleep(US_A_LOOK);
	say_goodbye(a);
	NdisFreeTimerObject(d->timer);
	NdisFreeSpinLock(&d->lock);
	free(d);
	a->qos.dcbx = NULL;
}
