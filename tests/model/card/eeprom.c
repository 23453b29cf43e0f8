/* SPDX-License-Identifier: BSD-2-Clause
 * The EEPROM: its contents, reading it word by word, and loading the MAC address from it after a reset. */
#include "eeprom.h"

#include "faults.h"
#include "module.h"
#include "semaphore.h"

#include <string.h>

enum {
	EERD_NS = 5000,
	SFP_LIST = 0x100,     /* pairs of module type and sequence, up to 0xFFFF */
	SFP_SEQUENCE = 0x200, /* of each type: a length, words for CORECTL, and 0xFFFF */
	SFP_SEQUENCE_WORDS = MODULE_CORE_WORDS + 2,
	FIRMWARE = 0x140,
	FIRMWARE_PATCH = 0x150,
	ANY_MODULE = 1 << 0,
	NO_CROSSTALK = 1 << 7,
	LESM = 0x160,
	LESM_ENABLED = 1 << 15,
	CORE = 0x180,    /* X540, X550: a module of three words, the MAC address */
	BEYOND = 0x3FF0, /* an address that no word has */
	CHECKSUM = 0x3F,
	CHECKSUM_LAST_X550 = 0x41,
	SPI_READ = 3,
};

/** Where the MAC address stands: on the 82599 in words 0 to 2 (doubt M11). In X550's word 2 there is a pointer; X540
 * and X550 have it in the module that word 9 or 10 names (doubt M14). */
static unsigned mac_at(const struct model *m)
{
	return is_copper(m) ? CORE + 1 : 0;
}

/** What only the 82599 asks for: its firmware's version, and how to set up each kind of SFP+ module. */
static void fill_82599(struct model *m)
{
	uint16_t *word = m->eeprom;
	unsigned at = SFP_LIST;

	word[0x0F] = FIRMWARE;
	word[0x2B] = SFP_LIST;
	word[0x2C] = (m->config.module == MODEL_MODULE_FOREIGN ? 0 : ANY_MODULE) |
		     (has_quirk(m, MODEL_QUIRK_CROSSTALK) ? 0 : NO_CROSSTALK);
	word[at++] = 0x18;
	for (uint16_t type = MODULE_TYPE_CABLE; type < MODULE_TYPES_END; type++) {
		uint16_t sequence = (uint16_t)(SFP_SEQUENCE + (type - MODULE_TYPE_CABLE) * SFP_SEQUENCE_WORDS);

		word[at++] = type;
		word[at++] = sequence;
		word[sequence] = MODULE_CORE_WORDS;
		for (unsigned i = 0; i < MODULE_CORE_WORDS; i++)
			word[sequence + 1 + i] = model_module_core_word(type, i);
		word[sequence + 1 + MODULE_CORE_WORDS] = 0xFFFF;
	}
	word[at] = 0xFFFF;
	if (has_quirk(m, MODEL_QUIRK_MANAGEABILITY)) {
		word[FIRMWARE + 2] = LESM;
		word[LESM + 1] = LESM_ENABLED;
	} else {
		word[FIRMWARE + 2] = 0xFFFF; /* no link establishment firmware */
	}
	word[FIRMWARE + 4] = FIRMWARE_PATCH;
	word[FIRMWARE_PATCH + 7] = 0x0006;
}

/** The sum is over the first words and the modules that they point to, and on X550 over two words behind the sum
 * itself. */
static void fill_checksum(struct model *m)
{
	uint16_t *word = m->eeprom, sum = 0;

	for (unsigned i = 0; i < CHECKSUM; i++)
		sum = (uint16_t)(sum + word[i]);
	for (unsigned i = CHECKSUM + 1; m->config.card == MODEL_X550 && i <= CHECKSUM_LAST_X550; i++)
		sum = (uint16_t)(sum + word[i]);
	for (unsigned i = 1; is_copper(m) && i <= word[CORE]; i++)
		sum = (uint16_t)(sum + word[CORE + i]);
	word[CHECKSUM] = (uint16_t)(0xBABA - sum) ^ (m->breakages & MODEL_NVM_CHECKSUM ? 0x5A5A : 0);
}

/** Where addresses of other words stand: both ports' modules, firmware, the list of SFP+ modules. */
static const uint8_t pointers[] = {0x09, 0x0A, 0x0F, 0x2B};

