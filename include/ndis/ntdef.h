/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The basic types and macros of Windows drivers, with the sizes and layouts
 * that they have on x64.
 *
 * 'long' has 64 bits here and 32 there: LONG and ULONG are therefore 'int',
 * and every 64-bit type is 'long', so that size_t, uint64_t, SIZE_T and ULONG64
 * are one type, as they are one type there. A WCHAR has 16 bits; u"..." fits it
 * everywhere, L"..." where the source is compiled with -fshort-wchar.
 */
#ifndef OVMQ_NTDEF_H
#define OVMQ_NTDEF_H

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sal.h>

/* ---- the words of another compiler ---- */

#define __int8   char
#define __int16  short
#define __int32  int
#define __int64  long
#define __ptr64
#define __unaligned
#ifdef __cplusplus
#define __forceinline inline __attribute__((always_inline, unused))
#else
#define __forceinline static inline __attribute__((always_inline, unused))
#endif
#define __pragma(...)
#define __w64
#define __stdcall
#define __fastcall
#ifndef __cdecl
#define __cdecl
#endif

#define __declspec(what) OVMQ_DECLSPEC_##what
#define OVMQ_DECLSPEC_align(n)      __attribute__((aligned(n)))
#define OVMQ_DECLSPEC_allocate(section)
#define OVMQ_DECLSPEC_code_seg(section)
#define OVMQ_DECLSPEC_deprecated(...)
#define OVMQ_DECLSPEC_dllexport
#define OVMQ_DECLSPEC_dllimport
#define OVMQ_DECLSPEC_guard(what)
#define OVMQ_DECLSPEC_naked         __attribute__((naked))
#define OVMQ_DECLSPEC_noalias
#define OVMQ_DECLSPEC_noinline      __attribute__((noinline))
#define OVMQ_DECLSPEC_noreturn      __attribute__((noreturn))
#define OVMQ_DECLSPEC_nothrow       __attribute__((nothrow))
#define OVMQ_DECLSPEC_novtable
#define OVMQ_DECLSPEC_restrict
#define OVMQ_DECLSPEC_safebuffers
#define OVMQ_DECLSPEC_selectany     __attribute__((weak))
#define OVMQ_DECLSPEC_thread        __thread
#define OVMQ_DECLSPEC_uuid(text)

/* A function that several sources may hold, and that is linked once. */
#define OVMQ_SHARED __attribute__((weak))

#define NTAPI
#define FASTCALL
#define CDECL
#define WINAPI
#define APIENTRY
#define CALLBACK
#define FAR
#define NEAR
#define UNALIGNED
#define RESTRICTED_POINTER __restrict
#define DECLSPEC_RESTRICT
#define DECLSPEC_NOALIAS
#define DECLSPEC_NOTHROW __attribute__((nothrow))
#define DECLSPEC_UUID(x)
#define NTSYSAPI
#define NTSYSCALLAPI
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT
#define DECLSPEC_SELECTANY  __attribute__((weak))
#define DECLSPEC_NORETURN   __attribute__((noreturn))
#define DECLSPEC_NOINLINE   __attribute__((noinline))
#define DECLSPEC_ALIGN(x)   __attribute__((aligned(x)))
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(SYSTEM_CACHE_ALIGNMENT_SIZE)
#define DECLSPEC_DEPRECATED
#define FORCEINLINE         __forceinline
#define CFORCEINLINE        FORCEINLINE
#define INLINE              static inline
#define STRICT_TYPES
#define _alloca(n)          __builtin_alloca(n)

#define IN
#define OUT
#define OPTIONAL
#define CRITICAL
#define NOTHING
#define POINTER_32
#define POINTER_64

#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#define MEMORY_ALLOCATION_ALIGNMENT 16
#define POINTER_ALIGNMENT           DECLSPEC_ALIGN(8)
#define MAX_NATURAL_ALIGNMENT       sizeof(ULONGLONG)

#ifdef __cplusplus
#define EXTERN_C       extern "C"
#define EXTERN_C_START extern "C" {
#define EXTERN_C_END   }
#define C_ASSERT(e)    static_assert(e, #e)
#else
#define EXTERN_C       extern
#define EXTERN_C_START
#define EXTERN_C_END
#define C_ASSERT(e)    _Static_assert(e, #e)
#endif
#ifndef STATIC_ASSERT
#define STATIC_ASSERT(e) C_ASSERT(e)
#endif

