/* SPDX-License-Identifier: BSD-2-Clause */
/* A command that has commands of its own: "vmq driver load". */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <argp.h>
#include <stddef.h>

struct command_family {
	const char *name;                /* "driver" */
	const char *usage;               /* the whole text for a person who asks, or errs */
	const char *(*nth)(size_t i);    /* name of command 'i'; NULL: there are no more */
	const struct argp_option *options;
	argp_parser_t parse;
	const struct argp_child *children;
};

/* The number of the command that argv[1] names. -1: none; the usage was shown, and
 * '*status' is the exit status. */
int command_choose(const struct command_family *family, int argc, char **argv, int *status);

/* Reads the command's own options and arguments, argv[2] and on, into 'input'. 'args' and
 * 'doc' are argp's, of that command. Nonzero: there is nothing to do. Exits with 2 on a
 * fault. */
int command_parse(const struct command_family *family, const char *args, const char *doc, int argc,
		  char **argv, void *input);

#endif
