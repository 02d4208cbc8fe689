/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/interface_choice.h"

#include <stdint.h>

#define NOT_READ (-1)
#define COLUMNS VMQ_KEYWORD_COUNT

#define SRIOV VMQ_INTERFACE_SRIOV
#define VMQ VMQ_INTERFACE_VMQ
#define RSS VMQ_INTERFACE_RSS

struct row {
	int8_t value[COLUMNS];
	unsigned enabled;
};

/*
 * H16, H18. Among the rows that agree in the columns before, a column is read in all of
 * them or in none. Three rows are not in the documentation's table and follow from its
 * steps: *SRIOV 1 with *VMQ 0, and SR-IOV preferred without VMQ, where *VMQ is not read.
 */
static const struct row rows[] = {
	/* SR-IOV    VMQ        *SRIOV    *VMQ      *RSS
	 * preferred preferred                                    */
	{ { 1,       1,         1,        1,        NOT_READ }, SRIOV | VMQ },
	{ { 1,       1,         1,        0,        NOT_READ }, SRIOV },
	{ { 1,       1,         0,        1,        NOT_READ }, VMQ },
	{ { 1,       1,         0,        0,        NOT_READ }, 0 },
	{ { 1,       0,         1,        NOT_READ, NOT_READ }, SRIOV },
	{ { 1,       0,         0,        NOT_READ, NOT_READ }, 0 },
	{ { 0,       1,         NOT_READ, 1,        NOT_READ }, VMQ },
	{ { 0,       1,         NOT_READ, 0,        NOT_READ }, 0 },
	{ { 0,       0,         NOT_READ, NOT_READ, 1 },        RSS },
	{ { 0,       0,         NOT_READ, NOT_READ, 0 },        0 },
};

const char *vmq_interface_keyword_name(enum vmq_interface_keyword keyword)
{
	static const char *const names[] = {
#define X(name, keyword, otherwise) keyword,
		VMQ_INTERFACE_KEYWORDS(X)
#undef X
	};

	return names[keyword];
}

bool vmq_interface_keyword_default(enum vmq_interface_keyword keyword)
{
	static const bool defaults[] = {
#define X(name, keyword, otherwise) otherwise,
		VMQ_INTERFACE_KEYWORDS(X)
#undef X
	};

	return defaults[keyword];
}

unsigned vmq_interface_choose(bool has_sriov, vmq_interface_read *read, void *context)
{
	const struct row *row = rows;

	for (unsigned column = 0; column < COLUMNS; column++) {
		bool value;

		if (row->value[column] == NOT_READ)
			continue;
		value = (column != VMQ_KEYWORD_SRIOV_PREFERRED || has_sriov) &&
			read(context, (enum vmq_interface_keyword)column);
		/* The rows stand so that the first with the other value is further on, and
		 * agrees in the columns before. */
		while (row->value[column] != value)
			row++;
	}
	return row->enabled;
}
