/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/keys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/spec.h"
#include "policy/filter_engines.h"
#include "policy/placement.h"

/* Of the help: where what is said of a key begins, and how long its lines may be. */
#define HELP_COLUMN 18
#define HELP_WIDTH  60

#define IN(section) (1u << SECTION_##section)
#define PORT_OWNERS (IN(VM) | IN(INTERNAL))
#define HOST_FIELD(f) .offset = offsetof(struct host_config, f), \
	.size = sizeof(((struct host_config *)0)->f)
#define ADAPTER_FIELD(f) .offset = offsetof(struct adapter_config, f), \
	.size = sizeof(((struct adapter_config *)0)->f)
#define CLASS_FIELD(f) .offset = offsetof(struct qos_class_config, f), \
	.size = sizeof(((struct qos_class_config *)0)->f)
#define MODULE_FIELD(f) .offset = offsetof(struct module_config, f), \
	.size = sizeof(((struct module_config *)0)->f)
#define VM_FIELD(f) .offset = offsetof(struct vm_config, f), \
	.size = sizeof(((struct vm_config *)0)->f)

static const struct config_choice ndis_versions[] = {
	{ "6.20", CONFIG_NDIS_620 }, { "6.30", CONFIG_NDIS_630 }, { NULL, 0 },
};

/* Of what is on where nothing is said. */
static const struct config_choice on_or_off[] = {
	{ "on", 0 }, { "off", 1 }, { NULL, 0 },
};

static const struct config_choice receive_modes[] = {
#define X(name, word) { word, CONFIG_RECEIVE_##name },
	CONFIG_RECEIVE_MODES(X)
#undef X
	{ NULL, 0 },
};

/* Policies, by their place in their list. */
#define X(policy, name) INDEX_##policy,
enum { FILTER_ENGINES(X) };
enum { PLACEMENTS(X) };
#undef X
#define X(policy, name) { name, INDEX_##policy },
static const struct config_choice filter_engine_choices[] = { FILTER_ENGINES(X) { NULL, 0 } };
static const struct config_choice placement_choices[] = { PLACEMENTS(X) { NULL, 0 } };
#undef X

/* "table or rte-hash" behind an "or". */
#define X(policy, name) " or " name
static const char engines_text[] = "" FILTER_ENGINES(X);
static const char placements_text[] = "" PLACEMENTS(X);
#undef X
#define LESS_OR(text) ((text) + sizeof(" or ") - 1)

