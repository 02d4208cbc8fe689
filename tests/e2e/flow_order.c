/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_order EAL-OPTIONS... -- FRAMES SECONDS [across]
 *
 * The far ends of a host, in one process: the other end of its wire
 * (net_virtio_user_wire, on a NIC that is a vhost device, with as many queues) and the
 * guests on its vhost-user sockets (net_virtio_user0, ...), guest n with the MAC
 * 52:54:00:00:00:(0x11 + n). The host may send to the wire by any queue: what lies in
 * several at once is taken in another order each time. Sends FRAMES in all in both directions, in flows, each with
 * numbers of its own; whoever gets a frame looks at its number. So few are on their way at
 * a time that nothing may be lost. 'across': not by the wire, but from each guest to the next;
 * a guest with several queues sends each flow by one. Prints the counts; status 0: all came, each
 * flow in order, within SECONDS.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define BURST   32
#define GUESTS  4
#define FLOWS   16       /* of a guest and direction */
#define WINDOW  192      /* frames of a guest and direction on their way */
#define LENGTH  64
#define TYPE    0x88b5
#define PROBE   UINT32_MAX

struct payload {
	uint8_t to[6], from[6];
	uint16_t type;
	uint8_t guest, way;
	uint32_t flow;         /* PROBE: only to see that the way is there */
	uint64_t number;
} __attribute__((packed));

/* From the guest to the wire, from there to the guest, from the guest to the next. */
enum { UP, DOWN, ACROSS, WAYS };

/* One guest in one direction. */
struct way {
	uint64_t sent, come;             /* frames */
	uint64_t next[FLOWS], seen[FLOWS];
	unsigned turn;
	bool open;                       /* a probe came */
	uint16_t queue;                  /* that sends now */
	struct rte_mbuf *left[BURST];    /* made, and not yet taken by it */
	unsigned n_left;
};

static struct rte_mempool *pool;
static uint16_t wire, guests[GUESTS], wire_queues, guest_queues[GUESTS];
static unsigned n_guests, first_way = UP, last_way = DOWN;
static struct way ways[GUESTS][WAYS];
static uint64_t disorder, strange, broken;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void mac_of(uint8_t mac[6], int guest)
{
	static const uint8_t outside[6] = { 2, 0, 0, 0, 0, 1 }, inside[6] = { 0x52, 0x54, 0, 0, 0, 0x11 };

	memcpy(mac, guest < 0 ? outside : inside, 6);
	if (guest > 0)
		mac[5] = (uint8_t)(mac[5] + guest);
}

/* Whose end frames come to; -1: the wire's. */
static int end_of(unsigned guest, unsigned way)
{
	return way == UP ? -1 : (int)(way == DOWN ? guest : (guest + 1) % n_guests);
}

static struct rte_mbuf *frame(unsigned guest, unsigned way, uint32_t flow, uint64_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct payload *p;

	if (!m)
		return NULL;
	p = (struct payload *)(void *)rte_pktmbuf_append(m, LENGTH);
	memset(p, (int)(uint8_t)number, LENGTH);
	mac_of(p->to, end_of(guest, way));
	mac_of(p->from, way == DOWN ? -1 : (int)guest);
	p->type = rte_cpu_to_be_16(TYPE);
	p->guest = (uint8_t)guest;
	p->way = (uint8_t)way;
	p->flow = flow;
	p->number = number;
	return m;
}

/* What came at the end of 'guest', or of the wire. */
static void look(const struct rte_mbuf *m, int guest)
{
	const struct payload *p = rte_pktmbuf_mtod(m, const struct payload *);
	const uint8_t *rest = (const uint8_t *)(p + 1);
	struct way *w;

	if (m->data_len < LENGTH || p->type != rte_cpu_to_be_16(TYPE) || p->guest >= n_guests ||
	    p->way >= WAYS || end_of(p->guest, p->way) != guest) {
		strange++;
		return;
	}
	w = &ways[p->guest][p->way];
	w->open = true;
	if (p->flow == PROBE)
		return;
	for (unsigned i = 0; i < LENGTH - sizeof(*p); i++)
		if (rest[i] != (uint8_t)p->number) {
			broken++;
			break;
		}
	if (p->flow >= FLOWS || p->number != w->seen[p->flow])
		disorder++;   /* too early, too late, or twice */
	if (p->flow < FLOWS)
		w->seen[p->flow] = p->number + 1;
	w->come++;
}

static bool receive(uint16_t port, uint16_t queue, int guest)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(port, queue, pkts, BURST);

	for (unsigned i = 0; i < n; i++)
		look(pkts[i], guest);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* Sends what the window lets, of the 'most' frames that the way shall have in all. */
static bool send_some(unsigned guest, unsigned way, uint64_t most)
{
	struct way *w = &ways[guest][way];
	uint16_t port = way == DOWN ? wire : guests[guest], sent;
	unsigned queues = way == DOWN ? 1 : guest_queues[guest];

	if (!w->n_left)
		w->queue = (uint16_t)((w->queue + 1) % queues);
	while (w->n_left < BURST && w->sent < most && w->sent - w->come < WINDOW) {
		unsigned flow = w->turn++ * 7 % (FLOWS / queues) * queues + w->queue;
		struct rte_mbuf *m = frame(guest, way, flow, w->next[flow]);

		if (!m)
			break;
		w->next[flow]++;
		w->sent++;
		w->left[w->n_left++] = m;
	}
	sent = rte_eth_tx_burst(port, w->queue, w->left, (uint16_t)w->n_left);
	w->n_left -= sent;
	memmove(w->left, w->left + sent, w->n_left * sizeof(w->left[0]));
	return sent;
}

