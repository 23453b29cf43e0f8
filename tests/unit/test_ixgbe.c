/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the ixgbe control path against a scripted card: the order that the datasheet demands, statistics, filters,
 * interrupts, and the variants of the family. */
#include "card_ixgbe.c"
#include "card_port.c"
#include "unit.h"

#include "../../driver/ring/ring.h"

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
	unsigned last = written(0, IXGBE_AT(TXDCTL, 127), IXGBE_TXDCTL_ENABLE, 0);
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

static void a_live_link_is_not_reset(void)
{
	for (int down = 0; down < 2; down++) {
		card_init(&card, 0x10FB, space);
		*card_register(&card, IXGBE_LINKS) = down ? 0 : IXGBE_LINKS_UP;
		card.link_was_down = true; /* as the first read says */
		CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
		written(0, IXGBE_CTRL, IXGBE_CTRL_RST | IXGBE_CTRL_LNK_RST,
			IXGBE_CTRL_RST | (down ? IXGBE_CTRL_LNK_RST : 0));
		close_port();
	}
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
	unsigned base = written(master, IXGBE_RDBAL, ANY, 0),
		 length = written(master, IXGBE_RDLEN, UINT32_MAX, 512 * 16);
	unsigned srrctl = written(master, IXGBE_SRRCTL, UINT32_MAX, 2 | 1u << 25);
	unsigned bit12 = written(master, IXGBE_DCA_RXCTRL, UINT32_MAX, 1u << 9);
	unsigned enable = written(master, IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE);
	unsigned polled = was_read(enable, IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE);
	unsigned tail = written(master, IXGBE_RDT, ANY, 0);
	CU_ASSERT(tables < base && base < length && length < srrctl && srrctl < bit12 && bit12 < enable &&
		  enable < polled && polled < tail);
	CU_ASSERT_EQUAL(card.log[tail].value, 511);

	/* everything global, and no-snoop, before RXEN; RXEN only while the path is halted */
	unsigned rxen = written(master, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, IXGBE_RXCTRL_RXEN);
	unsigned halt = written(master, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, IXGBE_SECRXCTRL_RX_DIS);
	unsigned ready = was_read(halt, IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, IXGBE_SECRXSTAT_SECRX_RDY);
	unsigned resume = written(rxen, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
	CU_ASSERT(halt < ready && ready < rxen && rxen < resume && tail < halt);
	const uint32_t before[] = {IXGBE_HLREG0, IXGBE_RDRXCTL, IXGBE_FCTRL, IXGBE_MRQC, IXGBE_RXCSUM, IXGBE_RFCTL,
		IXGBE_RXPBSIZE, IXGBE_MCSTCTRL, IXGBE_CTRL_EXT};
	for (unsigned i = 0; i < sizeof(before) / sizeof(*before); i++)
		CU_ASSERT(written(master, before[i], ANY, 0) < halt);

	unsigned arbiter = written(master, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS, IXGBE_RTTDCS_ARBDIS);
	unsigned size = written(master, IXGBE_TXPBSIZE, UINT32_MAX, 160 << 10),
		 most = written(master, IXGBE_DTXMXSZRQ, UINT32_MAX, 0xFFF);
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
	uint64_t receive = (uint64_t)(uintptr_t)nic->rings.rxqs[0]->ring + nic->rings.rxqs[0]->iova_offset;
	uint64_t transmit = (uint64_t)(uintptr_t)nic->rings.txqs[0]->ring + nic->rings.txqs[0]->iova_offset;
	CU_ASSERT_EQUAL(receive % 128, 0);
	CU_ASSERT_EQUAL(transmit, receive + 512 * 16 + 4096);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RDBAL), (uint32_t)receive);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RDBAH), receive >> 32);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDBAL), (uint32_t)transmit);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDBAH), transmit >> 32);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDLEN), 512 * 16);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TXDCTL), (IXGBE_TXDCTL_ENABLE | 1 << 8 | 32));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RXPBSIZE), 512 << 10);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCRTH), 0x7A000);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TXPBTHRESH), 158);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_HLREG0) & IXGBE_HLREG0_JUMBOEN, IXGBE_HLREG0_JUMBOEN);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MAXFRS) >> 16, 1526); /* with FCS and two VLAN tags */
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RDRXCTL) & 0x063E0002u, 0x06000002);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RQSMR), 0x03020100);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TQSM + 12), 0x0F0E0D0C);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TQSM + 16), 0x0F0F0F0F);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_ESDP), IXGBE_ESDP_SDP2);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AUTOC), 3u << 13); /* the NVM's choice of medium */
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), IXGBE_FCTRL_BAM);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_CTRL) & IXGBE_CTRL_GIO_DIS, 0);
	const uint32_t tables[][2] = {{IXGBE_MTA, 128}, {IXGBE_VFTA, 128}, {IXGBE_PFUTA, 128}, {IXGBE_PFVLVF, 64},
		{IXGBE_PFVLVFB, 128}, {IXGBE_FTQF, 128}};
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

