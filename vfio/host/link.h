/* SPDX-License-Identifier: BSD-2-Clause
 * A device's PCI Express link: whether it saves power, how fast and wide it is, and what it can carry, as sysfs and
 * configuration space tell. */
#ifndef POLLUX_VFIO_HOST_LINK_H
#define POLLUX_VFIO_HOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The states in which an idle link saves power (ASPM), by the names of the files that switch them: below
 * /sys/bus/pci/devices/ADDRESS/link. All functions of a card share the link. */
#define VFIO_ASPM_STATES 2
extern const char *const vfio_aspm_files[VFIO_ASPM_STATES]; /* "l0s_aspm", "l1_aspm" */

/** Whether the kernel has a state on. False with *known false: the kernel does not tell, since it is older than 5.5 or
 * leaves ASPM to the firmware, or the link cannot do it. */
bool vfio_aspm_is_on(const char *address, unsigned state, bool *known);

/** Names the states that are on: "L0s, L1", "off", or "" where the kernel tells of none. @return whether one is on */
bool vfio_aspm_text(const char *address, char text[16]);

#ifdef __cplusplus
}
#endif
#endif
