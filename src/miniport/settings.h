/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keywords of an adapter say (miniport.h has the list); read once, when it
 * initializes. */
#ifndef MINIPORT_SETTINGS_H
#define MINIPORT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

struct mp_adapter;
struct vmq_filter_engine;

/* The versions of NDIS that the driver is written for, one for each entry: major << 8 | minor. */
#define MP_NDIS_620 0x614
#define MP_NDIS_630 0x61e

/* The lookahead sizes that NDIS 6.20 may ask a split at, in bytes (E15). */
#define MP_LOOKAHEAD_MIN 64
#define MP_LOOKAHEAD_MAX 256

/* How the frames of a VM queue get into its buffers (U17). */
enum mp_receive {
	MP_RECEIVE_PLACED,      /* copied into the queue's own shared memory */
	MP_RECEIVE_LOANED,      /* they stay in the default queue's memory, and count against the quota */
	MP_RECEIVE_STEERED,     /* the NIC fills the queue's own shared memory */
};

/* The keywords of RSS (N18). */
struct mp_scaling {
	PROCESSOR_NUMBER base, max;   /* the lowest and the highest to use */
	unsigned processors;          /* how many of them at most */
	unsigned queues;              /* that a table may use at once */
	NDIS_RSS_PROFILE profile;
	unsigned node;                /* of NUMA; MP_ANY_NODE: any */
};
#define MP_ANY_NODE 65535u

/* Keyword *QOS (O1). */
enum mp_qos_keyword {
	MP_QOS_ABSENT,          /* no QoS is known */
	MP_QOS_OFF,             /* it is shown as hardware's, and nothing of it is in force */
	MP_QOS_ON,
};

/* What of a tag goes from the OOB into frames and back (O18); the bit between is with both. */
#define MP_TAG_PRIORITY 0xe000
#define MP_TAG_CFI      0x1000
#define MP_TAG_VLAN     0x0fff

/* What the adapter's keywords say; an INF's keyword that the rules leave unread counts as 0. */
struct mp_settings {
	char nic[512], out[512];
	unsigned mtu, rx_queues, queues, buffers;
	enum mp_receive receive;
	const struct vmq_filter_engine *filter_engine;
	bool vmq;               /* VM queues are the interface chosen (H16) */
	bool rss;               /* RSS is (H19) */
	struct mp_scaling scaling;   /* if it is */
	bool lookahead_split;   /* queues may be split; never from NDIS 6.30 on (E20) */
	bool vlan_filtering;    /* filters may test the VLAN id */
	bool encapsulation;     /* filters may test the inner header of an encapsulated frame */
	unsigned offloads;      /* enum mp_offload, by keyword (P17) */
	bool verify_checksums;  /* of received frames, where the port does not */
	bool mac_only_refused;  /* SET_FILTER refuses a filter that tests no VLAN */
	enum mp_qos_keyword qos;
	bool dcbx;              /* IEEE DCBX is shown, and with MP_QOS_ON spoken */
	uint16_t tag_mask;      /* MP_TAG_...; 0: no tags (*PriorityVLANTag) */
};

/* Reads them all. FAILURE: one is missing or wrong, the log says which. PASSIVE_LEVEL. */
NDIS_STATUS mp_settings_read(struct mp_adapter *a);

#endif
