/* SPDX-License-Identifier: BSD-2-Clause
 * The port as a whole: opening, resetting, breaking it, letting time pass, and its regions. */
#include "config.h"
#include "eeprom.h"
#include "faults.h"
#include "firmware.h"
#include "incident.h"
#include "interrupt.h"
#include "link.h"
#include "pause.h"
#include "phy.h"
#include "prefetch.h"
#include "queue.h"
#include "registers.h"
#include "rx_control.h"
#include "semaphore.h"
#include "tx_buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long things take after a reset. The last two are a card's, which Linux gives 50 ms on the 82599, and 100 ms on
 * X540 and X550. */
enum {
	RESET_BIT_NS = 5000,
	RESET_NS = 1000 * 1000,
	AUTO_READ_NS = 2 * 1000 * 1000,
	DMA_INIT_NS = 2500 * 1000,
	CARD_82599_NS = 40 * 1000 * 1000,
	CARD_COPPER_NS = 80 * 1000 * 1000,
};

/** Everything comes up anew but configuration space, EEPROM and what outlives this kind of reset. */
static void device_reset(struct model *m, enum reset_kind kind)
{
	uint32_t reset_bits = CTRL_RST | (kind == RESET_LINK ? CTRL_LNK_RST : 0u);
	uint64_t card_ns = is_copper(m) ? CARD_COPPER_NS : CARD_82599_NS;

	model_registers_reset(m, kind);
	model_incidents_reset(m, kind);
	model_queues_reset(m);
	model_interrupts_reset(m);
	model_phy_device_reset(m, kind);
	model_link_reset(m, kind);
	reg_set(m, IXGBE_CTRL, reset_bits);
	if (m->config.port)
		reg_set(m, IXGBE_STATUS, STATUS_GIO | m->config.port << 2);
	m->toeplitz_stale = true;
	m->rx_hung = false;
	model_tx_buffer_clear(m);
	model_pause_reset(m);
	m->scratch_used = 0;
	m->eerd_ns = m->mdio_ns = m->firmware_ns = MODEL_NEVER;
	deadline_set(m, &m->reset_bit_ns, RESET_BIT_NS);
	deadline_set(m, &m->reset_done_ns, RESET_NS);
	deadline_set(m, &m->auto_read_ns, takes_ns(m, AUTO_READ_NS, card_ns));
	deadline_set(m, &m->dma_init_ns, takes_ns(m, DMA_INIT_NS, card_ns));
	model_eeprom_load(m);
	model_receive_settle(m);
	model_queues_review(m);
}

/** The port as a whole, by a reset that its bits in CTRL have no part in. */
static void port_reset(struct model *m, enum reset_kind kind)
{
	if (kind != RESET_D3)
		model_config_reset(m, kind);
	memset(m->msix, 0, sizeof(m->msix));
	for (unsigned v = 0; v < MODEL_VECTORS; v++)
		m->msix[v * 16 + 12] = 1; /* vectors come up masked */
	device_reset(m, kind);
	/* The client of such a reset waits outside; the device is reachable as soon as it is done. */
	m->reset_bit_ns = m->reset_done_ns = MODEL_NEVER;
	reg_set(m, IXGBE_CTRL, 0);
	if (!has_quirk(m, MODEL_QUIRK_MEMORY)) {
		reg_set(m, IXGBE_SWSM, 0);
		reg_set(m, IXGBE_SW_FW_SYNC, 0);
	}
	model_queues_review(m);
}

void model_function_reset(struct model *m)
{
	port_reset(m, RESET_FUNCTION);
}

