/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of its task offloads, between drivers: what NDIS takes, and who learns
 * of it (P12, P13), and filters that need it (D12). NDIS alone, without the verifier. */
#include "toy_vmq.h"

#include <stdlib.h>
#include <string.h>

#define OK          NDIS_STATUS_SUCCESS
#define INVALID     NDIS_STATUS_INVALID_PARAMETER
#define CONFIG      OID_TCP_OFFLOAD_CURRENT_CONFIG
#define HARDWARE    OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES
#define IEEE_802_3  NDIS_ENCAPSULATION_IEEE_802_3
#define OLD_MINOR   20

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0];

/* What the miniport shows, and what NDIS said to it. */
static struct {
	NDIS_OFFLOAD config, hardware;
	PNDIS_OFFLOAD show[2];
	NDIS_STATUS set;
} offload;

static void show(struct toy_adapter *t)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES o = { .OffloadAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1 },
		.DefaultOffloadConfiguration = offload.show[0],
		.HardwareOffloadCapabilities = offload.show[1],
	} };

	offload.set = NdisMSetMiniportAttributes(t->handle, &o);
}

static int prepare(void **state)
{
	NDIS_OFFLOAD *h = &offload.hardware;

	(void)state;
	toy_vmq_defaults();
	toy_vmq.more = show;
	memset(&offload, 0, sizeof(offload));
	h->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_3,
					  NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3 };
	h->Checksum.IPv4Transmit.Encapsulation = IEEE_802_3;
	h->Checksum.IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
	h->Checksum.IPv4Transmit.IpChecksum = NDIS_OFFLOAD_SUPPORTED;
	h->EncapsulatedPacketTaskOffloadGre.VmqSupported =
		NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV4;
	h->EncapsulatedPacketTaskOffloadGre.MaxHeaderSizeSupported = 256;
	offload.config = *h;
	offload.config.Checksum.IPv4Transmit.IpChecksum = 0;
	offload.show[0] = &offload.config;
	offload.show[1] = h;
	return 0;
}

static int teardown(void **state)
{
	toy_vmq.minor = 0;
	return toy_teardown(state);
}

static NDIS_OFFLOAD asked(struct toy_protocol *who, NDIS_OID oid)
{
	NDIS_OFFLOAD o;

	memset(&o, 0, sizeof(o));
	assert_int_equal(toy_query(who, oid, &o, sizeof(o)), OK);
	return o;
}

static void P12_three_equal_copies(void **state)
{
	NDIS_OFFLOAD o;

	toy_vmq_setup(state);
	assert_int_equal(offload.set, OK);
	toy_filters_load();
	toy_filter_attach(a);
	o = asked(p, CONFIG);
	assert_memory_equal(&o, &offload.config, sizeof(o));
	assert_true(p->has_offload);
	assert_memory_equal(&p->offload, &o, sizeof(o));
	assert_memory_equal(&toy_filters.offload, &o, sizeof(o));
	o = asked(p, HARDWARE);
	assert_memory_equal(&o, &offload.hardware, sizeof(o));
	assert_int_equal(a->n_requests, 0);         /* NDIS answers itself */
}

static void P12_a_short_buffer_is_told_how_many_bytes_would_do(void **state)
{
	static const NDIS_OID oids[] = { CONFIG, HARDWARE };

	toy_vmq_setup(state);
	for (unsigned i = 0; i < 2; i++) {
		UCHAR buffer[NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3];
		NDIS_OID_REQUEST r;

		memset(buffer, 0xa5, sizeof(buffer));
		toy_request(&r, NdisRequestQueryInformation, oids[i], buffer, sizeof(buffer) - 1);
		assert_int_equal(toy_ask(p, &r), NDIS_STATUS_BUFFER_TOO_SHORT);
		assert_int_equal(r.DATA.QUERY_INFORMATION.BytesNeeded, 156);
		assert_int_equal(r.DATA.QUERY_INFORMATION.BytesWritten, 0);
		assert_int_equal(buffer[0], 0xa5);
		toy_request(&r, NdisRequestQueryInformation, oids[i], buffer, sizeof(buffer));
		assert_int_equal(toy_ask(p, &r), OK);
		assert_int_equal(r.DATA.QUERY_INFORMATION.BytesWritten, 156);
	}
}

