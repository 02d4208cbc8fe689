/* SPDX-License-Identifier: BSD-2-Clause */
/* Members are aligned to 8 bytes from here to poppack.h. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpragma-pack"
#endif
#pragma pack(push, 8)
