/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A filter driver for tests: it passes everything on as a filter should, by clones where
 * that is the rule, counts what passes, writes the steps of its life into the trace,
 * and does wrong what a test wants.
 */
#ifndef CONTRACT_SIEVE_H
#define CONTRACT_SIEVE_H

#include "trace.h"
#include "ndis/host.h"

#define SIEVE_MODULES 4

/* One module, named "f1", "f2" ... in order of attaching. */
struct sieve_module {
	char name[4];
	NDIS_HANDLE handle;                 /* NULL: not attached */
	atomic_uint sends, completes, receives, returns;   /* NBLs */
	atomic_uint oids, oid_completes, statuses, events, device_events, cancels;
	atomic_uint inside;                 /* receives that are above and not yet back */
	PNET_BUFFER_LIST kept;              /* of keep_sends */
	atomic_bool paused;
	ULONG mtu;                          /* as it was told at its last restart */
};

struct sieve {
	struct ndis_image *image;
	struct sieve_module modules[SIEVE_MODULES];
	unsigned n;                         /* modules ever attached since the load */
	/* What a test wants: */
	NDIS_STATUS attach_status, restart_status;
	ULONG flags;                        /* NDIS_FILTER_DRIVER_... */
	bool bypass;                        /* no data handlers */
	bool only_receives;                 /* data handlers for receives alone */
	ULONG drop_send_flags;              /* are not repeated on the way down */
	bool trace_data;                    /* sends and completions are steps in the trace */
	bool no_completion;                 /* no handler for completions */
	bool no_cancel;                     /* none for cancels */
	bool keep_sends;                    /* what is sent waits for sieve_let_go() or a cancel (A61) */
	bool clone_sends;                   /* a clone goes on in the place of each list (A64) */
	bool pend;                          /* FilterPause and FilterRestart end later */
	bool keep_receives;                 /* received NBLs go back at once */
	bool lend_receives;                 /* they are only lent to whoever is above, then go back */
	bool drop_status;                   /* statuses are not passed on */
	bool veto;                          /* no more VM queues, and no more filters (D41) */
	ULONG lower_mtu;                    /* given on at a restart; 0: as it is */
};

extern struct sieve sieve;

void sieve_load(void);
void sieve_unload(void);

/* Attaches the next module to 'adapter'; its name, "f1" first. Fails the test if it
 * does not attach. */
const char *sieve_attach(struct ndis_adapter *adapter);

/* Sends on what the module kept. */
void sieve_let_go(struct sieve_module *m);

/* A request of module 'm' itself, waited for; its final status. */
NDIS_STATUS sieve_ask(struct sieve_module *m, NDIS_OID oid, void *buffer, ULONG length);

#endif
