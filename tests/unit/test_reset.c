/* SPDX-License-Identifier: BSD-2-Clause
 * A reset of the software 82599 in the middle of traffic: queues go on by the same handles, pipes end, and counters add
 * up to the frame. */
#include "../../driver/clock.h"
#include "../../driver/pipe.h"
#include "../../driver/recovery.h"

#include "unit_local.h"
#include <errno.h>
#include <string.h>

#define BUFFERS 4096u

static struct nic *nic;
static struct vfio_device *device;
static struct dma_space *space;
static struct pkt_pool *pool;
static uint64_t handed, sent, put, taken; /* frames: to nic_tx, out of the card, into it, by nic_rx */

static unsigned count_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	sent += n;
	return n;
}

static uint32_t flow_control; /* of ports that are opened */
static uint16_t mtu;          /* the same; 0: the usual one */

static void open_port(void)
{
	struct nic_config start = {.promiscuous = true,
		.rx_queues = 2,
		.tx_queues = 2,
		.rx_ring = 64,
		.tx_ring = 64,
		.mtu = mtu,
		.pause = flow_control};

	handed = sent = put = taken = 0;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, BUFFERS, -1), 0);
	start.pool = pool;
	local_port_open(&nic, &device, space, &start);
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0); /* the link has come up */
}

static void close_port(void)
{
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	nic_close(nic);
	ASSERT_NUMBER(pkt_pool_available(pool), BUFFERS);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
}

static void wait_for_link(void)
{
	struct nic_link link = {.up = false};

	while (!link.up) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_service(nic, NULL), 0);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic, &link), 0);
	}
}

static void arrive(unsigned n)
{
	uint8_t data[60] = {2};
	struct model_frame frame = {.data = data, .len = sizeof(data)};

	put += n;
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(model_receive(model_local_model(device), &frame, 1), 1);
}

static void take(unsigned n)
{
	struct pkt pkts[64];
	unsigned got = nic_rx(nic_rxq(nic, 0), pkts, n);

	ASSERT_NUMBER(got, n);
	taken += got;
	pkt_free(pkts, got);
}

static void send(unsigned queue, unsigned n)
{
	struct pkt pkts[64];

	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, pkts, n), n);
	for (unsigned i = 0; i < n; i++) {
		memset(pkts[i].data, 2, 60);
		pkts[i].len = 60;
	}
	ASSERT_NUMBER(nic_tx(nic_txq(nic, queue), pkts, n), n);
	handed += n;
}

static void let_out(unsigned n)
{
	struct model_sink sink = {.take = count_all};

	while (n && model_transmit(model_local_model(device), &sink, n) > 0)
		n = 0;
}

static struct nic_stats counters(void)
{
	struct nic_stats stats;

	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	return stats;
}

static void add_up(unsigned resets)
{
	struct nic_stats stats = counters();

	ASSERT_NUMBER(stats.resets, resets);
	ASSERT_NUMBER(stats.rx_packets, taken + stats.rx_bad_packets + stats.rx_left);
	ASSERT_NUMBER(stats.rx_packets, put);
	ASSERT_NUMBER(stats.tx_packets, sent);
	ASSERT_NUMBER(handed, stats.tx_packets + stats.tx_unsent);
}

static void counters_add_up_over_resets(void)
{
	struct nic_queue_stats queue;

	open_port();
	struct nic_rxq *rxq = nic_rxq(nic, 0);
	for (unsigned turn = 1; turn <= 5; turn++) {
		arrive(40);
		take(10 + turn);
		send(0, 20);
		send(1, 30);
		let_out(7 * turn);
		unsigned held = pkt_pool_available(pool);
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
		CU_ASSERT(pkt_pool_available(pool) > held); /* what waited to be sent */
		let_out(64);                                /* nothing of before comes out afterwards */
		add_up(turn);
		CU_ASSERT_PTR_EQUAL(nic_rxq(nic, 0), rxq);
		CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 0, &queue), 0);
		ASSERT_NUMBER(queue.packets, taken);
		wait_for_link();
	}
	CU_ASSERT_EQUAL(nic_get_txq_stats(nic, 1, &queue), 0);
	ASSERT_NUMBER(queue.packets, 150);
	arrive(20);
	take(20);
	send(1, 25);
	let_out(64);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	add_up(5);
	close_port();
}

