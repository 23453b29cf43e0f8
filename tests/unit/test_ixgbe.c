/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the ixgbe control path against a scripted card: the order that the datasheet demands, every wait that runs out, a device that
 * vanishes at any access, every step that fails, statistics, filters, interrupts, and the variants of the family. */
#include "card.c"

#include <stdlib.h>

/* Allocations of the queues count as steps of the card, so that they can be made to fail like the rest. */
static void *step_calloc(size_t count, size_t bytes);
static void *step_aligned_alloc(size_t alignment, size_t bytes);
#define calloc        step_calloc
#define aligned_alloc step_aligned_alloc
#include "../../driver/ixgbe/queues.c"
#undef calloc
#undef aligned_alloc

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#define BUFFERS 4096u
#define ANY     0u

static struct dma_space *space;
static struct pkt_pool *pool;
static struct card card;
static struct nic *nic;

static void *step_calloc(size_t count, size_t bytes)
{
	return card_step_fails(&card) ? NULL : calloc(count, bytes);
}

static void *step_aligned_alloc(size_t alignment, size_t bytes)
{
	return card_step_fails(&card) ? NULL : aligned_alloc(alignment, bytes);
}

static int begin(void)
{
	card_hurry();
	int ret = dma_space_open(&space);
	return ret ? ret : pkt_pool_open(&pool, space, BUFFERS, -1);
}

static int end(void)
{
	int ret = pkt_pool_close(pool);
	dma_space_unref(space);
	return ret;
}

static bool says(const char *part)
{
	if (strstr(nic_error(), part))
		return true;
	printf("\n    \"%s\" does not say \"%s\" ", nic_error(), part);
	return false;
}