/* Queues that the card has stopped as malicious: a bit is cleared by writing 1. */
static void an_x550_lets_go_of_stopped_queues(void)
{
	open_card(0x1563);
	start();
	for (uint32_t i = 0; i < IXGBE_WQBR_RX_COUNT; i++) {
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AT(WQBR_RX, i)), UINT32_MAX);
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AT(WQBR_TX, i)), UINT32_MAX);
	}
	close_port();
}

/* A former owner's filters, limits and settings of queues, which no reset has cleared, are gone once a port runs. */
static void nothing_of_a_former_owner_acts_on_packets(void)
{
	const uint32_t zero[][3] = {{IXGBE_MTA, 4, 128}, {IXGBE_VFTA, 4, 128}, {IXGBE_PFUTA, 4, 128},
		{IXGBE_PFVLVF, 4, 64}, {IXGBE_PFVLVFB, 4, 128}, {IXGBE_FTQF, 4, 128}, {IXGBE_ETQF, 4, 8},
		{IXGBE_FDIRCTRL, 4, 1}, {IXGBE_RAL + 8, 8, 127}, {IXGBE_RAH + 8, 8, 127}, {IXGBE_TDWBAL, 0x40, 128},
		{IXGBE_FCTTV, 4, 4}, {IXGBE_FCRTL, 4, 8}, {IXGBE_FCRTV, 4, 1}};
	open_card(0x10FB);
	for (unsigned t = 0; t < sizeof(zero) / sizeof(*zero); t++)
		for (uint32_t i = 0; i < zero[t][2]; i++)
			*card_register(&card, zero[t][0] + zero[t][1] * i) = 0xDEADBEEF;
	for (uint32_t queue = 0; queue < 128; queue++)
		*card_register(&card, IXGBE_DCA_TXCTRL + 0x40 * queue) = 1u << 13 | 1u << 11 | 1u << 9;
	*card_register(&card, IXGBE_MFLCN) = 0xFFF;
	*card_register(&card, IXGBE_GCR_EXT) = 0x80000003; /* it had virtual functions */
	start();
	for (unsigned t = 0; t < sizeof(zero) / sizeof(*zero); t++)
		for (uint32_t i = 0; i < zero[t][2]; i++)
			CU_ASSERT_EQUAL(*card_register(&card, zero[t][0] + zero[t][1] * i), 0);
	for (uint32_t queue = 0; queue < 128; queue++) {
		CU_ASSERT_EQUAL(*card_register(&card, IXGBE_DCA_TXCTRL + 0x40 * queue), (1u << 13 | 1u << 9));
		/* credits and rate are written through one register each, of the queue that is chosen */
		unsigned chosen = written(0, IXGBE_RTTDQSEL, UINT32_MAX, queue);
		unsigned next = card_written(&card, chosen + 1, IXGBE_RTTDQSEL, ANY, 0);
		CU_ASSERT(written(chosen, IXGBE_RTTDT1C, UINT32_MAX, 0) < next);
		CU_ASSERT(written(chosen, IXGBE_RTTBCNRC, UINT32_MAX, 0) < next);
	}
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MFLCN), 3);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_GCR_EXT), 0x80000000);
	close_port();
}

