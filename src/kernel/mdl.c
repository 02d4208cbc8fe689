/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MDLs and pages. There is one address space: every buffer is mapped where it is,
 * stays in memory, and its physical address is its virtual one.
 */
#include <wdm.h>

#include <dlfcn.h>

#include "base/log.h"

#define MDL_TAG  0x206c644du   /* "Mdl " */
#define PAGE_TAG 0x6150644du   /* "MdPa" */

static void fill_pages(PMDL mdl)
{
	ULONG n = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), mdl->ByteCount);
	PPFN_NUMBER pages = MmGetMdlPfnArray(mdl);

	for (ULONG i = 0; i < n; i++)
		pages[i] = ((ULONG_PTR)mdl->StartVa >> PAGE_SHIFT) + i;
}

PMDL IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer,
		   BOOLEAN ChargeQuota, PIRP Irp)
{
	PMDL mdl = ExAllocatePoolZero(NonPagedPoolNx, MmSizeOfMdl(VirtualAddress, Length), MDL_TAG);
	PMDL *end;

	(void)ChargeQuota;
	if (!mdl)
		return NULL;
	MmInitializeMdl(mdl, VirtualAddress, Length);
	if (Irp) {
		for (end = &Irp->MdlAddress; SecondaryBuffer && *end; end = &(*end)->Next)
			;
		*end = mdl;
	}
	return mdl;
}

VOID IoFreeMdl(PMDL Mdl)
{
	ExFreePoolWithTag(Mdl, MDL_TAG);
}

VOID IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
	PCHAR start = MmGetMdlVirtualAddress(SourceMdl);
	ULONG_PTR skip = (ULONG_PTR)((PCHAR)VirtualAddress - start);
	PMDL next = TargetMdl->Next;

	if (!Length)
		Length = (ULONG)(SourceMdl->ByteCount - skip);
	if ((PCHAR)VirtualAddress < start || skip + Length > SourceMdl->ByteCount)
		log_error("IoBuildPartialMdl: %u bytes at %p are not within an MDL of %u bytes at %p",
			  Length, VirtualAddress, SourceMdl->ByteCount, (void *)start);
	MmInitializeMdl(TargetMdl, VirtualAddress, Length);
	TargetMdl->Next = next;
	TargetMdl->Process = SourceMdl->Process;
	TargetMdl->MdlFlags = (CSHORT)(MDL_PARTIAL | (SourceMdl->MdlFlags &
			      (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA |
			       MDL_IO_SPACE | MDL_IO_PAGE_READ)));
	/* The source may be mapped elsewhere than where its owner sees it. */
	TargetMdl->MappedSystemVa = TargetMdl->MdlFlags &
				    (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA) ?
				    (PCHAR)SourceMdl->MappedSystemVa + skip : NULL;
	fill_pages(TargetMdl);
}

VOID MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
	MemoryDescriptorList->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
	MemoryDescriptorList->Process = NULL;
	MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
	fill_pages(MemoryDescriptorList);
}

VOID MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
			 LOCK_OPERATION Operation)
{
	PVOID address = MmGetMdlVirtualAddress(MemoryDescriptorList);

	(void)AccessMode;
	if ((ULONG_PTR)address < PAGE_SIZE && MemoryDescriptorList->ByteCount) {
		log_error("MmProbeAndLockPages: %u bytes at %p are no memory",
			  MemoryDescriptorList->ByteCount, address);
		ExRaiseStatus(STATUS_ACCESS_VIOLATION);
	}
	MemoryDescriptorList->MdlFlags |= MDL_PAGES_LOCKED;
	if (Operation != IoReadAccess)
		MemoryDescriptorList->MdlFlags |= MDL_WRITE_OPERATION;
	fill_pages(MemoryDescriptorList);
}

VOID MmUnlockPages(PMDL MemoryDescriptorList)
{
	if (!(MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED))
		log_error("MmUnlockPages: the pages of MDL %p are not locked",
			  (void *)MemoryDescriptorList);
	MemoryDescriptorList->MdlFlags &= (CSHORT)~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION |
						    MDL_MAPPED_TO_SYSTEM_VA);
	MemoryDescriptorList->MappedSystemVa = NULL;
}

