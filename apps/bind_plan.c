/* SPDX-License-Identifier: BSD-2-Clause
 * Giving devices to vfio-pci and back: how a plan is made, what its steps do, and how they are undone. */
#include "bind_plan.h"

#include "../vfio/error.h"
#include "../vfio/host/files.h"
#include "../vfio/host/use.h"

#include "app_aspm.h"
#include "app_machine.h"
#include "app_use.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTES         "/run/pollux"
#define BOOT_ID       "/proc/sys/kernel/random/boot_id"
#define DRIVER_FOLDER "/sys/bus/pci/drivers/" VFIO_PCI_DRIVER

extern char **environ;

/* ---- Files and programs ---- */

static const char *or_as_root(void)
{
	return geteuid() ? "; run this as root" : "";
}

/* Writes text. A file that this creates is removed again if it cannot be written whole. @return 0 or an errno value,
 * without a sentence */
static int write_file(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644), error = 0;
	ssize_t done;

	if (fd < 0)
		return errno;
	if ((done = write(fd, text, strlen(text))) != (ssize_t)strlen(text))
		error = done < 0 ? errno : EIO;
	close(fd);
	if (error && (flags & O_CREAT))
		unlink(path);
	return error;
}

/* Writes one of the kernel's small files, whose path is formatted. */
static int write_value(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int write_value(const char *text, const char *format, ...)
{
	char path[PATH_MAX], below_root[PATH_MAX];
	va_list arguments;
	int error;

	va_start(arguments, format);
	vsnprintf(below_root, sizeof(below_root), format, arguments);
	va_end(arguments);
	vfio_path(path, "%s", below_root);
	/* An empty value is written as an empty line: a write of nothing does nothing. */
	if ((error = write_file(path, 0, *text ? text : "\n")) == 0)
		return 0;
	return pollux_fail(error, "cannot write '%s' to %s: %s%s", text, path, strerror(error),
		error == EACCES || error == EPERM ? or_as_root() : "");
}

/* Removes a file; that it is not there is no error when it need not be. */
static int remove_file(const char *path, bool must_exist)
{
	if (unlink(path) == 0 || (errno == ENOENT && !must_exist))
		return 0;
	return pollux_fail(errno, "cannot remove %s: %s", path, strerror(errno));
}

/* Runs a program without its output, and waits for it. @return whether it ended with status 0 */
static bool run_program(const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) != 0 ||
		waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return status == 0;
}

static void note_path(char path[PATH_MAX], const char *address)
{
	vfio_path(path, NOTES "/%s", address);
}

/* Reads what tells this boot of the machine from others. A note of an earlier boot does not hold any more, and there
 * are machines where /run outlives a boot. */
static void read_boot(char boot[VFIO_PCI_NAME_BYTES])
{
	char path[PATH_MAX];

	vfio_path(path, BOOT_ID);
	vfio_read_line(path, boot, VFIO_PCI_NAME_BYTES);
}

/** What a device had before it was bound. */
struct note {
	char driver[VFIO_PCI_NAME_BYTES], override[VFIO_PCI_NAME_BYTES], boot[VFIO_PCI_NAME_BYTES];
	char aspm[VFIO_PCI_NAME_BYTES]; /* the switches of power saving that were on; a note need not have this line */
};

/* Reads a device's note, in which each has a line. @return false: there is no note of this boot, and note is empty */
static bool read_note(const char *address, struct note *note)
{
	char path[PATH_MAX], text[2 * VFIO_PCI_NAME_BYTES], boot[VFIO_PCI_NAME_BYTES];
	char *const lines[] = {note->driver, note->override, note->boot, note->aspm};
	unsigned count = 0;
	FILE *file;

	*note = (struct note){.driver = ""};
	note_path(path, address);
	if (!(file = fopen(path, "re")))
		return false;
	while (count < sizeof(lines) / sizeof(*lines) && fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		snprintf(lines[count++], VFIO_PCI_NAME_BYTES, "%.*s", VFIO_PCI_NAME_BYTES - 1, text);
	}
	fclose(file);
	read_boot(boot);
	if (count >= 3 && strcmp(note->boot, boot) == 0 && !strchr(note->driver, '/') && !strchr(note->override, '/'))
		return true;
	*note = (struct note){.driver = ""};
	return false;
}

/* ---- Steps ---- */

