/* SPDX-License-Identifier: BSD-2-Clause
 * What is special about the 82574L, a PCIe card, and the 82583V, which is one with a single queue: its reset beside
 * firmware that uses the PHY, extended receive descriptors, and what its errata ask for. */
#include "../../access.h"
#include "../../clock.h"
#include "../../report.h"
#include "../descriptor.h"
#include "../gigabit.h"

#include <linux/pci_regs.h>

static int reset(struct nic *nic)
{
	/* Reset even if the firmware does not let go of the PHY: DMA must stop */
	bool taken = gigabit_take(nic, GIGABIT_PHY);
	int ret = gigabit_reset_by_register(nic);
	if (taken)
		gigabit_give(nic, GIGABIT_PHY);
	if (!ret)
		ret = reg_wait_set(nic, GIGABIT_EECD, GIGABIT_EECD_AUTO_RD, gigabit_times.auto_read, "AUTO_RD",
			"the card could not read its NVM after a reset; power the machine off and on, else the card is "
			"broken");
	/* The PHY is set up from the NVM after that, and no bit says when that has finished */
	if (!ret)
		clock_sleep_us(gigabit_times.settle_82574);
	return ret;
}

static void tune(struct nic *nic)
{
	/* What Intel's own drivers set in this chip, without saying why */
	reg_change(nic, GIGABIT_CTRL, GIGABIT_CTRL_BIT29, 0);
	reg_change(nic, GIGABIT_CTRL_EXT, GIGABIT_CTRL_EXT_BIT23, GIGABIT_CTRL_EXT_BIT22);
	/* PCIe completions get lost when the PCIe link goes to sleep (erratum), which these bits do not avoid always.
	 * Only the kernel can keep the link awake */
	uint16_t control;
	if (gigabit_pcie_read(nic, PCI_EXP_LNKCTL, &control) && (control & PCI_EXP_LNKCTL_ASPMC))
		port_note(nic,
			"the PCIe link may go to sleep (LNKCTL %04x), at which transmit can hang: bind with "
			"pollux-bind",
			control);
	reg_change(nic, GIGABIT_GCR, 0, GIGABIT_GCR_BIT22 | GIGABIT_GCR_L1_ACT_WITHOUT_L0S_RX);
	reg_change(nic, GIGABIT_GCR2, 0, GIGABIT_GCR2_BIT0);
	/* The second transmit queue's thresholds must be those of the first, even if it is unused (erratum), and both
	 * take turns without weights */
	reg_write(nic, GIGABIT_AT(TXDCTL, 1), gigabit_chip(nic)->txdctl);
	reg_change(nic, GIGABIT_TARC, GIGABIT_TARC_BITS_30_27,
		GIGABIT_TARC_BIT0 | GIGABIT_TARC_ENABLE | GIGABIT_TARC_BIT26);
	reg_change(
		nic, GIGABIT_AT(TARC, 1), 0, GIGABIT_TARC_BIT0 | (nic->config.tx_queues > 1 ? GIGABIT_TARC_ENABLE : 0));
}

static void facts(struct nic *nic, struct fact_list *list)
{
	uint32_t owner, power;
	if (reg_read_sure(nic, GIGABIT_EXTCNF_CTRL, &owner) == 0)
		fact_add(list, "EXTCNF_CTRL", "%08x (MDIO is %s)", owner,
			owner & GIGABIT_EXTCNF_CTRL_MDIO_SW ? "software's" : "free, or the firmware's");
	if (reg_read_sure(nic, GIGABIT_POEMB, &power) == 0)
		fact_add(list, "POEMB", "%08x%s", power,
			power & GIGABIT_POEMB_D0A_LPLU ? " (low speeds are preferred)" : "");
}

/* ---- MSI-X ---- */

