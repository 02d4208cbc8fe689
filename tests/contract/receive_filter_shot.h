/* SPDX-License-Identifier: BSD-2-Clause */
/* Random requests to the receive filter cache, well-formed and damaged. */
#ifndef RECEIVE_FILTER_SHOT_H
#define RECEIVE_FILTER_SHOT_H

#include "receive_filter_reference.h"

struct shot {
	NDIS_OID oid;
	NDIS_REQUEST_TYPE type;
	ULONG length;                    /* of the input, bytes */
	UCHAR bytes[REF_MAX_LENGTH];
};

/* The random numbers begin anew; 'from' is not 0. */
void roll_begin(ULONG64 from);
/* One of them, 0 .. n - 1. */
unsigned roll(unsigned n);

/* A queue's id; sometimes one that no queue has. */
ULONG shot_queue_id(void);

/* These 'n' bytes for this OID. */
void shot_load(struct shot *s, NDIS_OID oid, NDIS_REQUEST_TYPE type, const void *from, ULONG n);

/* Any well-formed request. */
void shot_make(struct shot *s);

/* Damages it: bytes, words that matter, lengths, the OID, the request type. */
void shot_spoil(struct shot *s);

/* Whether NDIS answers it alone. */
bool shot_is_question(NDIS_OID oid, NDIS_REQUEST_TYPE type);

/* Who is to make it, 0 .. REF_PROGRAM: mostly who may, since the others are refused alike. */
int shot_caller(const struct shot *s);

#endif
