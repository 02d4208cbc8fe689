/* SPDX-License-Identifier: BSD-2-Clause */
/* Who speaks DCBX on the link, and for how long what it said holds. */
#include "miniport/dcbx.h"

#include <string.h>

#define NS_A_SECOND 1000000000ull

static bool is_of(const struct dcbx_peer *p, const struct dcbx_frame *f)
{
	return p->frame.chassis_length == f->chassis_length &&
	       p->frame.port_length == f->port_length &&
	       !memcmp(p->frame.chassis, f->chassis, f->chassis_length) &&
	       !memcmp(p->frame.port, f->port, f->port_length);
}

static void forget(struct dcbx_peers *p, unsigned i)
{
	p->list[i] = p->list[--p->n];
}

/* Whose data ends first makes room for another. */
static unsigned first_to_end(const struct dcbx_peers *p)
{
	unsigned first = 0;

	for (unsigned i = 1; i < p->n; i++)
		if (p->list[i].until < p->list[first].until)
			first = i;
	return first;
}

bool dcbx_peers_hear(struct dcbx_peers *p, const struct dcbx_frame *f, bool good, uint64_t now)
{
	unsigned i = 0;
	bool news;

	while (i < p->n && !is_of(&p->list[i], f))
		i++;
	if (!good || !f->ttl) {
		if (i == p->n)
			return false;
		forget(p, i);
		return true;
	}
	if (i == p->n && p->n == DCBX_PEERS)
		forget(p, first_to_end(p));
	news = i >= p->n || memcmp(&p->list[i].frame.info, &f->info, sizeof(f->info)) ||
	       memcmp(p->list[i].frame.source, f->source, sizeof(f->source));
	if (i >= p->n)
		i = p->n++;
	p->list[i].frame = *f;
	p->list[i].until = now + f->ttl * NS_A_SECOND;
	return news;
}

bool dcbx_peers_expire(struct dcbx_peers *p, uint64_t now)
{
	unsigned before = p->n;

	for (unsigned i = p->n; i--;)
		if (p->list[i].until <= now)
			forget(p, i);
	return p->n != before;
}

const struct dcbx_peer *dcbx_peers_only(const struct dcbx_peers *p)
{
	return p->n == 1 ? &p->list[0] : NULL;
}
