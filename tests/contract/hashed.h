/* SPDX-License-Identifier: BSD-2-Clause */
/* Our miniport with RSS and without VM queues, and the flows on its wire. */
#ifndef CONTRACT_HASHED_H
#define CONTRACT_HASHED_H

#include "hardware.h"
#include "scales.h"
#include "sender.h"

#define HASHED_PARAMS OID_GEN_RECEIVE_SCALE_PARAMETERS
#define HASHED_INFO (SCALES_INFO | NDIS_HASH_UDP_IPV4)
#define HASHED_TCP 6
#define HASHED_UDP 17
#define HASHED_IP 14             /* where a frame's IP header begins */
#define HASHED_SHORTEST 80       /* of a flow's frames: each has a length of its own */

extern const uint8_t hashed_four[4];   /* processors 0 .. 3 */

/* For cmocka: watches what the miniport is told while it initializes. */
int hashed_setup(void **state);

/* The stack, with the miniport's keywords (NULL: none); all frames pass. */
void hashed_open(const struct ndis_keyword *keywords);

/* OID_GEN_RECEIVE_SCALE_PARAMETERS. */
NDIS_STATUS hashed_set(struct scales *s);
/* RSS is on, with 'n' entries: the processors 'table[i % of]'. And off. */
void hashed_on(ULONG information, unsigned n, const uint8_t *table, unsigned of);
void hashed_off(void);

/* The miniport's own handler, as NDIS's checks may not protect it (X13). */
NDIS_STATUS hashed_ask_miniport(NDIS_OID oid, void *buffer, ULONG length);

/* A frame of flow number 'flow' for the capture; which frame of all it is. And one of ARP. */
unsigned hashed_frame(unsigned flow, unsigned protocol);
unsigned hashed_arp_frame(void);

/* Frame 'index' of the capture as it was indicated, and where. */
const struct trace_frame *hashed_seen(unsigned index);
ULONG hashed_processor(unsigned index);

#endif
