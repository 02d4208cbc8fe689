/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver's configuration, which stands here for the INF file and the registry:
 * the keywords that the host gives, and what the driver wrote over them. Names may
 * hold sub keys: "Sub\Key". For this room alone.
 */
#ifndef NDIS_CONFIGURATION_H
#define NDIS_CONFIGURATION_H

#include "ndis/object.h"

/* ---- configuration_value.c: a value as the driver gets it ---- */

/* In one block, so that one free() takes it; linked to the handle it was read with. */
struct ndis_value {
	struct ndis_value *next;
	NDIS_CONFIGURATION_PARAMETER parameter;
	_Alignas(16) unsigned char data[];
};

/* Room for 'bytes' of data; NULL: no memory. */
struct ndis_value *ndis_value_new(size_t bytes);

/*
 * The value of a text, as type 'type':
 *   integer       decimal, or hexadecimal after 0x; a hex integer needs no 0x
 *   string        as it is
 *   multi string  separated by commas; ends with an empty one
 *   binary        pairs of hexadecimal digits, with spaces, commas, hyphens or colons between
 * NULL: *status is NDIS_STATUS_FAILURE (the text is nothing of that type) or _RESOURCES.
 */
struct ndis_value *ndis_value_from_text(const char *text, NDIS_PARAMETER_TYPE type,
					NDIS_STATUS *status);

/* The same of a value that was written: integers and strings become one another,
 * every other type is only what it is. */
struct ndis_value *ndis_value_from_parameter(const NDIS_CONFIGURATION_PARAMETER *from,
					     NDIS_PARAMETER_TYPE type, NDIS_STATUS *status);

/* How many bytes the hexadecimal pairs of 'text' are; -1: they are none. 'to' may be NULL. */
int ndis_hex_decode(const char *text, unsigned char *to);

/* ---- configuration_store.c: where values are ---- */

#define NDIS_SETTING_NAME_SIZE 256

/* The name of the 'index'th setting of 'owner', with its sub keys; NULL: there are no
 * more. A setting that was written over may come twice. The name lives on. */
const char *ndis_setting_name(const struct ndis_object *owner, unsigned index);

/* Reads one, by name without regard to case. NULL: *status says why; FAILURE, too,
 * where there is no such setting. */
struct ndis_value *ndis_setting_read(const struct ndis_object *owner, const char *name,
				     NDIS_PARAMETER_TYPE type, NDIS_STATUS *status);

/* Whether a driver wrote it, and as what type. */
bool ndis_setting_written(const struct ndis_object *owner, const char *name,
			  NDIS_PARAMETER_TYPE *type);

/* Keeps a copy for as long as the process runs, under the owner's kind and name: an
 * adapter that is added again finds what it wrote. */
NDIS_STATUS ndis_setting_write(const struct ndis_object *owner, const char *name,
			       const NDIS_CONFIGURATION_PARAMETER *value);

#endif
