/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel uses a PCI device for now: its network interfaces with what depends on them, and virtual functions.
 */
#include "app_use.h"

#include "../vfio/host/files.h"
#include "../vfio/host/use.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_attribute(const char *interface, const char *name, char *text, size_t bytes)
{
	char path[PATH_MAX];

	vfio_path(path, "/sys/class/net/%s/%s", interface, name);
	vfio_read_line(path, text, bytes);
}

/* Finds the bridge or bond that the interface is part of, else its first VLAN, macvlan or ipvlan: the kernel shows
 * these as links upper_NAME. */
static void read_master(struct app_use *use)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	const char *name;
	DIR *folder;

	vfio_path(path, "/sys/class/net/%s/master", use->interface);
	if ((name = vfio_read_link(path, target)) != NULL) {
		snprintf(use->master, sizeof(use->master), "%.15s", name);
		return;
	}
	vfio_path(path, "/sys/class/net/%s", use->interface);
	if ((folder = opendir(path)) == NULL)
		return;
	while (!use->master[0] && (entry = readdir(folder)) != NULL)
		if (strncmp(entry->d_name, "upper_", 6) == 0)
			snprintf(use->master, sizeof(use->master), "%.15s", entry->d_name + 6);
	closedir(folder);
}

static void read_state(struct app_use *use)
{
	char text[32];

	read_attribute(use->interface, "flags", text, sizeof(text));
	use->up = strtoul(text, NULL, 16) & IFF_UP;
	read_attribute(use->interface, "carrier", text, sizeof(text));
	use->link = text[0] == '1';
	read_attribute(use->interface, "speed", text, sizeof(text));
	use->mbps = use->link && isdigit((unsigned char)text[0]) ? atoi(text) : -1;
	read_master(use);
}

static void read_addresses(struct app_use *use)
{
	const size_t length = strlen(use->interface);
	struct ifaddrs *all, *one;

	if (getifaddrs(&all) != 0)
		return;
	for (one = all; one; one = one->ifa_next) {
		const struct sockaddr *address = one->ifa_addr;
		const struct sockaddr_in6 *six = (const void *)address;
		const void *bytes;

		/* The name of an IPv4 address is its label: eth0, or eth0:1. */
		if (!address || strncmp(one->ifa_name, use->interface, length) != 0 ||
			(one->ifa_name[length] != '\0' && one->ifa_name[length] != ':') ||
			(address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
			(address->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)))
			continue;
		bytes = address->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
						      : &six->sin6_addr;
		if (use->addresses++ == 0)
			inet_ntop(address->sa_family, bytes, use->address, sizeof(use->address));
	}
	freeifaddrs(all);
}

/* Columns of /proc/net/route: interface, destination, gateway, flags, two more, metric, mask. Columns of ipv6_route:
 * destination, its prefix length, six more, flags, interface. */
static void read_routes(struct app_use *use)
{
	char path[PATH_MAX], line[256], name[64], to[64];
	unsigned mask, prefix, flags;
	FILE *file;

	vfio_path(path, "/proc/net/route");
	if ((file = fopen(path, "re")) != NULL) {
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "%63s %63s %*s %*s %*s %*s %*s %x", name, to, &mask) == 3 &&
				strcmp(name, use->interface) == 0) {
				bool everywhere = mask == 0 && strtoul(to, NULL, 16) == 0;

				use->default_route = use->default_route || everywhere;
				use->routes += !everywhere;
			}
		fclose(file);
	}
	vfio_path(path, "/proc/net/ipv6_route");
	if ((file = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), file))
		/* Not counted are routes that every interface has: link-local, multicast, and those of its own
		 * addresses. */
		if (sscanf(line, "%63s %x %*s %*s %*s %*s %*s %*s %x %63s", to, &prefix, &flags, name) == 4 &&
			strcmp(name, use->interface) == 0 && strncmp(to, "fe80", 4) != 0 && strncmp(to, "ff", 2) != 0 &&
			prefix != 128 && !(flags & 0x200)) {
			use->default_route = use->default_route || prefix == 0;
			use->routes += prefix != 0;
		}
	fclose(file);
}

