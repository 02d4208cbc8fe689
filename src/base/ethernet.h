/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet frames as bytes (IEEE 802.3, 802.1Q), and the types of what is in them. */
#ifndef BASE_ETHERNET_H
#define BASE_ETHERNET_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/big_endian.h"

#define ETHERNET_HEADER     14
#define ETHERNET_MINIMUM    60       /* without the FCS */
#define VLAN_TAG            4
#define VLAN_TCI            14       /* where a tag has it, from the frame's beginning */

#define ETHERTYPE_IPV4        0x0800
#define ETHERTYPE_BRIDGED     0x6558   /* Transparent Ethernet Bridging: a frame inside GRE */
#define ETHERTYPE_VLAN        0x8100
#define ETHERTYPE_IPV6        0x86dd
#define ETHERTYPE_SERVICE_TAG 0x88a8

/* The address of 6 bytes at 'mac', its first byte the lowest. Not by way of an integer in memory:
 * eight bytes read where four and two were just written are waited for. */
static inline uint64_t ethernet_address(const uint8_t *mac)
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, mac, sizeof(low));
	memcpy(&high, mac + sizeof(low), sizeof(high));
	return le32toh(low) | (uint64_t)le16toh(high) << 32;
}

/* The type that stands behind the addresses. Of at least ETHERNET_HEADER bytes, as the next. */
static inline uint16_t ethernet_type(const uint8_t *frame)
{
	return big16_read(frame + 12);
}

/* Whether an 802.1Q tag stands there. */
static inline bool ethernet_is_tagged(const uint8_t *frame)
{
	return ethernet_type(frame) == ETHERTYPE_VLAN;
}

/* The type of what the frame carries: behind its tag, if there is one. Of 'length' bytes, at
 * least ETHERNET_HEADER. */
static inline uint16_t ethernet_payload_type(const uint8_t *frame, uint32_t length)
{
	bool tagged = length >= ETHERNET_HEADER + VLAN_TAG && ethernet_is_tagged(frame);

	return ethernet_type(frame + (tagged ? VLAN_TAG : 0));
}

#endif
