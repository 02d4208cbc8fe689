/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/rpc.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

/* ---- answers ---- */

static json_t *answer_error(const json_t *id, int code, const char *text)
{
	json_t *error = json_pack("{s:i, s:s}", "code", code, "message", text);

	return json_pack("{s:s, s:o, s:O}", "jsonrpc", "2.0", "error", error, "id",
			 id ? id : json_null());
}

static char *line_of(json_t *answer)
{
	size_t n = json_dumpb(answer, NULL, 0, JSON_COMPACT);
	char *line = n && n < WIRE_MAX_ANSWER - 1 ? malloc(n + 2) : NULL;

	if (line) {
		json_dumpb(answer, line, n, JSON_COMPACT);
		memcpy(line + n, "\n", 2);
	}
	return line;
}

char *rpc_refuse(int code, const char *text)
{
	json_t *answer = answer_error(NULL, code, text);
	char *line = line_of(answer);

	json_decref(answer);
	return line;
}

static int code_of(int ret)
{
	switch (ret) {
	case -ENOENT:
		return WIRE_ERROR_NOT_FOUND;
	case -EEXIST:
		return WIRE_ERROR_EXISTS;
	case -EBUSY:
		return WIRE_ERROR_BUSY;
	case -ENOSPC:
		return WIRE_ERROR_FULL;
	case -EINVAL:
		return WIRE_ERROR_PARAMS;
	case -ENOMEM:
		return WIRE_ERROR_INTERNAL;
	default:
		return WIRE_ERROR_FAILED;
	}
}

/* ---- parameters ---- */

static const char *type_text(enum rpc_type type)
{
	switch (type) {
	case RPC_TEXT:
		return "a text that is not empty";
	case RPC_NUMBER:
		return "a whole number from 0 to 4294967295";
	case RPC_BOOLEAN:
		return "true or false";
	case RPC_BYTES:
		return "a text of hexadecimal digits, two a byte, of at most 30000 bytes";
	default:
		return "an object whose values are texts and whole numbers";
	}
}

static bool is_bytes(const json_t *value)
{
	size_t n = json_string_length(value);

	return json_is_string(value) && n % 2 == 0 && n / 2 <= WIRE_MAX_DATA &&
	       strspn(json_string_value(value), "0123456789abcdefABCDEF") == n;
}

static bool is_of_type(enum rpc_type type, json_t *value)
{
	const char *key;
	json_t *item;

	if (type == RPC_TEXT)
		return json_string_length(value) > 0;
	if (type == RPC_NUMBER)
		return json_is_integer(value) && json_integer_value(value) >= 0 &&
		       json_integer_value(value) <= UINT32_MAX;
	if (type == RPC_BOOLEAN)
		return json_is_boolean(value);
	if (type == RPC_BYTES)
		return is_bytes(value);
	if (!json_is_object(value))
		return false;
	json_object_foreach(value, key, item)
		if (!key[0] || (!json_is_string(item) && !json_is_integer(item)))
			return false;
	return true;
}

/* "file, keywords (optional)" */
static void list_params(const struct rpc_method *m, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (const struct rpc_param *p = m->param; p->name && used < size; p++)
		used += (size_t)snprintf(text + used, size - used, "%s%s%s", used ? ", " : "", p->name,
					 p->needed ? "" : " (optional)");
}

/* A name of the client's in a message of ours: short, and of printable bytes. */
struct shown {
	char text[100];
};

static struct shown show(const char *name)
{
	struct shown s;

