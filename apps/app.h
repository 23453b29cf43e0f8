/* SPDX-License-Identifier: BSD-2-Clause
 * What a program has at hand while it runs: its ports, their queues, what is counted of each, and samples of that. */
#ifndef POLLUX_APPS_APP_H
#define POLLUX_APPS_APP_H

#include "app_args.h"
#include "app_counter.h"
#include "app_frame.h"

#include <stdio.h>

/** What a program itself counts of one queue pair of a port. Each counter has a single writer, and the main thread
 * reads. One thread may receive and another send, therefore the counters of each are in a cache line of their own. */
struct app_counters {
	_Alignas(64) _Atomic uint64_t busy_polls; /* looks at the receive ring that found packets */
	_Atomic uint64_t empty_polls;             /* looks that found none */
	_Atomic uint64_t busy_cycles;             /* time of the busy polls, with the work on what they found */
	_Atomic uint64_t rx_broken;               /* frames whose end did not come */
	_Atomic uint64_t received;                /* frames taken from the queue */
	_Atomic uint64_t rx_bad_checksum;         /* of these, dropped for a wrong checksum */
	_Atomic uint64_t in_hand;                 /* of these, not handed on when the worker ended */
	_Alignas(64) _Atomic uint64_t sent;       /* frames that the transmit ring took */
	_Atomic uint64_t tx_ring_full;            /* frames that found no room in it and were dropped */
	_Atomic uint64_t waited_cycles;           /* for room in it */
};

/** A receive queue and the transmit queue of the same index. */
struct app_queue {
	struct app_counters counters;
	struct nic_rxq *rx;
	struct nic_txq *tx;
};

/** What a program itself has counted: as struct app_counters, at one moment. */
struct app_counts {
	uint64_t busy_polls, empty_polls, busy_cycles, rx_broken, received, rx_bad_checksum, in_hand, sent,
		tx_ring_full, waited_cycles;
};

/** All counters of one queue pair at one moment. */
struct app_queue_sample {
	struct app_counts own;
	uint64_t sent_by_pipes;    /* written to the transmit ring, where the program itself does not count that */
	struct nic_queue_stats rx; /* the card's and the driver's, of ports with several queues; after the port has
				      stopped, as they were before */
};

/** All counters of a port at one moment, counted from nic_start on. */
struct app_port_sample {
	struct nic_stats card;
	struct app_counts own; /* of all its queues */
	bool gone;             /* the device is: then card is what was known last ... */
	uint64_t age_ns;       /* ... so long before; else 0 */
};

struct app_sample {
	uint64_t ns;
	struct app_port_sample ports[APP_PORTS];
	struct app_queue_sample queues[APP_PORTS][APP_QUEUES];
};

struct app_port {
	struct app_queue queues[APP_QUEUES];
	struct nic *nic;
	struct nic_info info;
	struct nic_link link;   /* as last looked at; after the port has stopped, as it was before */
	uint64_t notes_told;    /* the number of the first note that nobody was told of */
	uint64_t notes_in_json; /* the number of the first note that was in no interval */
	bool silence_told;      /* that nothing comes, for which a switch may be the reason */
	bool started;
	uint32_t reset_causes;  /* the events with which the port wants to be reset; 0: it does not */
	unsigned resets_failed; /* in a row */
	unsigned resets_begun;  /* all; written while the threads halt */
	int event_fd;           /* of nic_event_fd, once it was started; negative: it has no interrupts */
};

/** A program's ports, and what it reports of them. */
struct app {
	const struct app_options *options;
	FILE *text_out; /* for people: stdout, or stderr when JSON has stdout; a program may set it before app_open */
	struct dma_space *space;
	struct pkt_pool *pools[2]; /* all ports receive into the first */
	unsigned pool_count;
	struct app_port ports[APP_PORTS];
	unsigned port_count;
	unsigned cpus[APP_CPUS], cpu_count; /* thread i is pinned to cpus[i], if there is one */
	bool access_refused; /* a device refused access to a register: a sentence said so, and the run is no success */
	uint64_t start_ns, end_ns; /* when the threads began, and were asked to end: rates are per time between them */
	struct app_sample at_open; /* when app_open was done */
	struct app_sample
		latest; /* as last reported, and exact in the totals, which come when all ports have stopped */
	struct app_sample interval; /* at the end of the last interval that was printed */
	bool any_interval;          /* one was printed */
};

/** For a thread that halts during resets: whether the port was reset since the last call with this `known`, which is 0
 * before the first. What it has taken of a frame by then has no end: the rest was in the ring. */
static inline bool app_was_reset(const struct app_port *port, unsigned *known)
{
	bool was = *known != port->resets_begun;

	*known = port->resets_begun;
	return was;
}

/** How many queue pairs each port has. */
static inline unsigned app_queues(const struct app *app)
{
	return app->options->queues;
}

#endif
