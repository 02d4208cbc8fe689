/* SPDX-License-Identifier: BSD-2-Clause */
/* Freeing queues: ids that rest before they are given again, and a FREE that waits. */
#include "receive_filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

#define PATIENCE_US 10000000u

/* ---- quiet moments, as the test wants them ---- */

static struct { OVMQ_WHEN_QUIET *routine; PVOID context; } quiet[64];
static unsigned n_quiet;
static bool hold_quiet;

VOID __real_OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *Routine, PVOID Context);
VOID __wrap_OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *Routine, PVOID Context);
VOID __wrap_OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *Routine, PVOID Context)
{
	if (!hold_quiet) {
		__real_OvmqCallWhenQuiet(Routine, Context);
		return;
	}
	quiet[n_quiet].routine = Routine;
	quiet[n_quiet++].context = Context;
}

static void quiet_comes(void)
{
	for (unsigned i = 0; i < n_quiet; i++)
		quiet[i].routine(quiet[i].context);
	n_quiet = 0;
}

static int setup(void **state)
{
	hold_quiet = true;
	n_quiet = 0;
	return rig_setup(state);
}

static int teardown(void **state)
{
	quiet_comes();
	hold_quiet = false;
	return rig_teardown(state);
}

static void U16_a_freed_id_rests_while_sends_may_carry_it(void **state)
{
	ULONG id, ids[RIG_QUEUES];

	(void)state;
	for (unsigned i = 0; i < RIG_QUEUES; i++)
		rig_allocate(&rig.a, &ids[i]);
	assert_int_equal(rig_free(&rig.a, ids[2]), NDIS_STATUS_SUCCESS);
	assert_int_equal(n_quiet, 1);
	/* All others are taken: the ALLOCATE waits, and is never refused for that. */
	rig.in_wait = quiet_comes;
	assert_int_equal(rig_allocate(&rig.b, &id), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig.waits, 1);
	assert_int_equal(id, ids[2]);
	/* With none that rests it is. */
	assert_int_equal(rig_allocate(&rig.b, &id), NDIS_STATUS_RESOURCES);
	assert_int_equal(rig.waits, 1);
}

static void U16_U10_other_ids_are_given_without_a_wait(void **state)
{
	ULONG first, id;

	(void)state;
	rig_allocate(&rig.a, &first);
	assert_int_equal(rig_free(&rig.a, first), NDIS_STATUS_SUCCESS);
	for (unsigned i = 1; i < RIG_QUEUES; i++) {
		assert_int_equal(rig_allocate(&rig.a, &id), NDIS_STATUS_SUCCESS);
		assert_int_not_equal(id, first);
	}
	assert_int_equal(rig.waits, 0);
	quiet_comes();
	assert_int_equal(rig_allocate(&rig.a, &id), NDIS_STATUS_SUCCESS);
	assert_int_equal(id, first);
	assert_int_equal(rig.waits, 0);
}

static void U16_U10_ids_come_back_oldest_first(void **state)
{
	ULONG ids[RIG_QUEUES], id;

	(void)state;
	for (unsigned i = 0; i < RIG_QUEUES; i++)
		rig_allocate(&rig.a, &ids[i]);
	rig_free(&rig.a, ids[3]);
	rig_free(&rig.a, ids[1]);
	quiet_comes();
	rig_allocate(&rig.a, &id);
	assert_int_equal(id, ids[3]);
	rig_allocate(&rig.a, &id);
	assert_int_equal(id, ids[1]);
}

/* The adapter goes while an id rests: the quiet moment that comes later finds nothing. */
static void U16_an_adapter_goes_while_an_id_rests(void **state)
{
	ULONG id;

	(void)state;
	rig_allocate(&rig.a, &id);
	rig_free(&rig.a, id);
	rig_restart_cache();
	quiet_comes();
	rig_allocate(&rig.a, &id);
	assert_int_equal(id, 1);
}

/* ---- a FREE that waits ---- */

static atomic_uint told;
static char line[512];

static void listen(enum log_level level, const char *text)
{
	if (level != LOG_WARNING || atomic_load(&told))
		return;
	snprintf(line, sizeof(line), "%s", text);
	atomic_store(&told, 1);
}

static struct ndis_queue_info seen;

/* The miniport holds the FREE until somebody was told. */
static NDIS_STATUS keeps_it(PNDIS_OID_REQUEST r)
{
	ULONG id;

	memcpy(&id, (UCHAR *)r->DATA.SET_INFORMATION.InformationBuffer + 8, sizeof(id));
	ndis_receive_filter_dma_stopped(&rig.adapter, id);
	for (unsigned us = 0; !atomic_load(&told) && us < PATIENCE_US; us += 1000)
		usleep(1000);
	assert_int_equal(ndis_adapter_queues(&rig.adapter, &seen, 1), 1);
	return NDIS_STATUS_SUCCESS;
}

static void G5_I25_a_free_that_waits_is_told(void **state)
{
	struct ndis_queue_info before;
	ULONG id;

	(void)state;
	snprintf(rig.protocol.object.name, sizeof(rig.protocol.object.name), "talker");
	rig_allocate(&rig.a, &id);
	assert_int_equal(ndis_adapter_queues(&rig.adapter, &before, 1), 1);
	assert_int_equal(before.freeing_ms, 0);
	atomic_store(&told, 0);
	log_set_listener(listen);
	rig.miniport = keeps_it;
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_SUCCESS);
	log_set_listener(NULL);
	assert_true(atomic_load(&told));
	assert_non_null(strstr(line, "FREE_QUEUE of queue 1 (VM \"vm\", of protocol talker) has "
					"waited"));
	assert_non_null(strstr(line, "not all of its frames have been returned (G5)"));
	assert_int_equal(seen.state, VMQ_QUEUE_FREEING);
	assert_in_range(seen.freeing_ms, 900, 10000);
	assert_string_equal(seen.owner, "talker");
}

/* ---- whose things those of a binding that went are ---- */

static NDIS_STATUS aborted(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_REQUEST_ABORTED;
}

static void U12_an_abandoned_queue_is_not_a_later_bindings(void **state)
{
	NDIS_RECEIVE_QUEUE_INFO info[2];
	ULONG id;

	(void)state;
	rig_allocate(&rig.a, &id);
	rig.miniport = aborted;
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_REQUEST_ABORTED);
	assert_ptr_equal(ndis_receive_filter_owner(&rig.adapter, id), &rig.a);
	ndis_receive_filter_forget(&rig.a);
	assert_null(ndis_receive_filter_owner(&rig.adapter, id));
	assert_int_equal(rig_queues(&rig.a, info, 2), 0);
	assert_int_equal(rig_queues(&rig.program, info, 2), 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(U16_a_freed_id_rests_while_sends_may_carry_it),
		T(U16_U10_other_ids_are_given_without_a_wait),
		T(U16_U10_ids_come_back_oldest_first),
		T(U16_an_adapter_goes_while_an_id_rests),
		T(G5_I25_a_free_that_waits_is_told),
		T(U12_an_abandoned_queue_is_not_a_later_bindings),
	};

	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
#undef T
}
