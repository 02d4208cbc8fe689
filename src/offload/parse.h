/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers of a frame, read once: for hash, checksums and segments.
 *
 * Sources: IEEE 802.1Q, RFC 791, RFC 8200, RFC 6275 (home address, routing type 2),
 * RFC 9293, RFC 768.
 */
#ifndef OFFLOAD_PARSE_H
#define OFFLOAD_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define OFFLOAD_TCP 6
#define OFFLOAD_UDP 17
#define OFFLOAD_GRE 47
/* Bytes from a frame's beginning within which its headers are looked for: more than
 * tags, the longest IPv4 and TCP headers and OFFLOAD_EXTENSIONS usual extensions need. */
#define OFFLOAD_HEADERS_MAX 512
#define OFFLOAD_EXTENSIONS  8

/* Lengths and offsets are in bytes, offsets from the frame's beginning. */
struct offload_headers {
	uint16_t l2;             /* the Ethernet header with its tags: where IP begins */
	uint16_t l3;             /* the IP header with its options or extension headers */
	uint16_t l4;             /* the TCP header with its options, UDP's 8; else 0 */
	uint16_t ethertype;      /* behind the tags */
	uint8_t tags;            /* 0x8100 and 0x88a8, at most 2 */
	uint8_t version;         /* 4, 6; 0: no IP header that is whole and sound */
	uint8_t protocol;        /* behind the IP header and its extensions */
	bool fragment;           /* of a datagram: l4 is 0, there is no whole transport */
	bool extended;           /* IPv6: one extension header or more */
	uint32_t ip_length;      /* of the datagram, as its header says (0: as a large send has
				  * it, or a jumbogram); padding is behind it */
	uint16_t source;         /* IPv6: of the address that stands for the sender (the home
				  * address option's, if any); IPv4: of the header's */
	uint16_t destination;    /* likewise of the receiver (a type 2 routing header's) */
};

/*
 * Reads the headers of 'frame', of which 'length' bytes, in any state, may be read:
 * fewer than the frame has are enough if all headers lie in them. Nothing behind them is
 * read. Headers that end early or contradict themselves end the parse where they begin:
 * 'version' 0, or 'l4' 0. False: not even an Ethernet header. Any thread.
 */
bool offload_parse(struct offload_headers *h, const uint8_t *frame, uint32_t length);

/*
 * The same of the Ethernet frame inside a frame of NVGRE (RFC 7637), whose own headers are
 * 'outer'; 'inner' counts from the outer frame's beginning, too. False: there is none.
 */
bool offload_parse_inner(struct offload_headers *inner, const struct offload_headers *outer,
			 const uint8_t *frame, uint32_t length);

/* From the frame's beginning: where the transport's header lies, and its payload. */
static inline uint32_t offload_l4(const struct offload_headers *h)
{
	return (uint32_t)h->l2 + h->l3;
}

static inline uint32_t offload_payload(const struct offload_headers *h)
{
	return (uint32_t)h->l2 + h->l3 + h->l4;
}

#endif
