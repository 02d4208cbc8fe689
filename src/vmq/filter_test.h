/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of the fields of a MAC header: what a receive filter asks of a frame.
 *
 * Pure logic. A field is a number, of the frame's bytes in network order; a frame
 * that lacks a field (no tag: no VLAN id and no priority) fails every test of it,
 * NOT_EQUAL as well.
 *
 * Only a first tag of EtherType 0x8100 is a tag. Behind it, or instead of it, one of
 * 0x88a8 or a second one of 0x8100 is the frame's protocol and stays in its data.
 *
 * Source: NDIS_RECEIVE_FILTER_FIELD_PARAMETERS, NDIS_MAC_HEADER_FIELD,
 * NDIS_MAC_PACKET_TYPE; contract D1, D3, D9, D10, D13, D14.
 */
#ifndef VMQ_FILTER_TEST_H
#define VMQ_FILTER_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, bytes of its value, the greatest value) */
#define VMQ_FIELDS(X)                                                                       \
	X(DESTINATION, 6, 0xffffffffffffull)                                                \
	X(SOURCE,      6, 0xffffffffffffull)                                                \
	X(PROTOCOL,    2, 0xffff)      /* the EtherType; a length (below 0x600) is none */  \
	X(VLAN_ID,     2, 0xfff)                                                            \
	X(PRIORITY,    1, 7)                                                                \
	X(PACKET_TYPE, 1, 3)           /* of the destination: enum vmq_packet_type */

enum vmq_field {
#define X(name, bytes, max) VMQ_FIELD_##name,
	VMQ_FIELDS(X)
#undef X
	VMQ_FIELD_COUNT
};

/* Numbered as NDIS_MAC_PACKET_TYPE. */
enum vmq_packet_type { VMQ_PACKET_UNICAST = 1, VMQ_PACKET_MULTICAST, VMQ_PACKET_BROADCAST };

/* X(name, when it passes) with v the frame's value */
#define VMQ_TESTS(X)                                \
	X(EQUAL,      "v == value")                 \
	X(MASK_EQUAL, "(v & value) == result")      \
	X(NOT_EQUAL,  "v != value")

enum vmq_test {
#define X(name, text) VMQ_TEST_##name,
	VMQ_TESTS(X)
#undef X
	VMQ_TEST_COUNT
};

struct vmq_field_test {
	enum vmq_field field;
	enum vmq_test test;
	uint64_t value, result;      /* 'result' is read with MASK_EQUAL only */
};

/*
 * Reads 'bytes' as the value of a field, big-endian (D10), into '*value'. False: the
 * field cannot have it. 'bytes' are as many as the field has, at most 6.
 */
bool vmq_field_value(enum vmq_field field, const uint8_t *bytes, uint64_t *value);

/* A header taken apart. */
struct vmq_header {
	unsigned present;                    /* bit f: the frame has field f */
	uint64_t field[VMQ_FIELD_COUNT];
};

/* Of a frame of at least 14 bytes, 18 where bytes 12 and 13 say 0x8100. */
void vmq_header_read(struct vmq_header *h, const uint8_t *frame);

/* Whether the frame passes all 'n' tests (D1). */
bool vmq_tests_pass(const struct vmq_field_test *tests, unsigned n, const struct vmq_header *h);

#endif
