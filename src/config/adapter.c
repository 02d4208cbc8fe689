/* SPDX-License-Identifier: BSD-2-Clause */
/* Adapters, the drivers on them, and the drivers' settings. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"

#define MAX_KEYWORD_NAME 63
#define MAX_KEYWORD_VALUE 255

static unsigned count(const struct config_node *node)
{
	unsigned n = 0;

	for (const struct config_node *item = node->first; item; item = item->next)
		n++;
	return n;
}

/* ---- settings ---- */

static int read_keyword(struct config_reader *r, struct keyword_config *keyword,
			const struct config_node *value)
{
	const struct config_node *name = value->key;

	if (!name->text[0] || strlen(name->text) > MAX_KEYWORD_NAME)
		return config_fail(&r->errors, name->place,
				   "a keyword's name has 1..%d bytes, and this one has %zu",
				   MAX_KEYWORD_NAME, strlen(name->text));
	if (value->kind != CONFIG_SCALAR || config_node_is_null(value))
		return config_fail(&r->errors, value->kind == CONFIG_SCALAR ? name->place : value->place,
				   "the keyword %s needs one value, a number or a text",
				   config_quote(name->text).text);
	if (strlen(value->text) > MAX_KEYWORD_VALUE)
		return config_fail(&r->errors, value->place,
				   "the keyword %s has a value of %zu bytes, at most %d are possible",
				   config_quote(name->text).text, strlen(value->text), MAX_KEYWORD_VALUE);
	keyword->value = strdup(value->text);
	keyword->name = keyword->value ? strdup(name->text) : NULL;
	if (keyword->name)
		return 0;
	free(keyword->value);
	return -ENOMEM;
}

int config_keywords_read(struct config_reader *r, const struct config_key *key,
			 const struct config_node *node, void *base)
{
	struct keyword_list *list = (struct keyword_list *)(void *)((char *)base + key->offset);
	int ret = 0;

	if (node->kind != CONFIG_MAPPING)
		return config_fail_type(r, key, node);
	if (count(node) > CONFIG_MAX_KEYWORDS)
		return config_fail(&r->errors, node->place, "%s has %u entries, at most %d are possible",
				   key->name, count(node), CONFIG_MAX_KEYWORDS);
	list->keyword = calloc(count(node) + 1, sizeof(*list->keyword));
	if (!list->keyword)
		return -ENOMEM;
	for (const struct config_node *value = node->first; value && !ret; value = value->next) {
		/* NDIS compares names without regard to case. */
		for (const struct config_node *other = node->first; other != value; other = other->next)
			if (!strcasecmp(other->key->text, value->key->text))
				return config_fail(&r->errors, value->key->place,
						   "the keyword %s stands twice, first at %u:%u; remove one",
						   config_quote(value->key->text).text,
						   other->key->place.line, other->key->place.column);
		ret = read_keyword(r, &list->keyword[list->n], value);
		list->n += !ret;
	}
	return ret;
}

static void keywords_free(struct keyword_list *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		free(list->keyword[i].name);
		free(list->keyword[i].value);
	}
	free(list->keyword);
}

/* ---- filters and protocols ---- */

/* "dir/name.so" as "name", with what no name may have as '-'; at most 63 bytes. */
static char *name_of_file(const char *file)
{
	const char *slash = strrchr(file, '/'), *start = slash ? slash + 1 : file;
	size_t length = strlen(start);
	char *name;

	if (length > 3 && !strcmp(start + length - 3, ".so"))
		length -= 3;
	name = strndup(start, length < 63 ? length : 63);
	for (char *c = name; c && *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c))
			*c = '-';
	return name;
}

