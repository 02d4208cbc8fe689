/* SPDX-License-Identifier: BSD-2-Clause */
/* The miniport's own state, for its two files. */
#ifndef VERIFIER_MINIPORT_H
#define VERIFIER_MINIPORT_H

#include "faulty.h"

struct list {
	PNET_BUFFER_LIST nbl;
	PMDL mdl;
	NET_BUFFER_SHARED_MEMORY memory;
	NET_BUFFER second;
};

struct miniport {
	NDIS_HANDLE driver, handle, pool, allocation, timer;
	NDIS_SHARED_MEMORY_PARAMETERS block;
	struct list lists[MINIPORT_LISTS];
	atomic_uint out;
	PNET_BUFFER_LIST kept;
	PNDIS_OID_REQUEST probe;
	atomic_bool completing;    /* another thread completes it, perhaps twice */
};

extern struct miniport miniport;

/* miniport_oid.c */
MINIPORT_OID_REQUEST miniport_oid_request;
MINIPORT_DIRECT_OID_REQUEST miniport_direct_oid_request;
MINIPORT_CANCEL_OID_REQUEST miniport_cancel_oid;

#endif
