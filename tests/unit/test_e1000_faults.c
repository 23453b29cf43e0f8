/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the e1000 control path on a scripted card: the order of things, every wait that runs out, a device that
 * vanishes at any access, every step and allocation that fails; and of its data path with descriptors that no card
 * should write. */
#include "card_rings.c"

#include "card_e1000.c"
#include "card_port.c"
#include "unit.h"

#include "card_life.c"

static uint16_t id; /* of the suite's card */

static unsigned was_read(unsigned from, uint32_t offset)
{
	unsigned at = card_read(&card, from, offset, ANY, 0);
	CU_ASSERT_NOT_EQUAL_FATAL(at, CARD_LOG);
	return at;
}

static bool never(uint32_t offset, uint32_t mask, uint32_t value)
{
	return card_written(&card, 0, offset, mask, value) == CARD_LOG;
}

/* ---- order ---- */

static void opening_silences_the_card_before_it_is_reset(void)
{
	open_card(id);
	unsigned off = written(0, CARD_COMMAND, 6, 2);
	unsigned mask = written(0, GIGABIT_IMC, UINT32_MAX, UINT32_MAX);
	unsigned receive = written(0, GIGABIT_RCTL, UINT32_MAX, 0);
	unsigned transmit = written(0, GIGABIT_TCTL, UINT32_MAX, GIGABIT_TCTL_PSP);
	unsigned again = written(transmit, GIGABIT_IMC, UINT32_MAX, UINT32_MAX);
	unsigned nvm = written(0, GIGABIT_EERD, GIGABIT_EERD_START, GIGABIT_EERD_START);
	CU_ASSERT(
		off < mask && mask < receive && mask < transmit && receive < again && transmit < again && again < nvm);
	CU_ASSERT_EQUAL(card.resets, 1);
	CU_ASSERT_EQUAL(card_written(&card, 0, CARD_COMMAND, 4, 4), CARD_LOG);
	if (id == ID_82574L) {
		unsigned master =
			written(0, GIGABIT_CTRL, GIGABIT_CTRL_GIO_MASTER_DISABLE, GIGABIT_CTRL_GIO_MASTER_DISABLE);
		unsigned owner =
			written(0, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, GIGABIT_EXTCNF_CTRL_MDIO_SW);
		unsigned reset_at = written(0, GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST);
		unsigned given = written(owner, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, 0);
		CU_ASSERT(receive < master && transmit < master && master < reset_at && owner < reset_at &&
			  reset_at < given && given < again);
		CU_ASSERT(was_read(reset_at, GIGABIT_EECD) < again);
		/* the NVM is read by who has it */
		owner = written(again, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, GIGABIT_EXTCNF_CTRL_MDIO_SW);
		given = written(owner, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, 0);
		CU_ASSERT(owner < nvm && nvm < given);
		CU_ASSERT_EQUAL(card_written(&card, given, GIGABIT_EERD, ANY, 0), CARD_LOG);
	} else {
		/* by I/O space, and it stops answering ARP by itself */
		CU_ASSERT(never(GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST));
		written(0, GIGABIT_MANC, GIGABIT_MANC_ARP_EN, 0);
	}
	struct nic_info info;
	nic_get_info(nic, &info);
	CU_ASSERT_EQUAL(memcmp(info.mac, (const uint8_t[]){0x02, 0x11, 0x22, 0x33, 0x44, 0x55}, 6), 0);
	close_port();
}

static void starting_has_everything_set_before_it_is_enabled(void)
{
	open_card(id);
	unsigned from = card.logged;
	start();
	unsigned master = written(from, CARD_COMMAND, 4, 4);
	unsigned link = written(from, GIGABIT_CTRL, GIGABIT_CTRL_SLU, GIGABIT_CTRL_SLU);
	unsigned table = written(from, GIGABIT_MTA + 4 * 127, UINT32_MAX, 0);
	unsigned vlans = written(from, GIGABIT_VFTA + 4 * 127, UINT32_MAX, 0);
	unsigned filter = written(from, GIGABIT_RAH, UINT32_MAX, GIGABIT_RAH_AV | 0x5544);
	unsigned others = written(from, GIGABIT_RAH + 8 * 15, UINT32_MAX, 0);
	unsigned length = written(from, GIGABIT_RDLEN, UINT32_MAX, 512 * 16);
	unsigned receive = written(from, GIGABIT_RCTL, GIGABIT_RCTL_EN, GIGABIT_RCTL_EN);
	unsigned tail = written(receive, GIGABIT_RDT, UINT32_MAX, 511);
	unsigned sent_from = written(from, GIGABIT_TDLEN, UINT32_MAX, 512 * 16);
	unsigned transmit = written(from, GIGABIT_TCTL, GIGABIT_TCTL_EN, GIGABIT_TCTL_EN);
	CU_ASSERT(master < receive && link < receive && table < receive && vlans < receive && filter < receive &&
		  others < receive);
	CU_ASSERT(length < receive && receive < tail && sent_from < transmit && master < transmit);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) &
				(GIGABIT_CTRL_FRCSPD | GIGABIT_CTRL_FRCDPX | GIGABIT_CTRL_RFCE | GIGABIT_CTRL_TFCE),
		0);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_RCTL),
		GIGABIT_RCTL_EN | GIGABIT_RCTL_BAM | GIGABIT_RCTL_SECRC | GIGABIT_RCTL_LPE);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_RFCTL), id == ID_82574L ? GIGABIT_RFCTL_EXSTEN : 0);
	/* errata of the 82574L */
	if (id == ID_82574L) {
		CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_TXDCTL), *card_register(&card, GIGABIT_TXDCTL + 0x100));
		const uint32_t gcr = GIGABIT_GCR_BIT22 | GIGABIT_GCR_L1_ACT_WITHOUT_L0S_RX;
		CU_ASSERT(written(from, GIGABIT_GCR, gcr, gcr) < master);
		CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) & GIGABIT_CTRL_BIT29, 0);
		CU_ASSERT_EQUAL(
			*card_register(&card, GIGABIT_CTRL_EXT) & (GIGABIT_CTRL_EXT_BIT22 | GIGABIT_CTRL_EXT_BIT23),
			GIGABIT_CTRL_EXT_BIT22);
		CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_TARC) & (GIGABIT_TARC_BITS_30_27 | GIGABIT_TARC_BIT26),
			GIGABIT_TARC_BIT26);
		CU_ASSERT(written(from, GIGABIT_GCR2, GIGABIT_GCR2_BIT0, GIGABIT_GCR2_BIT0) < master);
	}
	close_port();
}

