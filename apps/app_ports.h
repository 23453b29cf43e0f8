/* SPDX-License-Identifier: BSD-2-Clause
 * The ports of a program and the packets they use: opened, served, and closed together. */
#ifndef POLLUX_APPS_APP_PORTS_H
#define POLLUX_APPS_APP_PORTS_H

#include "app.h"

/**
 * Opens and starts all ports of the options in one DMA space with one pool, waits for their links, and says what the
 * ports are.
 * @param threads  that use the pool, besides the calling one
 * @return false when something failed: the reason was printed, and app_close is still due
 */
bool app_open(struct app *app, const struct app_options *options, unsigned threads);

/** Packets that a program's first pool needs: those of the rings, and what each queue's worker has in its hands, which
 * is two bursts and a frame that has not ended yet. */
static inline unsigned app_pool_count(const struct nic_config *config, unsigned ports, unsigned threads, unsigned burst)
{
	unsigned queues = config->rx_queues ? config->rx_queues : 1;

	return nic_pool_count(config, ports, threads) + ports * queues * (2 * burst + APP_FRAME_HANDLES);
}

/** Opens a further pool, which app_close closes. NULL, and printed: it could not be opened. */
struct pkt_pool *app_open_pool(struct app *app, unsigned count);

/** Serves all ports. False, and printed: a device is gone. */
bool app_service(struct app *app);

/** Sleeps until that time, or until there is reason to look: a stop, a wake, an event of a port. */
void app_sleep_until(struct app *app, uint64_t until_ns);

/** Stops all ports: from then on their counters stay as they are. The threads must have ended. False, and printed: a
 * port did not stop, or a device has refused an access. What did not go well, and is no failure, is a note. */
bool app_stop_ports(struct app *app);

/** Stops and closes whatever is open. The threads must have ended. False, and printed: packets were never given back,
 * or something that was to be written was not. */
bool app_close(struct app *app);

#endif
