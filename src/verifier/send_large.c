/* SPDX-License-Identifier: BSD-2-Clause */
/* What a large send must be (P7). */
#include "verifier/inside.h"

#include "base/ethernet.h"
#include "ndis/task_offload.h"

#define IPV6_HEADER     40
#define TCP             6
#define TCP_HEADER      20
#define TCP_FLAGS       13
#define SYN_RST_URG     0x26

typedef NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO large_info;

/* What lies in the first MDL of the data. */
struct first {
	const UCHAR *at;
	ULONG n;
};

static struct first first_of(const NET_BUFFER *nb)
{
	const MDL *m = NET_BUFFER_CURRENT_MDL(nb);
	ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb), n = MmGetMdlByteCount(m) - offset;

	return (struct first){ (const UCHAR *)m->MappedSystemVa + offset,
			       n < NET_BUFFER_DATA_LENGTH(nb) ? n : NET_BUFFER_DATA_LENGTH(nb) };
}

/* The IP header at 'at', and TCP's at 'tcp'. */
static const char *ip_fault(struct first f, ULONG at, ULONG tcp, bool v6)
{
	const UCHAR *ip = f.at + at;

	if (tcp < at + (v6 ? IPV6_HEADER : 20u))
		return "TcpHeaderOffset lies before the end of the IP header";
	if (v6)
		return ip[0] >> 4 == 6 ? NULL : "it is marked as IPv6, and is not";
	if (ip[0] >> 4 != 4)
		return "it is marked as IPv4, and is not";
	if (ip[9] != TCP)
		return "it is no TCP";
	if (big16_read(ip + 6) & 0x3fff)
		return "it is a fragment";
	return tcp == at + (ip[0] & 0xfu) * 4 ? NULL : "TcpHeaderOffset is not where TCP's header begins";
}

/* '*headers': bytes before the payload. */
static const char *header_fault(struct first f, large_info i, ULONG *headers)
{
	bool v6 = i.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE &&
		  i.LsoV2Transmit.IPVersion == NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6;
	ULONG at = ETHERNET_HEADER, tcp = i.LsoV2Transmit.TcpHeaderOffset;
	const char *fault;

	if (f.n < tcp + TCP_HEADER || f.n < at + 4)
		return "its headers do not lie in the first MDL";
	if (big16_read(f.at + at - 2) == ETHERTYPE_VLAN)
		at += 4;
	if (big16_read(f.at + at - 2) != (v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4))
		return "it is of another frame type than IPVersion says";
	fault = ip_fault(f, at, tcp, v6);
	if (fault)
		return fault;
	*headers = tcp + (f.at[tcp + 12] >> 4) * 4u;
	if (*headers < tcp + TCP_HEADER || f.n < *headers)
		return "its headers do not lie in the first MDL";
	return f.at[tcp + TCP_FLAGS] & SYN_RST_URG ? "it has SYN, RST or URG" : NULL;
}

/* The limits of the kind, as the adapter has it in force; both 0: it is off, and what becomes
 * of the send then is the miniport's to say (X56). */
static void limits(struct ndis_adapter *a, large_info i, ULONG *most, ULONG *least)
{
	NDIS_OFFLOAD o;

	*most = *least = 0;
	if (!ndis_task_offload_copy(a, 30, &o))
		return;
	if (i.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE) {
		*most = o.LsoV1.IPv4.MaxOffLoadSize;
		*least = o.LsoV1.IPv4.MinSegmentCount;
	} else if (i.LsoV2Transmit.IPVersion == NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6) {
		*most = o.LsoV2.IPv6.MaxOffLoadSize;
		*least = o.LsoV2.IPv6.MinSegmentCount;
	} else {
		*most = o.LsoV2.IPv4.MaxOffLoadSize;
		*least = o.LsoV2.IPv4.MinSegmentCount;
	}
}

static const char *size_fault(struct ndis_adapter *a, large_info i, ULONG payload)
{
	ULONG most, least;

	limits(a, i, &most, &least);
	if (most && payload > most)
		return "its payload is more than MaxOffLoadSize";
	if (least && (payload + i.LsoV2Transmit.MSS - 1) / i.LsoV2Transmit.MSS < least)
		return "it makes fewer segments than MinSegmentCount";
	return NULL;
}

static const char *large_fault(struct ndis_adapter *a, const NET_BUFFER_LIST *nbl, large_info i)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO s = {
		.Value = NET_BUFFER_LIST_INFO(nbl, TcpSendOffloadsSupplementalNetBufferListInfo),
	};
	ULONG headers = 0;
	const char *fault;

	if (NET_BUFFER_NEXT_NB(nb))
		return "it has several NET_BUFFERs";
	if (!i.LsoV2Transmit.MSS)
		return "its MSS is 0";
	if (s.EncapsulatedPacketOffsets.IsEncapsulatedPacket)
		return "it is inside another packet";
	fault = header_fault(first_of(nb), i, &headers);
	return fault ? fault : size_fault(a, i, NET_BUFFER_DATA_LENGTH(nb) - headers);
}

void large_check(const struct edge_call *c, PNET_BUFFER_LIST nbl)
{
	large_info i = { .Value = NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) };
	const char *fault = i.Value ? large_fault(c->from->adapter, nbl, i) : NULL;

	if (fault)
		report_nbl(RULE_SEND_LARGE, c->from, c->function, nbl, "a large send: %s", fault);
}
