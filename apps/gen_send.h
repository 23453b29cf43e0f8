/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's senders, one per transmit queue: they make packets when these are due, and give them to their queue.
 */
#ifndef POLLUX_APPS_GEN_SEND_H
#define POLLUX_APPS_GEN_SEND_H

#include "app.h"
#include "app_cpu.h"
#include "gen_schedule.h"
#include "gen_sizes.h"

/** What all senders share: written before they start, but for what is atomic. All times but those with tsc in their
 * name are in cycles since start_tsc. */
struct gen_sending {
	const struct gen_makers *makers; /* of the streams */
	const struct gen_sizes *sizes;   /* of each stream */
	struct pkt_pool *pool;
	unsigned senders;           /* sender i has the packets i, i + senders, i + 2 * senders, ... of each stream */
	unsigned lanes;             /* of each sender: streams; 1 where a capture is sent */
	unsigned frames_per_burst;  /* at most */
	bool many_buffers;          /* frames may take several */
	uint64_t away_limit;        /* a thread that has not looked for so long had lost its CPU */
	uint64_t begun_tsc;         /* the time stamp counter when the threads were to start */
	_Atomic uint64_t start_tsc; /* the time stamp counter when the first one started; 0: not yet */
	_Atomic uint64_t ended_at;  /* when sending ended */
	uint64_t end_at;            /* what is due then or later is not sent */
	uint64_t made_before; /* packets of each sender and stream, at most: in earlier trials they had lower numbers */
	_Atomic double speed; /* of rates in percent: the main thread writes it, the senders take it over */
	atomic_uint left;     /* senders that have not sent all they should */
	atomic_bool on;       /* packets are to be sent */
};

/** A sender's part of one stream, or a capture. */
struct gen_lane {
	_Alignas(64) struct gen_schedule schedule;
	uint64_t left; /* packets that are to be made; UINT64_MAX: no limit */
};

/** A sender: its thread's, and on cache lines of its own. */
struct gen_sender {
	_Alignas(64) struct gen_sending *shared;
	struct app_queue *queue;
	struct app_worker *worker;
	struct gen_lane *lanes;
	struct gen_made *made;           /* of each lane, counted when packets are prepared */
	double speed;                    /* of the lanes whose rate is in percent */
	uint64_t last_look;              /* when it last looked whether something is to be sent */
	uint64_t look_at;                /* until then nothing is due */
	unsigned turn;                   /* the lane without a rate whose turn it is */
	unsigned first_pending, pending; /* handles in pkts that wait for room in the ring */
	bool ring_was_full;              /* it took less than it was given the last time */
	atomic_bool done;                /* all that it should send was given to the ring */
	uint8_t lane_of[APP_BURST_MAX];
	struct pkt pkts[APP_BURST_MAX];
	_Atomic uint64_t ring_full_times;                   /* how often the ring filled up */
	_Atomic uint64_t ring_full_cycles, cpu_lost_cycles; /* time with a full ring; without the CPU */
	_Atomic uint64_t last_sent_at;                      /* when the ring took the last frame */
	_Atomic uint64_t next_due_at;                       /* of the next frame, if none was due at the last look */
};

/** Makes sender number `index` of shared->senders, its lanes without anything to send. False: no memory. */
bool gen_sender_open(struct gen_sender *sender, struct gen_sending *shared, unsigned index, struct app_queue *queue);
void gen_sender_close(struct gen_sender *sender);

/** Prepares a sender for a trial, with all that it counts from zero. */
void gen_sender_begin(struct gen_sender *sender);

/** Gives one lane its share of a schedule, and of a number of packets.
 * @param count  of all senders; 0: no limit */
void gen_sender_begin_lane(
	struct gen_sender *sender, unsigned index, unsigned lane, const struct gen_schedule *all, uint64_t count);

/** Takes back what the ring has not taken, which counts as not made. */
void gen_sender_take_back(struct gen_sender *sender);

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
