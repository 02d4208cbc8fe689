/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts that a device raises, their DPCs, and the MSI-X table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/kernel.h"
#include "ndis/interrupts.h"

#define PROCESSORS 3

static struct ndis_miniport_driver driver = {
	.handlers = { .MajorNdisVersion = 6, .MinorNdisVersion = 30 },
};
static struct ndis_adapter adapter = {
	.layer.object = { NDIS_OBJECT_MINIPORT, NULL, NULL, "nic0" }, .driver = &driver,
};

/* What the driver's functions saw. */
static struct {
	atomic_int isrs, dpcs, wrong_level, wrong_place, inside, overlaps;
	atomic_int isr_message, dpc_message, last_dpc_processor;
	atomic_int dpcs_on[PROCESSORS];
	_Atomic(void *) dpc_context;
	atomic_int more, max_nbls, throttled;       /* DPCs that say "more"; what they were given */
	atomic_int disabled, enabled;
	NDIS_HANDLE again;                          /* its DPC queues itself, twice */
	atomic_uint queued_once, queued_twice;
	/* What the interrupt handler does. */
	BOOLEAN queue_default, recognizes;
	ULONG targets;
	unsigned slow_us;
} seen;

static void wait_until(atomic_int *what, int value)
{
	for (int i = 0; i < 5000 && atomic_load(what) < value; i++)
		usleep(1000);
	assert_true(atomic_load(what) >= value);
}

static void settle(void)
{
	usleep(10000);
}

static BOOLEAN isr(ULONG message, PBOOLEAN queue_default, PULONG targets)
{
	if (atomic_fetch_add(&seen.inside, 1))
		atomic_fetch_add(&seen.overlaps, 1);
	if (KeGetCurrentIrql() <= DISPATCH_LEVEL)
		atomic_fetch_add(&seen.wrong_level, 1);
	if (!OvmqIsProcessor(message))
		atomic_fetch_add(&seen.wrong_place, 1);
	if (seen.slow_us)
		usleep(seen.slow_us);
	atomic_store(&seen.isr_message, (int)message);
	*queue_default = seen.queue_default;
	*targets = seen.targets;
	atomic_fetch_sub(&seen.inside, 1);
	atomic_fetch_add(&seen.isrs, 1);
	return seen.recognizes;
}

static void dpc(ULONG message, PVOID context, PVOID parameters)
{
	NDIS_RECEIVE_THROTTLE_PARAMETERS *throttle = parameters;
	ULONG p = OvmqCurrentProcessor();

	if (KeGetCurrentIrql() != DISPATCH_LEVEL)
		atomic_fetch_add(&seen.wrong_level, 1);
	if (p < PROCESSORS)
		atomic_fetch_add(&seen.dpcs_on[p], 1);
	atomic_store(&seen.dpc_message, (int)message);
	atomic_store(&seen.dpc_context, context);
	if (seen.again) {
		atomic_store(&seen.queued_once, NdisMQueueDpc(seen.again, message, 1u << p, NULL));
		atomic_store(&seen.queued_twice, NdisMQueueDpc(seen.again, message, 1u << p, NULL));
		seen.again = NULL;
	}
	if (throttle) {
		atomic_fetch_add(&seen.throttled, 1);
		atomic_store(&seen.max_nbls, (int)throttle->MaxNblsToIndicate);
		throttle->MoreNblsPending = atomic_load(&seen.more) > 0;
		if (throttle->MoreNblsPending)
			atomic_fetch_sub(&seen.more, 1);
	}
	atomic_fetch_add(&seen.dpcs, 1);
}

static BOOLEAN message_isr(NDIS_HANDLE context, ULONG message, PBOOLEAN queue_default,
			   PULONG targets)
{
	assert_ptr_equal(context, &seen);
	return isr(message, queue_default, targets);
}

static VOID message_dpc(NDIS_HANDLE context, ULONG message, PVOID dpc_context, PVOID throttle,
			PVOID reserved)
{
	(void)context;
	(void)reserved;
	dpc(message, dpc_context, throttle);
}

static BOOLEAN line_isr(NDIS_HANDLE context, PBOOLEAN queue_default, PULONG targets)
{
	(void)context;
	return isr(0, queue_default, targets);
}

static VOID line_dpc(NDIS_HANDLE context, PVOID dpc_context, PVOID throttle, PVOID reserved)
{
	(void)context;
	(void)reserved;
	dpc(0, dpc_context, throttle);
}

static VOID message_off(NDIS_HANDLE context, ULONG message)
{
	(void)context;
	(void)message;
	atomic_fetch_add(&seen.disabled, 1);
}

