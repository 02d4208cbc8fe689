/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a sequence of OID requests to NDIS's part of VMQ, from three bindings and a
 * program, with a miniport below that answers as the input says. Of every request:
 *  - what NDIS answers itself, and what a program asks, never reaches the miniport (C20, D38);
 *  - what fails changes nothing that can be asked for, and no byte of the buffer (C21, D29);
 *  - the buffer is not touched outside the bytes that are reported (C23);
 *  - INVALID_LENGTH names more bytes than there were (C21);
 *  - ids are unique and in range (C4, D25), and what is left over can be taken back (G1).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../contract/receive_filter_rig.h"

#define MAX_STEPS   60
#define MAX_LENGTH  2048
#define BINDINGS    4       /* three drivers and a program */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const uint8_t *at, *end;
} input;

static struct ndis_binding third, *binding[BINDINGS];
static NDIS_STATUS verdict;
static uint8_t elements;     /* a bit for each element: its allocation fails */
static bool stops_dma;

/* One request as the input has it. */
struct shot {
	NDIS_OID oid;
	NDIS_REQUEST_TYPE type;
	ULONG in, out;
	UCHAR bytes[MAX_LENGTH];
};

#define NEED(true_when)                                                       \
	do {                                                                  \
		if (!(true_when)) {                                           \
			fprintf(stderr, "oid_fuzz: not so: %s\n", #true_when); \
			abort();                                              \
		}                                                             \
	} while (0)

static unsigned byte(void)
{
	return input.at < input.end ? *input.at++ : 0;
}

static ULONG word(const UCHAR *buffer, ULONG at)
{
	ULONG w;

	memcpy(&w, buffer + at, sizeof(w));
	return w;
}

static const NDIS_OID oids[] = {
	OID_RECEIVE_FILTER_ALLOCATE_QUEUE, OID_RECEIVE_FILTER_SET_FILTER,
	OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, OID_RECEIVE_FILTER_CLEAR_FILTER,
	OID_RECEIVE_FILTER_FREE_QUEUE, OID_RECEIVE_FILTER_QUEUE_PARAMETERS,
	OID_RECEIVE_FILTER_ENUM_FILTERS, OID_RECEIVE_FILTER_PARAMETERS,
	OID_RECEIVE_FILTER_ENUM_QUEUES, OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES,
	OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, OID_RECEIVE_FILTER_GLOBAL_PARAMETERS,
	OID_RECEIVE_FILTER_MOVE_FILTER,
};

static bool answered_here(const struct shot *s)
{
	return s->oid == OID_RECEIVE_FILTER_ENUM_FILTERS || s->oid == OID_RECEIVE_FILTER_PARAMETERS ||
	       s->oid == OID_RECEIVE_FILTER_ENUM_QUEUES || s->oid == OID_RECEIVE_FILTER_MOVE_FILTER ||
	       s->oid == OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES ||
	       s->oid == OID_RECEIVE_FILTER_CURRENT_CAPABILITIES ||
	       s->oid == OID_RECEIVE_FILTER_GLOBAL_PARAMETERS ||
	       (s->oid == OID_RECEIVE_FILTER_QUEUE_PARAMETERS && s->type != NdisRequestSetInformation);
}

static NDIS_STATUS miniport(PNDIS_OID_REQUEST r)
{
	NDIS_OID oid = r->DATA.QUERY_INFORMATION.Oid;
	UCHAR *b = r->DATA.QUERY_INFORMATION.InformationBuffer;
	const NDIS_STATUS refused = NDIS_STATUS_RESOURCES;

	if (oid == OID_RECEIVE_FILTER_FREE_QUEUE && stops_dma)
		ndis_receive_filter_dma_stopped(&rig.adapter, word(b, 8));
	if (oid == OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
		for (ULONG i = 0; i < word(b, 12); i++)
			if (elements >> (i & 7) & 1)
				memcpy(b + word(b, 8) + i * word(b, 16) + 12, &refused, sizeof(refused));
	return verdict;
}

/* ---- making a request ---- */

static void load(struct shot *s, const void *from, ULONG n)
{
	memcpy(s->bytes, from, n);
	s->in = s->out = n;
}

static void load_queue(struct shot *s)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(1 + byte() % 3);

	p.QueueId = byte() % (RIG_QUEUES + 2);
	p.ProcessorAffinity.Mask = byte() % (1 << RIG_PROCESSORS);
	p.Flags = byte() % 4;
	if (s->type == NdisRequestSetInformation)
		p.Flags |= (byte() % 32) << 16;
	p.LookaheadSize = byte() % 3 ? 0 : byte();
	load(s, &p, p.Header.Size);
}

static void load_batch(struct shot *s)
{
	unsigned n = byte() % 5;
	ULONG ids[4] = { 0 };
	struct rig_batch b;

	for (unsigned i = 0; i < n && i < 4; i++)
		ids[i] = byte() % (RIG_QUEUES + 2);
	b = rig_batch(n < 4 ? n : 4, ids);
	load(s, &b, sizeof(b));
}

static void load_ids(struct shot *s, ULONG n)
{
	ULONG p[4] = { 0x80 | 1 << 8 | n << 16, 0, byte() % (RIG_QUEUES + 2), byte() % (RIG_FILTERS + 2) };

	load(s, p, n);
}

static void load_filters_of(struct shot *s)
{
	NDIS_RECEIVE_FILTER_INFO_ARRAY a = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_INFO_ARRAY_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2 },
		.QueueId = byte() % (RIG_QUEUES + 2),
		.Flags = byte() % 2,
	};

	load(s, &a, sizeof(a));
}

