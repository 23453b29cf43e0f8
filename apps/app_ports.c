/* SPDX-License-Identifier: BSD-2-Clause
 * Opens the ports of a program in one DMA space with one pool, serves them, and closes all of it again. */
#include "app_ports.h"

#include "app_base.h"
#include "app_links.h"
#include "app_metrics.h"
#include "app_nap.h"
#include "app_output.h"
#include "app_placement.h"
#include "app_sample.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

bool app_service(struct app *app)
{
	bool all_there = true;

	for (unsigned i = 0; i < app->port_count; i++) {
		uint32_t events = 0;
		int error = nic_service(app->ports[i].nic, &events);
		app_tell_notes(app, i);
		if (error == -ENODEV || (events & NIC_GONE)) {
			all_there = app_port_error(app, i);
			continue;
		}
		if (error < 0) /* what the refused register would have said is in no figure */
			app->access_refused = !app_port_error(app, i);
		if (events & NIC_NEEDS_RESET)
			app->ports[i].reset_causes |= events;
		/* The event may be older than what is known: the wait at the beginning has seen the link come up. */
		struct nic_link *known = &app->ports[i].link, before = *known;
		if ((events & NIC_LINK_CHANGED) && nic_get_link(app->ports[i].nic, known) == 0 &&
			(known->up != before.up || known->mbps != before.mbps) && !app->options->quiet)
			fprintf(app->text_out, "port %u: link %s, %u Mbit/s%s%s\n", i, known->up ? "up" : "down",
				known->mbps, known->state[0] ? ": " : "", known->state);
	}
	fflush(app->text_out);
	return all_there;
}

static void introduce(const struct app *app, unsigned i)
{
	const struct app_port *port = &app->ports[i];
	const uint8_t *mac = port->info.mac;

	fprintf(app->text_out, "port %u: %s, %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s", i, app->options->addresses[i],
		port->info.name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], port->link.up ? "up" : "down");
	if (port->link.up)
		fprintf(app->text_out, ", %u Mbit/s", port->link.mbps);
	if (app->options->pause)
		fprintf(app->text_out, ", pause frames %s", app_pause_words(port->link.pause));
	if (port->link.state[0])
		fprintf(app->text_out, " (%s)", port->link.state);
	fprintf(app->text_out, ", %s, by %s\n", pkt_simd_name(port->info.simd), port->info.reached_by);
	if (port->info.note[0])
		fprintf(app->text_out, "port %u: %s\n", i, port->info.note);
}

static void introduce_threads(const struct app *app)
{
	fprintf(app->text_out, "%u queues, their threads on CPUs", app_queues(app));
	for (unsigned i = 0; i < app->cpu_count; i++)
		fprintf(app->text_out, "%s %u", i ? "," : "", app->cpus[i]);
	fputc('\n', app->text_out);
}

static bool start_port(struct app *app, unsigned i, const struct nic_config *common)
{
	struct app_port *port = &app->ports[i];
	struct nic_config config = *common;
	const struct nic_rss rss = {
		.symmetric = app->options->rss & APP_RSS_SYMMETRIC,
		.headers = app->options->rss & APP_RSS_UDP ? port->info.rss_headers : 0,
	};

	if (app->options->rss && app_queues(app) > 1)
		config.rss = &rss;
	if (app_queues(app) > port->info.rss_queues && port->info.rss_queues && !app->options->quiet)
		app_note("%s: the card shares what it receives among %u queues: the others get nothing",
			app->options->addresses[i], port->info.rss_queues);
	config.pause = app->options->pause & port->info.pause;
	if (config.pause != app->options->pause && !app->options->quiet)
		app_note("%s: the card cannot %s pause frames", app->options->addresses[i],
			port->info.pause ? "both obey and send" : "obey or send");
	/* what a card cannot do on transmit is done in software */
	config.offloads &= port->info.can | ~(uint32_t)NIC_TX_OFFLOAD;
	if (nic_start(port->nic, &config) < 0)
		return app_port_error(app, i);
	port->started = true;
	port->event_fd = nic_event_fd(port->nic);
	nic_get_info(port->nic, &port->info); /* the instruction set is chosen at the start */
	for (unsigned queue = 0; queue < app_queues(app); queue++) {
		port->queues[queue].rx = nic_rxq(port->nic, queue);
		port->queues[queue].tx = nic_txq(port->nic, queue);
	}
	return true;
}

