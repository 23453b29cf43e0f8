/* SPDX-License-Identifier: BSD-2-Clause
 * What X540 and X550 have that the 82599 has not, register by register, as other drivers use it: their PHY behind MDIO,
 * their semaphores, the X550's firmware; and our driver's view of their speeds. */
#include "../../driver/driver.h"
#include "../model/local.h"

#include "unit.h"
#include "unit_model_host.h"

#include <CUnit/CUnit.h>
#include <string.h>

#define SWSM       0x10140u
#define SW_FW_SYNC 0x10160u
#define REGSMP     (1u << 31)
#define EEP        1u
#define PHY0       2u
#define PHY1       4u
#define MNG        0x400u
#define MSCA       0x0425Cu
#define MSRWD      0x04260u
#define LINKS      0x042A4u
#define HICR       0x15F00u
#define FLEX_MNG   0x15800u
#define PMA        1u
#define AUTONEG    7u

static struct host h;

static void open_card(enum model_card card, unsigned port)
{
	host_open_card(&h, &(struct model_config){.card = card, .port = port});
}

static uint32_t get(uint32_t offset)
{
	return model_read32(h.model, offset);
}

static void put(uint32_t offset, uint32_t value)
{
	model_write32(h.model, offset, value);
}

static void take(uint32_t resource)
{
	ASSERT_NUMBER(get(SWSM) & 1, 0);
	ASSERT_NUMBER(get(SW_FW_SYNC) >> 31, 0);
	put(SW_FW_SYNC, get(SW_FW_SYNC) | resource);
	put(SW_FW_SYNC, get(SW_FW_SYNC) & ~REGSMP);
	put(SWSM, 0);
}

static void mdio(unsigned address, unsigned mmd, unsigned at, unsigned cycle)
{
	put(MSCA, at | mmd << 16 | address << 21 | cycle << 26 | 1u << 30);
	CU_ASSERT_TRUE(get(MSCA) >> 30 & 1);
	host_wait(&h, 20000);
	CU_ASSERT_FALSE(get(MSCA) >> 30 & 1);
}

static unsigned phy_get(unsigned address, unsigned mmd, unsigned at)
{
	mdio(address, mmd, at, 0);
	mdio(address, mmd, at, 3);
	return get(MSRWD) >> 16;
}

static void phy_put(unsigned mmd, unsigned at, unsigned value)
{
	put(MSRWD, value);
	mdio(0, mmd, at, 0);
	mdio(0, mmd, at, 1);
}

static void the_phy_is_found_where_it_is(void)
{
	for (unsigned port = 0; port < 2; port++) {
		open_card(MODEL_X540, port);
		take(port ? PHY1 : PHY0);
		for (unsigned address = 0; address < 32; address++) {
			ASSERT_NUMBER(phy_get(address, PMA, 2), address == port ? 0x0154 : 0xFFFF);
			ASSERT_NUMBER(phy_get(address, PMA, 8) >> 14, address == port ? 2 : 3);
		}
		ASSERT_NUMBER(phy_get(port, PMA, 3) & 0xFFF0, 0x0200);
		ASSERT_NUMBER(phy_get(port, 2, 2), 0xFFFF); /* no such MMD */
		ASSERT_NUMBER(phy_get(port, PMA, 0x1234), 0);
		ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
		host_close(&h);
	}
	open_card(MODEL_X550, 0);
	take(PHY0);
	ASSERT_NUMBER(phy_get(0, PMA, 3) & 0xFFF0, 0x0220);
	host_close(&h);
}

