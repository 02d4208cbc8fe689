/* SPDX-License-Identifier: BSD-2-Clause */
/* What the handles of this NDIS point at; for this room and for those who watch it. */
#ifndef NDIS_OBJECT_H
#define NDIS_OBJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <ndis.h>
#include <ovmq.h>

#include "base/counter.h"
#include "criteria/scale.h"
#include "kernel/kernel.h"
#include "ndis/edge.h"
#include "ndis/host.h"
#include "ndis/name.h"
#include "ndis/multicast.h"
#include "ndis/watch.h"

#define NDIS_MAX_BINDINGS 16   /* protocols on one adapter */
#define NDIS_MAX_FILTERS  16   /* filter modules on one adapter */
#define NDIS_MAX_DRIVERS  32
#define NDIS_MAX_ADAPTERS 32
#define NDIS_FRAME_TYPES  16   /* that one binding may ask for */

/* So many frames of the default queue may a binding hold where there are others; then it
 * gets copies (F25). */
#define NDIS_HELD_MARK    256

/* What a handle can be. X(NAME, what a person calls it) */
#define NDIS_OBJECT_KINDS(X) \
	X(MINIPORT_DRIVER, "miniport driver") \
	X(FILTER_DRIVER, "filter driver") \
	X(PROTOCOL_DRIVER, "protocol driver") \
	X(MINIPORT, "adapter") \
	X(FILTER, "filter module") \
	X(BINDING, "binding")

enum ndis_object_kind {
#define X(name, text) NDIS_OBJECT_##name,
	NDIS_OBJECT_KINDS(X)
#undef X
};

/* The head of every one of them: an NDIS_HANDLE that a driver gives can be asked
 * what it is. */
struct ndis_object {
	enum ndis_object_kind kind;
	struct ndis_image *image;             /* whose it is; NULL: not loaded by us */
	const struct ndis_keyword *keywords;  /* its configuration, NULL: none */
	char name[64];
};

const char *ndis_object_kind_name(enum ndis_object_kind kind);

/* States of an adapter (I11), a binding (I12) and a filter module (I13). DOWN is
 * Halted, Unbound, Detached; STARTING is Initializing, Opening, Attaching. */
#define NDIS_LAYER_STATES(X) \
	X(DOWN) X(STARTING) X(PAUSED) X(RESTARTING) X(RUNNING) X(PAUSING) X(CLOSING)

enum ndis_layer_state {
#define X(name) NDIS_##name,
	NDIS_LAYER_STATES(X)
#undef X
};

/* OIDs of one layer: one at a time (I25), the rest wait in order (oid.c). */
struct ndis_oid_line {
	pthread_mutex_t lock;
	PNDIS_OID_REQUEST current;                /* has its turn; NULL: nobody */
	PNDIS_OID_REQUEST first, last;            /* wait */
	unsigned called;                          /* turns asked for that have not begun */
	bool held;                                /* nobody gets a turn: the stack changes */
	unsigned long turn;                       /* how many there were, with the current one */
	bool ended;                               /* the current one's end is known already */
};

/* A miniport adapter, a filter module, a binding: whatever stands in a stack. */
struct ndis_layer {
	struct ndis_object object;                /* first */
	atomic_int state;                         /* enum ndis_layer_state; control writes */
	NDIS_HANDLE context;                      /* what its handlers are given */
	struct ndis_adapter *adapter;             /* whose stack it stands in */
	struct ndis_edges edges;
	struct ndis_oid_line oids;                /* what it is asked; not used by bindings */
	atomic_uint own;                          /* requests that it made and that have not ended */
	atomic_uint telling;                      /* calls under way that tell it of an end */
	atomic_uint direct;                       /* direct requests that it has */
	bool leaving;                             /* is asked nothing more; the stack's lock */
};

/* Changes a layer's state, and tells who watches. PnP lock. */
void ndis_layer_set_state(struct ndis_layer *layer, enum ndis_layer_state state);
void ndis_layer_init(struct ndis_layer *layer, enum ndis_object_kind kind, struct ndis_image *image,
		     const char *name);
void ndis_layer_destroy(struct ndis_layer *layer);

static inline int ndis_layer_state(const struct ndis_layer *layer)
{
	return atomic_load_explicit(&layer->state, memory_order_acquire);
}

