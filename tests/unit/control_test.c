/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket with methods of its own: what a client may send, and what it gets. */
#include "control/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "wire/wire.h"

static unsigned calls;

static int count(void *context, const json_t *params, json_t **result, struct error *err)
{
	(void)context;
	(void)params;
	(void)err;
	*result = json_integer(++calls);
	return 0;
}

static int echo(void *context, const json_t *params, json_t **result, struct error *err)
{
	(void)context;
	(void)err;
	*result = json_deep_copy(params);
	return 0;
}

static int fail_with(void *context, const json_t *params, json_t **result, struct error *err)
{
	const char *code = json_string_value(json_object_get(params, "code"));

	(void)context;
	(void)result;
	return error_set(err, atoi(code), "no %s", code);
}

/* An answer that no line holds. */
static int flood(void *context, const json_t *params, json_t **result, struct error *err)
{
	char *text = malloc(WIRE_MAX_ANSWER + 1);

	(void)context;
	(void)params;
	(void)err;
	memset(text, 'x', WIRE_MAX_ANSWER);
	text[WIRE_MAX_ANSWER] = '\0';
	*result = json_string(text);
	free(text);
	return 0;
}

/* An answer that no socket's buffer holds. */
static int half_flood(void *context, const json_t *params, json_t **result, struct error *err)
{
	char *text = malloc(WIRE_MAX_ANSWER / 2 + 1);

	(void)context;
	(void)params;
	(void)err;
	memset(text, 'x', WIRE_MAX_ANSWER / 2);
	text[WIRE_MAX_ANSWER / 2] = '\0';
	*result = json_string(text);
	free(text);
	return 0;
}

static const struct rpc_method methods[] = {
	{ "count", { { 0 } }, count },
	{ "echo", { { "file", RPC_TEXT, true }, { "keywords", RPC_KEYWORDS, false } }, echo },
	{ "fail", { { "code", RPC_TEXT, true } }, fail_with },
	{ "flood", { { 0 } }, flood },
	{ "half-flood", { { 0 } }, half_flood },
	{ 0 },
};
static const struct rpc_method more_methods[] = {
	{ "bytes", { { "file", RPC_NUMBER, true }, { "data", RPC_BYTES, true } }, echo },
	{ 0 },
};
static const struct rpc more = { more_methods, NULL, NULL };
static const struct rpc rpc = { methods, NULL, &more };

/* ---- one message ---- */

#define R(rest) "{\"jsonrpc\":\"2.0\"," rest "}"

