/* SPDX-License-Identifier: BSD-2-Clause
 * The two ways to a device of the kernel's VFIO: by container and group, the older one, and by its own node and iommufd
 * (Linux 6.6). Called under kernel.c's lock. */
#pragma once

#include "space.h"

/* ---- By group ---- */

/** Opens the device's group if it is not open, puts it into the DMA space's container, and opens the device. After a
 * failure with device->group set, group_leave undoes what was done; otherwise there is nothing to undo. */
int group_join(struct kernel_device *device);

/** Lets go of the group and the container, after the device's descriptor was closed. */
void group_leave(struct kernel_device *device);

#define GROUP_OPENER_BYTES 128

/** Says which other process has the device or another of its group open: "pollux-fwd, process 4711, through
 * 0000:03:00.1". @return false: it cannot be seen, and text says how to find out who has the node at path */
bool group_name_opener(const struct vfio_pci *pci, const char *path, char text[GROUP_OPENER_BYTES]);

/** Records which device keeps a group from being viable, and what to do about it. @return -EPERM; 0: there is none to
 * be seen */
int group_fail_not_viable(const struct vfio_pci *pci);

/* ---- By its own node ---- */

#define IOMMUFD_WHY_BYTES 96

/**
 * Opens the device's node, /dev/vfio/devices/vfioN, binds it to the DMA space's iommufd, and attaches it to its I/O
 * address space. After a failure with device->kernel set, kernel_space_put undoes it, once the device's
 * descriptor is closed.
 * @param why_not  receives, where a node is missing or the user may not open it, which one; otherwise untouched
 * @return 0 or -errno; -ENOENT or -EACCES with why_not written: the group may serve instead
 */
int iommufd_join(struct kernel_device *device, char why_not[IOMMUFD_WHY_BYTES]);
