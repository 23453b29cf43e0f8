/* SPDX-License-Identifier: BSD-2-Clause
 * How vfio_device_open reaches the vfio-user transport. */
#pragma once

#include "../device.h"

#define VFIO_USER_PREFIX "vfio-user:"

/** vfio_device_open for addresses that start with VFIO_USER_PREFIX. */
int vfio_user_open(struct vfio_device **device, const char *address, struct dma_space *space);
