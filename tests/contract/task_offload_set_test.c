/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's part of the OIDs that set task offloads (P13, P14), and what travels out of band with
 * a clone (P16). NDIS alone, without the verifier. */
#include "toy_vmq.h"

#include <stdlib.h>
#include <string.h>

#define OK        NDIS_STATUS_SUCCESS
#define PARAMETERS_SIZE NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3
#define ENCAPSULATION_SIZE NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1

static struct toy_protocol *const p = &toy_protocols[0];
static struct toy_adapter *const a = &toy.adapters[0];

static void show(struct toy_adapter *t)
{
	NDIS_OFFLOAD o = { .Header = { NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_3,
				       NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3 } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES at = { .OffloadAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1 },
		.DefaultOffloadConfiguration = &o,
		.HardwareOffloadCapabilities = &o,
	} };

	o.Checksum.IPv4Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
	o.Checksum.IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
	assert_int_equal(NdisMSetMiniportAttributes(t->handle, &at), OK);
}

static int prepare(void **state)
{
	toy_vmq_defaults();
	toy_vmq.more = show;
	return toy_vmq_setup(state);
}

static NDIS_STATUS ask(NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG n)
{
	NDIS_OID_REQUEST r;

	toy_request(&r, type, oid, buffer, n);
	return toy_ask(p, &r);
}

static NDIS_OFFLOAD_PARAMETERS good(void)
{
	return (NDIS_OFFLOAD_PARAMETERS){ .Header = { NDIS_OBJECT_TYPE_DEFAULT,
						      NDIS_OFFLOAD_PARAMETERS_REVISION_3,
						      PARAMETERS_SIZE } };
}

static NDIS_STATUS set(NDIS_OFFLOAD_PARAMETERS *o)
{
	return ask(NdisRequestSetInformation, OID_TCP_OFFLOAD_PARAMETERS, o, PARAMETERS_SIZE);
}

/* What a restart would find; -1: nothing. */
static int keyword(const char *name)
{
	NDIS_CONFIGURATION_OBJECT object = {
		.Header = { NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
			    NDIS_CONFIGURATION_OBJECT_REVISION_1,
			    NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 },
		.NdisHandle = a->handle,
	};
	PNDIS_CONFIGURATION_PARAMETER value;
	NDIS_HANDLE config;
	NDIS_STATUS status;
	NDIS_STRING s;
	WCHAR room[40];
	int found = -1;
	USHORT n = 0;

	for (; name[n]; n++)
		room[n] = (unsigned char)name[n];
	s = (NDIS_STRING){ (USHORT)(2 * n), (USHORT)(2 * n), room };
	assert_int_equal(NdisOpenConfigurationEx(&object, &config), OK);
	NdisReadConfiguration(&status, &value, config, &s, NdisParameterInteger);
	if (status == OK)
		found = (int)value->ParameterData.IntegerData;
	NdisCloseConfiguration(config);
	return found;
}

static void P13_bad_content_writes_nothing_and_goes_no_further(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		NDIS_OFFLOAD_PARAMETERS o = good();

		o.UDPIPv6Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED;
		switch (i) {
		case 0: o.IPv4Checksum = 5; break;
		case 1: o.LsoV2IPv4 = 3; break;
		case 2: o.Flags = 1; break;
		case 3: o.RscIPv6 = 3; break;
		case 4: o.EncapsulatedPacketTaskOffload = 3; break;
		case 5: o.Header.Type = NDIS_OBJECT_TYPE_OFFLOAD; break;
		case 6: o.Header.Revision = 0; break;
		case 7: o.Header.Size = PARAMETERS_SIZE - 1; break;
		case 8: o.Header.Size = PARAMETERS_SIZE + 1; break;
		}
		assert_int_equal(set(&o), NDIS_STATUS_INVALID_DATA);
		assert_int_equal(keyword("*UDPChecksumOffloadIPv6"), -1);
	}
	assert_int_equal(a->n_requests, 0);
}

static void P13_keywords_are_written_and_then_it_goes_down(void **state)
{
	NDIS_OFFLOAD_PARAMETERS o = good();

	(void)state;
	o.TCPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED;
	o.UDPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;
	o.IPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED;
	o.LsoV2IPv6 = NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED;
	o.EncapsulatedPacketTaskOffload = NDIS_OFFLOAD_SET_OFF;
	assert_int_equal(set(&o), OK);
	assert_int_equal(keyword("*TCPChecksumOffloadIPv4"), 2);
	assert_int_equal(keyword("*UDPChecksumOffloadIPv4"), 3);
	assert_int_equal(keyword("*IPChecksumOffloadIPv4"), 0);
	assert_int_equal(keyword("*LsoV2IPv6"), 1);
	assert_int_equal(keyword("*EncapsulatedPacketTaskOffload"), 0);
	assert_int_equal(keyword("*LsoV2IPv4"), -1);      /* 0 leaves */
	assert_int_equal(a->n_requests, 1);
	assert_int_equal(a->last.oid, OID_TCP_OFFLOAD_PARAMETERS);
	assert_memory_equal(a->last.bytes, &o, PARAMETERS_SIZE);
}