static void the_phy_links_by_itself_at_the_best_that_is_advertised(void)
{
	static const struct {
		unsigned ten, provision, hundred, x540, x550;
		uint32_t links; /* of the X550 */
	} cases[] = {
		{0x1000, 0x8C00, 0x100, 10000, 10000, 3u << 28},
		{0, 0x8C00, 0x100, 1000, 5000, 1u << 28 | 1u << 27},
		{0, 0x8400, 0x100, 1000, 2500, 3u << 28 | 1u << 27},
		{0, 0x8000, 0x100, 1000, 1000, 2u << 28},
		{0, 0, 0x100, 100, 100, 1u << 28},
		{0, 0, 0, 0, 0, 0},
	};
	for (enum model_card card = MODEL_X540; card <= MODEL_X550; card++) {
		open_card(card, 0);
		model_set_partner(h.model, true);
		host_wait(&h, 100000000);
		ASSERT_NUMBER(model_link_mbps(h.model), 10000);
		take(PHY0);
		for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			phy_put(AUTONEG, 32, cases[i].ten);
			phy_put(AUTONEG, 0xC400, cases[i].provision);
			phy_put(AUTONEG, 16, cases[i].hundred);
			phy_put(AUTONEG, 0, 0x3200); /* restart */
			CU_ASSERT_FALSE(model_link_up(h.model));
			host_wait(&h, 100000000);
			ASSERT_NUMBER(model_link_mbps(h.model), card == MODEL_X540 ? cases[i].x540 : cases[i].x550);
			get(LINKS); /* tells of the link that was down meanwhile */
			if (card == MODEL_X550)
				ASSERT_NUMBER(get(LINKS), cases[i].x550 ? cases[i].links | 1u << 30 : 0);
		}
		/* what it was told goes with a reset of the PHY, and sleep ends the link */
		phy_put(AUTONEG, 0, 0x8000);
		host_wait(&h, 100000000);
		ASSERT_NUMBER(model_link_mbps(h.model), 10000);
		phy_put(30, 0, 1u << 11);
		ASSERT_NUMBER(model_link_mbps(h.model), 0);
		put(0x04330, 1); /* MACC.FLU */
		host_wait(&h, 100000000);
		ASSERT_NUMBER(model_link_mbps(h.model), 10000);
		ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
		host_close(&h);
	}
}

static void semaphores_are_taken_by_reading(void)
{
	open_card(MODEL_X540, 0);
	ASSERT_NUMBER(get(SWSM), 0);
	ASSERT_NUMBER(get(SWSM), 1);
	put(SWSM, 2); /* SWESMBI is the 82599's */
	ASSERT_NUMBER(get(SWSM), 0);
	put(SWSM, 0);
	ASSERT_NUMBER(get(SW_FW_SYNC), 0);
	ASSERT_NUMBER(get(SW_FW_SYNC), REGSMP);
	put(SW_FW_SYNC, PHY0);
	/* a reset of the port neither takes the semaphore away nor keeps others from it */
	put(0, 1u << 26);
	ASSERT_NUMBER(get(SW_FW_SYNC), PHY0);
	put(SW_FW_SYNC, 0);
	host_wait(&h, 100000000);
	ASSERT_NUMBER(get(SW_FW_SYNC), 0);
	ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
	host_close(&h);
}

static void who_holds_no_semaphore_is_counted(void)
{
	open_card(MODEL_X540, 0);
	put(0x10014, 1); /* EERD */
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 1);
	put(MSCA, 1u << 30);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 2);
	put(MSCA, 1u << 30); /* and too soon */
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_MDIO], 1);
	put(0x02F00, 2);
	put(0x03000, 1); /* RXEN with RXPBSIZE as it comes up */
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_PACKET_BUFFER], 1);
	host_close(&h);
	open_card(MODEL_X550, 0);
	put(HICR, 2);
	ASSERT_NUMBER(model_faults(h.model)->order[MODEL_ORDER_SEMAPHORE], 1);
	host_close(&h);
}

/* What the 82599 has for its cage, and the others have not. */
static void registers_of_the_cage_are_not_there(void)
{
	static const uint32_t gone[] = {0x042A0, 0x042A8, 0x042B0, 0x042B4};
	for (enum model_card card = MODEL_X540; card <= MODEL_X550; card++) {
		open_card(card, 0);
		for (unsigned i = 0; i < 4; i++) {
			put(gone[i], 0xFFFFFFFF);
			ASSERT_NUMBER(get(gone[i]), 0);
		}
		ASSERT_NUMBER(model_faults(h.model)->bad_register, 8);
		host_close(&h);
	}
	open_card(MODEL_X550, 0);
	ASSERT_NUMBER(get(0x10014), 0); /* EERD: the NVM is the firmware's */
	ASSERT_NUMBER(model_faults(h.model)->bad_register, 1);
	host_close(&h);
}

static void receive_rings_are_as_long_as_the_card_takes(void)
{
	static const struct {
		enum model_card card;
		uint32_t descriptors;
		bool good;
	} cases[] = {{MODEL_X540, 8192, true}, {MODEL_X540, 8200, false}, {MODEL_X550, 32768, true},
		{MODEL_X550, 32776, false}};
	for (unsigned i = 0; i < 4; i++) {
		open_card(cases[i].card, 0);
		put(0x01000, (uint32_t)HOST_IOVA);
		put(0x01008, cases[i].descriptors * 16);
		put(0x01014, 1u << 25 | 2);
		put(0x01028, 1u << 25);
		host_wait(&h, 10000);
		ASSERT_NUMBER(model_faults(h.model)->bad_ring == 0, cases[i].good);
		host_close(&h);
	}
}

