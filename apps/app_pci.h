/* SPDX-License-Identifier: BSD-2-Clause
 * How PCI devices are called. */
#ifndef POLLUX_APP_PCI_H
#define POLLUX_APP_PCI_H

#include "../vfio/host/pci.h"

#define APP_PCI_NAME_BYTES 160

/** Vendor and device by name, as pci.ids has them, else as numbers. Not thread-safe. @return name */
const char *app_pci_name(const struct vfio_pci *pci, char name[APP_PCI_NAME_BYTES]);

#endif
