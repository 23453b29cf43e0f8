/* SPDX-License-Identifier: BSD-2-Clause
 * The binary search for the greatest load without too much loss: a rate, or the length of a burst. It asks for trials
 * and is told what came of them, and does nothing itself. */
#ifndef POLLUX_APPS_RFC2544_SEARCH_H
#define POLLUX_APPS_RFC2544_SEARCH_H

#include <stdbool.h>

#define RFC2544_FAILURES_MAX 128u /* trials end a search in any case, when there were so many */

/** A load that failed, and whether only because the tester itself lost packets, or could not offer more. */
struct rfc2544_failure {
	double load;
	bool tester;
};

struct rfc2544_search {
	double most;   /* the load that is tried first: none above it is */
	double width;  /* the result is as exact as this share of it, ... */
	double least;  /* ... or as this load, which is the smallest step */
	double passed; /* the greatest load that has passed; 0: none has */
	struct rfc2544_failure
		failures[RFC2544_FAILURES_MAX]; /* each below the one before: the last is the upper limit */
	unsigned failure_count, trials;
	unsigned missed;   /* trials one after the other in which the tester did not offer what was asked for */
	bool tested_twice; /* the upper limit has failed twice */
	bool done;
};

/** Begins a search for loads from 0 to `most`. */
void rfc2544_search_begin(struct rfc2544_search *search, double most, double width, double least);

/** @return the load to try next; 0: the result is known */
double rfc2544_search_next(struct rfc2544_search *search);

/** How a trial ended. */
enum rfc2544_verdict {
	RFC2544_PASSED,
	RFC2544_FAILED,
	RFC2544_TESTER_FAILED, /* the tester has lost so much itself, or sent so unevenly, that nobody knows why */
};

/** Tells of the trial that rfc2544_search_next has asked for: the load that was offered, which may be less. */
void rfc2544_search_tell(struct rfc2544_search *search, double offered, enum rfc2544_verdict verdict);

/** Whether the search ended at what the tester can do, so that a device may do more. */
bool rfc2544_search_is_testers(const struct rfc2544_search *search);

/** How many trials are to come, if all goes as expected. */
unsigned rfc2544_search_left(const struct rfc2544_search *search);

#endif
