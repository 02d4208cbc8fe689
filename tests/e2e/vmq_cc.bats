#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vmq-cc: what a driver's author types, and what comes out. VMQ_CC: the program,
# else the one in tools/. The drivers are written here, in the manner of Windows.

bats_require_minimum_version 1.5.0

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
cc=$(realpath -m "${VMQ_CC:-$top/tools/vmq-cc}")

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# A driver of one file: driver FILE [LINE...], more lines before its DriverEntry.
driver() {
	local file=$1
	shift
	{
		printf '#include <ndis.h>\n'
		printf '%s\n' "$@"
		printf '%s\n' 'DRIVER_INITIALIZE DriverEntry;' \
			'NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)' \
			'{' '	UNREFERENCED_PARAMETER(DriverObject);' \
			'	UNREFERENCED_PARAMETER(RegistryPath);' '	return NdisGetVersion() != 0;' '}'
	} >"$file"
}

good() { # vmq-cc ARGUMENT...: status 0 and not a word
	run --separate-stderr timeout 120 "$cc" "$@"
	[ "$status" -eq 0 ] || { echo "status $status: $stderr"; return 1; }
	[ -z "$stderr" ] || { echo "said: $stderr"; return 1; }
	[ -z "$output" ]
}

bad() { # STATUS TEXT ARGUMENT...: that status, and that text on standard error
	local want=$1 text=$2
	shift 2
	run --separate-stderr timeout 120 "$cc" "$@"
	[ "$status" -eq "$want" ] || { echo "status $status: $stderr"; return 1; }
	[[ "$stderr" == *"$text"* ]] || { echo "said: $stderr"; return 1; }
}

defines() { nm -D --defined-only "$1" | grep -q " T $2$"; }
needs() { nm -D --undefined-only "$1" | grep -q " U $2$"; }

# ---- what comes out ----

@test "a driver becomes a shared object: DriverEntry visible and nothing else, NDIS left open" {
	driver one.c 'int Helper(void);' 'int Helper(void) { return 1; }'
	good -o one.so one.c -DNDIS630_MINIPORT=1
	defines one.so DriverEntry
	run ! defines one.so Helper
	needs one.so NdisGetVersion
}

@test "several sources, several directories, an option in any place" {
	mkdir -p src inc
	echo 'int Two(void);' >inc/two.h
	printf '#include "two.h"\nint Two(void) { return 2; }\n' >src/two.c
	driver src/one.c '#include "two.h"' 'int (*Keep)(void) = Two;'
	good src/one.c -I inc -o d.so src/two.c -O2 -DX=1
	defines d.so DriverEntry
}

@test "the version macros choose the NDIS version" {
	driver v.c 'C_ASSERT(NDIS_MINIPORT_MINOR_VERSION == 20 && NDIS_SUPPORT_NDIS620 && !NDIS_SUPPORT_NDIS630);'
	good -o v.so v.c -DNDIS620_MINIPORT=1
	driver v.c 'C_ASSERT(NDIS_MINIPORT_MINOR_VERSION == 86 && NDIS_SUPPORT_NDIS680 && !NDIS_SUPPORT_NDIS687);'
	good -o v.so v.c -DNDIS686_MINIPORT=1
	driver v.c 'C_ASSERT(NDIS_FILTER_MINOR_VERSION == 50 && NDIS_SUPPORT_NDIS650 && !NDIS_SUPPORT_NDIS660);'
	good -o v.so v.c -DNDIS650=1
}

# ---- the ways of Windows' compiler ----

@test "includes in any case and with backslashes, from the including file's directory first" {
	mkdir -p Sub/Deep
	echo '#define DEEP 7' >Sub/Deep/Numbers.h
	printf '#include "DEEP\\\\numbers.H"\n' >Sub/all.h
	driver inc.c '#include <NDIS.H>' '#include "sub\All.h"' 'C_ASSERT(DEEP == 7);'
	good -o inc.so inc.c
}

