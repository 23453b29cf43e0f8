/* SPDX-License-Identifier: BSD-2-Clause
 * Reset of the gigabit chips: stop what runs, let the bus go quiet, reset as the chip wants it. */
#include "../access.h"
#include "../clock.h"
#include "../recovery.h"
#include "../report.h"
#include "../stats.h"
#include "gigabit.h"

/* Ends whatever a former owner, or this driver, has started. What the registers hold afterwards does not matter,
 * because a reset follows; except in QEMU, where some resets leave them as they are. */
static void quiesce(struct nic *nic)
{
	reg_write(nic, GIGABIT_RCTL, 0);
	reg_write(nic, GIGABIT_TCTL, GIGABIT_TCTL_PSP);
	reg_read(nic, GIGABIT_STATUS);
	clock_sleep_us(gigabit_times.quiesce);
}

/* A master that does not fall silent is no reason to give up, because a reset follows. */
static void disable_master(struct nic *nic)
{
	reg_change(nic, GIGABIT_CTRL, 0, GIGABIT_CTRL_GIO_MASTER_DISABLE);
	if (reg_poll(nic, GIGABIT_STATUS, GIGABIT_STATUS_GIO_MASTER_ENABLE, 0, gigabit_times.master_disable) != 0)
		bus_wait_transactions(nic, gigabit_times.pending);
}

int gigabit_wait_reset(struct nic *nic)
{
	return reg_wait_clear(nic, GIGABIT_CTRL, GIGABIT_CTRL_RST, gigabit_times.reset, "RST",
		"the card hangs after a reset; power the machine off and on");
}

int gigabit_reset_by_register(struct nic *nic)
{
	reg_change(nic, GIGABIT_CTRL, 0, GIGABIT_CTRL_RST);
	clock_sleep_us(gigabit_times.reset_quiet);
	return gigabit_wait_reset(nic);
}

int gigabit_reset(struct nic *nic)
{
	/* Tells the firmware that no driver is there any more */
	if (gigabit_chip(nic)->pcie)
		reg_change(nic, GIGABIT_CTRL_EXT, GIGABIT_CTRL_EXT_DRV_LOAD, 0);
	gigabit_interrupt_mask(nic);
	quiesce(nic);
	if (gigabit_chip(nic)->pcie)
		disable_master(nic);
	/* Frames that were under way have come to their end. Nothing counts any more, and the reset has not cleared the
	 * counters yet: they are final */
	if (nic->started)
		stats_update(nic, true);
	struct gigabit *port = (struct gigabit *)nic;
	if (port->wedged && !recovery_reset_function(nic, "transmit stood still"))
		port_note(nic, "the function cannot be reset: transmit may stand still until the port is opened anew");
	port->wedged = false;
	int ret = gigabit_chip(nic)->reset(nic);
	if (ret)
		return ret;
	/* The reset has unmasked no interrupt, but may have left causes */
	gigabit_interrupt_mask(nic);
	return fail_if_gone(nic);
}
