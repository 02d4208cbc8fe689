/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/control_driver.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "host/drivers.h"
#include "wire/wire.h"

#define MAX_NAME 63

/* ---- parameters ---- */

static const char *text_of(const json_t *params, const char *key)
{
	return json_string_value(json_object_get(params, key));
}

/* A name that may stand in a line of text: as those of the configuration. */
static int check_name(const char *what, const char *name, struct error *err)
{
	size_t n = strlen(name);

	if (n > MAX_NAME || n != strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789._-"))
		return error_set(err, EINVAL, "\"%s\" must be 1..%d of the characters a-z A-Z 0-9 . _ -", what,
				 MAX_NAME);
	return 0;
}

static int check_line(const char *what, const char *text, size_t most, struct error *err)
{
	if (strlen(text) > most)
		return error_set(err, EINVAL, "%s has %zu bytes, at most %zu are possible", what,
				 strlen(text), most);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return error_set(err, EINVAL, "%s has control characters; remove them", what);
	return 0;
}

/* The parameter "keywords" as a list; its texts are the parameter's, but for numbers. */
struct keywords {
	struct keyword_list list;
	struct keyword_config keyword[CONFIG_MAX_KEYWORDS];
	char number[CONFIG_MAX_KEYWORDS][24];
};

static int take_keyword(struct keywords *k, const char *name, const json_t *value,
			struct error *err)
{
	unsigned i = k->list.n;
	int ret = check_line("a keyword's name", name, MAX_NAME, err);

	if (ret)
		return ret;
	if (i == CONFIG_MAX_KEYWORDS)
		return error_set(err, EINVAL, "more than %d keywords; a driver has no more",
				 CONFIG_MAX_KEYWORDS);
	snprintf(k->number[i], sizeof(k->number[i]), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	k->keyword[i].name = (char *)name;
	k->keyword[i].value = json_is_string(value) ? (char *)json_string_value(value) : k->number[i];
	k->list.n++;
	return check_line("a keyword's value", k->keyword[i].value, 255, err);
}

static int take_keywords(struct keywords *k, const json_t *params, struct error *err)
{
	json_t *object = json_object_get(params, "keywords"), *value;
	const char *name;
	int ret;

	k->list = (struct keyword_list){ .keyword = k->keyword };
	if (!object)
		return 0;
	json_object_foreach(object, name, value) {
		ret = take_keyword(k, name, value, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int take_place(struct driver_place *place, const json_t *params, struct error *err)
{
	int ret;

	*place = (struct driver_place){ text_of(params, "driver"), text_of(params, "adapter"),
					text_of(params, "name") };
	ret = check_line("\"driver\"", place->driver, MAX_NAME, err);
	if (!ret && place->adapter)
		ret = check_name("adapter", place->adapter, err);
	if (!ret && place->name)
		ret = check_name("name", place->name, err);
	return ret;
}

/* ---- results ---- */

static json_t *keywords_of(const struct ndis_keyword *list)
{
	json_t *object = json_object();

	for (const struct ndis_keyword *k = list; k && k->name; k++)
		json_object_set_new(object, k->name, json_string(k->value));
	return object;
}

static json_t *describe(const struct drivers *d, const struct driver_info *info)
{
	json_t *kinds = json_array(), *uses = json_array();
	struct driver_use use;

	if (info->miniport)
		json_array_append_new(kinds, json_string("miniport"));
	if (info->filter)
		json_array_append_new(kinds, json_string("filter"));
	if (info->protocol)
		json_array_append_new(kinds, json_string("protocol"));
	for (unsigned i = 0; drivers_use(d, info->name, i, &use); i++)
		json_array_append_new(uses, json_pack("{s:s, s:s, s:s, s:s}", "adapter", use.adapter, "name",
						      use.layer.name, "kind", use.layer.kind, "state",
						      use.layer.state));
	return json_pack("{s:s, s:s?, s:o, s:o, s:o}", "name", info->name, "file", info->file, "kinds",
			 kinds, "uses", uses, "keywords", keywords_of(info->keywords));
}

static int result_of(const struct drivers *d, const char *name, json_t **result, struct error *err)
{
	struct driver_info info;

	for (unsigned i = 0; drivers_info(d, i, &info); i++)
		if (!strcmp(info.name, name)) {
			*result = describe(d, &info);
			return *result ? 0 : -ENOMEM;
		}
	return error_set(err, ENOENT, "no driver \"%s\" is loaded; see driver list", name);
}

/* ---- the methods ---- */

static int list(void *context, const json_t *params, json_t **result, struct error *err)
{
	struct driver_info info;

	(void)params;
	(void)err;
	*result = json_array();
	for (unsigned i = 0; drivers_info(context, i, &info); i++)
		json_array_append_new(*result, describe(context, &info));
	return *result ? 0 : -ENOMEM;
}

static int info(void *context, const json_t *params, json_t **result, struct error *err)
{
	const char *name = text_of(params, "driver");
	int ret = check_line("\"driver\"", name, MAX_NAME, err);

	return ret ? ret : result_of(context, name, result, err);
}

static int load(void *context, const json_t *params, json_t **result, struct error *err)
{
	const char *file = text_of(params, "file"), *before;
	struct keywords k;
	char name[64];
	int ret = check_line("\"file\"", file, PATH_MAX - 1, err);

	if (!ret)
		ret = take_keywords(&k, params, err);
	if (ret)
		return ret;
	if (file[0] != '/')
		return error_set(err, EINVAL, "\"file\" must be a path from the root: the daemon has a "
				 "working directory of its own");
	before = drivers_find_file(context, file);
	if (before)
		return error_set(err, EEXIST, "%s is loaded already, as driver %s", file, before);
	ret = drivers_load(context, file, &k.list, name, err);
	if (ret)
		return ret;
	log_info("control: driver %s was loaded from %s", name, file);
	return result_of(context, name, result, err);
}

static int unload(void *context, const json_t *params, json_t **result, struct error *err)
{
	const char *name = text_of(params, "driver");
	int ret = check_line("\"driver\"", name, MAX_NAME, err);

	if (!ret)
		ret = drivers_unload(context, name, err);
	if (ret)
		return ret;
	log_info("control: driver %s was unloaded", name);
	*result = json_object();
	return *result ? 0 : -ENOMEM;
}

static int bind_driver(void *context, const json_t *params, json_t **result, struct error *err)
{
	struct driver_place place;
	struct keywords k;
	int ret = take_place(&place, params, err);

	if (!ret)
		ret = take_keywords(&k, params, err);
	if (!ret)
		ret = drivers_bind(context, &place, &k.list, err);
	if (ret)
		return ret;
	drivers_bound(context);
	log_info("control: driver %s was bound to adapter %s", place.driver, place.adapter);
	return result_of(context, place.driver, result, err);
}

/* unbind, pause and restart differ in one call. */
static int change(int (*what)(struct drivers *, const struct driver_place *, struct error *),
		  const char *done, void *context, const json_t *params, json_t **result,
		  struct error *err)
{
	struct driver_place place;
	int ret = take_place(&place, params, err);

	if (!ret)
		ret = what(context, &place, err);
	if (ret)
		return ret;
	log_info("control: driver %s was %s", place.driver, done);
	return result_of(context, place.driver, result, err);
}

static int unbind(void *context, const json_t *params, json_t **result, struct error *err)
{
	return change(drivers_unbind, "unbound", context, params, result, err);
}

static int pause_driver(void *context, const json_t *params, json_t **result, struct error *err)
{
	return change(drivers_pause, "paused", context, params, result, err);
}

static int restart(void *context, const json_t *params, json_t **result, struct error *err)
{
	return change(drivers_restart, "restarted", context, params, result, err);
}

#define DRIVER { "driver", RPC_TEXT, true }
#define ADAPTER(needed) { "adapter", RPC_TEXT, needed }
#define NAME { "name", RPC_TEXT, false }
#define KEYWORDS { "keywords", RPC_KEYWORDS, false }

const struct rpc_method control_driver_methods[] = {
	{ WIRE_DRIVER_LIST, { { 0 } }, list },
	{ WIRE_DRIVER_INFO, { DRIVER }, info },
	{ WIRE_DRIVER_LOAD, { { "file", RPC_TEXT, true }, KEYWORDS }, load },
	{ WIRE_DRIVER_UNLOAD, { DRIVER }, unload },
	{ WIRE_DRIVER_BIND, { DRIVER, ADAPTER(true), NAME, KEYWORDS }, bind_driver },
	{ WIRE_DRIVER_UNBIND, { DRIVER, ADAPTER(false), NAME }, unbind },
	{ WIRE_DRIVER_PAUSE, { DRIVER, ADAPTER(false), NAME }, pause_driver },
	{ WIRE_DRIVER_RESTART, { DRIVER, ADAPTER(false), NAME }, restart },
	{ 0 },
};