#define DUMMYSTRUCTNAME
#define DUMMYSTRUCTNAME2
#define DUMMYSTRUCTNAME3
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME2
#define DUMMYUNIONNAME3
#define DUMMYUNIONNAME4

EXTERN_C_START

/* ---- integers, characters, pointers ---- */

#define VOID  void
#define CONST const

typedef void *PVOID;
typedef void *PVOID64;
typedef const void *PCVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;

typedef char CHAR, *PCHAR, *LPSTR, *PSTR, *PSZ, CCHAR, *PCCHAR;
typedef const char *LPCSTR, *PCSTR, *PCSZ, *LPCCH, *PCCH;
typedef unsigned char UCHAR, *PUCHAR;
typedef const unsigned char *PCUCHAR;
typedef short SHORT, *PSHORT, CSHORT;
typedef unsigned short USHORT, *PUSHORT;
typedef int LONG, *PLONG;
typedef unsigned int ULONG, *PULONG;
typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;
typedef unsigned char BYTE, *PBYTE, *LPBYTE;
typedef unsigned short WORD, *PWORD, *LPWORD;
typedef unsigned int DWORD, *PDWORD, *LPDWORD;
typedef int BOOL, *PBOOL, *LPBOOL;
typedef float FLOAT;
typedef double DOUBLE;

typedef int8_t INT8, *PINT8;
typedef int16_t INT16, *PINT16;
typedef int32_t INT32, *PINT32;
typedef int64_t INT64, *PINT64;
typedef uint8_t UINT8, *PUINT8;
typedef uint16_t UINT16, *PUINT16;
typedef uint32_t UINT32, *PUINT32;
typedef uint64_t UINT64, *PUINT64;
typedef int32_t LONG32, *PLONG32;
typedef uint32_t ULONG32, *PULONG32;
typedef uint32_t DWORD32, *PDWORD32;
typedef int64_t LONG64, *PLONG64;
typedef uint64_t ULONG64, *PULONG64;
typedef uint64_t DWORD64, *PDWORD64;
typedef int64_t LONGLONG, *PLONGLONG;
typedef uint64_t ULONGLONG, *PULONGLONG;
typedef uint64_t DWORDLONG, *PDWORDLONG;
typedef int64_t USN;

typedef intptr_t INT_PTR, *PINT_PTR;
typedef uintptr_t UINT_PTR, *PUINT_PTR;
typedef intptr_t LONG_PTR, *PLONG_PTR;
typedef uintptr_t ULONG_PTR, *PULONG_PTR;
typedef uintptr_t DWORD_PTR, *PDWORD_PTR;
typedef size_t SIZE_T, *PSIZE_T;
typedef ptrdiff_t SSIZE_T, *PSSIZE_T;
typedef ULONG_PTR KAFFINITY, *PKAFFINITY;

#ifndef __cplusplus
typedef uint16_t WCHAR;
#define OVMQ_WIDE(s) u##s
#elif __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#define OVMQ_WIDE(s) L##s
#else
typedef char16_t WCHAR;
#define OVMQ_WIDE(s) u##s
#endif
typedef WCHAR *PWCHAR, *LPWCH, *PWCH, *NWPSTR, *LPWSTR, *PWSTR;
typedef const WCHAR *LPCWCH, *PCWCH, *LPCWSTR, *PCWSTR;
typedef PWSTR *PZPWSTR;
typedef PCWSTR *PCZPWSTR;
#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR;
typedef LPWSTR LPTSTR, PTSTR;
typedef LPCWSTR LPCTSTR, PCTSTR;
#else
typedef CHAR TCHAR, *PTCHAR;
typedef LPSTR LPTSTR, PTSTR;
typedef LPCSTR LPCTSTR, PCTSTR;
#endif
#define UNICODE_NULL ((WCHAR)0)
#define ANSI_NULL    ((CHAR)0)
#define UNICODE_STRING_MAX_BYTES ((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS 32767

typedef UCHAR BOOLEAN, *PBOOLEAN;
#undef FALSE
#undef TRUE
#define FALSE 0
#define TRUE  1

typedef PVOID HANDLE, *PHANDLE;
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#define DECLARE_HANDLE(name) typedef struct name##__ { int unused; } *name

