/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's end of vhost-user that does as it is told, so that a test decides on every byte
 * of a virtio-net header: one queue pair of split rings, with mergeable receive buffers.
 */
#ifndef TESTS_VHOST_MASTER_H
#define TESTS_VHOST_MASTER_H

#include <stdbool.h>
#include <stdint.h>

#define VHOST_MASTER_RING    256
#define VHOST_MASTER_BUFFERS 64       /* for receiving, each of 4096 bytes */

enum { VHOST_MASTER_TO_GUEST, VHOST_MASTER_FROM_GUEST };

enum vhost_request {
	VHOST_GET_FEATURES = 1, VHOST_SET_FEATURES = 2, VHOST_SET_OWNER = 3,
	VHOST_SET_MEM_TABLE = 5, VHOST_SET_LOG_BASE = 6, VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9, VHOST_SET_VRING_BASE = 10, VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12, VHOST_SET_VRING_CALL = 13, VHOST_SEND_RARP = 19,
};

/* As VIRTIO 1.1, 5.1.6 has it. */
struct vhost_master_header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

struct vhost_master {
	int socket, memory_fd, kick[2], call[2];
	uint8_t *memory;
	uint64_t offered;                 /* features that the other end has */
	uint64_t features;                /* those that were agreed to */
	uint16_t sent, seen;              /* ring indices */
	bool told;                        /* of each message whether it was obeyed: NEED_REPLY */
};

/* Connects to 'path' and starts with those of 'features' (bits) that are offered, VERSION_1
 * and MRG_RXBUF always. False: no connection. */
bool vhost_master_start(struct vhost_master *v, const char *path, uint64_t features);
void vhost_master_stop(struct vhost_master *v);

/* One message, with a descriptor if that is not -1; and the other end's next answer. False: it
 * has hung up. */
bool vhost_master_ask(const struct vhost_master *v, enum vhost_request request,
		      const void *payload, uint32_t size, int fd);
bool vhost_master_answer(const struct vhost_master *v, uint64_t *value);

/* Waits until the other end has obeyed all that was asked. */
bool vhost_master_settle(const struct vhost_master *v);

/* Starts a ring, anew or from a position; 'log': with writes to its used ring logged. */
bool vhost_master_ring(struct vhost_master *v, int ring, uint32_t from, bool log);

/* Shares so many bytes of its memory; 0: less than the rings need. */
bool vhost_master_memory(const struct vhost_master *v, uint64_t bytes);

/* Whether the other end wants to be told of what is made available on the ring. */
bool vhost_master_may_kick(const struct vhost_master *v, int ring);

/* How many frames it sent that the other end has not yet taken. */
unsigned vhost_master_out(const struct vhost_master *v);

/* One frame with this header, in one descriptor. */
void vhost_master_send(struct vhost_master *v, const struct vhost_master_header *h,
		       const void *frame, uint32_t length);

/* The next frame that came, joined; its length, 0: none. */
uint32_t vhost_master_receive(struct vhost_master *v, struct vhost_master_header *h, uint8_t *frame,
			      uint32_t room);

#endif
