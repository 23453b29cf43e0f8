/* SPDX-License-Identifier: BSD-2-Clause
 * Reset of the 82599, X540 and X550: stop what runs, let the bus go quiet, reset, wait for the NVM (82599
 * DS 4.2.1.6.1, 4.6.3 and 5.2.5.3.2). */
#include "../../vfio/error.h"
#include "../access.h"
#include "../clock.h"
#include "../mac.h"
#include "../report.h"
#include "../stats.h"
#include "ixgbe.h"

#include <errno.h>

/* Ends whatever a former owner, or this driver, has started: receive path and queues. What the registers hold
 * afterwards does not matter, because a reset follows. */
static void quiesce(struct nic *nic)
{
	reg_change(nic, IXGBE_SECRXCTRL, 0, IXGBE_SECRXCTRL_RX_DIS);
	/* A path that does not drain is no failure (doubt 10) */
	reg_poll(nic, IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, IXGBE_SECRXSTAT_SECRX_RDY, ixgbe_times.security);
	reg_change(nic, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
	for (unsigned queue = 0; queue < IXGBE_QUEUES; queue++)
		reg_write(nic, IXGBE_RX_AT(RXDCTL, queue), 0);
	for (unsigned queue = 0; queue < IXGBE_QUEUES; queue++)
		reg_write(nic, IXGBE_AT(TXDCTL, queue), IXGBE_TXDCTL_SWFLSH);
	reg_read(nic, IXGBE_STATUS);
	clock_sleep_us(ixgbe_times.quiesce);
}

/* DS 5.2.5.3.2. False: requests are still pending. */
static bool disable_master(struct nic *nic)
{
	reg_change(nic, IXGBE_CTRL, 0, IXGBE_CTRL_GIO_DIS);
	return reg_poll(nic, IXGBE_STATUS, IXGBE_STATUS_GIO, 0, ixgbe_times.master_disable) == 0;
}

/* The specification update asks for this when master disable does not complete (the link partner sends pause frames, or
 * there is no link): the data path is flushed in loopback, so that nothing is left to be sent. Two resets follow. */
static void flush_data_path(struct nic *nic)
{
	port_note(nic, "STATUS.GIO stayed 1 for %u ms: what is under way is flushed, and the card reset twice",
		ixgbe_times.master_disable / 1000);
	bus_wait_transactions(nic, ixgbe_times.pending);
	reg_change(nic, IXGBE_HLREG0, 0, IXGBE_HLREG0_LPBK);
	reg_change(nic, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
	reg_change(nic, IXGBE_GCR_EXT, 0, IXGBE_GCR_EXT_BUFFERS_CLEAR);
	reg_read(nic, IXGBE_STATUS);
	clock_sleep_us(ixgbe_times.flush);
	reg_change(nic, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR, 0);
	reg_change(nic, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, 0);
}

static int global_reset(struct nic *nic)
{
	bool shared_phy = ixgbe_has_copper_phy(nic);
	uint32_t phy = shared_phy ? ixgbe_phy_resource(nic) : 0;
	/* A link that is up is left alone, because the management controller may use it; one that is down is reset too
	 * (doubt 3) */
	uint32_t bits = IXGBE_CTRL_RST;
	reg_read(nic, IXGBE_LINKS); /* latched: it tells of the past, the second read of now */
	if (!(reg_read(nic, IXGBE_LINKS) & IXGBE_LINKS_UP))
		bits |= IXGBE_CTRL_LNK_RST;
	/* The reset goes on without the semaphore if its owner does not let go: DMA must stop */
	uint32_t taken = phy ? ixgbe_semaphore_take(nic, phy) : 0;

	reg_change(nic, IXGBE_CTRL, 0, bits);
	clock_sleep_us(ixgbe_times.reset_quiet); /* no access, not even to flush the write (doubt 16) */
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(
		&failure, reg_wait_clear(nic, IXGBE_CTRL, IXGBE_CTRL_RST | IXGBE_CTRL_LNK_RST, ixgbe_times.reset, "RST",
				  "the card hangs after a reset; power the machine off and on"));
	ixgbe_semaphore_give(nic, taken);
	if (failure.error)
		return pollux_failure_restore(&failure);
	clock_sleep_us(shared_phy ? ixgbe_times.settle_x540 : ixgbe_times.settle_82599); /* doubt 17 */
	return 0;
}

int ixgbe_reset(struct nic *nic)
{
	/* Tells the firmware that no driver is there any more (DS 8.2.3.1.3) */
	reg_change(nic, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_DRV_LOAD, 0);
	ixgbe_interrupt_mask(nic);
	quiesce(nic);
	bool silent = disable_master(nic);
	/* A frame that has left the card until now is counted. The flush would count those that leave in loopback, and
	 * the reset clears counters */
	if (nic->started)
		stats_update(nic, true);
	if (!silent) {
		flush_data_path(nic);
		int ret = global_reset(nic);
		if (ret)
			return ret;
	}
	int ret = global_reset(nic);
	if (ret)
		return ret;

	/* DS 4.6.3.1: the reset has unmasked interrupts again */
	ixgbe_interrupt_mask(nic);

	/* DS 4.6.3: once AUTO_RD is set, registers have their NVM values. It is set without an NVM too, so EE_PRES is
	 * checked as well */
	ret = reg_wait_set(nic, IXGBE_EEC, IXGBE_EEC_AUTO_RD, ixgbe_times.reset, "AUTO_RD",
		"the card could not read its EEPROM after a reset; power the machine off and on, else the card is "
		"broken");
	if (ret)
		return ret;
	if (!(reg_read(nic, IXGBE_EEC) & IXGBE_EEC_EE_PRES))
		return fail_port(nic, EIO,
			"EEC.EE_PRES is 0: the card has no valid EEPROM, hence no address and no link settings; "
			"restore it with the vendor's tool");
	ret = reg_wait_set(nic, IXGBE_RDRXCTL, IXGBE_RDRXCTL_DMAIDONE, ixgbe_times.reset, "DMAIDONE",
		"the card's DMA did not initialise after a reset; power the machine off and on");
	return ret ? ret : fail_if_gone(nic);
}

int ixgbe_read_mac(struct nic *nic, uint8_t mac[6])
{
	uint32_t low = reg_read(nic, IXGBE_RAL), high = reg_read(nic, IXGBE_RAH);
	if (port_gone(nic))
		return fail_gone(nic);
	mac_from_registers(mac, low, high);
	if (!mac_is_usable(mac) || !(high & IXGBE_RAH_AV))
		return fail_port(nic, EIO,
			"the EEPROM holds no usable address (RAL[0] %08x, RAH[0] %08x): restore it with the vendor's "
			"tool",
			low, high);
	return 0;
}
