/* SPDX-License-Identifier: BSD-2-Clause
 * The calling thread's last failure, as a sentence that names the remedy. All of the library records failures here;
 * applications read the sentence with nic_error(). */
#pragma once

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

/** A failure and its sentence, put aside while further steps run that may fail too. All zero: there is none. */
struct pollux_failure {
	int error; /* negative; 0: none */
	char sentence[512];
};

/** The calling thread's last failure, to be restored after steps that may fail too. */
struct pollux_failure pollux_failure_last(void);

/** Keeps the first failure of several steps. Call it after each step with what the step returned: 0 changes nothing,
 * nor does a failure when an earlier one is kept. */
void pollux_failure_keep(struct pollux_failure *failure, int ret);

/** Makes a kept failure the calling thread's last again. @return its error; 0 when none was kept */
int pollux_failure_restore(const struct pollux_failure *failure);

/** Whether a device, or the connection to it, is lost, and why. Only the first cause is kept. All zero: it is there. */
struct pollux_loss {
	bool lost;     /* atomic; set when `why` is complete; never cleared */
	bool claimed;  /* atomic; a thread has written `why`, or is about to */
	char why[256]; /* "the device process closed the connection at REGION_READ; ..." */
};

/** Marks a device lost, unless it is already. The sentence says why, and completes "the device is gone: ...".
 * Thread-safe. */
void pollux_lose(struct pollux_loss *loss, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Whether the device is lost. Cheap; any thread. */
static inline bool pollux_lost(const struct pollux_loss *loss)
{
	return __atomic_load_n(&loss->lost, __ATOMIC_ACQUIRE);
}

/** The sentence of the calling thread's last failure; "" before the first. Valid until the thread's next failure. */
const char *pollux_error(void);

#ifdef __cplusplus
}
#endif
