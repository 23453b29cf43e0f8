/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of flow control: what two ends agree on, and the registers of a scripted 82599. What copper links negotiate is
 * in test_ixgbe_link.c and test_gigabit_link.c. */
#include "unit_local.h"

#include "card_ixgbe.c"
#include "card_port.c"
#include "unit_wire.h"

#include "../../driver/clock.h"
#include "../../driver/pause.h"

enum { RX = NIC_PAUSE_RX, TX = NIC_PAUSE_TX };
#define SYM  PAUSE_SYMMETRIC
#define ASM  PAUSE_ASYMMETRIC
#define FCEN IXGBE_FCRTH_FCEN

/* IEEE 802.3, table 28B-3, by what is wanted (0, RX, TX, both) and what the partner offers (0, SYM, ASM, both). */
static void both_ends_agree_as_the_standard_has_it(void)
{
	static const unsigned wanted[] = {0, RX, TX, RX | TX}, offers[] = {0, SYM | ASM, ASM, SYM | ASM};
	static const unsigned agreed[4][4] = {{0, 0, 0, 0}, {0, RX, RX, RX}, {0, 0, 0, TX}, {0, RX | TX, RX, RX | TX}};
	for (unsigned w = 0; w < 4; w++) {
		ASSERT_NUMBER(pause_offer(wanted[w]), offers[w]);
		for (unsigned partner = 0; partner < 4; partner++)
			ASSERT_NUMBER(pause_resolve(wanted[w], partner), agreed[w][partner]);
	}
}

static uint32_t reg(uint32_t offset)
{
	return *card_register(&card, offset);
}

static void expect(uint32_t pause, uint32_t fcrtl, uint32_t fcrth)
{
	ASSERT_NUMBER(reg(IXGBE_MFLCN) >> 3 & 1, pause & RX ? 1 : 0);
	ASSERT_NUMBER(reg(IXGBE_FCCFG) >> 3 & 3, pause & TX ? 1 : 0);
	ASSERT_NUMBER(reg(IXGBE_FCRTL), fcrtl);
	ASSERT_NUMBER(reg(IXGBE_FCRTH), fcrth);
	ASSERT_NUMBER(reg(IXGBE_FCTTV), pause & TX ? 0xFFFF : 0);
	ASSERT_NUMBER(reg(IXGBE_FCRTV), pause & TX ? 0x7FFF : 0);
}

static void link_up(unsigned speed)
{
	*card_register(&card, IXGBE_LINKS) = IXGBE_LINKS_UP | speed << IXGBE_LINKS_SPEED_SHIFT;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
}

/* 512 KiB less 24, without pause frames; with them, 15 KiB of headroom for frames of 1526 bytes, 64 for 15872. */
static void an_optical_link_does_as_configured(void)
{
	static const struct {
		uint32_t pause;
		uint16_t mtu;
		uint32_t fcrtl, fcrth;
	} cases[] = {
		{0, 0, 0, (512 - 24) << 10},
		{RX, 0, 0, (512 - 24) << 10},
		{TX, 0, 10u << 10 | IXGBE_FCRTL_XONE, (512 - 15) << 10 | FCEN},
		{RX | TX, 0, 10u << 10 | IXGBE_FCRTL_XONE, (512 - 15) << 10 | FCEN},
		{RX | TX, 15846, 66u << 10 | IXGBE_FCRTL_XONE, (512 - 64) << 10 | FCEN},
	};
	struct nic_link link;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		open_card(0x10FB);
		struct nic_info info;
		nic_get_info(nic, &info);
		ASSERT_NUMBER(info.pause, RX | TX);
		start_with((struct nic_config){.pause = cases[i].pause, .mtu = cases[i].mtu});
		expect(cases[i].pause, cases[i].fcrtl, cases[i].fcrth);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
		ASSERT_NUMBER(link.pause, 0); /* there is no link yet */
		link_up(3);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
		ASSERT_NUMBER(link.pause, cases[i].pause);
		CU_ASSERT_EQUAL(noted("as configured"), cases[i].pause != 0);
		expect(cases[i].pause, cases[i].fcrtl, cases[i].fcrth);
		/* the next start has none of it */
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		start();
		expect(0, 0, (512 - 24) << 10);
		close_port();
	}
}

/* Pause frames are among the frames that the card has sent, and what it counts may be read in between. */
static void counters_never_fall_for_pause_frames(void)
{
	static const struct {
		uint32_t gptc, lxofftxc, packets;
	} reads[] = {{0, 1, 0}, {1, 0, 0}, {3, 0, 3}, {1, 3, 3}, {2, 0, 3}, {5, 1, 7}};
	struct nic_stats stats;
	open_card(0x10FB);
	start();
	for (unsigned i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		*card_register(&card, IXGBE_GPTC) = reads[i].gptc;
		*card_register(&card, IXGBE_LXOFFTXC) = reads[i].lxofftxc;
		*card_register(&card, IXGBE_GOTCL) = 64 * reads[i].gptc;
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		ASSERT_NUMBER(stats.tx_packets, reads[i].packets);
		ASSERT_NUMBER(stats.tx_bytes, 60 * reads[i].packets);
	}
	const unsigned from = 0;
	CU_ASSERT(card_read(&card, from, IXGBE_GPTC, ANY, 0) < card_read(&card, from, IXGBE_LXOFFTXC, ANY, 0));
	close_port();
}

