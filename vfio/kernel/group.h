/* SPDX-License-Identifier: BSD-2-Clause
 * Reaches a device by container and group, the older interface of the kernel's VFIO. Called under kernel.c's lock. */
#pragma once

#include "../host/pci.h"
#include "space.h"

/** Opens the device's group if it is not open, puts it into the DMA space's container, and opens the device. After a
 * failure with device->group set, group_leave undoes what was done; otherwise there is nothing to undo. */
int group_join(struct kernel_device *device, const struct vfio_pci *pci, struct dma_space *space);

/** Lets go of the group and the container, after the device's descriptor was closed. */
void group_leave(struct kernel_device *device);

#define GROUP_OPENER_BYTES 128

/** Says which other process has the device or another of its group open: "pollux-fwd, process 4711, through
 * 0000:03:00.1". @return false: it cannot be seen, and text says how to find out who has the node at path */
bool group_name_opener(const struct vfio_pci *pci, const char *path, char text[GROUP_OPENER_BYTES]);

/** Records which device keeps a group from being viable, and what to do about it. @return -EPERM; 0: there is none to
 * be seen */
int group_fail_not_viable(const struct vfio_pci *pci);
