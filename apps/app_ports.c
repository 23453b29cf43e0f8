/* SPDX-License-Identifier: BSD-2-Clause
 * Opens the ports of a program in one DMA space with one pool, waits for their links, serves them, reads their
 * counters, and closes all of it again. */
#include "app_ports.h"

#include "app_base.h"
#include "app_cpu.h"
#include "app_output.h"

#include <errno.h>
#include <string.h>

#define LINK_TOLD_MS    1000u  /* who waits longer than that for a link is told so, ... */
#define LINK_CHANGED_MS 1000u  /* ... again when what is known of it has changed, not more often than this, ... */
#define LINK_SILENT_MS  10000u /* ... and after so long in any case */

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

/* Prints the library's sentence, with the port in front unless the sentence begins with it. */
static bool port_error(const struct app *app, unsigned i)
{
	const char *sentence = nic_error(), *address = app->options->addresses[i];

	if (strncmp(sentence, address, strlen(address)) == 0)
		return app_error("%s", sentence);
	return app_error("%s: %s", address, sentence);
}

/* Tells what happened to a port since it was last told. */
static void print_notes(struct app *app, unsigned i)
{
	struct app_port *port = &app->ports[i];
	struct nic_note note;

	while (nic_get_notes(port->nic, &port->notes_told, &note, 1))
		if (!app->options->quiet)
			app_note("%s: %s", app->options->addresses[i], note.text);
}

static void print_all_notes(struct app *app)
{
	for (unsigned i = 0; i < app->port_count; i++)
		print_notes(app, i);
}

bool app_service(struct app *app)
{
	bool all_there = true;

	for (unsigned i = 0; i < app->port_count; i++) {
		uint32_t events = 0;
		int error = nic_service(app->ports[i].nic, &events);
		print_notes(app, i);
		if (error == -ENODEV || (events & NIC_GONE)) {
			all_there = port_error(app, i);
			continue;
		}
		if (error < 0) /* what the refused register would have said is in no figure */
			app->access_refused = !port_error(app, i);
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

/* What was said of a wait for a link. */
struct told {
	uint64_t at_ms; /* since it began; 0: nothing yet */
	unsigned port;
	struct nic_link link;
};

/* Says what is waited for, why it is not there yet as far as is known, and what has been tried. */
static void tell_wait(struct app *app, unsigned missing, uint64_t waited_ms, struct told *told)
{
	const char *address = app->options->addresses[missing];
	struct nic_link link = {.up = false};

	if (app->options->quiet || waited_ms < LINK_TOLD_MS || nic_get_link(app->ports[missing].nic, &link) < 0)
		return;
	bool news = told->port != missing || strcmp(told->link.state, link.state) != 0;
	uint64_t since_ms = waited_ms - told->at_ms;
	if (told->at_ms && since_ms < LINK_SILENT_MS && (!news || since_ms < LINK_CHANGED_MS))
		return;
	if (told->at_ms)
		app_error("still waiting for the link of %s (%.0f of %g s)%s%s", address, (double)waited_ms / 1000,
			app->options->link_wait_s, link.state[0] ? ": " : "", link.state);
	else
		app_error("waiting for the link of %s (up to %g s)%s%s", address, app->options->link_wait_s,
			link.state[0] ? ": " : "", link.state);
	*told = (struct told){waited_ms, missing, link};
}

/* What the driver says of a link may be the reason why it is down, or only what the module is: the advice fits both. */
static bool fail_no_link(const struct app *app, unsigned missing)
{
	const char *state = app->ports[missing].link.state;
	double limit_s = app->options->link_wait_s;

	return app_error("%s: no link after %g s%s%s; %scheck the cable and the other end%s; --link-wait %g waits "
			 "longer, --link-wait 0 starts without it",
		app->options->addresses[missing], limit_s, state[0] ? ": " : "", state,
		state[0] ? "unless that is the reason, " : "",
		app->options->speeds ? "; --speed must leave a speed that the module and both ends have" : "",
		3 * limit_s);
}

/* Waits for a tenth of a second at a time, so that app_stop is obeyed. If it returns true, each port's link is known.
 */
static bool wait_for_links(struct app *app)
{
	const double limit_s = app->options->link_wait_s;
	uint64_t begin = app_now_ns(), limit_ms = (uint64_t)(limit_s * 1000), waited_ms;
	struct nic *nics[APP_PORTS];
	unsigned missing = 0;
	struct told told = {.at_ms = 0};
	int error;

	for (unsigned i = 0; i < app->port_count; i++)
		nics[i] = app->ports[i].nic;
	do {
		waited_ms = (app_now_ns() - begin) / 1000000;
		uint64_t left_ms = waited_ms < limit_ms ? limit_ms - waited_ms : 0;
		error = nic_wait_links(nics, app->port_count, left_ms < 100 ? (unsigned)left_ms : 100, &missing);
		print_all_notes(app);
		if (error == -ETIMEDOUT && waited_ms < limit_ms)
			tell_wait(app, missing, waited_ms, &told);
	} while ((error == -EINTR || (error == -ETIMEDOUT && waited_ms < limit_ms)) && !app_stopping());
	if (error && error != -ETIMEDOUT && error != -EINTR)
		return port_error(app, missing);
	for (unsigned i = 0; i < app->port_count; i++)
		nic_get_link(nics[i], &app->ports[i].link);
	return !error || app_stopping() || limit_s == 0 || fail_no_link(app, missing);
}

static void introduce(const struct app *app, unsigned i)
{
	const struct app_port *port = &app->ports[i];
	const uint8_t *mac = port->info.mac;

	fprintf(app->text_out, "port %u: %s, %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s", i, app->options->addresses[i],
		port->info.name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], port->link.up ? "up" : "down");
	if (port->link.up)
		fprintf(app->text_out, ", %u Mbit/s", port->link.mbps);
	if (port->link.state[0])
		fprintf(app->text_out, " (%s)", port->link.state);
	fprintf(app->text_out, ", %s, by %s\n", pkt_simd_name(port->info.simd), port->info.reached_by);
	if (port->info.note[0])
		fprintf(app->text_out, "port %u: %s\n", i, port->info.note);
}

static bool start_port(struct app *app, unsigned i, const struct nic_config *config)
{
	struct app_port *port = &app->ports[i];

	if (nic_start(port->nic, config) < 0)
		return port_error(app, i);
	port->started = true;
	nic_get_info(port->nic, &port->info); /* the instruction set is chosen at the start */
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
		.speeds = options->speeds,
	};

	app->options = options;
	if (!app->text_out)
		app->text_out = options->json ? stderr : stdout;
	/* what can be wrong with the command line is found before a wait for links */
	if (!app_cpus_allowed(options->cpus, options->cpu_count))
		return false;
	if (dma_space_open(&app->space) < 0)
		return app_error("%s", nic_error());
	for (unsigned i = 0; i < options->address_count; i++) {
		if (nic_open(&app->ports[i].nic, options->addresses[i], app->space) < 0)
			return port_error(app, i);
		app->port_count = i + 1;
		nic_get_info(app->ports[i].nic, &app->ports[i].info);
	}

	config.pool = app_open_pool(app, app_pool_count(&config, app->port_count, threads + 1, options->burst));
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
		fds[1 + i] = (struct pollfd){.fd = nic_event_fd(app->ports[i].nic), .events = POLLIN};
	app_sleep(fds, 1 + app->port_count, until_ns);
}