static void several_queues_are_set_up_before_receive_is_on(void)
{
	open_card(0x10FB);
	/* what a former owner may have left */
	*card_register(&card, IXGBE_CTRL_EXT) |= IXGBE_CTRL_EXT_EXTENDED_VLAN;
	*card_register(&card, IXGBE_DMATXCTL) = 8; /* GDV */
	*card_register(&card, IXGBE_RFCTL) = 1u << 10 | 1u << 11 | 1u << 16;
	*card_register(&card, IXGBE_VLNCTRL) = 1u << 29 | 0x8100;
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 100), 0);
	unsigned from = card.logged;
	start_with((struct nic_config){.rx_queues = 18, .tx_queues = 18, .rx_ring = 64, .tx_ring = 64});
	unsigned rxen = written(from, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, IXGBE_RXCTRL_RXEN);
	const uint32_t before[] = {IXGBE_MRQC, IXGBE_RSSRK + 36, IXGBE_RETA + 4 * 31, IXGBE_VFTA + 12, IXGBE_VLNCTRL,
		IXGBE_RX_AT(RDT, 17)};
	for (unsigned i = 0; i < sizeof(before) / sizeof(*before); i++)
		CU_ASSERT(written(from, before[i], ANY, 0) < rxen);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MRQC), 0x00330001); /* RSS over IP and TCP */
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RSSRK), 0xda565a6d);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RETA + 4), 0x07060504);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RETA + 4 * 31), 0x0F0E0D0C);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_ERETA, ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AT(SRRCTL, 17)), (2 | 1u << 25 | 1u << 28));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RQSMR + 16), 0x0F0F0F0F);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_VFTA + 12), 1u << 4);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_VLNCTRL), (1u << 30 | 0x8100));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_CTRL_EXT) & IXGBE_CTRL_EXT_EXTENDED_VLAN, 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_DMATXCTL), 1);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RFCTL), (1u << 5 | 1u << 6 | 1u << 7));
	/* changes do without a halt of receive, and leave RSS on */
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_rss(nic, &(struct nic_rss){.headers = NIC_RSS_IPV4_UDP | NIC_RSS_IPV6_UDP}), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MRQC), 0x00C00001);
	CU_ASSERT_EQUAL(nic_remove_vlan(nic, 100), 0);
	/* the filter is never on with an empty table */
	CU_ASSERT(written(from, IXGBE_VLNCTRL, IXGBE_VLNCTRL_VFE, 0) < written(from, IXGBE_VFTA + 12, UINT32_MAX, 0));
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 4095), 0);
	CU_ASSERT(written(from, IXGBE_VFTA + 4 * 127, UINT32_MAX, 1u << 31) <
		  written(from, IXGBE_VLNCTRL, IXGBE_VLNCTRL_VFE, IXGBE_VLNCTRL_VFE));
	CU_ASSERT_EQUAL(card_written(&card, from, IXGBE_MRQC, 15, 0), CARD_LOG);
	CU_ASSERT_EQUAL(card_written(&card, from, IXGBE_SECRXCTRL, ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(card_written(&card, from, IXGBE_RXCTRL, ANY, 0), CARD_LOG);
	close_port();
	/* the X550's table is longer */
	open_card(0x1563);
	struct nic_rss rss = {.entries = 512};
	for (unsigned i = 0; i < 512; i++)
		rss.table[i] = (uint8_t)(i % 35);
	start_with((struct nic_config){.rx_queues = 35, .rx_ring = 64, .rss = &rss});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RETA + 4 * 31), 0x16151413); /* 124 to 127 */
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_ERETA), 0x1A191817);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_ERETA + 4 * 95), 0x15141312); /* 508 to 511 */
	close_port();
}

static void a_queue_alone_goes_by_its_own_registers(void)
{
	open_card(0x10FB);
	CU_ASSERT_EQUAL_FATAL(
		nic_start(nic, &(struct nic_config){.rx_queues = 70, .tx_queues = 2, .rx_ring = 64, .tx_ring = 64}), 0);
	const uint32_t rxdctl = 0x0D028 + 0x40 * 5; /* of queue 69 */
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 69, false), 0);
	written(from, rxdctl, IXGBE_RXDCTL_ENABLE, 0);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 69, true), 0);
	unsigned head = written(from, 0x0D010 + 0x40 * 5, UINT32_MAX, 0);
	unsigned base = written(from, 0x0D000 + 0x40 * 5, ANY, 0);
	unsigned enable = written(from, rxdctl, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE);
	unsigned polled = was_read(enable, rxdctl, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE);
	unsigned tail = written(from, 0x0D018 + 0x40 * 5, UINT32_MAX, 63);
	CU_ASSERT(head < base && base < enable && enable < polled && polled < tail);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
	written(from, IXGBE_AT(TXDCTL, 1), IXGBE_TXDCTL_ENABLE | IXGBE_TXDCTL_SWFLSH, IXGBE_TXDCTL_SWFLSH);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, true), 0);
	head = written(from, IXGBE_AT(TDH, 1), UINT32_MAX, 0);
	base = written(from, IXGBE_AT(TDBAL, 1), ANY, 0);
	enable = written(from, IXGBE_AT(TXDCTL, 1), UINT32_MAX, IXGBE_TXDCTL_ENABLE | 1 << 8 | 32);
	CU_ASSERT(head < base && base < enable);
	/* the paths of all others stay as they are */
	const uint32_t common[] = {
		IXGBE_RXCTRL, IXGBE_SECRXCTRL, IXGBE_DMATXCTL, IXGBE_RTTDCS, IXGBE_AT(TXDCTL, 0), IXGBE_AT(RXDCTL, 0)};
	for (unsigned i = 0; i < sizeof(common) / sizeof(*common); i++)
		CU_ASSERT_EQUAL(card_written(&card, from, common[i], ANY, 0), CARD_LOG);
	close_port();
}