static void open_card_with_sleep(uint8_t control)
{
	card_init(&card, ID_82574L, space);
	card.config[0x34] = 0xA0;
	card.config[0x06] = card.config[0xA0] = 0x10;
	card.config[0xB0] = control; /* LNKCTL: L0s, L1 */
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
}

/* Only the kernel can keep a PCIe link awake: a driver behind VFIO says what it finds. */
static void a_link_that_may_sleep_is_told(void)
{
	open_card_with_sleep(0x43);
	start();
	CU_ASSERT(noted("may go to sleep (LNKCTL 0043)"));
	CU_ASSERT_EQUAL(card.config[0xB0], 0x43);
	close_port();
	open_card_with_sleep(0x40);
	start();
	CU_ASSERT(!noted("sleep"));
	unsigned opened = card.steps;
	close_port();
	/* where the transport refuses LNKCTL the port works, whichever step of a start has to do with it */
	bool refused = false;
	for (unsigned fail = 1; fail <= opened; fail++) {
		open_card_with_sleep(0x43);
		card.fail = card.steps + fail;
		if (nic_start(nic, &(struct nic_config){.pool = pool}) == 0 && !noted("sleep"))
			refused = true;
		close_port();
	}
	CU_ASSERT(refused);
}

static bool is_table(uint32_t offset)
{
	return (offset >= GIGABIT_MTA && offset < GIGABIT_AT(MTA, 128)) ||
	       (offset >= GIGABIT_RAL && offset < GIGABIT_AT(RAL, 16)) ||
	       (offset >= GIGABIT_VFTA && offset < GIGABIT_AT(VFTA, 128));
}

/* A bridge on the way to a conventional PCI card may merge writes, unless something is read in between. */
static void writes_to_tables_are_kept_apart(void)
{
	const uint8_t group[6] = {0x01, 0, 0x5E, 0, 0, 0xFB};
	unsigned writes = 0, merged = 0;
	open_card(id);
	start();
	CU_ASSERT_EQUAL(nic_add_mac(nic, group), 0);
	for (unsigned i = 0; i + 1 < card.logged; i++) {
		const struct card_access *access = &card.log[i];
		if (!access->write || !is_table(access->offset))
			continue;
		writes++;
		merged += access[1].write;
	}
	CU_ASSERT(writes > 256);
	CU_ASSERT(id == ID_82540EM ? merged == 0 : merged > 0);
	close_port();
}

/* A frame of full size with a tag is not taken for one that is too long, whatever a former owner has left. */
static void the_type_of_a_tag_is_written_at_each_start(void)
{
	open_card(id);
	for (unsigned i = 0; i < 2; i++) {
		*card_register(&card, GIGABIT_VET) = 0x88A8;
		start();
		CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_VET), 0x8100);
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
	}
	close_port();
}

static void a_phy_that_has_a_link_is_let_alone(void)
{
	open_card(id);
	start();
	CU_ASSERT(never(GIGABIT_MDIC, GIGABIT_MDIC_WRITE, GIGABIT_MDIC_WRITE));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* one that is off, in loopback, or forced is not */
	const uint16_t states[] = {GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_POWERDOWN,
		GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_LOOPBACK, GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_ISOLATE, 0x140};
	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++) {
		card.phy[GIGABIT_PHY_BMCR] = states[i];
		start();
		CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_BMCR] & ~0x140, GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_RESTART);
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
	}
	/* nor is one without link */
	card.phy[GIGABIT_PHY_BMSR] = 0;
	card.phy[GIGABIT_PHY_BMCR] = GIGABIT_BMCR_AUTONEG;
	start();
	CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_BMCR], GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_RESTART);
	close_port();
}

static void the_packet_buffer_is_divided_anew_where_it_must(void)
{
	open_card(id);
	start();
	CU_ASSERT(never(GIGABIT_PBA, ANY, 0));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned resets = card.resets, from = card.logged;
	start_with((struct nic_config){.mtu = 9000});
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_RCTL) & GIGABIT_RCTL_LPE, GIGABIT_RCTL_LPE);
	if (id == ID_82540EM) {
		/* two frames of 9022 bytes, 18 KiB, for transmit; and a reset before anything is enabled */
		written(from, GIGABIT_PBA, UINT32_MAX, 46);
		CU_ASSERT_EQUAL(card.resets, resets + 1);
	} else {
		CU_ASSERT(never(GIGABIT_PBA, ANY, 0));
	}
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start_with((struct nic_config){.mtu = nic->info.max_mtu});
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_PBA) & 0xFFFF, id == ID_82540EM ? 32 : 20);
	close_port();
}

/* The packet buffer's division is there then, and asks for no other reset. */
static void a_reset_that_fails_for_the_packet_buffer_is_done_again(void)
{
	const struct nic_config config = {.mtu = 9000, .pool = pool};
	open_card(ID_82540EM);
	card.stuck[0] = (struct card_stuck){GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST};
	CU_ASSERT_EQUAL(nic_start(nic, &config), -ETIMEDOUT);
	CU_ASSERT(says("CTRL.RST did not clear"));
	nothing_is_left();
	card.stuck[0].mask = 0;
	unsigned resets = card.resets;
	start_with(config);
	CU_ASSERT_EQUAL(card.resets, resets + 1);
	close_port();
}

/* ---- waits ---- */

static int stuck_open(struct card_stuck stuck)
{
	card_init(&card, id, space);
	card.stuck[0] = stuck;
	if (stuck.offset == GIGABIT_CTRL) /* the 82540EM's way through memory */
		card.io_region = VFIO_PCI_NUM_REGIONS, card.device.region_bytes[IO_BAR] = 0;
	int ret = port_from_device(&nic, &card.device);
	if (ret) {
		CU_ASSERT(card.closed);
		CU_ASSERT_EQUAL(card.mapped, 0);
		CU_ASSERT_PTR_NULL(nic);
		nothing_is_left();
	}
	return ret;
}

static void bits_stuck_at_open_are_named(void)
{
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST}), -ETIMEDOUT);
	CU_ASSERT(says("CTRL.RST did not clear"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){GIGABIT_EERD, 0x12, 0}), -ETIMEDOUT);
	CU_ASSERT(says("EERD.DONE was not set"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){GIGABIT_EECD, GIGABIT_EECD_PRES, 0}), -EIO);
	CU_ASSERT(says("EECD.PRES"));
	if (id == ID_82574L) {
		CU_ASSERT_EQUAL(stuck_open((struct card_stuck){GIGABIT_EECD, GIGABIT_EECD_AUTO_RD, 0}), -ETIMEDOUT);
		CU_ASSERT(says("EECD.AUTO_RD was not set"));
		/* these are no reason to leave a card unreset */
		CU_ASSERT_EQUAL(stuck_open((struct card_stuck){GIGABIT_STATUS, GIGABIT_STATUS_GIO_MASTER_ENABLE,
					GIGABIT_STATUS_GIO_MASTER_ENABLE}),
			0);
		CU_ASSERT_EQUAL(card.resets, 1);
		close_port();
		CU_ASSERT_EQUAL(
			stuck_open((struct card_stuck){GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, 0}), 0);
		CU_ASSERT_EQUAL(card.resets, 1);
		close_port();
	}
}

