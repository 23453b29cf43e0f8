/* SPDX-License-Identifier: BSD-2-Clause
 * The link's machine of the 82599, X540 and X550 against the software cards in one process: links that need
 * persistence, modules of all kinds, PHYs, and firmware that shares them. Every state, and every bad input. */
#include "../../driver/clock.h"
#include "../../driver/driver.h"
#include "../../driver/ixgbe/port.h"
#include "../../driver/pause.h"
#include "../../driver/report.h"
#include "../../mempool/pool.h"
#include "../model/local.h"

#include "unit.h"

#include <poll.h>
#include <string.h>

#define LINKS       0x042A4u
#define ESDP        0x00020u
#define AUTOC       0x042A0u
#define PATIENCE_US 20000000u /* a busy machine may be slow */
#define NOTES       PORT_NOTES
#define GIGABIT     NIC_SPEED_1G

static struct dma_space *space;
static struct vfio_device *device;
static struct model *model;
static struct nic *nic;
static struct nic_link link_now;

static int begin(void)
{
	ixgbe_link_times = (struct ixgbe_link_times){
		.retry = 3000,
		.look = 3000,
		.negotiate = 5000,
		.renegotiate = 9000,
		.module_start = 1000,
		.pipeline = 20000,
		.i2c = 0,
		.i2c_stretch = 1000,
		.phy_start = 1000,
		.mdio = 20000,
		.nvm = 20000,
	};
	ixgbe_times.resource = 2000;
	return dma_space_open(&space);
}

static int end(void)
{
	dma_space_unref(space);
	return 0;
}

static void open_card(struct model_config config)
{
	struct model_local_config local = {.model = config};
	CU_ASSERT_EQUAL_FATAL(model_local_open(&device, space, &local), 0);
	model = model_local_model(device);
	model_set_partner(model, true);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, device), 0);
}

static void start(uint32_t speeds)
{
	int ret = nic_start(nic, &(struct nic_config){.rx_ring = 64, .tx_ring = 64, .speeds = speeds});
	if (ret)
		printf("\n    nic_start: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
}

static void start_card(struct model_config config)
{
	open_card(config);
	start(0);
}

/* The card's faults are the driver's mistakes. */
static void close_card(void)
{
	const struct model_faults *faults = model_faults(model);
	ASSERT_NUMBER(faults->bad_order, 0);
	ASSERT_NUMBER(faults->bad_register, 0);
	ASSERT_NUMBER(faults->order[MODEL_ORDER_SEMAPHORE] + faults->order[MODEL_ORDER_MDIO], 0);
	nic_close(nic);
	nic = NULL;
}

static void service(void)
{
	model_local_advance(device, 2000000);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link_now), 0);
}

/* @return whether the link comes to be so */
static bool link_comes(bool up)
{
	for (uint64_t until = clock_now_us() + PATIENCE_US; clock_now_us() < until;) {
		service();
		if (link_now.up == up) {
			service(); /* the machine may see only now what its own step has brought */
			return true;
		}
	}
	return false;
}

/* The times of the machine are real time: long enough for some turns of it. */
static void serve_for_turns(unsigned turns)
{
	uint64_t until = clock_now_us() + turns * (uint64_t)ixgbe_link_times.retry;
	while (clock_now_us() < until)
		service();
}

static unsigned noted(const char *part)
{
	struct nic_note notes[NOTES];
	uint64_t next = 0;
	unsigned found = 0, n = nic_get_notes(nic, &next, notes, NOTES);
	for (unsigned i = 0; i < n; i++)
		found += strstr(notes[i].text, part) != NULL;
	return found;
}

static void print_notes(void)
{
	struct nic_note notes[NOTES];
	uint64_t next = 0;
	unsigned n = nic_get_notes(nic, &next, notes, NOTES);
	for (unsigned i = 0; i < n; i++)
		printf("\n      %s", notes[i].text);
}

#define ASSERT_NOTED(part)                                                                                             \
	do {                                                                                                           \
		if (!noted(part)) {                                                                                    \
			printf("\n    line %d: no note has \"%s\":", __LINE__, part);                                  \
			print_notes();                                                                                 \
		}                                                                                                      \
		CU_ASSERT(noted(part) > 0);                                                                            \
	} while (0)

