/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role types: each is the documented function type, so that a compiler takes a handler of it
 * and refuses every other. What a compiler says is asked of a compiler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ndis.h>

/* X(ROLE, what it returns, what it is given), as the pages of the roles say. */
#define ROLES(X) \
	X(MINIPORT_INITIALIZE, NDIS_STATUS, NDIS_HANDLE, NDIS_HANDLE, \
	  PNDIS_MINIPORT_INIT_PARAMETERS) \
	X(MINIPORT_HALT, VOID, NDIS_HANDLE, NDIS_HALT_ACTION) \
	X(MINIPORT_DRIVER_UNLOAD, VOID, PDRIVER_OBJECT) \
	X(MINIPORT_PAUSE, NDIS_STATUS, NDIS_HANDLE, PNDIS_MINIPORT_PAUSE_PARAMETERS) \
	X(MINIPORT_RESTART, NDIS_STATUS, NDIS_HANDLE, PNDIS_MINIPORT_RESTART_PARAMETERS) \
	X(MINIPORT_OID_REQUEST, NDIS_STATUS, NDIS_HANDLE, PNDIS_OID_REQUEST) \
	X(MINIPORT_SEND_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, NDIS_PORT_NUMBER, \
	  ULONG) \
	X(MINIPORT_RETURN_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, ULONG) \
	X(MINIPORT_CANCEL_SEND, VOID, NDIS_HANDLE, PVOID) \
	X(MINIPORT_CHECK_FOR_HANG, BOOLEAN, NDIS_HANDLE) \
	X(MINIPORT_RESET, NDIS_STATUS, NDIS_HANDLE, PBOOLEAN) \
	X(MINIPORT_DEVICE_PNP_EVENT_NOTIFY, VOID, NDIS_HANDLE, PNET_DEVICE_PNP_EVENT) \
	X(MINIPORT_SHUTDOWN, VOID, NDIS_HANDLE, NDIS_SHUTDOWN_ACTION) \
	X(MINIPORT_CANCEL_OID_REQUEST, VOID, NDIS_HANDLE, PVOID) \
	X(MINIPORT_DIRECT_OID_REQUEST, NDIS_STATUS, NDIS_HANDLE, PNDIS_OID_REQUEST) \
	X(MINIPORT_CANCEL_DIRECT_OID_REQUEST, VOID, NDIS_HANDLE, PVOID) \
	X(MINIPORT_SYNCHRONOUS_OID_REQUEST, NDIS_STATUS, NDIS_HANDLE, PNDIS_OID_REQUEST) \
	X(MINIPORT_ADD_DEVICE, NDIS_STATUS, NDIS_HANDLE, NDIS_HANDLE) \
	X(MINIPORT_REMOVE_DEVICE, VOID, NDIS_HANDLE) \
	X(MINIPORT_PNP_IRP, NDIS_STATUS, NDIS_HANDLE, PIRP) \
	X(MINIPORT_ISR, BOOLEAN, NDIS_HANDLE, PBOOLEAN, PULONG) \
	X(MINIPORT_MESSAGE_INTERRUPT, BOOLEAN, NDIS_HANDLE, ULONG, PBOOLEAN, PULONG) \
	X(MINIPORT_INTERRUPT_DPC, VOID, NDIS_HANDLE, PVOID, PVOID, PVOID) \
	X(MINIPORT_MESSAGE_INTERRUPT_DPC, VOID, NDIS_HANDLE, ULONG, PVOID, PVOID, PVOID) \
	X(MINIPORT_DISABLE_INTERRUPT, VOID, NDIS_HANDLE) \
	X(MINIPORT_ENABLE_INTERRUPT, VOID, NDIS_HANDLE) \
	X(MINIPORT_DISABLE_MESSAGE_INTERRUPT, VOID, NDIS_HANDLE, ULONG) \
	X(MINIPORT_ENABLE_MESSAGE_INTERRUPT, VOID, NDIS_HANDLE, ULONG) \
	X(MINIPORT_SYNCHRONIZE_INTERRUPT, BOOLEAN, NDIS_HANDLE) \
	X(PROTOCOL_BIND_ADAPTER_EX, NDIS_STATUS, NDIS_HANDLE, NDIS_HANDLE, \
	  PNDIS_BIND_PARAMETERS) \
	X(PROTOCOL_UNBIND_ADAPTER_EX, NDIS_STATUS, NDIS_HANDLE, NDIS_HANDLE) \
	X(PROTOCOL_OPEN_ADAPTER_COMPLETE_EX, VOID, NDIS_HANDLE, NDIS_STATUS) \
	X(PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX, VOID, NDIS_HANDLE) \
	X(PROTOCOL_NET_PNP_EVENT, NDIS_STATUS, NDIS_HANDLE, PNET_PNP_EVENT_NOTIFICATION) \
	X(PROTOCOL_UNINSTALL, VOID, VOID) \
	X(PROTOCOL_OID_REQUEST_COMPLETE, VOID, NDIS_HANDLE, PNDIS_OID_REQUEST, NDIS_STATUS) \
	X(PROTOCOL_DIRECT_OID_REQUEST_COMPLETE, VOID, NDIS_HANDLE, PNDIS_OID_REQUEST, \
	  NDIS_STATUS) \
	X(PROTOCOL_STATUS_EX, VOID, NDIS_HANDLE, PNDIS_STATUS_INDICATION) \
	X(PROTOCOL_RECEIVE_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, \
	  NDIS_PORT_NUMBER, ULONG, ULONG) \
	X(PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, ULONG) \
	X(FILTER_SET_MODULE_OPTIONS, NDIS_STATUS, NDIS_HANDLE) \
	X(FILTER_ATTACH, NDIS_STATUS, NDIS_HANDLE, NDIS_HANDLE, PNDIS_FILTER_ATTACH_PARAMETERS) \
	X(FILTER_DETACH, VOID, NDIS_HANDLE) \
	X(FILTER_RESTART, NDIS_STATUS, NDIS_HANDLE, PNDIS_FILTER_RESTART_PARAMETERS) \
	X(FILTER_PAUSE, NDIS_STATUS, NDIS_HANDLE, PNDIS_FILTER_PAUSE_PARAMETERS) \
	X(FILTER_SEND_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, NDIS_PORT_NUMBER, \
	  ULONG) \
	X(FILTER_SEND_NET_BUFFER_LISTS_COMPLETE, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, ULONG) \
	X(FILTER_CANCEL_SEND_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PVOID) \
	X(FILTER_RECEIVE_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, \
	  NDIS_PORT_NUMBER, ULONG, ULONG) \
	X(FILTER_RETURN_NET_BUFFER_LISTS, VOID, NDIS_HANDLE, PNET_BUFFER_LIST, ULONG) \
	X(FILTER_OID_REQUEST, NDIS_STATUS, NDIS_HANDLE, PNDIS_OID_REQUEST) \
	X(FILTER_OID_REQUEST_COMPLETE, VOID, NDIS_HANDLE, PNDIS_OID_REQUEST, NDIS_STATUS) \
	X(FILTER_CANCEL_OID_REQUEST, VOID, NDIS_HANDLE, PVOID) \
	X(FILTER_DEVICE_PNP_EVENT_NOTIFY, VOID, NDIS_HANDLE, PNET_DEVICE_PNP_EVENT) \
	X(FILTER_NET_PNP_EVENT, NDIS_STATUS, NDIS_HANDLE, PNET_PNP_EVENT_NOTIFICATION) \
	X(FILTER_STATUS, VOID, NDIS_HANDLE, PNDIS_STATUS_INDICATION) \
	X(FILTER_DIRECT_OID_REQUEST, NDIS_STATUS, NDIS_HANDLE, PNDIS_OID_REQUEST) \
	X(FILTER_DIRECT_OID_REQUEST_COMPLETE, VOID, NDIS_HANDLE, PNDIS_OID_REQUEST, NDIS_STATUS) \
	X(FILTER_CANCEL_DIRECT_OID_REQUEST, VOID, NDIS_HANDLE, PVOID) \
	X(FILTER_SYNCHRONOUS_OID_REQUEST, NDIS_STATUS, NDIS_HANDLE, PNDIS_OID_REQUEST, PVOID *) \
	X(FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE, VOID, NDIS_HANDLE, PNDIS_OID_REQUEST, \
	  PNDIS_STATUS, PVOID) \
	X(FILTER_DRIVER_UNLOAD, VOID, PDRIVER_OBJECT) \
	X(ALLOCATE_SHARED_MEMORY, NDIS_STATUS, NDIS_HANDLE, PNDIS_SHARED_MEMORY_PARAMETERS, \
	  PNDIS_HANDLE) \
	X(FREE_SHARED_MEMORY, VOID, NDIS_HANDLE, NDIS_HANDLE) \
	X(MINIPORT_PROCESS_SG_LIST, VOID, PDEVICE_OBJECT, PVOID, PSCATTER_GATHER_LIST, PVOID) \
	X(MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE, VOID, NDIS_HANDLE, PVOID, \
	  PNDIS_PHYSICAL_ADDRESS, ULONG, PVOID) \
	X(NDIS_TIMER_FUNCTION, VOID, PVOID, PVOID, PVOID, PVOID) \
	X(NDIS_IO_WORKITEM, VOID, PVOID, NDIS_HANDLE)

