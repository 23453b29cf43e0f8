/* SPDX-License-Identifier: BSD-2-Clause
 * What several threads receive, brought into one order, that of time, for the one that writes it: a lane for each
 * queue, with one thread that puts packets in and the writer that takes them out. */
#ifndef POLLUX_APPS_DUMP_MERGE_H
#define POLLUX_APPS_DUMP_MERGE_H

#include "../driver/nic.h"

#include <stdatomic.h>

#define DUMP_HELD 1024u /* packets that a lane holds at most, a power of two */

/** A packet, and when it was received: all threads have the same clock, which never goes back. */
struct dump_record {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct pkt pkt;
	bool cut; /* the frame before it in the lane has no end, if it has none there */
};

struct dump_lane {
	/* The receiving thread's. */
	_Alignas(64) _Atomic uint64_t put; /* packets so far */
	_Atomic uint64_t seen_ns; /* nothing that is put in from now on is older; UINT64_MAX: nothing comes any more */
	/* The writer's. */
	_Alignas(64) _Atomic uint64_t taken; /* packets so far */
	_Alignas(64) struct dump_record records[DUMP_HELD];
};

/** How many packets have room: for the receiving thread. */
static inline unsigned dump_room(const struct dump_lane *lane)
{
	return DUMP_HELD - (unsigned)(atomic_load_explicit(&lane->put, memory_order_relaxed) -
				      atomic_load_explicit(&lane->taken, memory_order_acquire));
}

/** Puts packets in, of which there is room for all.
 * @param cut  of the first of them */
void dump_put(struct dump_lane *lane, uint64_t ns, bool cut, const struct pkt *pkts, unsigned n);

/** Tells the writer that nothing older than this will follow. */
static inline void dump_seen(struct dump_lane *lane, uint64_t ns)
{
	atomic_store_explicit(&lane->seen_ns, ns, memory_order_release);
}

/**
 * Finds the packets that come next in order of time.
 * @param lane  receives the index of the lane that has them; `count` when nothing comes any more
 * @return how many, from dump_record_at(lane, 0) on; 0: a lane may still bring older ones, or there are none
 */
unsigned dump_next(struct dump_lane *lanes, unsigned count, unsigned *lane);

static inline const struct dump_record *dump_record_at(const struct dump_lane *lane, unsigned i)
{
	return &lane->records[(atomic_load_explicit(&lane->taken, memory_order_relaxed) + i) % DUMP_HELD];
}

/** Takes out the first n. */
void dump_take(struct dump_lane *lane, unsigned n);

#endif
