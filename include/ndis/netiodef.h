/* SPDX-License-Identifier: BSD-2-Clause */
/* The headers of the Internet protocols, as they stand on the wire: numbers of more
 * than one byte are in network byte order. */
#ifndef OVMQ_NETIODEF_H
#define OVMQ_NETIODEF_H

#include <ntdef.h>
#include <inaddr.h>
#include <in6addr.h>

#pragma pack(push, 1)

/* ---- Ethernet ---- */

#define ETHERNET_TYPE_MINIMUM   0x0600
#define ETHERNET_TYPE_IPV4      0x0800
#define ETHERNET_TYPE_ARP       0x0806
#define ETHERNET_TYPE_IPV6      0x86dd
#define ETHERNET_TYPE_802_1Q    0x8100
#define ETHERNET_TYPE_802_1AD   0x88a8

typedef union _DL_EUI48 {
	UCHAR Byte[6];
	struct {
		UCHAR Oui[3];
		UCHAR Ei48[3];
	} DUMMYSTRUCTNAME;
} DL_EUI48, *PDL_EUI48;

typedef struct _ETHERNET_HEADER {
	DL_EUI48 Destination;
	DL_EUI48 Source;
	union {
		USHORT Type;
		USHORT Length;
	} DUMMYUNIONNAME;
} ETHERNET_HEADER, *PETHERNET_HEADER;

typedef union _VLAN_TAG {
	USHORT Tag;
	struct {
		USHORT VLANID_High : 4;
		USHORT DEI : 1;
		USHORT UserPriority : 3;
		USHORT VLANID_Low : 8;
	} DUMMYSTRUCTNAME;
} VLAN_TAG, *PVLAN_TAG;

typedef struct _SNAP_HEADER {
	UCHAR Dsap;
	UCHAR Ssap;
	UCHAR Control;
	UCHAR Oui[3];
	USHORT Type;
} SNAP_HEADER, *PSNAP_HEADER;

/* ---- ARP ---- */

typedef enum _ARP_OPCODE {
	ARP_REQUEST = 1,
	ARP_RESPONSE = 2
} ARP_OPCODE;

typedef enum _ARP_HARDWARE_TYPE {
	ARP_HW_ENET = 1,
	ARP_HW_802 = 6
} ARP_HARDWARE_TYPE;

typedef struct _ARP_HEADER {
	USHORT HardwareAddressSpace;
	USHORT ProtocolAddressSpace;
	UCHAR HardwareAddressLength;
	UCHAR ProtocolAddressLength;
	USHORT Opcode;
	UCHAR SenderHardwareAddress[0];
} ARP_HEADER, *PARP_HEADER;

/* ---- IPv4 ---- */

#define IPV4_VERSION               4
#define IPV4_MIN_MINIMUM_MTU       352
#define IPV4_DEFAULT_MINIMUM_MTU   576
#define SIZEOF_IP_OPT_ROUTERALERT  4
#define IP_VER_MASK                0xF0

typedef struct _IPV4_HEADER {
	union {
		UCHAR VersionAndHeaderLength;
		struct {
			UCHAR HeaderLength : 4;     /* words of four bytes */
			UCHAR Version : 4;
		} DUMMYSTRUCTNAME;
	} DUMMYUNIONNAME;
	union {
		UCHAR TypeOfServiceAndEcnField;
		struct {
			UCHAR EcnField : 2;
			UCHAR TypeOfService : 6;
		} DUMMYSTRUCTNAME;
	} DUMMYUNIONNAME2;
	USHORT TotalLength;
	USHORT Identification;
	union {
		USHORT FlagsAndOffset;
		struct {
			USHORT DontUse1 : 5;
			USHORT MoreFragments : 1;
			USHORT DontFragment : 1;
			USHORT Reserved : 1;
			USHORT DontUse2 : 8;
		} DUMMYSTRUCTNAME;
	} DUMMYUNIONNAME3;
	UCHAR TimeToLive;
	UCHAR Protocol;
	USHORT HeaderChecksum;
	IN_ADDR SourceAddress;
	IN_ADDR DestinationAddress;
} IPV4_HEADER, *PIPV4_HEADER;