typedef LONG NTSTATUS, *PNTSTATUS;
typedef CCHAR KPROCESSOR_MODE;
typedef UCHAR KIRQL, *PKIRQL;
typedef enum _MODE { KernelMode, UserMode, MaximumMode } MODE;
typedef ULONG LCID;
typedef ULONG LOGICAL;
typedef LONG HRESULT;

#define MAXUCHAR     0xff
#define MAXUSHORT    0xffff
#define MAXULONG     0xffffffffU
#define MAXUINT      0xffffffffU
#define MAXINT       0x7fffffff
#define MAXULONG32   0xffffffffU
#define MAXULONGLONG (~(ULONGLONG)0)
#define MAXULONG_PTR (~(ULONG_PTR)0)
#define MAXSIZE_T    (~(SIZE_T)0)
#define MAXCHAR      0x7f
#define MAXSHORT     0x7fff
#define MAXLONG      0x7fffffff
#define MAXLONGLONG  0x7fffffffffffffffL
#define MINCHAR      0x80
#define MINSHORT     0x8000
#define MINLONG      ((LONG)0x80000000U)

typedef union _LARGE_INTEGER {
	struct {
		ULONG LowPart;
		LONG HighPart;
	} DUMMYSTRUCTNAME;
	struct {
		ULONG LowPart;
		LONG HighPart;
	} u;
	LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
	struct {
		ULONG LowPart;
		ULONG HighPart;
	} DUMMYSTRUCTNAME;
	struct {
		ULONG LowPart;
		ULONG HighPart;
	} u;
	ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

typedef struct _LUID {
	ULONG LowPart;
	LONG HighPart;
} LUID, *PLUID;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
	ULONG Data1;
	USHORT Data2;
	USHORT Data3;
	UCHAR Data4[8];
} GUID, *PGUID, *LPGUID;
typedef const GUID *LPCGUID;
#endif

/* A GUID stands in the source file that defines INITGUID first; elsewhere the
 * same line declares it. */
