/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether this build runs under AddressSanitizer, and what it is then told. */
#ifndef KERNEL_SANITIZER_H
#define KERNEL_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__)
#define KERNEL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KERNEL_ASAN 1
#endif
#endif
#ifndef KERNEL_ASAN
#define KERNEL_ASAN 0
#endif

#if KERNEL_ASAN
#include <sanitizer/asan_interface.h>
#define sanitizer_forbid(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define sanitizer_permit(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define sanitizer_forbid(p, n) ((void)(p), (void)(n))
#define sanitizer_permit(p, n) ((void)(p), (void)(n))
#endif

#endif
