/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the gigabit chips' links on scripted cards: what is set in which PHY, and when; what is advertised; what is
 * told of a link that is up or down; a PHY that is switched off, hangs, lacks registers or does not end its reset. */
#include "card_e1000.c"
#include "card_port.c"
#include "unit.h"

#include "../../driver/pause.h"

#define CONTROL 16u /* of Marvell's PHYs; Port Configuration of the 82576's */

static uint16_t id; /* of the suite's card */

static void init_card(bool link)
{
	e1000_phy_has_link = link;
	card_init(&card, id, space);
	e1000_phy_has_link = true;
}

static void open_with_link(bool link)
{
	init_card(link);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
}

/* Where in the log a register of the PHY was written for the first time, so; CARD_LOG: never. */
static unsigned phy_written(unsigned from, unsigned reg, uint16_t mask, uint16_t value)
{
	const uint32_t command = 31u << GIGABIT_MDIC_REG_SHIFT | GIGABIT_MDIC_WRITE;
	return card_written(
		&card, from, GIGABIT_MDIC, command | mask, reg << GIGABIT_MDIC_REG_SHIFT | GIGABIT_MDIC_WRITE | value);
}

static bool phy_negotiated(unsigned from)
{
	return phy_written(from, GIGABIT_PHY_BMCR, GIGABIT_BMCR_RESTART, GIGABIT_BMCR_RESTART) != CARD_LOG;
}

static void set_link(bool up)
{
	uint32_t *status = card_register(&card, GIGABIT_STATUS);
	*status = up ? *status | GIGABIT_STATUS_LU : *status & ~GIGABIT_STATUS_LU;
	card.phy[GIGABIT_PHY_BMSR] = up ? GIGABIT_BMSR_LINK | GIGABIT_BMSR_AUTONEG_END : 0;
}

static void wait_us(uint32_t us)
{
	clock_sleep_us(us + 10);
}

static void a_phy_without_link_is_set_up(void)
{
	open_with_link(false);
	card.phy[CONTROL] = id == ID_82576 ? 0 : 0x0002;
	card.phy[20] = 0x0D60;
	card.phy[25] = 0x0004;
	unsigned from = card.logged;
	start();
	CU_ASSERT(phy_negotiated(from));
	CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_ANAR], 0x01E1); /* no pause frames */
	CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_GBCR], 0x0200);
	CU_ASSERT_EQUAL(card.phy[CONTROL], id == ID_82576 ? 0x0080 : 0x0860);
	CU_ASSERT_EQUAL(card.phy[20], id == ID_82540EM ? 0x0170 : 0x0D60);
	CU_ASSERT_EQUAL(card.phy[18], id == ID_82576 ? 0x1000 : 0);
	CU_ASSERT_EQUAL(card.phy_resets, id == ID_82540EM ? 1 : id == ID_82574L ? 2 : 0);
	CU_ASSERT(noted("is set up"));
	CU_ASSERT(!noted("unknown"));
	if (id == ID_82574L) {
		/* its downshift counts only if it was off at an earlier reset of the PHY */
		unsigned on = phy_written(from, CONTROL, 0x0800, 0x0800), off = phy_written(from, CONTROL, 0x0800, 0);
		unsigned reset = phy_written(from, GIGABIT_PHY_BMCR, GIGABIT_BMCR_RESET, GIGABIT_BMCR_RESET);
		CU_ASSERT(on < off && off < reset);
		on = phy_written(reset, CONTROL, 0x0800, 0x0800);
		CU_ASSERT(on < phy_written(reset + 1, GIGABIT_PHY_BMCR, GIGABIT_BMCR_RESET, GIGABIT_BMCR_RESET));
	}
	/* what it advertises is written after its last reset, which may undo it */
	for (unsigned at = 0;
		(at = phy_written(at, GIGABIT_PHY_BMCR, GIGABIT_BMCR_RESET, GIGABIT_BMCR_RESET)) != CARD_LOG; at++)
		CU_ASSERT(phy_written(at, GIGABIT_PHY_ANAR, 0, 0) != CARD_LOG);
	/* once only */
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned resets = card.phy_resets;
	start();
	CU_ASSERT_EQUAL(card.phy_resets, resets);
	close_port();
}

static void an_unknown_phy_has_only_what_all_have(void)
{
	open_with_link(false);
	card.phy[GIGABIT_PHY_ID1] = 0x1234;
	start();
	CU_ASSERT(noted("(1234"));
	CU_ASSERT(noted("unknown"));
	CU_ASSERT(phy_negotiated(0));
	for (unsigned reg = 11; reg < 32; reg++)
		CU_ASSERT_EQUAL(phy_written(0, reg, 0, 0), CARD_LOG);
	close_port();
}

