/* SPDX-License-Identifier: BSD-2-Clause */
#include "receive_filter_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct ref ref;

ULONG ref_word(const UCHAR *buffer, ULONG at)
{
	ULONG w;

	memcpy(&w, buffer + at, sizeof(w));
	return w;
}

void ref_begin(void)
{
	memset(&ref, 0, sizeof(ref));
	ref.queue[0] = (struct ref_queue){ .state = 'R', .owner = -1 };
	for (int id = 1; id <= RIG_QUEUES; id++) {
		ref.queue[id] = (struct ref_queue){ .state = '.', .owner = -1 };
		ref.ids[ref.n_ids++] = id;
	}
	for (unsigned f = 1; f <= RIG_FILTERS; f++)
		ref.filter[f].owner = -1;
}

/* ---- is it lawful ---- */

static bool own(int who, ULONG q)
{
	return q >= 1 && q <= RIG_QUEUES && ref.queue[q].owner == who &&
	       strchr("ASPR", ref.queue[q].state);
}

static int filters(void)
{
	int n = 0;

	for (unsigned i = 1; i <= RIG_FILTERS; i++)
		n += ref.filter[i].owner >= 0;
	return n;
}

bool ref_lawful(int who, NDIS_OID oid, const UCHAR *b)
{
	ULONG q, f;

	switch (oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		return ref.n_ids > 0;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		return own(who, ref_word(b, 8)) && !ref.queue[ref_word(b, 8)].filters;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		return own(who, ref_word(b, 12));
	case OID_RECEIVE_FILTER_SET_FILTER:
		q = ref_word(b, 12);
		return (!q || own(who, q)) && filters() < RIG_FILTERS;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		q = ref_word(b, 8);
		f = ref_word(b, 12);
		return f >= 1 && f <= RIG_FILTERS && ref.filter[f].owner == who &&
		       ref.filter[f].queue == (int)q;
	default:
		for (ULONG i = 0; i < ref_word(b, 12); i++)
			if (!own(who, ref_word(b, ref_word(b, 8) + i * ref_word(b, 16) + 8)))
				return false;
		return true;
	}
}

/* ---- what then ---- */

/* The bytes of a queue's parameters in the revision that their header names. */
static ULONG parameters_size(const UCHAR *b)
{
	static const ULONG size[] = { 0, NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_1,
				      NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
				      NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_3 };

	return b[0] == 0x80 && b[1] >= 1 && b[1] <= 3 ? size[b[1]] : 0;
}

static void allocated(int who, const UCHAR *was, const UCHAR *now)
{
	ULONG id = ref_word(now, 12);
	struct ref_queue *q;

	assert_true(ref.n_ids > 0);
	assert_int_equal(id, ref.ids[0]);      /* U10, C4 */
	memmove(ref.ids, ref.ids + 1, sizeof(ref.ids[0]) * (unsigned)--ref.n_ids);
	q = &ref.queue[id];
	*q = (struct ref_queue){ .state = 'A', .owner = who };
	memcpy(&q->p, was, parameters_size(was));
	q->p.QueueId = id;
	memcpy(&q->p.MSIXTableEntry,           /* X8 */
	       now + offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, MSIXTableEntry), sizeof(ULONG));
}

void ref_allocate_refused(void)
{
	int id = ref.ids[0];

	/* The id was taken and is free again, so it is the youngest now. */
	memmove(ref.ids, ref.ids + 1, sizeof(ref.ids[0]) * (unsigned)(ref.n_ids - 1));
	ref.ids[ref.n_ids - 1] = id;
}

static void gone(ULONG id)
{
	ref.queue[id] = (struct ref_queue){ .state = '.', .owner = -1 };
	ref.ids[ref.n_ids++] = (int)id;
}

void ref_abandoned(ULONG queue)
{
	ref.queue[queue].state = 'Z';
}

/* C43 */
static void changed(const UCHAR *was)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS *to = &ref.queue[ref_word(was, 12)].p, from = { 0 };

	memcpy(&from, was, parameters_size(was));
	if (from.Flags & 0x10000)
		to->Flags = from.Flags & 0xffff;
	if (from.Flags & 0x20000)
		to->ProcessorAffinity = from.ProcessorAffinity;
	if (from.Flags & 0x40000)
		to->NumSuggestedReceiveBuffers = from.NumSuggestedReceiveBuffers;
	if (from.Flags & 0x80000)
		to->QueueName = from.QueueName;
	if (from.Flags & 0x100000)
		to->InterruptCoalescingDomainId = from.InterruptCoalescingDomainId;
}

