/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the 82544GC and the 82545EM do otherwise than the 82540EM, on a scripted card: the 82544GC's EEPROM and
 * tables, PCI-X, the packet buffer; and what is wrong with an EEPROM. QEMU's own are in test_e1000.c. */
#include "card_rings.c"

#include "card_e1000.c"
#include "card_port.c"
#include "unit.h"

#include "card_life.c"

#include <linux/pci_regs.h>

#define ID_82544GC 0x100Cu
#define ID_82545EM 0x100Fu
#define PCIX_AT    0xE4u /* of its capability */

/* What the real ones have beside the scripted card: set by a test before the card is made. */
static bool on_pcix, has_eeprom;
static uint8_t pcix_command;

/* ---- the 82544GC's EEPROM, as its datasheet has it: 93C46 ---- */

static struct {
	bool selected, clock, out;
	unsigned bits;    /* taken since it was selected */
	uint32_t command; /* these bits */
	unsigned reads;   /* words begun */
} eeprom;

static void eeprom_clock_rises(bool in)
{
	unsigned bit = eeprom.bits++;
	if (bit < 9)
		eeprom.command = eeprom.command << 1 | in;
	if (bit == 8)
		eeprom.reads += eeprom.command >> 6 == 6;
	/* a zero comes with the last bit of the address, and the word's first bit with the next one */
	if (bit == 8)
		eeprom.out = false;
	if (bit > 8 && eeprom.command >> 6 == 6)
		eeprom.out = card.nvm[eeprom.command & 63] >> (15 - (bit - 9) % 16) & 1;
}

static void eeprom_pins(uint32_t eecd)
{
	bool select = eecd & GIGABIT_EECD_CS, clock = eecd & GIGABIT_EECD_SK;
	if (!select || !eeprom.selected)
		eeprom.bits = eeprom.command = 0, eeprom.out = true; /* nobody drives the line */
	else if (clock && !eeprom.clock)
		eeprom_clock_rises(eecd & GIGABIT_EECD_DI);
	eeprom.selected = select;
	eeprom.clock = clock;
}

/* ---- the cards ---- */

static bool is_82544gc(const struct card *its)
{
	return its->config[2] == (uint8_t)ID_82544GC;
}

static uint32_t pci_value(struct card *its, uint32_t offset, uint32_t held)
{
	if (offset == GIGABIT_STATUS && on_pcix)
		held |= GIGABIT_STATUS_PCIX_MODE;
	if (offset == GIGABIT_EECD && is_82544gc(its))
		return (held & ~GIGABIT_EECD_DO) | (eeprom.out || !has_eeprom ? GIGABIT_EECD_DO : 0);
	if (offset == GIGABIT_EERD && is_82544gc(its))
		return 0;
	return e1000_value(its, offset, held);
}

static bool pci_takes(struct card *its, uint32_t offset, uint32_t *value)
{
	const bool table = (offset >= GIGABIT_MTA && offset < GIGABIT_MTA + 512) ||
			   (offset >= GIGABIT_VFTA && offset < GIGABIT_VFTA + 512);
	if (!is_82544gc(its))
		return e1000_takes(its, offset, value);
	if (table && offset & 4) /* the erratum */
		*card_register(its, offset - 4) ^= 0x5A5A0000;
	if (offset != GIGABIT_EECD)
		return e1000_takes(its, offset, value);
	eeprom_pins(*value);
	return true;
}

static struct card_kind pci_kind;

static void make_card(uint16_t id)
{
	card_init(&card, id, space);
	pci_kind = e1000_kind;
	pci_kind.value = pci_value;
	pci_kind.write = pci_takes;
	card.kind = &pci_kind;
	memset(&eeprom, 0, sizeof(eeprom));
	*card_register(&card, GIGABIT_EECD) = is_82544gc(&card) ? 0 : GIGABIT_EECD_PRES;
	if (on_pcix) {
		card.config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
		card.config[PCI_CAPABILITY_LIST] = PCIX_AT;
		card.config[PCIX_AT] = PCI_CAP_ID_PCIX;
		card.config[PCIX_AT + PCI_X_CMD] = pcix_command;
	}
}

static int open_port(uint16_t id)
{
	make_card(id);
	return port_from_device(&nic, &card.device);
}

static void reset_world(void)
{
	on_pcix = false;
	has_eeprom = true;
}

static void refused_with(uint16_t id, int error, const char *part)
{
	CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), error);
	CU_ASSERT(says(part));
	CU_ASSERT_PTR_NULL(nic);
	CU_ASSERT(card.closed);
	CU_ASSERT_EQUAL(card.config[2], (uint8_t)id);
	CU_ASSERT(!card_bus_master(&card));
}

