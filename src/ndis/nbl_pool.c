/* SPDX-License-Identifier: BSD-2-Clause */
/* NBL and NB pools: what a driver may ask for (I40), and what is left when it ends. */
#include "ndis/nbl_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/object.h"

#define NDIS_TAG 0x6e6d4e44u   /* 'nmND' */

_Atomic(const struct ndis_nbl_watch *) ndis_nbl_watch;

/* All of them. Those that were freed while blocks of theirs were out stay, since the
 * blocks may come back any time. */
static struct nbl_pool *pools;
static pthread_mutex_t pools_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const kind_names[] = {
#define X(name, text) [NBL_POOL_##name] = text,
	NBL_POOL_KINDS(X)
#undef X
};

struct nbl_tag_text nbl_tag_text(ULONG tag)
{
	struct nbl_tag_text t = { "" };

	for (unsigned i = 0; i < 4; i++) {
		char c = (char)(tag >> 8 * i);

		t.text[i] = c >= ' ' && c <= '~' ? c : '.';
	}
	return t;
}

/* ---- the parameters ---- */

static bool header_is(const NDIS_OBJECT_HEADER *h, UCHAR revision, size_t size, const char *call)
{
	const char *field = NULL;
	unsigned is = 0, wanted = 0;

	if (h->Type != NDIS_OBJECT_TYPE_DEFAULT) {
		field = "Type";
		is = h->Type;
		wanted = NDIS_OBJECT_TYPE_DEFAULT;
	} else if (h->Revision != revision) {
		field = "Revision";
		is = h->Revision;
		wanted = revision;
	} else if (h->Size < size) {
		field = "Size";
		is = h->Size;
		wanted = (unsigned)size;
	}
	if (field)
		log_error("%s: Parameters->Header.%s is %u, wanted %u", call, field, is, wanted);
	return !field;
}

static bool list_parameters_are_right(const NET_BUFFER_LIST_POOL_PARAMETERS *p)
{
	static const char call[] = "NdisAllocateNetBufferListPool";

	if (!p) {
		log_error("%s: Parameters is NULL", call);
		return false;
	}
	if (!header_is(&p->Header, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
		       NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1, call))
		return false;
	if (p->DataSize && !p->fAllocateNetBuffer) {
		log_error("%s: DataSize is %u but fAllocateNetBuffer is FALSE (pool '%s')", call,
			  p->DataSize, nbl_tag_text(p->PoolTag).text);
		return false;
	}
	if (p->ContextSize % MEMORY_ALLOCATION_ALIGNMENT) {
		log_error("%s: ContextSize is %u, no multiple of %d (pool '%s')", call,
			  p->ContextSize, MEMORY_ALLOCATION_ALIGNMENT,
			  nbl_tag_text(p->PoolTag).text);
		return false;
	}
	return true;
}

static bool buffer_parameters_are_right(const NET_BUFFER_POOL_PARAMETERS *p)
{
	static const char call[] = "NdisAllocateNetBufferPool";

	if (!p) {
		log_error("%s: Parameters is NULL", call);
		return false;
	}
	return header_is(&p->Header, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
			 NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1, call);
}

/* ---- making ---- */

static struct nbl_pool *pool_create(enum nbl_pool_kind kind, NDIS_HANDLE handle, ULONG tag)
{
	struct nbl_pool *p = aligned_alloc(NBL_CACHE_LINE, ALIGN_UP_BY(sizeof(*p), NBL_CACHE_LINE));

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->kind = kind;
	p->handle = handle;
	p->tag = tag;
	snprintf(p->owner_name, sizeof(p->owner_name), "%s", ndis_handle_name(handle));
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_lock(&pools_lock);
	p->next = pools;
	if (pools)
		pools->previous = p;
	pools = p;
	pthread_mutex_unlock(&pools_lock);
	return p;
}

/* Room for 'size' more bytes in the object, aligned; returns where. */
static ULONG lay_out(struct nbl_pool *p, size_t size, size_t align)
{
	size_t at = ALIGN_UP_BY(p->object_size, align);

	p->object_size = at + size;
	return (ULONG)at;
}

