/* SPDX-License-Identifier: BSD-2-Clause
 * PCI devices as libpci and sysfs show them. At an error, libpci ends the program unless its error function jumps out
 * of it: so that is done here, and nothing else in Pollux calls libpci. */
#include "pci.h"

#include "../error.h"
#include "files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELDS (PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_SUBSYS | PCI_FILL_NUMA_NODE | PCI_FILL_DRIVER)

/* ---- libpci, which must not print or exit ---- */

static _Thread_local jmp_buf escape;

static void on_error(char *format, ...) __attribute__((noreturn));
static void on_error(char *format, ...)
{
	(void)format;
	longjmp(escape, 1);
}

static void be_silent(char *format, ...)
{
	(void)format;
}

/* Has `work` done with libpci opened. @return false: libpci failed */
static bool with_libpci(void (*work)(struct pci_access *access, void *context), void *context)
{
	struct pci_access *access = pci_alloc();
	char path[PATH_MAX];

	access->method = PCI_ACCESS_SYS_BUS_PCI;
	access->error = on_error;
	access->warning = be_silent;
	access->debug = be_silent;
	vfio_path(path, "/sys/bus/pci");
	pci_set_param(access, (char *)(uintptr_t) "sysfs.path", path);
	volatile bool good = false;
	if (setjmp(escape) == 0) {
		pci_init(access);
		work(access, context);
		good = true;
	}
	if (access->methods)
		pci_cleanup(access);
	return good;
}

/* Copies what libpci knows of a device. */
static void copy_known(struct vfio_pci *pci, struct pci_dev *device)
{
	const char *text;

	*pci = (struct vfio_pci){.group = -1};
	pci_fill_info(device, FIELDS);
	snprintf(pci->address, sizeof(pci->address), "%04x:%02x:%02x.%x", (unsigned)device->domain & 0xfffffff,
		device->bus, device->dev, device->func & 7u);
	pci->vendor_id = device->vendor_id;
	pci->device_id = device->device_id;
	pci->subsystem_vendor_id = device->subsys_vendor_id;
	pci->subsystem_id = device->subsys_id;
	pci->class_id = device->device_class;
	pci->numa_node = device->numa_node < 0 ? -1 : device->numa_node;
	if ((text = pci_get_string_property(device, PCI_FILL_DRIVER)) != NULL)
		snprintf(pci->driver, sizeof(pci->driver), "%s", text);
}

/* The IOMMU group is the last part of what a link points to. libpci reads it too, but only where
 * /sys/kernel/iommu_groups is there. */
static int read_group(struct vfio_pci *pci)
{
	char path[PATH_MAX], target[PATH_MAX], *end;
	const char *name;

	vfio_path(path, "/sys/bus/pci/devices/%s/iommu_group", pci->address);
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

/* Adds what libpci does not tell. */
static int complete(struct vfio_pci *pci)
{
	char path[PATH_MAX], text[VFIO_PCI_NAME_BYTES];
	struct dirent *entry;
	DIR *folder;
	int error = read_group(pci);

	if (error)
		return error;
	vfio_path(path, "/sys/bus/pci/devices/%s/driver_override", pci->address);
	vfio_read_line(path, text, sizeof(text));
	if (strcmp(text, "(null)") != 0)
		memcpy(pci->driver_override, text, sizeof(text));
	vfio_path(path, "/sys/bus/pci/devices/%s/iommu_group/name", pci->address);
	pci->noiommu = vfio_read_line(path, text, sizeof(text)) && strcmp(text, "vfio-noiommu") == 0;
	vfio_path(path, "/sys/bus/pci/devices/%s/vfio-dev", pci->address);
	if ((folder = opendir(path)) != NULL) {
		while ((entry = readdir(folder)) != NULL) {
			/* Linux 6.0 and later name the device's node here. It exists only if there is a file "dev"
			 * with its number, which takes Linux 6.6. */
			if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof(pci->cdev) ||
				!vfio_path(
					path, "/sys/bus/pci/devices/%s/vfio-dev/%s/dev", pci->address, entry->d_name))
				continue;
			if (access(path, F_OK) == 0)
				strcpy(pci->cdev, entry->d_name);
		}
		closedir(folder);
	}
	return 0;
}

/* ---- One device ---- */

struct wanted {
	struct vfio_pci *pci;
	int domain, bus, device, function;
};

