/* SPDX-License-Identifier: BSD-2-Clause
 * What sysfs says of a PCI device before the kernel's VFIO is asked for it. */
#include "group_find.h"

#include "error.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Variables for the tests, which bring a /sys and a /dev of their own. */
static const char *sys_root = "/sys";
static const char *dev_root = "/dev";

#define DRIVER_WANTED "vfio-pci"

const char *group_dev_root(void)
{
	return dev_root;
}

/* SYS/bus/pci/devices/ADDRESS/NAME; cut where it does not fit, and then not found. */
static void device_path(char path[PATH_MAX], const char *address, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/bus/pci/devices/%s/%s", sys_root, address, name) >= PATH_MAX)
		path[0] = '\0';
}

/* The last part of what a link of a device points to. @return false: there is no such link */
static bool read_link(const char *address, const char *name, char *last, size_t bytes)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;
	const char *slash;

	device_path(path, address, name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	slash = strrchr(target, '/');
	return snprintf(last, bytes, "%s", slash ? slash + 1 : target) < (int)bytes;
}

/* The first line of a device's file. @return false: not to be read */
static bool read_line(const char *address, const char *name, char *line, size_t bytes)
{
	char path[PATH_MAX];
	ssize_t length;
	int fd;

	device_path(path, address, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	length = read(fd, line, bytes - 1);
	close(fd);
	if (length < 0)
		return false;
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static int fail_wrong_driver(const char *address, const char *driver)
{
	char unbind[64] = "";

	if (driver)
		snprintf(unbind, sizeof(unbind), "echo %s > $D/driver/unbind; ", address);
	return pollux_fail(ENODEV,
	        "%s is bound to %s, not to " DRIVER_WANTED "; as root: modprobe " DRIVER_WANTED "; D=/sys/bus/pci/devices/%s; "
	        "echo " DRIVER_WANTED " > $D/driver_override; %secho %s > /sys/bus/pci/drivers_probe",
	        address, driver ? driver : "no driver", address, unbind, address);
}

static int fail_no_iommu(const char *address, const char *what)
{
	return pollux_fail(ENOTSUP,
	        "%s %s, so nothing would keep its DMA out of the rest of memory; switch the IOMMU (VT-d, AMD-Vi) on in the firmware and "
	        "boot "
	        "with intel_iommu=on",
	        address, what);
}

int group_find(struct group_place *place, const char *address)
{
	char path[PATH_MAX], text[NAME_MAX + 1], *end;
	struct stat stat_of;
	bool bound;

	*place = (struct group_place){.numa_node = -1};
	for (unsigned i = 0; i < PCI_ADDRESS_BYTES - 1 && address[i]; i++)
		place->address[i] = (char)tolower((unsigned char)address[i]);
	address = place->address;

	device_path(path, address, "");
	if (stat(path, &stat_of) != 0)
		return pollux_fail(ENOENT, "there is no PCI device %s; lspci -D lists those that there are", address);
	if (!read_link(address, "iommu_group", text, sizeof(text)))
		return fail_no_iommu(address, "is behind no IOMMU");
	errno = 0;
	unsigned long group = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || group > UINT_MAX)
		return pollux_fail(EPROTO, "%s: the kernel names its IOMMU group '%s', which is not a number", address, text);
	place->group = (unsigned)group;
	/* Without an IOMMU, VFIO invents a group of this name for the device. */
	if (read_line(address, "iommu_group/name", text, sizeof(text)) && strcmp(text, "vfio-noiommu") == 0)
		return fail_no_iommu(address, "is in VFIO's mode without IOMMU");
	bound = read_link(address, "driver", text, sizeof(text));
	if (!bound || strcmp(text, DRIVER_WANTED) != 0)
		return fail_wrong_driver(address, bound ? text : NULL);
	if (read_line(address, "numa_node", text, sizeof(text)) && text[0]) {
		long node = strtol(text, &end, 10);

		if (!*end && node >= 0 && node <= INT_MAX)
			place->numa_node = (int)node;
	}
	return 0;
}

/* Drivers beside which the kernel calls a group viable: they do no DMA of their own. */
static bool is_harmless(const char *driver)
{
	return strcmp(driver, DRIVER_WANTED) == 0 || strcmp(driver, "pci-stub") == 0 || strcmp(driver, "pcieport") == 0;
}

int group_fail_not_viable(const struct group_place *place)
{
	char path[PATH_MAX], driver[NAME_MAX + 1];
	struct dirent *entry;
	DIR *folder;
	int error = 0;

	device_path(path, place->address, "iommu_group/devices");
	if ((folder = opendir(path)) != NULL) {
		while (!error && (entry = readdir(folder)) != NULL) {
			const char *name = entry->d_name;

			if (name[0] == '.' || !read_link(name, "driver", driver, sizeof(driver)) || is_harmless(driver))
				continue;
			error = pollux_fail(EPERM,
			        "group %u of %s is not viable: %s is bound to %s; as root, unbind it: echo %s > "
			        "/sys/bus/pci/devices/%s/driver/unbind (or bind it to " DRIVER_WANTED " too)",
			        place->group, place->address, name, driver, name, name);
		}
		closedir(folder);
	}
	if (!error)
		error = pollux_fail(EPERM,
		        "group %u of %s is not viable: another device of the group is in use; ls -l "
		        "/sys/kernel/iommu_groups/%u/devices/*/driver shows by whom",
		        place->group, place->address, place->group);
	return error;
}
