/* SPDX-License-Identifier: BSD-2-Clause */
/* How processors are counted and numbered: dense indices, 64 to a group, one node. */
#include "kernel/worker.h"

#define GROUP_SIZE 64u

static ULONG count_of(USHORT group)
{
	ULONG all = kernel_all_processors(), below = group * GROUP_SIZE;

	if (group == ALL_PROCESSOR_GROUPS)
		return all;
	if (below >= all)
		return 0;
	return all - below < GROUP_SIZE ? all - below : GROUP_SIZE;
}

ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
	ULONG index = OvmqCurrentProcessor();

	if (ProcNumber)
		KeGetProcessorNumberFromIndex(index, ProcNumber);
	return index;
}

ULONG KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber)
{
	if (ProcNumber->Reserved || ProcNumber->Number >= count_of(ProcNumber->Group) ||
	    ProcNumber->Group == ALL_PROCESSOR_GROUPS)
		return INVALID_PROCESSOR_INDEX;
	return ProcNumber->Group * GROUP_SIZE + ProcNumber->Number;
}

NTSTATUS KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber)
{
	if (ProcIndex >= kernel_all_processors())
		return STATUS_INVALID_PARAMETER;
	*ProcNumber = (PROCESSOR_NUMBER){
		.Group = (USHORT)(ProcIndex / GROUP_SIZE),
		.Number = (UCHAR)(ProcIndex % GROUP_SIZE),
	};
	return STATUS_SUCCESS;
}

ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
	return count_of(GroupNumber);
}

ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
	return count_of(GroupNumber);
}

/* The two of before there were groups see group 0. */
ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
	if (ActiveProcessors)
		*ActiveProcessors = KeQueryActiveProcessors();
	return count_of(0);
}

ULONG KeQueryMaximumProcessorCount(VOID)
{
	return count_of(0);
}

USHORT KeQueryActiveGroupCount(VOID)
{
	return (USHORT)((kernel_all_processors() + GROUP_SIZE - 1) / GROUP_SIZE);
}

USHORT KeQueryMaximumGroupCount(VOID)
{
	return KeQueryActiveGroupCount();
}

KAFFINITY KeQueryGroupAffinity(USHORT GroupNumber)
{
	ULONG n = GroupNumber == ALL_PROCESSOR_GROUPS ? 0 : count_of(GroupNumber);

	return n ? ~(KAFFINITY)0 >> (GROUP_SIZE - n) : 0;
}

KAFFINITY KeQueryActiveProcessors(VOID)
{
	return KeQueryGroupAffinity(0);
}

USHORT KeGetCurrentNodeNumber(VOID)
{
	return 0;
}

USHORT KeQueryHighestNodeNumber(VOID)
{
	return 0;
}
