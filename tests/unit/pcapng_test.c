/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame/pcapng.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "frame/capture.h"

static char dir[] = "/tmp/pcapng_test.XXXXXX";
static char path[128];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/deep/er/wire.pcapng", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char file[160];

	(void)state;
	unlink(path);
	snprintf(file, sizeof(file), "%s/deep/er", dir);
	rmdir(file);
	snprintf(file, sizeof(file), "%s/deep", dir);
	rmdir(file);
	return rmdir(dir);
}

static size_t read_file(uint8_t *bytes, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(bytes, 1, room, f);
	fclose(f);
	return n;
}

static uint32_t word(const uint8_t *bytes)
{
	uint32_t w;

	memcpy(&w, bytes, sizeof(w));
	return w;
}

/* The block lengths, at both ends of every block, lead exactly to the file's end. */
static void blocks_are_whole(void **state)
{
	static const uint32_t types[] = { 0x0a0d0d0a, 1, 6, 6, 6 };
	uint8_t bytes[2048], frame[61] = { 1, 2, 3 };
	struct pcapng *file;
	unsigned blocks = 0;
	size_t n, at = 0;

	(void)state;
	assert_int_equal(pcapng_create(&file, path, "wire0", NULL), 0);
	assert_int_equal(pcapng_write(file, frame, 60, 1, NULL), 0);
	assert_int_equal(pcapng_write(file, frame, 61, 2, "lost: queue_full"), 0);
	assert_int_equal(pcapng_write(file, frame, 0, 3, ""), 0);
	assert_int_equal(pcapng_close(file), 0);
	n = read_file(bytes, sizeof(bytes));
	for (; at < n; blocks++) {
		uint32_t length = word(bytes + at + 4);

		assert_true(blocks < 5);
		assert_int_equal(word(bytes + at), types[blocks]);
		assert_int_equal(length % 4, 0);
		assert_true(at + length <= n);
		assert_int_equal(word(bytes + at + length - 4), length);
		at += length;
	}
	assert_int_equal(at, n);
	assert_int_equal(blocks, 5);
	assert_non_null(memmem(bytes, n, "wire0", 5));
	assert_non_null(memmem(bytes, n, "lost: queue_full", 16));
}

static void frames_and_times_come_back(void **state)
{
	static const uint64_t times[] = { 0, 1700000000123456789u, 4102444800999999999u };
	static const uint32_t lengths[] = { 14, 60, 9618 };
	uint8_t frame[9618];
	struct capture_frame back;
	struct capture *capture;
	struct pcapng *file;

	(void)state;
	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 7);
	assert_int_equal(pcapng_create(&file, path, "wire0", NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pcapng_write(file, frame, lengths[i], times[i], i ? "why" : NULL), 0);
	assert_int_equal(pcapng_close(file), 0);
	assert_int_equal(capture_open(&capture, path, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(capture_next(capture, &back, NULL), 1);
		assert_int_equal(back.length, lengths[i]);
		assert_int_equal(back.wire_length, lengths[i]);
		assert_int_equal(back.time_ns, times[i]);
		assert_memory_equal(back.bytes, frame, lengths[i]);
	}
	assert_int_equal(capture_next(capture, &back, NULL), 0);
	capture_close(capture);
}

static void a_full_disk_is_told_at_once(void **state)
{
	struct pcapng *file;
	struct error err;

	(void)state;
	assert_int_equal(pcapng_create(&file, "/dev/full", "wire0", &err), -ENOSPC);
	assert_null(file);
	assert_non_null(strstr(err.text, "'/dev/full': cannot be written: No space left"));
}

static void places_that_cannot_be_written(void **state)
{
	struct pcapng *file;
	struct error err;

	(void)state;
	assert_int_equal(pcapng_create(&file, dir, "wire0", &err), -EISDIR);
	assert_non_null(strstr(err.text, "is a directory"));
	assert_int_equal(pcapng_create(&file, "/proc/none/wire.pcapng", "wire0", &err), -ENOENT);
	assert_non_null(strstr(err.text, "its directory cannot be made"));
	assert_int_equal(pcapng_create(&file, "", "wire0", &err), -ENOENT);
	assert_null(strchr(err.text, '\n'));
}

static void a_failed_write_stays(void **state)
{
	static const uint8_t frame[60];
	struct pcapng *file;
	char link[64];
	int ends[2], rc = 0;

	(void)state;
	/* A file that takes its header and fails afterwards: a pipe whose reader goes. */
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", ends[1]);
	assert_int_equal(pcapng_create(&file, link, "wire0", NULL), 0);
	close(ends[0]);
	for (int i = 0; i < 10000 && !rc; i++)
		rc = pcapng_write(file, frame, sizeof(frame), 0, NULL);
	assert_int_equal(rc, -EPIPE);
	assert_int_equal(pcapng_write(file, frame, sizeof(frame), 0, NULL), -EPIPE);
	assert_int_equal(pcapng_close(file), -EPIPE);
	close(ends[1]);
}

static void an_absurd_length_is_refused(void **state)
{
	struct pcapng *file;

	(void)state;
	assert_int_equal(pcapng_create(&file, path, "wire0", NULL), 0);
	assert_int_equal(pcapng_write(file, "", UINT32_MAX, 0, NULL), -EMSGSIZE);
	assert_int_equal(pcapng_close(file), 0);
	assert_int_equal(pcapng_close(NULL), 0);
}

/* A process that ends without closing: what it wrote is there, and nothing after. */
static void a_crash_saves_whole_frames(void **state)
{
	uint8_t bytes[8192], frame[1000] = { 1 };
	struct pcapng *file;
	size_t n, at = 0;
	unsigned blocks = 0;
	int status;
	pid_t child = fork();

	(void)state;
	if (!child) {
		if (pcapng_create(&file, path, "wire0", NULL) ||
		    pcapng_write(file, frame, sizeof(frame), 1, NULL) ||
		    pcapng_write(file, frame, sizeof(frame), 2, "the last"))
			_exit(2);
		if (pcapng_save_all() || pcapng_write(file, frame, sizeof(frame), 3, NULL))
			_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	n = read_file(bytes, sizeof(bytes));
	for (; at < n; at += word(bytes + at + 4))
		blocks++;
	assert_int_equal(at, n);
	assert_int_equal(blocks, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_whole),
		cmocka_unit_test(frames_and_times_come_back),
		cmocka_unit_test(a_full_disk_is_told_at_once),
		cmocka_unit_test(places_that_cannot_be_written),
		cmocka_unit_test(a_failed_write_stays),
		cmocka_unit_test(an_absurd_length_is_refused),
		cmocka_unit_test(a_crash_saves_whole_frames),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
