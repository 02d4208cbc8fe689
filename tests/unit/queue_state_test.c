/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/queue_state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The documented table's rows that change a state, written down by hand from
 * the page, so that a slip in the code is not repeated here. '.' = not allowed. */
static const char *const page[VMQ_QUEUE_EVENT_COUNT] = {
	/*                         U A S P R D F */
	[VMQ_EVENT_ALLOCATE]     = "A......",
	[VMQ_EVENT_COMPLETE]     = ".PR....",
	[VMQ_EVENT_SET_FILTER]   = ".SSRR..",
	[VMQ_EVENT_CLEAR_FILTER] = "..S.R..",
	[VMQ_EVENT_CLEAR_LAST]   = "..A.P..",
	[VMQ_EVENT_FREE]         = ".D.D...",
	[VMQ_EVENT_DMA_STOPPED]  = ".....F.",
	[VMQ_EVENT_DRAINED]      = "......U",
};
static const char letter[] = "UASPRDF";

static void C11_every_event_that_moves_a_queue(void **state)
{
	(void)state;
	for (int e = 0; e < VMQ_QUEUE_EVENT_COUNT; e++)
		for (int s = 0; s < VMQ_QUEUE_STATE_COUNT; s++) {
			int next = vmq_queue_state_next(s, e);

			if (page[e][s] == '.') {
				assert_int_equal(next, -EPERM);
				continue;
			}
			assert_in_range(next, 0, VMQ_QUEUE_STATE_COUNT - 1);
			assert_int_equal(letter[next], page[e][s]);
		}
}

static void C12_a_queue_with_filters_cannot_be_freed(void **state)
{
	(void)state;
	assert_int_equal(vmq_queue_state_next(VMQ_QUEUE_SET, VMQ_EVENT_FREE), -EPERM);
	assert_int_equal(vmq_queue_state_next(VMQ_QUEUE_RUNNING, VMQ_EVENT_FREE), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(C11_every_event_that_moves_a_queue),
		cmocka_unit_test(C12_a_queue_with_filters_cannot_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
