/* SPDX-License-Identifier: BSD-2-Clause
 * What the software 82599's link asks of a driver when it is as stubborn as a card's: modules, tries, pipeline resets,
 * CORECTL's words, semaphores; and the PHY of X540 and X550, which most resets leave as it is. */
#include "model_scene.c"

#define CTRL       0x00000u
#define ESDP       0x00020u
#define EICR       0x00800u
#define GPIE       0x00898u
#define AUTOC      0x042A0u
#define LINKS      0x042A4u
#define AUTOC2     0x042A8u
#define ANLP1      0x042B0u
#define MANC       0x05820u
#define FWSM       0x10148u
#define CORECTL    0x14F00u
#define SW_FW_SYNC 0x10160u
#define AN_RESTART (1u << 12)
#define SERIAL_10G (3u << 13)
#define LMS_MASK   (7u << 13)
#define MILLI      1000000ull

/** Opens a card with somebody at the other end, and lets it settle. */
static void open_link(struct model_config config)
{
	host_open_card(&h, &config);
	model_set_partner(h.model, true);
	host_wait(&h, 100 * MILLI);
}

/** Sets AUTOC's mode, with a restart. */
static void restart(uint32_t lms)
{
	wr(AUTOC, (rd(AUTOC) & ~LMS_MASK) | lms | AN_RESTART);
	host_wait(&h, 100 * MILLI);
}

/** As Linux and DPDK do: LMS with its bit 2 toggled, until negotiation has left its state 0, and back. */
static void pipeline_reset(uint64_t wait_ns)
{
	uint32_t autoc = rd(AUTOC);

	wr(AUTOC, (autoc ^ 4u << 13) | AN_RESTART);
	host_wait(&h, wait_ns);
	wr(AUTOC, autoc | AN_RESTART);
	host_wait(&h, 100 * MILLI);
}

static unsigned nvm(unsigned at)
{
	wr(0x10014, at << 2 | 1);
	host_wait(&h, MILLI);
	return rd(0x10014) >> 16;
}

/** Writes the words that the NVM lists for a type of module to CORECTL, all but the last `less`. */
static void write_core_words(unsigned type, unsigned less)
{
	unsigned at = nvm(0x2B) + 1, words = 0;

	while (nvm(at) != type && nvm(at) != 0xFFFF)
		at += 2;
	at = nvm(at + 1) + 1;
	while (nvm(at + words) != 0xFFFF)
		words++;
	CU_ASSERT_FATAL(words >= 3 && words < 100);
	for (unsigned i = 0; i + less < words; i++)
		wr(CORECTL, nvm(at + i));
	host_wait(&h, 100 * MILLI);
}

static void modules_tell_what_they_are(void)
{
	static const struct {
		enum model_module module;
		uint8_t codes_10g, codes_1g, cable, compliance;
		char vendor;
	} cases[] = {
		{MODEL_MODULE_SR, 0x10, 0, 0, 0x03, 'P'},
		{MODEL_MODULE_LR, 0x20, 0, 0, 0x05, 'P'},
		{MODEL_MODULE_DAC, 0, 0, 0x04, 0x01, 'P'},
		{MODEL_MODULE_DAC_ACTIVE, 0, 0, 0x08, 0x04, 'P'},
		{MODEL_MODULE_1G_SX, 0, 0x01, 0, 0x03, 'P'},
		{MODEL_MODULE_1G_LX, 0, 0x02, 0, 0x05, 'P'},
		{MODEL_MODULE_1G_T, 0, 0x08, 0, 0, 'P'},
		{MODEL_MODULE_DUAL_RATE, 0x10, 0x01, 0, 0x03, 'P'},
		{MODEL_MODULE_FOREIGN, 0x10, 0, 0, 0x03, 'E'},
	};

	open_link((struct model_config){0});
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned base = 0, extended = 0;

		model_set_module(h.model, cases[i].module);
		ASSERT_NUMBER(i2c_read(0), 3);
		ASSERT_NUMBER(i2c_read(3), cases[i].codes_10g);
		ASSERT_NUMBER(i2c_read(6), cases[i].codes_1g);
		ASSERT_NUMBER(i2c_read(8), cases[i].cable);
		ASSERT_NUMBER(i2c_read(60), cases[i].compliance);
		ASSERT_NUMBER(i2c_read(20), cases[i].vendor);
		for (uint8_t at = 0; at < 63; at++)
			base += i2c_read(at);
		for (uint8_t at = 64; at < 95; at++)
			extended += i2c_read(at);
		ASSERT_NUMBER(i2c_read(63), base & 0xFF);
		ASSERT_NUMBER(i2c_read(95), extended & 0xFF);
	}
	host_close(&h);
}