/* The handle of NdisMRegisterMiniportDriver. */
struct ndis_miniport_driver {
	struct ndis_object object;
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS handlers;   /* copied at registration (I1) */
	NDIS_MINIPORT_PNP_CHARACTERISTICS pnp;           /* from MiniportSetOptions, or all NULL */
	NDIS_HANDLE context;                             /* MiniportDriverContext */
	NDIS_HANDLE bottom;                              /* NdisIMAssociateMiniport: its protocol */
};

/* The handle of NdisFRegisterFilterDriver. */
struct ndis_filter_driver {
	struct ndis_object object;
	NDIS_FILTER_DRIVER_CHARACTERISTICS handlers;
	NDIS_HANDLE context;                             /* FilterDriverContext */
};

/* The handle of NdisRegisterProtocolDriver. */
struct ndis_protocol_driver {
	struct ndis_object object;
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS handlers;
	NDIS_HANDLE context;                             /* ProtocolDriverContext */
	NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS memory;   /* handlers NULL: gives none (E7) */
	bool gone;                                       /* deregistered */
	bool told_complete;                              /* heard NetEventBindsComplete */
};

/* A driver that the host loaded; a DriverEntry may register several things. */
struct ndis_image {
	DRIVER_OBJECT object;                 /* first: the driver sees this */
	struct ndis_miniport_driver *miniport;
	struct ndis_filter_driver *filter;
	struct ndis_protocol_driver *protocol;
	struct ndis_image_options options;
	struct ndis_name registry;            /* RegistryPath */
	struct ndis_image *next;              /* registry_source.c */
	char name[64];
};

/* A filter driver on one adapter: the handle of FilterAttach. */
struct ndis_filter {
	struct ndis_layer layer;              /* first */
	struct ndis_filter_driver *driver;
	NDIS_FILTER_DRIVER_CHARACTERISTICS handlers;   /* its own copy: a module may change some (I9) */
	atomic_bool restart_wanted;           /* NdisFRestartFilter was called and not yet obeyed */
};

struct vmq_classifier;

/* One protocol bound to one adapter: the handle of NdisOpenAdapterEx. */
struct ndis_binding {
	struct ndis_layer layer;              /* first */
	struct ndis_protocol_driver *protocol;
	atomic_uint packet_filter;            /* what it asked for by OID_GEN_CURRENT_PACKET_FILTER */
	atomic_uint lookahead;                /* the same by OID_GEN_CURRENT_LOOKAHEAD; 0: nothing */
	struct ndis_multicast multicast;      /* the same by OID_802_3_MULTICAST_LIST */
	/* The frame types that it opened the adapter for (F34), as they stand in a frame when
	 * read as a number; none: it takes every type. */
	NET_FRAME_TYPE frame_types[NDIS_FRAME_TYPES];
	unsigned n_frame_types;
	atomic_uint held;                     /* frames of the default queue that it was given and
					       * has not returned, while it is not alone */
	/* Its filters of the default queue; control publishes, workers read; NULL: none. */
	_Atomic(struct vmq_classifier *) default_filters;
	atomic_uint cancels;                  /* NdisCancelSendNetBufferLists calls under way */
	atomic_bool opened;                   /* between NdisOpenAdapterEx and NdisCloseAdapterEx */
	char refusal[NDIS_REFUSAL_TEXT];      /* of its last VMQ OID that failed */
};

/* The bindings that take receives, as the data path sees them (fan_out.c). */
struct ndis_takers {
	atomic_uint version;                  /* odd while control writes */
	atomic_uint n;
	_Atomic(struct ndis_binding *) list[NDIS_MAX_BINDINGS];
};

/* Who may want copies of what is sent (loopback.c); the facts lock is over writing it. */
struct ndis_loopback {
	atomic_uint filter;                       /* all that any binding's packet filter asks for */
	atomic_bool others;                       /* somebody wants what others send (A39) */
	atomic_bool climbs;                       /* a filter module takes receives */
	/* The one binding, where it takes receives; NULL: there are several, or none. Control
	 * writes it with the edges. */
	_Atomic(struct ndis_binding *) alone;
};

struct ndis_copies;
struct ndis_receive_filters;
struct ndis_shared_block;
struct ndis_dma;
struct ndis_ports;
struct ndis_reset;

/* What filters may lower for those above them when they restart. */
struct ndis_offer {
	ULONG mtu, lookahead, data_backfill, context_backfill;
	bool no_rss;                              /* taken away, if there was any (N15) */
};

