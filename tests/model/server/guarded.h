/* SPDX-License-Identifier: BSD-2-Clause
 * Guarded memory: mappings of somebody else's file that survive its owner. A client that truncates its memory file, or
 * punches a hole into hugepages that nobody can refill, makes our next access a SIGBUS; the guard then puts zeroed
 * private memory in the place of the whole mapping and marks it lost, so that the client loses its device and nobody
 * else anything. */
#ifndef POLLUX_TESTS_MODEL_SERVER_GUARDED_H
#define POLLUX_TESTS_MODEL_SERVER_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARDED_MAX 256 /* mappings in a process: the signal handler searches them all */

struct guarded {
	uint8_t *at;
	size_t bytes;
	bool lost; /* the file's pages went away under us; written by the signal handler, read with relaxed atomics */
};

/**
 * Maps a file from its start, shared. The first call installs a handler for SIGBUS, which passes faults elsewhere on to
 * the handler that was there. The structure must stay where it is until guarded_unmap. The descriptor stays the
 * caller's.
 * @return 0; -ENOSPC: GUARDED_MAX mappings are there; or what mmap said. Thread-safe.
 */
int guarded_map(struct guarded *guarded, int fd, size_t bytes, bool writable);

/** Takes the mapping away. No other thread may be using it. Thread-safe. */
void guarded_unmap(struct guarded *guarded);

static inline bool guarded_lost(const struct guarded *guarded)
{
	return __atomic_load_n(&guarded->lost, __ATOMIC_RELAXED);
}

#endif