#define ASSERT_STATE(part)                                                                                             \
	do {                                                                                                           \
		if (!strstr(link_now.state, part))                                                                     \
			printf("\n    line %d: the state is \"%s\", not \"%s\" ", __LINE__, link_now.state, part);     \
		CU_ASSERT_PTR_NOT_NULL(strstr(link_now.state, part));                                                  \
	} while (0)

static void link_of(uint32_t mbps)
{
	if (!link_comes(true)) {
		printf("\n    no link (%s):", link_now.state);
		print_notes();
	}
	CU_ASSERT(link_now.up);
	ASSERT_NUMBER(link_now.mbps, mbps);
}

/* ---- Persistence ---- */

static void a_link_that_comes_at_once_needs_one_try(void)
{
	start_card((struct model_config){.card = MODEL_82599});
	link_of(10000);
	ASSERT_NOTED("link up, 10000 Mbit/s (tries: 1)");
	ASSERT_NUMBER(noted("no link:"), 0);
	close_card();
}

static void a_link_is_tried_until_it_comes(void)
{
	for (unsigned tries = 2; tries <= 9; tries++) {
		start_card((struct model_config){.card = MODEL_82599, .link_tries = tries});
		link_of(10000);
		ASSERT_NOTED("no link: pipeline reset (try 2)");
		if (tries > 3)
			ASSERT_NOTED("no link: set up anew (try 3)");
		close_card();
	}
}

static void what_the_nvm_has_wrong_is_set_right(void)
{
	static const struct model_config configs[] = {
		{.card = MODEL_82599, .quirks = MODEL_QUIRK_PIPELINE_RESET},
		{.card = MODEL_82599, .quirks = MODEL_QUIRK_CORE_WORDS},
		{.card = MODEL_82599, .quirks = MODEL_QUIRK_LINK_DISABLED},
		{.card = MODEL_82599, .nvm_lms = 1},
		{.card = MODEL_82599, .nvm_lms = 2},
		{.card = MODEL_82599,
			.nvm_lms = 1,
			.link_tries = 3,
			.port = 1,
			.module = MODEL_MODULE_DAC,
			.quirks = MODEL_QUIRK_PIPELINE_RESET | MODEL_QUIRK_CORE_WORDS | MODEL_QUIRK_LINK_DISABLED |
				  MODEL_QUIRK_MANAGEABILITY},
	};
	for (unsigned i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		start_card(configs[i]);
		link_of(10000);
		if (configs[i].quirks & MODEL_QUIRK_LINK_DISABLED)
			ASSERT_NOTED("the NVM had the link disabled");
		close_card();
	}
}

static void a_link_that_goes_down_is_tried_again(void)
{
	uint32_t events = 0;
	start_card((struct model_config){.card = MODEL_82599});
	link_of(10000);
	model_set_partner(model, false);
	CU_ASSERT(link_comes(false));
	ASSERT_NOTED("link down");
	serve_for_turns(8);
	ASSERT_NOTED("no link: pipeline reset (try 1)");
	ASSERT_NOTED("no link: set up anew (try 2)");
	model_set_partner(model, true);
	model_local_advance(device, 100000000);
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	link_of(10000);
	close_card();
}

/* A link that is down for hours must not push out what happened before. */
static void a_long_series_has_few_notes(void)
{
	start_card((struct model_config){.card = MODEL_82599});
	model_set_partner(model, false);
	ixgbe_link_times.retry = 10;
	for (unsigned i = 0; i < 300; i++)
		service();
	ixgbe_link_times.retry = 3000;
	CU_ASSERT(noted("no link:") >= 3 && noted("no link:") <= 12);
	ASSERT_NOTED("module: 10GBASE-SR");
	close_card();
}

static unsigned sent;

static unsigned take(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	sent += n;
	return n;
}

/* Frames come and are sent back, as far as there is a link. @return how many the transmit queue has taken */
static unsigned forward(unsigned frames)
{
	static uint8_t data[64] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xB5};
	const struct model_frame frame = {.data = data, .len = 60};
	const struct model_sink sink = {.take = take};
	struct pkt pkts[32];
	for (unsigned i = 0; i < frames; i++)
		model_receive(model, &frame, 1);
	unsigned n = nic_rx(nic_rxq(nic, 0), pkts, 32), taken = nic_tx(nic_txq(nic, 0), pkts, n);
	pkt_free(pkts + taken, n - taken);
	model_transmit(model, &sink, 32);
	return taken;
}

