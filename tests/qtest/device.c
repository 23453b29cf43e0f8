/* SPDX-License-Identifier: BSD-2-Clause
 * A card of a qtest machine as a device handle: configuration space through the machine's I/O ports, BARs where this
 * file puts them, registers by the qtest protocol, interrupts of all three kinds. */
#include "machine.h"

#include "../../vfio/error.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_ADDRESS 0xCF8u
#define CONFIG_DATA    0xCFCu
#define CONFIG_BYTES   256u
#define BARS           6u
#define BARS_AT(card)  (0xE0000000u + (card)*0x01000000u) /* of a card: above memory, below the machine's own */
#define PORTS_AT(card) (0xC000u + (card)*0x100u)
#define FIRST_SLOT     4u  /* process.c puts the cards there */
#define MESSAGES       16u /* per card */
#define FLR_MS         100u

struct card {
	struct vfio_device device; /* first: handles are cast */
	struct qtest *qtest;
	unsigned number;
	uint32_t bars[BARS]; /* where they are; 0: there is none */
	uint32_t bar_flags[BARS];
	unsigned msi, msix, pcie; /* capabilities; 0: none */
	int eventfds[VFIO_PCI_MSIX_IRQ_INDEX + 1][MESSAGES];
	bool intx_masked;
	bool vanished;
	unsigned operations, fail, accesses;
};

static struct card *card_of(struct vfio_device *device)
{
	return (struct card *)device;
}

void qtest_gone(struct qtest *qtest)
{
	for (unsigned i = 0; i < QTEST_CARDS; i++)
		if (qtest->devices[i])
			pollux_lose(&qtest->devices[i]->loss, "QEMU ended");
}

static bool fails(struct card *card)
{
	return card->fail && ++card->operations == card->fail;
}

bool qtest_map_fails(struct qtest *qtest)
{
	bool failed = false;
	for (unsigned i = 0; i < QTEST_CARDS; i++)
		failed = failed || (qtest->devices[i] && fails(card_of(qtest->devices[i])));
	return failed;
}

/* ---- configuration space ---- */

static char size_letter(size_t bytes)
{
	return bytes == 4 ? 'l' : bytes == 2 ? 'w' : 'b';
}

static int config_select(struct card *card, unsigned offset)
{
	card->accesses++;
	return qtest_say(card->qtest, NULL, "outl 0x%x 0x%x", CONFIG_ADDRESS,
		0x80000000u | (FIRST_SLOT + card->number) << 11 | (offset & 0xFC));
}

static uint32_t config_read(struct card *card, unsigned offset, size_t bytes)
{
	uint64_t value;
	if (config_select(card, offset) ||
		qtest_say(card->qtest, &value, "in%c 0x%x", size_letter(bytes), CONFIG_DATA + (offset & 3)))
		return UINT32_MAX;
	return (uint32_t)value;
}

static void config_write(struct card *card, unsigned offset, size_t bytes, uint32_t value)
{
	if (config_select(card, offset) == 0)
		qtest_say(card->qtest, NULL, "out%c 0x%x 0x%x", size_letter(bytes), CONFIG_DATA + (offset & 3), value);
}