static void fibre_at_1_gbit_negotiates(void)
{
	struct nic_link link;
	for (unsigned partner = 0; partner < 4; partner++) {
		open_card(0x10FB);
		start_with((struct nic_config){.pause = RX | TX});
		ASSERT_NUMBER(reg(IXGBE_PCS1GANA) >> 7 & 3, SYM | ASM);
		*card_register(&card, IXGBE_PCS1GLSTA) = IXGBE_PCS1GLSTA_AN_COMPLETE;
		*card_register(&card, IXGBE_PCS1GANLP) = partner << 7;
		link_up(2);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
		ASSERT_NUMBER(link.pause, pause_resolve(RX | TX, partner));
		ASSERT_NUMBER(reg(IXGBE_MFLCN) >> 3 & 1, partner ? 1 : 0);
		ASSERT_NUMBER(reg(IXGBE_FCCFG) >> 3 & 3, partner & SYM ? 1 : 0);
		/* a partner that does not negotiate */
		*card_register(&card, IXGBE_PCS1GLSTA) |= IXGBE_PCS1GLSTA_AN_TIMED_OUT;
		*card_register(&card, IXGBE_LINKS) = 0;
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
		link_up(2);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link), 0);
		ASSERT_NUMBER(link.pause, RX | TX);
		close_port();
	}
}

static void queues_wait_or_drop(void)
{
	static const uint32_t pauses[] = {0, RX, TX};
	for (unsigned i = 0; i < 3; i++) {
		open_card(0x10FB);
		start_with((struct nic_config){.rx_queues = 2, .pause = pauses[i]});
		for (unsigned q = 0; q < 2; q++)
			ASSERT_NUMBER(!!(reg(IXGBE_AT(SRRCTL, q)) & IXGBE_SRRCTL_DROP_EN), pauses[i] != TX);
		close_port();
	}
}

static void what_cannot_be_is_refused(void)
{
	open_card(0x10FB);
	struct nic_config config = {.pause = 4, .pool = pool};
	CU_ASSERT_EQUAL(nic_start(nic, &config), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "flow control 0x4"));
	close_port();
}

/* The other end pauses for ever: what was handed over is given up, after one wait for all queues. */
static void a_stop_does_not_wait_for_the_end_of_a_pause(void)
{
	open_card(0x10FB);
	start_with((struct nic_config){.tx_queues = 2, .pause = RX});
	link_up(3);
	struct pkt pkt;
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 60;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	for (unsigned q = 0; q < 2; q++)
		card.stuck[q] = (struct card_stuck){IXGBE_AT(TXDCTL, q), IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE};
	*card_register(&card, IXGBE_LXOFFRXCNT) = 9;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(noted("the other end has sent pause frames"));
	CU_ASSERT(noted("TXDCTL[0].ENABLE"));
	CU_ASSERT(!noted("TXDCTL[1].ENABLE"));
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_unsent, 1);
	ASSERT_NUMBER(stats.rx_pause_frames, 9);
	close_port();
}

/* The same against the software 82599: what its packet buffer holds has the other end pause, and go on; those frames
 * are no packets of ours. Then the other end pauses us, and nothing goes out until the stop gives up. */
static void the_software_card_agrees(void)
{
	struct vfio_device *device;
	struct nic_stats stats;
	uint8_t frame[MODEL_PAUSE_BYTES];
	static struct wire wire;
	struct pkt pkts[2];
	local_port_open(&nic, &device, space, &(struct nic_config){.pause = RX | TX, .pool = pool});
	struct model *model = model_local_model(device);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_FALSE(model_pause_due(model, 496 << 10, frame));
	CU_ASSERT_TRUE(model_pause_due(model, 498 << 10, frame));
	CU_ASSERT_TRUE(model_pause_due(model, 9 << 10, frame));
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 2), 2);
	pkts[0].len = pkts[1].len = 60;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts, 1), 1);
	ASSERT_NUMBER(wire_send(&wire, model), 1);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_packets, 1);
	ASSERT_NUMBER(stats.tx_bytes, 60);
	ASSERT_NUMBER(stats.tx_pause_frames, 1);
	model_pause_frame(nic->info.mac, 0xFFFF, frame);
	ASSERT_NUMBER(model_receive(model, &(struct model_frame){.data = frame, .len = sizeof(frame)}, 1), 1);
	CU_ASSERT_TRUE(model_paused(model));
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), pkts + 1, 1), 1);
	ASSERT_NUMBER(wire_send(&wire, model), 0);
	uint64_t begin = clock_now_us();
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(clock_now_us() - begin < 5000000); /* a busy machine may be slow */
	CU_ASSERT(noted("the other end has sent pause frames"));
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.rx_pause_frames, 1);
	ASSERT_NUMBER(stats.rx_packets, 0);
	ASSERT_NUMBER(stats.tx_packets, 1);
	ASSERT_NUMBER(stats.tx_unsent, 1);
	wire_forget(&wire);
	nic_close(nic);
	nic = NULL;
}

/* With the limits that hardware gets, which the scripted card does not need. */
static int begin_model(void)
{
	int ret = dma_space_open(&space);
	return ret ? ret : pkt_pool_open(&pool, space, BUFFERS, -1);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"both ends agree as the standard has it", both_ends_agree_as_the_standard_has_it},
		{"an optical link does as configured", an_optical_link_does_as_configured},
		{"counters never fall for pause frames", counters_never_fall_for_pause_frames},
		{"fibre at 1 Gbit/s negotiates", fibre_at_1_gbit_negotiates},
		{"queues wait or drop", queues_wait_or_drop},
		{"what cannot be is refused", what_cannot_be_is_refused},
		{"a stop does not wait for the end of a pause", a_stop_does_not_wait_for_the_end_of_a_pause},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo model_tests[] = {{"the software card agrees", the_software_card_agrees}, CU_TEST_INFO_NULL};
	CU_SuiteInfo suites[] = {{"pause on the software card", begin_model, end, NULL, NULL, model_tests},
		{"pause", begin, end, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