static VOID message_on(NDIS_HANDLE context, ULONG message)
{
	(void)context;
	(void)message;
	atomic_fetch_add(&seen.enabled, 1);
}

static NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS characteristics(bool messages)
{
	return (NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS){
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1 },
		.InterruptHandler = line_isr, .InterruptDpcHandler = line_dpc,
		.MsiSupported = messages,
		.MessageInterruptHandler = message_isr, .MessageInterruptDpcHandler = message_dpc,
		.DisableMessageInterruptHandler = message_off,
		.EnableMessageInterruptHandler = message_on,
	};
}

static NDIS_HANDLE interrupt_of(NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c)
{
	NDIS_HANDLE i;

	memset(&seen, 0, sizeof(seen));
	seen.recognizes = TRUE;
	assert_int_equal(NdisMRegisterInterruptEx(&adapter, &seen, &c, &i), NDIS_STATUS_SUCCESS);
	assert_int_equal(c.InterruptType, c.MsiSupported ? NDIS_CONNECT_MESSAGE_BASED
							 : NDIS_CONNECT_LINE_BASED);
	assert_int_equal(c.MessageInfoTable != NULL, c.MsiSupported);
	return i;
}

static void end(NDIS_HANDLE i)
{
	NdisMDeregisterInterruptEx(i);
	assert_int_equal(atomic_load(&seen.wrong_level), 0);
	assert_int_equal(atomic_load(&seen.wrong_place), 0);
	assert_int_equal(atomic_load(&seen.overlaps), 0);
}

static void H26_a_raised_message_is_handled_on_its_processor(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	seen.queue_default = TRUE;
	seen.targets = 7;              /* ignored: the default is wanted */
	for (ULONG m = 0; m < PROCESSORS; m++) {
		assert_int_equal(OvmqRaiseInterrupt(i, m), NDIS_STATUS_SUCCESS);
		wait_until(&seen.dpcs, (int)m + 1);
		assert_int_equal(atomic_load(&seen.isr_message), (int)m);
		assert_int_equal(atomic_load(&seen.dpc_message), (int)m);
		assert_int_equal(atomic_load(&seen.dpcs_on[m]), 1);
		assert_null(atomic_load(&seen.dpc_context));
	}
	settle();
	assert_int_equal(atomic_load(&seen.isrs), PROCESSORS);
	assert_int_equal(atomic_load(&seen.dpcs), PROCESSORS);
	assert_int_equal(OvmqRaiseInterrupt(i, PROCESSORS), NDIS_STATUS_INVALID_PARAMETER);
	end(i);
}

static void target_processors_are_obeyed_if_the_interrupt_was_the_devices(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	seen.targets = 5;
	OvmqRaiseInterrupt(i, 1);
	wait_until(&seen.dpcs, 2);
	settle();
	assert_int_equal(atomic_load(&seen.dpcs_on[0]), 1);
	assert_int_equal(atomic_load(&seen.dpcs_on[1]), 0);
	assert_int_equal(atomic_load(&seen.dpcs_on[2]), 1);
	assert_int_equal(atomic_load(&seen.dpc_message), 1);
	seen.recognizes = FALSE;
	OvmqRaiseInterrupt(i, 1);
	wait_until(&seen.isrs, 2);
	settle();
	assert_int_equal(atomic_load(&seen.dpcs), 2);
	end(i);
}

static void F20_a_dpc_with_more_to_indicate_is_called_again(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	seen.queue_default = TRUE;
	atomic_store(&seen.more, 4);
	OvmqRaiseInterrupt(i, 2);
	wait_until(&seen.dpcs, 5);
	settle();
	assert_int_equal(atomic_load(&seen.dpcs_on[2]), 5);
	assert_int_equal(atomic_load(&seen.isrs), 1);
	assert_true(atomic_load(&seen.max_nbls) > 0);
	end(i);
}

static void before_6_20_there_is_no_throttle(void **state)
{
	NDIS_HANDLE i;

	(void)state;
	driver.handlers.MinorNdisVersion = 1;
	i = interrupt_of(characteristics(true));
	driver.handlers.MinorNdisVersion = 30;
	seen.queue_default = TRUE;
	OvmqRaiseInterrupt(i, 0);
	wait_until(&seen.dpcs, 1);
	assert_int_equal(atomic_load(&seen.throttled), 0);
	end(i);
}

