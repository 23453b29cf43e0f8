/* SPDX-License-Identifier: BSD-2-Clause
 * The transport to QEMU's card models without a guest, with no driver: registers, shared memory both ways, interrupts
 * of every kind that a card has, link, loss of the device, and memory that comes back as it was. */
#include "../qtest/qtest.h"

#include "../../mempool/memory.h"
#include "../../vfio/error.h"
#include "../../vfio/space.h"

#include "unit.h"
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the 8254x family, which all three cards keep: enough to send a frame by hand. */
#define STATUS    0x0008u
#define STATUS_LU 2u
#define ICR       0x00C0u
#define ICS       0x00C8u
#define IMS       0x00D0u
#define LSC       4u
#define IVAR      0x00E4u
#define TCTL      0x0400u
#define GPIE      0x1514u /* of the 82576, as the next ones */
#define EIMS      0x1524u
#define EICR      0x1580u
#define IVAR_MISC 0x1740u
#define TDBAL     0x3800u
#define TDBAH     0x3804u
#define TDLEN     0x3808u
#define TDT       0x3818u

#define LIMIT_MS   20000u
#define RING_BYTES 1024u

static struct qtest *qtest;
static struct dma_space *space;
static struct vfio_device *device;
static struct vfio_window bar;
static bool has_igb;

static void open_card(const char *card)
{
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_open(&qtest, &card, 1), 0);
	int ret = qtest_device(qtest, 0, space, &device);
	if (ret)
		printf("\n    %s ", pollux_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	CU_ASSERT_EQUAL_FATAL(device->ops->window(device, VFIO_PCI_BAR0_REGION_INDEX, &bar), 0);
	CU_ASSERT_EQUAL_FATAL(vfio_set_bus_master(device, true), 0);
}

static void close_card(void)
{
	vfio_device_close(device);
	CU_ASSERT(!qtest_strayed(qtest));
	qtest_close(qtest);
	dma_space_unref(space);
}

static void a_card_answers(const char *card, uint16_t id, uint64_t bar_bytes)
{
	open_card(card);
	CU_ASSERT_EQUAL(vfio_config_read(device, 0, 2), 0x8086);
	CU_ASSERT_EQUAL(vfio_config_read(device, 2, 2), id);
	CU_ASSERT_EQUAL(vfio_config_read(device, 0, 4), 0x8086u | (uint32_t)id << 16);
	CU_ASSERT_EQUAL(vfio_config_read(device, 3, 1), id >> 8);
	CU_ASSERT_EQUAL(bar.bytes, bar_bytes);
	CU_ASSERT(vfio_read32(&bar, STATUS) != UINT32_MAX);
	close_card();
}

static void cards_answer_under_their_ids(void)
{
	a_card_answers("e1000", 0x100E, 0x20000);
	a_card_answers("e1000e", 0x10D3, 0x20000);
	if (has_igb)
		a_card_answers("igb", 0x10C9, 0x20000);
}

/* A legacy descriptor for one frame; the card reads ring and frame, and writes DD. */
static void send_by_hand(const struct dma_memory *memory, unsigned slot, size_t bytes)
{
	uint64_t at = (uint64_t)(uintptr_t)memory->base + dma_space_offset(space);
	uint64_t *descriptor = (uint64_t *)(void *)memory->base + 2 * slot;
	descriptor[0] = at + RING_BYTES;
	descriptor[1] = bytes | UINT64_C(0xB) << 24; /* EOP, IFCS, RS */
	vfio_write32(&bar, TDT, slot + 1);
}

static void ring_by_hand(const struct dma_memory *memory, bool below_4gib)
{
	uint64_t at = (uint64_t)(uintptr_t)memory->base + dma_space_offset(space);
	CU_ASSERT_EQUAL(at <= UINT32_MAX, below_4gib);
	vfio_write32(&bar, TDBAL, (uint32_t)at);
	vfio_write32(&bar, TDBAH, (uint32_t)(at >> 32));
	vfio_write32(&bar, TDLEN, RING_BYTES);
	vfio_write32(&bar, TCTL, 2);
}

static bool done(const struct dma_memory *memory, unsigned slot)
{
	const volatile uint64_t *status = (const volatile uint64_t *)(const void *)memory->base + 2 * slot + 1;
	for (unsigned ms = 0; ms < LIMIT_MS; ms++, usleep(1000))
		if (*status >> 32 & 1)
			return true;
	return false;
}