const struct config_key config_keys[] = {
	{ IN(ROOT), "host", TYPE_SECTION, .child = SECTION_HOST,
	  .meaning = "the process: its processors and threads" },
	{ IN(ROOT), "adapter", TYPE_ADAPTER, NEED_ONE, .child = SECTION_ADAPTER,
	  .meaning = "the NIC and its queues" },
	{ IN(ROOT), "adapters", TYPE_ADAPTERS, NEED_ONE, .child = SECTION_ADAPTER,
	  .meaning = "several adapters, of which one has the switch" },
	{ IN(ROOT), "switch", TYPE_SECTION, .child = SECTION_SWITCH,
	  .meaning = "the virtual switch itself" },
	{ IN(ROOT), "vms", TYPE_VMS, .child = SECTION_VM,
	  .meaning = "the virtual machines; may be more than there are queues" },

	{ IN(HOST), "processors", TYPE_NUMBER, .min = 1, .max = CONFIG_MAX_PROCESSORS,
	  HOST_FIELD(processors), .default_text = "the online CPUs",
	  .meaning = "NDIS processors for traffic, numbered from 0" },
	{ IN(HOST), "workers", TYPE_NUMBER, .min = 1, .max = CONFIG_MAX_PROCESSORS,
	  HOST_FIELD(workers), .type_text = "number 1..processors",
	  .default_text = "the smaller of processors and online CPUs",
	  .meaning = "threads that run the processors" },
	{ IN(HOST), "eal", TYPE_WORDS, HOST_FIELD(eal), .default_text = "[]",
	  .meaning = "options for DPDK, passed through" },
	{ IN(HOST), "control", TYPE_SOCKET, HOST_FIELD(control), .default_text = "no control",
	  .meaning = "the socket for vmq queue, driver and device; auto: at its usual place" },
	{ IN(HOST), "verifier", TYPE_VERIFIER, HOST_FIELD(verifier), .default_text = "off",
	  .meaning = "what becomes of a driver that breaks a rule: nothing, a report, the end" },

	{ IN(ADAPTER), "name", TYPE_NAME, ADAPTER_FIELD(name),
	  .default_text = "adapter; in a list adapter1, adapter2 ...",
	  .meaning = "the adapter's name, unlike every other" },
	{ IN(ADAPTER), "nic", TYPE_NIC, NEED_ONE, ADAPTER_FIELD(nic),
	  .meaning = "where frames come from and go to" },
	{ IN(ADAPTER), "driver", TYPE_INPUT, NEED_ONE, ADAPTER_FIELD(driver),
	  .meaning = "a miniport driver to load instead of our own" },
	{ IN(ADAPTER), "keywords", TYPE_KEYWORDS, ADAPTER_FIELD(keywords),
	  .meaning = "its miniport's settings, as an INF file would make them" },
	{ IN(ADAPTER), "filters", TYPE_MODULES, ADAPTER_FIELD(filters), .child = SECTION_MODULE,
	  .meaning = "filter drivers above the miniport, the lowest first" },
	{ IN(ADAPTER), "protocols", TYPE_MODULES, ADAPTER_FIELD(protocols), .child = SECTION_MODULE,
	  .meaning = "protocol drivers that are bound to it too" },
	{ IN(ADAPTER), "switch", TYPE_BOOL, ADAPTER_FIELD(has_switch),
	  .default_text = "true for one, the first",
	  .meaning = "whether the virtual switch is bound to it" },
	{ IN(ADAPTER), "play", TYPE_INPUT, ADAPTER_FIELD(play),
	  .meaning = "a capture that is sent into the adapter, once" },
	{ IN(ADAPTER), "out", TYPE_OUTPUT, ADAPTER_FIELD(out),
	  .meaning = "capture kinds of nic: the pcapng file for frames that leave" },
	{ IN(ADAPTER), "mtu", TYPE_NUMBER, .min = 68, .max = 9600, ADAPTER_FIELD(mtu),
	  .default_text = "1500", .meaning = "largest payload of a frame, in bytes" },
	{ IN(ADAPTER), "queues", TYPE_NUMBER, .min = 0, .max = 1024, ADAPTER_FIELD(queues),
	  .default_text = "16", .meaning = "VM queues that the adapter has" },
	{ IN(ADAPTER), "buffers", TYPE_NUMBER, .min = 16, .max = 65536, ADAPTER_FIELD(buffers),
	  .default_text = "512", .meaning = "receive buffers of a VM queue: its quota" },
	{ IN(ADAPTER), "rx-queues", TYPE_NUMBER, .min = 1, .max = 64, ADAPTER_FIELD(rx_queues),
	  .default_text = "1", .meaning = "receive queues of the NIC's port" },
	{ IN(ADAPTER), "ndis", TYPE_CHOICE, ADAPTER_FIELD(ndis_version), .choices = ndis_versions,
	  .type_text = "6.20 or 6.30", .default_text = "6.30",
	  .meaning = "the version of NDIS that our miniport is one of" },
	{ IN(ADAPTER), "receive", TYPE_CHOICE, ADAPTER_FIELD(receive), .choices = receive_modes,
	  .type_text = "placed, loaned or steered", .default_text = "placed",
	  .meaning = "how a VM queue's frames get into its buffers" },

	{ IN(ADAPTER), "filter-engine", TYPE_CHOICE, ADAPTER_FIELD(filter_engine),
	  .choices = filter_engine_choices, .type_text = LESS_OR(engines_text), .default_text = "table",
	  .meaning = "how the filter that a frame matches is found" },

	{ IN(ADAPTER), "qos", TYPE_SECTION, .child = SECTION_QOS,
	  .meaning = "traffic classes of what is sent (DCB), as Windows' DCB feature would set them" },

	{ IN(QOS), "classes", TYPE_CLASSES, NEED_ALWAYS, ADAPTER_FIELD(qos), .child = SECTION_CLASS,
	  .type_text = "list of 1..8 mappings", .meaning = "the traffic classes, from 0 on" },
	{ IN(QOS), "pfc", TYPE_PRIORITIES, ADAPTER_FIELD(qos.pfc), .default_text = "[]",
	  .meaning = "priorities that PFC frames of the peer may halt" },
	{ IN(QOS), "willing", TYPE_BOOL, ADAPTER_FIELD(qos.willing), .default_text = "false",
	  .meaning = "whether the peer's parameters go before these, where it speaks DCBX" },

	{ IN(CLASS), "strict", TYPE_BOOL, NEED_ONE, CLASS_FIELD(strict), .type_text = "true",
	  .meaning = "it goes before every class that has a share, and strict ones by priority" },
	{ IN(CLASS), "share", TYPE_NUMBER, NEED_ONE, .min = 0, .max = 100, CLASS_FIELD(share),
	  .meaning = "percent of what strict classes leave (ETS); all shares together are 100" },
	{ IN(CLASS), "priorities", TYPE_PRIORITIES, NEED_ALWAYS, CLASS_FIELD(priorities),
	  .meaning = "the 802.1p priorities that it owns; each of 0 to 7 has one class" },

	{ IN(MODULE), "driver", TYPE_INPUT, NEED_ALWAYS, MODULE_FIELD(driver),
	  .meaning = "the driver's file" },
	{ IN(MODULE), "name", TYPE_NAME, MODULE_FIELD(name),
	  .default_text = "the file's name without .so",
	  .meaning = "its name on the adapter, unlike every other there" },
	{ IN(MODULE), "keywords", TYPE_KEYWORDS, MODULE_FIELD(keywords),
	  .meaning = "its settings, as its INF file would make them" },

	{ IN(SWITCH), "internal", TYPE_INTERNAL, HOST_FIELD(internal), .child = SECTION_INTERNAL,
	  .meaning = "a port for this host itself, without a queue of its own" },
	{ IN(SWITCH), "ndis", TYPE_CHOICE, HOST_FIELD(switch_ndis), .choices = ndis_versions,
	  .type_text = "6.20 or 6.30", .default_text = "6.30",
	  .meaning = "which Windows' switch it is like: 6.20 asks for lookahead split" },

	{ IN(SWITCH), "placement", TYPE_CHOICE, HOST_FIELD(placement), .choices = placement_choices,
	  .type_text = LESS_OR(placements_text), .default_text = "spread",
	  .meaning = "how the processor of a VM is chosen that names none" },

	{ IN(VM), "name", TYPE_NAME, NEED_ALWAYS, VM_FIELD(name),
	  .meaning = "the VM's name, unlike every other" },
	{ PORT_OWNERS, "mac", TYPE_MAC, NEED_ONE, .meaning = "its MAC address" },
	{ PORT_OWNERS, "macs", TYPE_MACS, NEED_ONE, .meaning = "its MAC addresses, if several" },
	{ PORT_OWNERS, "vlan", TYPE_NUMBER, .min = 1, .max = 4094, VM_FIELD(vlan),
	  .default_text = "untagged", .meaning = "its access VLAN" },
	{ IN(VM), "processor", TYPE_NUMBER, .min = 0, .max = INT_MAX, VM_FIELD(processor),
	  .type_text = "number 0..processors-1", .default_text = "the switch chooses",
	  .meaning = "the NDIS processor of its queue" },
	{ PORT_OWNERS, "port", TYPE_PORT, NEED_ALWAYS, VM_FIELD(port),
	  .meaning = "how its frames reach it" },
	{ PORT_OWNERS, "sends", TYPE_INPUT, VM_FIELD(sends),
	  .meaning = "pcap ports: the capture of what it sends" },
	{ PORT_OWNERS, "spoofing", TYPE_BOOL, VM_FIELD(spoofing), .default_text = "false",
	  .meaning = "whether it may send from foreign MAC addresses" },
	{ PORT_OWNERS, "offload", TYPE_CHOICE, VM_FIELD(no_offload), .choices = on_or_off,
	  .type_text = "on or off", .default_text = "on",
	  .meaning = "vhost-user: whether its guest may leave checksums and segments to others" },
	{ PORT_OWNERS, "direct", TYPE_CHOICE, VM_FIELD(no_direct), .choices = on_or_off,
	  .type_text = "on or off", .default_text = "on",
	  .meaning = "vhost-user: off leaves its guest's rings to librte_vhost" },
	{ PORT_OWNERS, "rate", TYPE_AMOUNT, .min = 8000, .max = 400000000000, VM_FIELD(rate),
	  .type_text = "number 8K..400G", .default_text = "no limit",
	  .meaning = "bits per second that it may send; the rest waits in its own ring" },
	{ PORT_OWNERS, "burst", TYPE_AMOUNT, .min = 1, .max = 256000000, VM_FIELD(burst),
	  .type_text = "number 1..256M", .default_text = "what the rate gives in 10 ms",
	  .meaning = "with rate: bytes that may go at once after a pause" },
	{ PORT_OWNERS, "weight", TYPE_NUMBER, .min = 1, .max = 100, VM_FIELD(weight),
	  .default_text = "1; no VM has one: no shares",
	  .meaning = "its share of an adapter that does not keep up with what VMs send" },
};
const unsigned config_n_keys = sizeof(config_keys) / sizeof(config_keys[0]);

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_MAX_KEYS,
	       "the reader marks keys in a 64-bit word");