void app_take_sample(struct app *app, struct app_sample *sample)
{
	uint64_t now = app_now_ns();

	for (unsigned i = 0; i < app->port_count; i++) {
		const struct app_counters *c = &app->ports[i].counters;
		struct app_port_sample *s = &sample->ports[i];
		struct nic_link link;
		/* whether it has come or gone is told elsewhere, by app_service */
		if (app->ports[i].started && nic_get_link(app->ports[i].nic, &link) == 0 &&
			link.up == app->ports[i].link.up)
			app->ports[i].link = link;
		/* of a device that is gone, the driver gives the last counters that it knows */
		s->gone = nic_get_stats(app->ports[i].nic, &s->card) == -ENODEV;
		s->age_ns = s->gone && now > s->card.time_ns ? now - s->card.time_ns : 0;
		s->received = app_get(&c->received);
		s->in_hand = app_get(&c->in_hand);
		s->busy_polls = app_get(&c->busy_polls);
		s->empty_polls = app_get(&c->empty_polls);
		s->rx_broken = app_get(&c->rx_broken);
		s->tx_ring_full = app_get(&c->tx_ring_full);
	}
	sample->ns = now;
}

bool app_stop_ports(struct app *app)
{
	bool clean = !app->access_refused;

	for (unsigned i = 0; i < app->port_count; i++) {
		struct app_port *port = &app->ports[i];
		if (!port->started)
			continue;
		port->started = false;
		nic_get_link(port->nic, &port->link);
		int error = nic_stop(port->nic);
		if (error < 0 && error != -ENODEV)
			clean = port_error(app, i);
		print_notes(app, i);
	}
	return clean;
}

bool app_close(struct app *app)
{
	/* All ports stop before any closes: what one received may lie in another's transmit ring. */
	bool clean = app_stop_ports(app);

	for (unsigned i = 0; i < app->port_count; i++)
		nic_close(app->ports[i].nic);
	for (unsigned i = 0; i < app->pool_count; i++)
		if (pkt_pool_close(app->pools[i]) < 0)
			clean = app_error("%s", nic_error());
	dma_space_unref(app->space);
	return app_output_end_all() && clean;
}