static int do_load(void)
{
	static const char *const modprobe[] = {"modprobe", VFIO_PCI_DRIVER, NULL};
	char path[PATH_MAX], remedy[512];

	vfio_path(path, DRIVER_FOLDER);
	if (access(path, F_OK) == 0 || (run_program(modprobe) && access(path, F_OK) == 0))
		return 0;
	app_driver_remedy(remedy, sizeof(remedy));
	return pollux_fail(ENOENT, "the kernel has no driver " VFIO_PCI_DRIVER ": %s", remedy);
}

static int do_save(const struct bind_step *step)
{
	char path[PATH_MAX], text[4 * VFIO_PCI_NAME_BYTES + 5], boot[VFIO_PCI_NAME_BYTES];
	int error;

	vfio_path(path, "/run");
	mkdir(path, 0755);
	vfio_path(path, NOTES);
	mkdir(path, 0755);
	note_path(path, step->address);
	read_boot(boot);
	snprintf(text, sizeof(text), "%s\n%s\n%s\n%s%s", step->text, step->before, boot, step->aspm,
		step->aspm[0] ? "\n" : "");
	if ((error = write_file(path, O_CREAT | O_TRUNC | O_NOFOLLOW, text)) != 0)
		return pollux_fail(error, "cannot note the driver of %s in %s: %s%s", step->address, path,
			strerror(error), or_as_root());
	return 0;
}

static int do_probe(const struct bind_step *step)
{
	struct vfio_pci pci;
	int error;

	if ((error = write_value(step->address, "/sys/bus/pci/drivers_probe")) != 0 ||
		(error = vfio_pci_find(&pci, step->address)) != 0)
		return error;
	/* A driver that somebody had bound by hand does not claim the device by itself. */
	if (step->text[0] && strcmp(step->text, VFIO_PCI_DRIVER) != 0 && !pci.driver[0] &&
		((error = write_value(step->address, "/sys/bus/pci/drivers/%s/bind", step->text)) != 0 ||
			(error = vfio_pci_find(&pci, step->address)) != 0))
		return error;
	if (!step->text[0] && strcmp(pci.driver, VFIO_PCI_DRIVER) == 0)
		return pollux_fail(EBUSY,
			"the kernel gives %s to " VFIO_PCI_DRIVER
			" again: its option ids= (kernel command line, /etc/modprobe.d) or new_id names this kind of "
			"card; take that away first",
			step->address);
	if (!step->text[0] || strcmp(pci.driver, step->text) == 0)
		return 0;
	return pollux_fail(ENODEV, "%s did not take %s, which is bound to %s: dmesg | tail says why", step->text,
		step->address, pci.driver[0] ? pci.driver : "no driver");
}

/* Changes a node's mode, or with mode 0 its owner and group to the user's, and keeps in nodes[index] what it was like.
 */
static int hand_over(struct bind_step *step, unsigned index, const char *path, mode_t mode)
{
	struct stat was;
	int error;

	if (stat(path, &was) != 0)
		return pollux_fail(errno, "%s: there is no %s to hand over: %s", step->address, path, strerror(errno));
	if (mode ? (was.st_mode & mode) == mode : was.st_uid == step->uid && was.st_gid == step->gid)
		return 0;
	error = mode ? chmod(path, mode) : chown(path, step->uid, step->gid);
	if (error)
		return pollux_fail(
			errno, "%s: cannot hand %s over: %s%s", step->address, path, strerror(errno), or_as_root());
	snprintf(step->nodes[index].path, sizeof(step->nodes[index].path), "%s", path);
	step->nodes[index].uid = was.st_uid;
	step->nodes[index].gid = was.st_gid;
	step->nodes[index].mode = was.st_mode & 07777;
	return 0;
}

static int take_back(struct bind_step *step)
{
	int error = 0;

	for (unsigned i = 0; i < sizeof(step->nodes) / sizeof(*step->nodes); i++) {
		const char *path = step->nodes[i].path;

		if (path[0] && (i == 2 ? chmod(path, step->nodes[i].mode)
				       : chown(path, step->nodes[i].uid, step->nodes[i].gid)) != 0)
			error = pollux_fail(errno, "cannot give %s its owner back: %s", path, strerror(errno));
		step->nodes[i].path[0] = '\0';
	}
	return error;
}

