/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/placement.h"

static unsigned spread_choose(const struct placement_view *view)
{
	return view->vm % view->n_processors;
}

const struct placement placement_spread = {
	.name = "spread",
	.text = "one VM after the other to the next processor, round and round",
	.choose = spread_choose,
};