static void a_link_may_flap_a_thousand_times_under_traffic(void)
{
	struct pkt_pool *pool;
	struct nic_stats stats;
	uint64_t taken = 0;
	open_card((struct model_config){.card = MODEL_82599});
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, 2048, -1), 0);
	unsigned buffers = pkt_pool_available(pool);
	CU_ASSERT_EQUAL_FATAL(
		nic_start(nic, &(struct nic_config){.rx_ring = 64, .tx_ring = 64, .promiscuous = true, .pool = pool}),
		0);
	link_of(10000);
	sent = 0;
	for (unsigned i = 0; i < 2000; i++) {
		model_set_partner(model, i % 2);
		taken += forward(i % 7);
		model_local_advance(device, 50000000);
		taken += forward(i % 5);
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	}
	model_set_partner(model, true);
	link_of(10000);
	for (unsigned i = 0; i < 10; i++)
		taken += forward(0);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT(stats.rx_packets > 1000);
	ASSERT_NUMBER(stats.rx_packets, model_fate_count(model, MODEL_RECEIVED));
	ASSERT_NUMBER(stats.tx_packets, sent);
	ASSERT_NUMBER(stats.tx_packets + stats.tx_unsent, taken);
	ASSERT_NUMBER(pkt_pool_available(pool), buffers);
	close_card();
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void the_wait_for_links_turns_the_machine(void)
{
	start_card((struct model_config){.card = MODEL_82599, .link_tries = 4});
	CU_ASSERT_EQUAL(nic_wait_links(&nic, 1, 20000, NULL), 0);
	close_card();
}

/* ---- Modules ---- */

static void modules_are_named_and_linked_at_their_speed(void)
{
	static const struct {
		enum model_module module;
		uint32_t mbps;
		const char *name;
	} cases[] = {
		{MODEL_MODULE_SR, 10000, "10GBASE-SR"},
		{MODEL_MODULE_LR, 10000, "10GBASE-LR"},
		{MODEL_MODULE_DAC, 10000, "passive copper cable"},
		{MODEL_MODULE_DAC_ACTIVE, 10000, "active copper cable"},
		{MODEL_MODULE_1G_SX, 1000, "1000BASE-SX"},
		{MODEL_MODULE_1G_LX, 1000, "1000BASE-LX"},
		{MODEL_MODULE_1G_T, 1000, "1000BASE-T"},
		{MODEL_MODULE_DUAL_RATE, 10000, "10GBASE-SR and 1000BASE-SX"},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start_card((struct model_config){
			.card = MODEL_82599, .module = cases[i].module, .quirks = MODEL_QUIRK_CORE_WORDS});
		link_of(cases[i].mbps);
		ASSERT_STATE(cases[i].name);
		ASSERT_NOTED("module: ");
		close_card();
	}
}

static void foreign_modules_are_taken_and_named(void)
{
	start_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_FOREIGN});
	link_of(10000);
	ASSERT_NOTED("(not Intel's: taken all the same)");
	close_card();
	struct ixgbe_module module = {.name = NULL};
	const uint8_t page[IXGBE_MODULE_BYTES] = {3, [12] = 103, [20] = 'A', '\n', 'B', [37] = 0x00, 0x1B, 0x21};
	ixgbe_module_understand(&module, page);
	CU_ASSERT(module.intel);
	ASSERT_NUMBER(module.speeds, NIC_SPEED_10G); /* by its bit rate */
	CU_ASSERT_STRING_EQUAL(module.vendor, "A?B");
}

static void modules_of_two_rates_are_tried_at_both(void)
{
	start_card((struct model_config){
		.card = MODEL_82599, .module = MODEL_MODULE_DUAL_RATE, .partner_speeds = MODEL_SPEED_1G});
	CU_ASSERT(model_read32(model, ESDP) & 0x20);
	link_of(1000);
	ASSERT_NOTED("1 Gbit/s is the fallback");
	ASSERT_NUMBER(model_read32(model, ESDP) & 0x2020, 0x2000);
	/* and back, once the partner can do more and the link is lost */
	model_set_partner(model, false);
	CU_ASSERT(link_comes(false));
	model_set_partner_speeds(model, MODEL_SPEED_10G);
	model_set_partner(model, true);
	link_of(10000);
	CU_ASSERT(model_read32(model, ESDP) & 0x20);
	close_card();
}

