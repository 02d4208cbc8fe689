/* SPDX-License-Identifier: BSD-2-Clause */
/* Each rule has a small driver that breaks it, and is told of it and of nothing else. */
#include "faulty.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/kernel.h"
#include "verifier/rules.h"
#include "verifier/verifier.h"

#define HURRY 60             /* limits of 10 to 30 s become 170 to 500 ms */
#define REPORTS_MAX 64

static struct {
	struct verifier_report list[REPORTS_MAX];
	unsigned n;
	char json[8192];        /* of the first; the names of layers last as long as the verifier */
	size_t json_length;
} seen;

static const struct {
	const char *name, *rule;
} faults[] = {
	[NO_FAULT] = { "NO_FAULT", NULL },
#define X(name, rule) [name] = { #name, rule },
	FAULTS(X)
#undef X
};

static void listen(const struct verifier_report *report, void *arg)
{
	(void)arg;
	if (!seen.n)
		seen.json_length = verifier_report_json(report, seen.json, sizeof(seen.json));
	if (seen.n < REPORTS_MAX)
		seen.list[seen.n++] = *report;
}

static void course(enum fault which, unsigned hurry)
{
	const struct verifier_config c = { .mode = VERIFIER_REPORT, .hurry = hurry };
	struct error err = { "" };

	seen.n = 0;
	fault = which;
	verifier_on_report(listen, NULL);
	assert_int_equal(verifier_start(&c, &err), 0);
	course_run();
	verifier_stop();
	verifier_on_report(NULL, NULL);
}

static bool is_timed(const char *rule)
{
	return strstr(rule, "Timed") != NULL;
}

static const char *layer_of(enum fault which)
{
	switch (faults[which].name[0]) {
	case 'M':
		return "adapter";
	case 'F':
		return "module";
	default:
		return "protocol";
	}
}

static void print_seen(void)
{
	for (unsigned i = 0; i < seen.n; i++)
		print_error("  %s of '%s': %s\n", seen.list[i].rule, seen.list[i].layer,
			    seen.list[i].condition);
}

/* ---- every mistake ---- */

static void the_correct_drivers_are_told_of_nothing(void **state)
{
	(void)state;
	course(NO_FAULT, 1);
	assert_int_equal(seen.n, 0);
}

static bool is_caught(enum fault which)
{
	const struct verifier_report *r = &seen.list[0];
	bool right = seen.n > 0;

	course(which, is_timed(faults[which].rule) ? HURRY : 1);
	right = seen.n > 0;
	for (unsigned i = 0; i < seen.n; i++)
		right &= !strcmp(seen.list[i].rule, faults[which].rule);
	if (right && r->layer[0] && strcmp(r->layer, layer_of(which)))
		right = false;
	if (right)
		return true;
	print_error("%s: %u reports, wanted %s of %s\n", faults[which].name, seen.n, faults[which].rule,
		    layer_of(which));
	print_seen();
	return false;
}

static void A13_buffers_of_two_connections_in_one_list(void **state)
{
	(void)state;
	assert_true(is_caught(P_MIXES_BUFFERS));
}

static void A14_a_header_in_two_mdls(void **state)
{
	(void)state;
	assert_true(is_caught(P_SPLITS_HEADER));
}

static void P7_a_large_send_that_is_no_tcp(void **state)
{
	(void)state;
	assert_true(is_caught(P_SENDS_LARGE_NO_TCP));
}

static void A26_a_source_handle_that_is_not_the_senders(void **state)
{
	(void)state;
	assert_true(is_caught(P_SENDS_FOREIGN));
	assert_true(is_caught(F_CHANGES_SOURCE));
}

static void A27_a_list_of_no_pool(void **state)
{
	(void)state;
	assert_true(is_caught(P_SENDS_OWN_MEMORY));
}

static void A28_A22_a_list_that_changes_under_the_miniport(void **state)
{
	(void)state;
	assert_true(is_caught(P_CHANGES_SENT));
	assert_true(is_caught(M_SHORTENS_SENT));
}

