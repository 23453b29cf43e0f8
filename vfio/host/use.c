/* SPDX-License-Identifier: BSD-2-Clause
 * Which processes have a PCI device open through VFIO. */
#include "use.h"

#include "files.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether one of a process's descriptors points to one of these. */
static bool has_open(const char *process, const char *const targets[2])
{
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	vfio_path(path, "/proc/%s/fd", process);
	if ((folder = opendir(path)) == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL) {
		vfio_path(path, "/proc/%s/fd/%s", process, entry->d_name);
		found = vfio_read_link(path, target) != NULL &&
			(strcmp(target, targets[0]) == 0 || (targets[1][0] && strcmp(target, targets[1]) == 0));
	}
	closedir(folder);
	return found;
}

pid_t vfio_pci_opener(const struct vfio_pci *pci, char name[32])
{
	char group[32], node[64] = "";
	const char *const nodes[2] = {group, node};

	snprintf(group, sizeof(group), "/dev/vfio/%d", pci->group);
	if (pci->cdev[0])
		snprintf(node, sizeof(node), "/dev/vfio/devices/%s", pci->cdev);
	return vfio_opener_of(nodes, getpid(), name);
}

pid_t vfio_opener_of(const char *const targets[2], pid_t except, char name[32])
{
	char path[PATH_MAX];
	struct dirent *entry;
	pid_t found = 0;
	DIR *folder;

	vfio_path(path, "/proc");
	if ((folder = opendir(path)) == NULL)
		return 0;
	while (!found && (entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != (int)except &&
			has_open(entry->d_name, targets)) {
			found = (pid_t)atoi(entry->d_name);
			vfio_path(path, "/proc/%s/comm", entry->d_name);
			vfio_read_line(path, name, 32);
		}
	closedir(folder);
	return found;
}