/* A well-formed request, as far as its OID has one; the type that the OID has. */
static void shot_form(struct shot *s)
{
	struct rig_filter f;
	unsigned queue;

	s->type = NdisRequestMethod;
	switch (s->oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		load_queue(s);
		break;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		s->type = byte() % 2 ? NdisRequestSetInformation : NdisRequestMethod;
		load_queue(s);
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		load_batch(s);
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
	case OID_RECEIVE_FILTER_PARAMETERS:
		queue = byte() % (RIG_QUEUES + 2);
		f = rig_filter(queue, (UCHAR)byte(), (int)(byte() % 8) - 1);
		if (s->oid == OID_RECEIVE_FILTER_PARAMETERS)
			f.p.FilterId = queue;
		load(s, &f, sizeof(f));
		break;
	case OID_RECEIVE_FILTER_ENUM_FILTERS:
		load_filters_of(s);
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		s->type = NdisRequestSetInformation;
		load_ids(s, s->oid == OID_RECEIVE_FILTER_CLEAR_FILTER ? 16 : 12);
		break;
	default:
		s->type = NdisRequestQueryInformation;
		break;
	}
}

/* Bytes of the request, changed; its lengths and its type, too. */
static void shot_damage(struct shot *s, unsigned how)
{
	unsigned n;

	if (how & 1)
		for (n = byte() % 8; n--;) {
			unsigned at = byte();

			s->bytes[at] = (UCHAR)byte();
		}
	if (how & 2)
		s->in = (s->in + byte()) % MAX_LENGTH;
	if (how & 4)
		s->out = byte() * 8u;
	if (how & 8)
		s->type = (NDIS_REQUEST_TYPE)(byte() % 16);
	if (how & 16)
		s->oid ^= byte();
}

static void shot_raw(struct shot *s)
{
	ULONG left = (ULONG)(input.end - input.at), n = byte() | byte() << 8;

	s->type = (NDIS_REQUEST_TYPE)(byte() % 16);
	s->in = n % MAX_LENGTH;
	s->out = byte() * 8u;
	left = (ULONG)(input.end - input.at);
	n = s->in < left ? s->in : left;
	memcpy(s->bytes, input.at, n);
	input.at += n;
}

/* ---- one request, and what must hold ---- */