/* Receive side scaling (rss_oid.c). */
struct ndis_rss {
	bool present;                             /* the next is there */
	NDIS_RECEIVE_SCALE_CAPABILITIES capabilities;
	struct scale in_force;                    /* under facts_lock; whose turn it is writes */
	/* Of the set whose turn it is, among requests from above: */
	struct scale passing;                     /* what will be in force */
	PVOID own_buffer;                         /* the caller's, while another goes down; or NULL */
	ULONG own_length;
	UCHAR converted[SCALE_LARGEST];
};

/* Quality of service (qos_oid.c). */
struct ndis_qos {
	bool present;                             /* the two below are there */
	NDIS_QOS_CAPABILITIES hardware, current;
	/* As last indicated, without gaps; NULL: never. Under facts_lock. */
	void *operational, *remote;
	ULONG operational_length, remote_length;
};

/* What NdisMSetMiniportAttributes gave. */
struct ndis_attributes {
	bool registration, general, hardware_assist;
	ULONG flags;                              /* NDIS_MINIPORT_ATTRIBUTES_... */
	UINT check_for_hang_seconds;
	NDIS_MEDIUM medium;
	NDIS_PHYSICAL_MEDIUM physical_medium;
	UCHAR mac[6], permanent_mac[6];
	ULONG mac_options, packet_filters, max_multicast, statistics;
	struct ndis_offer offer;
	ULONG64 max_xmit_speed, max_rcv_speed, xmit_speed, rcv_speed;
	NET_IF_MEDIA_CONNECT_STATE link;
	NET_IF_MEDIA_DUPLEX_STATE duplex;
	NDIS_SUPPORTED_PAUSE_FUNCTIONS pause;
	ULONG negotiated;                         /* NDIS_LINK_STATE_..._AUTO_NEGOTIATED */
	NET_IF_ACCESS_TYPE access;
	NET_IF_DIRECTION_TYPE direction;
	NET_IF_CONNECTION_TYPE connection;
	NET_IFTYPE type;
	BOOLEAN connector_present;
	NDIS_OID *oids;                           /* OIDs it supports; ours to free */
	unsigned n_oids;
	NDIS_PNP_CAPABILITIES pnp;                /* wake-up as before 6.20; zero: none */
	bool offload;                             /* the two below are there; facts_lock */
	NDIS_OFFLOAD offload_config, offload_hardware;
	NDIS_OFFLOAD_ENCAPSULATION encapsulation; /* as last set; facts_lock */
	bool filtering;                           /* the two below are there */
	NDIS_RECEIVE_FILTER_CAPABILITIES hardware, current;
	struct ndis_rss rss;
	struct ndis_qos qos;
};

/* The requests of one adapter that have a time limit (oid_timeout.c). */
struct ndis_oid_timeouts {
	pthread_mutex_t lock;
	PNDIS_OID_REQUEST first;                  /* of all of them, in no order */
	KTIMER timer;                             /* set for the one that is due first */
	KDPC dpc;
};

/* The handle of a miniport adapter. */
struct ndis_adapter {
	struct ndis_layer layer;                          /* first */
	struct ndis_miniport_driver *driver;
	struct ndis_attributes attributes;
	struct ndis_offer offer;                          /* as the filters left it */
	pthread_mutex_t facts_lock;                       /* over the offer and the link's state */
	struct ndis_takers takers;
	_Atomic(struct ndis_layer *) top;                 /* what is right below the bindings */
	bool shared;                                      /* has had several bindings; PnP lock */
	struct ndis_copies *copies;                       /* since then; NULL: no memory */
	struct ndis_loopback loopback;
	NET_IFINDEX if_index;
	pthread_rwlock_t stack_lock;                      /* over the four below; readers: status */
	struct ndis_filter *modules[NDIS_MAX_FILTERS];        /* bottom first */
	unsigned n_modules;
	struct ndis_binding *bindings[NDIS_MAX_BINDINGS];
	unsigned n_bindings;
	struct ndis_oid_line requests;                    /* from above the stack, one at a time */
	struct ndis_oid_timeouts timeouts;
	struct ndis_receive_filters *filters;             /* NULL: no receive filtering */
	char refusal[NDIS_REFUSAL_TEXT];                  /* of the last VMQ OID that failed */
	struct ndis_ports *ports;
	struct ndis_reset *reset;
	pthread_mutex_t memory_lock;
	pthread_cond_t memory_asked;                      /* a provider has answered */
	struct ndis_shared_block *memory;                 /* shared blocks not yet freed */
	bool dma;                                         /* scatter-gather DMA registered (E2) */
	struct ndis_dma *registrations;                   /* these */
	atomic_bool dma_missed;                           /* that there is none was told */
	_Atomic uint64_t unclaimed;                       /* indicated while no binding ran */
	atomic_bool removed;                              /* NdisMRemoveMiniport was called */
	bool surprise;                                    /* how it ends; PnP lock */
	atomic_bool shut_down;                            /* nothing of the miniport is called */
	NDIS_HANDLE device_context;                       /* MiniportAddDeviceContext */
	bool virtual;                                     /* an intermediate driver made it */
	bool leaving;                                     /* is being removed; PnP lock */
	NDIS_HANDLE im_context;                           /* DeviceContext of its instance */
	/* A pause or restart that a driver pended: its status, and the wait for it. */
	pthread_mutex_t wait_lock;
	pthread_cond_t wait_done;
	bool waiting;
	NDIS_STATUS wait_status;
};

