/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-bind: shows the machine's network cards, gives them to vfio-pci, and back to the drivers that they had. As it
 * works on cards that no driver of ours has opened, it includes headers of vfio/host/ beside the public API. */
#include "../vfio/host/files.h"
#include "../vfio/host/use.h"

#include "app_args.h"
#include "app_aspm.h"
#include "app_base.h"
#include "app_figures.h"
#include "app_output.h"
#include "app_pci.h"
#include "app_use.h"
#include "bind_plan.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDRESSES 64u

enum command { STATUS, BIND, RESTORE };

static struct {
	enum command command;
	const char *addresses[ADDRESSES];
	unsigned count;
	struct bind_options options;
	bool json, dry_run;
} tool;

/* ---- Status ---- */

static void print_group(const struct vfio_pci *nic, FILE *out)
{
	struct vfio_pci *others;
	unsigned count;

	if (nic->group < 0 || nic->noiommu) {
		fprintf(out, nic->noiommu ? "no IOMMU (VFIO's mode without)" : "no IOMMU");
		return;
	}
	fprintf(out, "IOMMU group %d", nic->group);
	if (vfio_pci_neighbours(nic, &others, &count) != 0)
		return;
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s%s (%s)", i ? ", " : " with ", others[i].address,
			others[i].driver[0] ? others[i].driver : "no driver");
	free(others);
}

static void print_use(const struct app_use *use, FILE *out)
{
	fprintf(out, "    interface %s, link %s", use->interface, use->link ? "up" : "down");
	if (use->mbps >= 0)
		fprintf(out, ", %d Mbit/s", use->mbps);
	if (use->addresses)
		fprintf(out, ", address %s%s", use->address, use->addresses > 1 ? " and more" : "");
	if (use->default_route)
		fprintf(out, ", carries the default route");
	if (use->routes)
		fprintf(out, ", %u route%s", use->routes, use->routes > 1 ? "s" : "");
	if (use->master[0])
		fprintf(out, ", part of %s", use->master);
	fprintf(out, "%s\n", app_use_matters(use) ? ": in use" : "");
}

static void print_virtual_functions(const struct vfio_pci *nic)
{
	char vfs[APP_USES][20];
	unsigned count = app_virtual_functions(nic, vfs);

	if (!count)
		return;
	printf("    virtual functions: %u", count);
	for (unsigned i = 0; i < count && i < APP_USES && vfs[i][0]; i++)
		printf("%s%s", i ? ", " : ": ", vfs[i]);
	printf("\n");
}

/* What nic_drives said, without the address. */
static const char *why_not(const struct vfio_pci *nic)
{
	return nic_error() + strlen(nic->address) + strlen(": ");
}

static void print_nic(const struct vfio_pci *nic)
{
	struct app_use uses[APP_USES];
	unsigned count = app_uses(nic, uses);
	char name[32], aspm[16], card[APP_PCI_NAME_BYTES];
	pid_t opener = vfio_pci_opener(nic, name);

	printf("%s  %04x:%04x  %s\n", nic->address, nic->vendor_id, nic->device_id, app_pci_name(nic, card));
	printf("    driver %s, ", nic->driver[0] ? nic->driver : "none");
	print_group(nic, stdout);
	if (nic->numa_node >= 0)
		printf(", NUMA node %d", nic->numa_node);
	app_aspm_text(nic->address, aspm);
	printf(aspm[0] ? ", ASPM %s\n" : "%s\n", aspm);
	if (!nic_drives(nic->address, nic->vendor_id, nic->device_id))
		printf("    not for Pollux: %s\n", why_not(nic));
	for (unsigned i = 0; i < count; i++)
		print_use(&uses[i], stdout);
	print_virtual_functions(nic);
	if (opener)
		printf("    open in process %d (%s)\n", (int)opener, name);
}

static void json_text(const char *key, const char *text, bool first)
{
	printf("%s\"%s\":", first ? "" : ",", key);
	if (text[0])
		app_json_string(stdout, text);
	else
		printf("null");
}

static void json_number(const char *key, int number)
{
	if (number < 0)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%d", key, number);
}

static void json_uses(const struct vfio_pci *nic)
{
	struct app_use uses[APP_USES];
	unsigned count = app_uses(nic, uses);

	printf(",\"interfaces\":[");
	for (unsigned i = 0; i < count; i++) {
		printf(i ? ",{" : "{");
		json_text("name", uses[i].interface, true);
		printf(",\"up\":%s,\"link\":%s", uses[i].up ? "true" : "false", uses[i].link ? "true" : "false");
		json_number("mbit_s", uses[i].mbps);
		json_text("address", uses[i].address, false);
		json_text("part_of", uses[i].master, false);
		printf(",\"addresses\":%u,\"routes\":%u,\"default_route\":%s,\"in_use\":%s}", uses[i].addresses,
			uses[i].routes, uses[i].default_route ? "true" : "false",
			app_use_matters(&uses[i]) ? "true" : "false");
	}
	printf("]");
}

