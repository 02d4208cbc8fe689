/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of OID requests before a layer, or before the stack: one has its turn (I25), the
 * others wait in order. Any IRQL up to DISPATCH_LEVEL, unless said otherwise. */
#ifndef NDIS_OID_LINE_H
#define NDIS_OID_LINE_H

#include "ndis/object.h"

void ndis_oid_line_init(struct ndis_oid_line *line);
void ndis_oid_line_destroy(struct ndis_oid_line *line);

enum ndis_oid_entry { NDIS_OID_HAS_TURN, NDIS_OID_WAITS, NDIS_OID_WAITS_AND_CALLS };

/* Its turn now, or a place in the line. AND_CALLS: the caller must call the next turn. */
enum ndis_oid_entry ndis_oid_line_enter(struct ndis_oid_line *line, PNDIS_OID_REQUEST request);

/* A turn that was called for: the next that has it. NULL: somebody has it already. */
PNDIS_OID_REQUEST ndis_oid_line_next(struct ndis_oid_line *line);

/* The end of 'request' is known, and whoever asked is told after this. FALSE: it is not its
 * turn, or its end was known before. 'turn' is the number of its turn, where the caller had
 * noted it; 0: any. The request itself is not looked at: it may be gone. */
bool ndis_oid_line_end(struct ndis_oid_line *line, const NDIS_OID_REQUEST *request,
		       unsigned long turn);

/* The turn is over. TRUE: others wait, and the caller calls the next turn. */
bool ndis_oid_line_leave(struct ndis_oid_line *line);

/* Nobody gets a turn from here on; or somebody does again, and then, if the answer is TRUE,
 * the caller calls the next turn. */
void ndis_oid_line_hold(struct ndis_oid_line *line);
bool ndis_oid_line_release(struct ndis_oid_line *line);

/* Until nobody has a turn and none is called for; 'empty': nor waits for one.
 * PASSIVE_LEVEL. */
void ndis_oid_line_wait(struct ndis_oid_line *line, bool empty);

/* Which request is meant: that one, or, with 'serial' 0, any of an issuer with an id. */
struct ndis_oid_which {
	uint64_t serial;
	const struct ndis_layer *issuer;
	PVOID id;
};

/* Takes the first such request that waits out of the line; NULL: there is none. */
PNDIS_OID_REQUEST ndis_oid_line_take(struct ndis_oid_line *line, const struct ndis_oid_which *which);
/* Whether such a request has its turn, and its end is not known. */
bool ndis_oid_line_has(struct ndis_oid_line *line, const struct ndis_oid_which *which);

#endif
