/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-doctor on a made-up machine: each thing that users trip over is told with what mends it, and decides the exit
 * status. */
#include "bind_rig.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <sys/resource.h>

static bool as_user;    /* the doctor runs as somebody who is not root */
static bool hard_limit; /* and may not raise the limit of locked memory */

/* No test may count on the limits of the machine that it runs on. */
static int fake_limit(struct rlimit *limit)
{
	const rlim_t little = 8 << 20;

	*limit = (struct rlimit){as_user ? little : RLIM_INFINITY, hard_limit ? little : RLIM_INFINITY};
	return 0;
}

#define getrlimit(which, limit) fake_limit(limit)
#define main                    doctor_main
int doctor_main(int argc, char **argv);
#include "../../apps/doctor.c"
#include "../../apps/doctor_can.c"
#include "../../apps/doctor_card.c"
#include "../../apps/doctor_findings.c"
#include "../../apps/doctor_pcie.c"
#undef main
#undef getrlimit

static int run_doctor(int argc, char **argv)
{
	setenv("USER", "root", 1); /* of who became this user */
	if (as_user && geteuid() == 0 && setuid(65534) != 0)
		return 99;
	return doctor_main(argc, argv);
}

static int examine(const char *words)
{
	as_user = false;
	return run_main(run_doctor, words);
}

/* A machine on which CARD_A is ready, by iommufd and by its group. */
static void make_ready(void)
{
	make_machine();
	link_driver(CARD_A, "vfio-pci");
	shell("mkdir -p sys/devices/pci0000:00/" CARD_A
	      "/vfio-dev/vfio0 dev/vfio/devices sys/kernel/mm/hugepages/hugepages-2048kB && touch dev/vfio/14 "
	      "dev/vfio/devices/vfio0 dev/iommu sys/devices/pci0000:00/" CARD_A
	      "/vfio-dev/vfio0/dev && rm sys/class/net/polluxa && echo 100 "
	      ">sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages && echo 'root=/dev/sda1 intel_iommu=on' "
	      ">proc/cmdline && printf 'processor\\t: 0\\nvendor_id\\t: GenuineIntel\\n' >proc/cpuinfo && chmod 0755 "
	      ".");
}

/* The doctor must find this, with that remedy, and say so by its status. */
static void expect_finding(const char *words, int status, const char *finding, const char *mend)
{
	char whole[512];
	int got = examine(words);

	if (got != status)
		fprintf(stderr, "    status %d\n%s\n", got, output);
	CU_ASSERT_EQUAL(got, status);
	snprintf(whole, sizeof(whole), "%s\n%s%s", finding, mend ? "         mend it: " : "", mend ? mend : "");
	expect_output(whole);
	expect_output(status ? "The forwarder would not start" : "The forwarder would start.");
}

static void a_machine_that_is_ready(void)
{
	make_ready();
	expect_finding("", 0, "ok       " CARD_A ": ready, by iommufd", NULL);
	expect_output("ok       IOMMU: dmar0\n");
	expect_output("warning  " CARD_C
		      ": it is bound to no driver, not to vfio-pci\n         mend it: pollux-bind bind " CARD_C);
	expect_finding("03:00.0", 0, "ok       " CARD_A ": ready, by iommufd", NULL); /* as lspci prints it */
	expect_finding(CARD_A, 0, "ok       " CARD_A ": ready, by iommufd", NULL);
	CU_ASSERT_PTR_NULL(strstr(output, CARD_C)); /* nobody asked */
	CU_ASSERT_PTR_NULL(strstr(output, "mend"));
	shell("rm -r dev/iommu dev/vfio/devices sys/devices/pci0000:00/" CARD_A "/vfio-dev");
	expect_finding(CARD_A, 0, "ok       " CARD_A ": ready, by group 14", NULL);
	expect_output("ok       groups: cards are reached by their groups, /dev/vfio/vfio is there");
	remove_machine();
}

