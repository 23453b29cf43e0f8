/* SPDX-License-Identifier: BSD-2-Clause
 * Giving devices to vfio-pci and back to the kernel's drivers: a plan of steps that can be shown, run, and is undone
 * when a step fails. Public for pollux-bind and pollux-doctor. Not thread-safe: drivers are the machine's, and whoever
 * binds is alone. */
#ifndef POLLUX_VFIO_HOST_BIND_H
#define POLLUX_VFIO_HOST_BIND_H

#include "pci.h"

#include <linux/limits.h> /* PATH_MAX, which limits.h has under _GNU_SOURCE only */

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vfio_bind_action {
	VFIO_BIND_LOAD,     /* the module vfio-pci */
	VFIO_BIND_SAVE,     /* notes driver `text`, override `before`, the boot that they are of, and `aspm`, below
			       /run/pollux */
	VFIO_BIND_UNBIND,   /* takes the device from driver `before` */
	VFIO_BIND_OVERRIDE, /* driver_override becomes `text`; was `before` */
	VFIO_BIND_PROBE,    /* has the kernel look for a driver, which is to be `text` ("": whichever) */
	VFIO_BIND_ASPM,     /* writes `text`, 0 or 1, to the switch `aspm` of the link's power saving */
	VFIO_BIND_NODES,    /* hands the nodes to a user */
	VFIO_BIND_FORGET,   /* removes the note */
};

/** One step of a plan. */
struct vfio_bind_step {
	enum vfio_bind_action action;
	char address[20];
	int group;
	char text[VFIO_PCI_NAME_BYTES], before[VFIO_PCI_NAME_BYTES];
	char aspm[32]; /* files in the folder link: one to write to; or those that were 1, for the note */
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
