/* SPDX-License-Identifier: BSD-2-Clause
 * The chips for conventional PCI and PCI-X, which share legacy descriptors and a reset through I/O space: the 82540EM
 * and 82540EP; the 82544GC and 82544EI; the 82545EM. The last two are untested on hardware. */
#include "../../access.h"
#include "../../clock.h"
#include "../descriptor.h"
#include "../gigabit.h"

#include <linux/pci_regs.h>

/* The I/O BAR is a window of two registers: the offset, and the register behind it. */
#define IO_ADDRESS 0u
#define IO_DATA    4u

/* The first BAR that is I/O space; BARS: there is none. Its second bit is 0, and would be 1 if the read was refused. */
#define BARS 6u
static unsigned find_io_bar(struct vfio_device *device)
{
	unsigned bar = 0;
	while (bar < BARS && (!device->region_bytes[bar] || (vfio_config_read(device, PCI_BASE_ADDRESS_0 + 4 * bar, 4) &
								    3) != PCI_BASE_ADDRESS_SPACE_IO))
		bar++;
	return bar;
}

static int io_write(struct vfio_device *device, unsigned bar, uint32_t offset, uint32_t value)
{
	uint8_t bytes[4];
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	return vfio_access(device, bar, offset, NULL, bytes, sizeof(bytes));
}

/* While it resets, the chip cannot acknowledge a 64-bit-wide memory write, and a bridge may make one of two of ours. So
 * the reset is written by I/O space, where the transport gives access to it. False: it does not. */
static bool reset_by_io(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	unsigned bar = find_io_bar(device);
	uint32_t control, command = vfio_config_read(device, PCI_COMMAND, 2);
	if (bar == BARS || reg_read_sure(nic, GIGABIT_CTRL, &control) != 0)
		return false;
	if (!(command & PCI_COMMAND_IO) && vfio_config_write(device, PCI_COMMAND, 2, command | PCI_COMMAND_IO) != 0)
		return false;
	return io_write(device, bar, IO_ADDRESS, GIGABIT_CTRL) == 0 &&
	       io_write(device, bar, IO_DATA, control | GIGABIT_CTRL_RST) == 0;
}

/* Sets CTRL.RST through I/O space, where the transport gives access to it, and else through memory. */
static int start_reset(struct nic *nic)
{
	if (!reset_by_io(nic))
		return gigabit_reset_by_register(nic);
	clock_sleep_us(gigabit_times.reset_quiet);
	return 0;
}

/* The card reads its EEPROM anew after that, and no bit says when it has finished. */
static int settle(struct nic *nic)
{
	clock_sleep_us(gigabit_times.settle_82540);
	return gigabit_wait_reset(nic);
}

static int reset_82540(struct nic *nic)
{
	int ret = start_reset(nic);
	if (!ret)
		ret = settle(nic);
	if (ret)
		return ret;
	/* The card must not answer ARP requests by itself */
	reg_change(nic, GIGABIT_MANC, GIGABIT_MANC_ARP_EN, 0);
	return 0;
}

/* This chip reads its EEPROM after a reset only when it is told to. */
static int reset_82544(struct nic *nic)
{
	int ret = start_reset(nic);
	if (ret)
		return ret;
	reg_change(nic, GIGABIT_CTRL_EXT, 0, GIGABIT_CTRL_EXT_EE_RST);
	return settle(nic);
}

/* ---- the 82544GC's EEPROM, by the pins of its serial interface (Microwire) ---- */

#define WORD_BITS    16u
#define ADDRESS_BITS 6u
#define COMMAND_READ (6u << ADDRESS_BITS)
#define COMMAND_BITS (3u + ADDRESS_BITS)

/* Drives the pins, and gives the EEPROM its time. */
static void drive(struct nic *nic, uint32_t eecd)
{
	reg_write(nic, GIGABIT_EECD, eecd);
	reg_read(nic, GIGABIT_STATUS); /* flushes the write */
	clock_sleep_us(gigabit_times.microwire);
}

/* The EEPROM takes a bit, or changes its own, when its clock rises. */
static void clock_bit(struct nic *nic, uint32_t eecd)
{
	drive(nic, eecd);
	drive(nic, eecd | GIGABIT_EECD_SK);
}