/* A queue is off only when the card has fetched what was in its ring, if there is a link; and after a while anyway. */
static void a_transmit_queue_is_emptied_before_it_stops(void)
{
	const uint32_t txdctl = IXGBE_TXDCTL, off = IXGBE_TXDCTL_SWFLSH;
	for (unsigned how = 0; how < 3; how++) { /* sends, no link, stuck */
		struct pkt pkt;
		open_card(0x10FB);
		start();
		*card_register(&card, IXGBE_LINKS) = how == 1 ? 0 : IXGBE_LINKS_UP | 3u << IXGBE_LINKS_SPEED_SHIFT;
		card.sends = how == 0;
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
		pkt.len = 60;
		CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
		unsigned from = card.logged;
		uint64_t before = clock_now_us();
		CU_ASSERT_EQUAL(nic_set_txq(nic, 0, false), 0);
		unsigned at = written(from, txdctl, IXGBE_TXDCTL_ENABLE | off, off);
		CU_ASSERT_EQUAL(card_read(&card, from, IXGBE_TDH, UINT32_MAX, 1) < at, how == 0);
		CU_ASSERT_EQUAL(card_read(&card, from, IXGBE_TDH, ANY, 0) < at, how != 1);
		CU_ASSERT_EQUAL(clock_now_us() - before >= ixgbe_times.drain, how == 2);
		close_port(); /* which finds that no packet is lost */
	}
}

static void jumbo_frames_are_let_in_by_mtu(void)
{
	open_card(0x10FB);
	start_with((struct nic_config){.mtu = 15846});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_HLREG0) & IXGBE_HLREG0_JUMBOEN, IXGBE_HLREG0_JUMBOEN);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_MAXFRS) >> 16, 15872);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TXPBTHRESH), 144);
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->max_frame, 15868);
	close_port();
}

static void link_up(uint32_t speed)
{
	*card_register(&card, IXGBE_LINKS) = IXGBE_LINKS_UP | speed << IXGBE_LINKS_SPEED_SHIFT;
}

static void stopping_follows_the_datasheet(void)
{
	open_card(0x10FB);
	start();
	link_up(3);
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
	CU_ASSERT(halt < rxen && rxen < receive && receive < receive_off && receive_off < transmit &&
		  transmit < transmit_off);
	CU_ASSERT(transmit_off < unloaded && unloaded < master && master < reset && reset < off);
	CU_ASSERT_EQUAL(card.resets, 2);
	nothing_is_left();
	/* closing a stopped port resets nothing any more */
	close_port();
	CU_ASSERT_EQUAL(card.resets, 2);
}

static void hand_over_a_packet(void)
{
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 60;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_TDT), 1);
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->next, 1);
}

static void stopping_waits_for_transmit_but_not_for_ever(void)
{
	for (unsigned taken = 0; taken < 2; taken++) {
		open_card(0x10FB);
		start();
		link_up(3);
		card.sends = taken; /* but it is not counted: it is in the card's packet buffer still */
		hand_over_a_packet();
		uint64_t before = clock_now_us();
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		CU_ASSERT(clock_now_us() - before >= ixgbe_times.drain);
		CU_ASSERT(notes("a stop waited for packets to be sent, until nothing moved for 1 ms"));
		struct nic_stats stats;
		nic_get_stats(nic, &stats);
		CU_ASSERT_EQUAL(stats.tx_unsent, 1);
		nothing_is_left();
		close_port();
	}
}

/* Nothing goes out without link, and a queue with packets that the card has fetched does not stop. */
static void stopping_waits_for_nothing_without_link(void)
{
	struct ixgbe_times hurried = ixgbe_times;
	open_card(0x10FB);
	start();
	hand_over_a_packet();
	ixgbe_times.drain = ixgbe_times.queue = 60000000;
	card.stuck[0] = (struct card_stuck){IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE};
	unsigned from = card.logged;
	uint64_t before = nic->notes.count;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned off = written(from, IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, 0);
	CU_ASSERT(off < written(from, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST));
	CU_ASSERT_EQUAL(nic->notes.count, before);
	struct nic_stats stats;
	nic_get_stats(nic, &stats);
	CU_ASSERT_EQUAL(stats.tx_unsent, 1);
	nothing_is_left();
	ixgbe_times = hurried;
	close_port();
}

