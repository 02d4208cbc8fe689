/* SPDX-License-Identifier: BSD-2-Clause */
#include "region_puppet.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <ovmq_guest.h>

enum what {
	OPEN, CLOSE, RECEIVE, RETURN, SEND, SEND_RAW, HEADER, POKE, FIND, FIND_RANGE, FLIP, FLIP_END,
	TRUNCATE, SEAL, STUFF, INTERRUPTS,
};

struct command {
	enum what what;
	uint64_t a, b;
	uint32_t length;
	uint8_t bytes[2048];
};

struct answer {
	int64_t result;
	uint32_t first;
	union {
		struct puppet_frame frame;
		struct ovmq_region_header header;
	};
};

/* ---- the process ---- */

static struct ovmq_guest guest;

static void do_receive(struct answer *a)
{
	struct ovmq_frame f;

	a->result = ovmq_guest_receive(&guest, &f);
	if (!a->result)
		return;
	a->frame = (struct puppet_frame){ .offset = (uint32_t)(f.bytes - guest.region),
					  .length = f.length, .id = f.id,
					  .generation = f.generation };
	memcpy(a->frame.bytes, f.bytes, f.length < 2048 ? f.length : 2048);
}

static void do_find(const struct command *c, struct answer *a)
{
	const uint8_t *at = guest.region, *end = guest.region + guest.bytes;

	for (; (at = memmem(at, (size_t)(end - at), c->bytes, c->length)); at++)
		if (!a->result++)
			a->first = (uint32_t)(at - guest.region);
}

static void do_find_range(const struct command *c, struct answer *a)
{
	const uint64_t *numbers = (const uint64_t *)guest.region;

	for (size_t i = 0; i < guest.bytes / 8; i++)
		a->result += numbers[i] >= c->a && numbers[i] < c->b;
}

static void do_send_raw(const struct command *c)
{
	struct ovmq_region_send *ring =
		(struct ovmq_region_send *)(guest.region + guest.header->send_ring.offset);

	ring[guest.send_tail++ & (guest.header->send_entries - 1)] =
		(struct ovmq_region_send){ (uint32_t)c->a, (uint32_t)c->b };
	__atomic_store_n(&guest.header->send_tail, guest.send_tail, __ATOMIC_RELEASE);
	ovmq_guest_ring(&guest);
}

static void do_stuff(void)
{
	uint64_t most = UINT64_MAX - 1, old;

	fcntl(guest.interrupt, F_SETFL, fcntl(guest.interrupt, F_GETFL) | O_NONBLOCK);
	while (read(guest.interrupt, &old, sizeof(old)) > 0)
		;
	if (write(guest.interrupt, &most, sizeof(most)) < 0)
		_exit(3);
	fcntl(guest.interrupt, F_SETFL, fcntl(guest.interrupt, F_GETFL) & ~O_NONBLOCK);
}

static int64_t do_interrupts(void)
{
	uint64_t n = 0;

	fcntl(guest.interrupt, F_SETFL, fcntl(guest.interrupt, F_GETFL) | O_NONBLOCK);
	return read(guest.interrupt, &n, sizeof(n)) > 0 ? (int64_t)n : 0;
}

static void obey(const struct command *c, struct answer *a)
{
	switch (c->what) {
	case OPEN:
		a->result = ovmq_guest_open(&guest, (const char *)c->bytes);
		break;
	case CLOSE:
		ovmq_guest_close(&guest);
		break;
	case RECEIVE:
		do_receive(a);
		break;
	case RETURN:
		ovmq_guest_give_back(&guest, (uint32_t)c->a, (uint32_t)c->b);
		break;
	case SEND:
		a->result = ovmq_guest_send(&guest, c->bytes, c->length);
		break;
	case SEND_RAW:
		do_send_raw(c);
		break;
	case HEADER:
		a->header = *guest.header;
		break;
	case POKE:
		memcpy(guest.region + c->a, c->bytes, c->length);
		break;
	case FIND:
		do_find(c, a);
		break;
	case FIND_RANGE:
		do_find_range(c, a);
		break;
	case TRUNCATE:
		a->result = ftruncate(guest.memory, (off_t)c->a) ? -errno : 0;
		break;
	case SEAL:
		a->result = fcntl(guest.memory, F_ADD_SEALS, (int)c->a) ? -errno : 0;
		break;
	case STUFF:
		do_stuff();
		break;
	case INTERRUPTS:
		a->result = do_interrupts();
		break;
	default:
		break;
	}
}

static void live(int commands, int answers)
{
	uint8_t *flip = NULL;
	size_t n = 0;

	for (;;) {
		struct pollfd wait = { .fd = commands, .events = POLLIN };
		struct answer a = { .result = 0 };
		struct command c;

		for (size_t i = 0; i < n; i++)
			((volatile uint8_t *)flip)[i] ^= 0xff;
		if (!poll(&wait, 1, flip ? 0 : -1))
			continue;
		if (read(commands, &c, sizeof(c)) != sizeof(c))
			_exit(0);
		if (c.what == FLIP || c.what == FLIP_END) {
			flip = c.what == FLIP ? guest.region + c.a : NULL;
			n = c.what == FLIP ? c.length : 0;
		} else {
			obey(&c, &a);
		}
		if (write(answers, &a, sizeof(a)) != sizeof(a))
			_exit(0);
	}
}

