/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of several queues on a scripted 82576 and 82574L: which registers are written, and in what order: rings of each
 * queue, RSS, the filter for VLANs, queues that stop and start alone, what is counted of a queue. */
#include "card_e1000.c"

#include "../../driver/ring/offload.h"
#include "card_port.c"
#include "unit.h"
#include <poll.h>
#include <unistd.h>

#define QUEUES 16u

static void start_queues(unsigned rx, unsigned tx)
{
	start_with((struct nic_config){
		.rx_queues = (uint16_t)rx, .tx_queues = (uint16_t)tx, .rx_ring = 64, .tx_ring = 64});
}

static bool was_written(unsigned from, uint32_t offset, uint32_t mask, uint32_t value)
{
	return card_written(&card, from, offset, mask, value) != CARD_LOG;
}

/* The order that the 82576's datasheet asks for in 8.10.10 and 8.12.13, for each queue. */
static void each_queue_of_an_82576_has_its_ring(void)
{
	open_card(ID_82576);
	unsigned from = card.logged;
	start_queues(QUEUES, QUEUES);
	unsigned receive = written(from, GIGABIT_RCTL, GIGABIT_RCTL_EN, GIGABIT_RCTL_EN);
	unsigned transmit = written(from, GIGABIT_TCTL, GIGABIT_TCTL_EN, GIGABIT_TCTL_EN);
	const uint32_t enable = IGB_XXDCTL_ENABLE;
	for (unsigned i = 0; i < QUEUES; i++) {
		const struct ring_rxq *rxq = nic->rings.rxqs[i];
		const struct ring_txq *txq = nic->rings.txqs[i];
		uint64_t rx = (uintptr_t)rxq->ring + rxq->iova_offset, tx = (uintptr_t)txq->ring + txq->iova_offset;
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(RDBAL, i)), (uint32_t)rx);
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(RDBAH, i)), (uint32_t)(rx >> 32));
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(RDLEN, i)), 64 * 16);
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(TDBAL, i)), (uint32_t)tx);
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(TDBAH, i)), (uint32_t)(tx >> 32));
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(TDLEN, i)), 64 * 16);
		CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(SRRCTL, i)), 0x82000002); /* a full queue drops */
		unsigned off = written(from, IGB_AT(RXDCTL, i), enable, 0);
		unsigned on = written(from, IGB_AT(RXDCTL, i), enable, enable);
		CU_ASSERT(off < on && on < receive);
		CU_ASSERT(receive < written(from, IGB_AT(RDH, i), UINT32_MAX, 0));
		CU_ASSERT(receive < written(from, IGB_AT(RDT, i), UINT32_MAX, 63));
		off = written(from, IGB_AT(TXDCTL, i), enable, 0);
		on = written(from, IGB_AT(TXDCTL, i), enable, enable);
		CU_ASSERT(off < on && on < transmit);
		CU_ASSERT(transmit < written(from, IGB_AT(TDT, i), UINT32_MAX, 0));
	}
	CU_ASSERT(written(from, GIGABIT_MRQC, 7, 2) < receive);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* a single queue waits for the driver rather than drop, and has no hash */
	start();
	CU_ASSERT_EQUAL(*card_register(&card, IGB_SRRCTL), 0x02000002);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_MRQC), 0);
	close_port();
}

