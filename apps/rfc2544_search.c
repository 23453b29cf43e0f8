/* SPDX-License-Identifier: BSD-2-Clause
 * The binary search of RFC 2544, 26.1 and 26.4. */
#include "rfc2544_search.h"

#define MISSED_MAX 3u /* a tester that has missed a load so often cannot offer it */

void rfc2544_search_begin(struct rfc2544_search *search, double most, double width, double least)
{
	*search = (struct rfc2544_search){.most = most, .width = width, .least = least};
}

/* The lowest load that has failed; no load above `most` is tried, and so it counts as failed. */
static double upper(const struct rfc2544_search *s)
{
	return s->failure_count ? s->failures[s->failure_count - 1].load : s->most;
}

/* How far the loads that passed and failed may be apart in the end. */
static double exactness(const struct rfc2544_search *s)
{
	double exact = s->width * upper(s);

	return exact > s->least ? exact : s->least;
}

static bool is_exact(const struct rfc2544_search *s)
{
	return upper(s) - s->passed <= exactness(s);
}

double rfc2544_search_next(struct rfc2544_search *s)
{
	bool at_most = s->passed >= s->most * (1 - s->width) && !s->failure_count;

	s->done = s->done || at_most || s->trials >= RFC2544_FAILURES_MAX || (is_exact(s) && s->tested_twice);
	if (s->done)
		return 0;
	if (!s->failure_count)
		return s->most;
	/* A trial may fail by chance, and all that follow then search too low: the last upper limit is tried again. */
	return is_exact(s) ? upper(s) : (s->passed + upper(s)) / 2;
}

void rfc2544_search_tell(struct rfc2544_search *s, double offered, enum rfc2544_verdict verdict)
{
	double asked = rfc2544_search_next(s);
	bool missed = offered < asked * (1 - s->width / 2);
	double load = missed ? offered : asked;

	s->trials++;
	s->missed = missed ? s->missed + 1 : 0;
	if (verdict == RFC2544_PASSED) {
		s->passed = load > s->passed ? load : s->passed;
		while (s->failure_count && upper(s) <= s->passed)
			s->failure_count--, s->tested_twice = false;
	} else if (s->failure_count && load >= upper(s)) {
		s->tested_twice = true;
		s->failures[s->failure_count - 1].tester &= verdict == RFC2544_TESTER_FAILED;
	} else if (load > s->passed) {
		s->failures[s->failure_count++] = (struct rfc2544_failure){load, verdict == RFC2544_TESTER_FAILED};
		s->tested_twice = false;
		s->missed = 0;
	}
	s->done = s->missed >= MISSED_MAX;
}

bool rfc2544_search_is_testers(const struct rfc2544_search *s)
{
	return s->missed >= MISSED_MAX || (s->failure_count && s->failures[s->failure_count - 1].tester);
}

unsigned rfc2544_search_left(const struct rfc2544_search *s)
{
	unsigned trials = !s->tested_twice + !s->failure_count;

	for (double gap = upper(s) - s->passed; gap > exactness(s) && trials < RFC2544_FAILURES_MAX; gap /= 2)
		trials++;
	return s->done ? 0 : trials;
}
