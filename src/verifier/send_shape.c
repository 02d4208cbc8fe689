/* SPDX-License-Identifier: BSD-2-Clause */
/* What a list must be that is sent (A13, A14, A27, A64), and whether it stays so (A22, A28). */
#include "verifier/inside.h"

#include <string.h>

#include "base/ethernet.h"
#include "ndis/nbl_pool.h"

#define TCP      6
#define UDP      17
#define HEADERS  (ETHERNET_HEADER + VLAN_TAG + 60 + 4)   /* up to the ports */

/* ---- the header in one piece ---- */

/* A14. A frame too short for a header is no matter of this rule (A33a). */
static bool header_is_whole(NET_BUFFER *nb)
{
	struct mdl_place at = nbl_data_place(nb, 0);
	UCHAR *bytes;
	ULONG n = mdl_place_take(&at, ETHERNET_HEADER + VLAN_TAG, &bytes);
	ULONG wanted = ETHERNET_HEADER;

	if (n >= ETHERNET_HEADER && ethernet_type(bytes) == ETHERTYPE_VLAN)
		wanted += VLAN_TAG;
	return n >= wanted || NET_BUFFER_DATA_LENGTH(nb) < wanted;
}

/* ---- what the buffers of a list have in common ---- */

struct flow {
	UCHAR macs[12];
	unsigned type;
	UCHAR version, protocol;
	UCHAR addresses[32], ports[4];
};

static void read_ipv4(struct flow *f, const UCHAR *ip, ULONG n)
{
	ULONG header = (ip[0] & 0xfu) * 4;
	bool fragment = n >= 8 && (big16_read(ip + 6) & 0x1fff);

	if (n < 20)
		return;
	f->protocol = ip[9];
	memcpy(f->addresses, ip + 12, 8);
	if ((f->protocol == TCP || f->protocol == UDP) && !fragment && n >= header + 4)
		memcpy(f->ports, ip + header, 4);
}

static void read_ipv6(struct flow *f, const UCHAR *ip, ULONG n)
{
	if (n < 40)
		return;
	f->protocol = ip[6];
	memcpy(f->addresses, ip + 8, 32);
	if ((f->protocol == TCP || f->protocol == UDP) && n >= 44)
		memcpy(f->ports, ip + 40, 4);
}

static struct flow flow_of(const NET_BUFFER *nb)
{
	UCHAR bytes[HEADERS] = { 0 };
	ULONG want = NET_BUFFER_DATA_LENGTH(nb) < HEADERS ? NET_BUFFER_DATA_LENGTH(nb) : HEADERS;
	ULONG n = mdl_place_read(nbl_data_place(nb, 0), bytes, want), at = ETHERNET_HEADER;
	struct flow f;

	memset(&f, 0, sizeof(f));   /* it is compared as a whole */
	if (n < ETHERNET_HEADER)
		return f;
	memcpy(f.macs, bytes, sizeof(f.macs));
	f.type = ethernet_type(bytes);
	if (f.type == ETHERTYPE_VLAN && n >= ETHERNET_HEADER + VLAN_TAG) {
		f.type = big16_read(bytes + 16);
		at += VLAN_TAG;
	}
	if (n <= at || (f.type != ETHERTYPE_IPV4 && f.type != ETHERTYPE_IPV6))
		return f;
	f.version = bytes[at] >> 4;
	if (f.type == ETHERTYPE_IPV4)
		read_ipv4(&f, bytes + at, n - at);
	else
		read_ipv6(&f, bytes + at, n - at);
	return f;
}

static bool is_of_one_flow(const NET_BUFFER_LIST *nbl)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	struct flow first;

	if (!nb || !NET_BUFFER_NEXT_NB(nb))
		return true;
	first = flow_of(nb);
	while ((nb = NET_BUFFER_NEXT_NB(nb))) {
		struct flow f = flow_of(nb);

		if (memcmp(&f, &first, sizeof(f)))
			return false;
	}
	return true;
}

/* ---- one list, where its way begins ---- */

void shape_check(const struct edge_call *c, PNET_BUFFER_LIST nbl)
{
	const NET_BUFFER_LIST *parent = nbl->ParentNetBufferList;

	for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb))
		if (!header_is_whole(nb)) {
			report_nbl(RULE_SEND_HEADER, c->from, c->function, nbl,
				   "the header of NET_BUFFER %p lies in several MDLs", (void *)nb);
			break;
		}
	if (!is_of_one_flow(nbl))
		report_nbl(RULE_SEND_MIXED, c->from, c->function, nbl,
			   "its NET_BUFFERs are not of one frame type, IP version, pair of addresses and "
			   "connection");
	if (!nbl_is_of_a_pool(nbl))
		report_nbl(RULE_SEND_POOL, c->from, c->function, nbl,
			   "NdisPoolHandle is %p, and the list is of no pool", nbl->NdisPoolHandle);
	if (parent && parent->ChildRefCount <= 0)
		report_nbl(RULE_SEND_CHILDREN, c->from, c->function, nbl,
			   "its parent %p has a ChildRefCount of %d", (const void *)parent,
			   parent->ChildRefCount);
}

/* ---- whether it stays as it is ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* The buffers and their MDLs; not the data, which may be a guest's to write at any time. */
uint64_t shape_of(const NET_BUFFER_LIST *nbl)
{
	uint64_t hash = 0;

	for (const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
		hash = mix(hash, (uintptr_t)nb);
		hash = mix(hash, (uintptr_t)NET_BUFFER_CURRENT_MDL(nb));
		hash = mix(hash, NET_BUFFER_CURRENT_MDL_OFFSET(nb));
		hash = mix(hash, NET_BUFFER_DATA_OFFSET(nb));
		hash = mix(hash, NET_BUFFER_DATA_LENGTH(nb));
		for (const MDL *m = NET_BUFFER_FIRST_MDL(nb); m; m = m->Next) {
			hash = mix(hash, (uintptr_t)m);
			hash = mix(hash, (uintptr_t)m->StartVa + m->ByteOffset);
			hash = mix(hash, m->ByteCount);
		}
	}
	return hash;
}