unsigned app_uses(const struct vfio_pci *pci, struct app_use uses[APP_USES])
{
	char path[PATH_MAX], target[PATH_MAX], part[32];
	struct dirent *entry;
	unsigned count = 0;
	DIR *folder;

	snprintf(part, sizeof(part), "/%s/", pci->address);
	vfio_path(path, "/sys/class/net");
	if ((folder = opendir(path)) == NULL)
		return 0;
	while (count < APP_USES && (entry = readdir(folder)) != NULL) {
		vfio_path(path, "/sys/class/net/%s", entry->d_name);
		if (strlen(entry->d_name) >= IFNAMSIZ || !vfio_read_link(path, target) || !strstr(target, part))
			continue;
		struct app_use *use = &uses[count++];
		*use = (struct app_use){.mbps = -1};
		memcpy(use->interface, entry->d_name, strlen(entry->d_name));
		read_state(use);
		read_addresses(use);
		read_routes(use);
	}
	closedir(folder);
	return count;
}

bool app_use_matters(const struct app_use *use)
{
	return use->addresses || use->routes || use->default_route || use->master[0];
}

unsigned app_virtual_functions(const struct vfio_pci *pci, char vfs[APP_USES][20])
{
	char path[PATH_MAX], target[PATH_MAX], text[16];
	const char *address;
	unsigned found = 0;

	memset(vfs, 0, APP_USES * sizeof(*vfs));
	for (; found < APP_USES; found++) {
		vfio_path(path, "/sys/bus/pci/devices/%s/virtfn%u", pci->address, found);
		if ((address = vfio_read_link(path, target)) == NULL)
			break;
		snprintf(vfs[found], sizeof(vfs[found]), "%.19s", address);
	}
	vfio_path(path, "/sys/bus/pci/devices/%s/sriov_numvfs", pci->address);
	vfio_read_line(path, text, sizeof(text));
	unsigned long count = strtoul(text, NULL, 10);
	return count > found && count <= UINT16_MAX ? (unsigned)count : found;
}

static bool is_empty_folder(const char *path)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	bool empty = folder != NULL;

	while (empty && (entry = readdir(folder)) != NULL)
		empty = entry->d_name[0] == '.';
	if (folder)
		closedir(folder);
	return empty;
}

/* Whether somebody would miss the device's own interfaces, and why. */
static bool is_used_itself(const struct vfio_pci *pci, char *why, size_t bytes)
{
	struct app_use uses[APP_USES];
	unsigned count = app_uses(pci, uses);
	char path[PATH_MAX];

	for (unsigned i = 0; i < count; i++) {
		const struct app_use *use = &uses[i];
		const char *does = "is part of the bridge, bond or VLAN ", *name = use->master;

		if (!app_use_matters(use))
			continue;
		if (use->default_route)
			does = "carries the default route", name = "";
		else if (use->addresses)
			does = "has the address ", name = use->address;
		else if (use->routes)
			does = "carries a route", name = "";
		snprintf(why, bytes, "its interface %s %s%s", use->interface, does, name);
		return true;
	}
	/* The device has a folder for its interfaces as long as it has any, but only those of this network namespace
	 * show in it. */
	vfio_path(path, "/sys/bus/pci/devices/%s/net", pci->address);
	if (count || !is_empty_folder(path))
		return false;
	snprintf(why, bytes, "its interface is in another network namespace, a container's perhaps");
	return true;
}

bool app_is_used(const struct vfio_pci *pci, char *why, size_t bytes)
{
	char vfs[APP_USES][20], theirs[256], name[32];
	struct vfio_pci vf;
	unsigned count;
	int length;

	if (is_used_itself(pci, why, bytes))
		return true;
	if ((count = app_virtual_functions(pci, vfs)) == 0)
		return false;
	length = snprintf(why, bytes,
		"it has %u virtual function%s (echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs removes them)", count,
		count > 1 ? "s" : "", pci->address);
	for (unsigned i = 0; i < count && i < APP_USES && length > 0 && (size_t)length < bytes; i++) {
		pid_t opener;

		if (!vfs[i][0] || vfio_pci_find(&vf, vfs[i]) != 0)
			continue;
		if (is_used_itself(&vf, theirs, sizeof(theirs)))
			snprintf(why + length, bytes - (size_t)length, ", and %s is in use: %s", vf.address, theirs);
		else if ((opener = vfio_pci_opener(&vf, name)) != 0)
			snprintf(why + length, bytes - (size_t)length, ", and %s is open in process %d (%s)",
				vf.address, (int)opener, name);
		else
			continue;
		break;
	}
	return true;
}