#define N_ROLES (sizeof(names) / sizeof(names[0]))

static const char *const names[] = {
#define X(role, ...) #role,
	ROLES(X)
#undef X
};

static void A1a_each_role_is_the_documented_type(void **state)
{
	(void)state;
#define X(role, result, ...) \
	if (!__builtin_types_compatible_p(role, result(__VA_ARGS__))) \
		fail_msg("%s is another type", #role);
	ROLES(X)
#undef X
}

/* ---- asking a compiler ---- */

static char directory[] = "/tmp/role_type.XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static FILE *source(void)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/source.c", directory);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#include <ndis.h>\n");
	return f;
}

static bool is_there(const char *compiler)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", compiler);
	return !system(command);
}

/* Compiles what source() got: 0 for success. What it says is in the file 'said'. */
static int compile(const char *compiler, const char *language, const char *more)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "%s -x %s %s -Wall -Wextra -fsyntax-only -I " SOURCE_ROOT "/include/ndis %s/source.c "
		 "2>%s/said", compiler, language, more, directory, directory);
	return system(command);
}

/* How many lines of the compiler's have both. */
static unsigned lines_with(const char *one, const char *other)
{
	char path[64], line[1024];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/said", directory);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, one) && strstr(line, other);
	fclose(f);
	return n;
}

