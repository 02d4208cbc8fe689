/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quality of service of one adapter: DCB's parameters and what becomes of them (O1 .. O16),
 * PFC (O11), and the classes that sends wait in without DCB (O19).
 */
#ifndef MINIPORT_QOS_H
#define MINIPORT_QOS_H

#include <stdatomic.h>
#include <stdint.h>

#include <ndis.h>
#include <rte_mbuf.h>

#include "vmq/traffic_class.h"

struct mp_adapter;
struct mp_processor;
struct mp_qos_dcb;
struct mp_dcbx;

/* Priorities that PFC frames halt (pfc.c). */
struct mp_pfc {
	_Atomic uint8_t enabled;             /* a bit each; 0: such frames are not looked for */
	NDIS_HANDLE timer;                   /* NULL: none of it was made */
	NDIS_SPIN_LOCK lock;                 /* over the two below */
	uint64_t until[VMQ_PRIORITIES];      /* clock_ns() */
	uint8_t halted;
};

/* Quality of service (qos.c). */
struct mp_qos {
	struct mp_qos_dcb *dcb;              /* PASSIVE_LEVEL's; NULL: *QOS is not 1 */
	struct mp_dcbx *dcbx;                /* NULL: no DCBX is spoken */
	struct mp_pfc pfc;
};

#define MP_QOS_ELEMENTS 64   /* classification elements that a set may have */

/* A set of parameters with its elements right behind it, as NDIS gets it. */
struct mp_qos_set {
	NDIS_QOS_PARAMETERS p;
	NDIS_QOS_CLASSIFICATION_ELEMENT elements[MP_QOS_ELEMENTS];
};

/* What is shown as QoS capabilities; none of it under NDIS 6.20 or without *QOS. */
#define MP_QOS_CLASSES     8
#define MP_QOS_ETS_CLASSES 8
#define MP_QOS_PFC_CLASSES 8
NDIS_QOS_CAPABILITIES mp_qos_hardware_capabilities(const struct mp_adapter *a);

/* qos.c. All at PASSIVE_LEVEL. */
/* The classes of sends as the keywords say (O16, O19). */
NDIS_STATUS mp_qos_create(struct mp_adapter *a);
void mp_qos_destroy(struct mp_adapter *a);
/* OID_QOS_PARAMETERS (O5); NDIS has seen that the buffer holds what it says (O13). */
NDIS_STATUS mp_qos_set(struct mp_adapter *a, const void *buffer);
/* The peer may have said something new, or our frame be due (dcbx.h). System thread. */
void mp_qos_look(struct mp_adapter *a);
/* Parameters that say nothing: a header alone (O16). */
void mp_qos_empty(struct mp_qos_set *set);

/* qos_check.c: whether the parameters of a request, which NDIS has found sound (O13), can be
 * obeyed; '*to' is then a copy. INVALID_PARAMETER: the log says
 * why at debug level (O6 .. O8, O11, O14). */
NDIS_STATUS mp_qos_read(const void *buffer, struct mp_qos_set *to);

/* qos_classes.c: the classes that sends wait in under these parameters. The traffic class
 * that each of them belongs to is in 'owner'. */
void mp_qos_classes(const NDIS_QOS_PARAMETERS *p, struct vmq_traffic_rules *rules,
		    uint8_t owner[VMQ_TRAFFIC_CLASSES]);

/* pfc.c: from now on PFC frames may halt these priorities, a bit each; 0: such frames are
 * not looked for. Control, PASSIVE_LEVEL. */
NDIS_STATUS mp_pfc_create(struct mp_adapter *a);
void mp_pfc_destroy(struct mp_adapter *a);   /* accepts one that was not created */
void mp_pfc_enable(struct mp_adapter *a, uint8_t priorities);
/* Takes PFC frames out of a burst, obeys them, and returns how many are left. Only
 * while 'qos.pfc.enabled' is not 0. Processor. */
unsigned mp_pfc_take(struct mp_processor *p, struct rte_mbuf **pkts, unsigned n);

#endif
