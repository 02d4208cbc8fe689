/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/names.h"

#include <ctype.h>
#include <string.h>

#define MAX_NAME 31

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

unsigned config_name_distance(const char *a, const char *b)
{
	/* row[i][j]: the distance of the first i letters of 'a' and j of 'b' */
	unsigned char row[MAX_NAME + 1][MAX_NAME + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > MAX_NAME || m > MAX_NAME)
		return MAX_NAME;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= n; i++) {
		row[i][0] = (unsigned char)i;
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
			unsigned d = min3(row[i - 1][j] + 1u, row[i][j - 1] + 1u,
					  row[i - 1][j - 1] + (x != y));

			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && row[i - 2][j - 2] + 1u < d)
				d = row[i - 2][j - 2] + 1u;
			row[i][j] = (unsigned char)d;
		}
	}
	return row[n][m];
}

void config_nearest_try(struct config_nearest *nearest, const char *name)
{
	unsigned distance = config_name_distance(nearest->meant, name);
	size_t length = strlen(name);

	/* A third of the letters may be wrong; more is another word. */
	if (distance > (length + 2) / 3 || distance >= length)
		return;
	if (!nearest->name || distance < nearest->distance) {
		nearest->name = name;
		nearest->distance = distance;
	}
}
