/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields that belong to one class of drivers, while no driver of that class has the
 * list: MiniportReserved from a send's completion to the next send, ProtocolReserved
 * from a return to the next indication (A21, A28, I46). They get a value that no
 * driver writes, which is still there when the list comes again, or somebody touched
 * what was no longer his. The pool's allocation and whoever adopts memory clear the
 * whole list, so zero is no sign. Lists that NDIS itself allocated are guarded too
 * under AddressSanitizer, which then names the very instruction. The rest of a list,
 * and its data, are the owner's at once: nothing can be said of them.
 */
#include "verifier/inside.h"

#if defined(__SANITIZE_ADDRESS__)
#define GUARDS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARDS 1
#endif
#endif

#ifdef GUARDS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

/* No address of this machine: whoever follows it falls at once. */
#define POISON ((PVOID)(ULONG_PTR)0x9bad9bad9bad9bad)

#define N(array) (sizeof(array) / sizeof((array)[0]))

void poison_scratch(PNET_BUFFER_LIST nbl)
{
	nbl->Scratch = POISON;
}

/* The pool of an adopted list has an owner, whose memory it is: nothing to guard there. */
static bool is_allocated(const NET_BUFFER_LIST *nbl)
{
	return nbl->NdisPoolHandle && !OvmqNblOwner(nbl);
}

static void fill(PVOID *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fields[i] = POISON;
}

void poison_after_completion(struct nbl_record *r)
{
	PNET_BUFFER_LIST nbl = r->nbl;

	fill(nbl->MiniportReserved, N(nbl->MiniportReserved));
	r->marked_miniport = true;
	if (!is_allocated(nbl))
		return;
	ASAN_POISON_MEMORY_REGION(nbl->MiniportReserved, sizeof(nbl->MiniportReserved));
	r->guarded = true;
}

void poison_after_return(struct nbl_record *r)
{
	fill(r->nbl->ProtocolReserved, N(r->nbl->ProtocolReserved));
	r->marked_protocol = true;
}

static bool is_whole(PVOID *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i] && fields[i] != POISON)
			return false;
	return true;
}

bool poison_end(struct nbl_record *r, const char **field)
{
	PNET_BUFFER_LIST nbl = r->nbl;
	bool whole = true;

	if (r->guarded)
		ASAN_UNPOISON_MEMORY_REGION(nbl->MiniportReserved, sizeof(nbl->MiniportReserved));
	/* In other hands since, or in other use: the marks say nothing. */
	if (r->marked_miniport && !is_whole(nbl->MiniportReserved, N(nbl->MiniportReserved))) {
		*field = "MiniportReserved";
		whole = false;
	}
	if (r->marked_protocol && !is_whole(nbl->ProtocolReserved, N(nbl->ProtocolReserved))) {
		*field = "ProtocolReserved";
		whole = false;
	}
	r->marked_miniport = r->marked_protocol = r->guarded = false;
	return whole;
}
