/* SPDX-License-Identifier: BSD-2-Clause
 * What nic.c offers beside the public API: opening a port on a device that is open already, for tests and for
 * transports of one's own. struct nic itself is in driver.h. */
#pragma once

#include "driver.h"

/** The rule that decides which driver, if any, has a device. @return NULL with a sentence: nobody drives it. */
const struct driver *driver_find(const char *address, uint16_t vendor, uint16_t device, const struct driver_id **id);

/**
 * Makes a port of a device that is open already, by whatever transport. Takes ownership of the device, also on failure.
 * nic_open is vfio_device_open and this. Errors: as nic_open.
 */
int port_from_device(struct nic **nic, struct vfio_device *device);
