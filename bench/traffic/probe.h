/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our frames: how they are made and how they are known again. The layout stands in README.md,
 * where others write captures by it.
 */
#ifndef TRAFFIC_PROBE_H
#define TRAFFIC_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#define PROBE_LIVE      20310u   /* the UDP port of what a stream sends */
#define PROBE_LOOPED    20311u   /* of what a capture has, over and over */
#define PROBE_SMALLEST  60u      /* bytes of a frame without FCS */
#define PROBE_LARGEST   1518u
#define PROBE_HEAD      64u      /* bytes that a template has: headers and the fixed fields */
#define PROBE_FIXED     14u      /* bytes of the payload before the pattern */
#define PROBE_TAIL      22u      /* a payload of so many bytes repeats the sequence at its end */
#define PROBE_NO_VLAN   0xffffu

struct probe_address { uint8_t bytes[6]; };

/* What all frames of one flow and size have in common. */
struct probe_template {
	uint8_t head[PROBE_HEAD];
	uint64_t mix;              /* the check's part that the sequence does not change */
	uint16_t size;             /* bytes of the frame */
	uint16_t payload;          /* where UDP's payload begins */
};

/* What was read from a frame of ours. */
struct probe {
	uint64_t to;               /* the destination as a number: the next address is one more */
	uint64_t stamp;            /* TSC; PROBE_LOOPED: frames of this flow in the capture */
	uint32_t sequence;
	uint16_t flow;
	uint16_t vlan;             /* PROBE_NO_VLAN: none */
	uint16_t payload;          /* where it begins */
	uint16_t end;              /* where it ends: what comes then is padding */
	bool looped;
};

enum probe_kind { PROBE_GOOD, PROBE_BAD, PROBE_UNKNOWN };

static inline uint16_t probe_check(uint64_t mix, uint32_t sequence)
{
	return (uint16_t)(((mix ^ sequence) * UINT64_C(0x9E3779B97F4A7C15)) >> 48);
}

static inline uint64_t probe_mix(uint64_t mac, uint16_t flow, uint16_t length)
{
	return (mac | (uint64_t)flow << 48) ^ (uint64_t)length << 32;
}

/* The pattern at 'offset' of a payload, as many bytes as a frame can have. */
const uint8_t *probe_pattern(unsigned offset);

/* 'vlan' may be PROBE_NO_VLAN; 'size' is from PROBE_SMALLEST to PROBE_LARGEST. */
void probe_make_template(struct probe_template *t, struct probe_address to,
			 struct probe_address from, uint16_t flow, uint16_t size, uint16_t vlan);

/* Puts what is a single frame's into its head, which is a copy of the template's. */
static inline void probe_finish(uint8_t *frame, const struct probe_template *t, uint32_t sequence,
				uint64_t stamp)
{
	uint16_t check = probe_check(t->mix, sequence);

	memcpy(frame + t->payload, &check, 2);
	memcpy(frame + t->payload + 2, &sequence, 4);
	memcpy(frame + t->payload + 6, &stamp, 8);
}

/* Sees every byte of a frame that probe_read() found good. */
bool probe_whole(const struct probe *p, const uint8_t *frame);

/* Sends a good frame back to where it came from. */
void probe_turn_round(const struct probe *p, uint8_t *frame);

#endif