/* What goes out while the card falls silent is counted: the last reading is just before the reset. */
static void counters_are_final_when_the_card_is_silent(void)
{
	open_card(0x10FB);
	start();
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned silent = was_read(from, IXGBE_STATUS, IXGBE_STATUS_GIO, 0);
	CU_ASSERT(was_read(silent, IXGBE_GPTC, ANY, 0) < written(from, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST));
	close_port();
	/* and before the flush, which has the card send in loopback */
	open_card(0x10FB);
	start();
	card.stuck[0] = (struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO};
	from = card.logged;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	unsigned loop = written(from, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, IXGBE_HLREG0_LPBK);
	CU_ASSERT(was_read(from, IXGBE_GPTC, ANY, 0) < loop);
	CU_ASSERT_EQUAL(card_read(&card, loop, IXGBE_GPTC, ANY, 0), CARD_LOG);
	close_port();
}

static void the_wait_for_transmit_follows_the_speed(void)
{
	const struct nic small = {.config = {.tx_queues = 1, .tx_ring = 512, .mtu = 1500, .pool = pool}};
	const struct nic large = {.config = {.tx_queues = 2, .tx_ring = 4096, .mtu = 9000, .pool = pool}};
	/* 512 frames of 1526 bytes with FCS, 20 more each, and 160 KiB: 7.64 million bits */
	CU_ASSERT_EQUAL(rings_carry_us(&small, 10000), 764);
	CU_ASSERT_EQUAL(rings_carry_us(&small, 100), 76431);
	CU_ASSERT_EQUAL(rings_carry_us(&small, 10), 764313);
	CU_ASSERT_EQUAL(rings_carry_us(&small, 0), 764313);
	/* 8192 buffers of 2 KiB */
	CU_ASSERT_EQUAL(rings_carry_us(&large, 1000), 135528);
}

/* ---- the rest ---- */

static void counters_are_accumulated_over_reads_that_clear(void)
{
	open_card(0x10FB);
	*card_register(&card, IXGBE_QPRC) = 1000; /* from before the start */
	start();
	struct nic_stats stats;
	struct nic_queue_stats queue;
	struct nic_counter counters[200];
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 0);
	for (unsigned round = 1; round <= 3; round++) {
		*card_register(&card, IXGBE_LXONTXC) = 1; /* pause frames are in GPTC and GOTC, and are no packets */
		*card_register(&card, IXGBE_LXOFFTXC) = 2;
		*card_register(&card, IXGBE_LXOFFRXCNT) = 4;
		*card_register(&card, IXGBE_QPTC) = 10;
		*card_register(&card, IXGBE_TXDGBCL) = 3;
		*card_register(&card, IXGBE_TXDGBCH) = 0xF5;
		*card_register(&card, IXGBE_QPRC) = 0xF0000000;
		*card_register(&card, IXGBE_QBRC_L) = 0x00000010;
		*card_register(&card, IXGBE_QBRC_H) = 0xF; /* 36 bits */
		*card_register(&card, IXGBE_GPTC) = 13;
		*card_register(&card, IXGBE_GOTCL) = 640 + 3 * 64;
		*card_register(&card, IXGBE_MPC) = 3;
		*card_register(&card, IXGBE_QPRDC) = 7; /* of a queue that is stopped alone */
		*card_register(&card, IXGBE_QBTC_L) = 600;
		*card_register(&card, IXGBE_CRCERRS) = 1;
		*card_register(&card, IXGBE_RLEC) = 2;
		*card_register(&card, IXGBE_RUC) = 4;
		*card_register(&card, IXGBE_RFC) = 8;
		*card_register(&card, IXGBE_ROC) = 16;
		*card_register(&card, IXGBE_RJC) = 32;
		*card_register(&card, IXGBE_MPRC) = 5;
		*card_register(&card, IXGBE_BPRC) = 6;
		CU_ASSERT_EQUAL(round % 2 ? nic_service(nic, NULL) : nic_get_stats(nic, &stats), 0);
		CU_ASSERT(nic_get_counters(nic, counters, 200) > 70);
	}
	__atomic_store_n(&nic->rings.txqs[0]->bad_packets, 9, __ATOMIC_RELAXED);
	__atomic_store_n(&nic->rings.rxqs[0]->bad_descriptors, 8, __ATOMIC_RELAXED);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, UINT64_C(3) * 0xF0000000);
	CU_ASSERT_EQUAL(stats.rx_bytes, 3 * UINT64_C(0xF00000010));
	CU_ASSERT_EQUAL(stats.tx_packets, 30);
	CU_ASSERT_EQUAL(stats.tx_bytes, 30 * 60);
	CU_ASSERT_EQUAL(stats.tx_pause_frames, 6);
	CU_ASSERT_EQUAL(stats.rx_pause_frames, 12);
	int n = nic_get_counters(nic, counters, 200), found = 0;
	for (int i = 0; i < n; i++) {
		if (strcmp(counters[i].name, "tx_dma_bytes") == 0)
			CU_ASSERT_EQUAL((found++, counters[i].value), 3 * UINT64_C(0x500000003));
		if (strcmp(counters[i].name, "tx_queue_dma_packets") == 0 && counters[i].queue == 0)
			CU_ASSERT_EQUAL((found++, counters[i].value), 30);
		if (strcmp(counters[i].name, "tx_xon_packets") == 0)
			CU_ASSERT_EQUAL((found++, counters[i].value), 3);
	}
	CU_ASSERT_EQUAL(found, 3);
	CU_ASSERT_EQUAL(stats.rx_missed, 9);
	CU_ASSERT_EQUAL(stats.rx_no_descriptor, 21);
	CU_ASSERT_EQUAL(nic_get_txq_stats(nic, 0, &queue), 0);
	CU_ASSERT_EQUAL(queue.bytes, 1800);
	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 0, &queue), 0);
	CU_ASSERT_EQUAL(queue.bytes, stats.rx_bytes);
	CU_ASSERT_EQUAL(queue.missed, 21);
	CU_ASSERT_EQUAL(stats.rx_errors, 3 * 63);
	CU_ASSERT_EQUAL(stats.rx_multicast, 15);
	CU_ASSERT_EQUAL(stats.rx_broadcast, 18);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 9);
	CU_ASSERT_EQUAL(stats.rx_bad_descriptors, 8);
	close_port();
}

