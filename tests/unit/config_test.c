/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/keys.h"
#include "config/spec.h"
#include "config/tree.h"
#include "policy/filter_engines.h"
#include "policy/placement.h"

/* The folder of the project, where docs/ and examples/ lie. */
#ifndef SOURCE_ROOT
#error "compile with -DSOURCE_ROOT=\"...\""
#endif

#define NIC "adapter:\n  nic: pcap:in.pcap\n"                 /* lines 1, 2 */
#define DRIVER "adapter:\n  driver: d.so\n"                    /* lines 1, 2 */
#define TWO NIC "vms:\n- name: a\n  mac: 52:54:00:00:00:01\n" /* lines 3 to 5 */
#define VM TWO "  port: tap:a\n"                              /* line 6 */
#define SOCKET_100 "0123456789012345678901234567890123456789012345678901234567890123456789" \
	"012345678901234567890123456789"

struct bad {
	const char *text;
	const char *place;      /* "LINE:COLUMN" */
	const char *part;       /* what the message must say */
};

static const struct bad bad[] = {
	/* no YAML, or more of it than we take */
	{ "", "1:1", "file is empty" },
	{ "# nothing\n\n", "1:1", "file is empty" },
	{ "---\n...\n", "1:1", "file is empty" },
	{ "~\n", "1:1", "file is empty" },
	{ "adapter: [pcap\n", "2:1", "without a closing bracket" },
	{ "adapter: {nic: \"pcap\n", "1:17", "no YAML" },
	{ "a: b: c\n", "1:5", "no YAML" },
	{ "adapter:\n\tnic: pcap:a\n", "2:1", "tab" },
	{ "adapter:\n  \tnic: pcap:a\n", "2:3", "tab" },
	{ "%YAML 1.1\n---\n", "1:1", "directives" },
	{ "just words\n", "1:1", "must be a mapping" },
	{ "- a\n", "1:1", "must be a mapping" },
	{ NIC "---\n" NIC, "3:1", "second document" },
	{ "adapter: &a\n  nic: pcap:a\n", "1:10", "anchors" },
	{ NIC "vms:\n- <<: *a\n", "4:7", "aliases" },
	{ NIC "<<: {vms: []}\n", "3:1", "unknown key \"<<\"" },
	{ "adapter: !x\n  nic: pcap:a\n", "1:10", "tags" },
	{ "adapter:\n  nic: !!str pcap:a\n", "2:8", "tags" },
	{ "[[[[[[[[[[[[", "1:9", "8 deep" },
	{ "? [a]\n: 1\n", "1:3", "a key must be a word" },
	{ "adapter:\n  nic: |\n    pcap:a\n", "3:1", "one line" },
	{ "adapter:\n  nic: \"pcap:\\0\"\n", "2:8", "control character" },
	{ "adapter:\n  nic: \xff\n", "2:8", "0xff is no UTF-8" },
	{ "# \xc3\xa9\xc3\n", "1:4", "no UTF-8" },
	{ "# \xed\xa0\x80\n", "1:3", "no UTF-8" },
	{ "# \xc0\x80\n", "1:3", "no UTF-8" },
	{ "# \x1b[31m\n", "1:3", "U+001B" },

	/* keys */
	{ "adaptor:\n  nic: pcap:a\n", "1:1", "unknown key \"adaptor\"; did you mean \"adapter\"?" },
	{ TWO "  vlna: 10\n", "6:3", "unknown key \"vlna\"; did you mean \"vlan\"?" },
	{ NIC "host: {worker: 1}\n", "3:8", "did you mean \"workers\"?" },
	{ NIC "switch: {intrenal: 1}\n", "3:10", "did you mean \"internal\"?" },
	{ NIC "switch: {internal: {mca: 1}}\n", "3:21", "did you mean \"mac\"?" },
	{ NIC "  quues: 3\n", "3:3", "did you mean \"queues\"?" },
	{ NIC "colour: red\n", "3:1", "the keys of the file are host, adapter, adapters, switch, vms" },
	{ VM "  mtu: 1500\n", "7:3", "it is a key of adapter" },
	{ NIC "switch: {internal: {processor: 1}}\n", "3:21", "it is a key of an item of vms" },
	{ NIC "\"a\\eb\": 1\n", "3:1", "control character" },
	{ NIC "nic: pcap:a\n", "3:1", "it is a key of adapter" },
	{ NIC "  nic: pcap:b\n", "3:3", "\"nic\" stands twice, first at 2:3" },
	/* an empty key has no place: the one before it */
	{ NIC "? \n: 1\n", "2:8", "unknown key \"\"" },
	{ "vms: []\n", "1:1", "the file needs either \"adapter\" or \"adapters\", and has neither" },
	{ "adapter: {mtu: 1500}\n", "1:10", "adapter needs either \"nic\" or \"driver\", and has neither" },
	{ NIC "vms:\n- mac: 52:54:00:00:00:01\n  port: tap:a\n", "4:3", "\"name\"" },
	{ TWO, "4:3", "\"port\" of an item of vms is missing" },
	{ NIC "vms:\n- name: a\n  port: tap:a\n", "4:3", "either \"mac\" or \"macs\", and has neither" },
	{ VM "  macs: [52:54:00:00:00:02]\n", "4:3", "not both" },
	{ NIC "switch:\n  internal: {mac: 52:54:00:00:00:01}\n", "4:13", "\"port\" of switch: internal" },
	{ "adapter:\n  nic:\n", "2:3", "nic has no value" },
	{ NIC "vms:\n", "3:1", "vms has no value" },

	/* types */
	{ "adapter: 3\n", "1:10", "adapter needs a mapping, not \"3\"" },
	{ "adapter: [a]\n", "1:10", "adapter needs a mapping, not a list" },
	{ NIC "vms: {name: a}\n", "3:6", "vms needs a list of mappings, not a mapping" },
	{ NIC "vms: [a]\n", "3:7", "item of vms needs a mapping" },
	{ NIC "switch: {internal: yes}\n", "3:20", "internal needs a mapping" },
	{ NIC "host: {eal: -m 256}\n", "3:13", "eal needs a list of words" },
	{ NIC "host: {eal: [[a]]}\n", "3:14", "list of words" },
	{ NIC "host: {eal: [~]}\n", "3:14", "list of words" },
	{ "adapter: {nic: [pcap]}\n", "1:16", "nic needs a KIND:ARGUMENT, not a list" },
	{ NIC "  mtu: big\n", "3:8", "mtu needs a number 68..9600, not \"big\"" },
	{ NIC "  mtu: 0x5dc\n", "3:8", "number 68..9600" },
	{ NIC "  mtu: 1.5e3\n", "3:8", "number 68..9600" },
	{ NIC "  mtu: \"1500\"\n", "3:8", "not \"1500\" in quotes" },
	{ VM "  spoofing: yes\n", "7:13", "spoofing needs true or false, not \"yes\"" },
	{ VM "  spoofing: 'true'\n", "7:13", "in quotes" },
	{ VM "  offload: yes\n", "7:12", "offload needs on or off, not \"yes\"" },

	/* ranges */
	{ NIC "  mtu: 67\n", "3:8", "68..9600" },
	{ NIC "  mtu: 9601\n", "3:8", "68..9600" },
	{ NIC "  mtu: -1500\n", "3:8", "68..9600" },
	{ NIC "  mtu: 99999999999999999999\n", "3:8", "68..9600" },
	{ NIC "  queues: 1025\n", "3:11", "0..1024" },
	{ NIC "  buffers: 15\n", "3:12", "16..65536" },
	{ NIC "  buffers: 65537\n", "3:12", "16..65536" },
	{ NIC "  rx-queues: 0\n", "3:14", "1..64" },
	{ NIC "host: {processors: 0}\n", "3:20", "1..64" },
	{ NIC "host: {processors: 65}\n", "3:20", "1..64" },
	{ NIC "host: {workers: 0}\n", "3:17", "1..processors" },
	{ NIC "host: {workers: 3, processors: 2}\n", "3:17", "more than there are processors (2)" },
	{ VM "  vlan: 0\n", "7:9", "1..4094" },
	{ VM "  vlan: 4095\n", "7:9", "1..4094" },
	{ VM "  processor: -1\n", "7:14", "0..processors-1" },
	{ NIC "  qos:\n    pfc: [3]\n", "4:5", "the key \"classes\" of qos is missing" },
	{ NIC "  qos: {classes: [{share: 100}]}\n", "3:19", "\"priorities\"" },
	{ NIC "  qos: {classes: [{priorities: [0]}]}\n", "3:19", "either \"strict\" or \"share\"" },
	{ NIC "  qos: {classes: [{strict: false, priorities: [0]}]}\n", "3:28", "strict must be true" },
	{ NIC "  qos: {classes: [{share: 99, priorities: [0, 1, 2, 3, 4, 5, 6, 7]}]}\n", "3:18",
	  "99 together, and must be 100" },
	{ NIC "  qos: {classes: [{share: 100, priorities: [0, 1, 2, 3, 4, 5, 6]}]}\n", "3:18",
	  "priority 7 has no class" },
	{ NIC "  qos: {classes: [{share: 100, priorities: [0, 1]}, {strict: true, priorities: [1]}]}\n",
	  "3:80", "priority 1 has a class already" },
	{ NIC "  qos: {classes: [{share: 100, priorities: [0, 0]}]}\n", "3:48", "twice" },
	{ NIC "  qos: {classes: [{share: 100, priorities: [8]}]}\n", "3:45", "0..7, not \"8\"" },
	{ NIC "  qos: {classes: [{share: 101, priorities: [0]}]}\n", "3:27", "0..100" },
	{ NIC "  qos: {classes: [{strict: true, priorities: [0, 1, 2, 3, 4, 5, 6, 7]}], pfc: 3}\n", "3:79",
	  "pfc" },
	{ NIC "  ndis: 6.20\n  qos: {classes: [{strict: true, priorities: [0, 1, 2, 3, 4, 5, 6, 7]}]}\n",
	  "4:3", "6.30" },
	{ VM "  rate: fast\n", "7:9", "rate needs a number 8K..400G, not \"fast\"" },
	{ VM "  rate: 7999\n", "7:9", "rate must be a number 8K..400G" },
	{ VM "  rate: 401G\n", "7:9", "8K..400G" },
	{ VM "  rate: 99999999999999999999G\n", "7:9", "8K..400G" },
	{ VM "  rate: 18446744073709551616\n", "7:9", "8K..400G" },
	{ VM "  rate: 1MB\n", "7:9", "8K..400G" },
	{ VM "  rate: -1M\n", "7:9", "8K..400G" },
	{ VM "  rate: '1M'\n", "7:9", "in quotes" },
	{ VM "  burst: 4K\n", "7:10", "give \"rate\" too" },
	{ VM "  rate: 1M\n  burst: 0\n", "8:10", "1..256M" },
	{ VM "  weight: 0\n", "7:11", "1..100" },
	{ VM "  weight: 101\n", "7:11", "1..100" },
	{ VM "  processor: 4\nhost: {processors: 4}\n", "7:14", "no processor 4: with processors: 4 they are 0..3" },
	{ NIC "vms:\n- name: a b\n", "4:9", "name needs 1..63" },
	{ NIC "vms:\n- name: ''\n", "4:9", "name needs 1..63" },
	{ NIC "vms:\n- name: caf\xc3\xa9\n", "4:9", "not \"caf\xc3\xa9\"" },

	/* MAC addresses */
	{ NIC "vms:\n- mac: 52:54:00:00:00\n", "4:8", "six pairs" },
	{ NIC "vms:\n- mac: 52:54:00:00:00:0g\n", "4:8", "six pairs" },
	{ NIC "vms:\n- mac: 52:54:00:00:00:01:02\n", "4:8", "six pairs" },
	{ NIC "vms:\n- mac: 52:54-00:00:00:01\n", "4:8", "six pairs" },
	{ NIC "vms:\n- mac: [52:54:00:00:00:01]\n", "4:8", "for several use macs" },
	{ NIC "vms:\n- mac: 01:00:5e:00:00:01\n", "4:8", "multicast" },
	{ NIC "vms:\n- mac: ff:ff:ff:ff:ff:ff\n", "4:8", "broadcast" },
	{ NIC "vms:\n- mac: 00:00:00:00:00:00\n", "4:8", "all zero" },
	{ NIC "vms:\n- macs: []\n", "4:9", "list of 1..1024" },
	{ NIC "vms:\n- macs: 52:54:00:00:00:01\n", "4:9", "needs a list of 1..1024 MAC addresses" },
	{ NIC "vms:\n- macs:\n  - 52:54:00:00:00:01\n  - 53:54:00:00:00:01\n", "6:5", "multicast" },
	{ VM "- name: b\n  mac: 52:54:00:00:00:01\n  port: tap:b\n", "8:8",
	  "\"52:54:00:00:00:01 untagged\" is taken already, at 5:8" },
	{ VM "  vlan: 10\n- name: b\n  macs: [52:54:00:00:00:02, 52-54-00-00-00-01]\n  vlan: 10\n"
	  "  port: tap:b\n", "9:29", "on VLAN 10\" is taken already, at 5:8" },
	{ VM "switch:\n  internal: {mac: 52:54:00:00:00:01, port: tap:b}\n", "8:19", "at 5:8" },
	{ NIC "vms:\n- {name: a, macs: [52:54:00:00:00:01, 52:54:00:00:00:01], port: tap:a}\n", "4:39",
	  "at 4:20" },

	/* names and ports */
	{ VM "- name: a\n  mac: 52:54:00:00:00:02\n  port: tap:b\n", "7:9",
	  "the name \"a\" is taken already, at 4:9" },
	{ NIC "switch:\n  internal: {mac: 52:54:00:00:00:01, port: tap:b}\nvms:\n"
	  "- {name: internal, mac: 52:54:00:00:00:02, port: tap:a}\n", "6:10", "at 4:3" },
	{ VM "- name: b\n  mac: 52:54:00:00:00:02\n  port: tap:a\n", "9:9",
	  "the \"interface a\" is taken already, at 6:9" },
	{ TWO "  port: vhost-user:s\n- name: b\n  mac: 52:54:00:00:00:02\n  port: vhost-user-client:./s\n",
	  "9:9", "at 6:9" },
	{ TWO "  port: pcap:/x//o\n- name: b\n  mac: 52:54:00:00:00:02\n  port: pcap:/x/./o\n",
	  "9:9", "\"file /x/o\" is taken already, at 6:9" },
	{ NIC "  out: o\nvms:\n- {name: a, mac: 52:54:00:00:00:01, port: 'pcap:o'}\n", "5:43", "at 3:8" },
	{ "adapter: {nic: 'tap:a'}\nvms:\n- {name: a, mac: 52:54:00:00:00:01, port: 'tap:a'}\n", "3:43",
	  "at 1:16" },
	{ "adapter: {nic: 'pcap:/a', out: /a}\n", "1:32", "at 1:16" },
	{ "adapter: {nic: pcap}\n", "1:16", "no KIND:ARGUMENT; NIC kinds are pcap, pcap-loop, tap" },
	{ "adapter: {nic: 'pcpa:a'}\n", "1:16", "unknown NIC kind \"pcpa\"; did you mean \"pcap\"?" },
	{ "adapter: {nic: 'vhost-user:a'}\n", "1:16", "unknown NIC kind \"vhost-user\"; the kinds are" },
	{ "adapter: {nic: 'pcap:'}\n", "1:16", "write pcap:FILE" },
	{ "adapter: {nic: 'pcap:in/'}\n", "1:16", "directory" },
	{ "adapter: {nic: 'xdp:0123456789abcdef'}\n", "1:16", "has 16 bytes, at most 15" },
	{ "adapter: {nic: 'packet:a/b'}\n", "1:16", "no interface name" },
	{ TWO "  port: vhostuser:a\n", "6:9", "did you mean \"vhost-user\"?" },
	{ TWO "  port: tap:0123456789abcdef\n", "6:9", "at most 15" },
	{ TWO "  port: vhost-user:" SOCKET_100 "12345678\n", "6:9", "has 108 bytes, at most 107" },
	{ TWO "  port: vhost-user-client:" SOCKET_100 "12345678\n", "6:9", "at most 107" },
	{ VM "  sends: a.pcap\n", "7:3", "sends goes with a pcap port only" },
	{ TWO "  port: 'null:x'\n", "6:9", "nothing may follow \"null:\"; write null:" },
	{ TWO "  port: 'null'\n", "6:9", "no KIND:ARGUMENT" },
	{ TWO "  port: 'null:'\n  sends: a.pcap\n", "7:3", "sends goes with a pcap port only" },
	{ VM "  offload: on\n", "7:3", "offload goes with a vhost-user port only" },
	{ VM "  direct: on\n", "7:3", "direct goes with a vhost-user port only" },
	{ "adapter:\n  nic: xdp:eth0\n  out: o\n", "3:3", "out goes with a NIC that is a capture only" },
	{ NIC "  out: ''\n", "3:8", "file name is empty" },

	/* adapters and their drivers */
	{ NIC "adapters: []\n", "3:1", "either \"adapter\" or \"adapters\", not both" },
	{ "adapters: []\n", "1:11", "adapters has 0 items; there may be 1..16" },
	{ "adapters: {nic: 'pcap:a'}\n", "1:11", "adapters needs a list of mappings, not a mapping" },
	{ "adapters: [a]\n", "1:12", "an item of adapters needs a mapping with nic: or driver:" },
	{ "adapters:\n- nic: pcap:a\n- mtu: 1500\n", "3:3", "either \"nic\" or \"driver\", and has neither" },
	{ NIC "  driver: d.so\n", "2:3", "either \"nic\" or \"driver\", not both" },
	{ NIC "  ndis: 6.3\n", "3:9", "ndis needs 6.20 or 6.30, not \"6.3\"" },
	{ NIC "  ndis: [6.30]\n", "3:9", "ndis needs 6.20 or 6.30, not a list" },
	{ NIC "switch: {placement: packed}\n", "3:21", "placement needs spread or pack, not \"packed\"" },
	{ NIC "switch: {ndis: 6.40}\n", "3:16", "ndis needs 6.20 or 6.30, not \"6.40\"" },
	{ NIC "  receive: borrowed\n", "3:12", "receive needs placed, loaned or steered, not" },
	{ NIC "  filter-engine: tabel\n", "3:18", "filter-engine needs table or rte-hash, not \"tabel\"" },
	{ NIC "  keywords: {\"*VMQ\": 1, \"*vmq\": 0}\n", "3:25", "\"*vmq\" stands twice" },
	{ DRIVER "  ndis: 6.20\n", "3:3", "ndis goes with nic only" },
	{ DRIVER "  receive: loaned\n", "3:3", "receive goes with nic only" },
	{ DRIVER "  filter-engine: table\n", "3:3", "filter-engine goes with nic only" },
	{ DRIVER "  queues: 3\n", "3:3", "queues goes with nic only; this adapter's driver is set by its" },
	{ DRIVER "  rx-queues: 3\n", "3:3", "rx-queues goes with nic only" },
	{ DRIVER "  out: o\n", "3:3", "out goes with nic only" },
	{ "adapter: {driver: x/}\n", "1:19", "directory" },
	{ DRIVER "  keywords: 3\n", "3:13", "needs a mapping of names to values, not \"3\"" },
	{ DRIVER "  keywords: {a: [1]}\n", "3:17", "the keyword \"a\" needs one value" },
	{ DRIVER "  keywords: {a: }\n", "3:14", "the keyword \"a\" needs one value" },
	{ DRIVER "  keywords: {'': 1}\n", "3:14", "1..63 bytes" },
	{ DRIVER "  keywords: {Mode: 1, mode: 2}\n", "3:23", "\"mode\" stands twice, first at 3:14" },
	{ DRIVER "  keywords: {*VMQ: 1}\n", "3:14", "put a name that begins with * in quotes" },
	{ NIC "  filters: {driver: a}\n", "3:12", "filters needs a list of mappings" },
	{ NIC "  filters: [a.so]\n", "3:13", "needs a mapping that begins with driver:" },
	{ NIC "  filters: [{name: a}]\n", "3:13", "\"driver\" of an item of filters or protocols" },
	{ NIC "  filters: [{drivr: a}]\n", "3:14", "did you mean \"driver\"?" },
	{ NIC "  filters: [{driver: a.so}, {driver: b/a.so}]\n", "3:29",
	  "the name \"a\" is taken already, at 3:13; give each driver of an adapter its own" },
	{ NIC "  filters: [{driver: a.so}]\n  protocols: [{driver: b.so, name: a}]\n", "4:36",
	  "at 3:13" },
	{ NIC "  out: dir/f.so\n  filters: [{driver: " "/x}]\n  protocols: [{driver: f.so}, "
	  "{driver: f.so, name: g, keywords: {a: 1}}]\n", "5:55", "named first at 5:15; move them there" },
	{ "adapters:\n- {driver: d.so, name: a}\n- {driver: d.so, name: a}\n", "3:24",
	  "the name \"a\" is taken already, at 2:24; give each adapter its own" },
	{ "adapters:\n- {driver: d.so, switch: true}\n- {driver: d.so, switch: true}\n", "3:18",
	  "bound to one adapter only, and has one at 2:18" },
	{ DRIVER "  switch: false\n", "3:11", "no adapter is left for the switch" },
	{ NIC "  play: ''\n", "3:9", "file name is empty" },
	{ NIC "  out: /a\n  play: /a\n", "4:9", "\"file /a\" is taken already, at 3:8" },
	{ NIC "  out: /a\n  filters: [{driver: /a}]\n", "4:22", "at 3:8" },
	{ NIC "host: {control: ''}\n", "3:17", "socket path is empty" },
	{ NIC "host: {verifier: on}\n", "3:18", "verifier needs off, report or abort, not \"on\"" },
	{ NIC "host: {control: " SOCKET_100 "12345678}\n", "3:17", "at most 107" },
	{ TWO "  port: vhost-user:/s\nhost: {control: /s}\n", "7:17", "at 6:9" },
};

