/* SPDX-License-Identifier: BSD-2-Clause
 * The X550's firmware behind its mailbox: a command in FLEX_MNG, started and finished in HICR. The NVM is read through
 * it, receive is turned off through it, and a driver tells its version. */
#include "firmware.h"

#include "faults.h"
#include "rx_control.h"
#include "semaphore.h"

enum {
	COMMAND_NS = 50 * 1000,
	READ_SHADOW_RAM = 0x31,
	DRIVER_INFO = 0xDD,
	DISABLE_RXEN = 0xDE,
	NVM_DATA = 3, /* word of the mailbox where what was read begins */
	NVM_BYTES_MAX = 1024,
	SUCCESS = 1,
	FAILED = 0x80,    /* any but SUCCESS: the facts have no list (doubt M15) */
	UNCHECKED = 0xFF, /* a checksum that says there is none */
};

static uint32_t mailbox(const struct model *m, unsigned word)
{
	return reg_get(m, MODEL_FLEX_MNG + 4 * word);
}

/** Address and length are big-endian, and in bytes. */
static bool read_shadow_ram(struct model *m)
{
	uint32_t address = __builtin_bswap32(mailbox(m, 1)), bytes = __builtin_bswap16((uint16_t)mailbox(m, 2));

	if (address % 2 || bytes > NVM_BYTES_MAX || address > sizeof(m->eeprom) || bytes > sizeof(m->eeprom) - address)
		return false;
	if (m->breakages & MODEL_EEPROM_ABSENT)
		return false;
	for (uint32_t i = 0; i < (bytes + 3) / 4; i++) {
		uint32_t word = address / 2 + 2 * i;
		uint32_t high = 2 * i + 1 < (bytes + 1) / 2 ? m->eeprom[word + 1] : 0;

		reg_set(m, MODEL_FLEX_MNG + 4 * (NVM_DATA + i), m->eeprom[word] | high << 16);
	}
	return true;
}

/** All bytes of header and body sum up to 0. */
static bool checksum_right(const struct model *m, uint32_t head)
{
	uint32_t bytes = 4 + (head >> 8 & 0xFF);
	uint8_t sum = 0;

	if (head >> 24 == UNCHECKED)
		return true;
	for (uint32_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + (mailbox(m, i / 4) >> (8 * (i % 4))));
	return sum == 0;
}

static bool execute(struct model *m, uint32_t head)
{
	if (!checksum_right(m, head))
		return false;
	switch (head & 0xFF) {
	case READ_SHADOW_RAM:
		return read_shadow_ram(m);
	case DISABLE_RXEN:
		if ((mailbox(m, 1) & 0xFF) != (m->config.port & 1))
			return false;
		reg_set(m, IXGBE_RXCTRL, reg_get(m, IXGBE_RXCTRL) & ~(uint32_t)RXCTRL_RXEN);
		model_receive_settle(m);
		return true;
	case DRIVER_INFO:
		return true;
	default:
		return false;
	}
}

void model_firmware_step(struct model *m)
{
	if (m->now_ns < m->firmware_ns)
		return;
	m->firmware_ns = MODEL_NEVER;
	uint32_t head = mailbox(m, 0);
	/* No body comes back but what read_shadow_ram put behind the header. */
	reg_set(m, MODEL_FLEX_MNG, (head & 0xFF) | (execute(m, head) ? SUCCESS : FAILED) << 16 | 0xFF000000);
	reg_set(m, MODEL_HICR, HICR_EN | HICR_SV);
}

void model_write_hicr(struct model *m, uint32_t offset, uint32_t value)
{
	if (!(value & HICR_C) || m->firmware_ns != MODEL_NEVER)
		return;
	fault_order(m, MODEL_ORDER_SEMAPHORE, !model_semaphore_held(m, SW_FW_SYNC_MNG));
	reg_set(m, offset, HICR_EN | HICR_C);
	deadline_set(m, &m->firmware_ns, COMMAND_NS);
}
