/* SPDX-License-Identifier: BSD-2-Clause
 * Hot memory: for what bursts touch at every packet, so that its cache lines do not push each other out.
 *
 * AMD's first-level data cache (Zen) does not search the eight ways of a set: it predicts the way by a hash of the
 * virtual address, of bits 12^27, 13^26, 14^25, 15^20, 16^21, 17^22, 18^23 and 19^24. Two lines of one set (equal bits
 * 6 to 11) and of equal hash are never both found there, however empty the set is: a burst that needs both takes three
 * times as long, in one start of a program and not in the next. Within a MiB that begins at a multiple of a MiB, bits
 * 20 to 27 are the same everywhere, so no two lines have set and hash in common. All hot memory therefore comes from as
 * few such MiB as it fits into.
 *
 * This is left to luck: lines of different MiB, where one is not enough; an application's own arrays, stacks and
 * thread-local variables; and lines that are touched for a few packets and then not again for a whole ring, namely
 * frames and descriptor rings, where a collision passes as quickly (but see where driver/ring/ places its rings). */
#pragma once

#include <stddef.h>

#define HOT_BYTES_MAX ((size_t)1 << 20) /* of one object */

/**
 * Allocates 1 to HOT_BYTES_MAX bytes of ordinary memory, zeroed. No two objects share a cache line, nor the pair of
 * lines that a prefetcher fetches together, so that each may have a thread of its own. Thread-safe; for control paths.
 * NULL: no memory.
 */
void *hot_alloc(size_t bytes);

/** Frees what hot_alloc gave. NULL is ignored. Thread-safe. */
void hot_free(void *object);
