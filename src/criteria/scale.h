/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What OID_GEN_RECEIVE_SCALE_PARAMETERS and OID_GEN_RECEIVE_HASH set: NDIS, which keeps it
 * for queries, and a miniport, which does it, read it alike (N3 .. N6).
 */
#ifndef CRITERIA_SCALE_H
#define CRITERIA_SCALE_H

#include <stdbool.h>

#include <ndis.h>

#define SCALE_ENTRIES 128                                  /* the most of a table (N4) */
#define SCALE_KEY     NDIS_RSS_HASH_SECRET_KEY_SIZE_REVISION_1
#define SCALE_LARGEST (NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_3 + \
		       SCALE_ENTRIES * sizeof(PROCESSOR_NUMBER) + SCALE_KEY)

/* What is in force. All zeros: nothing, as after initialization (N15). */
struct scale {
	ULONG hash_information;              /* types and function; 0: off */
	unsigned n_entries;                  /* of 'table', a power of two; 0: hashing alone */
	PROCESSOR_NUMBER table[SCALE_ENTRIES];
	UCHAR key[SCALE_KEY];
	bool has_default;
	PROCESSOR_NUMBER default_processor;  /* if 'has_default': revision 3 */
};

/* What an adapter takes. */
struct scale_limits {
	ULONG hash_information;              /* NDIS_HASH_... types and functions */
	unsigned entries;                    /* the most */
	bool narrow;                         /* entries are CCHARs: the writer is older than 6.20 */
};

/* The types and functions that the flags of capabilities stand for; they have other bits. */
ULONG scale_hash_information(NDIS_RSS_CAPS_FLAGS flags);

/*
 * Applies a set to 's'. Nothing outside the 'length' bytes of 'buffer' is read, at any
 * alignment. SUCCESS; else 's' is as it was (N6), with INVALID_LENGTH for a size that is
 * wrong or goes beyond the buffer, and INVALID_PARAMETER for the rest (U19). Any thread.
 */
NDIS_STATUS scale_set(struct scale *s, const struct scale_limits *limits, const void *buffer,
		      ULONG length);

/* The same of OID_GEN_RECEIVE_HASH: hashing alone. */
NDIS_STATUS scale_set_hash(struct scale *s, const struct scale_limits *limits, const void *buffer,
			   ULONG length);

/*
 * Writes 's' as the parameters of a driver that takes PROCESSOR_NUMBERs, or, 'narrow',
 * CCHARs, with these Flags. Returns how many bytes these are, SCALE_LARGEST at most; 'to'
 * NULL: only that. Processors that a CCHAR cannot name are 0.
 */
ULONG scale_write(const struct scale *s, USHORT flags, bool narrow, void *to);
ULONG scale_write_hash(const struct scale *s, void *to);

#endif
