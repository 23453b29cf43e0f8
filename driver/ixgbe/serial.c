/* SPDX-License-Identifier: BSD-2-Clause
 * The serial link of the 82599 (82599 DS 4.6.4), as Linux's driver sets it up on real cards: the module in the cage is
 * asked what it is, its words from the NVM go to the analog part, the rate is chosen, and the link is started, if need
 * be with a reset of its pipeline. Boards without a cage keep what their NVM says of their medium. */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "port.h"

#include <string.h>

#define CAPABILITIES     0x2Cu       /* word of the NVM */
#define NO_CROSSTALK     0x80u       /* in it: no link comes up over an empty cage (doubt 35) */
#define NEGOTIATED_SPEED UINT32_C(4) /* LMS from here on, but 5: the backplane negotiates */
#define SGMII            UINT32_C(5)

static bool has_cage(const struct nic *nic)
{
	return nic->id->kind == IXGBE_82599_SFP;
}

bool ixgbe_cage_full(struct nic *nic)
{
	return !has_cage(nic) || reg_read(nic, IXGBE_ESDP) & IXGBE_ESDP_SDP2;
}

void ixgbe_serial_open(struct ixgbe_port *port)
{
	uint16_t capabilities = 0;
	if (has_cage(&port->nic))
		ixgbe_nvm_read(port, CAPABILITIES, &capabilities);
	port->link.no_crosstalk = !has_cage(&port->nic) || capabilities & NO_CROSSTALK;
}

/* The words that the board's maker has found right for this kind of module, for the analog part. */
static void write_module_words(struct ixgbe_port *port)
{
	uint16_t words[IXGBE_NVM_SEQUENCE_MAX];
	unsigned n = ixgbe_nvm_module_words(port, words);
	for (unsigned i = 0; i < n; i++) {
		reg_write(&port->nic, IXGBE_CORECTL, words[i]);
		reg_read(&port->nic, IXGBE_STATUS);
	}
}

/* A module that runs at two rates is tried four times at the higher one, as links may need some tries, then twice at
 * the lower, and so on: a partner of 1 Gbit/s has its link within the 10 s that applications wait. Any other one is
 * tried at the fastest rate that it and the configuration have in common. Without a word from the module it is the
 * configuration's. */
static bool choose_1g(const struct ixgbe_port *port)
{
	const struct ixgbe_module *module = &port->link.module;
	uint32_t wanted = port->nic.config.speeds;
	uint32_t speeds = module->speeds & wanted ? module->speeds & wanted : wanted;
	if (module->dual_rate && speeds == (NIC_SPEED_1G | NIC_SPEED_10G))
		return port->link.tries % 6 >= 4;
	return !(speeds & NIC_SPEED_10G);
}

static void read_module(struct ixgbe_port *port)
{
	const struct ixgbe_module *module = &port->link.module;
	uint8_t before[sizeof(module->page)];
	memcpy(before, module->page, sizeof(before));
	if (!ixgbe_module_read(port)) {
		ixgbe_link_say(port, IXGBE_TEXT_ALWAYS, "the module cannot be read; it is tried as the board has it");
		return;
	}
	if (module->speeds & port->nic.config.speeds)
		ixgbe_link_say(port, IXGBE_TEXT_ALWAYS, "%s, %s %s", module->name, module->vendor, module->part);
	else
		ixgbe_link_say(port, IXGBE_TEXT_DOWN, "%s, but the configuration forbids its speed", module->name);
	if (memcmp(before, module->page, sizeof(before)) == 0)
		return;
	port->link.no_words_noted = false;
	port_note(&port->nic, "module: %s, of \"%s\", part \"%s\"%s", module->name, module->vendor, module->part,
		module->intel ? "" : " (not Intel's: taken all the same)");
}

/* AUTOC as it is to be, without the bit that starts the link. */
static uint32_t serial_mode(struct ixgbe_port *port, uint32_t autoc)
{
	uint32_t lms = (autoc & IXGBE_AUTOC_LMS) >> IXGBE_AUTOC_LMS_SHIFT, speeds = port->nic.config.speeds;
	autoc &= ~IXGBE_AUTOC_FLU;
	/* A backplane negotiates: the NVM's offers are cut to what the configuration wants */
	if (!has_cage(&port->nic)) {
		if (lms >= NEGOTIATED_SPEED && lms != SGMII && !(speeds & NIC_SPEED_10G))
			autoc &= ~(IXGBE_AUTOC_KR | IXGBE_AUTOC_KX4);
		if (lms >= NEGOTIATED_SPEED && lms != SGMII && !(speeds & NIC_SPEED_1G))
			autoc &= ~IXGBE_AUTOC_KX;
		return autoc;
	}
	/* A module that does not say what it is gets what the NVM has, unless that is against the configuration */
	if (!port->link.module.name && speeds & NIC_SPEED_10G)
		return autoc;
	autoc &= ~IXGBE_AUTOC_LMS;
	if (!port->link.at_1g)
		return autoc | IXGBE_AUTOC_LMS_10G_SFI;
	/* 1G_PMA_PMD 0 is the serial one of a module */
	return (autoc & ~IXGBE_AUTOC_1G_PMA_PMD) | IXGBE_AUTOC_LMS_1G_AN;
}