/* ---- The X550's firmware ---- */

/** Sends a command. @return its status. */
static unsigned command(const uint32_t *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		put(FLEX_MNG + 4 * i, words[i]);
	ASSERT_NUMBER(get(HICR) & 1, 1);
	put(HICR, get(HICR) | 2);
	ASSERT_NUMBER(get(HICR) & 6, 2);
	host_wait(&h, 1000000);
	ASSERT_NUMBER(get(HICR) & 6, 4);
	return get(FLEX_MNG) >> 16 & 0xFF;
}

static unsigned read_nvm(uint32_t word, uint32_t words)
{
	return command(
		(uint32_t[]){0xFF000631, __builtin_bswap32(word * 2), __builtin_bswap16((uint16_t)(words * 2)), 0}, 4);
}

static void the_nvm_is_read_through_the_firmware(void)
{
	uint16_t sum = 0, stored;
	uint32_t words[33];

	open_card(MODEL_X550, 1);
	take(MNG);
	ASSERT_NUMBER(read_nvm(0x3F, 1), 1);
	stored = (uint16_t)get(FLEX_MNG + 12);
	ASSERT_NUMBER(get(FLEX_MNG + 12) >> 16, 0);
	/* all of the first 0x42 words at once, and the module that word 10 points to */
	ASSERT_NUMBER(read_nvm(0, 0x42), 1);
	for (unsigned i = 0; i < 33; i++)
		words[i] = get(FLEX_MNG + 12 + 4 * i);
	for (unsigned i = 0; i < 33; i++)
		sum = (uint16_t)(sum + (words[i] & 0xFFFF) + (words[i] >> 16));
	sum = (uint16_t)(sum - stored);
	unsigned core = words[5] & 0xFFFF;
	ASSERT_NUMBER(read_nvm(core, 4), 1);
	unsigned low = get(FLEX_MNG + 12), high = get(FLEX_MNG + 16);
	ASSERT_NUMBER(low & 0xFFFF, 3);
	sum = (uint16_t)(sum + (low >> 16) + (high & 0xFFFF) + (high >> 16));
	ASSERT_NUMBER((uint16_t)(sum + stored), 0xBABA);
	/* the address in it is the one in RAL and RAH */
	ASSERT_NUMBER(get(0x0A200), low >> 16 | high << 16);
	ASSERT_NUMBER(get(0x0A204) & 0xFFFF, high >> 16);

	CU_ASSERT_NOT_EQUAL(read_nvm(1024, 1), 1);
	CU_ASSERT_NOT_EQUAL(read_nvm(1023, 2), 1);
	ASSERT_NUMBER(read_nvm(1023, 1), 1);
	CU_ASSERT_NOT_EQUAL(read_nvm(0, 513), 1);
	CU_ASSERT_NOT_EQUAL(read_nvm(0x40000000, 1), 1);
	CU_ASSERT_NOT_EQUAL(command((uint32_t[]){0xFF000631, 0xFFFFFFFF, 0xFFFF, 0}, 4), 1);
	ASSERT_NUMBER(model_faults(h.model)->bad_order, 0);
	host_close(&h);
}

static void the_firmware_checks_what_it_is_told(void)
{
	open_card(MODEL_X550, 0);
	take(MNG);
	put(0x03C00, 384 << 10);
	put(0x02F00, 2);
	put(0x03000, 1);
	CU_ASSERT_NOT_EQUAL(command((uint32_t[]){0xFF0001DE, 1}, 2), 1); /* another port's receiver */
	ASSERT_NUMBER(get(0x03000), 1);
	ASSERT_NUMBER(command((uint32_t[]){0xFF0001DE, 0}, 2), 1);
	ASSERT_NUMBER(get(0x03000), 0);
	/* driver information: 0xDD, 5 bytes, and a checksum that makes the sum 0 */
	uint32_t right = 0x100u - (0xDD + 5 + 1 + 2 + 3 + 4);
	ASSERT_NUMBER(command((uint32_t[]){(right & 0xFF) << 24 | 0x0005DD, 0x04030201, 0}, 3), 1);
	CU_ASSERT_NOT_EQUAL(command((uint32_t[]){((right + 1) & 0xFF) << 24 | 0x0005DD, 0x04030201, 0}, 3), 1);
	CU_ASSERT_NOT_EQUAL(command((uint32_t[]){0xFF000077}, 1), 1); /* no such command */
	host_close(&h);
}