int config_modules_read(struct config_reader *r, const struct config_key *key,
			const struct config_node *node, void *base)
{
	struct module_list *list = (struct module_list *)(void *)((char *)base + key->offset);
	int ret = 0;

	if (node->kind != CONFIG_LIST)
		return config_fail_type(r, key, node);
	if (count(node) > CONFIG_MAX_MODULES)
		return config_fail(&r->errors, node->place, "%s has %u items, at most %d are possible",
				   key->name, count(node), CONFIG_MAX_MODULES);
	list->module = calloc(count(node) + 1, sizeof(*list->module));
	if (!list->module)
		return -ENOMEM;
	for (const struct config_node *item = node->first; item && !ret; item = item->next) {
		struct module_config *module = &list->module[list->n++];

		if (item->kind != CONFIG_MAPPING)
			return config_fail(&r->errors, item->place,
					   "an item of %s needs a mapping that begins with driver:", key->name);
		ret = config_section_read(r, key->child, item, module);
		if (!ret && !module->name) {
			module->name = name_of_file(module->driver);
			ret = module->name ? 0 : -ENOMEM;
		}
	}
	return ret;
}

static void modules_free(struct module_list *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		free(list->module[i].name);
		free(list->module[i].driver);
		keywords_free(&list->module[i].keywords);
	}
	free(list->module);
}

/* ---- adapters ---- */

static int read_adapter(struct config_reader *r, const struct config_key *key,
			const struct config_node *node)
{
	struct adapter_config *a = &r->config->adapters[r->config->n_adapters++];
	int ret;

	a->mtu = 1500;
	a->queues = 16;
	a->buffers = 512;
	a->rx_queues = 1;
	a->ndis_version = CONFIG_NDIS_630;
	ret = config_section_read(r, key->child, node, a);
	if (ret || a->name)
		return ret;
	if (key->type == TYPE_ADAPTER)
		a->name = strdup("adapter");
	else if (asprintf(&a->name, "adapter%u", r->config->n_adapters) < 0)
		a->name = NULL;
	return a->name ? 0 : -ENOMEM;
}

int config_adapters_read(struct config_reader *r, const struct config_key *key,
			 const struct config_node *node)
{
	bool list = key->type == TYPE_ADAPTERS;
	int ret = 0;

	if (node->kind != (list ? CONFIG_LIST : CONFIG_MAPPING))
		return config_fail_type(r, key, node);
	if (r->config->adapters)
		return config_fail(&r->errors, node->key->place,
				   "the file needs either \"adapter\" or \"adapters\", not both");
	if (list && (!node->first || count(node) > CONFIG_MAX_ADAPTERS))
		return config_fail(&r->errors, node->place, "adapters has %u items; there may be 1..%d",
				   count(node), CONFIG_MAX_ADAPTERS);
	r->config->adapters = calloc(list ? count(node) : 1, sizeof(*r->config->adapters));
	if (!r->config->adapters)
		return -ENOMEM;
	if (!list)
		return read_adapter(r, key, node);
	for (const struct config_node *item = node->first; item && !ret; item = item->next) {
		if (item->kind != CONFIG_MAPPING)
			return config_fail(&r->errors, item->place,
					   "an item of adapters needs a mapping with nic: or driver:");
		ret = read_adapter(r, key, item);
	}
	return ret;
}

void config_adapters_free(struct host_config *config)
{
	for (unsigned i = 0; i < config->n_adapters; i++) {
		struct adapter_config *a = &config->adapters[i];

		free(a->name);
		free(a->nic);
		free(a->out);
		free(a->driver);
		free(a->play);
		keywords_free(&a->keywords);
		modules_free(&a->filters);
		modules_free(&a->protocols);
	}
	free(config->adapters);
}

const struct config_node *config_adapter_node(const struct config_node *root, unsigned index)
{
	const struct config_node *list = config_tree_get(root, "adapters");
	const struct config_node *item;

	if (!list)
		return config_tree_get(root, "adapter");
	item = list->first;
	while (index--)
		item = item->next;
	return item;
}

/* ---- what goes together ---- */

/* Our own miniport has settings of its own beside the keywords that every one has. */
static int check_settings(const struct config_reader *r, const struct adapter_config *a,
			  const struct config_node *node)
{
	static const char *const ours[] = { "out", "queues", "buffers", "rx-queues", "ndis",
					    "receive", "filter-engine" };
	const struct config_node *key;

	for (unsigned i = 0; a->driver && i < sizeof(ours) / sizeof(ours[0]); i++) {
		key = config_tree_get(node, ours[i]);
		if (key)
			return config_fail(&r->errors, key->key->place,
					   "%s goes with nic only; this adapter's driver is set by its keywords",
					   ours[i]);
	}
	return 0;
}

