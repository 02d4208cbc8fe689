/* SPDX-License-Identifier: BSD-2-Clause */
/* Task offloads of an adapter: which there are, and what is done of them in software (P). */
#ifndef MINIPORT_TASK_OFFLOAD_H
#define MINIPORT_TASK_OFFLOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>
#include <rte_mbuf.h>

#include "miniport/chain.h"
#include "offload/segment.h"

struct mp_adapter;
struct mp_processor;
struct mp_queue;

/*
 * Task offloads (P17), a bit each: in the registry's order of "send" and "receive".
 * X(name)
 */
#define MP_OFFLOADS(X)                                                        \
	X(IPV4_TX) X(IPV4_RX) X(TCP4_TX) X(TCP4_RX) X(UDP4_TX) X(UDP4_RX)     \
	X(TCP6_TX) X(TCP6_RX) X(UDP6_TX) X(UDP6_RX)                           \
	X(LSO1_4) X(LSO2_4) X(LSO2_6)

enum mp_offload_bit {
#define X(name) MP_OFFLOAD_##name##_BIT,
	MP_OFFLOADS(X)
#undef X
	MP_N_OFFLOADS
};

/* Control's. Bits of enum mp_offload. */
struct mp_offload_state {
	unsigned configured;    /* by keyword or OID_TCP_OFFLOAD_PARAMETERS */
	unsigned started;       /* by OID_OFFLOAD_ENCAPSULATION: receives have results (P5) */
	unsigned stopped;       /* likewise */
};

enum mp_offload {
#define X(name) MP_OFFLOAD_##name = 1 << MP_OFFLOAD_##name##_BIT,
	MP_OFFLOADS(X)
#undef X
};

#define MP_OFFLOAD_ALL     ((1u << MP_N_OFFLOADS) - 1)
#define MP_OFFLOAD_RX      (MP_OFFLOAD_IPV4_RX | MP_OFFLOAD_TCP4_RX | MP_OFFLOAD_UDP4_RX | \
			    MP_OFFLOAD_TCP6_RX | MP_OFFLOAD_UDP6_RX)
#define MP_OFFLOAD_TX      (MP_OFFLOAD_ALL & ~(unsigned)(MP_OFFLOAD_RX | MP_OFFLOAD_LSO))
#define MP_LSO_MAX         65536   /* bytes of payload of a large send */
#define MP_OFFLOAD_LSO     (MP_OFFLOAD_LSO1_4 | MP_OFFLOAD_LSO2_4 | MP_OFFLOAD_LSO2_6)

/* task_offload.c. What there is: enum mp_offload. */
unsigned mp_offload_hardware(const struct mp_adapter *a);
/* The attributes (P12), while the adapter initializes. */
NDIS_STATUS mp_offload_attributes_set(struct mp_adapter *a);
/* OID_TCP_OFFLOAD_PARAMETERS and OID_OFFLOAD_ENCAPSULATION with their buffers, whose headers
 * NDIS has seen (P13, P14). Control. */
NDIS_STATUS mp_offload_parameters_set(struct mp_adapter *a, const void *buffer, ULONG length);
NDIS_STATUS mp_offload_encapsulation_set(struct mp_adapter *a, const void *buffer, ULONG length);

/* rx_offload.c. Has the queue's mode receive the frames, and gives the NBLs that it appends
 * to 'to' the results of their checksums (P4 .. P6). Owner, as mp_mode.receive. */
void mp_receive_with_results(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts,
			     unsigned n, struct mp_chain *to);

/*
 * tx_offload.c: sends with checksums or a large send to do (P2, P3, P7 .. P11). IRQL <=
 * DISPATCH_LEVEL.
 */
#define MP_OFFLOAD_REFUSED OFFLOAD_NEVER

/* Whether the NBL asks for anything; the others never come to the functions below. */
static inline bool mp_offload_wanted(const NET_BUFFER_LIST *nbl)
{
	return NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) ||
	       NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo);
}

/* Whether its NB may be longer than a frame: mp_offload_inspect() looks at that length. */
static inline bool mp_offload_is_large(const NET_BUFFER_LIST *nbl)
{
	return NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo);
}

/* The status of such an NBL that can never be sent, else SUCCESS (P7, P11, X56). Its NBs'
 * lengths and MDLs have been found sound, but for the length of a large send. Any thread. */
NDIS_STATUS mp_offload_inspect(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl);
/*
 * The frame of 'nb', or the large send's next segment from payload byte '*at' (0: the
 * first), or as many of them as the port cuts itself. '*at' is 0 again when the NB is done.
 * NULL: no buffer just now; or with '*at' MP_OFFLOAD_REFUSED: never, the NBL is to be completed
 * with FAILURE, for large sends were turned off meanwhile (P11), or its bytes are no longer what
 * mp_offload_inspect() saw, and it would leave with a wrong sum (U23). Under the transmit
 * queue's lock.
 */
struct rte_mbuf *mp_offload_frame(struct mp_adapter *a, NET_BUFFER_LIST *nbl,
				  const NET_BUFFER *nb, uint32_t *at);

/* What the sender reads in the OOB afterwards (P10); with the status in place, before the
 * completion. */
void mp_offload_done(NET_BUFFER_LIST *nbl);

#endif
