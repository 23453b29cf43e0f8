/* SPDX-License-Identifier: BSD-2-Clause
 * The ports of a program, the packets they use, and their counters: opened, served, sampled, and closed together. */
#ifndef POLLUX_APPS_APP_PORTS_H
#define POLLUX_APPS_APP_PORTS_H

#include "app_args.h"
#include "app_counter.h"
#include "app_frame.h"

#include <stdio.h>

/** What a program itself counts of one port. Each counter has a single writer, and the main thread reads. One thread
 * may receive and another send, therefore the counters of each are in a cache line of their own. */
struct app_counters {
	_Alignas(64) _Atomic uint64_t busy_polls; /* looks at the receive ring that found packets */
	_Atomic uint64_t empty_polls;             /* looks that found none */
	_Atomic uint64_t busy_cycles;             /* time of the busy polls, with the work on what they found */
	_Atomic uint64_t rx_broken;               /* frames whose end did not come */
	_Atomic uint64_t received;                /* frames taken from the port */
	_Atomic uint64_t in_hand;                 /* of these, not handed on when the worker ended */
	_Alignas(64) _Atomic uint64_t sent;       /* frames that the transmit ring took */
	_Atomic uint64_t tx_ring_full;            /* frames that found no room in it and were dropped */
	_Atomic uint64_t waited_cycles;           /* for room in it */
};

/** All counters of a port at one moment, counted from nic_start on. */
struct app_port_sample {
	struct nic_stats card;
	bool gone;       /* the device is: then card is what was known last ... */
	uint64_t age_ns; /* ... so long before; else 0 */
	uint64_t received, in_hand, rx_broken, tx_ring_full, busy_polls, empty_polls; /* as in struct app_counters */
};

struct app_sample {
	uint64_t ns;
	struct app_port_sample ports[APP_PORTS];
};

struct app_port {
	struct app_counters counters;
	struct nic *nic;
	struct nic_info info;
	struct nic_link link;   /* as last looked at; after the port has stopped, as it was before */
	uint64_t notes_told;    /* the number of the first note that nobody was told of */
	uint64_t notes_in_json; /* the number of the first note that was in no interval */
	bool silence_told;      /* that nothing comes, for which a switch may be the reason */
	struct nic_rxq *rx;
	struct nic_txq *tx;
	bool started;
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
	bool access_refused; /* a device refused access to a register: a sentence said so, and the run is no success */
	uint64_t start_ns, end_ns; /* when the threads began, and were asked to end: rates are per time between them */
	struct app_sample at_open; /* when app_open was done */
	struct app_sample
		latest; /* as last reported, and exact in the totals, which come when all ports have stopped */
	struct app_sample interval; /* at the end of the last interval that was printed */
	bool any_interval;          /* one was printed */
};

/**
 * Opens and starts all ports of the options in one DMA space with one pool, waits for their links, and says what the
 * ports are.
 * @param threads  that use the pool, besides the calling one
 * @return false when something failed: the reason was printed, and app_close is still due
 */
bool app_open(struct app *app, const struct app_options *options, unsigned threads);

/** Packets that a program's first pool needs: those of the rings, and what each port's worker has in its hands, which
 * is two bursts and a frame that has not ended yet. */
static inline unsigned app_pool_count(const struct nic_config *config, unsigned ports, unsigned threads, unsigned burst)
{
	return nic_pool_count(config, ports, threads) + ports * (2 * burst + APP_FRAME_HANDLES);
}

/** Opens a further pool, which app_close closes. NULL, and printed: it could not be opened. */
struct pkt_pool *app_open_pool(struct app *app, unsigned count);

/** Serves all ports. False, and printed: a device is gone. */
bool app_service(struct app *app);

/** Sleeps until that time, or until there is reason to look: a stop, a wake, an event of a port. */
void app_sleep_until(struct app *app, uint64_t until_ns);

/** Reads all counters of all ports. */
void app_take_sample(struct app *app, struct app_sample *sample);

/** Stops all ports: from then on their counters stay as they are. The threads must have ended. False, and printed: a
 * port did not stop, or a device has refused an access. What did not go well, and is no failure, is a note. */
bool app_stop_ports(struct app *app);

/** Stops and closes whatever is open. The threads must have ended. False, and printed: packets were never given back,
 * or something that was to be written was not. */
bool app_close(struct app *app);

#endif