static void damaged_nvms_are_refused(void)
{
	card_init(&card, id, space);
	card.nvm[17] ^= 0x100;
	CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -EIO);
	CU_ASSERT(says("bbba and not to baba") || says("add up to"));
	const uint16_t first[][3] = {{0, 0, 0}, {0x1101, 0x3322, 0x5544}, {0xFFFF, 0xFFFF, 0xFFFF}};
	for (unsigned i = 0; i < 3; i++) {
		card_init(&card, id, space);
		memcpy(card.nvm, first[i], sizeof(first[i]));
		e1000_seal_nvm(&card);
		CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -EIO);
		CU_ASSERT(says("no usable address"));
		nothing_is_left();
	}
}

static void an_nvm_that_is_read_wrong_is_read_again(void)
{
	for (unsigned wrong = 1; wrong <= 3; wrong++) {
		card_init(&card, id, space);
		card.nvm_spoilt = 64 * wrong - 63;
		int ret = port_from_device(&nic, &card.device);
		CU_ASSERT_EQUAL(ret, wrong < 3 ? 0 : -EIO);
		if (ret) {
			CU_ASSERT(says("add up to"));
			continue;
		}
		CU_ASSERT(noted("reading 1 of 3"));
		CU_ASSERT_EQUAL(count_notes("of 3)"), wrong);
		close_port();
	}
}

/* A flash whose sum the first driver of Intel's has yet to make right. */
static void an_nvm_whose_sum_is_not_made_yet_will_do(void)
{
	const struct {
		uint32_t eecd;
		uint16_t word_10, word_23;
		int expected;
	} cases[] = {
		{3u << 15, 0, 0, 0}, {3u << 15, 0, 0x8000, -EIO}, {3u << 15, 0x10, 0, -EIO}, {1u << 15, 0, 0, -EIO}};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		card_init(&card, id, space);
		card.stuck[0] = (struct card_stuck){GIGABIT_EECD, 3u << 15, cases[i].eecd};
		card.nvm[0x10] = cases[i].word_10;
		card.nvm[0x23] = cases[i].word_23;
		card.nvm[17] ^= 0x100;
		CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), id == ID_82574L ? cases[i].expected : -EIO);
		if (nic)
			close_port();
	}
}

/* Firmware that never gives MDIO and NVM back: waited for once, noted once. */
static void firmware_that_keeps_phy_and_nvm_is_taken_for_dead(void)
{
	card_init(&card, ID_82574L, space);
	card.stuck[0] = (struct card_stuck){GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, 0};
	gigabit_times.mdio_owner = 100000;
	uint64_t before = clock_now_us();
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	CU_ASSERT(clock_now_us() - before >= 100000);
	CU_ASSERT_EQUAL(count_notes("taken for dead"), 1);
	unsigned asked = 0, from = card.logged;
	start();
	for (unsigned at = from; (at = card_written(&card, at, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW,
					  GIGABIT_EXTCNF_CTRL_MDIO_SW)) != CARD_LOG;
		at++)
		asked++;
	unsigned used = 0;
	for (unsigned at = from; (at = card_written(&card, at, GIGABIT_MDIC, ANY, 0)) != CARD_LOG; at++)
		used++;
	CU_ASSERT_EQUAL(asked, used); /* once for each access, without a wait */
	CU_ASSERT_EQUAL(count_notes("taken for dead"), 1);
	gigabit_times.mdio_owner = 1000;
	close_port();
}

static void a_phy_that_does_not_answer_is_named(void)
{
	open_card(id);
	card.stuck[0] = (struct card_stuck){GIGABIT_MDIC, GIGABIT_MDIC_READY, 0};
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -ETIMEDOUT);
	CU_ASSERT(says("MDIC.READY was not set"));
	nothing_is_left();
	card.stuck[0] = (struct card_stuck){GIGABIT_MDIC, GIGABIT_MDIC_ERROR, GIGABIT_MDIC_ERROR};
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -EIO);
	CU_ASSERT(says("MDIC.ERROR"));
	nothing_is_left();
	card.stuck[0].mask = 0;
	start();
	/* a reset that hangs at stop is reported; the next start does not trust what it left */
	card.stuck[0] = (struct card_stuck){GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST};
	CU_ASSERT_EQUAL(nic_stop(nic), -ETIMEDOUT);
	nothing_is_left();
	card.stuck[0].mask = 0;
	unsigned resets = card.resets;
	start();
	CU_ASSERT_EQUAL(card.resets, resets + 1);
	close_port();
}

static void transmit_is_drained_but_not_for_ever(void)
{
	open_card(id);
	start();
	struct pkt pkt;
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	card.sends = false;
	uint64_t before = clock_now_us();
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(clock_now_us() - before >= gigabit_times.drain);
	nothing_is_left();
	close_port();
}

/* Starts a port and gives it a packet that the card does not take, or takes and does not count. */
static void start_with_packet(bool taken, unsigned mbps)
{
	struct pkt pkt;
	start_with((struct nic_config){.tx_ring = 64});
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	card.sends = taken;
	e1000_set_speed(&card, mbps);
}

static unsigned count_reads(unsigned from, uint32_t offset)
{
	unsigned count = 0;
	for (unsigned at = from; (at = card_read(&card, at, offset, ANY, 0)) != CARD_LOG; at++)
		count++;
	return count;
}

/* Without a link nothing is sent: no wait, no failure, a note. */
static void without_link_a_stop_waits_for_nothing(void)
{
	open_card(id);
	gigabit_times.drain = 1000000;
	start_with_packet(false, 0);
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(count_reads(from, GIGABIT_TDH) <= 2);
	CU_ASSERT_EQUAL(count_reads(from, GIGABIT_TDFPC), 0);
	CU_ASSERT(noted("stopped with 1 descriptors that were not sent: there is no link"));
	nothing_is_left();
	gigabit_times.drain = 1000;
	close_port();
}

