/* SPDX-License-Identifier: BSD-2-Clause
 * Registers, for the control paths of all families. A gone device is not touched, and all its registers read all ones;
 * so does a register that the device refuses to have read. */
#pragma once

#include "driver.h"

/** Opens the window of BAR 0, which must have so many bytes. */
int reg_open_window(struct nic *nic, uint32_t bytes);

/** Reads a register. All ones are checked against STATUS: if that is all ones too, the port is marked gone. A caller
 * that does not look at each value calls fail_if_refused or fail_if_gone in the end. */
uint32_t reg_read(struct nic *nic, uint32_t offset);

/** The same for values that are written back or decided by: 0; or -ENODEV or -EIO (refused) with the sentence, and all
 * ones in *value. */
int reg_read_sure(struct nic *nic, uint32_t offset, uint32_t *value);

/** Writes a register, unless the device is gone. */
void reg_write(struct nic *nic, uint32_t offset, uint32_t value);

/** Reads, clears and sets bits, writes. Leaves the register alone when the device is found gone, or refuses to have it
 * read. */
void reg_change(struct nic *nic, uint32_t offset, uint32_t clear, uint32_t set);

/** Waits until (register & mask) is value. -ETIMEDOUT without a sentence, for callers who go on; -ENODEV and -EIO
 * (refused) with one. */
int reg_poll(struct nic *nic, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us);

/** Takes a lock that the card shares with its firmware: a bit that keeps a written 1 only for whoever gets it. False:
 * it is somebody else's for that long, or the register cannot be read. */
bool reg_claim(struct nic *nic, uint32_t offset, uint32_t bit, uint32_t limit_us);

/** Waits until all these bits are set, or clear. Errors: those of reg_poll, each with a sentence; see fail_wait. */
int reg_wait_set(
	struct nic *nic, uint32_t offset, uint32_t bits, uint32_t limit_us, const char *field, const char *remedy);
int reg_wait_clear(
	struct nic *nic, uint32_t offset, uint32_t bits, uint32_t limit_us, const char *field, const char *remedy);

/** Reads a counter. 0 where the device is gone or refuses: the all ones that are read then were never counted. */
uint64_t reg_count(struct nic *nic, uint32_t offset);

/** The time between two looks at STATUS of a card that seems to be gone; a variable for tests, like the families'
 * limits. */
extern uint32_t reg_gone_retry_us;
