/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/crash_trace.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <string.h>

#include "loader/crash_text.h"
#include "loader/driver_load.h"
#include "loader/elf_file.h"

#define HANDLER_FRAMES 8   /* at most, above the interrupted one */

/* The program's own symbols, read at install; static functions too. */
static struct elf_file program;
static uintptr_t program_base;

static int first_object(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;   /* the program comes first */
	return 1;
}

void crash_trace_prepare(void)
{
	void *frame;

	/* The first call loads the unwinder, which no handler may do. */
	backtrace(&frame, 1);
	dl_iterate_phdr(first_object, &program_base);
	/* Without it the report has addresses alone. */
	if (!program.bytes)
		elf_file_open(&program, "/proc/self/exe", "crash", true, NULL);
}

void *crash_program_counter(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (void *)context->uc_mcontext.gregs[REG_RIP];
#else
	return (void *)context->uc_mcontext.pc;
#endif
}

/* A return address may lie behind its function's end, when what was called never
 * returns: the call itself is just before it. */
static void add_caller(struct crash_trace *t, void *return_to)
{
	t->frames[t->n++] = return_to ? (char *)return_to - 1 : NULL;
}

/* One frame as functions with a frame pointer keep it. */
struct frame {
	const struct frame *next;
	void *return_to;
};

/*
 * Who called, when the call went to where no code is, and nothing says how to walk on.
 * The return address is still on top of the stack, or in the link register; from there
 * on by frame pointers, which drivers are compiled with.
 */
static void take_callers(struct crash_trace *t, const ucontext_t *context)
{
#if defined(__x86_64__)
	const struct frame *f = (const struct frame *)context->uc_mcontext.gregs[REG_RBP];

	add_caller(t, *(void **)context->uc_mcontext.gregs[REG_RSP]);
#else
	const struct frame *f = (const struct frame *)context->uc_mcontext.regs[29];

	add_caller(t, (void *)context->uc_mcontext.regs[30]);
#endif
	/* Frames lie one above the other, and none is larger than a stack. */
	while (f && t->n < CRASH_MAX_FRAMES && (uintptr_t)f % sizeof(void *) == 0) {
		add_caller(t, f->return_to);
		if (f->next <= f || (uintptr_t)f->next - (uintptr_t)f > 8u << 20)
			break;
		f = f->next;
	}
}

void crash_trace_take(struct crash_trace *t, const ucontext_t *context)
{
	void *frames[CRASH_MAX_FRAMES + HANDLER_FRAMES], *pc;
	int n = backtrace(frames, CRASH_MAX_FRAMES + HANDLER_FRAMES), first = 0;

	t->n = 0;
	if (context) {
		/* Above the interrupted frame stand the handler's own. */
		pc = crash_program_counter(context);
		while (first < n && frames[first] != pc)
			first++;
		t->frames[t->n++] = pc;
	}
	while (++first < n && t->n < CRASH_MAX_FRAMES)
		add_caller(t, frames[first]);
	if (context && t->n == 1)
		take_callers(t, context);
}

void crash_address_print(int fd, const void *address)
{
	uint64_t offset, into = 0;
	const char *function, *file = driver_of_address(address, &offset), *slash;
	Dl_info info;

	if (file) {
		function = driver_function_at(address, &into);
		crash_print(fd, "%s+%x (%s.so+%x)", function, into, file, offset);
		return;
	}
	offset = (uintptr_t)address - program_base;
	function = program.bytes && offset < program.span ?
		   elf_function_at(&program, offset, &into) : NULL;
	if (function) {
		crash_print(fd, "%s+%x (vmqd+%x)", function, into, offset);
	} else if (dladdr(address, &info) && info.dli_fname) {
		slash = strrchr(info.dli_fname, '/');
		crash_print(fd, "%s+%x (%s+%x)", info.dli_sname,
			    info.dli_sname ? (uintptr_t)address - (uintptr_t)info.dli_saddr : 0ul,
			    slash ? slash + 1 : info.dli_fname,
			    (uintptr_t)address - (uintptr_t)info.dli_fbase);
	} else {
		crash_print(fd, "(no code is there)");
	}
}

static void print_repeated(int fd, unsigned *same)
{
	if (*same)
		crash_print(fd, "      (%u times)\n", (uint64_t)*same + 1);
	*same = 0;
}

void crash_trace_print(int fd, const struct crash_trace *t)
{
	unsigned same = 0;   /* times that the frame above was repeated */

	for (unsigned i = 0; i < t->n; i++) {
		if (i && t->frames[i] == t->frames[i - 1]) {
			same++;
			continue;
		}
		print_repeated(fd, &same);
		crash_print(fd, "  #%u %s%x in ", (uint64_t)i, i < 10 ? " " : "",
			    (uint64_t)(uintptr_t)t->frames[i]);
		crash_address_print(fd, t->frames[i]);
		crash_print(fd, "\n");
	}
	print_repeated(fd, &same);
	if (t->n == CRASH_MAX_FRAMES)
		crash_print(fd, "      (and so on)\n");
}

void crash_function_print(int fd, const void *address)
{
	uint64_t offset, into;

	crash_print(fd, "%s", driver_of_address(address, &offset) ?
		    driver_function_at(address, &into) : NULL);
}

const char *crash_trace_driver(const struct crash_trace *t, const void **frame,
			       const void **entry)
{
	const char *driver = NULL;
	uint64_t offset;

	for (unsigned i = 0; i < t->n; i++) {
		const char *name = driver_of_address(t->frames[i], &offset);

		if (driver && name != driver)
			break;
		if (name && !driver)
			*frame = t->frames[i];
		if (name)
			*entry = t->frames[i];
		driver = name;
	}
	return driver;
}