/* A block of its own size, at any alignment: a sanitizer sees every byte outside it. */
static NDIS_STATUS fire(const struct shot *s, unsigned who, UCHAR *now, ULONG n)
{
	unsigned skew = s->in % 8;
	UCHAR *block = malloc(skew + n + 1), *buffer = block + skew + 1;
	NDIS_STATUS status;

	NEED(block);
	memset(buffer, 0xee, n);
	memcpy(buffer, s->bytes, s->in < n ? s->in : n);
	if (s->type == NdisRequestMethod)
		status = rig_method(binding[who], s->oid, buffer, s->in, s->out);
	else if (s->type == NdisRequestSetInformation)
		status = rig_set(binding[who], s->oid, buffer, s->in);
	else
		status = rig_query(binding[who], s->type, s->oid, buffer, s->out);
	memcpy(now, buffer, n);
	free(block);
	return status;
}

/* The three counts of the arm that the request has. */
static void counts(const struct shot *s, ULONG *needed, ULONG *written, ULONG *read)
{
	const NDIS_OID_REQUEST *r = &rig.request;

	*written = *read = 0;
	if (s->type == NdisRequestMethod) {
		*needed = r->DATA.METHOD_INFORMATION.BytesNeeded;
		*written = r->DATA.METHOD_INFORMATION.BytesWritten;
		*read = r->DATA.METHOD_INFORMATION.BytesRead;
	} else if (s->type == NdisRequestSetInformation) {
		*needed = r->DATA.SET_INFORMATION.BytesNeeded;
		*read = r->DATA.SET_INFORMATION.BytesRead;
	} else {
		*needed = r->DATA.QUERY_INFORMATION.BytesNeeded;
		*written = r->DATA.QUERY_INFORMATION.BytesWritten;
	}
}

/* The bytes that the request gave, by its lengths and by its structure's header (C26). */
static ULONG said(const struct shot *s)
{
	ULONG least = s->type == NdisRequestSetInformation ? s->in : s->out;
	ULONG header = word(s->bytes, 0) >> 16;

	if (s->type == NdisRequestMethod && s->in < least)
		least = s->in;
	return s->type != NdisRequestQueryInformation && s->type != NdisRequestQueryStatistics &&
	       header < least ? header : least;
}

static void check_counts(const struct shot *s, NDIS_STATUS status, const UCHAR *was,
			 const UCHAR *now, ULONG n)
{
	ULONG needed, written, read;

	counts(s, &needed, &written, &read);
	if (status == NDIS_STATUS_SUCCESS) {
		NEED(written <= s->out);
		NEED(read <= s->in);
		if (!rig.forwarded)
			NEED(!memcmp(was + written, now + written, n - written));
	}
	if (status == NDIS_STATUS_INVALID_LENGTH && !rig.forwarded)
		NEED(needed > said(s));
}

/* Everything that there is, seen by the program: ids are unique, sums are right. */
static void check_ids(void)
{
	NDIS_RECEIVE_QUEUE_INFO queues[RIG_QUEUES + 1];
	NDIS_RECEIVE_FILTER_INFO filters[RIG_FILTERS];
	unsigned n = rig_queues(&rig.program, queues, RIG_QUEUES + 1), sum = 0;
	bool seen[RIG_FILTERS + 1] = { false };

	NEED(n >= 1 && n <= RIG_QUEUES + 1);
	for (unsigned i = 0; i < n; i++) {
		int m = rig_filters(&rig.program, queues[i].QueueId, filters, RIG_FILTERS);

		NEED(queues[i].QueueId <= RIG_QUEUES);
		NEED(!i == !queues[i].QueueId);
		NEED(i < 2 || queues[i].QueueId > queues[i - 1].QueueId);
		sum += queues[i].NumFilters;
		NEED(m < 0 || (unsigned)m == queues[i].NumFilters);
		for (int f = 0; f < m; f++) {
			ULONG id = filters[f].FilterId;

			NEED(id >= 1 && id <= RIG_FILTERS && !seen[id]);
			seen[id] = true;
		}
	}
	NEED(sum <= RIG_FILTERS);
}

