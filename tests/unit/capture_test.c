/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame/capture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "frame/pcapng.h"

static char dir[] = "/tmp/capture_test.XXXXXX";
static char path[64];
static uint8_t frame[100];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/a", dir);
	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void put32(FILE *f, uint32_t value)
{
	fwrite(&value, sizeof(value), 1, f);
}

/* A pcap file, written down from the format by hand: two records, the second
 * of 'in_file' bytes out of 100. */
static void write_pcap(uint32_t magic, uint32_t linktype, uint32_t in_file)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	put32(f, magic);
	put32(f, 4u << 16 | 2);
	put32(f, 0);
	put32(f, 0);
	put32(f, 65535);
	put32(f, linktype);
	for (int i = 0; i < 2; i++) {
		uint32_t n = i ? in_file : 60;

		put32(f, 1000u + (uint32_t)i);
		put32(f, 5);
		put32(f, n);
		put32(f, i ? 100 : 60);
		fwrite(frame, 1, n, f);
	}
	fclose(f);
}

static void write_pcapng(void)
{
	struct pcapng *file;

	assert_int_equal(pcapng_create(&file, path, "wire0", NULL), 0);
	assert_int_equal(pcapng_write(file, frame, 60, 1000000000005u, NULL), 0);
	assert_int_equal(pcapng_write(file, frame, 100, 1001000000005u, NULL), 0);
	assert_int_equal(pcapng_close(file), 0);
}

static void expect_two_frames(uint64_t first_ns, uint32_t second_length)
{
	struct capture_frame got;
	struct capture *c;

	assert_int_equal(capture_open(&c, path, NULL), 0);
	assert_int_equal(capture_next(c, &got, NULL), 1);
	assert_int_equal(got.time_ns, first_ns);
	assert_int_equal(got.length, 60);
	assert_memory_equal(got.bytes, frame, 60);
	assert_int_equal(capture_next(c, &got, NULL), 1);
	assert_int_equal(got.length, second_length);
	assert_int_equal(got.wire_length, 100);
	assert_int_equal(capture_next(c, &got, NULL), 0);
	assert_int_equal(capture_next(c, &got, NULL), 0);
	capture_close(c);
}

static void well_formed(void **state)
{
	(void)state;
	write_pcap(0xa1b2c3d4, 1, 100);
	expect_two_frames(1000000005000u, 100);
	write_pcap(0xa1b23c4d, 1, 100);
	expect_two_frames(1000000000005u, 100);
	write_pcapng();
	expect_two_frames(1000000000005u, 100);
}

static void a_part_of_a_frame_is_seen_as_such(void **state)
{
	(void)state;
	write_pcap(0xa1b2c3d4, 1, 64);
	expect_two_frames(1000000005000u, 64);
}

static void refused(int code, const char *text)
{
	struct capture *c = (struct capture *)1;
	struct error err = { "" };

	assert_int_equal(capture_open(&c, path, &err), code);
	assert_null(c);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
	assert_null(strchr(err.text, '\n'));
	assert_non_null(strstr(err.text, path));
}

static void cut_off_in_the_header(void **state)
{
	(void)state;
	write_pcap(0xa1b2c3d4, 1, 100);
	assert_int_equal(truncate(path, 20), 0);
	refused(-EINVAL, "not a whole pcap or pcapng file");
	write_pcapng();
	assert_int_equal(truncate(path, 20), 0);
	refused(-EINVAL, "not a whole pcap or pcapng file");
}

static void broken_after(unsigned frames, const char *record)
{
	struct error err = { "" }, again = { "" };
	struct capture_frame got;
	struct capture *c;

	assert_int_equal(capture_open(&c, path, NULL), 0);
	for (unsigned i = 0; i < frames; i++)
		assert_int_equal(capture_next(c, &got, NULL), 1);
	assert_int_equal(capture_next(c, &got, &err), -EBADMSG);
	assert_non_null(strstr(err.text, record));
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(capture_next(c, &got, &again), -EBADMSG);
	assert_string_equal(again.text, err.text);
	capture_close(c);
}

static void cut_off_in_a_record(void **state)
{
	struct stat st;

	(void)state;
	write_pcap(0xa1b2c3d4, 1, 100);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	broken_after(1, "at record 2");
	assert_int_equal(truncate(path, st.st_size - 108), 0);   /* in its header */
	broken_after(1, "at record 2");
	assert_int_equal(truncate(path, 24 + 16 + 59), 0);
	broken_after(0, "at record 1");
	write_pcapng();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	broken_after(1, "at record 2");
}

static void a_record_of_absurd_length(void **state)
{
	uint32_t absurd = 0x7fffffff;
	FILE *f;

	(void)state;
	write_pcap(0xa1b2c3d4, 1, 100);
	f = fopen(path, "r+b");
	fseek(f, 24 + 8, SEEK_SET);
	fwrite(&absurd, sizeof(absurd), 1, f);
	fclose(f);
	broken_after(0, "at record 1");
}

static void empty_and_foreign_files(void **state)
{
	FILE *f;

	(void)state;
	fclose(fopen(path, "wb"));
	refused(-EINVAL, "not a whole pcap or pcapng file");
	f = fopen(path, "wb");
	fputs("host:\n  processors: 4\nadapter:\n  nic: pcap:x\n", f);
	fclose(f);
	refused(-EINVAL, "not a whole pcap or pcapng file");
}

static void no_frames_is_a_capture_too(void **state)
{
	struct capture_frame got;
	struct capture *c;

	(void)state;
	write_pcap(0xa1b2c3d4, 1, 100);
	assert_int_equal(truncate(path, 24), 0);
	assert_int_equal(capture_open(&c, path, NULL), 0);
	assert_int_equal(capture_next(c, &got, NULL), 0);
	capture_close(c);
}

static void not_ethernet(void **state)
{
	(void)state;
	write_pcap(0xa1b2c3d4, 113, 100);
	refused(-EINVAL, "link type LINUX_SLL, not of Ethernet");
}

static void missing_and_directory(void **state)
{
	struct capture *c;
	struct error err;

	(void)state;
	unlink(path);
	refused(-ENOENT, "there is no such file");
	assert_int_equal(capture_open(&c, dir, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is a directory"));
}

static void not_allowed_to_read(void **state)
{
	struct capture *c;
	struct error err;
	int rc;

	(void)state;
	if (geteuid() == 0 && seteuid(65534))
		skip();
	/* As an ordinary user: root's directory cannot be looked into. */
	rc = capture_open(&c, "/root/x/y.pcap", &err);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, -EPERM);
	assert_non_null(strstr(err.text, "not allowed to read it"));
}

static void closing_nothing(void **state)
{
	(void)state;
	capture_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(a_part_of_a_frame_is_seen_as_such),
		cmocka_unit_test(cut_off_in_the_header),
		cmocka_unit_test(cut_off_in_a_record),
		cmocka_unit_test(a_record_of_absurd_length),
		cmocka_unit_test(empty_and_foreign_files),
		cmocka_unit_test(no_frames_is_a_capture_too),
		cmocka_unit_test(not_ethernet),
		cmocka_unit_test(missing_and_directory),
		cmocka_unit_test(not_allowed_to_read),
		cmocka_unit_test(closing_nothing),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