/* ---- the 82544GC ---- */

static void an_82544gc_reads_its_eeprom_when_it_is_told_to(void)
{
	CU_ASSERT_EQUAL_FATAL(open_port(ID_82544GC), 0);
	CU_ASSERT_EQUAL(card.resets, 1);
	CU_ASSERT_NOT_EQUAL(
		card_written(&card, 0, GIGABIT_CTRL_EXT, GIGABIT_CTRL_EXT_EE_RST, GIGABIT_CTRL_EXT_EE_RST), CARD_LOG);
	struct nic_info info;
	nic_get_info(nic, &info);
	CU_ASSERT_STRING_EQUAL(info.name, "Intel 82544GC");
	CU_ASSERT_EQUAL(memcmp(info.mac, (const uint8_t[]){0x02, 0x11, 0x22, 0x33, 0x44, 0x55}, 6), 0);
	CU_ASSERT_EQUAL(eeprom.reads, 64);
	CU_ASSERT(!eeprom.selected);
	start_with((struct nic_config){.rx_interrupt_us = 100});
	/* registers that it does not have are let alone */
	const uint32_t others[] = {GIGABIT_EERD, GIGABIT_MANC, GIGABIT_RADV, GIGABIT_TADV, GIGABIT_ITR};
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++)
		CU_ASSERT_EQUAL(card_written(&card, 0, others[i], ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_TXDCTL), 0);
	close_port();
}

/* A write of an odd word of a table spoils the even one before it. */
static void an_82544gc_keeps_what_its_tables_had(void)
{
	uint32_t expected[128] = {0};
	CU_ASSERT_EQUAL_FATAL(open_port(ID_82544GC), 0);
	start();
	for (unsigned i = 0; i < 128; i++)
		CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_VFTA + 4 * i), 0);
	for (unsigned i = 0; i < 200; i++) {
		const uint8_t group[6] = {0x01, 0x00, 0x5E, 0x00, (uint8_t)(i * 37), (uint8_t)(i * 11)};
		unsigned bits = group[4] >> 4 | (unsigned)group[5] << 4;
		CU_ASSERT_EQUAL(nic_add_mac(nic, group), 0);
		expected[bits >> 5] |= UINT32_C(1) << (bits & 31);
		for (unsigned word = 0; word < 128; word++)
			ASSERT_NUMBER(*card_register(&card, GIGABIT_MTA + 4 * word), expected[word]);
	}
	close_port();
}

static void an_82544gc_is_refused_on_pcix(void)
{
	on_pcix = true;
	make_card(ID_82544GC);
	refused_with(ID_82544GC, -ENOTSUP, "card: the Intel 82544GC hangs on PCI-X");
	CU_ASSERT(says("a slot of conventional PCI"));
	reset_world();
}

/* What cannot be an EEPROM's contents is read three times, refused, and nothing is left. */
static void an_eeprom_that_is_wrong_is_refused(uint16_t id)
{
	make_card(id);
	card.nvm[40] ^= 1;
	refused_with(id, -EIO, "add up to ");
	CU_ASSERT(says("restore it with the vendor's tool"));
	CU_ASSERT(!is_82544gc(&card) || eeprom.reads == 3 * 64);
	/* of zeros, and of ones */
	for (unsigned ones = 0; ones < 2; ones++) {
		make_card(id);
		memset(card.nvm, ones ? 0xFF : 0, sizeof(card.nvm));
		refused_with(id, -EIO, ones ? "add up to ffc0" : "add up to 0000");
	}
	/* a sum that is right, and no address */
	make_card(id);
	memset(card.nvm, 0, 6);
	e1000_seal_nvm(&card);
	refused_with(id, -EIO, "no usable address");
}

static void eeproms_that_are_wrong_are_refused(void)
{
	an_eeprom_that_is_wrong_is_refused(ID_82544GC);
	an_eeprom_that_is_wrong_is_refused(ID_82545EM);
	/* none: nobody drives the pin */
	has_eeprom = false;
	make_card(ID_82544GC);
	refused_with(ID_82544GC, -EIO, "add up to ffc0");
	make_card(ID_82545EM);
	*card_register(&card, GIGABIT_EECD) = 0;
	card.stuck[0] = (struct card_stuck){GIGABIT_EECD, GIGABIT_EECD_PRES, 0};
	refused_with(ID_82545EM, -EIO, "has no NVM");
	reset_world();
}

/* ---- the 82545EM ---- */

