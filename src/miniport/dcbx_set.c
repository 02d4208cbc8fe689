/* SPDX-License-Identifier: BSD-2-Clause */
/* DCBX's parameters as NDIS has them, and back; and whose are in force (O15). */
#include "miniport/qos.h"

#include <stddef.h>
#include <string.h>

#include "miniport/dcbx.h"

/* ---- from the peer ---- */

static void set_classes(const struct dcbx_ets *ets, NDIS_QOS_PARAMETERS *p)
{
	p->Flags |= NDIS_QOS_PARAMETERS_ETS_CONFIGURED;
	memcpy(p->PriorityAssignmentTable, ets->of_priority, sizeof(ets->of_priority));
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++)
		if (ets->of_priority[i] >= p->NumTrafficClasses)
			p->NumTrafficClasses = ets->of_priority[i] + 1u;
	/* A class of no priority that has a share counts too. */
	for (unsigned c = p->NumTrafficClasses; c < VMQ_TRAFFIC_CLASSES; c++)
		if (ets->share[c])
			p->NumTrafficClasses = c + 1;
	memcpy(p->TcBandwidthAssignmentTable, ets->share, p->NumTrafficClasses);
	memcpy(p->TsaAssignmentTable, ets->tsa, p->NumTrafficClasses);
}

/* False: NDIS has no condition for it. */
static bool element_of(const struct dcbx_app *app, NDIS_QOS_CLASSIFICATION_ELEMENT *e)
{
	static const NDIS_QOS_CONDITION_TYPE conditions[8] = {
		[DCBX_SELECT_ETHERTYPE] = NDIS_QOS_CONDITION_ETHERTYPE,
		[DCBX_SELECT_TCP] = NDIS_QOS_CONDITION_TCP_PORT,
		[DCBX_SELECT_UDP] = NDIS_QOS_CONDITION_UDP_PORT,
		[DCBX_SELECT_TCP_OR_UDP] = NDIS_QOS_CONDITION_TCP_OR_UDP_PORT,
	};

	*e = (NDIS_QOS_CLASSIFICATION_ELEMENT){
		.Header = { NDIS_OBJECT_TYPE_QOS_CLASSIFICATION_ELEMENT,
			    NDIS_QOS_CLASSIFICATION_ELEMENT_REVISION_1,
			    NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1 },
		.ConditionSelector = conditions[app->selector & 7],
		.ConditionField = app->protocol,
		.ActionSelector = NDIS_QOS_ACTION_PRIORITY,
		.ActionField = app->priority,
	};
	if (app->selector == DCBX_SELECT_ETHERTYPE && !app->protocol)
		e->ConditionSelector = NDIS_QOS_CONDITION_DEFAULT;
	return e->ConditionSelector != NDIS_QOS_CONDITION_RESERVED;
}

/* DEFAULT, of which there is one at most, comes first (O14). */
static void set_elements(const struct dcbx_info *info, struct mp_qos_set *set)
{
	NDIS_QOS_CLASSIFICATION_ELEMENT e;
	ULONG n = 0;

	set->p.Flags |= NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED;
	for (unsigned i = 0; i < info->n_apps && !n; i++)
		if (element_of(&info->apps[i], &e) &&
		    e.ConditionSelector == NDIS_QOS_CONDITION_DEFAULT)
			set->elements[n++] = e;
	for (unsigned i = 0; i < info->n_apps; i++)
		if (element_of(&info->apps[i], &e) &&
		    e.ConditionSelector != NDIS_QOS_CONDITION_DEFAULT)
			set->elements[n++] = e;
	set->p.NumClassificationElements = n;
	if (!n)
		return;
	set->p.ClassificationElementSize = sizeof(set->elements[0]);
	set->p.FirstClassificationElementOffset = offsetof(struct mp_qos_set, elements);
}

void dcbx_to_set(const struct dcbx_info *info, struct mp_qos_set *set)
{
	mp_qos_empty(set);
	if (info->recommended.there)
		set_classes(&info->recommended, &set->p);
	else if (info->configured.there)
		set_classes(&info->configured, &set->p);
	if (info->pfc.there) {
		set->p.Flags |= NDIS_QOS_PARAMETERS_PFC_CONFIGURED;
		set->p.PfcEnable = info->pfc.enabled;
	}
	if (info->apps_there)
		set_elements(info, set);
}

/* ---- to the peer ---- */

