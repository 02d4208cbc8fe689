/* SPDX-License-Identifier: BSD-2-Clause */
/* What OID_QOS_PARAMETERS may ask. NDIS has looked at sizes and offsets (O13). */
#include "miniport/adapter.h"

#include <string.h>

#include "base/log.h"

#define RESERVED_PFC 0xffffff00u   /* X47 */

#define REFUSE(...) \
	(log_debug("miniport: QoS parameters: " __VA_ARGS__), NDIS_STATUS_INVALID_PARAMETER)

/* ---- classes (O6, O7, O8) ---- */

static NDIS_STATUS check_tables(const NDIS_QOS_PARAMETERS *p)
{
	unsigned ets = 0, percent = 0;

	if (p->NumTrafficClasses < 1 || p->NumTrafficClasses > MP_QOS_CLASSES)
		return REFUSE("%u classes, must be 1 to %u (O6)", (unsigned)p->NumTrafficClasses,
			      MP_QOS_CLASSES);
	for (unsigned i = 0; i < NDIS_QOS_MAXIMUM_PRIORITIES; i++)
		if (p->PriorityAssignmentTable[i] >= p->NumTrafficClasses)
			return REFUSE("priority %u has class %u of %u (O6)", i,
				      p->PriorityAssignmentTable[i], (unsigned)p->NumTrafficClasses);
	for (unsigned c = 0; c < p->NumTrafficClasses; c++) {
		unsigned share = p->TcBandwidthAssignmentTable[c];

		switch (p->TsaAssignmentTable[c]) {
		case NDIS_QOS_TSA_ETS:
			ets++;
			percent += share;
			break;
		case NDIS_QOS_TSA_STRICT:
			if (share)
				return REFUSE("class %u is strict and has %u percent (O8)", c, share);
			break;
		default:
			return REFUSE("class %u has algorithm %u, must be 0 or 2 (O7)", c,
				      p->TsaAssignmentTable[c]);
		}
	}
	if (ets > MP_QOS_ETS_CLASSES)
		return REFUSE("%u ETS classes, at most %u (O7)", ets, MP_QOS_ETS_CLASSES);
	if (percent != (ets ? 100 : 0))
		return REFUSE("the ETS classes have %u percent together, must be 100 (O8)", percent);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS check_pfc(const NDIS_QOS_PARAMETERS *p)
{
	unsigned n = (unsigned)__builtin_popcount(p->PfcEnable);

	if (p->PfcEnable & RESERVED_PFC)
		return REFUSE("PfcEnable is 0x%08x, bits 8 to 31 are reserved (O11)",
			      (unsigned)p->PfcEnable);
	if (n > MP_QOS_PFC_CLASSES)
		return REFUSE("PFC for %u priorities, at most %u (O11)", n, MP_QOS_PFC_CLASSES);
	return NDIS_STATUS_SUCCESS;
}

/* ---- classification (O14) ---- */

static NDIS_STATUS check_element(const NDIS_QOS_CLASSIFICATION_ELEMENT *e, unsigned i)
{
	if (e->Header.Type != NDIS_OBJECT_TYPE_QOS_CLASSIFICATION_ELEMENT || !e->Header.Revision ||
	    e->Header.Size < NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1)
		return REFUSE("element %u has a wrong header (O13)", i);
	if (e->ConditionSelector >= NDIS_QOS_CONDITION_MAXIMUM ||
	    e->ConditionSelector == NDIS_QOS_CONDITION_RESERVED)
		return REFUSE("element %u has condition %u, must be 1 to 6 (O14)", i,
			      e->ConditionSelector);
	if (e->ConditionSelector == NDIS_QOS_CONDITION_DEFAULT && (i || e->ConditionField))
		return REFUSE("element %u is DEFAULT, which is the first one, with field 0 (O14)", i);
	if (e->ActionSelector != NDIS_QOS_ACTION_PRIORITY ||
	    e->ActionField >= NDIS_QOS_MAXIMUM_PRIORITIES)
		return REFUSE("element %u has action %u, %u, must be 0 and a priority (O14)", i,
			      e->ActionSelector, e->ActionField);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS read_elements(const char *from, struct mp_qos_set *to)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	unsigned n = to->p.NumClassificationElements;

	if (n > MP_QOS_ELEMENTS)
		return REFUSE("%u classification elements, at most %u", n, MP_QOS_ELEMENTS);
	if (n)
		memcpy(to->elements, from + to->p.FirstClassificationElementOffset,
		       n * sizeof(to->elements[0]));
	for (unsigned i = 0; i < n && status == NDIS_STATUS_SUCCESS; i++)
		status = check_element(&to->elements[i], i);
	return status;
}

/* What a group without its CONFIGURED flag says does not count (O15). */
NDIS_STATUS mp_qos_read(const void *buffer, struct mp_qos_set *to)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	memset(to, 0, sizeof(*to));
	memcpy(&to->p, buffer, sizeof(to->p));
	if (to->p.Flags & NDIS_QOS_PARAMETERS_ETS_CONFIGURED)
		status = check_tables(&to->p);
	if (status == NDIS_STATUS_SUCCESS && (to->p.Flags & NDIS_QOS_PARAMETERS_PFC_CONFIGURED))
		status = check_pfc(&to->p);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (!(to->p.Flags & NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED))
		to->p.NumClassificationElements = 0;
	return read_elements(buffer, to);
}