static unsigned find_capability(struct card *card, unsigned id)
{
	unsigned at = config_read(card, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST
			      ? config_read(card, PCI_CAPABILITY_LIST, 1) & 0xFC
			      : 0;
	for (unsigned i = 0; at >= 0x40 && i < 48; i++) {
		uint32_t head = config_read(card, at, 2);
		if ((head & 0xFF) == id)
			return at;
		at = head >> 8 & 0xFC;
	}
	return 0;
}

/* Puts the BARs of a card one after the other, each at a multiple of its size. */
static void assign_bars(struct card *card)
{
	uint32_t memory = BARS_AT(card->number), ports = PORTS_AT(card->number);
	for (unsigned i = 0; i < BARS; i++) {
		unsigned at = PCI_BASE_ADDRESS_0 + 4 * i;
		config_write(card, at, 4, UINT32_MAX);
		uint32_t mask = config_read(card, at, 4);
		bool io = mask & PCI_BASE_ADDRESS_SPACE_IO;
		uint32_t *next = io ? &ports : &memory;
		uint32_t bytes = io ? (~(mask & 0xFFFCu) + 1) & 0xFFFF : ~(mask & ~0xFu) + 1;
		if (!mask || !bytes)
			continue;
		*next = (*next + bytes - 1) & ~(bytes - 1);
		card->bars[i] = *next;
		card->bar_flags[i] = mask & 0xF;
		card->device.region_bytes[i] = bytes;
		*next += bytes;
		config_write(card, at, 4, card->bars[i]);
		if (!io && (mask & PCI_BASE_ADDRESS_MEM_TYPE_64))
			config_write(card, PCI_BASE_ADDRESS_0 + 4 * ++i, 4, 0);
	}
}

static void restore_bars(struct card *card)
{
	for (unsigned i = 0; i < BARS; i++)
		if (card->bars[i])
			config_write(card, PCI_BASE_ADDRESS_0 + 4 * i, 4, card->bars[i]);
}

/* ---- regions ---- */

static bool unreachable(const struct card *card)
{
	return card->vanished || vfio_device_gone(&card->device);
}

/* Largest naturally aligned access for what is left. */
static size_t step_of(uint64_t offset, size_t left)
{
	return offset % 4 == 0 && left >= 4 ? 4 : offset % 2 == 0 && left >= 2 ? 2 : 1;
}

static bool is_io(const struct card *card, unsigned region)
{
	return card->bar_flags[region] & PCI_BASE_ADDRESS_SPACE_IO;
}

static uint32_t access_read(struct card *card, unsigned region, uint64_t offset, size_t bytes)
{
	uint64_t value;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		return config_read(card, (unsigned)offset, bytes);
	card->accesses++;
	if (qtest_say(card->qtest, &value, "%s%c 0x%llx", is_io(card, region) ? "in" : "read", size_letter(bytes),
		    (unsigned long long)(card->bars[region] + offset)))
		return UINT32_MAX;
	return (uint32_t)value;
}

static void access_write(struct card *card, unsigned region, uint64_t offset, size_t bytes, uint32_t value)
{
	if (region == VFIO_PCI_CONFIG_REGION_INDEX) {
		config_write(card, (unsigned)offset, bytes, value);
		return;
	}
	card->accesses++;
	qtest_say(card->qtest, NULL, "%s%c 0x%llx 0x%x", is_io(card, region) ? "out" : "write", size_letter(bytes),
		(unsigned long long)(card->bars[region] + offset), value);
}

static int check_region(struct card *card, unsigned region, uint64_t offset, size_t bytes)
{
	if (fails(card))
		return pollux_fail(EIO, "the test made an access to region %u fail", region);
	if (region >= VFIO_PCI_NUM_REGIONS || offset > card->device.region_bytes[region] ||
		bytes > card->device.region_bytes[region] - offset)
		return pollux_fail(EINVAL, "%s: region %u has no %zu bytes at %llu", card->device.address, region,
			bytes, (unsigned long long)offset);
	return 0;
}

static int region_read(struct vfio_device *device, unsigned region, uint64_t offset, void *data, size_t bytes)
{
	struct card *card = card_of(device);
	int ret = check_region(card, region, offset, bytes);
	memset(data, 0xFF, bytes);
	for (size_t done = 0, step; !ret && !unreachable(card) && done < bytes; done += step) {
		step = step_of(offset + done, bytes - done);
		uint32_t value = access_read(card, region, offset + done, step);
		memcpy((uint8_t *)data + done, &value, step);
	}
	return ret;
}

static int region_write(struct vfio_device *device, unsigned region, uint64_t offset, const void *data, size_t bytes)
{
	struct card *card = card_of(device);
	int ret = check_region(card, region, offset, bytes);
	for (size_t done = 0, step; !ret && !unreachable(card) && done < bytes; done += step) {
		uint32_t value = 0;
		step = step_of(offset + done, bytes - done);
		memcpy(&value, (const uint8_t *)data + done, step);
		access_write(card, region, offset + done, step, value);
	}
	return ret;
}

static int region_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	return in ? region_read(device, region, offset, in, bytes) : region_write(device, region, offset, out, bytes);
}

/* The window is BAR 0, where all of these cards have their registers. */
static uint32_t window_read32(void *context, uint32_t offset)
{
	struct card *card = context;
	uint32_t value = unreachable(card) ? UINT32_MAX : access_read(card, 0, offset, 4);
	qtest_deliver(card->qtest);
	return value;
}

static void window_write32(void *context, uint32_t offset, uint32_t value)
{
	struct card *card = context;
	if (!unreachable(card))
		access_write(card, 0, offset, 4, value);
	qtest_deliver(card->qtest);
}

static int window(struct vfio_device *device, unsigned region, struct vfio_window *result)
{
	struct card *card = card_of(device);
	if (fails(card))
		return pollux_fail(EIO, "the test made the window of region %u fail", region);
	if (region != VFIO_PCI_BAR0_REGION_INDEX)
		return pollux_fail(EINVAL, "%s: the qtest transport has a window of BAR 0 only", device->address);
	*result = (struct vfio_window){
		.bytes = device->region_bytes[0], .read32 = window_read32, .write32 = window_write32, .context = card};
	return 0;
}

