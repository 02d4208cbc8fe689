/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack of the real miniport over a capture and of test protocols. The wire has a
 * gate on either side: tests say how many frames come in, and how many the NIC
 * still takes. Shared memory is watched as it is allocated and freed.
 *
 * A test: protocol_wire gets its frames, stack_open(), stack_let() or stack_flow(),
 * asserts on the trace, stack_close() (the fixture's teardown does it otherwise).
 */
#ifndef CONTRACT_STACK_H
#define CONTRACT_STACK_H

#include "asks.h"
#include "miniport/miniport.h"
#include "nic/nic.h"

#define STACK_QUEUES  8
#define STACK_BUFFERS 64
#define STACK_MTU     1500

struct stack_options {
	unsigned queues, buffers, mtu;     /* 0: the values above */
	unsigned protocols;                /* 0: one */
	bool ndis_620;                     /* the miniport is one of NDIS 6.20 */
	bool bare;                         /* without *RssOrVmqPreference 1, *QOS 1 */
	const struct ndis_keyword *keywords;   /* more of them, or other values; to a NULL name;
						* NULL: none */
};

struct stack_block {
	NDIS_HANDLE allocation, handle;
	NDIS_HANDLE adapter;
	ULONG queue;
	uintptr_t address;
	ULONG length;
	NDIS_SHARED_MEMORY_USAGE usage;
	ULONG flags;
	KIRQL irql;                        /* of the allocation */
	bool after_dma;                    /* DMA was registered by then */
	void *elsewhere;                   /* memory of the test's own, see memory_elsewhere */
	bool live;
	KIRQL irql_of_free;
	bool adapter_matches;              /* freed with the handle it was allocated with */
};

#define STACK_BLOCKS 4096

struct stack {
	struct ndis_image *image;
	struct ndis_adapter *adapter;
	atomic_uint let;                   /* frames that may still come in */
	atomic_uint come;                  /* that came in */
	unsigned after;                    /* a test's own note */
	bool hurried;                      /* the NIC cannot wait, as one of hardware */
	bool patient;                      /* a free that begins now never gives its sends up */
	unsigned tx_queues;                /* transmit queues that the NIC shows; 0: as it has */
	atomic_uint taken[GROUND_PROCESSORS];  /* frames that it took by each; with 'tx_queues' */
	/* What takes frames in the capture's place, as nic_tx_burst() does; NULL: the capture. */
	uint16_t (*port)(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	atomic_uint refuse_memory_of;      /* queue that gets no shared memory; 0: none */
	atomic_int refuse_usage;           /* usage for which there is no memory; 0: none */
	atomic_int memory_elsewhere;       /* usage whose memory is a mapping of the test's */
	atomic_bool dma;                   /* the miniport has registered DMA */
	atomic_bool stop_at_burst;         /* the NIC's poller waits where it asks for frames, */
	atomic_bool at_burst;              /* and is there now */
	atomic_int room;                   /* frames that the NIC still takes; below 0: any */
	atomic_bool singly;                /* one of them at a time */
	struct stack_block blocks[STACK_BLOCKS];
	atomic_uint n_blocks;
	/* Called before each thing that the miniport does when all is quiet; NULL: not. */
	_Atomic(void (*)(void)) before_quiet;
	struct ground_frames out;          /* what was sent, after stack_close() */
};

extern struct stack stack;

/* The filter engine of every adapter that is opened; NULL: nothing is said of it. */
extern const char *stack_filter_engine;

/* NULL: all as above. The wire is shut, the NIC takes everything. */
void stack_open(const struct stack_options *o);

/* The same, with a packet filter that takes every frame. */
void stack_open_receiving(const struct stack_options *o);

/* Adds a frame to 02:00:00:00:00:'last', see ground_frame_add(); and one of 100 bytes
 * besides its tag. Before the opening. */
unsigned stack_frame(unsigned last, int tci, unsigned length);
unsigned stack_frame_of(unsigned last, int tci);
/* Adds 'n' untagged frames of 100 bytes. */
void stack_frames_to(unsigned last, unsigned n);

/* Gives back what is held, opens the NIC's gate, frees queues and filters that are
 * left, removes the adapter and reads what was sent. Fails the test when anything was left behind (G1, E8). Accepts a closed one. */
void stack_close(void);

/* cmocka fixtures of one test. */
int stack_setup(void **state);
int stack_teardown(void **state);

/* Lets 'n' more frames of the capture in. */
void stack_let(unsigned n);
/* The same, and waits until each is indicated or dropped. */
void stack_flow(unsigned n);
/* Stops the NIC's poller just before it gets frames; and lets it go on. Between the two
 * nothing that waits for quiet ends. */
void stack_stop_poller(void);
void stack_release_poller(void);
/* How many frames the NIC takes from now on; below 0: any. */
void stack_take(int room);

/* Lets the NIC take 'n' frames, one at a time, and waits until it has. */
void stack_take_singly(int n);

/* Sends 'n' frames to the capture, for stack.port. */
uint16_t stack_write(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

/* A DPC of the miniport's message 'number' on the calling processor, so throttled. */
void stack_dpc(ULONG number, NDIS_RECEIVE_THROTTLE_PARAMETERS *throttle);

struct miniport_report stack_report(void);
struct miniport_queue_report stack_queue_report(ULONG queue);
/* How many of the frames that came in were neither indicated nor dropped yet. */
uint64_t stack_waiting(void);
uint64_t stack_outstanding(ULONG queue);

/* Live blocks of shared memory of that queue. */
unsigned stack_blocks_of(ULONG queue);
/* The live block of that handle; NULL: none. */
const struct stack_block *stack_block(NDIS_HANDLE handle);

#endif
