/* SPDX-License-Identifier: BSD-2-Clause
 * What happens to a card while it runs, as tests ask for it. An incident leaves its marks in struct incidents, which
 * the data path and the registers look at; a reset of the device wipes off most of them. */
#include "incident.h"

#include "interrupt.h"
#include "queue.h"

static const struct {
	const char *name, *description;
	enum { NO_QUEUE, TX_QUEUE, RX_QUEUE } of; /* the argument is a queue */
	bool random;                              /* model_incident_random may choose it */
	uint8_t cards;                            /* a bit for each card that has it */
} incidents[MODEL_INCIDENTS] = {
#define ALL_CARDS ((1 << MODEL_CARDS) - 1)
	[MODEL_INCIDENT_TX_HANG] = {"tx-hang", "transmit queue N fetches no descriptor any more", TX_QUEUE, true,
		ALL_CARDS},
	[MODEL_INCIDENT_TX_DMA_HANG] = {"tx-dma-hang", "no transmit queue does, and STATUS.GIO stays", NO_QUEUE, true,
		ALL_CARDS},
	[MODEL_INCIDENT_TX_DEAD] = {"tx-dead", "the same, and only a function reset ends it", NO_QUEUE, false,
		ALL_CARDS},
	[MODEL_INCIDENT_TX_SILENT] = {"tx-silent", "frames are sent, and none is reported", NO_QUEUE, true, ALL_CARDS},
	[MODEL_INCIDENT_RX_HANG] = {"rx-hang", "frames stay in the packet buffer", NO_QUEUE, true, ALL_CARDS},
	[MODEL_INCIDENT_RX_QUEUE_HANG] = {"rx-queue-hang", "receive queue N uses no descriptor any more", RX_QUEUE,
		true, ALL_CARDS},
	[MODEL_INCIDENT_ECC] = {"ecc", "a memory of the card is damaged (EICR.ECC), and DMA stops", NO_QUEUE, true,
		ALL_CARDS},
	[MODEL_INCIDENT_SELF_RESET] = {"self-reset", "the card resets itself, as by CTRL.RST", NO_QUEUE, true,
		ALL_CARDS},
};

const char *model_incident_name(unsigned what)
{
	return what < MODEL_INCIDENTS ? incidents[what].name : NULL;
}

const char *model_incident_description(unsigned what)
{
	return what < MODEL_INCIDENTS ? incidents[what].description : NULL;
}

bool model_incident_possible(const struct model *m, enum model_incident what, unsigned argument)
{
	return what < MODEL_INCIDENTS && (incidents[what].cards >> m->config.card & 1) &&
	       (incidents[what].of == NO_QUEUE || argument < MODEL_QUEUES);
}

/** Spreads a seed over all bits. */
static uint32_t drawn(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/** @return one of the enabled queues; without any, 0. */
static unsigned some_queue(const struct queue *queues, uint32_t number)
{
	unsigned enabled = 0;

	for (unsigned q = 0; q < MODEL_QUEUES; q++)
		enabled += queues[q].enabled;
	for (unsigned q = 0; q < MODEL_QUEUES && enabled; q++)
		if (queues[q].enabled && number-- % enabled == 0)
			return q;
	return 0;
}

enum model_incident model_incident_random(const struct model *m, unsigned seed, unsigned *argument)
{
	enum model_incident possible[MODEL_INCIDENTS], what;
	unsigned n = 0;
	uint64_t state = seed;

	for (what = 0; what < MODEL_INCIDENTS; what++)
		if (incidents[what].random && model_incident_possible(m, what, 0))
			possible[n++] = what;
	drawn(&state);
	what = possible[drawn(&state) % n];
	*argument = incidents[what].of == NO_QUEUE   ? 0
		    : incidents[what].of == TX_QUEUE ? some_queue(m->tx, drawn(&state))
						     : some_queue(m->rx, drawn(&state));
	return what;
}

uint64_t model_incident_count(const struct model *m, enum model_incident what)
{
	return m->incidents.count[what];
}

static void set_all(uint64_t queues[2])
{
	queues[0] = queues[1] = UINT64_MAX;
}

bool model_incident_begin(struct model *m, enum model_incident what, unsigned argument)
{
	struct incidents *i = &m->incidents;

	if (!model_incident_possible(m, what, argument) || (m->breakages & MODEL_GONE))
		return false;
	i->count[what]++;
	switch (what) {
	case MODEL_INCIDENT_TX_HANG:
		i->tx_stalled[argument / 64] |= 1ull << argument % 64;
		break;
	case MODEL_INCIDENT_TX_DEAD:
		i->tx_dead = true;
		/* fall through */
	case MODEL_INCIDENT_TX_DMA_HANG:
		i->masters_busy = true;
		set_all(i->tx_stalled);
		break;
	case MODEL_INCIDENT_TX_SILENT:
		i->tx_silent = true;
		break;
	case MODEL_INCIDENT_RX_HANG:
		set_all(i->rx_stalled);
		break;
	case MODEL_INCIDENT_RX_QUEUE_HANG:
		i->rx_stalled[argument / 64] |= 1ull << argument % 64;
		break;
	case MODEL_INCIDENT_ECC:
		set_all(i->tx_stalled);
		set_all(i->rx_stalled);
		model_raise_other(m, EICR_ECC);
		break;
	case MODEL_INCIDENT_SELF_RESET:
		return true;
	case MODEL_INCIDENTS:
		break;
	}
	i->rx_stopped = i->rx_stalled[0] == UINT64_MAX && i->rx_stalled[1] == UINT64_MAX;
	model_queues_stalled(m);
	return false;
}

void model_incidents_reset(struct model *m, enum reset_kind kind)
{
	struct incidents *i = &m->incidents;
	bool dead = i->tx_dead && !(kind & (RESET_POWER | RESET_FUNCTION | RESET_D3));
	struct incidents after = {.tx_dead = dead, .masters_busy = dead};

	for (unsigned what = 0; what < MODEL_INCIDENTS; what++)
		after.count[what] = i->count[what];
	if (dead)
		set_all(after.tx_stalled);
	*i = after;
}

bool model_tx_stalled(const struct model *m, unsigned queue)
{
	return m->incidents.tx_stalled[queue / 64] >> queue % 64 & 1;
}

bool model_rx_stalled(const struct model *m, unsigned queue)
{
	return m->incidents.rx_stalled[queue / 64] >> queue % 64 & 1;
}