static void a_stopped_queue_stays_stopped(void)
{
	open_port();
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, false), 0);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	wait_for_link();
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 60;
	ASSERT_NUMBER(nic_tx(nic_txq(nic, 1), &pkt, 1), 0);
	pkt_free(&pkt, 1);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, true), 0);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, true), 0);
	arrive(5);
	take(5);
	send(1, 5);
	let_out(64);
	add_up(1);
	close_port();
}

/* A pipe ends as by nic_stop: a new one may be opened, or its queues be used by bursts. */
static void a_pipe_ends(void)
{
	struct nic_pipe *pipe;
	struct nic_pipe_stats stats;

	open_port();
	struct nic_queue input = {nic, 0}, output = {nic, 1};
	for (unsigned turn = 0; turn < 3; turn++) {
		CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &input, &output, 1), 0);
		arrive(10);
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
		wait_for_link();
		nic_pipe_get_stats(pipe, &stats);
		ASSERT_NUMBER(stats.packets, 0);
		nic_pipe_close(pipe);
	}
	arrive(3);
	take(3);
	send(1, 40);
	let_out(64);
	ASSERT_NUMBER(counters().rx_left, 30);
	add_up(3);
	close_port();
}

/* MTU, rings and queues change by a stop and a start, without closing. */
static void a_port_starts_anew_with_other_settings(void)
{
	open_port();
	for (uint16_t turn = 1; turn <= 4; turn++) {
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		struct nic_config config = {.pool = pool,
			.promiscuous = true,
			.mtu = (uint16_t)(1000 + turn * 100),
			.rx_ring = (uint16_t)(32u << turn),
			.tx_ring = (uint16_t)(1024u >> turn),
			.rx_queues = turn,
			.tx_queues = (uint16_t)(5 - turn)};
		CU_ASSERT_EQUAL_FATAL(nic_start(nic, &config), 0);
		handed = sent = put = taken = 0;
		CU_ASSERT_PTR_NULL(nic_rxq(nic, turn));
		CU_ASSERT_PTR_NULL(nic_txq(nic, 5u - turn));
		wait_for_link();
		arrive(10);
		take(10);
		send(4u - turn, 10);
		let_out(64);
		add_up(0);
	}
	close_port();
}

/* ---- what makes a reset needed ---- */

/* Services the port for a while, in the card's time and ours. @return all events */
static uint32_t serve(unsigned ms)
{
	uint32_t all = 0, events;

	for (unsigned i = 0; i < 10 * ms; i++) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
		all |= events;
		clock_sleep_us(100);
	}
	return all;
}

static bool noted(const char *part)
{
	struct nic_note note;

	for (uint64_t next = 0; nic_get_notes(nic, &next, &note, 1) == 1;)
		if (strstr(note.text, part))
			return true;
	return false;
}

/* A reset ends what happened, and the port works. */
static void mend(unsigned resets)
{
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	wait_for_link();
	arrive(8);
	for (unsigned got = 0; got < 8;) {
		struct pkt pkts[8];
		unsigned n = nic_rx(nic_rxq(nic, 0), pkts, 8);
		CU_ASSERT_NOT_EQUAL_FATAL(n, 0);
		pkt_free(pkts, n);
		taken += n, got += n;
	}
	send(0, 8);
	let_out(64);
	ASSERT_NUMBER(serve(3 * recovery_times.hang / 1000), 0);
	ASSERT_NUMBER(counters().resets, resets);
	ASSERT_NUMBER(counters().tx_packets, sent);
	ASSERT_NUMBER(handed, sent + counters().tx_unsent);
}

static void hurry(void)
{
	recovery_times.hang = 20000;
	recovery_times.down = 20000;
}

