/* SPDX-License-Identifier: BSD-2-Clause */
#include "receive_filter_shot.h"

#include <stddef.h>
#include <string.h>

static ULONG64 seed;

void roll_begin(ULONG64 from)
{
	seed = from;
}

unsigned roll(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % n);
}

ULONG shot_queue_id(void)
{
	return roll(20) ? roll(RIG_QUEUES + 1) : roll(2) ? RIG_QUEUES + 1 : 0xffffffff;
}

void shot_load(struct shot *s, NDIS_OID oid, NDIS_REQUEST_TYPE type, const void *from, ULONG n)
{
	s->oid = oid;
	s->type = type;
	s->length = n;
	memcpy(s->bytes, from, n);
}

static void shot_queue(struct shot *s, bool allocate)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(1 + roll(3));

	p.QueueId = shot_queue_id();
	p.ProcessorAffinity.Mask = 1 + roll((1 << RIG_PROCESSORS) - 1);
	p.Flags = roll(2);
	if (!allocate)
		p.Flags |= roll(16) << 16;
	p.NumSuggestedReceiveBuffers = roll(1000);
	shot_load(s, allocate ? OID_RECEIVE_FILTER_ALLOCATE_QUEUE : OID_RECEIVE_FILTER_QUEUE_PARAMETERS,
	     allocate ? NdisRequestMethod : NdisRequestSetInformation, &p, p.Header.Size);
}

static void shot_simple(struct shot *s, bool clear)
{
	ULONG p[4] = { 0x80 | 1 << 8 | (clear ? 16u : 12u) << 16, 0, shot_queue_id(),
		       roll(RIG_FILTERS + 2) };

	if (clear && p[3] && p[3] <= RIG_FILTERS && roll(2))
		p[2] = (ULONG)ref.filter[p[3]].queue;
	shot_load(s, clear ? OID_RECEIVE_FILTER_CLEAR_FILTER : OID_RECEIVE_FILTER_FREE_QUEUE,
	     NdisRequestSetInformation, p, clear ? 16 : 12);
}

static const NDIS_OID queries[] = {
	OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, OID_RECEIVE_FILTER_CURRENT_CAPABILITIES,
	OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, OID_RECEIVE_FILTER_ENUM_QUEUES,
	OID_RECEIVE_FILTER_ENUM_FILTERS, OID_RECEIVE_FILTER_PARAMETERS,
	OID_RECEIVE_FILTER_QUEUE_PARAMETERS, OID_RECEIVE_FILTER_MOVE_FILTER,
};

/* A question; those that are plain queries have no input. */
static void shot_question(struct shot *s)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = rig_queue_parameters(1 + roll(3));
	struct rig_filter f = rig_filter(0, 0, 0);
	NDIS_RECEIVE_FILTER_INFO_ARRAY a = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, (UCHAR)(1 + roll(2)), 0 },
		.QueueId = shot_queue_id(),
		.Flags = roll(2),
		.VPortId = roll(2),
	};
	NDIS_OID oid = queries[roll(7)];

	switch (oid) {
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		q.QueueId = shot_queue_id();
		shot_load(s, oid, NdisRequestMethod, &q, q.Header.Size);
		break;
	case OID_RECEIVE_FILTER_PARAMETERS:
		f.p.FilterId = roll(RIG_FILTERS + 2);
		shot_load(s, oid, NdisRequestMethod, &f.p, sizeof(f.p));
		break;
	case OID_RECEIVE_FILTER_ENUM_FILTERS:
		a.Header.Size = a.Header.Revision == 1 ? NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_1
						       : NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2;
		shot_load(s, oid, NdisRequestMethod, &a, a.Header.Size);
		break;
	default:
		shot_load(s, oid, NdisRequestQueryInformation, &a, 0);
	}
}

void shot_make(struct shot *s)
{
	ULONG ids[4] = { shot_queue_id(), shot_queue_id(), shot_queue_id(), shot_queue_id() }, n = roll(4);
	struct rig_filter f = rig_filter(shot_queue_id(), (UCHAR)roll(8), (int)roll(2) - 1);
	struct rig_batch b = rig_batch(n, ids);

	switch (roll(9)) {
	case 0:
	case 1:  shot_queue(s, true); break;
	case 2:  shot_queue(s, false); break;
	case 3:  shot_simple(s, false); break;
	case 4:
	case 5:  shot_simple(s, true); break;
	case 6:  shot_load(s, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, NdisRequestMethod, &b,
		      offsetof(struct rig_batch, p[0]) + n * sizeof(b.p[0])); break;
	case 7:  shot_question(s); break;
	default: shot_load(s, OID_RECEIVE_FILTER_SET_FILTER, NdisRequestMethod, &f, sizeof(f)); break;
	}
}

bool shot_is_question(NDIS_OID oid, NDIS_REQUEST_TYPE type)
{
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		if (queries[i] == oid)
			return oid != OID_RECEIVE_FILTER_QUEUE_PARAMETERS ||
			       type != NdisRequestSetInformation;
	return false;
}

/* Mostly who may do it, since the others are all refused alike. */
int shot_caller(const struct shot *s)
{
	ULONG q = s->oid == OID_RECEIVE_FILTER_FREE_QUEUE ? ref_word(s->bytes, 8) : ref_word(s->bytes, 12);
	int owner = -1;

	if (shot_is_question(s->oid, s->type))
		return (int)roll(REF_DRIVERS + 1);
	if (s->oid == OID_RECEIVE_FILTER_CLEAR_FILTER)
		owner = q >= 1 && q <= RIG_FILTERS ? ref.filter[q].owner : -1;
	else if (s->oid == OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
		owner = q ? ref.queue[ref_word(s->bytes, 28) % (RIG_QUEUES + 1)].owner : -1;
	else if (q <= RIG_QUEUES)
		owner = ref.queue[q].owner;
	return owner >= 0 && roll(4) ? owner : (int)roll(3);
}

/* The bytes that damage may hit; a plain query has none, and what is hit is not sent. */
static unsigned spoilt(const struct shot *s)
{
	return s->length >= 4 && s->length < 64 ? s->length : 64;
}

/* Damages the shot: bytes, words that matter, lengths, the OID, the request type. */
void shot_spoil(struct shot *s)
{
	static const ULONG nasty[] = { 0, 1, 15, 16, 20, 44, 55, 56, 0x7fffffff, 0x80000000,
				       0xfffffff0, 0xffffffff };

	for (unsigned n = roll(4); n--;)
		s->bytes[roll(spoilt(s))] = (UCHAR)roll(256);
	for (unsigned n = roll(3); n--;)
		memcpy(s->bytes + 4 * roll(spoilt(s) / 4),
		       &nasty[roll(sizeof(nasty) / sizeof(nasty[0]))], sizeof(ULONG));
	if (!roll(3))
		s->length = roll(s->length + 1);
	if (!roll(6))
		s->oid = queries[roll(sizeof(queries) / sizeof(queries[0]))];
	if (!roll(6))
		s->type = (NDIS_REQUEST_TYPE)roll(14);
}
