/* SPDX-License-Identifier: BSD-2-Clause
 * What keeps the gigabit chips from going on. */
#include "../access.h"
#include "../recovery.h"
#include "gigabit.h"

void gigabit_diagnose(struct nic *nic)
{
	uint32_t control;
	if (reg_read_sure(nic, GIGABIT_RCTL, &control) == 0 && !(control & GIGABIT_RCTL_EN))
		recovery_need(nic, NIC_WAS_RESET, "RCTL.EN is 0, so the card has been reset, not by us");
	if (!gigabit_chip(nic)->wedges || !(nic->recovery.causes & NIC_TX_HANG))
		return;
	/* Its next reset is one of the whole function */
	((struct gigabit *)nic)->wedged = true;
	recovery_need(nic, NIC_DMA_FAULT, "the hang may come of a DMA read that was refused (an erratum)");
}
