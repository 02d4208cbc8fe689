/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver finds as it loads: its key in the registry; and what it leaves: DMA
 * registrations; what no adapter of ours is: an extensible switch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/kernel.h"
#include "ndis/object.h"
#include "ndis/resource.h"

static const struct ndis_keyword keywords[] = {
	{ "Number", "0x10" }, { "Text", "10 MB" }, { "Parameters\\Depth", "7" }, { NULL, NULL },
};

/* ---- the registry ---- */

static UNICODE_STRING *wide(const char *text)
{
	static struct { UNICODE_STRING s; WCHAR room[100]; } names[4];
	static unsigned next;
	UNICODE_STRING *s = &names[next % 4].s;
	WCHAR *room = names[next++ % 4].room;
	USHORT n = (USHORT)strlen(text);

	for (USHORT i = 0; i < n; i++)
		room[i] = (unsigned char)text[i];
	*s = (UNICODE_STRING){ (USHORT)(n * 2), (USHORT)(n * 2), room };
	return s;
}

static HANDLE key;               /* opened in DriverEntry, used after */
static NTSTATUS opened, below, elsewhere;

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	OBJECT_ATTRIBUTES o;
	HANDLE sub;

	(void)driver;
	InitializeObjectAttributes(&o, path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
	opened = ZwOpenKey(&key, KEY_READ, &o);
	InitializeObjectAttributes(&o, wide("parameters"), OBJ_KERNEL_HANDLE, key, NULL);
	below = ZwOpenKey(&sub, KEY_READ, &o);
	if (below == STATUS_SUCCESS)
		ZwClose(sub);
	InitializeObjectAttributes(&o, wide("Linkage"), OBJ_KERNEL_HANDLE, key, NULL);
	elsewhere = ZwOpenKey(&sub, KEY_READ, &o);
	return STATUS_SUCCESS;
}

static KEY_VALUE_PARTIAL_INFORMATION *value(const char *name, NTSTATUS *status)
{
	static _Alignas(8) UCHAR room[100];
	ULONG needed;

	*status = ZwQueryValueKey(key, wide(name), KeyValuePartialInformation, room, sizeof(room),
				  &needed);
	return (PVOID)room;
}

static void a_driver_reads_its_keywords_by_its_registry_path(void **state)
{
	static const WCHAR text[] = { '1', '0', ' ', 'M', 'B', 0 };
	const struct ndis_image_options options = { .keywords = keywords };
	KEY_VALUE_PARTIAL_INFORMATION *v;
	struct ndis_image *image;
	struct error err;
	NTSTATUS status;

	(void)state;
	assert_int_equal(ndis_image_load(&image, "sample", entry, &options, &err), 0);
	assert_int_equal(opened, STATUS_SUCCESS);
	assert_int_equal(below, STATUS_SUCCESS);
	assert_int_equal(elsewhere, STATUS_OBJECT_NAME_NOT_FOUND);
	v = value("number", &status);
	assert_int_equal(status, STATUS_SUCCESS);
	assert_int_equal(v->Type, REG_DWORD);
	assert_int_equal(v->DataLength, 4);
	assert_int_equal(v->Data[0], 16);
	v = value("Text", &status);
	assert_int_equal(v->Type, REG_SZ);
	assert_int_equal(v->DataLength, sizeof(text));
	assert_memory_equal(v->Data, text, sizeof(text));
	value("Depth", &status);
	assert_int_equal(status, STATUS_OBJECT_NAME_NOT_FOUND);
	value("Parameters\\Depth", &status);
	ndis_image_unload(image);
	value("Number", &status);
	assert_int_equal(status, STATUS_OBJECT_NAME_NOT_FOUND);   /* gone with the driver */
	assert_int_equal(ZwClose(key), STATUS_SUCCESS);
}

/* ---- DMA ---- */

