/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registry that drivers read by handle (ZwOpenKey, ZwQueryValueKey). This room keeps
 * no values: whoever loads drivers says what they find.
 */
#ifndef KERNEL_REGISTRY_H
#define KERNEL_REGISTRY_H

#include <stdbool.h>

#include <wdm.h>

struct registry_value {
	ULONG type, length;          /* REG_...; bytes */
	void *data;                  /* from malloc(); NULL where the length is 0 */
};

struct registry_source {
	/* Whether there is a key of that full path, "\Registry\Machine\...". */
	bool (*key_exists)(PCUNICODE_STRING path);
	/* Reads a value of a key. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INSUFFICIENT_RESOURCES. */
	NTSTATUS (*value_read)(PCUNICODE_STRING path, PCUNICODE_STRING name,
			       struct registry_value *value);
};

/* Until this is called no key exists. The source must stay. Its functions are called on
 * drivers' threads at PASSIVE_LEVEL, with no lock held. */
void registry_set_source(const struct registry_source *source);

#endif
