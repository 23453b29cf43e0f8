/* SPDX-License-Identifier: BSD-2-Clause
 * Latency, open loop: packets arrive when they are due, whether the forwarder keeps up or not, and their time counts
 * from when they were due. So a forwarder that stalls is charged for all that had to wait. */
#include "latency.h"
#include "far.h"

#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#define WARMUP   20000u
#define SAMPLES  400000u
#define BACKLOG  4096u /* frames of 64 bytes that the card's packet buffer holds, with some room */
#define BATCH    32u
#define SEQ_AT   16u  /* the packet's number, in the frame */
#define SECONDS  2.0  /* a run takes no longer */
#define TRIES    3u   /* others may have a core for as long as a run takes */
#define SETTLE_S 0.02 /* for what is still under way at the end */

struct run {
	struct subject *subject;
	unsigned burst;
	double interval;     /* ticks between arrivals; 0: as fast as they are taken */
	uint64_t begin, end; /* ticks */
	uint64_t offered, out, lost;
	uint64_t idle_ticks, ticks; /* of the forwarder: polls that found nothing, and all */
	double hz;
	uint32_t *samples; /* ticks */
	uint64_t sample_count;
	uint8_t frames[BATCH][64];
};

static unsigned depart(void *context, const struct model_frame *frames, unsigned n)
{
	struct run *run = context;
	uint64_t now = __rdtsc();

	for (unsigned i = 0; i < n; i++) {
		uint64_t number, arrived;

		memcpy(&number, frames[i].data + SEQ_AT, sizeof(number));
		arrived = run->begin + (uint64_t)((double)number * run->interval);
		if (number >= WARMUP && run->sample_count < SAMPLES)
			run->samples[run->sample_count++] = now > arrived ? (uint32_t)(now - arrived) : 0;
	}
	run->out += n;
	return n;
}

/* Lets arrive what is due by now. What the card's buffer has no room for is lost. */
static void arrive(struct run *run, uint64_t now)
{
	struct model_frame frames[BATCH];
	uint64_t due =
		run->interval > 0 ? (uint64_t)((double)(now - run->begin) / run->interval) : run->offered + BATCH;
	unsigned n;

	if (due > run->offered + BACKLOG) {
		run->lost += due - run->offered - BACKLOG;
		run->offered = due - BACKLOG;
	}
	n = due - run->offered < BATCH ? (unsigned)(due - run->offered) : BATCH;
	for (unsigned i = 0; i < n; i++) {
		uint64_t number = run->offered + i;

		memcpy(run->frames[i] + SEQ_AT, &number, sizeof(number));
		frames[i] = (struct model_frame){.data = run->frames[i], .len = 60};
	}
	if (n)
		run->offered += model_receive(run->subject->lockstep.in, frames, n);
}

static void model_side(void *context)
{
	struct run *run = context;
	const struct model_sink sink = {.context = run, .take = depart};
	bool open = run->interval > 0;
	uint64_t limit = (uint64_t)(SECONDS * run->hz), now;

	run->begin = __rdtsc();
	do {
		now = __rdtsc();
		arrive(run, now);
		model_transmit(run->subject->lockstep.out, &sink, 2 * BATCH);
	} while (now - run->begin < limit && (open ? run->sample_count < SAMPLES : run->out < WARMUP + SAMPLES));
	run->end = now;
	do /* the next run must not meet what is still under way */
		model_transmit(run->subject->lockstep.out, &sink, 2 * BATCH);
	while (__rdtsc() - now < (uint64_t)(SETTLE_S * run->hz));
}

/* Forwards until the model has ended. Times are those at the last packet: while the model settles, waiting is not
 * idleness. */
static void forward(struct run *run)
{
	uint64_t begin = __rdtsc(), before = begin, idle = 0;

	while (!far_ended()) {
		bool any = run->subject->handle(run->subject, BENCH_FWD, run->burst, LOCKSTEP_PACKETS);
		uint64_t now = __rdtsc();

		if (any) {
			run->idle_ticks = idle;
			run->ticks = now - begin;
		} else {
			idle += now - before;
		}
		before = now;
	}
}

static bool perform(struct run *run)
{
	for (unsigned i = 0; i < BATCH; i++) {
		memset(run->frames[i], 0x02, 12);
		memcpy(run->frames[i] + 12, "\x88\xb5", 2);
	}
	run->samples = malloc(SAMPLES * sizeof(*run->samples));
	if (!run->samples)
		return false;
	far_begin(model_side, run);
	forward(run);
	return run->out > WARMUP;
}

static bool load_fully(struct subject *subject, unsigned burst, struct latency_run *result, double tsc_hz)
{
	struct run run = {.subject = subject, .burst = burst, .hz = tsc_hz};
	bool done = perform(&run);

	free(run.samples);
	if (done)
		*result = (struct latency_run){
			.capacity_pps = (double)run.out * tsc_hz / (double)(run.end - run.begin),
			.idle = run.ticks ? (double)run.idle_ticks / (double)run.ticks : 0,
		};
	return done;
}

bool latency_capacity(struct subject *subject, unsigned burst, struct latency_run *run, double tsc_hz)
{
	for (unsigned i = 0; i < TRIES; i++)
		if (load_fully(subject, burst, run, tsc_hz))
			return true;
	return false;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct run *run, double q)
{
	return (double)run->samples[(uint64_t)(q * (double)(run->sample_count - 1))] * 1e9 / run->hz;
}

static bool load_evenly(struct subject *subject, unsigned burst, struct latency_run *result, double tsc_hz)
{
	struct run run = {.subject = subject, .burst = burst, .hz = tsc_hz, .interval = tsc_hz / result->offered_pps};
	bool done = perform(&run) && run.sample_count;

	if (done) {
		qsort(run.samples, run.sample_count, sizeof(*run.samples), by_value);
		result->packets = run.offered;
		result->lost = run.offered > run.out ? run.offered - run.out : 0;
		result->p50_ns = quantile(&run, 0.5);
		result->p99_ns = quantile(&run, 0.99);
		result->p999_ns = quantile(&run, 0.999);
		result->max_ns = quantile(&run, 1);
	}
	free(run.samples);
	return done;
}

bool latency_measure(struct subject *subject, const struct latency *latency, struct latency_run *run, double tsc_hz)
{
	run->offered_pps = run->capacity_pps * latency->load / 100;
	for (unsigned i = 0; i < TRIES; i++)
		if (load_evenly(subject, latency->burst, run, tsc_hz))
			return true;
	return false;
}

static int compare(double x, double y)
{
	return (x > y) - (x < y);
}

static int by_p99(const void *a, const void *b)
{
	return compare(((const struct latency_run *)a)->p99_ns, ((const struct latency_run *)b)->p99_ns);
}

static int by_capacity(const void *a, const void *b)
{
	return compare(((const struct latency_run *)a)->capacity_pps, ((const struct latency_run *)b)->capacity_pps);
}

void latency_choose(struct latency *latency)
{
	struct latency_run *middle = &latency->runs[LATENCY_RUNS / 2];

	qsort(latency->runs, LATENCY_RUNS, sizeof(*latency->runs), by_capacity);
	latency->capacity_pps = middle->capacity_pps;
	latency->idle = middle->idle;
	qsort(latency->runs, LATENCY_RUNS, sizeof(*latency->runs), by_p99);
	latency->chosen = middle;
}
