/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests of receive side scaling, as buffers that a test may spoil. */
#ifndef CONTRACT_SCALES_H
#define CONTRACT_SCALES_H

#include <ndis.h>
#include <stdint.h>

#define SCALES_ROOM 640
#define SCALES_IPV4 (NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4)
#define SCALES_INFO (NdisHashFunctionToeplitz | SCALES_IPV4)

/* The key of the published vectors (N7). */
extern const uint8_t scales_key[40];

struct scales {
	NDIS_RECEIVE_SCALE_PARAMETERS p;
	uint8_t bytes[SCALES_ROOM];     /* the request: p, then the table, then the key */
	ULONG length;
};

/* Parameters of revision 2: 'n' entries, the processors 'table[i % of]'. A test changes
 * 'p', and puts it into the bytes by scales_seal(). */
void scales_make(struct scales *s, ULONG information, unsigned n, const uint8_t *table,
		 unsigned of);
/* The same of before NDIS 6.20: revision 1, and entries of a byte. */
void scales_make_narrow(struct scales *s, ULONG information, unsigned n, const uint8_t *table,
			unsigned of);
void scales_seal(struct scales *s);

/* Those of OID_GEN_RECEIVE_HASH, into 'bytes'; returns their length. */
ULONG scales_hash(uint8_t bytes[SCALES_ROOM], ULONG flags, ULONG information);

#endif
