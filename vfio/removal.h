/* SPDX-License-Identifier: BSD-2-Clause
 * Registers that are memory of a device that is pulled out. */
#pragma once

#include "device.h"

/** Has SIGBUS of mapped registers caught, from now on and for the whole process; other SIGBUS go to the handler that
 * was there. -errno. */
int vfio_catch_removal(void);

/** For transports: so many bytes at `at` are registers of a device. */
void vfio_removal_watch(struct vfio_device *device, volatile uint8_t *at, size_t bytes);
/** Before they are unmapped. */
void vfio_removal_forget(volatile uint8_t *at);
