/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture and its binding; private to this room. */
#ifndef PLAYER_PLAY_H
#define PLAYER_PLAY_H

#include <ovmq.h>

#include "base/counter.h"
#include "frame/capture.h"
#include "player/player.h"

#define PLAY_SLOTS 128          /* sends outstanding at most */
#define PLAY_FRAME_BYTES 65536  /* of a slot */

/* A frame on its way: its bytes, the MDL over them, and, while it is sent, its NBL. */
struct play_slot {
	struct play_slot *next;       /* while it is free */
	PMDL mdl;
	UCHAR *bytes;
};

struct play {
	char adapter[64], *file;
	unsigned processor;
	struct capture *capture;
	ULONG longest;                /* frame that the adapter takes; bind writes */
	bool tags;                    /* it takes an 802.1Q tag out of band; bind writes */
	NDIS_HANDLE binding, pool, poll;
	struct play_slot *slots;      /* PLAY_SLOTS of them */
	UCHAR *memory;
	NDIS_SPIN_LOCK lock;          /* over the list of free slots */
	struct play_slot *free;
	atomic_bool started, paused;  /* control writes, the processor reads */
	atomic_bool over;             /* the capture's end; the processor writes */
	counter_t given, skipped;     /* the processor's */
	_Atomic uint64_t sent, failed;
	NDIS_EVENT closed;            /* a close that pended is through */
	NDIS_STATUS status;           /* of an open that pended */
};

/* The capture that is prepared and not yet bound; NULL: none. */
struct play *play_prepared(void);

/* What a binding needs, once it is open, and its end. NDIS_STATUS_RESOURCES. */
NDIS_STATUS play_begin(struct play *play);
void play_end(struct play *play);

/* Sends no more, and waits until every send is completed. PASSIVE_LEVEL. */
void play_pause(struct play *play);
void play_resume(struct play *play);

PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE play_send_complete;

#endif
