/* SPDX-License-Identifier: BSD-2-Clause */
#include "miniport/adapter.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "miniport/dcbx.h"

#define CONFIGURED (NDIS_QOS_PARAMETERS_ETS_CONFIGURED | NDIS_QOS_PARAMETERS_PFC_CONFIGURED | \
		    NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED)

/* What DCB is about: none of it there without *QOS 1. */
struct mp_qos_dcb {
	NDIS_MUTEX mutex;                    /* of all: OIDs set, DCBX has news, somebody looks */
	struct mp_qos_set local, operational;
	struct mp_qos_set remote;            /* as it was last indicated; at first a header alone */
	bool resolved;                       /* 'operational' was indicated */
	uint8_t owner[VMQ_TRAFFIC_CLASSES];  /* the traffic class of each class of the sends */
};

NDIS_QOS_CAPABILITIES mp_qos_hardware_capabilities(const struct mp_adapter *a)
{
	return (NDIS_QOS_CAPABILITIES){
		.Header = { NDIS_OBJECT_TYPE_QOS_CAPABILITIES, NDIS_QOS_CAPABILITIES_REVISION_1,
			    NDIS_SIZEOF_QOS_CAPABILITIES_REVISION_1 },
		.Flags = NDIS_QOS_CAPABILITIES_STRICT_TSA_SUPPORTED |
			 (a->settings.dcbx ? NDIS_QOS_CAPABILITIES_IEEE_DCBX_SUPPORTED : 0),
		.MaxNumTrafficClasses = MP_QOS_CLASSES,
		.MaxNumEtsCapableTrafficClasses = MP_QOS_ETS_CLASSES,
		.MaxNumPfcEnabledTrafficClasses = MP_QOS_PFC_CLASSES,
	};
}

/* ---- the operational parameters (O15, O16) ---- */

void mp_qos_empty(struct mp_qos_set *set)
{
	memset(set, 0, sizeof(*set));
	set->p.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_QOS_PARAMETERS,
					      NDIS_QOS_PARAMETERS_REVISION_1,
					      NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1 };
}

/* Of each group what was asked; without its CONFIGURED flag it is off. 'basis': the local
 * parameters, but what a willing adapter leaves to its peer. */
static void resolve(const struct mp_qos_set *basis, struct mp_qos_set *to)
{
	const NDIS_QOS_PARAMETERS *p = &basis->p;

	mp_qos_empty(to);
	to->p.NumTrafficClasses = 1;
	if (p->Flags & NDIS_QOS_PARAMETERS_ETS_CONFIGURED) {
		to->p.NumTrafficClasses = p->NumTrafficClasses;
		memcpy(to->p.PriorityAssignmentTable, p->PriorityAssignmentTable,
		       sizeof(p->PriorityAssignmentTable));
		memcpy(to->p.TcBandwidthAssignmentTable, p->TcBandwidthAssignmentTable,
		       p->NumTrafficClasses);
		memcpy(to->p.TsaAssignmentTable, p->TsaAssignmentTable, p->NumTrafficClasses);
	}
	if (p->Flags & NDIS_QOS_PARAMETERS_PFC_CONFIGURED)
		to->p.PfcEnable = p->PfcEnable;
	to->p.NumClassificationElements = p->NumClassificationElements;
	if (!p->NumClassificationElements)
		return;
	to->p.ClassificationElementSize = sizeof(to->elements[0]);
	to->p.FirstClassificationElementOffset = offsetof(struct mp_qos_set, elements);
	for (unsigned i = 0; i < p->NumClassificationElements; i++) {
		to->elements[i] = basis->elements[i];
		to->elements[i].Flags &= ~(ULONG)NDIS_QOS_CLASSIFICATION_SET_BY_MINIPORT_MASK;
	}
}