/* A link that needs tries is not given up for the lower rate, and one that gets it all the same has a note. */
static void the_lower_rate_is_a_fallback(void)
{
	for (unsigned tries = 1; tries <= 4; tries++) {
		start_card((struct model_config){
			.card = MODEL_82599, .module = MODEL_MODULE_DUAL_RATE, .link_tries = tries});
		link_of(10000);
		ASSERT_NUMBER(noted("fallback"), 0);
		close_card();
	}
	open_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_DUAL_RATE, .link_tries = 9});
	start(NIC_SPEED_10G);
	link_of(10000);
	ASSERT_NUMBER(noted("fallback"), 0);
	close_card();
}

static void the_configuration_chooses_among_a_modules_rates(void)
{
	open_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_DUAL_RATE});
	start(GIGABIT);
	link_of(1000);
	close_card();
	/* a cable has no rate of its own */
	open_card((struct model_config){
		.card = MODEL_82599, .module = MODEL_MODULE_DAC, .partner_speeds = MODEL_SPEED_1G});
	start(GIGABIT);
	serve_for_turns(2);
	ASSERT_NUMBER(model_read32(model, AUTOC) >> 13 & 7, 2);
	close_card();
	/* one that it forbids is told, and has no link */
	open_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_1G_SX});
	start(NIC_SPEED_10G);
	serve_for_turns(4);
	CU_ASSERT(!link_now.up);
	ASSERT_STATE("the configuration forbids its speed");
	close_card();
}

static void bad_modules_are_notes_and_read_again(void)
{
	static const struct {
		enum model_module module;
		const char *note;
	} cases[] = {
		{MODEL_MODULE_NONSENSE, "the module makes no sense"},
		{MODEL_MODULE_BAD_SUM, "the module's checksum is wrong"},
		{MODEL_MODULE_VANISHING, "the module stopped answering after"},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		open_card((struct model_config){.card = MODEL_82599, .module = cases[i].module});
		model_set_partner(model, false);
		start(0);
		ASSERT_NOTED(cases[i].note);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link_now), 0);
		CU_ASSERT(!link_now.up);
		model_set_module(model, MODEL_MODULE_LR);
		model_set_partner(model, true);
		link_of(10000);
		for (unsigned turn = 0; turn < 1000 && !noted("module: 10GBASE-LR"); turn++)
			service();
		close_card();
	}
}

static void an_empty_cage_has_no_link(void)
{
	start_card((struct model_config){
		.card = MODEL_82599, .module = MODEL_MODULE_NONE, .quirks = MODEL_QUIRK_CROSSTALK});
	model_local_advance(device, 100000000);
	CU_ASSERT_EQUAL(nic_get_link(nic, &link_now), 0);
	CU_ASSERT(!link_now.up);
	ASSERT_STATE("no module in the cage");
	serve_for_turns(4);
	CU_ASSERT(model_read32(model, LINKS) >> 30 & 1); /* so the card says */
	CU_ASSERT(!link_now.up);
	ASSERT_NUMBER(noted("no module in the cage"), 1);
	close_card();
}

static void modules_come_and_go_while_running(void)
{
	start_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_NONE});
	int fd = nic_event_fd(nic);
	CU_ASSERT_FATAL(fd >= 0);
	service();
	model_set_module(model, MODEL_MODULE_DAC);
	model_local_advance(device, 1000000);
	ASSERT_NUMBER(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 1);
	service();
	ASSERT_STATE("a module was plugged in");
	serve_for_turns(2);
	link_of(10000);
	ASSERT_STATE("passive copper cable");
	ASSERT_NOTED("a module is in the cage");
	/* another one, of another speed */
	model_set_module(model, MODEL_MODULE_NONE);
	CU_ASSERT(link_comes(false));
	ASSERT_STATE("no module in the cage");
	model_set_module(model, MODEL_MODULE_1G_T);
	serve_for_turns(2);
	link_of(1000);
	ASSERT_STATE("1000BASE-T");
	close_card();
}