static void transmit_that_hangs_is_told_and_mended(void)
{
	static const enum model_incident kinds[] = {
		MODEL_INCIDENT_TX_HANG, MODEL_INCIDENT_TX_DMA_HANG, MODEL_INCIDENT_TX_SILENT};

	hurry();
	open_port();
	for (unsigned i = 0; i < 3; i++) {
		model_incident(model_local_model(device), kinds[i], 0);
		ASSERT_NUMBER(serve(60), 0); /* nothing to be sent, nothing hangs */
		send(0, 40);
		let_out(64);
		recovery_times.hang = 60000000; /* which no busy machine lasts for */
		ASSERT_NUMBER(serve(1), 0);
		hurry();
		let_out(64);
		ASSERT_NUMBER(serve(60), NIC_NEEDS_RESET | NIC_TX_HANG);
		CU_ASSERT(noted("transmit queue 0 stands still"));
		mend(i + 1);
	}
	close_port();
}

static uint32_t to_first(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return 1;
}

/* A pipe's transmit queue is reclaimed by the pipe. One that has sent all does not hang; one that reports nothing does.
 */
static void a_pipe_that_has_sent_all_does_not_hang(void)
{
	for (unsigned silent = 0; silent < 2; silent++) {
		struct nic_pipe *pipe;
		hurry();
		open_port();
		const struct nic_queue queue = {.nic = nic, .index = 0};
		CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &queue, &queue, 1), 0);
		if (silent)
			model_incident(model_local_model(device), MODEL_INCIDENT_TX_SILENT, 0);
		arrive(50);
		for (unsigned i = 0; i < 4; i++)
			nic_pipe_call(pipe, 32, to_first, NULL);
		let_out(64);
		ASSERT_NUMBER(serve(60), silent ? NIC_NEEDS_RESET | NIC_TX_HANG : 0);
		nic_pipe_close(pipe);
		close_port();
	}
}

/* A ring that was gone around between two looks looks as if it stood still. */
static void a_ring_that_went_around_does_not_hang(void)
{
	struct nic_pipe *pipe;
	hurry();
	open_port();
	const struct nic_queue queue = {.nic = nic, .index = 0};
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &queue, &queue, 1), 0);
	for (unsigned turn = 0; turn < 2; turn++) {
		arrive(10);
		nic_pipe_call(pipe, 32, to_first, NULL);
		clock_sleep_us(2 * recovery_times.look);
		uint32_t events;
		CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
		ASSERT_NUMBER(events & NIC_NEEDS_RESET, 0); /* 10 are to be sent, from slot 0 on */
		let_out(64);
		for (unsigned i = 0; i < 3; i++) { /* and the rest of the ring */
			arrive(18);
			nic_pipe_call(pipe, 32, to_first, NULL);
			let_out(64);
			nic_pipe_call(pipe, 32, to_first, NULL);
		}
		clock_sleep_us(2 * recovery_times.hang);
	}
	nic_pipe_close(pipe);
	close_port();
}

/* The longest frame of an MTU of 2026, with a tag, needs two buffers: a pipe drops it, and it is one frame. */
static void a_frame_that_a_pipe_drops_is_one_frame(void)
{
	static uint8_t data[2050] = {2, [12] = 0x81};
	struct model_frame frame = {.data = data, .len = sizeof(data)};
	struct nic_pipe *pipe;
	mtu = 2026;
	open_port();
	mtu = 0;
	const struct nic_queue queue = {.nic = nic, .index = 0};
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &queue, &queue, 1), 0);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(model_receive(model_local_model(device), &frame, 1), 1);
	ASSERT_NUMBER(nic_pipe_call(pipe, 32, to_first, NULL), 0);
	ASSERT_NUMBER(counters().rx_bad_packets, 5);
	ASSERT_NUMBER(counters().rx_bad_descriptors, 10);
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	ASSERT_NUMBER(counters().rx_packets, 5);
	nic_pipe_close(pipe);
	close_port();
}

