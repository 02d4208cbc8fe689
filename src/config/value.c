/* SPDX-License-Identifier: BSD-2-Clause */
/* Single values: numbers, addresses, names, file names. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "config/read.h"
#include "config/spec.h"
#include "verifier/mode.h"

#define MAX_WORDS 64
#define MAX_NAME 63

static int field_set_string(void *field, char *text)
{
	if (!text)
		return -ENOMEM;
	*(char **)field = text;
	return 0;
}

static int read_number(struct config_reader *r, const struct config_key *key,
		       const struct config_node *node, void *field)
{
	const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');
	long value;

	if (!node->plain || !digits[0] || digits[strspn(digits, "0123456789")])
		return config_fail_type(r, key, node);
	errno = 0;
	value = strtol(node->text, NULL, 10);
	if (errno || value < key->min || value > key->max)
		return config_fail(&r->errors, node->place, "%s must be a %s, not %s", key->name,
				   config_key_type(key).text, config_quote(node->text).text);
	if (key->size == sizeof(uint16_t))
		*(uint16_t *)field = (uint16_t)value;
	else
		*(unsigned *)field = (unsigned)value;
	return 0;
}

static int read_amount(struct config_reader *r, const struct config_key *key,
		       const struct config_node *node, uint64_t *field)
{
	uint64_t value = 0;
	int ret = amount_parse(node->text, &value);

	if (!node->plain || ret == -EINVAL)
		return config_fail_type(r, key, node);
	if (ret || value < (uint64_t)key->min || value > (uint64_t)key->max)
		return config_fail(&r->errors, node->place, "%s must be a %s, not %s", key->name,
				   config_key_type(key).text, config_quote(node->text).text);
	*field = value;
	return 0;
}

static int read_bool(struct config_reader *r, const struct config_key *key,
		     const struct config_node *node, bool *field)
{
	bool yes = !strcasecmp(node->text, "true");

	if (!node->plain || (!yes && strcasecmp(node->text, "false")))
		return config_fail_type(r, key, node);
	*field = yes;
	return 0;
}

static int read_name(struct config_reader *r, const struct config_key *key,
		     const struct config_node *node, void *field)
{
	size_t length = strlen(node->text);

	if (!length || length > MAX_NAME ||
	    length != strspn(node->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"))
		return config_fail(&r->errors, node->place, "%s needs %s, not %s", key->name,
				   config_key_type(key).text, config_quote(node->text).text);
	return field_set_string(field, strdup(node->text));
}

static int read_choice(struct config_reader *r, const struct config_key *key,
		       const struct config_node *node, unsigned *field)
{
	for (const struct config_choice *c = key->choices; c->word; c++)
		if (!strcmp(node->text, c->word)) {
			*field = c->value;
			return 0;
		}
	return config_fail(&r->errors, node->place, "%s needs %s, not %s", key->name,
			   config_key_type(key).text, config_quote(node->text).text);
}

/* Six pairs of hexadecimal digits, all parted by ':' or all by '-'. */
static bool mac_parse(uint8_t mac[6], const char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	char part = text[0] && text[1] ? text[2] : '\0';

	if (strlen(text) != 17 || (part != ':' && part != '-'))
		return false;
	for (unsigned i = 0; i < 6; i++) {
		const char *pair = text + 3 * i;

		if (strspn(pair, digits) != 2 || (i < 5 && pair[2] != part))
			return false;
		mac[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

static int read_mac(struct config_reader *r, const struct config_node *node, struct vm_config *vm)
{
	static const uint8_t zero[6], broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t (*macs)[6] = realloc(vm->macs, (vm->n_macs + 1) * sizeof(*macs)), *mac;
	const char *why = NULL;

	if (!macs)
		return -ENOMEM;
	vm->macs = macs;
	mac = macs[vm->n_macs];

	if (node->kind != CONFIG_SCALAR || !mac_parse(mac, node->text))
		return config_fail(&r->errors, node->place,
				   "%s is no MAC address; write six pairs of hexadecimal digits, "
				   "such as 52:54:00:00:00:01",
				   node->kind == CONFIG_SCALAR ? config_quote(node->text).text :
				   node->kind == CONFIG_LIST ? "a list (for several use macs)" : "a mapping");
	if (!memcmp(mac, zero, 6))
		why = "all zero";
	else if (!memcmp(mac, broadcast, 6))
		why = "the broadcast address";
	else if (mac[0] & 1)
		why = "a multicast address";
	if (why)
		return config_fail(&r->errors, node->place,
				   "the MAC address %s is %s; a VM needs one of its own, such as "
				   "52:54:00:00:00:01", config_quote(node->text).text, why);
	vm->n_macs++;
	return 0;
}

static int read_macs(struct config_reader *r, const struct config_key *key,
		     const struct config_node *node, struct vm_config *vm)
{
	int ret;

	if (!node->first)
		return config_fail(&r->errors, node->place, "%s is empty; it needs a %s", key->name,
				   config_key_type(key).text);
	for (const struct config_node *item = node->first; item; item = item->next) {
		if (vm->n_macs == CONFIG_MAX_MACS)
			return config_fail(&r->errors, item->place, "%s must be a %s; this one is too many",
					   key->name, config_key_type(key).text);
		ret = read_mac(r, item, vm);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_words(struct config_reader *r, const struct config_key *key,
		      const struct config_node *node, char ***field)
{
	char **words = *field;
	unsigned n = 0;

	for (const struct config_node *item = node->first; item; item = item->next, n++) {
		if (item->kind != CONFIG_SCALAR || config_node_is_null(item))
			return config_fail(&r->errors, item->place,
					   "%s needs a list of words; this item is none", key->name);
		if (n == MAX_WORDS)
			return config_fail(&r->errors, item->place, "%s has more than %d words; shorten it",
					   key->name, MAX_WORDS);
		words = reallocarray(*field, n + 2, sizeof(*words));
		if (!words)
			return -ENOMEM;
		*field = words;
		words[n + 1] = NULL;
		words[n] = strdup(item->text);
		if (!words[n])
			return -ENOMEM;
	}
	return 0;
}

/* 'before' and the input file 'name', seen from where the configuration lies. */
static char *input_name(const struct config_reader *r, const char *before, const char *name)
{
	const char *slash = strrchr(r->file, '/');
	int directory = slash && name[0] != '/' ? (int)(slash - r->file) + 1 : 0;
	char *whole;

	if (asprintf(&whole, "%s%.*s%s", before, directory, r->file, name) < 0)
		return NULL;
	return whole;
}

static int read_spec(struct config_reader *r, const struct spec_kinds *kinds,
		     const struct config_node *node, void *field)
{
	struct spec spec;
	char before[32];
	int ret = config_spec_split(&spec, kinds, &r->errors, node);

	if (ret)
		return ret;
	if (spec.kind->argument != SPEC_INPUT)
		return field_set_string(field, strdup(node->text));
	snprintf(before, sizeof(before), "%s:", spec.kind->name);
	return field_set_string(field, input_name(r, before, spec.argument));
}

/* "auto", or the path of a socket. */
static int read_socket(struct config_reader *r, const struct config_node *node, void *field)
{
	int ret = 0;

	if (strcmp(node->text, WIRE_SOCKET_AUTO))
		ret = config_socket_check(node->text, &r->errors, node->place);
	return ret ? ret : field_set_string(field, strdup(node->text));
}

static int read_file(struct config_reader *r, const struct config_key *key,
		     const struct config_node *node, void *field)
{
	int ret = config_file_check(node->text, &r->errors, node->place);

	if (ret)
		return ret;
	return field_set_string(field, key->type == TYPE_INPUT ? input_name(r, "", node->text) :
							       strdup(node->text));
}

int config_fail_type(const struct config_reader *r, const struct config_key *key,
		     const struct config_node *node)
{
	struct config_quoted quoted = config_quote(node->text);
	const char *is = node->kind == CONFIG_LIST ? "a list" :
			 node->kind == CONFIG_MAPPING ? "a mapping" : quoted.text;

	return config_fail(&r->errors, node->place, "%s needs %s%s, not %s%s", key->name,
			   key->type == TYPE_BOOL || key->type == TYPE_NAME ||
				key->type == TYPE_VERIFIER || key->type == TYPE_CHOICE ? "" : "a ",
			   config_key_type(key).text, is,
			   node->kind == CONFIG_SCALAR && !node->plain ? " in quotes" : "");
}

int config_value_read(struct config_reader *r, const struct config_key *key,
		      const struct config_node *node, void *base)
{
	bool list = key->type == TYPE_MACS || key->type == TYPE_WORDS;
	void *field = (char *)base + key->offset;

	if (key->type != TYPE_MAC && node->kind != (list ? CONFIG_LIST : CONFIG_SCALAR))
		return config_fail_type(r, key, node);
	switch (key->type) {
	case TYPE_NUMBER:
		return read_number(r, key, node, field);
	case TYPE_AMOUNT:
		return read_amount(r, key, node, field);
	case TYPE_BOOL:
		return read_bool(r, key, node, field);
	case TYPE_NAME:
		return read_name(r, key, node, field);
	case TYPE_MAC:
		return read_mac(r, node, base);
	case TYPE_MACS:
		return read_macs(r, key, node, base);
	case TYPE_WORDS:
		return read_words(r, key, node, field);
	case TYPE_NIC:
		return read_spec(r, &config_nic_kinds, node, field);
	case TYPE_VERIFIER:
		return verifier_mode_parse(node->text, field) ? config_fail_type(r, key, node) : 0;
	case TYPE_CHOICE:
		return read_choice(r, key, node, field);
	case TYPE_SOCKET:
		return read_socket(r, node, field);
	case TYPE_PORT:
		return read_spec(r, &config_port_kinds, node, field);
	default:
		return read_file(r, key, node, field);
	}
}
