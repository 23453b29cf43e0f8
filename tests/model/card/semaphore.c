/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which drivers and firmware share EEPROM, PHY and mailbox (DS 10.5.4). The 82599 guards SW_FW_SYNC
 * by SWSM.SWESMBI, X540 and X550 by a bit in SW_FW_SYNC itself that is taken by reading it. */
#include "semaphore.h"

#include "faults.h"

/* How long firmware works with what it has taken, and rests, and waits for what software has. */
enum { FIRMWARE_WORK_NS = 3 * 1000 * 1000, FIRMWARE_REST_NS = 20 * 1000 * 1000, FIRMWARE_RETRY_NS = 100 * 1000 };

bool model_semaphore_held(const struct model *m, uint32_t resource)
{
	return !is_copper(m) || (reg_get(m, IXGBE_SW_FW_SYNC) & resource);
}

bool model_mac_csr_held(const struct model *m)
{
	return reg_get(m, IXGBE_SW_FW_SYNC) & SW_FW_SYNC_MAC_CSR;
}

void model_semaphore_open(struct model *m)
{
	m->semaphore_ns = MODEL_NEVER;
	if (has_quirk(m, MODEL_QUIRK_FIRMWARE))
		deadline_set(m, &m->semaphore_ns, scaled_ns(m, FIRMWARE_REST_NS));
}

/** Firmware takes everything at once, where software has nothing, and is not about to take something. */
void model_semaphore_step(struct model *m)
{
	uint32_t sync = reg_get(m, IXGBE_SW_FW_SYNC), guard = reg_get(m, IXGBE_SWSM) & SWSM_SWESMBI;

	if (m->now_ns < m->semaphore_ns)
		return;
	if (!m->firmware_holds && (guard || (sync & (SW_FW_SYNC_SW | SW_FW_SYNC_REGSMP)))) {
		deadline_set(m, &m->semaphore_ns, scaled_ns(m, FIRMWARE_RETRY_NS));
		return;
	}
	m->firmware_holds = !m->firmware_holds;
	deadline_set(m, &m->semaphore_ns, scaled_ns(m, m->firmware_holds ? FIRMWARE_WORK_NS : FIRMWARE_REST_NS));
}

static uint32_t firmware_bits(const struct model *m)
{
	return (m->firmware_holds || (m->breakages & MODEL_SEMAPHORES_KEPT) ? SW_FW_SYNC_FW : 0u) |
	       (m->breakages & MODEL_MAC_CSR_KEPT ? SW_FW_SYNC_FW_MAC_CSR : 0u);
}

uint32_t model_read_sync_82599(struct model *m, uint32_t offset)
{
	return reg_get(m, offset) | firmware_bits(m);
}

/** Firmware's bits are its own. What it has, software does not take, unless it never gives it back. */
void model_write_sw_fw_sync(struct model *m, uint32_t offset, uint32_t value)
{
	uint32_t taken = value & ~reg_get(m, offset) & SW_FW_SYNC_SW;

	fault_order(m, MODEL_ORDER_SEMAPHORE, taken && m->firmware_holds);
	reg_set(m, offset, value);
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
	return value | firmware_bits(m);
}
