/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the program that plays Windows: loading drivers, adding and removing
 * adapters. All of it on the control thread, at PASSIVE_LEVEL.
 */
#ifndef NDIS_HOST_H
#define NDIS_HOST_H

#include <stdint.h>

#include <ndis.h>

#include "base/error.h"

/* One keyword of an adapter's configuration, as its INF file would set it. */
struct ndis_keyword {
	const char *name, *value;   /* name NULL: the end of a list */
};

/* Who gives memory that a device reaches by itself. PASSIVE_LEVEL, any thread. */
struct ndis_device_memory {
	/* 'length' bytes, whole pages of zeros, in one piece for the processor. NULL: there are
	 * none; who asked gets the process's own memory. */
	void *(*give)(size_t length);
	void (*take_back)(void *address);
};

/* From now on contiguous shared memory of this host's own is had from there; NULL, as at
 * first: from the process. Only while there is no adapter. 'from' outlives them. */
void ndis_device_memory_set(const struct ndis_device_memory *from);

struct ndis_image;
struct ndis_adapter;

struct ndis_image_options {
	const struct ndis_keyword *keywords;   /* of the driver itself; NULL: none. They outlive it */
	int bind_by_hand;                      /* its protocol binds where ndis_protocol_bind says,
						* instead of to every adapter */
};

/* Calls the driver's DriverEntry. Unless bound by hand, protocol drivers are bound to
 * every adapter that is there. 'options' may be NULL. -EIO: the driver refused, or
 * registered nothing; the status is in 'err'. */
int ndis_image_load(struct ndis_image **image, const char *name, DRIVER_INITIALIZE *entry,
		    const struct ndis_image_options *options, struct error *err);

/* Calls DriverUnload, if the driver has one. Its adapters must be gone; its filter
 * modules are detached and its bindings undone here. */
void ndis_image_unload(struct ndis_image *image);

/* What the driver registered. */
int ndis_image_is_miniport(const struct ndis_image *image);
int ndis_image_is_filter(const struct ndis_image *image);
int ndis_image_is_protocol(const struct ndis_image *image);
const char *ndis_image_name(const struct ndis_image *image);

/* Whether a file is open on a device that the driver made: it must not be unloaded. */
int ndis_image_is_open(struct ndis_image *image);

/*
 * Makes an adapter of a miniport driver: initializes it, and leaves it paused, with
 * nothing above it. 'keywords' must outlive the adapter. -EIO: the miniport failed
 * to initialize; nothing is left of it.
 */
int ndis_adapter_create(struct ndis_adapter **adapter, struct ndis_image *image, const char *name,
			const struct ndis_keyword *keywords, struct error *err);

/* Binds every protocol that is not bound by hand, and restarts the stack from the
 * bottom up (I14). -EIO: the miniport failed to restart; the adapter stays paused. */
int ndis_adapter_start(struct ndis_adapter *adapter, struct error *err);

/* Both; nothing is left of it when either fails. */
int ndis_adapter_add(struct ndis_adapter **adapter, struct ndis_image *image, const char *name,
		     const struct ndis_keyword *keywords, struct error *err);

/* Pauses the stack from the top down (I15): when it returns, every frame is back
 * where it belongs and no count moves any more. */
void ndis_adapter_pause(struct ndis_adapter *adapter);

/* Restarts a paused stack. -EIO: the status is in 'err'. */
int ndis_adapter_restart(struct ndis_adapter *adapter, struct error *err);

/* Resets the miniport (I39). -ENOTSUP: it has no MiniportResetEx. */
int ndis_adapter_reset(struct ndis_adapter *adapter, struct error *err);

/* To a low power state (0 to 3 for D0 to D3; 0 wakes it): pauses the stack and sends
 * OID_PNP_SET_POWER. -EIO: the miniport refused. */
int ndis_adapter_set_power(struct ndis_adapter *adapter, unsigned d_state, struct error *err);

/* The device is gone without a warning: the drivers are told, and the adapter stays
 * until it is removed. */
void ndis_adapter_surprise_remove(struct ndis_adapter *adapter);

/* The machine goes down: MiniportShutdownEx. After it nothing of the adapter is called
 * any more, not even by ndis_adapter_remove, which only frees NDIS's own memory. */
void ndis_adapter_shutdown(struct ndis_adapter *adapter);

/* Pauses the stack if it runs, unbinds the protocols, detaches the filters, halts the
 * miniport (I16). Returns how many things of the adapter's the drivers left behind
 * (shared memory, queues, filters); each is logged. */
unsigned ndis_adapter_remove(struct ndis_adapter *adapter);

/*
 * Attaches a filter driver on top of the filters that are there: the stack is paused
 * for it, and runs again afterwards if it ran. 'name' is the module's, for the calls
 * below; 'keywords' must outlive it. -EEXIST, -ENOSPC; -EIO: FilterAttach refused.
 */