static void json_nic(const struct vfio_pci *nic)
{
	struct vfio_pci *others = NULL;
	unsigned count = 0;
	char name[32], aspm[16], vfs[APP_USES][20], card[APP_PCI_NAME_BYTES];
	pid_t opener = vfio_pci_opener(nic, name);

	printf("{");
	json_text("address", nic->address, true);
	printf(",\"vendor_id\":\"%04x\",\"device_id\":\"%04x\",\"subsystem_vendor_id\":\"%04x\",\"subsystem_id\":\"%"
	       "04x\"",
		nic->vendor_id, nic->device_id, nic->subsystem_vendor_id, nic->subsystem_id);
	json_text("name", app_pci_name(nic, card), false);
	json_text("driver", nic->driver, false);
	json_text("driver_override", nic->driver_override, false);
	json_number("iommu_group", nic->noiommu ? -1 : nic->group);
	json_number("numa_node", nic->numa_node);
	const bool driven = nic_drives(nic->address, nic->vendor_id, nic->device_id);
	printf(",\"pollux\":%s", driven ? "true" : "false");
	json_text("why_not", driven ? "" : why_not(nic), false);
	json_number("opened_by", opener ? (int)opener : -1);
	json_number("virtual_functions", (int)app_virtual_functions(nic, vfs));
	app_aspm_text(nic->address, aspm);
	json_text("aspm", aspm, false);
	vfio_pci_neighbours(nic, &others, &count);
	printf(",\"group_with\":[");
	for (unsigned i = 0; i < count; i++) {
		printf(i ? ",{" : "{");
		json_text("address", others[i].address, true);
		json_text("driver", others[i].driver, false);
		printf("}");
	}
	free(others);
	printf("]");
	json_uses(nic);
	printf("}");
}

/* Whether a card is to be shown; found: which of the addresses of the command line are cards. */
static bool is_wanted(const struct vfio_pci *nic, bool found[ADDRESSES])
{
	bool wanted = tool.count == 0;
	struct vfio_pci one;

	for (unsigned i = 0; i < tool.count; i++)
		if (vfio_pci_find(&one, tool.addresses[i]) == 0 && strcmp(one.address, nic->address) == 0)
			wanted = found[i] = true;
	return wanted;
}

static bool status(void)
{
	bool found[ADDRESSES] = {false}, good = true, first = true;
	struct vfio_pci *nics;
	unsigned count;

	if (vfio_pci_list(&nics, &count) != 0)
		return app_error("%s", nic_error());
	if (tool.json)
		printf("{\"nics\":[");
	for (unsigned i = 0; i < count; i++) {
		if (!is_wanted(&nics[i], found))
			continue;
		if (tool.json && !first)
			printf(",");
		first = false;
		if (tool.json)
			json_nic(&nics[i]);
		else
			print_nic(&nics[i]);
	}
	if (tool.json)
		printf("]}\n");
	else if (!tool.count && !count)
		printf("This machine shows no network cards.\n");
	/* After a change every address is known to be a device. One that is not shown is another device of a group. */
	for (unsigned i = 0; i < tool.count && tool.command == STATUS; i++)
		if (!found[i])
			good = app_error(
				"%s is no network card of this machine: pollux-bind without an address lists them",
				tool.addresses[i]);
	free(nics);
	return good;
}

/* ---- Binding ---- */

/* Prints the steps of a plan, as shell commands. */
static void show(const struct bind_plan *plan)
{
	char text[512];

	for (unsigned i = 0; i < plan->count; i++) {
		bind_describe(&plan->steps[i], text, sizeof(text));
		if (!tool.json) {
			printf("%s\n", text);
			continue;
		}
		printf(i ? "," : "");
		app_json_string(stdout, text);
	}
}

/* Whether Pollux drives all cards that are to be bound: others would lose their interfaces for nothing. */
static bool all_are_driven(void)
{
	struct vfio_pci pci;

	for (unsigned i = 0; i < tool.count; i++)
		if (vfio_pci_find(&pci, tool.addresses[i]) == 0 && vfio_pci_is_network(&pci) &&
			!nic_drives(pci.address, pci.vendor_id, pci.device_id)) {
			app_error(tool.options.force ? "%s; bound all the same, for other programs (--force)"
						     : "%s; --force binds it all the same",
				nic_error());
			if (!tool.options.force)
				return false;
		}
	return true;
}

static bool change(void)
{
	struct bind_plan plan;
	bool good;

	if (tool.command == BIND && !all_are_driven())
		return false;
	if ((tool.command == BIND ? bind_plan : restore_plan)(&plan, tool.addresses, tool.count, &tool.options) != 0)
		return app_error("%s", nic_error());
	if (tool.dry_run) {
		if (tool.json)
			printf("{\"steps\":[");
		show(&plan);
		if (tool.json)
			printf("]}\n");
		else if (!plan.count)
			printf("# nothing to do\n");
		bind_free(&plan);
		return true;
	}
	good = bind_run(&plan) == 0 || app_error("%s", nic_error());
	bind_free(&plan);
	return good && status();
}

/* ---- Command line ---- */