@test "words of Windows' compiler: declspec, forceinline, anonymous unions, pragmas, tags, wide strings" {
	driver w.c '#pragma warning(disable:4201)' '#pragma NDIS_INIT_FUNCTION(DriverEntry)' \
		'__declspec(align(64)) static int Line;' \
		'C_ASSERT(__alignof__(Line) == 64);' \
		'static __forceinline int Twice(int n) { return n * 2; }' \
		'struct U { union { int a; struct { short b, c; }; }; };' \
		'static const WCHAR Name[] = L"nic";' \
		'C_ASSERT(sizeof(Name) == 8 && sizeof(LONG) == 4 && sizeof(PVOID) == 8);' \
		'static const unsigned __int64 Big = 0x123456789aui64;' \
		'int (*Keep)(int) = Twice; const void *Kept[] = { Name, &Big, &Line };' \
		'extern ULONG Tag; ULONG Tag = '"'cimN'"'; C_ASSERT('"'cimN'"' == 0x63696d4e);' \
		'int B(struct U *u); int B(struct U *u) { return u->a + u->b; }' \
		'extern FORCEINLINE int Shared(void);' 'extern FORCEINLINE int Shared(void) { return 1; }'
	good -o w.so w.c
}

@test "annotations of both languages" {
	driver sal.c '_IRQL_requires_max_(DISPATCH_LEVEL) _Must_inspect_result_' \
		'int A(_In_ int a, _Out_writes_bytes_(a) PVOID b);' \
		'int A(int a, PVOID b) { return a + (b != NULL); }' \
		'int C(__in int a, __out_bcount(a) PVOID b);' 'int C(int a, PVOID b) { return a + (b != NULL); }'
	good -o sal.so sal.c
}

@test "structured exceptions: the body runs, handlers are compiled" {
	driver seh.c 'int T(int *p);' \
		'int T(int *p) { __try { *p = 1; } __except (EXCEPTION_EXECUTE_HANDLER) { return GetExceptionCode(); } return 0; }'
	good -o seh.so seh.c
}

@test "trace calls vanish with their arguments; those of the project file are named" {
	driver t.c '#define WPP_CONTROL_GUIDS WPP_DEFINE_CONTROL_GUID(G,(1,2,3,4,5),WPP_DEFINE_BIT(NET))' \
		'// begin_wpp config' '// FUNC LogIt{LEVEL=3}(MSG, ...);' '// end_wpp' \
		'#include "t.tmh"' 'void F(int s);' \
		'void F(int s) { (void)s; DoTraceMessage(NET, "%!STATUS!", s); LogIt("x %d", nowhere); DEBUGP(NET, "y", z); }'
	bad 1 DEBUGP -o t.so t.c
	good -o t.so t.c --trace=DEBUGP
	run ! needs t.so DEBUGP
}

@test "--long32: long has 32 bits, long long and long double keep theirs" {
	driver l.c 'C_ASSERT(sizeof(long) == 4); C_ASSERT(sizeof(unsigned long) == 4);' \
		'C_ASSERT(sizeof(long long) == 8 && sizeof(long int) == 4 && sizeof(long double) > 8);' \
		'static const char Text[] = "long"; C_ASSERT(sizeof(Text) == 5); const char *Kept = Text;'
	bad 1 'l.c:2:' -o l.so l.c
	good -o l.so l.c --long32
}

# ---- sources that contradict ----

@test "prototypes with void * for another pointer: the message names the option, the option helps" {
	driver p.c 'struct A { int a; };' 'int Open(PVOID a);' 'int Open(struct A *a) { return a->a; }'
	bad 1 '--drop-prototype=Open' -o p.so p.c
	[[ "$stderr" == *'p.c:4:'* ]]
	good -o p.so p.c --drop-prototype=Open
	bad 2 '--drop-prototype=Nothing' -o p.so p.c --drop-prototype=Open,Nothing
}