/** Word 0x2C: whether any vendor's module is allowed (bit 0), and whether there is no crosstalk (bit 7). */
static void the_nvm_tells_of_vendors_and_crosstalk(void)
{
	open_link((struct model_config){0});
	ASSERT_NUMBER(nvm(0x2C) & 0x81, 0x81);
	host_close(&h);
	open_link((struct model_config){.module = MODEL_MODULE_FOREIGN});
	ASSERT_NUMBER(nvm(0x2C) & 0x81, 0x80);
	host_close(&h);
	open_link((struct model_config){.quirks = MODEL_QUIRK_CROSSTALK});
	ASSERT_NUMBER(nvm(0x2C) & 0x81, 0x01);
	host_close(&h);
}

static void bad_modules_are_bad(void)
{
	unsigned sum = 0;

	open_link((struct model_config){.module = MODEL_MODULE_NONSENSE});
	CU_ASSERT_NOT_EQUAL(i2c_read(0), 3);
	CU_ASSERT_TRUE(model_link_up(h.model)); /* its light is as good as any */
	model_set_module(h.model, MODEL_MODULE_BAD_SUM);
	for (uint8_t at = 0; at < 63; at++)
		sum += i2c_read(at);
	CU_ASSERT_NOT_EQUAL(i2c_read(63), sum & 0xFF);

	model_set_module(h.model, MODEL_MODULE_VANISHING);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	for (uint8_t at = 0; at < 40; at++)
		i2c_read(at);
	ASSERT_NUMBER(rd(ESDP) & 4, 4);
	i2c_start();
	i2c_byte(0xA0);
	i2c_byte(20);
	i2c_start();
	CU_ASSERT_TRUE(i2c_byte(0xA1)); /* it is there when it is asked ... */
	for (unsigned i = 0; i < 8; i++)
		CU_ASSERT_TRUE(i2c_bit(1)); /* ... and gone when it should answer */
	ASSERT_NUMBER(rd(ESDP) & 4, 0);
	CU_ASSERT_FALSE(model_link_up(h.model));
	i2c_start();
	CU_ASSERT_FALSE(i2c_byte(0xA0));
	host_close(&h);
}

static void an_empty_cage_has_no_link(void)
{
	open_link((struct model_config){.module = MODEL_MODULE_NONE});
	ASSERT_NUMBER(rd(ESDP) & 4, 0);
	wr(ESDP, 1u << 10 | 4); /* the driver drives the pin itself */
	ASSERT_NUMBER(rd(ESDP) & 4, 4);
	restart(SERIAL_10G);
	ASSERT_NUMBER(rd(LINKS) >> 30 & 1, 0);
	host_close(&h);

	open_link((struct model_config){.module = MODEL_MODULE_NONE, .quirks = MODEL_QUIRK_CROSSTALK});
	ASSERT_NUMBER(rd(LINKS) >> 28 & 7, 7);
	CU_ASSERT_FALSE(model_link_up(h.model)); /* no frame passes */
	model_set_module(h.model, MODEL_MODULE_SR);
	ASSERT_NUMBER(rd(LINKS) >> 30 & 1, 0);
	host_close(&h);
}

static void a_module_that_comes_interrupts(void)
{
	open_link((struct model_config){.module = MODEL_MODULE_NONE});
	rd(EICR);
	model_set_module(h.model, MODEL_MODULE_SR);
	ASSERT_NUMBER(rd(EICR) >> 24 & 7, 0); /* nobody wants to know */
	model_set_module(h.model, MODEL_MODULE_NONE);
	wr(GPIE, 4); /* SDP2_GPIEN */
	model_set_module(h.model, MODEL_MODULE_SR);
	ASSERT_NUMBER(rd(EICR) >> 24 & 7, 4);
	model_set_module(h.model, MODEL_MODULE_LR); /* too quickly for the pin */
	ASSERT_NUMBER(rd(EICR) >> 24 & 7, 0);
	model_set_partner(h.model, false);
	wr(GPIE, 2);
	model_set_partner(h.model, true);
	ASSERT_NUMBER(rd(EICR) >> 24 & 7, 2);
	host_close(&h);
}