static void open_card(uint16_t id)
{
	card_init(&card, id, space);
	int ret = nic_open_device(&nic, &card.device);
	if (ret)
		printf("\n    nic_open_device: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void start_with(struct nic_config config)
{
	config.pool = pool;
	int ret = nic_start(nic, &config);
	if (ret)
		printf("\n    nic_start: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void start(void)
{
	start_with((struct nic_config){.rx_queues = 0});
}

static void nothing_is_left(void)
{
	CU_ASSERT(!card_bus_master(&card));
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
}

static void close_port(void)
{
	nic_close(nic);
	nic = NULL;
	CU_ASSERT(card.closed);
	CU_ASSERT_EQUAL(card.mapped, 0);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
}

static unsigned written(unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	unsigned at = card_written(&card, from, offset, mask, value);
	if (at == CARD_LOG)
		printf("\n    0x%05x: no write of 0x%x under 0x%x ", offset, value, mask);
	CU_ASSERT_NOT_EQUAL_FATAL(at, CARD_LOG);
	return at;
}

static unsigned was_read(unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	unsigned at = card_read(&card, from, offset, mask, value);
	if (at == CARD_LOG)
		printf("\n    0x%05x: no read of 0x%x under 0x%x ", offset, value, mask);
	CU_ASSERT_NOT_EQUAL_FATAL(at, CARD_LOG);
	return at;
}

/* ---- order ---- */

static void opening_silences_the_card_before_it_is_reset(void)
{
	open_card(0x10FB);
	unsigned off = written(0, CARD_COMMAND, 6, 2);
	unsigned mask = written(0, IXGBE_EIMC, UINT32_MAX, 0x7FFFFFFF);
	unsigned receive = written(0, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
	unsigned last = written(0, ixgbe_tx_register(IXGBE_TXDCTL, 127), IXGBE_TXDCTL_ENABLE, 0);
	written(0, 0x0D028 + 0x40 * 63, IXGBE_RXDCTL_ENABLE, 0); /* RXDCTL[127] */
	unsigned master = written(0, IXGBE_CTRL, IXGBE_CTRL_GIO_DIS, IXGBE_CTRL_GIO_DIS);
	unsigned quiet = was_read(master, IXGBE_STATUS, IXGBE_STATUS_GIO, 0);
	unsigned reset = written(0, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST);
	unsigned again = written(reset, IXGBE_EIMC, UINT32_MAX, 0x7FFFFFFF);
	unsigned eeprom = was_read(reset, IXGBE_EEC, IXGBE_EEC_AUTO_RD, IXGBE_EEC_AUTO_RD);
	unsigned dma = was_read(eeprom, IXGBE_RDRXCTL, IXGBE_RDRXCTL_DMAIDONE, IXGBE_RDRXCTL_DMAIDONE);
	unsigned address = was_read(reset, IXGBE_RAL, ANY, 0);
	CU_ASSERT(off < mask && mask < receive && receive < last && last < master && master < quiet && quiet < reset);
	CU_ASSERT(reset < again && again < eeprom && eeprom < dma && dma < address);
	CU_ASSERT_EQUAL(card.resets, 1);
	CU_ASSERT_EQUAL(card_written(&card, 0, CARD_COMMAND, 4, 4), CARD_LOG);
	close_port();
}

static void starting_follows_the_datasheet(void)
{
	open_card(0x10FB);
	start();
	unsigned reset = written(0, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST);
	unsigned master = written(0, CARD_COMMAND, 4, 4);
	unsigned link = written(0, IXGBE_AUTOC, IXGBE_AUTOC_AN_RESTART, IXGBE_AUTOC_AN_RESTART);
	unsigned counters = was_read(reset, IXGBE_QPRC, ANY, 0);
	unsigned tables = written(reset, IXGBE_MTA + 4 * 127, UINT32_MAX, 0);
	CU_ASSERT(reset < master && master < link && link < counters && counters < tables);

	/* the first enable after the reset; all before are of quiescing */
	unsigned base = written(master, IXGBE_RDBAL, ANY, 0), length = written(master, IXGBE_RDLEN, UINT32_MAX, 512 * 16);
	unsigned srrctl = written(master, IXGBE_SRRCTL, UINT32_MAX, 2 | 1u << 25);
	unsigned bit12 = written(master, IXGBE_DCA_RXCTRL, UINT32_MAX, 1u << 9);
	unsigned enable = written(master, IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE);
	unsigned polled = was_read(enable, IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE);
	unsigned tail = written(master, IXGBE_RDT, ANY, 0);
	CU_ASSERT(tables < base && base < length && length < srrctl && srrctl < bit12 && bit12 < enable && enable < polled && polled < tail);
	CU_ASSERT_EQUAL(card.log[tail].value, 511);

	/* everything global, and no-snoop, before RXEN; RXEN only while the path is halted */
	unsigned rxen = written(master, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, IXGBE_RXCTRL_RXEN);
	unsigned halt = written(master, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, IXGBE_SECRXCTRL_RX_DIS);
	unsigned ready = was_read(halt, IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, IXGBE_SECRXSTAT_SECRX_RDY);
	unsigned resume = written(rxen, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
	CU_ASSERT(halt < ready && ready < rxen && rxen < resume && tail < halt);
	const uint32_t before[] = {IXGBE_HLREG0, IXGBE_RDRXCTL, IXGBE_FCTRL, IXGBE_MRQC, IXGBE_RXCSUM, IXGBE_RFCTL, IXGBE_RXPBSIZE,
				   IXGBE_MCSTCTRL, IXGBE_CTRL_EXT};
	for (unsigned i = 0; i < sizeof(before) / sizeof(*before); i++)
		CU_ASSERT(written(master, before[i], ANY, 0) < halt);

	unsigned arbiter = written(master, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS, IXGBE_RTTDCS_ARBDIS);
	unsigned size = written(master, IXGBE_TXPBSIZE, UINT32_MAX, 160 << 10), most = written(master, IXGBE_DTXMXSZRQ, UINT32_MAX, 0xFFF);
	unsigned layout = written(master, IXGBE_MTQC, UINT32_MAX, 0);
	unsigned arbiter_on = written(arbiter, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS, 0);
	unsigned transmit_base = written(master, IXGBE_TDBAL, ANY, 0);
	unsigned te = written(master, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE, IXGBE_DMATXCTL_TE);
	unsigned transmit = written(master, IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE);
	unsigned transmit_polled = was_read(transmit, IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE);
	unsigned loaded = written(master, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD, IXGBE_CTRL_EXT_DRV_LOAD);
	CU_ASSERT(resume < arbiter && arbiter < most && most < size && size < layout && layout < arbiter_on);
	CU_ASSERT(arbiter_on < transmit_base && transmit_base < te && te < transmit && transmit < transmit_polled);
	CU_ASSERT(transmit_polled < loaded);
	CU_ASSERT_EQUAL(card_written(&card, transmit, IXGBE_TDT, ANY, 0), CARD_LOG);
	close_port();
}

static void starting_leaves_the_card_as_it_should_be(void)
{
	open_card(0x10FB);
	start();
	struct ixgbe *ix = (struct ixgbe *)nic;
	uint64_t receive = (uint64_t)(uintptr_t)ix->rxqs[0]->ring + ix->rxqs[0]->offset;
	uint64_t transmit = (uint64_t)(uintptr_t)ix->txqs[0]->ring + ix->txqs[0]->offset;
	CU_ASSERT_EQUAL(receive % 128, 0);
	CU_ASSERT_EQUAL(transmit, receive + 512 * 16);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RDBAL), (uint32_t)receive);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RDBAH), receive >> 32);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDBAL), (uint32_t)transmit);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDBAH), transmit >> 32);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDLEN), 512 * 16);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TXDCTL), (IXGBE_TXDCTL_ENABLE | 1 << 8 | 32));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RXPBSIZE), 512 << 10);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCRTH), 0x7A000);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TXPBTHRESH), 158);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_HLREG0) & IXGBE_HLREG0_JUMBOEN, 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RDRXCTL) & 0x063E0002u, 0x06000002);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RQSMR), 0x03020100);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TQSM + 12), 0x0F0E0D0C);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TQSM + 16), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_ESDP), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AUTOC), 3u << 13); /* the NVM's choice of medium */
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), IXGBE_FCTRL_BAM);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_CTRL) & IXGBE_CTRL_GIO_DIS, 0);
	const uint32_t tables[][2] = {{IXGBE_MTA, 128}, {IXGBE_VFTA, 128}, {IXGBE_PFUTA, 128}, {IXGBE_PFVLVF, 64}, {IXGBE_PFVLVFB, 128},
				      {IXGBE_FTQF, 128}};
	for (unsigned t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (uint32_t i = 0; i < tables[t][1]; i++)
			CU_ASSERT_EQUAL(*card_register(&card, tables[t][0] + 4 * i), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MPSAR), 1);
	for (uint32_t i = 1; i < 256; i++)
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MPSAR + 4 * i), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RAH), (IXGBE_RAH_AV | 0x5544));
	for (uint32_t i = 1; i < 128; i++)
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RAH + 8 * i), 0);
	close_port();
}