/* Gives each queue's thread a CPU of its own, unless --cpu has said which, or there is but one thread. */
static void place_threads(struct app *app)
{
	const struct app_options *o = app->options;
	cpu_set_t allowed;

	app->cpu_count = o->cpu_count;
	memcpy(app->cpus, o->cpus, sizeof(app->cpus));
	if (o->cpu_count || o->queues == 1 || sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return;
	app->cpu_count = app_choose_cpus(&allowed, app->ports[0].info.numa_node, o->queues, app->cpus);
	if (app->cpu_count == o->queues)
		return;
	if (!o->quiet)
		app_note("%u threads share %u CPU%s: they take turns, and packets wait meanwhile", o->queues,
			app->cpu_count, app->cpu_count > 1 ? "s" : "");
	app->cpu_count = 0;
	app_cpus_are_shared = true;
}

bool app_open(struct app *app, const struct app_options *options, unsigned threads)
{
	struct nic_config config = {
		.rx_queues = (uint16_t)options->queues,
		.tx_queues = (uint16_t)options->queues,
		.rx_ring = (uint16_t)options->ring,
		.tx_ring = (uint16_t)(options->tx_ring ? options->tx_ring : options->ring),
		.mtu = (uint16_t)options->mtu,
		.promiscuous = !options->no_promiscuous,
		.offloads = options->offloads,
		.simd = options->simd,
		.speeds = options->speeds,
		.rx_interrupt_us = options->adaptive ? APP_INTERRUPT_US : 0,
	};

	app->options = options;
	if (nic_catch_removal() < 0 && !options->quiet)
		app_note("a device that is pulled out will end this program by SIGBUS: %s", nic_error());
	if (!app->text_out)
		app->text_out = options->json ? stderr : stdout;
	/* what can be wrong with the command line is found before a wait for links */
	if (!app_cpus_allowed(options->cpus, options->cpu_count) || !app_metrics_check(options->metrics))
		return false;
	if (dma_space_open(&app->space) < 0)
		return app_error("%s", nic_error());
	for (unsigned i = 0; i < options->address_count; i++) {
		if (nic_open(&app->ports[i].nic, options->addresses[i], app->space) < 0)
			return app_port_error(app, i);
		app->port_count = i + 1;
		nic_get_info(app->ports[i].nic, &app->ports[i].info);
	}

	place_threads(app);
	config.pool = app_open_pool(
		app, app_pool_count(&config, app->port_count, threads + 1, options->burst) + options->held);
	if (!config.pool)
		return false;
	if (pkt_pool_page_bytes(config.pool) == 4096 && !options->quiet)
		app_error("no hugepages: using 4 KiB pages; for full speed: echo 64 > /proc/sys/vm/nr_hugepages");

	for (unsigned i = 0; i < app->port_count; i++)
		if (!start_port(app, i, &config))
			return false;
	if (!app_wait_for_links(app))
		return false;
	for (unsigned i = 0; i < app->port_count && !options->quiet; i++)
		introduce(app, i);
	if (options->queues > 1 && app->cpu_count && !options->quiet)
		introduce_threads(app);
	if (options->adaptive)
		app_nap_after = (uint64_t)(APP_NAP_AFTER_S * app_tsc_hz());
	app_tsc_hz(); /* measured now, so that what the cards miss in these 20 ms counts as missed while starting */
	app_take_sample(app, &app->at_open);
	app->latest = app->at_open;
	fflush(app->text_out); /* so that who reads a file or a pipe need not wait for the first report */
	return true;
}

void app_sleep_until(struct app *app, uint64_t until_ns)
{
	struct pollfd fds[1 + APP_PORTS];

	/* A port without interrupts has a negative descriptor, which poll ignores. */
	for (unsigned i = 0; i < app->port_count; i++)
		fds[1 + i] = (struct pollfd){.fd = app->ports[i].event_fd, .events = POLLIN};
	app_sleep(fds, 1 + app->port_count, until_ns);
}

bool app_stop_ports(struct app *app)
{
	bool clean = !app->access_refused;

	for (unsigned i = 0; i < app->port_count; i++) {
		struct app_port *port = &app->ports[i];
		if (!port->started)
			continue;
		app_sample_queues(app, i, app->latest.queues[i]);
		port->started = false;
		nic_get_link(port->nic, &port->link);
		int error = nic_stop(port->nic);
		if (error < 0 && error != -ENODEV)
			clean = app_port_error(app, i);
		app_tell_notes(app, i);
	}
	return clean;
}

bool app_close(struct app *app)
{
	/* All ports stop before any closes: what one received may lie in another's transmit ring. */
	bool clean = app_stop_ports(app);

	for (unsigned i = 0; i < app->port_count; i++) {
		nic_close(app->ports[i].nic);
		if (app->ports[i].event_fd > 0)
			close(app->ports[i].event_fd);
	}
	for (unsigned i = 0; i < app->pool_count; i++)
		if (pkt_pool_close(app->pools[i]) < 0)
			clean = app_error("%s", nic_error());
	dma_space_unref(app->space);
	return app_output_end_all() && clean;
}
