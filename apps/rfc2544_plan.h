/* SPDX-License-Identifier: BSD-2-Clause
 * The tests of RFC 2544 as a row of trials: which comes next, and what the outcomes say of the device. It sends nothing
 * itself. */
#ifndef POLLUX_APPS_RFC2544_PLAN_H
#define POLLUX_APPS_RFC2544_PLAN_H

#include "rfc2544_search.h"

#include <stdint.h>

#define RFC2544_SIZES_MAX 16u
#define RFC2544_LOADS     4u  /* of the latency test: 0, 10, 50 and 90 % of the throughput */
#define RFC2544_RATES     10u /* of the loss test: 100, 90, ... 10 % of the line rate */

enum rfc2544_test {
	RFC2544_TESTER, /* what the tester can do itself, before each size */
	RFC2544_THROUGHPUT,
	RFC2544_LATENCY,
	RFC2544_LOSS,
	RFC2544_BACK_TO_BACK,
	RFC2544_TESTS,
};
extern const char *const rfc2544_test_names[RFC2544_TESTS];

/** Packets at a rate, for a time, or so many. */
struct rfc2544_trial {
	enum rfc2544_test test;
	unsigned size; /* index of the plan's */
	double pps, seconds;
	uint64_t count; /* 0: as many as are due in that time */
};

/** What came of a trial. */
struct rfc2544_outcome {
	double asked_pps, sent_pps;
	uint64_t sent, received, lost;
	uint64_t tester_lost; /* at most so many of the lost ones had come back, and were lost by the tester's card */
	double held_up_s;     /* the tester had no CPU for so long: what it made up for then came in bursts */
	uint64_t reordered, duplicates, corrupted;
	double min_ns, mean_ns, median_ns, p99_ns, max_ns; /* latency; all 0: none is known */
	double floor_ns;                                   /* the tester itself: no shorter time is claimed */
	double received_pps; /* while it lasted; no limit of the tester's, unless tester_lost says so */
};

/** What is known of the device with frames of one size. */
struct rfc2544_result {
	const char *name;            /* as in --sizes */
	double line_pps;             /* frames of this size, or of these sizes in the mean, that the link carries */
	double most_pps;             /* that are offered; 0: as many as that */
	unsigned done;               /* tests that are complete: a mask */
	bool testers[RFC2544_TESTS]; /* the result is the tester's limit: the device may do more */
	struct rfc2544_outcome tester, throughput, back_to_back; /* sent 0: nothing was without loss */
	struct rfc2544_outcome latency[RFC2544_LOADS], loss[RFC2544_RATES];
	unsigned latency_count, loss_count;
};

struct rfc2544_plan {
	/* What is wanted: the program's to fill in, with the names and line rates of results. */
	unsigned tests;          /* a mask of 1 << RFC2544_THROUGHPUT ...; latency needs throughput */
	double trial_s, pause_s; /* pause: between two trials, for the estimate */
	double loss, width;      /* shares: of packets that may be lost; of the rate */
	struct rfc2544_result results[RFC2544_SIZES_MAX];
	unsigned sizes;

	/* Where it is. */
	unsigned size;
	enum rfc2544_test test;
	bool begun; /* the test's first trial was asked for */
	struct rfc2544_search search;
};

/** @return whether there is a trial to make. False: all is done */
bool rfc2544_plan_next(struct rfc2544_plan *plan, struct rfc2544_trial *trial);

/** Tells what came of the trial that rfc2544_plan_next has asked for. */
void rfc2544_plan_tell(
	struct rfc2544_plan *plan, const struct rfc2544_trial *trial, const struct rfc2544_outcome *outcome);

/** How long what is left takes, about. */
double rfc2544_plan_left_s(const struct rfc2544_plan *plan);

/** The load of the latency test's n-th trial, in percent of the throughput; the rate of the loss test's, of the line.
 */
double rfc2544_load_percent(unsigned n);
double rfc2544_rate_percent(unsigned n);

/** Whether the tester has lost packets itself, or did not send them as fast as they were asked for. */
bool rfc2544_is_testers(const struct rfc2544_outcome *outcome);

/** The longest burst that is tried, in packets. */
double rfc2544_burst_most(const struct rfc2544_result *result);

/** The share of the packets that were lost. */
double rfc2544_loss(const struct rfc2544_outcome *outcome);

#endif
