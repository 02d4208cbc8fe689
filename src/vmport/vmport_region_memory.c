/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory area, in pieces of whole pages: the first gap that is large enough. */
#include "vmport/vmport_region.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PAGE 4096u

int region_memory_take(struct vmport *port, size_t length, void **address)
{
	struct region_port *p = region_of(port);
	const struct ovmq_region_area *area = &p->layout.memory;
	uint32_t at = area->offset, end = area->offset + area->bytes, bytes;
	unsigned i;

	if (!length || length > area->bytes || p->n_blocks == REGION_BLOCKS)
		return -ENOMEM;
	bytes = RTE_ALIGN_CEIL((uint32_t)length, PAGE);
	for (i = 0; i < p->n_blocks && p->blocks[i].offset - at < bytes; i++)
		at = p->blocks[i].offset + p->blocks[i].bytes;
	if (end - at < bytes)
		return -ENOMEM;
	memmove(&p->blocks[i + 1], &p->blocks[i], (p->n_blocks - i) * sizeof(p->blocks[0]));
	p->blocks[i] = (struct region_block){ at, bytes };
	p->n_blocks++;
	*address = p->base + at;
	return 0;
}

void region_memory_give(struct vmport *port, void *address)
{
	struct region_port *p = region_of(port);
	unsigned i;

	for (i = 0; i < p->n_blocks && p->base + p->blocks[i].offset != address; i++)
		;
	assert(i < p->n_blocks);
	p->n_blocks--;
	memmove(&p->blocks[i], &p->blocks[i + 1], (p->n_blocks - i) * sizeof(p->blocks[0]));
}
