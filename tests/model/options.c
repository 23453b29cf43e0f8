/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-model's command line: a table of options, and a function for each kind of value. */
#include "options.h"
#include "link_text.h"
#include "wire/configure.h"
#include "wire/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static const struct {
	const char *name;
	uint32_t breakage;
	const char *what;
} breakages[] = {
	{"reset-stuck", MODEL_RESET_STUCK, "CTRL.RST never clears"},
	{"master-stuck", MODEL_MASTER_STUCK, "STATUS.GIO never clears"},
	{"eeprom-stuck", MODEL_EEPROM_STUCK, "EEC.AUTO_RD never comes"},
	{"eeprom-absent", MODEL_EEPROM_ABSENT, "EEC.EE_PRES is 0"},
	{"dma-init-stuck", MODEL_DMA_INIT_STUCK, "RDRXCTL.DMAIDONE never comes"},
	{"rx-enable-stuck", MODEL_RX_ENABLE_STUCK, "RXDCTL.ENABLE never comes"},
	{"tx-enable-stuck", MODEL_TX_ENABLE_STUCK, "TXDCTL.ENABLE never comes"},
	{"rx-disable-stuck", MODEL_RX_DISABLE_STUCK, "RXDCTL.ENABLE never goes"},
	{"secrx-stuck", MODEL_SECRX_STUCK, "SECRXSTAT.SECRX_RDY never comes"},
	{"bad-mac", MODEL_BAD_MAC, "the address in RAL/RAH is a multicast one"},
	{"gone", MODEL_GONE, "every read is all ones"},
	{"bus-master-stuck", MODEL_BUS_MASTER_STUCK, "COMMAND.BusMaster cannot be set"},
	{"tx-stuck", MODEL_TX_STUCK, "transmit queues never advance"},
	{"semaphores-kept", MODEL_SEMAPHORES_KEPT, "firmware never gives its bits of SW_FW_SYNC back"},
	{"nvm-pointers", MODEL_NVM_POINTERS, "pointers of the NVM lead behind its end"},
	{"nvm-checksum", MODEL_NVM_CHECKSUM, "the checksum of the NVM is wrong"},
	{"phy-silent", MODEL_PHY_SILENT, "X540, X550: no PHY answers MDIO, and there is no link"},
	{"mdio-stuck", MODEL_MDIO_STUCK, "X540, X550: MSCA.MDI_COMMAND never clears"},
	{"mac-csr-kept", MODEL_MAC_CSR_KEPT, "82599: firmware never gives the semaphore of AUTOC and CORECTL back"},
};

static const struct {
	const char *name;
	uint32_t quirk;
	const char *what;
} quirks[] = {
	{"slow", MODEL_QUIRK_SLOW,
		"what takes its time takes as long as on a card: NVM and DMA after a reset, the link"},
	{"memory", MODEL_QUIRK_MEMORY,
		"tables, filters, rates, counters and pins survive resets, and begin as left by others"},
	{"stale", MODEL_QUIRK_STALE,
		"without link transmit goes on until 160 KiB wait, which it sends when the link comes"},
	{"enable", MODEL_QUIRK_ENABLE,
		"RXDCTL.ENABLE and TXDCTL.ENABLE go late, and without link never; SECRX_RDY comes late"},
	{"hang", MODEL_QUIRK_HANG, "receive hangs if RXEN is set into traffic that SECRXCTRL does not halt"},
	{"pause", MODEL_QUIRK_PAUSE, "the partner sends pause frames"},
	{"prefetch", MODEL_QUIRK_PREFETCH, "receive descriptors are fetched ahead, 64 of a queue"},
	{"firmware", MODEL_QUIRK_FIRMWARE, "firmware takes all semaphores now and then, for 3 ms"},
	{"checksum", MODEL_QUIRK_CHECKSUM,
		"82599: UDP without a checksum, and the headers of IPv4 fragments, are reported as wrong"},
	{"vp", MODEL_QUIRK_VP, "the status VP tells of a VLAN tag that stays in the frame, too"},
	{"tx-hang", MODEL_QUIRK_TX_HANG, "a transmit queue that is handed nonsense stops, until it is enabled anew"},
	{"pipeline-reset", MODEL_QUIRK_PIPELINE_RESET,
		"82599: no link before a pipeline reset (AUTOC.LMS toggled and back)"},
	{"core-words", MODEL_QUIRK_CORE_WORDS, "82599: no link before CORECTL has had the NVM's words for the module"},
	{"link-disabled", MODEL_QUIRK_LINK_DISABLED,
		"82599: the NVM sets AUTOC2 30:28, and no link before they are cleared"},
	{"crosstalk", MODEL_QUIRK_CROSSTALK, "82599: LINKS says up while the cage is empty"},
	{"manageability", MODEL_QUIRK_MANAGEABILITY,
		"82599: firmware shares AUTOC, and a link that is up is its own too"},
	{"phy-low-power", MODEL_QUIRK_PHY_LOW_POWER, "X540, X550: the PHY comes up in low power"},
	{"all", MODEL_QUIRKS_ALL, "all of these"},
};

