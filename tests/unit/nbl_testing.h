/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of NBLs have in common: pools, MDL chains, and what was logged. */
#ifndef NBL_TESTING_H
#define NBL_TESTING_H

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

#include <ndis.h>
#include <ovmq.h>

#define TAG 0x74736574u   /* 'test' */

static inline NET_BUFFER_LIST_POOL_PARAMETERS list_pool_parameters(BOOLEAN buffer, USHORT context,
								   ULONG data)
{
	return (NET_BUFFER_LIST_POOL_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.fAllocateNetBuffer = buffer,
		.ContextSize = context,
		.PoolTag = TAG,
		.DataSize = data,
	};
}

static inline NDIS_HANDLE list_pool(BOOLEAN buffer, USHORT context, ULONG data)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = list_pool_parameters(buffer, context, data);
	NDIS_HANDLE pool = NdisAllocateNetBufferListPool(NULL, &p);

	assert_non_null(pool);
	return pool;
}

static inline NDIS_HANDLE buffer_pool(ULONG data)
{
	NET_BUFFER_POOL_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1 },
		.PoolTag = TAG,
		.DataSize = data,
	};
	NDIS_HANDLE pool = NdisAllocateNetBufferPool(NULL, &p);

	assert_non_null(pool);
	return pool;
}

/* A chain of n MDLs of those lengths; each byte has memory of its own, so that a
 * sanitizer sees the edges, and the bytes count up from 'first'. */
static inline PMDL chain_make(const ULONG *lengths, unsigned n, UCHAR first)
{
	PMDL chain = NULL, *tail = &chain;

	for (unsigned i = 0; i < n; i++) {
		UCHAR *bytes = malloc(lengths[i] ? lengths[i] : 1);

		for (ULONG b = 0; b < lengths[i]; b++)
			bytes[b] = first++;
		*tail = NdisAllocateMdl(NULL, bytes, lengths[i]);
		assert_non_null(*tail);
		tail = &(*tail)->Next;
	}
	return chain;
}

static inline void chain_free(PMDL chain)
{
	while (chain) {
		PMDL next = chain->Next;

		free(MmGetMdlVirtualAddress(chain));
		NdisFreeMdl(chain);
		chain = next;
	}
}

static inline ULONG chain_length(const MDL *chain)
{
	ULONG n = 0;

	for (; chain; chain = chain->Next)
		n += chain->ByteCount;
	return n;
}

/* The data of a buffer, byte by byte along its chain from byte DataOffset on. */
static inline void data_read(const NET_BUFFER *nb, UCHAR *to)
{
	const MDL *mdl = nb->MdlChain;
	ULONG at = nb->DataOffset;

	for (ULONG i = 0; i < nb->DataLength; i++, at++) {
		while (mdl && at >= mdl->ByteCount) {
			at -= mdl->ByteCount;
			mdl = mdl->Next;
		}
		assert_non_null(mdl);
		to[i] = ((UCHAR *)mdl->MappedSystemVa)[at];
	}
}

/* I44: the current MDL and its offset name byte DataOffset, and the data fit. */
static inline void assert_consistent(const NET_BUFFER *nb)
{
	ULONG before = 0;
	const MDL *mdl = nb->MdlChain;

	for (; mdl && mdl != nb->CurrentMdl; mdl = mdl->Next)
		before += mdl->ByteCount;
	assert_ptr_equal(mdl, nb->CurrentMdl);
	assert_int_equal(before + nb->CurrentMdlOffset, nb->DataOffset);
	assert_true((ULONG64)nb->DataOffset + nb->DataLength <= chain_length(nb->MdlChain));
	if (nb->DataLength)
		assert_true(nb->CurrentMdlOffset < nb->CurrentMdl->ByteCount);
}

/* ---- what was logged ---- */

static FILE *log_file;
static int log_stderr = -1;

static inline void log_capture(void)
{
	log_file = tmpfile();
	assert_non_null(log_file);
	fflush(stderr);
	log_stderr = dup(2);
	dup2(fileno(log_file), 2);
}

/* What was written to standard error since; valid until the next call. */
static inline const char *log_captured(void)
{
	static char text[4096];
	size_t n;

	fflush(stderr);
	dup2(log_stderr, 2);
	close(log_stderr);
	rewind(log_file);
	n = fread(text, 1, sizeof(text) - 1, log_file);
	text[n] = '\0';
	fclose(log_file);
	return text;
}

static inline void assert_logged(const char *part)
{
	const char *text = log_captured();

	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static inline void assert_nothing_logged(void)
{
	assert_string_equal(log_captured(), "");
}

/* Runs it in a process of its own, which must abort having logged 'part'. */
static inline void assert_aborts(void (*routine)(void), const char *part)
{
	int status;
	pid_t child;

	log_capture();
	child = fork();
	if (!child) {
		routine();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_logged(part);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) != 0);
}

#endif
