/* SPDX-License-Identifier: BSD-2-Clause */
#include "vhost_master.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Where things lie in the memory that is shared; a guest's physical address is the offset. */
#define RING_BYTES  0x4000
#define AVAILABLE   0x1000
#define USED        0x2000
#define RECEIVE_AT  0x10000
#define RECEIVE_EACH 4096u
#define SEND_AT     0x100000
#define SEND_EACH   0x20000u
#define SENDS       64u
#define BYTES       (SEND_AT + SENDS * SEND_EACH)

#define MRG_RXBUF (1ull << 15)
#define VERSION_1 (1ull << 32)

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct available {
	uint16_t flags, index, ring[VHOST_MASTER_RING];
};

struct used {
	uint16_t flags, index;
	struct { uint32_t id, length; } ring[VHOST_MASTER_RING];
};

static struct descriptor *descriptors(const struct vhost_master *v, int ring)
{
	return (struct descriptor *)(v->memory + ring * RING_BYTES);
}

static struct available *available(const struct vhost_master *v, int ring)
{
	return (struct available *)(v->memory + ring * RING_BYTES + AVAILABLE);
}

static struct used *used(const struct vhost_master *v, int ring)
{
	return (struct used *)(v->memory + ring * RING_BYTES + USED);
}

bool vhost_master_ask(const struct vhost_master *v, enum vhost_request request,
		      const void *payload, uint32_t size, int fd)
{
	uint8_t bytes[256], control[CMSG_SPACE(sizeof(int))] = { 0 };
	const uint32_t head[3] = { request, v->told ? 1 | 8 : 1, size };
	struct iovec iov = { bytes, sizeof(head) + size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	memcpy(bytes, head, sizeof(head));
	if (size)
		memcpy(bytes + sizeof(head), payload, size);
	if (fd >= 0) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(v->socket, &m, 0) == (ssize_t)iov.iov_len;
}

static bool ask_u64(const struct vhost_master *v, enum vhost_request request, uint64_t value,
		    int fd)
{
	return vhost_master_ask(v, request, &value, sizeof(value), fd);
}

bool vhost_master_answer(const struct vhost_master *v, uint64_t *value)
{
	struct { uint32_t head[3]; uint64_t value; } __attribute__((packed)) answer = { { 0 }, 0 };
	uint32_t size;

	if (recv(v->socket, &answer, sizeof(answer.head), MSG_WAITALL) != sizeof(answer.head))
		return false;
	size = answer.head[2];
	if (size > sizeof(answer.value) ||
	    (size && recv(v->socket, &answer.value, size, MSG_WAITALL) != (ssize_t)size))
		return false;
	*value = answer.value;
	return true;
}

static bool features_get(struct vhost_master *v)
{
	return vhost_master_ask(v, VHOST_GET_FEATURES, NULL, 0, -1) &&
	       vhost_master_answer(v, &v->offered);
}

bool vhost_master_settle(const struct vhost_master *v)
{
	uint64_t value;

	/* An answer goes out before its message is done with; the second's says that the first is. */
	for (int i = 0; i < 2; i++)
		if (!vhost_master_ask(v, VHOST_GET_FEATURES, NULL, 0, -1) ||
		    !vhost_master_answer(v, &value))
			return false;
	return true;
}

bool vhost_master_ring(struct vhost_master *v, int ring, uint32_t from, bool log)
{
	const uint32_t number[2] = { (uint32_t)ring, VHOST_MASTER_RING };
	const uint32_t base[2] = { (uint32_t)ring, from };
	const struct { uint32_t index, flags; uint64_t descriptors, used, available, log; } where = {
		(uint32_t)ring, log, (uint64_t)(uintptr_t)descriptors(v, ring),
		(uint64_t)(uintptr_t)used(v, ring), (uint64_t)(uintptr_t)available(v, ring),
		(uint64_t)ring * RING_BYTES + USED,
	};

	if (v->kick[ring] >= 0) {
		close(v->kick[ring]);
		close(v->call[ring]);
	}
	v->kick[ring] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	v->call[ring] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return vhost_master_ask(v, VHOST_SET_VRING_NUM, number, sizeof(number), -1) &&
	       vhost_master_ask(v, VHOST_SET_VRING_BASE, base, sizeof(base), -1) &&
	       vhost_master_ask(v, VHOST_SET_VRING_ADDR, &where, sizeof(where), -1) &&
	       ask_u64(v, VHOST_SET_VRING_CALL, (uint64_t)ring, v->call[ring]) &&
	       ask_u64(v, VHOST_SET_VRING_KICK, (uint64_t)ring, v->kick[ring]);
}

static void ring_put(struct vhost_master *v, int ring, uint16_t descriptor)
{
	struct available *a = available(v, ring);

	a->ring[a->index % VHOST_MASTER_RING] = descriptor;
	__atomic_store_n(&a->index, (uint16_t)(a->index + 1), __ATOMIC_RELEASE);
}

static void buffers_put(struct vhost_master *v)
{
	for (uint16_t i = 0; i < VHOST_MASTER_BUFFERS; i++) {
		descriptors(v, VHOST_MASTER_TO_GUEST)[i] = (struct descriptor){
			RECEIVE_AT + i * RECEIVE_EACH, RECEIVE_EACH, 2 /* for the device */, 0 };
		ring_put(v, VHOST_MASTER_TO_GUEST, i);
	}
}

bool vhost_master_memory(const struct vhost_master *v, uint64_t bytes)
{
	const struct { uint32_t n, padding; uint64_t region[4]; } table = {
		1, 0, { 0, bytes, (uint64_t)(uintptr_t)v->memory, 0 } };

	return vhost_master_ask(v, VHOST_SET_MEM_TABLE, &table, sizeof(table), v->memory_fd);
}

bool vhost_master_start(struct vhost_master *v, const char *path, uint64_t features)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	*v = (struct vhost_master){ .kick = { -1, -1 }, .call = { -1, -1 } };
	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	v->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	v->memory_fd = memfd_create("guest", MFD_CLOEXEC);
	if (connect(v->socket, (struct sockaddr *)&to, sizeof(to)) || ftruncate(v->memory_fd, BYTES))
		return false;
	v->memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, v->memory_fd, 0);
	if (v->memory == MAP_FAILED || !features_get(v))
		return false;
	buffers_put(v);
	v->features = v->offered & (features | MRG_RXBUF | VERSION_1);
	return vhost_master_ask(v, VHOST_SET_OWNER, NULL, 0, -1) &&
	       ask_u64(v, VHOST_SET_FEATURES, v->features, -1) &&
	       vhost_master_memory(v, BYTES) &&
	       vhost_master_ring(v, VHOST_MASTER_TO_GUEST, 0, false) &&
	       vhost_master_ring(v, VHOST_MASTER_FROM_GUEST, 0, false);
}

