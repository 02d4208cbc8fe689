/* SPDX-License-Identifier: BSD-2-Clause */
#include "criteria/scale.h"

#include <string.h>

/* Capability flags, and the types of a hash they promise: each kind of IP that has ports
 * hashed may have addresses hashed alone (N8). */
static const struct { NDIS_RSS_CAPS_FLAGS flag; ULONG types; } kinds[] = {
	{ NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4, NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 },
	{ NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6, NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6 },
	{ NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6_EX, NDIS_HASH_IPV6_EX | NDIS_HASH_TCP_IPV6_EX },
	{ NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV4, NDIS_HASH_UDP_IPV4 },
	{ NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6, NDIS_HASH_UDP_IPV6 },
	{ NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6_EX, NDIS_HASH_UDP_IPV6_EX },
};

ULONG scale_hash_information(NDIS_RSS_CAPS_FLAGS flags)
{
	ULONG information = flags & NDIS_HASH_FUNCTION_MASK;

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (flags & kinds[i].flag)
			information |= kinds[i].types;
	return information;
}

/* ---- reading ---- */

static bool is_power_of_two(unsigned n)
{
	return n && !(n & (n - 1));
}

/* Whether 'size' bytes at 'offset' lie in the buffer, behind the structure. */
static bool lies_in(ULONG offset, ULONG size, ULONG head, ULONG length)
{
	return offset >= head && offset <= length && size <= length - offset;
}