static void an_nvm_without_words_is_a_note(void)
{
	open_card((struct model_config){.card = MODEL_82599});
	model_break(model, MODEL_NVM_POINTERS);
	start(0);
	link_of(10000);
	ASSERT_NUMBER(noted("the NVM has no words for this module"), 1);
	close_card();
}

/* ---- Semaphores ---- */

static void firmware_that_keeps_a_semaphore_is_overruled(void)
{
	static const uint32_t breakages[] = {MODEL_MAC_CSR_KEPT, MODEL_SEMAPHORES_KEPT};
	for (unsigned card = MODEL_82599; card < MODEL_CARDS; card++)
		for (unsigned i = 0; i < 2; i++) {
			if (card != MODEL_82599 && breakages[i] == MODEL_MAC_CSR_KEPT)
				continue;
			open_card((struct model_config){.card = (enum model_card)card});
			model_set_partner(model, false);
			model_break(model, breakages[i]);
			start(0);
			for (unsigned call = 0; call < 100000 && !noted("semaphore back"); call++)
				service();
			ASSERT_NOTED("did not give the link's semaphore back for 2 ms");
			model_set_partner(model, true);
			link_of(10000);
			nic_close(nic); /* what it took by force counts as a broken rule */
		}
}

static void firmware_that_takes_a_semaphore_now_and_then_is_waited_for(void)
{
	for (unsigned card = MODEL_82599; card < MODEL_CARDS; card++) {
		ixgbe_times.resource = 1000000;
		start_card((struct model_config){.card = (enum model_card)card, .quirks = MODEL_QUIRK_FIRMWARE});
		link_of(10000);
		ASSERT_NUMBER(noted("semaphore"), 0);
		close_card();
		ixgbe_times.resource = 2000;
	}
}

/* Calls may be far apart, and each may come while firmware has the semaphore. */
static void firmware_that_lets_go_again_is_not_overruled(void)
{
	for (unsigned card = MODEL_82599; card < MODEL_CARDS; card++) {
		ixgbe_times.resource = 1;
		ixgbe_link_times.retry = ixgbe_link_times.look = ixgbe_link_times.renegotiate = 1;
		start_card((struct model_config){.card = (enum model_card)card, .quirks = MODEL_QUIRK_FIRMWARE});
		model_set_partner(model, false);
		for (unsigned i = 0; i < 200; i++)
			service();
		ASSERT_NUMBER(noted("semaphore"), 0);
		ixgbe_link_times.retry = ixgbe_link_times.look = 3000;
		ixgbe_link_times.renegotiate = 9000;
		close_card();
	}
	open_card((struct model_config){.card = MODEL_82599});
	model_set_partner(model, false);
	model_break(model, MODEL_SEMAPHORES_KEPT);
	start(0);
	service();
	ASSERT_NUMBER(noted("semaphore"), 0);
	service();
	ASSERT_NUMBER(noted("semaphore"), 1);
	nic_close(nic);
	ixgbe_times.resource = 2000;
}

/* ---- Copper ---- */

static void a_phy_that_sleeps_is_woken(void)
{
	for (unsigned card = MODEL_X540; card <= MODEL_X550; card++)
		for (unsigned port = 0; port < 2; port++) {
			start_card((struct model_config){
				.card = (enum model_card)card, .port = port, .quirks = MODEL_QUIRK_PHY_LOW_POWER});
			link_of(10000);
			ASSERT_NOTED("the PHY was powered down");
			service();
			ASSERT_STATE("the partner offers 100 Mbit/s, 1 Gbit/s");
			close_card();
		}
}

static void a_phy_is_not_disturbed_while_it_links(void)
{
	start_card((struct model_config){.card = MODEL_X550});
	link_of(10000);
	ASSERT_NUMBER(noted("negotiated anew") + noted("powered down"), 0);
	close_card();
}

static void copper_links_have_the_speeds_of_the_configuration(void)
{
	static const struct {
		enum model_card card;
		uint32_t speeds, mbps;
	} cases[] = {
		{MODEL_X540, NIC_SPEED_100M, 100},
		{MODEL_X540, NIC_SPEED_1G | NIC_SPEED_100M, 1000},
		{MODEL_X550, NIC_SPEED_2_5G, 2500},
		{MODEL_X550, NIC_SPEED_5G | NIC_SPEED_1G, 5000},
		{MODEL_X550, 0, 10000},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		open_card((struct model_config){.card = cases[i].card});
		start(cases[i].speeds);
		link_of(cases[i].mbps);
		/* and all of them at the next start */
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		start(0);
		link_of(10000);
		close_card();
	}
}

