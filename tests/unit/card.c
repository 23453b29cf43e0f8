/* SPDX-License-Identifier: BSD-2-Clause
 * The scripted card of card.h. Tests include this file. */
#include "card.h"

#include "../../vfio/error.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t nvm_mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

uint32_t *card_register(struct card *card, uint32_t offset)
{
	return &card->registers[offset / 4];
}

bool card_bus_master(const struct card *card)
{
	return card->config[4] & 4;
}

/* Memories keep what they hold, as the real ones do: junk. GIO_DIS stays, for the driver must not rely on the opposite. */
static void reset(struct card *card)
{
	uint32_t control = *card_register(card, IXGBE_CTRL) & IXGBE_CTRL_GIO_DIS;
	for (uint32_t i = 0; i < IXGBE_BAR_BYTES / 4; i++)
		card->registers[i] = 0;
	*card_register(card, IXGBE_CTRL) = control;
	const uint32_t memories[][2] = {{IXGBE_MTA, 128}, {IXGBE_VFTA, 128}, {IXGBE_PFUTA, 128}, {IXGBE_MPSAR, 256}, {IXGBE_FTQF, 128},
					{IXGBE_PFVLVF, 64}, {IXGBE_PFVLVFB, 128}};
	for (unsigned m = 0; m < sizeof(memories) / sizeof(*memories); m++)
		for (uint32_t i = 0; i < memories[m][1]; i++)
			*card_register(card, memories[m][0] + 4 * i) = 0xA5A5A5A5;
	*card_register(card, IXGBE_EEC) = IXGBE_EEC_AUTO_RD | IXGBE_EEC_EE_PRES;
	*card_register(card, IXGBE_RDRXCTL) = IXGBE_RDRXCTL_DMAIDONE;
	*card_register(card, IXGBE_HLREG0) = IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_RXCRCSTRP | IXGBE_HLREG0_TXPADEN;
	*card_register(card, IXGBE_AUTOC) = 3u << 13;
	*card_register(card, IXGBE_ESDP) = IXGBE_ESDP_SDP3;
	*card_register(card, IXGBE_DCA_RXCTRL) = IXGBE_DCA_RXCTRL_BIT12 | 1u << 9;
	*card_register(card, IXGBE_RAL) = nvm_mac[0] | nvm_mac[1] << 8 | nvm_mac[2] << 16 | (uint32_t)nvm_mac[3] << 24;
	*card_register(card, IXGBE_RAH) = nvm_mac[4] | nvm_mac[5] << 8 | IXGBE_RAH_AV;
}

static bool cleared_by_reading(uint32_t offset)
{
	if (offset == IXGBE_EICR || (offset >= IXGBE_MPC && offset < IXGBE_MPC + 0x20) || (offset >= IXGBE_CRCERRS && offset < 0x4200))
		return true;
	for (uint32_t i = 0; i < IXGBE_COUNTERS; i++)
		if (offset == IXGBE_QPRC + 0x40 * i || offset == IXGBE_QBRC_L + 0x40 * i || offset == IXGBE_QBRC_H + 0x40 * i ||
		    offset == IXGBE_QPRDC + 0x40 * i || offset == IXGBE_QPTC + 0x40 * i || offset == IXGBE_QBTC_L + 8 * i ||
		    offset == IXGBE_QBTC_H + 8 * i)
			return true;
	return false;
}

static void log_access(struct card *card, uint32_t offset, uint32_t value, bool write)
{
	if (card->logged < CARD_LOG)
		card->log[card->logged++] = (struct card_access){offset, value, write};
}

static bool vanished(struct card *card, bool write)
{
	card->accesses++;
	if (!card->vanish || card->accesses < card->vanish)
		return false;
	if (!write)
		card->gone_reads++;
	else if (card->gone_reads)
		card->late_writes++;
	return true;
}

