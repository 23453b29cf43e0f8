/* SPDX-License-Identifier: BSD-2-Clause
 * A made-up machine for the tests of bind and doctor: a folder with sys, dev, proc and run, and a scripted kernel that does what the
 * real one does when drivers' files are written: binds, unbinds, probes, makes and removes nodes and interfaces. */
#ifndef POLLUX_TESTS_BIND_RIG_H
#define POLLUX_TESTS_BIND_RIG_H

#include "../../apps/app_args.c"
#include "../../apps/app_ports.c"
#include "../../apps/app_run.c"
#include "../../apps/app_stats.c"

#include "../../vfio/bind.h"
#include "../../vfio/error.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define A  "0000:03:00.0" /* ixgbe, group 14, alone, interface polluxa, not in use */
#define B1 "0000:04:00.0" /* ixgbe, group 15 with B2; interface lo, which has an address */
#define B2 "0000:04:00.1" /* a sound card, snd_hda_intel */
#define C  "0000:05:00.0" /* no driver, group 16 */
#define D  "0000:06:00.0" /* ixgbe, no IOMMU */

#define OWNERS 16

static struct {
	char root[64];
	unsigned calls, fail_at; /* call number fail_at says EIO */
	bool failed, vfio_refuses, no_module;
	unsigned loads, settles;
	struct {
		char path[PATH_MAX];
		uid_t uid;
		mode_t mode;
	} owners[OWNERS]; /* nodes that were changed */
	unsigned owner_count;
} m;

static char *shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs a command in the folder. @return its output, until the next call */
static char *shell(const char *format, ...)
{
	static char output[16384];
	char command[4096];
	va_list arguments;
	int length = snprintf(command, sizeof(command), "cd '%s' && ", m.root);

	va_start(arguments, format);
	vsnprintf(command + length, sizeof(command) - (size_t)length, format, arguments);
	va_end(arguments);
	FILE *pipe = popen(command, "r");
	size_t bytes = fread(output, 1, sizeof(output) - 1, pipe);
	output[bytes] = '\0';
	if (pclose(pipe) != 0)
		CU_FAIL_FATAL("a command on the made-up machine failed");
	return output;
}

static void add_driver(const char *name)
{
	shell("mkdir -p sys/bus/pci/drivers/%s && touch sys/bus/pci/drivers/%s/bind sys/bus/pci/drivers/%s/unbind", name, name, name);
}

static void link_driver(const char *address, const char *driver)
{
	shell("ln -sfn ../../../bus/pci/drivers/%s sys/devices/pci0000:00/%s/driver", driver, address);
}

/* group -1: none */
static void add_device(const char *address, const char *device, const char *class, int group, const char *driver)
{
	shell("d=sys/devices/pci0000:00/%s; mkdir -p $d && echo 0x8086 >$d/vendor && echo %s >$d/device && echo %s >$d/class && echo 1 >$d/numa_node && "
	      "echo 0x8086 >$d/subsystem_vendor && echo 0x0003 >$d/subsystem_device && echo '(null)' >$d/driver_override && "
	      "ln -s ../../../devices/pci0000:00/%s sys/bus/pci/devices/%s",
	        address, device, class, address, address);
	if (group >= 0)
		shell("mkdir -p sys/kernel/iommu_groups/%d/devices && ln -s ../../../kernel/iommu_groups/%d sys/devices/pci0000:00/%s/iommu_group && "
		      "ln -s ../../../../devices/pci0000:00/%s sys/kernel/iommu_groups/%d/devices/%s",
		        group, group, address, address, group, address);
	if (*driver)
		link_driver(address, driver);
}

static void add_interface(const char *address, const char *name)
{
	shell("d=sys/devices/pci0000:00/%s/net/%s; mkdir -p $d && echo 0x1003 >$d/flags && echo 1 >$d/carrier && echo 10000 >$d/speed && "
	      "mkdir -p sys/class/net && ln -sfn ../../devices/pci0000:00/%s/net/%s sys/class/net/%s",
	        address, name, address, name, name);
}

static void build_machine(void)
{
	shell("mkdir -p sys/bus/pci/devices sys/bus/pci/drivers sys/class/iommu/dmar0 dev/vfio proc/net run && touch sys/bus/pci/drivers_probe "
	      "dev/vfio/vfio");
	add_driver("ixgbe");
	add_driver("custom");
	add_driver("snd_hda_intel");
	add_driver("vfio-pci");
	add_device(A, "0x10fb", "0x020000", 14, "ixgbe");
	add_device(B1, "0x10fb", "0x020000", 15, "ixgbe");
	add_device(B2, "0x293e", "0x040300", 15, "snd_hda_intel");
	add_device(C, "0x10fb", "0x020000", 16, "");
	add_device(D, "0x10fb", "0x020000", -1, "ixgbe");
	add_interface(A, "polluxa");
	add_interface(B1, "lo");
}

