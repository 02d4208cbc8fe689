/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration file, read and checked. Every error, of syntax or of sense,
 * is one line that begins with "FILE:LINE:COLUMN: " (a file that cannot be read
 * at all has no place: "FILE: "). Lines and columns count from 1, columns count
 * characters. The file is YAML, at most 1 MiB, in one document, without anchors,
 * aliases, tags and directives.
 *
 *   host:
 *     processors: 4          # NDIS processors for traffic (default: online CPUs), 1..64
 *     workers: 2             # threads that run them, 1..processors (default: min(processors, CPUs))
 *     eal: ["-m", "256"]     # options for DPDK, passed through
 *     control: auto          # listen for vmq driver; a path, or auto
 *     verifier: report       # off, report or abort: when a driver breaks a rule
 *   adapter:                 # or adapters: [.., ..], of which one has the switch
 *     name: adapter          # unique; default: adapter, or adapter1, adapter2 in a list
 *     nic: pcap:office.pcap  # KIND:ARGUMENT, see nic/nic.h; this, or driver
 *     out: out/wire.pcapng   # pcap kinds: what left by the NIC
 *     mtu: 1500              # 68..9600
 *     queues: 16             # VM queues the adapter has, 0..1024
 *     buffers: 512           # receive buffers of a VM queue (its quota), 16..65536
 *     rx-queues: 1           # receive queues of the port, 1..64
 *     ndis: 6.30             # our miniport's version of NDIS: 6.20 or 6.30
 *     receive: placed        # how VM queues' buffers are filled: placed, loaned or steered
 *     filter-engine: table   # how a frame's filter is found: table or rte-hash
 *     driver: mynic.so       # instead of nic, out, queues, buffers, rx-queues, ndis,
 *                                receive and filter-engine: a miniport driver from a file
 *     keywords: {"*VMQ": 1}  # the miniport's settings
 *     filters:               # filter drivers above the miniport, the lowest first
 *       - driver: filter.so
 *         name: filter         # unique on the adapter; default: the file's name
 *         keywords: {Mode: 2}
 *     protocols:             # protocol drivers bound beside the switch, same keys
 *       - driver: protocol.so
 *     qos:                   # traffic classes of what is sent (DCB)
 *       classes:               # each priority 0..7 is owned by one
 *         - strict: true
 *           priorities: [5, 6, 7]
 *         - share: 100         # percent of the rest; all shares together are 100
 *           priorities: [0, 1, 2, 3, 4]
 *       pfc: [3]               # priorities that PFC may halt
 *       willing: true          # the peer's parameters go before these (DCBX)
 *     switch: true           # whether the virtual switch is bound to it
 *     play: in.pcap          # a capture that is sent into the adapter
 *   switch:
 *     ndis: 6.30             # which switch it is like: 6.20 asks for lookahead split
 *     placement: spread      # the processor of VMs that name none: spread or pack
 *     internal:              # a port for this host itself; optional; the keys of a
 *       mac: 52:54:00:00:00:fe     VM but name and processor: it has no queue
 *       vlan: 10
 *       port: tap:host0
 *   vms:
 *     - name: web            # required, unique; 1..63 of a-z A-Z 0-9 . _ -
 *       mac: 52:54:00:00:00:01     # or macs: [.., ..]; required
 *       vlan: 10             # access VLAN 1..4094; absent: untagged
 *       processor: 1         # 0..processors-1; absent: the switch chooses
 *       port: vhost-user:web.sock  # KIND:ARGUMENT, see vmport/vmport.h; required
 *       sends: web.pcap      # pcap ports: what the VM sends
 *       spoofing: false      # may it send from foreign MAC addresses
 *       offload: on          # vhost-user: may its guest leave checksums and segments to others
 *       direct: on           # vhost-user: off leaves the guest's rings to librte_vhost
 *       rate: 100M           # bits per second that it may send, 8K..400G
 *       burst: 125K          # bytes at once, 1..256M
 *       weight: 10           # its share of an adapter that does not keep up, 1..100
 *
 * File names are relative to the directory of the configuration file when they
 * name input (nic: pcap:, sends:, driver:, play:), and to the working directory when they name
 * output (out:, port: pcap:) or a socket.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "verifier/mode.h"
#include "wire/wire.h"

/* Versions of NDIS: major << 8 | minor. */
#define CONFIG_NDIS_620 0x614
#define CONFIG_NDIS_630 0x61e