static void speeds_of_mode_module_and_partner_must_agree(void)
{
	static const struct {
		enum model_module module;
		uint32_t partner, lms;
		unsigned mbps;
	} cases[] = {
		{MODEL_MODULE_SR, 0, 3, 10000}, {MODEL_MODULE_SR, 0, 2, 0}, {MODEL_MODULE_SR, MODEL_SPEED_1G, 3, 0},
		{MODEL_MODULE_DAC, 0, 3, 10000}, {MODEL_MODULE_DAC, MODEL_SPEED_1G, 2, 1000},
		{MODEL_MODULE_DAC_ACTIVE, 0, 3, 10000}, {MODEL_MODULE_1G_SX, 0, 3, 0}, {MODEL_MODULE_1G_SX, 0, 0, 1000},
		{MODEL_MODULE_1G_LX, 0, 2, 1000}, {MODEL_MODULE_1G_T, MODEL_SPEED_1G, 2, 1000},
		{MODEL_MODULE_1G_T, MODEL_SPEED_10G, 2, 0}, {MODEL_MODULE_SR, 0, 1, 0}, /* 10 Gbit/s over four lanes */
		{MODEL_MODULE_SR, 0, 4, 0},                                             /* backplanes */
		{MODEL_MODULE_SR, 0, 6, 0}, {MODEL_MODULE_SR, 0, 7, 0}, {MODEL_MODULE_1G_T, 0, 5, 0}, /* SGMII */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_link((struct model_config){.module = cases[i].module, .partner_speeds = cases[i].partner});
		restart(cases[i].lms << 13);
		ASSERT_NUMBER(model_link_mbps(h.model), cases[i].mbps);
		host_close(&h);
	}
	open_link((struct model_config){0});
	wr(AUTOC2, 0x00080000); /* 10 Gbit/s serial, but KR */
	CU_ASSERT_FALSE(model_link_up(h.model));
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
	open_link((struct model_config){.module = MODEL_MODULE_1G_SX});
	wr(AUTOC, rd(AUTOC) | 1u << 9); /* 1 Gbit/s, but KX */
	restart(2u << 13);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

static void a_pin_selects_the_rate_of_two(void)
{
	open_link((struct model_config){.module = MODEL_MODULE_DUAL_RATE});
	CU_ASSERT_FALSE(model_link_up(h.model)); /* 1 Gbit/s behind a mode of 10 */
	wr(ESDP, rd(ESDP) | 1u << 5);            /* the pin is an input */
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	wr(ESDP, rd(ESDP) | 1u << 13);
	host_wait(&h, 100 * MILLI);
	ASSERT_NUMBER(model_link_mbps(h.model), 10000);
	restart(2u << 13);
	ASSERT_NUMBER(model_link_mbps(h.model), 0);
	wr(ESDP, rd(ESDP) & ~(1u << 5));
	host_wait(&h, 100 * MILLI);
	ASSERT_NUMBER(model_link_mbps(h.model), 1000);
	model_set_partner_speeds(h.model, MODEL_SPEED_10G);
	ASSERT_NUMBER(model_link_mbps(h.model), 0);
	host_close(&h);
}

static void the_laser_matters_to_optics_only(void)
{
	open_link((struct model_config){.module = MODEL_MODULE_LR});
	wr(ESDP, 1u << 11 | 8);
	CU_ASSERT_FALSE(model_link_up(h.model));
	model_set_module(h.model, MODEL_MODULE_DAC);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	host_close(&h);
}

static void a_link_shows_at_the_second_look(void)
{
	open_link((struct model_config){0});
	for (unsigned resets = 0; resets < 3; resets++) {
		CU_ASSERT_TRUE(model_link_up(h.model));
		ASSERT_NUMBER(rd(LINKS) >> 30 & 1, 0); /* it was down since the last look */
		ASSERT_NUMBER(rd(LINKS) >> 30 & 1, 1);
		wr(CTRL, 1u << 26);
		host_wait(&h, 100 * MILLI);
	}
	host_close(&h);
}

static void so_many_tries_are_needed(void)
{
	open_link((struct model_config){.link_tries = 3});
	CU_ASSERT_FALSE(model_link_up(h.model));
	restart(SERIAL_10G);
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model));
	wr(CTRL, 1u << 26); /* a reset of a link that was not up takes no try away, and is none */
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	restart(1u << 13); /* nor is a mode that could not work */
	restart(SERIAL_10G);
	CU_ASSERT_TRUE(model_link_up(h.model));
	model_set_partner(h.model, false);
	model_set_partner(h.model, true);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model)); /* the wire alone does not matter */
	wr(CTRL, 1u << 26);
	host_wait(&h, 100 * MILLI);
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model)); /* a reset of a link that was up does */
	pipeline_reset(10 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model)); /* one try */
	pipeline_reset(10 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	model_set_module(h.model, MODEL_MODULE_LR);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

static void the_nvm_has_a_mode_that_is_not_for_modules(void)
{
	open_link((struct model_config){.nvm_lms = 1});
	ASSERT_NUMBER(rd(AUTOC) >> 13 & 7, 1);
	restart(1u << 13);
	CU_ASSERT_FALSE(model_link_up(h.model));
	restart(SERIAL_10G);
	CU_ASSERT_TRUE(model_link_up(h.model));
	wr(CTRL, 1u << 26);
	host_wait(&h, 100 * MILLI);
	ASSERT_NUMBER(rd(AUTOC) >> 13 & 7, 1);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

static void the_nvm_disables_the_link(void)
{
	open_link((struct model_config){.quirks = MODEL_QUIRK_LINK_DISABLED});
	ASSERT_NUMBER(rd(AUTOC2) >> 28 & 7, 7);
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model));
	wr(AUTOC2, rd(AUTOC2) & ~(1u << 28));
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model)); /* all three bits count */
	wr(AUTOC2, rd(AUTOC2) & ~(7u << 28));
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	wr(CTRL, 1u << 26);
	host_wait(&h, 100 * MILLI);
	ASSERT_NUMBER(rd(AUTOC2) >> 28 & 7, 7);
	host_close(&h);
}

