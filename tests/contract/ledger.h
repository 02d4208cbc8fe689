/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch's ledger at the end of a test. Include after cmocka. */
#ifndef CONTRACT_LEDGER_H
#define CONTRACT_LEDGER_H

#include "vswitch/vswitch.h"

/* Fails the test unless every frame that came went somewhere, or was dropped for a reason. */
static inline void ledger_must_balance(const struct vswitch_report *r)
{
	uint64_t gone = r->delivered + r->consumed + r->to_wire + r->on_the_way;

	for (unsigned i = 0; i < PORT_DROP_COUNT; i++)
		gone += r->drops[i];
	assert_int_equal(r->from_wire + r->from_vms + r->copies, gone);
}

#endif
