/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/amount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int amount_parse(const char *text, uint64_t *value)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	uint64_t n;

	if (!digits || (text[digits] && (!unit || text[digits + 1])))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, NULL, 10);
	if (errno)
		return -ERANGE;
	for (const char *u = units; unit && u <= unit; u++)
		if (__builtin_mul_overflow(n, 1000u, &n))
			return -ERANGE;
	*value = n;
	return 0;
}