/* The CHANGED flags of what differs. */
static ULONG changes(const struct mp_qos_set *a, const struct mp_qos_set *b)
{
	ULONG flags = 0;

	if (a->p.NumTrafficClasses != b->p.NumTrafficClasses ||
	    memcmp(a->p.PriorityAssignmentTable, b->p.PriorityAssignmentTable, 8) ||
	    memcmp(a->p.TcBandwidthAssignmentTable, b->p.TcBandwidthAssignmentTable, 8) ||
	    memcmp(a->p.TsaAssignmentTable, b->p.TsaAssignmentTable, 8))
		flags |= NDIS_QOS_PARAMETERS_ETS_CHANGED;
	if (a->p.PfcEnable != b->p.PfcEnable)
		flags |= NDIS_QOS_PARAMETERS_PFC_CHANGED;
	if (a->p.NumClassificationElements != b->p.NumClassificationElements ||
	    memcmp(a->elements, b->elements, sizeof(a->elements)))
		flags |= NDIS_QOS_PARAMETERS_CLASSIFICATION_CHANGED;
	return flags;
}

static void indicate(struct mp_adapter *a, NDIS_STATUS code, struct mp_qos_set *set)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle,
		.StatusCode = code,
		.StatusBuffer = set,
		.StatusBufferSize = (ULONG)(offsetof(struct mp_qos_set, elements) +
					    set->p.NumClassificationElements *
						    sizeof(set->elements[0])),
	};

	NdisMIndicateStatusEx(a->handle, &s);
}

/* Takes the one peer's parameters, if there is one, and tells of them if they are new; false:
 * there is none to follow. */
static bool take_remote(struct mp_adapter *a, struct dcbx_frame *peer)
{
	struct mp_qos_dcb *d = a->qos.dcb;
	bool one = mp_dcbx_peer(a, peer);
	struct mp_qos_set now;
	ULONG changed;

	if (one)
		dcbx_to_set(&peer->info, &now);
	else
		mp_qos_empty(&now);
	changed = changes(&d->remote, &now);
	/* The groups that there are may change, and their values not. */
	if (!changed && (d->remote.p.Flags & CONFIGURED) == now.p.Flags)
		return one;
	d->remote = now;
	d->remote.p.Flags |= changed;
	indicate(a, NDIS_STATUS_QOS_REMOTE_PARAMETERS_CHANGE, &d->remote);
	return one;
}

/* Puts into force what follows from the local parameters and the peer's, and tells of it if
 * it is new. Under the mutex. */
static void resolve_anew(struct mp_adapter *a)
{
	struct mp_qos_dcb *d = a->qos.dcb;
	struct mp_qos_set basis = d->local, now;
	struct vmq_traffic_rules rules;
	struct dcbx_frame peer;
	ULONG changed;

	if (take_remote(a, &peer))
		dcbx_follow(&basis, &d->remote, &peer, a->mac);
	resolve(&basis, &now);
	changed = changes(&d->operational, &now);
	if (d->resolved && !changed)
		return;
	d->operational = now;
	d->operational.p.Flags = CONFIGURED | changed;
	d->resolved = true;
	mp_qos_classes(&now.p, &rules, d->owner);
	mp_tx_classes_set(a, &rules);
	mp_pfc_enable(a, (uint8_t)now.p.PfcEnable);
	indicate(a, NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE, &d->operational);
}

static void resolve_and_speak(struct mp_adapter *a)
{
	struct mp_qos_dcb *d = a->qos.dcb;
	struct dcbx_info info;

	resolve_anew(a);
	dcbx_of_sets(&d->local, &d->operational, &info);
	mp_dcbx_speak(a, &info);
}

void mp_qos_look(struct mp_adapter *a)
{
	NDIS_WAIT_FOR_MUTEX(&a->qos.dcb->mutex);
	resolve_and_speak(a);
	NDIS_RELEASE_MUTEX(&a->qos.dcb->mutex);
}

