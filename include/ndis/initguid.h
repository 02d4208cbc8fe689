/* SPDX-License-Identifier: BSD-2-Clause */
/* After this the lines DEFINE_GUID of this source define their GUIDs. May be
 * included again, and after headers that declared some. */
#include <ntdef.h>

#ifndef INITGUID
#define INITGUID
#endif
#undef DEFINE_GUID
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	EXTERN_C const GUID name; \
	const GUID name __attribute__((weak)) = \
		{ l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
