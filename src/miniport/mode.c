/* SPDX-License-Identifier: BSD-2-Clause */
#include "miniport/mode.h"
#include "miniport/steer.h"

/* The split is a demand of the overlying driver for every frame (E15): it is stronger than
 * the adapter's keyword. A NIC that cannot steer to the queue leaves it placed. */
const struct mp_mode *mp_mode_of(struct mp_queue *q)
{
	if (q->lookahead)
		return &mp_split;
	if (mp_steer_take(q))
		return &mp_steered;
	return q->adapter->settings.receive == MP_RECEIVE_LOANED ? &mp_loaned : &mp_placed;
}