/* DCB came with NDIS 6.30. */
static int check_qos(const struct config_reader *r, const struct adapter_config *a,
		     const struct config_node *node)
{
	const struct config_node *qos = config_tree_get(node, "qos");

	if (!qos || a->driver || a->ndis_version >= CONFIG_NDIS_630)
		return 0;
	return config_fail(&r->errors, qos->key->place, "qos goes with ndis: 6.30 only");
}

/* Says 'switch: true' at most once; else the first adapter has it, unless it says no. */
static int choose_switch(const struct config_reader *r, const struct config_node *root)
{
	struct host_config *c = r->config;
	const struct config_node *chosen = NULL, *value;

	for (unsigned i = 0; i < c->n_adapters; i++) {
		if (!c->adapters[i].has_switch)
			continue;
		value = config_tree_get(config_adapter_node(root, i), "switch");
		if (chosen)
			return config_fail(&r->errors, value->key->place,
					   "the switch is bound to one adapter only, and has one at %u:%u; "
					   "remove one of both", chosen->key->place.line,
					   chosen->key->place.column);
		chosen = value;
		c->switch_adapter = i;
	}
	for (unsigned i = 0; i < c->n_adapters && !chosen; i++) {
		if (config_tree_get(config_adapter_node(root, i), "switch"))
			continue;
		c->adapters[i].has_switch = true;
		c->switch_adapter = i;
		return 0;
	}
	if (chosen)
		return 0;
	value = config_tree_get(config_adapter_node(root, 0), "switch");
	return config_fail(&r->errors, value->place,
			   "no adapter is left for the switch; say switch: true for one of them");
}

/* A protocol driver is loaded once and bound to many adapters: its settings are the
 * driver's, and stand where it is named first. */
static int check_protocol(const struct config_reader *r, const char *file,
			  const struct config_node *root, const struct config_node *item)
{
	const struct config_node *keywords = config_tree_get(item, "keywords");

	for (unsigned i = 0; i < r->config->n_adapters && keywords; i++) {
		const struct config_node *list = config_tree_get(config_adapter_node(root, i),
								 "protocols");
		const struct config_node *other = list ? list->first : NULL;

		for (unsigned k = 0; other; other = other->next, k++) {
			if (other == item)
				return 0;
			if (!strcmp(r->config->adapters[i].protocols.module[k].driver, file))
				return config_fail(&r->errors, keywords->key->place,
						   "a protocol driver has one set of keywords, and %s is named "
						   "first at %u:%u; move them there", config_quote(file).text,
						   other->place.line, other->place.column);
		}
	}
	return 0;
}

static int check_protocols(const struct config_reader *r, const struct config_node *root)
{
	int ret = 0;

	for (unsigned i = 0; i < r->config->n_adapters; i++) {
		const struct module_list *list = &r->config->adapters[i].protocols;
		const struct config_node *items = config_tree_get(config_adapter_node(root, i),
								  "protocols");
		const struct config_node *item = items ? items->first : NULL;

		for (unsigned k = 0; k < list->n && !ret; k++, item = item->next)
			ret = check_protocol(r, list->module[k].driver, root, item);
	}
	return ret;
}

int config_adapters_check(const struct config_reader *r, const struct config_node *root)
{
	int ret = 0;

	for (unsigned i = 0; i < r->config->n_adapters && !ret; i++)
		ret = check_settings(r, &r->config->adapters[i], config_adapter_node(root, i));
	for (unsigned i = 0; i < r->config->n_adapters && !ret; i++)
		ret = check_qos(r, &r->config->adapters[i], config_adapter_node(root, i));
	if (!ret)
		ret = check_protocols(r, root);
	return ret ? ret : choose_switch(r, root);
}
