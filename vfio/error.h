/* SPDX-License-Identifier: BSD-2-Clause
 * The calling thread's last failure, as a sentence that names the remedy. Every layer of the library writes it here;
 * applications read it through nic_error(). */
#ifndef POLLUX_VFIO_ERROR_H
#define POLLUX_VFIO_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Records a failure of the calling thread.
 * @param error   a positive errno value
 * @param format  printf-like; one sentence, with the remedy or the number needed, without a final full stop or newline
 * @return -error, so that `return pollux_fail(ENODEV, "...")` is the whole error path.
 * Cut at 511 bytes. Thread-safe. Not for the data path.
 */
int pollux_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Whether a device, or the connection to it, is lost, and why. The first cause stays. All zero: it is there. */
struct pollux_loss {
	bool lost;     /* set last, atomically; never cleared */
	bool claimed;  /* somebody has written `why`, or is about to */
	char why[256]; /* "the device process closed the connection at REGION_READ; ..." */
};

/** Marks it lost, for this cause unless there is one already. Thread-safe. */
void pollux_lose(struct pollux_loss *loss, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Cheap; any thread. */
static inline bool pollux_lost(const struct pollux_loss *loss)
{
	return __atomic_load_n(&loss->lost, __ATOMIC_ACQUIRE);
}

/** The sentence of the calling thread's last failure; "" before the first. Valid until the thread's next failure. */
const char *pollux_error(void);

#ifdef __cplusplus
}
#endif
#endif
