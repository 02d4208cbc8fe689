/* SPDX-License-Identifier: BSD-2-Clause */
#include "scales.h"

#include <string.h>

const uint8_t scales_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

void scales_seal(struct scales *s)
{
	memcpy(s->bytes, &s->p, s->p.Header.Size < sizeof(s->p) ? s->p.Header.Size : sizeof(s->p));
}

static void make(struct scales *s, ULONG information, unsigned n, const uint8_t *table, unsigned of,
		 unsigned entry)
{
	ULONG head = entry == 1 ? NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1
				: NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2;

	memset(s, 0, sizeof(*s));
	s->p.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_RSS_PARAMETERS, entry == 1 ? 1 : 2,
					    (USHORT)head };
	s->p.HashInformation = information;
	s->p.IndirectionTableSize = (USHORT)(n * entry);
	s->p.IndirectionTableOffset = head;
	s->p.HashSecretKeySize = sizeof(scales_key);
	s->p.HashSecretKeyOffset = head + n * entry;
	for (unsigned i = 0; i < n; i++)
		s->bytes[head + i * entry + (entry == 1 ? 0 : offsetof(PROCESSOR_NUMBER, Number))] =
			table[i % of];
	memcpy(s->bytes + s->p.HashSecretKeyOffset, scales_key, sizeof(scales_key));
	s->length = s->p.HashSecretKeyOffset + (ULONG)sizeof(scales_key);
	scales_seal(s);
}

void scales_make(struct scales *s, ULONG information, unsigned n, const uint8_t *table, unsigned of)
{
	make(s, information, n, table, of, sizeof(PROCESSOR_NUMBER));
}

void scales_make_narrow(struct scales *s, ULONG information, unsigned n, const uint8_t *table,
			unsigned of)
{
	make(s, information, n, table, of, 1);
}

ULONG scales_hash(uint8_t bytes[SCALES_ROOM], ULONG flags, ULONG information)
{
	NDIS_RECEIVE_HASH_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_HASH_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1 },
		.Flags = flags,
		.HashInformation = information,
		.HashSecretKeySize = sizeof(scales_key),
		.HashSecretKeyOffset = NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1,
	};

	memcpy(bytes, &p, NDIS_SIZEOF_RECEIVE_HASH_PARAMETERS_REVISION_1);
	memcpy(bytes + p.HashSecretKeyOffset, scales_key, sizeof(scales_key));
	return p.HashSecretKeyOffset + (ULONG)sizeof(scales_key);
}