/* ---- IPv6 ---- */

#define IPV6_VERSION      0x60
#define IPV6_MINIMUM_MTU  1280

typedef struct _IPV6_HEADER {
	union {
		ULONG VersionClassFlow;
		struct {
			ULONG EcnField : 2;
			ULONG Class : 2;
			ULONG Version : 4;
			ULONG DontUse1 : 4;
			ULONG DontUse2 : 20;
		} DUMMYSTRUCTNAME;
	} DUMMYUNIONNAME;
	USHORT PayloadLength;
	UCHAR NextHeader;
	UCHAR HopLimit;
	IN6_ADDR SourceAddress;
	IN6_ADDR DestinationAddress;
} IPV6_HEADER, *PIPV6_HEADER;

typedef struct _IPV6_FRAGMENT_HEADER {
	UCHAR NextHeader;
	UCHAR Reserved;
	union {
		struct {
			USHORT DontUse1 : 8;
			USHORT MoreFragments : 1;
			USHORT ReservedBits : 2;
			USHORT DontUse2 : 5;
		} DUMMYSTRUCTNAME;
		USHORT OffsetAndFlags;
	} DUMMYUNIONNAME;
	ULONG Id;
} IPV6_FRAGMENT_HEADER, *PIPV6_FRAGMENT_HEADER;

typedef struct _IPV6_EXTENSION_HEADER {
	UCHAR NextHeader;
	UCHAR Length;           /* units of eight bytes, the first not counted */
} IPV6_EXTENSION_HEADER, *PIPV6_EXTENSION_HEADER;

/* ---- ICMP ---- */

typedef struct _ICMP_HEADER {
	UCHAR Type;
	UCHAR Code;
	USHORT Checksum;
} ICMP_HEADER, *PICMP_HEADER;

typedef struct _ICMP_MESSAGE {
	ICMP_HEADER Header;
	union {
		ULONG Data32[1];
		USHORT Data16[2];
		UCHAR Data8[4];
	} Data;
} ICMP_MESSAGE, *PICMP_MESSAGE;

typedef ICMP_HEADER ICMPV4_HEADER, *PICMPV4_HEADER, ICMPV6_HEADER, *PICMPV6_HEADER;
typedef ICMP_MESSAGE ICMPV4_MESSAGE, *PICMPV4_MESSAGE, ICMPV6_MESSAGE, *PICMPV6_MESSAGE;

/* ---- TCP, UDP ---- */

#define TH_FIN          0x01
#define TH_SYN          0x02
#define TH_RST          0x04
#define TH_PSH          0x08
#define TH_ACK          0x10
#define TH_URG          0x20
#define TH_ECE          0x40
#define TH_CWR          0x80
#define TH_OPT_EOL      0
#define TH_OPT_NOP      1
#define TH_OPT_MSS      2
#define TH_OPT_WS       3
#define TH_OPT_SACK_PERMITTED 4
#define TH_OPT_SACK     5
#define TH_OPT_TS       8
#define TH_MAX_LEN      60

typedef struct tcp_hdr {
	USHORT th_sport;
	USHORT th_dport;
	ULONG th_seq;
	ULONG th_ack;
	UCHAR th_x2 : 4;
	UCHAR th_len : 4;       /* words of four bytes */
	UCHAR th_flags;
	USHORT th_win;
	USHORT th_sum;
	USHORT th_urp;
} TCP_HDR, *PTCP_HDR;

typedef struct udp_hdr {
	USHORT uh_sport;
	USHORT uh_dport;
	USHORT uh_ulen;
	USHORT uh_sum;
} UDP_HDR, *PUDP_HDR;

#pragma pack(pop)

C_ASSERT(sizeof(ETHERNET_HEADER) == 14);
C_ASSERT(sizeof(IPV4_HEADER) == 20);
C_ASSERT(sizeof(IPV6_HEADER) == 40);
C_ASSERT(sizeof(TCP_HDR) == 20);

#endif