static int do_nodes(struct bind_step *step)
{
	/* The device manager sets the owner of a new node itself, a moment after the kernel has made the node. Its
	 * choice must not come after ours. */
	static const char *const settle[] = {"udevadm", "settle", "--timeout=10", NULL};
	char group[PATH_MAX], node[PATH_MAX], iommu[PATH_MAX];
	struct vfio_pci pci;
	int error;

	run_program(settle);
	if ((error = vfio_pci_find(&pci, step->address)) != 0)
		return error;
	vfio_path(group, "/dev/vfio/%d", step->group);
	vfio_path(node, "/dev/vfio/devices/%s", pci.cdev);
	vfio_path(iommu, "/dev/iommu");
	/* A kernel may have the group's node, the device's own, or both. /dev/iommu gives access to no device by
	 * itself; nor does /dev/vfio/vfio, which everybody may open. */
	if (!pci.cdev[0] || access(group, F_OK) == 0)
		error = hand_over(step, 0, group, 0);
	if (!error && pci.cdev[0])
		error = hand_over(step, 1, node, 0);
	if (!error && pci.cdev[0] && access(iommu, F_OK) == 0)
		error = hand_over(step, 2, iommu, 0666);
	if (error) {
		struct pollux_failure failure = {.error = 0};

		pollux_failure_keep(&failure, error);
		take_back(step);
		pollux_failure_restore(&failure);
	}
	return error;
}

static int write_aspm(const struct bind_step *step, const char *value)
{
	return write_value(value, "/sys/bus/pci/devices/%s/link/%s", step->address, step->aspm);
}

static int perform(struct bind_step *step)
{
	char path[PATH_MAX];

	switch (step->action) {
	case BIND_LOAD:
		return do_load();
	case BIND_SAVE:
		return do_save(step);
	case BIND_UNBIND:
		return write_value(step->address, "/sys/bus/pci/drivers/%s/unbind", step->before);
	case BIND_OVERRIDE:
		return write_value(step->text, "/sys/bus/pci/devices/%s/driver_override", step->address);
	case BIND_PROBE:
		return do_probe(step);
	case BIND_ASPM:
		return write_aspm(step, step->text);
	case BIND_NODES:
		return do_nodes(step);
	case BIND_FORGET:
		note_path(path, step->address);
		return remove_file(path, false);
	}
	return 0;
}

/* -errno where the step stays done. */
static int undo(struct bind_step *step)
{
	char path[PATH_MAX];
	struct vfio_pci pci;
	int error;

	switch (step->action) {
	case BIND_SAVE:
		note_path(path, step->address);
		return remove_file(path, true);
	case BIND_UNBIND:
		return write_value(step->address, "/sys/bus/pci/drivers/%s/bind", step->before);
	case BIND_OVERRIDE:
		return write_value(step->before, "/sys/bus/pci/devices/%s/driver_override", step->address);
	case BIND_PROBE:
		if ((error = vfio_pci_find(&pci, step->address)) != 0 || !pci.driver[0])
			return error;
		return write_value(step->address, "/sys/bus/pci/drivers/%s/unbind", pci.driver);
	case BIND_ASPM:
		return write_aspm(step, step->text[0] == '0' ? "1" : "0");
	case BIND_NODES:
		return take_back(step);
	case BIND_FORGET:
		return do_save(step);
	case BIND_LOAD: /* the module stays loaded: without a device it does nothing */
		return 0;
	}
	return 0;
}

int bind_run(struct bind_plan *plan)
{
	struct pollux_failure failure = {.error = 0};

	for (unsigned i = 0; i < plan->count; i++) {
		int error = perform(&plan->steps[i]), not_undone = 0;

		if (!error)
			continue;
		pollux_failure_keep(&failure, error);
		/* A probe that failed may have bound the device to a wrong driver. */
		for (unsigned done = plan->steps[i].action == BIND_PROBE ? i + 1 : i; done-- > 0;)
			not_undone |= undo(&plan->steps[done]);
		if (not_undone)
			return pollux_fail(
				-error, "%s; nor could all be put back: %s", failure.sentence, pollux_error());
		return pollux_fail(-error, "%s; all is as it was before", failure.sentence);
	}
	return 0;
}

