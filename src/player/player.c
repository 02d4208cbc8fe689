/* SPDX-License-Identifier: BSD-2-Clause */
#include "player/play.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ethernet.h"
#include "base/log.h"

#define BURST 32
#define TAG 0x79616c50u   /* "Play" */

static struct play *plays[PLAYER_MAX];
static atomic_uint n_plays;

/* ---- captures ---- */

int player_prepare(const char *adapter, const char *file, unsigned processor, struct error *err)
{
	unsigned n = atomic_load(&n_plays);
	struct play *p;
	int ret;

	if (n == PLAYER_MAX)
		return error_set(err, ENOSPC, "adapter %s: %d captures play already; more are not possible",
				 adapter, PLAYER_MAX);
	p = calloc(1, sizeof(*p));
	if (!p || !(p->file = strdup(file))) {
		free(p);
		return error_set(err, ENOMEM, "adapter %s: no memory", adapter);
	}
	snprintf(p->adapter, sizeof(p->adapter), "%s", adapter);
	p->processor = processor;
	atomic_init(&p->paused, true);
	ret = capture_open(&p->capture, file, err);
	if (ret) {
		free(p->file);
		free(p);
		return ret;
	}
	plays[n] = p;
	atomic_store(&n_plays, n + 1);
	return 0;
}

struct play *play_prepared(void)
{
	unsigned n = atomic_load(&n_plays);

	return n && !plays[n - 1]->binding ? plays[n - 1] : NULL;
}

void player_start(void)
{
	for (unsigned i = 0; i < atomic_load(&n_plays); i++) {
		atomic_store(&plays[i]->started, true);
		OvmqNotifyProcessor(plays[i]->processor);
	}
}

void player_close(void)
{
	unsigned n = atomic_exchange(&n_plays, 0);

	while (n--) {
		capture_close(plays[n]->capture);
		free(plays[n]->file);
		free(plays[n]);
	}
}

/* ---- reports ---- */

static uint64_t outstanding(struct play *p)
{
	uint64_t back = atomic_load(&p->sent) + atomic_load(&p->failed);
	uint64_t given = counter_read(&p->given);

	return given > back ? given - back : 0;
}

bool player_is_over(void)
{
	for (unsigned i = 0; i < atomic_load(&n_plays); i++)
		if (!atomic_load(&plays[i]->over) || outstanding(plays[i]))
			return false;
	return true;
}

bool player_report(unsigned index, struct player_report *r)
{
	struct play *p;

	if (index >= atomic_load(&n_plays))
		return false;
	p = plays[index];
	*r = (struct player_report){
		.adapter = p->adapter, .file = p->file, .sent = atomic_load(&p->sent),
		.failed = atomic_load(&p->failed), .skipped = counter_read(&p->skipped),
		.outstanding = outstanding(p),
	};
	return true;
}

/* ---- sending ---- */

static struct play_slot *slot_take(struct play *p)
{
	struct play_slot *slot;

	NdisAcquireSpinLock(&p->lock);
	slot = p->free;
	if (slot)
		p->free = slot->next;
	NdisReleaseSpinLock(&p->lock);
	return slot;
}

static void slot_free(struct play *p, struct play_slot *slot)
{
	NdisAcquireSpinLock(&p->lock);
	slot->next = p->free;
	p->free = slot;
	NdisReleaseSpinLock(&p->lock);
}

/* Reads the next whole frame into 'slot': its length; 0: the capture is at its end. */
static ULONG frame_read(struct play *p, struct play_slot *slot)
{
	struct capture_frame frame;
	struct error err = { "" };
	int ret;

	while ((ret = capture_next(p->capture, &frame, &err)) == 1) {
		if (frame.length == frame.wire_length && frame.length >= 14 &&
		    frame.length <= p->longest && frame.length <= PLAY_FRAME_BYTES) {
			NdisMoveMemory(slot->bytes, frame.bytes, frame.length);
			return frame.length;
		}
		counter_add(&p->skipped, 1);
	}
	if (ret < 0)
		log_error("adapter %s: %s; what came before it was sent", p->adapter, err.text);
	atomic_store(&p->over, true);
	return 0;
}

/* Where the adapter inserts tags itself, the frame's goes beside the data (O20). Returns
 * the length that is left. */
static ULONG tag_take(const struct play *p, PNET_BUFFER_LIST nbl, struct play_slot *slot,
		      ULONG length)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO info = { .Value = NULL };
	UCHAR *b = slot->bytes;
	ULONG tci;

	if (!p->tags || length < ETHERNET_HEADER + VLAN_TAG || !ethernet_is_tagged(b))
		return length;
	tci = big16_read(b + VLAN_TCI);
	if (tci & 0x1000)
		return length;   /* that bit is always 0 beside the data */
	info.TagHeader.UserPriority = tci >> 13;
	info.TagHeader.VlanId = tci & 0xfff;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = info.Value;
	NdisMoveMemory(b + 12, b + 16, length - 16);
	return length - 4;
}

