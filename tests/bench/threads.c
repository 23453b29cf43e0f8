/* SPDX-License-Identifier: BSD-2-Clause
 * Two threads that forward at once, and each alone, in turn. The model stands still meanwhile. */
#include "threads.h"

#include "far.h"
#include "progress.h"
#include "sort.h"
#include "subject.h"

#include "../../driver/nic.h"

#include <x86intrin.h>

#define BURST       32u
#define PUBLISHED   3u /* times LOCKSTEP_PACKETS for a queue and step: the longer both are at work, the better */
#define STEPS       200u
#define START_AFTER 4000u /* cycles from "go" to the first packet: both threads are waiting by then */

struct work {
	struct subject *subject;
	uint64_t start; /* by the time-stamp counter */
	unsigned packets;
	double cycles; /* per packet */
};

static void forward(void *context)
{
	struct work *work = context;
	uint64_t begin;

	while (__rdtsc() < work->start)
		_mm_pause();
	begin = __rdtsc();
	work->packets = 0;
	for (unsigned i = 0; i < PUBLISHED; i++)
		work->packets += work->subject->handle(work->subject, BENCH_FWD, BURST, LOCKSTEP_PACKETS);
	work->cycles = (double)(__rdtsc() - begin) / (PUBLISHED * LOCKSTEP_PACKETS);
}

/* Changes the source address of a subject's frames until they come to its queue. */
static bool find_flow(struct subject *subject)
{
	enum { SOURCE_ADDRESS_END = 33 };
	uint8_t *byte = &subject->lockstep.frame[SOURCE_ADDRESS_END];

	for (unsigned i = 0; i < 256; i++) {
		*byte = (uint8_t)i;
		if (!lockstep_publish(&subject->lockstep, BENCH_FWD, 1))
			return false;
		if (subject->handle(subject, BENCH_FWD, 1, 1) == 1)
			return lockstep_collect(&subject->lockstep, BENCH_FWD, 1);
	}
	return false;
}

/* A step: the threads of the mask forward. */
static bool step(struct subject *subjects, unsigned mask, struct work *work)
{
	unsigned packets = PUBLISHED * LOCKSTEP_PACKETS;
	uint64_t start;

	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; mask & 1u << t && i < PUBLISHED; i++)
			if (!lockstep_publish(&subjects[t].lockstep, BENCH_FWD, LOCKSTEP_PACKETS))
				return false;
	start = __rdtsc() + START_AFTER;
	for (unsigned t = 0; t < THREADS; t++)
		work[t] = (struct work){.subject = &subjects[t], .start = start};
	if (mask & 2)
		far_begin(forward, &work[1]);
	if (mask & 1)
		forward(&work[0]);
	while (!far_ended())
		_mm_pause();
	for (unsigned t = 0; t < THREADS; t++)
		if (mask & 1u << t &&
			(work[t].packets != packets || !lockstep_collect(&subjects[t].lockstep, BENCH_FWD, packets)))
			return false;
	return true;
}

static double median(double *values, unsigned count)
{
	sort_ascending(values, count);
	return values[count / 2];
}

static bool run(struct threads_figures *figures, struct subject *subjects, unsigned rounds)
{
	static double alone[THREADS][STEPS * 99], together[THREADS][STEPS * 99];
	static struct work work[THREADS] __attribute__((aligned(128)));

	for (figures->steps = 0; figures->steps < STEPS * rounds; figures->steps++) {
		unsigned at = figures->steps;

		for (unsigned t = 0; t < THREADS; t++) {
			if (!step(subjects, 1u << t, work))
				return false;
			alone[t][at] = work[t].cycles;
		}
		if (!step(subjects, 3, work))
			return false;
		for (unsigned t = 0; t < THREADS; t++)
			together[t][at] = work[t].cycles;
		progress("two threads, step %u of %u", at + 1, STEPS * rounds);
	}
	for (unsigned t = 0; t < THREADS; t++) {
		figures->alone[t] = median(alone[t], figures->steps);
		figures->together[t] = median(together[t], figures->steps);
	}
	return true;
}

bool threads_measure(struct threads_figures *figures, unsigned rounds)
{
	static struct subject subjects[THREADS];
	bool done;

	if (pollux_queues_open(subjects)) {
		fprintf(stderr, "bench: %s\n", nic_error());
		return false;
	}
	done = find_flow(&subjects[0]) && find_flow(&subjects[1]) && run(figures, subjects, rounds);
	if (!done)
		fprintf(stderr, "bench: packets of two queues were lost\n");
	subjects[0].close(&subjects[0]);
	return done;
}

void threads_table(const struct threads_figures *figures)
{
	puts("fwd, bursts of 32, two queues of one pair of ports: cycles per packet, medians\n"
	     "                    alone  both at work  times alone");
	for (unsigned t = 0; t < THREADS; t++)
		printf("thread of queue %u  %6.1f  %12.1f  %11.2f\n", t, figures->alone[t], figures->together[t],
			figures->together[t] / figures->alone[t]);
	printf("%u steps of %u packets for each thread, which both begin at the same tick.\n", figures->steps,
		PUBLISHED * LOCKSTEP_PACKETS);
}

void threads_json(const struct threads_figures *figures, FILE *file)
{
	fprintf(file, "{\"benchmark\":\"threads\",\"burst\":%u,\"steps\":%u,\"queues\":[", BURST, figures->steps);
	for (unsigned t = 0; t < THREADS; t++)
		fprintf(file, "%s{\"cycles_alone\":%.2f,\"cycles_together\":%.2f}", t ? "," : "", figures->alone[t],
			figures->together[t]);
	fputs("]}\n", file);
}
