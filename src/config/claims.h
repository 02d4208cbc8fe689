/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be told apart is claimed: a name, an address on its VLAN, a socket, an interface,
 * a file. Claims are sorted, so that two of a kind lie side by side however many VMs there are.
 */
#ifndef CONFIG_CLAIMS_H
#define CONFIG_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/tree.h"

struct config_claim {
	char *key;
	struct config_place place;
	bool shared;               /* others may claim it too, if they all share */
};

struct config_claims {
	struct config_claim *claim;
	size_t n, room;
};

/* Takes 'key', a thing in words, which the claims free. NULL, or no memory: -ENOMEM. */
int config_claim_add(struct config_claims *c, char *key, struct config_place place, bool shared);

void config_claims_clear(struct config_claims *c);

/* The first claim in the file that finds its thing taken, and who has it. */
bool config_claims_conflict(struct config_claims *c, const struct config_claim **late,
			    const struct config_claim **early);

/* "file NAME" with the name made whole and without "." and doubled slashes, for the caller to
 * free; NULL: no memory. Links are not followed: the files need not exist yet. */
char *config_file_key(const char *name);

#endif