static unsigned failed;

static void refuse(const char *text, size_t length, const struct bad *b)
{
	struct host_config *config = (void *)&config;
	struct error err = { "" };
	char place[64];
	int ret = config_parse(&config, "dir/host.yaml", text, length, &err);

	snprintf(place, sizeof(place), "dir/host.yaml:%s: ", b->place);
	if (ret != -EINVAL || config || strncmp(err.text, place, strlen(place)) ||
	    !strstr(err.text, b->part) || strchr(err.text, '\n'))
		print_error("input:\n%s\nanswer %d: %s\nwanted %s ... %s\n\n", text, ret, err.text,
			    place, b->part);
	else
		return;
	failed++;
}

static void bad_input_is_told_with_its_place(void **state)
{
	static const char nul[] = "adapter:\n  nic: a\0b\n";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(bad[i].text, strlen(bad[i].text), &bad[i]);
	refuse(nul, sizeof(nul) - 1, &(struct bad){ nul, "2:9", "NUL" });
	assert_int_equal(failed, 0);
}

static struct host_config *parse(const char *text)
{
	struct host_config *config;
	struct error err = { "" };

	if (config_parse(&config, "dir/host.yaml", text, strlen(text), &err))
		fail_msg("%s\nfor:\n%s", err.text, text);
	assert_string_equal(err.text, "");
	return config;
}

