/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Built from the parser's events, not from the library's documents: events
 * come one at a time, so depth is bounded while reading, and nothing is ever
 * expanded.
 */
#include "config/tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

struct builder {
	struct config_tree *tree;
	const struct config_errors *errors;
	struct config_node *open[CONFIG_MAX_DEPTH];   /* lists and mappings not yet ended */
	unsigned depth;
	struct config_node *key;        /* of the value that comes next; NULL: none yet */
	struct config_place place;      /* the last one known */
	bool ended;                     /* a document was read */
};

static struct config_place place_of(struct builder *b, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	if (mark && mark->line >= 0 && mark->column >= 0)
		b->place = (struct config_place){ mark->line + 1u, mark->column + 1u };
	return b->place;
}

static struct config_node *node_create(struct builder *b, enum config_node_kind kind,
				       const char *text, size_t length)
{
	struct config_node *node = calloc(1, sizeof(*node) + length + 1);

	if (!node)
		return NULL;
	node->kind = kind;
	node->place = b->place;
	if (length)
		memcpy(node->text, text, length);
	node->allocated = b->tree->allocated;
	b->tree->allocated = node;
	return node;
}

/* Hangs 'node' where the event stream is: as the root, an item, a key or a value. */
static int node_attach(struct builder *b, struct config_node *node)
{
	struct config_node *parent = b->depth ? b->open[b->depth - 1] : NULL;

	if (!parent) {
		b->tree->root = node;
		return 0;
	}
	if (parent->kind == CONFIG_MAPPING && !b->key) {
		if (node->kind != CONFIG_SCALAR)
			return config_fail(b->errors, node->place,
					   "a key must be a word, not a list or a mapping");
		b->key = node;
		return 0;
	}
	node->key = b->key;
	b->key = NULL;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return 0;
}

static int scalar_add(struct builder *b, const struct fy_event *event)
{
	enum fy_scalar_style style = FYSS_PLAIN;
	size_t length = 0;
	const char *text = NULL;
	struct config_node *node;

	/* What is left out has no token: then the place of what stands before it. */
	place_of(b, event->scalar.value);
	if (event->scalar.value) {
		style = fy_token_scalar_style(event->scalar.value);
		text = fy_token_get_text(event->scalar.value, &length);
	}
	/* The parser marks the first letter, behind the quote. */
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && b->place.column > 1)
		b->place.column--;
	if (!text)
		length = 0;
	for (size_t i = 0; i < length; i++)
		if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
			return config_fail(b->errors, b->place,
					   "a value or key over several lines, or with a control character; "
					   "write it on one line");
	node = node_create(b, CONFIG_SCALAR, text, length);
	if (!node)
		return -ENOMEM;
	node->plain = style == FYSS_PLAIN;
	return node_attach(b, node);
}

static int collection_open(struct builder *b, enum config_node_kind kind, struct fy_token *token)
{
	struct config_node *node;
	int ret;

	place_of(b, token);
	if (b->depth == CONFIG_MAX_DEPTH)
		return config_fail(b->errors, b->place,
				   "lists and mappings lie more than %d deep; no key needs that",
				   CONFIG_MAX_DEPTH);
	node = node_create(b, kind, NULL, 0);
	if (!node)
		return -ENOMEM;
	ret = node_attach(b, node);
	if (ret)
		return ret;
	b->open[b->depth++] = node;
	return 0;
}

/* Anchors, aliases and tags change what a value is from somewhere else in the
 * file; a configuration that says what it says needs none. */
static int refuse_decoration(struct builder *b, struct fy_event *event)
{
	struct fy_token *anchor, *tag;

	if (event->type == FYET_ALIAS) {
		place_of(b, event->alias.anchor);
		/* The parser marks the name, behind the asterisk. */
		if (b->place.column > 1)
			b->place.column--;
		return config_fail(b->errors, b->place,
				   "aliases (*name) are not used here; write the value out, or put "
				   "a name that begins with * in quotes");
	}
	anchor = fy_event_get_anchor_token(event);
	if (anchor) {
		place_of(b, anchor);
		if (b->place.column > 1)
			b->place.column--;
		return config_fail(b->errors, b->place,
				   "anchors (&name) are not used here; remove it");
	}
	tag = fy_event_get_tag_token(event);
	if (tag)
		return config_fail(b->errors, place_of(b, tag),
				   "tags (!name) are not used here; remove it");
	return 0;
}

