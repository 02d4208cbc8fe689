/* SPDX-License-Identifier: BSD-2-Clause */
/* Where values of configuration are: the host's keywords, and what drivers wrote. */
#include "ndis/configuration.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

/* A value that a driver wrote. Never freed: names are handed out. */
struct setting {
	struct setting *next;
	enum ndis_object_kind kind;          /* of its owner */
	char owner[64];
	char name[NDIS_SETTING_NAME_SIZE];
	struct ndis_value *value;
};

static struct setting *settings;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list and the values */

static bool owned(const struct setting *s, const struct ndis_object *owner)
{
	return s->kind == owner->kind && !strcmp(s->owner, owner->name);
}

/* The lock is held. */
static struct setting *find(const struct ndis_object *owner, const char *name)
{
	struct setting *s = settings;

	while (s && (!owned(s, owner) || strcasecmp(s->name, name)))
		s = s->next;
	return s;
}

const char *ndis_setting_name(const struct ndis_object *owner, unsigned index)
{
	const char *name = NULL;

	for (const struct ndis_keyword *k = owner->keywords; k && k->name; k++)
		if (index-- == 0)
			return k->name;
	pthread_mutex_lock(&lock);
	for (struct setting *s = settings; s && !name; s = s->next)
		if (owned(s, owner) && index-- == 0)
			name = s->name;
	pthread_mutex_unlock(&lock);
	return name;
}

bool ndis_setting_written(const struct ndis_object *owner, const char *name,
			  NDIS_PARAMETER_TYPE *type)
{
	struct setting *s;

	pthread_mutex_lock(&lock);
	s = find(owner, name);
	if (s)
		*type = s->value->parameter.ParameterType;
	pthread_mutex_unlock(&lock);
	return s != NULL;
}

static struct ndis_value *read_written(const struct ndis_object *owner, const char *name,
				       NDIS_PARAMETER_TYPE type, bool *is, NDIS_STATUS *status)
{
	struct ndis_value *v = NULL;
	struct setting *s;

	pthread_mutex_lock(&lock);
	s = find(owner, name);
	*is = s != NULL;
	if (s)
		v = ndis_value_from_parameter(&s->value->parameter, type, status);
	pthread_mutex_unlock(&lock);
	return v;
}

struct ndis_value *ndis_setting_read(const struct ndis_object *owner, const char *name,
				     NDIS_PARAMETER_TYPE type, NDIS_STATUS *status)
{
	static const char *const types[] = { "a decimal number", "a hexadecimal number", "a string",
					     "a list of strings", "bytes in hexadecimal" };
	struct ndis_value *v;
	bool is;

	v = read_written(owner, name, type, &is, status);
	if (is)
		return v;
	*status = NDIS_STATUS_FAILURE;
	for (const struct ndis_keyword *k = owner->keywords; k && k->name; k++) {
		if (strcasecmp(k->name, name))
			continue;
		v = ndis_value_from_text(k->value, type, status);
		if (!v && *status == NDIS_STATUS_FAILURE)
			log_warning("%s %s: keyword %s: the driver wants %s, which '%s' is not",
				    ndis_object_kind_name(owner->kind), owner->name, name,
				    types[type], k->value);
		return v;
	}
	return NULL;
}

NDIS_STATUS ndis_setting_write(const struct ndis_object *owner, const char *name,
			       const NDIS_CONFIGURATION_PARAMETER *value)
{
	NDIS_STATUS status;
	struct ndis_value *v = ndis_value_from_parameter(value, value->ParameterType, &status);
	struct setting *s;

	if (!v)
		return status;
	pthread_mutex_lock(&lock);
	s = find(owner, name);
	if (s) {
		free(s->value);
		s->value = v;
	} else {
		s = calloc(1, sizeof(*s));
		if (s) {
			s->kind = owner->kind;
			strcpy(s->owner, owner->name);
			strcpy(s->name, name);
			s->value = v;
			s->next = settings;
			settings = s;
		}
	}
	pthread_mutex_unlock(&lock);
	if (!s)
		free(v);
	return s ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}
