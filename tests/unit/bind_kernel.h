/* SPDX-License-Identifier: BSD-2-Clause
 * A scripted kernel for test_bind.c: what the real one does when drivers' files are written, on the made-up machine;
 * and apps/bind_plan.c and app_use.c, included with their system calls replaced by it. */
#ifndef POLLUX_TESTS_BIND_KERNEL_H
#define POLLUX_TESTS_BIND_KERNEL_H

#include "bind_rig.h"

#include <ifaddrs.h>

/* The script, and what was seen. */
#define OWNERS 16

static struct {
	unsigned calls, fail_at; /* call number fail_at says EIO */
	bool failed, vfio_refuses, no_module;
	bool claims_all; /* vfio-pci was told of the card by ids= */
	bool cut_off;    /* writes take a byte less than there is */
	bool labelled;   /* lo's IPv4 addresses have the label lo:1 */
	unsigned loads, settles;
	struct {
		char path[PATH_MAX];
		uid_t uid;
		mode_t mode;
	} owners[OWNERS]; /* nodes that were changed */
	unsigned owner_count;
} m;

/* All that a change could leave behind, as text. */
static char *snapshot(void)
{
	char *text = strdup(shell(
		"find sys dev run -printf '%%P %%l\\n' | sort; head -n 1 sys/bus/pci/devices/*/driver_override; cat "
		"run/pollux/* sys/bus/pci/devices/*/link/* 2>/dev/null; true"));

	return text;
}

static const char *driver_of(const char *address)
{
	static struct vfio_pci pci;

	CU_ASSERT_EQUAL(vfio_pci_find(&pci, address), 0);
	return pci.driver;
}

/* ---- The scripted kernel: what the real one does when drivers' files are written ---- */

static void begin(void)
{
	memset(&m, 0, sizeof(m));
	make_machine();
}

static bool fails(void)
{
	if (++m.calls != m.fail_at)
		return false;
	m.failed = true;
	errno = EIO;
	return true;
}

static bool exists(const char *format, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), format, root, name);
	return access(path, F_OK) == 0;
}

/* What the kernel does when a driver takes a device. */
static void take(const char *address, const char *driver)
{
	struct vfio_pci pci;

	link_driver(address, driver);
	vfio_pci_find(&pci, address);
	if (strcmp(driver, "vfio-pci") == 0)
		shell("touch dev/vfio/%d && mkdir -p dev/vfio/devices sys/devices/pci0000:00/%s/vfio-dev/vfio%d && "
		      "touch "
		      "dev/vfio/devices/vfio%d dev/iommu "
		      "sys/devices/pci0000:00/%s/vfio-dev/vfio%d/dev",
			pci.group, address, pci.group, pci.group, address, pci.group);
	if (strcmp(driver, "ixgbe") == 0 && strcmp(address, CARD_A) == 0)
		add_interface(CARD_A, "polluxa");
}

static void leave(const char *address, const char *driver)
{
	struct vfio_pci pci;

	vfio_pci_find(&pci, address);
	shell("rm sys/devices/pci0000:00/%s/driver", address);
	if (strcmp(driver, "vfio-pci") == 0)
		shell("rm -f dev/vfio/%d dev/vfio/devices/vfio%d; rm -r sys/devices/pci0000:00/%s/vfio-dev", pci.group,
			pci.group, address);
	if (strcmp(address, CARD_A) == 0)
		shell("rm -rf sys/class/net/polluxa sys/devices/pci0000:00/%s/net", CARD_A);
}

/* Whether the driver would claim the device: by override only, else by the ids that it knows. */
static bool matches(const struct vfio_pci *pci, const char *driver)
{
	if (pci->driver_override[0])
		return strcmp(pci->driver_override, driver) == 0;
	if (m.claims_all && strcmp(driver, "vfio-pci") == 0)
		return true;
	return strcmp(driver, pci->device_id == 0x10fb ? "ixgbe" : "snd_hda_intel") == 0;
}

static bool accepts(const struct vfio_pci *pci, const char *driver)
{
	return matches(pci, driver) && !(m.vfio_refuses && strcmp(driver, "vfio-pci") == 0);
}

