/* SPDX-License-Identifier: BSD-2-Clause */
/* Poll objects of NDIS 6.85 (part of ndis.h). */
#ifndef OVMQ_NDIS_POLL_H
#define OVMQ_NDIS_POLL_H

#include <ndis/nbl.h>

EXTERN_C_START

typedef NDIS_HANDLE NDIS_POLL_HANDLE;

#define NDIS_ANY_NUMBER_OF_NBLS ((ULONG)-1)

typedef struct _NDIS_POLL_TRANSMIT_DATA {
	ULONG MaxNblsToComplete;
	ULONG Reserved1[3];
	NET_BUFFER_LIST *CompletedNblChain;
	ULONG NumberOfCompletedNbls;
	ULONG NumberOfRemainingNbls;
	ULONG SendCompleteFlags;
	ULONG Reserved2;
	void *Reserved3[4];
} NDIS_POLL_TRANSMIT_DATA;

typedef struct _NDIS_POLL_RECEIVE_DATA {
	ULONG MaxNblsToIndicate;
	ULONG Reserved1[3];
	NET_BUFFER_LIST *IndicatedNblChain;
	ULONG NumberOfIndicatedNbls;
	ULONG NumberOfRemainingNbls;
	ULONG Flags;                    /* NDIS_RECEIVE_FLAGS_ */
	ULONG Reserved2;
	void *Reserved3[4];
} NDIS_POLL_RECEIVE_DATA;

typedef struct _NDIS_POLL_DATA {
	NDIS_POLL_TRANSMIT_DATA Transmit;
	NDIS_POLL_RECEIVE_DATA Receive;
} NDIS_POLL_DATA;

typedef struct _NDIS_POLL_NOTIFICATION {
	BOOLEAN Enabled;
} NDIS_POLL_NOTIFICATION;

typedef void NDIS_POLL(void *Context, NDIS_POLL_DATA *PollData);
typedef NDIS_POLL *NDIS_POLL_HANDLER;
typedef void NDIS_SET_POLL_NOTIFICATION(void *Context, NDIS_POLL_NOTIFICATION *Notification);
typedef NDIS_SET_POLL_NOTIFICATION *NDIS_SET_POLL_NOTIFICATION_HANDLER;

#define NDIS_POLL_CHARACTERISTICS_REVISION_1 1
typedef struct _NDIS_POLL_CHARACTERISTICS {
	NDIS_OBJECT_HEADER Header;
	NDIS_SET_POLL_NOTIFICATION_HANDLER SetPollNotificationHandler;
	NDIS_POLL_HANDLER PollHandler;
} NDIS_POLL_CHARACTERISTICS;
#define NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_POLL_CHARACTERISTICS, PollHandler)

NDIS_STATUS NdisRegisterPoll(NDIS_HANDLE NdisHandle, void *Context,
			     const NDIS_POLL_CHARACTERISTICS *Characteristics,
			     NDIS_POLL_HANDLE *PollHandle);
void NdisDeregisterPoll(NDIS_POLL_HANDLE PollHandle);
void NdisRequestPoll(NDIS_POLL_HANDLE PollHandle, void *Reserved);
void NdisSetPollAffinity(NDIS_POLL_HANDLE PollHandle, const PROCESSOR_NUMBER *PollAffinity);

EXTERN_C_END

#endif
