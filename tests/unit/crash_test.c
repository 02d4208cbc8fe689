/* SPDX-License-Identifier: BSD-2-Clause */
/* The crash report: a child of this program crashes, and we read what it left. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "loader/crash.h"
#include "loader/crash_text.h"
#include "loader/driver_load.h"
#include "ndis/object.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

VOID TestEntered(ULONG *Count);
ULONG TestHowToCrash(VOID);

enum { WRITE, CALL_NOTHING, DIVIDE, OVERFLOW_STACK, TRAP, ABORT, BUG_CHECK, SENT, USE_FREED };

static char who[] = "the test";
static volatile uintptr_t nowhere = 8;
static char directory[] = "/tmp/crash_test.XXXXXX";
static char path[64], output[64];
static int how;
static char text[16384], printed[16384];

VOID TestEntered(ULONG *Count)
{
	(void)Count;
}

ULONG TestHowToCrash(VOID)
{
	return (ULONG)how;
}

/* ---- the child ---- */

static void says_hello(int fd, void *context)
{
	crash_print(fd, "hello from %s\n", (const char *)context);
}

static void crashes_too(int fd, void *context)
{
	(void)context;
	crash_print(fd, "before\n");
	*(volatile int *)nowhere = 1;
	crash_print(fd, "after\n");
}

static void never_ends(int fd, void *context)
{
	(void)context;
	crash_print(fd, "waiting\n");
	for (;;)
		pause();
}

static void crash_by_driver(int kind)
{
	struct driver *d;
	struct error err = { "" };
	char name[512];

	how = kind;
	snprintf(name, sizeof(name), "%s/driver_crashes.so", DRIVER_CASES);
	driver_load(&d, name, NULL, &err);
	printf("it did not crash: %s\n", err.text);
}

/* What a sanitizer finds and nobody else. */
static void use_freed(void)
{
	volatile char *volatile p = malloc(8);

	free((void *)p);
	*p = 1;
}

/* cmocka has handlers of its own. */
static void give_signals_back(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
}

static void crash_now(int kind)
{
	switch (kind) {
	case ABORT:
		abort();
	case BUG_CHECK:
		crash_bug_check(0xd1, (const ULONG_PTR[]){ 1, 2, 3, 4 });
	case SENT:
		raise(SIGSEGV);
		break;
	case USE_FREED:
		use_freed();
		break;
	default:
		crash_by_driver(kind);
	}
}

static void crash(int kind)
{
	struct ndis_object adapter = { .name = "left" };

	NDIS_CALLBACK(&adapter, "MiniportInitializeEx", crash_now(kind));
}

/* ---- the parent ---- */

static void read_file(const char *name, char *to, size_t size)
{
	FILE *f = fopen(name, "r");
	size_t n = f ? fread(to, 1, size - 1, f) : 0;

	to[n] = 0;
	if (f)
		fclose(f);
}