static void msix_start(struct nic *nic)
{
	uint32_t causes = 0, vectors = GIGABIT_IVAR_VALID << GIGABIT_IVAR_OTHER_SHIFT;
	for (unsigned i = 0; i < nic->interrupts.queues; i++) {
		causes |= GIGABIT_ICR_RXQ(i);
		vectors |= (GIGABIT_IVAR_VALID | (i + 1)) << 4 * i;
		reg_write(nic, GIGABIT_AT(EITR, i + 1), gigabit_interval(nic));
	}
	/* Against interrupts without a cause (erratum) */
	reg_change(nic, GIGABIT_RFCTL, 0, GIGABIT_RFCTL_ACK_DIS);
	/* Queues' causes are cleared and masked when their message is sent (doubt 55) */
	reg_change(nic, GIGABIT_CTRL_EXT, GIGABIT_CTRL_EXT_IAME, GIGABIT_CTRL_EXT_EIAME | GIGABIT_CTRL_EXT_PBA_CLR);
	reg_write(nic, GIGABIT_EIAC, causes);
	reg_write(nic, GIGABIT_IAM, causes);
	reg_write(nic, GIGABIT_IVAR, vectors);
	reg_write(nic, GIGABIT_IMS, GIGABIT_ICR_OTHER | GIGABIT_ICR_LSC);
}

/* ICR is not read: that would clear the queues' causes, too. */
static void msix_acknowledge(struct nic *nic)
{
	reg_write(nic, GIGABIT_ICR, GIGABIT_ICR_OTHER | GIGABIT_ICR_LSC);
	reg_write(nic, GIGABIT_IMS, GIGABIT_ICR_OTHER | GIGABIT_ICR_LSC);
}

/* The cause may still be set by frames that polling has found. The read has both writes done, and brings in what the
 * card wrote before. */
static void msix_arm(const struct nic *nic, unsigned queue)
{
	vfio_write32(&nic->bar, GIGABIT_ICR, GIGABIT_ICR_RXQ(queue));
	vfio_write32(&nic->bar, GIGABIT_IMS, GIGABIT_ICR_RXQ(queue));
	vfio_read32(&nic->bar, GIGABIT_STATUS);
}

static const struct interrupt_ops msix = {.start = msix_start, .acknowledge = msix_acknowledge, .arm = msix_arm};

/* What the two chips have in common. */
#define CHIP                                                                                                           \
	.reset = reset, .read_mac = gigabit_nvm_read_mac, .tune = tune, .facts = facts,                                \
	.receive_start = gigabit_receive_start, .transmit_start = gigabit_transmit_start,                              \
	.txdctl = GIGABIT_TXDCTL_THRESHOLDS | GIGABIT_TXDCTL_COUNT_DESC, .tctl = GIGABIT_TCTL_MULR,                    \
	.ring = {.bursts[RING_PLAIN][PKT_SIMD_SCALAR] = {gigabit_rx_burst_extended, gigabit_tx_burst_82574l},          \
		.bursts[RING_OFFLOADS][PKT_SIMD_SCALAR] = {gigabit_rx_burst_status_extended,                           \
			gigabit_tx_wishes_82574l},                                                                     \
		.rdt = GIGABIT_RDT,                                                                                    \
		.tdt = GIGABIT_TDT,                                                                                    \
		.stride = GIGABIT_RDT_STRIDE,                                                                          \
		.rx_format = &gigabit_rx_extended,                                                                     \
		.tx_format = &gigabit_tx_82574l,                                                                       \
		.tx_card = &gigabit_orders_82574l},                                                                    \
	.shares = GIGABIT_SHARES_BY_MDIO_SW, .rx_buffer_register = GIGABIT_PBA, .interval_register = GIGABIT_ITR,      \
	.low_power_register = GIGABIT_POEMB, .phy_hangs = true, .bar_bytes = GIGABIT_BAR_BYTES, .pcie = true,          \
	.flash_sum = true, .absolute_delays = true, .packet_buffer_kib = 40, .eerd_done_bit = 1,                       \
	.eerd_address_shift = 2, .max_frame_bytes = 9234, .can = GIGABIT_CAN | NIC_TX_SEGMENT_IPV6

const struct gigabit_chip gigabit_82583v = {CHIP, .max_queues = 1};

const struct gigabit_chip gigabit_82574l = {
	CHIP,
	.max_queues = 2,
	.msix = &msix,
	.rss_headers = NIC_RSS_IPV4 | NIC_RSS_IPV4_TCP | NIC_RSS_IPV6 | NIC_RSS_IPV6_TCP,
	.mrqc_rss = GIGABIT_MRQC_RSS_2,
	.reta_shift = 7,
	.tx_card_several = &gigabit_orders_82574l_two,
};
