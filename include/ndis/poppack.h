/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends what pshpack1.h, 2, 4 or 8 began. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpragma-pack"
#endif
#pragma pack(pop)
