/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Priority-based flow control: a PFC frame of the peer halts the priorities that it names, of
 * those that are enabled, until its time is over or another frame says otherwise (O11).
 * While no priority is enabled nothing looks for such frames.
 */
#include "miniport/adapter.h"

#include <string.h>

#include "base/big_endian.h"
#include "base/clock.h"

#define MAC_CONTROL  0x8808
#define PFC_OPCODE   0x0101
#define PFC_BYTES    34          /* up to the last of the eight times */
#define QUANTUM_BITS 512         /* the unit of a time, in bits of the wire */
#define NS_PER_TICK  100         /* of a timer's due time */

/* How long a quantum is, in picoseconds. */
static uint64_t quantum_ps(void)
{
	return QUANTUM_BITS * 1000000000000ull / MP_LINK_SPEED;
}

/* Halts whose time has not come, and asks to be called at the next end. Under the lock. */
static void apply(struct mp_adapter *a)
{
	struct mp_pfc *f = &a->qos.pfc;
	uint64_t now = clock_ns(), next = UINT64_MAX;
	uint8_t halted = 0;

	for (unsigned i = 0; i < VMQ_PRIORITIES; i++) {
		if (f->until[i] <= now)
			continue;
		halted |= (uint8_t)(1u << i);
		if (f->until[i] < next)
			next = f->until[i];
	}
	if (halted != f->halted)
		mp_tx_priorities_halt(a, halted);
	f->halted = halted;
	if (halted)
		NdisSetTimerObject(f->timer,
				   (LARGE_INTEGER){ .QuadPart = -(LONGLONG)((next - now) / NS_PER_TICK + 1) },
				   0, NULL);
}

static NDIS_TIMER_FUNCTION time_is_over;
_Use_decl_annotations_
static VOID time_is_over(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
			 PVOID SystemSpecific3)
{
	struct mp_adapter *a = FunctionContext;

	(void)SystemSpecific1;
	(void)SystemSpecific2;
	(void)SystemSpecific3;
	NdisDprAcquireSpinLock(&a->qos.pfc.lock);
	apply(a);
	NdisDprReleaseSpinLock(&a->qos.pfc.lock);
	mp_processors_notify(a);
}

NDIS_STATUS mp_pfc_create(struct mp_adapter *a)
{
	NDIS_TIMER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
			    NDIS_TIMER_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 },
		.TimerFunction = time_is_over,
		.FunctionContext = a,
	};

	NdisAllocateSpinLock(&a->qos.pfc.lock);
	return NdisAllocateTimerObject(a->handle, &c, &a->qos.pfc.timer);
}

void mp_pfc_destroy(struct mp_adapter *a)
{
	struct mp_pfc *f = &a->qos.pfc;

	if (!f->timer)
		return;
	mp_pfc_enable(a, 0);
	NdisCancelTimerObject(f->timer);
	KeFlushQueuedDpcs();   /* its last call may be on its way */
	NdisFreeTimerObject(f->timer);
	NdisFreeSpinLock(&f->lock);
	f->timer = NULL;
}

void mp_pfc_enable(struct mp_adapter *a, uint8_t priorities)
{
	struct mp_pfc *f = &a->qos.pfc;

	NdisAcquireSpinLock(&f->lock);
	atomic_store_explicit(&f->enabled, priorities, memory_order_relaxed);
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++)
		if (!(priorities >> i & 1))
			f->until[i] = 0;
	apply(a);
	NdisReleaseSpinLock(&f->lock);
	mp_processors_notify(a);
}

static bool is_pfc(const uint8_t *frame, unsigned length)
{
	return length >= PFC_BYTES && big16_read(frame + 12) == MAC_CONTROL && big16_read(frame + 14) == PFC_OPCODE;
}

/* A time of 0 lets a priority go on at once. */
static void obey(struct mp_adapter *a, const uint8_t *frame)
{
	struct mp_pfc *f = &a->qos.pfc;
	uint64_t now = clock_ns();
	unsigned named;

	NdisDprAcquireSpinLock(&f->lock);
	named = big16_read(frame + 16) & atomic_load_explicit(&f->enabled, memory_order_relaxed);
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++)
		if (named >> i & 1)
			f->until[i] = now + big16_read(frame + 18 + 2 * i) * quantum_ps() / 1000;
	apply(a);
	NdisDprReleaseSpinLock(&f->lock);
	mp_processors_notify(a);
}

unsigned mp_pfc_take(struct mp_processor *p, struct rte_mbuf **pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(pkts[i], const uint8_t *);

		if (!is_pfc(frame, pkts[i]->data_len)) {
			pkts[kept++] = pkts[i];
			continue;
		}
		obey(p->adapter, frame);
		counter_add(&p->drops.by[WIRE_DROP_MAC_CONTROL], 1);
		rte_pktmbuf_free(pkts[i]);
	}
	return kept;
}
