/* SPDX-License-Identifier: BSD-2-Clause */
/* A layer goes: nobody asks it any more, and nothing that it asked is under way. */
#include "ndis/oid.h"

#include "base/log.h"
#include "ndis/oid_line.h"

void ndis_oid_leave(struct ndis_filter *f)
{
	struct ndis_adapter *a = f->layer.adapter;

	pthread_rwlock_wrlock(&a->stack_lock);
	f->layer.leaving = true;
	pthread_rwlock_unlock(&a->stack_lock);
	ndis_oid_line_wait(&f->layer.oids, true);
	while (atomic_load(&f->layer.direct))
		NdisMSleep(100);
}

void ndis_oid_wait_own(struct ndis_layer *layer)
{
	unsigned own = atomic_load(&layer->own);

	if (own)
		log_error("%s %s: goes before %u of its OID requests have ended; they are waited for (I21)",
			  ndis_object_kind_name(layer->object.kind), layer->object.name, own);
	while (atomic_load(&layer->own) || atomic_load(&layer->telling))
		NdisMSleep(100);
}
