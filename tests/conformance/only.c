/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into a test program: it runs the one test that ONLY_TEST names. */
#include <stdlib.h>

void cmocka_set_test_filter(const char *pattern);

__attribute__((constructor)) static void only(void)
{
	cmocka_set_test_filter(getenv("ONLY_TEST"));
}