static void a_stop_waits_until_the_packet_buffer_is_empty(void)
{
	struct nic_stats stats;
	open_card(id);
	start_with_packet(true, 100);
	*card_register(&card, GIGABIT_GPTC) = 1;
	card.fifo = 1; /* the next look finds none, however late it is */
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned empty = card_read(&card, from, GIGABIT_TDFPC, UINT32_MAX, 0);
	CU_ASSERT(empty < written(from, GIGABIT_TCTL, GIGABIT_TCTL_EN, 0));
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_unsent, 0);
	/* but not for ever: what the buffer holds at most takes so long */
	start_with_packet(true, 10);
	*card_register(&card, GIGABIT_GPTC) = 1;
	card.fifo = 3;
	card.fifo_stuck = true;
	uint64_t before = clock_now_us();
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(clock_now_us() - before >= 65536 * 8 / 10);
	CU_ASSERT(noted("stopped with 3 frames in the card's packet buffer"));
	close_port();
}

static void expect_fact(const char *name, const char *value)
{
	struct nic_fact facts[40];
	unsigned count = nic_get_facts(nic, facts, 40);
	CU_ASSERT(count < 40);
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(facts[i].name, name) != 0)
			continue;
		CU_ASSERT_STRING_EQUAL(facts[i].value, value);
		if (strcmp(facts[i].value, value) != 0)
			printf("\n    %s: %s ", name, facts[i].value);
		return;
	}
	printf("\n    no fact %s ", name);
	CU_FAIL("a fact is missing");
}

static void facts_tell_what_is_known_from_afar(void)
{
	card_init(&card, id, space);
	card.config[0x34] = 0xA0;
	card.config[0x06] = card.config[0xA0] = 0x10;
	card.config[0xB0] = 0x42;
	card.nvm[5] = 0x2106;
	e1000_seal_nvm(&card);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	unsigned steps = card.resets;
	card.phy_missing = 1u << 20;
	expect_fact("NVM", "version 2106, sum baba (right)");
	expect_fact("PHY", id == ID_82540EM ? "01410c20 (Marvell 88E1011)" : "01410cb1 (the 82574L's own (BM))");
	expect_fact("PHY control", "1140 (negotiates)");
	expect_fact("PHY status", "0024 (link, negotiation has ended)");
	expect_fact("PHY offers", "10 Mbit/s, 100 Mbit/s, 1 Gbit/s");
	expect_fact("partner offers", "10 Mbit/s, 100 Mbit/s, 1 Gbit/s");
	expect_fact("PHY registers 16 to 31", "0000 0000 0000 0000 ---- 0000 0000 0000 0000 0000 0000 0000 0000 0000 "
					      "0000 0000");
	if (id == ID_82574L) {
		expect_fact("LNKCTL", "0042 (the PCIe link may go to L1)");
		expect_fact("FWSM", "00000000 (no management firmware)");
		expect_fact("EXTCNF_CTRL", "00000000 (MDIO is free, or the firmware's)");
	}
	e1000_set_speed(&card, 0);
	card.nvm[9] ^= 1;
	expect_fact("NVM", "version 2106, sum babb (wrong)");
	card.stuck[0] = (struct card_stuck){GIGABIT_EERD, 0x12, 0};
	card.phy_missing = UINT32_MAX;
	expect_fact("STATUS", id == ID_82540EM ? "00000000 (no link)" : "00080000 (no link)");
	struct nic_fact facts[40];
	unsigned count = nic_get_facts(nic, facts, 40);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(facts[i].name, "NVM") == 0)
			CU_ASSERT_PTR_NOT_NULL(strstr(facts[i].value, "EERD.DONE was not set"));
	CU_ASSERT_EQUAL(card.resets, steps);
	card.vanish = card.accesses + 1;
	CU_ASSERT_EQUAL(nic_get_facts(nic, facts, 40), 0);
	close_port();
}

static void a_shared_interrupt_line_is_asked_for_once(void)
{
	open_card(ID_82540EM);
	start();
	card.irq_shared = true;
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(nic_event_fd(nic), -EBUSY);
		CU_ASSERT(says("the interrupt line is shared"));
	}
	CU_ASSERT_EQUAL(card.irq_asks, 1);
	CU_ASSERT_EQUAL(count_notes("shares its line"), 1);
	CU_ASSERT(never(GIGABIT_IMS, ANY, 0));
	close_port();
}

/* ---- what fails ---- */

static void any_access_may_be_refused(void)
{
	refuse_any_access(id);
	e1000_phy_has_link = false; /* so that the PHY is set up */
	refuse_any_access(id);
	e1000_phy_has_link = true;
}

static void a_refused_counter_counts_nothing_and_is_reported_once(void)
{
	refuse_counter(id, GIGABIT_GPRC, "GPRC (0x04074)");
	refuse_counter(id, GIGABIT_MPC, "MPC (0x04010)");
}

static void the_sentence_says_why_it_is_gone(void)
{
	tell_why_it_is_gone(id);
}

static void a_device_may_vanish_at_any_access(void)
{
	vanish_at_any_access(id);
	e1000_phy_has_link = false; /* so that the PHY is set up */
	vanish_at_any_access(id);
	e1000_phy_has_link = true;
}

static void every_step_may_fail_and_leaves_nothing(void)
{
	fail_at_every_step(id);
}

static void a_bus_master_that_does_not_come_on_is_named(void)
{
	refuse_bus_mastering(id);
}

static void without_io_space_memory_does(void)
{
	card_init(&card, ID_82540EM, space);
	card.device.region_bytes[IO_BAR] = 0;
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	CU_ASSERT_EQUAL(card.resets, 1);
	written(0, GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST);
	close_port();
}

static void cards_without_interrupts_say_so(void)
{
	open_card(id);
	card.device.irq_count[VFIO_PCI_MSI_IRQ_INDEX] = card.device.irq_count[VFIO_PCI_INTX_IRQ_INDEX] = 0;
	CU_ASSERT_EQUAL(nic_event_fd(nic), -ENOTSUP);
	CU_ASSERT(says("neither MSI nor"));
	card.device.irq_count[VFIO_PCI_INTX_IRQ_INDEX] = 1;
	start();
	CU_ASSERT(never(GIGABIT_IMS, ANY, 0));
	CU_ASSERT(nic_event_fd(nic) >= 0);
	CU_ASSERT_EQUAL(card.irq_fd, nic->interrupts.eventfds[0]);
	written(0, GIGABIT_IMS, UINT32_MAX, GIGABIT_ICR_LSC);
	card.irq_fd = -1;
	*card_register(&card, GIGABIT_ICR) = GIGABIT_ICR_LSC;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	written(0, GIGABIT_ICR, UINT32_MAX, GIGABIT_ICR_LSC);
	CU_ASSERT_EQUAL(card.irq_fd, nic->interrupts.eventfds[0]); /* armed again */
	close_port();
	CU_ASSERT_EQUAL(card.irq_fd, -1);
}

