/* SPDX-License-Identifier: BSD-2-Clause */
/* NBLs that a test sends: of memory of their own, in any shape, or of a frame pool. */
#ifndef CONTRACT_PACKETS_H
#define CONTRACT_PACKETS_H

#include "protocol.h"

#define PACKET_NBS  4
#define PACKET_MDLS 4     /* of one NB */
#define PACKET_ROOM 2048  /* bytes of one NB, guards included */
#define PACKET_GUARD 16

/* One NBL with up to PACKET_NBS NBs. Behind and before the bytes of each MDL lie
 * guard bytes, which nobody may read into a frame or write. */
struct packet {
	NET_BUFFER_LIST nbl;
	NET_BUFFER nb[PACKET_NBS];
	MDL mdl[PACKET_NBS][PACKET_MDLS];
	uint8_t room[PACKET_NBS][PACKET_ROOM];
	unsigned n_nbs;
	unsigned n_mdls[PACKET_NBS];
	uint64_t hash;            /* of everything the miniport may not change (A22) */
};

/* Once before and after the packets of a test. */
void packets_open(void);
void packets_close(void);

/* A packet without NBs, of queue id 'queue', that goes back to 'source': a binding, or the
 * adapter. Freed by packet_free(). */
struct packet *packet_new(NDIS_HANDLE source, USHORT queue);
void packet_free(struct packet *packet);

/*
 * Appends an NB with that frame, its bytes spread over 'n' MDLs: of 'lengths' bytes
 * each, the last one getting the rest. The data begins 'offset' bytes into the first
 * MDL; that many bytes of no frame stand before it.
 */
void packet_add(struct packet *packet, const struct ground_frame *frame, unsigned n,
		const unsigned *lengths, unsigned offset);

/* The usual one: a packet of one NB and one MDL with that frame of 'frames'. */
struct packet *packet_of(NDIS_HANDLE source, USHORT queue, const struct ground_frames *frames,
			 unsigned index);

/* Makes 'hash', and whether it still holds. Call seal last before sending. */
void packet_seal(struct packet *packet);
bool packet_is_unchanged(const struct packet *packet);

void packet_set_tag(struct packet *packet, unsigned priority, unsigned vlan);

/* Sends a chain made of the packets, in order, sealed. */
void packets_send(struct protocol *p, struct packet *const *packets, unsigned n, ULONG flags);

/* The completion of an NBL; NULL: none yet. Fails the test when there are two (A19). */
const struct trace_send *packet_done(const NET_BUFFER_LIST *nbl);
/* Waits until 'n' NBLs in all were completed. */
void packets_wait(unsigned n);

#endif
