/* SPDX-License-Identifier: BSD-2-Clause
 * Registers, for the control paths of all families. A gone device is not touched, and all its registers read all ones;
 * so does a register that the device refuses to have read. */
#ifndef POLLUX_DRIVER_ACCESS_H
#define POLLUX_DRIVER_ACCESS_H

#include "driver.h"

/** Opens the window of BAR 0, which must have so many bytes. */
int reg_open_window(struct nic *nic, uint32_t bytes);

/** Reads a register. All ones are checked against STATUS: if that is all ones too, the port is marked gone. Who goes on
 * with what a refused register reads checks at the end with fail_if_refused. */
uint32_t reg_read(struct nic *nic, uint32_t offset);

/** The same for what is written back or decided by: 0, or -ENODEV or -EIO (refused) with the sentence, and all ones in
 * *value. */
int reg_read_sure(struct nic *nic, uint32_t offset, uint32_t *value);

/** Writes a register, unless the device is gone. */
void reg_write(struct nic *nic, uint32_t offset, uint32_t value);

/** Reads, clears and sets bits, writes. Leaves the register alone when the device is found gone, or refuses to have it
 * read. */
void reg_change(struct nic *nic, uint32_t offset, uint32_t clear, uint32_t set);

/** Waits until (register & mask) is value. -ETIMEDOUT without a sentence, for callers who go on; -ENODEV and -EIO
 * (refused) with one. */
int reg_poll(struct nic *nic, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us);

/** Waits until all these bits are set, or clear. Errors: those of reg_poll, each with a sentence; see fail_wait. */
int reg_wait_set(
	struct nic *nic, uint32_t offset, uint32_t bits, uint32_t limit_us, const char *field, const char *remedy);
int reg_wait_clear(
	struct nic *nic, uint32_t offset, uint32_t bits, uint32_t limit_us, const char *field, const char *remedy);

/** Reads a counter into *count. False, and 0: the device is gone or refuses, whose all ones nobody has counted. */
bool reg_read_count(struct nic *nic, uint32_t offset, uint64_t *count);

/** The same, where it does not matter whether a 0 was counted. */
uint64_t reg_count(struct nic *nic, uint32_t offset);

/** Between two looks at STATUS of a card that seems to be gone; a variable for tests, like the families' limits. */
extern uint32_t reg_gone_retry_us;

#endif
