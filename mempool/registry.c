/* SPDX-License-Identifier: BSD-2-Clause
 * The open pools of the process: a small table that any thread may search without a lock. */
#include "registry.h"

#include "../vfio/error.h"

#include <errno.h>

/* An entry's addresses are in `base_and_shift`, so that a search touches no pool that another thread may be closing:
 * the memory's base, a multiple of 2^shift, and in its low bits the shift. 0: the entry is free. */
static struct {
	uint64_t base_and_shift;
	struct pkt_pool *pool;
} entries[PKT_POOLS];
#define SHIFT_MASK UINT64_C(63)

pthread_mutex_t pkt_registry_lock = PTHREAD_MUTEX_INITIALIZER;
uint64_t pkt_pools_closed;

static bool entry_has(unsigned i, const uint8_t *data)
{
	uint64_t base_and_shift = __atomic_load_n(&entries[i].base_and_shift, __ATOMIC_ACQUIRE);
	return base_and_shift != 0 && ((uint64_t)data ^ base_and_shift) >> (base_and_shift & SHIFT_MASK) == 0;
}

struct pkt_pool *pkt_registry_find(const uint8_t *data)
{
	for (unsigned i = 0; i < PKT_POOLS; i++)
		if (entry_has(i, data)) /* the caller holds a packet of this pool, therefore nobody is closing it */
			return __atomic_load_n(&entries[i].pool, __ATOMIC_RELAXED);
	return NULL;
}

struct pkt_pool *pkt_registry_at(unsigned i)
{
	return entries[i].base_and_shift ? entries[i].pool : NULL;
}

int pkt_registry_add(struct pkt_pool *pool, unsigned shift)
{
	unsigned i = 0;
	pthread_mutex_lock(&pkt_registry_lock);
	while (i < PKT_POOLS && entries[i].base_and_shift)
		i++;
	if (i < PKT_POOLS) {
		__atomic_store_n(&entries[i].pool, pool, __ATOMIC_RELAXED);
		__atomic_store_n(&entries[i].base_and_shift, (uint64_t)pool->base | shift, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&pkt_registry_lock);
	return i < PKT_POOLS
		       ? 0
		       : pollux_fail(ENFILE, "%u packet pools are open already: close one, or share one between ports",
				 PKT_POOLS);
}

void pkt_registry_remove(const struct pkt_pool *pool)
{
	for (unsigned i = 0; i < PKT_POOLS; i++)
		if (entries[i].base_and_shift && entries[i].pool == pool)
			__atomic_store_n(&entries[i].base_and_shift, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&pkt_pools_closed, pkt_pools_closed + 1, __ATOMIC_RELAXED);
}