/* Told once of the list that is late, not of those that flow past it; nothing before. */
static void A33_a_send_that_takes_longer_than_30_s(void **state)
{
	(void)state;
	assert_int_equal(verifier_rule(RULE_TIMED_DATA_SEND)->limit_ms, 30000);
	assert_true(is_caught(M_SEND_LATE));
	assert_int_equal(seen.n, 1);
	assert_non_null(strstr(seen.list[0].condition, "it is with adapter for 0.5"));
}

#define NONE_FOR "none was completed for "

static void A33b_no_completion_for_22_s(void **state)
{
	const char *since;

	(void)state;
	assert_int_equal(verifier_rule(RULE_TIMED_DATA_HANG)->limit_ms, 22000);
	assert_true(is_caught(M_SENDS_HANG));
	assert_int_equal(seen.n, 1);
	assert_non_null(strstr(seen.list[0].condition, "the oldest send is pending for 0.3"));
	since = strstr(seen.list[0].condition, NONE_FOR);
	assert_non_null(since);
	assert_true(atof(since + strlen(NONE_FOR)) < 60);   /* since the adapter came, not since 0 */
}

/* Three times the longest limit of a hurry, in which nobody ran who could complete it. */
static void A33_A33b_a_standstill_makes_no_send_late(void **state)
{
	(void)state;
	standstill_us = 1500000;
	course(NO_FAULT, HURRY);
	standstill_us = 0;
	print_seen();
	assert_int_equal(seen.n, 0);
}

static void A44_a_data_call_above_dispatch_level(void **state)
{
	(void)state;
	assert_true(is_caught(P_CANCELS_TOO_HIGH));
}

static void A45_a_dispatch_flag_that_lies(void **state)
{
	(void)state;
	assert_true(is_caught(P_LIES_OF_IRQL));
}

static void A64_parents_and_children(void **state)
{
	(void)state;
	assert_true(is_caught(F_COMPLETES_PARENT_EARLY));
	assert_true(is_caught(P_COUNTS_NO_CHILD));
}

static void each_mistake_is_caught_by_its_rule_alone(void **state)
{
	const char *only = getenv("FAULT");
	unsigned wrong = 0;

	(void)state;
	for (unsigned f = NO_FAULT + 1; f < FAULT_COUNT; f++)
		if (!only || !strcmp(only, faults[f].name))
			wrong += !is_caught((enum fault)f);
	assert_int_equal(wrong, 0);
}

static void every_rule_has_a_driver_that_breaks_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const char *rule = verifier_rule((enum verifier_rule_index)i)->name;
		bool found = false;

		for (unsigned f = NO_FAULT + 1; f < FAULT_COUNT; f++)
			found |= !strcmp(faults[f].rule, rule);
		if (!found)
			fail_msg("no driver breaks %s", rule);
	}
}

/* ---- reports ---- */

static void a_report_names_rule_driver_callback_object_and_owners(void **state)
{
	const struct verifier_report *r = &seen.list[0];

	(void)state;
	course(M_COMPLETES_TWICE, 1);
	assert_true(seen.n >= 1);
	assert_string_equal(r->rule, "SendDoubleComplete");
	assert_string_equal(r->driver, "miniport");
	assert_string_equal(r->layer, "adapter");
	assert_string_equal(r->function, "NdisMSendNetBufferListsComplete");
	assert_string_equal(r->object_kind, "NET_BUFFER_LIST");
	assert_true(r->n_steps >= 4);
	assert_true(r->n_stack > 0);
	assert_true(seen.json_length < sizeof(seen.json));
	assert_non_null(strstr(seen.json, "\"rule\":\"SendDoubleComplete\""));
	assert_non_null(strstr(seen.json, "\"from\":\"module\",\"to\":\"protocol\""));
	course(M_RETURNS_AND_COMPLETES, 1);
	assert_string_equal(r->rule, "NdisOidDoubleComplete");
	assert_int_equal(r->id, 0x00091002);
}

