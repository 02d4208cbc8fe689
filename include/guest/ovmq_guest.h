/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of a region port, for programs of Linux: connects, receives, gives buffers
 * back, sends. Needs nothing but ovmq_region.h and the C library. One thread at a time.
 * Frames begin at the destination address and have no FCS.
 */
#ifndef OVMQ_GUEST_H
#define OVMQ_GUEST_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ovmq_region.h"

struct ovmq_guest {
	int connection, memory, doorbell, interrupt;   /* descriptors */
	uint8_t *region;
	size_t bytes;
	struct ovmq_region_header *header;
	uint32_t receive_head, return_tail, send_tail;
	bool full;                   /* the last send found no room */
};

struct ovmq_frame {
	const uint8_t *bytes;        /* in the region, until it is given back */
	uint32_t length;
	uint32_t id, generation;
};

/* One message of the server: its number, and the descriptor beside it or -1. */
static inline int ovmq_guest_message(int connection, int64_t *number, int *descriptor)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part;
	struct msghdr message;
	struct cmsghdr *c;

	part.iov_base = number;
	part.iov_len = sizeof(*number);
	memset(&message, 0, sizeof(message));
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control.room;
	message.msg_controllen = sizeof(control.room);
	*descriptor = -1;
	if (recvmsg(connection, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC) !=
	    (ssize_t)sizeof(*number))
		return -EPROTO;
	c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(descriptor, CMSG_DATA(c), sizeof(int));
	return 0;
}

static inline void ovmq_guest_close(struct ovmq_guest *g)
{
	const int descriptors[] = { g->connection, g->memory, g->doorbell, g->interrupt };

	if (g->region)
		munmap(g->region, g->bytes);
	for (unsigned i = 0; i < 4; i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	memset(g, 0, sizeof(*g));
	g->connection = g->memory = g->doorbell = g->interrupt = -1;
}

/* The server's five messages, in their order. */
static inline int ovmq_guest_greet(struct ovmq_guest *g)
{
	static const int64_t expected[] = { 0, 1, -1, 0, 1 };
	int *const descriptors[] = { NULL, NULL, &g->memory, &g->doorbell, &g->interrupt };

	for (unsigned i = 0; i < 5; i++) {
		int64_t number;
		int descriptor;
		int ret = ovmq_guest_message(g->connection, &number, &descriptor);

		if (ret)
			return ret;
		if (descriptors[i])
			*descriptors[i] = descriptor;
		else if (descriptor >= 0)
			close(descriptor);
		if (number != expected[i] || (descriptor >= 0) != (descriptors[i] != NULL))
			return -EPROTO;
	}
	return 0;
}

/* Connects to the port's socket and maps the region. While another guest has it, waits
 * for its turn. 0 or a negative errno; then there is nothing to close. */
static inline int ovmq_guest_open(struct ovmq_guest *g, const char *path)
{
	struct sockaddr_un address;
	struct stat st;
	void *region;
	int ret;

	memset(g, 0, sizeof(*g));
	memset(&address, 0, sizeof(address));
	g->connection = g->memory = g->doorbell = g->interrupt = -1;
	address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	g->connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (g->connection < 0)
		return -errno;
	ret = connect(g->connection, (const struct sockaddr *)&address, sizeof(address));
	if (ret)
		ret = -errno;
	else
		ret = ovmq_guest_greet(g);
	if (!ret && fstat(g->memory, &st))
		ret = -errno;
	if (ret)
		goto fail;
	region = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, g->memory, 0);
	if (region == MAP_FAILED) {
		ret = -errno;
		goto fail;
	}
	g->region = (uint8_t *)region;
	g->bytes = (size_t)st.st_size;
	g->header = (struct ovmq_region_header *)region;
	if (g->header->magic == OVMQ_REGION_MAGIC && g->header->version == OVMQ_REGION_VERSION)
		return 0;
	ret = -EPROTO;
fail:
	ovmq_guest_close(g);
	return ret;
}

static inline void ovmq_guest_ring(struct ovmq_guest *g)
{
	const uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&g->header->host_sleeps, __ATOMIC_RELAXED) &&
	    write(g->doorbell, &one, sizeof(one)) < 0)
		return;   /* it rings already, as loud as it can */
}