static void find_one(struct pci_access *access, void *context)
{
	struct wanted *wanted = context;

	access->devices =
		pci_get_dev(access, wanted->domain, wanted->bus, wanted->device, wanted->function); /* freed with it */
	copy_known(wanted->pci, access->devices);
}

int vfio_pci_find(struct vfio_pci *pci, const char *address)
{
	struct wanted wanted = {.pci = pci};
	char path[PATH_MAX], lower[sizeof(pci->address) + 1] = "";
	const char *domain =
		strlen(address) == strlen("03:00.0") ? "0000:" : ""; /* lspci leaves it out where there is no other */
	int length = 0;

	*pci = (struct vfio_pci){.group = -1, .numa_node = -1};
	snprintf(lower, sizeof(lower), "%s%s", domain, address);
	for (unsigned i = 0; lower[i]; i++)
		lower[i] = (char)tolower((unsigned char)lower[i]);
	if (sscanf(lower, "%8x:%2x:%2x.%1x%n", (unsigned *)&wanted.domain, (unsigned *)&wanted.bus,
		    (unsigned *)&wanted.device, (unsigned *)&wanted.function, &length) != 4 ||
		lower[length] || wanted.function > 7 || length < 12)
		return pollux_fail(EINVAL,
			"'%s' is not a PCI address; give one like 0000:03:00.0 (pollux-bind lists them)", address);
	vfio_path(path, "/sys/bus/pci/devices/%s", lower);
	if (access(path, F_OK) != 0 || !with_libpci(find_one, &wanted))
		return pollux_fail(ENOENT,
			"there is no PCI device %s; pollux-bind (or lspci -D) lists those that there are", lower);
	return complete(pci);
}

/* ---- Several ---- */

struct listing {
	struct vfio_pci *list;
	unsigned count;
	bool no_memory;
};

static struct vfio_pci *append(struct listing *listing)
{
	struct vfio_pci *longer = realloc(listing->list, (listing->count + 1) * sizeof(*longer));

	if (!longer) {
		listing->no_memory = true;
		return NULL;
	}
	listing->list = longer;
	return &longer[listing->count++];
}

static void list_all(struct pci_access *access, void *context)
{
	struct listing *listing = context;
	struct vfio_pci pci, *place;

	pci_scan_bus(access);
	for (struct pci_dev *device = access->devices; device; device = device->next) {
		copy_known(&pci, device);
		if (!vfio_pci_is_network(&pci))
			continue;
		pci_lookup_name(access, pci.name, sizeof(pci.name), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			pci.vendor_id, pci.device_id);
		if ((place = append(listing)) != NULL)
			*place = pci;
	}
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct vfio_pci *)a)->address, ((const struct vfio_pci *)b)->address);
}

/* Sorts the list and gives it to the caller, or frees it after an error. */
static int deliver(struct listing *listing, int error, struct vfio_pci **list, unsigned *count)
{
	if (!error && listing->no_memory)
		error = pollux_fail(ENOMEM, "no memory for a list of PCI devices");
	if (error) {
		free(listing->list);
		return error;
	}
	if (listing->count)
		qsort(listing->list, listing->count, sizeof(*listing->list), by_address);
	*list = listing->list;
	*count = listing->count;
	return 0;
}

int vfio_pci_list(struct vfio_pci **list, unsigned *count)
{
	struct listing listing = {.list = NULL};
	char path[PATH_MAX];
	int error = 0;

	*list = NULL;
	*count = 0;
	vfio_path(path, "/sys/bus/pci");
	if (!with_libpci(list_all, &listing))
		error = pollux_fail(ENOENT, "no PCI bus can be seen below %s: is sysfs mounted?", path);
	for (unsigned i = 0; i < listing.count && !error; i++)
		error = complete(&listing.list[i]);
	return deliver(&listing, error, list, count);
}

int vfio_pci_neighbours(const struct vfio_pci *pci, struct vfio_pci **list, unsigned *count)
{
	struct listing listing = {.list = NULL};
	char path[PATH_MAX];
	struct dirent *entry;
	struct vfio_pci *place;
	int error = 0;
	DIR *folder;

	*list = NULL;
	*count = 0;
	vfio_path(path, "/sys/bus/pci/devices/%s/iommu_group/devices", pci->address);
	if ((folder = opendir(path)) == NULL)
		return 0;
	while (!error && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, pci->address) == 0 || !strchr(entry->d_name, ':'))
			continue;
		if ((place = append(&listing)) != NULL)
			error = vfio_pci_find(place, entry->d_name);
	}
	closedir(folder);
	return deliver(&listing, error, list, count);
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
