/* SPDX-License-Identifier: BSD-2-Clause
 * Behaviour of the software 82599's registers, configuration space, EEPROM, SFP+ module and link. */
#include "model_scene.c"

static uint32_t config(unsigned at, unsigned bytes)
{
	uint32_t value = 0;

	CU_ASSERT_EQUAL(model_region_read(h.model, 7, at, &value, bytes), 0);
	return value;
}

static void config_write(unsigned at, uint32_t value, unsigned bytes)
{
	CU_ASSERT_EQUAL(model_region_write(h.model, 7, at, &value, bytes), 0);
}

static void identity_and_capabilities_are_the_real_ones(void)
{
	host_open(&h);
	CU_ASSERT_EQUAL(config(0, 4), 0x10FB8086);
	CU_ASSERT_EQUAL(config(9, 1) | config(10, 2) << 8, 0x020000);
	unsigned at = config(0x34, 1), found = 0;
	while (at) {
		found |= config(at, 1) == 0x01 && at == 0x40 ? 1 : 0;
		found |= config(at, 1) == 0x05 && at == 0x50 ? 2 : 0;
		found |= config(at, 1) == 0x11 && at == 0x70 ? 4 : 0;
		found |= config(at, 1) == 0x10 && at == 0xA0 ? 8 : 0;
		at = config(at + 1, 1);
	}
	CU_ASSERT_EQUAL(found, 15);
	CU_ASSERT_EQUAL(config(0x72, 2) & 0x7FF, 63);
	CU_ASSERT_EQUAL(config(0x74, 4), 4);
	CU_ASSERT_EQUAL(config(0x78, 4), 0x2004);
	CU_ASSERT_EQUAL(model_region_bytes(0), 0x20000);
	CU_ASSERT_EQUAL(model_region_bytes(4), 0x4000);
	CU_ASSERT_EQUAL(model_region_bytes(7), 0x1000);
	CU_ASSERT_EQUAL(model_region_bytes(1), 0);
	host_close(&h);
}

static void bars_can_be_sized_and_identity_not_written(void)
{
	host_open(&h);
	config_write(0x10, 0xFFFFFFFF, 4);
	config_write(0x14, 0xFFFFFFFF, 4);
	config_write(0x20, 0xFFFFFFFF, 4);
	CU_ASSERT_EQUAL(config(0x10, 4), 0xFFFE0004);
	CU_ASSERT_EQUAL(config(0x14, 4), 0xFFFFFFFF);
	CU_ASSERT_EQUAL(config(0x20, 4), 0xFFFFC004);
	config_write(0, 0, 4);
	config_write(0x70, 0, 4);
	CU_ASSERT_EQUAL(config(0, 4), 0x10FB8086);
	CU_ASSERT_EQUAL(config(0x70, 1), 0x11);
	model_break(h.model, MODEL_BUS_MASTER_STUCK);
	config_write(4, 0, 2);
	config_write(4, 6, 2);
	CU_ASSERT_EQUAL(config(4, 2), 2);
	host_close(&h);
}

static void wrong_accesses_are_counted_and_harmless(void)
{
	host_open(&h);
	uint8_t data[8] = {0};
	uint64_t before = model_faults(h.model)->bad_register;

	CU_ASSERT_EQUAL(rd(0x20000), 0xFFFFFFFF);
	CU_ASSERT_EQUAL(rd(0x2), 0xFFFFFFFF);
	CU_ASSERT_EQUAL(rd(0xFFFFFFFC), 0xFFFFFFFF);
	wr(0x1FFFFFF0, 1);
	wr(0x1, 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_register - before, 5);
	CU_ASSERT(model_region_read(h.model, 0, 0, data, 2) < 0);
	CU_ASSERT(model_region_read(h.model, 0, 0x1FFFC, data, 8) < 0);
	CU_ASSERT(model_region_read(h.model, 7, UINT64_MAX, data, 1) < 0);
	CU_ASSERT(model_region_write(h.model, 4, 0x3FFF, data, 8) < 0);
	CU_ASSERT(model_region_write(h.model, 9, 0, data, 1) < 0);
	for (uint32_t at = 0; at < 0x20000; at += 4) {
		wr(at, 0xFFFFFFFF & ~(at == 0 || at == 4 ? 1u << 26 : 0));
		rd(at);
	}
	host_close(&h);
}