static void filter_modes_change_without_a_halt_of_receive(void)
{
	open_card(0x10FB);
	start_with((struct nic_config){.promiscuous = true});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), (IXGBE_FCTRL_BAM | IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE));
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), 0);
	CU_ASSERT_EQUAL(card.logged, from);
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, false), 0);
	written(from, IXGBE_FCTRL, UINT32_MAX, IXGBE_FCTRL_BAM);
	/* a port that is halted, however shortly, loses frames */
	CU_ASSERT_EQUAL(card_written(&card, from, IXGBE_SECRXCTRL, ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(card_written(&card, from, IXGBE_RXCTRL, ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(nic_set_all_multicast(nic, true), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), (IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE));
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), 0);
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, false), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_FCTRL), (IXGBE_FCTRL_BAM | IXGBE_FCTRL_MPE));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RXCTRL), IXGBE_RXCTRL_RXEN);
	/* a change that fails is no change */
	card.refused = IXGBE_FCTRL;
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), -EIO);
	CU_ASSERT(!nic->promiscuous);
	card.refused = 0;
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

/* The link, and the pins of the cage. */
#define WANTED_CAUSES (IXGBE_EICR_LSC | IXGBE_EICR_GPI_SDP1 | IXGBE_EICR_GPI_SDP2)

static void link_interrupts_come_only_when_wanted(void)
{
	open_card(0x10FB);
	start();
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_EIMS, ANY, 0), CARD_LOG);
	unsigned from = card.logged;
	CU_ASSERT(nic_event_fd(nic) >= 0);
	unsigned mode = written(from, IXGBE_GPIE, IXGBE_GPIE_MSIX_MODE, IXGBE_GPIE_MSIX_MODE);
	unsigned vector = written(from, IXGBE_IVAR_MISC, UINT32_MAX, 0x8000);
	unsigned enable = written(from, IXGBE_EIMS, UINT32_MAX, WANTED_CAUSES);
	CU_ASSERT(mode < vector && vector < enable);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* and it is back after a restart */
	from = card.logged;
	start();
	written(from, IXGBE_EIMS, UINT32_MAX, WANTED_CAUSES);
	close_port();
	/* MSI needs no vector */
	open_card(0x10FB);
	card.device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 0;
	card.device.irq_count[VFIO_PCI_MSI_IRQ_INDEX] = 1;
	start();
	CU_ASSERT(nic_event_fd(nic) >= 0);
	written(0, IXGBE_EIMS, UINT32_MAX, WANTED_CAUSES);
	written(0, IXGBE_GPIE, UINT32_MAX, IXGBE_GPIE_OCD | IXGBE_GPIE_SDP1 | IXGBE_GPIE_SDP2);
	close_port();
}