static void lay_out_data(struct nbl_pool *p, ULONG data_size)
{
	p->data_size = data_size;
	if (!data_size)
		return;
	/* The data may begin anywhere in a page, hence one page number more. */
	p->mdl_at = lay_out(p, sizeof(MDL) + (BYTES_TO_PAGES((size_t)data_size) + 1) *
			    sizeof(PFN_NUMBER), MEMORY_ALLOCATION_ALIGNMENT);
	p->data_at = lay_out(p, data_size, NBL_CACHE_LINE);
}

static NDIS_HANDLE pool_ready(struct nbl_pool *p)
{
	p->block_size = sizeof(struct nbl_block) + ALIGN_UP_BY(p->object_size, NBL_CACHE_LINE);
	nbl_watch_call(pool_created, p, p->handle, p->tag);
	return p;
}

NDIS_HANDLE NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle,
					  PNET_BUFFER_LIST_POOL_PARAMETERS Parameters)
{
	struct nbl_pool *p;

	NDIS_CALLED(NdisHandle);
	if (!list_parameters_are_right(Parameters))
		return NULL;
	p = pool_create(NBL_POOL_LISTS, NdisHandle, Parameters->PoolTag);
	if (!p)
		return NULL;
	p->protocol_id = Parameters->ProtocolId;
	p->context_size = Parameters->ContextSize;
	lay_out(p, sizeof(NET_BUFFER_LIST), MEMORY_ALLOCATION_ALIGNMENT);
	if (Parameters->fAllocateNetBuffer) {
		p->has_buffer = true;
		p->buffer_at = lay_out(p, sizeof(NET_BUFFER), NBL_CACHE_LINE);
	}
	p->clear_size = p->object_size;
	if (p->context_size)
		p->context_at = lay_out(p, sizeof(NET_BUFFER_LIST_CONTEXT) + p->context_size,
					MEMORY_ALLOCATION_ALIGNMENT);
	lay_out_data(p, Parameters->DataSize);
	return pool_ready(p);
}

NDIS_HANDLE NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle,
				      PNET_BUFFER_POOL_PARAMETERS Parameters)
{
	struct nbl_pool *p;

	NDIS_CALLED(NdisHandle);
	if (!buffer_parameters_are_right(Parameters))
		return NULL;
	p = pool_create(NBL_POOL_BUFFERS, NdisHandle, Parameters->PoolTag);
	if (!p)
		return NULL;
	lay_out(p, sizeof(NET_BUFFER), MEMORY_ALLOCATION_ALIGNMENT);
	p->clear_size = p->object_size;
	lay_out_data(p, Parameters->DataSize);
	return pool_ready(p);
}

bool nbl_is_of_a_pool(const NET_BUFFER_LIST *nbl)
{
	struct nbl_pool *p;
	bool is;

	pthread_mutex_lock(&pools_lock);
	for (p = pools; p && p != nbl->NdisPoolHandle; p = p->next)
		;
	is = p && (p->kind == NBL_POOL_ADOPTED ||
		   (p->kind == NBL_POOL_LISTS && nbl_blocks_have(p, nbl)));
	pthread_mutex_unlock(&pools_lock);
	return is;
}

/* ---- freeing ---- */

static void pool_free(struct nbl_pool *p)
{
	unsigned outstanding = nbl_blocks_outstanding(p);

	nbl_watch_call(pool_freed, p, p->handle, p->tag, outstanding);
	if (outstanding) {
		log_error("pool '%s' of %s is freed while %u %ss of it are outstanding",
			  NBL_TAG(p), p->owner_name, outstanding, kind_names[p->kind]);
		p->closed = true;
		return;
	}
	pthread_mutex_lock(&pools_lock);
	*(p->previous ? &p->previous->next : &pools) = p->next;
	if (p->next)
		p->next->previous = p->previous;
	pthread_mutex_unlock(&pools_lock);
	nbl_blocks_release(p);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void pool_free_checked(struct nbl_pool *p, bool lists, const char *call)
{
	if (!p)
		return;
	if (p->closed)
		log_error("%s: pool '%s' of %s is freed a second time", call, NBL_TAG(p),
			  p->owner_name);
	else if (lists == (p->kind == NBL_POOL_BUFFERS))
		log_error("%s: pool '%s' of %s is a pool of %ss", call, NBL_TAG(p),
			  p->owner_name, kind_names[p->kind]);
	else
		pool_free(p);
}

VOID NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle)
{
	NDIS_CALLED(NULL);
	pool_free_checked(PoolHandle, true, "NdisFreeNetBufferListPool");
}