static void jumbo_frames_are_let_in_by_mtu(void)
{
	open_card(0x10FB);
	start_with((struct nic_config){.mtu = 9710});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_HLREG0) & IXGBE_HLREG0_JUMBOEN, IXGBE_HLREG0_JUMBOEN);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MAXFRS) >> 16, 9728);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TXPBTHRESH), 150);
	CU_ASSERT_EQUAL(((struct ixgbe *)nic)->txqs[0]->max_frame, 9728);
	close_port();
}

static void stopping_follows_the_datasheet(void)
{
	open_card(0x10FB);
	start();
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned halt = written(from, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, IXGBE_SECRXCTRL_RX_DIS);
	unsigned rxen = written(from, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
	unsigned receive = written(from, IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, 0);
	unsigned receive_off = was_read(receive, IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, 0);
	unsigned transmit = written(from, IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, 0);
	unsigned transmit_off = was_read(transmit, IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, 0);
	unsigned unloaded = written(from, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD, 0);
	unsigned master = written(from, IXGBE_CTRL, IXGBE_CTRL_GIO_DIS, IXGBE_CTRL_GIO_DIS);
	unsigned reset = written(from, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST);
	unsigned off = written(from, CARD_COMMAND, 4, 0);
	CU_ASSERT(halt < rxen && rxen < receive && receive < receive_off && receive_off < transmit && transmit < transmit_off);
	CU_ASSERT(transmit_off < unloaded && unloaded < master && master < reset && reset < off);
	CU_ASSERT_EQUAL(card.resets, 2);
	nothing_is_left();
	/* closing a stopped port resets nothing any more */
	close_port();
	CU_ASSERT_EQUAL(card.resets, 2);
}

static void stopping_waits_for_transmit_but_not_for_ever(void)
{
	open_card(0x10FB);
	start();
	struct ixgbe *ix = (struct ixgbe *)nic;
	card.sends = false;
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 60;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDT), 1);
	CU_ASSERT_EQUAL(ixgbe_txq_pending(ix->txqs[0], 0), 1);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	nothing_is_left();
	close_port();
}

/* ---- what goes wrong ---- */

static int stuck_open(struct card_stuck first, struct card_stuck second)
{
	card_init(&card, 0x10FB, space);
	card.stuck[0] = first;
	card.stuck[1] = second;
	unsigned fds = card_count_fds();
	int ret = nic_open_device(&nic, &card.device);
	CU_ASSERT_EQUAL(card_count_fds(), fds);
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
	const struct card_stuck none = {.mask = 0};
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST}, none), -ETIMEDOUT);
	CU_ASSERT(says("CTRL.RST did not clear"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_EEC, IXGBE_EEC_AUTO_RD, 0}, none), -ETIMEDOUT);
	CU_ASSERT(says("EEC.AUTO_RD was not set"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_EEC, IXGBE_EEC_EE_PRES, 0}, none), -EIO);
	CU_ASSERT(says("EEC.EE_PRES"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RDRXCTL, IXGBE_RDRXCTL_DMAIDONE, 0}, none), -ETIMEDOUT);
	CU_ASSERT(says("RDRXCTL.DMAIDONE was not set"));
}