/* The next frame of the capture as an NBL; NULL: none, or no slot. */
static PNET_BUFFER_LIST frame_next(struct play *p)
{
	struct play_slot *slot = slot_take(p);
	PNET_BUFFER_LIST nbl;
	ULONG length;

	if (!slot)
		return NULL;
	/* The NBL first: no memory must not cost a frame. */
	nbl = NdisAllocateNetBufferAndNetBufferList(p->pool, 0, 0, slot->mdl, 0, 0);
	length = nbl ? frame_read(p, slot) : 0;
	if (!length) {
		if (nbl)
			NdisFreeNetBufferList(nbl);
		slot_free(p, slot);
		return NULL;
	}
	length = tag_take(p, nbl, slot, length);
	NdisAdjustMdlLength(slot->mdl, length);
	NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(nbl)) = length;
	nbl->SourceHandle = p->binding;
	NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[0] = slot;
	return nbl;
}

/* A burst, when it may; returns how many frames were sent. */
static ULONG play_poll(PVOID context)
{
	struct play *p = context;
	PNET_BUFFER_LIST first = NULL, *end = &first;
	ULONG n = 0;

	if (!atomic_load(&p->started) || atomic_load(&p->paused) || atomic_load(&p->over))
		return 0;
	while (n < BURST && (*end = frame_next(p))) {
		end = &NET_BUFFER_LIST_NEXT_NBL(*end);
		n++;
	}
	if (n) {
		counter_add(&p->given, n);
		NdisSendNetBufferLists(p->binding, first, NDIS_DEFAULT_PORT_NUMBER,
				       NDIS_SEND_FLAGS_DISPATCH_LEVEL);
	}
	return n;
}

/* Completions wake the processor. */
static BOOLEAN play_arm(PVOID context, BOOLEAN sleep)
{
	struct play *p = context;

	return sleep && atomic_load(&p->started) && !atomic_load(&p->paused) &&
	       !atomic_load(&p->over) && p->free != NULL;
}

_Use_decl_annotations_
VOID play_send_complete(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferList,
			ULONG SendCompleteFlags)
{
	struct play *p = ProtocolBindingContext;
	PNET_BUFFER_LIST next;

	(void)SendCompleteFlags;
	for (PNET_BUFFER_LIST nbl = NetBufferList; nbl; nbl = next) {
		struct play_slot *slot = NET_BUFFER_LIST_PROTOCOL_RESERVED(nbl)[0];
		bool good = NET_BUFFER_LIST_STATUS(nbl) == NDIS_STATUS_SUCCESS;

		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NdisFreeNetBufferList(nbl);
		slot_free(p, slot);
		/* Last: whoever waits for the count may take everything away. */
		atomic_fetch_add(good ? &p->sent : &p->failed, 1);
	}
	OvmqNotifyProcessor(p->processor);
}

/* ---- pausing ---- */

static VOID set_event(PVOID event)
{
	NdisSetEvent(event);
}

void play_pause(struct play *p)
{
	NDIS_EVENT quiet;

	atomic_store(&p->paused, true);
	NdisInitializeEvent(&quiet);
	OvmqCallWhenQuiet(set_event, &quiet);
	NdisWaitEvent(&quiet, 0);
	for (unsigned looks = 1; outstanding(p); looks++) {
		NdisMSleep(1000);
		if (looks % 5000 == 0)
			log_warning("adapter %s: %llu frames that play sent have not been completed for %u s",
				    p->adapter, (unsigned long long)outstanding(p), looks / 1000);
	}
}

void play_resume(struct play *p)
{
	atomic_store(&p->paused, false);
	OvmqNotifyProcessor(p->processor);
}

/* ---- a binding's own ---- */

static NDIS_HANDLE pool_create(struct play *p)
{
	NET_BUFFER_LIST_POOL_PARAMETERS parameters = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.ProtocolId = NDIS_PROTOCOL_ID_DEFAULT,
		.fAllocateNetBuffer = TRUE,
		.PoolTag = TAG,
	};

	return NdisAllocateNetBufferListPool(p->binding, &parameters);
}

NDIS_STATUS play_begin(struct play *p)
{
	OVMQ_POLL_SOURCE source = { play_poll, play_arm, p, OVMQ_WAKE_BY_NOTIFY };

	NdisAllocateSpinLock(&p->lock);
	p->pool = pool_create(p);
	p->slots = calloc(PLAY_SLOTS, sizeof(*p->slots));
	p->memory = malloc((size_t)PLAY_SLOTS * PLAY_FRAME_BYTES);
	if (!p->pool || !p->slots || !p->memory)
		return NDIS_STATUS_RESOURCES;
	for (unsigned i = 0; i < PLAY_SLOTS; i++) {
		struct play_slot *slot = &p->slots[i];

		slot->bytes = p->memory + (size_t)i * PLAY_FRAME_BYTES;
		slot->mdl = NdisAllocateMdl(p->binding, slot->bytes, PLAY_FRAME_BYTES);
		if (!slot->mdl)
			return NDIS_STATUS_RESOURCES;
		slot_free(p, slot);
	}
	return OvmqRegisterPoll(p->processor, &source, &p->poll);
}

void play_end(struct play *p)
{
	if (p->poll)
		OvmqDeregisterPoll(p->poll);
	for (unsigned i = 0; p->slots && i < PLAY_SLOTS; i++)
		if (p->slots[i].mdl)
			NdisFreeMdl(p->slots[i].mdl);
	free(p->slots);
	free(p->memory);
	if (p->pool)
		NdisFreeNetBufferListPool(p->pool);
	NdisFreeSpinLock(&p->lock);
	p->poll = p->pool = NULL;
	p->slots = p->free = NULL;
	p->memory = NULL;
}