static void losses_and_errors_are_counted_once(void)
{
	struct nic_stats stats;
	open_card(id);
	start();
	*card_register(&card, GIGABIT_MPC) = 5;
	*card_register(&card, GIGABIT_CRCERRS) = 2;
	*card_register(&card, GIGABIT_ROC) = 1;
	*card_register(&card, GIGABIT_GPRC) = 3;
	*card_register(&card, GIGABIT_GORCL) = 200;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 5);
	CU_ASSERT_EQUAL(stats.rx_errors, 3);
	CU_ASSERT_EQUAL(stats.rx_packets, 3);
	close_port();
	/* one that reading does not clear */
	open_card(id);
	start();
	card.stuck[0] = (struct card_stuck){GIGABIT_MPC, UINT32_MAX, 7};
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 7);
	card.stuck[0].value = 9;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 9);
	/* nor again, when it was refused meanwhile */
	card.refused = GIGABIT_MPC;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -EIO);
	card.refused = 0;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 9);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), -EIO);
	close_port();
	/* what the first read has cleared counts, though the second one is refused, and so do both words of bytes or
	 * none */
	open_card(id);
	start();
	for (unsigned access = 1; access <= 18; access++) {
		*card_register(&card, GIGABIT_GORCL) = *card_register(&card, GIGABIT_GOTCL) = 64;
		*card_register(&card, GIGABIT_MPC) = 5;
		card.refuse = card.accesses + access;
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -EIO);
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		CU_ASSERT_EQUAL(stats.rx_missed, 5 * access);
		CU_ASSERT_EQUAL(nic->stats.rx_bytes, 64 * access);
		CU_ASSERT_EQUAL(nic->stats.tx_bytes, 64 * access);
	}
	while (nic_service(nic, NULL) == -EIO)
		;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* and goes on with it after the next start */
	start();
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 0);
	close_port();
}

/* Frames that are counted between the reads of a packet and a byte counter: the FCS is taken off in the end, and
 * nothing falls. */
static void bytes_are_right_whenever_they_are_read(void)
{
	struct nic_stats stats;
	open_card(id);
	start();
	for (unsigned i = 1; i <= 20; i++) {
		*card_register(&card, GIGABIT_GPRC) = *card_register(&card, GIGABIT_GPTC) = 1;
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		CU_ASSERT_EQUAL(stats.rx_packets, i);
		CU_ASSERT_EQUAL(stats.rx_bytes, (i - 1) * 60);
		CU_ASSERT_EQUAL(stats.tx_bytes, (i - 1) * 60);
		*card_register(&card, GIGABIT_GORCL) = *card_register(&card, GIGABIT_GOTCL) = 64;
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		CU_ASSERT_EQUAL(stats.rx_bytes, i * 60);
		CU_ASSERT_EQUAL(stats.tx_bytes, i * 60);
	}
	*card_register(&card, GIGABIT_GPRC) = 1; /* while it stops */
	*card_register(&card, GIGABIT_GORCL) = 64;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 21);
	CU_ASSERT_EQUAL(stats.rx_bytes, 21 * 60);
	close_port();
}

/* A device that vanishes between two of its counters. */
static void the_last_counters_known_stay_those_of_one_moment(void)
{
	struct nic_stats known, stats;
	open_card(id);
	start();
	*card_register(&card, GIGABIT_GPRC) = 3;
	*card_register(&card, GIGABIT_GORCL) = 3 * 64;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &known), 0);
	CU_ASSERT(known.time_ns > 0);
	*card_register(&card, GIGABIT_GPRC) = 2;
	*card_register(&card, GIGABIT_GORCL) = 2 * 64;
	card.vanish = card.accesses + 3;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -ENODEV);
	CU_ASSERT_EQUAL(memcmp(&stats, &known, sizeof(stats)), 0);
	CU_ASSERT_EQUAL(nic_stop(nic), -ENODEV);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -ENODEV);
	CU_ASSERT_EQUAL(memcmp(&stats, &known, sizeof(stats)), 0);
	close_port();
}

/* On hardware both reads of a counter may find the same by chance. That one of them was more is seen, and counted, when
 * the counter is next seen to clear. */
static void counters_that_clear_are_exact_in_the_end(void)
{
	struct nic_stats stats;
	open_card(id);
	start();
	card.stuck[0] = (struct card_stuck){GIGABIT_MPC, UINT32_MAX, 9};
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 9);
	card.stuck[0].mask = 0;
	*card_register(&card, GIGABIT_MPC) = 0;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 9);
	*card_register(&card, GIGABIT_MPC) = 3;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 9 + 9 + 3);
	/* from then on it is read once */
	card.stuck[0] = (struct card_stuck){GIGABIT_MPC, UINT32_MAX, 9};
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_missed, 21 + 9);
	close_port();
}

static const struct nic_counter *find_counter(const struct nic_counter *counters, int n, const char *name, int queue)
{
	for (int i = 0; i < n; i++)
		if (counters[i].queue == queue && strcmp(counters[i].name, name) == 0)
			return &counters[i];
	static const struct nic_counter none = {.name = "none"};
	return &none;
}

static void all_counters_have_names(void)
{
	struct nic_counter counters[128], again[128];
	open_card(id);
	start();
	for (unsigned round = 1; round <= 2; round++) {
		*card_register(&card, GIGABIT_TPR) = 0xFFFFFFF0;
		*card_register(&card, GIGABIT_TOTL) = 5;
		*card_register(&card, GIGABIT_TOTH) = 1;
		*card_register(&card, GIGABIT_CRCERRS) = 2;
		int n = nic_get_counters(nic, counters, 128);
		CU_ASSERT_FATAL(n > 60 && n <= 128);
		CU_ASSERT_EQUAL(find_counter(counters, n, "rx_total_packets", -1)->value, round * UINT64_C(0xFFFFFFF0));
		CU_ASSERT_EQUAL(find_counter(counters, n, "tx_total_bytes", -1)->value, round * UINT64_C(0x100000005));
		CU_ASSERT_EQUAL(find_counter(counters, n, "rx_crc_errors", -1)->value, 2 * round);
		CU_ASSERT_EQUAL(find_counter(counters, n, "rx_errors", -1)->value, 2 * round);
		CU_ASSERT_STRING_EQUAL(find_counter(counters, n, "rx_queue_bytes", 0)->unit, "bytes");
		CU_ASSERT_STRING_EQUAL(find_counter(counters, n, "tx_deferred_events", -1)->unit, "events");
		for (int i = 0; i < n; i++) {
			const struct nic_counter *c = &counters[i];
			CU_ASSERT_PTR_EQUAL(find_counter(counters, n, c->name, c->queue), c); /* once */
			CU_ASSERT(strspn(c->name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(c->name));
			CU_ASSERT(strlen(c->help) > 9);
		}
	}
	/* a short array gets the first ones; they stay in their order */
	CU_ASSERT(nic_get_counters(nic, again, 3) > 60);
	CU_ASSERT_STRING_EQUAL(again[2].name, counters[2].name);
	/* between reads of all, what nic_stats has not stays in the card, for 10 s at most */
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(card_read(&card, from, GIGABIT_TPR, UINT32_MAX, 0), CARD_LOG);
	nic->counters.all_read_us -= 10000000;
	*card_register(&card, GIGABIT_TPR) = 1;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_TPR), 0);
	/* final, and without queues, after a stop */
	*card_register(&card, GIGABIT_TPR) = 1;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	int n = nic_get_counters(nic, counters, 128);
	CU_ASSERT_EQUAL(find_counter(counters, n, "rx_total_packets", -1)->value, 2 * UINT64_C(0xFFFFFFF0) + 2);
	CU_ASSERT_STRING_EQUAL(find_counter(counters, n, "rx_queue_bytes", 0)->name, "none");
	start();
	n = nic_get_counters(nic, counters, 128);
	CU_ASSERT_EQUAL(find_counter(counters, n, "rx_total_packets", -1)->value, 0);
	/* a device that is gone has its last ones */
	*card_register(&card, GIGABIT_TPR) = 4;
	CU_ASSERT(nic_get_counters(nic, counters, 128) > 60);
	card.vanish = card.accesses + 1;
	memset(counters, 0, sizeof(counters));
	CU_ASSERT_EQUAL(nic_get_counters(nic, counters, 128), -ENODEV);
	CU_ASSERT_EQUAL(find_counter(counters, n, "rx_total_packets", -1)->value, 4);
	close_port();
}