static int read_word(struct nic *nic, unsigned word, uint16_t *value)
{
	const uint32_t command = COMMAND_READ | word;
	uint32_t idle;
	int ret = reg_read_sure(nic, GIGABIT_EECD, &idle);
	if (ret)
		return ret;
	idle &= ~(GIGABIT_EECD_SK | GIGABIT_EECD_CS | GIGABIT_EECD_DI | GIGABIT_EECD_DO);
	const uint32_t selected = idle | GIGABIT_EECD_CS;
	drive(nic, idle);
	drive(nic, selected);
	for (unsigned i = COMMAND_BITS; i-- > 0;)
		clock_bit(nic, command >> i & 1 ? selected | GIGABIT_EECD_DI : selected);
	*value = 0;
	for (unsigned i = 0; i < WORD_BITS; i++) {
		clock_bit(nic, selected);
		*value = (uint16_t)(*value << 1 | !!(reg_read(nic, GIGABIT_EECD) & GIGABIT_EECD_DO));
	}
	drive(nic, selected);
	drive(nic, idle);
	return fail_if_gone(nic);
}

/* ---- the chips ---- */

static void tune_pcix(struct nic *nic)
{
	/* Some firmware lets PCI-X cards ask for 4096 bytes at once, more than these chips can hold (erratum) */
	struct vfio_device *device = nic->device;
	unsigned pcix = vfio_find_capability(device, PCI_CAP_ID_PCIX);
	uint32_t command = pcix ? vfio_config_read(device, pcix + PCI_X_CMD, 2) : 0;
	if ((command & PCI_X_CMD_MAX_READ) == PCI_X_CMD_READ_4K && !port_gone(nic))
		vfio_config_write(
			device, pcix + PCI_X_CMD, 2, (command & ~(uint32_t)PCI_X_CMD_MAX_READ) | PCI_X_CMD_READ_2K);
}

/* What is the same in the description of each of these chips. */
#define PCI_CHIP                                                                                                       \
	.read_mac = gigabit_nvm_read_mac, .receive_start = gigabit_receive_start,                                      \
	.transmit_start = gigabit_transmit_start,                                                                      \
	.ring = {.bursts[RING_PLAIN][PKT_SIMD_SCALAR] = {gigabit_rx_burst_legacy, gigabit_tx_burst_82540em},           \
		.bursts[RING_OFFLOADS][PKT_SIMD_SCALAR] = {gigabit_rx_burst_status_legacy, gigabit_tx_wishes_82540em}, \
		.rdt = GIGABIT_RDT,                                                                                    \
		.tdt = GIGABIT_TDT,                                                                                    \
		.stride = GIGABIT_RDT_STRIDE,                                                                          \
		.rx_format = &gigabit_rx_legacy,                                                                       \
		.tx_format = &gigabit_tx_82540em,                                                                      \
		.tx_card = &gigabit_orders_pci,                                                                        \
		.aligned = true},                                                                                      \
	.bar_bytes = GIGABIT_BAR_BYTES, .rx_buffer_register = GIGABIT_PBA, .packet_buffer_kib = 64,                    \
	.max_frame_bytes = 16128, .max_queues = 1, .can = GIGABIT_CAN

/* What the 82540EM and the 82545EM have, and the older 82544GC lacks. */
#define CHIP_82540                                                                                                     \
	PCI_CHIP, .reset = reset_82540, .txdctl = GIGABIT_TXDCTL_THRESHOLDS, .absolute_delays = true,                  \
		  .interval_register = GIGABIT_ITR, .eerd_done_bit = 4, .eerd_address_shift = 8

const struct gigabit_chip gigabit_82540em = {CHIP_82540};

/* Others never change this chip's thresholds, of which it has one more: they stay as after a reset. It has no EERD to
 * read words of its EEPROM, and writes of its tables spoil each other. */
const struct gigabit_chip gigabit_82544gc = {
	PCI_CHIP,
	.reset = reset_82544,
	.read_word = read_word,
	.tables_in_pairs = true,
	.pcix_refused =
		"hangs on PCI-X, depending on where packets end in memory, which Pollux does not look at: put it into "
		"a slot of conventional PCI, or set the slot to that",
};

/* An 82540EM with a wider bus, and errata on it (doubt 34). */
const struct gigabit_chip gigabit_82545em = {
	CHIP_82540,
	.tune = tune_pcix,
	.packet_buffer_step_kib = 8,
	/* On PCI-X the card hangs when the first descriptor of a frame has 2016 bytes or more (erratum 10) */
	.pcix_max_frame_bytes = 2015 + NIC_FCS_BYTES,
};