static void the_iommu(void)
{
	make_ready();
	shell("rm -r sys/class/iommu; echo quiet >proc/cmdline");
	expect_finding("", 1,
		"problem  IOMMU: it is off or not there; without one a device can write anywhere in memory, and Pollux "
		"refuses it",
		"switch VT-d on in the firmware (BIOS) setup, add intel_iommu=on to the kernel's command line (Debian, "
		"Ubuntu: ");
	shell("echo intel_iommu=off >proc/cmdline");
	CU_ASSERT_EQUAL(examine(""), 1);
	expect_output("mend it: take intel_iommu=off from the kernel's command line");
	shell("echo intel_iommu=on >proc/cmdline");
	CU_ASSERT_EQUAL(examine(""), 1);
	expect_output("mend it: switch VT-d on in the firmware");
	shell("sed -i s/GenuineIntel/AuthenticAMD/ proc/cpuinfo");
	CU_ASSERT_EQUAL(examine(""), 1);
	expect_output("mend it: switch AMD-Vi (IOMMU) on in the firmware");
	shell("mkdir -p sys/class/iommu/ivhd0; echo intremap=off >proc/cmdline");
	expect_finding("", 1,
		"problem  interrupts: their remapping is switched off at boot, so that a device could forge them, and "
		"the kernel refuses devices",
		"take intremap=off");
	shell("echo quiet >proc/cmdline; printf ' CPU0\\n 0: 9 IO-APIC 2-edge timer\\n 24: 5 PCI-MSI-0000:03:00.0 "
	      "0-edge a\\n' >proc/interrupts");
	expect_finding("", 1,
		"problem  interrupts: the IOMMU does not remap them, so that a device could forge them, and the kernel "
		"refuses devices",
		"switch interrupt remapping (x2APIC) on in the firmware (BIOS) setup");
	shell("sed -i 's/IO-APIC/IR-IO-APIC/; s/PCI-MSI/IR-PCI-MSI/' proc/interrupts");
	CU_ASSERT_EQUAL(examine(""), 0);
	shell("sed -i s/IR-//g proc/interrupts; mkdir -p sys/module/iommufd/parameters; echo Y "
	      ">sys/module/iommufd/parameters/allow_unsafe_interrupts");
	CU_ASSERT_EQUAL(examine(""), 0);
	remove_machine();
}