static bool receive_all(void)
{
	static unsigned round;
	bool some = false;

	for (uint16_t q = 0, first = (uint16_t)round++; q < wire_queues; q++)
		some |= receive(wire, (uint16_t)(first + q) % wire_queues, -1);
	for (unsigned g = 0; g < n_guests; g++)
		for (uint16_t q = 0; q < guest_queues[g]; q++)
			some |= receive(guests[g], q, (int)g);
	return some;
}

/* Probes go until every way is there; then those under way come or are lost. */
static bool ways_open(double end)
{
	bool open = false;

	while (!open && now() < end) {
		open = true;
		for (unsigned g = 0; g < n_guests; g++)
			for (unsigned way = first_way; way <= last_way; way++) {
				struct rte_mbuf *m = ways[g][way].open ? NULL : frame(g, way, PROBE, 0);

				open &= ways[g][way].open;
				if (m && !rte_eth_tx_burst(way == DOWN ? wire : guests[g], 0, &m, 1))
					rte_pktmbuf_free(m);
			}
		for (double pause = now() + 0.02; now() < pause;)
			receive_all();
	}
	for (double pause = now() + 0.3; open && now() < pause;)
		receive_all();
	return open;
}

static bool run(uint64_t frames, double end)
{
	uint64_t most = frames / ((last_way - first_way + 1) * n_guests);

	for (uint64_t round = 0; (round & 1023) || now() < end; round++) {
		bool done = true, some = receive_all();

		for (unsigned g = 0; g < n_guests; g++)
			for (unsigned way = first_way; way <= last_way; way++) {
				some |= send_some(g, way, most);
				done &= ways[g][way].come >= most;
			}
		if (done)
			return true;
		if (!some)
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	return false;
}

static bool port_start(uint16_t port, uint16_t *queues)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf c;

	memset(&c, 0, sizeof(c));
	if (rte_eth_dev_info_get(port, &info))
		return false;
	*queues = info.max_rx_queues;
	if (rte_eth_dev_configure(port, *queues, *queues, &c))
		return false;
	for (uint16_t q = 0; q < *queues; q++)
		if (rte_eth_rx_queue_setup(port, q, 256, SOCKET_ID_ANY, NULL, pool) ||
		    rte_eth_tx_queue_setup(port, q, 256, SOCKET_ID_ANY, NULL))
			return false;
	return !rte_eth_dev_start(port);
}

static bool start(void)
{
	char name[32];

	pool = rte_pktmbuf_pool_create("frames", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (!pool || rte_eth_dev_get_port_by_name("net_virtio_user_wire", &wire) ||
	    !port_start(wire, &wire_queues))
		return false;
	for (; n_guests < GUESTS; n_guests++) {
		snprintf(name, sizeof(name), "net_virtio_user%u", n_guests);
		if (rte_eth_dev_get_port_by_name(name, &guests[n_guests]))
			break;
		if (!port_start(guests[n_guests], &guest_queues[n_guests]))
			return false;
	}
	return n_guests;
}

static void tell(double began)
{
	uint64_t sent[WAYS] = { 0 }, come[WAYS] = { 0 };

	for (unsigned g = 0; g < n_guests; g++)
		for (unsigned way = 0; way < WAYS; way++) {
			sent[way] += ways[g][way].sent;
			come[way] += ways[g][way].come;
		}
	printf("wire_sent=%" PRIu64 " vm_got=%" PRIu64 " vm_sent=%" PRIu64 " wire_got=%" PRIu64
	       " across_sent=%" PRIu64 " across_got=%" PRIu64
	       " disorder=%" PRIu64 " strange=%" PRIu64 " broken=%" PRIu64 " seconds=%.1f\n",
	       sent[DOWN], come[DOWN], sent[UP], come[UP], sent[ACROSS], come[ACROSS], disorder,
	       strange, broken, now() - began);
}

int main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);
	uint64_t frames;
	double began, end;
	bool all;

	if (used < 0 || argc - used < 3 || argc - used > 4 ||
	    (argc - used == 4 && strcmp(argv[used + 3], "across") != 0)) {
		fprintf(stderr, "usage: flow_order EAL-OPTIONS... -- FRAMES SECONDS [across]\n");
		return 2;
	}
	if (argc - used == 4)
		first_way = last_way = ACROSS;
	frames = strtoull(argv[used + 1], NULL, 10);
	end = now() + strtod(argv[used + 2], NULL);
	if (!start() || !ways_open(end)) {
		fprintf(stderr, "flow_order: %s\n", n_guests ? "no frame comes through" : "no ports");
		return 1;
	}
	printf("begins\n");
	fflush(stdout);
	began = now();
	all = run(frames, end);
	tell(began);
	return all && !disorder && !broken ? 0 : 1;
}
