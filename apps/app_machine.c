/* SPDX-License-Identifier: BSD-2-Clause
 * What kind of machine this is, for sentences that can be followed on it: a hypervisor's guest, a container, a kernel
 * that can load vfio-pci or cannot. */
#include "app_machine.h"

#include "../vfio/host/files.h"
#include "../vfio/host/pci.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_there(const char *name)
{
	char path[PATH_MAX];

	return vfio_path(path, "%s", name) && access(path, F_OK) == 0;
}

bool app_in_container(void)
{
	return is_there("/.dockerenv") || is_there("/run/.containerenv") || is_there("/run/systemd/container") ||
	       is_there("/var/run/secrets/kubernetes.io");
}

/* The signature that a hypervisor shows its guest's CPU, or "". */
static void read_signature(char signature[13])
{
	unsigned words[4];
	char path[PATH_MAX];

	memset(signature, 0, 13);
	vfio_path(path, "/");
	/* With another root, the files of another machine are looked at. This CPU says nothing about that one. */
	if (strcmp(path, "/") != 0 || !__get_cpuid(1, &words[0], &words[1], &words[2], &words[3]) ||
		!(words[2] & 1u << 31))
		return;
	__cpuid(0x40000000u, words[0], words[1], words[2], words[3]);
	memcpy(signature, &words[1], 12);
}

/* The firmware's strings come before the CPU's signature: VirtualBox shows KVM's signature to Linux. */
const char *app_hypervisor(void)
{
	static const struct {
		const char *vendor, *product; /* what the firmware's strings begin with */
		const char *signature, *name;
	} known[] = {
		{"innotek", "", "VBoxVBoxVBox", "VirtualBox"},
		{"Oracle", "VirtualBox", "VBoxVBoxVBox", "VirtualBox"},
		{"VMware", "", "VMwareVMware", "VMware"},
		{"Microsoft Corporation", "Virtual Machine", "Microsoft Hv", "Hyper-V"},
		{"Xen", "", "XenVMMXenVMM", "Xen"},
		{"QEMU", "", "TCGTCGTCGTCG", "QEMU"},
		{"Red Hat", "", "KVMKVMKVM", "KVM"},
		{"OpenStack", "", "KVMKVMKVM", "KVM"},
		{"Google", "Google Compute Engine", "KVMKVMKVM", "KVM"},
	};
	char path[PATH_MAX], vendor[64], product[64], type[16], signature[13];

	vfio_path(path, "/sys/class/dmi/id/sys_vendor");
	vfio_read_line(path, vendor, sizeof(vendor));
	vfio_path(path, "/sys/class/dmi/id/product_name");
	vfio_read_line(path, product, sizeof(product));
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strncmp(vendor, known[i].vendor, strlen(known[i].vendor)) == 0 &&
			strncmp(product, known[i].product, strlen(known[i].product)) == 0)
			return known[i].name;
	vfio_path(path, "/sys/hypervisor/type"); /* Xen's first domain sees the firmware of the machine itself */
	if (vfio_read_line(path, type, sizeof(type)) && strcmp(type, "xen") == 0)
		return "Xen";
	read_signature(signature);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(signature, known[i].signature) == 0)
			return known[i].name;
	return signature[0] ? "another hypervisor" : NULL;
}

/* Whether the modules that are installed for this kernel have vfio-pci among them. */
static bool has_module(const char *release)
{
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	size_t bytes = 0;
	FILE *file;

	vfio_path(path, "/lib/modules/%s/modules.dep", release);
	if ((file = fopen(path, "re")) == NULL)
		return false;
	while (!found && getline(&line, &bytes, file) > 0) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, "/" VFIO_PCI_DRIVER ".ko") != NULL;
	}
	free(line);
	fclose(file);
	return found;
}

void app_driver_remedy(char *text, size_t bytes)
{
	char path[PATH_MAX], release[128];

	vfio_path(path, "/proc/sys/kernel/osrelease");
	vfio_read_line(path, release, sizeof(release));
	vfio_path(path, "/lib/modules/%s", release);
	if (!is_there("/proc/modules"))
		snprintf(text, bytes,
			"boot a kernel with CONFIG_VFIO_PCI: this one (%s) lacks it, and loads no modules", release);
	else if (app_in_container())
		snprintf(text, bytes,
			"modprobe " VFIO_PCI_DRIVER ", as root, on the machine itself: this is a container");
	else if (access(path, F_OK) != 0)
		snprintf(text, bytes,
			"reboot, if the kernel was updated, or install its modules: there is no /lib/modules/%s",
			release);
	else if (!has_module(release))
		snprintf(text, bytes,
			"install the rest of the kernel's modules (Ubuntu: linux-modules-extra-%s, Fedora: "
			"kernel-modules-extra), or boot a kernel with CONFIG_VFIO_PCI: those in /lib/modules/%s lack "
			"it",
			release, release);
	else
		snprintf(
			text, bytes, "modprobe " VFIO_PCI_DRIVER " (as root; where that fails, dmesg | tail says why)");
}
