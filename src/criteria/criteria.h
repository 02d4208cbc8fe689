/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an NDIS_RECEIVE_FILTER_PARAMETERS asks of a frame, in the words of vmq: whoever
 * filters by it, a miniport or NDIS itself, reads it alike.
 */
#ifndef CRITERIA_CRITERIA_H
#define CRITERIA_CRITERIA_H

#include <ndis.h>

#include "base/error.h"
#include "vmq/classifier.h"

/*
 * Reads the tests of 'p', whose field array lies behind it, as long as its offset, number
 * and size of elements say (D23); '*to' is freed with criteria_free(). Values are in
 * network order, from the first byte on (D10). What 'p' says beyond id, queue,
 * encapsulation and tests is the caller's to look at. Any thread.
 *
 * -ENOMEM; -EINVAL: a test that no frame's MAC header can be put to, as 'err' says. After
 * an error there is nothing to free.
 */
int criteria_read(const NDIS_RECEIVE_FILTER_PARAMETERS *p, struct vmq_criteria *to,
		  struct error *err);

/* Accepts what is all zeros; leaves no tests behind. */
void criteria_free(struct vmq_criteria *c);

#endif