static void an_82545em_on_pcix_takes_short_frames_and_short_reads(void)
{
	const struct {
		uint8_t before, after;
	} commands[] = {{0x7E, 0x7A}, {0x3A, 0x3A}, {0x36, 0x36}, {0x32, 0x32}};
	struct nic_info info;
	on_pcix = true;
	for (unsigned i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		pcix_command = commands[i].before;
		CU_ASSERT_EQUAL_FATAL(open_port(ID_82545EM), 0);
		nic_get_info(nic, &info);
		ASSERT_NUMBER(info.max_mtu, 2019 - 26);
		CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.mtu = 1994, .pool = pool}), -EINVAL);
		start_with((struct nic_config){.mtu = 1993});
		ASSERT_NUMBER(card.config[PCIX_AT + PCI_X_CMD], commands[i].after);
		close_port();
	}
	reset_world();
	CU_ASSERT_EQUAL_FATAL(open_port(ID_82545EM), 0);
	nic_get_info(nic, &info);
	ASSERT_NUMBER(info.max_mtu, 16102);
	close_port();
}

/* The transmit part holds two of the largest frames; the rest is rounded down on the 82545EM. */
static void the_packet_buffer_is_divided_in_steps(void)
{
	const struct {
		uint16_t id, mtu, pba;
	} cases[] = {{ID_82540EM, 1500, 48}, {ID_82545EM, 1500, 48}, {ID_82540EM, 9000, 46}, {ID_82545EM, 9000, 40},
		{ID_82544GC, 9000, 46}, {ID_82545EM, 16102, 32}};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CU_ASSERT_EQUAL_FATAL(open_port(cases[i].id), 0);
		start_with((struct nic_config){.mtu = cases[i].mtu});
		ASSERT_NUMBER(*card_register(&card, GIGABIT_PBA) & 0xFFFF, cases[i].pba);
		CU_ASSERT_EQUAL(card.resets, cases[i].mtu == 1500 ? 1 : 2);
		close_port();
	}
}

/* ---- both ---- */

/* Erratum 23: what an 82545EM writes may not lie across 64 KiB. */
static void no_ring_lies_across_64_kib(void)
{
	static const struct {
		uint16_t rx, tx;
	} sizes[] = {{4096, 4096}, {2048, 2048}, {64, 4096}, {4096, 64}, {512, 512}};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CU_ASSERT_EQUAL_FATAL(open_port(ID_82545EM), 0);
		CU_ASSERT_EQUAL(
			nic_start(nic, &(struct nic_config){.rx_ring = sizes[i].rx, .tx_ring = sizes[i].tx}), 0);
		uint32_t rx = *card_register(&card, GIGABIT_RDBAL), tx = *card_register(&card, GIGABIT_TDBAL);
		CU_ASSERT_EQUAL(rx >> 16, (rx + 16u * sizes[i].rx - 1) >> 16);
		CU_ASSERT_EQUAL(tx >> 16, (tx + 16u * sizes[i].tx - 1) >> 16);
		close_port();
	}
}

static void a_card_may_vanish_or_refuse_at_any_access(uint16_t id, unsigned stride)
{
	for (unsigned access = 1; access < 100000; access += stride) {
		make_card(id);
		card.vanish = access;
		bool good = live();
		CU_ASSERT_EQUAL(good, card.accesses < access);
		CU_ASSERT(card.gone_reads <= 6);
		CU_ASSERT_EQUAL(card.late_writes, 0);
		if (good)
			break;
		make_card(id);
		card.refuse = access;
		good = live();
		CU_ASSERT(!good || before_close < access);
		CU_ASSERT_EQUAL(card.ones, 0);
	}
}

static void cards_may_vanish_or_refuse_at_any_access(void)
{
	a_card_may_vanish_or_refuse_at_any_access(ID_82544GC, 23);
	a_card_may_vanish_or_refuse_at_any_access(ID_82545EM, 3);
}

int main(void)
{
	reset_world();
	CU_TestInfo tests[] = {
		{"an 82544GC reads its EEPROM when it is told to", an_82544gc_reads_its_eeprom_when_it_is_told_to},
		{"an 82544GC keeps what its tables had", an_82544gc_keeps_what_its_tables_had},
		{"an 82544GC is refused on PCI-X", an_82544gc_is_refused_on_pcix},
		{"EEPROMs that are wrong are refused", eeproms_that_are_wrong_are_refused},
		{"an 82545EM on PCI-X takes short frames and short reads",
			an_82545em_on_pcix_takes_short_frames_and_short_reads},
		{"the packet buffer is divided in steps", the_packet_buffer_is_divided_in_steps},
		{"no ring lies across 64 KiB", no_ring_lies_across_64_kib},
		{"cards may vanish or refuse at any access", cards_may_vanish_or_refuse_at_any_access},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"82544GC and 82545EM", begin, end, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
