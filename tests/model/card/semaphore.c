/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which drivers and firmware share EEPROM, PHY and mailbox (DS 10.5.4). The 82599 guards SW_FW_SYNC
 * by SWSM.SWESMBI, X540 and X550 by a bit in SW_FW_SYNC itself that is taken by reading it. */
#include "semaphore.h"

bool model_semaphore_held(const struct model *m, uint32_t resource)
{
	return !is_copper(m) || (reg_get(m, IXGBE_SW_FW_SYNC) & resource);
}

bool model_mac_csr_held(const struct model *m)
{
	return reg_get(m, IXGBE_SW_FW_SYNC) & SW_FW_SYNC_MAC_CSR;
}

uint32_t model_read_sync_82599(struct model *m, uint32_t offset)
{
	return reg_get(m, offset) | (m->breakages & MODEL_MAC_CSR_KEPT ? SW_FW_SYNC_FW_MAC_CSR : 0u);
}

/** Reading SMBI takes it: the first reader sees 0, all others 1 until it is cleared (DS 10.5.4). */
uint32_t model_read_swsm(struct model *m, uint32_t offset)
{
	uint32_t value = reg_get(m, offset);

	reg_set(m, offset, value | SWSM_SMBI);
	return value;
}

/** REGSMP likewise. */
uint32_t model_read_sw_fw_sync(struct model *m, uint32_t offset)
{
	uint32_t value = reg_get(m, offset);

	reg_set(m, offset, value | SW_FW_SYNC_REGSMP);
	return value;
}
