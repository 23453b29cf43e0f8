/* SPDX-License-Identifier: BSD-2-Clause
 * What sysfs says of a PCI device before the kernel's VFIO is asked for it: is it there, who drives it, which IOMMU group. */
#ifndef POLLUX_VFIO_GROUP_FIND_H
#define POLLUX_VFIO_GROUP_FIND_H

#include "device.h"

#define PCI_ADDRESS_BYTES sizeof("dddd:bb:dd.f")

struct group_place {
	char address[PCI_ADDRESS_BYTES]; /* lower case, as the kernel writes it */
	unsigned group;
	int numa_node; /* -1: unknown */
};

/**
 * Finds a device and its group.
 * Errors: -ENOENT (no such device), -ENOTSUP (no IOMMU, or the mode without), -ENODEV (not bound to vfio-pci; the sentence has the
 * commands that bind it).
 */
int group_find(struct group_place *place, const char *address);

/** Says which device keeps a group from being viable, and how to get it out of the way. @return -EPERM */
int group_fail_not_viable(const struct group_place *place);

/** "/dev", or what stands for it. */
const char *group_dev_root(void);

#endif