static const char help_before_cards[] =
	"Usage: pollux-model --port SOCKET [--port SOCKET2] [--wire PORT:END]... [options]\n"
	"A software 82599, or one of its successors, with one or two ports, each a vfio-user device behind a UNIX "
	"socket.\n"
	"A port serves one client at a time and is reset when it goes; a second one is refused.\n"
	"\n"
	"The card:\n"
	"  --card NAME          which of the family it is:\n";
static const char help_after_wires[] =
	"  --hold               sources and captures wait for SIGUSR1 before their first frame\n"
	"\n"
	"When to end (else at SIGINT or SIGTERM):\n"
	"  --exit-when-done     when all frames of pcap-in and source,count=N were received and nothing moved for 200 "
	"ms\n"
	"  --expect N           with --exit-when-done: as soon as the ports have sent N frames, or nothing moved for 5 "
	"s\n"
	"  --duration SECONDS   counted from the first frame\n"
	"  --once               when all ports had a client and none has one any more\n"
	"\n"
	"What to say:\n"
	"  --stats              live counters on stderr, once a second\n"
	"  --json               the statistics at the end as JSON (its fields: apps/README.md). SIGUSR2 has them "
	"written\n"
	"                       as JSON at once, whatever else was asked for\n"
	"  --help, --version    this list; Pollux's version\n"
	"\n"
	"For tests:\n"
	"  --lose N, --corrupt N  the N-th frame for a pcap-out is left out, or gets a bit flipped in its middle\n"
	"  --no-shared          heads and tails are not shared as memory: every register access is a message, and "
	"exact.\n"
	"                       For guests, whose drivers use more than heads and tails of those pages\n"
	"  --interrupts KIND    msi or intx: these are all that a client is offered; none: not even those\n"
	"  --link-down          nobody at the other end of the wires\n"
	"  --control FIFO       does what is written there, a command a line; the FIFO is made, and goes at the end:\n"
	"      link PORT down     the wire is pulled out; that of a cable takes the other port's link along\n"
	"      link PORT up       and plugged in again\n"
	"      module PORT NAME   the 82599's cage has another module, or none\n"
	"      partner PORT MBPS[,MBPS]...  what the other end can do from now on\n"
	"      fault PORT NAME [N]  something happens to the card, from the list below\n"
	"      fault PORT random SEED  one of those that a reset ends, as the number says\n"
	"      meter PORT ID KEY=VALUE,...  the port's meter measures, and says it as ID, when the port is up; what it "
	"did\n"
	"                         before is ended. The keys are below\n"
	"      pause PORT MS      the other end sends pause frames, one behind the other, for so long; 0: no more\n"
	"  --partner MBPS[,MBPS]...  what the other end can do; without, all speeds\n"
	"  --link-tries N       82599: the link comes up at the N-th restart of AUTOC, a reset not counted\n"
	"  --nvm-lms N          82599: AUTOC.LMS after a reset; without, 3, 10 Gbit/s serial\n"
	"  --real               all that a real card does and the model by itself does not: all quirks, --link-tries "
	"3,\n"
	"                       --nvm-lms 1\n"
	"  --time-scale N       a real card's times are divided by N\n"
	"  --quirk NAME         one of the things that a real card does, as often as wanted:\n";
