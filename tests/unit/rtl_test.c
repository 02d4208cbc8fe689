/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings, formats, bitmaps, checked arithmetic, dates, versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ntintsafe.h>
#include <ntstrsafe.h>

#include "kernel/pool.h"

static UNICODE_STRING wide(const WCHAR *s)
{
	UNICODE_STRING u;

	RtlInitUnicodeString(&u, s);
	return u;
}

/* The string as UTF-8, in static memory. */
static const char *narrow(PCUNICODE_STRING u)
{
	static char text[200];
	ANSI_STRING a = { 0, sizeof(text), text };

	assert_int_equal(RtlUnicodeStringToAnsiString(&a, u, FALSE), STATUS_SUCCESS);
	return text;
}

static void strings_compare_with_and_without_case(void **state)
{
	UNICODE_STRING a = wide(u"Gr\u00fc\u00dfe"), b = wide(u"GR\u00dc\u00dfE"), c = wide(u"Gr");
	STRING x, y;

	(void)state;
	assert_int_equal(a.Length, 10);
	assert_int_equal(a.MaximumLength, 12);
	assert_true(RtlEqualUnicodeString(&a, &b, TRUE));
	assert_false(RtlEqualUnicodeString(&a, &b, FALSE));
	assert_true(RtlCompareUnicodeString(&a, &b, FALSE) > 0);
	assert_true(RtlCompareUnicodeString(&c, &a, TRUE) < 0);
	assert_true(RtlPrefixUnicodeString(&c, &b, TRUE));
	assert_false(RtlPrefixUnicodeString(&a, &c, TRUE));
	RtlInitString(&x, "abc");
	RtlInitString(&y, "ABC");
	assert_true(RtlEqualString(&x, &y, TRUE));
	assert_false(RtlEqualString(&x, &y, FALSE));
	RtlInitUnicodeString(&a, NULL);
	assert_int_equal(a.MaximumLength, 0);
	assert_int_equal(RtlUpcaseUnicodeChar(0x0451), 0x0401);
	assert_int_equal(RtlUpcaseUnicodeChar(0x03c3), 0x03a3);
}

static void a_copy_is_cut_and_an_append_is_refused(void **state)
{
	DECLARE_UNICODE_STRING_SIZE(s, 6);
	UNICODE_STRING hello = wide(u"hello, world"), ab = wide(u"ab");

	(void)state;
	RtlCopyUnicodeString(&s, &hello);
	assert_string_equal(narrow(&s), "hello,");
	RtlCopyUnicodeString(&s, &ab);
	assert_int_equal(RtlAppendUnicodeToString(&s, u"cd"), STATUS_SUCCESS);
	assert_int_equal(RtlAppendUnicodeStringToString(&s, &ab), STATUS_SUCCESS);
	assert_string_equal(narrow(&s), "abcdab");
	assert_int_equal(RtlAppendUnicodeStringToString(&s, &ab), STATUS_BUFFER_TOO_SMALL);
	assert_string_equal(narrow(&s), "abcdab");
	RtlCopyUnicodeString(&s, NULL);
	assert_int_equal(s.Length, 0);
}