static void pause_frames_are_negotiated_on_copper(void)
{
	static const unsigned wanted[] = {0, NIC_PAUSE_RX, NIC_PAUSE_TX, NIC_PAUSE_RX | NIC_PAUSE_TX};
	for (unsigned card = MODEL_X540; card <= MODEL_X550; card++)
		for (unsigned w = 0; w < 4; w++)
			for (unsigned partner = 0; partner < 4; partner++) {
				open_card((struct model_config){.card = (enum model_card)card});
				model_set_partner_pause(model, partner);
				CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pause = wanted[w]}), 0);
				link_of(10000);
				service();
				ASSERT_NUMBER(link_now.pause, pause_resolve(wanted[w], partner));
				if (wanted[w])
					ASSERT_NUMBER(model_advertised_pause(model), pause_offer(wanted[w]));
				ASSERT_NUMBER(noted("negotiated anew"), 0);
				ASSERT_NUMBER(noted("pause frames are"), wanted[w] != 0);
				close_card();
			}
}

static void a_partner_is_told(void)
{
	start_card((struct model_config){.card = MODEL_X550, .partner_speeds = MODEL_SPEED_1G | MODEL_SPEED_100M});
	link_of(1000);
	service();
	ASSERT_STATE("the partner offers 100 Mbit/s, 1 Gbit/s");
	CU_ASSERT_PTR_NULL(strstr(link_now.state, "10 Gbit/s"));
	close_card();
}

/* Looks at the link while the machine stands still. */
static void see(bool up)
{
	for (uint64_t until = clock_now_us() + PATIENCE_US; clock_now_us() < until;) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL(nic_get_link(nic, &link_now), 0);
		if (link_now.up == up)
			return;
	}
	CU_ASSERT_EQUAL(link_now.up, up);
}

/* The machine turns once a second or so, and the link changes in between. */
static void the_state_is_of_the_link_as_it_is(void)
{
	for (unsigned card = MODEL_X540; card <= MODEL_X550; card++) {
		start_card((struct model_config){.card = (enum model_card)card});
		see(true);
		CU_ASSERT_STRING_EQUAL(link_now.state, "");
		service();
		ASSERT_STATE("the partner offers 100 Mbit/s");
		model_set_partner(model, false);
		see(false);
		CU_ASSERT_STRING_EQUAL(link_now.state, "");
		/* a dip that nobody sees */
		model_set_partner(model, true);
		see(true);
		model_set_partner_speeds(model, MODEL_SPEED_1G);
		see(true);
		for (unsigned i = 0; i < 1000 && link_now.mbps != 1000; i++)
			see(true);
		ASSERT_NUMBER(link_now.mbps, 1000);
		CU_ASSERT_STRING_EQUAL(link_now.state, "");
		service();
		ASSERT_NUMBER(noted("the link's speed is now 1000 Mbit/s"), 1);
		CU_ASSERT_STRING_EQUAL(link_now.state, "the partner offers 1 Gbit/s");
		/* nor sees the speed change */
		model_set_partner(model, false);
		see(false);
		model_set_partner_speeds(model, MODEL_SPEED_1G | MODEL_SPEED_100M);
		model_set_partner(model, true);
		see(true);
		service();
		ASSERT_NOTED("the link was lost for a moment, and is up again: 1000 Mbit/s");
		CU_ASSERT_STRING_EQUAL(link_now.state, "the partner offers 100 Mbit/s, 1 Gbit/s");
		ASSERT_NUMBER(noted("(tries: 0)"), 0);
		close_card();
	}
	start_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_NONE});
	service();
	ixgbe_link_times.module_start = 100000000;
	model_set_module(model, MODEL_MODULE_LR);
	service();
	see(true);
	CU_ASSERT_STRING_EQUAL(link_now.state, "");
	ixgbe_link_times.module_start = 1000;
	serve_for_turns(2);
	link_of(10000);
	ASSERT_STATE("10GBASE-LR");
	close_card();
}

