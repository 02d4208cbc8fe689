/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload/hash.h"

#include <string.h>

#include <rte_thash.h>

#include "base/big_endian.h"

#define IPV4_SOURCE 12   /* from the header's begin */
#define IPV6_SOURCE 8
#define IPV6_DESTINATION 24
#define WORDS 9          /* two IPv6 addresses and two ports */

void offload_hash_init(struct offload_hash *h, uint32_t types, const uint8_t key[OFFLOAD_HASH_KEY])
{
	uint32_t as_is[OFFLOAD_HASH_KEY / 4];

	h->types = types & NDIS_HASH_TYPE_MASK;
	memcpy(as_is, key, sizeof(as_is));
	rte_convert_rss_key(as_is, h->key, OFFLOAD_HASH_KEY);
}

/* The types that hash the ports of a transport too. */
static uint32_t with_ports(uint32_t protocol, bool six)
{
	if (protocol == OFFLOAD_TCP)
		return six ? NDIS_HASH_TCP_IPV6 | NDIS_HASH_TCP_IPV6_EX : NDIS_HASH_TCP_IPV4;
	if (protocol == OFFLOAD_UDP)
		return six ? NDIS_HASH_UDP_IPV6 | NDIS_HASH_UDP_IPV6_EX : NDIS_HASH_UDP_IPV4;
	return 0;
}

#define ANY_EX (NDIS_HASH_IPV6_EX | NDIS_HASH_TCP_IPV6_EX | NDIS_HASH_UDP_IPV6_EX)

/* Of the types that fit a frame, and are in force, the one to use; where both are, EX only
 * for what a plain type would hash otherwise. 0: none. */
static uint32_t choose(uint32_t types, const struct offload_headers *h, bool moved)
{
	bool six = h->version == 6;
	uint32_t fit = h->l4 ? types & with_ports(h->protocol, six) : 0;

	if (!fit)   /* the addresses alone: so does a fragment, the first one too */
		fit = types & (six ? NDIS_HASH_IPV6 | NDIS_HASH_IPV6_EX : NDIS_HASH_IPV4);
	if (fit & ANY_EX && (moved || !(fit & ~(uint32_t)ANY_EX)))
		return fit & ANY_EX;
	return fit & ~(uint32_t)ANY_EX;
}

/* Appends 'n' words of the frame, in the order of the wire, as numbers. */
static unsigned take(uint32_t *to, unsigned at, const uint8_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[at++] = big32_read(from + 4 * i);
	return at;
}

uint32_t offload_hash_frame(const struct offload_hash *hash, const uint8_t *frame, uint32_t length,
			    uint32_t *value)
{
	struct offload_headers h;
	uint32_t words[WORDS], type;
	unsigned n, each, from, to;

	if (!offload_parse(&h, frame, length) || !h.version)
		return 0;
	each = h.version == 6 ? 4 : 1;
	from = h.l2 + (each == 4 ? IPV6_SOURCE : IPV4_SOURCE);
	to = from + 4 * each;
	type = choose(hash->types, &h, h.source != from || h.destination != to);
	if (!type)
		return 0;
	if (type & ANY_EX) {
		from = h.source;
		to = h.destination;
	}
	n = take(words, 0, frame + from, each);
	n = take(words, n, frame + to, each);
	if (type & (with_ports(OFFLOAD_TCP, each == 4) | with_ports(OFFLOAD_UDP, each == 4)))
		n = take(words, n, frame + offload_l4(&h), 1);
	*value = rte_softrss_be(words, n, (const uint8_t *)hash->key);
	return type;
}
