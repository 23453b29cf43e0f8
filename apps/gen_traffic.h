/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-gen and pollux-rfc2544 do alike: threads that send on an app's first port and receive on all of its
 * ports, in one trial or in several, one after the other, while the ports stay open. */
#ifndef POLLUX_APPS_GEN_TRAFFIC_H
#define POLLUX_APPS_GEN_TRAFFIC_H

#include "gen_progress.h"
#include "gen_result.h"
#include "gen_send.h"
#include "gen_stall.h"

/** What is the same in all trials. */
struct gen_traffic_options {
	const struct gen_stream *streams; /* used until gen_traffic_close */
	unsigned stream_count;
	uint64_t seed;
	const uint8_t *to;         /* destination address; NULL: the second port's, or 02:00:00:00:00:01 */
	struct gen_replay *replay; /* an open capture, whose frames are sent; NULL: numbered packets are */
	unsigned latency_each;     /* latency is measured of each Nth packet that comes back; 0: of none */
};

/** One trial. */
struct gen_trial {
	unsigned stream;      /* the only one that sends; or GEN_ALL_STREAMS */
	struct gen_rate rate; /* instead of the streams' own; GEN_RATE_UNLIMITED: their own, or a capture's timing */
	uint64_t count;       /* packets of each stream that has no count of its own, or of the capture; 0: no limit */
	double duration_s;    /* what is due in this time is sent; 0: no limit */
};

/** How far sending is. */
struct gen_moment {
	uint64_t sent; /* by the card, in this trial */
	struct gen_progress streams[GEN_STREAMS];
};

struct gen_traffic {
	struct app *app;
	struct gen_traffic_options options;
	struct gen_trial trial;
	unsigned trials;  /* begun */
	unsigned streams; /* of options, or 1: the capture */
	uint64_t asked;   /* packets of the trial; 0: no limit */
	struct gen_makers makers;
	struct gen_schedule schedules[GEN_STREAMS]; /* of all senders together */
	struct gen_target targets[GEN_STREAMS];     /* what reports compare with; the main thread's, like the next */
	bool sends[GEN_STREAMS];                    /* the stream is in the trial */
	unsigned link_mbps;
	double speed; /* of rates in percent */
	struct gen_stall stall;
	/* At the last look at the progress: the time by our clock, by that of rates in percent, and how much of it the
	 * link was down. */
	double seconds, clock_s, down_s;
	bool link_was_down;     /* at the main thread's last look */
	uint64_t frames_before; /* that the card had sent when the trial began */
	struct gen_sending sending;
	struct gen_sender senders[APP_QUEUES];
	struct gen_reception reception;
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
/** One turn of that: what is due at this time is sent, and what has come is taken.
 * @param taken_tsc  when that is; 0: the time stamp counter is read once packets were taken */
void gen_traffic_turn(struct gen_traffic *traffic, unsigned thread, uint64_t now_tsc, uint64_t taken_tsc);

/** How far sending is. end: the sending threads have ended, or halt. */
void gen_traffic_look_at(struct gen_traffic *traffic, struct gen_moment *moment, bool end);

/** What was achieved between two moments, or from the beginning (NULL), by each stream, and by all together. */
void gen_traffic_outcome(const struct gen_traffic *traffic, const struct gen_moment *from, const struct gen_moment *to,
	struct gen_outcome streams[GEN_STREAMS], struct gen_outcome *all);

/** Packets that were made. */
uint64_t gen_traffic_made(const struct gen_traffic *traffic);

/** Seconds until the next frame is due; 0: now, or none is. */
double gen_traffic_wait_s(const struct gen_traffic *traffic);

/** What became of all packets, of which the card has sent so many. */
void gen_traffic_result(const struct gen_traffic *traffic, struct gen_result *result, uint64_t sent);

/** Adds up the latencies of a stream, or of GEN_ALL_STREAMS; and how long turns of the receiving threads took while
 * nothing was sent. */
void gen_traffic_latency(const struct gen_traffic *traffic, unsigned stream, struct gen_latency *sum);
void gen_traffic_turns(const struct gen_traffic *traffic, struct gen_histogram *sum);

/** Adds up one counter of all senders. offset: its place in struct gen_sender */
uint64_t gen_traffic_sum(const struct gen_traffic *traffic, size_t offset);
#define GEN_TRAFFIC_SUM(traffic, member) gen_traffic_sum(traffic, offsetof(struct gen_sender, member))

#endif
