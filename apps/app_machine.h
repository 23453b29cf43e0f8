/* SPDX-License-Identifier: BSD-2-Clause
 * What kind of machine this is, for sentences that can be followed on it: a hypervisor's guest, a container, a kernel
 * that can load vfio-pci or cannot. */
#ifndef POLLUX_APPS_APP_MACHINE_H
#define POLLUX_APPS_APP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/** The hypervisor that this machine is a guest of ("VirtualBox", "VMware", "QEMU", "KVM", "Hyper-V", "Xen", or "another
 * hypervisor"); NULL: none. */
const char *app_hypervisor(void);

/** True in a container, whose kernel is not its own to change. */
bool app_in_container(void);

/** Writes what to do so that this kernel, which lacks the driver vfio-pci, gets it. */
void app_driver_remedy(char *text, size_t bytes);

#endif
