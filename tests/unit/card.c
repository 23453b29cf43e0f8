/* SPDX-License-Identifier: BSD-2-Clause
 * The scripted card of card.h. Tests include this file. */
#include "card.h"

#include "../../vfio/error.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

uint32_t *card_register(struct card *card, uint32_t offset)
{
	return &card->registers[offset / 4];
}

bool card_bus_master(const struct card *card)
{
	return card->config[4] & 4;
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

static bool refused(struct card *card, uint32_t offset, bool write)
{
	if (card->accesses != card->refuse && (!card->refused || offset != card->refused))
		return false;
	if (!write)
		card->unread = offset;
	vfio_note_refusal(&card->device, &(struct vfio_refusal){.offset = offset, .write = write, .error = EINVAL});
	return true;
}

static uint32_t value_of(struct card *card, uint32_t offset)
{
	uint32_t value = card->kind->value(card, offset, *card_register(card, offset));
	for (unsigned i = 0; i < CARD_STUCK; i++)
		if (card->stuck[i].mask && card->stuck[i].offset == offset)
			value = (value & ~card->stuck[i].mask) | card->stuck[i].value;
	return value;
}

static uint32_t read32(void *context, uint32_t offset)
{
	struct card *card = context;
	if (vanished(card, false) || refused(card, offset, false))
		return UINT32_MAX;
	card->unread = card->unread == offset ? 0 : card->unread;
	uint32_t value = value_of(card, offset);
	card->kind->was_read(card, offset);
	log_access(card, offset, value, false);
	return value;
}

/* What is read from no register has no place in one. */
static void look_for_ones(struct card *card, uint32_t offset, uint32_t value)
{
	card->ones += card->unread == offset && __builtin_popcount(value) >= 24;
}

static void write32(void *context, uint32_t offset, uint32_t value)
{
	struct card *card = context;
	if (vanished(card, true) || refused(card, offset, true))
		return;
	log_access(card, offset, value, true);
	look_for_ones(card, offset, value);
	if (card->kind->resets(card, offset, value)) {
		card->kind->reset(card);
		card->resets++;
		return;
	}
	if (card->kind->write(card, offset, &value))
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
	if (card->kind->io_write && region == card->io_region && !card_step_fails(card)) {
		uint32_t value;
		memcpy(&value, data, bytes < 4 ? bytes : 4);
		if (offset == 4)
			look_for_ones(card, card->io_address, value);
		return card->kind->io_write(card, (uint32_t)offset, value) ? 0
									   : pollux_fail(EIO, "card: I/O space is off");
	}
	if (region != VFIO_PCI_CONFIG_REGION_INDEX || offset + bytes > sizeof(card->config))
		return pollux_fail(EINVAL, "card: no such region");
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	bool master = card_bus_master(card);
	uint8_t kept = card->config[card->config_kept];
	memcpy(card->config + offset, data, bytes);
	if (card->config_kept)
		card->config[card->config_kept] = kept;
	if (offset == 4 && master && card->command_stuck)
		card->config[4] |= 4;
	if (offset == 4 && card->master_refused)
		card->config[4] &= (uint8_t)~4;
	if (offset == 4)
		log_access(card, CARD_COMMAND, card->config[4], true);
	return 0;
}

static int region_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	return in ? region_read(device, region, offset, in, bytes) : region_write(device, region, offset, out, bytes);
}

static int window(struct vfio_device *device, unsigned region, struct vfio_window *filled)
{
	struct card *card = (struct card *)device;
	(void)region;
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	*filled = (struct vfio_window){.bytes = CARD_BYTES, .read32 = read32, .write32 = write32, .context = card};
	return 0;
}

static int set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds)
{
	struct card *card = (struct card *)device;
	(void)index;
	card->irq_asks++;
	if (card->irq_shared)
		return pollux_fail(EBUSY, "card: the line is busy");
	if (card_step_fails(card))
		return pollux_fail(EIO, "card: step %u fails", card->steps);
	card->irq_fd = count ? eventfds[0] : -1;
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
	card->function_resets++;
	card->irq_fd = -1;
	card->kind->reset(card);
	return 0;
}

static void device_close(struct vfio_device *device)
{
	struct card *card = (struct card *)device;
	dma_space_detach(device->space, &card->mapper);
	card->closed = true;
}

static const struct vfio_device_ops ops = {
	.access = region_access,
	.window = window,
	.set_irqs = set_irqs,
	.reset = function_reset,
	.close = device_close,
};

void card_init_kind(struct card *card, const struct card_kind *kind, uint16_t device_id, struct dma_space *space)
{
	memset(card, 0, sizeof(*card));
	card->kind = kind;
	card->device = (struct vfio_device){.ops = &ops, .address = "card", .space = space, .numa_node = -1};
	card->device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 64;
	card->device.region_bytes[VFIO_PCI_CONFIG_REGION_INDEX] = sizeof(card->config);
	card->mapper = (struct dma_mapper){.map = map, .unmap = unmap};
	card->config[0] = 0x86;
	card->config[1] = 0x80;
	card->config[2] = (uint8_t)device_id;
	card->config[3] = (uint8_t)(device_id >> 8);
	card->config[4] = 0x06; /* a former owner left bus mastering on */
	card->irq_fd = -1;
	card->sends = true;
	card->kind->reset(card);
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
