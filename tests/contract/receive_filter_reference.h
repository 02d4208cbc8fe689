/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the receive filter cache ought to know after a sequence of requests, written from
 * the state table's letters and from the documents' structures. It knows nothing of the
 * cache, and takes from a request the bytes that it had before it was made.
 */
#ifndef RECEIVE_FILTER_REFERENCE_H
#define RECEIVE_FILTER_REFERENCE_H

#include "receive_filter_rig.h"

#define REF_DRIVERS     3
#define REF_PROGRAM     REF_DRIVERS      /* who asks, after the drivers 0, 1, 2 */
#define REF_MAX_LENGTH  2048             /* bytes of a request */
#define REF_MAX_ANSWER  6144

/* '.' no such queue, A allocated, S set, P paused, R running, Z abandoned */
struct ref_queue {
	char state;
	int owner, filters;
	NDIS_RECEIVE_QUEUE_PARAMETERS p;
};

struct ref_filter {
	int owner, queue;                /* owner < 0: no such filter */
	unsigned since;                  /* the order of setting */
	ULONG length;
	UCHAR bytes[REF_MAX_LENGTH];     /* as set, with its id */
};

struct ref {
	struct ref_queue queue[RIG_QUEUES + 1];
	struct ref_filter filter[RIG_FILTERS + 1];
	int ids[RIG_QUEUES], n_ids;      /* free queue ids, oldest first */
	unsigned sets;
};

extern struct ref ref;

/* An adapter without queues and filters. */
void ref_begin(void);

/* The 32-bit word at an offset. */
ULONG ref_word(const UCHAR *buffer, ULONG at);

/* Whether a well-formed request of driver 'who' may go to the miniport. */
bool ref_lawful(int who, NDIS_OID oid, const UCHAR *request);

/* The request went there and succeeded; 'now' is its buffer afterwards, and 'elements' is
 * what the miniport said of the elements of a batch, the same again after the fourth. */
void ref_follow(int who, NDIS_OID oid, NDIS_REQUEST_TYPE type, const UCHAR *request,
		const UCHAR *now, const NDIS_STATUS elements[4]);

/* C29: the miniport refused an ALLOCATE_QUEUE. */
void ref_allocate_refused(void);

/* U12: a FREE_QUEUE failed half-way. */
void ref_abandoned(ULONG queue);

/*
 * The answer to a well-formed question that NDIS answers alone, byte for byte. Returns its
 * length, 0 where the question is to be refused. Of the default queue's element in
 * ENUM_QUEUES only header, id, state and number of filters are written: the rest is the
 * caller's to fill, with what was answered.
 */
ULONG ref_answer(int who, NDIS_OID oid, const UCHAR *request, UCHAR answer[REF_MAX_ANSWER]);

#endif