static const struct {
	const char *message, *answer;   /* NULL: none; what stands in it */
} row[] = {
	{ R("\"id\":7,\"method\":\"echo\",\"params\":{\"file\":\"a\"}"),
	  "{\"jsonrpc\":\"2.0\",\"result\":{\"file\":\"a\"},\"id\":7}\n" },
	{ R("\"id\":\"x\",\"method\":\"echo\",\"params\":{\"file\":\"a\",\"keywords\":{\"b\":1,\"c\":\"d\"}}"),
	  "\"id\":\"x\"}\n" },
	{ R("\"id\":null,\"method\":\"echo\",\"params\":{\"file\":\"a\"}"), "\"id\":null}\n" },
	{ R("\"method\":\"echo\",\"params\":{\"file\":\"a\"}"), NULL },
	{ R("\"method\":\"nonsense\""), NULL },
	{ "[" R("\"method\":\"echo\",\"params\":{\"file\":\"a\"}") "]", NULL },

	{ "", "-32700" }, { "{", "-32700" }, { "nonsense", "-32700" }, { "{}{}", "-32700" },
	{ "\"\xff\"", "-32700" }, { "{\"a\":1,\"a\":2}", "-32700" }, { "\"\\u0000\"", "-32700" },
	{ "3", "-32700" },
	{ "{}", "-32600" }, { "[]", "a batch has 1 to 16 requests, and this one has 0" },
	{ "[1]", "[{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600" },
	{ "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "this one has 17" },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"echo\"}", "-32600" },
	{ R("\"id\":1,\"method\":3"), "-32600" },
	{ R("\"id\":[],\"method\":\"echo\""), "\"id\\\" must be a text, a number or null\"},\"id\":null}" },
	{ R("\"id\":1,\"method\":\"ehco\""),
	  "-32601,\"message\":\"there is no method \\\"ehco\\\"; the methods are count, echo, fail, flood, half-flood, bytes\"" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":[\"a\"]"), "-32602" },
	{ R("\"id\":1,\"method\":\"echo\""),
	  "echo lacks the parameter \\\"file\\\"; its parameters are: file, keywords (optional)" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":{\"file\":\"\"}"), "must be a text that is not empty" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":{\"file\":1}"), "must be a text that is not empty" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":{\"file\":\"a\",\"keywords\":[]}"), "an object whose" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":{\"file\":\"a\",\"keywords\":{\"b\":1.5}}"), "an object whose" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":{\"file\":\"a\",\"keywords\":{\"\":1}}"), "an object whose" },
	{ R("\"id\":1,\"method\":\"echo\",\"params\":{\"file\":\"a\",\"fiel\":1}"),
	  "echo has no parameter \\\"fiel\\\"; its parameters are" },
	{ R("\"id\":1,\"method\":\"count\",\"params\":{\"a\":1}"), "its parameters are: none" },
	{ R("\"id\":1,\"method\":\"fail\",\"params\":{\"code\":\"2\"}"), "{\"code\":-32001,\"message\":\"no 2\"}" },
	{ R("\"id\":1,\"method\":\"fail\",\"params\":{\"code\":\"17\"}"), "{\"code\":-32002," },
	{ R("\"id\":1,\"method\":\"fail\",\"params\":{\"code\":\"16\"}"), "{\"code\":-32003," },
	{ R("\"id\":1,\"method\":\"fail\",\"params\":{\"code\":\"28\"}"), "{\"code\":-32004," },
	{ R("\"id\":1,\"method\":\"fail\",\"params\":{\"code\":\"22\"}"), "{\"code\":-32602," },
	{ R("\"id\":1,\"method\":\"fail\",\"params\":{\"code\":\"5\"}"), "{\"code\":-32000," },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":0,\"data\":\"\"}"), "{\"file\":0,\"data\":\"\"}" },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":4294967295,\"data\":\"aF09\"}"), "\"aF09\"" },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":4294967296,\"data\":\"\"}"),
	  "\"file\\\" must be a whole number from 0 to 4294967295" },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":-1,\"data\":\"\"}"), "a whole number" },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":1,\"data\":\"abc\"}"),
	  "\"data\\\" must be a text of hexadecimal digits, two a byte" },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":1,\"data\":\"0x\"}"), "hexadecimal" },
	{ R("\"id\":1,\"method\":\"bytes\",\"params\":{\"file\":1,\"data\":12}"), "hexadecimal" },
	{ R("\"id\":1,\"method\":\"flood\""), "{\"code\":-32603,\"message\":\"the answer is too long" },
};

static void every_message_has_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *answer = rpc_answer(&rpc, row[i].message, strlen(row[i].message));

		if (!answer != !row[i].answer || (answer && !strstr(answer, row[i].answer)))
			fail_msg("%s\ngives %s\nnot %s", row[i].message, answer ? answer : "nothing\n",
				 row[i].answer ? row[i].answer : "nothing");
		if (answer)
			assert_ptr_equal(strchr(answer, '\n'), answer + strlen(answer) - 1);
		free(answer);
	}
}

/* ---- the socket ---- */

struct ground {
	char directory[40], path[60];
	struct control *control;
};

static int ground_make(void **state)
{
	static struct ground g;
	struct error err = { "" };

	strcpy(g.directory, "/tmp/control_test.XXXXXX");
	assert_non_null(mkdtemp(g.directory));
	snprintf(g.path, sizeof(g.path), "%s/c.sock", g.directory);
	if (control_open(&g.control, g.path, &rpc, &err))
		fail_msg("%s", err.text);
	calls = 0;
	*state = &g;
	return 0;
}

static int ground_clear(void **state)
{
	struct ground *g = *state;
	struct stat st;

	control_close(g->control);
	assert_int_equal(lstat(g->path, &st), -1);
	return rmdir(g->directory);
}

static int client(const struct ground *g)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, g->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	control_wait(g->control, 1);
	return fd;
}

/* Sends all of it, as fast as it is taken, until it is through or nobody takes it. */
static void say(const struct ground *g, int fd, const char *text, size_t n)
{
	for (unsigned rounds = 0; n && rounds < 1000; rounds++) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		text += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
		control_wait(g->control, 1);
	}
}

