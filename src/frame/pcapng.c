/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffer is our own, since it must be saved when the process crashes: it is known
 * at any moment how much of it is whole blocks, and who is writing it.
 */
#include "frame/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The blocks of draft-ietf-opsawg-pcapng, in this machine's byte order, which
 * the byte-order magic tells the reader. */
enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_IF_NAME = 2, OPTION_IF_TSRESOL = 9 };

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1
#define LONGEST_FRAME (1u << 24)   /* far above any frame; keeps block lengths in 32 bits */
#define BUFFER_SIZE (256u << 10)

struct pcapng {
	struct pcapng *next;          /* among those that are open */
	int fd;
	int error;                    /* negative errno of the first failure; it stays */
	_Atomic(const char *) writer; /* a mark of the thread that is writing; NULL: nobody */
	size_t used;
	atomic_size_t whole;          /* of those, the ones that are whole blocks */
	unsigned char buffer[BUFFER_SIZE];
};

static struct pcapng *open_files;
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list */
static atomic_bool over;              /* pcapng_save_all has been called */
static _Thread_local char mark;       /* its address tells this thread from others */

struct section_block {
	uint32_t type, length, magic;
	uint16_t major, minor;
	int64_t section_length;   /* -1: not known */
} __attribute__((packed));

struct interface_block {
	uint32_t type, length;
	uint16_t linktype, reserved;
	uint32_t snaplen;         /* 0: no limit */
};

struct packet_block {
	uint32_t type, length, interface, time_high, time_low, captured, original;
};

/* ---- the buffer ---- */

static int write_all(int fd, const unsigned char *bytes, size_t n)
{
	while (n) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return errno ? -errno : -EIO;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

static void drain(struct pcapng *f)
{
	size_t n = f->used;

	f->used = 0;
	atomic_store(&f->whole, 0);
	if (!f->error)
		f->error = write_all(f->fd, f->buffer, n);
}

static void put(struct pcapng *f, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;

	while (n && !f->error) {
		size_t part = sizeof(f->buffer) - f->used;

		part = part < n ? part : n;
		memcpy(f->buffer + f->used, from, part);
		f->used += part;
		from += part;
		n -= part;
		if (f->used == sizeof(f->buffer))
			drain(f);
	}
}

/* Before and after whole blocks of so many bytes. False: the file is done with. */
static bool begin(struct pcapng *f, size_t n)
{
	const char *nobody = NULL;

	while (!atomic_compare_exchange_weak(&f->writer, &nobody, &mark)) {
		if (atomic_load(&over))
			return false;
		nobody = NULL;
		sched_yield();
	}
	/* So that no block lies half in the file; larger ones than the buffer cannot help it. */
	if (f->used + n > sizeof(f->buffer))
		drain(f);
	return true;
}

static void end(struct pcapng *f)
{
	atomic_store_explicit(&f->whole, f->used, memory_order_relaxed);
	atomic_store_explicit(&f->writer, NULL, memory_order_release);
}

/* ---- the blocks ---- */

static uint32_t padding(size_t n)
{
	return (uint32_t)(-n & 3);
}

static void put_padded(struct pcapng *f, const void *bytes, size_t n)
{
	static const char zeros[4];

	put(f, bytes, n);
	put(f, zeros, padding(n));
}

static uint32_t option_size(size_t n)
{
	return 4 + (uint32_t)n + padding(n);
}

static void put_option(struct pcapng *f, uint16_t code, const void *value, size_t n)
{
	uint16_t head[2] = { code, (uint16_t)n };

	put(f, head, sizeof(head));
	put_padded(f, value, n);
}

static void put_header(struct pcapng *f, const char *interface)
{
	static const uint8_t nanoseconds = 9;
	size_t name = strnlen(interface, UINT16_MAX);
	struct section_block section = {
		.type = BLOCK_SECTION, .length = sizeof(section) + 4, .magic = BYTE_ORDER_MAGIC,
		.major = 1, .section_length = -1,
	};
	struct interface_block ifb = {
		.type = BLOCK_INTERFACE, .linktype = LINKTYPE_ETHERNET,
		.length = (uint32_t)sizeof(ifb) + option_size(name) + option_size(1) +
			  option_size(0) + 4,
	};

	put(f, &section, sizeof(section));
	put(f, &section.length, 4);
	put(f, &ifb, sizeof(ifb));
	put_option(f, OPTION_IF_NAME, interface, name);
	put_option(f, OPTION_IF_TSRESOL, &nanoseconds, 1);
	put_option(f, OPTION_END, NULL, 0);
	put(f, &ifb.length, 4);
}

/* Makes every directory of 'path' that is missing; the file itself is left. A
 * failure shows when the file is opened. */
static void make_directories(const char *path)
{
	char *copy = strdup(path);

	for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0777);
		*slash = '/';
	}
	free(copy);
}