static void addresses_no_port_can_have_are_refused(void)
{
	const struct card_stuck none = {.mask = 0};
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RAL, UINT32_MAX, 0x33221101}, none), -EIO);
	CU_ASSERT(says("no usable address"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RAL, UINT32_MAX, 0}, (struct card_stuck){IXGBE_RAH, 0xFFFF, 0}), -EIO);
	CU_ASSERT(says("no usable address"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RAH, IXGBE_RAH_AV, 0}, none), -EIO);
}

static void a_master_that_does_not_fall_silent_gets_two_resets(void)
{
	const struct card_stuck none = {.mask = 0};
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO}, none), 0);
	CU_ASSERT_EQUAL(card.resets, 2);
	unsigned loop = written(0, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, IXGBE_HLREG0_LPBK);
	unsigned flush = written(0, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR, IXGBE_GCR_EXT_BUFFERS_CLEAR);
	unsigned flushed = written(flush, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR, 0);
	unsigned unloop = written(loop, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, 0);
	CU_ASSERT(loop < flush && flush < flushed && flushed < unloop);
	CU_ASSERT(unloop < written(0, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST));
	close_port();
}

static void pending_transactions_are_waited_for(void)
{
	card_init(&card, 0x10FB, space);
	card.stuck[0] = (struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO};
	/* capabilities: power management at 0x40, then PCIe at 0xA0, which has transactions pending for ever */
	card.config[0x06] = 0x10;
	card.config[0x34] = 0x40;
	card.config[0x40] = 0x01;
	card.config[0x41] = 0xA0;
	card.config[0xA0] = 0x10;
	card.config[0xAA] = 0x20;
	uint64_t before = ixgbe_now_us();
	CU_ASSERT_EQUAL_FATAL(nic_open_device(&nic, &card.device), 0);
	CU_ASSERT(ixgbe_now_us() - before >= ixgbe_times.pending);
	close_port();
	/* a list that loops does not hang it */
	card_init(&card, 0x10FB, space);
	card.stuck[0] = (struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO};
	card.config[0x06] = 0x10;
	card.config[0x34] = 0x40;
	card.config[0x41] = 0x40;
	CU_ASSERT_EQUAL_FATAL(nic_open_device(&nic, &card.device), 0);
	close_port();
}

static void stuck_start(struct card_stuck stuck, const char *part)
{
	open_card(0x10FB);
	int mapped = card.mapped;
	card.stuck[0] = stuck;
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -ETIMEDOUT);
	CU_ASSERT(says(part));
	CU_ASSERT_EQUAL(card.mapped, mapped);
	nothing_is_left();
	CU_ASSERT_PTR_NULL(nic_rxq(nic, 0));
	/* and it starts once the bit works */
	card.stuck[0].mask = 0;
	start();
	close_port();
}

static void bits_stuck_at_start_are_named(void)
{
	stuck_start((struct card_stuck){IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, 0}, "RXDCTL[0].ENABLE was not set");
	stuck_start((struct card_stuck){IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, 0}, "TXDCTL[0].ENABLE was not set");
	stuck_start((struct card_stuck){IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, 0}, "SECRXSTAT.SECRX_RDY was not set");
}

static void stuck_stop(struct card_stuck stuck, const char *part)
{
	open_card(0x10FB);
	start();
	card.stuck[0] = stuck;
	CU_ASSERT_EQUAL(nic_stop(nic), -ETIMEDOUT);
	CU_ASSERT(says(part));
	nothing_is_left();
	card.stuck[0].mask = 0;
	/* the next start does not trust what a failed reset left: it resets once more, before bus mastering comes on */
	unsigned from = card.logged;
	start();
	if (stuck.offset == IXGBE_CTRL)
		CU_ASSERT(written(from, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST) < written(from, CARD_COMMAND, 4, 4));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	close_port();
}

static void bits_stuck_at_stop_are_named(void)
{
	stuck_stop((struct card_stuck){IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE}, "RXDCTL[0].ENABLE did not clear");
	stuck_stop((struct card_stuck){IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE}, "TXDCTL[0].ENABLE did not clear");
	stuck_stop((struct card_stuck){IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, 0}, "SECRXSTAT.SECRX_RDY was not set");
	stuck_stop((struct card_stuck){IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST}, "CTRL.RST did not clear");
}

static void a_bus_master_that_stays_on_gets_a_function_reset(void)
{
	open_card(0x10FB);
	start();
	card.command_stuck = true;
	CU_ASSERT_EQUAL(nic_stop(nic), -EIO);
	nothing_is_left();
	close_port();
	nothing_is_left();
	/* also when it was a former owner who left it on */
	card_init(&card, 0x10FB, space);
	card.command_stuck = true;
	CU_ASSERT_EQUAL(nic_open_device(&nic, &card.device), -EIO);
	CU_ASSERT_EQUAL(card.accesses, 0);
	nothing_is_left();
}