static void modules_and_cards(void)
{
	make_ready();
	shell("rm -r sys/bus/pci/drivers/vfio-pci");
	expect_finding(CARD_A, 1, "problem  vfio-pci: the kernel has no such driver now", "modprobe vfio-pci (as root");
	shell("touch .dockerenv");
	expect_finding(CARD_A, 1, "problem  vfio-pci: the kernel has no such driver now",
		"modprobe vfio-pci, as root, on the machine itself");
	shell("rm .dockerenv; echo kernel/fs/ext4/ext4.ko: >lib/modules/6.1.0-1/modules.dep");
	expect_finding(CARD_A, 1, "problem  vfio-pci: the kernel has no such driver now",
		"install the rest of the kernel's modules (Ubuntu: linux-modules-extra-6.1.0-1,");
	shell("rm -r lib");
	expect_finding(CARD_A, 1, "problem  vfio-pci: the kernel has no such driver now",
		"reboot, if the kernel was updated, or install its modules");
	shell("rm proc/modules");
	expect_finding(CARD_A, 1, "problem  vfio-pci: the kernel has no such driver now",
		"boot a kernel with CONFIG_VFIO_PCI: this one (6.1.0-1)");
	add_driver("vfio-pci");
	expect_finding("0000:99:00.0", 1,
		"problem  0000:99:00.0: there is no PCI device 0000:99:00.0; pollux-bind (or lspci -D) lists those "
		"that there are",
		"pollux-bind lists");
	expect_finding(CARD_B2, 1,
		"problem  " CARD_B2 ": no driver for 8086:293e: Pollux drives Intel 82599, X540, X550, 82540EM, "
		"82544GC, 82545EM, 82574L, 82583V and 82576",
		"choose another card");
	shell("echo 0x10c7 >sys/bus/pci/devices/" CARD_C "/device");
	expect_finding(CARD_C, 1,
		"problem  " CARD_C
		": 8086:10c7, Intel 82598 AF, is an 82598, whose registers differ: Pollux drives its "
		"successors 82599, X540 and X550",
		"choose another card");
	shell("echo 0x10fb >sys/bus/pci/devices/" CARD_C "/device");
	expect_finding(CARD_D, 1, "problem  " CARD_D ": it is behind no IOMMU", "see what is said of the IOMMU");
	link_driver(CARD_C, "ixgbe");
	expect_finding(CARD_C, 1, "problem  " CARD_C ": it is bound to ixgbe, not to vfio-pci", "pollux-bind bind");
	expect_finding(CARD_B1, 1,
		"problem  " CARD_B1
		": it is bound to ixgbe, not to vfio-pci, and in use: its interface lo has the address 127.0.0.1",
		"use another port");
	link_driver(CARD_B1, "vfio-pci");
	expect_finding(CARD_B1, 1,
		"problem  " CARD_B1 ": group 15 is not viable: " CARD_B2 " is bound to snd_hda_intel",
		"pollux-bind bind --group " CARD_B1 " (takes " CARD_B2);
	CU_ASSERT_EQUAL(examine(""), 0); /* A is ready all the same */
	expect_output("warning  " CARD_B1 ": group 15 is not viable");
	shell("echo '0x00000000df7fa000 0x00000000df7fefff direct-relaxable' "
	      ">sys/kernel/iommu_groups/14/reserved_regions");
	CU_ASSERT_EQUAL(examine(CARD_A), 0);
	shell("echo '0x00000000df7fa000 0x00000000df7fefff direct' >>sys/kernel/iommu_groups/14/reserved_regions");
	expect_finding(CARD_A, 1,
		"problem  " CARD_A
		": the firmware demands that the card keeps reaching memory at 0xdf7fa000-0xdf7fefff (a 1:1 mapping: "
		"RMRR of Intel, IVMD of AMD), and the kernel gives such a card to no program",
		"in the firmware setup, take the card's slot out of HPE's Shared Memory feature");
	shell("rm sys/kernel/iommu_groups/14/reserved_regions");
	shell("d=sys/bus/pci/devices/" CARD_A "/link; mkdir $d; echo 1 >$d/l0s_aspm; echo 0 >$d/l1_aspm");
	CU_ASSERT_EQUAL(examine(CARD_A), 0);
	expect_output("ok       " CARD_A ": ready, by iommufd");
	expect_output(
		"warning  " CARD_A ": its PCI Express link saves power while idle (ASPM L0s): packets wait for it");
	expect_output("         mend it: pollux-bind restore and bind it again (as root)");
	shell("rm -r sys/bus/pci/devices/" CARD_A "/link");
	shell("mkdir -p proc/4711/fd; echo testpmd >proc/4711/comm; ln -s /dev/vfio/14 proc/4711/fd/5");
	expect_finding(CARD_A, 1, "problem  " CARD_A ": it is open in process 4711 (testpmd)",
		"choose another port; or end that process, if it is yours: kill 4711");
	expect_finding("", 1, "problem  cards: none is ready", "see");
	shell("rm -r proc/4711 dev/vfio/14 dev/vfio/devices sys/devices/pci0000:00/" CARD_A "/vfio-dev");
	CU_ASSERT_EQUAL(examine(CARD_A), 1);
	expect_output("problem  " CARD_A ": there is no ");
	shell("touch dev/vfio/14; rm dev/vfio/vfio");
	CU_ASSERT_EQUAL(examine(CARD_A), 1);
	expect_output("mend it: modprobe vfio_iommu_type1");
	shell("for id in " CARD_A " " CARD_B1 " " CARD_C " " CARD_D
	      "; do echo 0x1533 >sys/bus/pci/devices/$id/device; done");
	expect_finding("", 1, "problem  cards: Pollux drives none of this machine's", "put one in");
	expect_output("warning  " CARD_C
		      ": 8086:1533, Intel I210, is a relative of the 82576 that Pollux does not drive: leave "
		      "it to Linux's igb, or use an 82576 (8086:10c9)\n");
	shell("rm sys/bus/pci/devices/*");
	expect_finding("", 1, "problem  cards: Pollux drives none of this machine's", "put one in");
	remove_machine();
}

