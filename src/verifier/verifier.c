/* SPDX-License-Identifier: BSD-2-Clause */
/* On and off: what NDIS calls while it is watched. */
#include "verifier/verifier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/nbl_watch.h"
#include "verifier/inside.h"

static bool is_on;

static void state_changed(struct ndis_layer *layer, int from, int to)
{
	struct tracked_layer *t = layer_track(layer);

	(void)from;
	(void)to;
	if (t)
		atomic_store(&t->state_since, verifier_ns());
}

static const struct ndis_watch watch = {
	.send = verifier_send,
	.send_complete = verifier_send_complete,
	.indicate = verifier_indicate,
	.give_back = verifier_give_back,
	.cancel_send = verifier_cancel_send,
	.send_checked = verifier_send_checked,
	.hand_over = verifier_hand_over,
	.unclaimed = verifier_unclaimed,
	.copy_made = verifier_copy_made,
	.copy_back = verifier_copy_back,
	.oid_turn = oid_turn,
	.oid_asked = oid_asked,
	.oid_returned = oid_returned,
	.oid_completed = oid_completed,
	.callback_begins = callback_begins,
	.callback_ends = callback_ends,
	.called = irql_called,
	.state_changed = state_changed,
	.layer_gone = left_by,
};

static const struct ndis_nbl_watch nbl_watch = {
	.freed = left_nbl_freed,
	.pool_created = left_pool_created,
	.pool_freed = left_pool_freed,
};

int verifier_start(const struct verifier_config *config, struct error *err)
{
	int rc;

	if (config->mode == VERIFIER_OFF)
		return 0;
	if (is_on)
		return error_set(err, EBUSY, "the verifier runs already");
	report_start(config);
	rc = timed_start(config->hurry);
	if (rc)
		return error_set(err, -rc, "the verifier's thread does not start: %s", strerror(-rc));
	atomic_store(&ndis_nbl_watch, &nbl_watch);
	ndis_watch = &watch;
	is_on = true;
	return 0;
}

int verifier_start_from_environment(enum verifier_mode otherwise, struct error *err)
{
	struct verifier_config config = { .mode = otherwise };
	const char *text = getenv("OVMQ_VERIFIER");

	if (text && verifier_mode_parse(text, &config.mode))
		return error_set(err, EINVAL, "OVMQ_VERIFIER is '%s', not off, report or abort", text);
	return verifier_start(&config, err);
}

void verifier_stop(void)
{
	if (!is_on)
		return;
	is_on = false;
	timed_stop();
	ndis_watch = NULL;
	atomic_store(&ndis_nbl_watch, NULL);
	records_free();
	oids_free();
	left_free();
	layers_free();
	report_stop();
}