static void a_pipeline_reset_is_needed(void)
{
	open_link((struct model_config){.quirks = MODEL_QUIRK_PIPELINE_RESET});
	restart(SERIAL_10G);
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model));
	wr(AUTOC, (rd(AUTOC) ^ 4u << 13) | AN_RESTART);
	ASSERT_NUMBER(rd(ANLP1) >> 16 & 15, 0);
	host_wait(&h, 10 * MILLI);
	CU_ASSERT_NOT_EQUAL(rd(ANLP1) >> 16 & 15, 0);
	wr(AUTOC, rd(AUTOC) ^ 4u << 13); /* back without a restart */
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	pipeline_reset(100000); /* negotiation is still in its state 0 */
	CU_ASSERT_FALSE(model_link_up(h.model));
	pipeline_reset(10 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	restart(SERIAL_10G);
	CU_ASSERT_TRUE(model_link_up(h.model));
	wr(CTRL, 1u << 26);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model)); /* what it was good for is kept */
	model_set_module(h.model, MODEL_MODULE_LR);
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

static void the_words_for_the_module_are_needed(void)
{
	open_link((struct model_config){.quirks = MODEL_QUIRK_CORE_WORDS, .port = 1});
	restart(SERIAL_10G);
	CU_ASSERT_FALSE(model_link_up(h.model));
	write_core_words(6, 0);
	CU_ASSERT_TRUE(model_link_up(h.model));
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 3);
	wr(SW_FW_SYNC, 8); /* MAC_CSR */
	wr(CTRL, 1u << 26);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model)); /* they are the module's, not the MAC's */
	wr(SW_FW_SYNC, 8);
	model_set_module(h.model, MODEL_MODULE_DAC);
	write_core_words(6, 0);
	CU_ASSERT_FALSE(model_link_up(h.model)); /* those of optics */
	write_core_words(3, 0);
	CU_ASSERT_FALSE(model_link_up(h.model)); /* those of the other port */
	write_core_words(4, 1);
	CU_ASSERT_FALSE(model_link_up(h.model));
	write_core_words(4, 0);
	CU_ASSERT_TRUE(model_link_up(h.model));
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 3);
	model_function_reset(h.model);
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