struct model *model_open(const struct model_config *config, const struct model_host *host)
{
	struct model *m = aligned_alloc(64, (sizeof(*m) + 63) / 64 * 64);

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->config = *config;
	m->host = *host;
	m->scratch = malloc(MODEL_SCRATCH_BYTES + MODEL_TSO_BYTES);
	if (!config->bar0)
		m->own_image = aligned_alloc(4096, MODEL_BAR0_BYTES);
	m->image = config->bar0 ? (uint32_t *)(void *)config->bar0 : m->own_image;
	if (!model_tx_buffer_open(m) || !model_prefetch_open(m) || !m->scratch || !m->image) {
		model_close(m);
		return NULL;
	}
	memset(m->image, 0, MODEL_BAR0_BYTES);
	m->config.bar0 = NULL;
	m->next_ns = MODEL_NEVER;
	m->partner = false;
	m->storm_ns = m->partner_back_ns = MODEL_NEVER;
	model_phy_open(m);
	model_link_open(m);
	model_registers_open(m);
	model_eeprom_open(m);
	port_reset(m, RESET_POWER);
	model_pause_open(m);
	model_semaphore_open(m);
	return m;
}

void model_close(struct model *m)
{
	if (!m)
		return;
	free(m->scratch);
	model_tx_buffer_close(m);
	model_prefetch_close(m);
	free(m->own_image);
	free(m);
}

/** The bit clears itself within microseconds; the registers are usable after a millisecond only. */
static void finish_reset(struct model *m)
{
	if (m->breakages & MODEL_RESET_STUCK)
		return;
	if (m->now_ns >= m->reset_bit_ns) {
		m->reset_bit_ns = MODEL_NEVER;
		reg_set(m, IXGBE_CTRL, reg_get(m, IXGBE_CTRL) & ~(uint32_t)(CTRL_RST | CTRL_LNK_RST));
	}
	if (m->now_ns >= m->reset_done_ns)
		m->reset_done_ns = MODEL_NEVER;
}

static void sooner(uint64_t *next, uint64_t deadline, uint64_t now)
{
	if (deadline > now && deadline < *next)
		*next = deadline;
}

static uint64_t next_deadline(const struct model *m)
{
	uint64_t next = model_interrupts_next(m);

	sooner(&next, m->reset_bit_ns, m->now_ns);
	sooner(&next, m->reset_done_ns, m->now_ns);
	sooner(&next, m->auto_read_ns, m->now_ns);
	sooner(&next, m->eerd_ns, m->now_ns);
	sooner(&next, m->dma_init_ns, m->now_ns);
	sooner(&next, m->link_ns, m->now_ns);
	sooner(&next, m->queues_ns, m->now_ns);
	sooner(&next, m->mdio_ns, m->now_ns);
	sooner(&next, m->phy.negotiated_ns, m->now_ns);
	sooner(&next, m->firmware_ns, m->now_ns);
	sooner(&next, m->pause_ns, m->now_ns);
	sooner(&next, m->semaphore_ns, m->now_ns);
	sooner(&next, m->storm_ns, m->now_ns);
	sooner(&next, m->partner_back_ns, m->now_ns);
	return next;
}

void model_step(struct model *m, uint64_t now_ns)
{
	if (now_ns > m->now_ns)
		m->now_ns = now_ns;
	if (m->now_ns < m->next_ns)
		return;
	m->next_ns = MODEL_NEVER;
	finish_reset(m);
	model_eeprom_step(m);
	if (m->now_ns >= m->dma_init_ns && !(m->breakages & MODEL_DMA_INIT_STUCK)) {
		m->dma_init_ns = MODEL_NEVER;
		reg_set(m, IXGBE_RDRXCTL, reg_get(m, IXGBE_RDRXCTL) | RDRXCTL_DMAIDONE);
	}
	model_queues_step(m);
	model_phy_step(m);
	model_firmware_step(m);
	model_link_step(m);
	model_pause_step(m);
	model_semaphore_step(m);
	model_incidents_step(m);
	model_prefetch_step(m);
	model_interrupts_step(m);

	uint64_t next = next_deadline(m);
	m->next_ns = next < m->next_ns ? next : m->next_ns;
}

void model_break(struct model *m, uint32_t breakages)
{
	m->breakages = breakages;
	m->next_ns = 0; /* what was stuck may move on */
	model_queues_review(m);
	model_eeprom_open(m);
	model_eeprom_load(m);
	model_link_review(m);
}

