/* SPDX-License-Identifier: BSD-2-Clause
 * Opens the ports of a program in one DMA space with one pool, waits for their links, and closes all of it again. */
#include "app.h"

#include <string.h>

#include <errno.h>

#define LINK_TOLD_MS 1000u /* waited for a link: it is told */

static const char *port_address(const struct app *app, unsigned i)
{
	return app->options->addresses[i];
}

struct pkt_pool *app_open_pool(struct app *app, unsigned count)
{
	struct pkt_pool *pool = NULL;

	if (pkt_pool_open(&pool, app->space, count, app->ports[0].info.numa_node) < 0) {
		app_error("no memory for %u packets: %s", count, nic_error());
		return NULL;
	}
	app->pools[app->pool_count++] = pool;
	if (pkt_pool_use_simd(pool, app->options->simd) < 0) {
		app_error("--simd: %s", nic_error());
		return NULL;
	}
	return pool;
}

/* The library's sentence; with the port in front, unless it says itself which one it is about. */
static void port_error(const char *address)
{
	const char *sentence = nic_error();

	if (strncmp(sentence, address, strlen(address)) == 0)
		app_error("%s", sentence);
	else
		app_error("%s: %s", address, sentence);
}

bool app_service(struct app *app)
{
	bool all_there = true;

	for (unsigned i = 0; i < app->port_count; i++) {
		uint32_t events = 0;
		int error = nic_service(app->ports[i].nic, &events);
		if (error == -ENODEV || (events & NIC_GONE)) {
			port_error(port_address(app, i));
			all_there = false;
			continue;
		}
		if (error < 0) { /* a register is refused: what it would have said is in no figure */
			port_error(port_address(app, i));
			app->refused = true;
		}
		/* The event may be older than what is known: the wait at the beginning has seen the link come up. */
		struct nic_link *known = &app->ports[i].link, before = *known;
		if ((events & NIC_LINK_CHANGED) && nic_get_link(app->ports[i].nic, known) == 0 &&
			(known->up != before.up || known->mbps != before.mbps) && !app->options->quiet)
			fprintf(app->human, "port %u: link %s, %u Mbit/s\n", i, known->up ? "up" : "down", known->mbps);
	}
	fflush(app->human);
	return all_there;
}

/* In pieces, so that app_stop is obeyed too. Whatever comes of it, each port's link is known afterwards. */
static bool wait_for_links(struct app *app)
{
	const double limit_s = app->options->link_wait_s;
	uint64_t begin = app_now_ns(), limit_ms = (uint64_t)(limit_s * 1000), waited_ms;
	struct nic *nics[APP_PORTS];
	unsigned missing = 0;
	bool told = app->options->quiet;
	int error;

	for (unsigned i = 0; i < app->port_count; i++)
		nics[i] = app->ports[i].nic;
	do {
		waited_ms = (app_now_ns() - begin) / 1000000;
		uint64_t left_ms = waited_ms < limit_ms ? limit_ms - waited_ms : 0;
		error = nic_wait_links(nics, app->port_count, left_ms < 100 ? (unsigned)left_ms : 100, &missing);
		if (error == -ETIMEDOUT && waited_ms >= LINK_TOLD_MS && waited_ms < limit_ms && !told) {
			app_error("waiting for the link of %s (up to %g s)", port_address(app, missing), limit_s);
			told = true;
		}
	} while ((error == -EINTR || (error == -ETIMEDOUT && waited_ms < limit_ms)) && !app_stopping());
	if (error && error != -ETIMEDOUT && error != -EINTR) {
		port_error(port_address(app, missing));
		return false;
	}
	for (unsigned i = 0; i < app->port_count; i++)
		nic_get_link(nics[i], &app->ports[i].link);
	if (!error || app_stopping() || limit_s == 0)
		return true;
	app_error("%s: no link after %g s: check the cable and the other end, or start without it (--link-wait 0)",
		port_address(app, missing), limit_s);
	return false;
}