static void reset_clears_itself_and_ends_after_a_millisecond(void)
{
	host_open(&h);
	wr(0x05080, 0x400);
	uint64_t before = model_faults(h.model)->bad_order;
	wr(0, 1u << 26);
	CU_ASSERT(rd(0) & 1u << 26);
	host_wait(&h, 10 * 1000);
	CU_ASSERT_EQUAL(rd(0) & 1u << 26, 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 0);
	rd(8); /* any other register has to wait */
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_RESET], 1);
	host_wait(&h, 1100 * 1000);
	CU_ASSERT_EQUAL(rd(0x05080), 0);
	CU_ASSERT_EQUAL(rd(0x10010) & 1u << 9, 0);
	CU_ASSERT_EQUAL(rd(0x02F00) & 1u << 3, 0);
	host_wait(&h, 3000 * 1000);
	CU_ASSERT_EQUAL(rd(0x10010) >> 8 & 3, 3);
	CU_ASSERT(rd(0x02F00) & 1u << 3);
	CU_ASSERT_EQUAL(rd(0x0A200), 0x9e598202);
	CU_ASSERT_EQUAL(rd(0x0A204), 0x80000000);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 1);
	host_close(&h);
}

static void breakages_stick_until_they_are_cleared(void)
{
	host_open(&h);
	model_break(h.model,
		MODEL_RESET_STUCK | MODEL_EEPROM_STUCK | MODEL_DMA_INIT_STUCK | MODEL_MASTER_STUCK | MODEL_SECRX_STUCK);
	wr(0, 1u << 26);
	host_wait(&h, 100 * 1000 * 1000);
	CU_ASSERT(rd(0) & 1u << 26);
	CU_ASSERT_EQUAL(rd(0x10010) & 1u << 9, 0);
	CU_ASSERT_EQUAL(rd(0x02F00) & 1u << 3, 0);
	model_break(h.model, MODEL_MASTER_STUCK | MODEL_SECRX_STUCK);
	host_wait(&h, 1);
	CU_ASSERT_EQUAL(rd(0) & 1u << 26, 0);
	CU_ASSERT(rd(0x10010) & 1u << 9);
	wr(0, 4);
	wr(0x08D00, 2);
	CU_ASSERT(rd(8) & 1u << 19);
	CU_ASSERT_EQUAL(rd(0x08D04) & 1, 0);
	model_break(h.model, 0);
	CU_ASSERT_EQUAL(rd(8) & 1u << 19, 0);
	CU_ASSERT_EQUAL(rd(0x08D04) & 1, 1);
	wr(0, 0);
	CU_ASSERT(rd(8) & 1u << 19);
	model_break(h.model, MODEL_GONE);
	CU_ASSERT_EQUAL(rd(8), 0xFFFFFFFF);
	CU_ASSERT_EQUAL(config(0, 4), 0xFFFFFFFF);
	model_break(h.model, MODEL_BAD_MAC | MODEL_EEPROM_ABSENT);
	wr(0, 1u << 26);
	host_wait(&h, 100 * 1000 * 1000);
	CU_ASSERT_EQUAL(rd(0x0A200) & 1, 1);
	CU_ASSERT_EQUAL(rd(0x10010) & 1u << 8, 0);
	host_close(&h);
}

static void masks_and_access_modes_hold(void)
{
	static const struct {
		uint32_t at, mask;
	} masks[] = {{0x03220, 0x8007FFF0}, {0x03260, 0x8007FFF0}, {0x03008, 0xFFFFFFFF}, {0x01000, 0xFFFFFF80},
		{0x01008, 0x000FFF80}, {0x06000, 0xFFFFFF80}, {0x06008, 0x000FFF80}, {0x03200, 0xFFFFFFFF},
		{0x0A204, 0x8000FFFF}, {0x05404, 0x8000FFFF}, {0x05200, 0xFFFFFFFF}, {0x053FC, 0xFFFFFFFF},
		{0x0A1FC, 0xFFFFFFFF}};
	static const uint32_t patterns[] = {0x5A5A5A5A, 0xA5A5A5A5, 0, 0xFFFFFFFF};

	host_open(&h);
	for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		for (unsigned p = 0; p < 4; p++) {
			wr(masks[i].at, patterns[p]);
			CU_ASSERT_EQUAL(rd(masks[i].at), patterns[p] & masks[i].mask);
		}
	uint32_t status = rd(8);
	wr(8, ~status);
	CU_ASSERT_EQUAL(rd(8), status);
	wr(0x042A0, rd(0x042A0) | 1u << 12);
	CU_ASSERT_EQUAL(rd(0x042A0) & 1u << 12, 0);
	wr(0x0425C, 1u << 30);
	CU_ASSERT_EQUAL(rd(0x0425C), 0);
	host_close(&h);
}