void model_eeprom_open(struct model *m)
{
	static const uint8_t none[6];
	uint8_t mac[6] = {0x02, 0x82, 0x59, 0x9e, 0x00, (uint8_t)m->config.port};
	uint16_t *word = m->eeprom;

	if (memcmp(m->config.mac, none, 6) != 0)
		memcpy(mac, m->config.mac, 6);
	memset(word, 0, sizeof(m->eeprom));
	for (unsigned i = 0; i < 3; i++)
		word[mac_at(m) + i] = (uint16_t)(mac[2 * i] | mac[2 * i + 1] << 8);
	if (is_copper(m)) {
		word[0x09 + (m->config.port & 1)] = CORE;
		word[CORE] = 3;
	} else {
		fill_82599(m);
	}
	word[0x15] = 0xE66F; /* part number */
	word[0x16] = 0x1300;
	word[0x17] = 0xFFFF; /* no storage boot block */
	word[0x27] = 0xFFFF;
	word[0x28] = 0xFFFF; /* no SAN address */
	word[0x29] = 0x6000; /* image version */
	word[0x2D] = 0x9E00;
	word[0x2E] = 0x8000;
	word[0x33] = 0xFFFF;
	word[0x37] = 0xFFFF; /* no alternative address */
	for (unsigned i = 0; (m->breakages & MODEL_NVM_POINTERS) && i < sizeof(pointers) / sizeof(pointers[0]); i++)
		if (word[pointers[i]] && word[pointers[i]] != 0xFFFF)
			word[pointers[i]] = BEYOND;
	fill_checksum(m);
}

static void load_address(struct model *m)
{
	const uint16_t *mac = m->eeprom + mac_at(m);
	uint32_t low = (uint32_t)mac[0] | (uint32_t)mac[1] << 16;

	if (m->breakages & MODEL_BAD_MAC)
		low |= 1;
	reg_set(m, IXGBE_RAL, low);
	reg_set(m, IXGBE_RAH, mac[2] | RAH_AV);
	reg_set(m, IXGBE_MPSAR, 0xFFFFFFFF);
	reg_set(m, IXGBE_AT(MPSAR, 1), 0xFFFFFFFF);
}

void model_eeprom_load(struct model *m)
{
	uint32_t eec = 4u << 11 | (is_copper(m) ? EEC_FLUDONE : 0u); /* 1024 words */

	if (!(m->breakages & MODEL_EEPROM_ABSENT))
		eec |= EEC_EE_PRES;
	reg_set(m, IXGBE_EEC, eec | (reg_get(m, IXGBE_EEC) & EEC_AUTO_RD));
	if (m->auto_read_ns != MODEL_NEVER && !has_quirk(m, MODEL_QUIRK_SLOW)) /* only after a reset */
		load_address(m);
}

void model_eeprom_step(struct model *m)
{
	if (m->now_ns >= m->auto_read_ns && !(m->breakages & MODEL_EEPROM_STUCK)) {
		m->auto_read_ns = MODEL_NEVER;
		if (has_quirk(m, MODEL_QUIRK_SLOW))
			load_address(m);
		reg_set(m, IXGBE_EEC, reg_get(m, IXGBE_EEC) | EEC_AUTO_RD);
	}
	if (m->now_ns >= m->eerd_ns) {
		uint32_t address = (m->eerd_pending >> 2) & 0x3FFF;
		uint32_t word = address < MODEL_EEPROM_WORDS ? m->eeprom[address] : 0xFFFF;

		m->eerd_ns = MODEL_NEVER;
		if (m->breakages & MODEL_EEPROM_ABSENT)
			word = 0xFFFF;
		reg_set(m, IXGBE_EERD, (m->eerd_pending & 0xFFFC) | EERD_DONE | word << 16);
	}
}

/** The EEPROM's own serial interface (SPI mode 0): a command of 8 bits, an address of 8, then data, the first byte
 * first. */
static void spi_clock_up(struct model *m, bool in)
{
	struct spi_slave *s = &m->spi;
	unsigned at = s->bits++;

	if (at < 16) {
		s->shift = (uint16_t)(s->shift << 1 | in);
		if (at == 7)
			s->command = (uint8_t)s->shift;
	}
	s->out = false; /* the status register is 0: ready, nothing protected */
	if (at >= 16 && (s->command & ~8u) == SPI_READ) {
		/* Bit 3 of the command is bit 8 of the address. */
		uint32_t byte = (s->shift & 0xFFu) + ((s->command & 8u) << 5) + (at - 16) / 8;
		uint16_t word = m->eeprom[byte / 2 % MODEL_EEPROM_WORDS];

		s->out = (uint8_t)(word >> (byte % 2 * 8)) >> (7 - at % 8) & 1;
	}
}

/** Software that asks for the EEPROM's pins has them at once, and bit-bangs. */
void model_write_eec(struct model *m, uint32_t offset, uint32_t value)
{
	struct spi_slave *s = &m->spi;
	bool clock = value & EEC_SK;

	value &= ~(uint32_t)(EEC_EE_GNT | EEC_DO);
	if ((value & EEC_EE_REQ) && (value & EEC_EE_PRES))
		value |= EEC_EE_GNT;
	if (value & EEC_CS) /* active low */
		s->bits = 0;
	else if ((value & EEC_EE_GNT) && clock && !s->clock)
		spi_clock_up(m, value & EEC_DI);
	s->clock = clock;
	reg_set(m, offset, value | (s->out ? EEC_DO : 0u));
}

void model_write_eerd(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value & 0xFFFC);
	if (!(value & EERD_START))
		return;
	fault_order(m, MODEL_ORDER_SEMAPHORE, !model_semaphore_held(m, SW_FW_SYNC_EEP));
	m->eerd_pending = value;
	deadline_set(m, &m->eerd_ns, EERD_NS);
}