/* A card that only a function reset brings back gets one when a first reset has not helped. */
static void a_dead_card_gets_a_function_reset(void)
{
	hurry();
	open_port();
	model_incident(model_local_model(device), MODEL_INCIDENT_TX_DEAD, 0);
	for (unsigned i = 0; i < 2; i++) {
		send(0, 10);
		let_out(64);
		ASSERT_NUMBER(serve(60), NIC_NEEDS_RESET | NIC_TX_HANG);
		CU_ASSERT_EQUAL(noted("the function was reset"), false);
		if (i == 0) {
			CU_ASSERT_EQUAL(nic_reset(nic), 0);
			wait_for_link();
		}
	}
	mend(2);
	CU_ASSERT(noted("the function was reset"));
	close_port();
}

static void receive_that_hangs_is_told_and_mended(void)
{
	uint8_t data[60] = {2};
	struct model_frame frame = {.data = data, .len = sizeof(data)};

	hurry();
	for (unsigned i = 0; i < 2; i++) {
		open_port();
		model_incident(model_local_model(device), i ? MODEL_INCIDENT_RX_QUEUE_HANG : MODEL_INCIDENT_RX_HANG, 0);
		ASSERT_NUMBER(serve(60), 0); /* no frames, no hang */
		uint32_t events = 0;
		for (unsigned n = 0; n < 20000 && !events; n++) {
			model_arrive(model_local_model(device), &frame);
			model_deliver(model_local_model(device), &frame, 1);
			if (n % 20 == 0)
				model_miss(model_local_model(device), &frame, 1);
			if (n % 20 == 0)
				events = serve(1);
		}
		ASSERT_NUMBER(events, NIC_NEEDS_RESET | NIC_RX_HANG);
		CU_ASSERT(noted(i ? "receive queue 0 stands still" : "receive stands still"));
		mend(1);
		close_port();
	}
}

/* The other end waits as it is asked to, so that nothing is lost, for ever. */
static void receive_that_hangs_behind_pause_frames_is_told_and_mended(void)
{
	uint8_t frame[MODEL_PAUSE_BYTES];
	uint32_t events = 0;

	hurry();
	flow_control = NIC_PAUSE_TX;
	open_port();
	flow_control = 0;
	model_incident(model_local_model(device), MODEL_INCIDENT_RX_HANG, 0);
	ASSERT_NUMBER(serve(60), 0);
	for (unsigned n = 0; n < 2000 && !events; n++) {
		model_pause_due(model_local_model(device), model_packet_buffer_bytes(model_local_model(device)), frame);
		events = serve(1);
	}
	ASSERT_NUMBER(events, NIC_NEEDS_RESET | NIC_RX_HANG);
	CU_ASSERT(noted("receive stands still"));
	ASSERT_NUMBER(counters().rx_missed, 0);
	mend(1);
	close_port();
}

/* A ring that is full because the application does not take its frames is no hang. */
static void a_slow_application_is_no_hang(void)
{
	uint8_t data[60] = {2};
	struct model_frame frame = {.data = data, .len = sizeof(data)};

	hurry();
	open_port();
	for (unsigned n = 0; n < 400; n++) {
		model_receive(model_local_model(device), &frame, 1);
		ASSERT_NUMBER(serve(1) & NIC_NEEDS_RESET, 0);
	}
	close_port();
}

static void errors_and_resets_of_the_card_are_told(void)
{
	hurry();
	open_port();
	model_incident(model_local_model(device), MODEL_INCIDENT_ECC, 0);
	CU_ASSERT(serve(1) & NIC_MEMORY_ERROR);
	CU_ASSERT(noted("EICR.ECC"));
	mend(1);
	/* interrupts clear the cause as well, and are not to hide it */
	CU_ASSERT(nic_event_fd(nic) >= 0);
	model_incident(model_local_model(device), MODEL_INCIDENT_ECC, 0);
	CU_ASSERT(serve(1) & NIC_MEMORY_ERROR);
	mend(2);
	/* the card forgets what it has counted: the rings know it */
	wait_for_link();
	arrive(30);
	take(20);
	model_incident(model_local_model(device), MODEL_INCIDENT_SELF_RESET, 0);
	CU_ASSERT(serve(2) & NIC_WAS_RESET);
	CU_ASSERT(noted("DRV_LOAD is 0"));
	mend(3);
	struct nic_stats stats = counters();
	ASSERT_NUMBER(stats.rx_packets, put);
	ASSERT_NUMBER(stats.rx_packets, taken + stats.rx_bad_packets + stats.rx_left);
	close_port();
}

