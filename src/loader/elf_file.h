/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF file of this machine, read without running any of it: what it is,
 * which symbols it has, which it wants. The file stays mapped, so that a crash
 * report can name functions that the dynamic linker does not know.
 */
#ifndef LOADER_ELF_FILE_H
#define LOADER_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One table of symbols in the mapped file. */
struct elf_symbols {
	const Elf64_Sym *list;
	size_t n;
	const char *names;
	size_t names_size;      /* bytes; the last one is 0 */
};

struct elf_file {
	const uint8_t *bytes;
	size_t size;
	struct elf_symbols dynamic;   /* what the dynamic linker sees */
	struct elf_symbols all;       /* static functions too; empty in a stripped file */
	const Elf64_Dyn *entries;     /* the dynamic section */
	size_t n_entries;
	uint64_t span;                /* bytes that the loaded file takes in memory */
};

/*
 * Maps a shared object (or, with 'program', a program) and finds its tables.
 * -EINVAL: it is not such a file of this machine; -ENOENT, -EACCES ...: it cannot
 * be read. The text of 'err' begins with 'who'. Nothing of it is run.
 */
int elf_file_open(struct elf_file *file, const char *path, const char *who, bool program,
		  struct error *err);
void elf_file_close(struct elf_file *file);

/* A symbol's name; "" for one that lies outside the table. */
const char *elf_symbol_name(const struct elf_symbols *symbols, const Elf64_Sym *symbol);

/* The defined function of exactly that name, or NULL. */
const Elf64_Sym *elf_find_function(const struct elf_symbols *symbols, const char *name);

/* The name of the function at 'offset' bytes into the loaded file, and how far into it
 * that is; NULL when no symbol covers it. Safe in a signal handler. */
const char *elf_function_at(const struct elf_file *file, uint64_t offset, uint64_t *into);

/* The i-th library that the file says it needs; NULL after the last. */
const char *elf_needed(const struct elf_file *file, unsigned i);

/* Whether its references go to its own definitions first (-Bsymbolic). */
bool elf_is_symbolic(const struct elf_file *file);

#endif
