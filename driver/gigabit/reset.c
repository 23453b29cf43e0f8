/* SPDX-License-Identifier: BSD-2-Clause
 * Reset of the e1000 lineage: stop what runs, let the bus go quiet, reset as the chip wants it. Waits that end without
 * success name the bit. */
#include "../bus.h"
#include "../clock.h"
#include "../fail.h"
#include "e1000.h"

/* Nothing that a former owner, or this driver, started may go on. What the registers say afterwards does not matter,
 * for a reset follows; but it does under a QEMU whose reset resets nothing. */
static void quiesce(struct e1000 *e)
{
	e1000_write(e, E1000_RCTL, 0);
	e1000_write(e, E1000_TCTL, E1000_TCTL_PSP);
	e1000_read(e, E1000_STATUS);
	clock_sleep_us(e1000_times.quiesce);
}

/* A master that does not fall silent is no reason to give up: the reset is what counts. */
static void disable_master(struct e1000 *e)
{
	e1000_change(e, E1000_CTRL, 0, E1000_CTRL_GIO_MASTER_DISABLE);
	if (e1000_poll(e, E1000_STATUS, E1000_STATUS_GIO_MASTER_ENABLE, 0, e1000_times.master_disable) != 0)
		bus_wait_transactions(&e->nic, e1000_times.pending);
}

int e1000_wait_reset(struct e1000 *e)
{
	return reg_wait_clear(&e->nic, E1000_CTRL, E1000_CTRL_RST, e1000_times.reset, "RST",
		"the card hangs after a reset; power the machine off and on");
}

int e1000_reset_by_register(struct e1000 *e)
{
	e1000_change(e, E1000_CTRL, 0, E1000_CTRL_RST);
	clock_sleep_us(e1000_times.reset_quiet);
	return e1000_wait_reset(e);
}

int e1000_wait_auto_read(struct e1000 *e)
{
	return reg_wait_set(&e->nic, E1000_EECD, E1000_EECD_AUTO_RD, e1000_times.auto_read, "AUTO_RD",
		"the card could not read its NVM after a reset; power the machine off and on, else the card is broken");
}

int e1000_reset(struct nic *nic)
{
	struct e1000 *e = e1000_of(nic);
	/* tells the firmware that no driver is there any more */
	if (e->chip->pcie)
		e1000_change(e, E1000_CTRL_EXT, E1000_CTRL_EXT_DRV_LOAD, 0);
	e1000_interrupt_mask(e);
	quiesce(e);
	if (e->chip->pcie)
		disable_master(e);
	int ret = e->chip->reset(e);
	if (ret)
		return ret;
	/* the reset has unmasked nothing, but may have left causes */
	e1000_interrupt_mask(e);
	return fail_if_gone(nic);
}
