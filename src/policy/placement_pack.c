/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills a processor before it takes the next, so that the workers of the others can sleep. */
#include "policy/placement.h"

#define FULL 8   /* VMs; more go where the fewest are */

static unsigned pack_choose(const struct placement_view *view)
{
	unsigned fewest = 0;

	for (unsigned p = 0; p < view->n_processors; p++) {
		if (view->vms[p] < FULL)
			return p;
		if (view->vms[p] < view->vms[fewest])
			fewest = p;
	}
	return fewest;
}

const struct placement placement_pack = {
	.name = "pack",
	.text = "fills a processor with eight VMs before it takes the next",
	.choose = pack_choose,
};