static void queues_that_cannot_be_filled_give_everything_back(void)
{
	card_init(&card, 0x10FB, space);
	struct pkt_pool *small;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&small, space, 200, -1), 0);
	struct ixgbe port = {.nic = {.device = &card.device, .driver = &ixgbe_driver, .id = &ixgbe_driver.ids[0], .event_fd = -1}};
	port.nic.config = (struct nic_config){.rx_queues = 2, .tx_queues = 2, .rx_ring = 128, .tx_ring = 64, .mtu = 1500, .pool = small};
	CU_ASSERT_EQUAL(card.device.ops->window(&card.device, 0, &port.bar), 0);
	int mapped = card.mapped;
	CU_ASSERT_EQUAL(ixgbe_queues_open(&port), -ENOBUFS); /* one queue gets its 128, the other none */
	CU_ASSERT_EQUAL(pkt_pool_available(small), 200);
	CU_ASSERT_EQUAL(card.mapped, mapped);
	CU_ASSERT_PTR_NULL(port.rxqs);
	/* and with enough they lie one after the other */
	port.nic.config.rx_ring = 64;
	CU_ASSERT_EQUAL_FATAL(ixgbe_queues_open(&port), 0);
	CU_ASSERT_PTR_EQUAL(port.rxqs[1]->ring, port.rxqs[0]->ring + 64);
	CU_ASSERT_PTR_EQUAL(port.txqs[0]->ring, port.rxqs[0]->ring + 128);
	CU_ASSERT_PTR_EQUAL(port.txqs[1]->ring, port.rxqs[0]->ring + 192);
	CU_ASSERT_EQUAL(port.rxqs[1]->tail_offset, 0x01058);
	CU_ASSERT_EQUAL(port.txqs[1]->tail_offset, 0x06058);
	ixgbe_queues_close(&port);
	CU_ASSERT_EQUAL(pkt_pool_close(small), 0);
	vfio_device_close(&card.device);
}

static void all_ones_in_a_register_are_no_gone_device(void)
{
	open_card(0x10FB);
	start();
	*card_register(&card, IXGBE_QPRC) = UINT32_MAX;
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, UINT32_MAX);
	CU_ASSERT(!nic_gone(nic));
	close_port();
}

/* The whole life of a port; true when nothing failed. What it leaves behind is looked at in any case. */
static bool live(void)
{
	bool good = true;
	unsigned fds = card_count_fds();
	const uint8_t unicast[6] = {2, 0, 0, 0, 0, 1}, multicast[6] = {1, 0, 0x5E, 0, 0, 1};
	struct nic_stats stats;
	if (nic_open_device(&nic, &card.device) == 0) {
		good &= nic_event_fd(nic) >= 0;
		int mapped = card.mapped;
		good &= nic_start(nic, NULL) == 0;
		if (nic_rxq(nic, 0)) {
			good &= nic_add_mac(nic, unicast) == 0;
			good &= nic_add_mac(nic, multicast) == 0;
			good &= nic_set_promiscuous(nic, true) == 0;
			good &= nic_service(nic, NULL) == 0;
			good &= nic_get_stats(nic, &stats) == 0;
			/* a vanished card counts nothing */
			CU_ASSERT(stats.rx_packets < 1000 && stats.rx_errors < 1000 && stats.tx_bytes < 1000);
		} else {
			CU_ASSERT_EQUAL(card.mapped, mapped);
		}
		good &= nic_stop(nic) == 0;
		nic_close(nic);
	} else {
		good = false;
		CU_ASSERT(strlen(nic_error()) > 0);
		CU_ASSERT_PTR_NULL(nic);
	}
	CU_ASSERT(card.closed);
	CU_ASSERT_EQUAL(card.mapped, 0);
	CU_ASSERT_EQUAL(card_count_fds(), fds);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
	return good;
}

static void a_device_may_vanish_at_any_access(void)
{
	unsigned step = 1;
	for (unsigned access = 1; access < 100000; access += step) {
		card_init(&card, 0x10FB, space);
		card.vanish = access;
		bool good = live();
		if (card.accesses < access) {
			CU_ASSERT(good);
			return;
		}
		/* the read that finds it gone looks at STATUS five times; after that it is let alone */
		CU_ASSERT(card.gone_reads <= 6);
		CU_ASSERT_EQUAL(card.late_writes, 0);
		/* tables of hundreds of words are all alike */
		step = access > 400 ? 7 : 1;
	}
	CU_FAIL("a life takes more than 100000 accesses");
}

