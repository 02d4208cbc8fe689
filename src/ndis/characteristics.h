/* SPDX-License-Identifier: BSD-2-Clause */
/* What the three kinds of drivers hand over when they register: checked in one way. */
#ifndef NDIS_CHARACTERISTICS_H
#define NDIS_CHARACTERISTICS_H

#include <stddef.h>

#include <ndis.h>

/* One handler that must not be NULL, and where it stands. */
struct ndis_handler {
	size_t offset;
	const char *name;
};

/* One kind of characteristics. All three begin with Header, MajorNdisVersion and
 * MinorNdisVersion. */
struct ndis_shape {
	const char *what;                      /* "miniport" */
	UCHAR type;                            /* Header.Type */
	unsigned revisions;                    /* 1 .. this many are known */
	const USHORT *size;                    /* of each */
	const struct ndis_handler *must;       /* until one without a name */
};

/*
 * Checks 'given' and copies what its revision holds to 'copy' of 'room' bytes, the
 * rest of which is zero. 'driver' is for the log, which names the field that is
 * wrong. NDIS_STATUS_BAD_VERSION, NDIS_STATUS_BAD_CHARACTERISTICS.
 */
NDIS_STATUS ndis_characteristics_take(const struct ndis_shape *shape, const char *driver,
				      const void *given, void *copy, size_t room);

#endif