static int open_failed(const char *path, int code, struct error *err)
{
	switch (code) {
	case EACCES:
	case EPERM:
	case EROFS:
		return error_set(err, EPERM, "capture '%s': not allowed to write it (%s); choose "
				 "another place or give this user write permission", path,
				 strerror(code));
	case EISDIR:
		return error_set(err, EISDIR, "capture '%s': is a directory; name a file in it", path);
	case ENOENT:
	case ENOTDIR:
		return error_set(err, ENOENT, "capture '%s': its directory cannot be made (%s); "
				 "check the name", path, strerror(code));
	default:
		return error_set(err, code, "capture '%s': cannot be made: %s", path, strerror(code));
	}
}

int pcapng_create(struct pcapng **file, const char *path, const char *interface,
		  struct error *err)
{
	struct pcapng *f = calloc(1, sizeof(*f));
	int rc;

	*file = NULL;
	if (!f)
		return error_set(err, ENOMEM, "capture '%s': out of memory", path);
	if (path[0])
		make_directories(path);
	f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (f->fd < 0) {
		rc = open_failed(path, errno, err);
		free(f);
		return rc;
	}
	pthread_mutex_lock(&open_lock);
	f->next = open_files;
	open_files = f;
	pthread_mutex_unlock(&open_lock);
	put_header(f, interface);
	/* A full disk is told now and not after the run. */
	drain(f);
	if (f->error) {
		rc = error_set(err, -f->error, "capture '%s': cannot be written: %s; free some space "
			       "or choose another place", path, strerror(-f->error));
		pcapng_close(f);
		return rc;
	}
	*file = f;
	return 0;
}

int pcapng_write(struct pcapng *file, const void *bytes, uint32_t length, uint64_t time_ns,
		 const char *comment)
{
	size_t text = comment ? strnlen(comment, UINT16_MAX) : 0;
	struct packet_block block = {
		.type = BLOCK_PACKET, .captured = length, .original = length,
		.time_high = (uint32_t)(time_ns >> 32), .time_low = (uint32_t)time_ns,
		.length = (uint32_t)sizeof(block) + length + padding(length) + 4,
	};

	if (length > LONGEST_FRAME)
		return -EMSGSIZE;
	if (comment)
		block.length += option_size(text) + option_size(0);
	if (!begin(file, block.length))
		return 0;
	put(file, &block, sizeof(block));
	put_padded(file, bytes, length);
	if (comment) {
		put_option(file, OPTION_COMMENT, comment, text);
		put_option(file, OPTION_END, NULL, 0);
	}
	put(file, &block.length, 4);
	end(file);
	return file->error;
}

int pcapng_close(struct pcapng *file)
{
	struct pcapng **at = &open_files;
	int rc;

	if (!file)
		return 0;
	pthread_mutex_lock(&open_lock);
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	pthread_mutex_unlock(&open_lock);
	if (begin(file, 0))
		drain(file);
	if (close(file->fd) && !file->error)
		file->error = -errno;
	rc = file->error;
	free(file);
	return rc;
}

/* Whether nobody will touch the buffer any more; or it is this very thread that did. */
static bool take_over(struct pcapng *f)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	const char *writer = NULL;

	for (unsigned tries = 0; tries < 100; tries++) {
		if (atomic_compare_exchange_strong(&f->writer, &writer, &mark) || writer == &mark)
			return true;
		writer = NULL;
		nanosleep(&moment, NULL);
	}
	return false;
}

unsigned pcapng_save_all(void)
{
	unsigned lost = 0;

	atomic_store(&over, true);
	for (struct pcapng *f = open_files; f; f = f->next)
		if (!take_over(f) || f->error ||
		    write_all(f->fd, f->buffer, atomic_load(&f->whole)))
			lost++;
	return lost;
}
