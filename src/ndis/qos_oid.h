/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of its quality of service, and who learns it from NDIS (O1 .. O5, O13). */
#ifndef NDIS_QOS_OID_H
#define NDIS_QOS_OID_H

#include <ndis.h>

#include "ndis/object.h"

/*
 * Takes the QoS capabilities of hardware assist attributes from a miniport that initializes.
 * Returns the fault for which all of it is refused; NULL: none. Neither is passed on at bind
 * or attach: who wants them asks.
 */
const char *ndis_qos_take(struct ndis_adapter *adapter,
			  const NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES *attributes);
/* The adapter goes. */
void ndis_qos_free(struct ndis_adapter *adapter);

/* Whether the OID is one of the five. */
bool ndis_qos_is(NDIS_OID oid);

/*
 * A request for one of them, before any layer sees it: '*forward' TRUE and SUCCESS: it goes
 * down, and the miniport may read all that its buffer says of itself. Else the final status.
 */
NDIS_STATUS ndis_qos_begin(struct ndis_adapter *adapter, PNDIS_OID_REQUEST request, bool *forward);

/* Keeps the parameters of an OPERATIONAL or REMOTE indication, which later queries repeat. One
 * that makes no sense is logged and changes nothing. IRQL <= DISPATCH_LEVEL. */
void ndis_qos_status(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *status);

#endif