static const char help_before_modules[] =
	"  --module NAME        what is in the cage of the 82599 (--sfp-absent: none):\n";
static const char help_before_breakages[] = "  --break NAME         a device that is broken, as often as wanted:\n";

void options_help(FILE *to)
{
	fputs(help_before_cards, to);
	for (unsigned card = 0; card < MODEL_CARDS; card++)
		fprintf(to, "      %-18s %s%s\n", model_card_name(card), model_card_description(card),
			card ? "" : " (default)");
	fputs("  --mac PORT:ADDRESS   a port's address; without, one that no other process has: 02:82 and four random "
	      "bytes\n\n",
		to);
	fputs(wire_help, to);
	fputs(help_after_wires, to);
	for (unsigned i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		fprintf(to, "      %-18s %s\n", quirks[i].name, quirks[i].what);
	fputs(help_before_modules, to);
	for (unsigned module = 0; module < MODEL_MODULES; module++)
		fprintf(to, "      %-18s %s%s\n", model_module_name(module), model_module_description(module),
			module ? "" : " (default)");
	fputs(help_before_breakages, to);
	for (unsigned i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++)
		fprintf(to, "      %-18s %s\n", breakages[i].name, breakages[i].what);
	fputs("  meter PORT ID KEY=VALUE,..., for --control:\n", to);
	fputs(meter_keys, to);
	fputs("  fault PORT NAME [N], for --control; N is 0 where it is not said:\n", to);
	for (unsigned i = 0; i < MODEL_INCIDENTS; i++)
		fprintf(to, "      %-18s %s\n", model_incident_name(i), model_incident_description(i));
	fputs("\nExit status: 0; 1: something failed on the way; 2: the command line or a capture cannot be used.\n",
		to);
}

static bool broken_by_name(struct options *options, const char *name)
{
	for (unsigned i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++) {
		if (strcmp(breakages[i].name, name) == 0) {
			options->broken |= breakages[i].breakage;
			return true;
		}
	}
	fprintf(stderr, "pollux-model: --break does not know '%s': see --help\n", name);
	return false;
}

static bool quirk_by_name(struct options *options, const char *name)
{
	for (unsigned i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
		if (strcmp(quirks[i].name, name) == 0) {
			options->model.quirks |= quirks[i].quirk;
			return true;
		}
	}
	fprintf(stderr, "pollux-model: --quirk does not know '%s': see --help\n", name);
	return false;
}

static bool interrupts_by_name(struct options *options, const char *name)
{
	static const char *const names[] = {
		[MODEL_ONLY_MSI] = "msi", [MODEL_ONLY_INTX] = "intx", [MODEL_NO_INTERRUPTS] = "none"};
	for (unsigned i = MODEL_ONLY_MSI; i <= MODEL_NO_INTERRUPTS; i++) {
		if (strcmp(names[i], name) == 0) {
			options->model.interrupts = (enum model_interrupts)i;
			return true;
		}
	}
	fprintf(stderr, "pollux-model: --interrupts takes msi, intx or none, not '%s'\n", name);
	return false;
}

static bool time_scale(struct options *options, const char *text)
{
	uint64_t value;
	if (text_number(text, 1, 1000000, &value)) {
		options->model.time_scale = (unsigned)value;
		return true;
	}
	fprintf(stderr, "pollux-model: --time-scale takes a number from 1 to 1000000, not '%s'\n", text);
	return false;
}

/** A card as real as it can be, where the command line does not say how. */
static void become_real(struct options *options)
{
	options->model.quirks |= MODEL_QUIRKS_ALL;
	if (!options->model.link_tries)
		options->model.link_tries = 3;
	if (!options->model.nvm_lms)
		options->model.nvm_lms = 1;
}

static bool module_by_name(struct options *options, const char *name)
{
	if (link_text_module(name, &options->model.module))
		return true;
	fprintf(stderr, "pollux-model: --module does not know '%s': see --help\n", name);
	return false;
}

static bool partner_speeds(struct options *options, const char *text)
{
	if (link_text_speeds(text, &options->model.partner_speeds))
		return true;
	fprintf(stderr,
		"pollux-model: --partner takes speeds in Mbit/s, of 100, 1000, 2500, 5000 and 10000, with commas "
		"between, not '%s'\n",
		text);
	return false;
}

static bool small_number(const char *name, const char *text, unsigned most, unsigned *value)
{
	uint64_t number;
	if (text_number(text, 1, most, &number)) {
		*value = (unsigned)number;
		return true;
	}
	fprintf(stderr, "pollux-model: --%s takes a number from 1 to %u, not '%s'\n", name, most, text);
	return false;
}

static bool count_from_1(const char *name, const char *text, uint64_t *value)
{
	if (text_number(text, 1, UINT64_MAX, value))
		return true;
	fprintf(stderr, "pollux-model: --%s takes a number from 1, not '%s'\n", name, text);
	return false;
}

static bool card_by_name(struct options *options, const char *name)
{
	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		if (strcmp(model_card_name(card), name) == 0) {
			options->model.card = (enum model_card)card;
			return true;
		}
	}
	fprintf(stderr, "pollux-model: --card does not know '%s': see --help\n", name);
	return false;
}

