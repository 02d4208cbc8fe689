/* SPDX-License-Identifier: BSD-2-Clause */
/* What miniports say of their receive filters, once while they initialize and again
 * whenever it changes (H.1). */
#include "ndis/receive_filter_cache.h"

#include <string.h>

#include "base/log.h"

/* What capabilities that show VM queues must show besides; without it no queue works. */
static const char *fault_of(const NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	if (c->SupportedQueueProperties & (NDIS_RECEIVE_FILTER_IMPLAT_MIN_OF_QUEUES_MODE |
					   NDIS_RECEIVE_FILTER_IMPLAT_SUM_OF_QUEUES_MODE))
		return "IMPLAT flags are for LBFO filters (H6)";
	if (!(c->SupportedFilterTests & NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED) ||
	    !(c->SupportedHeaders & NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED) ||
	    !(c->SupportedMacHeaderFields & NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED))
		return "VM queues without the equal test on the destination MAC (H7)";
	if (c->NumQueues > UINT16_MAX)
		return "more queues than 16-bit ids (B9)";
	return NULL;
}

/* Miniports that run show less than H6 and H8 demand: that is told and does no harm. */
static void tell_lacks(const struct ndis_adapter *a, const NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	static const struct { ULONG bit; unsigned version; const char *name; } wanted[] = {
		{ NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED, NDIS_VERSION(6, 20), "MSI_X" },
		{ NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED,
		  NDIS_VERSION(6, 30), "DYNAMIC_PROCESSOR_AFFINITY_CHANGE" },
	};
	const char *name = a->layer.object.name;

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (ndis_version(a) >= wanted[i].version &&
		    !(c->SupportedQueueProperties & wanted[i].bit))
			log_warning("adapter %s: its VM queues come without NDIS_RECEIVE_FILTER_%s_"
				    "SUPPORTED, which NDIS 6.%u demands (H6)", name, wanted[i].name,
				    wanted[i].version & 0xffff);
	if (c->MaxMacHeaderFilters < c->NumQueues)
		log_warning("adapter %s: MaxMacHeaderFilters is %u, should be at least NumQueues, %u "
			    "(H8)", name, (unsigned)c->MaxMacHeaderFilters, (unsigned)c->NumQueues);
}

/* 6.30 miniports that still show the split of 6.20: it never happens, and is not passed
 * on; nor is what is reserved, or a limit of what is not supported (E20, H9). */
static void leave_out(const struct ndis_adapter *a, NDIS_RECEIVE_FILTER_CAPABILITIES *c, bool tell)
{
	const ULONG split = NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;

	c->NdisReserved = 0;
	if (!(c->SupportedQueueProperties &
	      NDIS_RECEIVE_FILTER_PACKET_COALESCING_SUPPORTED_ON_DEFAULT_QUEUE) &&
	    !(c->EnabledFilterTypes & NDIS_RECEIVE_FILTER_PACKET_COALESCING_FILTERS_ENABLED))
		c->MaxPacketCoalescingFilters = c->MaxFieldTestsPerPacketCoalescingFilter = 0;
	if (!(c->SupportedQueueProperties & split) && !c->MinLookaheadSplitSize &&
	    !c->MaxLookaheadSplitSize)
		return;
	if (tell)
		log_warning("adapter %s: lookahead split ended with NDIS 6.20; what its 6.30 "
			    "miniport says of it is left out (E20, H9)", a->layer.object.name);
	c->SupportedQueueProperties &= ~split;
	c->MinLookaheadSplitSize = c->MaxLookaheadSplitSize = 0;
}

const char *ndis_receive_filter_capabilities_take(const struct ndis_adapter *a,
						  NDIS_RECEIVE_FILTER_CAPABILITIES *to,
						  const NDIS_RECEIVE_FILTER_CAPABILITIES *from,
						  bool tell)
{
	size_t n = from->Header.Size < sizeof(*to) ? from->Header.Size : sizeof(*to);
	const char *fault;

	if (n < NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1)
		return "receive filter capabilities whose Header.Size is less than revision 1 has";
	memset(to, 0, sizeof(*to));
	memcpy(to, from, n);
	if (!(to->SupportedQueueProperties & NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED))
		return NULL;
	fault = fault_of(to);
	if (fault)
		return fault;
	if (tell)
		tell_lacks(a, to);
	if (ndis_version(a) >= NDIS_VERSION(6, 30))
		leave_out(a, to, tell);
	return NULL;
}

void ndis_receive_filter_capabilities_copy(struct ndis_adapter *a,
					   NDIS_RECEIVE_FILTER_CAPABILITIES *to)
{
	struct ndis_receive_filters *f = a->filters;

	if (f)
		pthread_mutex_lock(&f->lock);
	*to = a->attributes.current;
	if (f)
		pthread_mutex_unlock(&f->lock);
}