static void introduce(const struct app *app, unsigned i)
{
	const struct app_port *port = &app->ports[i];
	const uint8_t *mac = port->info.mac;

	fprintf(app->human, "port %u: %s, %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s", i, port_address(app, i),
		port->info.name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], port->link.up ? "up" : "down");
	if (port->link.up)
		fprintf(app->human, ", %u Mbit/s", port->link.mbps);
	fprintf(app->human, ", %s", pkt_simd_name(port->info.simd));
	fprintf(app->human, ", by %s\n", port->info.reached_by);
	if (port->info.note[0])
		fprintf(app->human, "port %u: %s\n", i, port->info.note);
}

static bool start_port(struct app *app, unsigned i, const struct nic_config *config)
{
	struct app_port *port = &app->ports[i];

	if (nic_start(port->nic, config) < 0) {
		port_error(port_address(app, i));
		return false;
	}
	port->started = true;
	nic_get_info(port->nic, &port->info); /* which instruction set it is */
	port->rx = nic_rxq(port->nic, 0);
	port->tx = nic_txq(port->nic, 0);
	return true;
}

bool app_open(struct app *app, const struct app_options *options, unsigned threads)
{
	struct nic_config config = {
		.rx_ring = (uint16_t)options->ring,
		.tx_ring = (uint16_t)(options->tx_ring ? options->tx_ring : options->ring),
		.mtu = (uint16_t)options->mtu,
		.promiscuous = !options->no_promiscuous,
		.simd = options->simd,
	};

	app->options = options;
	if (!app->human)
		app->human = options->json ? stderr : stdout;
	if (dma_space_open(&app->space) < 0) {
		app_error("%s", nic_error());
		return false;
	}
	for (unsigned i = 0; i < options->address_count; i++) {
		if (nic_open(&app->ports[i].nic, options->addresses[i], app->space) < 0) {
			port_error(options->addresses[i]);
			return false;
		}
		app->port_count = i + 1;
		nic_get_info(app->ports[i].nic, &app->ports[i].info);
	}

	/* Besides the rings, each port's worker holds a burst and a frame that has not ended yet. */
	unsigned hands = app->port_count * (2 * options->burst + APP_FRAME_HANDLES);
	config.pool = app_open_pool(app, nic_pool_count(&config, app->port_count, threads + 1) + hands);
	if (!config.pool)
		return false;
	if (pkt_pool_page_bytes(config.pool) == 4096 && !options->quiet)
		app_error("no hugepages: using 4 KiB pages; for full speed: echo 64 > /proc/sys/vm/nr_hugepages");

	for (unsigned i = 0; i < app->port_count; i++)
		if (!start_port(app, i, &config))
			return false;
	if (!wait_for_links(app))
		return false;
	for (unsigned i = 0; i < app->port_count && !options->quiet; i++)
		introduce(app, i);
	app_tsc_hz(); /* measures for 20 ms: before app_begin, so that what is missed meanwhile counts as missed while
			 starting */
	app_begin(app);
	fflush(app->human); /* who reads a file or a pipe need not wait for the first report */
	return true;
}

bool app_stop_ports(struct app *app)
{
	bool clean = !app->refused;

	for (unsigned i = 0; i < app->port_count; i++) {
		int error = app->ports[i].started ? nic_stop(app->ports[i].nic) : 0;
		app->ports[i].started = false;
		if (error < 0 && error != -ENODEV) {
			port_error(port_address(app, i));
			clean = false;
		}
	}
	return clean;
}

bool app_close(struct app *app)
{
	/* All ports stop before any closes: what one received may lie in another's transmit ring. */
	bool clean = app_stop_ports(app);

	for (unsigned i = 0; i < app->port_count; i++)
		nic_close(app->ports[i].nic);
	for (unsigned i = 0; i < app->pool_count; i++) {
		if (pkt_pool_close(app->pools[i]) < 0) {
			app_error("%s", nic_error());
			clean = false;
		}
	}
	dma_space_unref(app->space);
	return app_written() && clean;
}