static void the_least_configuration_has_the_defaults(void **state)
{
	struct host_config *c = parse(NIC);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	(void)state;
	assert_string_equal(c->file, "dir/host.yaml");
	assert_null(c->control);
	assert_int_equal(c->verifier, VERIFIER_OFF);
	assert_int_equal(c->n_adapters, 1);
	assert_string_equal(c->adapters[0].name, "adapter");
	assert_true(c->adapters[0].has_switch);
	assert_null(c->adapters[0].driver);
	assert_int_equal(c->adapters[0].filters.n + c->adapters[0].protocols.n, 0);
	assert_int_equal(c->processors, cpus > CONFIG_MAX_PROCESSORS ? CONFIG_MAX_PROCESSORS : cpus);
	assert_int_equal(c->workers, c->processors);
	assert_null(c->eal[0]);
	assert_string_equal(c->adapters[0].nic, "pcap:dir/in.pcap");
	assert_null(c->adapters[0].out);
	assert_int_equal(c->adapters[0].mtu, 1500);
	assert_int_equal(c->adapters[0].queues, 16);
	assert_int_equal(c->adapters[0].buffers, 512);
	assert_int_equal(c->adapters[0].rx_queues, 1);
	assert_int_equal(c->adapters[0].ndis_version, CONFIG_NDIS_630);
	assert_int_equal(c->adapters[0].receive, CONFIG_RECEIVE_PLACED);
	assert_int_equal(c->switch_ndis, CONFIG_NDIS_630);
	assert_null(c->internal);
	assert_int_equal(c->n_vms, 0);
	config_free(c);
}