NDIS_STATUS mp_qos_set(struct mp_adapter *a, const void *buffer)
{
	struct mp_qos_set *set;
	NDIS_STATUS status;

	if (!a->qos.dcb)
		return NDIS_STATUS_NOT_SUPPORTED;
	set = malloc(sizeof(*set));
	if (!set)
		return NDIS_STATUS_RESOURCES;
	status = mp_qos_read(buffer, set);
	if (status == NDIS_STATUS_SUCCESS) {
		NDIS_WAIT_FOR_MUTEX(&a->qos.dcb->mutex);
		a->qos.dcb->local = *set;
		resolve_and_speak(a);
		NDIS_RELEASE_MUTEX(&a->qos.dcb->mutex);
	}
	free(set);
	return status;
}

/* ---- an adapter's beginning and end ---- */

static void use_priorities(struct mp_adapter *a)
{
	struct vmq_traffic_rules rules;

	vmq_traffic_rules_802_1p(&rules);
	mp_tx_classes_set(a, &rules);
}

NDIS_STATUS mp_qos_create(struct mp_adapter *a)
{
	NDIS_STATUS status;

	if (a->settings.qos != MP_QOS_ON) {
		if (a->settings.tag_mask & MP_TAG_PRIORITY)
			use_priorities(a);   /* O19 */
		return NDIS_STATUS_SUCCESS;
	}
	status = mp_pfc_create(a);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	a->qos.dcb = calloc(1, sizeof(*a->qos.dcb));
	if (!a->qos.dcb)
		return NDIS_STATUS_RESOURCES;
	NDIS_INIT_MUTEX(&a->qos.dcb->mutex);
	mp_qos_empty(&a->qos.dcb->remote);
	resolve_anew(a);
	return mp_dcbx_create(a);
}

void mp_qos_destroy(struct mp_adapter *a)
{
	mp_dcbx_destroy(a);
	mp_pfc_destroy(a);
	free(a->qos.dcb);
	a->qos.dcb = NULL;
}

/* ---- what is shown ---- */

static bool is_used(const NDIS_QOS_PARAMETERS *p, unsigned traffic_class)
{
	return traffic_class < p->NumTrafficClasses;
}

/* Under the mutex, if there is one. */
static bool class_report(const struct mp_adapter *a, unsigned cls, struct miniport_class_report *r)
{
	const struct mp_qos_dcb *d = a->qos.dcb;

	memset(r, 0, sizeof(*r));
	if (cls >= VMQ_TRAFFIC_CLASSES || (d && !is_used(&d->operational.p, cls)) ||
	    (!d && !(a->settings.tag_mask & MP_TAG_PRIORITY)))
		return false;
	r->dcb = d != NULL;
	if (!d) {
		r->priorities = (uint8_t)(1u << cls);
		mp_tx_class_sent(a, cls, &r->sent, &r->bytes);
		return true;
	}
	r->ets = d->operational.p.TsaAssignmentTable[cls] == NDIS_QOS_TSA_ETS;
	r->share = d->operational.p.TcBandwidthAssignmentTable[cls];
	r->pfc = (uint8_t)d->operational.p.PfcEnable;
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++)
		if (d->operational.p.PriorityAssignmentTable[i] == cls)
			r->priorities |= (uint8_t)(1u << i);
	for (unsigned i = 0; i < VMQ_TRAFFIC_CLASSES; i++) {
		uint64_t frames, bytes;

		if (d->owner[i] != cls)
			continue;
		mp_tx_class_sent(a, i, &frames, &bytes);
		r->sent += frames;
		r->bytes += bytes;
	}
	r->pfc &= r->priorities;
	return true;
}

bool miniport_class_report(const void *context, unsigned cls, struct miniport_class_report *r)
{
	const struct mp_adapter *a = context;
	struct mp_qos_dcb *d = a->qos.dcb;
	bool there;

	if (d)
		NDIS_WAIT_FOR_MUTEX(&d->mutex);
	there = class_report(a, cls, r);
	if (d)
		NDIS_RELEASE_MUTEX(&d->mutex);
	return there;
}