#ifdef INITGUID
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	EXTERN_C const GUID name; \
	const GUID name __attribute__((weak)) = \
		{ l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	EXTERN_C const GUID name
#endif

/* ---- lists (the functions are in wdm.h) ---- */

typedef struct _LIST_ENTRY {
	struct _LIST_ENTRY *Flink;
	struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY, *RESTRICTED_POINTER PRLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
	struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

typedef struct DECLSPEC_ALIGN(16) _SLIST_ENTRY {
	struct _SLIST_ENTRY *Next;
} SLIST_ENTRY, *PSLIST_ENTRY;

typedef union DECLSPEC_ALIGN(16) _SLIST_HEADER {
	struct {
		ULONGLONG Alignment;
		ULONGLONG Region;
	} DUMMYSTRUCTNAME;
	struct {
		ULONGLONG Depth : 16;
		ULONGLONG Sequence : 48;
		ULONGLONG Reserved : 4;
		ULONGLONG NextEntry : 60;
	} HeaderX64;
} SLIST_HEADER, *PSLIST_HEADER;

/* ---- strings ---- */

typedef struct _STRING {
	USHORT Length;          /* bytes, without the closing zero */
	USHORT MaximumLength;   /* bytes */
	PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING;
typedef const STRING *PCSTRING, *PCANSI_STRING, *PCOEM_STRING;

typedef struct _UNICODE_STRING {
	USHORT Length;          /* bytes, without the closing zero */
	USHORT MaximumLength;   /* bytes */
	PWCH Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

/* The Buffer of a constant string is not const; nobody writes through it. */
#ifdef __cplusplus
extern "C++" {
template <typename T> constexpr T *OvmqMutable(const T *s) { return const_cast<T *>(s); }
}
#define OVMQ_MUTABLE(s) OvmqMutable(s)
#else
#define OVMQ_MUTABLE(s) ((PVOID)(s))
#endif
#define RTL_CONSTANT_STRING(s) \
	{ sizeof(s) - sizeof((s)[0]), sizeof(s), OVMQ_MUTABLE(s) }
#define DECLARE_CONST_UNICODE_STRING(var, str) \
	const WCHAR var##_buffer[] = str; \
	const UNICODE_STRING var = { sizeof(str) - sizeof(WCHAR), sizeof(str), (PWCH)var##_buffer }
#define DECLARE_GLOBAL_CONST_UNICODE_STRING(var, str) \
	extern const UNICODE_STRING var; \
	static const WCHAR var##_buffer[] = str; \
	const UNICODE_STRING var = { sizeof(str) - sizeof(WCHAR), sizeof(str), (PWCH)var##_buffer }
#define DECLARE_UNICODE_STRING_SIZE(var, size) \
	WCHAR var##_buffer[size]; \
	UNICODE_STRING var = { 0, (size) * sizeof(WCHAR), var##_buffer }

/* ---- processors ---- */

typedef struct _GROUP_AFFINITY {
	KAFFINITY Mask;
	USHORT Group;
	USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

typedef struct _PROCESSOR_NUMBER {
	USHORT Group;
	UCHAR Number;
	UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

#define ALL_PROCESSOR_GROUPS 0xffff
#define AFFINITY_MASK(n)     ((KAFFINITY)1 << (n))

/* ---- objects ---- */

typedef struct _OBJECT_ATTRIBUTES {
	ULONG Length;
	HANDLE RootDirectory;
	PUNICODE_STRING ObjectName;
	ULONG Attributes;
	PVOID SecurityDescriptor;
	PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
typedef const OBJECT_ATTRIBUTES *PCOBJECT_ATTRIBUTES;

#define OBJ_INHERIT            0x00000002
#define OBJ_PERMANENT          0x00000010
#define OBJ_EXCLUSIVE          0x00000020
#define OBJ_CASE_INSENSITIVE   0x00000040
#define OBJ_OPENIF             0x00000080
#define OBJ_OPENLINK           0x00000100
#define OBJ_KERNEL_HANDLE      0x00000200
#define OBJ_FORCE_ACCESS_CHECK 0x00000400

#define InitializeObjectAttributes(p, n, a, r, s) do { \
	(p)->Length = sizeof(OBJECT_ATTRIBUTES); \
	(p)->RootDirectory = (r); \
	(p)->Attributes = (a); \
	(p)->ObjectName = (n); \
	(p)->SecurityDescriptor = (s); \
	(p)->SecurityQualityOfService = NULL; \
} while (0)

/* ---- status ---- */

#define NT_SUCCESS(s)     ((NTSTATUS)(s) >= 0)
#define NT_INFORMATION(s) ((ULONG)(s) >> 30 == 1)
#define NT_WARNING(s)     ((ULONG)(s) >> 30 == 2)
#define NT_ERROR(s)       ((ULONG)(s) >> 30 == 3)

/* ---- arithmetic on types and addresses ---- */

#define ANYSIZE_ARRAY 1
#define FIELD_OFFSET(type, field)    ((LONG)offsetof(type, field))
#define UFIELD_OFFSET(type, field)   ((ULONG)offsetof(type, field))
#define RTL_FIELD_SIZE(type, field)  (sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) \
	(offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_CONTAINS_FIELD(s, size, field) \
	((PCHAR)&(s)->field + sizeof((s)->field) <= (PCHAR)(s) + (size))
#define RTL_NUMBER_OF(a)             (sizeof(a) / sizeof((a)[0]))
#ifndef ARRAYSIZE
#define ARRAYSIZE(a)                 RTL_NUMBER_OF(a)
#endif
#define RTL_NUMBER_OF_FIELD(type, field) RTL_NUMBER_OF(((type *)0)->field)
#define RTL_BITS_OF(t)               (sizeof(t) * 8)
#define RTL_BITS_OF_FIELD(type, field) RTL_BITS_OF(((type *)0)->field)
#define RTL_IS_POWER_OF_TWO(v)       ((v) && !((v) & ((v) - 1)))
#define RTL_CONST_CAST(type)         (type)
#define RTL_PTR_ADD(p, n)            ((PVOID)((PUCHAR)(p) + (n)))
#define RTL_PTR_SUBTRACT(p, n)       ((PVOID)((PUCHAR)(p) - (n)))
#define Add2Ptr(p, n)                ((PVOID)((PUCHAR)(p) + (n)))
#define TYPE_ALIGNMENT(t)            __alignof__(t)
#define CONTAINING_RECORD(address, type, field) \
	((type *)((PCHAR)(address) - offsetof(type, field)))

#define ALIGN_DOWN_BY(v, n)          ((ULONG_PTR)(v) & ~((ULONG_PTR)(n) - 1))
#define ALIGN_UP_BY(v, n)            (((ULONG_PTR)(v) + (n) - 1) & ~((ULONG_PTR)(n) - 1))
#define ALIGN_DOWN_POINTER_BY(p, n)  ((PVOID)ALIGN_DOWN_BY(p, n))
#define ALIGN_UP_POINTER_BY(p, n)    ((PVOID)ALIGN_UP_BY(p, n))
#define ALIGN_DOWN(v, type)          ALIGN_DOWN_BY(v, sizeof(type))
#define ALIGN_UP(v, type)            ALIGN_UP_BY(v, sizeof(type))
#define ALIGN_DOWN_POINTER(p, type)  ALIGN_DOWN_POINTER_BY(p, sizeof(type))
#define ALIGN_UP_POINTER(p, type)    ALIGN_UP_POINTER_BY(p, sizeof(type))

#define LOBYTE(w)       ((UCHAR)((ULONG_PTR)(w) & 0xff))
#define HIBYTE(w)       ((UCHAR)((ULONG_PTR)(w) >> 8 & 0xff))
#define LOWORD(l)       ((USHORT)((ULONG_PTR)(l) & 0xffff))
#define HIWORD(l)       ((USHORT)((ULONG_PTR)(l) >> 16 & 0xffff))
#define MAKEWORD(a, b)  ((USHORT)(((a) & 0xff) | ((b) & 0xff) << 8))
#define MAKELONG(a, b)  ((LONG)(((ULONG)(a) & 0xffff) | ((ULONG)(b) & 0xffff) << 16))

#define PtrToUlong(p)   ((ULONG)(ULONG_PTR)(p))
#define PtrToLong(p)    ((LONG)(LONG_PTR)(p))
#define PtrToUint(p)    ((UINT)(UINT_PTR)(p))
#define PtrToInt(p)     ((INT)(INT_PTR)(p))
#define UlongToPtr(n)   ((PVOID)(ULONG_PTR)(ULONG)(n))
#define LongToPtr(n)    ((PVOID)(LONG_PTR)(LONG)(n))
#define UintToPtr(n)    ((PVOID)(UINT_PTR)(UINT)(n))
#define IntToPtr(n)     ((PVOID)(INT_PTR)(INT)(n))
#define UlongToHandle(n) ((HANDLE)(ULONG_PTR)(ULONG)(n))
#define Handle32ToHandle(h) ((HANDLE)(LONG_PTR)(LONG)(ULONG_PTR)(h))
#define HandleToHandle32(h) ((PVOID)(ULONG_PTR)(ULONG)(ULONG_PTR)(h))
#define HandleToLong(h)  ((LONG)(LONG_PTR)(h))
#define LongToHandle(n)  ((HANDLE)(LONG_PTR)(LONG)(n))
#define HandleToUlong(h) ((ULONG)(ULONG_PTR)(h))
#define Int32x32To64(a, b)   ((LONGLONG)(LONG)(a) * (LONGLONG)(LONG)(b))
#define UInt32x32To64(a, b)  ((ULONGLONG)(ULONG)(a) * (ULONGLONG)(ULONG)(b))

#define UNREFERENCED_PARAMETER(p)      ((void)(p))
#define DBG_UNREFERENCED_PARAMETER(p)  ((void)(p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))
#define DEFAULT_UNREACHABLE            default: __builtin_unreachable()

#ifdef __cplusplus
#define DEFINE_ENUM_FLAG_OPERATORS(T) \
extern "C++" { \
inline constexpr T operator|(T a, T b) { return T((int)a | (int)b); } \
inline constexpr T operator&(T a, T b) { return T((int)a & (int)b); } \
inline constexpr T operator^(T a, T b) { return T((int)a ^ (int)b); } \
inline constexpr T operator~(T a) { return T(~(int)a); } \
inline T &operator|=(T &a, T b) { return a = a | b; } \
inline T &operator&=(T &a, T b) { return a = a & b; } \
inline T &operator^=(T &a, T b) { return a = a ^ b; } \
}
#else
#define DEFINE_ENUM_FLAG_OPERATORS(T)
#endif

EXTERN_C_END

#endif