static void a_phy_that_does_not_answer_is_a_note(void)
{
	static const uint32_t breakages[] = {MODEL_PHY_SILENT, MODEL_MDIO_STUCK};
	for (unsigned i = 0; i < 2; i++) {
		open_card((struct model_config){.card = MODEL_X540});
		model_set_partner(model, false);
		model_break(model, breakages[i]);
		ixgbe_link_times.mdio = 10;
		start(0);
		serve_for_turns(6);
		CU_ASSERT(!link_now.up);
		ASSERT_STATE("the PHY does not answer");
		ASSERT_NUMBER(noted("the PHY does not answer: no link can come"), 1);
		ixgbe_link_times.mdio = 20000;
		close_card();
	}
}

/* A PHY that loads its firmware is not broken: it has some seconds, and links once it answers. */
static void a_phy_that_starts_late_is_waited_for(void)
{
	for (unsigned card = MODEL_X540; card <= MODEL_X550; card++) {
		open_card((struct model_config){.card = (enum model_card)card});
		model_break(model, MODEL_PHY_SILENT);
		ixgbe_link_times.phy_start = 100000000;
		start(0);
		serve_for_turns(6);
		ASSERT_STATE("the PHY starts");
		model_break(model, 0);
		link_of(10000);
		ASSERT_NUMBER(noted("does not answer"), 0);
		ixgbe_link_times.phy_start = 1000;
		close_card();
	}
	/* and one that answers when it was given up is set up all the same, at the next look */
	open_card((struct model_config){.card = MODEL_X550, .quirks = MODEL_QUIRK_PHY_LOW_POWER});
	model_break(model, MODEL_PHY_SILENT);
	start(0);
	serve_for_turns(4);
	ASSERT_NOTED("the PHY does not answer");
	ixgbe_link_times.renegotiate = 100000000;
	model_break(model, 0);
	link_of(10000);
	ixgbe_link_times.renegotiate = 9000;
	close_card();
}

static void a_phy_without_a_partner_says_so(void)
{
	open_card((struct model_config){.card = MODEL_X550, .quirks = MODEL_QUIRK_SLOW});
	model_set_partner(model, false);
	ixgbe_link_times.negotiate = ixgbe_link_times.look = 100000000;
	start(0);
	for (uint64_t until = clock_now_us() + PATIENCE_US;
		clock_now_us() < until && !strstr(link_now.state, "2 to 5");)
		service();
	ASSERT_STATE("the PHY negotiates, which takes 2 to 5 seconds");
	/* it is asked again and again, long before it negotiates anew */
	ixgbe_link_times.renegotiate = 100000000;
	ixgbe_link_times.negotiate = 1;
	ixgbe_link_times.look = 1000;
	serve_for_turns(3);
	ASSERT_STATE("the PHY finds no partner");
	CU_ASSERT(!link_now.up);
	ixgbe_link_times.negotiate = 5000;
	ixgbe_link_times.look = 3000;
	ixgbe_link_times.renegotiate = 9000;
	close_card();
}

/* ---- Reset ---- */

static void a_bus_that_does_not_go_quiet_is_a_note(void)
{
	for (unsigned card = MODEL_82599; card < MODEL_CARDS; card++) {
		start_card((struct model_config){.card = (enum model_card)card});
		link_of(10000);
		model_break(model, MODEL_MASTER_STUCK);
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		ASSERT_NUMBER(noted("STATUS.GIO stayed 1 for 80 ms"), 1);
		model_break(model, 0);
		start(0);
		link_of(10000);
		close_card();
	}
}

/* ---- Facts ---- */

static const char *fact(const char *name)
{
	static struct nic_fact facts[64];
	unsigned n = nic_get_facts(nic, facts, 64);
	CU_ASSERT(n > 5 && n <= 64);
	for (unsigned i = 0; i < n && i < 64; i++)
		if (strcmp(facts[i].name, name) == 0)
			return facts[i].value;
	return "";
}

static void has_fact(const char *name, const char *part)
{
	const char *value = fact(name);
	if (!strstr(value, part))
		printf("\n    fact %s is \"%s\", not \"%s\" ", name, value, part);
	CU_ASSERT_PTR_NOT_NULL(strstr(value, part));
}