static inline void ovmq_guest_give_back(struct ovmq_guest *g, uint32_t id, uint32_t generation)
{
	struct ovmq_region_return *ring =
		(struct ovmq_region_return *)(g->region + g->header->return_ring.offset);
	struct ovmq_region_return *to = &ring[g->return_tail & (g->header->return_entries - 1)];

	to->id = id;
	to->generation = generation;
	g->return_tail++;
	__atomic_store_n(&g->header->return_tail, g->return_tail, __ATOMIC_RELEASE);
	ovmq_guest_ring(g);
}

/* Whether that frame was taken back: its bytes may be another's by now. To be asked once
 * the bytes have been copied out. */
static inline bool ovmq_guest_is_stale(const struct ovmq_guest *g, const struct ovmq_frame *f)
{
	uint32_t at = (uint32_t)(f->bytes - g->region);
	const struct ovmq_region_area *memory = &g->header->memory;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return at >= memory->offset && at - memory->offset < memory->bytes &&
	       f->generation != __atomic_load_n(&g->header->generation, __ATOMIC_RELAXED);
}

/* The next frame, to be given back with ovmq_guest_return(). False: there is none. */
static inline bool ovmq_guest_receive(struct ovmq_guest *g, struct ovmq_frame *f)
{
	const struct ovmq_region_receive *ring =
		(const struct ovmq_region_receive *)(g->region + g->header->receive_ring.offset);

	while (g->receive_head != __atomic_load_n(&g->header->receive_tail, __ATOMIC_ACQUIRE)) {
		uint32_t at = g->receive_head++ & (g->header->receive_entries - 1);
		struct ovmq_region_receive e = ring[at];

		f->bytes = g->region + e.offset;
		f->length = e.length;
		f->id = e.id;
		f->generation = e.generation;
		if (!ovmq_guest_is_stale(g, f))
			return true;
	}
	return false;
}

static inline void ovmq_guest_return(struct ovmq_guest *g, const struct ovmq_frame *f)
{
	ovmq_guest_give_back(g, f->id, f->generation);
}

/* 0; -EAGAIN: the host has not taken enough of the earlier ones; -EMSGSIZE. */
static inline int ovmq_guest_send(struct ovmq_guest *g, const void *bytes, uint32_t length)
{
	const struct ovmq_region_header *h = g->header;
	struct ovmq_region_send *ring =
		(struct ovmq_region_send *)(g->region + h->send_ring.offset);
	uint32_t head = __atomic_load_n(&h->send_head, __ATOMIC_ACQUIRE);
	uint32_t at = g->send_tail & (h->send_entries - 1), room = h->sends.bytes / h->send_entries;

	if (length > h->max_frame || length > room)
		return -EMSGSIZE;
	g->full = g->send_tail - head >= h->send_entries;
	if (g->full)
		return -EAGAIN;
	memcpy(g->region + h->sends.offset + at * room, bytes, length);
	ring[at].offset = h->sends.offset + at * room;
	ring[at].length = length;
	g->send_tail++;
	__atomic_store_n(&g->header->send_tail, g->send_tail, __ATOMIC_RELEASE);
	ovmq_guest_ring(g);
	return 0;
}

static inline bool ovmq_guest_has_room(const struct ovmq_guest *g)
{
	return g->send_tail - __atomic_load_n(&g->header->send_head, __ATOMIC_ACQUIRE) <
	       g->header->send_entries;
}

/* Waits until there may be something to do, 'milliseconds' at most (-1: for ever).
 * False: the host has closed the port. */
static inline bool ovmq_guest_wait(struct ovmq_guest *g, int milliseconds)
{
	struct pollfd waits[2];
	uint64_t rings;

	waits[0].fd = g->interrupt;
	waits[1].fd = g->connection;
	waits[0].events = waits[1].events = POLLIN;
	waits[0].revents = waits[1].revents = 0;
	__atomic_store_n(&g->header->guest_sleeps, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (g->receive_head == __atomic_load_n(&g->header->receive_tail, __ATOMIC_ACQUIRE) &&
	    !(g->full && ovmq_guest_has_room(g)))
		poll(waits, 2, milliseconds);
	__atomic_store_n(&g->header->guest_sleeps, 0, __ATOMIC_RELAXED);
	if (waits[0].revents & POLLIN && read(g->interrupt, &rings, sizeof(rings)) < 0)
		return true;
	return !waits[1].revents;
}

#endif
