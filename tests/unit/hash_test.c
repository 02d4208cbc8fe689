/* SPDX-License-Identifier: BSD-2-Clause */
/* The Toeplitz hash of frames: the published vectors (N7), and types against frames (N8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "offload/hash.h"

#define ETHERNET 14
#define TCP 6
#define UDP 17
#define ICMP 1
#define ICMP6 58
#define ALL4 (NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 | NDIS_HASH_UDP_IPV4)
#define ALL6 (NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6 | NDIS_HASH_UDP_IPV6)
#define EX6 (NDIS_HASH_IPV6_EX | NDIS_HASH_TCP_IPV6_EX | NDIS_HASH_UDP_IPV6_EX)

static const uint8_t key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

struct vector {
	const char *from, *to;
	uint16_t source, destination;
	uint32_t addresses, ports;     /* the hash without and with them */
};

static const struct vector vectors[] = {
	{ "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
	  0x4b61e985, 0x02d1feef },
};
#define N_VECTORS (sizeof(vectors) / sizeof(vectors[0]))
#define FOUR (&vectors[0])
#define SIX  (&vectors[5])
#define SIX_MOVED (&vectors[7])

/* A frame in the making. */
struct frame {
	uint8_t bytes[256];
	unsigned n;
};

static void put(struct frame *f, const void *bytes, unsigned n)
{
	memcpy(f->bytes + f->n, bytes, n);
	f->n += n;
}

static void put16(struct frame *f, unsigned value)
{
	f->bytes[f->n++] = (uint8_t)(value >> 8);
	f->bytes[f->n++] = (uint8_t)value;
}

static bool is_four(const struct vector *v)
{
	return strchr(v->from, '.') != NULL;
}

static void put_address(struct frame *f, const char *text)
{
	uint8_t a[16];

	if (strchr(text, '.')) {
		assert_int_equal(inet_pton(AF_INET, text, a), 1);
		put(f, a, 4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, a), 1);
		put(f, a, 16);
	}
}

/* The Ethernet header, with a tag if that is not 0, and the IP header; 'fragment' is
 * IPv4's offset and flags, 'next' the protocol, or IPv6's first extension header. */
static void put_ip(struct frame *f, const struct vector *v, unsigned tag, unsigned fragment,
		   unsigned next, unsigned options)
{
	f->n = 12;
	memset(f->bytes, 0x11, sizeof(f->bytes));
	if (tag) {
		put16(f, 0x8100);
		put16(f, tag);
	}
	put16(f, is_four(v) ? 0x0800 : 0x86dd);
	if (is_four(v)) {
		const uint8_t head[12] = { (uint8_t)(0x45 + options / 4), 0, 0, 100, 0, 1,
					   (uint8_t)(fragment >> 8), (uint8_t)fragment, 64,
					   (uint8_t)next };

		put(f, head, sizeof(head));
	} else {
		const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 150, (uint8_t)next, 64 };

		put(f, head, sizeof(head));
	}
	put_address(f, v->from);
	put_address(f, v->to);
	memset(f->bytes + f->n, 1, options);   /* IPv4: no operation */
	f->n += options;
}

/* Ports, and the rest of a TCP header, which UDP's is a part of. */
static void put_transport(struct frame *f, const struct vector *v)
{
	static const uint8_t rest[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10 };

	put16(f, v->source);
	put16(f, v->destination);
	put(f, rest, sizeof(rest));
}

static struct frame frame_of(const struct vector *v, unsigned protocol)
{
	struct frame f;

	put_ip(&f, v, 0, 0, protocol, 0);
	put_transport(&f, v);
	return f;
}

static uint32_t hash(const struct frame *f, uint32_t types, uint32_t *value)
{
	uint8_t *exact = malloc(f->n);   /* the sanitizers see what is read beyond it */
	struct offload_hash h;
	uint32_t type;

	assert_non_null(exact);
	memcpy(exact, f->bytes, f->n);
	*value = 0xabababab;
	offload_hash_init(&h, types | NdisHashFunctionToeplitz, key);
	type = offload_hash_frame(&h, exact, f->n, value);
	free(exact);
	return type;
}

static void assert_hash(const struct frame *f, uint32_t types, uint32_t type, uint32_t value)
{
	uint32_t got;

	assert_int_equal(hash(f, types, &got), type);
	assert_int_equal(got, type ? value : 0xabababab);
}

static void N7_the_published_vectors(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N_VECTORS; i++) {
		const struct vector *v = &vectors[i];
		struct frame f = frame_of(v, TCP);
		uint32_t ip = is_four(v) ? NDIS_HASH_IPV4 : NDIS_HASH_IPV6;
		uint32_t tcp = is_four(v) ? NDIS_HASH_TCP_IPV4 : NDIS_HASH_TCP_IPV6;

		assert_hash(&f, ip, ip, v->addresses);
		assert_hash(&f, tcp, tcp, v->ports);
	}
}

