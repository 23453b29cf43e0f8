/* SPDX-License-Identifier: BSD-2-Clause
 * What the 82599, X540 and X550 tell of themselves that keeps them from going on. */
#include "../access.h"
#include "../recovery.h"
#include "ixgbe.h"

void ixgbe_judge_causes(struct nic *nic, uint32_t causes)
{
	if (causes & IXGBE_EICR_ECC)
		recovery_need(nic, NIC_MEMORY_ERROR, "EICR.ECC: the card's memory has an error that it cannot correct");
	if ((causes & IXGBE_EICR_TS) && ixgbe_has_copper_phy(nic))
		recovery_tell(nic, NIC_OVERHEATED, "EICR.TS: the card is too hot, and stops until it has cooled down");
}

/* The driver does not turn this detection on, which is for virtual functions; the NVM may (doubt 57). */
static void look_for_stopped_queues(struct nic *nic)
{
	for (unsigned i = 0; i < IXGBE_WQBR_RX_COUNT; i++)
		if (reg_count(nic, IXGBE_AT(WQBR_RX, i)) | reg_count(nic, IXGBE_AT(WQBR_TX, i)))
			recovery_need(nic, NIC_MALICIOUS, "WQBR: the card has stopped a queue for its descriptors");
}

void ixgbe_diagnose(struct nic *nic)
{
	uint32_t control;
	if (reg_read_sure(nic, IXGBE_CTRL_EXT, &control) == 0 && !(control & IXGBE_CTRL_EXT_DRV_LOAD))
		recovery_need(nic, NIC_WAS_RESET, "CTRL_EXT.DRV_LOAD is 0, so the card has been reset, not by us");
	if (nic->id->kind == IXGBE_X550)
		look_for_stopped_queues(nic);
	/* Where interrupts are on, EICR is read when they are acknowledged: a read clears it */
	if (!nic->interrupts.vectors)
		ixgbe_interrupt_ops.acknowledge(nic);
}
