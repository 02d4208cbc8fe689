/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a configuration: read without a crash, a leak or a hang, and
 * refused, if at all, with one printable line that names the place.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets 4 KiB when a long quoted scalar is an error. The unit
 * test, which is not suppressed, watches over what we take from it. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

static void check_line(const char *text)
{
	unsigned line, column;
	int used = 0;

	if (sscanf(text, "dir/fuzz.yaml:%u:%u: %n", &line, &column, &used) != 2 || !used ||
	    !line || !column || !text[used])
		abort();
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_config *config;
	struct error err = { "" };
	int ret = config_parse(&config, "dir/fuzz.yaml", (const char *)data, size, &err);

	if (ret == 0) {
		if (!config->n_adapters || !config->processors || !config->workers || err.text[0] ||
		    !config->adapters[config->switch_adapter].has_switch)
			abort();
		for (unsigned i = 0; i < config->n_adapters; i++)
			if (!config->adapters[i].name || !config->adapters[i].nic == !config->adapters[i].driver)
				abort();
		for (unsigned i = 0; i < config->n_vms; i++)
			if (!config->vms[i].name || !config->vms[i].port || !config->vms[i].n_macs)
				abort();
	} else {
		check_line(err.text);
		if (config)
			abort();
	}
	config_free(config);
	return 0;
}