static void N8_the_type_picks_the_fields(void **state)
{
	struct frame tcp = frame_of(FOUR, TCP), udp = frame_of(FOUR, UDP), icmp = frame_of(FOUR, ICMP);

	(void)state;
	assert_hash(&tcp, ALL4, NDIS_HASH_TCP_IPV4, FOUR->ports);
	assert_hash(&udp, ALL4, NDIS_HASH_UDP_IPV4, FOUR->ports);
	assert_hash(&icmp, ALL4, NDIS_HASH_IPV4, FOUR->addresses);
	/* One transport alone: the others have none; with IP they fall back to addresses. */
	assert_hash(&udp, NDIS_HASH_TCP_IPV4, 0, 0);
	assert_hash(&tcp, NDIS_HASH_UDP_IPV4, 0, 0);
	assert_hash(&udp, NDIS_HASH_TCP_IPV4 | NDIS_HASH_IPV4, NDIS_HASH_IPV4, FOUR->addresses);
	assert_hash(&icmp, NDIS_HASH_TCP_IPV4 | NDIS_HASH_UDP_IPV4, 0, 0);
	/* The other IP is no matter of its types. */
	assert_hash(&tcp, ALL6 | EX6, 0, 0);
	tcp = frame_of(SIX, TCP);
	udp = frame_of(SIX, UDP);
	icmp = frame_of(SIX, ICMP6);
	assert_hash(&tcp, ALL4, 0, 0);
	assert_hash(&tcp, ALL6, NDIS_HASH_TCP_IPV6, SIX->ports);
	assert_hash(&udp, ALL6, NDIS_HASH_UDP_IPV6, SIX->ports);
	assert_hash(&icmp, ALL6, NDIS_HASH_IPV6, SIX->addresses);
	assert_hash(&udp, NDIS_HASH_TCP_IPV6 | NDIS_HASH_IPV6, NDIS_HASH_IPV6, SIX->addresses);
}

static void N8_a_fragment_has_addresses_only(void **state)
{
	static const unsigned fragments[] = { 0x2000, 0x2010, 0x0010 };   /* first, middle, last */
	struct frame f;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		put_ip(&f, FOUR, 0, fragments[i], TCP, 0);
		put_transport(&f, FOUR);
		assert_hash(&f, ALL4, NDIS_HASH_IPV4, FOUR->addresses);
		assert_hash(&f, NDIS_HASH_TCP_IPV4, 0, 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t head[8] = { TCP, 0, 0, i ? 0x10 : 1 };   /* last; first */

		put_ip(&f, SIX, 0, 0, 44, 0);
		put(&f, head, sizeof(head));
		put_transport(&f, SIX);
		assert_hash(&f, ALL6, NDIS_HASH_IPV6, SIX->addresses);
		assert_hash(&f, NDIS_HASH_TCP_IPV6, 0, 0);
	}
	/* "Do not fragment" is none. */
	put_ip(&f, FOUR, 0, 0x4000, TCP, 0);
	put_transport(&f, FOUR);
	assert_hash(&f, ALL4, NDIS_HASH_TCP_IPV4, FOUR->ports);
}

static void N8_options_extensions_and_tags_are_stepped_over(void **state)
{
	static const uint8_t hop[8] = { 60, 0, 1, 4 }, destination[16] = { TCP, 1, 1, 12 };
	struct frame f;

	(void)state;
	put_ip(&f, FOUR, 0, 0, TCP, 12);
	put_transport(&f, FOUR);
	assert_hash(&f, ALL4, NDIS_HASH_TCP_IPV4, FOUR->ports);
	put_ip(&f, FOUR, 0x6005, 0, TCP, 0);
	put_transport(&f, FOUR);
	assert_hash(&f, ALL4, NDIS_HASH_TCP_IPV4, FOUR->ports);
	put_ip(&f, SIX, 5, 0, 0, 0);
	put(&f, hop, sizeof(hop));
	put(&f, destination, sizeof(destination));
	put_transport(&f, SIX);
	assert_hash(&f, ALL6, NDIS_HASH_TCP_IPV6, SIX->ports);
}

/* The addresses in the header are others than those that stand for the two ends. */
static struct frame moved(unsigned protocol)
{
	const struct vector in_header = { SIX->from, SIX->to, 0, 0, 0, 0 };
	uint8_t option[8] = { 43, 2, 1, 2, 0, 0, 0xc9, 16 };       /* padding, home address */
	uint8_t routing[8] = { (uint8_t)protocol, 2, 2, 1 };       /* of type 2 */
	struct frame f;

	put_ip(&f, &in_header, 0, 0, 60, 0);
	put(&f, option, sizeof(option));
	put_address(&f, SIX_MOVED->from);
	put(&f, routing, sizeof(routing));
	put_address(&f, SIX_MOVED->to);
	put_transport(&f, SIX_MOVED);
	return f;
}

