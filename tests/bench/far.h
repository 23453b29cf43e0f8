/* SPDX-License-Identifier: BSD-2-Clause
 * The model's half on another core: the nearest thing to a card's DMA that one machine has. */
#ifndef POLLUX_TESTS_BENCH_FAR_H
#define POLLUX_TESTS_BENCH_FAR_H

#include <stdbool.h>
#include <stddef.h>

/** Pins this thread to one core and starts a helper on another. @return 0 or -errno: -ENOTSUP, there is one core only
 */
int far_open(void);
void far_close(void);

/** Runs a function on the other core, and waits for it. */
void far_call(void (*function)(void *context), void *context);

/** Runs one there while this core goes on; one at a time. */
void far_begin(void (*function)(void *context), void *context);
/** True once it has returned. */
bool far_ended(void);

/** Pushes lines from the calling core's own caches to the shared one, as far as the processor can. */
void far_push(void *context, void *at, size_t bytes);

/** The instruction that does it. NULL: there is none, and lines stay where they were written. */
const char *far_push_name(void);

#endif