static void the_speeds_that_are_asked_for_are_advertised(void)
{
	const struct {
		uint32_t speeds;
		uint16_t anar, gbcr;
	} cases[] = {{NIC_SPEED_10M, 0x0061, 0}, {NIC_SPEED_100M, 0x0181, 0}, {NIC_SPEED_1G, 0x0001, 0x0200},
		{NIC_SPEED_10M | NIC_SPEED_1G, 0x0061, 0x0200}, {NIC_SPEED_10M | NIC_SPEED_100M, 0x01E1, 0},
		{0, 0x01E1, 0x0200}};
	open_with_link(true);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		card.phy[GIGABIT_PHY_ANAR] = i == 5 ? 0x0001 : 0x0DE1;
		card.phy[GIGABIT_PHY_GBCR] = 0x0300;
		unsigned from = card.logged;
		start_with((struct nic_config){.speeds = cases[i].speeds});
		CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_ANAR], cases[i].anar);
		CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_GBCR] & 0x0200, cases[i].gbcr & 0x0200);
		CU_ASSERT(cases[i].gbcr || !(card.phy[GIGABIT_PHY_GBCR] & 0x0100));
		CU_ASSERT(phy_negotiated(from));
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		/* as it is now, it stays */
		from = card.logged;
		start_with((struct nic_config){.speeds = cases[i].speeds});
		CU_ASSERT(!phy_negotiated(from));
		CU_ASSERT(noted("is left as it is"));
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
	}
	/* who is the master is not for us to say */
	card.phy[GIGABIT_PHY_GBCR] = 0x1A00;
	start();
	CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_GBCR], 0x0A00);
	CU_ASSERT(phy_negotiated(0));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool, .speeds = NIC_SPEED_10G}), -EINVAL);
	close_port();
}

/* A PHY that does not say at once what the partner offers is asked again. */
static void pause_frames_are_negotiated_by_a_late_phy(void)
{
	struct nic_link link;
	open_with_link(false);
	start_with((struct nic_config){.pause = NIC_PAUSE_RX | NIC_PAUSE_TX});
	card.phy[GIGABIT_PHY_ANLPAR] = 0x0DE0;
	card.phy_missing |= 1u << GIGABIT_PHY_ANLPAR;
	set_link(true);
	*card_register(&card, GIGABIT_STATUS) |= GIGABIT_STATUS_FD;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
	CU_ASSERT_EQUAL(link.pause, 0);
	CU_ASSERT_EQUAL(noted("pause frames are"), 0);
	CU_ASSERT_EQUAL(noted("link up"), 1);
	card.phy_missing = 0;
	clock_sleep_us(gigabit_times.link_look);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
	CU_ASSERT_EQUAL(link.pause, NIC_PAUSE_RX | NIC_PAUSE_TX);
	CU_ASSERT_EQUAL(noted("pause frames are"), 1);
	CU_ASSERT_EQUAL(noted("link up"), 1);
	close_port();
}

/* By what is wanted, and what the partner offers; thresholds of an MTU of 1500. */
static void pause_frames_are_negotiated(void)
{
	struct nic_link link;
	for (unsigned wanted = 0; wanted < 4; wanted++)
		for (unsigned partner = 0; partner < 8; partner++) {
			bool half = partner == 7; /* no pause frames there */
			open_with_link(false);
			*card_register(&card, GIGABIT_PBA) = id == ID_82540EM ? 48 : 20;
			*card_register(&card, IGB_RXPBS) = 64;
			start_with((struct nic_config){.pause = wanted});
			CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_ANAR] >> 10, pause_offer(wanted));
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) >> 27 & 3, 0);
			card.phy[GIGABIT_PHY_ANLPAR] = (uint16_t)(partner << 10 | 0x01E0);
			set_link(true);
			*card_register(&card, GIGABIT_STATUS) &= ~GIGABIT_STATUS_FD;
			*card_register(&card, GIGABIT_STATUS) |= half ? 0 : GIGABIT_STATUS_FD;
			CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
			CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
			CU_ASSERT_EQUAL(link.pause, half ? 0 : pause_resolve(wanted, partner & 3));
			/* RFCE and TFCE */
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) >> 27 & 3, link.pause);
			CU_ASSERT_EQUAL(noted("pause frames are"), wanted != 0);
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_FCAL), 0x00C28001);
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_FCAH), 0x100);
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_FCT), 0x8808);
			uint32_t high = id == ID_82540EM  ? 48 * 1024 * 9 / 10
					: id == ID_82574L ? 20 * 1024 * 9 / 10
							  : 64 * 1024 - 9728 - 1526;
			high = wanted & NIC_PAUSE_TX ? high & ~15u : 0;
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_FCRTH), high);
			CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_FCRTL), high ? (high - 16) | 1u << 31 : 0);
			set_link(false);
			CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
			CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
			CU_ASSERT_EQUAL(link.pause, 0);
			close_port();
		}
}