/* ---- interrupts ---- */

static uint32_t message_at(const struct card *card, unsigned message)
{
	return (uint32_t)MESSAGES_AT + 4 * (card->number * MESSAGES + message);
}

/* The machine's chip set joins INTA of these slots to lines 20 to 23 (ICH9's default routes). */
static unsigned intx_line(const struct card *card)
{
	return 20 + (FIRST_SLOT + card->number) % 4;
}

static void tell(int *eventfd)
{
	uint64_t one = 1;
	if (*eventfd >= 0 && write(*eventfd, &one, sizeof(one)) < 0)
		*eventfd = -1; /* the eventfd is not one: nobody to tell */
}

static void deliver_card(struct card *card)
{
	volatile uint32_t *messages = card->qtest->messages + card->number * MESSAGES;
	int *intx = &card->eventfds[VFIO_PCI_INTX_IRQ_INDEX][0];
	for (unsigned i = 0; i < MESSAGES; i++) {
		if (!__atomic_exchange_n(&messages[i], 0, __ATOMIC_ACQ_REL))
			continue;
		tell(&card->eventfds[VFIO_PCI_MSIX_IRQ_INDEX][i]);
		tell(&card->eventfds[VFIO_PCI_MSI_IRQ_INDEX][i]);
	}
	/* As kernel VFIO does: INTx is masked when it was delivered, until it is set up again. */
	if (*intx >= 0 && card->qtest->lines[intx_line(card)] && !card->intx_masked) {
		card->intx_masked = true;
		tell(intx);
	}
}

void qtest_deliver(struct qtest *qtest)
{
	for (unsigned i = 0; i < QTEST_CARDS; i++)
		if (qtest->devices[i] && !unreachable(card_of(qtest->devices[i])))
			deliver_card(card_of(qtest->devices[i]));
}

static void program_msi(struct card *card, bool on)
{
	uint32_t control = config_read(card, card->msi + PCI_MSI_FLAGS, 2);
	config_write(card, card->msi + PCI_MSI_ADDRESS_LO, 4, message_at(card, 0));
	if (control & PCI_MSI_FLAGS_64BIT)
		config_write(card, card->msi + PCI_MSI_ADDRESS_HI, 4, 0);
	config_write(card, card->msi + (control & PCI_MSI_FLAGS_64BIT ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2, 1);
	config_write(card, card->msi + PCI_MSI_FLAGS, 2,
		(control & ~PCI_MSI_FLAGS_ENABLE) | (on ? PCI_MSI_FLAGS_ENABLE : 0));
}

static void program_msix(struct card *card, bool on)
{
	uint32_t control = config_read(card, card->msix + PCI_MSIX_FLAGS, 2);
	uint32_t table = config_read(card, card->msix + PCI_MSIX_TABLE, 4);
	unsigned bar = table & PCI_MSIX_TABLE_BIR;
	for (unsigned i = 0; i < card->device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX]; i++) {
		uint64_t entry = (table & PCI_MSIX_TABLE_OFFSET) + PCI_MSIX_ENTRY_SIZE * i;
		bool used = on && card->eventfds[VFIO_PCI_MSIX_IRQ_INDEX][i] >= 0;
		access_write(card, bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4, message_at(card, i));
		access_write(card, bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4, 0);
		access_write(card, bar, entry + PCI_MSIX_ENTRY_DATA, 4, 1);
		access_write(card, bar, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, !used);
	}
	config_write(card, card->msix + PCI_MSIX_FLAGS, 2,
		(control & ~PCI_MSIX_FLAGS_ENABLE) | (on ? PCI_MSIX_FLAGS_ENABLE : 0));
}

static int set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds)
{
	struct card *card = card_of(device);
	bool on = false;
	if (fails(card))
		return pollux_fail(EIO, "the test made the set-up of interrupts fail");
	for (unsigned i = 0; i < MESSAGES; i++) {
		card->eventfds[index][i] = i < count ? eventfds[i] : -1;
		on = on || card->eventfds[index][i] >= 0;
	}
	if (unreachable(card))
		return 0;
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		card->intx_masked = false;
	if (index == VFIO_PCI_MSI_IRQ_INDEX)
		program_msi(card, on);
	if (index == VFIO_PCI_MSIX_IRQ_INDEX)
		program_msix(card, on);
	return 0;
}

/* ---- life ---- */