static void ansi_and_unicode_convert_into_pool_and_back(void **state)
{
	UNICODE_STRING all = wide(u"a\u00e9\u20ac\xd83d\xde00"), back, lone = wide(u"x\xd800");
	ANSI_STRING ansi, small = { 0, 3, (char[3]){ 0 } };

	(void)state;
	assert_int_equal(RtlUnicodeStringToAnsiString(&ansi, &all, TRUE), STATUS_SUCCESS);
	assert_string_equal(ansi.Buffer, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_int_equal(RtlAnsiStringToUnicodeString(&back, &ansi, TRUE), STATUS_SUCCESS);
	assert_true(RtlEqualUnicodeString(&all, &back, FALSE));
	assert_int_equal(RtlUnicodeStringToAnsiString(&small, &all, FALSE), STATUS_BUFFER_OVERFLOW);
	assert_string_equal(narrow(&lone), "x\xef\xbf\xbd");
	RtlFreeAnsiString(&ansi);
	RtlFreeUnicodeString(&back);
	assert_null(back.Buffer);
	assert_int_equal(kernel_pool_report("the test", NULL, 0), 0);
}

static void numbers_and_guids_are_read_and_written(void **state)
{
	static const GUID guid = { 0x12345678, 0x9abc, 0xdef0, { 1, 2, 3, 4, 5, 6, 7, 0xff } };
	UNICODE_STRING hex = wide(u"  -0x1F!"), bad = wide(u"{nonsense}"), text;
	DECLARE_UNICODE_STRING_SIZE(out, 11);
	ULONG value;
	GUID read;

	(void)state;
	assert_int_equal(RtlUnicodeStringToInteger(&hex, 0, &value), STATUS_SUCCESS);
	assert_int_equal((LONG)value, -31);
	assert_int_equal(RtlUnicodeStringToInteger(&hex, 7, &value), STATUS_INVALID_PARAMETER);
	assert_int_equal(RtlIntegerToUnicodeString(4294967295u, 10, &out), STATUS_SUCCESS);
	assert_string_equal(narrow(&out), "4294967295");
	assert_int_equal(RtlIntegerToUnicodeString(~0u, 2, &out), STATUS_BUFFER_OVERFLOW);
	assert_int_equal(RtlStringFromGUID(&guid, &text), STATUS_SUCCESS);
	assert_string_equal(narrow(&text), "{12345678-9ABC-DEF0-0102-0304050607FF}");
	assert_int_equal(RtlGUIDFromString(&text, &read), STATUS_SUCCESS);
	assert_memory_equal(&guid, &read, sizeof(guid));
	assert_int_equal(RtlGUIDFromString(&bad, &read), STATUS_INVALID_PARAMETER);
	RtlFreeUnicodeString(&text);
}

static void formats_mean_what_they_mean_on_windows(void **state)
{
	DECLARE_CONST_UNICODE_STRING(uni, u"w\u00efde");
	ANSI_STRING ansi;
	char t[100];

	(void)state;
	RtlInitAnsiString(&ansi, "narrow");
#define SAYS(text, ...) do { \
		assert_int_equal(RtlStringCbPrintfA(t, sizeof(t), __VA_ARGS__), STATUS_SUCCESS); \
		assert_string_equal(t, text); \
	} while (0)
	SAYS("-1 4294967295 ffffffff", "%d %u %x", -1, ~0u, ~0u);
	SAYS("-5 5 | 7", "%ld %lu | %I32u", -5, 5u, 7u);
	SAYS("123456789012 -1 ff", "%I64u %lld %Ix", 123456789012ull, -1ll, (SIZE_T)255);
	SAYS("w\xc3\xaf" "de/narrow", "%wZ/%Z", &uni, &ansi);
	SAYS("w\xc3\xaf" "de w\xc3\xaf a", "%ws %.2S %hs", uni.Buffer, uni.Buffer, "a");
	SAYS("[    x][y    ][00042][  +7]", "[%5s][%-5s][%05d][%+4d]", "x", "y", 42, 7);
	SAYS("0x2a 2A 052 [0003]", "%#x %X %#o [%.4d]", 42, 42, 42, 3);
	SAYS("00000000DEADBEEF", "%p", (PVOID)0xdeadbeef);
	SAYS("ab 100% (null)", "%c%C 100%% %s", 'a', (WCHAR)'b', (char *)NULL);
	SAYS("ff -1 1.50", "%hhx %hd %.2f", 0x1ff, 0xffff, 1.5);
	SAYS("[  12]", "[%*d]", 4, 12);
#undef SAYS
}

