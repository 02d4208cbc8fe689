/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/placement.h"

#include <stddef.h>

const struct placement *const placements[] = {
#define X(policy, name) &policy,
	PLACEMENTS(X)
#undef X
	NULL,
};
