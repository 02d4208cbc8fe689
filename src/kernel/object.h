/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects with a reference count, and handles to them (ObReferenceObject, ZwClose
 * and the like). For this room alone. An object has a header before its body;
 * drivers see the body.
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include <ndis.h>

struct _OBJECT_TYPE {
	const char *name;
	/* Called when the last reference goes, before the memory is freed; may be
	 * NULL. At the IRQL of who let go. */
	void (*destroy)(void *body);
};

/* A zeroed body of 'size' bytes, aligned to 16, with one reference, the caller's.
 * NULL: no memory. */
void *object_create(const struct _OBJECT_TYPE *type, size_t size);

/* A handle to the object: one more reference. NULL: no memory. Any thread below
 * DISPATCH_LEVEL. */
HANDLE object_handle(void *body);

#endif
