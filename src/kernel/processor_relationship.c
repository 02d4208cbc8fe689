/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processors belong together: every one is a core of its own, and all are one
 * package and one node. Of caches nothing is known: a processor is no CPU. */
#include "kernel/worker.h"

typedef SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX record_t;

#define GROUPS(n) ((n) * sizeof(GROUP_AFFINITY))

struct output {
	PUCHAR buffer;   /* NULL: only measure */
	size_t room, used;
};

/* Room for a record, zeroed, or NULL where there is none; the size counts anyway. */
static record_t *record(struct output *o, LOGICAL_PROCESSOR_RELATIONSHIP relation, size_t size)
{
	record_t *r = (record_t *)(o->buffer + o->used);

	o->used += size;
	if (!o->buffer || o->used > o->room)
		return NULL;
	memset(r, 0, size);
	r->Relationship = relation;
	r->Size = (ULONG)size;
	return r;
}

static void put_masks(PUCHAR to, USHORT groups)
{
	for (USHORT g = 0; g < groups; g++) {
		GROUP_AFFINITY a = { .Mask = KeQueryGroupAffinity(g), .Group = g };

		memcpy(to + GROUPS(g), &a, sizeof(a));
	}
}

static void put_core(struct output *o, const PROCESSOR_NUMBER *number)
{
	record_t *r = record(o, RelationProcessorCore,
			     offsetof(record_t, Processor.GroupMask) + GROUPS(1));

	if (!r)
		return;
	r->Processor.GroupCount = 1;
	r->Processor.GroupMask[0].Group = number->Group;
	r->Processor.GroupMask[0].Mask = AFFINITY_MASK(number->Number);
}

static void put_node(struct output *o, USHORT groups)
{
	size_t masks = offsetof(record_t, NumaNode.GroupMasks);
	record_t *r = record(o, RelationNumaNode, masks + GROUPS(groups));

	if (!r)
		return;
	r->NumaNode.GroupCount = groups;
	put_masks((PUCHAR)r + masks, groups);
}

static void put_package(struct output *o, USHORT groups)
{
	size_t masks = offsetof(record_t, Processor.GroupMask);
	record_t *r = record(o, RelationProcessorPackage, masks + GROUPS(groups));

	if (!r)
		return;
	r->Processor.GroupCount = groups;
	put_masks((PUCHAR)r + masks, groups);
}

static void put_groups(struct output *o, USHORT groups)
{
	size_t infos = offsetof(record_t, Group.GroupInfo);
	record_t *r = record(o, RelationGroup, infos + groups * sizeof(PROCESSOR_GROUP_INFO));

	if (!r)
		return;
	r->Group.MaximumGroupCount = groups;
	r->Group.ActiveGroupCount = groups;
	for (USHORT g = 0; g < groups; g++) {
		PROCESSOR_GROUP_INFO info = {
			.MaximumProcessorCount = (UCHAR)KeQueryMaximumProcessorCountEx(g),
			.ActiveProcessorCount = (UCHAR)KeQueryActiveProcessorCountEx(g),
			.ActiveProcessorMask = KeQueryGroupAffinity(g),
		};

		memcpy((PUCHAR)r + infos + g * sizeof(info), &info, sizeof(info));
	}
}

NTSTATUS KeQueryLogicalProcessorRelationship(PPROCESSOR_NUMBER ProcessorNumber,
					     LOGICAL_PROCESSOR_RELATIONSHIP RelationshipType,
					     PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX Information,
					     PULONG Length)
{
	struct output o = { .buffer = (PUCHAR)Information, .room = *Length };
	bool all = RelationshipType == RelationAll;
	USHORT groups = KeQueryActiveGroupCount();
	PROCESSOR_NUMBER number;

	if (ProcessorNumber &&
	    KeGetProcessorIndexFromNumber(ProcessorNumber) == INVALID_PROCESSOR_INDEX)
		return STATUS_INVALID_PARAMETER;
	if (!all && (ULONG)RelationshipType > RelationGroup)
		return STATUS_INVALID_PARAMETER;
	for (ULONG p = 0; (all || RelationshipType == RelationProcessorCore) &&
			  p < kernel_all_processors(); p++) {
		KeGetProcessorNumberFromIndex(p, &number);
		if (!ProcessorNumber || KeGetProcessorIndexFromNumber(ProcessorNumber) == p)
			put_core(&o, &number);
	}
	if (all || RelationshipType == RelationNumaNode)
		put_node(&o, groups);
	if (all || RelationshipType == RelationProcessorPackage)
		put_package(&o, groups);
	if (all || RelationshipType == RelationGroup)
		put_groups(&o, groups);
	*Length = (ULONG)o.used;
	return o.used > (Information ? o.room : 0) ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
}
