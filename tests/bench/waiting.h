/* SPDX-License-Identifier: BSD-2-Clause
 * What waiting costs and adds: how long packets take from the card to the program when it polls, when it polls and
 * sleeps as the programs do with --poll adaptive, and when it sleeps after each look without packets; and how much of a
 * core its thread takes. */
#ifndef POLLUX_TESTS_BENCH_WAITING_H
#define POLLUX_TESTS_BENCH_WAITING_H

#include "options.h"

#include <stdint.h>
#include <stdio.h>

enum waiting_way { WAITING_POLL, WAITING_ADAPTIVE, WAITING_ALWAYS, WAITING_WAYS };

#define WAITING_RATES 4u /* and one of these is none */
#define WAITING_CELLS (WAITING_WAYS * WAITING_RATES)

/** One round. */
struct waiting_round {
	uint64_t packets, lost;         /* received; offered and not received */
	double p50_ns, p99_ns, p999_ns; /* from the card's side to the program; without packets: 0 */
	double core_share;              /* CPU time of the receiving thread, of the time that passed */
	double waits_per_s;             /* calls of nic_wait by that thread; some find packets and do not sleep */
	double away_share;              /* of the time, in which others had the cores of either thread */
};

/** A way at a rate. */
struct waiting {
	enum waiting_way way;
	unsigned pps;
	unsigned rounds;
	struct waiting_round round[ROUNDS_MAX];
	struct waiting_round chosen; /* the one in which others had least of the cores */
};

/** The others had more of the cores than this: the figures say more of them than of waiting. */
#define WAITING_RESTLESS_SHARE 0.01

/** "adaptive 1000": what --only is matched with. */
#define WAITING_NAME_BYTES 32
void waiting_name(const struct waiting *waiting, char name[WAITING_NAME_BYTES]);

/** Fills in what the command line asks for. @return how many */
unsigned waiting_plan(const struct options *options, struct waiting cells[WAITING_CELLS]);

/** Measures; far_open has been called. False: it failed, and said why. */
bool waiting_measure(struct waiting *cells, unsigned count, unsigned rounds, double tsc_hz);

/** Fills in percentiles; sorts the samples, which are in ticks. */
void waiting_quantiles(struct waiting_round *round, uint32_t *samples, uint64_t count, double tsc_hz);

/** Fills in the chosen round of those that were measured. */
void waiting_choose(struct waiting *waiting);

/** Others had too much of the cores in all rounds. */
bool waiting_restless(const struct waiting *waiting);

void waiting_table(const struct waiting *cells, unsigned count, FILE *file);
void waiting_json(const struct waiting *cells, unsigned count, FILE *file);

#endif
