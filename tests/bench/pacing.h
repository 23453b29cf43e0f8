/* SPDX-License-Identifier: BSD-2-Clause
 * How exact the generator's pacing is: how late it hands frames to the ring, how far the time between two of them is
 * from what it should be, and how far the rate is from the one that was asked for. */
#ifndef POLLUX_TESTS_BENCH_PACING_H
#define POLLUX_TESTS_BENCH_PACING_H

#include "options.h"

#include "../../apps/gen_schedule.h"

#include <stdint.h>
#include <stdio.h>

#define PACING_CELLS     7u
#define PACING_LINK_MBPS 10000u
#define PACING_BYTES     64u /* of a frame, with FCS */

/** A look of the sender that handed frames over. Times are in cycles since the start. */
struct pacing_look {
	uint64_t at;       /* when the ring had them */
	uint64_t given_up; /* time that the schedule had given up by then */
	unsigned frames;
};

/** One round. Times are in ns, shares of all its time. */
struct pacing_round {
	uint64_t frames, early;            /* handed over; of these, before they were due */
	double ppm;                        /* the rate, by the system's clock: 0 is as asked */
	double p50, p99, p999, most;       /* late by so much */
	double gap_off, gap_off_p99;       /* from the gap that should be in front of a frame; mean and p99 */
	double look;                       /* from one look at the clock to the next */
	double given_up_share, card_share; /* not made up for; spent in the card's work */
	uint64_t away_times;               /* that the thread lost its CPU */
	double away_share, away_most;      /* what that took, and the longest one */
	double calm_share;                 /* of tests around the round that had a core to themselves */
};

/** A pace at a rate. */
struct pacing {
	struct gen_rate rate;
	bool poisson;
	unsigned rounds;
	struct pacing_round round[ROUNDS_MAX];
	struct pacing_round chosen; /* the one in which the thread was away least */
};

/** The thread was away for more than this share, or less than half of the tests were calm: the figures say more of
 * others than of the generator. */
#define PACING_AWAY_SHARE 0.01
#define PACING_CALM_SHARE 0.5

/** "constant 1000", "poisson 90%": what --only is matched with. */
#define PACING_NAME_BYTES 32
void pacing_name(const struct pacing *pacing, char name[PACING_NAME_BYTES]);

/** Frames per second that are asked for. */
double pacing_pps(const struct pacing *pacing);

/** Fills in what the command line asks for. @return how many */
unsigned pacing_plan(const struct options *options, struct pacing cells[PACING_CELLS]);

/** Measures. False: it failed, and said why. */
bool pacing_measure(struct pacing *cells, unsigned count, unsigned rounds);

/** Fills in what a round's looks say.
 * @param schedule    says when frames are due, and is used up; NULL: at even distances
 * @param hz          cycles per second, as the sender has them
 * @param clock_hz    the same, as the system's clock had them during the round */
void pacing_reckon(struct pacing_round *round, const struct pacing_look *looks, uint64_t count,
	struct gen_schedule *schedule, double pps, double hz, double clock_hz);

/** Fills in the chosen round of those that were measured. */
void pacing_choose(struct pacing *pacing);

bool pacing_restless(const struct pacing *pacing);

void pacing_table(const struct pacing *cells, unsigned count, FILE *file);
void pacing_json(const struct pacing *cells, unsigned count, FILE *file);

#endif
