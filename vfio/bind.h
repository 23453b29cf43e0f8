/* SPDX-License-Identifier: BSD-2-Clause
 * Giving devices to vfio-pci and back to the kernel's drivers: a plan of steps that can be shown, run, and is undone
 * when a step fails. Public for pollux-bind and pollux-doctor. Not thread-safe: drivers are the machine's, and whoever
 * binds is alone. */
#ifndef POLLUX_VFIO_BIND_H
#define POLLUX_VFIO_BIND_H

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
	char master[IFNAMSIZ]; /* the bridge or bond it is part of, or the first VLAN, macvlan or ipvlan on it; "": none
				*/
	unsigned addresses;    /* IPv4 and IPv6, without link-local ones */
	char address[64];      /* the first of them */
	unsigned routes;       /* besides the default route; those in /proc/net */
	bool default_route;
};

/** The device's interfaces, as this process's network namespace shows them. @return how many, at most VFIO_USES */
unsigned vfio_pci_uses(const struct vfio_pci *pci, struct vfio_use uses[VFIO_USES]);

/** True if somebody would miss the interface: it has an address, a route, or a master. */
bool vfio_use_matters(const struct vfio_use *use);

/** Whether somebody would miss the device if it were taken from its driver: by its interfaces, or by its virtual
 * functions, which go with it.
 *  @param why what depends on it, for a sentence: "its interface eth0 carries a route" */
bool vfio_pci_is_used(const struct vfio_pci *pci, char *why, size_t bytes);

/** How many virtual functions the device has; the addresses of the first are in *vfs, as many as fit, at most
 * VFIO_USES; the rest is empty. */
unsigned vfio_pci_virtual_functions(const struct vfio_pci *pci, char vfs[VFIO_USES][20]);

/** The process, other than this one, that has the device open through VFIO; 0: none that can be seen. Others' need
 * root. */
pid_t vfio_pci_opener(const struct vfio_pci *pci, char name[32]);

/** A process that has one of these open ("": none), named as the links below /proc/PID/fd name them: "/dev/vfio/14",
 * "socket:[4711]". */
pid_t vfio_opener_of(const char *const targets[2], pid_t except, char name[32]);

/** The hypervisor that this machine is a guest of ("VirtualBox", "VMware", "QEMU", "KVM", "Hyper-V", "Xen", or "another
 * hypervisor"); NULL: none. */
const char *vfio_hypervisor(void);

/** True in a container, whose kernel is not its own to change. */
bool vfio_in_container(void);

/** What gets this kernel the driver vfio-pci, which it does not have now. */
void vfio_driver_remedy(char *text, size_t bytes);

enum vfio_bind_action {
	VFIO_BIND_LOAD,     /* the module vfio-pci */
	VFIO_BIND_SAVE,     /* notes driver `text`, override `before` and the boot that they are of below /run/pollux */
	VFIO_BIND_UNBIND,   /* takes the device from driver `before` */
	VFIO_BIND_OVERRIDE, /* driver_override becomes `text`; was `before` */
	VFIO_BIND_PROBE,    /* has the kernel look for a driver, which is to be `text` ("": whichever) */
	VFIO_BIND_NODES,    /* hands the nodes to a user */
	VFIO_BIND_FORGET,   /* removes the note */
};

/** One step of a plan. */
struct vfio_bind_step {
	enum vfio_bind_action action;
	char address[20];
	int group;
	char text[VFIO_PCI_NAME_BYTES], before[VFIO_PCI_NAME_BYTES];
	uid_t uid;
	gid_t gid;
	struct {
		char path[PATH_MAX];
		uid_t uid;
		gid_t gid;
		mode_t mode;
	} nodes[3]; /* as they were; path "": not changed */
};

struct vfio_bind_plan {
	struct vfio_bind_step *steps;
	unsigned count;
};

struct vfio_bind_options {
	bool force;       /* also what is in use */
	bool whole_group; /* all devices of the IOMMU group that a kernel driver has, NICs or not */
	bool user;        /* hand the nodes to uid and gid */
	uid_t uid;
	gid_t gid;
};

/**
 * Plans to bind devices to vfio-pci. What is so already gets no step, so that a plan may be made and run again and
 * again. Errors, with the plan empty: those of vfio_pci_find; -ENOTSUP (no IOMMU), -EINVAL (not a network device),
 * -EBUSY (an interface or virtual functions are in use, and force is not set), -EPERM (others of the group are in use,
 * and whole_group is not set).
 */
int vfio_bind_plan(struct vfio_bind_plan *plan, const char *const *addresses, unsigned count,
	const struct vfio_bind_options *options);

/** Plans to give devices back to the drivers that they had; where no note of that is left, to the kernel's choice.
 * Errors as above; -EBUSY too when a process has one open. */
int vfio_restore_plan(struct vfio_bind_plan *plan, const char *const *addresses, unsigned count,
	const struct vfio_bind_options *options);

/** A step as the shell command that does the same. */
void vfio_bind_describe(const struct vfio_bind_step *step, char *text, size_t bytes);

/** Runs a plan. When a step fails the ones before it are undone, last first. -errno: the failed step's. */
int vfio_bind_run(struct vfio_bind_plan *plan);

void vfio_bind_free(struct vfio_bind_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
