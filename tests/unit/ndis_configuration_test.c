/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration: keywords as a driver reads them, and what it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/log.h"
#include "ndis/object.h"
#include "ndis/resource.h"

static const struct ndis_keyword keywords[] = {
	{ "*VMQ", "1" }, { "Mask", "ff" }, { "Prefixed", "0x10" }, { "Minus", "-1" },
	{ "Big", "4294967296" }, { "Name", "two words" }, { "Names", "one,two" },
	{ "Bytes", "00 1f-A0:ff" }, { "Odd", "123" }, { "NetworkAddress", "02-00-00-00-00-07" },
	{ "Rings\\Tx\\Size", "512" }, { "Rings\\Rx\\Size", "1024" }, { "rings\\tx\\Burst", "32" },
	{ "Queues\\Count", "4" }, { NULL, NULL },
};

static struct ndis_adapter adapter = {
	.layer.object = { NDIS_OBJECT_MINIPORT, NULL, keywords, "nic0" },
};
static struct ndis_adapter bare = { .layer.object = { NDIS_OBJECT_MINIPORT, NULL, NULL, "nic1" } };

/* A counted string of an ASCII one; the last 32 live. */
static PNDIS_STRING wide(const char *text)
{
	static struct { NDIS_STRING s; WCHAR room[300]; } names[32];
	static unsigned next;
	PNDIS_STRING s = &names[next % 32].s;
	WCHAR *room = names[next++ % 32].room;
	USHORT n = (USHORT)strlen(text);

	for (USHORT i = 0; i < n; i++)
		room[i] = (unsigned char)text[i];
	*s = (NDIS_STRING){ (USHORT)(n * 2), (USHORT)(n * 2), room };
	return s;
}

static NDIS_HANDLE open_of(NDIS_HANDLE owner)
{
	NDIS_CONFIGURATION_OBJECT o = {
		.Header = { NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT, NDIS_CONFIGURATION_OBJECT_REVISION_1,
			    NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 },
		.NdisHandle = owner,
	};
	NDIS_HANDLE c;

	assert_int_equal(NdisOpenConfigurationEx(&o, &c), NDIS_STATUS_SUCCESS);
	return c;
}

static NDIS_STATUS read_as(NDIS_HANDLE c, const char *name, NDIS_PARAMETER_TYPE type,
			   PNDIS_CONFIGURATION_PARAMETER *p)
{
	NDIS_STATUS status;

	NdisReadConfiguration(&status, p, c, wide(name), type);
	assert_true((status == NDIS_STATUS_SUCCESS) == (*p != NULL));
	return status;
}

static ULONG number(NDIS_HANDLE c, const char *name, NDIS_PARAMETER_TYPE type)
{
	PNDIS_CONFIGURATION_PARAMETER p;

	assert_int_equal(read_as(c, name, type, &p), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ParameterType, NdisParameterInteger);
	return p->ParameterData.IntegerData;
}

static void H15_integers_are_decimal_or_hexadecimal(void **state)
{
	NDIS_HANDLE c = open_of(&adapter);
	PNDIS_CONFIGURATION_PARAMETER p;

	(void)state;
	assert_int_equal(number(c, "*VMQ", NdisParameterInteger), 1);
	assert_int_equal(number(c, "*vmq", NdisParameterInteger), 1);
	assert_int_equal(number(c, "Mask", NdisParameterHexInteger), 0xff);
	assert_int_equal(number(c, "Prefixed", NdisParameterInteger), 0x10);
	assert_int_equal(number(c, "Minus", NdisParameterInteger), ~0u);
	assert_int_equal(read_as(c, "Mask", NdisParameterInteger, &p), NDIS_STATUS_FAILURE);
	assert_int_equal(read_as(c, "Big", NdisParameterInteger, &p), NDIS_STATUS_FAILURE);
	assert_int_equal(read_as(c, "*RSS", NdisParameterInteger, &p), NDIS_STATUS_FAILURE);
	assert_int_equal(read_as(c, "*VMQ", (NDIS_PARAMETER_TYPE)9, &p), NDIS_STATUS_FAILURE);
	NdisCloseConfiguration(c);
}

