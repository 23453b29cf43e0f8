/* SPDX-License-Identifier: BSD-2-Clause
 * CARD_A made-up machine for the tests of bind and doctor: a folder with sys, dev, proc and run; and running an
 * application on it. */
#ifndef POLLUX_TESTS_BIND_RIG_H
#define POLLUX_TESTS_BIND_RIG_H

#include "../../vfio/error.h"
#include "../../vfio/host/files.h"
#include "../../vfio/host/pci.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CARD_A  "0000:03:00.0" /* ixgbe, group 14, alone, interface polluxa, not in use */
#define CARD_B1 "0000:04:00.0" /* ixgbe, group 15 with CARD_B2; interface lo, which has an address */
#define CARD_B2 "0000:04:00.1" /* a sound card, snd_hda_intel */
#define CARD_C  "0000:05:00.0" /* no driver, group 16 */
#define CARD_D  "0000:06:00.0" /* ixgbe, no IOMMU */

static char root[64]; /* the folder */

static char *shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs a command in the folder. @return its output, until the next call */
static char *shell(const char *format, ...)
{
	static char output[16384];
	char command[4096];
	va_list arguments;
	int length = snprintf(command, sizeof(command), "cd '%s' && ", root);

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
	shell("mkdir -p sys/bus/pci/drivers/%s && touch sys/bus/pci/drivers/%s/bind sys/bus/pci/drivers/%s/unbind",
		name, name, name);
}

static void link_driver(const char *address, const char *driver)
{
	shell("ln -sfn ../../../bus/pci/drivers/%s sys/devices/pci0000:00/%s/driver", driver, address);
}

/* group -1: none */
static void add_device(const char *address, const char *device, const char *class, int group, const char *driver)
{
	shell("d=sys/devices/pci0000:00/%s; mkdir -p $d && echo 0x8086 >$d/vendor && echo %s >$d/device && echo %s "
	      ">$d/class && echo 1 >$d/numa_node && echo 0x8086 >$d/subsystem_vendor && echo 0x0003 "
	      ">$d/subsystem_device && echo '(null)' >$d/driver_override && ln -s ../../../devices/pci0000:00/%s "
	      "sys/bus/pci/devices/%s",
		address, device, class, address, address);
	if (group >= 0)
		shell("mkdir -p sys/kernel/iommu_groups/%d/devices && ln -s ../../../kernel/iommu_groups/%d "
		      "sys/devices/pci0000:00/%s/iommu_group && ln -s ../../../../devices/pci0000:00/%s "
		      "sys/kernel/iommu_groups/%d/devices/%s",
			group, group, address, address, group, address);
	if (*driver)
		link_driver(address, driver);
}

static void add_interface(const char *address, const char *name)
{
	shell("d=sys/devices/pci0000:00/%s/net/%s; mkdir -p $d && echo 0x1003 >$d/flags && echo 1 >$d/carrier && echo "
	      "10000 >$d/speed && mkdir -p sys/class/net && ln -sfn ../../devices/pci0000:00/%s/net/%s "
	      "sys/class/net/%s",
		address, name, address, name, name);
}

static void build_machine(void)
{
	shell("mkdir -p sys/bus/pci/devices sys/bus/pci/drivers sys/class/iommu/dmar0 dev/vfio proc/net "
	      "proc/sys/kernel/random lib/modules/6.1.0-1 run && touch sys/bus/pci/drivers_probe dev/vfio/vfio "
	      "proc/modules && echo 6.1.0-1 >proc/sys/kernel/osrelease && echo this-boot "
	      ">proc/sys/kernel/random/boot_id && echo 'kernel/drivers/vfio/pci/vfio-pci.ko.xz: "
	      "kernel/drivers/vfio/vfio.ko.xz' >lib/modules/6.1.0-1/modules.dep");
	add_driver("ixgbe");
	add_driver("custom");
	add_driver("snd_hda_intel");
	add_driver("vfio-pci");
	add_device(CARD_A, "0x10fb", "0x020000", 14, "ixgbe");
	add_device(CARD_B1, "0x10fb", "0x020000", 15, "ixgbe");
	add_device(CARD_B2, "0x293e", "0x040300", 15, "snd_hda_intel");
	add_device(CARD_C, "0x10fb", "0x020000", 16, "");
	add_device(CARD_D, "0x10fb", "0x020000", -1, "ixgbe");
	add_interface(CARD_A, "polluxa");
	add_interface(CARD_B1, "lo");
}

/* The first is built, the others are copies of it. */
static char pristine[64];

static void make_machine(void)
{
	for (unsigned i = pristine[0] != 0; i < 2; i++) {
		snprintf(root, sizeof(root), "/tmp/pollux-test-bind-XXXXXX");
		if (!mkdtemp(root))
			CU_FAIL_FATAL("no folder for the made-up machine");
		vfio_set_root(root);
		if (i)
			break;
		build_machine();
		memcpy(pristine, root, sizeof(pristine));
	}
	shell("cp -a %s/. .", pristine);
}

static int remove_pristine(void)
{
	snprintf(root, sizeof(root), "%s", pristine);
	shell("rm -rf %s", pristine);
	return 0;
}

static void remove_machine(void)
{
	shell("rm -rf '%s'", root);
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
	snprintf(path, sizeof(path), "%s/output", root);
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