static void both_queues_of_an_82574l_have_their_rings(void)
{
	open_card(ID_82574L);
	unsigned from = card.logged;
	start_queues(2, 2);
	unsigned receive = written(from, GIGABIT_RCTL, GIGABIT_RCTL_EN, GIGABIT_RCTL_EN);
	for (unsigned i = 0; i < 2; i++) {
		const struct ring_rxq *rxq = nic->rings.rxqs[i];
		const struct ring_txq *txq = nic->rings.txqs[i];
		CU_ASSERT_EQUAL(
			*card_register(&card, 0x2800 + 0x100 * i), (uint32_t)((uintptr_t)rxq->ring + rxq->iova_offset));
		CU_ASSERT_EQUAL(
			*card_register(&card, 0x3800 + 0x100 * i), (uint32_t)((uintptr_t)txq->ring + txq->iova_offset));
		CU_ASSERT_EQUAL(*card_register(&card, 0x2808 + 0x100 * i), 64 * 16);
		CU_ASSERT_EQUAL(*card_register(&card, 0x3808 + 0x100 * i), 64 * 16);
		CU_ASSERT(receive < written(from, 0x2818 + 0x100 * i, UINT32_MAX, 63));
		CU_ASSERT_EQUAL(*card_register(&card, 0x2828 + 0x100 * i), 0x01010000);
		/* both take part, in turn */
		CU_ASSERT_EQUAL(*card_register(&card, 0x3840 + 0x100 * i) & 0x401, 0x401);
	}
	CU_ASSERT_EQUAL(*card_register(&card, 0x3828), *card_register(&card, 0x3928));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start();
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_MRQC), 0);
	close_port();
	/* its sibling has one */
	open_card(0x150C);
	struct nic_info info;
	nic_get_info(nic, &info);
	CU_ASSERT_EQUAL(info.max_rx_queues, 1);
	CU_ASSERT_EQUAL(info.rss_headers, 0);
	close_port();
}

/* ---- RSS ---- */

static void the_usual_key_and_table_are_written(uint16_t id, uint32_t mrqc, unsigned queues, unsigned shift)
{
	open_card(id);
	start_queues(queues, 1);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_MRQC), mrqc);
	/* the published key begins 6d 5a 56 da and ends be ac 01 fa; byte 0 is the lowest of a register */
	CU_ASSERT_EQUAL(*card_register(&card, 0x5C80), 0xDA565A6D);
	CU_ASSERT_EQUAL(*card_register(&card, 0x5CA4), 0xFA01ACBE);
	for (unsigned i = 0; i < 128; i++)
		CU_ASSERT_EQUAL(*card_register(&card, 0x5C00 + (i & ~3u)) >> 8 * (i % 4) & 0xFF, i % queues << shift);
	/* the hash is in the descriptor, and checksums are looked at */
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_RXCSUM), 0x2300);
	close_port();
}

static void frames_are_spread_as_the_configuration_says(void)
{
	the_usual_key_and_table_are_written(ID_82576, 0x00370002, QUEUES, 0);
	the_usual_key_and_table_are_written(ID_82574L, 0x00370001, 2, 7);
	/* UDP's ports only on the 82576 */
	open_card(ID_82574L);
	struct nic_rss rss = {.headers = NIC_RSS_IPV4_UDP};
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.rx_queues = 2, .rss = &rss, .pool = pool}), -EINVAL);
	close_port();
	open_card(ID_82576);
	rss.headers = NIC_RSS_IPV4_UDP | NIC_RSS_IPV6_UDP;
	start_with((struct nic_config){.rx_queues = 2, .rss = &rss, .rx_ring = 64});
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_MRQC), 0x00C00002);
	close_port();
	/* one queue may have a hash, too */
	open_card(ID_82576);
	rss.headers = NIC_RSS_IPV4;
	start_with((struct nic_config){.rx_queues = 1, .rss = &rss, .rx_ring = 64});
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_MRQC), 0x00020002);
	close_port();
}

static void rss_changes_while_frames_come(void)
{
	struct nic_rss rss, got;
	open_card(ID_82576);
	start_queues(4, 1);
	CU_ASSERT_EQUAL(nic_get_rss(nic, &rss), 0);
	/* another table: RSS stays on all the time */
	memset(rss.table, 3, sizeof(rss.table));
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_set_rss(nic, &rss), 0);
	CU_ASSERT(!was_written(from, GIGABIT_MRQC, 7, 0));
	CU_ASSERT(!was_written(from, GIGABIT_RSSRK, 0, 0));
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_AT(RETA, 31)), 0x03030303);
	/* another key: off before it is written, and on again behind the table */
	rss.key[39] = 0x11;
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_rss(nic, &rss), 0);
	unsigned off = written(from, GIGABIT_MRQC, 7, 0);
	CU_ASSERT(off < written(from, GIGABIT_AT(RSSRK, 9), UINT32_MAX, 0x1101ACBE));
	CU_ASSERT(written(from, GIGABIT_AT(RETA, 31), 0, 0) < written(from, GIGABIT_MRQC, 7, 2));
	CU_ASSERT_EQUAL(nic_get_rss(nic, &got), 0);
	CU_ASSERT_EQUAL(memcmp(&got, &rss, sizeof(got)), 0);
	/* what cannot be changes nothing */
	from = card.logged;
	rss.table[5] = 4;
	CU_ASSERT_EQUAL(nic_set_rss(nic, &rss), -EINVAL);
	CU_ASSERT_EQUAL(card.logged, from);
	close_port();
}

