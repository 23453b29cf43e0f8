/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-rfc2544 against the software 82599's device of known capacity, in lock-step: program, driver, cards and device
 * have one clock, which no other program of the machine disturbs, and what is found is exact. */
#include "../../apps/app_base.h"
#include "../../apps/app_halt.h"
#include "../../apps/app_run.h"
#include "../model/wire/configure.h"
#include "unit_local.h"

#include <stdio.h>
#include <string.h>

/* The clock, in nanoseconds; the time stamp counter is twice as fast. */
static uint64_t now_ns = 1000000000;
static uint64_t test_now_ns(void)
{
	return now_ns;
}
static uint64_t test_tsc(void)
{
	return 2 * now_ns;
}

static int test_sleep(const struct timespec *time);
static bool test_run(struct app *app, const struct app_work *todo);
int rfc2544_main(int argc, char **argv);
#define main                  rfc2544_main
#define app_now_ns            test_now_ns
#define app_tsc               test_tsc
#define nanosleep(time, left) test_sleep(time)
#define app_run               test_run
#define app_tsc_hz()          2e9
#define app_halt_threads()    ((void)0) /* there is one thread, which is not inside the engine now */
#define app_all_halted(n)     ((void)(n), true)
#define app_release_threads() ((void)0)
#include "../../apps/gen_schedule.c"
#include "../../apps/gen_send.c"
#include "../../apps/gen_traffic.c"
#include "../../apps/rfc2544.c"
#include "../../apps/rfc2544_args.c"
#include "../../apps/rfc2544_plan.c"
#include "../../apps/rfc2544_report.c"
#include "../../apps/rfc2544_search.c"
#include "../../apps/rfc2544_svg.c"
#undef main

#define ALL (1u << RFC2544_THROUGHPUT | 1u << RFC2544_LATENCY | 1u << RFC2544_LOSS | 1u << RFC2544_BACK_TO_BACK)

static struct wire wires[2];
static struct vfio_device *devices[2];

/* Lets time pass: the program has its turn, then the cards and the device. */
static void step(uint64_t ns)
{
	now_ns += ns;
	gen_traffic_turn(&rfc.traffic, 0, test_tsc(), test_tsc());
	for (unsigned i = 0; i < 2; i++)
		wire_step(&wires[i], model_local_model(devices[i]), now_ns);
}

/** While the program sleeps, its threads go on, and the world does. */
static int test_sleep(const struct timespec *time)
{
	for (long ns = 0; ns < time->tv_nsec; ns += 50000)
		step(50000);
	return 0;
}

/** How many trials end with the second port's link down. */
static unsigned spoiled;

static bool test_run(struct app *app, const struct app_work *todo)
{
	do {
		for (unsigned i = 0; i < 100 && rfc.traffic.sending.on; i++)
			step(2000);
		app->ports[1].link.up = !(rfc.sending && !rfc.traffic.sending.on && spoiled && spoiled--);
	} while (!todo->is_done());
	return true;
}

/** The highest rate that is offered, and the share that may be lost. */
static double offered_pps, loss_share;

/** Opens two ports, with a device between them that an option of --wire describes. */
static void world_open(const char *device)
{
	struct nic_config config = {.rx_queues = 1, .tx_queues = 1, .promiscuous = true};
	struct gen_stream_error wrong;
	char error[256] = "";

	memset(&rfc, 0, sizeof(rfc));
	memset(wires, 0, sizeof(wires));
	rfc.args =
		(struct rfc2544_args){.app = {.burst = 32, .ring = 512, .queues = 1, .quiet = true, .address_count = 2},
			.tests = ~0u,
			.trial_s = 0.02,
			.width = 0.01,
			.stream = "udp",
			.loss = loss_share,
			.most = {offered_pps, offered_pps > 0 ? GEN_RATE_PACKETS : GEN_RATE_UNLIMITED}};
	rfc.app.options = &rfc.args.app;
	rfc.app.port_count = 2;
	CU_ASSERT_EQUAL_FATAL(wire_configure(wires, 2, device, error, sizeof(error)), 0);
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&rfc.app.space), 0);
	config.pool = app_open_pool(&rfc.app, 4096);
	for (unsigned i = 0; i < 2; i++) {
		struct app_port *port = &rfc.app.ports[i];
		local_port_open(&port->nic, &devices[i], rfc.app.space, &config);
		port->started = true;
		port->queues[0].rx = nic_rxq(port->nic, 0);
		port->queues[0].tx = nic_txq(port->nic, 0);
		nic_get_info(port->nic, &port->info);
		nic_get_link(port->nic, &port->link);
	}
	rfc.args.sizes = 1;
	rfc.args.size_names[0] = (char *)"64";
	CU_ASSERT_TRUE_FATAL(gen_stream_parse(&rfc.args.streams[0], "udp size=64", &wrong));
}