void bind_describe(const struct bind_step *step, char *text, size_t bytes)
{
	const char *address = step->address;

	switch (step->action) {
	case BIND_LOAD:
		snprintf(text, bytes, "modprobe " VFIO_PCI_DRIVER);
		break;
	case BIND_SAVE:
		snprintf(text, bytes,
			"mkdir -p " NOTES "; { printf '%s\\n%s\\n'; cat " BOOT_ID ";%s%s%s } > " NOTES "/%s",
			step->text, step->before, step->aspm[0] ? " echo '" : "", step->aspm, step->aspm[0] ? "';" : "",
			address);
		break;
	case BIND_UNBIND:
		snprintf(text, bytes, "echo %s > /sys/bus/pci/drivers/%s/unbind", address, step->before);
		break;
	case BIND_OVERRIDE:
		snprintf(text, bytes, "echo %s > /sys/bus/pci/devices/%s/driver_override",
			step->text[0] ? step->text : "''", address);
		break;
	case BIND_PROBE:
		snprintf(text, bytes, "echo %s > /sys/bus/pci/drivers_probe", address);
		break;
	case BIND_ASPM:
		snprintf(text, bytes, "echo %s > /sys/bus/pci/devices/%s/link/%s", step->text, address, step->aspm);
		break;
	case BIND_NODES:
		snprintf(text, bytes,
			"udevadm settle; for n in %d devices/$(ls /sys/bus/pci/devices/%s/vfio-dev 2>/dev/null); do "
			"[ ! -c /dev/vfio/$n ] || chown %u:%u /dev/vfio/$n; done; [ ! -c /dev/iommu ] || chmod 0666 "
			"/dev/iommu",
			step->group, address, step->uid, step->gid);
		break;
	case BIND_FORGET:
		snprintf(text, bytes, "rm -f " NOTES "/%s", address);
		break;
	}
}

/* ---- Plans ---- */

static int add(struct bind_plan *plan, enum bind_action action, const struct vfio_pci *pci, const char *text,
	const char *before)
{
	struct bind_step *longer = realloc(plan->steps, (plan->count + 1) * sizeof(*longer));

	if (!longer)
		return pollux_fail(ENOMEM, "no memory for a plan");
	plan->steps = longer;
	struct bind_step *step = &longer[plan->count++];
	*step = (struct bind_step){.action = action, .group = pci ? pci->group : -1};
	snprintf(step->address, sizeof(step->address), "%s", pci ? pci->address : "");
	snprintf(step->text, sizeof(step->text), "%s", text);
	snprintf(step->before, sizeof(step->before), "%s", before);
	return 0;
}

static bool is_planned(const struct bind_plan *plan, const char *address)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (strcmp(plan->steps[i].address, address) == 0)
			return true;
	return false;
}

static int refuse_use(const struct vfio_pci *pci)
{
	char why[512];

	if (!app_is_used(pci, why, sizeof(why)))
		return 0;
	return pollux_fail(
		EBUSY, "%s is in use: %s. That would be gone; take it away first, or --force", pci->address, why);
}

/* Adds a file's name to a step. */
static void add_aspm(struct bind_step *step, const char *file)
{
	size_t used = strlen(step->aspm);

	snprintf(step->aspm + used, sizeof(step->aspm) - used, "%s%s", used ? " " : "", file);
}

/* Plans to switch the power saving of the device's link off: some cards fail with it, the 82574L among them, for all
 * it costs latency, and vfio-pci does not let a driver of ours do it. `noted` is the index of the step that notes what
 * the device had. */
static int plan_aspm_off(struct bind_plan *plan, const struct vfio_pci *pci, unsigned noted)
{
	int error = 0;
	bool known;

	for (unsigned i = 0; i < APP_ASPM_STATES && !error; i++) {
		if (!app_aspm_is_on(pci->address, i, &known))
			continue;
		add_aspm(&plan->steps[noted], app_aspm_files[i]);
		if ((error = add(plan, BIND_ASPM, pci, "0", "")) == 0)
			add_aspm(&plan->steps[plan->count - 1], app_aspm_files[i]);
	}
	return error;
}

/* Plans to switch on what the note says was on. */
static int plan_aspm_on(struct bind_plan *plan, const struct vfio_pci *pci, const char *noted)
{
	int error = 0;
	bool known;

	for (unsigned i = 0; i < APP_ASPM_STATES && !error; i++)
		if (strstr(noted, app_aspm_files[i]) && !app_aspm_is_on(pci->address, i, &known) && known &&
			(error = add(plan, BIND_ASPM, pci, "1", "")) == 0)
			add_aspm(&plan->steps[plan->count - 1], app_aspm_files[i]);
	return error;
}

