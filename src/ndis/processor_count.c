/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors and their groups, as the kernel counts them. */
#include "ndis/object.h"

ULONG NdisSystemProcessorCount(VOID)
{
	NDIS_CALLED(NULL);
	return KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS);
}

ULONG NdisSystemActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
	return KeQueryActiveProcessorCount(ActiveProcessors);
}

ULONG NdisGroupActiveProcessorCount(USHORT Group)
{
	return KeQueryActiveProcessorCountEx(Group);
}

KAFFINITY NdisGroupActiveProcessorMask(USHORT Group)
{
	return KeQueryGroupAffinity(Group);
}

ULONG NdisGroupMaxProcessorCount(USHORT Group)
{
	return KeQueryMaximumProcessorCountEx(Group);
}

USHORT NdisActiveGroupCount(VOID)
{
	return KeQueryActiveGroupCount();
}

USHORT NdisMaxGroupCount(VOID)
{
	return KeQueryMaximumGroupCount();
}

ULONG NdisCurrentProcessorIndex(VOID)
{
	return KeGetCurrentProcessorNumberEx(NULL);
}

PROCESSOR_NUMBER NdisCurrentGroupAndProcessor(VOID)
{
	PROCESSOR_NUMBER number = { 0 };

	KeGetCurrentProcessorNumberEx(&number);
	return number;
}

ULONG NdisProcessorNumberToIndex(PROCESSOR_NUMBER ProcNum)
{
	return KeGetProcessorIndexFromNumber(&ProcNum);
}
