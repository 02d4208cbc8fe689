/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "vmport/vmport.h"
#include "vmport_testing.h"

static struct rte_mempool *pool, *small_pool;
static char directory[] = "vmport-errors-XXXXXX";
static char path[64];

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("error") || !mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/vm.sock", directory);
	pool = testing_pool("frames", 255, 1600);
	small_pool = testing_pool("small", 255, 512);
	return pool && small_pool ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	unlink(path);
	rmdir(directory);
	return 0;
}

static void refused(const struct vmport_config *config, int code, const char *says)
{
	struct error err = { "" };
	struct vmport *port = (struct vmport *)&err;

	assert_int_equal(vmport_open(&port, config, &err), code);
	assert_null(port);
	if (!strstr(err.text, says) || strchr(err.text, '\n') ||
	    strncmp(err.text, "VM web: ", 8))
		fail_msg("'%s' does not say '%s' in one line", err.text, says);
}

static void spec_refused(const char *spec, int code, const char *says)
{
	const struct vmport_config config = {
		.name = "web", .spec = spec, .mtu = 1500, .pool = pool,
	};

	refused(&config, code, says);
}

static void socket_refused(int code, const char *says)
{
	char spec[96];

	snprintf(spec, sizeof(spec), "vhost-user:%s", path);
	spec_refused(spec, code, says);
}

static struct vmport *socket_open(void)
{
	char spec[96];
	const struct vmport_config config = {
		.name = "web", .spec = spec, .mtu = 1500, .pool = pool,
	};
	struct error err = { "" };
	struct vmport *port;

	snprintf(spec, sizeof(spec), "vhost-user:%s", path);
	if (vmport_open(&port, &config, &err))
		fail_msg("%s", err.text);
	return port;
}

static void a_bad_spec_is_told_with_the_kinds_there_are(void **state)
{
	(void)state;
	spec_refused("", -EINVAL, "vhost-user:PATH, vhost-user-client:PATH, tap:NAME, pcap:FILE");
	spec_refused("vhost", -EINVAL, "no such kind");
	spec_refused("vhost-user", -EINVAL, "no such kind");
	spec_refused("vhostuser:/x", -EINVAL, "no such kind");
	spec_refused("tap:", -EINVAL, "nothing follows the colon");
	spec_refused("vhost-user-client:", -EINVAL, "nothing follows the colon");
	spec_refused("null:x", -EINVAL, "nothing may follow the colon; write null:");
}

static void settings_that_do_not_fit_are_refused(void **state)
{
	struct vmport_config config = { .name = "web", .spec = "pcap:x", .mtu = 67, .pool = pool };

	(void)state;
	refused(&config, -EINVAL, "the MTU is 67; it must be 68 to 9600");
	config.mtu = 9601;
	refused(&config, -EINVAL, "9601");
	config.mtu = 1500;
	config.pool = small_pool;
	refused(&config, -EINVAL, "hold 512 bytes, but an MTU of 1500 needs 1518");
	config.pool = pool;
	config.spec = "tap:x";
	config.sends = "in.pcap";
	refused(&config, -EINVAL, "'sends' works with a pcap port only");
	config.spec = "pcap:x";
	{
		struct error err = { "" };
		struct vmport *port;

		assert_int_equal(vmport_open(&port, &config, &err), -ENOENT);
		assert_non_null(strstr(err.text, "in.pcap"));
		assert_int_equal(access("x", F_OK), -1);
	}
}

static void a_tap_name_the_kernel_would_bend_is_refused(void **state)
{
	(void)state;
	spec_refused("tap:sixteen-letters-", -EINVAL, "1 to 15 characters");
	spec_refused("tap:a%d", -EINVAL, "1 to 15 characters");
	spec_refused("tap:a/b", -EINVAL, "1 to 15 characters");
	if (geteuid() == 0)
		spec_refused("tap:lo", -EINVAL, "no tap device");
}

static void a_path_longer_than_a_socket_takes_is_refused(void **state)
{
	char spec[160] = "vhost-user:";

	(void)state;
	memset(spec + 11, 'p', 108);
	spec_refused(spec, -EINVAL, "has 108 bytes, a socket takes at most 107");
	memcpy(spec, "vhost-user-client:", 18);
	memset(spec + 18, 'p', 108);
	spec_refused(spec, -EINVAL, "has 108 bytes, a socket takes at most 107");
}

static void a_missing_directory_is_named_with_the_command_that_makes_it(void **state)
{
	(void)state;
	spec_refused("vhost-user:no/such/vm.sock", -ENOENT, "mkdir -p no/such");
	spec_refused("vhost-user-client:no/such/vm.sock", -ENOENT, "mkdir -p no/such");
	spec_refused("vhost-user:/dev/null/vm.sock", -ENOTDIR, "/dev/null");
}

static void without_permission_the_operator_is_told(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	socket_refused(-EPERM, "a directory that you may write to");
	assert_int_equal(seteuid(0), 0);
}

static void a_socket_that_somebody_serves_is_left_alone(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	socket_refused(-EADDRINUSE, "another process serves");
	/* A server whose backlog is full is a server too. */
	socket_refused(-EADDRINUSE, "another process serves");
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	unlink(path);
}

static void a_stale_socket_is_replaced_and_ours_is_removed_at_close(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct vmport *port;

	(void)state;
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	port = socket_open();
	assert_false(vmport_is_up(port));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	vmport_close(port);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_file_that_is_no_socket_is_not_deleted(void **state)
{
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fclose(file);
	socket_refused(-EEXIST, "exists and is no socket");
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

static void two_vms_cannot_have_one_socket(void **state)
{
	struct vmport *port = socket_open();
	char spec[96];

	(void)state;
	socket_refused(-EADDRINUSE, "");
	snprintf(spec, sizeof(spec), "vhost-user-client:%s", path);
	spec_refused(spec, -EADDRINUSE, "another VM has that socket");
	vmport_close(port);
}

static void a_port_without_a_guest_is_down_and_quiet(void **state)
{
	struct vmport *port = socket_open();
	struct rte_mbuf *m = testing_frame(pool, 60, 1), *pkts[4];

	(void)state;
	assert_int_equal(vmport_deliver(port, &m, 1), 0);
	assert_int_equal(vmport_receive(port, pkts, 4), 0);
	assert_false(vmport_arm(port, true));
	assert_false(vmport_arm(port, false));
	assert_true(vmport_sent_all(port));
	rte_pktmbuf_free(m);
	vmport_close(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_spec_is_told_with_the_kinds_there_are),
		cmocka_unit_test(settings_that_do_not_fit_are_refused),
		cmocka_unit_test(a_tap_name_the_kernel_would_bend_is_refused),
		cmocka_unit_test(a_path_longer_than_a_socket_takes_is_refused),
		cmocka_unit_test(a_missing_directory_is_named_with_the_command_that_makes_it),
		cmocka_unit_test(without_permission_the_operator_is_told),
		cmocka_unit_test(a_socket_that_somebody_serves_is_left_alone),
		cmocka_unit_test(a_stale_socket_is_replaced_and_ours_is_removed_at_close),
		cmocka_unit_test(a_file_that_is_no_socket_is_not_deleted),
		cmocka_unit_test(two_vms_cannot_have_one_socket),
		cmocka_unit_test(a_port_without_a_guest_is_down_and_quiet),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