static void text_is_cut_where_its_room_ends(void **state)
{
	char t[5] = "####", *end;
	WCHAR w[4];
	size_t left;

	(void)state;
	assert_int_equal(RtlStringCchPrintfExA(t, 5, &end, &left, 0, "%d", 123456),
			 STATUS_BUFFER_OVERFLOW);
	assert_string_equal(t, "1234");
	assert_ptr_equal(end, t + 4);
	assert_int_equal(left, 1);
	assert_int_equal(RtlStringCbCopyA(t, 3, "xyz"), STATUS_BUFFER_OVERFLOW);
	assert_string_equal(t, "xy");
	assert_int_equal(RtlStringCbCatA(t, 5, "zz"), STATUS_SUCCESS);
	assert_string_equal(t, "xyzz");
	assert_int_equal(RtlStringCchCatA(t, 5, "!"), STATUS_BUFFER_OVERFLOW);
	assert_int_equal(RtlStringCchCopyA(t, 0, "x"), STATUS_INVALID_PARAMETER);
	assert_int_equal(RtlStringCchLengthA("abc", 3, &left), STATUS_INVALID_PARAMETER);
	assert_int_equal(RtlStringCchLengthA("abc", 4, &left), STATUS_SUCCESS);
	assert_int_equal(left, 3);
	assert_int_equal(RtlStringCbPrintfW(w, sizeof(w), u"%s%S", u"ab", "cd"),
			 STATUS_BUFFER_OVERFLOW);
	assert_memory_equal(w, u"abc", 8);
	assert_int_equal(RtlStringCchPrintfExA(t, 5, NULL, NULL, STRSAFE_NULL_ON_FAILURE, "12345"),
			 STATUS_BUFFER_OVERFLOW);
	assert_string_equal(t, "");
}

static void a_counted_string_is_printed_without_a_zero(void **state)
{
	WCHAR room[5] = { 0, 0, 0, 0, 'Z' };
	UNICODE_STRING s = { 0, 8, room };

	(void)state;
	assert_int_equal(RtlUnicodeStringPrintf(&s, u"%u-%ws", 12u, u"x"), STATUS_SUCCESS);
	assert_int_equal(s.Length, 8);
	assert_string_equal(narrow(&s), "12-x");
	assert_int_equal(room[4], 'Z');
	assert_int_equal(RtlUnicodeStringPrintf(&s, u"12345"), STATUS_BUFFER_OVERFLOW);
	assert_string_equal(narrow(&s), "1234");
	s.Length = 2;
	assert_int_equal(RtlUnicodeStringCatString(&s, u"yz"), STATUS_SUCCESS);
	assert_string_equal(narrow(&s), "1yz");
}

static void bits_are_found_set_and_counted(void **state)
{
	ULONG words[2];
	RTL_BITMAP map;

	(void)state;
	RtlInitializeBitMap(&map, words, 40);
	RtlClearAllBits(&map);
	RtlSetBits(&map, 0, 30);
	assert_int_equal(RtlNumberOfSetBits(&map), 30);
	assert_int_equal(RtlFindClearBitsAndSet(&map, 4, 0), 30);
	assert_int_equal(RtlFindClearBits(&map, 7, 0), 0xffffffff);
	RtlClearBits(&map, 3, 2);
	assert_int_equal(RtlFindClearBits(&map, 2, 34), 34);
	assert_int_equal(RtlFindClearBits(&map, 2, 40), 3);
	RtlSetBits(&map, 34, 6);
	assert_int_equal(RtlFindClearBits(&map, 2, 34), 3);
	assert_true(RtlCheckBit(&map, 33));
	assert_true(RtlAreBitsClear(&map, 3, 2));
	assert_false(RtlAreBitsSet(&map, 2, 2));
	RtlSetBits(&map, 39, 5);   /* beyond the end: nothing */
	assert_int_equal(RtlNumberOfClearBits(&map), 2);
	assert_int_equal(RtlFindLeastSignificantBit(8), 3);
	assert_int_equal(RtlCompareMemory("abcd", "abXd", 4), 2);
}

