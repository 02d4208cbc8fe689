/* SPDX-License-Identifier: BSD-2-Clause */
/* Scatter/gather lists: where the bytes of a frame lie, for a device. */
#include "nbl_testing.h"

#include "ndis/object.h"

static struct ndis_adapter adapter;
static NDIS_HANDLE dma, buffers;
static ULONG recommended;
static PSCATTER_GATHER_LIST given;
static unsigned calls;

static VOID process(PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
	(void)device;
	(void)reserved;
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	assert_ptr_equal(context, &calls);
	given = list;
	calls++;
}

static NDIS_SG_DMA_DESCRIPTION description(void)
{
	return (NDIS_SG_DMA_DESCRIPTION){
		.Header = { NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
			    NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1 },
		.MaximumPhysicalMapping = 9014,
		.ProcessSGListHandler = process,
	};
}

static int setup(void **state)
{
	NDIS_SG_DMA_DESCRIPTION d = description();

	(void)state;
	buffers = buffer_pool(0);
	assert_int_equal(NdisMRegisterScatterGatherDma(&adapter, &d, &dma), NDIS_STATUS_SUCCESS);
	recommended = d.ScatterGatherListSize;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	NdisMDeregisterScatterGatherDma(dma);
	assert_false(adapter.dma);
	NdisFreeNetBufferPool(buffers);
	return 0;
}

static void e2_registration_is_what_shared_memory_asks_for(void **state)
{
	NDIS_SG_DMA_DESCRIPTION d = description();
	NDIS_HANDLE none = &d;

	(void)state;
	assert_true(adapter.dma);
	assert_true(recommended >= sizeof(SCATTER_GATHER_LIST) + 4 * sizeof(SCATTER_GATHER_ELEMENT));
	d.Header.Revision = 9;
	log_capture();
	assert_int_equal(NdisMRegisterScatterGatherDma(&adapter, &d, &none), NDIS_STATUS_BAD_VERSION);
	assert_logged("revision 9");
	assert_null(none);
}

static void assert_elements(const SCATTER_GATHER_LIST *list, const MDL *mdl, ULONG length)
{
	ULONG i = 0;

	for (; length; mdl = mdl->Next) {
		ULONG n = mdl->ByteCount < length ? mdl->ByteCount : length;

		if (!n)
			continue;
		assert_int_equal(list->Elements[i].Address.QuadPart, (uintptr_t)mdl->MappedSystemVa);
		assert_int_equal(list->Elements[i].Length, n);
		length -= n;
		i++;
	}
	assert_int_equal(list->NumberOfElements, i);
}

static void a_frame_s_list_begins_with_its_current_mdl(void **state)
{
	ULONG lengths[] = { 3, 6, 0, 20 };
	PMDL chain = chain_make(lengths, 4, 0);
	PNET_BUFFER nb = NdisAllocateNetBuffer(buffers, chain, 5, 14);
	PSCATTER_GATHER_LIST mine = malloc(recommended);
	KIRQL old;

	(void)state;
	calls = 0;
	assert_int_equal(NdisMAllocateNetBufferSGList(dma, nb, &calls, NDIS_SG_LIST_WRITE_TO_DEVICE,
						      mine, recommended), NDIS_STATUS_SUCCESS);
	assert_int_equal(calls, 1);
	assert_ptr_equal(given, mine);
	/* From the MDL's start: 2 bytes in front of the data, then the data. */
	assert_elements(given, chain->Next, 2 + 14);
	assert_int_equal(given->NumberOfElements, 2);
	NdisMFreeNetBufferSGList(dma, given, nb);
	assert_int_equal(mine->NumberOfElements, 0);
	/* Too small, or none: NDIS's own. */
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	NdisMAllocateNetBufferSGList(dma, nb, &calls, 0, mine, sizeof(*mine) + 24);
	KeLowerIrql(old);
	assert_ptr_not_equal(given, mine);
	assert_elements(given, chain->Next, 2 + 14);
	NdisMFreeNetBufferSGList(dma, given, nb);
	NdisMAllocateNetBufferSGList(dma, nb, &calls, 0, NULL, 0);
	NdisMFreeNetBufferSGList(dma, given, nb);
	assert_int_equal(calls, 3);
	free(mine);
	NdisFreeNetBuffer(nb);
	chain_free(chain);
}

static void a_list_is_built_over_any_part_of_a_chain(void **state)
{
	ULONG lengths[] = { 8, 8 };
	PMDL chain = chain_make(lengths, 2, 0);
	UCHAR room[200] __attribute__((aligned(16)));
	NDIS_SCATTER_GATHER_LIST_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 },
		.Mdl = chain,
		.CurrentVa = (PUCHAR)MmGetMdlVirtualAddress(chain) + 5,
		.Length = 6,
		.ProcessSGListHandler = process,
		.Context = &calls,
	};

	(void)state;
	calls = 0;
	assert_int_equal(NdisBuildScatterGatherList(&adapter, &p), NDIS_STATUS_BUFFER_TOO_SHORT);
	assert_int_equal(p.ScatterGatherListBufferSizeNeeded,
			 sizeof(SCATTER_GATHER_LIST) + 2 * sizeof(SCATTER_GATHER_ELEMENT));
	assert_int_equal(calls, 0);
	p.ScatterGatherListBuffer = (PSCATTER_GATHER_LIST)(void *)room;
	p.ScatterGatherListBufferSize = p.ScatterGatherListBufferSizeNeeded;
	assert_int_equal(NdisBuildScatterGatherList(&adapter, &p), NDIS_STATUS_SUCCESS);
	assert_int_equal(calls, 1);
	assert_int_equal(given->NumberOfElements, 2);
	assert_int_equal(given->Elements[0].Address.QuadPart, (uintptr_t)p.CurrentVa);
	assert_int_equal(given->Elements[0].Length, 3);
	assert_int_equal(given->Elements[1].Length, 3);
	NdisFreeScatterGatherList(&adapter, given, FALSE);
	assert_int_equal(given->NumberOfElements, 0);
	p.CurrentVa = (PUCHAR)MmGetMdlVirtualAddress(chain) - 1;
	log_capture();
	assert_int_equal(NdisBuildScatterGatherList(&adapter, &p), NDIS_STATUS_INVALID_PARAMETER);
	assert_logged("lies outside its MDL");
	chain_free(chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(e2_registration_is_what_shared_memory_asks_for),
		cmocka_unit_test(a_frame_s_list_begins_with_its_current_mdl),
		cmocka_unit_test(a_list_is_built_over_any_part_of_a_chain),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
