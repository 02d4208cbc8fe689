/* SPDX-License-Identifier: BSD-2-Clause */
/* What a miniport says of its receive filters later on, lookahead sizes of 6.20, and why a
 * VMQ OID was refused. */
#include "receive_filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"

static unsigned told;

static void listen(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
	told++;
}

static int setup(void **state)
{
	told = 0;
	log_set_listener(listen);
	return rig_setup(state);
}

static int teardown(void **state)
{
	log_set_listener(NULL);
	return rig_teardown(state);
}

static void indicate(NDIS_STATUS code, void *buffer, ULONG length)
{
	NDIS_STATUS_INDICATION s = { .StatusCode = code, .StatusBuffer = buffer,
				     .StatusBufferSize = length };

	ndis_receive_filter_status(&rig.adapter, &s);
}

static NDIS_RECEIVE_FILTER_CAPABILITIES asked(NDIS_OID oid)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation, oid, &c, sizeof(c)),
			 NDIS_STATUS_SUCCESS);
	return c;
}

#define CURRENT  NDIS_STATUS_RECEIVE_FILTER_CURRENT_CAPABILITIES
#define HARDWARE NDIS_STATUS_RECEIVE_FILTER_HARDWARE_CAPABILITIES

static void H13_later_queries_return_the_new_values(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = rig.adapter.attributes.current, bound;
	ULONG ids[RIG_QUEUES];

	(void)state;
	for (unsigned i = 0; i < RIG_QUEUES; i++)
		rig_allocate(&rig.a, &ids[i]);
	c.NumQueues = 2;
	c.SupportedFilterTests |= NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_NOT_EQUAL_SUPPORTED;
	indicate(CURRENT, &c, sizeof(c));
	bound = asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES);
	assert_memory_equal(&bound, &c, sizeof(c));
	ndis_receive_filter_capabilities_copy(&rig.adapter, &bound);
	assert_memory_equal(&bound, &c, sizeof(c));
	assert_int_equal(asked(OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES).NumQueues, RIG_QUEUES);
	/* More queues than there may be now: they stay until they are freed. */
	assert_int_equal(rig_set_filter(&rig.a, ids[3], 1, NULL), NDIS_STATUS_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rig_free(&rig.a, ids[i]), NDIS_STATUS_SUCCESS);
		assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_RESOURCES);
	}
	assert_int_equal(rig_free(&rig.a, ids[2]), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_SUCCESS);
	/* And as many again as there were. */
	c.NumQueues = RIG_QUEUES;
	indicate(CURRENT, &c, sizeof(c));
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(told, 0);
}

static void H13_filters_grow_and_shrink(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = rig.adapter.attributes.current;
	ULONG first;

	(void)state;
	assert_int_equal(rig_set_filter(&rig.a, 0, 1, &first), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.a, 0, 2, NULL), NDIS_STATUS_SUCCESS);
	c.MaxMacHeaderFilters = 1;
	indicate(CURRENT, &c, sizeof(c));
	assert_int_equal(rig_set_filter(&rig.a, 0, 3, NULL), NDIS_STATUS_RESOURCES);
	assert_int_equal(rig_clear(&rig.a, 0, first), NDIS_STATUS_SUCCESS);
	c.MaxMacHeaderFilters = 1000;        /* more than there are ids: as many as those */
	indicate(CURRENT, &c, sizeof(c));
	for (UCHAR i = 1; i < RIG_FILTERS; i++)
		assert_int_equal(rig_set_filter(&rig.a, 0, i, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.a, 0, 99, NULL), NDIS_STATUS_RESOURCES);
}

static void H13_X10_each_status_has_its_own_capabilities(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = rig.adapter.attributes.hardware;

	(void)state;
	c.NumQueues = 100;
	indicate(HARDWARE, &c, sizeof(c));
	assert_int_equal(asked(OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES).NumQueues, 100);
	assert_int_equal(asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES).NumQueues, RIG_QUEUES);
	indicate(CURRENT, &c, sizeof(c));    /* ids are counted when the adapter begins */
	assert_int_equal(asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES).NumQueues, RIG_QUEUES);
	assert_int_equal(told, 1);
}

static void H13_a_bad_buffer_changes_nothing(void **state)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES good = rig.adapter.attributes.current;
	NDIS_RECEIVE_FILTER_CAPABILITIES bad[6], now;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		bad[i] = good;
		bad[i].NumQueues = 1;
	}
	bad[n++].Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
	bad[n++].Header.Revision = NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
	bad[n++].Header.Size = NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
	bad[n++].Header.Size = sizeof(good) + 1;
	bad[n++].SupportedFilterTests = 0;                         /* H7 */
	for (unsigned i = 0; i < n; i++)
		indicate(CURRENT, &bad[i], sizeof(good));
	assert_int_equal(told, n);
	indicate(CURRENT, &bad[n], sizeof(good) - 1);
	indicate(CURRENT, NULL, sizeof(good));
	rig.driver.handlers.MinorNdisVersion = 20;
	indicate(CURRENT, &bad[n], sizeof(good));
	rig.driver.handlers.MinorNdisVersion = 30;
	assert_int_equal(told, n + 3);
	now = asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES);
	assert_memory_equal(&now, &good, sizeof(good));
}

