/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap lies on huge pages, whichever thread asks. */
#include "host/heap.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/sanitizer.h"

/* Whether huge pages were asked for where the object lies. */
static bool is_advised(const void *object)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool here = false, advised = false;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)object >= from && (uintptr_t)object < to;
		else if (here && !strncmp(line, "VmFlags:", 8))
			advised = strstr(line, " hg") != NULL;
	}
	fclose(maps);
	return advised;
}

static void *make_object(void *size)
{
	return malloc(*(size_t *)size);
}

/* Small ones may be given a free piece of before. */
static void objects_of_any_size_and_thread_lie_on_huge_pages(void **state)
{
	size_t sizes[] = { 4096, 300000 };
	pthread_t thread;
	void *mine, *theirs;

	(void)state;
	/* A sanitizer's heap is its own. */
	if (KERNEL_ASAN || access("/sys/kernel/mm/transparent_hugepage", F_OK))
		skip();
	heap_on_huge_pages();
	for (unsigned i = 0; i < 2; i++) {
		mine = malloc(sizes[i]);
		assert_int_equal(pthread_create(&thread, NULL, make_object, &sizes[i]), 0);
		assert_int_equal(pthread_join(thread, &theirs), 0);
		assert_true(is_advised(mine));
		assert_true(is_advised(theirs));
		free(mine);
		free(theirs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_any_size_and_thread_lie_on_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