static void every_key_is_read(void **state)
{
	static const uint8_t fe[6] = { 0x52, 0x54, 0, 0, 0, 0xfe }, ab[6] = { 0x52, 0x54, 0, 0, 0, 0xab };
	struct host_config *c = parse(
		"\xef\xbb\xbfhost: {processors: 64, workers: 3, eal: ['-m', 256]}\r\n"
		"adapter:\r\n  nic: pcap-loop:/in.pcap\r\n  out: out/o\r\n  mtu: 9600\r\n"
		"  queues: 0\r\n  buffers: 65536\r\n  rx-queues: 64\r\n"
		"switch:\r\n  internal: {mac: 52:54:00:00:00:FE, vlan: 4094, port: 'pcap:host0',\r\n"
		"    sends: a.pcap}\r\n"
		"vms:\r\n- name: \"a.b-c_D9\"\r\n  macs: [52-54-00-00-00-AB, 52:54:00:00:00:fe]\r\n"
		"  vlan: 1\r\n  processor: 63\r\n  port: vhost-user:out/a\r\n  spoofing: true\r\n"
		"  offload: off\r\n  direct: off\r\n  rate: 10G\r\n  burst: 64K\r\n  weight: 100\r\n"
		"- {name: b, mac: 52:54:00:00:00:fe, port: 'vhost-user:b:c', spoofing: false}\r\n");

	(void)state;
	assert_int_equal(c->processors, 64);
	assert_int_equal(c->workers, 3);
	assert_string_equal(c->eal[0], "-m");
	assert_string_equal(c->eal[1], "256");
	assert_null(c->eal[2]);
	assert_string_equal(c->adapters[0].nic, "pcap-loop:/in.pcap");
	assert_string_equal(c->adapters[0].out, "out/o");
	assert_int_equal(c->adapters[0].mtu, 9600);
	assert_int_equal(c->adapters[0].queues, 0);
	assert_int_equal(c->adapters[0].buffers, 65536);
	assert_int_equal(c->adapters[0].rx_queues, 64);
	assert_string_equal(c->internal->name, "internal");
	assert_int_equal(c->internal->n_macs, 1);
	assert_memory_equal(c->internal->macs[0], fe, 6);
	assert_int_equal(c->internal->vlan, 4094);
	assert_int_equal(c->internal->processor, -1);
	assert_string_equal(c->internal->port, "pcap:host0");
	assert_string_equal(c->internal->sends, "dir/a.pcap");
	assert_int_equal(c->n_vms, 2);
	assert_string_equal(c->vms[0].name, "a.b-c_D9");
	assert_int_equal(c->vms[0].n_macs, 2);
	assert_memory_equal(c->vms[0].macs[0], ab, 6);
	assert_memory_equal(c->vms[0].macs[1], fe, 6);
	assert_int_equal(c->vms[0].vlan, 1);
	assert_int_equal(c->vms[0].processor, 63);
	assert_string_equal(c->vms[0].port, "vhost-user:out/a");
	assert_null(c->vms[0].sends);
	assert_true(c->vms[0].spoofing);
	assert_true(c->vms[0].no_offload);
	assert_true(c->vms[0].no_direct);
	assert_true(c->vms[0].rate == 10000000000);
	assert_true(c->vms[0].burst == 64000);
	assert_int_equal(c->vms[0].weight, 100);
	assert_true(c->vms[1].rate == 0);
	assert_int_equal(c->vms[1].weight, 0);
	assert_int_equal(c->vms[1].vlan, 0);
	assert_int_equal(c->vms[1].processor, -1);
	assert_string_equal(c->vms[1].port, "vhost-user:b:c");
	assert_null(c->vms[1].sends);
	assert_false(c->vms[1].spoofing);
	assert_false(c->vms[1].no_offload);
	assert_false(c->vms[1].no_direct);
	config_free(c);
}

