/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_CONTROL_MEDIAN_H
#define BENCH_CONTROL_MEDIAN_H

#include <stdlib.h>

static inline int median_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of 'n' values, which it sorts. */
static inline double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), median_order);
	return values[n / 2];
}

#endif
