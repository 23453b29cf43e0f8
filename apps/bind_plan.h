/* SPDX-License-Identifier: BSD-2-Clause
 * Giving devices to vfio-pci and back to the kernel's drivers: a plan of steps that can be shown, run, and is undone
 * when a step fails. Functions fail as the library's do, with -errno and a sentence. Not thread-safe: drivers are the
 * machine's, and whoever binds is alone. */
#ifndef POLLUX_APPS_BIND_PLAN_H
#define POLLUX_APPS_BIND_PLAN_H

#include "../vfio/host/pci.h"

#include <linux/limits.h> /* PATH_MAX, which limits.h has under _GNU_SOURCE only */

#include <sys/types.h>

enum bind_action {
	BIND_LOAD,     /* the module vfio-pci */
	BIND_SAVE,     /* notes driver `text`, override `before`, the boot that they are of, and `aspm`, below
			       /run/pollux */
	BIND_UNBIND,   /* takes the device from driver `before` */
	BIND_OVERRIDE, /* driver_override becomes `text`; was `before` */
	BIND_PROBE,    /* has the kernel look for a driver, which is to be `text` ("": whichever) */
	BIND_ASPM,     /* writes `text`, 0 or 1, to the switch `aspm` of the link's power saving */
	BIND_NODES,    /* hands the nodes to a user */
	BIND_FORGET,   /* removes the note */
};

/** One step of a plan. */
struct bind_step {
	enum bind_action action;
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

struct bind_plan {
	struct bind_step *steps;
	unsigned count;
};

struct bind_options {
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
int bind_plan(struct bind_plan *plan, const char *const *addresses, unsigned count, const struct bind_options *options);

/** Plans to give devices back to the drivers that they had; where no note of that is left, to the kernel's choice.
 * Errors as above; -EBUSY too when a process has one open. */
int restore_plan(
	struct bind_plan *plan, const char *const *addresses, unsigned count, const struct bind_options *options);

/** A step as the shell command that does the same. */
void bind_describe(const struct bind_step *step, char *text, size_t bytes);

/** Runs a plan. When a step fails the ones before it are undone, last first. -errno: the failed step's. */
int bind_run(struct bind_plan *plan);

void bind_free(struct bind_plan *plan);

#endif