/* ---- Receive ---- */

static void table(uint32_t retas, uint32_t eretas)
{
	for (unsigned i = 0; i < 32; i++)
		put(0x0EB00 + 4 * i, retas);
	for (unsigned i = 0; i < 96; i++)
		put(0x0EE80 + 4 * i, eretas);
}

static bool flow_arrives(unsigned number)
{
	/* IPv4, UDP, ports by number */
	uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0,
		2, 1, 192, 0, 2, 2};
	frame[34] = (uint8_t)(number * 7);
	frame[35] = (uint8_t)number;
	return host_arrive(&h, frame, sizeof(frame));
}

static void rss_spreads_over_512_entries_of_six_bits(void)
{
	enum { FLOWS = 200 };
	uint32_t hash[FLOWS];
	unsigned at = 0, wrong = 0;

	open_card(MODEL_X550, 0);
	model_set_partner(h.model, true);
	host_wait(&h, 100000000);
	put(0x03C00, 384 << 10);
	put(0x02F00, 2);
	for (unsigned i = 0; i < 10; i++)
		put(0x0EB80 + 4 * i, 0x6d5a56da + 0x01234567 * i);
	put(0x05000, 1u << 13);                /* the hash into the descriptor */
	put(0x0EC80, 1 | 1u << 17 | 1u << 22); /* MRQC */
	table(0x01010101, 0x01010101);
	host_receive_queue(&h, 1, 512);
	for (unsigned i = 0; i < FLOWS; i++) {
		CU_ASSERT_TRUE_FATAL(flow_arrives(i));
		hash[i] = (uint32_t)(host_rx_ring(&h)[at++].q0 >> 32);
	}
	/* Queue 33 drops all; it is queue 1 to who looks at four bits only, or at 128 entries. */
	table(0x01010101, 0x21212121);
	put(0x01014 + 0x40 * 33, 1u << 28 | 1u << 25 | 2);
	for (unsigned i = 0; i < FLOWS; i++) {
		CU_ASSERT_TRUE_FATAL(flow_arrives(i));
		bool came = host_rx_ring(&h)[at].q1 & 1;
		wrong += came != ((hash[i] & 511) < 128);
		at += came;
	}
	ASSERT_NUMBER(wrong, 0);
	CU_ASSERT_TRUE(at > FLOWS && at < 2 * FLOWS);
	host_close(&h);
}

/* ---- Our driver ---- */

static void our_driver_tells_the_speeds(void)
{
	for (enum model_card card = MODEL_X540; card <= MODEL_X550; card++) {
		struct model_local_config config = {.model.card = card};
		struct vfio_device *device;
		struct dma_space *space;
		struct nic_link link = {0};
		struct nic_info info;
		struct nic *nic;
		CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
		CU_ASSERT_EQUAL_FATAL(model_local_open(&device, space, &config), 0);
		h.model = model_local_model(device);
		CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, device), 0);
		nic_get_info(nic, &info);
		ASSERT_NUMBER(info.device_id, card == MODEL_X540 ? 0x1528 : 0x1563);
		ASSERT_NUMBER(info.mac[0], 2);
		CU_ASSERT_EQUAL_FATAL(nic_start(nic, &(struct nic_config){.rx_ring = 64, .tx_ring = 64}), 0);
		model_set_partner(h.model, true);
		model_local_advance(device, 100000000);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
		ASSERT_NUMBER(link.mbps, 10000);
		ASSERT_NUMBER(model_faults(h.model)->bad_order + model_faults(h.model)->bad_register, 0);
		nic_close(nic);
		dma_space_unref(space);
	}
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"the PHY is found where it is", the_phy_is_found_where_it_is},
		{"the PHY links by itself, at the best that is advertised",
			the_phy_links_by_itself_at_the_best_that_is_advertised},
		{"semaphores are taken by reading", semaphores_are_taken_by_reading},
		{"who holds no semaphore is counted", who_holds_no_semaphore_is_counted},
		{"receive rings are as long as the card takes", receive_rings_are_as_long_as_the_card_takes},
		{"registers of the cage are not there", registers_of_the_cage_are_not_there},
		{"the NVM is read through the firmware", the_nvm_is_read_through_the_firmware},
		{"the firmware checks what it is told", the_firmware_checks_what_it_is_told},
		{"RSS spreads over 512 entries of six bits", rss_spreads_over_512_entries_of_six_bits},
		{"our driver tells the speeds", our_driver_tells_the_speeds},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "X540 and X550", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
