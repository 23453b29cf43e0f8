/* SPDX-License-Identifier: BSD-2-Clause
 * What happens to a card while it runs, as tests ask for it. An incident leaves its marks in struct incidents, which
 * the data path and the registers look at; a reset of the device wipes off most of them. How far a hang goes is a guess
 * (doubt M35), and so is what a damaged memory (doubt M36) and heat (doubt M38) do beyond the interrupt. */
#include "incident.h"

#include "interrupt.h"
#include "queue.h"
#include "rx.h"

enum {
	AWAY_MS = 100,
	MS_NS = 1000 * 1000,
	STORM = 1000,
	STORM_NS = 100 * 1000,
	EARLY_NS = 50 * 1000,
};

static const struct {
	const char *name, *description;
	enum { NUMBER, TX_QUEUE, RX_QUEUE, PIN } of; /* what the argument is */
	bool random;                                 /* model_incident_random may choose it */
	uint8_t cards;                               /* a bit for each card that has it */
} incidents[MODEL_INCIDENTS] = {
#define ALL_CARDS ((1 << MODEL_CARDS) - 1)
#define X550_ONLY (1 << MODEL_X550)
#define COPPER    (1 << MODEL_X540 | 1 << MODEL_X550)
	[MODEL_INCIDENT_TX_HANG] = {"tx-hang", "transmit queue N fetches no descriptor any more", TX_QUEUE, true,
		ALL_CARDS},
	[MODEL_INCIDENT_TX_DMA_HANG] = {"tx-dma-hang", "no transmit queue does, and STATUS.GIO stays", NUMBER, true,
		ALL_CARDS},
	[MODEL_INCIDENT_TX_DEAD] = {"tx-dead", "the same, and only a function reset ends it", NUMBER, false, ALL_CARDS},
	[MODEL_INCIDENT_TX_SILENT] = {"tx-silent", "frames are sent, and none is reported", NUMBER, true, ALL_CARDS},
	[MODEL_INCIDENT_RX_HANG] = {"rx-hang", "frames stay in the packet buffer", NUMBER, true, ALL_CARDS},
	[MODEL_INCIDENT_RX_QUEUE_HANG] = {"rx-queue-hang", "receive queue N uses no descriptor any more", RX_QUEUE,
		true, ALL_CARDS},
	[MODEL_INCIDENT_ECC] = {"ecc", "a memory of the card is damaged (EICR.ECC), and DMA stops", NUMBER, true,
		ALL_CARDS},
	[MODEL_INCIDENT_SELF_RESET] = {"self-reset", "the card resets itself, as by CTRL.RST", NUMBER, true, ALL_CARDS},
	[MODEL_INCIDENT_MDD_TX] = {"mdd-tx",
		"X550: transmit queue N is stopped as malicious, if DMATXCTL.MDP_EN is set", TX_QUEUE, true, X550_ONLY},
	[MODEL_INCIDENT_MDD_RX] = {"mdd-rx", "X550: receive queue N is stopped as malicious, if RDRXCTL.MDP_EN is set",
		RX_QUEUE, true, X550_ONLY},
	[MODEL_INCIDENT_HEAT] = {"overheat", "X540, X550: too hot (EICR.TS), and no link for N ms (0: 100)", NUMBER,
		true, COPPER},
	[MODEL_INCIDENT_LINK_LOSS] = {"link-loss", "no link for N ms (0: 100); what is fetched meanwhile is sent late",
		NUMBER, true, ALL_CARDS},
	[MODEL_INCIDENT_GPI] = {"gpi", "pin SDP N, 0 to 2, rises", PIN, false, ALL_CARDS},
	[MODEL_INCIDENT_INTERRUPT_LOSS] = {"interrupt-loss", "the next N interrupts (0: 1) never come", NUMBER, true,
		ALL_CARDS},
	[MODEL_INCIDENT_INTERRUPT_STORM] = {"interrupt-storm",
		"N times (0: 1000), each 100 us, all unmasked vectors fire", NUMBER, true, ALL_CARDS},
	[MODEL_INCIDENT_INTERRUPT_EARLY] = {"interrupt-early",
		"the next N receive interrupts (0: 1) come 50 us before their frames", NUMBER, true, ALL_CARDS},
};

const char *model_incident_name(unsigned what)
{
	return what < MODEL_INCIDENTS ? incidents[what].name : NULL;
}

const char *model_incident_description(unsigned what)
{
	return what < MODEL_INCIDENTS ? incidents[what].description : NULL;
}

/** Malicious driver detection is on. */
static bool detects(const struct model *m, enum model_incident what)
{
	return what == MODEL_INCIDENT_MDD_TX   ? reg_get(m, IXGBE_DMATXCTL) & DMATXCTL_MDP_EN
	       : what == MODEL_INCIDENT_MDD_RX ? reg_get(m, IXGBE_RDRXCTL) & RDRXCTL_MDP_EN
					       : true;
}

bool model_incident_possible(const struct model *m, enum model_incident what, unsigned argument)
{
	static const unsigned end[] = {
		[NUMBER] = UINT32_MAX, [TX_QUEUE] = MODEL_QUEUES, [RX_QUEUE] = MODEL_QUEUES, [PIN] = 3};

	return what < MODEL_INCIDENTS && (incidents[what].cards >> m->config.card & 1) &&
	       argument < end[incidents[what].of] && detects(m, what);
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
	*argument = incidents[what].of == NUMBER     ? 0
		    : incidents[what].of == TX_QUEUE ? some_queue(m->tx, drawn(&state))
						     : some_queue(m->rx, drawn(&state));
	return what;
}

uint64_t model_incident_count(const struct model *m, enum model_incident what)
{
	return m->incidents.count[what];
}

