/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel's VFIO has to say of a device without being asked: it wants it back, or the device reported an error.
 */
#ifndef POLLUX_VFIO_KERNEL_EVENTS_H
#define POLLUX_VFIO_KERNEL_EVENTS_H

#include "device.h"

/** Has the kernel tell through device.event_fd when it wants the device back, and of the device's errors. To be called
 * after kernel_device_ask; kernel_device_release ends it. -errno. */
int kernel_events_start(struct kernel_device *kernel);

/** `check` of struct vfio_device_ops. */
void kernel_events_check(struct vfio_device *device);

#endif