/* ---- VLANs ---- */

static bool filters(void)
{
	return *card_register(&card, GIGABIT_RCTL) & GIGABIT_RCTL_VFE;
}

static void the_first_vlan_turns_the_filter_on(uint16_t id)
{
	open_card(id);
	start();
	CU_ASSERT(!filters());
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 4095), 0);
	CU_ASSERT(filters());
	CU_ASSERT_EQUAL(*card_register(&card, 0x5600 + 4 * 127), 1u << 31);
	unsigned from = card.logged;
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 33), 0);
	CU_ASSERT(!was_written(from, GIGABIT_RCTL, 0, 0)); /* QEMU's 82540EM is deaf for a second after that */
	CU_ASSERT_EQUAL(*card_register(&card, 0x5604), 2);
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 33), -EEXIST);
	CU_ASSERT_EQUAL(nic_remove_vlan(nic, 34), -ENOENT);
	CU_ASSERT_EQUAL(nic_remove_vlan(nic, 4095), 0);
	CU_ASSERT_EQUAL(*card_register(&card, 0x5600 + 4 * 127), 0);
	/* other modes leave it on, and a start brings it back */
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), 0);
	CU_ASSERT(filters());
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start();
	CU_ASSERT(filters());
	CU_ASSERT_EQUAL(*card_register(&card, 0x5604), 2);
	CU_ASSERT_EQUAL(*card_register(&card, 0x5608), 0); /* the reset left junk */
	CU_ASSERT_EQUAL(nic_remove_vlan(nic, 33), 0);
	CU_ASSERT(!filters());
	close_port();
}

static void vlans_are_filtered(void)
{
	the_first_vlan_turns_the_filter_on(ID_82576);
	the_first_vlan_turns_the_filter_on(ID_82574L);
	the_first_vlan_turns_the_filter_on(ID_82540EM);
}

static void a_mode_with_a_second_tag_is_ended(void)
{
	open_card(ID_82576);
	*card_register(&card, GIGABIT_CTRL_EXT) |= IGB_CTRL_EXT_EXTENDED_VLAN;
	start();
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL_EXT) & IGB_CTRL_EXT_EXTENDED_VLAN, 0);
	close_port();
}

/* CTRL.VME is one bit for tags both ways: what the card is told of tags to be sent follows it. */
static void tags_go_both_ways_or_none(uint16_t id)
{
	open_card(id);
	start();
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) & GIGABIT_CTRL_VME, 0);
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->offload.cannot, RING_TX_CAN_VLAN);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start_with((struct nic_config){.offloads = NIC_RX_VLAN_STRIP});
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) & GIGABIT_CTRL_VME, GIGABIT_CTRL_VME);
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->offload.cannot, 0);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start();
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_CTRL) & GIGABIT_CTRL_VME, 0);
	close_port();
}

static void tags_follow_one_bit(void)
{
	tags_go_both_ways_or_none(ID_82576);
	tags_go_both_ways_or_none(ID_82574L);
	tags_go_both_ways_or_none(ID_82540EM);
	/* on PCI-X no frame is segmented, for its first descriptor may be too long */
	open_card(ID_82540EM);
	nic->info.max_mtu = 1500;
	((struct gigabit *)nic)->pcix = true;
	start();
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->offload.cannot, RING_TX_CAN_VLAN | RING_TX_CAN_SEGMENT_IPV4);
	close_port();
	/* the 82574L has one context for two queues */
	open_card(ID_82574L);
	start();
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->offload.card->contexts, 1);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start_queues(1, 2);
	CU_ASSERT_EQUAL(nic->rings.txqs[0]->offload.card->contexts, 0);
	CU_ASSERT_EQUAL(nic->rings.txqs[1]->offload.card->contexts, 0);
	close_port();
}

/* ---- queues alone ---- */