static void facts_of_an_82599(void)
{
	open_card((struct model_config){.card = MODEL_82599, .module = MODEL_MODULE_DAC});
	has_fact("module", "passive copper cable"); /* also before the start */
	start(0);
	link_of(10000);
	has_fact("LINKS", "(up, speed bits 3)");
	has_fact("AUTOC", "10G serial");
	has_fact("AUTOC2", "10G serial is SFI");
	has_fact("ESDP", "cage full, laser on");
	has_fact("module checksums", "right, right");
	has_fact("NVM checksum", "(right)");
	has_fact("LESM", "off");
	has_fact("FWSM", "firmware mode");
	model_set_module(model, MODEL_MODULE_NONE);
	has_fact("module", "none");
	close_card();
	open_card((struct model_config){.card = MODEL_82599, .quirks = MODEL_QUIRK_MANAGEABILITY});
	has_fact("LESM", "firmware brings links up");
	has_fact("module", "10GBASE-SR");
	model_break(model, MODEL_NVM_CHECKSUM);
	has_fact("NVM checksum", "(WRONG)");
	close_card();
}

static void facts_of_copper_cards(void)
{
	for (unsigned card = MODEL_X540; card <= MODEL_X550; card++) {
		open_card((struct model_config){.card = (enum model_card)card, .port = 1});
		has_fact("port", "1 of the card");
		has_fact("PHY", "at address 1");
		start(0);
		link_of(10000);
		has_fact("PHY offers", "100 Mbit/s, 1 Gbit/s");
		has_fact("PHY's partner offers", "10 Gbit/s");
		if (card == MODEL_X540)
			has_fact("NVM checksum", "(right)");
		close_card();
	}
	open_card((struct model_config){.card = MODEL_X550});
	model_break(model, MODEL_PHY_SILENT);
	has_fact("PHY", "does not answer");
	close_card();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a link that comes at once needs one try", a_link_that_comes_at_once_needs_one_try},
		{"a link is tried until it comes", a_link_is_tried_until_it_comes},
		{"what the NVM has wrong is set right", what_the_nvm_has_wrong_is_set_right},
		{"a link that goes down is tried again", a_link_that_goes_down_is_tried_again},
		{"a long series has few notes", a_long_series_has_few_notes},
		{"a link may flap a thousand times under traffic", a_link_may_flap_a_thousand_times_under_traffic},
		{"the wait for links turns the machine", the_wait_for_links_turns_the_machine},
		{"modules are named and linked at their speed", modules_are_named_and_linked_at_their_speed},
		{"foreign modules are taken and named", foreign_modules_are_taken_and_named},
		{"modules of two rates are tried at both", modules_of_two_rates_are_tried_at_both},
		{"the lower rate is a fallback", the_lower_rate_is_a_fallback},
		{"the configuration chooses among a module's rates", the_configuration_chooses_among_a_modules_rates},
		{"bad modules are notes, and read again", bad_modules_are_notes_and_read_again},
		{"an empty cage has no link", an_empty_cage_has_no_link},
		{"modules come and go while running", modules_come_and_go_while_running},
		{"an NVM without words is a note", an_nvm_without_words_is_a_note},
		{"firmware that keeps a semaphore is overruled", firmware_that_keeps_a_semaphore_is_overruled},
		{"firmware that takes a semaphore now and then is waited for",
			firmware_that_takes_a_semaphore_now_and_then_is_waited_for},
		{"firmware that lets go again is not overruled", firmware_that_lets_go_again_is_not_overruled},
		{"a PHY that sleeps is woken", a_phy_that_sleeps_is_woken},
		{"a PHY is not disturbed while it links", a_phy_is_not_disturbed_while_it_links},
		{"copper links have the speeds of the configuration",
			copper_links_have_the_speeds_of_the_configuration},
		{"pause frames are negotiated on copper", pause_frames_are_negotiated_on_copper},
		{"a partner is told", a_partner_is_told},
		{"the state is of the link as it is", the_state_is_of_the_link_as_it_is},
		{"a PHY that does not answer is a note", a_phy_that_does_not_answer_is_a_note},
		{"a PHY that starts late is waited for", a_phy_that_starts_late_is_waited_for},
		{"a PHY without a partner says so", a_phy_without_a_partner_says_so},
		{"a bus that does not go quiet is a note", a_bus_that_does_not_go_quiet_is_a_note},
		{"facts of an 82599", facts_of_an_82599},
		{"facts of copper cards", facts_of_copper_cards},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "ixgbe link", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