static void assert_keyword(const struct keyword_list *list, unsigned i, const char *name,
			   const char *value)
{
	assert_true(i < list->n);
	assert_string_equal(list->keyword[i].name, name);
	assert_string_equal(list->keyword[i].value, value);
}

static void adapters_and_their_drivers_are_read(void **state)
{
	struct host_config *c = parse(
		"host: {control: /run/c.sock, verifier: report}\n"
		"adapters:\n"
		"- driver: /lib/mynic.so\n"
		"  keywords: {\"*VMQ\": 1, NetworkAddress: '02-00-00-00-00-01', Empty: ''}\n"
		"  mtu: 9000\n"
		"- name: sender\n  driver: ./n.so\n  play: in.pcap\n  switch: true\n"
		"  filters: [{driver: a.b.so, keywords: {Mode: -2}}, {driver: a.b.so, name: top}]\n"
		"  protocols: [{driver: p}]\n");
	struct adapter_config *a = c->adapters;

	(void)state;
	assert_string_equal(c->control, "/run/c.sock");
	assert_int_equal(c->verifier, VERIFIER_REPORT);
	assert_int_equal(c->n_adapters, 2);
	assert_int_equal(c->switch_adapter, 1);
	assert_string_equal(a[0].name, "adapter1");
	assert_string_equal(a[0].driver, "/lib/mynic.so");
	assert_null(a[0].nic);
	assert_int_equal(a[0].keywords.n, 3);
	assert_keyword(&a[0].keywords, 0, "*VMQ", "1");
	assert_keyword(&a[0].keywords, 1, "NetworkAddress", "02-00-00-00-00-01");
	assert_keyword(&a[0].keywords, 2, "Empty", "");
	assert_int_equal(a[0].mtu, 9000);
	assert_false(a[0].has_switch);
	assert_string_equal(a[1].name, "sender");
	assert_string_equal(a[1].driver, "dir/./n.so");
	assert_string_equal(a[1].play, "dir/in.pcap");
	assert_true(a[1].has_switch);
	assert_int_equal(a[1].filters.n, 2);
	assert_string_equal(a[1].filters.module[0].name, "a.b");
	assert_string_equal(a[1].filters.module[0].driver, "dir/a.b.so");
	assert_keyword(&a[1].filters.module[0].keywords, 0, "Mode", "-2");
	assert_string_equal(a[1].filters.module[1].name, "top");
	assert_int_equal(a[1].filters.module[1].keywords.n, 0);
	assert_int_equal(a[1].protocols.n, 1);
	assert_string_equal(a[1].protocols.module[0].name, "p");
	config_free(c);
}