	snprintf(s.text, sizeof(s.text), "%.99s", name);
	for (char *c = s.text; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
	return s;
}

static int check_params(const struct rpc_method *m, json_t *params, struct error *err)
{
	const char *key;
	char known[120];
	json_t *value;

	list_params(m, known, sizeof(known));
	for (const struct rpc_param *p = m->param; p->name; p++) {
		value = json_object_get(params, p->name);
		if (!value && p->needed)
			return error_set(err, EINVAL, "%s lacks the parameter \"%s\"; its parameters are: %s",
					 m->name, p->name, known);
		if (value && !is_of_type(p->type, value))
			return error_set(err, EINVAL, "%s: the parameter \"%s\" must be %s", m->name, p->name,
					 type_text(p->type));
	}
	json_object_foreach(params, key, value) {
		const struct rpc_param *p = m->param;

		while (p->name && strcmp(p->name, key))
			p++;
		if (!p->name)
			return error_set(err, EINVAL, "%s has no parameter \"%s\"; its parameters are: %s",
					 m->name, show(key).text, known);
	}
	return 0;
}

/* ---- requests ---- */

static json_t *call(const struct rpc *rpc, const struct rpc_method *m, json_t *params,
		    const json_t *id)
{
	json_t *none = json_object(), *result = NULL, *answer;
	struct error err = { "" };
	int ret;

	if (!params)
		params = none;
	ret = check_params(m, params, &err);
	if (!ret)
		ret = m->call(rpc->context, params, &result, &err);
	if (ret)
		answer = answer_error(id, code_of(ret), err.text[0] ? err.text : "out of memory");
	else
		answer = json_pack("{s:s, s:o, s:O}", "jsonrpc", "2.0", "result", result, "id",
				   id ? id : json_null());
	json_decref(none);
	return answer;
}

static json_t *no_such_method(const struct rpc *rpc, const char *name, const json_t *id)
{
	char text[400];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "there is no method \"%s\"; the methods are",
				show(name).text);
	for (const struct rpc *r = rpc; r; r = r->more)
		for (const struct rpc_method *m = r->methods; m->name && used < sizeof(text); m++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s",
						 m == rpc->methods ? "" : ",", m->name);
	return answer_error(id, WIRE_ERROR_METHOD, text);
}

/* The method of that name, and of '*rpc' and what follows it the one that has it. */
static const struct rpc_method *find_method(const struct rpc **rpc, const char *name)
{
	for (const struct rpc *r = *rpc; r; r = r->more)
		for (const struct rpc_method *m = r->methods; m->name; m++)
			if (!strcmp(m->name, name)) {
				*rpc = r;
				return m;
			}
	return NULL;
}

/* The answer to one request; NULL: it was a notification, which gets none. */
static json_t *answer_request(const struct rpc *rpc, json_t *request)
{
	json_t *id = json_object_get(request, "id"), *params = json_object_get(request, "params");
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));
	const char *name = json_string_value(json_object_get(request, "method"));
	const struct rpc_method *m;
	json_t *answer;

	if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		return answer_error(NULL, WIRE_ERROR_REQUEST, "\"id\" must be a text, a number or null");
	if (!version || strcmp(version, "2.0") || !name)
		return answer_error(id, WIRE_ERROR_REQUEST, "a request is an object with \"jsonrpc\": \"2.0\", "
				    "\"method\", and, for an answer, \"id\"");
	m = find_method(&rpc, name);
	if (!m)
		answer = no_such_method(rpc, name, id);
	else if (params && !json_is_object(params))
		answer = answer_error(id, WIRE_ERROR_PARAMS,
				      "\"params\" must be an object: parameters go by name");
	else
		answer = call(rpc, m, params, id);
	if (id)
		return answer;
	json_decref(answer);
	return NULL;
}

static json_t *answer_batch(const struct rpc *rpc, json_t *batch)
{
	json_t *answers, *request, *answer;
	size_t i;

	if (!json_array_size(batch) || json_array_size(batch) > WIRE_MAX_BATCH) {
		char text[80];

		snprintf(text, sizeof(text), "a batch has 1 to %d requests, and this one has %zu",
			 WIRE_MAX_BATCH, json_array_size(batch));
		return answer_error(NULL, WIRE_ERROR_REQUEST, text);
	}
	answers = json_array();
	json_array_foreach(batch, i, request) {
		answer = answer_request(rpc, request);
		if (answer)
			json_array_append_new(answers, answer);
	}
	if (json_array_size(answers))
		return answers;
	json_decref(answers);
	return NULL;
}

char *rpc_answer(const struct rpc *rpc, const char *text, size_t length)
{
	json_error_t error;
	json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error), *answer;
	char *line, why[200];

	if (!message) {
		snprintf(why, sizeof(why), "this is no JSON, at byte %d: %s", error.position,
			 show(error.text).text);
		return rpc_refuse(json_error_code(&error) == json_error_out_of_memory ?
				  WIRE_ERROR_INTERNAL : WIRE_ERROR_PARSE, why);
	}
	answer = json_is_array(message) ? answer_batch(rpc, message) : answer_request(rpc, message);
	json_decref(message);
	if (!answer)
		return NULL;
	line = line_of(answer);
	json_decref(answer);
	return line ? line : rpc_refuse(WIRE_ERROR_INTERNAL, "the answer is too long, or memory is short");
}
