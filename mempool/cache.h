/* SPDX-License-Identifier: BSD-2-Clause
 * What the two halves of packet pools, the pools and the threads' caches of them, need of each other. */
#ifndef POLLUX_MEMPOOL_CACHE_H
#define POLLUX_MEMPOOL_CACHE_H

#include "pool.h"

#include <pthread.h>

/** Held while the set of open pools changes, and by who walks it with pkt_pool_at. */
extern pthread_mutex_t pkt_pools_lock;

/** Pools closed so far: while it stays the same, a pool once found is open. */
extern uint64_t pkt_pools_closed
	__attribute__((visibility("hidden"))); /* looked at in each call: without a detour by the GOT */

/** Entry i (below PKT_POOLS) of the open pools, or NULL. */
struct pkt_pool *pkt_pool_at(unsigned i);

/** The pool that a packet in the caller's hands is from; NULL: of none that is open. Lock-free. */
struct pkt_pool *pkt_pool_of(const uint8_t *data);

#endif