static int event_add(struct builder *b, struct fy_event *event)
{
	int ret;

	if (event->type == FYET_DOCUMENT_START) {
		if (b->ended)
			return config_fail(b->errors, place_of(b, event->document_start.document_start),
					   "a second document begins; a file holds one configuration");
		return 0;
	}
	ret = refuse_decoration(b, event);
	if (ret)
		return ret;
	switch (event->type) {
	case FYET_SCALAR:
		return scalar_add(b, event);
	case FYET_MAPPING_START:
		return collection_open(b, CONFIG_MAPPING, event->mapping_start.mapping_start);
	case FYET_SEQUENCE_START:
		return collection_open(b, CONFIG_LIST, event->sequence_start.sequence_start);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		b->depth--;
		return 0;
	case FYET_DOCUMENT_END:
		b->ended = true;
		return 0;
	default:
		return 0;
	}
}

/* The parser prints nothing: its first error becomes ours. */
static int parser_error(struct builder *b, struct fy_diag *diag)
{
	void *previous = NULL;
	struct fy_diag_error *e;

	while ((e = fy_diag_errors_iterate(diag, &previous))) {
		struct config_place place = b->place;

		if (e->type != FYET_ERROR || !e->msg)
			continue;
		if (e->line > 0 && e->column > 0)
			place = (struct config_place){ (unsigned)e->line, (unsigned)e->column };
		return config_fail(b->errors, place, "this is no YAML: %s",
				   config_quote(e->msg).text);
	}
	return config_fail(b->errors, b->place, "this is no YAML from about here on");
}

static void print_nothing(struct fy_diag *diag, void *user, const char *text, size_t length)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)length;
}

static struct fy_diag *diag_create(void)
{
	struct fy_diag_cfg config;
	struct fy_diag *diag;

	fy_diag_cfg_default(&config);
	config.fp = NULL;
	config.output_fn = print_nothing;
	config.colorize = false;
	diag = fy_diag_create(&config);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

static int events_read(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_event *event;
	int ret = 0;

	while (!ret && (event = fy_parser_parse(parser))) {
		ret = event_add(b, event);
		fy_parser_event_free(parser, event);
	}
	if (!ret && fy_parser_get_stream_error(parser))
		ret = parser_error(b, diag);
	return ret;
}

int config_tree_parse(struct config_tree *tree, const struct config_errors *errors,
		      const char *text, size_t length)
{
	struct builder b = { .tree = tree, .errors = errors, .place = { 1, 1 } };
	struct fy_parse_cfg config = {
		.search_path = "",
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
			 FYPCF_JSON_NONE,
	};
	struct fy_parser *parser;
	int ret = -ENOMEM;

	*tree = (struct config_tree){ 0 };
	if (!length)
		return 0;
	config.diag = diag_create();
	if (!config.diag)
		return -ENOMEM;
	parser = fy_parser_create(&config);
	if (!parser)
		goto free_diag;
	if (fy_parser_set_string(parser, text, length) == 0)
		ret = events_read(&b, parser, config.diag);
	fy_parser_destroy(parser);
free_diag:
	fy_diag_destroy(config.diag);
	return ret;
}

void config_tree_free(struct config_tree *tree)
{
	while (tree->allocated) {
		struct config_node *before = tree->allocated->allocated;

		free(tree->allocated);
		tree->allocated = before;
	}
	tree->root = NULL;
}

const struct config_node *config_tree_get(const struct config_node *mapping, const char *key)
{
	if (mapping)
		for (const struct config_node *n = mapping->first; n; n = n->next)
			if (n->key && !strcmp(n->key->text, key))
				return n;
	return NULL;
}

bool config_node_is_null(const struct config_node *node)
{
	return node->kind == CONFIG_SCALAR && node->plain &&
	       (!node->text[0] || !strcmp(node->text, "~") || !strcasecmp(node->text, "null"));
}
