/* SPDX-License-Identifier: BSD-2-Clause
 * What became of the packets that the generator has sent: of all, of each stream and of each size. */
#ifndef POLLUX_APPS_GEN_RESULT_H
#define POLLUX_APPS_GEN_RESULT_H

#include "app_figures.h"
#include "gen_receive.h"

/** Packets of one kind. Those that have not come are lost where a later one came or, at the end, all; else they are in
 * flight. */
struct gen_tally {
	uint64_t sent; /* given to the card */
	uint64_t own;  /* different ones that came back as they were; reordered ones are among them */
	uint64_t in_flight, lost, reordered, duplicates, stale, corrupted;
	uint64_t extent_sum, extent_max; /* of the reordered ones, as in struct gen_sequence; not of sizes */
	double extent_mean;
};

struct gen_stream_result {
	const struct gen_stream *stream;
	const struct gen_sizes *sizes;
	bool stamped; /* else what comes back cannot be told from what others send */
	struct gen_tally all, by_size[GEN_SIZES];
};

/** All streams. A capture has none. */
struct gen_result {
	bool end;  /* nothing is under way any more */
	bool echo; /* something has come back */
	uint64_t foreign;
	uint64_t untold;      /* of those that were sent, those without a stamp */
	struct gen_tally all; /* of streams with a stamp; sent: by the card, of all streams */
	unsigned count;
	struct gen_stream_result streams[GEN_STREAMS];
};

/** Adds up what receivers have seen.
 * @param sent  by the card */
void gen_result_take(
	struct gen_result *result, const struct gen_receiver *receivers, unsigned count, bool end, uint64_t sent);

/** How many different packets have come back as they were. */
uint64_t gen_result_own(const struct gen_receiver *receivers, unsigned count);

#define GEN_ALL_STREAMS GEN_STREAMS
/** Adds up the latencies of a stream, or of all. */
void gen_result_latency(struct gen_latency *sum, const struct gen_receiver *receivers, unsigned count, unsigned stream);

/** Prints what became of all, or of one stream's: lines for people, or JSON members, each with a comma in front. */
void gen_result_print_total(const struct gen_result *result, FILE *out, bool json);
void gen_result_print_stream(const struct gen_result *result, unsigned stream, FILE *out, bool json);

/** Tables of the figures of a struct gen_tally: all have these ... */
extern const struct app_figure gen_sent_figures[];
/** ... and where there is a stamp, these ... */
extern const struct app_figure gen_arrival_figures[];
/** ... and, but for sizes, these. */
extern const struct app_figure gen_extent_figures[];

#endif