/* ---- hostile descriptors ---- */

/* What a card would write for a piece of a frame. */
static uint64_t finished(uint32_t length, bool end, uint32_t errors)
{
	if (id == ID_82540EM)
		return length | (1 | (uint64_t)end << 1) << 32 | (uint64_t)errors << 40;
	return (uint64_t)length << 32 | 1 | (uint64_t)end << 1 | (uint64_t)errors << 24;
}

static struct ring_rxq *ring(void)
{
	return nic->rings.rxqs[0];
}

static void finish_slot(unsigned slot, uint64_t q1)
{
	ring()->ring[slot & ring()->mask].q1 = q1;
}

static uint64_t bad_descriptors(void)
{
	struct nic_stats stats;
	nic_get_stats(nic, &stats);
	return stats.rx_bad_descriptors;
}

static void bad_frames_are_dropped_and_good_ones_beside_them_kept(void)
{
	struct pkt pkts[64];
	open_card(id);
	start_with((struct nic_config){.rx_ring = 64});
	const uint32_t errors[] = {0x01, 0x02, 0x04, 0x10, 0x80};
	for (unsigned i = 0; i < 5; i++) {
		finish_slot(2 * i, finished(60 + i, true, 0));
		finish_slot(2 * i + 1, finished(100, true, errors[i]));
	}
	/* checksum errors are advice */
	finish_slot(10, finished(77, true, 0x60));
	/* longer than its buffer; exactly as long; none at all */
	finish_slot(11, finished(2049, true, 0));
	finish_slot(12, finished(2048, true, 0));
	finish_slot(13, finished(0xFFFF, true, 0));
	unsigned n = nic_rx(nic_rxq(nic, 0), pkts, 64);
	CU_ASSERT_EQUAL_FATAL(n, 7);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(pkts[i].len, 60 + i);
	CU_ASSERT_EQUAL(pkts[5].len, 77);
	CU_ASSERT_EQUAL(pkts[6].len, 2048);
	CU_ASSERT_EQUAL(bad_descriptors(), 7);
	pkt_free(pkts, n);
	close_port();
}

static void frames_in_pieces_come_whole_or_not_at_all(void)
{
	struct pkt pkts[64];
	open_card(id);
	start_with((struct nic_config){.rx_ring = 64, .mtu = 4096});
	finish_slot(0, finished(2048, false, 0));
	finish_slot(1, finished(2048, false, 0));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts, 64), 0);
	finish_slot(2, finished(5, true, 0));
	/* one at a time */
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts, 1), 1);
	CU_ASSERT_EQUAL(pkts[0].flags, PKT_MORE);
	/* a length that grows after it was checked */
	finish_slot(2, finished(60000, true, 0));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts + 1, 63), 2);
	CU_ASSERT_EQUAL(pkts[1].flags, PKT_MORE);
	CU_ASSERT_EQUAL(pkts[2].flags, 0);
	CU_ASSERT_EQUAL(pkts[2].len, 2048);
	pkt_free(pkts, 3);
	/* an error that its last descriptor tells */
	finish_slot(3, finished(2048, false, 0));
	finish_slot(4, finished(9, true, 0x01));
	finish_slot(5, finished(64, true, 0));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts, 64), 1);
	CU_ASSERT_EQUAL(pkts[0].len, 64);
	pkt_free(pkts, 1);
	CU_ASSERT_EQUAL(bad_descriptors(), 2);
	/* longer than the MTU allows */
	finish_slot(6, finished(2048, false, 0));
	finish_slot(7, finished(2048, false, 0));
	finish_slot(8, finished(4096 + 22 - 2 * 2048 + 1, true, 0));
	finish_slot(9, finished(64, true, 0));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts, 64), 1);
	pkt_free(pkts, 1);
	CU_ASSERT_EQUAL(bad_descriptors(), 5);
	close_port();
}

static void a_frame_without_end_is_dropped_to_its_end(void)
{
	struct pkt pkts[64];
	open_card(id);
	start_with((struct nic_config){.rx_ring = 64});
	for (unsigned i = 0; i < 20; i++)
		finish_slot(i, finished(2048, false, 0));
	finish_slot(20, finished(1, true, 0));
	finish_slot(21, finished(99, true, 0));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts, 64), 1);
	CU_ASSERT_EQUAL(pkts[0].len, 99);
	CU_ASSERT_EQUAL(bad_descriptors(), 21);
	pkt_free(pkts, 1);
	close_port();
}

/* A device that finishes all slots, again and again, whatever it was given, in frames of so many pieces: no buffer is
 * handed out that somebody holds, also when the pool is empty. */
