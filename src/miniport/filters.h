/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive filters, and what lets frames pass that none of them takes. */
#ifndef MINIPORT_FILTERS_H
#define MINIPORT_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "miniport/settings.h"
#include "vmq/classifier.h"

struct mp_adapter;

/*
 * The fields that a receive filter may test. NDIS numbers field n of a MAC header n and its
 * capability bit n - 1. X(as NDIS calls it, as vmq does, the NDIS version that brought it)
 */
#define MP_FILTER_FIELDS(X)                                    \
	X(DestinationAddress, DESTINATION, MP_NDIS_620)        \
	X(SourceAddress,      SOURCE,      MP_NDIS_620)        \
	X(Protocol,           PROTOCOL,    MP_NDIS_620)        \
	X(VlanId,             VLAN_ID,     MP_NDIS_620)        \
	X(Priority,           PRIORITY,    MP_NDIS_620)        \
	X(PacketType,         PACKET_TYPE, MP_NDIS_630)

#define MP_FILTERS_MAX   4096
#define MP_MULTICAST_MAX 256

/* Multicast addresses, in ascending order; each in bits 0 .. 47, its first byte highest. */
struct mp_multicast {
	unsigned n;
	uint64_t list[];
};

/* filters.c, likewise. */
/* SupportedFilterTests and SupportedMacHeaderFields of the hardware, for a miniport of
 * that NDIS version. */
ULONG mp_filter_tests(void);
ULONG mp_filter_fields(unsigned ndis_version);
/* Makes the classifier anew of the filters of the queues that run. */
NDIS_STATUS mp_filters_publish(struct mp_adapter *a);
NDIS_STATUS mp_filter_set(struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p);
NDIS_STATUS mp_filter_clear(struct mp_adapter *a, unsigned queue, ULONG id,
			    PNDIS_OID_REQUEST request);
void mp_filters_destroy(struct mp_adapter *a);

/* filter_read.c */
/* Takes the tests of a well-formed request apart; '*to' is freed by criteria_free(). A
 * status that is no success is the request's, and why it is one was logged. */
NDIS_STATUS mp_criteria_read(const struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p,
			     struct vmq_criteria *to);

/* multicast.c */
/* Takes 'length' bytes of addresses for the whole list. Control. */
NDIS_STATUS mp_multicast_set(struct mp_adapter *a, const UCHAR *addresses, UINT length);
void mp_multicast_destroy(struct mp_adapter *a);
/* Whether the address is listed. Worker. */
bool mp_multicast_has(const struct mp_adapter *a, const uint8_t *address);

#endif
