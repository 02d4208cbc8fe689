/* SPDX-License-Identifier: BSD-2-Clause */
/* What an NDIS_RECEIVE_FILTER_PARAMETERS asks, and whether this adapter filters so. */
#include "miniport/adapter.h"

#include <errno.h>

#include "base/log.h"
#include "criteria/criteria.h"

/* One refused request. X13: NDIS checked most of this before, and both of us do. */
#define REFUSE(p, fmt, ...)                                                              \
	(log_debug("miniport: filter of queue %u: " fmt, (unsigned)(p)->QueueId, __VA_ARGS__), \
	 NDIS_STATUS_INVALID_PARAMETER)

ULONG mp_filter_tests(void)
{
	return NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED |
	       NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_MASK_EQUAL_SUPPORTED |
	       NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_NOT_EQUAL_SUPPORTED;
}

ULONG mp_filter_fields(unsigned ndis_version)
{
	ULONG fields = 0;

#define X(ndis, vmq, version) \
	if (ndis_version >= (version)) \
		fields |= 1u << VMQ_FIELD_##vmq;
	MP_FILTER_FIELDS(X)
#undef X
	return fields;
}

/* Whether this version, and the keywords, let a filter make these tests (D11, D22). */
static NDIS_STATUS check_fields(const struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p,
				const struct vmq_criteria *c)
{
	ULONG fields = mp_filter_fields(a->ndis_version);

	if (!a->settings.vlan_filtering)   /* D22 */
		fields &= ~(ULONG)NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED;
	for (unsigned i = 0; i < c->n_tests; i++)
		if (!(fields >> c->tests[i].field & 1))
			return REFUSE(p, "field %u is none that it tests",
				      (unsigned)c->tests[i].field + 1);
	return NDIS_STATUS_SUCCESS;
}

/* Whether the VLAN part of a filter is one that this version takes. */
static NDIS_STATUS check_vlan(const struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p,
			      const struct vmq_criteria *c)
{
	bool vlan = false;

	for (unsigned i = 0; i < c->n_tests; i++)
		vlan |= c->tests[i].field == VMQ_FIELD_VLAN_ID;
	if (vlan && c->untagged_or_zero)   /* D14 */
		return REFUSE(p, "UNTAGGED_OR_ZERO beside %s", "a test of the VLAN id");
	if (vlan || c->untagged_or_zero)
		return NDIS_STATUS_SUCCESS;
	if (a->ndis_version < MP_NDIS_630)
		return REFUSE(p, "no VLAN test and no UNTAGGED_OR_ZERO, %s", "which 6.20 needs");
	if (a->settings.mac_only_refused)   /* X9: the other lawful answer */
		return REFUSE(p, "no VLAN test and no UNTAGGED_OR_ZERO, and %s is 1",
			      "RefuseMacOnly");
	return NDIS_STATUS_SUCCESS;        /* D16 */
}

NDIS_STATUS mp_criteria_read(const struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p,
			     struct vmq_criteria *to)
{
	struct error err = { "" };
	NDIS_STATUS status;
	int rc;

	if (p->FilterType != NdisReceiveFilterTypeVMQueue || p->QueueId > a->n_queues)
		return REFUSE(p, "type %u, %u queues", (unsigned)p->FilterType, a->settings.queues);
	rc = criteria_read(p, to, &err);
	if (rc == -ENOMEM)
		return NDIS_STATUS_RESOURCES;
	if (rc)
		return REFUSE(p, "%s", err.text);
	if (to->inner && !a->settings.encapsulation)   /* D12 */
		status = REFUSE(p, "PACKET_ENCAPSULATION, and %s is off",
				"*EncapsulatedPacketTaskOffload");
	else
		status = check_fields(a, p, to);
	if (status == NDIS_STATUS_SUCCESS)
		status = check_vlan(a, p, to);
	if (status != NDIS_STATUS_SUCCESS)
		criteria_free(to);
	return status;
}
