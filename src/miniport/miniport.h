/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMQ miniport, as the program that loads it sees it.
 *
 * Keywords of an adapter (NdisReadConfiguration):
 *   Nic        KIND:ARGUMENT, see nic/nic.h; required
 *   NicOut     pcap kinds: where sent frames go
 *   Mtu        68 .. 9600 (1500)
 *   RxQueues   receive queues of the port, 1 .. 64 (1)
 *   NumQueues  VM queues, 0 .. 1024 (16)
 *   Buffers    receive buffers of a VM queue, 16 .. 65536 (512)
 *   Receive    how VM queues' buffers are filled: placed, loaned or steered (placed)
 *   FilterEngine    how a frame's filter is found: a name of policy/filter_engines.h (table)
 *   VerifyChecksums 1: checksums of received frames are verified, in software where the port
 *                   does not; NDIS is told when it has asked for it (0)
 *   RefuseMacOnly   1: SET_FILTER refuses a filter on the MAC address that says nothing of
 *                   the VLAN (0)
 * Standardized ones, each 0 or 1; what does not matter is not read (H15 .. H20):
 *   *RssOrVmqPreference             1: VM queues are offered (0: RSS)
 *   *RSS                            read without that preference; RSS is offered (1)
 *   *VMQ                            read with it, as are those below if it is 1 (1)
 *   *VMQVlanFiltering               filters may test the VLAN id (1)
 *   *VMQLookaheadSplit              queues may be split; NDIS 6.20 only (1)
 *   *EncapsulatedPacketTaskOffload  filters may test NVGRE's inner header; NDIS 6.30 only (1)
 * Task offloads (P17). What the port cannot do of a send is done in software.
 *   *IPChecksumOffloadIPv4, *TCPChecksumOffloadIPv4, *TCPChecksumOffloadIPv6,
 *   *UDPChecksumOffloadIPv4, *UDPChecksumOffloadIPv6
 *       0 off, 1 of sends, 2 of receives, 3 both (3); *TCPUDPChecksumOffloadIPv4 and IPv6
 *       stand for the two of TCP and UDP where these are absent
 *   *LsoV1IPv4, *LsoV2IPv4, *LsoV2IPv6   0 or 1 (1); V2 goes before V1
 * With RSS; those marked + from NDIS 6.30 on:
 *   *RssBaseProcGroup, *RssBaseProcNumber   the lowest processor that it may use (0:0)
 *   *RssMaxProcGroup+, *RssMaxProcNumber+   and the highest (all)
 *   *MaxRssProcessors               how many of them at most, 1 .. 65535 (16)
 *   *NumRSSQueues+                  how many queues a table may lead to, 1 .. 65535 (16)
 *   *NumaNodeId                     0 .. 65535, 65535 any; this machine is one node (65535)
 *   *RSSProfile+                    1 .. 5; on one node they all choose the same (4)
 * No NIC here has SR-IOV: *SriovPreferred and *SRIOV are never read.
 */
#ifndef MINIPORT_MINIPORT_H
#define MINIPORT_MINIPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ndis.h>

#include "base/drops.h"

/* To be given to the loader of drivers: the same driver for NDIS 6.30, and for NDIS 6.20.
 * Both may be loaded at once, each once. */
DRIVER_INITIALIZE miniport_driver_entry;
DRIVER_INITIALIZE miniport_620_driver_entry;

/* What an adapter with a dpdk: port will be asked to have, by its keywords. */
struct miniport_memory_wish {
	unsigned mtu, rx_queues, queues, buffers;
	unsigned processors;                 /* that RSS may spread over; 0: it is not chosen */
	bool loaned, steered;
};

/* The bytes that such an adapter asks NDIS for at most, for the device to fill by itself. Any
 * thread, before there is an adapter. */
size_t miniport_device_memory(const struct miniport_memory_wish *wish);

/* What became of the frames of one receive queue, and of the sends on it. */
struct miniport_queue_report {
	uint16_t id;
	const char *mode;                    /* placed, loaned, steered or split; of the default
	                                      * queue, whose memory is the NIC's, "" */
	uint64_t indicated, bytes;           /* to NDIS */
	uint64_t in_place;                   /* of them, where the NIC put them, steered */
	uint64_t lent;                       /* of them, with RESOURCES, for want of buffers */
	uint64_t outstanding;                /* of them, not yet returned */
	unsigned buffers;                    /* how many may be */
	uint64_t drops[WIRE_DROP_COUNT];
	uint64_t sent, sent_bytes;           /* to the NIC */
};

#define MINIPORT_MAX_CLASSES 8

/* One class of sends: a traffic class of DCB, or a priority of 802.1p. */
struct miniport_class_report {
	bool dcb;
	bool ets;                            /* else strict; of DCB, as the next two */
	unsigned share;                      /* percent */
	uint8_t pfc;                         /* its priorities that PFC may halt, a bit each */
	uint8_t priorities;                  /* that it owns, a bit each */
	uint64_t sent, bytes;                /* to the NIC, since there have been classes */
};

/* False: there is no such class. Control thread. */
bool miniport_class_report(const void *context, unsigned cls, struct miniport_class_report *report);

/* One processor's part of the frames that RSS spreads. */
struct miniport_spread {
	unsigned processor;
	uint64_t indicated, sent;
};

/* The wire ledger: frames from the NIC = indicated + dropped + waiting. */
struct miniport_report {
	uint64_t from_nic;                   /* and what the port itself lost */
	uint64_t indicated;
	uint64_t drops[WIRE_DROP_COUNT];
	uint64_t sent;
	uint64_t sends_waiting;              /* accepted, not yet completed */
	unsigned n_spread;                   /* 0: RSS is not the adapter's interface */
	struct miniport_spread spread[64];   /* the default queue's frames, by processor */
	const char *filter_engine;           /* its name; NULL: the miniport is another */
	char nic[160];                       /* what it is, in words */
	char end[600];                       /* why no more frames come; "" while they may */
	bool failed;                         /* that end is a fault */
};

/* 'context' is the adapter's (ndis_adapter_context). Exact while the workers are
 * quiet, a snapshot otherwise. Any thread. */
void miniport_report(const void *context, struct miniport_report *report);

/* The same for one queue, 0 .. NumQueues, the default one with all that RSS spreads; false
 * when it was never used. */
bool miniport_queue_report(const void *context, unsigned id, struct miniport_queue_report *report);

#endif
