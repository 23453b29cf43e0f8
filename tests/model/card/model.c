/* SPDX-License-Identifier: BSD-2-Clause
 * The port as a whole: opening, resetting, breaking it, letting time pass, and its regions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { RESET_BIT_NS = 5000, RESET_NS = 1000 * 1000, AUTO_READ_NS = 2 * 1000 * 1000, DMA_INIT_NS = 2500 * 1000 };

/** Sets a deadline from now; model_step looks at deadlines only when the earliest has come. */
void model_deadline(struct model *m, uint64_t *deadline, uint64_t delay_ns)
{
	*deadline = m->now_ns + delay_ns;
	if (*deadline < m->next_ns)
		m->next_ns = *deadline;
}

/** Works out from the registers what the receive path asks of every burst. */
void model_settle(struct model *m)
{
	uint32_t hlreg0 = reg_get(m, IXGBE_HLREG0);

	m->receiving = (reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN) && !(reg_get(m, IXGBE_SECRXCTRL) & SECRXCTRL_RX_DIS);
	m->crc_strip = hlreg0 & HLREG0_RXCRCSTRP;
	m->loopback = hlreg0 & HLREG0_LPBK;
	m->frame_limit = (hlreg0 & HLREG0_JUMBOEN) ? reg_get(m, IXGBE_MAXFRS) >> 16 : 1518;
	m->frame_limit = m->frame_limit < 64                ? 60
			 : m->frame_limit > MODEL_FRAME_MAX ? MODEL_FRAME_MAX - 4
							    : m->frame_limit - 4;
	m->rx_rss = (reg_get(m, IXGBE_MRQC) & 0xF) == MRQC_RSS;
	m->rx_plain = m->crc_strip;
	m->rx_ethertypes = false;
	for (unsigned i = 0; i < 8; i++)
		m->rx_ethertypes |= reg_get(m, IXGBE_ETQF + 4 * i) >> 31;
	m->last_mac = UINT64_MAX;
}

bool model_receiving(const struct model *m)
{
	return m->receiving;
}

/** CTRL.RST and LNK_RST: everything but configuration space and EEPROM comes up anew. */
void model_device_reset(struct model *m, bool link)
{
	uint32_t reset_bits = CTRL_RST | (link ? CTRL_LNK_RST : 0u);

	model_registers_reset(m);
	model_queues_reset(m);
	model_interrupts_reset(m);
	model_link_reset(m);
	reg_set(m, IXGBE_CTRL, reset_bits);
	if (m->config.port)
		reg_set(m, IXGBE_STATUS, STATUS_GIO | m->config.port << 2);
	m->toeplitz_stale = true;
	m->scratch_used = 0;
	m->eerd_ns = m->mdio_ns = m->firmware_ns = MODEL_NEVER;
	model_deadline(m, &m->reset_bit_ns, RESET_BIT_NS);
	model_deadline(m, &m->reset_done_ns, RESET_NS);
	model_deadline(m, &m->auto_read_ns, AUTO_READ_NS);
	model_deadline(m, &m->dma_init_ns, DMA_INIT_NS);
	model_eeprom_load(m);
	model_settle(m);
	model_dma_forget(m);
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
	if (!m->scratch || !m->image) {
		model_close(m);
		return NULL;
	}
	memset(m->image, 0, MODEL_BAR0_BYTES);
	m->config.bar0 = NULL;
	m->next_ns = MODEL_NEVER;
	m->partner = false;
	model_phy_reset(m);
	model_registers_open(m);
	model_eeprom_open(m);
	model_function_reset(m);
	return m;
}

void model_close(struct model *m)
{
	if (!m)
		return;
	free(m->scratch);
	free(m->own_image);
	free(m);
}

void model_function_reset(struct model *m)
{
	model_config_reset(m);
	model_phy_reset(m);
	memset(m->msix, 0, sizeof(m->msix));
	for (unsigned v = 0; v < MODEL_VECTORS; v++)
		m->msix[v * 16 + 12] = 1; /* vectors come up masked */
	model_device_reset(m, true);
	/* The client of a function reset waits outside; the device is reachable as soon as it is done. */
	m->reset_bit_ns = m->reset_done_ns = MODEL_NEVER;
	reg_set(m, IXGBE_CTRL, 0);
	reg_set(m, IXGBE_SWSM, 0);
	reg_set(m, IXGBE_SW_FW_SYNC, 0);
	model_dma_forget(m);
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
	sooner(&next, m->firmware_ns, m->now_ns);
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
	model_interrupts_step(m);

	uint64_t next = next_deadline(m);
	m->next_ns = next < m->next_ns ? next : m->next_ns;
}

void model_write_ctrl(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	(void)index;
	if (value & (CTRL_RST | CTRL_LNK_RST)) {
		model_device_reset(m, value & CTRL_LNK_RST);
		return;
	}
	reg_set(m, offset, value);
	model_dma_forget(m);
}

uint32_t model_read_status(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	(void)index;
	(void)offset;
	/* GIO tells whether master requests are still enabled (DS 5.2.5.3.2). */
	if ((reg_get(m, IXGBE_CTRL) & CTRL_GIO_DIS) && !(m->breakages & MODEL_MASTER_STUCK))
		value &= ~(uint32_t)STATUS_GIO;
	return value;
}

/** What there is to be shared out among the receive packet buffers. */
static uint32_t buffer_memory(const struct model *m)
{
	return is_copper(m) ? 384 * 1024 : MODEL_FIFO_BYTES;
}

uint32_t model_packet_buffer_bytes(const struct model *m)
{
	uint32_t said = reg_get(m, IXGBE_RXPBSIZE), there = buffer_memory(m);

	return said < there ? said : there;
}

/** HLREG0, MAXFRS, RXCTRL, RDRXCTL, SECRXCTRL: all that the receive path as a whole depends on. */
void model_write_receive(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	bool was = reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN;

	(void)index;
	reg_set(m, offset, value);
	if (offset == IXGBE_RXCTRL && (value & RXCTRL_RXEN) && !was) {
		bool strip = reg_get(m, IXGBE_HLREG0) & HLREG0_RXCRCSTRP,
		     dma = reg_get(m, IXGBE_RDRXCTL) & RDRXCTL_CRCSTRIP;

		/* The two must agree (DS 8.2.3.8.8), and the DMA be ready. */
		fault_order(m, MODEL_ORDER_CRC, strip != dma);
		fault_order(m, MODEL_ORDER_DMA_INIT, !(reg_get(m, IXGBE_RDRXCTL) & RDRXCTL_DMAIDONE));
		/* X540 and X550 come up with more than they have (hw-docs/doubts.md): software must say less. */
		fault_order(m, MODEL_ORDER_PACKET_BUFFER, reg_get(m, IXGBE_RXPBSIZE) > buffer_memory(m));
	}
	model_settle(m);
}

uint32_t model_read_secrxstat(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	bool halted = (reg_get(m, IXGBE_SECRXCTRL) & SECRXCTRL_RX_DIS) && !(m->breakages & MODEL_SECRX_STUCK);

	(void)index;
	(void)offset;
	return halted ? value | SECRXSTAT_SECRX_RDY : value;
}

void model_break(struct model *m, uint32_t breakages)
{
	m->breakages = breakages;
	m->next_ns = 0; /* what was stuck may move on */
	model_dma_forget(m);
	model_eeprom_load(m);
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
	if (region == 7)
		model_config_write(m, offset, data, bytes);
	else if (region == 4) {
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
