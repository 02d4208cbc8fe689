/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/spec.h"

#include <limits.h>
#include <net/if.h>
#include <string.h>
#include <sys/un.h>

#include "config/names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define X(name, argument, argument_name, meaning) \
	{ name, SPEC_##argument, argument_name, meaning },
static const struct spec_kind nic_kind[] = { CONFIG_NIC_KINDS(X) };
static const struct spec_kind port_kind[] = { CONFIG_PORT_KINDS(X) };
#undef X

const struct spec_kinds config_nic_kinds = { "NIC", nic_kind, COUNT(nic_kind) };
const struct spec_kinds config_port_kinds = { "port", port_kind, COUNT(port_kind) };

/* "pcap, tap, ..." into 'list', which is large enough for every kind we have. */
static void list_kinds(char *list, size_t size, const struct spec_kinds *kinds)
{
	FILE *out = fmemopen(list, size, "w");

	list[0] = '\0';
	if (!out)
		return;
	for (unsigned i = 0; i < kinds->n; i++)
		fprintf(out, "%s%s", i ? ", " : "", kinds->kind[i].name);
	fclose(out);
}

static int fail_kind(const struct spec_kinds *kinds, const char *word, bool colon,
		     const struct config_errors *errors, struct config_place place)
{
	struct config_nearest nearest = { .meant = word };
	char list[120];

	for (unsigned i = 0; i < kinds->n; i++)
		config_nearest_try(&nearest, kinds->kind[i].name);
	list_kinds(list, sizeof(list), kinds);
	if (!colon)
		return config_fail(errors, place, "%s is no KIND:ARGUMENT; %s kinds are %s",
				   config_quote(word).text, kinds->what, list);
	if (nearest.name)
		return config_fail(errors, place, "unknown %s kind %s; did you mean \"%s\"?",
				   kinds->what, config_quote(word).text, nearest.name);
	return config_fail(errors, place, "unknown %s kind %s; the kinds are %s", kinds->what,
			   config_quote(word).text, list);
}

int config_socket_check(const char *path, const struct config_errors *errors,
			struct config_place place)
{
	size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (!path[0])
		return config_fail(errors, place, "the socket path is empty; give one");
	if (strlen(path) > most)
		return config_fail(errors, place,
				   "the socket path has %zu bytes, at most %zu are possible; use a shorter one",
				   strlen(path), most);
	if (path[strlen(path) - 1] == '/')
		return config_fail(errors, place, "the socket path %s is a directory's; name a file in it",
				   config_quote(path).text);
	return 0;
}

static int check_interface(const char *name, const struct config_errors *errors,
			   struct config_place place)
{
	if (strlen(name) > IFNAMSIZ - 1)
		return config_fail(errors, place,
				   "the interface name %s has %zu bytes, at most %d are possible",
				   config_quote(name).text, strlen(name), IFNAMSIZ - 1);
	/* What the kernel refuses, and what would end the name in DPDK's arguments. */
	if (strpbrk(name, "/ :,=%") || !strcmp(name, ".") || !strcmp(name, ".."))
		return config_fail(errors, place,
				   "%s is no interface name; use letters, digits, '-', '_' and '.'",
				   config_quote(name).text);
	return 0;
}

int config_file_check(const char *name, const struct config_errors *errors,
		      struct config_place place)
{
	if (!name[0])
		return config_fail(errors, place, "the file name is empty; give one");
	if (strlen(name) >= PATH_MAX)
		return config_fail(errors, place, "the file name has %zu bytes, at most %d are possible",
				   strlen(name), PATH_MAX - 1);
	if (name[strlen(name) - 1] == '/')
		return config_fail(errors, place, "%s is a directory's name; name a file in it",
				   config_quote(name).text);
	return 0;
}

static int check_argument(const struct spec *spec, const struct config_errors *errors,
			  struct config_place place)
{
	if (spec->kind->argument == SPEC_NOTHING) {
		if (!spec->argument[0])
			return 0;
		return config_fail(errors, place, "nothing may follow \"%s:\"; write %s:",
				   spec->kind->name, spec->kind->name);
	}
	if (!spec->argument[0])
		return config_fail(errors, place, "nothing follows \"%s:\"; write %s:%s",
				   spec->kind->name, spec->kind->name, spec->kind->argument_name);
	switch (spec->kind->argument) {
	case SPEC_INPUT:
	case SPEC_OUTPUT:
		return config_file_check(spec->argument, errors, place);
	case SPEC_SOCKET:
		return config_socket_check(spec->argument, errors, place);
	case SPEC_INTERFACE:
		return check_interface(spec->argument, errors, place);
	case SPEC_DEVICE:
	case SPEC_NOTHING:
		break;
	}
	return 0;
}

int config_spec_split(struct spec *spec, const struct spec_kinds *kinds,
		      const struct config_errors *errors, const struct config_node *node)
{
	const char *colon = strchr(node->text, ':');
	char word[32];
	size_t length = colon ? (size_t)(colon - node->text) : strlen(node->text);

	snprintf(word, sizeof(word), "%.*s", (int)(length < 1000 ? length : 1000), node->text);
	for (unsigned i = 0; colon && length < sizeof(word) && i < kinds->n; i++)
		if (!strcmp(kinds->kind[i].name, word)) {
			spec->kind = &kinds->kind[i];
			spec->argument = colon + 1;
			return check_argument(spec, errors, node->place);
		}
	return fail_kind(kinds, word, colon != NULL, errors, node->place);
}

void config_spec_help(FILE *out)
{
	const struct spec_kinds *both[] = { &config_nic_kinds, &config_port_kinds };

	for (unsigned b = 0; b < COUNT(both); b++) {
		fprintf(out, "\nKinds of %s:\n", b ? "ports (port)" : "NICs (nic)");
		for (unsigned i = 0; i < both[b]->n; i++) {
			const struct spec_kind *kind = &both[b]->kind[i];

			fprintf(out, "  %s:%-*s  %s\n", kind->name,
				(int)(24 - strlen(kind->name)), kind->argument_name, kind->meaning);
		}
	}
}
