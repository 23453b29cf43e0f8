/* SPDX-License-Identifier: BSD-2-Clause
 * What is special about the 82574L, a PCIe card: its reset beside firmware that uses the PHY, extended receive
 * descriptors, and what its errata ask for. */
#include "../../bus.h"
#include "../../clock.h"
#include "../descriptor.h"
#include "../e1000.h"

#include <linux/pci_regs.h>

static bool phy_take(struct e1000 *e)
{
	return e1000_claim(e, E1000_EXTCNF_CTRL, E1000_EXTCNF_CTRL_MDIO_SW, e1000_times.mdio_owner);
}

static void phy_give(struct e1000 *e)
{
	e1000_change(e, E1000_EXTCNF_CTRL, E1000_EXTCNF_CTRL_MDIO_SW, 0);
}

static int reset(struct e1000 *e)
{
	/* not to be had is no reason not to reset: DMA must stop */
	bool taken = phy_take(e);
	int ret = e1000_reset_by_register(e);
	if (taken)
		phy_give(e);
	if (!ret)
		ret = e1000_wait_auto_read(e);
	/* the PHY is set up from the NVM after that, which nothing tells the end of */
	if (!ret)
		clock_sleep_us(e1000_times.settle_82574);
	return ret;
}

static void tune(struct e1000 *e)
{
	/* PCIe completions get lost when the link goes to sleep (erratum): no L0s, no L1, and two bits against what is
	 * left of it. Not every transport gives access to LNKCTL, so this goes past vfio_config_write: refused, it is
	 * no failure of the port. */
	struct vfio_device *device = e->nic.device;
	unsigned pcie = bus_find_capability(device, PCI_CAP_ID_EXP);
	uint8_t control; /* LNKCTL's low byte */
	if (pcie && device->ops->read(device, VFIO_PCI_CONFIG_REGION_INDEX, pcie + PCI_EXP_LNKCTL, &control, 1) == 0 &&
		(control & PCI_EXP_LNKCTL_ASPMC)) {
		control &= (uint8_t)~PCI_EXP_LNKCTL_ASPMC;
		device->ops->write(device, VFIO_PCI_CONFIG_REGION_INDEX, pcie + PCI_EXP_LNKCTL, &control, 1);
	}
	e1000_change(e, E1000_GCR, 0, E1000_GCR_L1_ACT_WITHOUT_L0S_RX);
	e1000_change(e, E1000_GCR2, 0, E1000_GCR2_BIT0);
}

static int receive_start(struct e1000 *e)
{
	e1000_write(e, E1000_RXDCTL, E1000_RXDCTL_GRAN | E1000_RXDCTL_WTHRESH_1);
	/* the descriptor carries the RSS hash, and 0 without RSS, instead of a fragment's checksum */
	e1000_write(e, E1000_RXCSUM, E1000_RXCSUM_PCSD);
	e1000_write(e, E1000_MRQC, 0);
	e1000_write(e, E1000_RFCTL, E1000_RFCTL_EXSTEN);
	return e1000_receive_start(e);
}

static int transmit_start(struct e1000 *e)
{
	/* WTHRESH stays 0: only then does report-status alone bring a write-back. The second queue's must be as the
	 * first one's, even unused (erratum), and both take turns without weights. */
	const uint32_t thresholds =
		E1000_TXDCTL_GRAN | E1000_TXDCTL_COUNT_DESC | E1000_TXDCTL_PTHRESH | E1000_TXDCTL_HTHRESH;
	e1000_write(e, E1000_TXDCTL, thresholds);
	e1000_write(e, E1000_TXDCTL + 0x100, thresholds);
	e1000_change(e, E1000_TARC, 0, E1000_TARC_BIT0 | E1000_TARC_ENABLE);
	e1000_change(e, E1000_TARC + 0x100, 0, E1000_TARC_BIT0);
	e1000_transmit_start(e, E1000_TCTL_MULR);
	return 0;
}

const struct e1000_chip e1000_82574l = {
	.reset = reset,
	.read_mac = e1000_nvm_read_mac,
	.tune = tune,
	.receive_start = receive_start,
	.transmit_start = transmit_start,
	.ring = {e1000_rx_burst_extended, e1000_tx_burst_82574l, e1000_rx_tail, e1000_tx_tail, &e1000_rx_extended,
		&e1000_tx_82574l, E1000_RX_TAIL_WRITES_PER_LAP},
	.tx_head = e1000_tx_head,
	.phy_take = phy_take,
	.phy_give = phy_give,
	.bar_bytes = E1000_BAR_BYTES,
	.pcie = true,
	.rars = 16,
	.rx_byte_extra = 4, /* the FCS */
	.tx_byte_extra = 4,
	.packet_buffer_kib = 40,
	.eerd_done_bit = 1,
	.eerd_address_shift = 2,
	.max_mtu = 9208, /* frames of 9234 bytes with two tags and FCS */
	.max_queues = 1,
};