int ndis_filter_attach(struct ndis_adapter *adapter, struct ndis_image *filter, const char *name,
		       const struct ndis_keyword *keywords, struct error *err);
/* -ENOENT: no module of that name. */
int ndis_filter_detach(struct ndis_adapter *adapter, const char *name, struct error *err);
/* Pauses one module, and all above and below it with it, until it is restarted. */
int ndis_filter_pause(struct ndis_adapter *adapter, const char *name, struct error *err);
int ndis_filter_restart(struct ndis_adapter *adapter, const char *name, struct error *err);

/* Binds a protocol driver that is bound by hand. -EEXIST; -EIO: it did not want to. */
int ndis_protocol_bind(struct ndis_adapter *adapter, struct ndis_image *protocol, struct error *err);
int ndis_protocol_unbind(struct ndis_adapter *adapter, struct ndis_image *protocol,
			 struct error *err);

/* The protocol is bound to all adapters that it is meant for: it hears
 * NetEventBindsComplete, the first time only. Whoever binds it calls this. */
void ndis_protocol_binds_complete(struct ndis_image *protocol);

/* A layer of an adapter's stack, for a person's table. */
struct ndis_layer_info {
	char name[64], driver[64];
	const char *kind;                /* "adapter", "filter module", "binding" */
	const char *state;               /* "RUNNING", "PAUSED" ... */
};

/* Fills 'list' with at most 'max' layers, from the miniport up, and returns how many
 * there are. Control thread. */
unsigned ndis_adapter_layers(struct ndis_adapter *adapter, struct ndis_layer_info *list,
			     unsigned max);

/* The adapter of that name, also a virtual one, which an intermediate driver makes and
 * takes away as it is bound and unbound below. NULL: there is none. Control thread. */
struct ndis_adapter *ndis_adapter_named(const char *name);

/*
 * A program's own OID requests, through NDIS and the filters. It may look at everything, but
 * queues, filters and multicast addresses are the protocols' to set: NDIS_STATUS_NOT_SUPPORTED.
 * 'written', 'needed' may be NULL. Returns the final status. PASSIVE_LEVEL; waits.
 */
NDIS_STATUS ndis_adapter_query(struct ndis_adapter *adapter, NDIS_OID oid, void *buffer,
			       unsigned length, unsigned *written, unsigned *needed);
NDIS_STATUS ndis_adapter_set(struct ndis_adapter *adapter, NDIS_OID oid, void *buffer,
			     unsigned length, unsigned *needed);

/* The same for a method whose answer is as long as the question, in the same buffer: of the
 * DCB component, which this host plays, for OID_QOS_PARAMETERS (O4). */
NDIS_STATUS ndis_adapter_method(struct ndis_adapter *adapter, NDIS_OID oid, void *buffer,
				unsigned length, unsigned *needed);

/* The miniport's own context, for a program that knows the driver. */
void *ndis_adapter_context(struct ndis_adapter *adapter);

/* Frames indicated while no binding ran; NDIS gave them back itself. Any thread. */
uint64_t ndis_adapter_unclaimed(const struct ndis_adapter *adapter);

/* Whether the miniport has asked to be removed (its device is gone). Any thread. */
int ndis_adapter_is_removed(const struct ndis_adapter *adapter);

/* What NDIS knows of one receive queue, for a person's table. */
struct ndis_queue_info {
	unsigned id, processor, filters;
	int state;                       /* enum vmq_queue_state */
	/* How long OID_RECEIVE_FILTER_FREE_QUEUE has waited for it so far, in milliseconds; 0: it
	 * is not being freed. It waits until every frame of the queue has been returned (G5). */
	unsigned freeing_ms;
	unsigned msix;                   /* the MSI-X table entry of its interrupt (C33) */
	char owner[64];                  /* the protocol that allocated it */
	char vm_name[128], queue_name[128];
};

/* Fills 'list' with at most 'max' queues, by id, and returns how many there are.
 * The default queue is not among them. */
unsigned ndis_adapter_queues(struct ndis_adapter *adapter, struct ndis_queue_info *list,
			     unsigned max);

/* The longest text of a refusal, with its end. */
#define NDIS_REFUSAL_TEXT 256

/*
 * Why the last OID_RECEIVE_FILTER_* that failed was refused: which field, what it was, what
 * it must be; or that it was the miniport which refused, and with which status. Of the
 * adapter, whoever asked; and of one binding, whose NDIS handle is given, for the driver
 * that has just been refused. Empty: none has failed yet. 'size' >= 1; a text that does
 * not fit is cut. Any thread, IRQL <= DISPATCH_LEVEL.
 */
void ndis_adapter_refusal(struct ndis_adapter *adapter, char *text, size_t size);
void ndis_binding_refusal(NDIS_HANDLE binding, char *text, size_t size);

#endif
