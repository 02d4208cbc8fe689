/* SPDX-License-Identifier: BSD-2-Clause */
/* vmqd: runs one VM host's queues. 'vmq run' starts it. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "host/run.h"

const char *argp_program_version = "vmq " OPENVMQ_VERSION;

static const struct argp_option options[] = {
	{ "control", 'c', "PATH", 0, "Listen on the Unix socket PATH for 'vmq "
	  "queue', 'vmq driver' and 'vmq device'; auto: at its usual place, where they look", 0 },
	{ "json", 'j', NULL, 0, "Print the result as JSON instead of tables", 0 },
	{ "quiet", 'q', NULL, 0, "Show no progress", 0 },
	{ "time", 't', "SECONDS", 0, "Stop after SECONDS (1 to 86400); default: at the end of a "
	  "capture, or on SIGINT or SIGTERM", 0 },
	{ "verbose", 'v', NULL, 0, "Say more on standard error; twice for debugging", 0 },
	{ 0 },
};

struct arguments {
	struct run_options run;
	int level;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	unsigned long seconds;
	char *end;

	switch (key) {
	case 'c':
		if (!*arg)
			argp_error(state, "--control wants the path of a socket, or auto");
		a->run.control = arg;
		return 0;
	case 'j':
		a->run.json = true;
		return 0;
	case 'q':
		a->run.quiet = true;
		return 0;
	case 't':
		seconds = strtoul(arg, &end, 10);
		if (end == arg || *end || seconds < 1 || seconds > 86400)
			argp_error(state, "--time wants a number of seconds, 1 to 86400, not '%s'", arg);
		a->run.seconds = (unsigned)seconds;
		return 0;
	case 'v':
		a->level++;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one configuration file at a time");
		a->run.file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which configuration file? Try examples/office.yaml");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What stands below the options in --help: every key of the file. */
static char *help(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_POST_DOC ? config_keys_help() : (char *)text;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "FILE",
		.doc = "Gives every VM of the configuration FILE a receive queue of its own on the NIC, "
		       "and switches frames until the end.\v ",
		.help_filter = help,
	};
	struct arguments a = { .level = LOG_WARNING };

	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, 0, NULL, &a))
		return 2;
	log_set_level(a.level > LOG_DEBUG ? LOG_DEBUG : (enum log_level)a.level);
	return run(&a.run);
}