static void a_preference_for_low_speeds_ends(void)
{
	open_with_link(true);
	*card_register(&card, GIGABIT_POEMB) = GIGABIT_POEMB_D0A_LPLU;
	card.phy[25] = 0x0006;
	start();
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_POEMB), id == ID_82574L ? 0 : GIGABIT_POEMB_D0A_LPLU);
	CU_ASSERT_EQUAL(card.phy[25], id == ID_82576 ? 0x0004 : 0x0006);
	CU_ASSERT_EQUAL(phy_negotiated(0), id != ID_82540EM);
	CU_ASSERT_EQUAL(noted("preferred low speeds"), id != ID_82540EM);
	close_port();
}

static void expect_state(bool up, uint32_t mbps, const char *state)
{
	struct nic_link link;
	wait_us(gigabit_times.link_look);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
	CU_ASSERT_EQUAL(link.up, up);
	CU_ASSERT_EQUAL(link.mbps, mbps);
	CU_ASSERT_STRING_EQUAL(link.state, state);
	if (strcmp(link.state, state) != 0)
		printf("\n    \"%s\", not \"%s\" ", link.state, state);
}

static void the_state_of_a_link_is_told(void)
{
	uint32_t *status;
	open_with_link(true);
	start();
	status = card_register(&card, GIGABIT_STATUS);
	*status |= GIGABIT_STATUS_FD;
	expect_state(true, 1000, "partner offers 10 Mbit/s, 100 Mbit/s, 1 Gbit/s");
	set_link(false);
	card.phy[GIGABIT_PHY_ANLPAR] = card.phy[GIGABIT_PHY_GBSR] = 0;
	expect_state(false, 0, "the PHY hears no partner: check the cable and the other end");
	card.phy[GIGABIT_PHY_GBSR] = 0x0C00;
	expect_state(false, 0, "the PHY negotiates; partner offers 1 Gbit/s");
	card.phy[GIGABIT_PHY_GBSR] = 0x8C00;
	expect_state(false, 0, "the PHYs do not agree on a master; partner offers 1 Gbit/s");
	card.phy[GIGABIT_PHY_BMSR] = GIGABIT_BMSR_LINK;
	expect_state(false, 0, "the PHY has a link, which the MAC does not follow yet");
	card.phy[GIGABIT_PHY_BMCR] |= GIGABIT_BMCR_POWERDOWN;
	expect_state(false, 0, "the PHY is switched off, isolated or in loopback (BMCR 1940)");
	card.phy_missing = 1u << GIGABIT_PHY_BMCR;
	expect_state(false, 0, "the PHY does not answer");
	card.phy_missing = 0;
	/* on two pairs */
	card.phy[17] = 1u << 5;
	card.phy[19] = 1u << 15;
	card.phy[GIGABIT_PHY_ANLPAR] = 0x0180;
	card.phy[GIGABIT_PHY_GBSR] = 0x0800;
	set_link(true);
	*status = (*status & ~(GIGABIT_STATUS_SPEED | GIGABIT_STATUS_FD)) | 1u << GIGABIT_STATUS_SPEED_SHIFT;
	expect_state(true, 100, "half duplex; partner offers 100 Mbit/s, 1 Gbit/s; downshifted: check the cable");
	card.phy[GIGABIT_PHY_ANLPAR] = card.phy[GIGABIT_PHY_GBSR] = 0;
	*status &= ~GIGABIT_STATUS_SPEED;
	expect_state(true, 10, "half duplex; the partner does not negotiate");
	CU_ASSERT(noted("link lost; the PHY hears no partner"));
	CU_ASSERT(noted("link up, 10 Mbit/s; half duplex"));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* a partner without a speed that is wanted */
	card.phy[GIGABIT_PHY_BMCR] = GIGABIT_BMCR_AUTONEG;
	card.phy[GIGABIT_PHY_ANLPAR] = 0x0180;
	start_with((struct nic_config){.speeds = NIC_SPEED_1G});
	set_link(false);
	expect_state(false, 0, "partner offers only 100 Mbit/s");
	/* nothing is known while a port is stopped */
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	expect_state(true, 1000, "");
	close_port();
}