static void finish_without_end(unsigned pieces, unsigned burst)
{
	static struct pkt pkts[BUFFERS + 1024];
	unsigned have = 0;
	open_card(id);
	start_with((struct nic_config){.rx_ring = 64});
	for (unsigned round = 0; round < 2 * BUFFERS / burst + 100; round++) {
		for (unsigned i = 0; i < 64; i++)
			finish_slot(i, finished(64, i % pieces == pieces - 1, 0));
		unsigned room = BUFFERS + 1024 - have;
		have += nic_rx(nic_rxq(nic, 0), pkts + have, room < burst ? room : burst);
	}
	CU_ASSERT(have > BUFFERS / 2);
	CU_ASSERT_FATAL(have <= BUFFERS);
	for (unsigned i = 0; i < have; i++)
		pkts[i].data[0] = 0;
	for (unsigned i = 0; i < have; i++)
		CU_ASSERT_EQUAL_FATAL(pkts[i].data[0]++, 0);
	struct nic_stats stats;
	nic_get_stats(nic, &stats);
	CU_ASSERT(stats.rx_pool_empty > 0);
	pkt_free(pkts, have);
	close_port();
}

static void more_descriptors_than_there_are_buffers_hand_out_none_twice(void)
{
	finish_without_end(1, 33);
	finish_without_end(1, 8);
	finish_without_end(3, 33);
	finish_without_end(5, 7);
}

static unsigned receive_tails(unsigned from)
{
	unsigned count = 0;
	for (unsigned at = from; (at = card_written(&card, at, GIGABIT_RDT, ANY, 0)) != CARD_LOG; at++)
		count++;
	return count;
}

/* Receives n packets of the slots from `next` on, which are all finished, in bursts of 8. */
static void receive_eights(struct pkt *pkts, unsigned next, unsigned n)
{
	for (unsigned got = 0; got < n; got += 8) {
		for (unsigned i = 0; i < 8; i++)
			finish_slot(next + got + i, finished(64, true, 0));
		CU_ASSERT_EQUAL_FATAL(nic_rx(nic_rxq(nic, 0), pkts + got, 8), 8);
	}
}

static void the_receive_tail_moves_by_a_quarter_of_the_ring(void)
{
	const struct {
		uint16_t ring, step;
	} cases[] = {{64, 32}, {128, 32}, {512, 128}, {4096, 1024}};
	struct pkt pkts[32];
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned ring_size = cases[i].ring, step = cases[i].step, lag = 0;
		open_card(id);
		CU_ASSERT_EQUAL_FATAL(nic_start(nic, &(struct nic_config){.rx_ring = cases[i].ring}), 0);
		unsigned from = card.logged;
		for (unsigned next = 0; next < 4 * ring_size; next += 32) {
			receive_eights(pkts, next, 32);
			pkt_free(pkts, 32);
			unsigned behind = (next + 32 - 1 - *card_register(&card, GIGABIT_RDT)) % ring_size;
			lag = behind > lag ? behind : lag;
		}
		CU_ASSERT_EQUAL(receive_tails(from), 4 * ring_size / step);
		CU_ASSERT_EQUAL(lag, step - 32);
		close_port();
	}
}

/* The application holds packets until the pool is empty: what the card can have, it has, however little that is. */
static void an_empty_pool_keeps_nothing_from_the_card(void)
{
	static struct pkt pkts[BUFFERS], others[128];
	for (unsigned kept = 0; kept <= 128; kept += 32) {
		unsigned have = 0;
		open_card(id);
		start_with((struct nic_config){.rx_ring = 512});
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, others, kept), kept);
		while (ring()->next - ring()->refill_next < 64) {
			CU_ASSERT_FATAL(have + 32 <= BUFFERS);
			receive_eights(pkts + have, have, 32);
			have += 32;
		}
		struct nic_stats stats;
		nic_get_stats(nic, &stats);
		CU_ASSERT(stats.rx_pool_empty > 0);
		CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_RDT), (ring()->refill_next - 1) & ring()->mask);
		pkt_free(others, kept);
		pkt_free(pkts, have);
		close_port();
	}
}

static void impossible_packets_are_freed_and_counted(void)
{
	struct pkt pkts[38];
	struct nic_stats stats;
	open_card(id);
	start_with((struct nic_config){.tx_ring = 64});
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, pkts, 38), 38);
	pkts[0].len = 0;
	pkts[1].len = 1523;
	pkts[2].len = 60;
	for (unsigned i = 3; i < 37; i++)
		pkts[i].len = 10, pkts[i].flags = PKT_MORE; /* 34 pieces */
	pkts[36].flags = 0;
	pkts[37].len = 100, pkts[37].flags = PKT_MORE; /* not all there */
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts, 38), 37);
	pkt_free(&pkts[37], 1);
	nic_get_stats(nic, &stats);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 3);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_TDT), 1);
	close_port();
}

/* These cards have scalar bursts only: a port says so, whatever it may use. */
static void scalar_bursts_serve_with_every_instruction_set(void)
{
	struct nic_info info;
	open_card(id);
	start_with((struct nic_config){.simd = pkt_simd_choose(PKT_SIMD_AUTO)});
	nic_get_info(nic, &info);
	CU_ASSERT_EQUAL(info.simd, PKT_SIMD_SCALAR);
	close_port();
}

static void short_frames_in_pieces_are_padded(void)
{
	static const struct {
		uint16_t len;
		bool more;
	} pieces[] = {{5, true}, {6, false}, {64, false}, {9, true}, {10, true}, {11, true}, {12, false}, {64, false}};
	const bool old = id == ID_82540EM; /* the 82574L takes the second frame as it is */
	uint8_t frame[60] = {0};
	struct pkt pkts[8];
	struct nic_stats stats;
	open_card(id);
	start_with((struct nic_config){.tx_ring = 64});
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, pkts, 8), 8);
	for (unsigned i = 0; i < 8; i++) {
		pkts[i].len = pieces[i].len;
		pkts[i].flags = pieces[i].more ? PKT_MORE : 0;
		memset(pkts[i].data, 1 + (int)i, pkts[i].len);
	}
	unsigned available = pkt_pool_available(pool);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts, 8), 8);
	nic_get_stats(nic, &stats);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 0);
	CU_ASSERT_EQUAL_FATAL(*card_register(&card, GIGABIT_TDT), old ? 4 : 7);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), available + (old ? 1 + 3 : 1));
	const struct ring_txq *queue = nic->rings.txqs[0];
	memset(frame, 1, 5), memset(frame + 5, 2, 6);
	CU_ASSERT_EQUAL((uint16_t)queue->ring[0].q1, old ? 60 : 17);
	CU_ASSERT((queue->ring[0].q1 & RING_TX_EOP) != 0);
	CU_ASSERT_EQUAL(memcmp(queue->buffers[0], frame, old ? 60 : 17), 0);
	CU_ASSERT_EQUAL((uint16_t)queue->ring[1].q1, 64);
	memset(frame, 4, 9), memset(frame + 9, 5, 10), memset(frame + 19, 6, 11), memset(frame + 30, 7, 12);
	CU_ASSERT_EQUAL((uint16_t)queue->ring[2].q1, old ? 60 : 9);
	CU_ASSERT_EQUAL(memcmp(queue->buffers[2], frame, old ? 60 : 9), 0);
	close_port();
}