/* Plans to note the driver and the override that the device has, so that it can get them back. An override that names
 * another driver than the device has was left over by somebody; it is not noted, because with it the driver could not
 * come back. */
static int plan_note(struct bind_plan *plan, const struct vfio_pci *pci)
{
	struct note note;

	if (pci->driver[0])
		return add(plan, BIND_SAVE, pci, pci->driver,
			strcmp(pci->driver, pci->driver_override) == 0 ? pci->driver_override : "");
	/* A device without a driver may have had one when it was bound first, and been unbound by hand since: then
	 * there is a note already. Or its override says vfio-pci already: then the kernel chooses a driver when it
	 * comes back. */
	if (read_note(pci->address, &note) || strcmp(pci->driver_override, VFIO_PCI_DRIVER) == 0)
		return 0;
	return add(plan, BIND_SAVE, pci, "", pci->driver_override);
}

/* Whether the nodes of a bound device are the user's already, and everybody may open /dev/iommu if that is needed. */
static bool has_nodes(const struct vfio_pci *pci, const struct bind_options *options)
{
	char paths[2][PATH_MAX];
	struct stat node;
	unsigned found = 0;

	if (strcmp(pci->driver, VFIO_PCI_DRIVER) != 0)
		return false;
	vfio_path(paths[0], "/dev/vfio/%d", pci->group);
	vfio_path(paths[1], "/dev/vfio/devices/%s", pci->cdev);
	for (unsigned i = 0; i < (pci->cdev[0] ? 2 : 1); i++) {
		bool there = stat(paths[i], &node) == 0;

		if (there && (node.st_uid != options->uid || node.st_gid != options->gid))
			return false;
		found += there;
	}
	vfio_path(paths[0], "/dev/iommu");
	if (pci->cdev[0] && stat(paths[0], &node) == 0 && (node.st_mode & 0666) != 0666)
		return false;
	return found > 0;
}

static int plan_bind(struct bind_plan *plan, const struct vfio_pci *pci, const struct bind_options *options)
{
	const unsigned first = plan->count;
	int error = 0;

	if (is_planned(plan, pci->address))
		return 0;
	if (strcmp(pci->driver, VFIO_PCI_DRIVER) != 0) {
		if ((!options->force && (error = refuse_use(pci)) != 0) || (error = plan_note(plan, pci)) != 0)
			return error;
		if (pci->driver[0])
			error = add(plan, BIND_UNBIND, pci, "", pci->driver);
		if (!error && strcmp(pci->driver_override, VFIO_PCI_DRIVER) != 0)
			error = add(plan, BIND_OVERRIDE, pci, VFIO_PCI_DRIVER, pci->driver_override);
		if (!error)
			error = add(plan, BIND_PROBE, pci, VFIO_PCI_DRIVER, "");
		if (!error && plan->steps[first].action == BIND_SAVE)
			error = plan_aspm_off(plan, pci, first);
	}
	if (!error && options->user && vfio_pci_is_network(pci) && !has_nodes(pci, options) &&
		(error = add(plan, BIND_NODES, pci, "", "")) == 0) {
		plan->steps[plan->count - 1].uid = options->uid;
		plan->steps[plan->count - 1].gid = options->gid;
	}
	return error;
}

/* Plans for the other devices of the group: none may stay with a driver of the kernel's that does DMA. */
static int plan_neighbours(struct bind_plan *plan, const struct vfio_pci *pci, const char *const *addresses,
	unsigned count, const struct bind_options *options)
{
	struct vfio_pci *others, one;
	unsigned other_count;
	int error = vfio_pci_neighbours(pci, &others, &other_count);

	for (unsigned i = 0; i < other_count && !error; i++) {
		bool named = false;

		for (unsigned a = 0; a < count; a++)
			named = named ||
				(vfio_pci_find(&one, addresses[a]) == 0 && strcmp(one.address, others[i].address) == 0);
		if (named || vfio_pci_harmless(others[i].driver))
			continue;
		if (options->whole_group)
			error = plan_bind(plan, &others[i], options);
		else
			error = pollux_fail(EPERM,
				"%s shares IOMMU group %d with %s, which is bound to %s: they can only be used "
				"together; --group binds both",
				pci->address, pci->group, others[i].address, others[i].driver);
	}
	free(others);
	return error;
}