static void memory_is_the_cards(const char *card)
{
	struct dma_memory memory;
	uint8_t frame[2048];
	open_card(card);
	CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 65536, -1), 0);
	for (unsigned i = 0; i < 1000; i++)
		memory.base[RING_BYTES + i] = (uint8_t)(i * 7);
	ring_by_hand(&memory, !vfio_find_capability(device, PCI_CAP_ID_EXP));
	send_by_hand(&memory, 0, 1000);
	CU_ASSERT_EQUAL_FATAL(qtest_receive(qtest, 0, frame, sizeof(frame), LIMIT_MS), 1000);
	CU_ASSERT_EQUAL(memcmp(frame, memory.base + RING_BYTES, 1000), 0);
	CU_ASSERT(done(&memory, 0));
	/* what the device is closed on stays as it was, and what the next one finds is that too */
	vfio_device_close(device);
	CU_ASSERT_EQUAL(memory.base[RING_BYTES + 9], 63);
	memory.base[RING_BYTES + 9] = 64;
	CU_ASSERT_EQUAL_FATAL(qtest_device(qtest, 0, space, &device), 0);
	CU_ASSERT_EQUAL_FATAL(device->ops->window(device, VFIO_PCI_BAR0_REGION_INDEX, &bar), 0);
	vfio_set_bus_master(device, true);
	CU_ASSERT_EQUAL(memory.base[RING_BYTES + 9], 64);
	send_by_hand(&memory, 1, 1000);
	CU_ASSERT_EQUAL_FATAL(qtest_receive(qtest, 0, frame, sizeof(frame), LIMIT_MS), 1000);
	CU_ASSERT_EQUAL(frame[9], 64);
	CU_ASSERT(!qtest_strayed(qtest));
	/* a card that is still at it when its memory is freed does not go unnoticed */
	dma_memory_free(&memory);
	vfio_write32(&bar, TDT, 3);
	for (unsigned ms = 0; ms < LIMIT_MS && !qtest_strayed(qtest); ms++)
		usleep(1000);
	CU_ASSERT(qtest_strayed(qtest));
	vfio_device_close(device);
	qtest_close(qtest);
	dma_space_unref(space);
}

static void memory_is_shared_both_ways(void)
{
	memory_is_the_cards("e1000");
	memory_is_the_cards("e1000e");
}

static unsigned count_of(int fd)
{
	uint64_t count = 0;
	return read(fd, &count, sizeof(count)) < 0 ? 0 : (unsigned)count;
}

static void an_interrupt_arrives(const char *card, unsigned index)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	open_card(card);
	CU_ASSERT_FATAL(device->irq_count[index] > 0);
	CU_ASSERT_EQUAL_FATAL(vfio_set_irqs(device, index, 1, &fd), 0);
	vfio_read32(&bar, ICR);
	const bool msix = index == VFIO_PCI_MSIX_IRQ_INDEX, igb = strcmp(card, "igb") == 0;
	if (msix && igb) { /* MSI-X mode; other causes to vector 0 */
		vfio_write32(&bar, GPIE, 1u << 4);
		vfio_write32(&bar, IVAR_MISC, 0x80u << 8);
		vfio_write32(&bar, EIMS, 1);
	} else if (msix) { /* the same of the 82574L */
		vfio_write32(&bar, IVAR, 8u << 16);
	}
	vfio_write32(&bar, IMS, msix && !igb ? LSC | 1u << 24 : LSC);
	CU_ASSERT(!qtest_wait_fd(qtest, fd, 20));
	vfio_write32(&bar, ICS, LSC);
	CU_ASSERT(qtest_wait_fd(qtest, fd, LIMIT_MS));
	CU_ASSERT_EQUAL(count_of(fd), 1);
	vfio_write32(&bar, ICR, UINT32_MAX);
	if (msix && igb)
		vfio_write32(&bar, EICR, UINT32_MAX);
	if (index != VFIO_PCI_INTX_IRQ_INDEX &&
		qtest_wait_fd(qtest, fd, 100)) /* QEMU may tell once more after its throttling time */
		CU_ASSERT_EQUAL(count_of(fd), 1);
	CU_ASSERT(!qtest_wait_fd(qtest, fd, 20));
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		/* masked since it was told; armed by setting it again */
		vfio_write32(&bar, ICS, LSC);
		CU_ASSERT(!qtest_wait_fd(qtest, fd, 20));
		CU_ASSERT_EQUAL(vfio_set_irqs(device, index, 1, &fd), 0);
		CU_ASSERT(qtest_wait_fd(qtest, fd, LIMIT_MS));
		CU_ASSERT_EQUAL(count_of(fd), 1);
	}
	vfio_set_irqs(device, index, 0, NULL);
	vfio_write32(&bar, ICS, LSC);
	CU_ASSERT(!qtest_wait_fd(qtest, fd, 20));
	close_card();
	close(fd);
}

static void interrupts_of_each_kind_arrive(void)
{
	an_interrupt_arrives("e1000", VFIO_PCI_INTX_IRQ_INDEX);
	an_interrupt_arrives("e1000e", VFIO_PCI_INTX_IRQ_INDEX);
	an_interrupt_arrives("e1000e", VFIO_PCI_MSI_IRQ_INDEX);
	an_interrupt_arrives("e1000e", VFIO_PCI_MSIX_IRQ_INDEX);
	if (has_igb) {
		an_interrupt_arrives("igb", VFIO_PCI_MSI_IRQ_INDEX);
		an_interrupt_arrives("igb", VFIO_PCI_MSIX_IRQ_INDEX);
	}
}