/* A driver of an earlier NDIS gets the revision that it knows; nobody gets one that the
 * miniport did not give. */
static void P12_each_gets_its_own_revision(void **state)
{
	NDIS_OFFLOAD o;

	toy_vmq_setup(state);
	q->minor = OLD_MINOR;
	toy_protocol_load(q, false);
	o = asked(q, CONFIG);
	assert_int_equal(o.Header.Revision, NDIS_OFFLOAD_REVISION_2);
	assert_int_equal(o.Header.Size, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_2);
	assert_int_equal(o.EncapsulatedPacketTaskOffloadGre.VmqSupported, 0);
	assert_int_equal(q->offload.Header.Revision, NDIS_OFFLOAD_REVISION_2);
	assert_int_equal(asked(p, CONFIG).Header.Revision, NDIS_OFFLOAD_REVISION_3);
	toy_unload();
	for (unsigned i = 0; i < 2; i++) {
		offload.show[i]->Header.Revision = NDIS_OFFLOAD_REVISION_1;
		offload.show[i]->Header.Size = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1;
	}
	toy_vmq_setup(state);
	o = asked(p, HARDWARE);
	assert_int_equal(o.Header.Size, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1);
	assert_int_equal(o.EncapsulatedPacketTaskOffloadGre.VmqSupported, 0);
}

static void P12_a_miniport_without_offloads(void **state)
{
	NDIS_OFFLOAD o;

	toy_vmq.more = NULL;
	toy_vmq_setup(state);
	assert_int_equal(toy_query(p, CONFIG, &o, sizeof(o)), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(toy_query(p, HARDWARE, &o, sizeof(o)), NDIS_STATUS_NOT_SUPPORTED);
	assert_false(p->has_offload);
	assert_int_equal(a->n_requests, 0);
}

static void P12_what_makes_no_sense_is_refused(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		NDIS_OFFLOAD *c = &offload.config, o;

		prepare(state);
		switch (i) {
		case 0: offload.show[1] = NULL; break;
		case 1: c->Header.Type = NDIS_OBJECT_TYPE_DEFAULT; break;
		case 2: c->Header.Revision = 0; break;
		case 3: c->Header.Size--; break;
		case 4: c->Checksum.IPv6Receive.Encapsulation = NDIS_ENCAPSULATION_NULL; break;
		case 5: c->LsoV2.IPv4.Encapsulation = IEEE_802_3; break;   /* no IP checksum */
		case 6: c->LsoV2.IPv6.Encapsulation = IEEE_802_3; break;
		case 7: c->EncapsulatedPacketTaskOffloadGre.VmqSupported =
				NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_OUTER_IPV6; break;
		}
		toy_vmq_setup(state);
		assert_int_equal(offload.set, INVALID);
		assert_int_equal(toy_query(p, CONFIG, &o, sizeof(o)), NDIS_STATUS_NOT_SUPPORTED);
		toy_unload();
	}
	prepare(state);
	offload.hardware.LsoV1.IPv4.Encapsulation = IEEE_802_3;    /* with both checksums */
	toy_vmq_setup(state);
	assert_int_equal(offload.set, OK);
}

static void indicate(NDIS_STATUS code, void *buffer, ULONG length)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle, .StatusCode = code, .StatusBuffer = buffer,
		.StatusBufferSize = length,
	};

	NdisMIndicateStatusEx(a->handle, &s);
}

