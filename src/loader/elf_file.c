/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define THIS_MACHINE EM_AARCH64
#else
#error "which e_machine have the drivers of this machine?"
#endif

/* A table of 'n' entries of 'size' bytes at 'offset', or NULL when the file ends before. */
static const void *table_at(const struct elf_file *f, uint64_t offset, uint64_t n, uint64_t size)
{
	if (offset > f->size || n > (f->size - offset) / size || offset % 8)
		return NULL;
	return f->bytes + offset;
}

static const char *wrong_machine(const Elf64_Ehdr *h)
{
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return "it is for a 32-bit machine";
	if (h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != THIS_MACHINE)
		return "it is for another machine";
	return NULL;
}

/* What is wrong with the file's head; NULL: nothing. */
static const char *wrong_head(const struct elf_file *f, bool program)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)f->bytes;
	const char *wrong;

	if (f->size >= 2 && !memcmp(f->bytes, "MZ", 2))
		return "it is a program file of Windows; compile the driver's source with vmq-cc";
	if (f->size >= SELFMAG && !memcmp(f->bytes, ELFMAG, SELFMAG) && f->size < sizeof(*h))
		return "it is cut short";
	if (f->size < sizeof(*h) || memcmp(f->bytes, ELFMAG, SELFMAG))
		return "it is not an ELF file";
	wrong = wrong_machine(h);
	if (wrong || program)
		return wrong;
	if (h->e_type == ET_REL)
		return "it is an object file; link it with -shared";
	if (h->e_type != ET_DYN)
		return "it is not a shared object";
	return NULL;
}

/* Program headers: how much memory, and whether it is a program after all. */
static const char *read_segments(struct elf_file *f, bool program)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)f->bytes;
	const Elf64_Phdr *p = table_at(f, h->e_phoff, h->e_phnum, sizeof(*p));

	if (!p || h->e_phentsize != sizeof(*p))
		return "it is cut short";
	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (p[i].p_type == PT_INTERP && !program)
			return "it is a program, not a shared object; link it with -shared";
		if (p[i].p_type == PT_LOAD && p[i].p_vaddr + p[i].p_memsz > f->span)
			f->span = p[i].p_vaddr + p[i].p_memsz;
		if (p[i].p_type == PT_LOAD && !table_at(f, p[i].p_offset & ~7ul, p[i].p_filesz, 1))
			return "it is cut short";
		if (p[i].p_type == PT_DYNAMIC) {
			f->entries = table_at(f, p[i].p_offset, p[i].p_filesz, 1);
			f->n_entries = f->entries ? p[i].p_filesz / sizeof(*f->entries) : 0;
		}
	}
	return NULL;
}

static bool read_symbols(const struct elf_file *f, struct elf_symbols *s, const Elf64_Shdr *sections,
			 unsigned n_sections, const Elf64_Shdr *table)
{
	const Elf64_Shdr *names;

	if (table->sh_link >= n_sections || table->sh_entsize != sizeof(*s->list))
		return false;
	names = &sections[table->sh_link];
	if (names->sh_offset > f->size || names->sh_size > f->size - names->sh_offset ||
	    !names->sh_size || f->bytes[names->sh_offset + names->sh_size - 1])
		return false;
	s->n = table->sh_size / sizeof(*s->list);
	s->list = table_at(f, table->sh_offset, s->n, sizeof(*s->list));
	s->names = (const char *)f->bytes + names->sh_offset;
	s->names_size = names->sh_size;
	return s->list != NULL;
}

static const char *read_tables(struct elf_file *f)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)f->bytes;
	const Elf64_Shdr *s = table_at(f, h->e_shoff, h->e_shnum, sizeof(*s));

	if (!s || h->e_shentsize != sizeof(*s))
		return "it is cut short";
	for (unsigned i = 0; i < h->e_shnum; i++) {
		struct elf_symbols *to = s[i].sh_type == SHT_DYNSYM ? &f->dynamic :
					 s[i].sh_type == SHT_SYMTAB ? &f->all : NULL;

		if (to && !read_symbols(f, to, s, h->e_shnum, &s[i]))
			return "its symbol table is damaged";
	}
	return f->dynamic.list ? NULL : "it has no table of dynamic symbols";
}

static int map(struct elf_file *f, const char *path, const char *who, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	void *bytes;

	if (fd < 0)
		return error_set(err, errno, "%s: cannot open %s: %s", who, path, strerror(errno));
	if (fstat(fd, &st)) {
		ret = error_set(err, errno, "%s: %s: %s", who, path, strerror(errno));
		goto close_file;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		ret = error_set(err, EINVAL, "%s: %s %s", who, path,
				S_ISREG(st.st_mode) ? "is empty" : "is not a file");
		goto close_file;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED) {
		ret = error_set(err, errno, "%s: cannot map %s: %s", who, path, strerror(errno));
		goto close_file;
	}
	f->bytes = bytes;
	f->size = (size_t)st.st_size;
close_file:
	close(fd);
	return ret;
}

int elf_file_open(struct elf_file *f, const char *path, const char *who, bool program,
		  struct error *err)
{
	const char *wrong;
	int ret;

	memset(f, 0, sizeof(*f));
	ret = map(f, path, who, err);
	if (ret)
		return ret;
	wrong = wrong_head(f, program);
	if (!wrong)
		wrong = read_segments(f, program);
	if (!wrong)
		wrong = read_tables(f);
	if (!wrong)
		return 0;
	elf_file_close(f);
	return error_set(err, EINVAL, "%s: %s cannot be loaded: %s", who, path, wrong);
}

void elf_file_close(struct elf_file *f)
{
	if (f->bytes)
		munmap((void *)(uintptr_t)f->bytes, f->size);
	memset(f, 0, sizeof(*f));
}

const char *elf_symbol_name(const struct elf_symbols *s, const Elf64_Sym *symbol)
{
	return symbol->st_name < s->names_size ? s->names + symbol->st_name : "";
}

const Elf64_Sym *elf_find_function(const struct elf_symbols *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (ELF64_ST_TYPE(s->list[i].st_info) == STT_FUNC &&
		    s->list[i].st_shndx != SHN_UNDEF &&
		    !strcmp(elf_symbol_name(s, &s->list[i]), name))
			return &s->list[i];
	return NULL;
}

const char *elf_function_at(const struct elf_file *f, uint64_t offset, uint64_t *into)
{
	const struct elf_symbols *s = f->all.list ? &f->all : &f->dynamic;

	for (size_t i = 0; i < s->n; i++) {
		const Elf64_Sym *symbol = &s->list[i];

		if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF &&
		    offset >= symbol->st_value && offset - symbol->st_value < symbol->st_size) {
			*into = offset - symbol->st_value;
			return elf_symbol_name(s, symbol);
		}
	}
	return NULL;
}

const char *elf_needed(const struct elf_file *f, unsigned i)
{
	for (size_t e = 0; e < f->n_entries && f->entries[e].d_tag != DT_NULL; e++)
		if (f->entries[e].d_tag == DT_NEEDED && !i--)
			/* The names of the dynamic section are those of its symbols. */
			return f->entries[e].d_un.d_val < f->dynamic.names_size ?
			       f->dynamic.names + f->entries[e].d_un.d_val : "";
	return NULL;
}

bool elf_is_symbolic(const struct elf_file *f)
{
	for (size_t e = 0; e < f->n_entries && f->entries[e].d_tag != DT_NULL; e++)
		if (f->entries[e].d_tag == DT_SYMBOLIC ||
		    (f->entries[e].d_tag == DT_FLAGS && f->entries[e].d_un.d_val & DF_SYMBOLIC))
			return true;
	return false;
}
