/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/names.h"
#include "config/read.h"

static int fail_unknown(struct config_reader *r, enum config_section section,
			const struct config_node *key)
{
	struct config_nearest nearest = { .meant = key->text };
	struct config_quoted name = config_quote(key->text);
	char known[200] = "";

	for (unsigned i = 0; i < config_n_keys; i++)
		if (config_keys[i].sections & (1u << section)) {
			size_t used = strlen(known);

			config_nearest_try(&nearest, config_keys[i].name);
			snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
				 config_keys[i].name);
		}
	for (unsigned other = 0; other < SECTION_COUNT; other++)
		if (config_key_find(other, key->text) && (!nearest.name || nearest.distance > 1))
			return config_fail(&r->errors, key->place,
					   "unknown key %s in %s; it is a key of %s", name.text,
					   config_section_text(section), config_section_text(other));
	if (nearest.name)
		return config_fail(&r->errors, key->place, "unknown key %s; did you mean \"%s\"?",
				   name.text, nearest.name);
	return config_fail(&r->errors, key->place, "unknown key %s; the keys of %s are %s",
			   name.text, config_section_text(section), known);
}

static void vm_clear(struct vm_config *vm)
{
	free(vm->name);
	free(vm->port);
	free(vm->sends);
	free(vm->macs);
}

static int read_internal(struct config_reader *r, const struct config_key *key,
			 const struct config_node *node)
{
	struct vm_config *port;

	if (node->kind != CONFIG_MAPPING)
		return config_fail_type(r, key, node);
	port = r->config->internal = calloc(1, sizeof(*port));
	if (!port)
		return -ENOMEM;
	port->processor = -1;
	port->name = strdup("internal");
	if (!port->name)
		return -ENOMEM;
	return config_section_read(r, key->child, node, port);
}

static int read_vms(struct config_reader *r, const struct config_key *key,
		    const struct config_node *node)
{
	struct host_config *config = r->config;
	unsigned n = 0;
	int ret = 0;

	if (node->kind != CONFIG_LIST)
		return config_fail_type(r, key, node);
	for (const struct config_node *item = node->first; item; item = item->next)
		n++;
	config->vms = calloc(n ? n : 1, sizeof(*config->vms));
	if (!config->vms)
		return -ENOMEM;
	for (const struct config_node *item = node->first; item && !ret; item = item->next) {
		struct vm_config *vm = &config->vms[config->n_vms++];

		vm->processor = -1;
		if (item->kind != CONFIG_MAPPING)
			return config_fail(&r->errors, item->place,
					   "an item of vms needs a mapping that begins with name:");
		ret = config_section_read(r, key->child, item, vm);
	}
	return ret;
}

static int read_key(struct config_reader *r, const struct config_key *key,
		    const struct config_node *node, void *base)
{
	if (config_node_is_null(node))
		return config_fail(&r->errors, node->key->place,
				   "%s has no value; give it one, or remove the key", key->name);
	switch (key->type) {
	case TYPE_SECTION:
		if (node->kind != CONFIG_MAPPING)
			return config_fail_type(r, key, node);
		return config_section_read(r, key->child, node, base);
	case TYPE_ADAPTER:
	case TYPE_ADAPTERS:
		return config_adapters_read(r, key, node);
	case TYPE_MODULES:
		return config_modules_read(r, key, node, base);
	case TYPE_KEYWORDS:
		return config_keywords_read(r, key, node, base);
	case TYPE_PRIORITIES:
		return config_priorities_read(r, key, node, base);
	case TYPE_CLASSES:
		return config_classes_read(r, key, node, base);
	case TYPE_INTERNAL:
		return read_internal(r, key, node);
	case TYPE_VMS:
		return read_vms(r, key, node);
	default:
		return config_value_read(r, key, node, base);
	}
}

