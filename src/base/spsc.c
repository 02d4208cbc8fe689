/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/spsc.h"

#include <stdlib.h>
#include <string.h>

struct spsc *spsc_create(unsigned size)
{
	size_t bytes = sizeof(struct spsc) + size * sizeof(void *);
	struct spsc *r;

	if (size < 2 || size > 1u << 20 || (size & (size - 1)))
		return NULL;
	bytes = (bytes + SPSC_CACHE_LINE - 1) & ~(size_t)(SPSC_CACHE_LINE - 1);
	r = aligned_alloc(SPSC_CACHE_LINE, bytes);
	if (!r)
		return NULL;
	memset(r, 0, bytes);
	r->mask = size - 1;
	return r;
}

void spsc_destroy(struct spsc *ring)
{
	free(ring);
}