static int plan_one_bind(struct bind_plan *plan, const char *address, const char *const *addresses, unsigned count,
	const struct bind_options *options)
{
	struct vfio_pci pci;
	int error = vfio_pci_find(&pci, address);

	if (error)
		return error;
	if (!vfio_pci_is_network(&pci))
		return pollux_fail(EINVAL,
			"%s is not a network device (class %04x); pollux-bind lists those that there are", pci.address,
			pci.class_id);
	if ((error = vfio_pci_check_iommu(&pci)) != 0 ||
		(error = plan_neighbours(plan, &pci, addresses, count, options)) != 0)
		return error;
	return plan_bind(plan, &pci, options);
}

static int plan_restore(struct bind_plan *plan, const struct vfio_pci *pci)
{
	struct note note;
	char name[32];
	const bool noted = read_note(pci->address, &note);
	const bool bound = strcmp(pci->driver, VFIO_PCI_DRIVER) == 0;
	const bool chosen = strcmp(pci->driver_override, VFIO_PCI_DRIVER) == 0;
	int error = 0;
	pid_t opener;

	if (is_planned(plan, pci->address))
		return 0;
	if (bound && (opener = vfio_pci_opener(pci, name)) != 0)
		return pollux_fail(
			EBUSY, "%s is in use by process %d (%s): end that first", pci->address, (int)opener, name);
	if (bound)
		error = add(plan, BIND_UNBIND, pci, "", pci->driver);
	/* A device without a note is touched only if it is, or is to be, bound to vfio-pci. */
	if (!error && strcmp(pci->driver_override, note.override) != 0 && (noted || chosen))
		error = add(plan, BIND_OVERRIDE, pci, note.override, pci->driver_override);
	/* Before the driver comes: it may switch some of it off again, as it knows its card. */
	if (!error)
		error = plan_aspm_on(plan, pci, note.aspm);
	/* A device that had no driver gets none. Where there is no note, the kernel chooses. */
	if (!error && (bound || (!pci->driver[0] && (noted || chosen))) && (!noted || note.driver[0]))
		error = add(plan, BIND_PROBE, pci, note.driver, "");
	if (!error && noted && (error = add(plan, BIND_FORGET, pci, note.driver, note.override)) == 0)
		snprintf(plan->steps[plan->count - 1].aspm, sizeof(plan->steps->aspm), "%.*s",
			(int)sizeof(plan->steps->aspm) - 1, note.aspm);
	return error;
}

static int plan_one_restore(struct bind_plan *plan, const char *address, const struct bind_options *options)
{
	struct vfio_pci pci, *others = NULL;
	unsigned count = 0;
	int error = vfio_pci_find(&pci, address);

	if (!error)
		error = plan_restore(plan, &pci);
	if (!error && options->whole_group)
		error = vfio_pci_neighbours(&pci, &others, &count);
	for (unsigned i = 0; i < count && !error; i++)
		if (strcmp(others[i].driver, VFIO_PCI_DRIVER) == 0)
			error = plan_restore(plan, &others[i]);
	free(others);
	return error;
}

int bind_plan(struct bind_plan *plan, const char *const *addresses, unsigned count, const struct bind_options *options)
{
	char path[PATH_MAX];
	int error = 0;

	*plan = (struct bind_plan){.steps = NULL};
	vfio_path(path, DRIVER_FOLDER);
	if (access(path, F_OK) != 0)
		error = add(plan, BIND_LOAD, NULL, "", "");
	for (unsigned i = 0; i < count && !error; i++)
		error = plan_one_bind(plan, addresses[i], addresses, count, options);
	if (error)
		bind_free(plan);
	return error;
}

int restore_plan(
	struct bind_plan *plan, const char *const *addresses, unsigned count, const struct bind_options *options)
{
	int error = 0;

	*plan = (struct bind_plan){.steps = NULL};
	for (unsigned i = 0; i < count && !error; i++)
		error = plan_one_restore(plan, addresses[i], options);
	if (error)
		bind_free(plan);
	return error;
}

void bind_free(struct bind_plan *plan)
{
	free(plan->steps);
	*plan = (struct bind_plan){.steps = NULL};
}
