/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A miniport driver for tests: no wire, no memory of its own. It writes down every
 * request and send, refuses what a test says, indicates what a test makes, and keeps
 * account of what comes back.
 */
#ifndef CONTRACT_FAKE_H
#define CONTRACT_FAKE_H

#include "packets.h"

#define FAKE_QUEUES    4
#define FAKE_REQUESTS  256
#define FAKE_SENDS     8192
#define FAKE_RETURNS   8192
#define FAKE_SCALE     640

/* One request as the miniport got it. */
struct fake_request {
	NDIS_OID oid;
	KIRQL irql;
	ULONG queue, filter, flags, lookahead, bits;   /* bits: RequestedFilterIdBitCount */
	NDIS_RECEIVE_QUEUE_TYPE type;
	KAFFINITY processors;
	ULONG packet_filter;
	unsigned n;                       /* fields of a filter, elements of a batch */
	uint8_t mac[6];
	bool untagged_or_zero;
	int vlan;                         /* -1: no test */
	ULONG elements[16];
};

struct fake_send {
	PNET_BUFFER_LIST nbl;
	unsigned call;
	ULONG flags;
	USHORT queue;
	int vlan;
	unsigned priority, vport, filter;
	NDIS_HANDLE source;
	unsigned nbs;
	NDIS_PORT_NUMBER port;
	KIRQL irql;
	ULONG length;
	uint8_t bytes[64];
	unsigned mdls;                    /* of the first NB */
	ULONG checksum, large;            /* words of its OOB */
};

struct fake_return {
	PNET_BUFFER_LIST nbl;
	unsigned call;
	ULONG flags;
	USHORT queue;
};

struct fake {
	struct ndis_image *image;
	struct ndis_adapter *adapter;
	NDIS_HANDLE handle;
	/* What a test wants: */
	ULONG queues;                     /* NumQueues; 0: no filtering at all */
	ULONG properties;                 /* SupportedQueueProperties */
	ULONG split;                      /* Min- and MaxLookaheadSplitSize */
	ULONG split_min;                  /* MinLookaheadSplitSize; 0: as the other */
	ULONG packet_filters;             /* SupportedPacketFilters */
	ULONG mac_options;                /* MacOptions */
	NDIS_OID refuse;                  /* this OID, */
	unsigned refuse_number;           /* its occurrence of that number, from 1; 0: none */
	ULONG refuse_element;             /* COMPLETE: this queue fails */
	bool pend;                        /* every request ends later, on a system thread */
	unsigned ndis_minor;              /* what it registers; 0: 30 */
	atomic_uint keep_oid;             /* requests of that OID end by fake_answer() */
	atomic_bool frees_wait;           /* FREE_QUEUE ends when every NBL is back */
	atomic_bool keep_sends;           /* completed by fake_complete() */
	void (*freeing)(ULONG queue, bool stopped);   /* in a FREE_QUEUE, before and after the
						       * status that DMA stopped; NULL: nothing */
	bool silent;                      /* there is no such status */
	NDIS_STATUS send_status;
	NDIS_OFFLOAD *offload;            /* task offloads that it has; NULL: none */
	NDIS_RECEIVE_SCALE_CAPABILITIES *scaling;   /* its RSS; NULL: none */
	/* What happened: */
	struct fake_request requests[FAKE_REQUESTS];
	unsigned n_requests;
	uint8_t scale[FAKE_SCALE];        /* the last request of RSS parameters, as it came */
	ULONG scale_length;
	struct fake_send sends[FAKE_SENDS];
	struct fake_return returns[FAKE_RETURNS];
	atomic_uint cancels, second_cancels;
	void (*on_reset)(void);           /* all of a reset; NULL: nothing */
	void (*on_cancel)(void);          /* first in a cancel; NULL: nothing */
	bool halted;                      /* a call after that is none with our context */
	atomic_uint queue_processor;      /* of the last change of affinity that was made */
	PNDIS_OID_REQUEST waiting;        /* of keep_oid or frees_wait */
	NDIS_HANDLE second;               /* a second adapter's handle: one without VMQ */
	atomic_uint second_returns;
	atomic_uint n_sends, n_returns, send_calls, return_calls, indicated;
	PNET_BUFFER_LIST kept, *kept_end;
	bool pausing;                     /* MiniportPause pends, for what was kept */
	unsigned out_at_pause, out_at_halt;   /* NBLs not returned when these began */
	bool context_ok;                  /* every call had our own context (A3) */
};

extern struct fake fake;

/* Forgets everything, ready for a test. */
void fake_reset(void);
/* A second adapter of the same driver, which filters nothing. */
struct ndis_adapter *fake_open_second(void);
/* While it stays, no move of a queue is made; every call with true needs one with false. */
void fake_queue_stays(bool stays);
/* Ends the request that was kept. */
void fake_answer(NDIS_STATUS status);
/* Loads the driver and adds its adapter; the other way round. */
void fake_open(void);
unsigned fake_close(void);

/* Not a processor: the calling thread, below DISPATCH_LEVEL. */
#define FAKE_OUTSIDE UINT32_MAX

/* Indicates the chain from processor 'number'; 'count' NBLs. Their origin is set. */
void fake_indicate(unsigned number, PNET_BUFFER_LIST chain, unsigned count, ULONG flags);
/* The same for packets. */
void fake_indicate_packets(unsigned number, struct packet *const *packets, unsigned n, ULONG flags);

/* How often an NBL came back. */
unsigned fake_returned(const NET_BUFFER_LIST *nbl);
/* Completes what was kept, with 'status'; or up to 'n' of it, the oldest, as a success, and
 * returns how many those were. */
void fake_complete(NDIS_STATUS status);
unsigned fake_complete_some(unsigned n);
/* The same of those alone that name the queue. */
unsigned fake_complete_of(USHORT queue, unsigned n);

/* Says which offloads are in force: those of fake.offload. */
void fake_offload_status(void);

/* How many requests of that OID there were. */
unsigned fake_count(NDIS_OID oid);

#endif