static NDIS_STATUS read_information(struct scale *s, const struct scale_limits *limits,
				    ULONG information)
{
	ULONG function = NDIS_RSS_HASH_FUNC_FROM_HASH_INFO(information);

	if (information & ~limits->hash_information || !is_power_of_two(function) ||
	    !NDIS_RSS_HASH_TYPE_FROM_HASH_INFO(information))
		return NDIS_STATUS_INVALID_PARAMETER;
	s->hash_information = information;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS read_key(struct scale *s, const UCHAR *buffer, ULONG offset, USHORT size,
			    ULONG head, ULONG length)
{
	if (size != SCALE_KEY || !lies_in(offset, size, head, length))
		return NDIS_STATUS_INVALID_LENGTH;
	memcpy(s->key, buffer + offset, SCALE_KEY);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS read_table(struct scale *s, const struct scale_limits *limits,
			      const UCHAR *buffer, const NDIS_RECEIVE_SCALE_PARAMETERS *p,
			      ULONG head, ULONG length)
{
	unsigned entry = limits->narrow ? sizeof(CCHAR) : sizeof(PROCESSOR_NUMBER);
	unsigned n = p->IndirectionTableSize / entry;

	if (p->IndirectionTableSize % entry || !is_power_of_two(n) || n > limits->entries ||
	    n > SCALE_ENTRIES ||
	    !lies_in(p->IndirectionTableOffset, p->IndirectionTableSize, head, length))
		return NDIS_STATUS_INVALID_LENGTH;
	s->n_entries = n;
	memset(s->table, 0, sizeof(s->table));
	for (unsigned i = 0; i < n; i++) {
		const UCHAR *at = buffer + p->IndirectionTableOffset + i * entry;

		if (limits->narrow)
			s->table[i].Number = *at;
		else
			memcpy(&s->table[i], at, sizeof(s->table[i]));
	}
	return NDIS_STATUS_SUCCESS;
}

/* The bytes of a structure that its revision has; 0: the header is wrong. */
static ULONG head_of(const NDIS_RECEIVE_SCALE_PARAMETERS *p, bool narrow)
{
	static const ULONG sizes[] = { NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1,
				       NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2,
				       NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_3 };
	unsigned revision = p->Header.Revision < 3 ? p->Header.Revision : 3;

	if (p->Header.Type != NDIS_OBJECT_TYPE_RSS_PARAMETERS || revision < (narrow ? 1 : 2))
		return 0;
	return sizes[revision - 1];
}

/* What the flags do not say is unchanged. */
static NDIS_STATUS read_parts(struct scale *s, const struct scale_limits *limits,
			      const UCHAR *buffer, const NDIS_RECEIVE_SCALE_PARAMETERS *p,
			      ULONG head, ULONG length)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (!(p->Flags & NDIS_RSS_PARAM_FLAG_BASE_CPU_UNCHANGED) && p->BaseCpuNumber)
		return NDIS_STATUS_INVALID_PARAMETER;
	if (!(p->Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED))
		status = read_information(s, limits, p->HashInformation);
	if (status == NDIS_STATUS_SUCCESS && !(p->Flags & NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED))
		status = read_table(s, limits, buffer, p, head, length);
	if (status == NDIS_STATUS_SUCCESS && !(p->Flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED))
		status = read_key(s, buffer, p->HashSecretKeyOffset, p->HashSecretKeySize, head,
				  length);
	if (head >= NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_3 &&
	    !(p->Flags & NDIS_RSS_PARAM_FLAG_DEFAULT_PROCESSOR_UNCHANGED)) {
		s->has_default = true;
		s->default_processor = p->DefaultProcessorNumber;
	}
	return status;
}

NDIS_STATUS scale_set(struct scale *s, const struct scale_limits *limits, const void *buffer,
		      ULONG length)
{
	const USHORT kept = NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED |
			    NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED |
			    NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED;
	NDIS_RECEIVE_SCALE_PARAMETERS p = { .Flags = 0 };
	struct scale new = *s;
	NDIS_STATUS status;
	ULONG head;

	if (length < NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1)
		return NDIS_STATUS_INVALID_LENGTH;
	memcpy(&p, buffer, length < sizeof(p) ? length : sizeof(p));
	head = head_of(&p, limits->narrow);
	if (!head)
		return NDIS_STATUS_INVALID_PARAMETER;
	if (p.Header.Size < head || length < head)
		return NDIS_STATUS_INVALID_LENGTH;
	/* N15: either of them ends it, and nothing more is looked at (N5). */
	if (p.Flags & NDIS_RSS_PARAM_FLAG_DISABLE_RSS ||
	    (!(p.Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED) &&
	     !NDIS_RSS_HASH_FUNC_FROM_HASH_INFO(p.HashInformation))) {
		memset(s, 0, sizeof(*s));
		return NDIS_STATUS_SUCCESS;
	}
	/* The first set has nothing that could stay. */
	if (!s->hash_information && p.Flags & kept)
		return NDIS_STATUS_INVALID_PARAMETER;
	status = read_parts(&new, limits, buffer, &p, head, length);
	if (status == NDIS_STATUS_SUCCESS)
		*s = new;
	return status;
}

NDIS_STATUS scale_set_hash(struct scale *s, const struct scale_limits *limits, const void *buffer,
			   ULONG length)
{
	const ULONG head = NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1;
	NDIS_RECEIVE_HASH_PARAMETERS p;
	struct scale new = *s;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (length < head)
		return NDIS_STATUS_INVALID_LENGTH;
	memcpy(&p, buffer, head);
	if (p.Header.Type != NDIS_OBJECT_TYPE_DEFAULT || !p.Header.Revision)
		return NDIS_STATUS_INVALID_PARAMETER;
	if (p.Header.Size < head)
		return NDIS_STATUS_INVALID_LENGTH;
	if (!(p.Flags & NDIS_RECEIVE_HASH_FLAG_ENABLE_HASH)) {
		memset(s, 0, sizeof(*s));
		return NDIS_STATUS_SUCCESS;
	}
	if (!s->hash_information && p.Flags & (NDIS_RECEIVE_HASH_FLAG_HASH_INFO_UNCHANGED |
					       NDIS_RECEIVE_HASH_FLAG_HASH_KEY_UNCHANGED))
		return NDIS_STATUS_INVALID_PARAMETER;
	if (!(p.Flags & NDIS_RECEIVE_HASH_FLAG_HASH_INFO_UNCHANGED))
		status = read_information(&new, limits, p.HashInformation);
	if (status == NDIS_STATUS_SUCCESS && !(p.Flags & NDIS_RECEIVE_HASH_FLAG_HASH_KEY_UNCHANGED))
		status = read_key(&new, buffer, p.HashSecretKeyOffset, p.HashSecretKeySize, head,
				  length);
	if (status == NDIS_STATUS_SUCCESS)
		*s = new;
	return status;
}

/* ---- writing ---- */

ULONG scale_write(const struct scale *s, USHORT flags, bool narrow, void *to)
{
	unsigned entry = narrow ? sizeof(CCHAR) : sizeof(PROCESSOR_NUMBER);
	ULONG head = narrow ? NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1
			    : NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2;
	ULONG key = s->hash_information ? SCALE_KEY : 0, table = s->n_entries * entry;
	NDIS_RECEIVE_SCALE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_RSS_PARAMETERS,
			    narrow ? NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_1
				   : NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_2, (USHORT)head },
		.Flags = flags,
		.HashInformation = s->hash_information,
		.IndirectionTableSize = (USHORT)table,
		.IndirectionTableOffset = head,
		.HashSecretKeySize = (USHORT)key,
		.HashSecretKeyOffset = head + table,
	};
	UCHAR *at = to;

	if (!to)
		return head + table + key;
	memcpy(at, &p, head);
	for (unsigned i = 0; i < s->n_entries; i++) {
		UCHAR small = s->table[i].Group || s->table[i].Number > INT8_MAX
				      ? 0 : s->table[i].Number;

		memcpy(at + head + i * entry, narrow ? (const void *)&small : &s->table[i], entry);
	}
	memcpy(at + head + table, s->key, key);
	return head + table + key;
}

ULONG scale_write_hash(const struct scale *s, void *to)
{
	const ULONG head = NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1;
	ULONG key = s->hash_information ? SCALE_KEY : 0;
	NDIS_RECEIVE_HASH_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_HASH_PARAMETERS_REVISION_1,
			    (USHORT)head },
		.Flags = s->hash_information ? NDIS_RECEIVE_HASH_FLAG_ENABLE_HASH : 0,
		.HashInformation = s->hash_information,
		.HashSecretKeySize = (USHORT)key,
		.HashSecretKeyOffset = head,
	};

	if (!to)
		return head + key;
	memcpy(to, &p, head);
	memcpy((UCHAR *)to + head, s->key, key);
	return head + key;
}
