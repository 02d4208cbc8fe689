/* SPDX-License-Identifier: BSD-2-Clause */
/* Protocol 0 of the stack as a sender: its packets and frames of one test. */
#ifndef CONTRACT_SENDER_H
#define CONTRACT_SENDER_H

#include "packets.h"
#include "stack.h"

#define SENDER_PACKETS 8192

extern struct ground_frames sender_frames;          /* what is sent, by index */
extern struct packet *sender_packets[SENDER_PACKETS];
extern unsigned sender_n;                           /* how many packets there are */

/* cmocka fixtures of one test, in place of the stack's. */
int sender_setup(void **state);
int sender_teardown(void **state);

/* A new frame; its index, or itself, which the next new one may move. */
unsigned sender_frame(unsigned length);
const struct ground_frame *sender_fresh(unsigned length);

/* A new packet for 'queue': of one new frame, or without NBs. */
struct packet *sender_packet(struct protocol *p, USHORT queue, unsigned length);
struct packet *sender_empty(USHORT queue);

void sender_send(struct packet *p);

/* What it was completed with; fails the test when it was not. */
NDIS_STATUS sender_status(const struct packet *p);
/* Waits until all are completed, each with 'status' and unchanged (A22). */
void sender_all_done(NDIS_STATUS status);

/* A queue that runs, for frames to 02:00:00:00:00:'mac'. */
ULONG sender_queue(unsigned processor, unsigned mac);

/* Closes the stack: what left is the frames 0 .. n - 1, whole and in order. */
void sender_left_in_order(unsigned n);

#endif
