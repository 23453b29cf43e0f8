/* SPDX-License-Identifier: BSD-2-Clause
 * PCI devices as sysfs shows them. */
#include "pci.h"

#include "../error.h"
#include "files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

/* ---- One device ---- */

/* A file of the device; "" where it cannot be read. */
static const char *read_file(const struct vfio_pci *pci, const char *file, char text[VFIO_PCI_NAME_BYTES])
{
	char path[PATH_MAX];

	vfio_path(path, DEVICES "/%s/%s", pci->address, file);
	vfio_read_line(path, text, VFIO_PCI_NAME_BYTES);
	return text;
}

static uint32_t read_hexadecimal(const struct vfio_pci *pci, const char *file)
{
	char text[VFIO_PCI_NAME_BYTES];

	return (uint32_t)strtoul(read_file(pci, file, text), NULL, 16);
}

/* The IOMMU group is the last part of what a link points to. */
static int read_group(struct vfio_pci *pci)
{
	char path[PATH_MAX], target[PATH_MAX], *end;
	const char *name;

	vfio_path(path, DEVICES "/%s/iommu_group", pci->address);
	if ((name = vfio_read_link(path, target)) == NULL)
		return 0;
	errno = 0;
	unsigned long group = strtoul(name, &end, 10);
	if (!isdigit((unsigned char)*name) || *end || errno || group > INT_MAX)
		return pollux_fail(
			EPROTO, "%s: the kernel names its IOMMU group '%s', which is not a number", pci->address, name);
	pci->group = (int)group;
	return 0;
}

/* Linux 6.0 and later name the device's node in a folder. It exists only if there is a file "dev" with its number,
 * which takes Linux 6.6. */
static void find_node(struct vfio_pci *pci)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;

	vfio_path(path, DEVICES "/%s/vfio-dev", pci->address);
	if ((folder = opendir(path)) == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(pci->cdev) &&
			vfio_path(path, DEVICES "/%s/vfio-dev/%s/dev", pci->address, entry->d_name) &&
			access(path, F_OK) == 0)
			strcpy(pci->cdev, entry->d_name);
	closedir(folder);
}

bool vfio_pci_parse(const char *address, char canonical[VFIO_PCI_ADDRESS_BYTES])
{
	unsigned domain, bus, device, function;

	if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4) {
		domain = 0;
		if (sscanf(address, "%x:%x.%x", &bus, &device, &function) != 3)
			return false;
	}
	snprintf(canonical, VFIO_PCI_ADDRESS_BYTES, "%04x:%02x:%02x.%x", domain, bus & 0xff, device & 0xff,
		function & 7);
	/* lspci leaves the domain out where there is no other */
	return strcasecmp(address, canonical) == 0 || strcasecmp(address, canonical + strlen("0000:")) == 0;
}

int vfio_pci_find(struct vfio_pci *pci, const char *address)
{
	char path[PATH_MAX], target[PATH_MAX], text[VFIO_PCI_NAME_BYTES];
	const char *name;

	*pci = (struct vfio_pci){.group = -1, .numa_node = -1};
	if (!vfio_pci_parse(address, pci->address))
		return pollux_fail(EINVAL,
			"'%s' is not a PCI address; give one like 0000:03:00.0 (pollux-bind lists them)", address);
	if (!vfio_path(path, DEVICES "/%s", pci->address) || access(path, F_OK) != 0)
		return pollux_fail(ENOENT,
			"there is no PCI device %s; pollux-bind (or lspci -D) lists those that there are",
			pci->address);
	pci->vendor_id = (uint16_t)read_hexadecimal(pci, "vendor");
	pci->device_id = (uint16_t)read_hexadecimal(pci, "device");
	pci->subsystem_vendor_id = (uint16_t)read_hexadecimal(pci, "subsystem_vendor");
	pci->subsystem_id = (uint16_t)read_hexadecimal(pci, "subsystem_device");
	pci->class_id = (uint16_t)(read_hexadecimal(pci, "class") >> 8);
	if (isdigit((unsigned char)read_file(pci, "numa_node", text)[0]))
		pci->numa_node = atoi(text);
	vfio_path(path, DEVICES "/%s/driver", pci->address);
	if ((name = vfio_read_link(path, target)) != NULL)
		snprintf(pci->driver, sizeof(pci->driver), "%.*s", (int)sizeof(pci->driver) - 1, name);
	if (strcmp(read_file(pci, "driver_override", text), "(null)") != 0)
		memcpy(pci->driver_override, text, sizeof(text));
	pci->noiommu = strcmp(read_file(pci, "iommu_group/name", text), "vfio-noiommu") == 0;
	find_node(pci);
	return read_group(pci);
}

/* ---- Several ---- */

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct vfio_pci *)a)->address, ((const struct vfio_pci *)b)->address);
}

/* The devices in a folder, sorted, except one, or only those for the network. What is unplugged meanwhile is left out.
 * -ENOENT, without a sentence: there is no such folder. */
static int list_folder(const char *path, const char *except, bool only_network, struct vfio_pci **list, unsigned *count)
{
	struct dirent *entry;
	int error = 0;
	DIR *folder;

	*list = NULL;
	*count = 0;
	if ((folder = opendir(path)) == NULL)
		return -ENOENT;
	while (!error && (entry = readdir(folder)) != NULL) {
		struct vfio_pci *longer;

		if (!strchr(entry->d_name, ':') || strcmp(entry->d_name, except) == 0)
			continue;
		if ((longer = realloc(*list, (*count + 1) * sizeof(**list))) == NULL) {
			error = pollux_fail(ENOMEM, "no memory for a list of PCI devices");
			break;
		}
		*list = longer;
		error = vfio_pci_find(&longer[*count], entry->d_name);
		*count += !error && (!only_network || vfio_pci_is_network(&longer[*count]));
		error = error == -ENOENT ? 0 : error;
	}
	closedir(folder);
	if (error || *count == 0) {
		free(*list);
		*list = NULL;
		*count = 0;
	} else {
		qsort(*list, *count, sizeof(**list), by_address);
	}
	return error;
}

int vfio_pci_list(struct vfio_pci **list, unsigned *count)
{
	char path[PATH_MAX];

	vfio_path(path, DEVICES);
	int error = list_folder(path, "", true, list, count);
	return error == -ENOENT ? pollux_fail(ENOENT, "there is no %s: is sysfs mounted?", path) : error;
}

int vfio_pci_neighbours(const struct vfio_pci *pci, struct vfio_pci **list, unsigned *count)
{
	char path[PATH_MAX];

	vfio_path(path, DEVICES "/%s/iommu_group/devices", pci->address);
	int error = list_folder(path, pci->address, false, list, count);
	return error == -ENOENT ? 0 : error;
}

bool vfio_pci_harmless(const char *driver)
{
	return !driver[0] || strcmp(driver, VFIO_PCI_DRIVER) == 0 || strcmp(driver, "pci-stub") == 0 ||
	       strcmp(driver, "pcieport") == 0;
}

int vfio_pci_check_iommu(const struct vfio_pci *pci)
{
	if (pci->group >= 0 && !pci->noiommu)
		return 0;
	return pollux_fail(ENOTSUP,
		"%s is %s, so nothing would keep its DMA out of the rest of memory; switch the IOMMU (VT-d, AMD-Vi) "
		"on in the firmware, or give the virtual machine one, and boot with intel_iommu=on (pollux-doctor "
		"tells more)",
		pci->address, pci->group < 0 ? "behind no IOMMU" : "in VFIO's mode without IOMMU");
}