static void receive_queues_have_vectors(void)
{
	open_card(0x10FB);
	card.device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 4;
	struct nic_config config = {.rx_queues = 4, .rx_interrupt_us = 50, .pool = pool};
	CU_ASSERT_EQUAL(nic_start(nic, &config), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "the device has them for 3"));
	unsigned from = card.logged;
	config.rx_queues = 3;
	start_with(config);
	unsigned mode = written(from, IXGBE_GPIE, IXGBE_GPIE_EIAME | IXGBE_GPIE_OCD, IXGBE_GPIE_EIAME | IXGBE_GPIE_OCD);
	CU_ASSERT(mode < written(from, IXGBE_IVAR, UINT32_MAX, 0x00820081));
	CU_ASSERT(mode < written(from, IXGBE_IVAR + 4, UINT32_MAX, 0x83));
	for (unsigned vector = 1; vector <= 3; vector++)
		written(from, IXGBE_EITR + 4 * vector, UINT32_MAX, 25 << 3); /* of 2.048 us */
	written(from, IXGBE_EIAC, UINT32_MAX, 0xE);
	written(from, IXGBE_EIAM_EX, UINT32_MAX, 0xE);
	CU_ASSERT_EQUAL(card_written(&card, from, IXGBE_EIMS_EX, ANY, 0), CARD_LOG);
	/* one arm: the cause is cleared, the vector let through, and both are done before it returns */
	from = card.logged;
	CU_ASSERT(nic_rxq_arm(nic_rxq(nic, 2)));
	unsigned clear = written(from, IXGBE_EICR, UINT32_MAX, 8), on = written(from, IXGBE_EIMS_EX, UINT32_MAX, 8);
	CU_ASSERT(clear < on && on < card_read(&card, from, IXGBE_STATUS, ANY, 0));
	close_port();
	/* with MSI there is one vector, which EITR[0] moderates, and a cause each */
	open_card(0x10FB);
	card.device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 0;
	card.device.irq_count[VFIO_PCI_MSI_IRQ_INDEX] = 1;
	start_with(config);
	written(0, IXGBE_IVAR, UINT32_MAX, 0x00810080);
	written(0, IXGBE_EITR, UINT32_MAX, 25 << 3);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_EIAM_EX, ANY, 0), CARD_LOG);
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

static void speeds_are_distinguished(void)
{
	const uint32_t up = IXGBE_LINKS_UP, non_standard = IXGBE_LINKS_NON_STD;
	open_card(0x10FB);
	CU_ASSERT_EQUAL(speed_of(3u << 28), 0);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28), 10000);
	CU_ASSERT_EQUAL(speed_of(up | 2u << 28), 1000);
	CU_ASSERT_EQUAL(speed_of(up | 1u << 28), 100);
	card.link_was_down = true; /* and is up again */
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28), 10000);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28 | non_standard), 10000);
	close_port();
	open_card(0x1563);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28), 10000);
	CU_ASSERT_EQUAL(speed_of(up | 3u << 28 | non_standard), 2500);
	CU_ASSERT_EQUAL(speed_of(up | 1u << 28 | non_standard), 5000);
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
	*card_register(&card, IXGBE_SW_FW_SYNC) = IXGBE_SW_FW_SYNC_REGSMP | IXGBE_SW_FW_SYNC_PHY0
										    << IXGBE_SW_FW_SYNC_FW_SHIFT;
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	written(0, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_PHY0, IXGBE_SW_FW_SYNC_PHY0);
	close_port();
	/* and one that cannot be had at all does not prevent the reset */
	card_init(&card, 0x1560, space);
	card.stuck[0] = (struct card_stuck){IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_REGSMP, IXGBE_SW_FW_SYNC_REGSMP};
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	CU_ASSERT_EQUAL(
		card_written(&card, 0, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_PHY0, IXGBE_SW_FW_SYNC_PHY0), CARD_LOG);
	close_port();
}

static void backplane_cards_have_no_laser(void)
{
	open_card(0x10F7);
	start();
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_ESDP), IXGBE_ESDP_SDP2 | IXGBE_ESDP_SDP3);
	written(0, IXGBE_AUTOC, IXGBE_AUTOC_AN_RESTART, IXGBE_AUTOC_AN_RESTART);
	close_port();
}

