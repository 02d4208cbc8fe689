/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vlan-tag: the trunk of record-office.sh, where the kernel has no VLAN devices.
 *
 * One classifier sits at the ingress of a wire and of the access ports beside it. Interface numbers say who is who, so
 * that no map has to be filled:
 *	WIRE			the trunk, whose frames carry tags
 *	PORT_BASE + VLAN id	the access port of that VLAN; PORT_BASE + 0 is the port of untagged frames
 * A frame from a port leaves on the wire with the port's tag; a frame from the wire leaves, without its tag, by the port
 * of its VLAN. A frame of a VLAN that has no port ends here, because the redirect finds no interface.
 *
 * The priority of a tag is the class of the IPv4 header (the top three bits of its TOS), as switches set it. On the
 * untagged port a frame with a class above 0 gets a priority tag: VLAN id 0.
 */
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#define WIRE		100
#define PORT_BASE	1000
#define TAG_VID_MASK	0x0fff
#define TAG_PCP_SHIFT	13
#define TOS_CLASS_SHIFT	5

#define SECTION(name)	__attribute__((section(name), used))
#define BE16(value)	__builtin_bswap16(value)

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vlan-tag.bpf.c is written for little-endian machines"
#endif

static long (*const redirect)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect;
static long (*const vlan_push)(struct __sk_buff *skb, __be16 proto, __u16 tci) = (void *)BPF_FUNC_skb_vlan_push;
static long (*const vlan_pop)(struct __sk_buff *skb) = (void *)BPF_FUNC_skb_vlan_pop;

/* The class of an untagged IPv4 frame, 0 for all others. */
static inline __u16 frame_class(const struct __sk_buff *skb)
{
	const struct ethhdr *eth = (const void *)(unsigned long)skb->data;
	const struct iphdr *ip = (const void *)(eth + 1);
	const void *end = (const void *)(unsigned long)skb->data_end;

	if ((const void *)(ip + 1) > end || eth->h_proto != BE16(ETH_P_IP))
		return 0;

	return ip->tos >> TOS_CLASS_SHIFT;
}

SECTION("tc") int vlan_tag(struct __sk_buff *skb)
{
	__u32 from = skb->ifindex;
	__u16 tci;

	if (from == WIRE) {
		__u32 vid = skb->vlan_present ? skb->vlan_tci & TAG_VID_MASK : 0;

		if (skb->vlan_present && vlan_pop(skb))
			return TC_ACT_SHOT;
		return redirect(PORT_BASE + vid, 0);
	}

	tci = frame_class(skb) << TAG_PCP_SHIFT | (from - PORT_BASE);
	if (tci && vlan_push(skb, BE16(ETH_P_8021Q), tci))
		return TC_ACT_SHOT;

	return redirect(WIRE, 0);
}

SECTION("license") const char vlan_tag_license[] = "BSD-2-Clause";
