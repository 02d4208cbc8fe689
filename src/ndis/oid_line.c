/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/oid.h"
#include "ndis/oid_line.h"

void ndis_oid_line_init(struct ndis_oid_line *line)
{
	pthread_mutex_init(&line->lock, NULL);
}

void ndis_oid_line_destroy(struct ndis_oid_line *line)
{
	pthread_mutex_destroy(&line->lock);
}

/* The lock is held. */
static void turn_begins(struct ndis_oid_line *line, PNDIS_OID_REQUEST r)
{
	line->current = r;
	line->ended = false;
	line->turn++;
}

/* A request made at DISPATCH_LEVEL waits even if nobody is before it: handlers want
 * PASSIVE_LEVEL (I27), so the turn is called. */
enum ndis_oid_entry ndis_oid_line_enter(struct ndis_oid_line *line, PNDIS_OID_REQUEST r)
{
	enum ndis_oid_entry entry = NDIS_OID_WAITS;

	ndis_oid_private(r)->next = NULL;
	pthread_mutex_lock(&line->lock);
	if (!line->current && !line->first && !line->held) {
		if (KeGetCurrentIrql() < DISPATCH_LEVEL) {
			turn_begins(line, r);
			pthread_mutex_unlock(&line->lock);
			return NDIS_OID_HAS_TURN;
		}
		entry = NDIS_OID_WAITS_AND_CALLS;
		line->called++;
	}
	if (line->last)
		ndis_oid_private(line->last)->next = r;
	else
		line->first = r;
	line->last = r;
	pthread_mutex_unlock(&line->lock);
	return entry;
}

PNDIS_OID_REQUEST ndis_oid_line_next(struct ndis_oid_line *line)
{
	PNDIS_OID_REQUEST r;

	pthread_mutex_lock(&line->lock);
	line->called--;
	r = line->current || line->held ? NULL : line->first;
	if (r) {
		line->first = ndis_oid_private(r)->next;
		if (!line->first)
			line->last = NULL;
		turn_begins(line, r);
	}
	pthread_mutex_unlock(&line->lock);
	return r;
}

bool ndis_oid_line_end(struct ndis_oid_line *line, const NDIS_OID_REQUEST *r, unsigned long turn)
{
	bool ends;

	pthread_mutex_lock(&line->lock);
	ends = line->current == r && !line->ended && (!turn || turn == line->turn);
	if (ends)
		line->ended = true;
	pthread_mutex_unlock(&line->lock);
	return ends;
}

bool ndis_oid_line_leave(struct ndis_oid_line *line)
{
	bool more;

	pthread_mutex_lock(&line->lock);
	line->current = NULL;
	more = line->first && !line->held;
	if (more)
		line->called++;
	pthread_mutex_unlock(&line->lock);
	return more;
}

void ndis_oid_line_hold(struct ndis_oid_line *line)
{
	pthread_mutex_lock(&line->lock);
	line->held = true;
	pthread_mutex_unlock(&line->lock);
}

bool ndis_oid_line_release(struct ndis_oid_line *line)
{
	bool more;

	pthread_mutex_lock(&line->lock);
	line->held = false;
	more = line->first;
	if (more)
		line->called++;
	pthread_mutex_unlock(&line->lock);
	return more;
}

void ndis_oid_line_wait(struct ndis_oid_line *line, bool empty)
{
	bool idle;

	do {
		pthread_mutex_lock(&line->lock);
		idle = !line->current && !line->called && !(empty && line->first);
		pthread_mutex_unlock(&line->lock);
		if (!idle)
			NdisMSleep(100);
	} while (!idle);
}

static bool is_meant(PNDIS_OID_REQUEST r, const struct ndis_oid_which *which)
{
	const struct ndis_oid_private *p = ndis_oid_private(r);

	if (which->serial)
		return p->serial == which->serial;
	return p->issuer == which->issuer && r->RequestId == which->id;
}

PNDIS_OID_REQUEST ndis_oid_line_take(struct ndis_oid_line *line, const struct ndis_oid_which *which)
{
	PNDIS_OID_REQUEST before = NULL, r;

	pthread_mutex_lock(&line->lock);
	for (r = line->first; r; before = r, r = ndis_oid_private(r)->next) {
		if (!is_meant(r, which))
			continue;
		if (before)
			ndis_oid_private(before)->next = ndis_oid_private(r)->next;
		else
			line->first = ndis_oid_private(r)->next;
		if (line->last == r)
			line->last = before;
		break;
	}
	pthread_mutex_unlock(&line->lock);
	return r;
}

bool ndis_oid_line_has(struct ndis_oid_line *line, const struct ndis_oid_which *which)
{
	bool has;

	pthread_mutex_lock(&line->lock);
	has = line->current && !line->ended && is_meant(line->current, which);
	pthread_mutex_unlock(&line->lock);
	return has;
}