static void world_close(void)
{
	offered_pps = loss_share = 0;
	char error[256];

	gen_traffic_close(&rfc.traffic);
	for (unsigned i = 0; i < rfc.args.sizes; i++)
		gen_stream_free(&rfc.args.streams[i]);
	for (unsigned i = 0; i < 2; i++) {
		model_local_advance(devices[i], now_ns); /* its clock was not behind the wire's, and is to go on */
		CU_ASSERT_EQUAL(nic_stop(rfc.app.ports[i].nic), 0);
		nic_close(rfc.app.ports[i].nic);
		wire_close(&wires[i], error, sizeof(error));
	}
	for (unsigned i = 0; i < rfc.app.pool_count; i++)
		CU_ASSERT_EQUAL(pkt_pool_close(rfc.app.pools[i]), 0);
	dma_space_unref(rfc.app.space);
}

/** Measures a device. */
static const struct rfc2544_result *measured(const char *device, unsigned tests)
{
	world_open(device);
	rfc.args.tests = tests;
	CU_ASSERT_TRUE(run());
	CU_ASSERT_PTR_NULL(rfc.report.incomplete);
	return &rfc.plan.results[0];
}

static void between(double least, double found, double most)
{
	if (found < least || found > most)
		printf("\n    found %.1f, which is not from %.1f to %.1f ", found, least, most);
	CU_ASSERT_TRUE(found >= least && found <= most);
}

/* Trials last 0.02 s: meanwhile the queue takes 1000 packets more than go out, which are 50,000 in a second. */
static void a_throughput_is_the_devices(void)
{
	const struct rfc2544_result *r = measured("0:device=1,rate=1M,queue=1000", 1u << RFC2544_THROUGHPUT);

	between(1050000 * 0.99, r->throughput.sent_pps, 1050000 * 1.0001);
	ASSERT_NUMBER(r->throughput.lost, 0);
	CU_ASSERT_FALSE(r->testers[RFC2544_THROUGHPUT]);
	between(14880952 * 0.999, r->tester.sent_pps, 14880953);
	ASSERT_NUMBER(r->tester.tester_lost, 0);
	world_close();
}

static void a_trial_that_a_link_spoils_is_made_again(void)
{
	spoiled = 2;
	const struct rfc2544_result *r = measured("0:device=1,rate=1M,queue=1000", 1u << RFC2544_THROUGHPUT);

	between(1050000 * 0.99, r->throughput.sent_pps, 1050000 * 1.0001);
	ASSERT_NUMBER(spoiled, 0);
	world_close();

	spoiled = 3;
	world_open("0:device=1");
	CU_ASSERT_TRUE(run());
	CU_ASSERT_STRING_EQUAL(rfc.report.incomplete, "a link or a card failed in three trials one after the other");
	ASSERT_NUMBER(rfc.plan.results[0].done, 0);
	world_close();
}

static void losses_that_are_allowed_do_not_count(void)
{
	loss_share = 0.02;
	const struct rfc2544_result *r = measured("0:device=1,rate=1M,queue=10,loss=0.01", 1u << RFC2544_THROUGHPUT);

	/* Of what comes, 1 % does not even get to the queue. */
	between(1000500 / 0.98 * 0.99, r->throughput.sent_pps, 1000500 / 0.98 * 1.0001);
	CU_ASSERT_TRUE(r->throughput.lost > 0);
	world_close();
}

static void all_tests_find_what_the_device_is(void)
{
	offered_pps = 2e6;
	const struct rfc2544_result *r = measured("0:device=1,rate=1M,queue=2000,delay=20us", ALL);

	between(1100000 * 0.99, r->throughput.sent_pps, 1100000 * 1.0001);
	between(4000 * 0.98, (double)r->back_to_back.sent, 4000 * 1.02);
	ASSERT_NUMBER(r->latency_count, 4);
	between(r->throughput.sent_pps * 0.9 * 0.999, r->latency[3].sent_pps, r->throughput.sent_pps * 0.9 * 1.001);
	/* 20 us of delay and 1 us of service; the program and the wire look each 2 us */
	between(21000 * 0.99, r->latency[0].median_ns, 25000 * 1.01);
	between(21000 * 0.99, r->latency[0].min_ns, r->latency[0].max_ns);
	ASSERT_NUMBER(r->loss_count, 7); /* 100 to 60 %, and 50 and 40 % without loss */
	for (unsigned n = 0; n < 5; n++) {
		double sent = 2e6 * rfc2544_rate_percent(n) / 100;
		between((1 - 1.1e6 / sent) * 0.99, rfc2544_loss(&r->loss[n]), (1 - 1.1e6 / sent) * 1.01);
	}
	ASSERT_NUMBER(r->done, ALL | 1u << RFC2544_TESTER);
	world_close();
}

static void a_device_as_fast_as_the_line_is_limited_by_the_line(void)
{
	const struct rfc2544_result *r = measured("0:device=1,delay=100us", 1u << RFC2544_THROUGHPUT);

	between(14880952 * 0.999, r->throughput.sent_pps, 14880953);
	CU_ASSERT_STRING_EQUAL(rfc2544_limit(&rfc.plan, r, RFC2544_THROUGHPUT), "line");
	world_close();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a throughput is the device's", a_throughput_is_the_devices},
		{"a trial that a link spoils is made again", a_trial_that_a_link_spoils_is_made_again},
		{"losses that are allowed do not count", losses_that_are_allowed_do_not_count},
		{"a device as fast as the line is limited by the line",
			a_device_as_fast_as_the_line_is_limited_by_the_line},
		{"all tests find what the device is", all_tests_find_what_the_device_is},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "rfc2544 and the model", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
