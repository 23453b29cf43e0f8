/* SPDX-License-Identifier: BSD-2-Clause
 * The tests of RFC 2544, 26.1 to 26.4, size after size. */
#include "rfc2544_plan.h"

#define TESTER_S    1.0  /* how long the tester measures itself */
#define IDLE_S      2.0  /* latency without load: for so long ... */
#define IDLE_PPS    100. /* ... a few packets */
#define BURST_S     2.0  /* the longest burst, which is the shortest that the RFC accepts as the last one */
#define RATE_LEAST  1e-5 /* of the line rate: below, a throughput is none */
#define RATE_ENOUGH 0.99 /* of the rate asked for */

const char *const rfc2544_test_names[RFC2544_TESTS] = {"tester", "throughput", "latency", "loss", "back-to-back"};

static const double loads[RFC2544_LOADS] = {0, 10, 50, 90};

double rfc2544_load_percent(unsigned n)
{
	return loads[n];
}

double rfc2544_rate_percent(unsigned n)
{
	return 100 - 10.0 * n;
}

double rfc2544_loss(const struct rfc2544_outcome *outcome)
{
	return outcome->sent ? (double)outcome->lost / (double)outcome->sent : 0;
}

bool rfc2544_is_testers(const struct rfc2544_outcome *o)
{
	return o->tester_lost || o->sent_pps < RATE_ENOUGH * o->asked_pps;
}

/* The highest rate that is offered. */
static double most_pps(const struct rfc2544_result *r)
{
	return r->most_pps > 0 && r->most_pps < r->line_pps ? r->most_pps : r->line_pps;
}

double rfc2544_burst_most(const struct rfc2544_result *result)
{
	return most_pps(result) * BURST_S;
}

static bool is_wanted(const struct rfc2544_plan *plan, enum rfc2544_test test)
{
	return test == RFC2544_TESTER || plan->tests >> test & 1 ||
	       (test == RFC2544_THROUGHPUT && plan->tests >> RFC2544_LATENCY & 1);
}

static void begin(struct rfc2544_plan *plan)
{
	const struct rfc2544_result *r = &plan->results[plan->size];
	double most = most_pps(r);

	plan->begun = true;
	if (plan->test == RFC2544_THROUGHPUT)
		rfc2544_search_begin(&plan->search, most, plan->width, most * RATE_LEAST);
	else if (plan->test == RFC2544_BACK_TO_BACK)
		rfc2544_search_begin(&plan->search, rfc2544_burst_most(r), plan->width, 1);
}

/* The next trial of the test that is under way. False: it is complete. */
static bool next_of_test(struct rfc2544_plan *plan, struct rfc2544_trial *trial)
{
	const struct rfc2544_result *r = &plan->results[plan->size];
	unsigned n = r->loss_count;
	double load;

	switch (plan->test) {
	case RFC2544_TESTER:
		trial->pps = most_pps(r);
		trial->seconds = plan->trial_s < TESTER_S ? plan->trial_s : TESTER_S;
		return !r->tester.sent;
	case RFC2544_THROUGHPUT:
		trial->pps = rfc2544_search_next(&plan->search);
		return trial->pps > 0;
	case RFC2544_LATENCY:
		/* Where nothing goes through without loss, there are a few packets alone. */
		n = r->latency_count;
		if (n == RFC2544_LOADS || (n > 0 && !r->throughput.sent))
			return false;
		trial->pps = n > 0 ? r->throughput.sent_pps * loads[n] / 100 : IDLE_PPS;
		if (n == 0 && plan->trial_s > IDLE_S)
			trial->seconds = IDLE_S;
		return true;
	case RFC2544_LOSS:
		/* 26.3: until two trials one after the other have lost nothing */
		trial->pps = most_pps(r) * rfc2544_rate_percent(n) / 100;
		return n < RFC2544_RATES && !(n > 1 && !r->loss[n - 1].lost && !r->loss[n - 2].lost);
	default:
		load = rfc2544_search_next(&plan->search);
		trial->count = load > 1 ? (uint64_t)load : 1;
		trial->pps = most_pps(r);
		return load > 0;
	}
}