static void a_vanished_device_is_left_alone(void)
{
	open_card(0x10FB);
	start();
	card.vanish = card.accesses + 1;
	struct nic_link link;
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), -ENODEV);
	CU_ASSERT(says("gone"));
	unsigned accesses = card.accesses;
	CU_ASSERT_EQUAL(accesses, card.vanish + 5); /* LINKS, and STATUS five times */
	uint32_t events = 0;
	CU_ASSERT_EQUAL(nic_service(nic, &events), -ENODEV);
	CU_ASSERT_EQUAL(events, NIC_GONE);
	CU_ASSERT_EQUAL(nic_stop(nic), -ENODEV);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
	close_port();
	CU_ASSERT_EQUAL(card.accesses, accesses);
}

static void every_step_may_fail_and_leaves_nothing(void)
{
	unsigned failed = 0;
	for (unsigned fail = 1; fail < 1000; fail++) {
		card_init(&card, 0x10FB, space);
		card.fail = fail;
		card.config[4] = 0;
		bool good = live();
		CU_ASSERT(!card_bus_master(&card)); /* by function reset, where COMMAND cannot be written */
		if (card.steps < fail) {
			CU_ASSERT(good);
			CU_ASSERT(failed > 10); /* else the steps were not where this test looks for them */
			return;
		}
		failed += !good;
	}
	CU_FAIL("a life takes more than 1000 steps");
}

/* ---- the rest ---- */

static void counters_are_accumulated_over_reads_that_clear(void)
{
	open_card(0x10FB);
	*card_register(&card, IXGBE_QPRC) = 1000; /* from before the start */
	start();
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 0);
	for (unsigned round = 1; round <= 3; round++) {
		*card_register(&card, IXGBE_QPRC) = 0xF0000000;
		*card_register(&card, IXGBE_QBRC_L) = 0x00000010;
		*card_register(&card, IXGBE_QBRC_H) = 0xF; /* 36 bits */
		*card_register(&card, IXGBE_QPTC) = 10;
		*card_register(&card, IXGBE_QBTC_L) = 640;
		*card_register(&card, IXGBE_MPC) = 3;
		*card_register(&card, IXGBE_CRCERRS) = 1;
		*card_register(&card, IXGBE_RLEC) = 2;
		*card_register(&card, IXGBE_RUC) = 4;
		*card_register(&card, IXGBE_RFC) = 8;
		*card_register(&card, IXGBE_ROC) = 16;
		*card_register(&card, IXGBE_RJC) = 32;
		*card_register(&card, IXGBE_MPRC) = 5;
		*card_register(&card, IXGBE_BPRC) = 6;
		CU_ASSERT_EQUAL(round % 2 ? nic_service(nic, NULL) : nic_get_stats(nic, &stats), 0);
	}
	__atomic_store_n(&((struct ixgbe *)nic)->txqs[0]->bad_packets, 9, __ATOMIC_RELAXED);
	__atomic_store_n(&((struct ixgbe *)nic)->rxqs[0]->bad_descriptors, 8, __ATOMIC_RELAXED);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, UINT64_C(3) * 0xF0000000);
	CU_ASSERT_EQUAL(stats.rx_bytes, 3 * (UINT64_C(0xF00000010) - UINT64_C(4) * 0xF0000000));
	CU_ASSERT_EQUAL(stats.tx_packets, 30);
	CU_ASSERT_EQUAL(stats.tx_bytes, 30 * 60);
	CU_ASSERT_EQUAL(stats.rx_missed, 9);
	CU_ASSERT_EQUAL(stats.rx_errors, 3 * 63);
	CU_ASSERT_EQUAL(stats.rx_multicast, 15);
	CU_ASSERT_EQUAL(stats.rx_broadcast, 18);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 9);
	CU_ASSERT_EQUAL(stats.rx_bad_descriptors, 8);
	close_port();
}

static void filter_modes_change_while_receive_is_off(void)
{
	open_card(0x10FB);
	start_with((struct nic_config){.promiscuous = true});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), (IXGBE_FCTRL_BAM | IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE));
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), 0);
	CU_ASSERT_EQUAL(card.logged, from);
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, false), 0);
	unsigned halt = written(from, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, IXGBE_SECRXCTRL_RX_DIS);
	unsigned off = written(from, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
	unsigned change = written(from, IXGBE_FCTRL, UINT32_MAX, IXGBE_FCTRL_BAM);
	unsigned on = written(from, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, IXGBE_RXCTRL_RXEN);
	unsigned resume = written(from, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
	CU_ASSERT(halt < off && off < change && change < on && on < resume);
	CU_ASSERT_EQUAL(nic_set_all_multicast(nic, true), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), (IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE));
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), 0);
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, false), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), (IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RXCTRL), IXGBE_RXCTRL_RXEN);
	/* a change that fails is no change */
	card.stuck[0] = (struct card_stuck){IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, 0};
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), -ETIMEDOUT);
	CU_ASSERT(!nic->promiscuous);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS, 0);
	card.stuck[0].mask = 0;
	close_port();
}