static struct ndis_adapter adapter = {
	.layer.object = { NDIS_OBJECT_MINIPORT, NULL, NULL, "nic0" },
	.memory_lock = PTHREAD_MUTEX_INITIALIZER,
};
static _Atomic(void *) given;
static atomic_bool came;

static VOID on_memory(NDIS_HANDLE context, PVOID address, PNDIS_PHYSICAL_ADDRESS physical,
		      ULONG length, PVOID asked_with)
{
	(void)context;
	if (length == 4096 && asked_with == &came && physical->QuadPart)
		atomic_store(&given, address);
	atomic_store(&came, true);
}

static NDIS_HANDLE register_dma(MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete)
{
	NDIS_SG_DMA_DESCRIPTION d = {
		.Header = { NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
			    NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1 },
		.SharedMemAllocateCompleteHandler = complete,
	};
	NDIS_HANDLE dma;

	assert_int_equal(NdisMRegisterScatterGatherDma(&adapter, &d, &dma), NDIS_STATUS_SUCCESS);
	return dma;
}

static void E2_memory_comes_later_by_the_registered_handler(void **state)
{
	NDIS_PHYSICAL_ADDRESS physical;
	NDIS_HANDLE dma = register_dma(on_memory);

	(void)state;
	assert_int_equal(NdisMAllocateSharedMemoryAsyncEx(dma, 4096, TRUE, &came), NDIS_STATUS_PENDING);
	for (int i = 0; i < 5000 && !atomic_load(&came); i++)
		usleep(1000);
	assert_non_null(atomic_load(&given));
	physical.QuadPart = (LONGLONG)(uintptr_t)atomic_load(&given);
	NdisMFreeSharedMemory(&adapter, 4096, TRUE, atomic_load(&given), physical);
	NdisMDeregisterScatterGatherDma(dma);
	assert_false(adapter.dma);
	/* Nothing is done with a registration that is gone. */
	assert_int_equal(NdisMAllocateSharedMemoryAsyncEx(dma, 4096, TRUE, NULL), NDIS_STATUS_FAILURE);
	NdisMDeregisterScatterGatherDma(dma);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
}

static void E2_registrations_that_a_miniport_left_are_told_and_freed(void **state)
{
	unsigned errors = log_errors();

	(void)state;
	register_dma(NULL);
	assert_int_equal(NdisMAllocateSharedMemoryAsyncEx(register_dma(NULL), 4096, TRUE, NULL),
			 NDIS_STATUS_FAILURE);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 2);
	ndis_dma_reap(&adapter);
	assert_int_equal(log_errors(), errors + 3);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
	assert_false(adapter.dma);
}

/* ---- no switch ---- */

static void an_adapter_is_no_extensible_switch(void **state)
{
	struct ndis_filter filter = { .layer.object = { NDIS_OBJECT_FILTER, NULL, NULL, "f" } };
	NDIS_SWITCH_OPTIONAL_HANDLERS handlers = {
		.Header = { NDIS_OBJECT_TYPE_SWITCH_OPTIONAL_HANDLERS,
			    NDIS_SWITCH_OPTIONAL_HANDLERS_REVISION_1,
			    NDIS_SIZEOF_SWITCH_OPTIONAL_HANDLERS_REVISION_1 } };
	NDIS_SWITCH_CONTEXT context = &filter;

	(void)state;
	assert_int_equal(NdisFGetOptionalSwitchHandlers(&filter, &context, &handlers),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_null(context);
}

static int up(void **state)
{
	struct kernel_config c = { .processors = 2, .workers = 1 };

	(void)state;
	return kernel_start(&c, NULL);
}

static int down(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_driver_reads_its_keywords_by_its_registry_path),
		cmocka_unit_test(E2_memory_comes_later_by_the_registered_handler),
		cmocka_unit_test(E2_registrations_that_a_miniport_left_are_told_and_freed),
		cmocka_unit_test(an_adapter_is_no_extensible_switch),
	};

	return cmocka_run_group_tests(tests, up, down);
}
