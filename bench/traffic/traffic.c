/* SPDX-License-Identifier: BSD-2-Clause */
/* traffic - the guests and the generator of the benchmark's cases. README.md says what it is told
 * and what it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "guest.h"
#include "input.h"
#include "options.h"
#include "report.h"

static struct world world;

static void tell_ready(void)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < world.n_guests; i++)
		json_array_append_new(names, json_string(world.guests[i].port.name));
	report_answer(json_pack("{s:b, s:o}", "ready", 1, "ports", names));
}

/* Without anything to do it waits for the next line and takes no CPU. */
static void serve(void)
{
	world_reset(&world);
	while (!world.quit) {
		char *line;

		if (world_active(&world) && !input_ready()) {
			world_round(&world);
			continue;
		}
		line = input_take();
		if (!line)
			return;
		commands_run(&world, line);
		free(line);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	int status = EXIT_FAILURE;

	if (report_start()) {
		perror("traffic: standard output");
		return EXIT_FAILURE;
	}
	if (options_read(&options, argc, argv) || options_start_dpdk(&options))
		return EXIT_FAILURE;
	for (unsigned i = 0; i < options.n_ports; i++)
		if (world_add(&world, options.ports[i]))
			goto close;
	if (input_start()) {
		fputs("traffic: no thread for standard input\n", stderr);
		goto close;
	}
	tell_ready();
	serve();
	status = EXIT_SUCCESS;
close:
	world_close(&world);
	options_stop_dpdk(&options);
	return status;
}