static void firmware_shares_the_link(void)
{
	open_link((struct model_config){.quirks = MODEL_QUIRK_MANAGEABILITY});
	ASSERT_NUMBER(rd(FWSM) >> 1 & 7, 2); /* pass-through */
	ASSERT_NUMBER(rd(MANC) >> 17 & 1, 1);
	ASSERT_NUMBER(nvm(nvm(nvm(0x0F) + 2) + 1) >> 15, 1); /* link establishment is on */
	ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
	restart(SERIAL_10G);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 1);
	wr(SW_FW_SYNC, 8);
	restart(SERIAL_10G);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 1);
	CU_ASSERT_TRUE(model_link_up(h.model));
	wr(AUTOC, rd(AUTOC) | 1u << 24);
	wr(CTRL, 1u << 26);
	CU_ASSERT_TRUE(model_link_up(h.model)); /* it is firmware's too */
	host_wait(&h, 100 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	ASSERT_NUMBER(rd(AUTOC) >> 24 & 1, 1); /* and so are its settings */
	ASSERT_NUMBER(rd(FWSM) >> 1 & 7, 2);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_LINK_RESET], 0);
	wr(CTRL, 1u << 3); /* LNK_RST */
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_LINK_RESET], 1);
	wr(CTRL, 1u << 3); /* the link is down */
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_LINK_RESET], 1);
	host_close(&h);

	open_link((struct model_config){0});
	ASSERT_NUMBER(nvm(nvm(0x0F) + 2), 0xFFFF);
	model_break(h.model, MODEL_MAC_CSR_KEPT);
	ASSERT_NUMBER(rd(SW_FW_SYNC), 0x100);
	wr(SW_FW_SYNC, 8);
	ASSERT_NUMBER(rd(SW_FW_SYNC), 0x108);
	host_close(&h);
}