static void second_addresses_reach_the_same_registers(void)
{
	static const struct {
		uint32_t alias, real, value;
	} pairs[] = {{0x02100 + 4 * 5, 0x01014 + 0x40 * 5, 0x12000402},
		{0x02200 + 4 * 15, 0x0100C + 0x40 * 15, 0x0000E200}, {0x05400 + 8 * 15, 0x0A200 + 8 * 15, 0x12345678},
		{0x05404 + 8 * 3, 0x0A204 + 8 * 3, 0x80004321}, {0x05818, 0x0EC80, 0x00030001},
		{0x05C00 + 4 * 31, 0x0EB00 + 4 * 31, 0x01020304}, {0x05C80 + 4 * 9, 0x0EB80 + 4 * 9, 0xCAFEBABE},
		{0x05480 + 4 * 2, 0x0EA00 + 4 * 2, 0x20000000}};

	host_open(&h);
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		wr(pairs[i].alias, pairs[i].value);
		CU_ASSERT_EQUAL(rd(pairs[i].real), pairs[i].value);
		wr(pairs[i].real, 0);
		CU_ASSERT_EQUAL(rd(pairs[i].alias), rd(pairs[i].real));
	}
	wr(4, 4);
	CU_ASSERT_EQUAL(rd(0), 4);
	host_close(&h);
}

static void eeprom_reads_take_time_and_add_up(void)
{
	uint16_t sum = 0;

	host_open(&h);
	for (uint32_t i = 0; i < 0x40; i++) {
		wr(0x10014, i << 2 | 1);
		CU_ASSERT_EQUAL(rd(0x10014) & 2, 0);
		host_wait(&h, 20 * 1000);
		CU_ASSERT_EQUAL(rd(0x10014) & 2, 2);
		sum = (uint16_t)(sum + (rd(0x10014) >> 16));
	}
	CU_ASSERT_EQUAL(sum, 0xBABA);
	wr(0x10014, 0x2C << 2 | 1);
	host_wait(&h, 20 * 1000);
	CU_ASSERT_EQUAL(rd(0x10014) >> 16, 0x81);
	host_close(&h);
}

static void reading_the_semaphore_takes_it(void)
{
	host_open(&h);
	CU_ASSERT_EQUAL(rd(0x10140) & 1, 0);
	CU_ASSERT_EQUAL(rd(0x10140) & 1, 1);
	wr(0x10140, 3);
	CU_ASSERT_EQUAL(rd(0x10140) & 2, 2);
	wr(0x10140, 0);
	CU_ASSERT_EQUAL(rd(0x10140) & 3, 0);
	wr(0x10160, 1);
	CU_ASSERT_EQUAL(rd(0x10160), 1);
	host_close(&h);
}

static void the_sfp_module_identifies_itself(void)
{
	unsigned sum = 0;

	host_open(&h);
	CU_ASSERT_EQUAL(rd(0x20) & 4, 4);
	CU_ASSERT_EQUAL(i2c_read(0), 3);
	CU_ASSERT_EQUAL(i2c_read(3), 0x10);
	CU_ASSERT_EQUAL(i2c_read(20), 'P');
	for (uint8_t i = 0; i < 63; i++)
		sum += i2c_read(i);
	CU_ASSERT_EQUAL(i2c_read(63), sum & 0xFF);
	i2c_start();
	CU_ASSERT_FALSE(i2c_byte(0xA4));
	host_close(&h);
}