/* ---- between the files of this room ---- */

/* What a handle is called in a message, and what its configuration is. */
const char *ndis_handle_name(NDIS_HANDLE handle);
const struct ndis_keyword *ndis_handle_keywords(NDIS_HANDLE handle);

/* image.c: whose DriverEntry runs on this thread; NULL: nobody's. */
struct ndis_image *ndis_image_loading(void);

/* protocol_driver.c: registered protocols that are not gone, in order; how many. */
unsigned ndis_protocols(struct ndis_protocol_driver *list[NDIS_MAX_DRIVERS]);

/* ---- ports, events, power ---- */

/* port.c: the miniport activates port 0 itself, and nobody is bound before. */
void ndis_ports_control_default(struct ndis_ports *ports);
/* Whether traffic may use that port now. Any thread. */
bool ndis_port_is_active(const struct ndis_adapter *adapter, NDIS_PORT_NUMBER port);
struct ndis_ports *ndis_ports_create(void);
void ndis_ports_destroy(struct ndis_ports *ports);   /* accepts NULL */
PNDIS_PORT ndis_ports_active(struct ndis_ports *ports);   /* for bind parameters */
unsigned ndis_ports_left(struct ndis_ports *ports);       /* how many a miniport has still */

/* pnp_event.c: to one binding; from a layer up; from the top down to the miniport. */
NDIS_STATUS ndis_binding_event(struct ndis_binding *binding, PNET_PNP_EVENT_NOTIFICATION event);
NDIS_STATUS ndis_net_event(struct ndis_layer *from, PNET_PNP_EVENT_NOTIFICATION event);
void ndis_device_event(struct ndis_adapter *adapter, NDIS_DEVICE_PNP_EVENT event, PVOID buffer,
		       ULONG length);

/* reclaim.c: takes back what a closed binding left behind (G2). PnP lock. */
void ndis_reclaim(struct ndis_binding *binding);

/* shared_memory.c: a miniport halts; returns how many blocks it left behind. */
unsigned ndis_shared_memory_reap(struct ndis_adapter *adapter);
/* How many blocks of that queue there are. Any thread. */
unsigned ndis_shared_memory_of_queue(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID queue);
/* The length that was asked for of the block with that shared-memory handle; 0: there is
 * none. Any thread. */
ULONG ndis_shared_memory_length(struct ndis_adapter *adapter, NDIS_HANDLE handle);

/* scatter_gather.c: frees, and logs, the DMA registrations of a miniport that halted. */
void ndis_dma_reap(struct ndis_adapter *adapter);

/* interface.c: an adapter's LUID holds its index. */
NET_LUID ndis_luid_of(NET_IFINDEX index);

/* The NDIS version of the adapter's miniport, as 0x060014 for 6.20. */
static inline unsigned ndis_version(const struct ndis_adapter *a)
{
	return (unsigned)a->driver->handlers.MajorNdisVersion << 16 |
	       a->driver->handlers.MinorNdisVersion;
}

/* Which of the four revisions of what NDIS hands to a driver of 6.'minor' was made for it:
 * of 6.0, 6.1, 6.20, 6.30. Some drivers take no other. */
static inline unsigned ndis_revision_for(UCHAR minor)
{
	return minor >= 30 ? 4 : minor >= 20 ? 3 : minor >= 1 ? 2 : 1;
}

#define NDIS_VERSION(major, minor) ((unsigned)(major) << 16 | (minor))

#endif
