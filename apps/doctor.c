/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-doctor: looks for what keeps Pollux from driving the cards of this machine, and names the command that mends
 * it. As it looks at the machine before any card is open, it includes headers of vfio/host/ beside the public API, and
 * vfio/user/holder.h for who has a software card. */
#include "../vfio/host/files.h"
#include "../vfio/host/iommu.h"
#include "../vfio/host/use.h"
#include "../vfio/user/holder.h"

#include "app_args.h"
#include "app_aspm.h"
#include "app_base.h"
#include "app_machine.h"
#include "app_output.h"
#include "app_ports.h"
#include "app_use.h"
#include "doctor_card.h"
#include "doctor_findings.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES       APP_PORTS
#define VFIO_USER       "vfio-user:"
#define MIB             (1ull << 20)
#define WAIT_DEFAULT_S  10
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static struct {
	const char *addresses[ADDRESSES];
	unsigned count, sockets; /* sockets: how many of the addresses are software cards' */
	unsigned ready;          /* ports that can be opened */
	const char *user;        /* for commands */
	const char *card;        /* of --card, which is the only address then; NULL: none */
	double wait_s;
	bool elsewhere; /* it is another machine, or none, that is looked at */
} doctor = {.wait_s = WAIT_DEFAULT_S};

static bool is_there(const char *name)
{
	char path[PATH_MAX];

	return vfio_path(path, "%s", name) && access(path, F_OK) == 0;
}

static bool is_socket(const char *address)
{
	return strncmp(address, VFIO_USER, strlen(VFIO_USER)) == 0;
}

/* Whether real cards are looked at, not software cards alone. */
static bool real_cards(void)
{
	return doctor.sockets < doctor.count || !doctor.count;
}

static bool may_open(const char *path)
{
	return euidaccess(path, R_OK | W_OK) == 0;
}

/* The first entries of a folder. @return how many there are */
static unsigned list_folder(const char *name, char *text, size_t bytes)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned count = 0;
	size_t used = 0;
	DIR *folder;

	vfio_path(path, "%s", name);
	text[0] = '\0';
	if ((folder = opendir(path)) == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (used < bytes)
			used += (size_t)snprintf(text + used, bytes - used, "%s%s", count ? ", " : "", entry->d_name);
		count++;
	}
	closedir(folder);
	return count;
}

/* ---- The machine ---- */

/* The value of a word of the kernel's command line, or "" where it is a word alone; NULL: it is not there. */
static const char *boot_option(const char *name)
{
	static char line[4096];
	char path[PATH_MAX], *rest = line, *word;
	const size_t length = strlen(name);

	vfio_path(path, "/proc/cmdline");
	vfio_read_line(path, line, sizeof(line));
	while ((word = strsep(&rest, " ")) != NULL)
		if (strncmp(word, name, length) == 0 && (word[length] == '\0' || word[length] == '='))
			return word[length] ? word + length + 1 : "";
	return NULL;
}

/* Whether a file has a line with these words in it. */
static bool file_has(const char *name, const char *words)
{
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	size_t bytes = 0;
	FILE *file;

	if (!vfio_path(path, "%s", name) || (file = fopen(path, "re")) == NULL)
		return false;
	while (!found && getline(&line, &bytes, file) > 0)
		found = strstr(line, words) != NULL;
	free(line);
	fclose(file);
	return found;
}

static bool cpu_is_amd(void)
{
	return file_has("/proc/cpuinfo", "AuthenticAMD");
}

static bool module_allows_unsafe(const char *module)
{
	char path[PATH_MAX], text[8];

	vfio_path(path, "/sys/module/%s/parameters/allow_unsafe_interrupts", module);
	return vfio_read_line(path, text, sizeof(text)) && text[0] == 'Y';
}

/* Where interrupts are remapped, the kernel has IR- in front of their controllers' names. */
static bool interrupts_are_remapped(void)
{
	return file_has("/proc/interrupts", " IR-") || !file_has("/proc/interrupts", "IO-APIC");
}

/* How an option of the kernel's is set, on the systems that there are. */
#define BOOT_LINE                                                                                                      \
	"the kernel's command line (Debian, Ubuntu: GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub; "       \
	"Fedora: grubby), and reboot"

