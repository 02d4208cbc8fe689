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
 *   RefuseMacOnly   1: SET_FILTER refuses a filter on the MAC address that says nothing of
 *                   the VLAN (0)
 * Standardized ones, each 0 or 1; what does not matter is not read (H15 .. H20):
 *   *RssOrVmqPreference             1: VM queues are offered (0: RSS, which is not there)
 *   *RSS                            read without that preference (1)
 *   *VMQ                            read with it, as are those below if it is 1 (1)
 *   *VMQVlanFiltering               filters may test the VLAN id (1)
 *   *VMQLookaheadSplit              queues may be split; NDIS 6.20 only (1)
 *   *EncapsulatedPacketTaskOffload  filters may test NVGRE's inner header; NDIS 6.30 only (1)
 * No NIC here has SR-IOV: *SriovPreferred and *SRIOV are never read.
 */
#ifndef MINIPORT_MINIPORT_H
#define MINIPORT_MINIPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "base/drops.h"

/* To be given to the loader of drivers: the same driver for NDIS 6.30, and for NDIS 6.20.
 * Both may be loaded at once, each once. */
DRIVER_INITIALIZE miniport_driver_entry;
DRIVER_INITIALIZE miniport_620_driver_entry;

/* What became of the frames of one receive queue, and of the sends on it. */
struct miniport_queue_report {
	uint16_t id;
	const char *mode;                    /* placed, loaned, steered or split; of the default
	                                      * queue, whose memory is the NIC's, "" */
	uint64_t indicated, bytes;           /* to NDIS */
	uint64_t in_place;                   /* of them, where the NIC put them, steered */
	uint64_t outstanding;                /* of them, not yet returned */
	unsigned buffers;                    /* how many may be */
	uint64_t drops[WIRE_DROP_COUNT];
	uint64_t sent, sent_bytes;           /* to the NIC */
};

/* The wire ledger: frames from the NIC = indicated + dropped + waiting. */
struct miniport_report {
	uint64_t from_nic;                   /* and what the port itself lost */
	uint64_t indicated;
	uint64_t drops[WIRE_DROP_COUNT];
	uint64_t sent;
	uint64_t sends_waiting;              /* accepted, not yet completed */
	char nic[160];                       /* what it is, in words */
	char end[600];                       /* why no more frames come; "" while they may */
	bool failed;                         /* that end is a fault */
};

/* 'context' is the adapter's (ndis_adapter_context). Exact while the workers are
 * quiet, a snapshot otherwise. Any thread. */
void miniport_report(const void *context, struct miniport_report *report);

/* The same for one queue, 0 .. NumQueues; false when it was never used. */
bool miniport_queue_report(const void *context, unsigned id, struct miniport_queue_report *report);

#endif
