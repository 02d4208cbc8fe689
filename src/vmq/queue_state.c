/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/queue_state.h"

#include <errno.h>

/* One more than the state, so that an empty cell (0) means "not allowed". */
#define TO(state) (VMQ_QUEUE_##state + 1)

static const signed char next_state[VMQ_QUEUE_EVENT_COUNT][VMQ_QUEUE_STATE_COUNT] = {
	[VMQ_EVENT_ALLOCATE]     = { [VMQ_QUEUE_UNDEFINED] = TO(ALLOCATED) },
	[VMQ_EVENT_COMPLETE]     = { [VMQ_QUEUE_ALLOCATED] = TO(PAUSED),
				     [VMQ_QUEUE_SET]       = TO(RUNNING) },
	[VMQ_EVENT_SET_FILTER]   = { [VMQ_QUEUE_ALLOCATED] = TO(SET),
				     [VMQ_QUEUE_SET]       = TO(SET),
				     [VMQ_QUEUE_PAUSED]    = TO(RUNNING),
				     [VMQ_QUEUE_RUNNING]   = TO(RUNNING) },
	[VMQ_EVENT_CLEAR_FILTER] = { [VMQ_QUEUE_SET]       = TO(SET),
				     [VMQ_QUEUE_RUNNING]   = TO(RUNNING) },
	[VMQ_EVENT_CLEAR_LAST]   = { [VMQ_QUEUE_SET]       = TO(ALLOCATED),
				     [VMQ_QUEUE_RUNNING]   = TO(PAUSED) },
	/* C12: a queue with filters cannot be freed, so SET and RUNNING stay empty. */
	[VMQ_EVENT_FREE]         = { [VMQ_QUEUE_ALLOCATED] = TO(STOP_DMA),
				     [VMQ_QUEUE_PAUSED]    = TO(STOP_DMA) },
	[VMQ_EVENT_DMA_STOPPED]  = { [VMQ_QUEUE_STOP_DMA]  = TO(FREEING) },
	[VMQ_EVENT_DRAINED]      = { [VMQ_QUEUE_FREEING]   = TO(UNDEFINED) },
};

int vmq_queue_state_next(enum vmq_queue_state state, enum vmq_queue_event event)
{
	int cell = next_state[event][state];

	return cell ? cell - 1 : -EPERM;
}

const char *vmq_queue_state_name(enum vmq_queue_state state)
{
	static const char *const names[VMQ_QUEUE_STATE_COUNT] = {
#define X(name, text) [VMQ_QUEUE_##name] = #name,
		VMQ_QUEUE_STATES(X)
#undef X
	};

	return state < VMQ_QUEUE_STATE_COUNT ? names[state] : "?";
}

const char *vmq_queue_state_text(enum vmq_queue_state state)
{
	static const char *const texts[VMQ_QUEUE_STATE_COUNT] = {
#define X(name, text) [VMQ_QUEUE_##name] = text,
		VMQ_QUEUE_STATES(X)
#undef X
	};

	return state < VMQ_QUEUE_STATE_COUNT ? texts[state] : "?";
}
