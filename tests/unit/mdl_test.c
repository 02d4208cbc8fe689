/* SPDX-License-Identifier: BSD-2-Clause */
/* MDLs: built, mapped, taken in part, with pages of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <wdm.h>

#include "kernel/pool.h"

static char memory[3 * PAGE_SIZE];

static void an_mdl_describes_maps_and_counts_its_pages(void **state)
{
	char *start = memory + 100;
	PMDL mdl = IoAllocateMdl(start, PAGE_SIZE, FALSE, FALSE, NULL);
	ULONG pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(start, PAGE_SIZE);

	(void)state;
	assert_int_equal(MmGetMdlByteCount(mdl), PAGE_SIZE);
	assert_ptr_equal(MmGetMdlVirtualAddress(mdl), start);
	MmBuildMdlForNonPagedPool(mdl);
	assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), start);
	assert_int_equal(MmGetMdlPfnArray(mdl)[pages - 1],
			 (ULONG_PTR)(start + PAGE_SIZE - 1) >> PAGE_SHIFT);
	assert_int_equal(MmGetPhysicalAddress(start).QuadPart, (LONGLONG)(ULONG_PTR)start);
	IoFreeMdl(mdl);
}

static void locked_pages_are_mapped_on_demand(void **state)
{
	PMDL mdl = IoAllocateMdl(memory, 20, FALSE, FALSE, NULL);

	(void)state;
	MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
	assert_true(mdl->MdlFlags & MDL_PAGES_LOCKED);
	assert_false(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, HighPagePriority), memory);
	assert_true(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	MmUnmapLockedPages(memory, mdl);
	assert_false(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	MmUnlockPages(mdl);
	assert_int_equal(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_WRITE_OPERATION), 0);
	IoFreeMdl(mdl);
}

static void a_partial_mdl_covers_its_part_or_the_rest(void **state)
{
	PMDL whole = IoAllocateMdl(memory + 8, 5000, FALSE, FALSE, NULL);
	PMDL part = IoAllocateMdl(memory + 8, 5000, FALSE, FALSE, NULL);

	(void)state;
	MmBuildMdlForNonPagedPool(whole);
	IoBuildPartialMdl(whole, part, memory + 4200, 60);
	assert_int_equal(MmGetMdlByteCount(part), 60);
	assert_true(part->MdlFlags & MDL_PARTIAL);
	assert_ptr_equal(MmGetSystemAddressForMdlSafe(part, NormalPagePriority), memory + 4200);
	IoBuildPartialMdl(whole, part, memory + 1008, 0);
	assert_int_equal(MmGetMdlByteCount(part), 4000);
	IoFreeMdl(part);
	IoFreeMdl(whole);
}

static void an_irp_takes_the_first_mdl_and_the_others_behind_it(void **state)
{
	PIRP irp = IoAllocateIrp(1, FALSE);
	PMDL first = IoAllocateMdl(memory, 1, FALSE, FALSE, irp);
	PMDL second = IoAllocateMdl(memory, 2, TRUE, FALSE, irp);
	PMDL third = IoAllocateMdl(memory, 3, TRUE, FALSE, irp);

	(void)state;
	assert_ptr_equal(irp->MdlAddress, first);
	assert_ptr_equal(first->Next, second);
	assert_ptr_equal(second->Next, third);
	IoFreeMdl(third);
	IoFreeMdl(second);
	IoFreeMdl(first);
	IoFreeIrp(irp);
}

static void pages_for_an_mdl_are_zeroed_and_given_back(void **state)
{
	PHYSICAL_ADDRESS low = { .QuadPart = 0 }, high = { .QuadPart = -1 };
	PMDL mdl = MmAllocatePagesForMdlEx(low, high, low, PAGE_SIZE + 1, MmCached,
					   MM_ALLOCATE_FULLY_REQUIRED);
	PUCHAR p = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);

	(void)state;
	assert_int_equal(MmGetMdlByteCount(mdl), 2 * PAGE_SIZE);
	assert_int_equal((ULONG_PTR)p % PAGE_SIZE, 0);
	for (int i = 0; i < 2 * PAGE_SIZE; i++)
		assert_int_equal(p[i], 0);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	assert_null(MmAllocatePagesForMdl(low, high, low, 0));
	assert_int_equal(kernel_pool_report("the test", NULL, 0), 0);
}

static void system_routines_are_found_by_name(void **state)
{
	static const WCHAR known[] = u"memcpy", unknown[] = u"ExNoSuchRoutine";
	UNICODE_STRING name = RTL_CONSTANT_STRING(known), none = RTL_CONSTANT_STRING(unknown);
	ULONG flags = 1;

	(void)state;
	assert_non_null(MmGetSystemRoutineAddress(&name));
	assert_null(MmGetSystemRoutineAddress(&none));
	assert_int_equal(MmIsVerifierEnabled(&flags), STATUS_NOT_SUPPORTED);
	assert_int_equal(flags, 0);
	ProbeForRead(memory, sizeof(memory), 1);
	ProbeForWrite((PVOID)(ULONG_PTR)3, 0, 8);   /* nothing is probed of nothing */
}

static void a_try_runs_its_body_and_leaves(void **state)
{
	int done = 0;

	(void)state;
	__try {
		done = 1;
		if (done)
			__leave;
		done = 100;
	} __except (EXCEPTION_EXECUTE_HANDLER) {
		done = (int)GetExceptionCode();
	}
	assert_int_equal(done, 1);
	__try {
		switch (done) {
		case 1:
			__leave;
		default:
			done = 100;
		}
		done = 200;
	} __finally {
		done++;
	}
	assert_int_equal(done, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mdl_describes_maps_and_counts_its_pages),
		cmocka_unit_test(locked_pages_are_mapped_on_demand),
		cmocka_unit_test(a_partial_mdl_covers_its_part_or_the_rest),
		cmocka_unit_test(an_irp_takes_the_first_mdl_and_the_others_behind_it),
		cmocka_unit_test(pages_for_an_mdl_are_zeroed_and_given_back),
		cmocka_unit_test(system_routines_are_found_by_name),
		cmocka_unit_test(a_try_runs_its_body_and_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
