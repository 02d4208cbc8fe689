/* SPDX-License-Identifier: BSD-2-Clause */
/* Our names, which are ASCII, as the counted strings of 16-bit characters that drivers
 * are given. */
#ifndef NDIS_NAME_H
#define NDIS_NAME_H

#include <ndis.h>

#define NDIS_NAME_ROOM 128

struct ndis_name {
	NDIS_STRING string;        /* points into 'text' */
	WCHAR text[NDIS_NAME_ROOM];
};

/* What does not fit is cut off. */
static inline void ndis_name_set(struct ndis_name *name, const char *ascii)
{
	USHORT n = 0;

	while (ascii[n] && n < NDIS_NAME_ROOM - 1) {
		name->text[n] = (unsigned char)ascii[n];
		n++;
	}
	name->text[n] = 0;
	name->string = (NDIS_STRING){ (USHORT)(n * sizeof(WCHAR)),
				      (USHORT)((n + 1) * sizeof(WCHAR)), name->text };
}

#endif