/* How our miniport fills a VM queue's buffers. X(NAME, the word for it) */
#define CONFIG_RECEIVE_MODES(X) \
	X(PLACED, "placed") \
	X(LOANED, "loaned") \
	X(STEERED, "steered")

enum config_receive {
#define X(name, word) CONFIG_RECEIVE_##name,
	CONFIG_RECEIVE_MODES(X)
#undef X
};

#define CONFIG_MAX_MACS 1024
#define CONFIG_MAX_PROCESSORS 64
#define CONFIG_MAX_ADAPTERS 16
#define CONFIG_MAX_MODULES 8          /* filters, or protocols, of an adapter */
#define CONFIG_MAX_KEYWORDS 64        /* of a driver */

struct vm_config {
	char *name;               /* "internal" for the internal port */
	uint8_t (*macs)[6];
	unsigned n_macs;
	uint16_t vlan;            /* 0: untagged */
	int processor;            /* -1: not given */
	char *port;               /* "KIND:ARGUMENT", file names made whole */
	char *sends;              /* or NULL */
	bool spoofing;
	unsigned no_offload;      /* 1: offload: off */
	unsigned no_direct;       /* 1: direct: off */
	uint64_t rate, burst;     /* bits per second, bytes; 0: not given */
	unsigned weight;          /* 0: not given */
};

/* One setting of a driver, as its INF file would make it. */
struct keyword_config {
	char *name, *value;
};

struct keyword_list {
	struct keyword_config *keyword;   /* NULL: none */
	unsigned n;
};

/* A driver beside the adapter's miniport: a filter, or a protocol. */
struct module_config {
	char *name;               /* the file's without directory and .so, unless given */
	char *driver;             /* the file, made whole */
	struct keyword_list keywords;
};

struct module_list {
	struct module_config *module;
	unsigned n;
};

#define CONFIG_MAX_CLASSES 8

/* A traffic class of DCB. */
struct qos_class_config {
	bool strict;              /* else it has a share */
	unsigned share;           /* percent */
	uint8_t priorities;       /* a bit each */
};

struct qos_config {
	struct qos_class_config classes[CONFIG_MAX_CLASSES];
	unsigned n;               /* 0: qos was not given */
	uint8_t pfc;              /* priorities, a bit each */
	bool willing;             /* to follow the peer (DCBX) */
};

struct adapter_config {
	char *name;
	char *nic, *out;          /* nic NULL: 'driver' is the miniport; out may be NULL */
	uint16_t mtu, rx_queues;
	unsigned queues, buffers;
	unsigned ndis_version;    /* our miniport's: CONFIG_NDIS_620 or CONFIG_NDIS_630 */
	unsigned receive;         /* our miniport's: enum config_receive */
	unsigned filter_engine;   /* our miniport's: which of FILTER_ENGINES */
	char *driver;             /* the miniport's file, made whole; NULL: 'nic' */
	struct keyword_list keywords;      /* the miniport's */
	struct module_list filters;        /* the lowest first */
	struct module_list protocols;
	struct qos_config qos;
	bool has_switch;          /* true for exactly one adapter */
	char *play;               /* or NULL */
};

struct host_config {
	char *file;               /* its name as given */
	unsigned processors, workers;
	char **eal;               /* NULL-terminated; never NULL itself */
	enum verifier_mode verifier;
	char *control;            /* the control socket's path or WIRE_SOCKET_AUTO; NULL: none */
	struct adapter_config *adapters;
	unsigned n_adapters;      /* 1 .. CONFIG_MAX_ADAPTERS */
	unsigned switch_adapter;  /* the index of the one that has the switch */
	unsigned placement;           /* the switch's: which of PLACEMENTS */
	unsigned switch_ndis;         /* the switch's version of NDIS: CONFIG_NDIS_620 or _630 */
	struct vm_config *internal;   /* or NULL */
	struct vm_config *vms;
	unsigned n_vms;
};

/* Reads and checks 'file'. 0, or -ENOENT, -EACCES, -EINVAL (everything else that
 * is wrong with it) or -ENOMEM with the line in 'err'; '*config' is then NULL.
 * Control thread. */
int config_read(struct host_config **config, const char *file, struct error *err);

/* The same for 'length' bytes of text at 'text'; 'file' is the name for messages
 * and for finding input files, and need not exist. */
int config_parse(struct host_config **config, const char *file, const char *text, size_t length,
		 struct error *err);

void config_free(struct host_config *config);   /* accepts NULL */

/* Every key with type, range, default and meaning, and the kinds of NICs and ports,
 * in lines for --help. The caller frees it; NULL: no memory. */
char *config_keys_help(void);

#endif
