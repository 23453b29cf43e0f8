/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's senders, one per transmit queue: they make packets when these are due, and give them to their queue.
 */
#ifndef POLLUX_APPS_GEN_SEND_H
#define POLLUX_APPS_GEN_SEND_H

#include "app.h"
#include "app_cpu.h"
#include "gen_frame.h"
#include "gen_schedule.h"

/** What all senders share: written before they start, but for what is atomic. All times but those with tsc in their
 * name are in cycles since start_tsc. */
struct gen_sending {
	const struct gen_makers *makers;
	struct pkt_pool *pool;
	unsigned senders;           /* sender i has the packets i, i + senders, i + 2 * senders, ... */
	unsigned frames_per_burst;  /* at most */
	bool many_buffers;          /* frames may take several */
	uint64_t away_limit;        /* a thread that has not looked for so long had lost its CPU */
	uint64_t begun_tsc;         /* the time stamp counter when the threads were to start */
	_Atomic uint64_t start_tsc; /* the time stamp counter when the first one started; 0: not yet */
	_Atomic uint64_t ended_at;  /* when sending ended */
	uint64_t end_at;            /* what is due later is not sent */
	uint64_t made_before; /* packets of each sender, at most: what they made in earlier trials had lower numbers */
	_Atomic double speed; /* of the schedule's clock: the main thread writes it, the senders take it over */
	atomic_uint left;     /* senders that have not sent all they should */
	atomic_bool on;       /* packets are to be sent */
};

/** A sender: its thread's, and on cache lines of its own. */
struct gen_sender {
	_Alignas(64) struct gen_sending *shared;
	struct app_queue *queue;
	struct app_worker *worker;
	struct gen_schedule schedule; /* its share of the whole */
	uint64_t to_send;             /* packets; 0: no limit */
	uint64_t first_number;
	uint64_t last_look;              /* when it last looked whether something is to be sent */
	unsigned first_pending, pending; /* handles in pkts that wait for room in the ring */
	bool ring_was_full;              /* it took less than it was given the last time */
	atomic_bool done;                /* all that it should send was given to the ring */
	struct pkt pkts[APP_BURST_MAX];
	_Atomic uint64_t made;                              /* packets, counted when they are prepared */
	_Atomic uint64_t ring_full_times;                   /* how often the ring filled up */
	_Atomic uint64_t ring_full_cycles, cpu_lost_cycles; /* time with a full ring; without the CPU */
	_Atomic uint64_t last_sent_at;                      /* when the ring took the last frame */
	_Atomic uint64_t next_due_at;                       /* of the next frame, if none was due at the last look */
};

/** Prepares sender number `index` of shared->senders for a trial: it has its share of a schedule and of a number of
 * packets (0: no limit). */
void gen_sender_init(struct gen_sender *sender, struct gen_sending *shared, unsigned index,
	const struct gen_schedule *whole, uint64_t to_send);

/** Gives back what it has not sent. */
void gen_sender_free(struct gen_sender *sender);

/** Now, as all times are. */
uint64_t gen_elapsed(const struct gen_sending *shared);

/** Sends what is due, if there is room. The first call by any sender starts all clocks. */
void gen_send(struct gen_sender *sender, uint64_t now_tsc);

/** How many buffers a frame takes. */
static inline unsigned gen_buffers_of(unsigned frame_bytes)
{
	return (frame_bytes + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES;
}

#endif