static void a_line_is_one_message_on_the_first_processor(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(false));

	(void)state;
	seen.queue_default = TRUE;
	assert_int_equal(OvmqRaiseInterrupt(i, 1), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(OvmqRaiseInterrupt(i, 0), NDIS_STATUS_SUCCESS);
	wait_until(&seen.dpcs, 1);
	assert_int_equal(atomic_load(&seen.dpcs_on[0]), 1);
	assert_int_equal(NdisMQueueDpc(i, 77, 4, &seen), 4);
	wait_until(&seen.dpcs, 2);
	assert_int_equal(atomic_load(&seen.dpcs_on[2]), 1);
	assert_ptr_equal(atomic_load(&seen.dpc_context), &seen);
	end(i);
}

static void a_dpc_waits_once_for_each_message_and_processor(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));
	GROUP_AFFINITY both = { .Mask = 6 }, elsewhere = { .Mask = 1, .Group = 1 };
	unsigned errors = log_errors();
	KIRQL old;

	(void)state;
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	assert_int_equal(NdisMQueueDpc(i, 0, 8 | 4, NULL), 4);   /* there is no fourth */
	KeLowerIrql(old);
	wait_until(&seen.dpcs_on[2], 1);
	assert_int_equal(NdisMQueueDpcEx(i, 1, &both, &driver), 6);
	wait_until(&seen.dpcs, 3);
	assert_int_equal(atomic_load(&seen.dpcs_on[1]), 1);
	assert_ptr_equal(atomic_load(&seen.dpc_context), &driver);
	assert_int_equal(NdisMQueueDpcEx(i, 1, &elsewhere, NULL), 0);
	assert_int_equal(NdisMQueueDpc(i, PROCESSORS, 1, NULL), 0);
	assert_int_equal(log_errors(), errors + 1);
	/* While one runs another may wait, and a third may not. */
	seen.again = i;
	assert_int_equal(NdisMQueueDpc(i, 0, 2, NULL), 2);
	wait_until(&seen.dpcs, 5);
	settle();
	assert_int_equal(atomic_load(&seen.dpcs), 5);
	assert_int_equal(atomic_load(&seen.queued_once), 2);
	assert_int_equal(atomic_load(&seen.queued_twice), 0);
	end(i);
}

static BOOLEAN synchronized(NDIS_HANDLE context)
{
	if (atomic_fetch_add(&seen.inside, 1))
		atomic_fetch_add(&seen.overlaps, 1);
	if (KeGetCurrentIrql() <= DISPATCH_LEVEL)
		atomic_fetch_add(&seen.wrong_level, 1);
	usleep(50);
	atomic_fetch_sub(&seen.inside, 1);
	return context == &driver;
}

static void synchronizing_excludes_the_interrupt_handler(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	seen.slow_us = 50;
	for (int n = 0; n < 200; n++) {
		OvmqRaiseInterrupt(i, 1);
		assert_true(NdisMSynchronizeWithInterruptEx(i, 1, synchronized, &driver));
	}
	assert_false(NdisMSynchronizeWithInterruptEx(i, 1, synchronized, NULL));
	wait_until(&seen.isrs, 1);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	end(i);
}

static void messages_that_synchronize_together_exclude_one_another(void **state)
{
	NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c = characteristics(true);
	NDIS_HANDLE i;

	(void)state;
	c.MsiSyncWithAllMessages = TRUE;
	i = interrupt_of(c);
	seen.slow_us = 50;
	for (int n = 0; n < 100; n++) {
		OvmqRaiseInterrupt(i, 0);
		OvmqRaiseInterrupt(i, 1);
		usleep(200);
	}
	wait_until(&seen.isrs, 2);
	end(i);
}

static NDIS_STATUS configure(NDIS_MSIX_TABLE_OPERATION operation, ULONG entry, ULONG message)
{
	NDIS_MSIX_CONFIG_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_MSIX_CONFIG_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MSIX_CONFIG_PARAMETERS_REVISION_1 },
		.ConfigOperation = operation, .TableEntry = entry, .MessageNumber = message,
	};

	return NdisMConfigMSIXTableEntry(&adapter, &p);
}

