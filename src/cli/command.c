/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int command_choose(const struct command_family *f, int argc, char **argv, int *status)
{
	const char *word = argc > 1 ? argv[1] : "", *name;
	bool help = !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");

	for (size_t i = 0; (name = f->nth(i)) != NULL; i++)
		if (!strcmp(name, word))
			return (int)i;
	if (*word && !help)
		fprintf(stderr, "vmq: %s has no command '%s'\n\n", f->name, word);
	fputs(f->usage, help ? stdout : stderr);
	*status = help ? 0 : 2;
	return -1;
}

int command_parse(const struct command_family *f, const char *args, const char *doc, int argc,
		  char **argv, void *input)
{
	const struct argp argp = { .options = f->options, .parser = f->parse, .args_doc = args,
				   .doc = doc, .children = f->children };
	static char who[40];   /* outlives the call: argp and argv keep it */

	/* argp calls the program by argv[0] in what it says. */
	snprintf(who, sizeof(who), "vmq %s %s", f->name, argv[1]);
	argv[1] = who;
	argp_err_exit_status = 2;
	return argp_parse(&argp, argc - 1, argv + 1, 0, NULL, input);
}