static void links_take_as_long_as_on_a_card(void)
{
	host_open_card(&h, &(struct model_config){.quirks = MODEL_QUIRK_SLOW, .time_scale = 10});
	model_set_partner(h.model, true);
	host_wait(&h, 19 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_wait(&h, 2 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	model_set_module(h.model, MODEL_MODULE_LR);
	host_wait(&h, 29 * MILLI);
	i2c_start();
	CU_ASSERT_FALSE(i2c_byte(0xA0)); /* it is awake after 300 ms */
	host_wait(&h, 2 * MILLI);
	i2c_start();
	CU_ASSERT_TRUE(i2c_byte(0xA0));
	host_close(&h);
}

/* ---- X540, X550 ---- */

#define MSCA    0x0425Cu
#define MSRWD   0x04260u
#define AUTONEG 7u
#define VENDOR  30u

static void mdio(unsigned mmd, unsigned at, unsigned cycle)
{
	wr(MSCA, at | mmd << 16 | cycle << 26 | 1u << 30);
	host_wait(&h, 20000);
}

static unsigned phy_get(unsigned mmd, unsigned at)
{
	mdio(mmd, at, 0);
	mdio(mmd, at, 3);
	return rd(MSRWD) >> 16;
}

static void phy_put(unsigned mmd, unsigned at, unsigned value)
{
	wr(MSRWD, value);
	mdio(mmd, at, 0);
	mdio(mmd, at, 1);
}

static void open_copper(struct model_config config)
{
	open_link(config);
	wr(SW_FW_SYNC, 2); /* the PHY's semaphore */
}

static void most_resets_leave_the_phy_as_it_is(void)
{
	for (enum model_card card = MODEL_X540; card <= MODEL_X550; card++) {
		open_copper((struct model_config){.card = card});
		phy_put(AUTONEG, 32, 0);                        /* no 10 Gbit/s any more */
		ASSERT_NUMBER(model_link_mbps(h.model), 10000); /* until it negotiates again */
		phy_put(AUTONEG, 0xC400, 1u << 15);
		phy_put(AUTONEG, 0, 0x3200);
		host_wait(&h, 100 * MILLI);
		ASSERT_NUMBER(model_link_mbps(h.model), 1000);
		wr(CTRL, 1u << 26);
		CU_ASSERT_FALSE(model_link_up(h.model)); /* the MAC is reset ... */
		host_wait(&h, MILLI);
		ASSERT_NUMBER(model_link_mbps(h.model), 1000); /* ... and finds the PHY's link */
		model_function_reset(h.model);
		host_wait(&h, MILLI);
		ASSERT_NUMBER(model_link_mbps(h.model), 1000);
		wr(CTRL, 1u << 3);
		host_wait(&h, MILLI);
		CU_ASSERT_FALSE(model_link_up(h.model)); /* it negotiates, with what the NVM says */
		host_wait(&h, 100 * MILLI);
		ASSERT_NUMBER(model_link_mbps(h.model), 10000);
		host_close(&h);
	}
}

static void a_phy_that_sleeps_has_to_be_woken_and_told_to_negotiate(void)
{
	for (enum model_card card = MODEL_X540; card <= MODEL_X550; card++) {
		open_copper((struct model_config){.card = card, .quirks = MODEL_QUIRK_PHY_LOW_POWER});
		CU_ASSERT_FALSE(model_link_up(h.model));
		ASSERT_NUMBER(phy_get(VENDOR, 0) >> 11 & 1, 1);
		phy_put(AUTONEG, 0, 0x3200);
		host_wait(&h, 100 * MILLI);
		CU_ASSERT_FALSE(model_link_up(h.model));
		phy_put(VENDOR, 0, 0);
		host_wait(&h, 100 * MILLI);
		CU_ASSERT_FALSE(model_link_up(h.model));
		model_set_partner(h.model, false);
		model_set_partner(h.model, true);
		host_wait(&h, 100 * MILLI);
		CU_ASSERT_FALSE(model_link_up(h.model));
		phy_put(AUTONEG, 0, 0x3200);
		host_wait(&h, 100 * MILLI);
		ASSERT_NUMBER(model_link_mbps(h.model), 10000);
		phy_put(VENDOR, 0, 1u << 11); /* as Linux and DPDK do when they close a port */
		CU_ASSERT_FALSE(model_link_up(h.model));
		wr(CTRL, 1u << 26);
		model_function_reset(h.model);
		host_wait(&h, 100 * MILLI);
		CU_ASSERT_FALSE(model_link_up(h.model));
		ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_MDIO], 0);
		host_close(&h);
	}
}

static void it_settles_on_the_best_that_both_can(void)
{
	static const struct {
		uint32_t partner;
		unsigned mbps, base, ten, vendor;
	} cases[] = {
		{MODEL_SPEED_100M, 100, 0x0D01, 0, 0},
		{MODEL_SPEED_100M | MODEL_SPEED_1G, 1000, 0x0D01, 0, 0x8000},
		{MODEL_SPEED_1G | MODEL_SPEED_2_5G, 2500, 0x0C01, 0x20, 0x8000},
		{MODEL_SPEED_2_5G | MODEL_SPEED_5G, 5000, 0x0C01, 0x60, 0},
		{0, 10000, 0x0D01, 0x860, 0x8000},
	};

	open_copper((struct model_config){.card = MODEL_X550});
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model_set_partner_speeds(h.model, cases[i].partner);
		CU_ASSERT_FALSE(model_link_up(h.model));
		ASSERT_NUMBER(phy_get(AUTONEG, 33), 0);
		host_wait(&h, 100 * MILLI);
		ASSERT_NUMBER(phy_get(AUTONEG, 1) & 0x24, 0x20); /* the loss of the link shows once ... */
		ASSERT_NUMBER(phy_get(AUTONEG, 1) & 0x24, 0x24);
		ASSERT_NUMBER(phy_get(1, 1) & 4, 0); /* ... in each part of the PHY */
		ASSERT_NUMBER(phy_get(1, 1) & 4, 4);
		ASSERT_NUMBER(model_link_mbps(h.model), cases[i].mbps);
		ASSERT_NUMBER(phy_get(AUTONEG, 19), cases[i].base);
		ASSERT_NUMBER(phy_get(AUTONEG, 33), cases[i].ten);
		ASSERT_NUMBER(phy_get(AUTONEG, 0xE820), cases[i].vendor);
	}
	host_close(&h);
	open_copper((struct model_config){.card = MODEL_X540, .partner_speeds = MODEL_SPEED_2_5G});
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