/* Frames that were pending when the link went must not go out when it is back. */
/* It counts from when the link was first found down, however long nobody has looked before; and no more when the link
 * is back. */
static void a_link_that_is_back_needs_no_reset(void)
{
	hurry();
	open_port();
	wait_for_link();
	serve(1);
	clock_sleep_us(2 * recovery_times.down);
	model_set_partner(model_local_model(device), false);
	send(0, 30);
	uint32_t events;
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	ASSERT_NUMBER(events & NIC_NEEDS_RESET, 0);
	CU_ASSERT(serve(60) & NIC_LINK_LOST);
	model_set_partner(model_local_model(device), true);
	wait_for_link();
	let_out(64);
	ASSERT_NUMBER(serve(1) & NIC_NEEDS_RESET, 0);
	ASSERT_NUMBER(counters().tx_packets, 30);
	close_port();
}

static void a_lost_link_with_frames_pending_needs_a_reset(void)
{
	hurry();
	open_port();
	wait_for_link();
	model_set_partner(model_local_model(device), false);
	CU_ASSERT_EQUAL(serve(60) & ~(uint32_t)NIC_LINK_CHANGED, 0);
	send(0, 30);
	CU_ASSERT(serve(60) & NIC_LINK_LOST);
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	ASSERT_NUMBER(counters().tx_unsent, 30);
	/* once for each loss: the link may take long to come back */
	send(0, 30);
	ASSERT_NUMBER(serve(60) & NIC_NEEDS_RESET, 0);
	model_set_partner(model_local_model(device), true);
	wait_for_link();
	let_out(64);
	let_out(64);
	ASSERT_NUMBER(sent, 30);
	close_port();
}

/* What the service function costs when it is called too often. */
static void service_called_too_often_is_cheap(void)
{
	open_port();
	wait_for_link();
	struct recovery_times times = recovery_times;
	recovery_times.link = 10000000, recovery_times.look = 10000000;
	CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	uint64_t before = model_accesses(model_local_model(device));
	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	ASSERT_NUMBER(model_accesses(model_local_model(device)) - before, 0);
	recovery_times = times;
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"counters add up over resets", counters_add_up_over_resets},
		{"a stopped queue stays stopped", a_stopped_queue_stays_stopped},
		{"a pipe ends", a_pipe_ends},
		{"a pipe that has sent all does not hang", a_pipe_that_has_sent_all_does_not_hang},
		{"a ring that went around does not hang", a_ring_that_went_around_does_not_hang},
		{"a frame that a pipe drops is one frame", a_frame_that_a_pipe_drops_is_one_frame},
		{"a port starts anew with other settings", a_port_starts_anew_with_other_settings},
		{"transmit that hangs is told, and mended", transmit_that_hangs_is_told_and_mended},
		{"a dead card gets a function reset", a_dead_card_gets_a_function_reset},
		{"receive that hangs is told, and mended", receive_that_hangs_is_told_and_mended},
		{"receive that hangs behind pause frames is told and mended",
			receive_that_hangs_behind_pause_frames_is_told_and_mended},
		{"a slow application is no hang", a_slow_application_is_no_hang},
		{"errors and resets of the card are told", errors_and_resets_of_the_card_are_told},
		{"a link that is back needs no reset", a_link_that_is_back_needs_no_reset},
		{"a lost link with frames pending needs a reset", a_lost_link_with_frames_pending_needs_a_reset},
		{"service called too often is cheap", service_called_too_often_is_cheap},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "resets", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
