/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel says of a device's IOMMU group: which I/O addresses are not free. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** I/O addresses that are reserved, both ends included. */
struct vfio_reserved {
	uint64_t first, last;
	char type[24]; /* "direct", "direct-relaxable", "reserved", "msi", "msi-sw" */
};

/** The reserved ranges of the device's group, in the order in which the kernel has them. @return how many there are, of
 * which `ranges` receives the first `room`; 0 too where the kernel does not tell */
unsigned vfio_reserved_ranges(const char *address, struct vfio_reserved *ranges, unsigned room);

/**
 * Whether the firmware demands that the device keeps reaching a range of memory at the memory's own addresses (type
 * "direct": Intel's RMRR, AMD's IVMD). The kernel gives such a device to no program: with Intel's IOMMU always, with
 * AMD's from Linux 6.6 on. "direct-relaxable" is none of these.
 * @param why     receives that, with the range, as words that follow the device's address
 * @param remedy  receives what to do
 */
bool vfio_firmware_demands(const char *address, char why[256], char remedy[256]);