static void negotiation_takes_seconds(void)
{
	host_open_card(&h, &(struct model_config){.card = MODEL_X540, .quirks = MODEL_QUIRK_SLOW});
	model_set_partner(h.model, true);
	host_wait(&h, 2900 * MILLI);
	CU_ASSERT_FALSE(model_link_up(h.model));
	wr(CTRL, 1u << 26); /* does not disturb it */
	host_wait(&h, 200 * MILLI);
	CU_ASSERT_TRUE(model_link_up(h.model));
	wr(SW_FW_SYNC, 2);
	phy_put(AUTONEG, 0, 0x8000); /* in reset it says nothing */
	ASSERT_NUMBER(phy_get(AUTONEG, 1), 0xFFFF);
	host_wait(&h, 2000 * MILLI);
	CU_ASSERT_NOT_EQUAL(phy_get(AUTONEG, 1), 0xFFFF);
	for (unsigned seconds = 2; seconds <= 5; seconds += 3) {
		phy_put(AUTONEG, 0, 0x3200);
		host_wait(&h, (seconds * 1000 - 100) * MILLI);
		CU_ASSERT_FALSE(model_link_up(h.model));
		host_wait(&h, 200 * MILLI);
		CU_ASSERT_TRUE(model_link_up(h.model));
	}
	host_close(&h);
}

static void a_broken_phy(void)
{
	open_copper((struct model_config){.card = MODEL_X540});
	model_break(h.model, MODEL_MDIO_STUCK);
	phy_get(AUTONEG, 1);
	host_wait(&h, 100 * MILLI);
	ASSERT_NUMBER(rd(MSCA) >> 30 & 1, 1);
	model_break(h.model, 0);
	host_wait(&h, 100 * MILLI);
	ASSERT_NUMBER(rd(MSCA) >> 30 & 1, 0);
	CU_ASSERT_TRUE(model_link_up(h.model));
	model_break(h.model, MODEL_PHY_SILENT);
	ASSERT_NUMBER(phy_get(1, 2), 0xFFFF);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);
}

int main(void)
{
	CU_TestInfo modules[] = {
		{"modules tell what they are", modules_tell_what_they_are},
		{"the NVM tells of vendors and crosstalk", the_nvm_tells_of_vendors_and_crosstalk},
		{"bad modules are bad", bad_modules_are_bad},
		{"an empty cage has no link", an_empty_cage_has_no_link},
		{"a module that comes interrupts", a_module_that_comes_interrupts},
		{"speeds of mode, module and partner must agree", speeds_of_mode_module_and_partner_must_agree},
		{"a pin selects the rate of two", a_pin_selects_the_rate_of_two},
		{"the laser matters to optics only", the_laser_matters_to_optics_only},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo stubborn[] = {
		{"a link shows at the second look", a_link_shows_at_the_second_look},
		{"so many tries are needed", so_many_tries_are_needed},
		{"the NVM has a mode that is not for modules", the_nvm_has_a_mode_that_is_not_for_modules},
		{"the NVM disables the link", the_nvm_disables_the_link},
		{"a pipeline reset is needed", a_pipeline_reset_is_needed},
		{"the words for the module are needed", the_words_for_the_module_are_needed},
		{"firmware shares the link", firmware_shares_the_link},
		{"links take as long as on a card", links_take_as_long_as_on_a_card},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo copper[] = {
		{"most resets leave the PHY as it is", most_resets_leave_the_phy_as_it_is},
		{"a PHY that sleeps has to be woken and told to negotiate",
			a_phy_that_sleeps_has_to_be_woken_and_told_to_negotiate},
		{"it settles on the best that both can", it_settles_on_the_best_that_both_can},
		{"negotiation takes seconds", negotiation_takes_seconds},
		{"a broken PHY", a_broken_phy},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model, modules", .pTests = modules},
		{.pName = "model, stubborn links", .pTests = stubborn}, {.pName = "model, PHY", .pTests = copper},
		CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