void vhost_master_stop(struct vhost_master *v)
{
	const int fds[] = { v->socket, v->memory_fd, v->kick[0], v->kick[1], v->call[0], v->call[1] };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	munmap(v->memory, BYTES);
	v->memory = NULL;
}

void vhost_master_send(struct vhost_master *v, const struct vhost_master_header *h,
		       const void *frame, uint32_t length)
{
	uint16_t slot = v->sent++ % SENDS;
	uint64_t at = SEND_AT + (uint64_t)slot * SEND_EACH;

	memcpy(v->memory + at, h, sizeof(*h));
	memcpy(v->memory + at + sizeof(*h), frame, length);
	descriptors(v, VHOST_MASTER_FROM_GUEST)[slot] =
		(struct descriptor){ at, (uint32_t)sizeof(*h) + length, 0, 0 };
	ring_put(v, VHOST_MASTER_FROM_GUEST, slot);
}

uint32_t vhost_master_receive(struct vhost_master *v, struct vhost_master_header *h, uint8_t *frame,
			      uint32_t room)
{
	const struct used *u = used(v, VHOST_MASTER_TO_GUEST);
	uint32_t all = 0;
	uint16_t left = 1;

	if (__atomic_load_n(&u->index, __ATOMIC_ACQUIRE) == v->seen)
		return 0;
	for (bool first = true; left; left--, first = false) {
		uint32_t id = u->ring[v->seen % VHOST_MASTER_RING].id;
		uint32_t n = u->ring[v->seen % VHOST_MASTER_RING].length;
		const uint8_t *from = v->memory + RECEIVE_AT + id * RECEIVE_EACH;

		if (first) {
			memcpy(h, from, sizeof(*h));
			left = h->num_buffers;
			from += sizeof(*h);
			n -= (uint32_t)sizeof(*h);
		}
		if (all + n > room)
			abort();
		memcpy(frame + all, from, n);
		all += n;
		v->seen++;
		ring_put(v, VHOST_MASTER_TO_GUEST, (uint16_t)id);
	}
	return all;
}

bool vhost_master_may_kick(const struct vhost_master *v, int ring)
{
	return !(__atomic_load_n(&used(v, ring)->flags, __ATOMIC_ACQUIRE) & 1);
}

unsigned vhost_master_out(const struct vhost_master *v)
{
	return (uint16_t)(v->sent -
			  __atomic_load_n(&used(v, VHOST_MASTER_FROM_GUEST)->index, __ATOMIC_ACQUIRE));
}
