/* SPDX-License-Identifier: BSD-2-Clause
 * Sentences for what all control paths may find: the device is gone or refuses an access, or a wait ran out. Each
 * records the calling thread's failure, those called fail_if_ only if there is one; none calls anything of the driver.
 */
#pragma once

#include "driver.h"

/** @return -ENODEV: the device is gone; the sentence says why */
int fail_gone(const struct nic *nic);

/** @return 0; -ENODEV, with that sentence, where the device is gone */
int fail_if_gone(const struct nic *nic);

/** @return -EIO: the device refused an access; the sentence names the register */
int fail_refused(const struct nic *nic, const struct vfio_refusal *refusal);

/** The same, of the calling thread's last access that was refused; there was one. */
int fail_last_refused(const struct nic *nic);

/** What a call returns that began when vfio_refusals() was `before`. @return ret; but -EIO, with the sentence, where
 * the device has refused an access since then: whatever ret says came of that */
int fail_if_refused(const struct nic *nic, uint64_t before, int ret);

/** @return -ETIMEDOUT: a bit was not set, or did not clear, in time. The sentence names it, as "RXDCTL[0].ENABLE" for
 * the field ENABLE in the register at `offset`, and ends with `remedy`: what that means, and what to do */
int fail_wait(
	const struct nic *nic, uint32_t offset, const char *field, bool to_set, uint32_t limit_us, const char *remedy);