static void versions_modes_and_keywords_of_our_miniport_are_read(void **state)
{
	struct host_config *c = parse(
		"adapters:\n"
		"- {nic: 'pcap:a', ndis: \"6.20\", receive: loaned, keywords: {\"*VMQ\": 0}}\n"
		"- {nic: 'pcap:b', ndis: 6.30, receive: steered, filter-engine: rte-hash}\n"
		"switch: {ndis: 6.20, placement: pack}\n");
	struct adapter_config *a = c->adapters;

	(void)state;
	assert_int_equal(a[0].ndis_version, CONFIG_NDIS_620);
	assert_int_equal(a[0].receive, CONFIG_RECEIVE_LOANED);
	assert_int_equal(a[0].keywords.n, 1);
	assert_keyword(&a[0].keywords, 0, "*VMQ", "0");
	assert_int_equal(a[1].ndis_version, CONFIG_NDIS_630);
	assert_int_equal(a[1].receive, CONFIG_RECEIVE_STEERED);
	assert_ptr_equal(placements[c->placement], &placement_pack);
	assert_ptr_equal(filter_engines[a[0].filter_engine], filter_engine_find("table"));
	assert_ptr_equal(filter_engines[a[1].filter_engine], filter_engine_find("rte-hash"));
	assert_int_equal(c->switch_ndis, CONFIG_NDIS_620);
	config_free(c);
}

static void the_switch_goes_to_the_first_adapter_that_does_not_refuse_it(void **state)
{
	struct host_config *c = parse("adapters: [{nic: 'pcap:a'}, {nic: 'pcap:b'}]\n");

	(void)state;
	assert_int_equal(c->switch_adapter, 0);
	assert_true(c->adapters[0].has_switch);
	assert_false(c->adapters[1].has_switch);
	config_free(c);
	c = parse("adapters: [{nic: 'pcap:a', switch: false}, {nic: 'pcap:b'}]\n");
	assert_int_equal(c->switch_adapter, 1);
	assert_true(c->adapters[1].has_switch);
	config_free(c);
}