/* Crashes in a child with these sections, and reads the report; the child's status. */
static int report_of(int kind, void (*const *sections)(int, void *), const char *where)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (!child) {
		struct error err = { "" };

		give_signals_back();
		if (!freopen(output, "w", stderr) || crash_install(where, &err))
			_exit(9);
		for (; sections && *sections; sections++)
			crash_add_section("A section", *sections, who);
		crash(kind);
		_exit(8);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	read_file(where, text, sizeof(text));
	read_file(output, printed, sizeof(printed));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void has(const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void has_not(const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void a_bad_pointer_in_a_driver(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(report_of(WRITE, NULL, path), 1);
	has("vmq: crash in driver driver_crashes: SIGSEGV, nothing is mapped at 0x10\n");
	has("its callback: DriverEntry\n");
	has("during: MiniportInitializeEx of left\n");
	has("in the driver: WriteTo+0x");
	has(" (driver_crashes.so+0x");
	has("  #0  0x");
	has(" in DriverEntry+0x");
	has(" in driver_load+0x");
	has(" in main+0x");
	/* The innermost is the driver's own, not the handler's. */
	assert_non_null(strstr(strstr(text, "#0 "), "WriteTo"));
	has_not("on_signal");
	assert_int_equal(strncmp(printed, text, strlen(text)), 0);
	assert_non_null(strstr(printed, "vmq: this report is in "));
	/* What a guest's memory may have left in it is nobody else's. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_call_to_nowhere(void **state)
{
	(void)state;
	assert_int_equal(report_of(CALL_NOTHING, NULL, path), 1);
	has("vmq: crash in driver driver_crashes: SIGSEGV, nothing is mapped at 0x0\n");
	has("in the driver: CallNothing");
	has(" in DriverEntry+0x");
	has("#0  0x0 in (no code is there)");
}

static void division_by_zero(void **state)
{
	(void)state;
	assert_int_equal(report_of(DIVIDE, NULL, path), 1);
	has("vmq: crash in driver driver_crashes: SIGFPE, division by zero");
	has("in the driver: DriverEntry+0x");
}

static void an_exhausted_stack(void **state)
{
	(void)state;
	assert_int_equal(report_of(OVERFLOW_STACK, NULL, path), 1);
	has("vmq: crash in driver driver_crashes: SIGSEGV");
	has("in the driver: Recurse");
	has(" times)\n      (and so on)\n");
}

static void an_illegal_instruction(void **state)
{
	(void)state;
	assert_int_equal(report_of(TRAP, NULL, path), 1);
	has("vmq: crash in driver driver_crashes: SIGILL at 0x");
}

static void abort_of_the_program(void **state)
{
	(void)state;
	assert_int_equal(report_of(ABORT, NULL, path), 1);
	has("vmq: crash: SIGABRT");
	has_not("in the driver:");
}

static void a_bug_check(void **state)
{
	(void)state;
	assert_int_equal(report_of(BUG_CHECK, NULL, path), 1);
	has("vmq: crash: bug check 0x000000d1 (0x1, 0x2, 0x3, 0x4)\n");
	has(" in main+0x");
}

static void a_signal_that_was_sent(void **state)
{
	(void)state;
	assert_int_equal(report_of(SENT, NULL, path), 1);
	has("vmq: crash: SIGSEGV");
}

static void sections_are_written(void **state)
{
	void (*const sections[])(int, void *) = { says_hello, NULL };

	(void)state;
	assert_int_equal(report_of(WRITE, sections, path), 1);
	has("A section:\nhello from the test\n");
}

static void a_section_that_crashes_or_hangs_is_left(void **state)
{
	void (*const sections[])(int, void *) = { crashes_too, never_ends, says_hello, NULL };

	(void)state;
	assert_int_equal(report_of(WRITE, sections, path), 1);
	has("before\n(SIGSEGV, nothing is mapped at 0x8 while this was written; it ends here)\n");
	has_not("after\n");
	has("waiting\n(this took too long, and was left)\n");
	has("hello from the test\n");
}

static void no_place_for_the_file(void **state)
{
	(void)state;
	assert_int_equal(report_of(WRITE, NULL, "/nowhere/at/all.txt"), 1);
	assert_non_null(strstr(printed, "vmq: crash in driver driver_crashes: SIGSEGV"));
	assert_non_null(strstr(printed, "vmq: /nowhere/at/all.txt could not be written"));
}

/* Someone else's link at the report's place is not followed. */
static void a_link_in_its_place(void **state)
{
	char link[80], target[80];

	(void)state;
	snprintf(link, sizeof(link), "%s/link", directory);
	snprintf(target, sizeof(target), "%s/target", directory);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(report_of(WRITE, NULL, link), 1);
	assert_int_not_equal(access(target, F_OK), 0);
	assert_non_null(strstr(printed, "could not be written"));
}

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/crash.txt", directory);
	snprintf(output, sizeof(output), "%s/stderr", directory);
	return 0;
}

static int remove_directory(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

/* The sanitizer's report comes first and ends the process; ours follows it. */
static void a_sanitizer_stays_in_charge(void **state)
{
	void (*const sections[])(int, void *) = { says_hello, NULL };

	(void)state;
	assert_int_not_equal(report_of(USE_FREED, sections, path), 8);
	has("the sanitizer's report is above\n");
	has("hello from the test\n");
	assert_non_null(strstr(printed, "Sanitizer"));
	assert_true(strstr(printed, "Sanitizer") < strstr(printed, "vmq: crash"));
}

int main(void)
{
	const struct CMUnitTest sanitized[] = {
		cmocka_unit_test(a_sanitizer_stays_in_charge),
		cmocka_unit_test(a_bug_check),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_pointer_in_a_driver),
		cmocka_unit_test(a_call_to_nowhere),
		cmocka_unit_test(division_by_zero),
		cmocka_unit_test(an_exhausted_stack),
		cmocka_unit_test(an_illegal_instruction),
		cmocka_unit_test(abort_of_the_program),
		cmocka_unit_test(a_signal_that_was_sent),
		cmocka_unit_test(sections_are_written),
		cmocka_unit_test(a_section_that_crashes_or_hangs_is_left),
		cmocka_unit_test(no_place_for_the_file),
		cmocka_unit_test(a_link_in_its_place),
		cmocka_unit_test(a_bug_check),
	};

	if (UNDER_SANITIZER)
		return cmocka_run_group_tests(sanitized, make_directory, remove_directory);
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