static void an_exact_filter_is_off_while_it_changes(void)
{
	open_card(0x10FB);
	start();
	const uint8_t mac[6] = {0x02, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE};
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_add_mac(nic, mac), 0);
	unsigned off = written(from, IXGBE_RAH + 8, IXGBE_RAH_AV, 0);
	unsigned pool0 = written(from, IXGBE_MPSAR + 8, UINT32_MAX, 1);
	unsigned low = written(from, IXGBE_RAL + 8, UINT32_MAX, 0xCCBBAA02);
	unsigned on = written(from, IXGBE_RAH + 8, UINT32_MAX, IXGBE_RAH_AV | 0xEEDD);
	CU_ASSERT(off < pool0 && pool0 < low && low < on);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_remove_mac(nic, mac), 0);
	CU_ASSERT(written(from, IXGBE_RAH + 8, UINT32_MAX, 0) < written(from, IXGBE_RAL + 8, UINT32_MAX, 0));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MPSAR + 8), 0);
	close_port();
}

static void link_interrupts_come_only_when_wanted(void)
{
	open_card(0x10FB);
	start();
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_EIMS, ANY, 0), CARD_LOG);
	unsigned from = card.logged;
	CU_ASSERT(nic_event_fd(nic) >= 0);
	unsigned mode = written(from, IXGBE_GPIE, IXGBE_GPIE_MSIX_MODE, IXGBE_GPIE_MSIX_MODE);
	unsigned vector = written(from, IXGBE_IVAR_MISC, UINT32_MAX, 0x8000);
	unsigned enable = written(from, IXGBE_EIMS, UINT32_MAX, IXGBE_EICR_LSC);
	CU_ASSERT(mode < vector && vector < enable);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* and it is back after a restart */
	from = card.logged;
	start();
	written(from, IXGBE_EIMS, UINT32_MAX, IXGBE_EICR_LSC);
	close_port();
	/* MSI needs no vector */
	open_card(0x10FB);
	card.device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 0;
	card.device.irq_count[VFIO_PCI_MSI_IRQ_INDEX] = 1;
	start();
	CU_ASSERT(nic_event_fd(nic) >= 0);
	written(0, IXGBE_EIMS, UINT32_MAX, IXGBE_EICR_LSC);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_GPIE, ANY, 0), CARD_LOG);
	close_port();
}

static uint32_t speed_of(uint32_t links)
{
	struct nic_link link = {.up = false};
	*card_register(&card, IXGBE_LINKS) = links;
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
	CU_ASSERT_EQUAL(link.up, (links & IXGBE_LINKS_UP) != 0);
	return link.mbps;
}

static void speeds_are_told_apart(void)
{
	const uint32_t up = IXGBE_LINKS_UP, odd = IXGBE_LINKS_NON_STD;
	open_card(0x10FB);
	CU_ASSERT_EQUAL(speed_of(3u << 28), 0);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28), 10000);
	CU_ASSERT_EQUAL(speed_of(up | 2u << 28), 1000);
	CU_ASSERT_EQUAL(speed_of(up | 1u << 28), 100);
	card.link_was_down = true; /* and is up again */
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28), 10000);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28 | odd), 10000);
	close_port();
	open_card(0x1563);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28), 10000);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28 | odd), 2500);
	CU_ASSERT_EQUAL(speed_of(up | 1u << 28 | odd), 5000);
	close_port();
}

static void copper_cards_are_left_to_negotiate(void)
{
	open_card(0x1528);
	unsigned take = written(0, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_PHY0, IXGBE_SW_FW_SYNC_PHY0);
	unsigned reset = written(0, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST);
	CU_ASSERT(take < reset && reset < written(take, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_PHY0, 0));
	start();
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RXPBSIZE), 384 << 10);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCRTH), 384 * 1024 - 0x6000);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_AUTOC, ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_ESDP, ANY, 0), CARD_LOG);
	close_port();
}

