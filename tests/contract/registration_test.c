/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport driver may register, and say of itself when it initializes (I1 to I8). NDIS
 * alone, without the verifier. */
#include "toy.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct toy_protocol *const p = &toy_protocols[0];

static int nothing(void **state)
{
	(void)state;
	toy_reset();
	return 0;
}

static void I1_the_table_is_copied(void **state)
{
	(void)state;
	toy.mutate = true;
	assert_true(toy_load());
	assert_int_equal(toy_add(), 0);
	assert_string_equal(trace_steps(0), "toy1 initializes, toy1 restarts");
}

#define MUST(X) \
	X(InitializeHandlerEx) X(HaltHandlerEx) X(UnloadHandler) X(PauseHandler) X(RestartHandler) \
	X(OidRequestHandler) X(SendNetBufferListsHandler) X(ReturnNetBufferListsHandler) \
	X(CancelSendHandler) X(DevicePnPEventNotifyHandler) X(ShutdownHandlerEx) \
	X(CancelOidRequestHandler)

static void A1_I2_every_compulsory_handler_is_missed_by_its_name(void **state)
{
	static const struct { size_t at; const char *name; } must[] = {
#define X(member) { offsetof(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, member), #member },
		MUST(X)
#undef X
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
		char text[64];

		toy_reset();
		memset((char *)&toy.c + must[i].at, 0, sizeof(void *));
		assert_false(toy_load());
		assert_int_equal(toy.registered, NDIS_STATUS_BAD_CHARACTERISTICS);
		snprintf(text, sizeof(text), "%s is NULL", must[i].name);
		assert_true(toy_heard(text));
	}
	toy_reset();
	toy.c.ResetHandlerEx = NULL;
	assert_false(toy_load());
	assert_true(toy_heard("CheckForHangHandlerEx without ResetHandlerEx"));
}

static void refused(NDIS_STATUS status, const char *field)
{
	assert_false(toy_load());
	assert_int_equal(toy.registered, status);
	assert_true(toy_heard(field));
	toy_reset();
}

static void I2_a_wrong_header_is_refused_by_its_field(void **state)
{
	(void)state;
	toy.c.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
	refused(NDIS_STATUS_BAD_CHARACTERISTICS, "Header.Type is 0x96");
	toy.c.Header.Revision = 0;
	refused(NDIS_STATUS_BAD_CHARACTERISTICS, "Header.Revision is 0");
	toy.c.Header.Size = 16;
	refused(NDIS_STATUS_BAD_CHARACTERISTICS, "Header.Size is 16");
	toy.c.MajorNdisVersion = 5;
	refused(NDIS_STATUS_BAD_VERSION, "NDIS version 5.80");
	toy.c.MinorNdisVersion = 7;
	refused(NDIS_STATUS_BAD_VERSION, "NDIS version 6.7");
}

/* A driver of a later NDIS has more than we know of: that is not looked at. */
static void I3_later_revisions_and_every_version_are_accepted(void **state)
{
	static const UCHAR minors[] = { 0, 1, 20, 30, 50, 80, 85 };

	(void)state;
	for (unsigned i = 0; i < sizeof(minors); i++) {
		toy_reset();
		toy.c.MinorNdisVersion = minors[i];
		toy.c.Header.Revision = 4;
		assert_true(toy_load());
		toy_unload();
	}
	toy_reset();
}

static void I4_attributes_come_in_order(void **state)
{
	(void)state;
	toy.wrong_order = true;
	assert_true(toy_load());
	assert_true(toy_add() < 0);
	assert_true(toy_heard("registration attributes come first"));
	toy.wrong_order = false;
	toy.no_attributes = true;
	assert_true(toy_add() < 0);
	assert_true(toy_heard("without general attributes"));
}

/* The toy fails to initialize unless revision 99 is refused with BAD_VERSION. */
static void I5_an_unknown_revision_of_attributes_is_refused(void **state)
{
	(void)state;
	assert_true(toy_load());
	assert_int_equal(toy_add(), 0);
}

static void I6_a_failed_initialize_leaves_nothing(void **state)
{
	(void)state;
	assert_true(toy_load());
	toy_protocol_load(p, false);
	toy.initialize_status = NDIS_STATUS_RESOURCES;
	assert_true(toy_add() < 0);
	assert_int_equal(p->binds, 0);
	assert_string_equal(trace_steps(0), "toy1 initializes");   /* and no halt */
	toy.initialize_status = NDIS_STATUS_SUCCESS;
	assert_int_equal(toy_add(), 0);
	assert_int_equal(p->binds, 1);
}

static void I8_an_unload_without_deregistration_is_told(void **state)
{
	(void)state;
	assert_true(toy_load());
	toy.no_deregister = true;
	ndis_image_unload(toy.image);
	toy.image = NULL;
	assert_true(toy_heard("driver toy: unloaded without NdisMDeregisterMiniportDriver"));
}

static int setup(void **state)
{
	setenv("OVMQ_VERIFIER", "off", 1);
	return ground_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, nothing, toy_teardown)
		T(I1_the_table_is_copied),
		T(A1_I2_every_compulsory_handler_is_missed_by_its_name),
		T(I2_a_wrong_header_is_refused_by_its_field),
		T(I3_later_revisions_and_every_version_are_accepted),
		T(I4_attributes_come_in_order),
		T(I5_an_unknown_revision_of_attributes_is_refused),
		T(I6_a_failed_initialize_leaves_nothing),
		T(I8_an_unload_without_deregistration_is_told),
#undef T
	};

	return cmocka_run_group_tests_name("registration", tests, setup, ground_teardown);
}
