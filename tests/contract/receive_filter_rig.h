/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An adapter, two bindings and a program on top of the receive filter cache alone:
 * no OID queue, no miniport. The miniport is whatever 'rig.miniport' says.
 */
#ifndef RECEIVE_FILTER_RIG_H
#define RECEIVE_FILTER_RIG_H

#include "ndis/receive_filter.h"
#include "vmq/queue_state.h"

#define RIG_QUEUES     4
#define RIG_FILTERS    6
#define RIG_PROCESSORS 4

struct rig {
	struct ndis_miniport_driver driver;
	struct ndis_protocol_driver protocol;
	struct ndis_adapter adapter;
	struct ndis_binding a, b, program;
	/* What the miniport does with a forwarded request; NULL: success. */
	NDIS_STATUS (*miniport)(PNDIS_OID_REQUEST request);
	unsigned forwarded;       /* requests that reached the miniport */
	unsigned waits;           /* times that one had to wait for an id to rest (U16) */
	void (*in_wait)(void);    /* then; NULL: nothing */
	NDIS_OID_REQUEST request; /* the last one */
};

extern struct rig rig;

/* A fresh adapter of a miniport of NDIS 6.'minor'. */
void rig_start(unsigned minor);
void rig_stop(void);
int rig_group_setup(void **state);   /* cmocka: the processors */
int rig_group_teardown(void **state);
int rig_setup(void **state);         /* cmocka: an adapter, 6.30 */
int rig_teardown(void **state);

/* The capabilities changed or were set anew: the cache is made again. */
void rig_restart_cache(void);

NDIS_STATUS rig_method(struct ndis_binding *binding, NDIS_OID oid, void *buffer, ULONG in, ULONG out);
NDIS_STATUS rig_set(struct ndis_binding *binding, NDIS_OID oid, void *buffer, ULONG length);
NDIS_STATUS rig_query(struct ndis_binding *binding, NDIS_REQUEST_TYPE type, NDIS_OID oid,
		      void *buffer, ULONG length);

/* Well-formed buffers. */
NDIS_RECEIVE_QUEUE_PARAMETERS rig_queue_parameters(unsigned revision);

struct rig_filter {
	NDIS_RECEIVE_FILTER_PARAMETERS p;
	NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field[2];
};
/* MAC 02:00:00:00:00:'last'; vlan < 0: none, with UNTAGGED_OR_ZERO. */
struct rig_filter rig_filter(ULONG queue, UCHAR last, int vlan);

struct rig_batch {
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a;
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS p[4];
};
struct rig_batch rig_batch(unsigned n, const ULONG *queues);

/* The same, sent. Ids are returned through 'id', which may be NULL. */
NDIS_STATUS rig_allocate(struct ndis_binding *binding, ULONG *id);
NDIS_STATUS rig_free(struct ndis_binding *binding, ULONG queue);
NDIS_STATUS rig_complete(struct ndis_binding *binding, ULONG queue);   /* the element's status */
NDIS_STATUS rig_set_filter(struct ndis_binding *binding, ULONG queue, UCHAR last, ULONG *id);
NDIS_STATUS rig_clear(struct ndis_binding *binding, ULONG queue, ULONG filter);

/* ENUM_QUEUES: how many, into 'list'. As a program when binding is &rig.program. */
unsigned rig_queues(struct ndis_binding *binding, NDIS_RECEIVE_QUEUE_INFO *list, unsigned max);
/* ENUM_FILTERS: how many, into 'list'; -1: refused. */
int rig_filters(struct ndis_binding *binding, ULONG queue, NDIS_RECEIVE_FILTER_INFO *list,
		unsigned max);
/* The internal state of a queue, VMQ_QUEUE_UNDEFINED when there is none. */
int rig_state(ULONG queue);

/* A hash over everything that can be asked: queues, their parameters, filters. */
ULONG64 rig_hash(void);

#endif
