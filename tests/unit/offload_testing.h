/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of TCP and UDP for tests of offloads, and an independent reference: plain loops
 * over bytes, nothing of the code under test.
 */
#ifndef OFFLOAD_TESTING_H
#define OFFLOAD_TESTING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BUILD_FIN 0x01
#define BUILD_SYN 0x02
#define BUILD_PSH 0x08
#define BUILD_ACK 0x10
#define BUILD_CWR 0x80
#define BUILD_TCP 6
#define BUILD_UDP 17
#define BUILD_ROOM 70000

struct build {
	unsigned version;       /* 4 or 6 */
	unsigned protocol;      /* BUILD_TCP, BUILD_UDP, or another: no header of its own */
	int tci;                /* of a tag in the data; below 0: none */
	unsigned ip_options;    /* bytes: IPv4's options, IPv6's destination options, a multiple of
				 * 4 and of 8 */
	unsigned tcp_options;   /* bytes, a multiple of 4 */
	unsigned payload;       /* bytes */
	uint8_t flags;          /* TCP's */
	uint32_t sequence;
	uint16_t id;            /* IPv4's */
};

/* Where things lie in a frame that was built. */
struct built {
	unsigned ip, transport, payload, length;
};

static inline void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* One's complement sum of 'n' bytes, begun with 'sum', as a 16-bit number. */
static inline uint32_t reference_sum(uint32_t sum, const uint8_t *at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* The sum of the pseudo-header; 'length' of transport header and payload. */
static inline uint32_t reference_pseudo(const uint8_t *ip, unsigned protocol, unsigned length)
{
	uint8_t rest[8] = { 0 };
	uint32_t sum;

	put16(rest + 2, length & 0xffff);
	put16(rest, length >> 16);
	rest[7] = (uint8_t)protocol;
	sum = ip[0] >> 4 == 4 ? reference_sum(0, ip + 12, 8) : reference_sum(0, ip + 8, 32);
	return reference_sum(sum, rest, 8);
}

static inline uint8_t *checksum_field(uint8_t *frame, const struct build *b, const struct built *at)
{
	return frame + at->transport + (b->protocol == BUILD_TCP ? 16 : 6);
}

/* Writes the right checksums of a frame whose other bytes are done. */
static inline void build_finish(uint8_t *frame, const struct build *b, const struct built *at)
{
	unsigned length = at->length - at->transport;
	uint8_t *field;
	uint32_t sum;

	if (b->version == 4) {
		put16(frame + at->ip + 10, 0);
		put16(frame + at->ip + 10,
		      ~reference_sum(0, frame + at->ip, at->transport - at->ip) & 0xffff);
	}
	if (b->protocol != BUILD_TCP && b->protocol != BUILD_UDP)
		return;
	field = checksum_field(frame, b, at);
	put16(field, 0);
	sum = reference_sum(reference_pseudo(frame + at->ip, b->protocol, length),
			    frame + at->transport, length);
	sum = ~sum & 0xffff;
	put16(field, !sum && b->protocol == BUILD_UDP ? 0xffff : sum);
}

/* What a transport leaves to the NIC: the pseudo-header's sum, of a large send without the
 * length, and anything in the IP header's field. */
static inline void build_leave(uint8_t *frame, const struct build *b, const struct built *at,
			       bool large)
{
	if (b->version == 4)
		put16(frame + at->ip + 10, 0xdead);
	put16(checksum_field(frame, b, at),
	      reference_pseudo(frame + at->ip, b->protocol,
			       large ? 0 : at->length - at->transport));
}

static inline unsigned build_ip(uint8_t *ip, const struct build *b, unsigned behind)
{
	if (b->version == 4) {
		unsigned n = 20 + b->ip_options;

		ip[0] = (uint8_t)(0x40 | n / 4);
		put16(ip + 2, n + behind);
		put16(ip + 4, b->id);
		ip[8] = 64;
		ip[9] = (uint8_t)b->protocol;
		memcpy(ip + 12, "\x0a\x01\x02\x03\xc0\xa8\xff\xfe", 8);
		memset(ip + 20, 1, b->ip_options);           /* no operation */
		return n;
	}
	ip[0] = 0x60;
	put16(ip + 4, b->ip_options + behind);
	ip[6] = (uint8_t)(b->ip_options ? 60 : b->protocol);
	ip[7] = 64;
	for (unsigned i = 0; i < 32; i++)
		ip[8 + i] = (uint8_t)(0xf0 - 3 * i);
	if (b->ip_options) {
		ip[40] = (uint8_t)b->protocol;
		ip[41] = (uint8_t)(b->ip_options / 8 - 1);
		ip[42] = 1;                                  /* padding of n bytes */
		ip[43] = (uint8_t)(b->ip_options - 4);
	}
	return 40 + b->ip_options;
}

/* Byte 'i' of any payload. */
static inline uint8_t build_byte(unsigned i)
{
	return (uint8_t)((i * 2654435761u) >> 13);
}

/* Builds a frame with right checksums in 'frame', which has room for BUILD_ROOM bytes. */
static inline struct built build_frame(uint8_t *frame, const struct build *b)
{
	unsigned header = b->protocol == BUILD_TCP ? 20 + b->tcp_options
			  : b->protocol == BUILD_UDP ? 8 : 0;
	struct built at = { .ip = b->tci < 0 ? 14 : 18 };
	uint8_t *t;

	memset(frame, 0, at.ip + 200);
	memcpy(frame, "\x02\x00\x00\x00\x00\x42\x02\x00\x00\x00\x00\x01", 12);
	if (b->tci >= 0) {
		put16(frame + 12, 0x8100);
		put16(frame + 14, (unsigned)b->tci);
	}
	put16(frame + at.ip - 2, b->version == 4 ? 0x0800 : 0x86dd);
	at.transport = at.ip + build_ip(frame + at.ip, b, header + b->payload);
	at.payload = at.transport + header;
	at.length = at.payload + b->payload;
	t = frame + at.transport;
	put16(t, 0x1234);
	put16(t + 2, 0x5678);
	if (b->protocol == BUILD_TCP) {
		put16(t + 4, b->sequence >> 16);
		put16(t + 6, b->sequence & 0xffff);
		put16(t + 8, 0x8765);
		t[12] = (uint8_t)(header / 4 << 4);
		t[13] = b->flags;
		put16(t + 14, 0xffff);
		memset(t + 20, 1, b->tcp_options);
	} else if (b->protocol == BUILD_UDP) {
		put16(t + 4, 8 + b->payload);
	}
	for (unsigned i = 0; i < b->payload; i++)
		frame[at.payload + i] = build_byte(i);
	build_finish(frame, b, &at);
	return at;
}

/*
 * Segment 'index' of a large send of 'b' with that MSS, as it must be on the wire; the id
 * counts within 'mask'. Returns its length.
 */
static inline unsigned build_segment(uint8_t *frame, const struct build *b, unsigned mss,
				     unsigned index, uint16_t mask)
{
	unsigned from = index * mss, n = b->payload - from < mss ? b->payload - from : mss;
	struct build s = *b;
	struct built at;

	s.payload = n;
	s.sequence += from;
	s.id = (uint16_t)((b->id + index) & mask);
	if (index)
		s.flags &= (uint8_t)~BUILD_CWR;
	if (from + n < b->payload)
		s.flags &= (uint8_t)~(BUILD_FIN | BUILD_PSH);
	at = build_frame(frame, &s);
	for (unsigned i = 0; i < n; i++)
		frame[at.payload + i] = build_byte(from + i);
	build_finish(frame, &s, &at);
	return at.length;
}

#endif
