/* SPDX-License-Identifier: BSD-2-Clause
 * How the control paths of all families reach a card: registers, the bus, and sentences for what they find there. A
 * gone device is not touched, and all its registers read all ones; so does a register that the device refuses to have
 * read.
 *
 * Functions called fail_ record the calling thread's failure, those called fail_if_ only if there is one. */
#pragma once

#include "driver.h"

/* ---- failures ---- */

/** pollux_fail with a sentence about a port, whose address stands in front of it. */
int fail_port(const struct nic *nic, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** @return -ENODEV: the device is gone; the sentence says why */
int fail_gone(const struct nic *nic);

/** @return 0; -ENODEV, with that sentence, where the device is gone */
int fail_if_gone(const struct nic *nic);

/** @return -EIO: the device refused an access; the sentence names the register */
int fail_refused(const struct nic *nic, const struct vfio_refusal *refusal);

/** What a call returns that began when vfio_refusals() was `before`. @return ret; but -EIO, with the sentence, where
 * the device has refused an access since then: whatever ret says came of that */
int fail_if_refused(const struct nic *nic, uint64_t before, int ret);

/** @return -ETIMEDOUT: a bit was not set, or did not clear, in time. The sentence names it, as "RXDCTL[0].ENABLE" for
 * the field ENABLE in the register at `offset`, and ends with `remedy`: what that means, and what to do */
int fail_wait(
	const struct nic *nic, uint32_t offset, const char *field, bool to_set, uint32_t limit_us, const char *remedy);

/* ---- registers ---- */

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

/* ---- the bus ---- */

/** Waits until no PCIe request of the device is pending, at most so long. */
void bus_wait_transactions(struct nic *nic, uint32_t limit_us);

/** Turns memory space on and bus mastering off. Where that fails, the function is reset, and the failure returned all
 * the same. */
int bus_master_off(struct nic *nic);

/** Resets the device and turns bus mastering off: no DMA from then on. Does all of it whatever fails; @return the first
 * failure. */
int bus_halt(struct nic *nic);