/** A queue is stopped until its bit in WQBR is cleared, and told of (X550 DS 7.8.4.3; doubt M37). */
static void stop_malicious(struct model *m, unsigned queue, bool tx)
{
	uint32_t wqbr = (tx ? IXGBE_WQBR_TX : IXGBE_WQBR_RX) + 4 * (queue / 32);
	uint32_t control = tx ? reg_get(m, IXGBE_DMATXCTL) : reg_get(m, IXGBE_RDRXCTL);

	reg_set(m, wqbr, reg_get(m, wqbr) | 1u << queue % 32);
	reg_set(m, tx ? MODEL_LMVM_TX : MODEL_LMVM_RX, queue | LMVM_MAL_PF);
	reg_set(m, tx ? MODEL_LVMMC_TX : MODEL_LVMMC_RX, tx ? LVMMC_TX_INV_MACC : LVMMC_RX_INV_MACC);
	model_queue_off(m, queue, tx);
	if (control & (tx ? (uint32_t)DMATXCTL_MBINTEN : (uint32_t)RDRXCTL_MBINTEN))
		model_raise_other(m, EICR_MAILBOX);
}

void model_write_wqbr(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, reg_get(m, offset) & ~value);
}

/** The partner goes, and comes back. */
static void lose_link(struct model *m, unsigned ms)
{
	uint64_t away_ns = scaled_ns(m, (uint64_t)(ms ? ms : AWAY_MS) * MS_NS);

	if (!m->partner && m->partner_back_ns == MODEL_NEVER)
		return; /* nobody is there anyway */
	model_set_partner(m, false);
	deadline_set(m, &m->partner_back_ns, away_ns);
}

/** Pins are SDP0, 1 and 2, in EICR from bit 24 on, on X540 and X550 from 25 on. */
static void raise_pin(struct model *m, unsigned pin)
{
	unsigned shift = is_copper(m) ? 1 : 0;
	bool input = !(reg_get(m, IXGBE_ESDP) >> (8 + pin) & 1);

	if (input && (reg_get(m, IXGBE_GPIE) >> (pin + shift) & 1))
		model_raise_other(m, 1u << (24 + pin + shift));
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
	case MODEL_INCIDENT_MDD_TX:
	case MODEL_INCIDENT_MDD_RX:
		stop_malicious(m, argument, what == MODEL_INCIDENT_MDD_TX);
		break;
	case MODEL_INCIDENT_HEAT:
		model_raise_other(m, EICR_TS);
		lose_link(m, argument);
		break;
	case MODEL_INCIDENT_LINK_LOSS:
		i->link_stale = true;
		lose_link(m, argument);
		break;
	case MODEL_INCIDENT_GPI:
		raise_pin(m, argument);
		break;
	case MODEL_INCIDENT_INTERRUPT_LOSS:
		i->lost = argument ? argument : 1;
		break;
	case MODEL_INCIDENT_INTERRUPT_STORM:
		i->storm = argument ? argument : STORM;
		deadline_set(m, &m->storm_ns, 0);
		break;
	case MODEL_INCIDENT_INTERRUPT_EARLY:
		i->early = argument ? argument : 1;
		break;
	case MODEL_INCIDENTS:
		break;
	}
	i->rx_stopped = i->rx_stalled[0] == UINT64_MAX && i->rx_stalled[1] == UINT64_MAX;
	i->rx_waits = i->rx_stopped || i->early;
	model_queues_stalled(m);
	return false;
}

void model_incidents_step(struct model *m)
{
	struct incidents *i = &m->incidents;

	if (m->now_ns >= m->partner_back_ns)
		model_set_partner(m, true);
	if (m->now_ns < m->storm_ns)
		return;
	m->storm_ns = MODEL_NEVER;
	if (!i->storm)
		return;
	i->storm--;
	deadline_set(m, &m->storm_ns, STORM_NS);
	model_interrupts_spurious(m);
}

bool model_interrupt_lost(struct model *m)
{
	if (likely(!m->incidents.lost))
		return false;
	m->incidents.lost--;
	return true;
}

/** The first of the frames will be written to a queue. @return that; NULL: it will not. */
static struct queue *queue_for(struct model *m, const struct model_frame *first)
{
	struct judgement judged;

	model_rx_judge(m, first, &judged);
	struct queue *q = &m->rx[judged.parsed.queue];
	return judged.accepted && q->enabled && !q->stalled && q->size && queue_available(m, q) ? q : NULL;
}

bool model_rx_waits(struct model *m, const struct model_frame *first)
{
	struct incidents *i = &m->incidents;

	if (i->rx_stopped || m->loopback)
		return i->rx_stopped;
	if (!i->early_ns) {
		struct queue *q = queue_for(m, first);

		if (!q)
			return false;
		i->early_ns = m->now_ns + EARLY_NS;
		model_raise_queue(m, q->index, false);
		return true;
	}
	if (m->now_ns < i->early_ns)
		return true;
	i->early_ns = 0;
	i->rx_waits = --i->early > 0;
	i->rx_silent = true; /* for these frames only */
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
	return (m->incidents.tx_stalled[queue / 64] >> queue % 64 & 1) || model_malicious(m, queue, true);
}

bool model_rx_stalled(const struct model *m, unsigned queue)
{
	return (m->incidents.rx_stalled[queue / 64] >> queue % 64 & 1) || model_malicious(m, queue, false);
}

bool model_malicious(const struct model *m, unsigned queue, bool tx)
{
	return reg_get(m, (tx ? IXGBE_WQBR_TX : IXGBE_WQBR_RX) + 4 * (queue / 32)) >> queue % 32 & 1;
}
