/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of a VM port 'region:PATH': receives, prints a line a frame, may send one.
 * It knows nothing of OpenVMQ but the two headers in include/guest:
 *
 *   cc -I include/guest -o region_guest examples/region_guest.c
 *   region_guest PATH [frames=N] [seconds=N] [send=DESTINATION,SOURCE,TEXT] [quiet]
 *
 * Waits until somebody listens on PATH. Ends after N frames (0, the default: never),
 * after N seconds (default 10), or when the port closes; status 1 when there was no port,
 * or fewer frames than wanted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <ovmq_guest.h>

static struct {
	unsigned long frames;
	unsigned seconds;
	const char *send;
	bool quiet;
} wish = { .seconds = 10 };

static bool wishes_read(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "quiet"))
			wish.quiet = true;
		else if (!strncmp(argv[i], "send=", 5))
			wish.send = argv[i] + 5;
		else if (sscanf(argv[i], "frames=%lu", &wish.frames) != 1 &&
			 sscanf(argv[i], "seconds=%u", &wish.seconds) != 1)
			return false;
	}
	return argc >= 2;
}

static bool time_is_up(time_t begin)
{
	return time(NULL) - begin >= (time_t)wish.seconds;
}

/* Twelve digits with colons between them. */
static const char *address_read(const char *text, uint8_t *address)
{
	unsigned b[6];
	int end = 0;

	if (sscanf(text, "%x:%x:%x:%x:%x:%x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6)
		return NULL;
	for (unsigned i = 0; i < 6; i++)
		address[i] = (uint8_t)b[i];
	return text + end;
}

/* EtherType 0x88b5 is for experiments. */
static bool send_text(struct ovmq_guest *g)
{
	uint8_t frame[1514] = { 0 };
	const char *at = address_read(wish.send, frame);
	size_t length;

	if (at && *at == ',')
		at = address_read(at + 1, frame + 6);
	if (!at || *at != ',') {
		fprintf(stderr, "region_guest: send needs DESTINATION,SOURCE,TEXT\n");
		return false;
	}
	frame[12] = 0x88;
	frame[13] = 0xb5;
	length = strnlen(at + 1, 1400);
	memcpy(frame + 14, at + 1, length);
	length += 14;
	return !ovmq_guest_send(g, frame, length < 60 ? 60 : (uint32_t)length);
}

/* The sum of all bytes tells whether they are those that were sent. */
static void print(const struct ovmq_guest *g, const uint8_t *frame, uint32_t length)
{
	bool lent = frame >= g->region + g->header->memory.offset;
	unsigned long sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum = sum * 31 + frame[i];
	printf("%4u bytes to %02x:%02x:%02x:%02x:%02x:%02x "
	       "from %02x:%02x:%02x:%02x:%02x:%02x type %02x%02x sum %016lx %s\n",
	       length, frame[0], frame[1], frame[2], frame[3], frame[4], frame[5], frame[6], frame[7],
	       frame[8], frame[9], frame[10], frame[11], frame[12], frame[13], sum,
	       lent ? "lent" : "copied");
}

static unsigned long receive(struct ovmq_guest *g, time_t begin)
{
	unsigned long n = 0;
	struct ovmq_frame f;

	while (!time_is_up(begin) && (!wish.frames || n < wish.frames)) {
		if (!ovmq_guest_receive(g, &f)) {
			if (!ovmq_guest_wait(g, 100))
				break;
			continue;
		}
		if (!wish.quiet)
			print(g, f.bytes, f.length);
		/* Bytes that were taken back while we looked at them were none. */
		if (!ovmq_guest_is_stale(g, &f))
			n++;
		ovmq_guest_return(g, &f);
	}
	return n;
}

int main(int argc, char **argv)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	time_t begin = time(NULL);
	struct ovmq_guest guest;
	unsigned long n;
	int ret;

	if (!wishes_read(argc, argv)) {
		fprintf(stderr, "usage: region_guest PATH [frames=N] [seconds=N] "
			"[send=DESTINATION,SOURCE,TEXT] [quiet]\n");
		return 2;
	}
	while ((ret = ovmq_guest_open(&guest, argv[1])) && !time_is_up(begin))
		nanosleep(&moment, NULL);
	if (ret) {
		fprintf(stderr, "region_guest: %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	if (wish.send && !send_text(&guest)) {
		ovmq_guest_close(&guest);
		return 1;
	}
	n = receive(&guest, begin);
	fprintf(stderr, "region_guest: %lu frames\n", n);
	ovmq_guest_close(&guest);
	return n < wish.frames;
}
