/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/claims.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int config_claim_add(struct config_claims *c, char *key, struct config_place place, bool shared)
{
	if (!key)
		return -ENOMEM;
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct config_claim *more = reallocarray(c->claim, room, sizeof(*more));

		if (!more) {
			free(key);
			return -ENOMEM;
		}
		c->claim = more;
		c->room = room;
	}
	c->claim[c->n++] = (struct config_claim){ key, place, shared };
	return 0;
}

void config_claims_clear(struct config_claims *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->claim[i].key);
	free(c->claim);
	*c = (struct config_claims){ 0 };
}

static int compare_places(struct config_place a, struct config_place b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return a.column == b.column ? 0 : a.column < b.column ? -1 : 1;
}

static int compare_claims(const void *a, const void *b)
{
	const struct config_claim *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : compare_places(x->place, y->place);
}

bool config_claims_conflict(struct config_claims *c, const struct config_claim **late,
			    const struct config_claim **early)
{
	const struct config_claim *holder = NULL;

	*late = *early = NULL;
	if (c->n)
		qsort(c->claim, c->n, sizeof(*c->claim), compare_claims);
	for (size_t i = 0; i < c->n; i++) {
		const struct config_claim *this = &c->claim[i];

		if (!holder || strcmp(holder->key, this->key)) {
			holder = this;
			continue;
		}
		if (holder->shared && this->shared)
			continue;
		if (!*late || compare_places(this->place, (*late)->place) < 0) {
			*late = this;
			*early = holder;
		}
		if (holder->shared)
			holder = this;
	}
	return *late != NULL;
}

char *config_file_key(const char *name)
{
	char *directory = name[0] == '/' ? strdup("") : getcwd(NULL, 0);
	char *whole = NULL, *to;

	if (asprintf(&whole, "file %s/%s", directory ? directory : "", name) < 0)
		whole = NULL;
	free(directory);
	if (!whole)
		return NULL;
	to = whole;
	for (const char *from = whole; *from; from++) {
		if (*from == '/') {
			while (from[1] == '/' || (from[1] == '.' && from[2] == '/'))
				from += from[1] == '/' ? 1 : 2;
		}
		*to++ = *from;
	}
	*to = '\0';
	return whole;
}