static void set(int who, const UCHAR *was, ULONG id)
{
	static const ULONG size[] = { 0, NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_1,
				      NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 };
	ULONG n = ref_word(was, 24), q = ref_word(was, 12);
	struct ref_filter *f = &ref.filter[id];

	assert_in_range(id, 1, RIG_FILTERS);
	assert_true(f->owner < 0);
	f->owner = who;
	f->queue = (int)q;
	f->since = ++ref.sets;
	f->length = n ? ref_word(was, 20) + n * ref_word(was, 28) : size[was[1]];
	assert_in_range(f->length, 0, REF_MAX_LENGTH);
	memcpy(f->bytes, was, f->length);
	memcpy(f->bytes + 16, &id, sizeof(id));
	ref.queue[q].filters++;
	if (ref.queue[q].state == 'A')
		ref.queue[q].state = 'S';
	if (ref.queue[q].state == 'P')
		ref.queue[q].state = 'R';
}

static void cleared(ULONG id)
{
	struct ref_queue *q = &ref.queue[ref.filter[id].queue];

	ref.filter[id].owner = -1;
	if (--q->filters || q == &ref.queue[0])
		return;
	q->state = q->state == 'S' ? 'A' : 'P';
}

static void completed(int who, const UCHAR *was, const UCHAR *now, const NDIS_STATUS elements[4])
{
	for (ULONG i = 0; i < ref_word(was, 12); i++) {
		ULONG at = ref_word(was, 8) + i * ref_word(was, 16), id = ref_word(was, at + 8);
		bool fine = ref_word(now, at + 12) == NDIS_STATUS_SUCCESS;

		assert_true(own(who, id));
		if (elements[i & 3] != NDIS_STATUS_SUCCESS) {
			assert_int_equal(ref_word(now, at + 12), (ULONG)elements[i & 3]);
			continue;
		}
		assert_true(fine == !!strchr("AS", ref.queue[id].state));   /* C13 */
		if (fine)
			ref.queue[id].state = ref.queue[id].state == 'A' ? 'P' : 'R';
	}
}

void ref_follow(int who, NDIS_OID oid, NDIS_REQUEST_TYPE type, const UCHAR *was, const UCHAR *now,
		const NDIS_STATUS elements[4])
{
	switch (oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		allocated(who, was, now);
		break;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		gone(ref_word(was, 8));
		break;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		assert_int_equal(type, NdisRequestSetInformation);
		changed(was);
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
		set(who, was, ref_word(now, 16));
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		cleared(ref_word(was, 12));
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		completed(who, was, now, elements);
		break;
	default:
		fail_msg("OID 0x%08x is not the miniport's", oid);
	}
}

/* ---- the answers ---- */

static ULONG header(UCHAR *at, UCHAR revision, ULONG size)
{
	const NDIS_OBJECT_HEADER h = { 0x80, revision, (USHORT)size };

	memcpy(at, &h, sizeof(h));
	return size;
}

/* X5, X6: which of the four public states a letter is. */
static ULONG public_state(char letter)
{
	return letter == 'R' ? 1 : letter == 'Z' ? 3 : 2;
}

static void queue_info(ULONG id, NDIS_RECEIVE_QUEUE_INFO *i)
{
	const NDIS_RECEIVE_QUEUE_PARAMETERS *p = &ref.queue[id].p;

	i->QueueId = id;
	i->QueueState = (NDIS_RECEIVE_QUEUE_OPERATIONAL_STATE)public_state(ref.queue[id].state);
	i->NumFilters = (ULONG)ref.queue[id].filters;
	if (!id)
		return;
	memset(&i->Flags, 0, sizeof(i->Flags));
	i->QueueType = p->QueueType;
	i->QueueGroupId = p->QueueGroupId;
	i->ProcessorAffinity = p->ProcessorAffinity;
	i->NumSuggestedReceiveBuffers = p->NumSuggestedReceiveBuffers;
	i->MSIXTableEntry = p->MSIXTableEntry;
	i->LookaheadSize = p->LookaheadSize;
	i->VmName = p->VmName;
	i->QueueName = p->QueueName;
	i->InterruptCoalescingDomainId = p->InterruptCoalescingDomainId;
}