PVOID MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
				   MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
				   ULONG BugCheckOnFailure, ULONG Priority)
{
	PVOID address = MmGetMdlVirtualAddress(MemoryDescriptorList);

	(void)CacheType;
	(void)RequestedAddress;
	(void)BugCheckOnFailure;
	(void)Priority;
	if (AccessMode == KernelMode) {
		MemoryDescriptorList->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
		MemoryDescriptorList->MappedSystemVa = address;
	}
	return address;
}

VOID MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
	if (BaseAddress != MmGetMdlVirtualAddress(MemoryDescriptorList))
		log_error("MmUnmapLockedPages: MDL %p is not mapped at %p",
			  (void *)MemoryDescriptorList, BaseAddress);
	MemoryDescriptorList->MdlFlags &= (CSHORT)~MDL_MAPPED_TO_SYSTEM_VA;
	MemoryDescriptorList->MappedSystemVa = NULL;
}

PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
			     PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
			     MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
	SIZE_T bytes = ROUND_TO_PAGES(TotalBytes);
	PVOID pages;
	PMDL mdl;

	(void)LowAddress;
	(void)HighAddress;
	(void)SkipBytes;
	(void)CacheType;
	if (!TotalBytes || TotalBytes > MAXULONG - PAGE_SIZE)
		return NULL;
	pages = Flags & MM_DONT_ZERO_ALLOCATION ?
		ExAllocatePoolUninitialized(NonPagedPoolNx, bytes, PAGE_TAG) :
		ExAllocatePoolZero(NonPagedPoolNx, bytes, PAGE_TAG);
	if (!pages)
		return NULL;
	mdl = ExAllocatePoolZero(NonPagedPoolNx, MmSizeOfMdl(pages, bytes), MDL_TAG);
	if (!mdl) {
		ExFreePoolWithTag(pages, PAGE_TAG);
		return NULL;
	}
	MmInitializeMdl(mdl, pages, bytes);
	mdl->MdlFlags = MDL_PAGES_LOCKED;
	fill_pages(mdl);
	return mdl;
}

PMDL MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
			   PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes)
{
	return MmAllocatePagesForMdlEx(LowAddress, HighAddress, SkipBytes, TotalBytes, MmCached, 0);
}

VOID MmFreePagesFromMdl(PMDL MemoryDescriptorList)
{
	ExFreePoolWithTag(MemoryDescriptorList->StartVa, PAGE_TAG);
	MemoryDescriptorList->MdlFlags &= (CSHORT)~MDL_PAGES_LOCKED;
	MemoryDescriptorList->StartVa = NULL;
	MemoryDescriptorList->ByteCount = 0;
}

/* ---- addresses ---- */

PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress)
{
	PHYSICAL_ADDRESS address;

	address.QuadPart = (LONGLONG)(ULONG_PTR)BaseAddress;
	return address;
}

PVOID MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes,
		   MEMORY_CACHING_TYPE CacheType)
{
	(void)NumberOfBytes;
	(void)CacheType;
	return (PVOID)(ULONG_PTR)PhysicalAddress.QuadPart;
}

/* What is mapped where it is stays so. */
VOID MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
	(void)BaseAddress;
	(void)NumberOfBytes;
}

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
	char text[128];
	ANSI_STRING name = { 0, sizeof(text), text };

	if (RtlUnicodeStringToAnsiString(&name, SystemRoutineName, FALSE) != STATUS_SUCCESS)
		return NULL;
	return dlsym(RTLD_DEFAULT, text);
}

NTSTATUS MmIsVerifierEnabled(PULONG VerifierFlags)
{
	*VerifierFlags = 0;
	return STATUS_NOT_SUPPORTED;
}

/* ---- probes ---- */

static void probe(ULONG_PTR address, SIZE_T length, ULONG alignment)
{
	if (!length)
		return;
	if (alignment && (address & (alignment - 1)))
		ExRaiseDatatypeMisalignment();
	if (address + length < address)
		ExRaiseAccessViolation();
}

VOID ProbeForRead(const volatile VOID *Address, SIZE_T Length, ULONG Alignment)
{
	probe((ULONG_PTR)Address, Length, Alignment);
}

VOID ProbeForWrite(volatile VOID *Address, SIZE_T Length, ULONG Alignment)
{
	probe((ULONG_PTR)Address, Length, Alignment);
}
