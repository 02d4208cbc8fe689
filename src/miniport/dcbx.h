/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IEEE DCBX (802.1Qaz): what the adapter and its link partner tell each other of their
 * traffic classes, PFC and application priorities, in LLDP frames (O15, O16, O17). Here are
 * the frames and the peers that speak, as pure logic; mp_dcbx_... are the adapter's.
 */
#ifndef MINIPORT_DCBX_H
#define MINIPORT_DCBX_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "vmq/traffic_class.h"

#define DCBX_APPS      32        /* application priorities of a peer; others are left out */
#define DCBX_ID        256       /* bytes of a chassis id or a port id with its subtype */
#define DCBX_FRAME_MAX 512       /* of ours */
#define DCBX_PERIOD_S  30        /* between two frames of ours */
#define DCBX_TTL_S     (4 * DCBX_PERIOD_S + 1)

/* ---- frames (dcbx_parse.c, dcbx_build.c) ---- */

/* Traffic classes, of an ETS configuration or recommendation. */
struct dcbx_ets {
	bool there, willing;
	uint8_t of_priority[VMQ_PRIORITIES];          /* the class of each, 0 .. 7 */
	uint8_t share[VMQ_TRAFFIC_CLASSES];           /* percent */
	uint8_t tsa[VMQ_TRAFFIC_CLASSES];             /* as NDIS numbers them, or others */
};

struct dcbx_app {
	uint8_t priority, selector;                   /* 0 .. 7 each; DCBX_SELECT_... */
	uint16_t protocol;
};
#define DCBX_SELECT_ETHERTYPE   1                 /* protocol 0: what no other names */
#define DCBX_SELECT_TCP         2
#define DCBX_SELECT_UDP         3
#define DCBX_SELECT_TCP_OR_UDP  4

/* What a peer says. A group that it does not send is not there. */
struct dcbx_info {
	struct dcbx_ets configured, recommended;
	struct {
		bool there, willing;
		uint8_t enabled;                      /* priorities, a bit each */
	} pfc;
	bool apps_there;
	unsigned n_apps;
	struct dcbx_app apps[DCBX_APPS];
};

struct dcbx_frame {
	uint8_t source[6];
	uint16_t ttl;                                 /* seconds; 0: it speaks no more */
	unsigned chassis_length, port_length;
	uint8_t chassis[DCBX_ID], port[DCBX_ID];      /* both together name the peer */
	struct dcbx_info info;
};

enum dcbx_kind {
	DCBX_NOT_LLDP,     /* or one that cannot be read; '*to' says nothing */
	DCBX_PLAIN,        /* LLDP without DCBX: all but 'info' */
	DCBX_MALFORMED,    /* DCBX that breaks the rules; '*to' says nothing */
	DCBX_GOOD,
};

/* Whether the frame of 'length' bytes is LLDP to the nearest bridge; quick. */
bool dcbx_is_lldp(const uint8_t *frame, unsigned length);

/* Reads a frame of anybody's. Any thread. */
enum dcbx_kind dcbx_parse(const uint8_t *frame, unsigned length, struct dcbx_frame *to);

/* Makes a frame of that MAC with 'info', at most 'DCBX_FRAME_MAX' bytes; returns how many. */
unsigned dcbx_build(uint8_t *frame, const uint8_t mac[6], uint16_t ttl,
		    const struct dcbx_info *info);

/* ---- peers (dcbx_peers.c) ---- */

#define DCBX_PEERS 4      /* that are told apart; more than one is too many anyway */

struct dcbx_peer {
	uint64_t until;           /* ns, as its TTL says */
	struct dcbx_frame frame;
};

struct dcbx_peers {
	unsigned n;
	struct dcbx_peer list[DCBX_PEERS];
};

/* A GOOD or PLAIN frame came at 'now' ns. Returns whether what there is to know changed. */
bool dcbx_peers_hear(struct dcbx_peers *p, const struct dcbx_frame *f, bool good, uint64_t now);
/* Forgets those whose time is over; likewise. */
bool dcbx_peers_expire(struct dcbx_peers *p, uint64_t now);
/* The one that speaks; NULL: none, or several (O16). */
const struct dcbx_peer *dcbx_peers_only(const struct dcbx_peers *p);

/* ---- parameters (dcbx_set.c) ---- */

struct mp_qos_set;

/* The peer's parameters as NDIS has them: groups that are there are CONFIGURED, with the
 * classes that it recommends, else those that it has. */
void dcbx_to_set(const struct dcbx_info *info, struct mp_qos_set *set);

/* What the adapter tells of itself: the operational parameters, and the local ones as its
 * recommendation. */
void dcbx_of_sets(const struct mp_qos_set *local, const struct mp_qos_set *operational,
		  struct dcbx_info *info);

/*
 * In 'basis', the local parameters, replaces what is the peer's to say (O15): nothing where
 * they are not WILLING; else each group that the peer tells and the adapter can obey. PFC is
 * symmetric: of two willing ones the lower MAC address's stays (802.1Qaz).
 */
void dcbx_follow(struct mp_qos_set *basis, const struct mp_qos_set *remote,
		 const struct dcbx_frame *peer, const uint8_t mac[6]);

/* ---- an adapter's (dcbx.c) ---- */

struct mp_adapter;
struct mp_processor;
struct rte_mbuf;

/* Begins to listen, where keyword Dcbx says so. PASSIVE_LEVEL, while it initializes; and ends
 * it: nothing receives any more. Accepts one that never began. */
NDIS_STATUS mp_dcbx_create(struct mp_adapter *a);
void mp_dcbx_destroy(struct mp_adapter *a);

/* Takes DCBX frames out of a burst and returns how many are left; only with DCBX. Processor. */
unsigned mp_dcbx_take(struct mp_processor *p, struct rte_mbuf **pkts, unsigned n);

/* Whether one of the NBL's frames is DCBX, which is the miniport's to send (O17). Any thread. */
bool mp_dcbx_is_sent(const NET_BUFFER_LIST *nbl);

/* The peer's last frame, if there is one peer. qos.c, PASSIVE_LEVEL. */
bool mp_dcbx_peer(struct mp_adapter *a, struct dcbx_frame *f);
/* Sends what 'info' says, if it is news or its time has come. Likewise. */
void mp_dcbx_speak(struct mp_adapter *a, const struct dcbx_info *info);

#endif