static uint32_t value_of(struct card *card, uint32_t offset)
{
	uint32_t value = *card_register(card, offset);
	if (offset == IXGBE_STATUS)
		value = *card_register(card, IXGBE_CTRL) & IXGBE_CTRL_GIO_DIS ? 0 : IXGBE_STATUS_GIO;
	if (offset == IXGBE_SECRXSTAT)
		value = *card_register(card, IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS ? IXGBE_SECRXSTAT_SECRX_RDY : 0;
	if (offset == IXGBE_LINKS && card->link_was_down) {
		card->link_was_down = false;
		value &= ~IXGBE_LINKS_UP;
	}
	if (offset == IXGBE_TDH && card->sends)
		value = *card_register(card, IXGBE_TDT);
	for (unsigned i = 0; i < CARD_STUCK; i++)
		if (card->stuck[i].mask && card->stuck[i].offset == offset)
			value = (value & ~card->stuck[i].mask) | card->stuck[i].value;
	return value;
}

static uint32_t read32(void *context, uint32_t offset)
{
	struct card *card = context;
	if (vanished(card, false))
		return UINT32_MAX;
	uint32_t value = value_of(card, offset);
	if (cleared_by_reading(offset))
		*card_register(card, offset) = 0;
	if (offset == IXGBE_SWSM) /* the semaphore is who reads it first's */
		*card_register(card, offset) |= IXGBE_SWSM_SMBI;
	if (offset == IXGBE_SW_FW_SYNC)
		*card_register(card, offset) |= IXGBE_SW_FW_SYNC_REGSMP;
	log_access(card, offset, value, false);
	return value;
}

static void write32(void *context, uint32_t offset, uint32_t value)
{
	struct card *card = context;
	if (vanished(card, true))
		return;
	log_access(card, offset, value, true);
	if (offset == IXGBE_CTRL && (value & IXGBE_CTRL_RST)) {
		reset(card);
		card->resets++;
		return;
	}
	if (offset == IXGBE_AUTOC)
		value &= ~IXGBE_AUTOC_AN_RESTART;
	if (offset == IXGBE_RDRXCTL)
		value |= IXGBE_RDRXCTL_DMAIDONE;
	if (offset != IXGBE_EEC && offset != IXGBE_STATUS)
		*card_register(card, offset) = value;
}

bool card_step_fails(struct card *card)
{
	return ++card->steps == card->fail;
}

static int region_read(struct vfio_device *device, unsigned region, uint64_t offset, void *data, size_t bytes)
{
	struct card *card = (struct card *)device;
	if (region != VFIO_PCI_CONFIG_REGION_INDEX || offset + bytes > sizeof(card->config))
		return pollux_fail(EINVAL, "card: no such region");
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	memcpy(data, card->config + offset, bytes);
	return 0;
}

static int region_write(struct vfio_device *device, unsigned region, uint64_t offset, const void *data, size_t bytes)
{
	struct card *card = (struct card *)device;
	if (region != VFIO_PCI_CONFIG_REGION_INDEX || offset + bytes > sizeof(card->config))
		return pollux_fail(EINVAL, "card: no such region");
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	bool master = card_bus_master(card);
	memcpy(card->config + offset, data, bytes);
	if (offset == 4 && master && card->command_stuck)
		card->config[4] |= 4;
	if (offset == 4)
		log_access(card, CARD_COMMAND, card->config[4], true);
	return 0;
}

static int window(struct vfio_device *device, unsigned region, struct vfio_window *filled)
{
	struct card *card = (struct card *)device;
	(void)region;
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	*filled = (struct vfio_window){.bytes = IXGBE_BAR_BYTES, .read32 = read32, .write32 = write32, .context = card};
	return 0;
}

static int set_irqs(struct vfio_device *device, unsigned index, unsigned first, unsigned count, const int *eventfds)
{
	struct card *card = (struct card *)device;
	if (index >= VFIO_PCI_NUM_IRQS || first + count > device->irq_count[index])
		return pollux_fail(EINVAL, "card: no such interrupt");
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	card->irq_fd = eventfds ? eventfds[0] : -1;
	return 0;
}

static int map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct card *card = (struct card *)((char *)mapper - offsetof(struct card, mapper));
	(void)iova, (void)address, (void)bytes, (void)fd;
	if (card_step_fails(card))
		return pollux_fail(ENOMEM, "card: step %u fails", card->steps);
	card->mapped++;
	return 0;
}

static void unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct card *card = (struct card *)((char *)mapper - offsetof(struct card, mapper));
	(void)iova, (void)bytes;
	card->mapped--;
}

/* A function reset: registers and COMMAND as after power-on. */
static int function_reset(struct vfio_device *device)
{
	struct card *card = (struct card *)device;
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	card->config[4] = 0;
	reset(card);
	return 0;
}

static void device_close(struct vfio_device *device)
{
	struct card *card = (struct card *)device;
	dma_space_detach(device->space, &card->mapper);
	card->closed = true;
}

static const struct vfio_device_ops ops = {
	.read = region_read,
	.write = region_write,
	.window = window,
	.set_irqs = set_irqs,
	.reset = function_reset,
	.close = device_close,
};

void card_init(struct card *card, uint16_t device_id, struct dma_space *space)
{
	memset(card, 0, sizeof(*card));
	card->device = (struct vfio_device){.ops = &ops, .address = "card", .space = space, .numa_node = -1};
	card->device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 64;
	card->mapper = (struct dma_mapper){.map = map, .unmap = unmap};
	card->config[0] = 0x86;
	card->config[1] = 0x80;
	card->config[2] = (uint8_t)device_id;
	card->config[3] = (uint8_t)(device_id >> 8);
	card->config[4] = 0x06; /* a former owner left bus mastering on */
	card->irq_fd = -1;
	card->sends = true;
	reset(card);
	dma_space_attach(space, &card->mapper);
	card->steps = 0;
}

static unsigned find(const struct card *card, bool write, unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	for (unsigned i = from; i < card->logged; i++) {
		const struct card_access *access = &card->log[i];
		if (access->write == write && access->offset == offset && (access->value & mask) == value)
			return i;
	}
	return CARD_LOG;
}

unsigned card_written(const struct card *card, unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	return find(card, true, from, offset, mask, value);
}

unsigned card_read(const struct card *card, unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	return find(card, false, from, offset, mask, value);
}

void card_hurry(void)
{
	nic_gone_retry_us = 10;
	ixgbe_times = (struct ixgbe_times){
		.quiesce = 10, .master_disable = 1000, .pending = 1000, .flush = 1, .reset_quiet = 10, .reset = 1000,
		.settle_82599 = 10, .settle_x540 = 10, .auto_read = 1000, .dma_init = 1000, .security = 1000, .queue = 1000,
		.queue_off = 10, .drain = 1000, .smbi = 1000, .regsmp = 1000, .resource = 1000,
	};
}

unsigned card_count_fds(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}