/* Later queries repeat what was indicated, and whoever binds later learns it. */
static void P13_a_status_changes_the_configuration(void **state)
{
	NDIS_OFFLOAD now, o;

	toy_vmq_setup(state);
	now = offload.config;
	now.EncapsulatedPacketTaskOffloadGre.VmqSupported = 0;
	indicate(NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, &now, now.Header.Size);
	o = asked(p, CONFIG);
	assert_memory_equal(&o, &now, sizeof(o));
	o = asked(p, HARDWARE);
	assert_memory_equal(&o, &offload.hardware, sizeof(o));
	toy_protocol_load(q, false);
	assert_memory_equal(&q->offload, &now, sizeof(now));
	/* One that makes no sense changes nothing. */
	indicate(NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, &now, now.Header.Size - 1u);
	indicate(NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES, NULL, 0);
	assert_int_equal(toy_heard_times("it is ignored"), 2);
	o = asked(p, CONFIG);
	assert_memory_equal(&o, &now, sizeof(o));
	now = offload.hardware;
	now.EncapsulatedPacketTaskOffloadGre.MaxHeaderSizeSupported = 300;
	indicate(NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES, &now, now.Header.Size);
	assert_int_equal(asked(p, HARDWARE).EncapsulatedPacketTaskOffloadGre.MaxHeaderSizeSupported,
			 300);
}

static NDIS_STATUS filter_inner(void)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS f;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field;
	} s = {
		.f = { .Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_PARAMETERS_REVISION_2,
				   NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 },
		       .FilterType = NdisReceiveFilterTypeVMQueue,
		       .Flags = NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION,
		       .FieldParametersArrayNumElements = 1,
		       .FieldParametersArrayElementSize = sizeof(s.field) },
		.field = { .Header = { NDIS_OBJECT_TYPE_DEFAULT,
				       NDIS_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2,
				       NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2 },
			   .FrameHeader = NdisFrameHeaderMac,
			   .ReceiveFilterTest = NdisReceiveFilterTestEqual,
			   .HeaderField = { .MacHeaderField = NdisMacHeaderFieldDestinationAddress } },
	};

	s.f.FieldParametersArrayOffset = (ULONG)((char *)&s.field - (char *)&s);
	return toy_method(p, OID_RECEIVE_FILTER_SET_FILTER, &s, sizeof(s));
}

/* Who never advertised it is not asked, and whoever asks learns why. */
static void D12_filters_of_the_inner_frame_need_the_capability(void **state)
{
	char text[NDIS_REFUSAL_TEXT];

	for (unsigned i = 0; i < 2; i++) {
		prepare(state);
		if (i)
			toy_vmq.more = NULL;
		offload.config.EncapsulatedPacketTaskOffloadGre.VmqSupported = 0;
		offload.hardware.EncapsulatedPacketTaskOffloadGre.VmqSupported = 0;
		toy_vmq_setup(state);
		assert_int_equal(filter_inner(), INVALID);
		assert_int_equal(a->n_requests, 0);
		ndis_adapter_refusal(a->adapter, text, sizeof(text));
		assert_non_null(strstr(text, "Flags is 0x2"));
		assert_non_null(strstr(text, "VmqSupported"));
		toy_unload();
	}
	prepare(state);
	toy_vmq_setup(state);
	assert_int_equal(filter_inner(), OK);
	assert_int_equal(a->n_requests, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, prepare, teardown)
		T(P12_three_equal_copies),
		T(P12_a_short_buffer_is_told_how_many_bytes_would_do),
		T(P12_each_gets_its_own_revision),
		T(P12_a_miniport_without_offloads),
		T(P12_what_makes_no_sense_is_refused),
		T(P13_a_status_changes_the_configuration),
		T(D12_filters_of_the_inner_frame_need_the_capability),
#undef T
	};

	setenv("OVMQ_VERIFIER", "off", 1);
	return cmocka_run_group_tests_name("task offloads", tests, ground_setup, ground_teardown);
}