/* What the client can read within some turns of the daemon; 'ended': and then the end. */
static size_t hear(const struct ground *g, int fd, char *text, size_t room, bool *ended)
{
	size_t used = 0;

	*ended = false;
	for (unsigned rounds = 0; rounds < 60 && !*ended; rounds++) {
		ssize_t n = recv(fd, text + used, room - 1 - used, 0);

		if (n > 0)
			used += (size_t)n;
		*ended = !n || (n < 0 && errno == ECONNRESET);
		control_wait(g->control, 1);
	}
	text[used] = '\0';
	return used;
}

#define COUNT "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"count\"}\n"

static void expect(const struct ground *g, int fd, const char *part, bool ends)
{
	char text[4096];
	bool ended;

	hear(g, fd, text, sizeof(text), &ended);
	if (!strstr(text, part) || ended != ends)
		fail_msg("\"%s\" was answered by \"%s\", %s", part, text, ended ? "and the end" : "no end");
}

static void a_client_asks_and_is_answered(void **state)
{
	const struct ground *g = *state;
	int fd = client(g);

	say(g, fd, COUNT, strlen(COUNT));
	expect(g, fd, "\"result\":1", false);
	say(g, fd, "\n \r\n" COUNT COUNT, strlen("\n \r\n" COUNT COUNT));
	expect(g, fd, "\"result\":3", false);
	close(fd);
}

static void a_message_may_come_in_pieces(void **state)
{
	const struct ground *g = *state;
	int fd = client(g);

	for (const char *c = COUNT; *c; c++)
		say(g, fd, c, 1);
	expect(g, fd, "\"result\":1", false);
	close(fd);
}

static void half_a_message_holds_nobody_up(void **state)
{
	const struct ground *g = *state;
	int half = client(g), other = client(g);

	say(g, half, COUNT, 10);
	say(g, other, COUNT, strlen(COUNT));
	expect(g, other, "\"result\":1", false);
	close(half);
	close(other);
	control_wait(g->control, 1);
}

static void a_client_that_closes_its_sending_side_still_hears(void **state)
{
	const struct ground *g = *state;
	int fd = client(g);

	say(g, fd, COUNT COUNT, strlen(COUNT COUNT));
	shutdown(fd, SHUT_WR);
	expect(g, fd, "\"result\":2", true);
	close(fd);
}

static void a_message_that_is_too_long_is_refused_and_ended(void **state)
{
	const struct ground *g = *state;
	char *huge = malloc(4 * WIRE_MAX_MESSAGE);
	int fd = client(g);

	memset(huge, ' ', 4 * WIRE_MAX_MESSAGE);
	huge[0] = '{';
	say(g, fd, huge, 4 * WIRE_MAX_MESSAGE);
	expect(g, fd, "longer than 65536 bytes", true);
	close(fd);
	/* exactly as long as it may be */
	fd = client(g);
	memcpy(huge, COUNT, strlen(COUNT) - 1);
	huge[WIRE_MAX_MESSAGE - 1] = '\n';
	say(g, fd, huge, WIRE_MAX_MESSAGE);
	expect(g, fd, "\"result\":1", false);
	close(fd);
	free(huge);
}

static void a_client_that_does_not_listen_stops_nobody_but_itself(void **state)
{
	static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"half-flood\"}\n";
	const struct ground *g = *state;
	int deaf = client(g), other = client(g);
	uint64_t start = clock_ns();

	for (unsigned i = 0; i < 100; i++)
		if (send(deaf, ask, strlen(ask), MSG_NOSIGNAL) < 0)
			break;
	for (unsigned i = 0; i < 20; i++)
		control_wait(g->control, 1);
	say(g, other, COUNT, strlen(COUNT));
	expect(g, other, "\"result\":1", false);
	assert_true(clock_ns() - start < 5000000000u);
	close(deaf);
	close(other);
}

