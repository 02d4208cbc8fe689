/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of a configuration file as a tree of nodes that know their place.
 * What YAML can do beyond lists, mappings and scalars is refused here, with its
 * place, so that the readers above meet nothing else.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define CONFIG_MAX_BYTES (1u << 20)   /* of a file: ten thousand VMs */
/* Blanks and line ends in a row: libfyaml's time grows with their square. */
#define CONFIG_MAX_BLANKS 1000
#define CONFIG_MAX_DEPTH 8            /* of lists and mappings; the longest path has 7 */

struct config_place {
	unsigned line, column;   /* from 1; columns count characters */
};

enum config_node_kind { CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAPPING };

struct config_node {
	enum config_node_kind kind;
	bool plain;                     /* scalar: written without quotes */
	struct config_place place;
	struct config_node *key;        /* in a mapping: the key, a scalar */
	struct config_node *first, *last, *next;   /* children; the next child of the parent */
	struct config_node *allocated;  /* the node made before this one */
	char text[];                    /* scalar: UTF-8 without control characters */
};

struct config_tree {
	struct config_node *root;       /* NULL: nothing but comments */
	struct config_node *allocated;
};

/* Where errors go: 'file' begins every line. */
struct config_errors {
	char file[200];
	struct error *error;
};

/* Prepares 'errors' for lines about 'file': made printable, shortened at its front. */
void config_errors_init(struct config_errors *errors, const char *file, struct error *error);

/* Writes "FILE:LINE:COLUMN: " and the text; returns -EINVAL. */
int config_fail(const struct config_errors *errors, struct config_place place,
		const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* 'text' for a message: in quotes, at most about 60 bytes, unprintable bytes as '?'. */
struct config_quoted {
	char text[72];
};
struct config_quoted config_quote(const char *text);

/* Refuses text that is no UTF-8, holds NUL or control characters, has
 * indentation by tabs, directives, or is too long or has too many blanks in a row. 0 or -EINVAL. */
int config_text_check(const struct config_errors *errors, const char *text, size_t length);

/* The tree of 'text', which config_text_check() has passed. 0, -EINVAL, -ENOMEM. The
 * caller frees the tree in every case. */
int config_tree_parse(struct config_tree *tree, const struct config_errors *errors,
		      const char *text, size_t length);
void config_tree_free(struct config_tree *tree);

/* The value of 'key' in a mapping; NULL: absent. Accepts NULL. */
const struct config_node *config_tree_get(const struct config_node *mapping, const char *key);

/* Whether the value is left out, "~" or "null". */
bool config_node_is_null(const struct config_node *node);

#endif
