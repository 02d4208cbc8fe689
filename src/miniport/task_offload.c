/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Task offloads: which there are, which are in force, and the OIDs that change that (P12 ..
 * P14, P17). Checksums and large sends are done in software where the port cannot, so of
 * sends there is everything; of receives, what the port verifies.
 */
#include "miniport/adapter.h"

#include "base/log.h"

/* Filters and checksums find the frame inside, whatever IP is around it and within (D12). */
#define ANY_ENCAPSULATION                                   \
	(NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV4 | \
	 NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV4 | \
	 NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV6 | \
	 NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV6)
/* From a frame's beginning to the end of its innermost header, at most: what the
 * documentation calls enough. */
#define MAX_HEADERS      256
#define MIN_SEGMENTS     2
/* Of sends, and of receives, whose tag is never left in the data (X50). */
#define TX_ENCAPSULATION (NDIS_ENCAPSULATION_IEEE_802_3 | NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q | \
			  NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB)
#define RX_ENCAPSULATION (NDIS_ENCAPSULATION_IEEE_802_3 | \
			  NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB)

#define OF_IPV6 (MP_OFFLOAD_TCP6_TX | MP_OFFLOAD_TCP6_RX | MP_OFFLOAD_UDP6_TX | \
		 MP_OFFLOAD_UDP6_RX | MP_OFFLOAD_LSO2_6)
#define OF_IPV4 (MP_OFFLOAD_ALL & ~(unsigned)OF_IPV6)

/* ---- what is in force ---- */

unsigned mp_offload_hardware(const struct mp_adapter *a)
{
	unsigned port = nic_rx_offloads(a->nic), bits = MP_OFFLOAD_ALL;

	if (a->settings.verify_checksums)
		return bits;
	if (!(port & NIC_RX_IP))
		bits &= ~(unsigned)MP_OFFLOAD_IPV4_RX;
	if (!(port & NIC_RX_TRANSPORT))
		bits &= ~(unsigned)(MP_OFFLOAD_RX & ~MP_OFFLOAD_IPV4_RX);
	return bits;
}

/* Of what is configured: large sends need the checksums of sends (P12), and of IPv4's two
 * kinds V2 is the one (P17). */
static unsigned in_force(const struct mp_adapter *a)
{
	const struct mp_offload_state *s = &a->offload;
	unsigned bits = s->configured & mp_offload_hardware(a) & ~s->stopped;

	if (!(bits & MP_OFFLOAD_TCP4_TX) || !(bits & MP_OFFLOAD_IPV4_TX))
		bits &= ~(unsigned)(MP_OFFLOAD_LSO1_4 | MP_OFFLOAD_LSO2_4);
	if (!(bits & MP_OFFLOAD_TCP6_TX))
		bits &= ~(unsigned)MP_OFFLOAD_LSO2_6;
	if (bits & MP_OFFLOAD_LSO2_4)
		bits &= ~(unsigned)MP_OFFLOAD_LSO1_4;
	return bits;
}

