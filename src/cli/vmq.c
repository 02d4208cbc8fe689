/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/device.h"
#include "cli/driver.h"
#include "cli/queue.h"
#include "cli/worker.h"

static const char usage[] =
	"Usage: vmq COMMAND [OPTION...]\n"
	"\n"
	"OpenVMQ gives every virtual machine its own network queue.\n"
	"\n"
	"Commands:\n"
	"  run FILE     run the VM host that the configuration FILE describes\n"
	"               (vmq run --help: its options, and every key of FILE)\n"
	"  driver ...   load drivers into a running host, bind and unbind them\n"
	"               (vmq driver --help: its commands, with examples)\n"
	"  device ...   read, write and control the devices that they make\n"
	"               (vmq device --help: its commands, with examples)\n"
	"  queue ...    show the VMs' queues, move, release and assign them\n"
	"               (vmq queue --help: its commands, with examples)\n"
	"  worker ...   show how busy the workers are\n"
	"               (vmq worker --help: its commands, with examples)\n"
	"  help         show this text\n"
	"  version      show the version\n"
	"\n"
	"A first example:  vmq run examples/office.yaml\n";

/* The daemon's program: beside this one where it is built or installed, else
 * wherever the PATH has it. */
static void start_daemon(char **argv)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("vmqd"));
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash + 1, "vmqd");
		execv(path, argv);
		strcpy(slash + 1, "../host/vmqd");   /* as built */
		execv(path, argv);
	}
	execvp("vmqd", argv);
	fprintf(stderr, "vmq: cannot start vmqd: %s; it belongs beside vmq or on the PATH\n",
		strerror(errno));
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "run")) {
		argv[1] = (char *)"vmq run";
		start_daemon(argv + 1);
		return 1;
	}
	if (!strcmp(command, "driver"))
		return driver_command(argc - 1, argv + 1);
	if (!strcmp(command, "device"))
		return device_command(argc - 1, argv + 1);
	if (!strcmp(command, "queue"))
		return queue_command(argc - 1, argv + 1);
	if (!strcmp(command, "worker"))
		return worker_command(argc - 1, argv + 1);
	if (!strcmp(command, "version") || !strcmp(command, "--version")) {
		puts("vmq " OPENVMQ_VERSION);
		return 0;
	}
	if (!strcmp(command, "help") || !strcmp(command, "--help") || !strcmp(command, "-h")) {
		fputs(usage, stdout);
		return 0;
	}
	if (*command)
		fprintf(stderr, "vmq: no command '%s'\n\n", command);
	fputs(usage, stderr);
	return 2;
}
