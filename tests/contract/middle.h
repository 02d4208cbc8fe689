/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An intermediate driver for tests: one virtual adapter over each adapter that it binds
 * to, named after it; frames pass both ways, as clones or as they are. It writes the steps of its life
 * into the trace as "middle below" (its protocol) and "middle above" (its miniport).
 */
#ifndef CONTRACT_MIDDLE_H
#define CONTRACT_MIDDLE_H

#include "trace.h"
#include "ndis/host.h"

#define MIDDLE_NAME "\\DEVICE\\MIDDLE"

/* What it does wrong when it passes lists on as they are. */
enum middle_mistake {
	MIDDLE_IS_RIGHT,
	MIDDLE_SENDS_TWICE,             /* the second time while the first is under way */
	MIDDLE_COMPLETES_EARLY,         /* above, while it is still below */
	MIDDLE_COMPLETES_TWICE,         /* above */
	MIDDLE_LEAVES_SOURCE,           /* of the sender above, on the way down */
	MIDDLE_RESTORES_NO_SOURCE,      /* on the way back up */
	MIDDLE_INDICATES_TWICE,
	MIDDLE_RETURNS_EARLY,           /* below, while it is still above */
	MIDDLE_GIVES_LENT_AWAY,
};

struct middle {
	struct ndis_image *image;
	NDIS_HANDLE miniport, protocol;        /* the driver's two handles */
	NDIS_HANDLE pool;                      /* of its clones */
	NDIS_HANDLE below, above;              /* binding, virtual adapter; NULL: not there */
	NDIS_HANDLE told;                      /* IMDeviceInstanceContext */
	NDIS_HANDLE asked;                     /* NdisIMGetDeviceContext inside MiniportInitializeEx */
	NET_LUID luid;                         /* MiniportInitializeEx */
	NET_IFINDEX index;
	NDIS_OBJECT_HEADER bind;               /* of the bind parameters */
	bool knows_power;                      /* bind parameters have PowerManagementCapabilities */
	NET_LUID bound, lowest, restarted;     /* bind parameters, restart parameters below */
	NDIS_STATUS again, cancelled;          /* of a second instance of its name; of its cancel */
	NDIS_STATUS gone;                      /* of NdisIMDeInitializeDeviceInstance */
	/* What a test wants: */
	UCHAR minor;                           /* its protocol's NDIS version is 6.this */
	bool refuse;                           /* MiniportInitializeEx fails */
	bool twice;                            /* ask for the instance twice */
	bool cancel;                           /* and cancel it again */
	bool as_they_are;                      /* lists go on themselves, not as clones */
	enum middle_mistake mistake;
};

extern struct middle middle;

void middle_load(void);
void middle_unload(void);

/* middle_frames.c: its data handlers. */
MINIPORT_SEND_NET_BUFFER_LISTS middle_send;
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE middle_send_complete;
PROTOCOL_RECEIVE_NET_BUFFER_LISTS middle_receive;
MINIPORT_RETURN_NET_BUFFER_LISTS middle_return;

#endif