static void two_cards_have_wires_of_their_own(void)
{
	const char *const cards[] = {"e1000", "e1000e"};
	struct vfio_device *other;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_open(&qtest, cards, 2), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_device(qtest, 0, space, &device), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_device(qtest, 1, space, &other), 0);
	CU_ASSERT_EQUAL(vfio_config_read(device, 2, 2), 0x100E);
	CU_ASSERT_EQUAL(vfio_config_read(other, 2, 2), 0x10D3);
	struct vfio_window second;
	CU_ASSERT_EQUAL_FATAL(device->ops->window(device, 0, &bar), 0);
	CU_ASSERT_EQUAL_FATAL(other->ops->window(other, 0, &second), 0);
	vfio_set_bus_master(device, true);
	vfio_set_bus_master(other, true);
	CU_ASSERT_EQUAL(qtest_set_link(qtest, 1, false), 0);
	CU_ASSERT(vfio_read32(&bar, STATUS) & STATUS_LU);
	CU_ASSERT(!(vfio_read32(&second, STATUS) & STATUS_LU));
	CU_ASSERT_EQUAL(qtest_set_link(qtest, 1, true), 0);
	/* one piece of memory serves both */
	struct dma_memory memory;
	uint8_t frame[2048];
	CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 65536, -1), 0);
	memset(memory.base + RING_BYTES, 0x5A, 100);
	ring_by_hand(&memory, true); /* as the first card needs it */
	send_by_hand(&memory, 0, 100);
	CU_ASSERT_EQUAL(qtest_receive(qtest, 0, frame, sizeof(frame), LIMIT_MS), 100);
	vfio_device_close(device);
	bar = second;
	memset(memory.base, 0, RING_BYTES);
	ring_by_hand(&memory, true);
	for (unsigned ms = 0; ms < LIMIT_MS && !(vfio_read32(&bar, STATUS) & STATUS_LU); ms++)
		usleep(1000); /* it negotiates first */
	send_by_hand(&memory, 0, 99);
	CU_ASSERT_EQUAL(qtest_receive(qtest, 1, frame, sizeof(frame), LIMIT_MS), 99);
	CU_ASSERT_EQUAL(qtest_receive(qtest, 0, frame, sizeof(frame), 20), 0);
	vfio_device_close(other);
	dma_memory_free(&memory);
	CU_ASSERT(!qtest_strayed(qtest));
	qtest_close(qtest);
	dma_space_unref(space);
}

static void a_machine_that_ends_is_a_device_gone(void)
{
	open_card("e1000");
	CU_ASSERT(!vfio_device_gone(device));
	qtest_kill(qtest);
	CU_ASSERT(vfio_device_gone(device));
	CU_ASSERT_EQUAL(vfio_read32(&bar, STATUS), UINT32_MAX);
	CU_ASSERT_EQUAL(vfio_config_read(device, 0, 2), 0xFFFF);
	CU_ASSERT_EQUAL(vfio_set_bus_master(device, false), -ENODEV);
	close_card();
	/* pulled out, with a transport that does not know */
	open_card("e1000e");
	qtest_vanish(device);
	CU_ASSERT_EQUAL(vfio_read32(&bar, STATUS), UINT32_MAX);
	CU_ASSERT(!vfio_device_gone(device));
	close_card();
}

static void steps_can_be_made_to_fail(void)
{
	struct dma_memory memory;
	struct vfio_window window;
	open_card("e1000");
	qtest_fail(device, 2);
	CU_ASSERT_EQUAL(vfio_config_read(device, 0, 2), 0x8086);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), -EIO);
	CU_ASSERT_EQUAL(device->ops->window(device, 0, &window), 0);
	qtest_fail(device, 1);
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, 4096, -1), -EIO);
	CU_ASSERT(!qtest_strayed(qtest));
	close_card();
}

static void what_no_qemu_has_is_said(void)
{
	const char *const cards[] = {"e1000-of-another-world"};
	CU_ASSERT_EQUAL(qtest_open(&qtest, cards, 1), -ENOTSUP);
	CU_ASSERT_PTR_NULL(qtest);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "POLLUX_QEMU"));
	CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const char *const e1000 = "e1000", *const igb = "igb";
	if (qtest_open(&qtest, &e1000, 1) == -ENOTSUP) {
		printf("%s\n", pollux_error());
		return 77;
	}
	qtest_close(qtest);
	has_igb = qtest_open(&qtest, &igb, 1) == 0;
	qtest_close(qtest);
	if (!has_igb)
		printf("skipped: igb, which QEMU has from 8.0 on\n");
	CU_TestInfo tests[] = {
		{"cards answer under their ids", cards_answer_under_their_ids},
		{"memory is shared both ways, and freed memory is watched", memory_is_shared_both_ways},
		{"interrupts of each kind arrive", interrupts_of_each_kind_arrive},
		{"two cards have wires of their own", two_cards_have_wires_of_their_own},
		{"a machine that ends is a device gone", a_machine_that_ends_is_a_device_gone},
		{"steps can be made to fail", steps_can_be_made_to_fail},
		{"what no QEMU has is said", what_no_qemu_has_is_said},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"qtest transport", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