static int reset(struct vfio_device *device)
{
	struct card *card = card_of(device);
	if (fails(card))
		return pollux_fail(EIO, "the test made the function reset fail");
	if (!card->pcie || !(config_read(card, card->pcie + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR))
		return pollux_fail(ENOTTY, "%s: the card has no function reset", device->address);
	config_write(card, card->pcie + PCI_EXP_DEVCTL, 2,
		config_read(card, card->pcie + PCI_EXP_DEVCTL, 2) | PCI_EXP_DEVCTL_BCR_FLR);
	usleep(FLR_MS * 1000);
	restore_bars(card);
	return 0;
}

static void close_device(struct vfio_device *device)
{
	struct card *card = card_of(device);
	struct qtest *qtest = card->qtest;
	if (card->msix && !unreachable(card))
		program_msix(card, false);
	if (card->msi && !unreachable(card))
		program_msi(card, false);
	qtest->devices[card->number] = NULL;
	if (device->space && --qtest->open_devices == 0) {
		dma_space_detach(qtest->space, &qtest->mapper);
		qtest->space = NULL;
	}
	free(card);
}

static const struct vfio_device_ops operations = {
	.access = region_access,
	.window = window,
	.set_irqs = set_irqs,
	.reset = reset,
	.close = close_device,
};

static void find_interrupts(struct card *card)
{
	uint32_t *counts = card->device.irq_count;
	counts[VFIO_PCI_INTX_IRQ_INDEX] = config_read(card, PCI_INTERRUPT_PIN, 1) ? 1 : 0;
	counts[VFIO_PCI_MSI_IRQ_INDEX] = card->msi ? 1 : 0;
	if (card->msix) {
		unsigned vectors = (config_read(card, card->msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) + 1;
		counts[VFIO_PCI_MSIX_IRQ_INDEX] = vectors < MESSAGES ? vectors : MESSAGES;
	}
}

/* One mapper for all devices of the machine: they share its memory. */
static int attach(struct card *card, struct dma_space *space)
{
	const struct dma_reach reach = {
		.ranges = {{LOW_AT, LOW_BYTES - 1}, {HIGH_AT, HIGH_AT + HIGH_BYTES - 1}},
		.range_count = 2,
		.below_4gib = !card->pcie,
	};
	struct qtest *qtest = card->qtest;
	if (qtest->space && qtest->space != space)
		return pollux_fail(EINVAL, "all devices of a qtest machine go into one DMA space");
	if (qtest->open_devices) {
		int ret = dma_space_restrict(space, &qtest->mapper, &reach);
		if (ret)
			return ret;
	} else {
		qtest->mapper = (struct dma_mapper){.map = qtest_map, .unmap = qtest_unmap, .reach = reach};
		int ret = dma_space_attach(space, &qtest->mapper);
		if (ret)
			return ret;
	}
	qtest->space = space;
	qtest->open_devices++;
	return 0;
}

int qtest_device(struct qtest *qtest, unsigned number, struct dma_space *space, struct vfio_device **device)
{
	*device = NULL;
	if (number >= qtest->cards || qtest->devices[number])
		return pollux_fail(EINVAL, "card %u of the qtest machine is open already, or not there", number);
	struct card *card = calloc(1, sizeof(*card));
	if (!card)
		return pollux_fail(ENOMEM, "no memory for a qtest device");
	card->qtest = qtest;
	card->number = number;
	card->device = (struct vfio_device){.ops = &operations, .numa_node = -1};
	snprintf(card->device.address, sizeof(card->device.address), "qtest:%u", number);
	card->device.region_bytes[VFIO_PCI_CONFIG_REGION_INDEX] = CONFIG_BYTES;
	memset(card->eventfds, -1, sizeof(card->eventfds));
	qtest->devices[number] = &card->device;
	assign_bars(card);
	card->msi = find_capability(card, PCI_CAP_ID_MSI);
	card->msix = find_capability(card, PCI_CAP_ID_MSIX);
	card->pcie = find_capability(card, PCI_CAP_ID_EXP);
	find_interrupts(card);
	int ret = attach(card, space);
	if (!ret)
		card->device.space = space;
	if (ret) {
		close_device(&card->device);
		return ret;
	}
	*device = &card->device;
	return 0;
}

void qtest_vanish(struct vfio_device *device)
{
	card_of(device)->vanished = true;
}

void qtest_fail(struct vfio_device *device, unsigned n)
{
	card_of(device)->fail = n;
	card_of(device)->operations = 0;
}

unsigned qtest_accesses(const struct vfio_device *device)
{
	return ((const struct card *)device)->accesses;
}