static void memory(void)
{
	make_ready();
	shell("echo 1 >sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	CU_ASSERT_EQUAL(examine(CARD_A), 0);
	expect_output("warning  hugepages: 1 of 2 MiB are free, ");
	expect_output("mend it: echo 64 > /proc/sys/vm/nr_hugepages (as root)\n");
	shell("touch .dockerenv");
	CU_ASSERT_EQUAL(examine(CARD_A), 0);
	expect_output(
		"mend it: echo 64 > /proc/sys/vm/nr_hugepages (as root, on the machine itself: this is a container)\n");
	CU_ASSERT_PTR_NULL(strstr(output, "1 GiB"));
	shell("mkdir sys/kernel/mm/hugepages/hugepages-1048576kB && echo 4 "
	      ">sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages");
	CU_ASSERT_EQUAL(examine(CARD_A), 0);
	expect_output("warning  hugepages: 1 of 2 MiB are free, ");
	expect_output(" are wanted, and those of 1 GiB are too large; without them");
	shell("echo 100 >sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	CU_ASSERT_EQUAL(examine(CARD_A), 0);
	expect_output("ok       hugepages: 100 of 2 MiB and 4 of 1 GiB are free");
	remove_machine();
}

/* What root may always, others may not. */
static void another_user(void)
{
	char words[160];

	make_ready();
	shell("chmod 0666 dev/vfio/14 dev/vfio/vfio dev/vfio/devices/vfio0 dev/iommu; touch output; chmod 0666 output");
	as_user = true;
	CU_ASSERT_EQUAL(run_main(run_doctor, CARD_A), 1);
	expect_output("ok       " CARD_A ": ready, by iommufd");
	expect_output("problem  locked memory: the limit (RLIMIT_MEMLOCK) is 8192 KiB, and a forwarder between 2 ports "
		      "locks about ");
	snprintf(words, sizeof(words), "mend it: ulimit -l %llu; or", (unsigned long long)(needed_bytes(2) >> 10));
	expect_output(words);
	snprintf(words, sizeof(words), "'%s - memlock ", getpwuid(65534) ? getpwuid(65534)->pw_name : "65534");
	if (geteuid() == 0)
		expect_output(words);
	expect_output("; by iommufd it is a limit of all of this user's programs together\n");
	hard_limit = true;
	CU_ASSERT_EQUAL(run_main(run_doctor, CARD_A), 1);
	hard_limit = false;
	expect_output("is 8192 KiB, and ulimit cannot raise it so far, and a forwarder between 2 ports locks about ");
	snprintf(words, sizeof(words),
		"mend it: as root, for this shell: prlimit --memlock=%llu --pid %d; or, for every login: echo '",
		(unsigned long long)needed_bytes(2), getpid());
	expect_output(words);
	CU_ASSERT_PTR_NULL(strstr(output, "ulimit -l"));
	snprintf(words, sizeof(words), "LimitMEMLOCK=%lluK\n", (unsigned long long)(needed_bytes(2) >> 10));
	expect_output(words);
	shell("chmod 0000 dev/iommu");
	run_main(run_doctor, CARD_A);
	expect_output("ok       " CARD_A ": ready, by group 14");
	shell("chmod 0000 dev/vfio/14");
	CU_ASSERT_EQUAL(run_main(run_doctor, CARD_A), 1);
	expect_output("may not be opened by this user\n         mend it: pollux-bind bind --user ");
	remove_machine();
}

/* A guest's firmware is no help: its hypervisor must give it an IOMMU, if it can. */
static void a_guest_without_an_iommu(void)
{
	static const struct {
		const char *vendor, *product, *name, *mend;
	} guests[] = {
		{"innotek GmbH", "VirtualBox", "VirtualBox",
			"on the host, with the machine off: VBoxManage modifyvm NAME --chipset ich9 --iommu"},
		{"VMware, Inc.", "VMware Virtual Platform", "VMware", "with the machine off: tick Virtualize IOMMU "},
		{"QEMU", "Standard PC (Q35 + ICH9, 2009)", "QEMU",
			"on the host: -machine q35,kernel-irqchip=split, and before the cards -device "},
		{"Red Hat", "KVM", "KVM", "on the host: QEMU's -machine q35"},
		{"Microsoft Corporation", "Virtual Machine", "Hyper-V", "it cannot have one"},
		{"Xen", "HVM domU", "Xen", "it cannot have one"},
	};
	char words[128];

	make_ready();
	shell("rm -r sys/class/iommu; mkdir -p sys/class/dmi/id; echo quiet >proc/cmdline");
	for (unsigned i = 0; i < sizeof(guests) / sizeof(*guests); i++) {
		shell("echo '%s' >sys/class/dmi/id/sys_vendor; echo '%s' >sys/class/dmi/id/product_name",
			guests[i].vendor, guests[i].product);
		CU_ASSERT_EQUAL(examine(CARD_A), 1);
		snprintf(words, sizeof(words), "problem  IOMMU: this is a guest of %s, which gives its guests none",
			guests[i].name);
		expect_output(words);
		snprintf(words, sizeof(words), "         mend it: %s", guests[i].mend);
		expect_output(words);
		CU_ASSERT_PTR_NULL(strstr(output, "firmware"));
		CU_ASSERT((strstr(output, "add intel_iommu=on to") != NULL) == !strstr(guests[i].mend, "cannot"));
	}
	/* a machine by the same maker, and Xen's dom0, which has the firmware of the machine */
	shell("echo 'Surface Laptop' >sys/class/dmi/id/product_name; echo 'Microsoft Corporation' "
	      ">sys/class/dmi/id/sys_vendor");
	expect_finding(CARD_A, 1,
		"problem  IOMMU: it is off or not there; without one a device can write anywhere in memory, and Pollux "
		"refuses it",
		"switch VT-d on");
	shell("mkdir sys/hypervisor; echo xen >sys/hypervisor/type");
	CU_ASSERT_EQUAL(examine(CARD_A), 1);
	expect_output("this is a guest of Xen, which gives its guests none\n");
	shell("rm sys/bus/pci/devices/*");
	CU_ASSERT_EQUAL(examine(""), 1);
	expect_output("mend it: give this virtual machine one (VirtualBox: Intel PRO/1000 MT Desktop,");
	remove_machine();
}

static void sockets(void)
{
	char address[128], words[300];
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	make_ready();
	shell("rm -r sys/class/iommu; touch file; mkfifo fifo");
	snprintf(address, sizeof(address), "vfio-user:%s/nowhere", root);
	CU_ASSERT_EQUAL(examine(address), 1);
	snprintf(words, sizeof(words),
		"problem  %s: %s/nowhere: No such file or directory\n         mend it: start a software 82599 there: ",
		address, root);
	expect_output(words);
	CU_ASSERT_PTR_NULL(strstr(output, "IOMMU")); /* which it needs none of */
	snprintf(address, sizeof(address), "vfio-user:%s/fifo", root);
	CU_ASSERT_EQUAL(examine(address), 1);
	expect_output("/fifo is no socket\n         mend it: give the path of a socket");
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/port", root);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	snprintf(address, sizeof(address), "vfio-user:%s", at.sun_path);
	CU_ASSERT_EQUAL(examine(address), 1);
	expect_output("/port any more\n         mend it: start a software 82599 there");
	CU_ASSERT_EQUAL(listen(fd, 1), 0);
	expect_finding(address, 0, "", NULL);
	snprintf(words, sizeof(words), "ok       %s: somebody serves it\n", address);
	expect_output(words);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	int served = accept(fd, NULL, NULL);
	CU_ASSERT_EQUAL(examine(address), 1);
	expect_output("it is in use by a process of another user\n         mend it: choose another port");
	close(served);
	close(client);
	close(fd);
	CU_ASSERT_EQUAL(examine("--root /nowhere"), 2);
	expect_output("--root /nowhere: there is no such folder");
	remove_machine();
}

static void json(void)
{
	static const char first[] =
		"{\"findings\":[{\"level\":\"ok\",\"about\":\"IOMMU\",\"what\":\"dmar0\",\"mend\":null},{";

	make_ready();
	CU_ASSERT_EQUAL(examine("--json " CARD_A), 0);
	CU_ASSERT_EQUAL(strncmp(output, first, strlen(first)), 0);
	expect_output("],\"problems\":0,\"ready\":true}\n");
	CU_ASSERT_EQUAL(examine("--json " CARD_C), 1);
	expect_output("\"mend\":\"pollux-bind bind");
	expect_output("],\"problems\":1,\"ready\":false}\n");
	CU_ASSERT_EQUAL(examine("--nonsense"), 2);
	remove_machine();
}

/* Puts the card's PCI Express capability into its configuration space: version 2, 256 of 512 bytes of payload, reads of
 * 512, ASPM L0s on and L1 known beside it, the default time-out. `bytes` is how much of it this user sees. */
static void configure(unsigned bytes)
{
	static const char *const words[][2] = {{"6", "\\020\\000"}, {"52", "\\240"}, {"160", "\\020\\000\\002\\000"},
		{"164", "\\002\\000\\000\\000"}, {"168", "\\040\\040"}, {"172", "\\202\\014\\000\\000"},
		{"176", "\\001\\000\\102\\000"}, {"196", "\\037\\000\\000\\000"}, {"200", "\\005\\000"}};

	shell("d=sys/bus/pci/devices/" CARD_A "; head -c 4096 /dev/zero >$d/config");
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		shell("d=sys/bus/pci/devices/" CARD_A "; printf '%s' | dd of=$d/config bs=1 seek=%s conv=notrunc 2>&1",
			words[i][1], words[i][0]);
	shell("truncate -s %u sys/bus/pci/devices/" CARD_A "/config", bytes);
}

static void plug_into(const char *slot_lanes, const char *lanes)
{
	/* the card moves below a port */
	shell("cd sys/devices/pci0000:00 && mkdir -p 0000:00:1c.0 && echo '8.0 GT/s PCIe' >0000:00:1c.0/max_link_speed "
	      "&& "
	      "echo %s >0000:00:1c.0/max_link_width && cd " CARD_A " && echo '5.0 GT/s PCIe' >max_link_speed && echo "
	      "'5.0 GT/s PCIe' >current_link_speed && echo 8 >max_link_width && echo %s >current_link_width",
		slot_lanes, lanes);
	shell("ln -sfn ../../../devices/pci0000:00/0000:00:1c.0 sys/bus/pci/devices/0000:00:1c.0; cd "
	      "sys/devices/pci0000:00; [ -e 0000:00:1c.0/" CARD_A " ] || ln -s ../" CARD_A " 0000:00:1c.0; ln -sfn "
	      "../../../devices/pci0000:00/0000:00:1c.0/" CARD_A " ../../bus/pci/devices/" CARD_A);
}

/* The card of a made-up machine cannot be opened. */
static int report(const char *words)
{
	char all[256];

	snprintf(all, sizeof(all), "--root %s %s", root, words);
	return examine(all);
}

static void a_report_on_a_card(void)
{
	make_ready();
	plug_into("16", "8");
	configure(4096);
	shell("printf '0x00000000fee00000 0x00000000feefffff msi\\n' >sys/kernel/iommu_groups/14/reserved_regions; "
	      "mkdir "
	      "-p sys/devices/system/node/node1; echo 8-15 >sys/devices/system/node/node1/cpulist; echo 0x01 "
	      ">sys/bus/pci/devices/" CARD_A "/revision");
	CU_ASSERT_EQUAL(report("--card " CARD_A), 0);
	expect_output("ok       " CARD_A ": ready, by iommufd");
	expect_output("\n" CARD_A ", from outside:\n");
	expect_output("  ids                  8086:10fb, subsystem 8086:0003, revision 0x01\n");
	expect_output("  driver               vfio-pci\n");
	expect_output("  PCIe link            5 GT/s, 8 lanes\n  the card can         5 GT/s, 8 lanes\n"
		      "  the slot can         8 GT/s, 16 lanes, of 0000:00:1c.0\n");
	expect_output("  ASPM                 L0s; the card knows L0s, L1\n");
	expect_output("  MaxPayload           256 bytes, of 512\n  MaxReadRequest       512 bytes\n");
	expect_output("  completion timeout   16 to 55 ms; ranges 0xf\n");
	expect_output("  PCIe registers       LNKCAP 00000c82, LNKCTL 0001, LNKSTA 0042\n");
	expect_output("  IOMMU group          14\n  reserved             0xfee00000-0xfeefffff msi\n");
	expect_output("  frames of   64 bytes the bus carries 27.69 million a second, received and sent at once\n");
	expect_output("warning  " CARD_A ": it is at NUMA node 1, and this program runs on node 0");
	expect_output("mend it: --cpu, with CPUs of node 1: 8-15\n");
	CU_ASSERT_PTR_NULL(strstr(output, "opened:")); /* it is another machine's */
	CU_ASSERT_PTR_NULL(strstr(output, "lanes of"));
	CU_ASSERT_EQUAL(report("--json --card " CARD_A), 0);
	expect_output("],\"card\":{\"address\":\"" CARD_A "\",\"outside\":[{\"name\":\"Pollux\",\"value\":\"");
	expect_output("{\"frame_bytes\":64,\"pcie_pps\":27686703,\"line_pps\":null}");
	expect_output("\"opened\":false,\"up\":false,\"mbit_s\":0,\"state\":\"\",\"interrupted\":false,\"inside\":[],"
		      "\"notes\":[]},\"problems\":0");

	/* a slot that is too short, and one in which the card came up short */
	plug_into("4", "4");
	CU_ASSERT_EQUAL(report("--card " CARD_A), 0);
	expect_output("warning  " CARD_A ": its slot (0000:00:1c.0) has 4 lanes of 8 GT/s; the card can use 8 of 5\n"
		      "         mend it: use a slot with 8 lanes of 5 GT/s\n");
	expect_output("carries 13.84 million a second");
	plug_into("16", "1");
	CU_ASSERT_EQUAL(report("--card " CARD_A), 0);
	expect_output("its link came up with 1 lanes of 5 GT/s, of 8 of 5 that card and slot can\n");

	/* who is not root sees less, and is told */
	configure(64);
	CU_ASSERT_EQUAL(report("--card " CARD_A), 0);
	expect_output("  PCIe registers       only root can read them: run this as root for ASPM, MaxPayload,");
	/* version 1 of the capability, at the end of configuration space as on the 82574L, has no time-out to choose */
	configure(4096);
	shell("d=sys/bus/pci/devices/" CARD_A
	      "; dd if=$d/config of=part bs=1 skip=160 count=32 2>&1; dd if=part of=$d/config "
	      "bs=1 seek=224 conv=notrunc 2>&1; printf '\\340' | dd of=$d/config bs=1 seek=52 conv=notrunc 2>&1; "
	      "printf "
	      "'\\001' | dd of=$d/config bs=1 seek=226 conv=notrunc 2>&1");
	CU_ASSERT_EQUAL(report("--card " CARD_A), 0);
	expect_output("  MaxPayload           256 bytes, of 512\n");
	CU_ASSERT_PTR_NULL(strstr(output, "completion timeout"));
	/* a list of capabilities that is a loop, and one that leads nowhere */
	shell("d=sys/bus/pci/devices/" CARD_A
	      "; printf '\\005\\340' | dd of=$d/config bs=1 seek=224 conv=notrunc 2>&1");
	CU_ASSERT_EQUAL(report("--card " CARD_A), 0);
	expect_output("  PCIe registers       only root");
	remove_machine();
}

static void what_a_card_can(void)
{
	static const char *const expected[] = {
		"nothing", "obeys pause frames", "sends pause frames", "obeys pause frames, sends pause frames"};
	struct nic_fact abilities[DOCTOR_ABILITIES];

	for (unsigned pause = 0; pause < 4; pause++) {
		unsigned last = doctor_abilities(&(struct nic_info){.pause = pause}, abilities) - 1;

		CU_ASSERT_STRING_EQUAL(abilities[last].name, "flow control");
		CU_ASSERT_STRING_EQUAL(abilities[last].value, expected[pause]);
	}
}

static void a_report_on_a_card_that_is_not_ready(void)
{
	make_ready();
	CU_ASSERT_EQUAL(report("--card " CARD_C), 1);
	expect_output("problem  " CARD_C ": it is bound to no driver, not to vfio-pci");
	expect_output("  bus                  conventional PCI: 133 MB/s at 33 MHz");
	expect_output("  frames of 1518 bytes the bus carries 0.04 million a second, received and sent at once\n");
	CU_ASSERT_EQUAL(report("--card " CARD_B1), 1);
	expect_output("  interface            lo, link up, 10000 Mbit/s, in use\n");
	expect_output("  with                 " CARD_B2 " (snd_hda_intel)\n");
	CU_ASSERT_EQUAL(report("--card 0000:99:00.0"), 1);
	expect_output("there is no PCI device 0000:99:00.0");
	CU_ASSERT_PTR_NULL(strstr(output, "from outside"));
	CU_ASSERT_EQUAL(report("--card " CARD_A " " CARD_C), 2);
	remove_machine();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a report on a card", a_report_on_a_card},
		{"what a card can", what_a_card_can},
		{"a report on a card that is not ready", a_report_on_a_card_that_is_not_ready},
		{"a machine that is ready", a_machine_that_is_ready},
		{"the IOMMU", the_iommu},
		{"modules and cards", modules_and_cards},
		{"memory", memory},
		{"another user", another_user},
		{"a guest without an IOMMU", a_guest_without_an_iommu},
		{"sockets", sockets},
		{"JSON", json},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"doctor", NULL, remove_pristine, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
