/* SPDX-License-Identifier: BSD-2-Clause
 * What the benchmark is about, on standard error, so that it is never silent for long. */
#ifndef POLLUX_TESTS_BENCH_PROGRESS_H
#define POLLUX_TESTS_BENCH_PROGRESS_H

/** Seconds of some clock that only goes forward. */
double progress_seconds(void);

/** Says it in a line of its own if this process has said nothing for five seconds. Not to be called while something is
 * timed. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
