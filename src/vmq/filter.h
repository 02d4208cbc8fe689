/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters on destination MAC and VLAN, and what of a frame they look at. Which filter a frame
 * matches is an engine's (filter_engine.h) to find.
 *
 * Source: "VMQ Receive Filters", "Setting a VMQ Filter"; contract D1 .. D17, U5.
 */
#ifndef VMQ_FILTER_H
#define VMQ_FILTER_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What the VLAN of a frame must be. X(name, what it means) */
#define VMQ_VLAN_TESTS(X)                                                       \
	X(ANY,              "no VLAN test: any VLAN, or none (D16)")            \
	X(UNTAGGED_OR_ZERO, "no tag, or a tag with VLAN id 0 (D13)")            \
	X(EQUAL,            "a tag with exactly this VLAN id (D14, D17)")

enum vmq_vlan_test {
#define X(name, text) VMQ_VLAN_##name,
	VMQ_VLAN_TESTS(X)
#undef X
	VMQ_VLAN_TEST_COUNT
};

#define VMQ_FILTERS_MAX 65536   /* filters in one set */
#define VMQ_MATCH_MAX   64      /* keys in one lookup */

struct vmq_filter {
	uint8_t mac[6];             /* destination MAC, in wire order */
	uint16_t vlan;              /* 0 .. 4095, read with VMQ_VLAN_EQUAL only */
	enum vmq_vlan_test vlan_test;
	uint16_t queue;             /* queue id, 0 .. 65535 */
	uint32_t id;                /* filter id; where several match, the lowest wins (U5) */
};

/*
 * By MAC, then by VLAN test, VLAN and filter id: the order that engines build their sets in.
 * Below 0, 0, above 0 as for qsort().
 */
int vmq_filter_order(const struct vmq_filter *x, const struct vmq_filter *y);

/* Writes pointers to the 'n' filters to 'sorted' in that order; what is sorted already
 * costs a walk. */
void vmq_filter_sort(const struct vmq_filter **sorted, const struct vmq_filter *filters, unsigned n);

/*
 * What a lookup needs of a frame, in one word: bits 0-47 the destination MAC
 * (first wire byte lowest), 48-59 the VLAN id (0 without a tag), bit 60 set
 * when there is a tag, 61-63 zero.
 */
typedef uint64_t vmq_key_t;

#define VMQ_KEY_MAC        ((1ull << 48) - 1)
#define VMQ_KEY_VLAN_SHIFT 48
#define VMQ_KEY_TAGGED     (1ull << 60)

/* The key of a frame of at least 14 bytes (18 where byte 12-13 say 0x8100).
 * Priority and DEI of the tag are no part of it (D3, D13). */
static inline vmq_key_t vmq_key(const uint8_t *frame)
{
	uint64_t mac;

	memcpy(&mac, frame, sizeof(mac));   /* and two bytes of the source address */
	mac = le64toh(mac) & VMQ_KEY_MAC;
	if (frame[12] == 0x81 && frame[13] == 0x00)
		return mac | VMQ_KEY_TAGGED |
		       (uint64_t)((frame[14] & 0x0f) << 8 | frame[15]) << VMQ_KEY_VLAN_SHIFT;
	return mac;
}

#endif