enum { KEY_GROUP = 256, KEY_FORCE, KEY_ROOT };

static const struct argp_option options[] = {
	{"user", 'u', "NAME", 0, "bind: hand the device's nodes to this user, who needs no root then", 0},
	{"group", KEY_GROUP, NULL, 0, "bind, restore: all devices of the IOMMU group, whatever they are", 0},
	{"force", KEY_FORCE, NULL, 0, "bind: also a card that is in use, or that Pollux does not drive", 0},
	{"dry-run", 'n', NULL, 0, "bind, restore: change nothing; print the shell commands that would do the same", 0},
	{"json", 'j', NULL, 0, "print JSON", 0},
	{"root", KEY_ROOT, "FOLDER", 0, "use the sys, dev, proc and run below this folder (an image, a test)", 0},
	{0},
};

static const char doc[] =
	"Shows the network cards of the machine, gives them to vfio-pci for Pollux, and back to the drivers that they "
	"had.\n"
	"status (or nothing): each card with driver, IOMMU group, NUMA node, power saving of its PCI Express link "
	"(ASPM), network link, and what the kernel uses it for.\n"
	"bind ADDRESS...: to vfio-pci; their network interfaces go away. restore ADDRESS...: to the drivers of "
	"before.\v"
	"bind refuses a card that is in use (its interface has an address or carries a route, it has virtual "
	"functions), one that Pollux does not drive, and one whose IOMMU group has others with drivers of the "
	"kernel's: see --force and --group. The driver of before is noted in /run/pollux; where that is lost, restore "
	"leaves the choice to the kernel. All cards of a command are bound, or none is: when a step fails, those "
	"before it are undone. What is bound already stays so: repeating does no harm. Nothing of it survives a "
	"reboot. Addresses and routes are those of this network namespace.\n"
	"\n"
	"bind switches ASPM off, because some cards fail with it and all answer later; restore switches it on again. "
	"All functions of a card share their link.\n"
	"\n"
	"--user hands over /dev/vfio/GROUP and /dev/vfio/devices/vfioN, and opens /dev/iommu to all, which gives "
	"access to no device by itself. That user's limit of locked memory must allow the packet buffers: "
	"pollux-doctor says how much.\n"
	"\n"
	"Examples:\n"
	"  pollux-bind\n"
	"  pollux-bind bind --user somebody 0000:03:00.0 0000:03:00.1\n"
	"  pollux-bind restore 0000:03:00.0 0000:03:00.1\n"
	"\n"
	"Exit status: 0 done; 1 something failed, and a sentence says what mends it; 2 the command line was wrong.";

static void set_user(const char *name, struct argp_state *state)
{
	const struct passwd *user = getpwnam(name);
	char *end;
	unsigned long uid = strtoul(name, &end, 10);

	if (!user && *name && !*end && uid < UINT32_MAX)
		user = getpwuid((uid_t)uid);
	if (!user)
		argp_error(state, "--user %s: there is no such user", name);
	tool.options.user = true;
	tool.options.uid = user->pw_uid;
	tool.options.gid = user->pw_gid;
}

static void add_word(char *text, struct argp_state *state)
{
	static const char *const commands[] = {[STATUS] = "status", [BIND] = "bind", [RESTORE] = "restore"};

	if (state->arg_num == 0)
		for (unsigned i = 0; i < 3; i++)
			if (strcmp(text, commands[i]) == 0) {
				tool.command = (enum command)i;
				return;
			}
	if (!strchr(text, ':'))
		argp_error(state, "%s: status, bind or restore is wanted, or a PCI address such as 0000:03:00.0", text);
	if (tool.count == ADDRESSES)
		argp_error(state, "too many addresses: at most %u", ADDRESSES);
	tool.addresses[tool.count++] = text;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'u':
		set_user(text, state);
		return 0;
	case KEY_GROUP:
		tool.options.whole_group = true;
		return 0;
	case KEY_FORCE:
		tool.options.force = true;
		return 0;
	case 'n':
		tool.dry_run = true;
		return 0;
	case 'j':
		tool.json = true;
		return 0;
	case KEY_ROOT:
		if (access(text, F_OK) != 0)
			argp_error(state, "--root %s: there is no such folder", text);
		vfio_set_root(text);
		return 0;
	case ARGP_KEY_ARG:
		add_word(text, state);
		return 0;
	case ARGP_KEY_END:
		if (tool.command != STATUS && tool.count == 0)
			argp_error(state, "an address is wanted");
		if (tool.command != BIND && tool.options.user)
			argp_error(state, "--user belongs to bind");
		if (tool.command != BIND && tool.options.force)
			argp_error(state, "--force belongs to bind");
		if (tool.command == STATUS && (tool.options.whole_group || tool.dry_run))
			argp_error(state, "--group and --dry-run belong to bind and restore");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "[status|bind|restore] [ADDRESS...]", doc, NULL, NULL, NULL};

	app_parse(&argp, argc, argv, NULL);
	bool good = tool.command == STATUS ? status() : change();
	return app_output_end_all() && good ? APP_OK : APP_FAILED;
}