/* ---- the test ---- */

void puppet_start(struct puppet *p)
{
	int commands[2], answers[2];

	if (pipe2(commands, O_CLOEXEC | O_DIRECT) || pipe2(answers, O_CLOEXEC | O_DIRECT))
		abort();
	p->pid = fork();
	if (p->pid < 0)
		abort();
	if (!p->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		guest.connection = guest.memory = guest.doorbell = guest.interrupt = -1;
		close(commands[1]);
		close(answers[0]);
		live(commands[0], answers[1]);
	}
	close(commands[0]);
	close(answers[1]);
	p->commands = commands[1];
	p->answers = answers[0];
}

void puppet_kill(struct puppet *p)
{
	if (!p->pid)
		return;
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	close(p->commands);
	close(p->answers);
	p->pid = 0;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "the guest's process: %s\n", what);
	abort();
}

static void begin(struct puppet *p, const struct command *c)
{
	if (write(p->commands, c, sizeof(*c)) != sizeof(*c))
		fail("gone");
}

static struct answer end(struct puppet *p)
{
	struct pollfd wait = { .fd = p->answers, .events = POLLIN };
	struct answer a;

	if (poll(&wait, 1, 10000) != 1 || read(p->answers, &a, sizeof(a)) != sizeof(a))
		fail("no answer in ten seconds");
	return a;
}

static struct answer call(struct puppet *p, const struct command *c)
{
	begin(p, c);
	return end(p);
}

void puppet_open_begin(struct puppet *p, const char *path)
{
	struct command c = { .what = OPEN };

	snprintf((char *)c.bytes, sizeof(c.bytes), "%s", path);
	begin(p, &c);
}

int puppet_open_end(struct puppet *p)
{
	return (int)end(p).result;
}

int puppet_open(struct puppet *p, const char *path)
{
	puppet_open_begin(p, path);
	return puppet_open_end(p);
}

void puppet_close(struct puppet *p)
{
	call(p, &(struct command){ .what = CLOSE });
}

bool puppet_receive(struct puppet *p, struct puppet_frame *frame)
{
	struct answer a = call(p, &(struct command){ .what = RECEIVE });

	*frame = a.frame;
	return a.result;
}

void puppet_return(struct puppet *p, uint32_t id, uint32_t generation)
{
	call(p, &(struct command){ .what = RETURN, .a = id, .b = generation });
}

int puppet_send(struct puppet *p, const void *bytes, uint32_t length)
{
	struct command c = { .what = SEND, .length = length };

	memcpy(c.bytes, bytes, length);
	return (int)call(p, &c).result;
}

void puppet_send_raw(struct puppet *p, uint32_t offset, uint32_t length)
{
	call(p, &(struct command){ .what = SEND_RAW, .a = offset, .b = length });
}

void puppet_header(struct puppet *p, struct ovmq_region_header *header)
{
	*header = call(p, &(struct command){ .what = HEADER }).header;
}

void puppet_poke(struct puppet *p, uint32_t offset, const void *bytes, uint32_t length)
{
	struct command c = { .what = POKE, .a = offset, .length = length };

	memcpy(c.bytes, bytes, length);
	call(p, &c);
}

unsigned puppet_find(struct puppet *p, const void *bytes, uint32_t length, uint32_t *first)
{
	struct command c = { .what = FIND, .length = length };
	struct answer a;

	memcpy(c.bytes, bytes, length);
	a = call(p, &c);
	if (first)
		*first = a.first;
	return (unsigned)a.result;
}

unsigned puppet_find_range(struct puppet *p, uint64_t from, uint64_t to)
{
	return (unsigned)call(p, &(struct command){ .what = FIND_RANGE, .a = from, .b = to }).result;
}

void puppet_flip(struct puppet *p, uint32_t from, uint32_t length)
{
	call(p, &(struct command){ .what = FLIP, .a = from, .length = length });
}

void puppet_flip_end(struct puppet *p)
{
	call(p, &(struct command){ .what = FLIP_END });
}

int puppet_truncate(struct puppet *p, uint64_t length)
{
	return (int)call(p, &(struct command){ .what = TRUNCATE, .a = length }).result;
}

int puppet_seal(struct puppet *p, int seals)
{
	return (int)call(p, &(struct command){ .what = SEAL, .a = (uint64_t)seals }).result;
}

void puppet_stuff_interrupt(struct puppet *p)
{
	call(p, &(struct command){ .what = STUFF });
}

uint64_t puppet_interrupts(struct puppet *p)
{
	return (uint64_t)call(p, &(struct command){ .what = INTERRUPTS }).result;
}