const struct config_key *config_key_find(enum config_section section, const char *name)
{
	for (unsigned i = 0; i < config_n_keys; i++)
		if (config_keys[i].sections & (1u << section) && !strcmp(config_keys[i].name, name))
			return &config_keys[i];
	return NULL;
}

void config_key_pair(enum config_section section, const struct config_key *pair[2])
{
	pair[0] = pair[1] = NULL;
	for (unsigned i = 0; i < config_n_keys; i++)
		if (config_keys[i].need == NEED_ONE && config_keys[i].sections & (1u << section))
			pair[pair[0] != NULL] = &config_keys[i];
}

const char *config_section_text(enum config_section section)
{
	static const char *const text[] = {
#define X(name, words) [SECTION_##name] = words,
		CONFIG_SECTIONS(X)
#undef X
	};

	return text[section];
}

struct config_key_type config_key_type(const struct config_key *key)
{
	static const char *const text[] = {
		[TYPE_NUMBER] = "number", [TYPE_BOOL] = "true or false", [TYPE_VERIFIER] = "off, report or abort",
		[TYPE_NAME] = "1..63 of the characters a-z A-Z 0-9 . _ -",
		[TYPE_MAC] = "MAC address", [TYPE_MACS] = "list of MAC addresses",
		[TYPE_WORDS] = "list of words", [TYPE_NIC] = "KIND:ARGUMENT",
		[TYPE_PORT] = "KIND:ARGUMENT", [TYPE_INPUT] = "file name",
		[TYPE_OUTPUT] = "file name", [TYPE_SOCKET] = "socket path, or auto",
		[TYPE_KEYWORDS] = "mapping of names to values", [TYPE_SECTION] = "mapping",
		[TYPE_PRIORITIES] = "list of numbers 0..7", [TYPE_CLASSES] = "list of mappings",
		[TYPE_ADAPTER] = "mapping", [TYPE_ADAPTERS] = "list of mappings",
		[TYPE_MODULES] = "list of mappings", [TYPE_INTERNAL] = "mapping",
		[TYPE_VMS] = "list of mappings",
	};
	struct config_key_type t;