static ULONG answer_queues(int who, UCHAR *to)
{
	NDIS_RECEIVE_QUEUE_INFO_ARRAY a = { .FirstElementOffset = 16, .ElementSize =
					    sizeof(NDIS_RECEIVE_QUEUE_INFO) };

	header((UCHAR *)&a, 1, 16);
	for (ULONG id = 0; id <= RIG_QUEUES; id++) {
		UCHAR *at = to + 16 + a.NumElements * a.ElementSize;
		NDIS_RECEIVE_QUEUE_INFO info;

		/* C51, U7: a program sees the default queue, too. */
		if (ref.queue[id].state == '.' || (who != REF_PROGRAM && ref.queue[id].owner != who))
			continue;
		memset(&info, 0, sizeof(info));
		if (!id)
			memcpy(&info, at, sizeof(info));
		header((UCHAR *)&info, 2, NDIS_SIZEOF_RECEIVE_QUEUE_INFO_REVISION_2);
		queue_info(id, &info);
		memcpy(at, &info, sizeof(info));
		a.NumElements++;
	}
	memcpy(to, &a, 16);
	return 16 + a.NumElements * a.ElementSize;
}

/* C47: in the revision of the asker, whoever that is. */
static ULONG answer_parameters(const UCHAR *was, UCHAR *to)
{
	ULONG id = ref_word(was, 12), size = parameters_size(was);

	if (id < 1 || id > RIG_QUEUES || !strchr("ASPR", ref.queue[id].state))
		return 0;
	memcpy(to, &ref.queue[id].p, size);
	return header(to, was[1], size);
}

/* D35, D36: of one queue, in the order of setting, of virtual port 0. */
static ULONG answer_filters(const UCHAR *was, UCHAR *to)
{
	ULONG q = ref_word(was, 4), size = was[1] == 1 ? 20 : 28, n = 0;
	ULONG flags = was[1] == 1 ? 0 : ref_word(was, 20);
	unsigned last = 0;

	if (q > RIG_QUEUES || !strchr("ASPR", ref.queue[q].state) || flags & ~1u)
		return 0;
	memcpy(to, was, size);
	header(to, was[1], size);
	while (!(flags && ref_word(was, 24))) {
		NDIS_RECEIVE_FILTER_INFO info = { .Flags = 0 };
		const struct ref_filter *next = NULL;

		for (unsigned f = 1; f <= RIG_FILTERS; f++) {
			const struct ref_filter *c = &ref.filter[f];

			if (c->owner >= 0 && c->queue == (int)q && c->since > last &&
			    (!next || c->since < next->since))
				next = c;
		}
		if (!next)
			break;
		last = next->since;
		header((UCHAR *)&info, 1, sizeof(info));
		info.FilterType = (NDIS_RECEIVE_FILTER_TYPE)ref_word(next->bytes, 8);
		info.FilterId = ref_word(next->bytes, 16);
		memcpy(to + size + n++ * sizeof(info), &info, sizeof(info));
	}
	memcpy(to + 8, (ULONG[]){ size, n, sizeof(NDIS_RECEIVE_FILTER_INFO) }, 12);
	return size + n * (ULONG)sizeof(NDIS_RECEIVE_FILTER_INFO);
}

static ULONG answer_filter(const UCHAR *was, UCHAR *to)
{
	ULONG id = ref_word(was, 16);

	if (id < 1 || id > RIG_FILTERS || ref.filter[id].owner < 0)
		return 0;
	memcpy(to, ref.filter[id].bytes, ref.filter[id].length);
	return ref.filter[id].length;
}

ULONG ref_answer(int who, NDIS_OID oid, const UCHAR *was, UCHAR answer[REF_MAX_ANSWER])
{
	switch (oid) {
	case OID_RECEIVE_FILTER_ENUM_QUEUES:
		return answer_queues(who, answer);
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		return answer_parameters(was, answer);
	case OID_RECEIVE_FILTER_ENUM_FILTERS:
		return answer_filters(was, answer);
	case OID_RECEIVE_FILTER_PARAMETERS:
		return answer_filter(was, answer);
	case OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES:
	case OID_RECEIVE_FILTER_CURRENT_CAPABILITIES:
		memcpy(answer, &rig.adapter.attributes.current,
		       NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2);
		return NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2;
	case OID_RECEIVE_FILTER_GLOBAL_PARAMETERS:
		memcpy(answer + 8, (ULONG[]){ 1, 1 }, 8);
		memcpy(answer + 4, (ULONG[]){ 0 }, 4);
		return header(answer, 1, 16);
	default:
		return 0;
	}
}