static void C50_X28_a_coalescing_domain_changes_without_an_oid(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	NDIS_RECEIVE_QUEUE_INFO i;
	ULONG id;

	(void)state;
	rig_allocate(&rig.a, &id);
	p.QueueId = id;
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED;
	p.InterruptCoalescingDomainId = 7;
	p.NumSuggestedReceiveBuffers = 1;    /* not flagged */
	indicate(NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, p.Header.Size);
	assert_int_equal(rig_queues(&rig.a, &i, 1), 1);
	assert_int_equal(i.InterruptCoalescingDomainId, 7);
	assert_int_equal(i.NumSuggestedReceiveBuffers, 256);
	assert_int_equal(told, 0);
	p.InterruptCoalescingDomainId = 8;
	p.QueueId = id + 1;
	indicate(NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, p.Header.Size);
	p.QueueId = id;
	indicate(NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, p.Header.Size - 1u);
	p.Flags |= NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED;
	indicate(NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, p.Header.Size);
	rig_queues(&rig.a, &i, 1);
	assert_int_equal(i.InterruptCoalescingDomainId, 7);
	assert_int_equal(told, 3);
}

static void G4_a_queue_state_that_is_too_short_is_ignored(void **state)
{
	NDIS_RECEIVE_QUEUE_STATE s = { .QueueId = 1,
				       .QueueState = NdisReceiveQueueOperationalStateDmaStopped };

	(void)state;
	indicate(NDIS_STATUS_RECEIVE_QUEUE_STATE, &s, sizeof(s) - 1);
	indicate(NDIS_STATUS_RECEIVE_QUEUE_STATE, NULL, 0);
	assert_int_equal(told, 2);
	indicate(NDIS_STATUS_RECEIVE_QUEUE_STATE, &s, sizeof(s));
	assert_int_equal(told, 2);
}

/* ---- what a 6.20 miniport that splits may be asked for ---- */

static NDIS_STATUS allocate_split(ULONG flags, ULONG size)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(1);

	p.Flags = flags;
	p.LookaheadSize = size;
	return rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, p.Header.Size,
			  p.Header.Size);
}

static void C34_a_lookahead_size_wants_flag_and_capability(void **state)
{
	const ULONG split = NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED;
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(1);

	(void)state;
	rig_stop();
	rig_start(20);
	assert_int_equal(allocate_split(split, 64), NDIS_STATUS_INVALID_PARAMETER);
	rig.adapter.attributes.current.SupportedQueueProperties |=
		NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
	rig.adapter.attributes.current.MinLookaheadSplitSize = 32;
	rig.adapter.attributes.current.MaxLookaheadSplitSize = 128;
	assert_int_equal(allocate_split(0, 64), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(allocate_split(split, 129), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	assert_int_equal(allocate_split(split, 128), NDIS_STATUS_SUCCESS);
	assert_int_equal(allocate_split(split, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(allocate_split(split, 0), NDIS_STATUS_SUCCESS);   /* X21 */
	/* The size is fixed, so the flag is too. */
	p.QueueId = 1;
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED;
	assert_int_equal(rig_set(&rig.a, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, p.Header.Size),
			 NDIS_STATUS_INVALID_PARAMETER);
	p.Flags |= split | NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION;
	assert_int_equal(rig_set(&rig.a, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, p.Header.Size),
			 NDIS_STATUS_SUCCESS);
}

/* ---- refusals ---- */

static NDIS_STATUS no_resources(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_RESOURCES;
}

static void says(struct ndis_binding *binding, const char *text)
{
	char adapters[NDIS_REFUSAL_TEXT], bindings[NDIS_REFUSAL_TEXT];

	ndis_adapter_refusal(&rig.adapter, adapters, sizeof(adapters));
	ndis_binding_refusal(binding, bindings, sizeof(bindings));
	assert_string_equal(adapters, text);
	assert_string_equal(bindings, text);
}

static void D29_a_refusal_says_which_field_was_wrong(void **state)
{
	struct rig_filter f = rig_filter(9, 1, -1);
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	char cut[16];

	(void)state;
	says(&rig.a, "");
	rig_method(&rig.a, OID_RECEIVE_FILTER_SET_FILTER, &f, sizeof(f), sizeof(f));
	says(&rig.a, "OID_RECEIVE_FILTER_SET_FILTER: QueueId is 9, must be that of an allocated queue");
	p.QueueType = (NDIS_RECEIVE_QUEUE_TYPE)7;
	rig_method(&rig.b, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, p.Header.Size, p.Header.Size);
	says(&rig.b, "OID_RECEIVE_FILTER_ALLOCATE_QUEUE: QueueType is 7, must be 1 (VMQueue)");
	rig_free(&rig.a, 0);
	says(&rig.a, "OID_RECEIVE_FILTER_FREE_QUEUE: QueueId is 0, must be a queue of the caller's, "
		     "not the default queue");
	rig_set(&rig.a, OID_RECEIVE_FILTER_FREE_QUEUE, NULL, 0);
	says(&rig.a, "OID_RECEIVE_FILTER_FREE_QUEUE: the buffer has 0 bytes to read and 0 to write, "
		     "must have 12");
	rig.miniport = no_resources;
	rig_allocate(&rig.a, NULL);
	says(&rig.a, "OID_RECEIVE_FILTER_ALLOCATE_QUEUE: the miniport refused it with status "
		     "0xc000009a");
	ndis_adapter_refusal(&rig.adapter, cut, sizeof(cut));
	assert_string_equal(cut, "OID_RECEIVE_FIL");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(H13_later_queries_return_the_new_values),
		T(H13_filters_grow_and_shrink),
		T(H13_X10_each_status_has_its_own_capabilities),
		T(H13_a_bad_buffer_changes_nothing),
		T(C50_X28_a_coalescing_domain_changes_without_an_oid),
		T(G4_a_queue_state_that_is_too_short_is_ignored),
		T(C34_a_lookahead_size_wants_flag_and_capability),
		T(D29_a_refusal_says_which_field_was_wrong),
	};

	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
#undef T
}
