/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every reason for which a frame can be lost, once. From this list come the
 * enum, the names in tables, JSON and metrics, and the texts for people.
 *
 * Two ledgers, two lists. WIRE reasons lose a frame between the NIC and NDIS's
 * indication; PORT reasons lose it in the switch.
 */
#ifndef BASE_DROPS_H
#define BASE_DROPS_H

#include "base/counter.h"

/* X(NAME, name, text) */
#define WIRE_DROPS(X) \
	X(NIC_MISSED,     nic_missed,     "the NIC port itself had no buffer or could not read the frame") \
	X(TRUNCATED,      truncated,      "the capture holds only a part of the frame") \
	X(TOO_SHORT,      too_short,      "shorter than an Ethernet header") \
	X(TOO_LONG,       too_long,       "longer than the adapter's maximum frame") \
	X(MAC_CONTROL,    mac_control,    "a PFC or DCBX frame, which is for the adapter itself") \
	X(PACKET_FILTER,  packet_filter,  "no filter matched and the adapter's packet filter did not ask for it") \
	X(QUEUE_FULL,     queue_full,     "every receive buffer of the queue is in use (its quota)") \
	X(RING_FULL,      ring_full,      "the ring to the queue's processor is full") \
	X(QUEUE_GONE,     queue_gone,     "the queue lost its last filter, or was freed, while the frame was on its way") \
	X(ADAPTER_PAUSED, adapter_paused, "the adapter was pausing or paused") \
	X(NO_PROTOCOL,    no_protocol,    "indicated while no protocol was bound and running")

/* X(NAME, name, text) */
#define PORT_DROPS(X) \
	X(BAD_FRAME,      bad_frame,      "shorter than an Ethernet header, or longer than the port's MTU") \
	X(FOREIGN_MAC,    foreign_mac,    "on a VM's queue, but addressed to another MAC address") \
	X(FOREIGN_VLAN,   foreign_vlan,   "the VLAN is not one of the port's") \
	X(SPOOFED_MAC,    spoofed_mac,    "a VM sent from a MAC address that is not its own") \
	X(NO_DESTINATION, no_destination, "no port of this host has that destination") \
	X(LINK_LOCAL,     link_local,     "to 01:80:C2:00:00:00 to 0F, the link's own, which no switch forwards") \
	X(PORT_DOWN,      port_down,      "the VM is not connected") \
	X(TOO_LARGE,      too_large,      "larger than any buffer that the guest offers") \
	X(PORT_FULL,      port_full,      "the VM does not take its frames and the switch may hold no more") \
	X(NO_BUFFER,      no_buffer,      "no buffer left to replicate the frame into") \
	X(SEND_FAILED,    send_failed,    "the adapter completed the send without success") \
	X(STOPPED,        stopped,        "held for a VM when the switch stopped") \
	X(QUEUE_FREED,    queue_freed,    "held for a VM that did not take it when its queue was freed")

enum wire_drop {
#define X(NAME, name, text) WIRE_DROP_##NAME,
	WIRE_DROPS(X)
#undef X
	WIRE_DROP_COUNT
};

enum port_drop {
#define X(NAME, name, text) PORT_DROP_##NAME,
	PORT_DROPS(X)
#undef X
	PORT_DROP_COUNT
};

struct wire_drops { counter_t by[WIRE_DROP_COUNT]; };
struct port_drops { counter_t by[PORT_DROP_COUNT]; };

/* The reason in small letters with underscores ("queue_full"). Never NULL. */
const char *wire_drop_name(enum wire_drop reason);
const char *port_drop_name(enum port_drop reason);

/* The reason in a few words for a person. Never NULL. */
const char *wire_drop_text(enum wire_drop reason);
const char *port_drop_text(enum port_drop reason);

#endif