static bool is_noted(const char *part)
{
	struct nic_note notes[8];
	uint64_t next = 0;
	unsigned n = nic_get_notes(nic, &next, notes, 8);
	bool found = false;
	for (unsigned i = 0; i < n; i++)
		found |= strstr(notes[i].text, part) != NULL;
	return found;
}

static void a_link_that_management_keeps_is_left_alone(void)
{
	card_init(&card, 0x10FB, space);
	card.stuck[0] = (struct card_stuck){IXGBE_MMNGC, IXGBE_MMNGC_MNG_VETO, IXGBE_MMNGC_MNG_VETO};
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	start();
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_AUTOC, ANY, 0), CARD_LOG);
	CU_ASSERT_EQUAL(card_written(&card, 0, IXGBE_CORECTL, ANY, 0), CARD_LOG);
	CU_ASSERT(is_noted("management firmware keeps the link"));
	close_port();
}

static void a_bus_that_hangs_is_no_error(void)
{
	open_card(0x10FB); /* its module holds the clock for ever */
	start();
	CU_ASSERT(is_noted("the module does not answer"));
	written(0, IXGBE_AUTOC, IXGBE_AUTOC_AN_RESTART, IXGBE_AUTOC_AN_RESTART);
	close_port();
}

static void backplanes_offer_the_speeds_of_the_configuration(void)
{
	const uint32_t offers = IXGBE_AUTOC_KR | IXGBE_AUTOC_KX | IXGBE_AUTOC_KX4;
	open_card(0x1517);
	*card_register(&card, IXGBE_AUTOC) = 4u << 13 | offers;
	start_with((struct nic_config){.speeds = NIC_SPEED_1G});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AUTOC), 4u << 13 | IXGBE_AUTOC_KX);
	close_port();
	open_card(0x1517);
	*card_register(&card, IXGBE_AUTOC) = 4u << 13 | offers;
	start_with((struct nic_config){.speeds = NIC_SPEED_10G});
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_AUTOC), 4u << 13 | IXGBE_AUTOC_KR | IXGBE_AUTOC_KX4);
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"opening silences the card before it is reset", opening_silences_the_card_before_it_is_reset},
		{"a live link is not reset", a_live_link_is_not_reset},
		{"starting follows the datasheet", starting_follows_the_datasheet},
		{"starting leaves the card as it should be", starting_leaves_the_card_as_it_should_be},
		{"nothing of a former owner acts on packets", nothing_of_a_former_owner_acts_on_packets},
		{"several queues are set up before receive is on", several_queues_are_set_up_before_receive_is_on},
		{"a queue alone goes by its own registers", a_queue_alone_goes_by_its_own_registers},
		{"a transmit queue is emptied before it stops", a_transmit_queue_is_emptied_before_it_stops},
		{"jumbo frames are let in by MTU", jumbo_frames_are_let_in_by_mtu},
		{"stopping follows the datasheet", stopping_follows_the_datasheet},
		{"stopping waits for transmit, but not for ever", stopping_waits_for_transmit_but_not_for_ever},
		{"stopping waits for nothing without link", stopping_waits_for_nothing_without_link},
		{"counters are final when the card is silent", counters_are_final_when_the_card_is_silent},
		{"the wait for transmit follows the speed", the_wait_for_transmit_follows_the_speed},
		{"an X550 lets go of stopped queues", an_x550_lets_go_of_stopped_queues},
		{"counters are accumulated over reads that clear", counters_are_accumulated_over_reads_that_clear},
		{"filter modes change without a halt of receive", filter_modes_change_without_a_halt_of_receive},
		{"an exact filter is off while it changes", an_exact_filter_is_off_while_it_changes},
		{"link interrupts come only when wanted", link_interrupts_come_only_when_wanted},
		{"receive queues have vectors", receive_queues_have_vectors},
		{"speeds are distinguished", speeds_are_distinguished},
		{"copper cards are left to negotiate", copper_cards_are_left_to_negotiate},
		{"dead owners of the semaphore are overruled", dead_owners_of_the_semaphore_are_overruled},
		{"backplane cards have no laser", backplane_cards_have_no_laser},
		{"backplanes offer the speeds of the configuration", backplanes_offer_the_speeds_of_the_configuration},
		{"a link that management keeps is left alone", a_link_that_management_keeps_is_left_alone},
		{"a bus that hangs is no error", a_bus_that_hangs_is_no_error},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "ixgbe", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
