/* SPDX-License-Identifier: BSD-2-Clause
 * Power saving of a device's PCI Express link (ASPM), as sysfs tells of it. */
#ifndef POLLUX_APPS_APP_ASPM_H
#define POLLUX_APPS_APP_ASPM_H

#include <stdbool.h>

/** The states in which an idle link saves power (ASPM), by the names of the files that switch them: below
 * /sys/bus/pci/devices/ADDRESS/link. All functions of a card share the link. */
#define APP_ASPM_STATES 2
extern const char *const app_aspm_files[APP_ASPM_STATES]; /* "l0s_aspm", "l1_aspm" */

/** Whether the kernel has a state on. False with *known false: the kernel does not tell, since it is older than 5.5 or
 * leaves ASPM to the firmware, or the link cannot do it. */
bool app_aspm_is_on(const char *address, unsigned state, bool *known);

/** Names the states that are on: "L0s, L1", "off", or "" where the kernel tells of none. @return whether one is on */
bool app_aspm_text(const char *address, char text[16]);

#endif