static void step(void)
{
	static struct shot s;
	static UCHAR was[MAX_LENGTH * 2], now[MAX_LENGTH * 2];
	unsigned what = byte(), mood = byte(), who = mood & 3, damage;
	ULONG n;
	ULONG64 before;
	NDIS_STATUS status;

	memset(&s, 0, sizeof(s));
	s.oid = oids[what % (sizeof(oids) / sizeof(oids[0]))];
	verdict = mood & 0x10 ? mood & 0x20 ? NDIS_STATUS_REQUEST_ABORTED : NDIS_STATUS_NOT_ACCEPTED
			      : NDIS_STATUS_SUCCESS;
	stops_dma = mood & 0x40;
	elements = mood & 0x80 ? (uint8_t)byte() : 0;
	if (what & 0x80) {
		shot_raw(&s);
	} else {
		damage = mood & 4 ? byte() : 0;
		shot_form(&s);
		shot_damage(&s, damage);
	}
	n = s.in > s.out ? s.in : s.out;
	memset(was, 0xee, n);
	memcpy(was, s.bytes, s.in);
	before = rig_hash();
	rig.forwarded = 0;
	status = fire(&s, who, now, n);
	NEED(!rig.forwarded || (!answered_here(&s) && who != 3));
	check_counts(&s, status, was, now, n);
	if (!rig.forwarded || (status != NDIS_STATUS_SUCCESS &&
			       s.oid != OID_RECEIVE_FILTER_FREE_QUEUE))
		NEED(rig_hash() == before);
	if (status != NDIS_STATUS_SUCCESS && s.oid != OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE)
		NEED(!memcmp(was, now, n));
	check_ids();
}

/* What the bindings left is taken back, as at their close. */
static void take_back(void)
{
	NDIS_RECEIVE_QUEUE_ID queue;
	NDIS_RECEIVE_FILTER_ID filter;
	unsigned rounds = 0;

	verdict = NDIS_STATUS_SUCCESS;
	for (unsigned i = 0; i < BINDINGS; i++)
		while (ndis_receive_filter_leftover(&rig.adapter, binding[i], &queue, &filter)) {
			NDIS_STATUS status = filter ? rig_clear(binding[i], queue, filter)
						    : rig_free(binding[i], queue);

			NEED(status == NDIS_STATUS_SUCCESS);
			NEED(++rounds <= RIG_QUEUES + RIG_FILTERS);
		}
}

/* The adapter that the input's first byte says. */
static void begin(unsigned kind)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES *c = &rig.adapter.attributes.current;

	rig_start(kind & 1 ? 20 : 30);
	if (kind & 2) {
		c->EnabledFilterTypes |= NDIS_RECEIVE_FILTER_PACKET_COALESCING_FILTERS_ENABLED;
		/* Of all kinds together there are as many as the rig's lists hold. */
		c->MaxMacHeaderFilters = RIG_FILTERS - 2;
		c->MaxPacketCoalescingFilters = 2;
		c->MaxFieldTestsPerPacketCoalescingFilter = 1;
	}
	if (kind & 4 && kind & 1) {
		c->SupportedQueueProperties |= NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
		c->MaxLookaheadSplitSize = 128;
	}
	if (kind & 8)
		c->SupportedQueueProperties &=
			~NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED;
	rig_restart_cache();
	rig.miniport = miniport;
	third = rig.b;
	binding[0] = &rig.a;
	binding[1] = &rig.b;
	binding[2] = &third;
	binding[3] = &rig.program;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return rig_group_setup(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return -1;
	input.at = data;
	input.end = data + size;
	begin(byte());
	for (unsigned i = 0; i < MAX_STEPS && input.at < input.end; i++)
		step();
	take_back();
	rig_stop();
	return 0;
}
