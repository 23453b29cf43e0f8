/* SPDX-License-Identifier: BSD-2-Clause
 * What a former owner may have left in the 82599, X540 or X550 where no reset clears it: filters, limits and settings
 * of queues that this driver does not use, and that would act on its packets all the same. X550 DS 4.2.3 lists what
 * survives on that chip; the others are taken to keep whatever other drivers clear (doubt 9). */
#include "../access.h"
#include "ixgbe.h"

static void zero(struct nic *nic, uint32_t first, uint32_t stride, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		reg_write(nic, first + stride * i, 0);
}
#define ZERO_ALL(nic, name) zero(nic, IXGBE_##name, IXGBE_##name##_STRIDE, IXGBE_##name##_COUNT)

void ixgbe_clear_receive_tables(struct nic *nic)
{
	/* GCR_EXT outlives all resets but that of power (X550 DS table 4-5, PCIe local registers), and must agree with
	 * GPIE, where the reset has put an end to virtual functions (X550 DS 8.2.2.4.4) */
	reg_change(nic, IXGBE_GCR_EXT, IXGBE_GCR_EXT_VT_MODE, 0);
	/* An exact filter goes off before its address changes */
	for (unsigned i = 1; i < IXGBE_RAH_COUNT; i++) {
		reg_write(nic, IXGBE_AT(RAH, i), 0);
		reg_write(nic, IXGBE_AT(RAL, i), 0);
	}
	ZERO_ALL(nic, MTA);
	ZERO_ALL(nic, PFUTA);
	ZERO_ALL(nic, PFVLVF);
	ZERO_ALL(nic, PFVLVFB);
	ZERO_ALL(nic, MPSAR);
	/* What sends frames to other queues: 5-tuples, EtherTypes, and the flow director, whose filters would also take
	 * a part of the packet buffer */
	ZERO_ALL(nic, FTQF);
	ZERO_ALL(nic, ETQF);
	ZERO_ALL(nic, FDIRCTRL);
	/* The MAC is not reset while a management controller uses it (X550 DS 4.2.3). No pause frames in either
	 * direction: a full ring shows as loss, and does not stop the other end of the link */
	reg_change(nic, IXGBE_MFLCN, IXGBE_MFLCN_RFCE | IXGBE_MFLCN_RPFC, 0);
	reg_change(nic, IXGBE_FCCFG, IXGBE_FCCFG_TFCE, 0);
	/* X550 DS 4.6.3.2: these are 0 where no pause frames are sent */
	ZERO_ALL(nic, FCTTV);
	ZERO_ALL(nic, FCRTL);
	ZERO_ALL(nic, FCRTV);
}

void ixgbe_clear_transmit_tables(struct nic *nic)
{
	for (unsigned i = 0; i < IXGBE_QUEUES; i++) {
		/* No queue has credits, which only DCB uses, nor a limit to its rate */
		reg_write(nic, IXGBE_RTTDQSEL, i);
		reg_write(nic, IXGBE_RTTDT1C, 0);
		reg_write(nic, IXGBE_RTTBCNRC, 0);
		/* The card writes no head into memory. Its reports reach memory in their order */
		reg_write(nic, IXGBE_AT(TDWBAL, i), 0);
		reg_change(nic, IXGBE_AT(DCA_TXCTRL, i), IXGBE_DCA_TXCTRL_DESC_WRO, 0);
	}
}