/** Addresses until the command line says others: locally administered, of this process alone, and an even and an odd
 * one. */
static void draw_addresses(struct options *options)
{
	uint8_t drawn[4] = {0};
	if (getrandom(drawn, sizeof(drawn), GRND_NONBLOCK) != sizeof(drawn))
		memcpy(drawn, &(uint32_t){(uint32_t)getpid()}, sizeof(drawn));
	for (unsigned port = 0; port < WIRE_PORTS; port++) {
		uint8_t mac[6] = {0x02, 0x82, drawn[0], drawn[1], drawn[2], (uint8_t)((drawn[3] & ~1u) | port)};
		memcpy(options->macs[port], mac, sizeof(mac));
	}
}

static bool address_of_port(struct options *options, const char *text)
{
	static const uint8_t none[6];
	uint8_t mac[6];
	if (text[0] >= '0' && text[0] < '0' + WIRE_PORTS && text[1] == ':' && text_mac_address(text + 2, mac) &&
		!(mac[0] & 1) && memcmp(mac, none, sizeof(mac)) != 0) {
		memcpy(options->macs[text[0] - '0'], mac, sizeof(mac));
		return true;
	}
	fprintf(stderr,
		"pollux-model: --mac takes the number of a port, 0 or 1, a colon and its address, one that a card may "
		"have, like 0:02:00:00:00:00:01, not '%s'\n",
		text);
	return false;
}

static bool one_more(const char **list, unsigned *count, unsigned most, const char *text, const char *too_many)
{
	if (*count == most) {
		fprintf(stderr, "pollux-model: %s\n", too_many);
		return false;
	}
	list[(*count)++] = text;
	return true;
}

static bool seconds(struct options *options, const char *text)
{
	char *end;
	options->duration = strtod(text, &end);
	if (end != text && !*end && options->duration > 0 && options->duration < 1e9)
		return true;
	fprintf(stderr, "pollux-model: --duration takes seconds, not '%s'\n", text);
	return false;
}

enum {
	PORT = 256,
	WIRE,
	CARD,
	DURATION,
	EXPECT,
	LOSE,
	CORRUPT,
	BREAK,
	MAC,
	INTERRUPTS,
	CONTROL,
	QUIRK,
	TIME_SCALE,
	MODULE,
	PARTNER,
	LINK_TRIES,
	NVM_LMS
};

