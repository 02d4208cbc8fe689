/* SPDX-License-Identifier: BSD-2-Clause */
/* NBLs in order, one after the other. */
#ifndef MINIPORT_CHAIN_H
#define MINIPORT_CHAIN_H

#include <ndis.h>

/* A list of NBLs in order. */
struct mp_chain {
	NET_BUFFER_LIST *first, *last;
	unsigned n;
};

static inline void mp_chain_append(struct mp_chain *c, NET_BUFFER_LIST *nbl)
{
	if (c->last)
		NET_BUFFER_LIST_NEXT_NBL(c->last) = nbl;
	else
		c->first = nbl;
	c->last = nbl;
	c->n++;
}

/* Takes the first one off; there is one. */
static inline NET_BUFFER_LIST *mp_chain_take_first(struct mp_chain *c)
{
	NET_BUFFER_LIST *nbl = c->first;

	c->first = NET_BUFFER_LIST_NEXT_NBL(nbl);
	if (!c->first)
		c->last = NULL;
	c->n--;
	NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
	return nbl;
}

#endif
