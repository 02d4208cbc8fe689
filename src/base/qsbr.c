/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/qsbr.h"

#include <stddef.h>

void qsbr_init(struct qsbr *q)
{
	atomic_init(&q->epoch, 1);
	atomic_init(&q->readers, 0);
	for (int i = 0; i < QSBR_MAX_READERS; i++)
		atomic_init(&q->reader[i].seen, 0);
}

struct qsbr_reader *qsbr_reader_add(struct qsbr *q)
{
	unsigned i = atomic_fetch_add(&q->readers, 1);

	if (i < QSBR_MAX_READERS)
		return &q->reader[i];
	atomic_fetch_sub(&q->readers, 1);
	return NULL;
}

uint64_t qsbr_advance(struct qsbr *q)
{
	/* Pairs with the fence of qsbr_online(): a reader that comes online later
	 * sees what was published before this. */
	return atomic_fetch_add_explicit(&q->epoch, 1, memory_order_seq_cst) + 1;
}

int qsbr_reached(struct qsbr *q, uint64_t epoch)
{
	unsigned n = atomic_load(&q->readers);

	for (unsigned i = 0; i < n && i < QSBR_MAX_READERS; i++) {
		uint64_t seen = atomic_load_explicit(&q->reader[i].seen, memory_order_seq_cst);

		if (seen && seen < epoch)
			return 0;
	}
	return 1;
}