static void the_link_comes_up_when_all_that_it_needs_is_there(void)
{
	host_open(&h);
	CU_ASSERT_EQUAL(rd(0x042A4) & 1u << 30, 0);
	model_set_partner(h.model, true);
	/* 10 Gbit/s serial negotiates nothing, and comes up without AN_RESTART. */
	host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT(model_link_up(h.model));
	wr(0x042A0, rd(0x042A0) | 1u << 12);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_wait(&h, 100 * 1000 * 1000);
	CU_ASSERT(model_link_up(h.model));
	rd(0x042A4); /* the restart shows once */
	CU_ASSERT_EQUAL(rd(0x042A4) >> 28 & 7, 7);
	wr(0x20, rd(0x20) | 8); /* laser off */
	CU_ASSERT_FALSE(model_link_up(h.model));
	wr(0x20, rd(0x20) & ~8u);
	host_wait(&h, 100 * 1000 * 1000);
	CU_ASSERT(model_link_up(h.model));
	/* What happened in between shows once. */
	CU_ASSERT_EQUAL(rd(0x042A4) & 1u << 30, 0);
	CU_ASSERT_EQUAL(rd(0x042A4) & 1u << 30, 1u << 30);
	model_set_partner(h.model, false);
	CU_ASSERT_EQUAL(rd(0x042A4) & 1u << 30, 0);
	wr(0x042A0, rd(0x042A0) | 1); /* forced */
	host_wait(&h, 100 * 1000 * 1000);
	CU_ASSERT(model_link_up(h.model));
	host_close(&h);
}

static void counters_clear_when_read(void)
{
	uint8_t frame[60];

	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 0, 8);
	host_fill(frame, 60, 0);
	CU_ASSERT(host_arrive(&h, frame, 60));
	CU_ASSERT_EQUAL(rd(0x04074), 1);
	CU_ASSERT_EQUAL(rd(0x04074), 0);
	wr(0x04074, 5);
	CU_ASSERT_EQUAL(rd(0x04074), 0);
	host_close(&h);
}

static void queues_come_up_after_a_while_and_in_order(void)
{
	host_open(&h);
	uint64_t before = model_faults(h.model)->bad_order;

	wr(0x06028, 1u << 25); /* without DMATXCTL.TE */
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(rd(0x06028) & 1u << 25, 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 1);
	wr(0x06000, (uint32_t)HOST_IOVA);
	wr(0x06008, 1024);
	wr(0x04A80, 1);
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(rd(0x06028) & 1u << 25, 1u << 25);
	wr(0x06028, 1u << 26); /* SWFLSH: off, and clears itself */
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(rd(0x06028), 0);
	wr(0x01018, 5); /* a tail before the queue is on */
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 2);
	wr(0x01018, 0);
	wr(0x0100C, 0);
	wr(0x01000, (uint32_t)HOST_IOVA);
	wr(0x01008, 1024);
	wr(0x01028, 1u << 25);
	CU_ASSERT_EQUAL(rd(0x01028) & 1u << 25, 0);
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(rd(0x01028) & 1u << 25, 1u << 25);
	wr(0x01018, 5);
	CU_ASSERT_EQUAL(rd(0x01018), 5);
	wr(0x01010, 0); /* the head is 0: nothing changes */
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 2);
	wr(0x01010, 3);
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_HEAD], 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_TAIL], 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_TX_DMA], 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order - before, 3);
	model_break(h.model, MODEL_RX_DISABLE_STUCK);
	wr(0x01028, 0);
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(rd(0x01028) & 1u << 25, 1u << 25);
	model_break(h.model, 0);
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(rd(0x01028) & 1u << 25, 0);
	host_close(&h);
}

static void of_an_enabled_ring_only_what_drops_may_change(void)
{
	host_open(&h);
	wr(0x01000, (uint32_t)HOST_IOVA);
	wr(0x01008, 1024);
	wr(0x0100C, 0);
	wr(0x01028, 1u << 25);
	host_wait(&h, 100 * 1000);
	wr(0x02100, rd(0x01014) |
			    1u << 28); /* DROP_EN, through SRRCTL's other address, as Linux does when the link is up */
	CU_ASSERT_EQUAL(rd(0x01014) >> 28 & 1, 1);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_RING], 0);
	wr(0x01014, (rd(0x01014) & ~0x1Fu) | 4);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_RING], 1);
	wr(0x01008, 2048);
	CU_ASSERT_EQUAL(model_faults(h.model)->order[MODEL_ORDER_RING], 2);
	host_close(&h);
}

