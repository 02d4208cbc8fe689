/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest: a port with what it does with what arrives, and what it sends. All guests are one
 * thread's, the world's.
 */
#ifndef TRAFFIC_GUEST_H
#define TRAFFIC_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect.h"
#include "pace.h"
#include "port.h"
#include "stream.h"

#define GUESTS 32u     /* DPDK has no more ports */

enum guest_reading { GUEST_CLOSED, GUEST_RECEIVES, GUEST_SLOW, GUEST_ECHOES };

struct guest {
	struct port port;
	struct inspect inspect;
	struct stream stream;
	enum guest_reading reading;
	struct pace slow;
	unsigned owed;         /* GUEST_SLOW: frames it may read now */
};

struct world {
	struct guest guests[GUESTS];
	unsigned n_guests;
	uint64_t began, ended;     /* TSC: when the counts began, and the last round */
	uint64_t longest;          /* cycles between two rounds since */
	bool quit;
};

/* NAME=KIND:... of the command line. 0, or a negative errno after a line on standard error. */
int world_add(struct world *w, const char *spec);
void world_close(struct world *w);

/* NULL: there is none of that name. */
struct guest *world_find(struct world *w, const char *name);

/* What a guest does with what arrives; 'rate' (frames a second) is GUEST_SLOW's. */
void guest_read(struct guest *g, enum guest_reading reading, double rate);

/* Reads what has come once, whatever its role; how many frames. */
unsigned guest_receive(struct guest *g);

/* Whether any guest has something to do. */
bool world_active(const struct world *w);

void world_reset(struct world *w);

/* Goes on with what was ordered for so long. */
void world_run(struct world *w, double seconds);

/* One look at every port. */
void world_round(struct world *w);

#endif
