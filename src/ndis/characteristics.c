/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/characteristics.h"

#include <stdbool.h>
#include <string.h>

#include "base/log.h"

/* What all three begin with. */
struct head {
	NDIS_OBJECT_HEADER header;
	UCHAR major, minor;
};

/* Minor versions of NDIS 6 that were ever published. */
static bool version_is_known(UCHAR minor)
{
	static const UCHAR known[] = { 0, 1, 20, 30, 40, 50, 51, 60, 70, 80, 81, 82, 83, 84, 85,
				       86, 87, 88, 89 };

	return memchr(known, minor, sizeof(known)) != NULL;
}

static NDIS_STATUS check_header(const struct ndis_shape *shape, const char *driver,
				const NDIS_OBJECT_HEADER *h)
{
	USHORT size;

	/* Drivers of Microsoft's own say DEFAULT, so Windows takes it. */
	if (h->Type != shape->type && h->Type != NDIS_OBJECT_TYPE_DEFAULT) {
		log_error("driver %s: %s characteristics: Header.Type is 0x%02x, must be 0x%02x", driver,
			  shape->what, h->Type, shape->type);
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	if (!h->Revision) {
		log_error("driver %s: %s characteristics: Header.Revision is 0, must be 1 to %u", driver,
			  shape->what, shape->revisions);
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	size = shape->size[(h->Revision < shape->revisions ? h->Revision : shape->revisions) - 1];
	if (h->Size < size) {
		log_error("driver %s: %s characteristics: Header.Size is %u, revision %u has %u bytes",
			  driver, shape->what, h->Size, h->Revision, size);
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS ndis_characteristics_take(const struct ndis_shape *shape, const char *driver,
				      const void *given, void *copy, size_t room)
{
	struct head head;
	NDIS_STATUS status;
	bool whole = true;

	memcpy(&head, given, sizeof(head));
	status = check_header(shape, driver, &head.header);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (head.major != 6 || !version_is_known(head.minor)) {
		log_error("driver %s: %s characteristics: NDIS version %u.%u is not one of 6.x", driver,
			  shape->what, head.major, head.minor);
		return NDIS_STATUS_BAD_VERSION;
	}
	memset(copy, 0, room);
	memcpy(copy, given, head.header.Size < room ? head.header.Size : room);
	for (const struct ndis_handler *h = shape->must; h->name; h++) {
		void (*handler)(void);

		memcpy(&handler, (const char *)copy + h->offset, sizeof(handler));
		if (handler)
			continue;
		log_error("driver %s: %s characteristics: %s is NULL (I2)", driver, shape->what, h->name);
		whole = false;
	}
	return whole ? NDIS_STATUS_SUCCESS : NDIS_STATUS_BAD_CHARACTERISTICS;
}
