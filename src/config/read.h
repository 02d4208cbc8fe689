/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps from a tree of nodes to a host_config; private to the config files. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include "config/config.h"
#include "config/keys.h"
#include "config/tree.h"

struct config_reader {
	struct config_errors errors;
	const char *file;              /* as given */
	struct host_config *config;    /* being filled */
};

/* Reads the mapping 'node' into 'base', the struct of its section: 0, -EINVAL, -ENOMEM. */
int config_section_read(struct config_reader *r, enum config_section section,
			const struct config_node *node, void *base);

/* Reads one value that is no section into its field of 'base'. */
int config_value_read(struct config_reader *r, const struct config_key *key,
		      const struct config_node *node, void *base);

/* The only adapter, or the list of them, into the configuration. */
int config_adapters_read(struct config_reader *r, const struct config_key *key,
			 const struct config_node *node);
void config_adapters_free(struct host_config *config);

/* A list of drivers, and a driver's settings, into their fields of 'base'. */
int config_modules_read(struct config_reader *r, const struct config_key *key,
			const struct config_node *node, void *base);
int config_keywords_read(struct config_reader *r, const struct config_key *key,
			 const struct config_node *node, void *base);

/* qos.c: a list of priorities, and the traffic classes, into their fields of 'base'. */
int config_priorities_read(struct config_reader *r, const struct config_key *key,
			   const struct config_node *node, void *base);
int config_classes_read(struct config_reader *r, const struct config_key *key,
			const struct config_node *node, void *base);

/* Says that 'node' is not what 'key' needs. */
int config_fail_type(const struct config_reader *r, const struct config_key *key,
		     const struct config_node *node);

/* What goes together on an adapter, and which of them has the switch. */
int config_adapters_check(const struct config_reader *r, const struct config_node *root);

/* The node of adapter 'index' in the tree. */
const struct config_node *config_adapter_node(const struct config_node *root, unsigned index);

/* What only several values together can show: duplicates, values that do not go together. */
int config_check(const struct config_reader *r, const struct config_node *root);

#endif