static void a_link_that_was_left_alone_and_is_lost_is_set_up(void)
{
	uint32_t events, patience;
	open_with_link(true);
	start();
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	set_link(false);
	unsigned from = card.logged;
	/* long enough for a busy machine, too: the loss and the patience are looked at one after the other */
	patience = gigabit_times.link_patience;
	gigabit_times.link_patience = UINT32_MAX;
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	CU_ASSERT(!phy_negotiated(from));
	gigabit_times.link_patience = patience;
	wait_us(gigabit_times.link_patience);
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, 0);
	CU_ASSERT(phy_negotiated(from));
	/* it is not disturbed again, unless somebody has switched it off */
	from = card.logged;
	wait_us(gigabit_times.link_patience);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(!phy_negotiated(from));
	card.phy[GIGABIT_PHY_BMCR] = GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_POWERDOWN;
	wait_us(gigabit_times.link_patience);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(phy_negotiated(from));
	CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_BMCR], GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_RESTART);
	/* one that does not answer is a note, and no failure */
	card.phy[GIGABIT_PHY_BMCR] = GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_POWERDOWN;
	card.phy_missing = 1u << GIGABIT_PHY_ANAR;
	wait_us(gigabit_times.link_patience);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(noted("MDIC.ERROR is set for register 4"));
	close_port();
}

/* A link that flaps is told each time, and by nothing else than the card's registers. */
static void a_flapping_link_is_told_each_time(void)
{
	unsigned ups = 0, downs = 0;
	open_with_link(true);
	start();
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t events;
		set_link(i % 2);
		CU_ASSERT_EQUAL_FATAL(nic_service(nic, &events), 0);
		CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
		struct nic_link link;
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic, &link), 0);
		ups += link.up;
		downs += !link.up;
	}
	CU_ASSERT_EQUAL(ups, 500);
	CU_ASSERT_EQUAL(downs, 500);
	close_port();
}

static void a_phy_that_hangs_is_reset(void)
{
	open_with_link(true);
	start();
	card.phy[21] = 0xFFFF;
	card.phy[GIGABIT_PHY_GBSR] |= 0xFF;
	for (unsigned look = 1; look <= 2; look++) {
		CU_ASSERT(!noted("hangs"));
		wait_us(gigabit_times.hang_look);
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	}
	CU_ASSERT_EQUAL(noted("the PHY hangs"), id == ID_82574L);
	CU_ASSERT_EQUAL(card.phy_resets > 0, id == ID_82574L);
	CU_ASSERT_EQUAL(phy_negotiated(0), id == ID_82574L);
	/* errors alone are no hang */
	unsigned resets = card.phy_resets;
	card.phy[GIGABIT_PHY_GBSR] &= 0xFF00;
	for (unsigned look = 0; look < 4; look++) {
		wait_us(gigabit_times.hang_look);
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	}
	CU_ASSERT_EQUAL(card.phy_resets, resets);
	close_port();
}

static void what_a_phy_lacks_is_noted(void)
{
	init_card(false);
	card.phy_missing = 1u << CONTROL;
	card.phy_reset_stuck = true;
	card.phy[20] = 0;
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	start();
	CU_ASSERT(noted("register 16 cannot be read"));
	CU_ASSERT_EQUAL(noted("reset does not end"), id == ID_82540EM);
	CU_ASSERT(phy_negotiated(0));
	CU_ASSERT_EQUAL(card.phy[GIGABIT_PHY_BMCR] & GIGABIT_BMCR_RESET, 0);
	close_port();
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

static int begin_82576(void)
{
	id = ID_82576;
	return begin();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a PHY without link is set up", a_phy_without_link_is_set_up},
		{"an unknown PHY has only what all have", an_unknown_phy_has_only_what_all_have},
		{"the speeds that are asked for are advertised", the_speeds_that_are_asked_for_are_advertised},
		{"pause frames are negotiated", pause_frames_are_negotiated},
		{"pause frames are negotiated by a late PHY", pause_frames_are_negotiated_by_a_late_phy},
		{"a preference for low speeds ends", a_preference_for_low_speeds_ends},
		{"the state of a link is told", the_state_of_a_link_is_told},
		{"a link that was left alone, and is lost, is set up",
			a_link_that_was_left_alone_and_is_lost_is_set_up},
		{"a flapping link is told each time", a_flapping_link_is_told_each_time},
		{"a PHY that hangs is reset", a_phy_that_hangs_is_reset},
		{"what a PHY lacks is noted", what_a_phy_lacks_is_noted},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"82540EM", begin_82540em, end, NULL, NULL, tests},
		{"82574L", begin_82574l, end, NULL, NULL, tests},
		{"82576", begin_82576, end, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