static void check_interrupts(void)
{
	const char *remap = boot_option("intremap");

	if (module_allows_unsafe("vfio_iommu_type1") || module_allows_unsafe("iommufd"))
		return;
	if ((remap && strcmp(remap, "off") == 0) || boot_option("nointremap"))
		doctor_find(PROBLEM, "interrupts", "take intremap=off and nointremap from " BOOT_LINE,
			"their remapping is switched off at boot, so that a device could forge them, and the kernel "
			"refuses devices");
	else if (!interrupts_are_remapped())
		doctor_find(PROBLEM, "interrupts",
			app_hypervisor() ? "a virtual machine's IOMMU must be told to remap them (QEMU: -machine "
					   "kernel-irqchip=split -device intel-iommu,intremap=on)"
					 : "switch interrupt remapping (x2APIC) on in the firmware (BIOS) setup",
			"the IOMMU does not remap them, so that a device could forge them, and the kernel refuses "
			"devices");
}

/* What gives a guest of this hypervisor an IOMMU, all with the machine switched off; or what to do where it cannot have
 * one. */
static const char *guest_remedy(const char *hypervisor)
{
	static const char *const remedies[][2] = {
		{"VirtualBox", "on the host, with the machine off: VBoxManage modifyvm NAME --chipset ich9 --iommu "
			       "automatic (VirtualBox 7)"},
		{"VMware", "with the machine off: tick Virtualize IOMMU (ESXi: Expose IOMMU to the guest OS) in its "
			   "processor settings, or vvtd.enable = \"TRUE\" in its .vmx; its network adapters must be "
			   "e1000e"},
		{"QEMU", "on the host: -machine q35,kernel-irqchip=split, and before the cards -device "
			 "intel-iommu,intremap=on; libvirt: <iommu model='intel'><driver intremap='on'/></iommu>"},
		{"KVM", "on the host: QEMU's -machine q35,kernel-irqchip=split -device intel-iommu,intremap=on, "
			"libvirt's <iommu model='intel'>; a rented machine cannot have one"},
	};

	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
		if (strcmp(hypervisor, remedies[i][0]) == 0)
			return remedies[i][1];
	return NULL;
}

static void check_guest(const char *hypervisor)
{
	const char *remedy = guest_remedy(hypervisor);

	if (remedy)
		doctor_find(PROBLEM, "IOMMU",
			doctor_mend("%s%s", remedy,
				boot_option("intel_iommu") ? ""
							   : "; then, in the guest, add intel_iommu=on to " BOOT_LINE),
			"this is a guest of %s, which gives its guests none unless told to; Pollux refuses cards "
			"without one",
			hypervisor);
	else
		doctor_find(PROBLEM, "IOMMU",
			"it cannot have one: use Linux on a machine of its own; or the software 82599, which needs "
			"none",
			"this is a guest of %s, which gives its guests none", hypervisor);
}

static void check_iommu(void)
{
	const char *vendor = cpu_is_amd() ? "amd_iommu" : "intel_iommu", *option = boot_option(vendor),
		   *hypervisor = app_hypervisor();
	const bool off = option && strcmp(option, "off") == 0;
	const char *remedy = "switch VT-d on in the firmware (BIOS) setup, add intel_iommu=on to " BOOT_LINE;
	char units[128];

	if (list_folder("/sys/class/iommu", units, sizeof(units)) != 0) {
		doctor_find(FINE, "IOMMU", "", "%s", units);
		check_interrupts();
		return;
	}
	if (hypervisor && !off) {
		check_guest(hypervisor);
		return;
	}
	if (off)
		remedy = doctor_mend("take %s=off from " BOOT_LINE, vendor);
	else if (option || cpu_is_amd())
		remedy = doctor_mend(
			"switch %s on in the firmware (BIOS) setup", cpu_is_amd() ? "AMD-Vi (IOMMU)" : "VT-d");
	doctor_find(PROBLEM, "IOMMU", remedy,
		"it is off or not there; without one a device can write anywhere in memory, and Pollux refuses it");
}

static void check_modules(void)
{
	char remedy[512];

	if (is_there("/sys/bus/pci/drivers/" VFIO_PCI_DRIVER)) {
		doctor_find(FINE, VFIO_PCI_DRIVER, "", "the kernel has the driver");
	} else {
		app_driver_remedy(remedy, sizeof(remedy));
		doctor_find(PROBLEM, VFIO_PCI_DRIVER, remedy, "the kernel has no such driver now");
		return;
	}
	/* Many kernels come without iommufd, Debian's among them: that is no fault. */
	if (is_there("/dev/iommu"))
		doctor_find(FINE, "iommufd", "", "/dev/iommu is there");
	else if (is_there("/dev/vfio/vfio"))
		doctor_find(FINE, "groups", "",
			"cards are reached by their groups, /dev/vfio/vfio is there; iommufd (Linux 6.6 with "
			"CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV) would do as well");
	else
		doctor_find(PROBLEM, "VFIO",
			app_in_container()
				? "give this container the machine's /dev/vfio (docker run --device /dev/vfio)"
				: "modprobe vfio_iommu_type1 (as root)",
			"there is neither /dev/vfio/vfio nor /dev/iommu");
}