void model_tamper_rx(struct model *m, uint64_t keep, uint64_t set, unsigned count)
{
	m->tamper_keep = keep;
	m->tamper_set = set;
	m->tamper_count = count;
}

const struct model_faults *model_faults(const struct model *m)
{
	return &m->faults;
}

uint64_t model_region_bytes(unsigned region)
{
	switch (region) {
	case 0:
		return MODEL_BAR0_BYTES;
	case 4:
		return MODEL_BAR4_BYTES;
	case 7:
		return MODEL_CONFIG_BYTES;
	default:
		return 0;
	}
}

void model_incident(struct model *m, enum model_incident what, unsigned argument)
{
	if (!model_incident_begin(m, what, argument))
		return;
	device_reset(m, RESET_SOFTWARE);
	/* Nobody knows of it, and nobody would wait. */
	m->reset_bit_ns = m->reset_done_ns = MODEL_NEVER;
	reg_set(m, IXGBE_CTRL, 0);
}

void model_incident_at(struct model *m, unsigned n, enum model_incident what, unsigned argument)
{
	m->incident_in = n;
	m->incident_next = what;
	m->incident_argument = argument;
}

uint64_t model_accesses(const struct model *m)
{
	return m->accesses;
}

static void count_access(struct model *m)
{
	m->accesses++;
	if (unlikely(m->incident_in) && !--m->incident_in)
		model_incident(m, m->incident_next, m->incident_argument);
}

uint32_t model_read32(struct model *m, uint32_t offset)
{
	count_access(m);
	return model_register_read(m, offset);
}

void model_write32(struct model *m, uint32_t offset, uint32_t value)
{
	count_access(m);
	model_register_write(m, offset, value);
	if (m->reset_asked) {
		bool link = m->reset_asked & CTRL_LNK_RST;

		m->reset_asked = 0;
		fault_order(m, MODEL_ORDER_LINK_RESET, link && m->link_up && has_quirk(m, MODEL_QUIRK_MANAGEABILITY));
		device_reset(m, link ? RESET_LINK : RESET_SOFTWARE);
	}
}

void model_memory_changed(struct model *m)
{
	model_queues_review(m);
}

static int check_access(struct model *m, unsigned region, uint64_t offset, size_t bytes)
{
	uint64_t size = model_region_bytes(region);

	if (bytes == 0 || offset >= size || size - offset < bytes)
		return -EINVAL;
	if (region == 0 && (offset % 4 || (bytes != 4 && bytes != 8))) {
		m->faults.bad_register++;
		return -EINVAL;
	}
	return 0;
}

int model_region_read(struct model *m, unsigned region, uint64_t offset, void *data, size_t bytes)
{
	int error = check_access(m, region, offset, bytes);

	if (error)
		return error;
	if (m->breakages & MODEL_GONE)
		memset(data, 0xFF, bytes);
	else if (region == 7)
		model_config_read(m, offset, data, bytes);
	else if (region == 4)
		memcpy(data, m->msix + offset, bytes);
	else
		for (size_t i = 0; i < bytes; i += 4) {
			uint32_t value = model_read32(m, (uint32_t)(offset + i));
			memcpy((uint8_t *)data + i, &value, 4);
		}
	return 0;
}

int model_region_write(struct model *m, unsigned region, uint64_t offset, const void *data, size_t bytes)
{
	int error = check_access(m, region, offset, bytes);

	if (error)
		return error;
	if (m->breakages & MODEL_GONE)
		return 0;
	if (region == 7) {
		unsigned kind = model_config_write(m, offset, data, bytes);
		if (kind)
			port_reset(m, (enum reset_kind)kind);
	} else if (region == 4) {
		/* The table is the client's to read back; masking happens where vectors are delivered. Pending bits are
		 * read-only. */
		if (offset + bytes <= MODEL_VECTORS * 16)
			memcpy(m->msix + offset, data, bytes);
	} else
		for (size_t i = 0; i < bytes; i += 4) {
			uint32_t value;
			memcpy(&value, (const uint8_t *)data + i, 4);
			model_write32(m, (uint32_t)(offset + i), value);
		}
	return 0;
}
