/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of a stack, with every filter engine that there is. */
#ifndef CONTRACT_ENGINES_H
#define CONTRACT_ENGINES_H

#include "stack.h"

/* A test for engines_run(). */
#define ENGINE_TEST(name) cmocka_unit_test(name)

/* A program's main(): the group of 'n' tests (32 at most), once for each engine. */
int engines_run(const struct CMUnitTest *tests, size_t n);

#endif
