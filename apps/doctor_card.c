/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-doctor's report on one card: what can be seen of it from outside, and, opened, what it says of itself. */
#include "doctor_card.h"

#include "../driver/nic.h"
#include "../vfio/host/files.h"
#include "../vfio/host/iommu.h"
#include "../vfio/host/use.h"

#include "app_aspm.h"
#include "app_base.h"
#include "app_figures.h"
#include "app_pci.h"
#include "app_use.h"
#include "doctor_can.h"
#include "doctor_findings.h"
#include "doctor_pcie.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define FACTS 64u
#define NOTES 64u

struct facts {
	struct nic_fact list[FACTS];
	unsigned count;
};

static struct {
	struct facts outside, inside;
	struct doctor_pcie pcie;
	bool opened, gone;
	bool interrupted; /* the wait for its link was */
	struct nic_link link;
	uint32_t line_mbps; /* 0: unknown */
	uint64_t opened_ns;
	struct nic_note notes[NOTES];
	unsigned note_count;
} card;

static void add(struct facts *facts, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(struct facts *facts, const char *name, const char *format, ...)
{
	va_list arguments;

	if (facts->count == FACTS)
		return;
	struct nic_fact *fact = &facts->list[facts->count++];
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	va_start(arguments, format);
	vsnprintf(fact->value, sizeof(fact->value), format, arguments);
	va_end(arguments);
}

/* ---- From outside: the machine ---- */

static void look_at_cpu(const char *address, int card_node)
{
	char path[PATH_MAX], text[128];
	unsigned cpu = 0, node = 0;

	getcpu(&cpu, &node);
	vfio_path(path, "/sys/devices/system/node/node%d/cpulist", card_node);
	if (card_node < 0)
		add(&card.outside, "NUMA node", "unknown of the card; this CPU (%u) is of node %u", cpu, node);
	else
		add(&card.outside, "NUMA node", "%d; this CPU (%u) is of node %u", card_node, cpu, node);
	if (card_node >= 0 && (unsigned)card_node != node && vfio_read_line(path, text, sizeof(text)))
		doctor_find(WARNING, address, doctor_mend("--cpu, with CPUs of node %d: %s", card_node, text),
			"it is at NUMA node %d, and this program runs on node %u: each packet crosses between them",
			card_node, node);
	vfio_path(path, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpu);
	if (vfio_read_line(path, text, sizeof(text))) {
		add(&card.outside, "governor", "%s", text);
		if (strcmp(text, "performance") != 0)
			doctor_find(WARNING, "CPU", "cpupower frequency-set -g performance (as root)",
				"the governor %s may keep it slower than it can be", text);
	}
	vfio_path(path, "/sys/devices/system/cpu/intel_pstate/no_turbo");
	if (vfio_read_line(path, text, sizeof(text)))
		add(&card.outside, "turbo", "%s", text[0] == '0' ? "on" : "off");
	vfio_path(path, "/sys/devices/system/cpu/cpufreq/boost");
	if (vfio_read_line(path, text, sizeof(text)))
		add(&card.outside, "turbo", "%s", text[0] == '1' ? "on" : "off");
}

static void look_at_machine(void)
{
	struct utsname system;

	add(&card.outside, "Pollux", "%s", POLLUX_VERSION);
	if (uname(&system) == 0)
		add(&card.outside, "kernel", "%s %s", system.sysname, system.release);
}

/* ---- From outside: the card ---- */

static void look_at_identity(const struct vfio_pci *pci)
{
	char path[PATH_MAX], text[16], name[APP_PCI_NAME_BYTES];

	if (vfio_pci_is_network(pci))
		add(&card.outside, "name", "%s", app_pci_name(pci, name));
	vfio_path(path, "/sys/bus/pci/devices/%s/revision", pci->address);
	vfio_read_line(path, text, sizeof(text));
	add(&card.outside, "ids", "%04x:%04x, subsystem %04x:%04x%s%s", pci->vendor_id, pci->device_id,
		pci->subsystem_vendor_id, pci->subsystem_id, text[0] ? ", revision " : "", text);
}

static void look_at_use(const struct vfio_pci *pci)
{
	struct app_use uses[APP_USES];
	unsigned count = app_uses(pci, uses);
	char name[32];
	pid_t opener = vfio_pci_opener(pci, name);

	add(&card.outside, "driver", "%s", pci->driver[0] ? pci->driver : "none");
	for (unsigned i = 0; i < count; i++)
		add(&card.outside, "interface", "%s, link %s, %d Mbit/s%s", uses[i].interface,
			uses[i].link ? "up" : "down", uses[i].mbps, app_use_matters(&uses[i]) ? ", in use" : "");
	if (opener)
		add(&card.outside, "used by", "process %d (%s)", (int)opener, name);
}

static void look_at_group(const struct vfio_pci *pci)
{
	struct vfio_reserved ranges[FACTS];
	struct vfio_pci *others;
	unsigned count;

	if (pci->group < 0)
		add(&card.outside, "IOMMU group", "none");
	else
		add(&card.outside, "IOMMU group", "%d", pci->group);
	if (vfio_pci_neighbours(pci, &others, &count) == 0) {
		for (unsigned i = 0; i < count; i++)
			add(&card.outside, "with", "%s (%s)", others[i].address,
				others[i].driver[0] ? others[i].driver : "no driver");
		free(others);
	}
	count = vfio_reserved_ranges(pci->address, ranges, FACTS);
	for (unsigned i = 0; i < count && i < FACTS; i++)
		add(&card.outside, "reserved", "0x%" PRIx64 "-0x%" PRIx64 " %s", ranges[i].first, ranges[i].last,
			ranges[i].type);
}

static void add_lanes(const char *name, const struct doctor_lanes *lanes, const char *whose)
{
	if (lanes->width)
		add(&card.outside, name, "%g GT/s, %u lanes%s%s", lanes->gt_s, lanes->width, *whose ? ", of " : "",
			whose);
}

static bool is_less(const struct doctor_lanes *a, const struct doctor_lanes *b)
{
	return a->width && b->width && (a->width < b->width || a->gt_s < b->gt_s);
}

static void judge_lanes(const char *address, const struct doctor_pcie *pcie)
{
	if (!is_less(&pcie->now, &pcie->card_max))
		return;
	if (is_less(&pcie->slot_max, &pcie->card_max))
		doctor_find(WARNING, address,
			doctor_mend("use a slot with %u lanes of %g GT/s", pcie->card_max.width, pcie->card_max.gt_s),
			"its slot (%s) has %u lanes of %g GT/s; the card can use %u of %g", pcie->slot,
			pcie->slot_max.width, pcie->slot_max.gt_s, pcie->card_max.width, pcie->card_max.gt_s);
	else
		doctor_find(WARNING, address,
			"seat the card anew, try another slot, and see what the firmware setup says of this one's "
			"lanes and speed",
			"its link came up with %u lanes of %g GT/s, of %u of %g that card and slot can",
			pcie->now.width, pcie->now.gt_s, pcie->card_max.width, pcie->card_max.gt_s);
}

static void look_at_registers(const char *address, const struct doctor_pcie *pcie)
{
	static const char *const aspm[] = {"off", "L0s", "L1", "L0s, L1"};

	if (!pcie->registers) {
		add(&card.outside, "PCIe registers",
			"only root can read them: run this as root for ASPM, MaxPayload, "
			"MaxReadRequest and the completion timeout");
		return;
	}
	add(&card.outside, "ASPM", "%s; the card knows %s", aspm[pcie->link_control & PCI_EXP_LNKCTL_ASPMC],
		aspm[(pcie->link_capabilities & PCI_EXP_LNKCAP_ASPMS) >> 10]);
	add(&card.outside, "MaxPayload", "%u bytes, of %u", pcie->payload, pcie->payload_max);
	add(&card.outside, "MaxReadRequest", "%u bytes", pcie->read_request);
	if (pcie->timeout_known)
		add(&card.outside, "completion timeout", "%s; ranges 0x%x", doctor_pcie_timeout(pcie->timeout),
			pcie->timeout_ranges);
	add(&card.outside, "PCIe registers", "LNKCAP %08x, LNKCTL %04x, LNKSTA %04x", pcie->link_capabilities,
		pcie->link_control, pcie->link_status);
	if (pcie->read_request < 512)
		doctor_find(WARNING, address, "see the firmware setup for the maximum read request size",
			"it may ask memory for %u bytes at a time only: large frames that are sent wait for more "
			"answers",
			pcie->read_request);
}

static void look_at_link(const char *address)
{
	struct doctor_pcie *pcie = &card.pcie;
	char aspm[16];

	doctor_pcie_read(pcie, address);
	if (!pcie->express) {
		add(&card.outside, "bus",
			"conventional PCI: 133 MB/s at 33 MHz, for all devices on it, both ways together");
		return;
	}
	if (!pcie->now.width)
		add(&card.outside, "PCIe link", "none of its own: part of the chip set, or of a hypervisor");
	add_lanes("PCIe link", &pcie->now, "");
	add_lanes("the card can", &pcie->card_max, "");
	add_lanes("the slot can", &pcie->slot_max, pcie->slot);
	app_aspm_text(address, aspm);
	if (!pcie->registers && aspm[0])
		add(&card.outside, "ASPM", "%s", aspm);
	look_at_registers(address, pcie);
	judge_lanes(address, pcie);
}

void doctor_card_look(const char *address, const struct vfio_pci *pci)
{
	look_at_machine();
	if (!pci) {
		look_at_cpu(address, -1);
		return;
	}
	look_at_identity(pci);
	look_at_use(pci);
	look_at_link(pci->address);
	look_at_cpu(pci->address, pci->numa_node);
	look_at_group(pci);
}

/* ---- Opened ---- */

/* The last failure, without the address that findings begin with. */
static const char *failure(const char *address)
{
	const char *sentence = nic_error();
	size_t length = strlen(address);

	return strncmp(sentence, address, length) == 0 && strncmp(sentence + length, ": ", 2) == 0
		       ? sentence + length + 2
		       : sentence;
}

/* Tells what failed, once: a card that refuses a register does so at each look, and one that is gone stays gone. */
static void tell_failure(const char *address, int error)
{
	static char told[256];
	const char *sentence = failure(address);

	if (card.gone || strncmp(told, sentence, sizeof(told) - 1) == 0)
		return;
	card.gone = error == -ENODEV;
	snprintf(told, sizeof(told), "%s", sentence);
	doctor_find(card.gone ? PROBLEM : WARNING, address, "", "%s", sentence);
}

/* Tells how the wait for the link ended, which the card has lived through. */
static void tell_link(const char *address, double wait_s, double waited_s)
{
	const char *state = card.link.state, *colon = state[0] ? ": " : "";

	if (card.link.up)
		doctor_find(FINE, address, "", "its link is up, %u Mbit/s, after %.1f s", card.link.mbps, waited_s);
	else if (card.interrupted)
		doctor_find(WARNING, address, doctor_mend("let it wait: up to %g s, or --wait SECONDS", wait_s),
			"the wait for its link was interrupted after %.1f s, and it was down%s%s", waited_s, colon,
			state);
	else if (wait_s == 0)
		doctor_find(WARNING, address, "--wait SECONDS waits for it",
			"its link is down, and was not waited for%s%s", colon, state);
	else
		doctor_find(WARNING, address,
			state[0] ? "unless that is the reason, see the cable, the module and the partner's port; the "
				   "card's own words are below"
				 : "see the cable, the module and the partner's port; the card's own words are below",
			"its link did not come up in %g s%s%s", wait_s, colon, state);
}

/* Serves the card until its link is up. */
static void wait_for_link(const char *address, struct nic *nic, double wait_s)
{
	const uint64_t begin = app_now_ns(), end = begin + (uint64_t)(wait_s * 1e9);
	uint64_t now = begin, said = begin;

	while (!card.gone) {
		struct pollfd fds[1];
		int error = nic_service(nic, NULL);

		if (error)
			tell_failure(address, error);
		now = app_now_ns();
		if ((nic_get_link(nic, &card.link) == 0 && card.link.up) || now >= end)
			break;
		card.interrupted = app_stopping();
		if (card.interrupted)
			break;
		if (now - said >= 1000000000) {
			said = now;
			fprintf(stderr, "pollux-doctor: waits for the link, %.0f of %g s: %s\n",
				(double)(now - begin) / 1e9, wait_s,
				card.link.state[0] ? card.link.state : "it is down");
		}
		app_sleep(fds, 1, now + 50000000);
	}
	if (card.link.up || !card.gone)
		tell_link(address, wait_s, (double)(now - begin) / 1e9);
}

static void ask_facts(struct nic *nic)
{
	struct facts *inside = &card.inside;
	const unsigned room = FACTS - inside->count;
	unsigned count = nic_get_facts(nic, inside->list + inside->count, room);

	inside->count += count < room ? count : room;
}

static void ask_card(const char *address, struct nic *nic)
{
	struct nic_stats stats;

	ask_facts(nic);
	if (nic_get_stats(nic, &stats) == 0)
		add(&card.inside, "frames meanwhile", "%" PRIu64 " received, %" PRIu64 " bad, %" PRIu64 " missed",
			stats.rx_packets, stats.rx_errors, stats.rx_missed);
	int error = nic_stop(nic);
	if (error)
		tell_failure(address, error);
}

static void use_card(const char *address, struct nic *nic, double wait_s)
{
	const struct nic_config config = {.rx_ring = 0};
	struct nic_info info;
	uint64_t next = 0;

	nic_get_info(nic, &info);
	card.line_mbps = info.max_link_mbps;
	add(&card.inside, "card", "%s, by %s", info.name, info.driver);
	add(&card.inside, "reached by", "%s", info.reached_by);
	add(&card.inside, "address", "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1], info.mac[2],
		info.mac[3], info.mac[4], info.mac[5]);
	card.inside.count += doctor_abilities(&info, card.inside.list + card.inside.count);
	if (nic_start(nic, &config) == 0) {
		wait_for_link(address, nic, wait_s);
		ask_card(address, nic);
	} else {
		doctor_find(PROBLEM, address, "", "it cannot be started: %s", failure(address));
		ask_facts(nic);
	}
	card.note_count = nic_get_notes(nic, &next, card.notes, NOTES);
}

void doctor_card_open(const char *address, double wait_s)
{
	struct dma_space *space;
	struct nic *nic;

	app_catch_signals();
	card.opened_ns = app_now_ns();
	if (dma_space_open(&space) != 0) {
		doctor_find(PROBLEM, address, "", "%s", failure(address));
		return;
	}
	if (nic_open(&nic, address, space) != 0) {
		doctor_find(PROBLEM, address, "", "it cannot be opened: %s", failure(address));
	} else {
		card.opened = true;
		use_card(address, nic, wait_s);
		nic_close(nic);
	}
	dma_space_unref(space);
}

/* ---- The report ---- */

static const unsigned frame_sizes[] = {64, 1518};
#define SIZES (sizeof(frame_sizes) / sizeof(*frame_sizes))

/* Frames per second on the wire, one way; 0: the speed is not known. */
static double line_pps(unsigned frame_bytes)
{
	const uint32_t mbps = card.link.up ? card.link.mbps : card.line_mbps;

	return mbps * 1e6 / (8 * (frame_bytes + NIC_PREAMBLE_GAP_BYTES));
}

static double note_seconds(const struct nic_note *note)
{
	return ((double)note->time_ns - (double)card.opened_ns) / 1e9;
}

static void print_facts(const struct facts *facts)
{
	for (unsigned i = 0; i < facts->count; i++)
		printf("  %-20s %s\n", facts->list[i].name, facts->list[i].value);
}

static void print_text(const char *address)
{
	if (card.outside.count)
		printf("\n%s, from outside:\n", address);
	print_facts(&card.outside);
	for (unsigned i = 0; i < SIZES; i++) {
		const double pcie = doctor_pcie_pps(&card.pcie, frame_sizes[i]), line = line_pps(frame_sizes[i]);

		if (pcie > 0)
			printf("  frames of %4u bytes the bus carries %.2f million a second, received and sent "
			       "at "
			       "once%s",
				frame_sizes[i], pcie / 1e6, line > 0 ? "" : "\n");
		if (pcie > 0 && line > 0)
			printf("; the wire %.2f: expect %.2f\n", line / 1e6, (pcie < line ? pcie : line) / 1e6);
	}
	if (!card.opened)
		return;
	printf("\n%s, opened:\n  %-20s ", address, "link");
	if (card.link.up)
		printf("up, %u Mbit/s", card.link.mbps);
	else
		printf("down");
	printf("%s%s\n", card.link.state[0] ? ": " : "", card.link.state);
	print_facts(&card.inside);
	printf("\nWhat happened since it was opened:\n");
	for (unsigned i = 0; i < card.note_count; i++)
		printf("  %9.3f s  %s\n", note_seconds(&card.notes[i]), card.notes[i].text);
	if (!card.note_count)
		printf("  nothing to speak of\n");
}

static void json_facts(const struct facts *facts)
{
	for (unsigned i = 0; i < facts->count; i++) {
		printf("%s{\"name\":", i ? "," : "");
		app_json_string(stdout, facts->list[i].name);
		printf(",\"value\":");
		app_json_string(stdout, facts->list[i].value);
		printf("}");
	}
}

static void json_rate(const char *key, double pps)
{
	if (pps > 0)
		printf("%s%.0f", key, pps);
	else
		printf("%snull", key);
}

static void print_json(const char *address)
{
	printf(",\"card\":{\"address\":");
	app_json_string(stdout, address);
	printf(",\"outside\":[");
	json_facts(&card.outside);
	printf("],\"frames\":[");
	for (unsigned i = 0; i < SIZES; i++) {
		printf("%s{\"frame_bytes\":%u", i ? "," : "", frame_sizes[i]);
		json_rate(",\"pcie_pps\":", doctor_pcie_pps(&card.pcie, frame_sizes[i]));
		json_rate(",\"line_pps\":", line_pps(frame_sizes[i]));
		printf("}");
	}
	printf("],\"opened\":%s,\"up\":%s,\"mbit_s\":%u,\"state\":", card.opened ? "true" : "false",
		card.link.up ? "true" : "false", card.link.mbps);
	app_json_string(stdout, card.link.state);
	printf(",\"interrupted\":%s,\"inside\":[", card.interrupted ? "true" : "false");
	json_facts(&card.inside);
	printf("],\"notes\":[");
	for (unsigned i = 0; i < card.note_count; i++) {
		printf("%s{\"time_s\":%.6f,\"text\":", i ? "," : "", note_seconds(&card.notes[i]));
		app_json_string(stdout, card.notes[i].text);
		printf("}");
	}
	printf("]}");
}

bool doctor_card_interrupted(void)
{
	return card.interrupted;
}

void doctor_card_print(const char *address)
{
	if (doctor_findings.json)
		print_json(address);
	else
		print_text(address);
}