static ssize_t kernel_write(const char *path, const char *text)
{
	static const char *const probed[] = {"ixgbe", "snd_hda_intel", "vfio-pci", "custom"};
	char driver[64] = "", value[64] = "";
	struct vfio_pci pci;

	snprintf(value, sizeof(value), "%.*s", (int)strcspn(text, "\n"), text);
	if (strstr(path, "/driver_override")) {
		const char *device = strstr(path, "0000:0");
		shell("echo '%s' >sys/bus/pci/devices/%.12s/driver_override", *value ? value : "(null)",
			strstr(device + 1, "0000:0") ? strstr(device + 1, "0000:0") : device);
		return (ssize_t)strlen(text);
	}
	if (strstr(path, "/link/")) {
		shell("echo %s >%s", value, strstr(path, "sys/"));
		return (ssize_t)strlen(text);
	}
	if (vfio_pci_find(&pci, value) != 0)
		return errno = ENODEV, -1;
	if (strstr(path, "/drivers_probe")) {
		for (unsigned i = 0; i < 4 && !pci.driver[0]; i++)
			if (exists("%s/sys/bus/pci/drivers/%s", probed[i]) && accepts(&pci, probed[i])) {
				take(value, probed[i]);
				break;
			}
		return (ssize_t)strlen(text);
	}
	sscanf(strstr(path, "/drivers/") + 9, "%63[^/]", driver);
	if (strstr(path, "/unbind")) {
		if (strcmp(pci.driver, driver) != 0)
			return errno = ENODEV, -1;
		leave(value, driver);
		return (ssize_t)strlen(text);
	}
	/* one that was told of the device by new_id matches beside what it knows */
	if (pci.driver[0] || !(accepts(&pci, driver) || (!pci.driver_override[0] && strcmp(driver, "custom") == 0)))
		return errno = ENODEV, -1;
	take(value, driver);
	return (ssize_t)strlen(text);
}

static int fake_open(const char *path, int flags, ...)
{
	return fails() ? -1 : open(path, flags, 0644);
}

static ssize_t fake_write(int fd, const void *data, size_t bytes)
{
	char link[64], path[PATH_MAX], text[256];
	ssize_t length;

	if (fails())
		return -1;
	if (m.cut_off)
		return errno = ENOENT, (ssize_t)bytes - 1; /* which says nothing */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length < 0 ? 0 : length] = '\0';
	if (!strstr(path, "/sys/"))
		return write(fd, data, bytes);
	snprintf(text, sizeof(text), "%.*s", (int)bytes, (const char *)data);
	return kernel_write(path, text);
}

static int change_owner(const char *path, uid_t uid, mode_t mode)
{
	unsigned i;

	if (fails())
		return -1;
	for (i = 0; i < m.owner_count && strcmp(m.owners[i].path, path) != 0; i++)
		;
	if (i == m.owner_count)
		m.owners[m.owner_count++].uid = 0;
	snprintf(m.owners[i].path, PATH_MAX, "%s", path);
	if (mode)
		m.owners[i].mode = mode;
	else
		m.owners[i].uid = uid;
	return 0;
}

/* Nodes are root's, mode 0600, until they were changed. */
static int fake_stat(const char *path, struct stat *status)
{
	if (stat(path, status) != 0)
		return -1;
	status->st_uid = status->st_gid = 0;
	status->st_mode = S_IFCHR | 0600;
	for (unsigned i = 0; i < m.owner_count; i++)
		if (strcmp(m.owners[i].path, path) == 0) {
			status->st_uid = status->st_gid = m.owners[i].uid;
			status->st_mode = S_IFCHR | (m.owners[i].mode ? m.owners[i].mode : 0600);
		}
	return 0;
}

static int fake_spawn(pid_t *pid, const char *name, char *const argv[])
{
	(void)argv;
	*pid = 0;
	if (strcmp(name, "modprobe") == 0) {
		m.loads++;
		if (fails() || m.no_module)
			return ENOENT;
		add_driver("vfio-pci");
		return 0;
	}
	m.settles++;
	return ENOENT; /* a machine without udev */
}

static pid_t fake_wait(pid_t pid, int *status)
{
	*status = 0;
	return pid;
}

static int fake_addresses(struct ifaddrs **all)
{
	static char label[] = "lo:1";
	int error = getifaddrs(all);

	for (struct ifaddrs *one = error ? NULL : *all; one; one = one->ifa_next)
		if (m.labelled && one->ifa_addr && one->ifa_addr->sa_family == AF_INET &&
			strcmp(one->ifa_name, "lo") == 0)
			one->ifa_name = label;
	return error;
}

#define getifaddrs(all) fake_addresses(all)
#include "../../apps/app_use.c"
#undef getifaddrs

#define open(...)                           fake_open(__VA_ARGS__)
#define write(fd, data, bytes)              fake_write(fd, data, bytes)
#define chown(path, uid, gid)               change_owner(path, uid, 0)
#define chmod(path, mode)                   change_owner(path, 0, mode)
#define stat(path, status)                  fake_stat(path, status)
#define posix_spawnp(pid, name, a, b, v, e) fake_spawn(pid, name, v)
#define waitpid(pid, status, flags)         fake_wait(pid, status)
#include "../../apps/bind_plan.c"
#undef open
#undef write
#undef chown
#undef chmod
#undef stat
#undef posix_spawnp
#undef waitpid

#endif