static void a_rule_is_told_once_of_an_object(void **state)
{
	(void)state;
	course(M_COMPLETES_TWICE, 1);
	for (unsigned i = 0; i < seen.n; i++)
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(seen.list[i].object, seen.list[j].object);
}

static void an_ignored_rule_is_not_told(void **state)
{
	(void)state;
	assert_int_equal(verifier_ignore("NoSuchRule"), -ENOENT);
	assert_int_equal(verifier_ignore("SendDoubleComplete"), 0);
	course(M_COMPLETES_TWICE, 1);
	assert_int_equal(seen.n, 0);
}

static void modes_are_off_report_and_abort(void **state)
{
	enum verifier_mode mode;

	(void)state;
	assert_int_equal(verifier_mode_parse("abort", &mode), 0);
	assert_int_equal(mode, VERIFIER_ABORT);
	assert_int_equal(verifier_mode_parse("off", &mode), 0);
	assert_int_equal(mode, VERIFIER_OFF);
	assert_int_equal(verifier_mode_parse("Abort", &mode), -EINVAL);
}

/* ---- abort, in a process of its own ---- */

static int kernel_up(void)
{
	const struct kernel_config k = { .processors = 2, .workers = 2 };
	struct error err = { "" };

	return kernel_start(&k, &err);
}

static void die(int out)
{
	const struct verifier_config c = { .mode = VERIFIER_ABORT };
	struct error err = { "" };

	alarm(20);   /* it may hang instead */
	dup2(out, STDERR_FILENO);
	signal(SIGABRT, SIG_DFL);
	fault = M_COMPLETES_TWICE;
	if (kernel_up() || verifier_start(&c, &err))
		_exit(1);
	course_run();
	_exit(0);
}

static void abort_ends_the_process_with_its_report(void **state)
{
	char text[16384];
	size_t used = 0;
	ssize_t n;
	int out[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(out), 0);
	child = fork();
	if (!child)
		die(out[1]);
	close(out[1]);
	while (used < sizeof(text) - 1 && (n = read(out[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "SendDoubleComplete (0x4f560104): adapter adapter, driver miniport"));
	assert_non_null(strstr(text, "bug check 0x000000c4 (0x4f560104"));
	assert_non_null(strstr(text, "NdisMSendNetBufferListsComplete, from adapter to module"));
}

static int setup(void **state)
{
	(void)state;
	alarm(120);
	return kernel_up();
}

static int teardown(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest alone[] = {
		cmocka_unit_test(modes_are_off_report_and_abort),
		cmocka_unit_test(every_rule_has_a_driver_that_breaks_it),
		cmocka_unit_test(abort_ends_the_process_with_its_report),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_correct_drivers_are_told_of_nothing),
		cmocka_unit_test(A13_buffers_of_two_connections_in_one_list),
		cmocka_unit_test(A14_a_header_in_two_mdls),
		cmocka_unit_test(P7_a_large_send_that_is_no_tcp),
		cmocka_unit_test(A26_a_source_handle_that_is_not_the_senders),
		cmocka_unit_test(A27_a_list_of_no_pool),
		cmocka_unit_test(A28_A22_a_list_that_changes_under_the_miniport),
		cmocka_unit_test(A33_a_send_that_takes_longer_than_30_s),
		cmocka_unit_test(A33b_no_completion_for_22_s),
		cmocka_unit_test(A33_A33b_a_standstill_makes_no_send_late),
		cmocka_unit_test(A44_a_data_call_above_dispatch_level),
		cmocka_unit_test(A45_a_dispatch_flag_that_lies),
		cmocka_unit_test(A64_parents_and_children),
		cmocka_unit_test(each_mistake_is_caught_by_its_rule_alone),
		cmocka_unit_test(a_report_names_rule_driver_callback_object_and_owners),
		cmocka_unit_test(a_rule_is_told_once_of_an_object),
		cmocka_unit_test(an_ignored_rule_is_not_told),
	};
	int failed = cmocka_run_group_tests(alone, NULL, NULL);

	if (!getenv("LOUD"))
		log_set_level(LOG_ERROR);
	return failed + cmocka_run_group_tests(tests, setup, teardown);
}