static void arithmetic_tells_of_an_overflow(void **state)
{
	ULONG u;
	UINT8 b;
	SIZE_T n;
	LONG l;
	USHORT s;

	(void)state;
	assert_int_equal(RtlULongAdd(0xfffffffe, 1, &u), STATUS_SUCCESS);
	assert_int_equal(RtlULongAdd(0xffffffff, 1, &u), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(u, 0xffffffff);
	assert_int_equal(RtlUInt32Mult(0x10000, 0x10000, &u), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(RtlUInt8Add(200, 56, &b), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(RtlSizeTMult(3, 4, &n), STATUS_SUCCESS);
	assert_int_equal(n, 12);
	assert_int_equal(RtlULongSub(1, 2, &u), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(RtlLongAdd(MAXLONG, 1, &l), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(RtlSizeTToULong(0x100000000, &u), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(RtlLongToUShort(-1, &s), STATUS_INTEGER_OVERFLOW);
	assert_int_equal(RtlULongToUShort(65535, &s), STATUS_SUCCESS);
}

static void time_falls_apart_into_a_date(void **state)
{
	TIME_FIELDS f;
	LARGE_INTEGER t = { .QuadPart = 0 }, back;

	(void)state;
	RtlTimeToTimeFields(&t, &f);
	assert_int_equal(f.Year * 10000 + f.Month * 100 + f.Day, 16010101);
	assert_int_equal(f.Weekday, 1);
	/* 29 February 2024, 13:14:15.016, a Thursday. */
	t.QuadPart = (1709212455ll + 11644473600ll) * 10000000 + 160000;
	RtlTimeToTimeFields(&t, &f);
	assert_int_equal(f.Year * 10000 + f.Month * 100 + f.Day, 20240229);
	assert_int_equal(f.Hour * 10000 + f.Minute * 100 + f.Second, 131415);
	assert_int_equal(f.Milliseconds, 16);
	assert_int_equal(f.Weekday, 4);
	assert_true(RtlTimeFieldsToTime(&f, &back));
	assert_int_equal(back.QuadPart, t.QuadPart);
	for (t.QuadPart = 0; t.QuadPart < 500ll * 366 * 864000000000; t.QuadPart += 864000000000) {
		RtlTimeToTimeFields(&t, &f);
		assert_true(RtlTimeFieldsToTime(&f, &back));
		assert_int_equal(back.QuadPart, t.QuadPart);
	}
	f.Month = 13;
	assert_false(RtlTimeFieldsToTime(&f, &back));
}

static NTSTATUS version_is(ULONG major, ULONG minor, UCHAR condition)
{
	RTL_OSVERSIONINFOEXW v = { .dwOSVersionInfoSize = sizeof(v), .dwMajorVersion = major,
				   .dwMinorVersion = minor };
	ULONGLONG mask = 0;

	VER_SET_CONDITION(mask, VER_MAJORVERSION, condition);
	VER_SET_CONDITION(mask, VER_MINORVERSION, condition);
	return RtlVerifyVersionInfo(&v, VER_MAJORVERSION | VER_MINORVERSION, mask);
}

static void this_is_windows_10(void **state)
{
	RTL_OSVERSIONINFOW v = { .dwOSVersionInfoSize = sizeof(v) };

	(void)state;
	assert_int_equal(RtlGetVersion(&v), STATUS_SUCCESS);
	assert_int_equal(v.dwMajorVersion, 10);
	assert_int_equal(version_is(6, 3, VER_GREATER_EQUAL), STATUS_SUCCESS);
	assert_int_equal(version_is(10, 0, VER_GREATER_EQUAL), STATUS_SUCCESS);
	assert_int_equal(version_is(10, 1, VER_GREATER_EQUAL), STATUS_REVISION_MISMATCH);
	assert_int_equal(version_is(6, 3, VER_EQUAL), STATUS_REVISION_MISMATCH);
	assert_int_equal(RtlNtStatusToDosErrorNoTeb(STATUS_INVALID_PARAMETER), 87);
	assert_int_equal(RtlNtStatusToDosErrorNoTeb((NTSTATUS)0xc0ffee00), 317);
	v.dwOSVersionInfoSize = 3;
	assert_int_equal(RtlGetVersion(&v), STATUS_INVALID_PARAMETER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_compare_with_and_without_case),
		cmocka_unit_test(a_copy_is_cut_and_an_append_is_refused),
		cmocka_unit_test(ansi_and_unicode_convert_into_pool_and_back),
		cmocka_unit_test(numbers_and_guids_are_read_and_written),
		cmocka_unit_test(formats_mean_what_they_mean_on_windows),
		cmocka_unit_test(text_is_cut_where_its_room_ends),
		cmocka_unit_test(a_counted_string_is_printed_without_a_zero),
		cmocka_unit_test(bits_are_found_set_and_counted),
		cmocka_unit_test(arithmetic_tells_of_an_overflow),
		cmocka_unit_test(time_falls_apart_into_a_date),
		cmocka_unit_test(this_is_windows_10),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