static void what_is_no_error(void **state)
{
	(void)state;
	/* more VMs than queues; one MAC on two VLANs; one input for two; a socket path of 107 bytes */
	config_free(parse(NIC "  queues: 0\nvms:\n"
		"- {name: a, mac: 52:54:00:00:00:01, vlan: 1, port: 'pcap:a', sends: in.pcap}\n"
		"- {name: b, mac: 52:54:00:00:00:01, vlan: 2, port: 'pcap:b', sends: in.pcap}\n"
		"- {name: internal, mac: 52:54:00:00:00:01, port: 'vhost-user:" SOCKET_100 "1234567'}\n"));
	config_free(parse("adapter: {nic: 'dpdk:0000:01:00.0,a=b/'}\nvms: []\nhost: {}\nswitch: {}\n"));
}

static void a_vm_has_as_many_addresses_as_that_and_no_more(void **state)
{
	static char text[32768];
	size_t n = (size_t)snprintf(text, sizeof(text), NIC "vms:\n- name: a\n  port: tap:a\n  macs:\n");
	struct host_config *c;

	(void)state;
	for (unsigned i = 0; i < CONFIG_MAX_MACS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "  - 52:54:00:00:%02x:%02x\n",
				      i >> 8, i & 255);
	c = parse(text);
	assert_int_equal(c->vms[0].n_macs, CONFIG_MAX_MACS);
	for (unsigned i = 0; i < CONFIG_MAX_MACS; i++)
		assert_int_equal(c->vms[0].macs[i][4] << 8 | c->vms[0].macs[i][5], i);
	config_free(c);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "  - 52:54:00:01:00:00\n");
	refuse(text, n, &(struct bad){ text, "1031:5", "this one is too many" });
	assert_int_equal(failed, 0);
}

static void a_long_name_of_the_file_leaves_room_for_the_message(void **state)
{
	char name[3000];
	struct host_config *config;
	struct error err;

	(void)state;
	memset(name, 'x', sizeof(name));
	strcpy(name + sizeof(name) - 12, "\n\xc3/end.yaml");
	assert_int_equal(config_parse(&config, name, "a: 1", 4, &err), -EINVAL);
	assert_memory_equal(err.text, "...xxx", 6);
	assert_non_null(strstr(err.text, "x?" "?/end.yaml:1:1: unknown key \"a\""));
	assert_null(config);
}

