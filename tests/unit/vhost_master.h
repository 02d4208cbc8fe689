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

/* As VIRTIO 1.1, 5.1.6 has it. */
struct vhost_master_header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

struct vhost_master {
	int socket, memory_fd, kick[2], call[2];
	uint8_t *memory;
	uint64_t offered;                 /* features that the other end has */
	uint16_t sent, seen;              /* ring indices */
};

/* Connects to 'path' and starts with those of 'features' (bits) that are offered, VERSION_1
 * and MRG_RXBUF always. False: no connection. */
bool vhost_master_start(struct vhost_master *v, const char *path, uint64_t features);
void vhost_master_stop(struct vhost_master *v);

/* One frame with this header, in one descriptor. */
void vhost_master_send(struct vhost_master *v, const struct vhost_master_header *h,
		       const void *frame, uint32_t length);

/* The next frame that came, joined; its length, 0: none. */
uint32_t vhost_master_receive(struct vhost_master *v, struct vhost_master_header *h, uint8_t *frame,
			      uint32_t room);

#endif
