/* SPDX-License-Identifier: BSD-2-Clause
 * Reads what the cards and the program itself have counted, and adds it up. */
#include "app_sample.h"

#include "app_base.h"

#include <errno.h>

static struct app_counts read_counts(const struct app_counters *c)
{
	return (struct app_counts){
		.busy_polls = app_get(&c->busy_polls),
		.empty_polls = app_get(&c->empty_polls),
		.busy_cycles = app_get(&c->busy_cycles),
		.rx_broken = app_get(&c->rx_broken),
		.received = app_get(&c->received),
		.rx_bad_checksum = app_get(&c->rx_bad_checksum),
		.in_hand = app_get(&c->in_hand),
		.sent = app_get(&c->sent),
		.tx_ring_full = app_get(&c->tx_ring_full),
		.waited_cycles = app_get(&c->waited_cycles),
	};
}

void app_add_counts(struct app_counts *sum, const struct app_counts *counts)
{
	const uint64_t *from = (const uint64_t *)counts;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

void app_sample_queues(const struct app *app, unsigned index, struct app_queue_sample *samples)
{
	const struct app_port *port = &app->ports[index];
	unsigned queues = app_queues(app);

	for (unsigned queue = 0; queue < queues; queue++) {
		struct nic_queue_stats stats;

		samples[queue].own = read_counts(&port->queues[queue].counters);
		/* of a device that is gone, the driver gives the last counters that it knows */
		if (queues > 1 && port->started && nic_get_rxq_stats(port->nic, queue, &stats) != -EINVAL)
			samples[queue].rx = stats;
		if (queues > 1 && port->started && app->options->pipes &&
			nic_get_txq_stats(port->nic, queue, &stats) != -EINVAL)
			samples[queue].sent_by_pipes = stats.packets;
	}
}

void app_take_sample(struct app *app, struct app_sample *sample)
{
	uint64_t now = app_now_ns();

	for (unsigned i = 0; i < app->port_count; i++) {
		struct app_port *port = &app->ports[i];
		struct app_port_sample *s = &sample->ports[i];
		struct nic_link link;
		/* whether it has come or gone is told elsewhere, by app_service */
		if (port->started && nic_get_link(port->nic, &link) == 0 && link.up == port->link.up)
			port->link = link;
		/* of a device that is gone, the driver gives the last counters that it knows */
		s->gone = nic_get_stats(port->nic, &s->card) == -ENODEV;
		s->age_ns = s->gone && now > s->card.time_ns ? now - s->card.time_ns : 0;
		s->own = (struct app_counts){.received = 0};
		app_sample_queues(app, i, sample->queues[i]);
		for (unsigned queue = 0; queue < app_queues(app); queue++)
			app_add_counts(&s->own, &sample->queues[i][queue].own);
	}
	sample->ns = now;
}

uint64_t app_received(const struct app *app)
{
	uint64_t received = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		for (unsigned queue = 0; queue < app_queues(app); queue++)
			received += app_get(&app->ports[i].queues[queue].counters.received);
	return received;
}

uint64_t app_sent(const struct app_port *port, unsigned queues)
{
	uint64_t sent = 0;

	for (unsigned queue = 0; queue < queues; queue++)
		sent += app_get(&port->queues[queue].counters.sent);
	return sent;
}

bool app_gone(const struct app *app)
{
	bool gone = false;

	for (unsigned i = 0; i < app->port_count; i++)
		gone |= app->latest.ports[i].gone;
	return gone;
}

uint64_t app_unsent(const struct app *app)
{
	uint64_t unsent = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		unsent += app->latest.ports[i].card.tx_unsent;
	return unsent;
}

uint64_t app_missed(const struct app *app)
{
	uint64_t missed = 0;

	for (unsigned i = 0; i < app->port_count; i++) {
		const struct nic_stats *now = &app->latest.ports[i].card, *then = &app->at_open.ports[i].card;
		missed += now->rx_missed + now->rx_no_descriptor - then->rx_missed - then->rx_no_descriptor;
	}
	return missed;
}
