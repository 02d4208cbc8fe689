/* SPDX-License-Identifier: BSD-2-Clause */
/* "KIND:ARGUMENT": the kinds of NICs and of VM ports, and what their argument is. */
#ifndef CONFIG_SPEC_H
#define CONFIG_SPEC_H

#include <stdio.h>

#include "config/tree.h"

enum spec_argument {
	SPEC_INPUT,       /* a file to read */
	SPEC_OUTPUT,      /* a file to write */
	SPEC_SOCKET,      /* the path of a Unix socket */
	SPEC_INTERFACE,   /* the name of a network interface */
	SPEC_DEVICE,      /* for DPDK to understand */
	SPEC_NOTHING,     /* there is none */
};

/* X(name, argument, how the argument is called, what the kind is) */
#define CONFIG_NIC_KINDS(X)                                                            \
	X("pcap",      INPUT,     "FILE",    "a capture, once, to its end")            \
	X("pcap-loop", INPUT,     "FILE",    "a capture over and over, for measurements") \
	X("tap",       INTERFACE, "NAME",    "a tap device made by this program")      \
	X("xdp",       INTERFACE, "IFACE",   "an interface of the host, by AF_XDP")    \
	X("packet",    INTERFACE, "IFACE",   "an interface of the host, by AF_PACKET") \
	X("dpdk",      DEVICE,    "DEVARGS", "any DPDK device: a PCI address, or vdev arguments")

#define CONFIG_PORT_KINDS(X)                                                           \
	X("vhost-user",        SOCKET,    "PATH", "a guest's virtio NIC; we listen on PATH") \
	X("vhost-user-client", SOCKET,    "PATH", "the same, but the guest listens")   \
	X("tap",               INTERFACE, "NAME", "a tap device that the host's kernel sees") \
	X("pcap",              OUTPUT,    "FILE", "what the VM receives goes to FILE, a pcapng") \
	X("region",            SOCKET,    "PATH", "memory shared with the guest, handed over on PATH") \
	X("null",              NOTHING,   "",     "takes every frame and sends none, for measurements")

struct spec_kind {
	const char *name;
	enum spec_argument argument;
	const char *argument_name, *meaning;
};

struct spec_kinds {
	const char *what;             /* "NIC", "port" */
	const struct spec_kind *kind;
	unsigned n;
};

extern const struct spec_kinds config_nic_kinds, config_port_kinds;

struct spec {
	const struct spec_kind *kind;
	const char *argument;         /* points into the text that was split */
};

/* Splits and checks the value of 'node', a scalar: the kind is known, the argument
 * is there and of its form. 0, or -EINVAL with the line in 'errors'. */
int config_spec_split(struct spec *spec, const struct spec_kinds *kinds,
		      const struct config_errors *errors, const struct config_node *node);

/* Checks that 'name' can be a file's. */
int config_file_check(const char *name, const struct config_errors *errors,
		      struct config_place place);

/* Checks that 'path' can be a Unix socket's. */
int config_socket_check(const char *path, const struct config_errors *errors,
			struct config_place place);

/* The kinds, a line each. */
void config_spec_help(FILE *out);

#endif
