/* SPDX-License-Identifier: BSD-2-Clause
 * The open pools of the process, and which of them a pointer is from. */
#pragma once

#include "pool.h"

#include <pthread.h>

/** Held while the set of open pools changes, and by who walks it with pkt_registry_at. */
extern pthread_mutex_t pkt_registry_lock;

/** Pools closed so far. While it stays the same, a pool that was found open still is. Hidden, because every burst looks
 * at it: so it is read without a detour through the GOT. */
extern uint64_t pkt_pools_closed __attribute__((visibility("hidden")));

/** Adds a pool whose memory lies at pool->base, at a multiple of 2^shift bytes, and has that many bytes to itself.
 * @return 0; -ENFILE, with the sentence, when PKT_POOLS are open */
int pkt_registry_add(struct pkt_pool *pool, unsigned shift);

/** Removes a pool, which counts as closed then. The caller holds pkt_registry_lock. */
void pkt_registry_remove(const struct pkt_pool *pool);

/** Entry i, below PKT_POOLS, or NULL. The caller holds pkt_registry_lock. */
struct pkt_pool *pkt_registry_at(unsigned i);

/** The pool that a packet in the caller's hands is from; NULL: of none that is open. Lock-free. */
struct pkt_pool *pkt_registry_find(const uint8_t *data);