static void dead_owners_of_the_semaphore_are_overruled(void)
{
	card_init(&card, 0x1560, space);
	*card_register(&card, IXGBE_SWSM) = IXGBE_SWSM_SMBI;
	*card_register(&card, IXGBE_SW_FW_SYNC) = IXGBE_SW_FW_SYNC_PHY0 << IXGBE_SW_FW_SYNC_FW_SHIFT;
	CU_ASSERT_EQUAL_FATAL(nic_open_device(&nic, &card.device), 0);
	written(0, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_PHY0, IXGBE_SW_FW_SYNC_PHY0);
	close_port();
	/* and one that cannot be had at all does not prevent the reset */
	card_init(&card, 0x1560, space);
	card.stuck[0] = (struct card_stuck){IXGBE_SWSM, IXGBE_SWSM_SWESMBI, 0};
	CU_ASSERT_EQUAL_FATAL(nic_open_device(&nic, &card.device), 0);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_SW_FW_SYNC, ANY, 0), CARD_LOG);
	close_port();
}

static void backplane_cards_have_no_laser(void)
{
	open_card(0x10F7);
	start();
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_ESDP), IXGBE_ESDP_SDP3);
	written(0, IXGBE_AUTOC, IXGBE_AUTOC_AN_RESTART, IXGBE_AUTOC_AN_RESTART);
	close_port();
}

static int small_window(struct vfio_device *device, unsigned region, struct vfio_window *filled)
{
	(void)device, (void)region;
	*filled = (struct vfio_window){.memory = (volatile uint8_t *)card.registers, .bytes = 0x10000};
	return 0;
}

static void a_register_window_that_is_too_small_is_refused(void)
{
	card_init(&card, 0x10FB, space);
	struct vfio_device_ops small = *card.device.ops;
	small.window = small_window;
	card.device.ops = &small;
	CU_ASSERT_EQUAL(nic_open_device(&nic, &card.device), -EPROTO);
	CU_ASSERT(says("BAR0 has 65536 bytes"));
	CU_ASSERT(card.closed);
	nothing_is_left();
}

static void memory_that_never_reacts_is_given_up(void)
{
	card_init(&card, 0x10FB, space);
	struct ixgbe port = {
		.nic = {.device = &card.device, .id = &ixgbe_driver.ids[0], .driver = &ixgbe_driver, .event_fd = -1},
		.bar = {.memory = (volatile uint8_t *)card.registers, .bytes = sizeof(card.registers)},
	};
	CU_ASSERT_EQUAL(ixgbe_reset(&port), -ETIMEDOUT);
	CU_ASSERT(says("CTRL.RST"));
	vfio_device_close(&card.device);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"opening silences the card before it is reset", opening_silences_the_card_before_it_is_reset},
		{"starting follows the datasheet", starting_follows_the_datasheet},
		{"starting leaves the card as it should be", starting_leaves_the_card_as_it_should_be},
		{"jumbo frames are let in by MTU", jumbo_frames_are_let_in_by_mtu},
		{"stopping follows the datasheet", stopping_follows_the_datasheet},
		{"stopping waits for transmit, but not for ever", stopping_waits_for_transmit_but_not_for_ever},
		{"bits stuck at open are named", bits_stuck_at_open_are_named},
		{"addresses no port can have are refused", addresses_no_port_can_have_are_refused},
		{"a master that does not fall silent gets two resets", a_master_that_does_not_fall_silent_gets_two_resets},
		{"pending transactions are waited for", pending_transactions_are_waited_for},
		{"bits stuck at start are named", bits_stuck_at_start_are_named},
		{"bits stuck at stop are named", bits_stuck_at_stop_are_named},
		{"a bus master that stays on gets a function reset", a_bus_master_that_stays_on_gets_a_function_reset},
		{"queues that cannot be filled give everything back", queues_that_cannot_be_filled_give_everything_back},
		{"all ones in a register are no gone device", all_ones_in_a_register_are_no_gone_device},
		{"a device may vanish at any access", a_device_may_vanish_at_any_access},
		{"a vanished device is left alone", a_vanished_device_is_left_alone},
		{"every step may fail and leaves nothing", every_step_may_fail_and_leaves_nothing},
		{"counters are accumulated over reads that clear", counters_are_accumulated_over_reads_that_clear},
		{"filter modes change while receive is off", filter_modes_change_while_receive_is_off},
		{"an exact filter is off while it changes", an_exact_filter_is_off_while_it_changes},
		{"link interrupts come only when wanted", link_interrupts_come_only_when_wanted},
		{"speeds are told apart", speeds_are_told_apart},
		{"copper cards are left to negotiate", copper_cards_are_left_to_negotiate},
		{"dead owners of the semaphore are overruled", dead_owners_of_the_semaphore_are_overruled},
		{"backplane cards have no laser", backplane_cards_have_no_laser},
		{"a register window that is too small is refused", a_register_window_that_is_too_small_is_refused},
		{"memory that never reacts is given up", memory_that_never_reacts_is_given_up},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "ixgbe", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return EXIT_FAILURE;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
