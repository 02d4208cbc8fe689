/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This host's own shared memory; a physical address is the virtual one. What must be one piece
 * may be filled by a device (E6), which reaches only what its library knows: that memory comes
 * from whom the program has named. What he does not have, and all other memory, is the process's.
 */
#include "ndis/shared_memory.h"

#include <sys/mman.h>

#include "ndis/host.h"

static const struct ndis_device_memory *device_memory;   /* control writes, without adapters */

void ndis_device_memory_set(const struct ndis_device_memory *from)
{
	device_memory = from;
}

bool ndis_shared_memory_own(struct ndis_shared_block *b, bool contiguous)
{
	void *at;

	b->length = ndis_shared_memory_pages(b->asked);
	b->from = contiguous ? device_memory : NULL;
	if (b->from) {
		b->address = b->from->give(b->length);
		if (b->address)
			return true;
		b->from = NULL;
	}
	at = mmap(NULL, b->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return false;
	b->address = at;
	return true;
}

void ndis_shared_memory_disown(struct ndis_shared_block *b)
{
	if (b->from)
		b->from->take_back(b->address);
	else
		munmap(b->address, b->length);
	b->from = NULL;
}
