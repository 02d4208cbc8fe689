/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of its task offloads, and who learns it from NDIS (P12, D12). */
#ifndef NDIS_TASK_OFFLOAD_H
#define NDIS_TASK_OFFLOAD_H

#include <ndis.h>

#include "ndis/object.h"

/*
 * Takes the attributes of a miniport that initializes. Connection offload, which Windows
 * itself has given up, is no part of them: its members are not looked at. Returns the fault
 * for which all of it is refused; NULL: none.
 */
const char *ndis_task_offload_take(struct ndis_adapter *adapter,
				   const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *attributes);

/* A copy of the configuration in force, as a driver of NDIS 6.'minor' knows it, for bind and
 * attach parameters. FALSE: the adapter has none. */
bool ndis_task_offload_copy(struct ndis_adapter *adapter, UCHAR minor, NDIS_OFFLOAD *to);

/* Whether 'oid' asks for one of the two; and the answer. 'binding' NULL: a filter's or a
 * program's. */
bool ndis_task_offload_is(NDIS_OID oid);
NDIS_STATUS ndis_task_offload_answer(struct ndis_adapter *adapter,
				     const struct ndis_binding *binding, PNDIS_OID_REQUEST request);

/* task_offload_oid.c. Whether 'oid' is one of the two that set offloads; */
bool ndis_task_offload_is_set(NDIS_OID oid);
/* a request for it before any layer sees it: '*forward' TRUE and SUCCESS: it goes down, and
 * what a restart shall find is written in the configuration (P13); else the final status; */
NDIS_STATUS ndis_task_offload_begin(struct ndis_adapter *adapter, PNDIS_OID_REQUEST request,
				    bool *forward);
/* and its end, for what later queries are answered with (P14). */
void ndis_task_offload_end(struct ndis_adapter *adapter, PNDIS_OID_REQUEST request,
			   NDIS_STATUS status);

/* What a status of the miniport changes: later answers repeat it. One that makes no sense is
 * logged and changes nothing. IRQL <= DISPATCH_LEVEL. */
void ndis_task_offload_status(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *status);

/* Whether the hardware filters for VM queues by the frame inside an encapsulated one (D12). */
bool ndis_task_offload_finds_inner(struct ndis_adapter *adapter);

#endif