VOID NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle)
{
	NDIS_CALLED(NULL);
	pool_free_checked(PoolHandle, false, "NdisFreeNetBufferPool");
}

void nbl_pools_peek(void (*each)(const struct nbl_pool *pool, const char *what, unsigned out,
				 void *arg), void *arg)
{
	for (const struct nbl_pool *p = pools; p; p = p->next) {
		unsigned out = nbl_blocks_out_peek(p);

		if (out)
			each(p, kind_names[p->kind], out, arg);
	}
}

struct nbl_pool *nbl_pool_for(NDIS_HANDLE handle, enum nbl_pool_kind kind, const char *call)
{
	struct nbl_pool *p = handle;

	if (likely(p && p->kind == kind && !p->closed))
		return p;
	if (!p)
		log_error("%s: PoolHandle is NULL", call);
	else if (p->kind != kind)
		log_error("%s: pool '%s' of %s is a pool of %ss", call, NBL_TAG(p), p->owner_name,
			  kind_names[p->kind]);
	else
		log_error("%s: pool '%s' of %s was freed", call, NBL_TAG(p), p->owner_name);
	return NULL;
}

/* ---- NDIS's own ---- */

static NDIS_HANDLE own_lists, own_buffers;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void own_pools_create(void)
{
	NET_BUFFER_LIST_POOL_PARAMETERS lists = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.fAllocateNetBuffer = TRUE,
		.PoolTag = NDIS_TAG,
	};
	NET_BUFFER_POOL_PARAMETERS buffers = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1 },
		.PoolTag = NDIS_TAG,
	};

	own_lists = NdisAllocateNetBufferListPool(NULL, &lists);
	own_buffers = NdisAllocateNetBufferPool(NULL, &buffers);
}

NDIS_HANDLE nbl_pool_of_lists(void)
{
	pthread_once(&own_once, own_pools_create);
	return own_lists;
}

NDIS_HANDLE nbl_pool_of_buffers(void)
{
	pthread_once(&own_once, own_pools_create);
	return own_buffers;
}

/* ---- adopted ---- */

NDIS_HANDLE OvmqAllocateAdoptedPool(NDIS_HANDLE NdisHandle, const VOID *Owner)
{
	struct nbl_pool *pool = pool_create(NBL_POOL_ADOPTED, NdisHandle, NDIS_TAG);

	if (pool)
		pool->owner = Owner;
	return pool;
}

VOID OvmqAdoptNetBufferList(NDIS_HANDLE Pool, PNET_BUFFER_LIST Nbl, PNET_BUFFER Nb, PMDL Mdl,
			    PVOID VirtualAddress, ULONG Length)
{
	memset(Nbl, 0, sizeof(*Nbl));
	memset(Nb, 0, sizeof(*Nb));
	memset(Mdl, 0, sizeof(*Mdl));
	Mdl->Size = sizeof(*Mdl);
	Mdl->MdlFlags = MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA;
	Mdl->MappedSystemVa = VirtualAddress;
	Mdl->StartVa = PAGE_ALIGN(VirtualAddress);
	Mdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
	Mdl->ByteCount = Length;
	Nb->NdisPoolHandle = Pool;
	NET_BUFFER_FIRST_MDL(Nb) = Mdl;
	NET_BUFFER_CURRENT_MDL(Nb) = Mdl;
	Nbl->NdisPoolHandle = Pool;
	NET_BUFFER_LIST_FIRST_NB(Nbl) = Nb;
}
