/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three drivers for tests of NDIS itself: a miniport, a filter and a protocol whose
 * characteristics a test may change before they are registered, and that do with OID
 * requests what a test says. Steps of their lives are in the trace. What the log says is
 * heard, so that a test can ask for it.
 */
#ifndef CONTRACT_TOY_H
#define CONTRACT_TOY_H

#include "trace.h"
#include "ndis/host.h"

#define TOY_ADAPTERS  2
#define TOY_FILTERS   3
#define TOY_PROTOCOLS 2

/* One request as the miniport got it. */
struct toy_request {
	NDIS_OID oid;
	NDIS_REQUEST_TYPE type;
	ULONG length;
	uint8_t bytes[640];
};

struct toy_adapter {
	char name[8];                        /* "toy1", "toy2" */
	NDIS_HANDLE handle;
	struct ndis_adapter *adapter;
	unsigned n_requests;
	struct toy_request last;
	_Atomic(PNDIS_OID_REQUEST) kept;     /* pending, till toy_complete */
	unsigned halt_action;
	atomic_uint calls;                   /* of any handler but the trace's */
};

struct toy {
	struct ndis_image *image;
	NDIS_HANDLE driver;
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c;   /* as it will be registered */
	NDIS_STATUS registered;                   /* what the registration returned */
	NDIS_STATUS general;                      /* and what the general attributes */
	struct toy_adapter adapters[TOY_ADAPTERS];
	unsigned n;                               /* adapters ever initialized since the load */
	/* What a test wants: */
	ULONG attribute_flags, max_multicast, lookahead;
	NDIS_RECEIVE_SCALE_CAPABILITIES *rss;     /* NULL: none */
	const NDIS_OID *oids;
	ULONG oids_length;
	bool keep_requests;                       /* regular and direct ones pend */
	bool obey_cancel;                         /* a cancelled one ends at once */
	bool complete_and_return;                 /* does both, which is wrong */
	NDIS_STATUS oid_status, initialize_status, reset_status;
	bool no_attributes, wrong_order;          /* in MiniportInitializeEx */
	bool mutate, no_deregister;               /* the table after it was given; at the unload */
	BOOLEAN addressing_reset;
	atomic_bool hangs;                        /* says so once */
	void (*in_initialize)(struct toy_adapter *a);
	void (*in_oid)(struct toy_adapter *a, NDIS_OID oid);
	atomic_uint cancels, resets, hang_checks;
	atomic_int power;                         /* the last OID_PNP_SET_POWER */
};
extern struct toy toy;

struct toy_filter {
	char name[8];                             /* "g1" ... */
	NDIS_HANDLE handle;
	unsigned oids, directs, direct_ends, direct_cancels, synchronous, synchronous_ends;
	PVOID context_seen;                       /* on a synchronous request's way back */
};

struct toy_filters {
	struct ndis_image *image;
	NDIS_HANDLE driver;
	struct toy_filter list[TOY_FILTERS];
	unsigned n;
	NDIS_STATUS synchronous_status;           /* of the module below */
	unsigned synchronous_stop;                /* that number, from 1; 0: none */
	bool partial;                             /* receives go past the modules */
	bool no_rss;                              /* they take RSS away when they restart */
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;   /* of the last FilterAttach; zero: none */
	NDIS_OFFLOAD offload;                     /* likewise */
	atomic_uint receives;
};
extern struct toy_filters toy_filters;

struct toy_protocol {
	unsigned number;
	struct ndis_image *image;
	NDIS_HANDLE driver, bind_context;
	_Atomic(NDIS_HANDLE) bindings[TOY_ADAPTERS];   /* NULL: none */
	atomic_uint binds, unbinds;
	unsigned pauses, restarts, ends, statuses;
	NDIS_STATUS end_status;                   /* of the last request that pended */
	atomic_uint ended;                        /* requests that pended, and their ends came */
	unsigned linger_us;                       /* in the call that tells an end */
	NET_DEVICE_POWER_STATE power;             /* the last NetEventSetPower */
	bool registering, bound_while_registering, refuse_medium, pend_bind;
	bool changes_mind;                        /* sets a packet filter, closes, fails the bind */
	NDIS_STATUS open_status;
	bool has_capabilities;                    /* of receive filters, at the last bind: */
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;
	bool has_offload;                         /* likewise */
	NDIS_OFFLOAD offload;
	bool has_rss;                             /* likewise */
	NDIS_RECEIVE_SCALE_CAPABILITIES rss;
	UCHAR minor;                              /* made for NDIS 6.'minor'; 0: 6.80 */
};
extern struct toy_protocol toy_protocols[TOY_PROTOCOLS];

/* Every default again, nothing loaded. Listens to the log. */
void toy_reset(void);

/* Loads the miniport; FALSE: it was refused ('toy.registered'). */
bool toy_load(void);
/* The next adapter; its error, 0: none. */
int toy_add(void);
void toy_filters_load(void);
void toy_filter_attach(struct toy_adapter *a);
/* 'by_hand': see ndis_image_options. */
void toy_protocol_load(struct toy_protocol *p, bool by_hand);
/* Removes and unloads whatever is there. */
void toy_unload(void);

/* Ends the request that 'a' keeps, from this thread. */
void toy_complete(struct toy_adapter *a, NDIS_STATUS status);

/* The same of a direct one. */
void toy_complete_direct(struct toy_adapter *a, NDIS_STATUS status);

/* Fills in a request. */
void toy_request(PNDIS_OID_REQUEST r, NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG n);
/* Asks in the name of a protocol's binding to adapter 0, and waits; the final status. */
NDIS_STATUS toy_ask(struct toy_protocol *p, PNDIS_OID_REQUEST r);
/* The three in one, for a query or a set. */
NDIS_STATUS toy_query(struct toy_protocol *p, NDIS_OID oid, void *buffer, ULONG n);
NDIS_STATUS toy_set(struct toy_protocol *p, NDIS_OID oid, void *buffer, ULONG n);

/* Begins to hear the log (toy_reset does), and ends it (toy_unload). */
void toy_listen(void);
void toy_listen_no_more(void);
/* Whether a line of the log, since toy_reset, has 'text' in it. */
bool toy_heard(const char *text);
/* How often. */
unsigned toy_heard_times(const char *text);

/* cmocka fixture for a test: one adapter, no filter, one protocol bound to it. */
int toy_setup(void **state);
int toy_teardown(void **state);

#endif