	if (key->type_text)
		snprintf(t.text, sizeof(t.text), "%s", key->type_text);
	else if (key->type == TYPE_NUMBER)
		snprintf(t.text, sizeof(t.text), "number %ld..%ld", key->min, key->max);
	else if (key->type == TYPE_MACS)
		snprintf(t.text, sizeof(t.text), "list of 1..%d MAC addresses", CONFIG_MAX_MACS);
	else
		snprintf(t.text, sizeof(t.text), "%s", text[key->type]);
	return t;
}

struct config_key_type config_key_default(const struct config_key *key)
{
	const struct config_key *pair[2];
	struct config_key_type t;

	if (key->default_text) {
		snprintf(t.text, sizeof(t.text), "default: %s", key->default_text);
	} else if (key->need == NEED_ONE) {
		config_key_pair((enum config_section)__builtin_ctz(key->sections), pair);
		snprintf(t.text, sizeof(t.text), "%s or %s is required", pair[0]->name, pair[1]->name);
	} else {
		snprintf(t.text, sizeof(t.text), "%s",
			 key->need == NEED_ALWAYS ? "required" : "optional");
	}
	return t;
}

/* The rest of a line from column HELP_COLUMN on, in as many lines as it takes. */
static void help_text(FILE *out, const char *text)
{
	while (strlen(text) > HELP_WIDTH) {
		int n = HELP_WIDTH;

		while (text[n] != ' ')
			n--;
		fprintf(out, "%.*s\n%*s", n, text, HELP_COLUMN, "");
		text += n + 1;
	}
	fprintf(out, "%s\n", text);
}

static void help_key(FILE *out, const struct config_key *key, int indent)
{
	char text[256];

	snprintf(text, sizeof(text), "%s; %s", config_key_type(key).text, config_key_default(key).text);
	fprintf(out, "%*s%-*s  ", indent, "", HELP_COLUMN - 2 - indent, key->name);
	help_text(out, text);
	fprintf(out, "%*s", HELP_COLUMN, "");
	help_text(out, key->meaning);
}

static void help_section(FILE *out, enum config_section section, int indent)
{
	for (unsigned i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];

		if (!(key->sections & (1u << section)))
			continue;
		help_key(out, key, indent);
		if (key->type == TYPE_INTERNAL)
			fprintf(out, "%*sIts keys are those of a VM but name and processor.\n", HELP_COLUMN, "");
		else if (key->type == TYPE_ADAPTERS)
			fprintf(out, "%*sThe keys of an item are those of adapter.\n", HELP_COLUMN, "");
		else if (key->child == SECTION_MODULE && !strcmp(key->name, "protocols"))
			fprintf(out, "%*sThe keys of an item are those of filters.\n", HELP_COLUMN, "");
		else if (key->child)
			help_section(out, key->child, indent + 2);
	}
}

char *config_keys_help(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("Keys of the configuration file:\n", out);
	help_section(out, SECTION_ROOT, 2);
	config_spec_help(out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