static void describe_checksums(NDIS_TCP_IP_CHECKSUM_OFFLOAD *c, unsigned bits)
{
#define HAS(name) (bits & MP_OFFLOAD_##name ? NDIS_OFFLOAD_SUPPORTED : NDIS_OFFLOAD_NOT_SUPPORTED)
#define IPV4(way, WAY)                                                                    \
	if (bits & (MP_OFFLOAD_IPV4_##WAY | MP_OFFLOAD_TCP4_##WAY | MP_OFFLOAD_UDP4_##WAY)) { \
		c->IPv4##way.Encapsulation = WAY##_ENCAPSULATION;                         \
		c->IPv4##way.IpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;                 \
		c->IPv4##way.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;                \
		c->IPv4##way.TcpChecksum = HAS(TCP4_##WAY);                               \
		c->IPv4##way.UdpChecksum = HAS(UDP4_##WAY);                               \
		c->IPv4##way.IpChecksum = HAS(IPV4_##WAY);                                \
	}
#define IPV6(way, WAY)                                                                    \
	if (bits & (MP_OFFLOAD_TCP6_##WAY | MP_OFFLOAD_UDP6_##WAY)) {                     \
		c->IPv6##way.Encapsulation = WAY##_ENCAPSULATION;                         \
		c->IPv6##way.IpExtensionHeadersSupported = NDIS_OFFLOAD_SUPPORTED;        \
		c->IPv6##way.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;                \
		c->IPv6##way.TcpChecksum = HAS(TCP6_##WAY);                               \
		c->IPv6##way.UdpChecksum = HAS(UDP6_##WAY);                               \
	}
	IPV4(Transmit, TX)
	IPV4(Receive, RX)
	IPV6(Transmit, TX)
	IPV6(Receive, RX)
#undef IPV4
#undef IPV6
#undef HAS
}

static void describe_large(NDIS_OFFLOAD *o, unsigned bits)
{
	if (bits & MP_OFFLOAD_LSO1_4) {
		o->LsoV1.IPv4.Encapsulation = TX_ENCAPSULATION;
		o->LsoV1.IPv4.MaxOffLoadSize = MP_LSO_MAX;
		o->LsoV1.IPv4.MinSegmentCount = MIN_SEGMENTS;
		o->LsoV1.IPv4.TcpOptions = NDIS_OFFLOAD_SUPPORTED;
		o->LsoV1.IPv4.IpOptions = NDIS_OFFLOAD_SUPPORTED;
	}
	if (bits & MP_OFFLOAD_LSO2_4) {
		o->LsoV2.IPv4.Encapsulation = TX_ENCAPSULATION;
		o->LsoV2.IPv4.MaxOffLoadSize = MP_LSO_MAX;
		o->LsoV2.IPv4.MinSegmentCount = MIN_SEGMENTS;
	}
	if (bits & MP_OFFLOAD_LSO2_6) {
		o->LsoV2.IPv6.Encapsulation = TX_ENCAPSULATION;
		o->LsoV2.IPv6.MaxOffLoadSize = MP_LSO_MAX;
		o->LsoV2.IPv6.MinSegmentCount = MIN_SEGMENTS;
		o->LsoV2.IPv6.IpExtensionHeadersSupported = NDIS_OFFLOAD_SUPPORTED;
		o->LsoV2.IPv6.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
	}
}

/* The same in NDIS's words, of the revision that the driver's NDIS knows. 'inner': filters
 * may test the frame inside an encapsulated one. */
static NDIS_OFFLOAD describe(const struct mp_adapter *a, unsigned bits, bool inner)
{
	NDIS_OFFLOAD o = { .Header = { NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_2,
				       NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_2 } };
	NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD *e = &o.EncapsulatedPacketTaskOffloadGre;

	describe_checksums(&o.Checksum, bits);
	describe_large(&o, bits);
	if (a->ndis_version < MP_NDIS_630)
		return o;
	o.Header.Revision = NDIS_OFFLOAD_REVISION_3;
	o.Header.Size = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3;
	if (!inner)
		return o;
	e->VmqSupported = ANY_ENCAPSULATION;
	e->MaxHeaderSizeSupported = MAX_HEADERS;
	if (bits & MP_OFFLOAD_TX)
		e->TransmitChecksumOffloadSupported = ANY_ENCAPSULATION;
	if (bits & MP_OFFLOAD_RX)
		e->ReceiveChecksumOffloadSupported = ANY_ENCAPSULATION;
	return o;
}

NDIS_STATUS mp_offload_attributes_set(struct mp_adapter *a)
{
	NDIS_OFFLOAD hardware = describe(a, mp_offload_hardware(a), true), current;
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .OffloadAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1 },
		.DefaultOffloadConfiguration = &current,
		.HardwareOffloadCapabilities = &hardware,
	} };

	a->offload.configured = a->settings.offloads;
	atomic_store(&a->offloads, in_force(a));
	current = describe(a, in_force(a), a->settings.encapsulation);
	return NdisMSetMiniportAttributes(a->handle, &at);
}

/* ---- what changes it ---- */

/* Puts the state in force, and tells of it. No large send that was turned off leaves once
 * this has returned: who fills a burst looks under the lock (P11). */
static void change(struct mp_adapter *a)
{
	unsigned bits = in_force(a);
	NDIS_OFFLOAD o = describe(a, bits, a->settings.encapsulation);
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle,
		.StatusCode = NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG,
		.StatusBuffer = &o,
		.StatusBufferSize = o.Header.Size,
	};

	atomic_store(&a->offloads, bits);
	atomic_store(&a->rx_results, bits & a->offload.started & MP_OFFLOAD_RX);
	for (unsigned i = 0; i <= a->n_queues; i++) {
		NdisAcquireSpinLock(&a->queues[i].tx.lock);
		NdisReleaseSpinLock(&a->queues[i].tx.lock);
	}
	NdisMIndicateStatusEx(a->handle, &s);
}