static void a_queue_stops_and_starts_alone(void)
{
	open_card(ID_82576);
	start_queues(3, 3);
	unsigned available = pkt_pool_available(pool), from = card.logged;
	const uint32_t enable = IGB_XXDCTL_ENABLE;
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(RXDCTL, 2)) & enable, 0);
	CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(RXDCTL, 1)) & enable, enable);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), available + 64);
	CU_ASSERT(!was_written(from, GIGABIT_RCTL, 0, 0));
	struct pkt pkt;
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 2), &pkt, 1), 0);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, true), 0);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), available);
	unsigned on = written(from, IGB_AT(RXDCTL, 2), enable, enable);
	CU_ASSERT(written(from, IGB_AT(SRRCTL, 2), UINT32_MAX, 0x82000002) < on);
	CU_ASSERT(on < written(from, IGB_AT(RDT, 2), UINT32_MAX, 63));
	CU_ASSERT(!was_written(from, GIGABIT_RCTL, 0, 0));
	/* transmit: what was handed over is sent first */
	card.sends = true;
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 1), &pkt, 1), 1);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
	unsigned sent = card_read(&card, from, IGB_AT(TDH, 1), UINT32_MAX, 1);
	CU_ASSERT(sent < written(from, IGB_AT(TXDCTL, 1), enable, 0));
	CU_ASSERT_EQUAL(*card_register(&card, IGB_AT(TXDCTL, 0)) & enable, enable);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), available);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 1), &pkt, 1), 0);
	from = card.logged;
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, true), 0);
	on = written(from, IGB_AT(TXDCTL, 1), enable, enable);
	CU_ASSERT(on < written(from, IGB_AT(TDT, 1), UINT32_MAX, 0));
	CU_ASSERT(!was_written(from, GIGABIT_TCTL, 0, 0));
	close_port();
	/* and a single queue, which waits for the driver when it is on, drops when it is off */
	open_card(ID_82576);
	start();
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, false), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IGB_SRRCTL), 0x82000002);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, true), 0);
	CU_ASSERT_EQUAL(*card_register(&card, IGB_SRRCTL), 0x02000002);
	close_port();
	/* one that hangs is named, and the port can still be stopped */
	open_card(ID_82576);
	start_queues(2, 1);
	card.stuck[0] = (struct card_stuck){IGB_AT(RXDCTL, 1), enable, enable};
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, false), -ETIMEDOUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "RXDCTL[1].ENABLE did not clear"));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	close_port();
	/* the 82574L's queues have no bit to switch them off by */
	open_card(ID_82574L);
	start_queues(2, 2);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, false), -ENOTSUP);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), -ENOTSUP);
	CU_ASSERT(!(nic->info.can & NIC_QUEUES_ALONE));
	close_port();
}

static void a_port_with_several_queues_waits_for_each(void)
{
	struct pkt pkt;
	open_card(ID_82576);
	start_queues(1, 3);
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 2), &pkt, 1), 1);
	card.sends = false;
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(noted("stopped with 1 descriptors that were not sent"));
	close_port();
	/* but not for one that was stopped alone, whatever was left in it */
	open_card(ID_82576);
	start_queues(1, 3);
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 2), &pkt, 1), 1);
	card.sends = false;
	CU_ASSERT_EQUAL(nic_set_txq(nic, 2, false), 0);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT(!noted("descriptors that were not sent"));
	CU_ASSERT_EQUAL(card.function_resets, 0);
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_unsent, 1);
	close_port();
}

/* ---- counters ---- */

static void what_an_empty_queue_drops_is_its_own(void)
{
	struct nic_queue_stats queue;
	struct nic_stats stats;
	open_card(ID_82576);
	start_queues(3, 1);
	/* the packet buffer had them all, so the card counts them as received, and then as dropped */
	*card_register(&card, GIGABIT_GPRC) = 100;
	*card_register(&card, IGB_AT(RQDPC, 0)) = 7;
	*card_register(&card, IGB_AT(RQDPC, 2)) = 0xFFFFF021; /* 12 bits count */
	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 2, &queue), 0);
	CU_ASSERT_EQUAL(queue.missed, 0x21);
	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 1, &queue), 0);
	CU_ASSERT_EQUAL(queue.missed, 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_no_descriptor, 0x28);
	CU_ASSERT_EQUAL(stats.rx_packets, 100 - 0x28);
	*card_register(&card, IGB_AT(RQDPC, 2)) = 1;
	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 2, &queue), 0);
	CU_ASSERT_EQUAL(queue.missed, 0x22);
	close_port();
}