static void strings_and_bytes_are_what_the_text_says(void **state)
{
	static const UCHAR bytes[] = { 0x00, 0x1f, 0xa0, 0xff };
	static const WCHAR names[] = { 'o', 'n', 'e', 0, 't', 'w', 'o', 0, 0 };
	NDIS_HANDLE c = open_of(&adapter);
	PNDIS_CONFIGURATION_PARAMETER p;

	(void)state;
	assert_int_equal(read_as(c, "Name", NdisParameterString, &p), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ParameterData.StringData.Length, 18);
	assert_memory_equal(p->ParameterData.StringData.Buffer, wide("two words")->Buffer, 18);
	assert_int_equal(p->ParameterData.StringData.Buffer[9], 0);
	assert_int_equal(read_as(c, "Names", NdisParameterMultiString, &p), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ParameterData.StringData.Length, sizeof(names));
	assert_memory_equal(p->ParameterData.StringData.Buffer, names, sizeof(names));
	assert_int_equal(read_as(c, "Bytes", NdisParameterBinary, &p), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ParameterData.BinaryData.Length, sizeof(bytes));
	assert_memory_equal(p->ParameterData.BinaryData.Buffer, bytes, sizeof(bytes));
	assert_int_equal(read_as(c, "Odd", NdisParameterBinary, &p), NDIS_STATUS_FAILURE);
	NdisCloseConfiguration(c);
}

static void what_nobody_sets_is_predefined(void **state)
{
	NDIS_HANDLE c = open_of(&bare);

	(void)state;
	assert_int_equal(number(c, "Environment", NdisParameterInteger), NdisEnvironmentWindowsNt);
	assert_int_equal(number(c, "ProcessorType", NdisParameterInteger), NdisProcessorAmd64);
	assert_int_equal(number(c, "NdisVersion", NdisParameterHexInteger), NdisGetVersion());
	NdisCloseConfiguration(c);
}

static NDIS_STATUS write(NDIS_HANDLE c, const char *name, NDIS_CONFIGURATION_PARAMETER p)
{
	NDIS_STATUS status;

	NdisWriteConfiguration(&status, c, wide(name), &p);
	return status;
}

static void what_a_driver_writes_is_read_back_by_its_adapter_alone(void **state)
{
	NDIS_CONFIGURATION_PARAMETER seven = { NdisParameterInteger, { .IntegerData = 7 } };
	NDIS_CONFIGURATION_PARAMETER text = { NdisParameterString, { .StringData = *wide("19") } };
	NDIS_HANDLE c = open_of(&adapter), other = open_of(&bare);
	PNDIS_CONFIGURATION_PARAMETER p;

	(void)state;
	assert_int_equal(write(c, "Seven", seven), NDIS_STATUS_SUCCESS);
	assert_int_equal(write(c, "Text", text), NDIS_STATUS_SUCCESS);
	NdisCloseConfiguration(c);
	c = open_of(&adapter);
	assert_int_equal(number(c, "SEVEN", NdisParameterInteger), 7);
	assert_int_equal(number(c, "Text", NdisParameterInteger), 19);
	assert_int_equal(number(c, "Text", NdisParameterHexInteger), 0x19);
	assert_int_equal(read_as(c, "Seven", NdisParameterString, &p), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ParameterData.StringData.Buffer[0], '7');
	assert_int_equal(read_as(c, "Seven", NdisParameterBinary, &p), NDIS_STATUS_FAILURE);
	assert_int_equal(read_as(other, "Seven", NdisParameterInteger, &p), NDIS_STATUS_FAILURE);
	/* Over a keyword of the host's, and over itself. */
	assert_int_equal(write(c, "Mask", seven), NDIS_STATUS_SUCCESS);
	assert_int_equal(write(c, "Seven", text), NDIS_STATUS_SUCCESS);
	assert_int_equal(number(c, "Mask", NdisParameterInteger), 7);
	assert_int_equal(number(c, "Seven", NdisParameterInteger), 19);
	seven.ParameterType = (NDIS_PARAMETER_TYPE)5;
	assert_int_equal(write(c, "Seven", seven), NDIS_STATUS_NOT_SUPPORTED);
	NdisCloseConfiguration(c);
	NdisCloseConfiguration(other);
}