/** The options that take a value. @return false: the reason was printed. */
static bool take_value(struct options *options, int option, const char *value)
{
	switch (option) {
	case PORT:
		return one_more(options->paths, &options->ports, WIRE_PORTS, value, "two ports at most");
	case WIRE:
		return one_more(options->wires, &options->wire_count, MAX_WIRES, value, "16 --wire options at most");
	case CARD:
		return card_by_name(options, value);
	case CONTROL:
		options->control = value;
		return true;
	case INTERRUPTS:
		return interrupts_by_name(options, value);
	case MAC:
		return address_of_port(options, value);
	case DURATION:
		return seconds(options, value);
	case EXPECT:
		return count_from_1("expect", value, &options->expect);
	case LOSE:
		return count_from_1("lose", value, &options->lose);
	case CORRUPT:
		return count_from_1("corrupt", value, &options->corrupt);
	case QUIRK:
		return quirk_by_name(options, value);
	case TIME_SCALE:
		return time_scale(options, value);
	case MODULE:
		return module_by_name(options, value);
	case PARTNER:
		return partner_speeds(options, value);
	case LINK_TRIES:
		return small_number("link-tries", value, 1000000, &options->model.link_tries);
	case NVM_LMS:
		return small_number("nvm-lms", value, 7, &options->model.nvm_lms);
	case BREAK:
		return broken_by_name(options, value);
	default:
		return false; /* getopt has printed the reason */
	}
}

bool options_understand(int argc, char **argv, struct options *options)
{
	int done = 0, hold = 0, once = 0, stats = 0, json = 0, no_shared = 0, link_down = 0, sfp_absent = 0, real = 0,
	    help = 0, version = 0, option;
	const struct option names[] = {
		{"port", required_argument, NULL, PORT},
		{"wire", required_argument, NULL, WIRE},
		{"card", required_argument, NULL, CARD},
		{"mac", required_argument, NULL, MAC},
		{"interrupts", required_argument, NULL, INTERRUPTS},
		{"control", required_argument, NULL, CONTROL},
		{"duration", required_argument, NULL, DURATION},
		{"expect", required_argument, NULL, EXPECT},
		{"lose", required_argument, NULL, LOSE},
		{"corrupt", required_argument, NULL, CORRUPT},
		{"quirk", required_argument, NULL, QUIRK},
		{"time-scale", required_argument, NULL, TIME_SCALE},
		{"real", no_argument, &real, 1},
		{"module", required_argument, NULL, MODULE},
		{"partner", required_argument, NULL, PARTNER},
		{"link-tries", required_argument, NULL, LINK_TRIES},
		{"nvm-lms", required_argument, NULL, NVM_LMS},
		{"break", required_argument, NULL, BREAK},
		{"hold", no_argument, &hold, 1},
		{"exit-when-done", no_argument, &done, 1},
		{"once", no_argument, &once, 1},
		{"stats", no_argument, &stats, 1},
		{"json", no_argument, &json, 1},
		{"no-shared", no_argument, &no_shared, 1},
		{"link-down", no_argument, &link_down, 1},
		{"sfp-absent", no_argument, &sfp_absent, 1},
		{"help", no_argument, &help, 1},
		{"version", no_argument, &version, 1},
		{0},
	};
	draw_addresses(options);
	while ((option = getopt_long(argc, argv, "hV", names, NULL)) != -1) {
		if (option == 'h')
			help = 1;
		else if (option == 'V')
			version = 1;
		else if (option && !take_value(options, option, optarg))
			return false;
	}
	options->hold = hold;
	options->exit_when_done = done;
	options->once = once;
	options->stats = stats;
	options->json = json;
	options->no_shared = no_shared;
	options->link_down = link_down;
	if (sfp_absent)
		options->model.module = MODEL_MODULE_NONE;
	if (real)
		become_real(options);
	options->help = help;
	options->version = version;
	if (options->model.module != MODEL_MODULE_SR && options->model.card != MODEL_82599) {
		fprintf(stderr, "pollux-model: the %s has no cage for --module or --sfp-absent\n",
			model_card_name(options->model.card));
		return false;
	}
	if (help || version || (optind == argc && options->ports))
		return true;
	fprintf(stderr,
		options->ports ? "pollux-model: what is '%s'? See --help\n"
			       : "pollux-model: --port SOCKET is needed: see --help\n",
		argv[optind]);
	return false;
}
