/* SPDX-License-Identifier: BSD-2-Clause
 * Counters that one thread writes and others read while they grow: plain loads and stores, without locked instructions.
 */
#ifndef POLLUX_APPS_APP_COUNTER_H
#define POLLUX_APPS_APP_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/** Adds to a counter that only the calling thread writes. */
static inline void app_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/** Sets a value that only the calling thread writes. */
static inline void app_set(_Atomic uint64_t *value, uint64_t to)
{
	atomic_store_explicit(value, to, memory_order_relaxed);
}

/** Reads a counter, from any thread. */
static inline uint64_t app_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
