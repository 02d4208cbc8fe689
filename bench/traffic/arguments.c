/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"

static const struct {
	const char *name;
	uint64_t least, most;
} keys[ARGUMENT_KEYS] = {
#define X(key, low, high) [ARGUMENT_##key] = { #key, low, high },
	ARGUMENT_NUMBERS(X)
#undef X
	[ARGUMENT_to] = { .name = "to" },
	[ARGUMENT_from] = { .name = "from" },
	[ARGUMENT_size] = { .name = "size", .least = PROBE_SMALLEST, .most = PROBE_LARGEST },
	[ARGUMENT_vlan] = { .name = "vlan", .least = 1, .most = 4094 },
};

int arguments_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end || *value < least || *value > most ? -EINVAL : 0;
}

int arguments_address(const char *text, struct probe_address *mac, unsigned *n)
{
	uint64_t count = 1;
	int end = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac->bytes[0], &mac->bytes[1],
		   &mac->bytes[2], &mac->bytes[3], &mac->bytes[4], &mac->bytes[5], &end) != 6)
		return -EINVAL;
	if (n && text[end] == '+') {
		if (arguments_number(text + end + 1, 1, 65536, &count))
			return -EINVAL;
		*n = (unsigned)count;
		return 0;
	}
	if (n)
		*n = 1;
	return text[end] ? -EINVAL : 0;
}

static int parse_value(struct arguments *a, enum argument_key key, const char *text)
{
	uint64_t number = 0;

	if (key < ARGUMENT_NUMERIC)
		return arguments_number(text, keys[key].least, keys[key].most, &a->numbers[key]);
	if (key == ARGUMENT_to)
		return arguments_address(text, &a->to, &a->n_to);
	if (key == ARGUMENT_from) {
		a->from = text;
		return 0;
	}
	if (key == ARGUMENT_size && !strcmp(text, "imix")) {
		a->size = 0;
	} else if (key == ARGUMENT_vlan && !strcmp(text, "none")) {
		a->vlan = PROBE_NO_VLAN;
	} else if (key == ARGUMENT_vlan && !strcmp(text, "any")) {
		a->vlan = INSPECT_ANY_VLAN;
	} else {
		if (arguments_number(text, keys[key].least, keys[key].most, &number))
			return -EINVAL;
		*(key == ARGUMENT_size ? &a->size : &a->vlan) = (unsigned)number;
	}
	return 0;
}

static int parse_key(struct arguments *a, char *word, char *equals)
{
	*equals = '\0';
	for (unsigned key = 0; key < ARGUMENT_KEYS; key++) {
		if (strcmp(keys[key].name, word))
			continue;
		if (parse_value(a, key, equals + 1)) {
			snprintf(a->error, sizeof(a->error), "%s=%.80s cannot be", word, equals + 1);
			return -EINVAL;
		}
		a->given |= 1u << key;
		return 0;
	}
	snprintf(a->error, sizeof(a->error), "unknown key %.80s", word);
	return -EINVAL;
}

int arguments_parse(struct arguments *a, char *line)
{
	static const char blanks[] = " \t\r\n";
	char *rest = NULL;

	memset(a, 0, sizeof(*a));
	for (char *word = strtok_r(line, blanks, &rest); word; word = strtok_r(NULL, blanks, &rest)) {
		char *equals = strchr(word, '=');

		if (equals && parse_key(a, word, equals))
			return -EINVAL;
		if (equals)
			continue;
		if (a->n_words == ARGUMENT_WORDS) {
			snprintf(a->error, sizeof(a->error), "too many words, from %.80s on", word);
			return -EINVAL;
		}
		a->words[a->n_words++] = word;
	}
	return 0;
}
