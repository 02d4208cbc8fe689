/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verifier does about a breach. */
#ifndef VERIFIER_MODE_H
#define VERIFIER_MODE_H

#include <errno.h>
#include <string.h>

/* X(NAME, what a person writes) */
#define VERIFIER_MODES(X) \
	X(OFF, "off") \
	X(REPORT, "report") \
	X(ABORT, "abort")

enum verifier_mode {
#define X(name, text) VERIFIER_##name,
	VERIFIER_MODES(X)
#undef X
};

/* -EINVAL: 'text' is no mode. */
static inline int verifier_mode_parse(const char *text, enum verifier_mode *mode)
{
#define X(name, word) \
	if (!strcmp(text, word)) { \
		*mode = VERIFIER_##name; \
		return 0; \
	}
	VERIFIER_MODES(X)
#undef X
	return -EINVAL;
}

#endif
