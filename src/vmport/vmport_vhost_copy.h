/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying a frame: few instructions for the small ones, which are most of those that come in
 * number. A frame may change while it is copied, where a guest owns it; not a byte beyond
 * its length is read or written.
 */
#ifndef VMPORT_VMPORT_VHOST_COPY_H
#define VMPORT_VMPORT_VHOST_COPY_H

#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>

/* From both ends, so that the pieces overlap in the middle. 2 * piece >= length >= piece. */
#define VHOST_COPY_ENDS(to, from, length, piece)                                          \
	do {                                                                              \
		uint8_t first_[piece], last_[piece];                                      \
		memcpy(first_, (from), (piece));                                          \
		memcpy(last_, (from) + (length) - (piece), (piece));                      \
		memcpy((to), first_, (piece));                                            \
		memcpy((to) + (length) - (piece), last_, (piece));                        \
	} while (0)

/* They do not overlap. */
static inline void vhost_copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
	if (likely(length - 32 <= 32))
		VHOST_COPY_ENDS(to, from, length, 32);
	else if (length - 64 <= 64)
		VHOST_COPY_ENDS(to, from, length, 64);
	else
		memcpy(to, from, length);
}

#endif