/* A text of 'size' bytes that repeats 'part' must be refused within seconds. */
static bool refused_in_time(const char *head, const char *part, size_t size)
{
	char *text = malloc(size + 64), *to = text + sprintf(text, "%s", head);
	size_t n = strlen(part);
	struct host_config *config;
	struct error err = { "" };
	clock_t start = clock();
	bool good;

	while (to + n <= text + size)
		to = (char *)memcpy(to, part, n) + n;
	good = config_parse(&config, "bomb.yaml", text, (size_t)(to - text), &err) == -EINVAL &&
	       !strncmp(err.text, "bomb.yaml:", 10) && (clock() - start) / CLOCKS_PER_SEC < 5;
	if (!good)
		print_error("%s%s ...: %s after %ld ms\n", head, part, err.text,
			    (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
	free(text);
	return good;
}

static bool bombs_refused(void)
{
	static const char *const part[] = {
		"[", "{", "- ", "? ", "a: ", "[a,", "&a ", "*a ", "!a ", "\"", "'", "%", "a\n", "- a\n",
		"\n", " ", "\\", "- - ", "[],", "a,", "? a\n", "-\n", "a: 1\n", "#", "|\n", ">\n ", "\"\\x41",
		"%\n", "--- \n", "\xc3\xa9", "[]:", "{}: ", "a:\n", "? ? ", ":", ": ", "a: |\n ", "- |\n ", " \n",
	};
	static const char *const head[] = { "", "adapter: [", "adapter: \"", "vms:\n", "a: ", "'\n", "- |\n ",
		"a: >\n", "a: |\n x\n" };

	for (size_t h = 0; h < sizeof(head) / sizeof(head[0]); h++)
		for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
			if (!refused_in_time(head[h], part[i], 200000))
				return false;
	return refused_in_time("adapter: {nic: 'pcap:a'}\nvms:\n", "- {name: a, mac: 52:54:00:00:00:01, port: 'tap:a'}\n",
		       CONFIG_MAX_BYTES - 64) &&
	       refused_in_time("", "#", CONFIG_MAX_BYTES + 1);
}

/* In a process of its own: it can be ended when it hangs, and libfyaml 0.7.12
 * forgets memory when a long quoted scalar is an error, which is not ours to find. */
static void a_bomb_does_not_hang(void **state)
{
	pid_t child = fork();
	int status = -1;

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		alarm(120);
		_exit(bombs_refused() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void files_that_cannot_be_read(void **state)
{
	static const struct {
		const char *file;
		int ret;
		const char *text;
	} row[] = {
		{ "no-such.yaml", -ENOENT, "no-such.yaml: there is no such file; " },
		{ "/dev/null/x", -ENOENT, "/dev/null/x: there is no such file; " },
		{ "", -ENOENT, ": there is no such file; " },
		{ "/", -EINVAL, "/: is a directory; " },
		{ "/dev/null", -EINVAL, "/dev/null:1:1: the file is empty; " },
		{ "/dev/zero", -EINVAL, "/dev/zero:1:1: the file is longer than 1048576 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct host_config *config = (void *)&config;
		struct error err = { "" };

		assert_int_equal(config_read(&config, row[i].file, &err), row[i].ret);
		assert_null(config);
		assert_memory_equal(err.text, row[i].text, strlen(row[i].text));
	}
}

static void a_file_of_another_user(void **state)
{
	char name[] = "/tmp/config_test.XXXXXX";
	struct host_config *config;
	struct error err = { "" };
	int fd = mkstemp(name), ret;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(name, 0), 0);
	/* root may read everything, so root becomes somebody else for the call */
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	ret = config_read(&config, name, &err);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	unlink(name);
	assert_int_equal(ret, -EACCES);
	assert_non_null(strstr(err.text, ": may not be read by this user; "));
}

static void the_example_of_an_office(void **state)
{
	static const struct {
		const char *name, *port, *sends;
		uint16_t vlan;
		int processor;
		unsigned n_macs;
		uint8_t last;
	} vm[] = {
		{ "web", "pcap:out/web.pcapng", "web-sends.pcap", 10, 1, 1, 0x11 },
		{ "db", "pcap:out/db.pcapng", "db-sends.pcap", 20, 2, 2, 0x22 },
		{ "mail", "pcap:out/mail.pcapng", "mail-sends.pcap", 0, 3, 1, 0x31 },
	};
	struct host_config *c;
	struct error err = { "" };
	char name[1000];

	(void)state;
	if (config_read(&c, SOURCE_ROOT "/examples/office.yaml", &err))
		fail_msg("%s", err.text);
	assert_string_equal(c->adapters[0].nic, "pcap:" SOURCE_ROOT "/examples/office.pcap");
	assert_string_equal(c->adapters[0].out, "out/wire.pcapng");
	assert_int_equal(c->processors, 4);
	assert_int_equal(c->workers, 2);
	assert_int_equal(c->n_vms, 3);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s/examples/%s", SOURCE_ROOT, vm[i].sends);
		assert_string_equal(c->vms[i].name, vm[i].name);
		assert_string_equal(c->vms[i].port, vm[i].port);
		assert_string_equal(c->vms[i].sends, name);
		assert_int_equal(c->vms[i].vlan, vm[i].vlan);
		assert_int_equal(c->vms[i].processor, vm[i].processor);
		assert_int_equal(c->vms[i].n_macs, vm[i].n_macs);
		assert_int_equal(c->vms[i].macs[vm[i].n_macs - 1][5], vm[i].last);
	}
	config_free(c);
}

static char *read_document(void)
{
	FILE *f = fopen(SOURCE_ROOT "/docs/configuration.md", "r");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(f);
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	fclose(f);
	return text;
}

/* The text's words with one blank between them, whatever the lines. */
static void unwrap(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool blank = *from == ' ' || *from == '\n';

		if (!blank || to == text || to[-1] != ' ')
			*to++ = blank ? ' ' : *from;
	}
	*to = '\0';
}

static void the_document_and_the_help_have_every_key_and_kind(void **state)
{
	const struct spec_kinds *kinds[] = { &config_nic_kinds, &config_port_kinds };
	char *document = read_document(), *help = config_keys_help();
	char row[400];

	(void)state;
	unwrap(help);
	for (unsigned i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];

		snprintf(row, sizeof(row), "| `%s` | %s | %s | %s |\n", key->name,
			 config_key_type(key).text, config_key_default(key).text, key->meaning);
		if (!strstr(document, row))
			fail_msg("docs/configuration.md lacks the row\n%s", row);
		snprintf(row, sizeof(row), " %s %s; %s %s ", key->name, config_key_type(key).text,
			 config_key_default(key).text, key->meaning);
		if (!strstr(help, row))
			fail_msg("the help lacks %s", key->name);
	}
	for (unsigned b = 0; b < 2; b++)
		for (unsigned i = 0; i < kinds[b]->n; i++) {
			const struct spec_kind *kind = &kinds[b]->kind[i];

			snprintf(row, sizeof(row), "| `%s:%s` | %s |\n", kind->name, kind->argument_name,
				 kind->meaning);
			if (!strstr(document, row))
				fail_msg("docs/configuration.md lacks the row\n%s", row);
			assert_non_null(strstr(help, kind->meaning));
		}
	free(document);
	free(help);
}

/* Every block of YAML in the document that holds a whole configuration is read. */
static void the_examples_of_the_document_are_true(void **state)
{
	char *document = read_document();
	unsigned n = 0;

	(void)state;
	for (char *from = strstr(document, "```yaml\n"); from; from = strstr(from, "```yaml\n")) {
		char *end;

		from += strlen("```yaml\n");
		end = strstr(from, "```");
		assert_non_null(end);
		*end = '\0';
		config_free(parse(from));
		from = end + 1;
		n++;
	}
	assert_true(n >= 2);
	free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_input_is_told_with_its_place),
		cmocka_unit_test(the_least_configuration_has_the_defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(adapters_and_their_drivers_are_read),
		cmocka_unit_test(versions_modes_and_keywords_of_our_miniport_are_read),
		cmocka_unit_test(the_switch_goes_to_the_first_adapter_that_does_not_refuse_it),
		cmocka_unit_test(what_is_no_error),
		cmocka_unit_test(a_vm_has_as_many_addresses_as_that_and_no_more),
		cmocka_unit_test(a_long_name_of_the_file_leaves_room_for_the_message),
		cmocka_unit_test(a_bomb_does_not_hang),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(a_file_of_another_user),
		cmocka_unit_test(the_example_of_an_office),
		cmocka_unit_test(the_document_and_the_help_have_every_key_and_kind),
		cmocka_unit_test(the_examples_of_the_document_are_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
