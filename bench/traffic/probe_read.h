/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading our frames. Every frame that arrives goes through here: it is in line.
 */
#ifndef TRAFFIC_PROBE_READ_H
#define TRAFFIC_PROBE_READ_H

#include "probe.h"

#define PROBE_ETHERNET  14u
#define PROBE_TAG       4u
#define PROBE_IPV4      20u
#define PROBE_UDP       8u
#define PROBE_LEAST     (PROBE_ETHERNET + PROBE_IPV4 + PROBE_UDP + PROBE_FIXED)
#define PROBE_MAC_BITS  UINT64_C(0xffffffffffff)

static inline uint16_t probe_get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_16(value);
}

/* Little-endian, as the check wants it; reads eight bytes. */
static inline uint64_t probe_mac_at(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return rte_le_to_cpu_64(value) & PROBE_MAC_BITS;
}

/* Reads a frame's head and sees whether its fields agree: address, tag, lengths, flow, sequence.
 * 'p' is filled for PROBE_GOOD alone. */
static inline enum probe_kind probe_read(struct probe *p, const uint8_t *frame, uint32_t size)
{
	unsigned start = PROBE_ETHERNET, type, total;
	const uint8_t *payload;
	uint16_t port, check;

	if (size < PROBE_LEAST)
		return PROBE_UNKNOWN;
	type = probe_get16(frame + 12);
	p->vlan = PROBE_NO_VLAN;
	if (type == 0x8100 && size >= PROBE_TAG + PROBE_LEAST) {
		p->vlan = probe_get16(frame + 14) & 0xfff;
		type = probe_get16(frame + 16);
		start += PROBE_TAG;
	}
	port = probe_get16(frame + start + PROBE_IPV4 + 2);
	if (type != 0x0800 || frame[start + 9] != 17 || (port | 1u) != (PROBE_LIVE | 1u))
		return PROBE_UNKNOWN;
	payload = frame + start + PROBE_IPV4 + PROBE_UDP;
	p->flow = probe_get16(frame + start + PROBE_IPV4);
	total = probe_get16(frame + start + 2);
	memcpy(&check, payload, 2);
	memcpy(&p->sequence, payload + 2, 4);
	memcpy(&p->stamp, payload + 6, 8);
	if (check != probe_check(probe_mix(probe_mac_at(frame), p->flow, (uint16_t)total), p->sequence))
		return PROBE_BAD;
	/* A tag that the switch took away leaves less than the smallest frame; it may pad it. */
	if (size != start + total && (size != PROBE_SMALLEST || start + total > size))
		return PROBE_BAD;
	p->to = rte_be_to_cpu_64(rte_cpu_to_le_64(probe_mac_at(frame))) >> 16;
	p->payload = (uint16_t)(start + PROBE_IPV4 + PROBE_UDP);
	p->end = (uint16_t)(start + total);
	p->looped = port == PROBE_LOOPED;
	return PROBE_GOOD;
}

#endif
