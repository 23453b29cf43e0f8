/* SPDX-License-Identifier: BSD-2-Clause
 * The calling thread's last failure, as a sentence that names the remedy. Every layer of the library writes it here;
 * applications read it through nic_error(). */
#ifndef POLLUX_VFIO_ERROR_H
#define POLLUX_VFIO_ERROR_H

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

/** The sentence of the calling thread's last failure; "" before the first. Valid until the thread's next failure. */
const char *pollux_error(void);

#ifdef __cplusplus
}
#endif
#endif