/* One member of NDIS_OFFLOAD_PARAMETERS; 0 leaves. The others count from 1: off, and then
 * one of two or both ways. */
static void apply(unsigned *bits, unsigned value, unsigned first, unsigned second)
{
	if (!value)
		return;
	*bits &= ~(first | second);
	if ((value - 1) & 1)
		*bits |= first;
	if ((value - 1) & 2)
		*bits |= second;
}

/* X(member, its greatest value, what it turns on). Offloads that are not here cannot be
 * turned on. */
#define MEMBERS(X)                                                 \
	X(IPv4Checksum,    4, MP_OFFLOAD_IPV4_TX, MP_OFFLOAD_IPV4_RX) \
	X(TCPIPv4Checksum, 4, MP_OFFLOAD_TCP4_TX, MP_OFFLOAD_TCP4_RX) \
	X(UDPIPv4Checksum, 4, MP_OFFLOAD_UDP4_TX, MP_OFFLOAD_UDP4_RX) \
	X(TCPIPv6Checksum, 4, MP_OFFLOAD_TCP6_TX, MP_OFFLOAD_TCP6_RX) \
	X(UDPIPv6Checksum, 4, MP_OFFLOAD_UDP6_TX, MP_OFFLOAD_UDP6_RX) \
	X(LsoV1,           2, MP_OFFLOAD_LSO1_4,  0)                  \
	X(LsoV2IPv4,       2, MP_OFFLOAD_LSO2_4,  0)                  \
	X(LsoV2IPv6,       2, MP_OFFLOAD_LSO2_6,  0)                  \
	X(IPsecV1,         1, 0, 0)                                   \
	X(TcpConnectionIPv4, 1, 0, 0)                                 \
	X(TcpConnectionIPv6, 1, 0, 0)

NDIS_STATUS mp_offload_parameters_set(struct mp_adapter *a, const void *buffer, ULONG length)
{
	const NDIS_OFFLOAD_PARAMETERS *p = buffer;
	unsigned bits = a->offload.configured;

	if (length < NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1)
		return NDIS_STATUS_INVALID_LENGTH;
#define X(member, greatest, first, second)                                                  \
	if (p->member > (greatest)) {                                                       \
		log_warning("miniport: OID_TCP_OFFLOAD_PARAMETERS: " #member " is %u, and " \
			    "must be 0..%u here", p->member, greatest);                     \
		return NDIS_STATUS_INVALID_DATA;                                            \
	}                                                                                   \
	apply(&bits, p->member, first, second);
	MEMBERS(X)
#undef X
	a->offload.configured = bits;
	change(a);
	return NDIS_STATUS_SUCCESS;
}

/* One IP version of the request: what it starts or stops. False: nobody has that
 * encapsulation. */
static bool encapsulate(const struct mp_adapter *a, struct mp_offload_state *s, ULONG enabled,
			ULONG type, unsigned bits)
{
	ULONG have = bits & mp_offload_hardware(a) ? TX_ENCAPSULATION : 0;

	switch (enabled) {
	case NDIS_OFFLOAD_SET_NO_CHANGE:
		return true;
	case NDIS_OFFLOAD_SET_OFF:
		s->stopped |= bits;
		s->started &= ~bits;
		return true;
	case NDIS_OFFLOAD_SET_ON:
		s->stopped &= ~bits;
		s->started |= bits;
		return type && !(type & ~have);
	default:
		return false;
	}
}

NDIS_STATUS mp_offload_encapsulation_set(struct mp_adapter *a, const void *buffer, ULONG length)
{
	const NDIS_OFFLOAD_ENCAPSULATION *e = buffer;
	struct mp_offload_state s = a->offload;

	if (length < NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1)
		return NDIS_STATUS_INVALID_LENGTH;
	if (!encapsulate(a, &s, e->IPv4.Enabled, e->IPv4.EncapsulationType, OF_IPV4) ||
	    !encapsulate(a, &s, e->IPv6.Enabled, e->IPv6.EncapsulationType, OF_IPV6))
		return NDIS_STATUS_INVALID_PARAMETER;
	a->offload = s;
	change(a);
	return NDIS_STATUS_SUCCESS;
}