/* ---- interrupts ---- */

static void start_waiting(unsigned queues)
{
	start_with((struct nic_config){.rx_queues = (uint16_t)queues, .rx_ring = 64, .rx_interrupt_us = 100});
}

static uint32_t held(uint32_t offset)
{
	return *card_register(&card, offset);
}

static bool readable(int fd)
{
	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static void queues_of_an_82576_have_vectors(void)
{
	open_card(ID_82576);
	unsigned from = card.logged;
	start_waiting(16);
	CU_ASSERT_EQUAL(nic->interrupts.vectors, 17);
	/* outside MSI-X mode the card does not keep the others */
	unsigned mode = written(from, IGB_GPIE, UINT32_MAX, 0xC0000011);
	CU_ASSERT(mode < written(from, IGB_IVAR, UINT32_MAX, 0x00890081));
	CU_ASSERT(mode < written(from, IGB_AT(IVAR, 7), UINT32_MAX, 0x00900088));
	CU_ASSERT(mode < written(from, IGB_IVAR_MISC, UINT32_MAX, 0x8000));
	CU_ASSERT(mode < written(from, IGB_EIAC, UINT32_MAX, 0x1FFFF));
	CU_ASSERT(mode < written(from, IGB_EIAM, UINT32_MAX, 0x1FFFF));
	CU_ASSERT(mode < written(from, IGB_EIMS, UINT32_MAX, 1));
	CU_ASSERT(mode < written(from, GIGABIT_IMS, UINT32_MAX, GIGABIT_ICR_LSC));
	CU_ASSERT_EQUAL(held(IGB_AT(EITR, 1)), 400);
	CU_ASSERT_EQUAL(held(IGB_AT(EITR, 16)), 400);
	/* a queue's is let through when it is armed: cleared first, and all of that is done when the call returns */
	CU_ASSERT(!was_written(from, IGB_EIMS, ~1u, 0x10));
	CU_ASSERT(nic_rxq_arm(nic_rxq(nic, 3)));
	unsigned cleared = written(from, IGB_EICR, UINT32_MAX, 0x10);
	unsigned armed = written(cleared, IGB_EIMS, UINT32_MAX, 0x10);
	CU_ASSERT(card_read(&card, armed, GIGABIT_STATUS, ANY, 0) != CARD_LOG);
	/* EICR must not be read where causes clear themselves */
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(card_read(&card, from, IGB_EICR, ANY, 0) == CARD_LOG);
	CU_ASSERT(card_read(&card, armed, GIGABIT_ICR, ANY, 0) != CARD_LOG);
	written(armed + 1, IGB_EIMS, UINT32_MAX, 1);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* with too few vectors all share one, by MSI */
	card.device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = 10;
	start_waiting(16);
	CU_ASSERT_EQUAL(nic->interrupts.kind, VFIO_PCI_MSI_IRQ_INDEX);
	CU_ASSERT_EQUAL(held(IGB_GPIE), 1);
	CU_ASSERT_EQUAL(held(IGB_EITR), 400);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start_waiting(9);
	CU_ASSERT_EQUAL(nic->interrupts.kind, VFIO_PCI_MSIX_IRQ_INDEX);
	close_port();
}

static void queues_of_an_82574l_have_vectors(void)
{
	open_card(ID_82574L);
	unsigned from = card.logged;
	start_waiting(2);
	CU_ASSERT_EQUAL(nic->interrupts.vectors, 3);
	CU_ASSERT_EQUAL(held(GIGABIT_IVAR), 0x800A9);
	CU_ASSERT_EQUAL(held(GIGABIT_EIAC), 0x300000);
	CU_ASSERT_EQUAL(held(GIGABIT_IAM), 0x300000);
	CU_ASSERT_EQUAL(held(GIGABIT_AT(EITR, 1)), 400);
	CU_ASSERT_EQUAL(held(GIGABIT_AT(EITR, 2)), 400);
	CU_ASSERT_EQUAL(held(GIGABIT_RFCTL), 0x9000);
	CU_ASSERT_EQUAL(held(GIGABIT_CTRL_EXT) & 0x89000000, 0x81000000);
	written(from, GIGABIT_IMS, UINT32_MAX, 0x01000004);
	CU_ASSERT(!was_written(from, GIGABIT_IMS, 0x300000, 0x200000));
	CU_ASSERT(nic_rxq_arm(nic_rxq(nic, 1)));
	unsigned cleared = written(from, GIGABIT_ICR, UINT32_MAX, 0x200000);
	unsigned armed = written(cleared, GIGABIT_IMS, UINT32_MAX, 0x200000);
	CU_ASSERT(card_read(&card, armed, GIGABIT_STATUS, ANY, 0) != CARD_LOG);
	/* a read of ICR would take the queues' causes as well */
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(card_read(&card, armed, GIGABIT_ICR, ANY, 0) == CARD_LOG);
	written(armed, GIGABIT_ICR, UINT32_MAX, 0x01000004);
	written(armed + 1, GIGABIT_IMS, UINT32_MAX, 0x01000004);
	close_port();
	/* its sibling has no such thing */
	open_card(0x150C);
	start_waiting(1);
	CU_ASSERT_EQUAL(nic->interrupts.kind, VFIO_PCI_MSI_IRQ_INDEX);
	CU_ASSERT_EQUAL(held(GIGABIT_ITR), 400);
	close_port();
}

/* One vector is the link's and the queue's: who clears a cause that is the other's wakes him. */
static void the_only_vector_is_everybody_s(void)
{
	open_card(ID_82540EM);
	int event_fd = nic_event_fd(nic);
	start_waiting(1);
	int fd = nic_rxq_fd(nic_rxq(nic, 0));
	CU_ASSERT_FATAL(event_fd >= 0 && fd >= 0);
	CU_ASSERT_EQUAL(held(GIGABIT_ITR), 400);
	unsigned from = card.logged, asks = card.irq_asks;
	CU_ASSERT(nic_rxq_arm(nic_rxq(nic, 0)));
	written(from, GIGABIT_IMS, UINT32_MAX, GIGABIT_ICR_RX);
	CU_ASSERT_EQUAL(card.irq_asks, asks + 1); /* the kernel has masked the line */
	CU_ASSERT(!readable(fd) && !readable(event_fd));
	*card_register(&card, GIGABIT_ICR) = GIGABIT_ICR_LSC;
	CU_ASSERT(nic_rxq_arm(nic_rxq(nic, 0)));
	CU_ASSERT(readable(event_fd));
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT(nic_rxq_arm(nic_rxq(nic, 0)));
	CU_ASSERT(!readable(fd) && !readable(event_fd));
	*card_register(&card, GIGABIT_ICR) = GIGABIT_ICR_RX;
	from = card.logged;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	written(from, GIGABIT_IMC, UINT32_MAX, GIGABIT_ICR_RX);
	CU_ASSERT(readable(fd));
	close(fd);
	close(event_fd);
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"each queue of an 82576 has its ring", each_queue_of_an_82576_has_its_ring},
		{"both queues of an 82574L have their rings", both_queues_of_an_82574l_have_their_rings},
		{"frames are spread as the configuration says", frames_are_spread_as_the_configuration_says},
		{"RSS changes while frames come", rss_changes_while_frames_come},
		{"VLANs are filtered", vlans_are_filtered},
		{"a mode with a second tag is ended", a_mode_with_a_second_tag_is_ended},
		{"tags follow one bit", tags_follow_one_bit},
		{"a queue stops and starts alone", a_queue_stops_and_starts_alone},
		{"a port with several queues waits for each", a_port_with_several_queues_waits_for_each},
		{"what an empty queue drops is its own", what_an_empty_queue_drops_is_its_own},
		{"queues of an 82576 have vectors", queues_of_an_82576_have_vectors},
		{"queues of an 82574L have vectors", queues_of_an_82574l_have_vectors},
		{"the only vector is everybody's", the_only_vector_is_everybody_s},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"queues", begin, end, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