static void H27_an_entry_moves_to_another_messages_processor(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	seen.queue_default = TRUE;
	assert_int_equal(configure(NdisMSIXTableConfigSetTableEntry, 0, 2), NDIS_STATUS_SUCCESS);
	OvmqRaiseInterrupt(i, 0);
	wait_until(&seen.dpcs, 1);
	assert_int_equal(atomic_load(&seen.isr_message), 2);
	assert_int_equal(atomic_load(&seen.dpcs_on[2]), 1);
	assert_int_equal(configure(NdisMSIXTableConfigSetTableEntry, 0, 3), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(configure(NdisMSIXTableConfigSetTableEntry, 3, 0), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(configure(NdisMSIXTableConfigMax, 0, 0), NDIS_STATUS_INVALID_PARAMETER);
	end(i);
}

static void a_masked_entry_is_raised_when_it_is_unmasked(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	assert_int_equal(configure(NdisMSIXTableConfigMaskTableEntry, 1, 0), NDIS_STATUS_SUCCESS);
	OvmqRaiseInterrupt(i, 1);
	OvmqRaiseInterrupt(i, 1);
	settle();
	assert_int_equal(atomic_load(&seen.isrs), 0);
	assert_int_equal(configure(NdisMSIXTableConfigUnmaskTableEntry, 1, 0), NDIS_STATUS_SUCCESS);
	wait_until(&seen.isrs, 1);
	settle();
	assert_int_equal(atomic_load(&seen.isrs), 1);
	end(i);
}

static void a_connected_line_polls_its_messages_dpc_and_moves(void **state)
{
	const OVMQ_POLL_SOURCE line = { .Descriptor = OVMQ_WAKE_BY_TIME };
	NDIS_HANDLE i = interrupt_of(characteristics(true));
	int before;

	(void)state;
	assert_int_equal(OvmqConnectInterrupt(i, 1, &line), NDIS_STATUS_SUCCESS);
	assert_int_equal(OvmqConnectInterrupt(i, 1, &line), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(OvmqRaiseInterrupt(i, 1), NDIS_STATUS_INVALID_PARAMETER);
	wait_until(&seen.dpcs_on[1], 3);
	assert_int_equal(atomic_load(&seen.isrs), 0);
	assert_int_equal(configure(NdisMSIXTableConfigSetTableEntry, 1, 2), NDIS_STATUS_SUCCESS);
	wait_until(&seen.dpcs_on[2], 3);
	before = atomic_load(&seen.dpcs_on[1]);
	settle();
	assert_int_equal(atomic_load(&seen.dpcs_on[1]), before);
	assert_int_equal(atomic_load(&seen.dpc_message), 2);
	assert_int_equal(configure(NdisMSIXTableConfigMaskTableEntry, 1, 0), NDIS_STATUS_SUCCESS);
	before = atomic_load(&seen.dpcs);
	settle();
	assert_int_equal(atomic_load(&seen.dpcs), before);
	assert_int_equal(configure(NdisMSIXTableConfigUnmaskTableEntry, 1, 0), NDIS_STATUS_SUCCESS);
	wait_until(&seen.dpcs, before + 3);
	end(i);
}

static void interrupts_are_switched_off_and_on(void **state)
{
	NDIS_HANDLE i = interrupt_of(characteristics(true));

	(void)state;
	ndis_interrupts_disable(&adapter);
	assert_int_equal(atomic_load(&seen.disabled), PROCESSORS);
	ndis_interrupts_enable(&adapter);
	assert_int_equal(atomic_load(&seen.enabled), PROCESSORS);
	end(i);
}

static void H22_handlers_that_are_missing_are_told(void **state)
{
	NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c = characteristics(true);
	unsigned errors = log_errors();
	NDIS_HANDLE i = &c;

	(void)state;
	c.MessageInterruptHandler = NULL;
	c.InterruptDpcHandler = NULL;
	assert_int_equal(NdisMRegisterInterruptEx(&adapter, &seen, &c, &i), NDIS_STATUS_FAILURE);
	assert_null(i);
	NdisMDeregisterInterruptEx(&c);
	assert_int_equal(log_errors(), errors + 2);
}

static int start(void **state)
{
	struct kernel_config config = { .processors = PROCESSORS, .workers = 2 };
	struct error err;

	(void)state;
	return kernel_start(&config, &err);
}

static int stop(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(H26_a_raised_message_is_handled_on_its_processor),
		cmocka_unit_test(target_processors_are_obeyed_if_the_interrupt_was_the_devices),
		cmocka_unit_test(F20_a_dpc_with_more_to_indicate_is_called_again),
		cmocka_unit_test(before_6_20_there_is_no_throttle),
		cmocka_unit_test(a_line_is_one_message_on_the_first_processor),
		cmocka_unit_test(a_dpc_waits_once_for_each_message_and_processor),
		cmocka_unit_test(synchronizing_excludes_the_interrupt_handler),
		cmocka_unit_test(messages_that_synchronize_together_exclude_one_another),
		cmocka_unit_test(H27_an_entry_moves_to_another_messages_processor),
		cmocka_unit_test(a_masked_entry_is_raised_when_it_is_unmasked),
		cmocka_unit_test(a_connected_line_polls_its_messages_dpc_and_moves),
		cmocka_unit_test(interrupts_are_switched_off_and_on),
		cmocka_unit_test(H22_handlers_that_are_missing_are_told),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