static void ets_of(const NDIS_QOS_PARAMETERS *p, struct dcbx_ets *ets)
{
	ets->there = true;
	memcpy(ets->of_priority, p->PriorityAssignmentTable, sizeof(ets->of_priority));
	for (unsigned c = 0; c < p->NumTrafficClasses && c < VMQ_TRAFFIC_CLASSES; c++) {
		ets->share[c] = p->TcBandwidthAssignmentTable[c];
		ets->tsa[c] = p->TsaAssignmentTable[c];
	}
}

/* False: DCBX has no selector for it. */
static bool app_of(const NDIS_QOS_CLASSIFICATION_ELEMENT *e, struct dcbx_app *app)
{
	static const uint8_t selectors[NDIS_QOS_CONDITION_MAXIMUM] = {
		[NDIS_QOS_CONDITION_DEFAULT] = DCBX_SELECT_ETHERTYPE,
		[NDIS_QOS_CONDITION_ETHERTYPE] = DCBX_SELECT_ETHERTYPE,
		[NDIS_QOS_CONDITION_TCP_PORT] = DCBX_SELECT_TCP,
		[NDIS_QOS_CONDITION_UDP_PORT] = DCBX_SELECT_UDP,
		[NDIS_QOS_CONDITION_TCP_OR_UDP_PORT] = DCBX_SELECT_TCP_OR_UDP,
	};

	*app = (struct dcbx_app){ .priority = (uint8_t)e->ActionField,
				  .selector = selectors[e->ConditionSelector],
				  .protocol = e->ConditionField };
	return app->selector;
}

void dcbx_of_sets(const struct mp_qos_set *local, const struct mp_qos_set *operational,
		  struct dcbx_info *info)
{
	bool willing = local->p.Flags & NDIS_QOS_PARAMETERS_WILLING;
	const NDIS_QOS_PARAMETERS *p = &operational->p;

	memset(info, 0, sizeof(*info));
	ets_of(p, &info->configured);
	info->configured.willing = willing;
	if (local->p.Flags & NDIS_QOS_PARAMETERS_ETS_CONFIGURED)
		ets_of(&local->p, &info->recommended);
	info->pfc.there = true;
	info->pfc.willing = willing;
	info->pfc.enabled = (uint8_t)p->PfcEnable;
	for (unsigned i = 0; i < p->NumClassificationElements && info->n_apps < DCBX_APPS; i++)
		if (app_of(&operational->elements[i], &info->apps[info->n_apps]))
			info->n_apps++;
	info->apps_there = info->n_apps;
}

/* ---- whose is in force ---- */

/* Whether the adapter can obey that group of the peer's. */
static bool can_obey(const struct mp_qos_set *remote, ULONG group)
{
	struct mp_qos_set asked = *remote, copy;

	if (!(remote->p.Flags & group))
		return false;
	asked.p.Flags = group;
	return mp_qos_read(&asked, &copy) == NDIS_STATUS_SUCCESS;
}

void dcbx_follow(struct mp_qos_set *basis, const struct mp_qos_set *remote,
		 const struct dcbx_frame *peer, const uint8_t mac[6])
{
	bool lower = memcmp(mac, peer->source, sizeof(peer->source)) < 0;
	NDIS_QOS_PARAMETERS *p = &basis->p;

	if (!(p->Flags & NDIS_QOS_PARAMETERS_WILLING))
		return;
	if (can_obey(remote, NDIS_QOS_PARAMETERS_ETS_CONFIGURED)) {
		p->NumTrafficClasses = remote->p.NumTrafficClasses;
		memcpy(p->PriorityAssignmentTable, remote->p.PriorityAssignmentTable,
		       sizeof(p->PriorityAssignmentTable));
		memcpy(p->TcBandwidthAssignmentTable, remote->p.TcBandwidthAssignmentTable,
		       sizeof(p->TcBandwidthAssignmentTable));
		memcpy(p->TsaAssignmentTable, remote->p.TsaAssignmentTable,
		       sizeof(p->TsaAssignmentTable));
		p->Flags |= NDIS_QOS_PARAMETERS_ETS_CONFIGURED;
	}
	if (can_obey(remote, NDIS_QOS_PARAMETERS_PFC_CONFIGURED) &&
	    !(peer->info.pfc.willing && lower)) {
		p->PfcEnable = remote->p.PfcEnable;
		p->Flags |= NDIS_QOS_PARAMETERS_PFC_CONFIGURED;
	}
	if (can_obey(remote, NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED)) {
		p->NumClassificationElements = remote->p.NumClassificationElements;
		memcpy(basis->elements, remote->elements, sizeof(basis->elements));
		p->Flags |= NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED;
	}
}