/* ---- Ports ---- */

#define END_PROCESS "choose another port; or end that process, if it is yours: kill %d"

/* Tells whether this user may open the port, or why not. */
static void find_nodes(const struct vfio_pci *port, enum doctor_level level)
{
	char group[PATH_MAX], container[PATH_MAX], node[PATH_MAX], iommu[PATH_MAX];

	vfio_path(group, "/dev/vfio/%d", port->group);
	vfio_path(container, "/dev/vfio/vfio");
	vfio_path(node, "/dev/vfio/devices/%s", port->cdev);
	vfio_path(iommu, "/dev/iommu");
	if (port->cdev[0] && may_open(node) && may_open(iommu)) {
		doctor_find(FINE, port->address, "", "ready, by iommufd");
		doctor.ready++;
	} else if (may_open(group) && may_open(container)) {
		doctor_find(FINE, port->address, "", "ready, by group %d", port->group);
		doctor.ready++;
	} else if (access(group, F_OK) != 0 && !port->cdev[0]) {
		doctor_find(level, port->address,
			app_in_container()
				? "run this outside of the container, or give the container the machine's /dev/vfio"
				: "pollux-bind restore and bind it again (as root); dmesg | tail may say why",
			"there is no %s", group);
	} else if (may_open(group)) {
		doctor_find(level, port->address,
			access(container, F_OK) == 0 ? "chmod 0666 /dev/vfio/vfio (as root)"
						     : "modprobe vfio_iommu_type1 (as root)",
			"%s cannot be opened", container);
	} else {
		doctor_find(level, port->address,
			doctor_mend("pollux-bind bind --user %s %s (as root)", doctor.user, port->address),
			"%s may not be opened by this user", port->cdev[0] ? node : group);
	}
}

/* Tells of the first other device of the group that a kernel driver uses for DMA. False: there is none. */
static bool find_neighbour(const struct vfio_pci *port, enum doctor_level level)
{
	struct vfio_pci *others;
	unsigned count;
	bool found = false;

	if (vfio_pci_neighbours(port, &others, &count) != 0)
		return false;
	for (unsigned i = 0; i < count && !found; i++) {
		if (vfio_pci_harmless(others[i].driver))
			continue;
		doctor_find(level, port->address,
			doctor_mend(
				"pollux-bind bind --group %s (takes %s from %s as well), or a slot with a group of its "
				"own",
				port->address, others[i].address, others[i].driver),
			"group %d is not viable: %s is bound to %s", port->group, others[i].address, others[i].driver);
		found = true;
	}
	free(others);
	return found;
}

/* Tells what keeps a port from being opened. level: how bad that is: all ports that the user named must be ready, of
 * others one. */
static void check_port(const struct vfio_pci *port, enum doctor_level level)
{
	char name[32], why[512], remedy[256], aspm[16];
	pid_t opener;

	if (!nic_drives(port->address, port->vendor_id, port->device_id)) {
		doctor_find(level, port->address, "choose another card: pollux-bind lists them", "%s",
			nic_error() + strlen(port->address) + strlen(": "));
	} else if (port->group < 0 || port->noiommu) {
		doctor_find(level, port->address, "see what is said of the IOMMU", "it is behind no IOMMU%s",
			port->noiommu ? ": VFIO's mode without one is no protection" : "");
	} else if (strcmp(port->driver, VFIO_PCI_DRIVER) != 0) {
		const bool used = app_is_used(port, why, sizeof(why));

		doctor_find(level, port->address,
			used ? "use another port, or see pollux-bind --help about --force"
			     : doctor_mend("pollux-bind bind%s%s %s (as root)", geteuid() ? " --user " : "",
				       geteuid() ? doctor.user : "", port->address),
			"it is bound to %s, not to " VFIO_PCI_DRIVER "%s%s",
			port->driver[0] ? port->driver : "no driver", used ? ", and in use: " : "", used ? why : "");
	} else if (find_neighbour(port, level)) {
		/* it was told */
	} else if ((opener = vfio_pci_opener(port, name)) != 0) {
		doctor_find(level, port->address, doctor_mend(END_PROCESS, (int)opener),
			"it is open in process %d (%s)", (int)opener, name);
	} else if (vfio_firmware_demands(port->address, why, remedy)) {
		doctor_find(level, port->address, remedy, "%s", why);
	} else {
		find_nodes(port, level);
		if (app_aspm_text(port->address, aspm))
			doctor_find(WARNING, port->address,
				doctor_mend("pollux-bind restore and bind it again (as root); or: for f in "
					    "/sys/bus/pci/devices/%s/link/l[01]*_aspm; do echo 0 > $f; done (as root)",
					port->address),
				"its PCI Express link saves power while idle (ASPM %s): packets wait for it to wake, "
				"and some cards, the 82574L among them, fail",
				aspm);
	}
}

