/* SPDX-License-Identifier: BSD-2-Clause */
#include "packets.h"

#include <stdlib.h>
#include <string.h>

static NDIS_HANDLE pool;
static const char owner;

void packets_open(void)
{
	pool = OvmqAllocateAdoptedPool(NULL, &owner);
	assert_non_null(pool);
}

void packets_close(void)
{
	if (pool)
		NdisFreeNetBufferListPool(pool);
	pool = NULL;
}

struct packet *packet_new(NDIS_HANDLE source, USHORT queue)
{
	struct packet *packet = aligned_alloc(16, (sizeof(*packet) + 15) & ~(size_t)15);

	assert_non_null(packet);
	memset(packet, 0, sizeof(*packet));
	memset(packet->room, 0xa5, sizeof(packet->room));
	OvmqAdoptNetBufferList(pool, &packet->nbl, &packet->nb[0], &packet->mdl[0][0], packet->room, 0);
	NET_BUFFER_LIST_FIRST_NB(&packet->nbl) = NULL;
	packet->nbl.SourceHandle = source;   /* A26 */
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&packet->nbl) = queue;
	return packet;
}

void packet_free(struct packet *packet)
{
	free(packet);
}

void packet_add(struct packet *packet, const struct ground_frame *frame, unsigned n,
		const unsigned *lengths, unsigned offset)
{
	unsigned i = packet->n_nbs++, done = 0, at = PACKET_GUARD;
	NET_BUFFER *nb = &packet->nb[i];
	NET_BUFFER_LIST aside;
	MDL *last = NULL;

	assert_true(i < PACKET_NBS && n && n <= PACKET_MDLS);
	packet->n_mdls[i] = n;
	for (unsigned m = 0; m < n; m++) {
		NET_BUFFER unused;
		unsigned before = m ? 0 : offset, here = frame->length - done;

		if (m + 1 < n && lengths[m] < here)
			here = lengths[m];
		assert_true(at + before + here + PACKET_GUARD <= PACKET_ROOM);
		OvmqAdoptNetBufferList(pool, &aside, m ? &unused : nb, &packet->mdl[i][m],
				       &packet->room[i][at], before + here);
		memcpy(&packet->room[i][at + before], frame->bytes + done, here);
		if (last)
			NDIS_MDL_LINKAGE(last) = &packet->mdl[i][m];
		last = &packet->mdl[i][m];
		done += here;
		at += before + here + PACKET_GUARD;
	}
	NET_BUFFER_DATA_OFFSET(nb) = NET_BUFFER_CURRENT_MDL_OFFSET(nb) = offset;
	NET_BUFFER_DATA_LENGTH(nb) = frame->length;
	if (i)
		NET_BUFFER_NEXT_NB(&packet->nb[i - 1]) = nb;
	else
		NET_BUFFER_LIST_FIRST_NB(&packet->nbl) = nb;
}

struct packet *packet_of(NDIS_HANDLE source, USHORT queue, const struct ground_frames *frames,
			 unsigned index)
{
	struct packet *packet = packet_new(source, queue);

	packet_add(packet, &frames->list[index], 1, NULL, 0);
	return packet;
}

void packet_set_tag(struct packet *packet, unsigned priority, unsigned vlan)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };

	tag.TagHeader.UserPriority = priority & 7;
	tag.TagHeader.VlanId = vlan & 0xfff;
	NET_BUFFER_LIST_INFO(&packet->nbl, Ieee8021QNetBufferListInfo) = tag.Value;
}

static uint64_t fnv(uint64_t h, const void *data, size_t n)
{
	for (const unsigned char *p = data; n--; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

/* The chain of NBs and MDLs, every byte of data and guard; not what the miniport
 * or NDIS may use: NdisReserved, MiniportReserved, Scratch, Status, Next. */
static uint64_t hash_of(const struct packet *p)
{
	uint64_t h = fnv(0xcbf29ce484222325, p->room, sizeof(p->room));

	h = fnv(h, &p->nbl.FirstNetBuffer, sizeof(p->nbl.FirstNetBuffer));
	h = fnv(h, &p->nbl.SourceHandle, sizeof(p->nbl.SourceHandle));
	h = fnv(h, p->nbl.ProtocolReserved, sizeof(p->nbl.ProtocolReserved));
	h = fnv(h, p->nbl.NetBufferListInfo, sizeof(p->nbl.NetBufferListInfo));
	for (unsigned i = 0; i < p->n_nbs; i++) {
		h = fnv(h, &p->nb[i].Next, offsetof(NET_BUFFER, DataOffset) + sizeof(ULONG));
		h = fnv(h, p->mdl[i], p->n_mdls[i] * sizeof(MDL));
	}
	return h;
}

void packet_seal(struct packet *packet)
{
	packet->hash = hash_of(packet);
}

bool packet_is_unchanged(const struct packet *packet)
{
	return packet->hash == hash_of(packet);
}

void packets_send(struct protocol *p, struct packet *const *packets, unsigned n, ULONG flags)
{
	for (unsigned i = 0; i < n; i++) {
		packet_seal(packets[i]);
		NET_BUFFER_LIST_NEXT_NBL(&packets[i]->nbl) = i + 1 < n ? &packets[i + 1]->nbl : NULL;
	}
	NdisSendNetBufferLists(atomic_load(&p->binding), &packets[0]->nbl, NDIS_DEFAULT_PORT_NUMBER,
			       flags);
}

const struct trace_send *packet_done(const NET_BUFFER_LIST *nbl)
{
	const struct trace_send *found = NULL;
	unsigned end = atomic_load(&trace.n_sends);

	for (unsigned i = 0; i < end; i++) {
		if (trace.sends[i].nbl != nbl)
			continue;
		if (found)
			fail_msg("an NBL was completed twice (A19)");
		found = &trace.sends[i];
	}
	return found;
}

void packets_wait(unsigned n)
{
	ground_until(atomic_load(&trace.n_sends) >= n);
	assert_int_equal(atomic_load(&trace.n_sends), n);
}
