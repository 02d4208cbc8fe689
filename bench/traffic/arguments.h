/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command's words: what has no '=', in order, and KEY=VALUE, in any.
 */
#ifndef TRAFFIC_ARGUMENTS_H
#define TRAFFIC_ARGUMENTS_H

#include <stdint.h>

#include "probe.h"
#include "windows.h"

#define ARGUMENT_WORDS 4u

/* name, what is read into 'numbers' or by a reader of its own, least, most */
#define ARGUMENT_NUMBERS(X) \
	X(rate,  1, 1000000000) \
	X(count, 0, UINT32_MAX) \
	X(gap,   0, 60000) \
	X(limit, 0, 60000) \
	X(flows, 1, 2048) \
	X(windows, 1, WINDOWS_MOST)

enum argument_key {
#define X(name, least, most) ARGUMENT_##name,
	ARGUMENT_NUMBERS(X)
#undef X
	ARGUMENT_NUMERIC, ARGUMENT_to = ARGUMENT_NUMERIC, ARGUMENT_from, ARGUMENT_size, ARGUMENT_vlan,
	ARGUMENT_KEYS
};

#define ARGUMENT_BIT(name) (1u << ARGUMENT_##name)

struct arguments {
	const char *words[ARGUMENT_WORDS];
	unsigned n_words;
	unsigned given;                      /* bits: which keys */
	uint64_t numbers[ARGUMENT_NUMERIC];
	struct probe_address to;
	unsigned n_to;
	const char *from;                    /* a MAC, or a port: who needs it sees */
	unsigned size;                       /* 0: imix */
	unsigned vlan;                       /* PROBE_NO_VLAN, INSPECT_ANY_VLAN or a tag */
	char error[160];
};

/* Takes 'line' apart, which is written to. 0, or -EINVAL and 'error' says what is wrong. */
int arguments_parse(struct arguments *a, char *line);

/* A number of digits alone, from 'least' to 'most'. 0 or -EINVAL. */
int arguments_number(const char *text, uint64_t least, uint64_t most, uint64_t *value);

/* MAC or, with 'n', MAC+N. 0 or -EINVAL. */
int arguments_address(const char *text, struct probe_address *mac, unsigned *n);

#endif