static void P13_set_only_and_by_an_adapter_with_offloads(void **state)
{
	NDIS_OFFLOAD_PARAMETERS o = good();

	assert_int_equal(ask(NdisRequestQueryInformation, OID_TCP_OFFLOAD_PARAMETERS, &o, PARAMETERS_SIZE),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(ask(NdisRequestSetInformation, OID_TCP_OFFLOAD_PARAMETERS, &o, 19),
			 NDIS_STATUS_INVALID_LENGTH);
	toy_unload();
	toy_vmq.more = NULL;
	toy_vmq_setup(state);
	assert_int_equal(set(&o), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->n_requests, 0);
}

static NDIS_OFFLOAD_ENCAPSULATION start(void)
{
	return (NDIS_OFFLOAD_ENCAPSULATION){
		.Header = { NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION,
			    NDIS_OFFLOAD_ENCAPSULATION_REVISION_1, ENCAPSULATION_SIZE },
		.IPv4 = { NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3, 14 },
	};
}

/* What the miniport accepted; one that it refuses changes nothing. */
static void P14_the_query_repeats_what_was_set(void **state)
{
	NDIS_OFFLOAD_ENCAPSULATION e = start(), now;

	(void)state;
	assert_int_equal(ask(NdisRequestSetInformation, OID_OFFLOAD_ENCAPSULATION, &e, sizeof(e)), OK);
	assert_int_equal(a->n_requests, 1);
	toy.oid_status = NDIS_STATUS_INVALID_PARAMETER;
	e.IPv6.Enabled = NDIS_OFFLOAD_SET_ON;
	e.IPv4.Enabled = NDIS_OFFLOAD_SET_OFF;
	assert_int_equal(ask(NdisRequestSetInformation, OID_OFFLOAD_ENCAPSULATION, &e, sizeof(e)),
			 NDIS_STATUS_INVALID_PARAMETER);
	toy.oid_status = OK;
	memset(&now, 0xff, sizeof(now));
	assert_int_equal(ask(NdisRequestQueryInformation, OID_OFFLOAD_ENCAPSULATION, &now, sizeof(now)),
			 OK);
	e = start();
	assert_memory_equal(&now, &e, sizeof(e));
	e.IPv4.Enabled = 3;
	assert_int_equal(ask(NdisRequestSetInformation, OID_OFFLOAD_ENCAPSULATION, &e, sizeof(e)),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(a->n_requests, 2);              /* that one went no further */
}

/* ---- clones (P16) ---- */

#define SLOTS(X) \
	X(TcpIpChecksumNetBufferListInfo, true, true) \
	X(TcpLargeSendNetBufferListInfo, true, false) \
	X(Ieee8021QNetBufferListInfo, true, true) \
	X(NetBufferListCancelId, true, false) \
	X(NetBufferListProtocolId, true, true) \
	X(NetBufferListFilteringInfo, true, true) \
	X(NetBufferListHashValue, false, true) \
	X(NetBufferListHashInfo, false, true)

static void P16_each_way_copies_its_own_list(void **state)
{
	static NET_BUFFER_LIST from, sent, received;

	(void)state;
	for (unsigned i = 0; i < MaxNetBufferListInfo; i++)
		from.NetBufferListInfo[i] = (PVOID)(uintptr_t)(i + 1);
	NdisCopySendNetBufferListInfo(&sent, &from);
	NdisCopyReceiveNetBufferListInfo(&received, &from);
#define X(slot, on_send, on_receive)                                                       \
	assert_int_equal((uintptr_t)NET_BUFFER_LIST_INFO(&sent, slot),                     \
			 (on_send) ? slot + 1u : 0);                                       \
	if (on_receive)                                                                    \
		assert_int_equal((uintptr_t)NET_BUFFER_LIST_INFO(&received, slot), slot + 1u);
	SLOTS(X)
#undef X
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, prepare, toy_teardown)
		T(P13_bad_content_writes_nothing_and_goes_no_further),
		T(P13_keywords_are_written_and_then_it_goes_down),
		T(P13_set_only_and_by_an_adapter_with_offloads),
		T(P14_the_query_repeats_what_was_set),
		T(P16_each_way_copies_its_own_list),
#undef T
	};

	setenv("OVMQ_VERIFIER", "off", 1);
	return cmocka_run_group_tests_name("task offloads that are set", tests, ground_setup,
					   ground_teardown);
}
