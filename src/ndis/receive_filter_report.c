/* SPDX-License-Identifier: BSD-2-Clause */
/* The adapter's queues as a person's table wants them. */
#include "ndis/receive_filter_cache.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* The next character of 'name' from '*at' on; a lone surrogate and a control
 * character, which would play with a terminal, become '?'. */
static unsigned next_character(const NDIS_QUEUE_NAME *name, unsigned n, unsigned *at)
{
	unsigned c = name->String[(*at)++];

	if (c >= 0xd800 && c < 0xdc00 && *at < n) {
		unsigned low = name->String[*at];

		if (low >= 0xdc00 && low < 0xe000) {
			(*at)++;
			return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
		return '?';
	return c;
}

/* One character as UTF-8; returns its bytes, 1 .. 4. */
static unsigned utf8(unsigned c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

void rf_name_text(const NDIS_QUEUE_NAME *name, char *text, size_t size)
{
	unsigned n = name->Length / sizeof(name->String[0]), at = 0;
	size_t used = 0;

	while (at < n && name->String[at]) {
		char bytes[4];
		unsigned len = utf8(next_character(name, n, &at), bytes);

		if (used + len >= size)
			break;
		memcpy(text + used, bytes, len);
		used += len;
	}
	text[used] = '\0';
}

/* At least 1: a FREE that has just begun has begun. */
static unsigned since_ms(uint64_t then)
{
	uint64_t ms = (clock_ns() - then) / 1000000;

	return ms ? (unsigned)ms : 1;
}

unsigned ndis_adapter_queues(struct ndis_adapter *adapter, struct ndis_queue_info *list,
			     unsigned max)
{
	struct ndis_receive_filters *f = adapter->filters;
	unsigned n = 0;

	if (!f)
		return 0;
	pthread_mutex_lock(&f->lock);
	for (unsigned id = 1; id <= f->max_queues; id++) {
		const struct rf_queue *q = rf_queue_find(f, id);

		if (!q)
			continue;
		if (n < max) {
			struct ndis_queue_info *i = &list[n];

			i->id = q->id;
			/* H29: of several processors, the lowest. */
			i->processor = (unsigned)__builtin_ctzll(
				q->parameters.ProcessorAffinity.Mask);
			i->filters = q->n_filters;
			i->state = q->state;
			i->msix = q->parameters.MSIXTableEntry;
			i->freeing_ms = q->freeing_since ? since_ms(q->freeing_since) : 0;
			snprintf(i->owner, sizeof(i->owner), "%s",
				 q->owner ? q->owner->protocol->object.name : "");
			rf_name_text(&q->parameters.VmName, i->vm_name, sizeof(i->vm_name));
			rf_name_text(&q->parameters.QueueName, i->queue_name,
				     sizeof(i->queue_name));
		}
		n++;
	}
	pthread_mutex_unlock(&f->lock);
	return n;
}
