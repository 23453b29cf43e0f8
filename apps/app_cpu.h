/* SPDX-License-Identifier: BSD-2-Clause
 * Whether the threads that poll had their CPUs all the time, and whether the clocks can be trusted: without both,
 * speeds and figures in cycles say something about the machine, not about the program. */
#ifndef POLLUX_APPS_APP_CPU_H
#define POLLUX_APPS_APP_CPU_H

#include "app_args.h"

#include <stdio.h>

/** What is known of a thread that polls without pause. */
struct app_worker {
	_Alignas(64) uint64_t last_poll_tsc; /* the time stamp counter at its last poll */
	int64_t longest_away_cycles;         /* longest time between two polls */
	uint64_t wall_ns, cpu_ns; /* how long it ran, and had a CPU; known once it has ended, like the next */
	uint64_t preemptions;     /* how often it lost its CPU to another thread */
	/* With --poll adaptive: */
	struct nic_rxq *queues[APP_PORTS]; /* that wake it */
	unsigned queue_count;
	uint64_t idle_since_tsc; /* since when it has found no packets; 0: it found some at its last look */
	_Atomic uint64_t naps, napped_ns;
};
extern struct app_worker app_workers[APP_THREADS]; /* by the index of the thread */

/** For a thread that polls without pause: tells that it does so now. */
static inline void app_polled(struct app_worker *worker, uint64_t tsc)
{
	/* signed, as the time stamp counter of another CPU may be a little behind */
	int64_t away = (int64_t)(tsc - worker->last_poll_tsc);

	worker->last_poll_tsc = tsc;
	if (__builtin_expect(away > worker->longest_away_cycles, 0))
		worker->longest_away_cycles = away;
}

/** What became of a run's CPU time. */
struct app_cpu {
	double least_share;     /* of its time in which a thread had a CPU, 0 .. 1, of the thread that had it least */
	double longest_away_ms; /* longest time between two polls; 0: unknown */
	uint64_t preemptions;   /* how often a thread lost its CPU to another */
	double allowed_cpus;    /* CPUs that the cgroup allows; 0: any number */
	double slept_s;         /* how long the machine was suspended */
	bool tsc_steady;        /* the time stamp counter ran as the clock did: figures in cycles mean something */
};

/** A program whose threads had their CPUs for less of the time than this may have been limited by that. */
#define APP_CPU_SHARE 0.9

/** About the run, once its threads have ended. */
const struct app_cpu *app_cpu(void);

/** Prints it: a line for people, or JSON members, each with a comma in front. */
void app_cpu_print(FILE *out, bool json);

/* Around each thread's work, and around the whole run. */
void app_worker_begin(struct app_worker *worker);
void app_worker_end(struct app_worker *worker);
void app_cpu_begin(unsigned threads, bool quiet);
void app_cpu_end(unsigned threads);

#endif