/* 'seen': a bit per row of the table. */
static int check_needed(struct config_reader *r, enum config_section section,
			const struct config_node *node, uint64_t seen)
{
	const struct config_key *pair[2];
	bool first, second;

	for (unsigned i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->sections & (1u << section) && key->need == NEED_ALWAYS &&
		    !(seen & (UINT64_C(1) << i)))
			return config_fail(&r->errors, node->place, "the key \"%s\" of %s is missing; add it",
					   key->name, config_section_text(section));
	}
	config_key_pair(section, pair);
	if (!pair[1])
		return 0;
	first = (seen >> (pair[0] - config_keys)) & 1;
	second = (seen >> (pair[1] - config_keys)) & 1;
	if (first == second)
		return config_fail(&r->errors, node->place, "%s needs either \"%s\" or \"%s\", %s",
				   config_section_text(section), pair[0]->name, pair[1]->name,
				   first ? "not both" : "and has neither");
	return 0;
}

int config_section_read(struct config_reader *r, enum config_section section,
			const struct config_node *node, void *base)
{
	uint64_t seen = 0;
	int ret;

	for (const struct config_node *value = node->first; value; value = value->next) {
		const struct config_key *key = config_key_find(section, value->key->text);
		uint64_t bit;

		if (!key)
			return fail_unknown(r, section, value->key);
		bit = UINT64_C(1) << (key - config_keys);
		if (seen & bit) {
			const struct config_node *first = config_tree_get(node, key->name);

			return config_fail(&r->errors, value->key->place,
					   "the key \"%s\" stands twice, first at %u:%u; remove one", key->name,
					   first->key->place.line, first->key->place.column);
		}
		seen |= bit;
		ret = read_key(r, key, value, base);
		if (ret)
			return ret;
	}
	return check_needed(r, section, node, seen);
}

static unsigned online_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > CONFIG_MAX_PROCESSORS ? CONFIG_MAX_PROCESSORS : (unsigned)n;
}

static int set_defaults(struct host_config *config, const char *file)
{
	config->file = strdup(file);
	config->eal = calloc(1, sizeof(*config->eal));
	config->processors = online_cpus();
	config->switch_ndis = CONFIG_NDIS_630;
	return config->file && config->eal ? 0 : -ENOMEM;
}

static int read_tree(struct config_reader *r, const struct config_node *root)
{
	struct config_place start = { 1, 1 };
	int ret;

	if (!root || config_node_is_null(root))
		return config_fail(&r->errors, start,
				   "the file is empty; it needs at least adapter: with nic:");
	if (root->kind != CONFIG_MAPPING)
		return config_fail(&r->errors, root->place,
				   "the file must be a mapping that begins with a key such as adapter:");
	ret = config_section_read(r, SECTION_ROOT, root, r->config);
	if (ret)
		return ret;
	if (!r->config->workers) {
		unsigned cpus = online_cpus();

		r->config->workers = r->config->processors < cpus ? r->config->processors : cpus;
	}
	return config_check(r, root);
}

int config_parse(struct host_config **config, const char *file, const char *text, size_t length,
		 struct error *err)
{
	struct config_reader r = { .file = file };
	struct config_tree tree = { NULL, NULL };
	int ret;

	*config = NULL;
	config_errors_init(&r.errors, file, err);
	ret = config_text_check(&r.errors, text, length);
	if (ret)
		return ret;
	ret = -ENOMEM;
	r.config = calloc(1, sizeof(*r.config));
	if (r.config)
		ret = set_defaults(r.config, file);
	if (!ret)
		ret = config_tree_parse(&tree, &r.errors, text, length);
	if (!ret)
		ret = read_tree(&r, tree.root);
	config_tree_free(&tree);
	if (!ret) {
		*config = r.config;
		return 0;
	}
	config_free(r.config);
	if (ret == -ENOMEM)
		return error_set(err, ENOMEM, "%s: there is no memory to read it", r.errors.file);
	return ret;
}

void config_free(struct host_config *config)
{
	if (!config)
		return;
	for (unsigned i = 0; i < config->n_vms; i++)
		vm_clear(&config->vms[i]);
	free(config->vms);
	if (config->internal)
		vm_clear(config->internal);
	free(config->internal);
	for (char **word = config->eal; word && *word; word++)
		free(*word);
	free(config->eal);
	free(config->control);
	config_adapters_free(config);
	free(config->file);
	free(config);
}
