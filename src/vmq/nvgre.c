/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/nvgre.h"

#include "base/ethernet.h"

#define IPV4_HEADER     20
#define IPV6_HEADER     40
#define GRE_HEADER      8         /* with its key */
#define IPV6_EXTENSIONS 8         /* headers before that of GRE, at most */

#define PROTOCOL_GRE    47
#define GRE_KEY_ONLY    0x2000    /* flags and version of NVGRE */

/* What is left of a frame: its bytes from here on. */
struct rest {
	const uint8_t *at;
	size_t length;
};

/* Goes 'n' bytes on; 0 when there are not so many. */
static int skip(struct rest *r, size_t n)
{
	if (r->length < n)
		return 0;
	r->at += n;
	r->length -= n;
	return 1;
}

/* The EtherType of a header that is there whole, behind one tag; 0: it is not. */
static unsigned ethernet_skip(struct rest *r)
{
	unsigned type;

	if (r->length < ETHERNET_HEADER)
		return 0;
	type = big16_read(r->at + 12);
	if (type != ETHERTYPE_VLAN)
		return skip(r, ETHERNET_HEADER) ? type : 0;
	if (r->length < ETHERNET_HEADER + VLAN_TAG)
		return 0;
	type = big16_read(r->at + 16);
	return skip(r, ETHERNET_HEADER + VLAN_TAG) ? type : 0;
}

/* Over an IPv4 header whose payload is GRE, whole. */
static int ipv4_skip(struct rest *r)
{
	size_t header, total;

	if (r->length < IPV4_HEADER || r->at[0] >> 4 != 4)
		return 0;
	header = (r->at[0] & 0x0fu) * 4;
	total = big16_read(r->at + 2);
	if (header < IPV4_HEADER || total < header || r->at[9] != PROTOCOL_GRE ||
	    big16_read(r->at + 6) & 0x3fff)        /* a fragment */
		return 0;
	if (r->length > total)
		r->length = total;               /* the rest is padding */
	return skip(r, header);
}

/* The same of IPv6. */
static int ipv6_skip(struct rest *r)
{
	unsigned next;
	size_t total;

	if (r->length < IPV6_HEADER || r->at[0] >> 4 != 6)
		return 0;
	next = r->at[6];
	total = IPV6_HEADER + big16_read(r->at + 4);
	if (r->length > total)
		r->length = total;
	if (!skip(r, IPV6_HEADER))
		return 0;
	for (unsigned i = 0; next != PROTOCOL_GRE; i++) {
		int known = next == 0 || next == 43 || next == 60;

		if (i == IPV6_EXTENSIONS || !known || r->length < 8)
			return 0;
		next = r->at[0];
		if (!skip(r, (r->at[1] + 1u) * 8))
			return 0;
	}
	return 1;
}

const uint8_t *vmq_nvgre_inner(const uint8_t *frame, size_t length)
{
	struct rest r = { frame, length };

	switch (ethernet_skip(&r)) {
	case ETHERTYPE_IPV4:
		if (!ipv4_skip(&r))
			return NULL;
		break;
	case ETHERTYPE_IPV6:
		if (!ipv6_skip(&r))
			return NULL;
		break;
	default:
		return NULL;
	}
	if (r.length < GRE_HEADER || big16_read(r.at) != GRE_KEY_ONLY ||
	    big16_read(r.at + 2) != ETHERTYPE_BRIDGED)
		return NULL;
	skip(&r, GRE_HEADER);
	/* Its header is whole. */
	if (r.length < ETHERNET_HEADER ||
	    (big16_read(r.at + 12) == ETHERTYPE_VLAN && r.length < ETHERNET_HEADER + VLAN_TAG))
		return NULL;
	return r.at;
}
