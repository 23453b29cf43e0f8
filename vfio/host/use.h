/* SPDX-License-Identifier: BSD-2-Clause
 * Who uses a PCI device now: the kernel's network interfaces with what depends on them, and processes that have it open
 * through VFIO. */
#ifndef POLLUX_VFIO_HOST_USE_H
#define POLLUX_VFIO_HOST_USE_H

#include "pci.h"

#include <linux/if.h> /* IFNAMSIZ, which net/if.h has under _GNU_SOURCE only */
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VFIO_USES 8

/** A network interface that the kernel has on a device, and what it is used for. */
struct vfio_use {
	char interface[IFNAMSIZ];
	bool up, link;
	int mbps;              /* -1: unknown */
	char master[IFNAMSIZ]; /* the bridge or bond that it is part of, or its first VLAN, macvlan or ipvlan; or "" */
	unsigned addresses;    /* IPv4 and IPv6, without link-local ones */
	char address[64];      /* the first of them */
	unsigned routes;       /* besides the default route; those in /proc/net */
	bool default_route;
};

/** The device's interfaces, as this process's network namespace shows them. @return how many, at most VFIO_USES */
unsigned vfio_pci_uses(const struct vfio_pci *pci, struct vfio_use uses[VFIO_USES]);

/** True if somebody would miss the interface: it has an address, a route, or a master. */
bool vfio_use_matters(const struct vfio_use *use);

/** Whether somebody would miss the device if it were taken from its driver: for its interfaces, or for its virtual
 * functions, which would vanish.
 * @param why  receives what depends on it, for a sentence: "its interface eth0 carries a route" */
bool vfio_pci_is_used(const struct vfio_pci *pci, char *why, size_t bytes);

/** @return how many virtual functions the device has; vfs receives the addresses of the first VFIO_USES, or "" */
unsigned vfio_pci_virtual_functions(const struct vfio_pci *pci, char vfs[VFIO_USES][20]);

/** The process, other than this one, that has the device open through VFIO; 0: none that can be seen. Other users'
 * processes can be seen by root only. */
pid_t vfio_pci_opener(const struct vfio_pci *pci, char name[32]);

/** A process other than `except` that has one of two files open; 0: none that can be seen. The files are named as the
 * links below /proc/PID/fd name them, "/dev/vfio/14" or "socket:[4711]"; the second may be "". */
pid_t vfio_opener_of(const char *const targets[2], pid_t except, char name[32]);

#ifdef __cplusplus
}
#endif
#endif