static void sub_keys_open_by_name_and_by_index(void **state)
{
	NDIS_HANDLE c = open_of(&adapter), rings, tx, none = c;
	static const char *const at[] = { "Rings", "Queues" };
	WCHAR room[16];
	NDIS_STRING name = { 0, sizeof(room), room }, small = { 0, 4, room };
	PNDIS_CONFIGURATION_PARAMETER p;
	NDIS_STATUS status;

	(void)state;
	for (ULONG i = 0; i < 2; i++) {
		NdisOpenConfigurationKeyByIndex(&status, c, i, &name, &rings);
		assert_int_equal(status, NDIS_STATUS_SUCCESS);
		assert_int_equal(name.Length, 2 * strlen(at[i]));
		assert_memory_equal(name.Buffer, wide(at[i])->Buffer, name.Length);
		NdisCloseConfiguration(rings);
	}
	NdisOpenConfigurationKeyByIndex(&status, c, 2, &name, &none);
	assert_int_equal(status, NDIS_STATUS_FAILURE);
	assert_null(none);
	NdisOpenConfigurationKeyByIndex(&status, c, 0, &small, &none);
	assert_int_equal(status, NDIS_STATUS_FAILURE);
	NdisOpenConfigurationKeyByName(&status, c, wide("RINGS"), &rings);
	assert_int_equal(status, NDIS_STATUS_SUCCESS);
	NdisOpenConfigurationKeyByName(&status, rings, wide("Tx"), &tx);
	assert_int_equal(status, NDIS_STATUS_SUCCESS);
	assert_int_equal(number(tx, "Size", NdisParameterInteger), 512);
	assert_int_equal(number(tx, "Burst", NdisParameterInteger), 32);
	assert_int_equal(read_as(rings, "Size", NdisParameterInteger, &p), NDIS_STATUS_FAILURE);
	NdisOpenConfigurationKeyByIndex(&status, rings, 2, &name, &none);
	assert_int_equal(status, NDIS_STATUS_FAILURE);
	NdisOpenConfigurationKeyByName(&status, c, wide("Ring"), &none);
	assert_int_equal(status, NDIS_STATUS_FAILURE);
	assert_null(none);
	NdisCloseConfiguration(tx);
	NdisCloseConfiguration(rings);
	NdisCloseConfiguration(c);
}

static void the_network_address_is_its_bytes(void **state)
{
	static const UCHAR mac[] = { 2, 0, 0, 0, 0, 7 };
	NDIS_HANDLE c = open_of(&adapter), other = open_of(&bare);
	NDIS_CONFIGURATION_PARAMETER bad = { NdisParameterString, { .StringData = *wide("02xy") } };
	NDIS_STATUS status;
	PVOID address;
	UINT length;

	(void)state;
	NdisReadNetworkAddress(&status, &address, &length, c);
	assert_int_equal(status, NDIS_STATUS_SUCCESS);
	assert_int_equal(length, 6);
	assert_memory_equal(address, mac, 6);
	NdisReadNetworkAddress(&status, &address, &length, other);
	assert_int_equal(status, NDIS_STATUS_FAILURE);
	assert_null(address);
	assert_int_equal(write(other, "NetworkAddress", bad), NDIS_STATUS_SUCCESS);
	NdisReadNetworkAddress(&status, &address, &length, other);
	assert_int_equal(status, NDIS_STATUS_FAILURE);
	NdisCloseConfiguration(c);
	NdisCloseConfiguration(other);
}

static void an_open_handle_is_known_and_a_wrong_one_refused(void **state)
{
	NDIS_HANDLE c = open_of(&adapter);
	unsigned errors = log_errors();

	(void)state;
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 1);
	NdisCloseConfiguration(c);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
	NdisCloseConfiguration(c);
	assert_int_equal(log_errors(), errors + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(H15_integers_are_decimal_or_hexadecimal),
		cmocka_unit_test(strings_and_bytes_are_what_the_text_says),
		cmocka_unit_test(what_nobody_sets_is_predefined),
		cmocka_unit_test(what_a_driver_writes_is_read_back_by_its_adapter_alone),
		cmocka_unit_test(sub_keys_open_by_name_and_by_index),
		cmocka_unit_test(the_network_address_is_its_bytes),
		cmocka_unit_test(an_open_handle_is_known_and_a_wrong_one_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
