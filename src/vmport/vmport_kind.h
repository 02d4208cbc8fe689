/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kind of port provides; known to the files of this room only.
 *
 * vmport.c allocates 'size' zeroed bytes, which begin with a struct vmport whose
 * common fields it fills, then calls open(). After a failed open() it frees the
 * bytes and nothing else: the kind has undone the rest itself.
 */
#ifndef VMPORT_VMPORT_KIND_H
#define VMPORT_VMPORT_KIND_H

#include "base/counter.h"
#include "vmport/vmport.h"

/* Ethernet header + MTU + one VLAN tag: what may travel at most, and at least. */
#define VMPORT_OVERHEAD  18
#define VMPORT_MIN_FRAME 14

struct vmport {
	const struct vmport_kind *kind;
	char *name;                 /* the VM's */
	char *spec;                 /* as given, for messages */
	struct rte_mempool *pool;
	uint16_t mtu;
	uint16_t max_frame;         /* mtu + VMPORT_OVERHEAD */
	int descriptor;             /* the kind sets and closes it */
	counter_t bad;              /* worker writes, any thread reads */
	counter_t refused;          /* worker writes, any thread reads */
};

struct vmport_kind {
	size_t size;
	bool bare;                  /* nothing follows the colon; else something must */
	int (*open)(struct vmport *port, const char *argument,
		    const struct vmport_config *config, struct error *err);
	void (*close)(struct vmport *port);
	bool (*is_up)(const struct vmport *port);
	unsigned (*offloads)(const struct vmport *port);   /* NULL: always 0 */
	uint16_t (*deliver)(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
	uint16_t (*receive)(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
	bool (*arm)(struct vmport *port, bool sleep);
	/* Kinds whose frames go to one another in one copy have both; others none. */
	uint16_t (*look)(struct vmport *from, struct vmport *to, struct vmport_head *heads,
			 uint16_t n, bool *full);
	uint16_t (*pass)(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
			 uint16_t n);
	bool (*sent_all)(const struct vmport *port);   /* NULL: always true */
	/* Kinds with memory that lasts as long as the port have all of these, others none. */
	int (*memory_take)(struct vmport *port, size_t length, void **address);
	void (*memory_give)(struct vmport *port, void *address);
	bool (*can_lend)(const struct vmport *port, const struct rte_mbuf *m);
	uint16_t (*lend)(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
	uint16_t (*reclaim)(struct vmport *port, struct rte_mbuf **pkts, uint16_t n, bool all);
	uint64_t (*faults)(const struct vmport *port);
};

/* X(prefix, the kind, "ARGUMENT" as the help shows it) */
#define VMPORT_KINDS(X) \
	X("vhost-user",        vmport_vhost_server, "PATH") \
	X("vhost-user-client", vmport_vhost_client, "PATH") \
	X("tap",               vmport_tap,          "NAME") \
	X("pcap",              vmport_capture,      "FILE") \
	X("region",            vmport_region,       "PATH") \
	X("null",              vmport_null,         "")

#define X(prefix, kind, argument) extern const struct vmport_kind kind;
VMPORT_KINDS(X)
#undef X

/* Begins every message of a port: the VM and the port as the user wrote it. */
#define VMPORT_WHO "VM %s: port %s: "

/*
 * Looks at the path of a Unix socket before it is opened, so that the error says what is
 * wrong. Listening: removes a stale socket file. Returns 0 or what vmport_open()
 * promises. Control thread.
 */
int vmport_socket_check(const struct vmport *port, const char *path, bool listen,
			struct error *err);

/* How many buffers of the pool are surely to be had: those that no CPU keeps for itself. */
static inline unsigned vmport_pool_left(const struct rte_mempool *pool)
{
	return rte_mempool_get_ops(pool->ops_index)->get_count(pool);
}

static inline bool vmport_length_ok(const struct vmport *port, uint32_t length)
{
	return length >= VMPORT_MIN_FRAME && length <= port->max_frame;
}

#endif
