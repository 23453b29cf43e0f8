/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-gen and pollux-rfc2544 do alike: threads that send on an app's first port and receive on all of its
 * ports, in one trial or in several, one after the other, while the ports stay open. */
#ifndef POLLUX_APPS_GEN_TRAFFIC_H
#define POLLUX_APPS_GEN_TRAFFIC_H

#include "gen_progress.h"
#include "gen_receive.h"
#include "gen_send.h"
#include "gen_stall.h"

/** What is the same in all trials. */
struct gen_traffic_options {
	const struct gen_stream *streams; /* used until gen_traffic_close */
	unsigned stream_count;
	uint64_t seed;
	const uint8_t *to;         /* destination address; NULL: the second port's, or 02:00:00:00:00:01 */
	struct gen_replay *replay; /* an open capture, whose frames are sent; NULL: numbered packets are */
};

/** One trial. */
struct gen_trial {
	struct gen_rate rate;
	uint64_t count;    /* packets; 0: no limit */
	double duration_s; /* what is due in this time is sent; 0: no limit */
};

struct gen_traffic {
	struct app *app;
	struct gen_traffic_options options;
	struct gen_trial trial;
	unsigned trials; /* begun */
	struct gen_makers makers;
	struct gen_schedule schedule;
	struct gen_target target; /* what reports compare with; the main thread's */
	struct gen_stall stall;
	/* At the last look at the progress: the time by our clock, by the schedule's, and how much of it the link was
	 * down. */
	double seconds, clock_s, down_s;
	bool link_was_down;     /* at the main thread's last look */
	uint64_t frames_before; /* that the card had sent when the trial began */
	struct gen_sending sending;
	struct gen_sender senders[APP_QUEUES];
	struct gen_receiver receivers[APP_QUEUES];
	atomic_bool threads_end;
};

/** How many threads run gen_traffic_work: one per queue, or two where there are twice as many CPUs, of which then the
 * second half receives. */
unsigned gen_traffic_threads(const struct app_options *options);

/** Prepares all; the app's ports are open. gen_traffic_close is due also when it fails. False, and printed: no memory.
 */
bool gen_traffic_open(struct gen_traffic *traffic, struct app *app, const struct gen_traffic_options *options);
void gen_traffic_close(struct gen_traffic *traffic);

/** Begins a trial, with all that is counted from zero: the first one before the threads start, others while none is
 * under way. The main thread's, as all that follow. */
void gen_traffic_begin(struct gen_traffic *traffic, const struct gen_trial *trial);

/** The main thread's look at a trial, to be called once a second at least: has a rate in percent follow the link, and
 * tells of a card that sends nothing. @return whether all that the trial asks for was sent, or cannot be */
bool gen_traffic_look(struct gen_traffic *traffic);

/** Ends sending, and waits for packets that are still under way: until all came back, or nothing has come for a while.
 * good: something may come. */
void gen_traffic_end(struct gen_traffic *traffic, bool good);

/** Has the threads end. */
void gen_traffic_stop(struct gen_traffic *traffic);

/** What a thread does, until gen_traffic_stop. */
void gen_traffic_work(struct gen_traffic *traffic, unsigned thread);
/** One turn of that: what is due at this time is sent, and what has come is taken. */
void gen_traffic_turn(struct gen_traffic *traffic, unsigned thread, uint64_t now_tsc);

/** How far sending is. end: the sending threads have ended. */
struct gen_progress gen_traffic_progress(struct gen_traffic *traffic, bool end);

/** Seconds until the next frame is due; 0: now, or none is. */
double gen_traffic_wait_s(const struct gen_traffic *traffic);

/** What all receivers have seen. */
struct gen_received gen_traffic_received(const struct gen_traffic *traffic);

/** Adds up one counter of all senders. offset: its place in struct gen_sender */
uint64_t gen_traffic_sum(const struct gen_traffic *traffic, size_t offset);
#define GEN_TRAFFIC_SUM(traffic, member) gen_traffic_sum(traffic, offsetof(struct gen_sender, member))

#endif