/* The first is built, the others are copies of it. */
static char pristine[64];

static void make_machine(void)
{
	memset(&m, 0, sizeof(m));
	for (unsigned i = pristine[0] != 0; i < 2; i++) {
		snprintf(m.root, sizeof(m.root), "/tmp/pollux-test-bind-XXXXXX");
		if (!mkdtemp(m.root))
			CU_FAIL_FATAL("no folder for the made-up machine");
		vfio_set_root(m.root);
		if (i)
			break;
		build_machine();
		memcpy(pristine, m.root, sizeof(pristine));
	}
	shell("cp -a %s/. .", pristine);
}

static int remove_pristine(void)
{
	snprintf(m.root, sizeof(m.root), "%s", pristine);
	shell("rm -rf %s", pristine);
	return 0;
}

static void remove_machine(void)
{
	shell("rm -rf '%s'", m.root);
}

/* All that a change could leave behind, as text. */
static char *snapshot(void)
{
	char *text = strdup(shell("find sys dev run -printf '%%P %%l\\n' | sort; head -n 1 sys/bus/pci/devices/*/driver_override; cat run/pollux/* 2>/dev/null; true"));

	return text;
}

static const char *driver_of(const char *address)
{
	static struct vfio_pci pci;

	CU_ASSERT_EQUAL(vfio_pci_find(&pci, address), 0);
	return pci.driver;
}

/* ---- The scripted kernel ---- */

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

	snprintf(path, sizeof(path), format, m.root, name);
	return access(path, F_OK) == 0;
}

/* What the kernel does when a driver takes a device. */
static void take(const char *address, const char *driver)
{
	struct vfio_pci pci;

	link_driver(address, driver);
	vfio_pci_find(&pci, address);
	if (strcmp(driver, "vfio-pci") == 0)
		shell("touch dev/vfio/%d && mkdir -p dev/vfio/devices sys/devices/pci0000:00/%s/vfio-dev/vfio%d && touch dev/vfio/devices/vfio%d && "
		      "touch dev/iommu", pci.group, address, pci.group, pci.group);
	if (strcmp(driver, "ixgbe") == 0 && strcmp(address, A) == 0)
		add_interface(A, "polluxa");
}

static void leave(const char *address, const char *driver)
{
	struct vfio_pci pci;

	vfio_pci_find(&pci, address);
	shell("rm sys/devices/pci0000:00/%s/driver", address);
	if (strcmp(driver, "vfio-pci") == 0)
		shell("rm -f dev/vfio/%d dev/vfio/devices/vfio%d; rm -r sys/devices/pci0000:00/%s/vfio-dev", pci.group, pci.group, address);
	if (strcmp(address, A) == 0)
		shell("rm -rf sys/class/net/polluxa sys/devices/pci0000:00/%s/net", A);
}

/* Whether the driver would claim the device: by override only, else by the ids that it knows. */
static bool matches(const struct vfio_pci *pci, const char *driver)
{
	if (pci->driver_override[0])
		return strcmp(pci->driver_override, driver) == 0;
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
		shell("echo '%s' >sys/bus/pci/devices/%.12s/driver_override", *value ? value : "(null)", strstr(device + 1, "0000:0") ? strstr(device + 1, "0000:0") : device);
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

/* ---- Running an application ---- */

static char output[32768];

/* Runs a program's main in a process of its own. @return its exit status; its output, errors too, is in output[] */
static int run_main(int (*program)(int, char **), const char *words)
{
	char copy[1024], *rest = copy, *argv[32] = {(char *)(uintptr_t) "pollux-test"}, path[PATH_MAX];
	int argc = 1, status;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc += *argv[argc] != '\0';
	snprintf(path, sizeof(path), "%s/output", m.root);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		close(fd);
		exit(program(argc, argv));
	}
	waitpid(pid, &status, 0);
	int fd = open(path, O_RDONLY);
	ssize_t bytes = read(fd, output, sizeof(output) - 1);
	close(fd);
	output[bytes < 0 ? 0 : bytes] = '\0';
	unlink(path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_output(const char *part)
{
	if (!strstr(output, part)) {
		fprintf(stderr, "    '%s' is not in: %s\n", part, output);
		CU_FAIL("other output was wanted");
	}
}

#endif
