/* SPDX-License-Identifier: BSD-2-Clause
 * QEMU's own models of network cards as device handles, without a guest: a QEMU whose processor is halted, register
 * accesses by its qtest protocol, and DMA memory that is the machine's memory at the same I/O addresses. One more way
 * of reaching a device, for tests. */
#ifndef POLLUX_TESTS_QTEST_QTEST_H
#define POLLUX_TESTS_QTEST_QTEST_H

#include "../../vfio/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QTEST_CARDS     2u
#define QTEST_FRAME_MAX 16384u

struct dma_space;
struct qtest;

/**
 * Starts a machine with cards, each on a wire of its own to this process, their links up, their addresses
 * 52:54:00:00:00:10 + number. Takes the first that has these cards of: the program that POLLUX_QEMU names,
 * qemu-system-x86_64, build/guest/qemu.sh.
 * @param cards  QEMU's names, "e1000", "e1000e" or "igb", with options if need be ("e1000,mac=..."); count 1 ..
 * QTEST_CARDS Errors: -ENOTSUP (no such QEMU here: skip the test), -ENOMEM, -EIO.
 */
int qtest_open(struct qtest **qtest, const char *const *cards, unsigned count);

/** Ends the machine. Its device handles must be closed. NULL is ignored. */
void qtest_close(struct qtest *qtest);

/** A card as a device in a space, with its BARs assigned; all cards of a machine go into one space. -errno. The handle
 * is closed by vfio_device_close, and may be opened again. */
int qtest_device(struct qtest *qtest, unsigned card, struct dma_space *space, struct vfio_device **device);

/** Plugs or unplugs a card's cable. -errno. */
int qtest_set_link(struct qtest *qtest, unsigned card, bool up);

/** Puts a frame on a card's wire, towards the card. -EAGAIN: the wire is full, since the card does not receive. */
int qtest_send(struct qtest *qtest, unsigned card, const void *frame, size_t bytes);

/** Takes the next frame that a card sent, waiting up to limit_ms. @return its bytes; 0: none came */
size_t qtest_receive(struct qtest *qtest, unsigned card, void *frame, size_t room, unsigned limit_ms);

/** Waits until a descriptor is readable, delivering interrupts meanwhile: they arrive during qtest calls and register
 * accesses only. */
bool qtest_wait_fd(struct qtest *qtest, int fd, unsigned limit_ms);

/** Ends QEMU without warning: all its devices are gone. */
void qtest_kill(struct qtest *qtest);

/** From now on the device reads all ones and ignores writes, like one that was pulled out, and the transport does not
 * say so. */
void qtest_vanish(struct vfio_device *device);

/** Makes the n-th operation of a device from now on (configuration space, window, interrupts, reset, mapping) fail with
 * -EIO. 0: none. */
void qtest_fail(struct vfio_device *device, unsigned n);

/** Register and configuration accesses of a device so far. */
unsigned qtest_accesses(const struct vfio_device *device);

/** True if the machine's memory outside of what is mapped was touched, by DMA after its memory was freed for instance.
 */
bool qtest_strayed(struct qtest *qtest);

#endif
