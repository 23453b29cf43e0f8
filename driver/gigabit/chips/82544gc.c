/* SPDX-License-Identifier: BSD-2-Clause
 * The 82544GC and 82544EI, for conventional PCI; older than the 82540EM. It reads its EEPROM after a reset only when it
 * is told to, it has no EERD to read words of it, and writes of its tables spoil each other. Untested on hardware. */
#include "../../access.h"
#include "../../clock.h"
#include "../../fail.h"
#include "pci.h"

#define WORD_BITS    16u
#define ADDRESS_BITS 6u
#define COMMAND_READ (6u << ADDRESS_BITS)
#define COMMAND_BITS (3u + ADDRESS_BITS)

static int reset(struct nic *nic)
{
	int ret = gigabit_pci_reset(nic);
	if (ret)
		return ret;
	reg_change(nic, GIGABIT_CTRL_EXT, 0, GIGABIT_CTRL_EXT_EE_RST);
	return gigabit_pci_settle(nic);
}

/* ---- the EEPROM, by the pins of its serial interface (Microwire) ---- */

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

static int transmit_start(struct nic *nic)
{
	/* Thresholds as after a reset. This chip has one more of them, and others never change any */
	reg_write(nic, GIGABIT_TXDCTL, 0);
	gigabit_transmit_start(nic, 0);
	return 0;
}

const struct gigabit_chip gigabit_82544gc = {
	GIGABIT_PCI_CHIP,
	.reset = reset,
	.read_word = read_word,
	.transmit_start = transmit_start,
	.tables_in_pairs = true,
	.pcix_refused =
		"hangs on PCI-X, depending on where packets end in memory, which Pollux does not look at: put it into "
		"a slot of conventional PCI, or set the slot to that",
};