static void a_full_ring_takes_no_more_and_comes_back(void)
{
	struct pkt pkts[64];
	open_card(id);
	start_with((struct nic_config){.tx_ring = 64});
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, pkts, 64), 64);
	for (unsigned i = 0; i < 64; i++)
		pkts[i].len = 64;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts, 64), 63);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts + 63, 1), 0);
	struct ring_txq *queue = nic->rings.txqs[0];
	/* one report for each 32, and no more */
	unsigned reports = 0;
	for (unsigned i = 0; i < 64; i++)
		reports += (queue->ring[i].q1 & RING_TX_RS) != 0;
	CU_ASSERT_EQUAL(reports, 1);
	queue->ring[31].q1 |= RING_TX_DD;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts + 63, 1), 1);
	CU_ASSERT_EQUAL(queue->reclaim_next, 32);
	close_port();
}

static void bursts_of_a_vanished_device_do_nothing(void)
{
	struct pkt pkts[64];
	open_card(id);
	start_with((struct nic_config){.rx_ring = 64});
	for (unsigned i = 0; i < 64; i++)
		finish_slot(i, finished(64, true, 0));
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts, 2), 2);
	card.vanish = card.accesses + 1;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), -ENODEV);
	unsigned accesses = card.accesses;
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), pkts + 2, 62), 0);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts, 2), 0);
	CU_ASSERT_EQUAL(card.accesses, accesses);
	pkt_free(pkts, 2);
	CU_ASSERT_EQUAL(nic_stop(nic), -ENODEV);
	close_port();
}

#define TESTS                                                                                                          \
	{"opening silences the card before it is reset", opening_silences_the_card_before_it_is_reset},                \
		{"starting has everything set before it is enabled",                                                   \
			starting_has_everything_set_before_it_is_enabled},                                             \
		{"a PHY that has a link is let alone", a_phy_that_has_a_link_is_let_alone},                            \
		{"the packet buffer is divided anew where it must", the_packet_buffer_is_divided_anew_where_it_must},  \
		{"bits stuck at open are named", bits_stuck_at_open_are_named},                                        \
		{"damaged NVMs are refused", damaged_nvms_are_refused},                                                \
		{"an NVM that is read wrong is read again", an_nvm_that_is_read_wrong_is_read_again},                  \
		{"an NVM whose sum is not made yet will do", an_nvm_whose_sum_is_not_made_yet_will_do},                \
		{"writes to tables are kept apart", writes_to_tables_are_kept_apart},                                  \
		{"the type of a tag is written at each start", the_type_of_a_tag_is_written_at_each_start},            \
		{"a PHY that does not answer is named", a_phy_that_does_not_answer_is_named},                          \
		{"transmit is drained, but not for ever", transmit_is_drained_but_not_for_ever},                       \
		{"without link a stop waits for nothing", without_link_a_stop_waits_for_nothing},                      \
		{"a stop waits until the packet buffer is empty", a_stop_waits_until_the_packet_buffer_is_empty},      \
		{"facts tell what is known from afar", facts_tell_what_is_known_from_afar},                            \
		{"any access may be refused", any_access_may_be_refused},                                              \
		{"a refused counter counts nothing, is reported once",                                                 \
			a_refused_counter_counts_nothing_and_is_reported_once},                                        \
		{"the sentence says why it is gone", the_sentence_says_why_it_is_gone},                                \
		{"a device may vanish at any access", a_device_may_vanish_at_any_access},                              \
		{"bursts of a vanished device do nothing", bursts_of_a_vanished_device_do_nothing},                    \
		{"every step may fail and leaves nothing", every_step_may_fail_and_leaves_nothing},                    \
		{"a bus master that does not come on is named", a_bus_master_that_does_not_come_on_is_named},          \
		{"cards without interrupts say so", cards_without_interrupts_say_so},                                  \
		{"losses and errors are counted once", losses_and_errors_are_counted_once},                            \
		{"bytes are right whenever they are read", bytes_are_right_whenever_they_are_read},                    \
		{"the last counters known stay those of one moment",                                                   \
			the_last_counters_known_stay_those_of_one_moment},                                             \
		{"counters that clear are exact in the end", counters_that_clear_are_exact_in_the_end},                \
		{"all counters have names", all_counters_have_names},                                                  \
		{"bad frames are dropped, good ones beside them kept",                                                 \
			bad_frames_are_dropped_and_good_ones_beside_them_kept},                                        \
		{"frames in pieces come whole or not at all", frames_in_pieces_come_whole_or_not_at_all},              \
		{"a frame without end is dropped to its end", a_frame_without_end_is_dropped_to_its_end},              \
		{"more descriptors than buffers hand out none twice",                                                  \
			more_descriptors_than_there_are_buffers_hand_out_none_twice},                                  \
		{"the receive tail moves by a quarter of the ring", the_receive_tail_moves_by_a_quarter_of_the_ring},  \
		{"an empty pool keeps nothing from the card", an_empty_pool_keeps_nothing_from_the_card},              \
		{"impossible packets are freed and counted", impossible_packets_are_freed_and_counted},                \
		{"scalar bursts serve with every instruction set", scalar_bursts_serve_with_every_instruction_set},    \
		{"short frames in pieces are padded", short_frames_in_pieces_are_padded},                              \
	{                                                                                                              \
		"a full ring takes no more, and comes back", a_full_ring_takes_no_more_and_comes_back                  \
	}

static int begin_82540em(void)
{
	id = ID_82540EM;
	return begin();
}

static int begin_82574l(void)
{
	id = ID_82574L;
	return begin();
}

int main(void)
{
	CU_TestInfo old[] = {TESTS, {"without I/O space memory does", without_io_space_memory_does},
		{"a shared interrupt line is asked for once", a_shared_interrupt_line_is_asked_for_once},
		{"a reset that fails for the packet buffer is done again",
			a_reset_that_fails_for_the_packet_buffer_is_done_again},
		CU_TEST_INFO_NULL};
	CU_TestInfo new[] = {TESTS, {"a link that may sleep is told", a_link_that_may_sleep_is_told},
		{"firmware that keeps PHY and NVM is taken for dead",
			firmware_that_keeps_phy_and_nvm_is_taken_for_dead},
		CU_TEST_INFO_NULL};
	CU_SuiteInfo suites[] = {
		{"82540EM", begin_82540em, end, NULL, NULL, old},
		{"82574L", begin_82574l, end, NULL, NULL, new},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