/** What Linux clears and asks at its start, though it uses neither IPsec nor the management firmware here. */
static void ipsec_tables_and_the_host_interface_are_there_and_idle(void)
{
	host_open(&h);
	wr(0x08908, 0x12345678);
	wr(0x08900, 1u << 31 | 5u << 3); /* key of entry 5: the write is over at once */
	CU_ASSERT_EQUAL(rd(0x08900), 5u << 3);
	wr(0x08E30, 3);
	wr(0x08E00, 1u << 30);
	CU_ASSERT_EQUAL(rd(0x08E00), 0);
	CU_ASSERT_EQUAL(rd(0x08E30), 3);
	CU_ASSERT_EQUAL(rd(0x08808) & 0x3FF, 0x250);
	wr(0x15F0C, 1u << 9);
	CU_ASSERT_EQUAL(rd(0x15F0C), 0);
	wr(0x15F00, 3);
	CU_ASSERT_EQUAL(rd(0x15F00), 0); /* no firmware that takes commands */
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_register, 0);
	host_close(&h);
}

static void registers_that_are_missing_are_listed(void)
{
	struct model_unknown unknown;
	host_open(&h);
	CU_ASSERT_FALSE(model_unknown(h.model, 0, &unknown));
	CU_ASSERT_EQUAL(rd(0x1FF00), 0);
	wr(0x1FF04, 1);
	wr(0x1FF04, 1);
	rd(0x1FFFC);
	CU_ASSERT(model_unknown(h.model, 0, &unknown));
	CU_ASSERT_EQUAL(unknown.first, 0x1FF00);
	CU_ASSERT_EQUAL(unknown.last, 0x1FF04);
	CU_ASSERT_EQUAL(unknown.reads, 1);
	CU_ASSERT_EQUAL(unknown.writes, 2);
	CU_ASSERT(model_unknown(h.model, unknown.last + 4, &unknown));
	CU_ASSERT_EQUAL(unknown.first, 0x1FFFC);
	CU_ASSERT_EQUAL(unknown.last, 0x1FFFC);
	CU_ASSERT_FALSE(model_unknown(h.model, unknown.last + 4, &unknown));
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_register, 4);
	host_close(&h);
}

static void a_function_reset_forgets_everything(void)
{
	host_open(&h);
	host_link(&h);
	host_receive_queue(&h, 0, 8);
	model_function_reset(h.model);
	CU_ASSERT_EQUAL(config(4, 2), 0);
	CU_ASSERT_EQUAL(rd(0x03000), 0);
	CU_ASSERT_EQUAL(rd(0x01018), 0);
	CU_ASSERT_FALSE(model_link_up(h.model));
	config_write(0xA8, 0x8000, 2); /* the same through configuration space */
	CU_ASSERT_EQUAL(config(0xA8, 2) & 0x8000, 0);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"identity and capabilities are the real ones", identity_and_capabilities_are_the_real_ones},
		{"BARs can be sized, identity not written", bars_can_be_sized_and_identity_not_written},
		{"wrong accesses are counted and harmless", wrong_accesses_are_counted_and_harmless},
		{"reset clears itself after a millisecond", reset_clears_itself_and_ends_after_a_millisecond},
		{"breakages stick until they are cleared", breakages_stick_until_they_are_cleared},
		{"masks and access modes hold", masks_and_access_modes_hold},
		{"second addresses reach the same registers", second_addresses_reach_the_same_registers},
		{"EEPROM reads take time and add up", eeprom_reads_take_time_and_add_up},
		{"reading the semaphore takes it", reading_the_semaphore_takes_it},
		{"the SFP+ module identifies itself", the_sfp_module_identifies_itself},
		{"the link comes up when all that it needs is there",
			the_link_comes_up_when_all_that_it_needs_is_there},
		{"counters clear when read", counters_clear_when_read},
		{"queues come up after a while and in order", queues_come_up_after_a_while_and_in_order},
		{"of an enabled ring only what drops may change", of_an_enabled_ring_only_what_drops_may_change},
		{"IPsec tables and the host interface are there and idle",
			ipsec_tables_and_the_host_interface_are_there_and_idle},
		{"registers that are missing are listed", registers_that_are_missing_are_listed},
		{"a function reset forgets everything", a_function_reset_forgets_everything},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model registers", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