static void each_is_refused(const char *compiler, const char *limit)
{
	assert_int_not_equal(compile(compiler, "c", limit), 0);
	for (unsigned i = 0; i < N_ROLES; i++) {
		char handler[128];

		snprintf(handler, sizeof(handler), "My_%s'", names[i]);
		if (lines_with(" error: conflicting types", handler) != 1)
			fail_msg("%s takes a handler of another type for a %s", compiler, names[i]);
	}
}

/* Declared as its role, defined with other parameters. */
static void A1a_another_definition_is_an_error(void **state)
{
	FILE *f = source();

	(void)state;
	fprintf(f, "struct stranger;\n");
	for (unsigned i = 0; i < N_ROLES; i++)
		fprintf(f, "%s My_%s;\nint *My_%s(struct stranger *s) { (void)s; return 0; }\n", names[i],
			names[i], names[i]);
	fclose(f);
	if (is_there("gcc"))
		each_is_refused("LC_ALL=C gcc", "-fmax-errors=0");
	if (is_there("clang"))
		each_is_refused("LC_ALL=C clang", "-ferror-limit=0");
}

/* A handler of one role in the place of another's. */
static void A1a_another_role_is_an_error(void **state)
{
	static const char *const compilers[] = { "gcc", "clang" };
	FILE *f = source();

	(void)state;
	fprintf(f, "MINIPORT_HALT My;\nvoid set(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c);\n"
		   "void set(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c) "
		   "{ c->SendNetBufferListsHandler = My; }\n");
	fclose(f);
	for (unsigned i = 0; i < 2; i++)
		if (is_there(compilers[i]))
			assert_int_not_equal(compile(compilers[i], "c",
						     "-Werror=incompatible-pointer-types"), 0);
}

/* The declaration and the definition of the page, with their annotations. */
static void A1a_the_documented_source_compiles(void **state)
{
	FILE *f = source();

	(void)state;
	fprintf(f, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
		   "MINIPORT_SEND_NET_BUFFER_LISTS MySendNetBufferLists;\n"
		   "_Use_decl_annotations_\nVOID\nMySendNetBufferLists(\n"
		   "    NDIS_HANDLE  MiniportAdapterContext,\n    PNET_BUFFER_LIST  NetBufferList,\n"
		   "    NDIS_PORT_NUMBER  PortNumber,\n    ULONG  SendFlags\n    )\n"
		   "{ (void)MiniportAdapterContext; (void)NetBufferList; (void)PortNumber; "
		   "(void)SendFlags; }\n"
		   "_Function_class_(MINIPORT_CANCEL_SEND) _IRQL_requires_max_(DISPATCH_LEVEL)\n"
		   "VOID MyCancel(_In_ NDIS_HANDLE Context, _In_opt_ PVOID CancelId);\n"
		   "_IRQL_requires_(PASSIVE_LEVEL) _Must_inspect_result_\n"
		   "NDIS_STATUS MyQuery(_In_reads_(Length) PUCHAR Bytes, ULONG Length, _Out_ PULONG Value);\n"
		   "#ifdef __cplusplus\n}\n#endif\n");
	fclose(f);
	if (is_there("gcc"))
		assert_int_equal(compile("gcc", "c", "-Werror"), 0);
	if (is_there("g++"))
		assert_int_equal(compile("g++", "c++", "-Werror"), 0);
	if (is_there("clang"))
		assert_int_equal(compile("clang", "c", "-Werror"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(A1a_each_role_is_the_documented_type),
		cmocka_unit_test(A1a_another_definition_is_an_error),
		cmocka_unit_test(A1a_another_role_is_an_error),
		cmocka_unit_test(A1a_the_documented_source_compiles),
	};

	return cmocka_run_group_tests_name("role types", tests, setup, teardown);
}