static void N8_ex_types_take_the_home_address_and_the_routing_header(void **state)
{
	struct frame f = moved(TCP), plain = frame_of(SIX, TCP);
	uint32_t got;

	(void)state;
	assert_hash(&f, NDIS_HASH_TCP_IPV6_EX, NDIS_HASH_TCP_IPV6_EX, SIX_MOVED->ports);
	assert_hash(&f, NDIS_HASH_IPV6_EX, NDIS_HASH_IPV6_EX, SIX_MOVED->addresses);
	assert_hash(&f, ALL6 | EX6, NDIS_HASH_TCP_IPV6_EX, SIX_MOVED->ports);
	/* The plain types take what is in the header. */
	assert_hash(&f, NDIS_HASH_IPV6, NDIS_HASH_IPV6, SIX->addresses);
	assert_int_equal(hash(&f, NDIS_HASH_TCP_IPV6, &got), NDIS_HASH_TCP_IPV6);
	assert_int_not_equal(got, SIX_MOVED->ports);
	/* Where neither is present an EX type is like the plain one. */
	assert_hash(&plain, NDIS_HASH_TCP_IPV6_EX, NDIS_HASH_TCP_IPV6_EX, SIX->ports);
	assert_hash(&plain, ALL6 | EX6, NDIS_HASH_TCP_IPV6, SIX->ports);
	f = moved(UDP);
	assert_hash(&f, NDIS_HASH_UDP_IPV6_EX, NDIS_HASH_UDP_IPV6_EX, SIX_MOVED->ports);
}

static void N8_what_has_no_header_to_hash_has_no_hash(void **state)
{
	struct frame f = frame_of(FOUR, TCP), whole = f;

	(void)state;
	f.bytes[12] = 0x08;
	f.bytes[13] = 0x06;                       /* ARP */
	assert_hash(&f, ALL4 | ALL6 | EX6, 0, 0);
	f = whole;
	f.n = ETHERNET;
	assert_hash(&f, ALL4, 0, 0);
	f.n = ETHERNET + 19;                      /* a header that is cut off */
	assert_hash(&f, ALL4, 0, 0);
	f.n = ETHERNET + 20 + 3;                  /* ports that are */
	assert_hash(&f, ALL4, NDIS_HASH_IPV4, FOUR->addresses);
	f = whole;
	f.bytes[ETHERNET] = 0x44;                 /* a header of 16 bytes */
	assert_hash(&f, ALL4, 0, 0);
	f = frame_of(SIX, TCP);
	f.n = ETHERNET + 39;
	assert_hash(&f, ALL6 | EX6, 0, 0);
}

#define INFO_SLOT(nbl) ((ULONG)(ULONG_PTR)(nbl).NetBufferListInfo[NetBufferListHashInfo])

/* In every order, each read back alone and in the slot. */
static void N9_value_type_and_function_leave_each_other_alone(void **state)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
					      { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		NET_BUFFER_LIST nbl;

		memset(&nbl, 0, sizeof(nbl));
		NET_BUFFER_LIST_SET_HASH_TYPE(&nbl, NDIS_HASH_TYPE_MASK);
		NET_BUFFER_LIST_SET_HASH_FUNCTION(&nbl, NDIS_HASH_FUNCTION_MASK);
		for (unsigned j = 0; j < 3; j++) {
			if (orders[i][j] == 0)
				NET_BUFFER_LIST_SET_HASH_VALUE(&nbl, 0x89abcdef);
			else if (orders[i][j] == 1)
				NET_BUFFER_LIST_SET_HASH_TYPE(&nbl, NDIS_HASH_TCP_IPV6);
			else
				NET_BUFFER_LIST_SET_HASH_FUNCTION(&nbl, NdisHashFunctionToeplitz);
		}
		assert_int_equal(NET_BUFFER_LIST_GET_HASH_VALUE(&nbl), 0x89abcdef);
		assert_int_equal(NET_BUFFER_LIST_GET_HASH_TYPE(&nbl), NDIS_HASH_TCP_IPV6);
		assert_int_equal(NET_BUFFER_LIST_GET_HASH_FUNCTION(&nbl), NdisHashFunctionToeplitz);
		assert_int_equal(INFO_SLOT(nbl), NDIS_HASH_TCP_IPV6 | NdisHashFunctionToeplitz);
		assert_int_equal((ULONG)(ULONG_PTR)nbl.NetBufferListInfo[NetBufferListHashValue],
				 0x89abcdef);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(N7_the_published_vectors),
		cmocka_unit_test(N9_value_type_and_function_leave_each_other_alone),
		cmocka_unit_test(N8_the_type_picks_the_fields),
		cmocka_unit_test(N8_a_fragment_has_addresses_only),
		cmocka_unit_test(N8_options_extensions_and_tags_are_stepped_over),
		cmocka_unit_test(N8_ex_types_take_the_home_address_and_the_routing_header),
		cmocka_unit_test(N8_what_has_no_header_to_hash_has_no_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