@test "--drop: a declaration that our headers have in another form" {
	driver d.c 'int KeGetCurrentIrql(int x);' 'int Mine(void);' 'int Mine(void) { return 1; }' \
		'int Later(void) { return Mine(); }'
	bad 1 '--drop=KeGetCurrentIrql' -o d.so d.c
	good -o d.so d.c --drop=KeGetCurrentIrql
}

@test "a handler of the wrong type is an error, with its line" {
	driver h.c 'static VOID Halt(NDIS_HANDLE c, NDIS_HALT_ACTION a) { (void)c; (void)a; }' \
		'void S(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m);' \
		'void S(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m) { m->PauseHandler = Halt; }'
	bad 1 'h.c:4:' -o h.so h.c
	bad 1 'h.c:4:' -o h.so h.c --cc=clang
}

# ---- sanitizers, coverage, compilers ----

@test "sanitizers and coverage are compiled in" {
	driver s.c
	good -o s.so s.c --sanitize=address,undefined
	needs s.so __asan_init
	good -o s.so s.c --sanitize=thread
	needs s.so __tsan_init
	good -o s.so s.c --coverage
	ls s.so.coverage/*.gcno
}

@test "clang, and C++" {
	driver c.c
	good -o c.so c.c --cc=clang
	driver x.cpp
	sed -i 's/^NTSTATUS DriverEntry/extern "C" &/; s/^DRIVER_INITIALIZE/extern "C" &/' x.cpp
	good -o x.so x.cpp
	good -o x.so x.cpp --cc=clang
	defines x.so DriverEntry
}

@test "a copy that was installed finds its headers" {
	mkdir -p prefix/bin prefix/include/openvmq
	cp "$cc" prefix/bin/vmq-cc
	cp -r "$top/include/ndis" prefix/include/openvmq/ndis
	driver i.c
	run --separate-stderr timeout 60 prefix/bin/vmq-cc -o i.so i.c --verbose
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"prefix/include/openvmq/ndis"* ]]
}

# ---- what a user can get wrong ----

@test "the help teaches, and goes where it should" {
	run --separate-stderr "$cc" --help
	[ "$status" -eq 0 ]
	[[ "$output" == *examples:* && "$output" == *NDIS630_MINIPORT* ]]
	bad 2 'usage: vmq-cc'
}

@test "one clear line for a wrong command" {
	driver g.c
	bad 2 'no such source file: missing.c' -o g.so g.c missing.c
	bad 2 'no source file given' -o g.so
	bad 2 'which file is to be written' g.c
	bad 2 '--frob: no such option' -o g.so g.c --frob
	bad 2 '--sanitize: memory' -o g.so g.c --sanitize=memory
	bad 2 '--cc: nocc is not installed' -o g.so g.c --cc=nocc
	bad 2 'no such directory: nowhere' -o g.so g.c -I nowhere
	bad 2 'there is no ndis.h in' -o g.so g.c --ndis=/
	touch g.txt
	bad 2 'not a C or C++ source: g.txt' -o g.so g.c g.txt
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

@test "KMDF and NetAdapterCx are out of scope, and the driver's line is named" {
	driver k.c '#include <wdf.h>'
	bad 1 'KMDF' -o k.so k.c
	[[ "$stderr" == *'k.c:2:'* ]]
	driver k.c '#include <NetAdapterCx.h>'
	bad 1 'NetAdapterCx' -o k.so k.c
	driver k.c '#if 0' '#include <wdf.h>' '#endif'
	good -o k.so k.c
}

@test "no DriverEntry, or a function that nobody has" {
	echo 'int nothing;' >n.c
	bad 1 'no source defines DriverEntry' -o n.so n.c
	[ ! -e n.so ]
	driver u.c 'int Elsewhere(void);' 'int Use(void);' 'int Use(void) { return Elsewhere(); }' \
		'int (*Keep)(void) = Use;'
	bad 0 'Elsewhere is defined by no source' -o u.so u.c
}

@test "compiler messages point at the driver's own line and column" {
	mkdir d
	driver d/m.c '' 'int Wrong(void) { return nobody; }'
	bad 1 'd/m.c:3:26: error:' -o m.so d/m.c
}
