/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/rules.h"

static const struct verifier_rule rules[RULE_COUNT] = {
#define X(name, id, text, limit, what, page) [RULE_##name] = { id, text, limit, what, page },
	VERIFIER_RULES(X)
#undef X
};

const struct verifier_rule *verifier_rule(enum verifier_rule_index rule)
{
	return &rules[rule];
}
