/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers from files: what is loaded, what is refused, and in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loader/driver_load.h"

VOID TestEntered(ULONG *Count);
ULONG TestHowToCrash(VOID);

static char directory[] = "/tmp/driver_load_test.XXXXXX";
static unsigned entries, unloads;
static const void *entered_at;      /* the driver's own counter */
static ULONG entered_count;

VOID TestEntered(ULONG *Count)
{
	entries += Count != NULL;
	unloads += Count == NULL;
	entered_at = Count;
	entered_count = Count ? *Count : 0;
}

ULONG TestHowToCrash(VOID)
{
	return 0;
}

/* ---- files ---- */

static const char *place(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *built(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/driver_%s.so", DRIVER_CASES, name);
	return path;
}

/* Copies the good driver under this name with 'size' bytes (0: all), and the byte at
 * 'offset' changed. */
static const char *spoiled(const char *name, size_t size, long offset, int value)
{
	FILE *from = fopen(built("good"), "rb"), *to = fopen(place(name), "wb");
	int c;

	assert_non_null(from);
	assert_non_null(to);
	for (size_t i = 0; (c = getc(from)) != EOF && (!size || i < size); i++)
		putc((long)i == offset ? value : c, to);
	fclose(from);
	fclose(to);
	return place(name);
}

static const char *holds(const char *name, const char *text)
{
	FILE *f = fopen(place(name), "wb");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return place(name);
}

/* Loading is refused with this error, and the text has both parts. */
static void refused(const char *path, int code, const char *part, const char *other)
{
	struct driver *d = (struct driver *)&code;
	struct error err = { "" };
	unsigned before = entries;

	assert_int_equal(driver_load(&d, path, NULL, &err), -code);
	assert_null(d);
	if (!strstr(err.text, part) || !strstr(err.text, other))
		fail_msg("\"%s\" should have \"%s\" and \"%s\"", err.text, part, other);
	assert_int_equal(entries, before);
}

/* ---- what is no driver ---- */

static void no_such_file(void **state)
{
	(void)state;
	refused(place("nothing.so"), ENOENT, "nothing.so", "No such file");
	refused(directory, EINVAL, "driver_load_test", "is not a file");
	refused(holds("empty.so", ""), EINVAL, "driver empty: ", "is empty");
}

static void not_an_ELF_file(void **state)
{
	(void)state;
	refused(holds("text.so", "GROUP ( wire.so )\n"), EINVAL, "driver text: ", "not an ELF file");
	refused(holds("windows.so", "MZ\x90"), EINVAL, "driver windows: ", "program file of Windows");
	refused("/proc/self/exe", EINVAL, "driver test_driver_load: ", "a program, not a shared object");
}

static void another_machine(void **state)
{
	(void)state;
	refused(spoiled("arm.so", 0, 18, 0x28), EINVAL, "driver arm: ", "another machine");
	refused(spoiled("small.so", 0, 4, 1), EINVAL, "driver small: ", "32-bit");
	refused(spoiled("object.so", 0, 16, 1), EINVAL, "driver object: ", "an object file");
}

static void cut_short(void **state)
{
	static const size_t sizes[] = { 10, 64, 100, 1000, 4096, 8000, 12000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		refused(spoiled("cut.so", sizes[i], -1, 0), EINVAL, "driver cut: ", "cut short");
}

/* Whatever one byte of the tables says: refused or loaded, never a crash of ours. Bytes
 * of the ELF head that the C library trusts are left alone. */
static void damaged_tables(void **state)
{
	(void)state;
	for (long offset = 40; offset < 64; offset++) {
		struct driver *d;
		struct error err = { "" };

		if (!driver_load(&d, spoiled("damaged.so", 0, offset, 0xff), NULL, &err))
			driver_unload(d);
		else
			assert_true(err.text[0]);
	}
}

static void no_DriverEntry(void **state)
{
	(void)state;
	refused(built("no_entry"), EINVAL, "driver driver_no_entry ", "no DriverEntry (names are exact)");
	refused(built("static_entry"), EINVAL, "driver driver_static_entry ", "static or hidden");
}

/* ---- what it needs ---- */

static void missing_functions_all_at_once(void **state)
{
	(void)state;
	refused(built("missing"), ENOSYS,
		"driver driver_missing needs functions that OpenVMQ does not have: ",
		"KeNoSuchFunction, NdisNoSuchFunction");
}

static void more_missing_than_a_line_holds(void **state)
{
	(void)state;
	refused(built("many"), ENOSYS, "needs 22 functions", "listed above");
}

static void KMDF_is_told_by_name(void **state)
{
	(void)state;
	refused(built("kmdf"), ENOSYS, "driver driver_kmdf ", "a KMDF driver");
}

static void name_of_somebody_else(void **state)
{
	(void)state;
	refused(built("clash"), EINVAL, "its function getpid ", "-Bsymbolic");
}

/* The same source, linked with -Bsymbolic: its calls stay inside. */
static void DriverEntry_fails(void **state)
{
	(void)state;
	refused(built("fails"), EIO, "driver driver_fails: ", "0xc000009a");
	/* Nothing is left of it: it can be tried again. */
	refused(built("fails"), EIO, "driver driver_fails: ", "0xc000009a");
}

/* ---- loading ---- */

static void loaded_once_for_one_file(void **state)
{
	struct driver *first, *second;
	struct error err = { "" };
	unsigned before = entries;

	(void)state;
	assert_int_equal(driver_load(&first, built("good"), NULL, &err), 0);
	assert_int_equal(symlink(built("good"), place("link.so")), 0);
	assert_int_equal(driver_load(&second, place("link.so"), NULL, &err), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(entries, before + 1);
	assert_string_equal(driver_name(first), "driver_good");
	assert_non_null(driver_image(first));
	unloads = 0;
	driver_unload(first);
	assert_int_equal(unloads, 0);
	driver_unload(second);
	assert_int_equal(unloads, 1);
	driver_unload(NULL);
}

static void fresh_after_unloading(void **state)
{
	struct driver *d;
	struct error err = { "" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(driver_load(&d, built("good"), NULL, &err), 0);
		assert_int_equal(entered_count, 1);
		driver_unload(d);
	}
}

static void two_files_of_one_name(void **state)
{
	struct driver *d, *other;
	struct error err = { "" };
	const char *copy = spoiled("driver_good.so", 0, -1, 0);

	(void)state;
	assert_int_equal(driver_load(&d, built("good"), NULL, &err), 0);
	assert_int_equal(driver_load(&other, copy, NULL, &err), -EEXIST);
	assert_non_null(strstr(err.text, "another file of that name"));
	driver_unload(d);
	assert_int_equal(driver_load(&other, copy, NULL, &err), 0);
	driver_unload(other);
}

static void whose_address(void **state)
{
	struct driver *d;
	struct error err = { "" };
	uint64_t offset = 0, into = 0;
	const void *at;

	(void)state;
	assert_int_equal(driver_load(&d, built("good"), NULL, &err), 0);
	at = entered_at;
	assert_string_equal(driver_of_address(at, &offset), "driver_good");
	assert_true(offset > 0);
	assert_null(driver_of_address(&entries, &offset));
	/* A static function of the driver, which the dynamic linker knows nothing of. */
	at = (const void *)(uintptr_t)((const DRIVER_OBJECT *)(const void *)driver_image(d))->DriverUnload;
	assert_string_equal(driver_function_at((const char *)at + 1, &into), "Unload");
	assert_int_equal(into, 1);
	driver_unload(d);
	assert_null(driver_of_address(at, &offset));
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[600];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_such_file),
		cmocka_unit_test(not_an_ELF_file),
		cmocka_unit_test(another_machine),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(damaged_tables),
		cmocka_unit_test(no_DriverEntry),
		cmocka_unit_test(missing_functions_all_at_once),
		cmocka_unit_test(more_missing_than_a_line_holds),
		cmocka_unit_test(KMDF_is_told_by_name),
		cmocka_unit_test(name_of_somebody_else),
		cmocka_unit_test(DriverEntry_fails),
		cmocka_unit_test(loaded_once_for_one_file),
		cmocka_unit_test(fresh_after_unloading),
		cmocka_unit_test(two_files_of_one_name),
		cmocka_unit_test(whose_address),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