static void clients_beyond_the_bound_drive_out_the_idlest(void **state)
{
	const struct ground *g = *state;
	int fd[WIRE_MAX_CLIENTS + 1];

	for (unsigned i = 0; i <= WIRE_MAX_CLIENTS; i++)
		fd[i] = client(g);
	expect(g, fd[0], "", true);
	for (unsigned i = 1; i <= WIRE_MAX_CLIENTS; i++) {
		say(g, fd[i], COUNT, strlen(COUNT));
		expect(g, fd[i], "\"result\":", false);
	}
	assert_int_equal(calls, WIRE_MAX_CLIENTS);
	for (unsigned i = 0; i <= WIRE_MAX_CLIENTS; i++)
		close(fd[i]);
}

static void waiting_takes_the_time_it_is_given(void **state)
{
	const struct ground *g = *state;
	uint64_t start = clock_ns();

	control_wait(g->control, 50);
	assert_true(clock_ns() - start > 40000000u);
	assert_true(clock_ns() - start < 1000000000u);
}

static void the_socket_is_this_users_alone(void **state)
{
	const struct ground *g = *state;
	struct stat st;

	assert_int_equal(lstat(g->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void somebody_else_is_sent_away(void **state)
{
	const struct ground *g = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (geteuid() != 0)
		skip();
	/* a door left open does not help */
	assert_int_equal(chmod(g->path, 0777), 0);
	assert_int_equal(chmod(g->directory, 0777), 0);
	assert_int_equal(seteuid(65534), 0);
	strcpy(address.sun_path, g->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, (struct sockaddr *)&address, sizeof(address));
	send(fd, COUNT, strlen(COUNT), MSG_NOSIGNAL);
	assert_int_equal(seteuid(0), 0);
	control_wait(g->control, 20);
	expect(g, fd, "", true);
	assert_int_equal(calls, 0);
	close(fd);
}

static void a_socket_in_use_stays_its_owners(void **state)
{
	const struct ground *g = *state;
	struct control *second = (void *)&second;
	struct error err = { "" };

	assert_int_equal(control_open(&second, g->path, &rpc, &err), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err.text, "another program listens there; stop it, or use another path"));
	close(client(g));
}

static void a_file_in_the_way_stays(void **state)
{
	const struct ground *g = *state;
	char path[80];
	struct control *second;
	struct error err = { "" };
	FILE *f;

	snprintf(path, sizeof(path), "%s/file", g->directory);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(control_open(&second, path, &rpc, &err), -EEXIST);
	assert_non_null(strstr(err.text, "a file is there that is no socket"));
	assert_int_equal(unlink(path), 0);
}

static void what_a_daemon_left_behind_is_taken_over(void **state)
{
	const struct ground *g = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct control *second;
	struct error err = { "" };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/left", g->directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(control_open(&second, address.sun_path, &rpc, &err), 0);
	control_close(second);
}

static void a_path_that_cannot_be_is_told(void **state)
{
	static const struct {
		const char *path;
		int ret;
		const char *text;
	} bad[] = {
		{ "/no/such/c.sock", -ENOENT, "/no/such/c.sock" },
		{ "/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
		  "12345678901234567890", -ENAMETOOLONG, "at most 107" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct control *c;
		struct error err = { "" };

		assert_int_equal(control_open(&c, bad[i].path, &rpc, &err), bad[i].ret);
		assert_non_null(strstr(err.text, bad[i].text));
	}
}

#define WITH_GROUND(test) cmocka_unit_test_setup_teardown(test, ground_make, ground_clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_has_its_answer),
		cmocka_unit_test(a_path_that_cannot_be_is_told),
		WITH_GROUND(a_client_asks_and_is_answered),
		WITH_GROUND(a_message_may_come_in_pieces),
		WITH_GROUND(half_a_message_holds_nobody_up),
		WITH_GROUND(a_client_that_closes_its_sending_side_still_hears),
		WITH_GROUND(a_message_that_is_too_long_is_refused_and_ended),
		WITH_GROUND(a_client_that_does_not_listen_stops_nobody_but_itself),
		WITH_GROUND(clients_beyond_the_bound_drive_out_the_idlest),
		WITH_GROUND(waiting_takes_the_time_it_is_given),
		WITH_GROUND(the_socket_is_this_users_alone),
		WITH_GROUND(somebody_else_is_sent_away),
		WITH_GROUND(a_socket_in_use_stays_its_owners),
		WITH_GROUND(a_file_in_the_way_stays),
		WITH_GROUND(what_a_daemon_left_behind_is_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