/* The link may be disabled by the NVM; and on boards with a cage 10G serial means SFI. */
static void enable_link(struct ixgbe_port *port)
{
	uint32_t autoc2;
	if (reg_read_sure(&port->nic, IXGBE_AUTOC2, &autoc2) != 0)
		return;
	uint32_t wanted = autoc2 & ~IXGBE_AUTOC2_LINK_DISABLE;
	if (has_cage(&port->nic))
		wanted = (wanted & ~IXGBE_AUTOC2_10G_PMA) | IXGBE_AUTOC2_10G_PMA_SFI;
	if (wanted == autoc2)
		return;
	reg_write(&port->nic, IXGBE_AUTOC2, wanted);
	if (autoc2 & IXGBE_AUTOC2_LINK_DISABLE)
		port_note(&port->nic, "the NVM had the link disabled (AUTOC2 %08x): enabled", autoc2);
}

/* What begins with the toggled bit: the negotiation is thrown out of its state, and with it all behind it. */
static bool negotiation_left_0(struct nic *nic)
{
	uint64_t deadline = clock_now_us() + ixgbe_link_times.pipeline;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		uint32_t anlp1;
		bool known = reg_read_sure(nic, IXGBE_ANLP1, &anlp1) == 0;
		if (!known || anlp1 & IXGBE_ANLP1_AN_STATE || late)
			return known && anlp1 & IXGBE_ANLP1_AN_STATE;
		clock_sleep_us(1000);
	}
}

static void start_link(struct ixgbe_port *port, uint32_t autoc, bool with_pipeline)
{
	struct nic *nic = &port->nic;
	autoc |= IXGBE_AUTOC_AN_RESTART;
	if (with_pipeline) {
		reg_write(nic, IXGBE_AUTOC, autoc ^ IXGBE_AUTOC_LMS_2);
		if (!negotiation_left_0(nic) && !port_gone(nic))
			port_note(nic,
				"pipeline reset: ANLP1.AN_STATE stayed 0 for %u ms; the link is started all the same",
				ixgbe_link_times.pipeline / 1000);
	}
	reg_write(nic, IXGBE_AUTOC, autoc);
	reg_read(nic, IXGBE_STATUS);
}

static void prepare_module(struct ixgbe_port *port)
{
	struct nic *nic = &port->nic;
	struct ixgbe_link *link = &port->link;
	if (ixgbe_cage_full(nic))
		read_module(port);
	link->at_1g = choose_1g(port);
	/* The laser is off while SDP3 is high (doubt 18); SDP5 has a module of two rates run at the higher one */
	reg_change(nic, IXGBE_ESDP, IXGBE_ESDP_SDP3, 0);
	if (link->module.dual_rate)
		reg_change(nic, IXGBE_ESDP, IXGBE_ESDP_SDP5, IXGBE_ESDP_SDP5_DIR | (link->at_1g ? 0 : IXGBE_ESDP_SDP5));
	if (link->module.name)
		write_module_words(port);
}

bool ixgbe_serial_start(struct ixgbe_port *port, bool set_up)
{
	struct nic *nic = &port->nic;
	uint32_t before;
	if (ixgbe_link_vetoed(port))
		return true;
	/* Firmware writes AUTOC too where it has LESM; its semaphore is taken everywhere, for that costs nothing
	 * (doubt 6) */
	if (!ixgbe_link_hold(port, IXGBE_SW_FW_SYNC_MAC_CSR | (has_cage(nic) ? ixgbe_phy_resource(nic) : 0)))
		return false;
	if (set_up && has_cage(nic))
		prepare_module(port);
	enable_link(port);
	ixgbe_pause_advertise(nic);
	if (reg_read_sure(nic, IXGBE_AUTOC, &before) == 0) {
		uint32_t autoc = set_up ? serial_mode(port, before) : before;
		/* Another mode takes hold only with a reset of the pipeline, as Linux has it. A module that changes its
		 * rate needs 40 ms, in which the pipeline is busy anyway (doubt 36) */
		start_link(port, autoc, !set_up || (autoc ^ before) & IXGBE_AUTOC_LMS);
	}
	ixgbe_link_release(port);
	return true;
}
