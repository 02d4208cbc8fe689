/* SPDX-License-Identifier: BSD-2-Clause */
/* The known name that somebody may have meant. */
#ifndef CONFIG_NAMES_H
#define CONFIG_NAMES_H

/* How many letters must be added, removed, changed or swapped with their
 * neighbour to make 'b' of 'a'; names longer than 31 bytes are 31 apart. */
unsigned config_name_distance(const char *a, const char *b);

/* Keeps the nearest of the names it is shown, one after the other. */
struct config_nearest {
	const char *meant;     /* what was written */
	const char *name;      /* the nearest so far that is near enough; NULL: none */
	unsigned distance;
};
void config_nearest_try(struct config_nearest *nearest, const char *name);

#endif