/* Whether somebody listens at a socket. To connect would disturb whoever serves the port, so the kernel's list is asked
 * first. A server that is not in it listens in another network namespace, such as a container's, or not at all. A try
 * tells which, and the server takes it for a client that says nothing. */
static bool somebody_listens(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd;
	bool listens;

	if (user_holder_listens(path))
		return true;
	strcpy(name.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return true; /* unknown */
	listens = connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0 || errno != ECONNREFUSED;
	close(fd);
	return listens;
}

static void check_socket(const char *address)
{
	const char *socket = address + strlen(VFIO_USER);
	const char *start_one = doctor_mend("start a software 82599 there: pollux-model --port '%s'", socket);
	char holder[32];
	struct stat status;
	pid_t pid;

	if (stat(socket, &status) != 0)
		doctor_find(PROBLEM, address, errno == ENOENT ? start_one : "see who may go there: namei -l PATH",
			"%s: %s", socket, strerror(errno));
	else if (!S_ISSOCK(status.st_mode))
		doctor_find(PROBLEM, address, "give the path of a socket that pollux-model --port was given",
			"%s is no socket", socket);
	else if (strlen(socket) > SOCKET_PATH_MAX)
		doctor_find(PROBLEM, address, "use a shorter one", "the path of a socket has at most %zu characters",
			SOCKET_PATH_MAX);
	else if (euidaccess(socket, W_OK) != 0)
		doctor_find(PROBLEM, address, "run as the user who owns it, or chmod it",
			"%s may not be opened by this user", socket);
	else if (!somebody_listens(socket))
		doctor_find(PROBLEM, address, start_one, "nobody listens at %s any more", socket);
	else if (!user_holder_find(socket, -1, &pid, holder))
		doctor.ready++, doctor_find(FINE, address, "", "somebody serves it");
	else if (pid)
		doctor_find(PROBLEM, address, doctor_mend(END_PROCESS, (int)pid), "it is in use by process %d (%s)",
			(int)pid, holder);
	else
		doctor_find(PROBLEM, address, "choose another port, or wait until that program has ended",
			"it is in use by a process of another user");
}

static void check_ports(void)
{
	struct vfio_pci port, *list = NULL;
	unsigned count = 0, ours = 0;

	for (unsigned i = 0; i < doctor.count; i++)
		if (is_socket(doctor.addresses[i]))
			check_socket(doctor.addresses[i]);
		else if (vfio_pci_find(&port, doctor.addresses[i]) == 0)
			check_port(&port, PROBLEM);
		else
			doctor_find(
				PROBLEM, doctor.addresses[i], "pollux-bind lists the network cards", "%s", nic_error());
	if (doctor.count)
		return;
	if (vfio_pci_list(&list, &count) != 0)
		doctor_find(PROBLEM, "PCI", "mount -t sysfs sysfs /sys (as root)", "%s", nic_error());
	for (unsigned i = 0; i < count; i++)
		if (nic_drives(list[i].address, list[i].vendor_id, list[i].device_id)) {
			check_port(&list[i], WARNING);
			ours++;
		}
	for (unsigned i = 0; i < count && !ours; i++)
		check_port(&list[i], WARNING); /* says why it is not driven */
	free(list);
	if (!ours)
		doctor_find(PROBLEM, "cards",
			app_hypervisor()
				? "give this virtual machine one (VirtualBox: Intel PRO/1000 MT Desktop, "
				  "VMware: e1000 or e1000e, QEMU: e1000e or igb); or see the software 82599 in "
				  "README.md, which needs no card"
				: "put one in; or see the software 82599 in README.md, which needs no card",
			"Pollux drives none of this machine's");
	else if (!doctor.ready)
		doctor_find(PROBLEM, "cards", "see what is said of each above", "none is ready");
}

/* ---- Memory ---- */

/* What a forwarder between so many ports locks: its packets, and for the rings at most one page each. */
static uint64_t needed_bytes(unsigned ports)
{
	const struct nic_config config = {.rx_ring = 0};
	uint64_t packets = app_pool_count(&config, ports, ports + 1, APP_BURST_MAX);

	return (packets * PKT_BUFFER_BYTES + 2 * MIB - 1) / (2 * MIB) * (2 * MIB) + ports * 2 * MIB;
}

static uint64_t free_hugepages(unsigned kib)
{
	char path[PATH_MAX], text[32];

	vfio_path(path, "/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages", kib);
	return vfio_read_line(path, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

static void check_locked(uint64_t bytes, unsigned ports)
{
	const unsigned long long kib = bytes >> 10;
	struct rlimit limit;
	char shell[128];

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	if (geteuid() == 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes) {
		/* How much others have locked, the kernel does not say. */
		doctor_find(FINE, "locked memory", "", "%s",
			geteuid() == 0 ? "root has no limit"
			: limit.rlim_cur != RLIM_INFINITY && is_there("/dev/iommu")
				? "the limit suffices, if no other program of this user locks memory too: by iommufd "
				  "it is a limit of all of them together"
				: "the limit suffices");
		return;
	}
	/* Anybody may raise the limit up to the hard limit; root may raise both for another process, such as this
	 * shell. */
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= bytes)
		snprintf(shell, sizeof(shell), "ulimit -l %llu; or as root", kib);
	else
		snprintf(shell, sizeof(shell), "as root, for this shell: prlimit --memlock=%llu --pid %d; or",
			kib << 10, (int)getppid());
	doctor_find(PROBLEM, "locked memory",
		doctor_mend("%s, for every login: echo '%s - memlock %llu' > /etc/security/limits.d/pollux.conf; in a "
			    "systemd "
			    "service: LimitMEMLOCK=%lluK%s",
			shell, doctor.user, kib, kib,
			app_in_container() ? "; this container: docker run --ulimit memlock=-1" : ""),
		"the limit (RLIMIT_MEMLOCK) is %llu KiB%s, and a forwarder between %u ports locks about %llu KiB%s",
		(unsigned long long)(limit.rlim_cur >> 10),
		limit.rlim_max < bytes ? ", and ulimit cannot raise it so far" : "", ports, kib,
		is_there("/dev/iommu") ? "; by iommufd it is a limit of all of this user's programs together" : "");
}

static void check_memory(void)
{
	unsigned ports = doctor.count ? doctor.count : doctor.ready;
	char path[PATH_MAX];

	ports = ports < 2 ? 2 : ports;
	/* Hugepages of 1 GiB are taken for more than 768 MiB only (mempool/memory.c), and no forwarder needs that much.
	 */
	unsigned long long bytes = needed_bytes(ports), pages = bytes / (2 * MIB), small = free_hugepages(2048),
			   large = free_hugepages(1048576);
	const bool outside =
		vfio_path(path, "/proc/sys/vm/nr_hugepages") && app_in_container() && access(path, W_OK) != 0;
	if (small >= pages)
		doctor_find(FINE, "hugepages", "", "%llu of 2 MiB and %llu of 1 GiB are free", small, large);
	else
		doctor_find(WARNING, "hugepages",
			doctor_mend("echo %llu > /proc/sys/vm/nr_hugepages (as root%s)", pages < 64 ? 64 : pages,
				outside ? ", on the machine itself: this is a container" : ""),
			"%llu of 2 MiB are free, %llu are wanted%s; without them all works, but slower", small, pages,
			large ? ", and those of 1 GiB are too large" : "");
	if (real_cards()) /* a software card locks nothing */
		check_locked(bytes, ports);
}

/* ---- Command line ---- */

enum { KEY_ROOT = 256, KEY_CARD, KEY_WAIT };

/* The one card of --card: it is opened only if nothing speaks against that, and it is this machine's. */
static void report_card(void)
{
	const char *address = doctor.card;
	struct vfio_pci pci;

	if (is_socket(address))
		doctor_card_look(address, NULL);
	else if (vfio_pci_find(&pci, address) == 0)
		doctor_card_look(pci.address, &pci);
	if (doctor.ready && !doctor.elsewhere)
		doctor_card_open(address, doctor.wait_s);
}

static const struct argp_option options[] = {
	{"card", KEY_CARD, "ADDRESS", 0,
		"report on this card for a diagnosis from afar. If it is ready and nobody uses it, it is opened, and "
		"started until its link is up: it receives frames meanwhile, and throws them away",
		0},
	{"wait", KEY_WAIT, "SECONDS", 0, "with --card: wait at most so long for the link (default 10)", 0},
	{"json", 'j', NULL, 0, "print JSON", 0},
	{"root", KEY_ROOT, "FOLDER", 0, "look at the sys, dev and proc below this folder (an image, a test)", 0},
	{0},
};

static const char doc[] =
	"Looks for what keeps Pollux from driving the cards of this machine, and prints the command that mends it. "
	"Changes nothing, and touches no card but that of --card.\n"
	"ADDRESS is a card's PCI address, such as 0000:03:00.0, or a software card's vfio-user:/path/to/socket; "
	"without one, all cards that Pollux drives are looked at.\v"
	"It looks at the IOMMU, the remapping of interrupts, the modules, iommufd, each card's driver, IOMMU group and "
	"nodes as far as this user may open them, who has the card open, hugepages, and the limit of locked memory. "
	"Run it as the user who will run the forwarder. A problem keeps the forwarder from starting, a warning does "
	"not. Which processes have a card open only root can see of others.\n"
	"\n"
	"--card adds what a maintainer needs to know of a card that does not do what it should: its ids, PCI Express "
	"link, NUMA node, CPU and IOMMU group; the packet rate to expect from these; the card's own registers, module "
	"and PHY, where it can be opened; and what happened meanwhile. Some of it only root can read. A link that "
	"stays down is no problem in the sense of the exit status.\n"
	"\n"
	"Examples:\n"
	"  pollux-doctor\n"
	"  pollux-doctor 0000:03:00.0 0000:03:00.1 && pollux-fwd 0000:03:00.0 0000:03:00.1\n"
	"  sudo pollux-doctor --card 0000:03:00.0 >report.txt\n"
	"\n"
	"Exit status: 0 the forwarder would start (on the cards named; else on those that are ready, one at least); 1 "
	"it would not; 2 the command line was wrong. A wait for the link that is interrupted is no failure.";

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'j':
		doctor_findings.json = true;
		return 0;
	case KEY_ROOT:
		if (access(text, F_OK) != 0)
			argp_error(state, "--root %s: there is no such folder", text);
		vfio_set_root(text);
		doctor.elsewhere = true;
		return 0;
	case KEY_WAIT:
		doctor.wait_s = app_seconds_option(state, "wait", text, 0, 3600);
		return 0;
	case KEY_CARD:
		doctor.card = text;
		/* fall through */
	case ARGP_KEY_ARG:
		if (doctor.count == ADDRESSES)
			argp_error(state, "too many addresses: at most %u", ADDRESSES);
		if (!app_is_address(text))
			argp_error(state, APP_NO_ADDRESS, text);
		doctor.addresses[doctor.count++] = text;
		doctor.sockets += is_socket(text);
		return 0;
	case ARGP_KEY_END:
		if (doctor.card && doctor.count > 1)
			argp_error(state, "--card is about one card: no other address can be given");
		if (!doctor.card && doctor.wait_s != WAIT_DEFAULT_S)
			argp_error(state, "--wait belongs to --card");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "[ADDRESS...]", doc, NULL, NULL, NULL};
	char number[16];

	app_parse(&argp, argc, argv, NULL);
	/* $USER may name another, who has become this user */
	const struct passwd *user = getpwuid(geteuid());
	snprintf(number, sizeof(number), "%u", geteuid());
	doctor.user = user ? user->pw_name : number;
	if (doctor_findings.json)
		printf("{\"findings\":[");
	if (real_cards()) {
		check_iommu();
		check_modules();
	}
	check_ports();
	check_memory();
	if (doctor.card)
		report_card();
	if (doctor_findings.json)
		printf("]");
	if (doctor.card)
		doctor_card_print(doctor.card);
	if (doctor_findings.json)
		printf(",\"problems\":%u,\"ready\":%s}\n", doctor_findings.problems,
			doctor_findings.problems ? "false" : "true");
	else if (doctor_findings.problems)
		printf("\nThe forwarder would not start: %u problem%s.\n", doctor_findings.problems,
			doctor_findings.problems > 1 ? "s" : "");
	else if (doctor_card_interrupted())
		printf("\nInterrupted: nothing is said of the link; nothing else keeps the forwarder from starting.\n");
	else
		printf("\nThe forwarder would start.\n");
	return app_output_end_all() && !doctor_findings.problems ? APP_OK : APP_FAILED;
}
