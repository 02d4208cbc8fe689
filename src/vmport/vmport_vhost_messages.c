/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of a guest's VMM, before and after librte_vhost obeys them; in the direct mode
 * only. They come on librte_vhost's thread, most of them with the locks of all rings held.
 */
#include <sys/eventfd.h>

#include <rte_vhost.h>

#include "vmport/vmport_vhost.h"
#include "vmport/vmport_vhost_ring.h"

/* Of vhost-user's requests those that are of interest here. */
enum request {
	GET_FEATURES = 1, SET_MEM_TABLE = 5, GET_PROTOCOL_FEATURES = 15, GET_QUEUE_NUM = 17,
	SEND_RARP = 19, NET_SET_MTU = 20,
};

/* How a message begins. */
struct message {
	uint32_t request, flags, size;
	uint64_t value;
} __attribute__((packed));

/* Whether it leaves rings and memory alone. Of one that is not known that is not assumed. */
static bool is_harmless(uint32_t request)
{
	return request == GET_FEATURES || request == GET_PROTOCOL_FEATURES ||
	       request == GET_QUEUE_NUM || request == SEND_RARP || request == NET_SET_MTU;
}

/*
 * Before librte_vhost obeys a message. One that fails ends the connection; but where the VMM
 * asked for an answer (NEED_REPLY), it is told, and the rings stay held until its next message,
 * whichever that is. Nobody else waits for them, and what librte_vhost left half done is
 * better not served.
 */
static enum rte_vhost_msg_result on_message(int vid, void *bytes)
{
	const struct message *m = bytes;
	struct vhost_port *p = vhost_port_of(vid);
	struct vhost_connection *c;

	if (!p || is_harmless(m->request))
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, vid);
	if (c) {
		c->held = true;
		if (m->request == SET_MEM_TABLE)
			c->memory = false;
		if (c == vhost_connection_latest(p))
			vhost_direct_take(p);
	}
	pthread_mutex_unlock(&p->lock);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* After it was obeyed. */
static enum rte_vhost_msg_result on_obeyed(int vid, void *bytes)
{
	const struct message *m = bytes;
	struct vhost_port *p = vhost_port_of(vid);
	struct vhost_connection *c;

	if (!p)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, vid);
	if (c && m->request == SET_MEM_TABLE)
		c->memory = true;
	if (c && m->request == SEND_RARP) {
		atomic_store(&p->announce, VHOST_ANNOUNCE | m->value);
		eventfd_write(p->event_fd, 1);
	}
	if (c && c->held) {
		c->held = false;
		if (c == vhost_connection_latest(p))
			vhost_guest_publish(p);
	}
	pthread_mutex_unlock(&p->lock);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

const struct rte_vhost_user_extern_ops vhost_messages = {
	.pre_msg_handle = on_message,
	.post_msg_handle = on_obeyed,
};
