/* SPDX-License-Identifier: BSD-2-Clause */
#include "sequence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sequences_init(struct sequences *s)
{
	memset(s, 0, sizeof(*s));
	s->live = calloc(SEQUENCE_FLOWS, sizeof(*s->live));
	s->looped = calloc(SEQUENCE_FLOWS, sizeof(*s->looped));
	s->epoch = 1;
	if (!s->live || !s->looped) {
		sequences_fini(s);
		return -ENOMEM;
	}
	return 0;
}

void sequences_fini(struct sequences *s)
{
	free(s->live);
	free(s->looped);
	s->live = s->looped = NULL;
}

void sequences_forget(struct sequences *s)
{
	memset(&s->counts, 0, sizeof(s->counts));
	s->epoch++;
}

/* Before what came already: for the second time, or late and counted as lost. */
static void came_late(struct sequences *s, struct sequence_flow *f, uint32_t sequence)
{
	uint32_t back = f->next - 1 - sequence;

	if (back < SEQUENCE_WINDOW && (f->seen >> back & 1)) {
		s->counts.twice++;
		return;
	}
	s->counts.reordered++;
	if (back < SEQUENCE_WINDOW) {
		f->seen |= UINT64_C(1) << back;
		/* What was under way when the counts began was not counted as lost. */
		if (s->counts.lost)
			s->counts.lost--;
	}
}

void sequences_surprise(struct sequences *s, struct sequence_flow *f, uint32_t sequence)
{
	uint32_t missing = sequence - f->next;

	if (f->epoch != s->epoch) {
		f->epoch = s->epoch;
		f->seen = 1;
	} else if ((int32_t)missing < 0) {
		s->counts.gaps++;
		came_late(s, f, sequence);
		return;
	} else {
		s->counts.gaps++;
		s->counts.lost += missing;
		f->seen = missing < SEQUENCE_WINDOW - 1 ? f->seen << (missing + 1) | 1 : 1;
	}
	f->next = sequence + 1;
}

void sequences_looped(struct sequences *s, uint16_t flow, uint32_t sequence, uint32_t of)
{
	struct sequence_flow *f = &s->looped[flow];

	if (f->epoch != s->epoch) {
		f->epoch = s->epoch;
	} else if (f->next != sequence) {
		s->counts.gaps++;
		s->counts.lost += sequence > f->next ? sequence - f->next : sequence + of - f->next;
	}
	f->next = sequence + 1 == of ? 0 : sequence + 1;
}
