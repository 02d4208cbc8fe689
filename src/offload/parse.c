/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload/parse.h"

#include "base/ethernet.h"

#define TAGS_MAX         2
#define IPV4_HEADER      20
#define IPV6_HEADER      40
#define TCP_HEADER       20
#define UDP_HEADER       8
#define GRE_HEADER       8        /* with its key */
#define GRE_KEY_ONLY     0x2000   /* flags and version of NVGRE */

#define HOP_BY_HOP       0
#define ROUTING          43
#define FRAGMENT         44
#define AUTHENTICATION   51
#define DESTINATION      60

#define OPTION_PAD1         0
#define OPTION_HOME_ADDRESS 0xc9
#define ROUTING_TYPE_2      2

static bool ethernet(struct offload_headers *h, const uint8_t *frame, uint32_t begin,
		     uint32_t length)
{
	uint32_t at = begin + ETHERNET_HEADER - 2;

	if (length < begin + ETHERNET_HEADER)
		return false;
	h->ethertype = big16_read(frame + at);
	while ((h->ethertype == ETHERTYPE_VLAN || h->ethertype == ETHERTYPE_SERVICE_TAG) &&
	       h->tags < TAGS_MAX && length >= at + 2 + VLAN_TAG) {
		at += VLAN_TAG;
		h->tags++;
		h->ethertype = big16_read(frame + at);
	}
	h->l2 = (uint16_t)(at + 2);
	return true;
}

static bool ipv4(struct offload_headers *h, const uint8_t *frame, uint32_t length)
{
	const uint8_t *ip = frame + h->l2;
	uint32_t header;

	if (length < (uint32_t)h->l2 + IPV4_HEADER || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 0x0fu) * 4;
	h->ip_length = big16_read(ip + 2);
	if (header < IPV4_HEADER || length < h->l2 + header ||
	    (h->ip_length && h->ip_length < header))
		return false;
	h->version = 4;
	h->l3 = (uint16_t)header;
	h->protocol = ip[9];
	h->fragment = big16_read(ip + 6) & 0x3fff;
	h->source = (uint16_t)(h->l2 + 12);
	h->destination = (uint16_t)(h->l2 + 16);
	return true;
}

/* The home address among a destination header's options, if it is there. */
static void home_address(struct offload_headers *h, const uint8_t *frame, uint32_t at, uint32_t end)
{
	for (at += 2; at + 2 <= end; ) {
		uint32_t size = 2u + frame[at + 1];

		if (frame[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if (at + size > end)
			return;
		if (frame[at] == OPTION_HOME_ADDRESS && size == 18)
			h->source = (uint16_t)(at + 2);
		at += size;
	}
}

/* One extension header at 'at', of 'length' readable bytes. Returns its size; 0: it is none,
 * or is not whole. */
static uint32_t extension(struct offload_headers *h, const uint8_t *frame, uint32_t at,
			  uint32_t length)
{
	uint32_t size;

	if (length < at + 8)
		return 0;
	switch (h->protocol) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
		size = (frame[at + 1] + 1u) * 8;
		break;
	case AUTHENTICATION:
		size = (frame[at + 1] + 2u) * 4;
		break;
	case FRAGMENT:
		size = 8;
		/* An atomic fragment is a whole datagram (RFC 6946). */
		h->fragment |= big16_read(frame + at + 2) & 0xfff9;
		break;
	default:
		return 0;
	}
	if (length < at + size)
		return 0;
	if (h->protocol == DESTINATION)
		home_address(h, frame, at, at + size);
	if (h->protocol == ROUTING && frame[at + 2] == ROUTING_TYPE_2 && size == 24)
		h->destination = (uint16_t)(at + 8);
	h->protocol = frame[at];
	return size;
}

static bool ipv6(struct offload_headers *h, const uint8_t *frame, uint32_t length)
{
	const uint8_t *ip = frame + h->l2;
	uint32_t at = h->l2 + IPV6_HEADER, size;

	if (length < at || ip[0] >> 4 != 6)
		return false;
	h->version = 6;
	h->protocol = ip[6];
	h->ip_length = big16_read(ip + 4);
	if (h->ip_length)
		h->ip_length += IPV6_HEADER;
	h->source = (uint16_t)(h->l2 + 8);
	h->destination = (uint16_t)(h->l2 + 24);
	for (unsigned i = 0; i < OFFLOAD_EXTENSIONS && !h->fragment; i++) {
		size = extension(h, frame, at, length);
		if (!size)
			break;
		h->extended = true;
		at += size;
	}
	h->l3 = (uint16_t)(at - h->l2);
	return true;
}

static uint16_t transport(const struct offload_headers *h, const uint8_t *frame, uint32_t length)
{
	uint32_t at = offload_l4(h), header = UDP_HEADER;

	if (h->fragment || (h->protocol != OFFLOAD_TCP && h->protocol != OFFLOAD_UDP))
		return 0;
	if (h->protocol == OFFLOAD_TCP) {
		if (length < at + TCP_HEADER)
			return 0;
		header = (frame[at + 12] >> 4) * 4u;
		if (header < TCP_HEADER)
			return 0;
	}
	if (length < at + header || (h->ip_length && h->ip_length < h->l3 + header))
		return 0;
	return (uint16_t)header;
}

/* A frame's headers from byte 'begin' on. */
static bool parse(struct offload_headers *h, const uint8_t *frame, uint32_t begin,
		  uint32_t length)
{
	*h = (struct offload_headers){ .version = 0 };
	if (length > OFFLOAD_HEADERS_MAX)
		length = OFFLOAD_HEADERS_MAX;
	if (!ethernet(h, frame, begin, length))
		return false;
	if (h->ethertype == ETHERTYPE_IPV4 ? ipv4(h, frame, length)
				      : h->ethertype == ETHERTYPE_IPV6 && ipv6(h, frame, length))
		h->l4 = transport(h, frame, length);
	return true;
}

bool offload_parse(struct offload_headers *h, const uint8_t *frame, uint32_t length)
{
	return parse(h, frame, 0, length);
}

bool offload_parse_inner(struct offload_headers *inner, const struct offload_headers *outer,
			 const uint8_t *frame, uint32_t length)
{
	uint32_t gre = offload_l4(outer);

	if (length > OFFLOAD_HEADERS_MAX)
		length = OFFLOAD_HEADERS_MAX;
	if (!outer->version || outer->fragment || outer->protocol != OFFLOAD_GRE ||
	    length < gre + GRE_HEADER || big16_read(frame + gre) != GRE_KEY_ONLY ||
	    big16_read(frame + gre + 2) != ETHERTYPE_BRIDGED)
		return false;
	return parse(inner, frame, gre + GRE_HEADER, length);
}
