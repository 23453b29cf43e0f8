/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel uses a PCI device for now: its network interfaces with what depends on them, and virtual functions.
 */
#ifndef POLLUX_APPS_APP_USE_H
#define POLLUX_APPS_APP_USE_H

#include "../vfio/host/pci.h"

#include <linux/if.h> /* IFNAMSIZ, which net/if.h has under _GNU_SOURCE only */

#define APP_USES 8

/** A network interface that the kernel has on a device, and what it is used for. */
struct app_use {
	char interface[IFNAMSIZ];
	bool up, link;
	int mbps;              /* -1: unknown */
	char master[IFNAMSIZ]; /* the bridge or bond that it is part of, or its first VLAN, macvlan or ipvlan; or "" */
	unsigned addresses;    /* IPv4 and IPv6, without link-local ones */
	char address[64];      /* the first of them */
	unsigned routes;       /* besides the default route; those in /proc/net */
	bool default_route;
};

/** The device's interfaces, as this process's network namespace shows them. @return how many, at most APP_USES */
unsigned app_uses(const struct vfio_pci *pci, struct app_use uses[APP_USES]);

/** True if somebody would miss the interface: it has an address, a route, or a master. */
bool app_use_matters(const struct app_use *use);

/** Whether somebody would miss the device if it were taken from its driver: for its interfaces, or for its virtual
 * functions, which would vanish.
 * @param why  receives what depends on it, for a sentence: "its interface eth0 carries a route" */
bool app_is_used(const struct vfio_pci *pci, char *why, size_t bytes);

/** @return how many virtual functions the device has; vfs receives the addresses of the first APP_USES, or "" */
unsigned app_virtual_functions(const struct vfio_pci *pci, char vfs[APP_USES][20]);

#endif