bool rfc2544_plan_next(struct rfc2544_plan *plan, struct rfc2544_trial *trial)
{
	while (plan->size < plan->sizes) {
		if (is_wanted(plan, plan->test)) {
			if (!plan->begun)
				begin(plan);
			*trial = (struct rfc2544_trial){
				.test = plan->test, .size = plan->size, .seconds = plan->trial_s};
			if (next_of_test(plan, trial))
				return true;
			plan->results[plan->size].done |= 1u << plan->test;
		}
		plan->begun = false;
		plan->test++;
		if (plan->test == RFC2544_TESTS) {
			plan->test = RFC2544_TESTER;
			plan->size++;
		}
	}
	return false;
}

static enum rfc2544_verdict judge(const struct rfc2544_outcome *o, double loss)
{
	double allowed = loss * (double)o->sent;

	if ((double)o->lost <= allowed)
		return RFC2544_PASSED;
	bool is_testers = o->held_up_s > 0 || (o->tester_lost && (double)o->lost <= (double)o->tester_lost + allowed);
	return is_testers ? RFC2544_TESTER_FAILED : RFC2544_FAILED;
}

/* Tells a search, and keeps the outcome of the greatest load that has passed. */
static void tell_search(struct rfc2544_plan *plan, const struct rfc2544_outcome *outcome, double offered,
	enum rfc2544_verdict verdict, struct rfc2544_outcome *best)
{
	double passed = plan->search.passed;

	rfc2544_search_tell(&plan->search, offered, verdict);
	if (plan->search.passed > passed)
		*best = *outcome;
	plan->results[plan->size].testers[plan->test] = rfc2544_search_is_testers(&plan->search);
}

void rfc2544_plan_tell(
	struct rfc2544_plan *plan, const struct rfc2544_trial *trial, const struct rfc2544_outcome *outcome)
{
	struct rfc2544_result *r = &plan->results[plan->size];
	enum rfc2544_verdict verdict;

	switch (trial->test) {
	case RFC2544_TESTER:
		r->tester = *outcome;
		break;
	case RFC2544_THROUGHPUT:
		tell_search(plan, outcome, outcome->sent_pps, judge(outcome, plan->loss), &r->throughput);
		break;
	case RFC2544_LATENCY:
		r->latency[r->latency_count++] = *outcome;
		break;
	case RFC2544_LOSS:
		r->loss[r->loss_count++] = *outcome;
		r->testers[RFC2544_LOSS] |= rfc2544_is_testers(outcome);
		break;
	default:
		verdict = judge(outcome, 0);
		tell_search(plan, outcome, (double)outcome->sent, verdict, &r->back_to_back);
		r->testers[RFC2544_BACK_TO_BACK] |= rfc2544_is_testers(&r->back_to_back);
		break;
	}
}

double rfc2544_plan_left_s(const struct rfc2544_plan *plan)
{
	struct rfc2544_search fresh;
	double left_s = 0;

	rfc2544_search_begin(&fresh, 1, plan->width, plan->width);
	for (unsigned size = plan->size; size < plan->sizes; size++) {
		const struct rfc2544_result *r = &plan->results[size];
		bool now = size == plan->size;
		for (unsigned test = now ? plan->test : RFC2544_TESTER; test < RFC2544_TESTS; test++) {
			unsigned search =
				rfc2544_search_left(now && plan->begun && test == plan->test ? &plan->search : &fresh);
			const unsigned trials[RFC2544_TESTS] = {
				1, search, RFC2544_LOADS - r->latency_count, RFC2544_RATES - r->loss_count, search};
			double trial_s = test == RFC2544_BACK_TO_BACK ? 0 : plan->trial_s;
			if (is_wanted(plan, test))
				left_s += trials[test] * (trial_s + plan->pause_s);
		}
	}
	return left_s;
}
