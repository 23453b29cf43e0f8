/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the generator's engine: which frame is due when, how streams share what is sent, what is told of rates that
 * were missed, and trials one after the other. The time is passed in, and the ring is the test's. */
#include "../../apps/app.h"
#include "../../apps/app_base.h"

static uint64_t test_now_ns(void);
static unsigned test_tx(struct nic_txq *txq, const struct pkt *pkts, unsigned n);
static unsigned test_rx(struct nic_rxq *rxq, struct pkt *pkts, unsigned n);
#define app_now_ns test_now_ns
#define nic_tx     test_tx
#define nic_rx     test_rx
#include "../../apps/gen_receive.c"
#include "../../apps/gen_schedule.c"
#include "../../apps/gen_send.c"
#include "../../apps/gen_traffic.c"

#include "unit.h"

#define STREAMS 4
#define SENT    (1u << 20)

static uint64_t now_s = 1000;
static uint64_t test_now_ns(void)
{
	return now_s * 1000000000;
}

/* ---- An engine without ports ---- */

static struct app_options app_options;
static struct app app;
static struct gen_traffic t;
static struct gen_stream streams[STREAMS];
static struct dma_space *space;

/* What the ring took. */
static struct {
	unsigned stream;
	uint64_t number, tsc;
} sent[SENT];
static unsigned sent_count;
static unsigned ring_room; /* that the ring has */

static unsigned test_tx(struct nic_txq *txq, const struct pkt *pkts, unsigned n)
{
	struct gen_stamp stamp;
	unsigned hint = 0;
	unsigned taken = n < ring_room ? n : ring_room;

	(void)txq;
	for (unsigned i = 0; i < taken && sent_count < SENT; i++) {
		const struct gen_maker *maker = gen_makers_find(&t.makers, &hint, pkts[i].data, pkts[i].len, &stamp);
		if (!maker || stamp.bytes != pkts[i].len)
			CU_FAIL("a frame of no stream was sent");
		sent[sent_count].stream = stamp.stream;
		sent[sent_count].number = stamp.number;
		sent[sent_count++].tsc = stamp.time;
	}
	pkt_free(pkts, taken);
	ring_room -= taken;
	return taken;
}

static unsigned test_rx(struct nic_rxq *rxq, struct pkt *pkts, unsigned n)
{
	(void)rxq, (void)pkts, (void)n;
	return 0;
}

/* Senders of so many streams, which are 64 bytes long and have the rates of the test; no trial has begun. */
static void open_engine(unsigned senders, unsigned count)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct gen_stream_error error;

	app_options = (struct app_options){.quiet = true, .queues = senders, .burst = 32};
	app = (struct app){.options = &app_options, .port_count = 1};
	app.ports[0].link = (struct nic_link){.up = true, .mbps = 10000};
	memset(&t, 0, sizeof(t));
	memset(streams, 0, sizeof(streams));
	for (unsigned i = 0; i < count; i++)
		CU_ASSERT_TRUE_FATAL(gen_stream_parse(&streams[i], "udp size=64", &error));
	gen_makers_init(&t.makers, streams, count, 42, senders, mac, mac);
	for (unsigned i = 0; i < count; i++)
		gen_sizes_init(&t.reception.sizes[i], &streams[i]);
	t.app = &app;
	t.options = (struct gen_traffic_options){.streams = streams, .stream_count = count};
	t.streams = count;
	t.sending = (struct gen_sending){.makers = &t.makers,
		.sizes = t.reception.sizes,
		.senders = senders,
		.lanes = count,
		.frames_per_burst = 32,
		.away_limit = (uint64_t)(AWAY_S * app_tsc_hz())};
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&t.sending.pool, space, 1024, -1), 0);
	CU_ASSERT_TRUE(gen_makers_fill(t.sending.pool, 1024));
	for (unsigned i = 0; i < senders; i++)
		CU_ASSERT_TRUE_FATAL(gen_sender_open(&t.senders[i], &t.sending, i, &app.ports[0].queues[i]));
	t.reception.makers = &t.makers;
	for (unsigned i = 0; i < senders; i++) {
		t.reception.made[i] = t.senders[i].made;
		CU_ASSERT_TRUE_FATAL(gen_receiver_init(&t.receivers[i], &t.reception));
	}
	sent_count = 0;
	ring_room = UINT32_MAX;
}

static void close_engine(void)
{
	for (unsigned i = 0; i < t.streams; i++)
		gen_stream_free(&streams[i]);
	gen_traffic_close(&t);
	CU_ASSERT_EQUAL(pkt_pool_close(t.sending.pool), 0);
	dma_space_unref(space);
}

static void begin(double duration_s)
{
	gen_traffic_begin(&t, &(struct gen_trial){.stream = GEN_ALL_STREAMS, .duration_s = duration_s});
	t.sending.start_tsc = t.sending.begun_tsc;
}

/* All senders look, as often as they have something to send, at each step from one time to another, in seconds since
 * the start. */
static void run(double from_s, double to_s, double step_s)
{
	double hz = app_tsc_hz();

	for (double next, at = from_s; at <= to_s && t.sending.on; at = next) {
		unsigned before;
		next = at + step_s < to_s || at >= to_s ? at + step_s : to_s;
		do {
			before = sent_count;
			for (unsigned i = 0; i < t.sending.senders && t.sending.on; i++)
				gen_send(&t.senders[i], t.sending.begun_tsc + (uint64_t)(at * hz));
		} while (sent_count > before && ring_room);
	}
}

static unsigned sent_of(unsigned stream)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sent_count; i++)
		n += sent[i].stream == stream;
	return n;
}

/* ---- When frames are due ---- */

static void rates_are_kept_to_the_frame(void)
{
	static const struct {
		struct gen_rate rate;
		double seconds, step_s;
		unsigned frames; /* due before the end */
	} cases[] = {
		{{1, GEN_RATE_PACKETS}, 10.5, 1e-3, 11}, {{1000, GEN_RATE_PACKETS}, 1.0001, 1e-5, 1001},
		{{1e6, GEN_RATE_PACKETS}, 0.1, 1e-6, 100000}, {{14880952.38, GEN_RATE_PACKETS}, 0.01, 1e-6, 148810},
		{{90, GEN_RATE_PERCENT}, 0.01, 1e-6, 133929}, /* of 14,880,952 a second */
		{{1e9, GEN_RATE_BITS}, 0.1, 1e-6, 148810},    /* 84 bytes and 8 bits each */
		{{1e9, GEN_RATE_L2_BITS}, 0.1, 1e-6, 195313}, /* 64 bytes */
	};

	for (unsigned senders = 1; senders <= 3; senders += 2)
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			open_engine(senders, 1);
			streams[0].rate = cases[i].rate;
			begin(cases[i].seconds);
			run(0, cases[i].seconds + 0.01, cases[i].step_s);
			CU_ASSERT_FALSE(t.sending.on);
			ASSERT_NUMBER(sent_count, cases[i].frames);
			/* the n frames of a rate take n gaps */
			struct gen_moment moment;
			struct gen_outcome each[GEN_STREAMS], all;
			app.latest.ports[0].card.tx_packets = sent_count;
			gen_traffic_look_at(&t, &moment, true);
			gen_traffic_outcome(&t, NULL, &moment, each, &all);
			CU_ASSERT_DOUBLE_EQUAL(all.achieved_pps / all.asked_pps, 1, 1e-9);
			CU_ASSERT_EQUAL(all.cause, GEN_KEPT);
			close_engine();
		}
}

/* A schedule of frames of one stream, as sender `index` of all has it. */
static void make_schedule(struct gen_schedule *s, double pps, unsigned index)
{
	struct gen_schedule all;

	gen_schedule_init(&all, &t.makers.each[0], NULL, &(struct gen_rate){pps, GEN_RATE_PACKETS}, 10000);
	gen_schedule_share(s, &all, index, 0);
}

/* When the next frame is due; and goes on to the one behind it. */
static double due_next(struct gen_schedule *s)
{
	double due = (double)s->base + s->part;

	ASSERT_NUMBER(gen_schedule_due(s, (uint64_t)due + 1, 1), 1);
	return due;
}

static void a_rate_is_as_exact_after_a_day(void)
{
	struct gen_schedule s;
	double gap = app_tsc_hz() / 3e6, day = 86400 * app_tsc_hz();

	open_engine(1, 1);
	make_schedule(&s, 3e6, 0);
	s.base = (uint64_t)day;
	s.part = 0;
	for (unsigned i = 0; i < 10000000; i += gen_schedule_due(&s, UINT64_MAX / 4, 10000))
		;
	CU_ASSERT_DOUBLE_EQUAL(((double)(s.base - (uint64_t)day) + s.part) / 1e7 / gap, 1, 1e-9);
	close_engine();
}

static void waits_of_a_poisson_process_are_exponential(void)
{
	const unsigned count = 200000;
	const double n = count;
	double gap = app_tsc_hz() / 1e6, sum = 0, squares = 0, before = 0, longer = 0;
	struct gen_schedule s, shares[3];

	open_engine(3, 1);
	t.makers.each[0].senders = 1;
	streams[0].pace = GEN_PACE_POISSON;
	make_schedule(&s, 1e6, 0);
	due_next(&s);
	for (unsigned i = 0; i < count; i++) {
		double due = (double)s.base + s.part, wait = (due - before) / gap;
		due_next(&s);
		before = due;
		sum += wait;
		squares += wait * wait;
		longer += wait > 3;
	}
	/* within four standard errors: of 1 / sqrt(n) for the mean, sqrt(8 / n) for the variance */
	CU_ASSERT_DOUBLE_EQUAL(sum / n, 1, 0.009);
	CU_ASSERT_DOUBLE_EQUAL(squares / n - sum / n * sum / n, 1, 0.026);
	CU_ASSERT_DOUBLE_EQUAL(longer / n, 0.049787, 0.002);
	/* the same seed has the same waits, however many senders there are */
	make_schedule(&s, 1e6, 0);
	t.makers.each[0].senders = 3;
	for (unsigned i = 0; i < 3; i++)
		make_schedule(&shares[i], 1e6, i);
	for (unsigned i = 0; i < 3000; i++) {
		t.makers.each[0].senders = 1;
		double one = due_next(&s);
		t.makers.each[0].senders = 3;
		CU_ASSERT_DOUBLE_EQUAL(due_next(&shares[i % 3]), one, 1);
	}
	/* and another one has others */
	t.makers.each[0].senders = 1;
	make_schedule(&s, 1e6, 0);
	due_next(&s);
	t.makers.each[0].seed = 43;
	make_schedule(&shares[0], 1e6, 0);
	due_next(&shares[0]);
	CU_ASSERT_NOT_EQUAL(due_next(&s), due_next(&shares[0]));
	close_engine();
}

static void logarithms_are_exact_enough(void)
{
	CU_ASSERT_DOUBLE_EQUAL(exponential(UINT64_MAX), 0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(exponential(UINT64_C(1) << 63), 0.693147181, 1e-8);
	CU_ASSERT_DOUBLE_EQUAL(exponential(UINT64_C(0xb504f333f9de6484)), 0.346573590, 1e-8);
	CU_ASSERT_DOUBLE_EQUAL(exponential(0), 53 * 0.693147181, 1e-6); /* the longest wait there is */
}

static void bursts_leave_together_with_gaps_between_them(void)
{
	double gap = app_tsc_hz() / 1e6;
	struct gen_schedule s;

	open_engine(1, 1);
	streams[0].pace = GEN_PACE_BURST;
	streams[0].burst = 8;
	make_schedule(&s, 1e6, 0);
	for (unsigned i = 0; i < 64; i++)
		CU_ASSERT_DOUBLE_EQUAL(due_next(&s) / gap, i / 8 * 8, 1e-6);
	streams[0].rate = (struct gen_rate){1e6, GEN_RATE_PACKETS};
	begin(0);
	run(0, 99.5e-6, 1e-6);
	ASSERT_NUMBER(sent_count, 104);
	for (unsigned i = 0; i < sent_count; i++)
		ASSERT_NUMBER(sent[i].tsc, sent[i / 8 * 8].tsc);
	close_engine();
}

static void frames_of_many_sizes_take_their_own_time(void)
{
	static uint64_t sizes[] = {64, 1518};
	double bit = app_tsc_hz() / 1e9;

	for (unsigned senders = 1; senders <= 2; senders++) {
		open_engine(senders, 1);
		struct gen_schedule s[2], all;
		streams[0].size = (struct gen_values){.order = GEN_LIST, .list = sizes, .count = 2};
		gen_schedule_init(&all, &t.makers.each[0], NULL, &(struct gen_rate){1e9, GEN_RATE_BITS}, 10000);
		for (unsigned i = 0; i < senders; i++)
			gen_schedule_share(&s[i], &all, i, 0);
		for (unsigned i = 0; i < 10; i++)
			CU_ASSERT_DOUBLE_EQUAL(
				due_next(&s[i % senders]) / bit, i / 2 * 8 * (84 + 1538) + i % 2 * 8 * 84, 1e-3);
		streams[0].size = (struct gen_values){.first = 64, .count = 1};
		close_engine();
	}
}

static void what_was_missed_is_made_up_for_within_limits(void)
{
	double us = app_tsc_hz() / 1e6;
	struct gen_schedule s;

	open_engine(1, 1);
	make_schedule(&s, 1e6, 0);
	ASSERT_NUMBER(gen_schedule_due(&s, 0, 32), 1);
	ASSERT_NUMBER(gen_schedule_due(&s, (uint64_t)(0.5 * us), 32), 0);
	CU_ASSERT_DOUBLE_EQUAL(gen_schedule_wait(&s, (uint64_t)(0.5 * us)) / us, 0.5, 1e-3);
	ASSERT_NUMBER(gen_schedule_due(&s, (uint64_t)(10.5 * us), 32), 10);
	gen_schedule_give_up(&s, (uint64_t)(5000.5 * us));
	ASSERT_NUMBER(gen_schedule_due(&s, (uint64_t)(5000.5 * us), 10000), 4990);
	ASSERT_NUMBER(s.given_up_cycles, 0);
	gen_schedule_give_up(&s, (uint64_t)(1e6 * us)); /* a second: only 10 ms are made up for */
	unsigned late = gen_schedule_due(&s, (uint64_t)(1e6 * us), 100000);
	CU_ASSERT_TRUE(late >= 9999 && late <= 10002);
	CU_ASSERT_DOUBLE_EQUAL((double)s.given_up_cycles / us, 1e6 - 5001 - 10000, 1);
	/* From here on a tenth as fast: a frame in 10 us; 10 ms are still all that is made up for. */
	gen_schedule_set_speed(&s, (uint64_t)(1e6 * us), 0.1);
	s.given_up_cycles = s.held_up_cycles = 0;
	late = gen_schedule_due(&s, (uint64_t)((1e6 + 95) * us), 100);
	CU_ASSERT_TRUE(late >= 9 && late <= 10);
	gen_schedule_give_up(&s, (uint64_t)(2e6 * us));
	late = gen_schedule_due(&s, (uint64_t)(2e6 * us), 100000);
	CU_ASSERT_TRUE(late >= 999 && late <= 1002);
	CU_ASSERT_DOUBLE_EQUAL((double)s.given_up_cycles / us, 1e5 - 1000, 100);
	CU_ASSERT_DOUBLE_EQUAL((double)s.held_up_cycles / us, 1e6 - 10000, 1000);
	s.part = 1e30;
	CU_ASSERT_DOUBLE_EQUAL(gen_schedule_wait(&s, 0), GEN_WAIT_MAX, 0);
	close_engine();
}

/* ---- Several streams ---- */

static void streams_have_their_own_rates(void)
{
	for (unsigned senders = 1; senders <= 2; senders++) {
		open_engine(senders, 4);
		streams[0].rate = (struct gen_rate){1e6, GEN_RATE_PACKETS};
		streams[1].rate = (struct gen_rate){250e3, GEN_RATE_PACKETS};
		streams[2].rate = (struct gen_rate){10, GEN_RATE_PERCENT};
		streams[3].rate = (struct gen_rate){1000, GEN_RATE_PACKETS};
		streams[3].count = 7;
		begin(0.0200001);
		run(0, 0.03, 1e-6);
		CU_ASSERT_FALSE(t.sending.on);
		ASSERT_NUMBER(sent_of(0), 20001);
		ASSERT_NUMBER(sent_of(1), 5001);
		ASSERT_NUMBER(sent_of(2), 29763);
		ASSERT_NUMBER(sent_of(3), 7);
		ASSERT_NUMBER(gen_traffic_made(&t), sent_count);
		struct gen_moment moment;
		struct gen_outcome each[GEN_STREAMS], all;
		app.latest.ports[0].card.tx_packets = sent_count;
		gen_traffic_look_at(&t, &moment, true);
		gen_traffic_outcome(&t, NULL, &moment, each, &all);
		for (unsigned i = 0; i < 3; i++)
			CU_ASSERT_DOUBLE_EQUAL(each[i].achieved_pps / each[i].asked_pps, 1, 1e-6);
		CU_ASSERT_DOUBLE_EQUAL(all.asked_pps, 1e6 + 250e3 + 1488095.238 + 1000, 0.01);
		close_engine();
	}
}

/* Frames of several streams leave in the order in which they are due, each with its next number. */
static void frames_leave_in_the_order_in_which_they_are_due(void)
{
	static const double us[] = {3, 5, 7};
	uint64_t number[3] = {0};

	open_engine(1, 3);
	for (unsigned i = 0; i < 3; i++)
		streams[i].rate = (struct gen_rate){1e6 / us[i], GEN_RATE_PACKETS};
	begin(0);
	run(1.0005e-3, 1.0005e-3, 1); /* a millisecond late: all that is due then is sent at once */
	double last = 0;
	for (unsigned i = 0; i < sent_count; i++) {
		double due = (double)sent[i].number * us[sent[i].stream];
		ASSERT_NUMBER(sent[i].number, number[sent[i].stream]++);
		CU_ASSERT_TRUE(due >= last - 1e-3);
		last = due;
	}
	ASSERT_NUMBER(number[0], 334);
	ASSERT_NUMBER(number[1], 201);
	ASSERT_NUMBER(number[2], 143);
	close_engine();
}

static void streams_without_a_rate_share_what_the_others_leave(void)
{
	open_engine(1, 3);
	streams[0].rate = (struct gen_rate){1e6, GEN_RATE_PACKETS};
	begin(0);
	for (unsigned i = 0; i < 1000; i++) {
		ring_room = 20; /* as if the card sent so many in a microsecond */
		run(i * 1e-6, i * 1e-6, 1);
	}
	/* A frame in a microsecond is the first one's; up to a burst waits for the ring, and is made up for. */
	CU_ASSERT_TRUE(sent_of(0) >= 960 && sent_of(0) <= 1000);
	CU_ASSERT_TRUE(sent_of(1) > 9000 && sent_of(2) > 9000);
	CU_ASSERT_DOUBLE_EQUAL(sent_of(1), sent_of(2), 64);
	ASSERT_NUMBER(t.senders[0].lanes[0].schedule.given_up_cycles, 0);
	close_engine();
}

/* What one of three senders gives up is a third of what all of them would. */
static void what_a_sender_gives_up_is_its_own(void)
{
	static struct gen_moment moment;
	struct gen_outcome each[GEN_STREAMS], all;

	open_engine(3, 1);
	streams[0].rate = (struct gen_rate){3e6, GEN_RATE_PACKETS};
	begin(0);
	gen_send(&t.senders[1], t.sending.begun_tsc + (uint64_t)(0.1 * app_tsc_hz()));
	gen_traffic_look_at(&t, &moment, false);
	gen_traffic_outcome(&t, NULL, &moment, each, &all);
	CU_ASSERT_DOUBLE_EQUAL(all.given_up, 90000, 10);
	close_engine();
}

static void what_the_ring_did_not_take_was_not_made(void)
{
	open_engine(2, 2);
	begin(0);
	ring_room = 50;
	run(0, 1e-6, 1e-6);
	ASSERT_NUMBER(sent_count, 50);
	CU_ASSERT_TRUE(gen_traffic_made(&t) > 50);
	for (unsigned i = 0; i < 2; i++)
		gen_sender_take_back(&t.senders[i]);
	ASSERT_NUMBER(gen_traffic_made(&t), 50);
	ASSERT_NUMBER(app.ports[0].queues[0].counters.sent + app.ports[0].queues[1].counters.sent, 50);
	close_engine();
}

static void counts_are_of_all_senders_together(void)
{
	open_engine(3, 2);
	streams[0].count = 1;
	streams[1].count = 100;
	streams[1].rate = (struct gen_rate){1e6, GEN_RATE_PACKETS};
	begin(0);
	ASSERT_NUMBER(t.asked, 101);
	run(0, 1, 1e-6);
	CU_ASSERT_FALSE(t.sending.on);
	ASSERT_NUMBER(sent_of(0), 1);
	ASSERT_NUMBER(sent_of(1), 100);
	close_engine();
}

/* ---- Trials ---- */

static void trials_follow_each_other_with_counters_from_zero(void)
{
	open_engine(2, 3);
	begin(0);
	ring_room = 1000;
	run(0, 0, 1);
	ring_room = 10;
	run(2e-6, 2e-6, 1); /* the ring fills up, with frames pending */
	t.sending.on = false;
	unsigned first = sent_count;
	ring_room = UINT32_MAX;
	app_options.queues = app.port_count = 0; /* there are no threads to halt, and no cards */
	gen_traffic_begin(
		&t, &(struct gen_trial){.stream = 1, .rate = {1e6, GEN_RATE_PACKETS}, .count = 100, .duration_s = 1});
	t.sending.start_tsc = t.sending.begun_tsc;
	ASSERT_NUMBER(gen_traffic_made(&t), 0);
	ASSERT_NUMBER(t.asked, 100);
	ASSERT_NUMBER(GEN_TRAFFIC_SUM(&t, ring_full_times), 0);
	run(0, 1, 1e-6);
	CU_ASSERT_FALSE(t.sending.on);
	ASSERT_NUMBER(gen_traffic_made(&t), 100);
	ASSERT_NUMBER(sent_count - first, 100);
	for (unsigned i = first; i < sent_count; i++) {
		ASSERT_NUMBER(sent[i].stream, 1);
		for (unsigned j = 0; j < first; j++)
			CU_ASSERT_TRUE(sent[j].number < sent[i].number);
	}
	close_engine();
}

static void rates_in_percent_follow_the_link(void)
{
	static const struct {
		struct nic_link link;
		double speed;
	} changes[] = {{{.up = true, .mbps = 1000}, 0.1}, {{.up = false}, 0.1}, {{.up = true, .mbps = 10000}, 1},
		{{.up = true, .mbps = 100}, 0.01}};

	open_engine(1, 2);
	streams[0].rate = (struct gen_rate){50, GEN_RATE_PERCENT};
	streams[1].rate = (struct gen_rate){1e6, GEN_RATE_PACKETS};
	begin(0);
	CU_ASSERT_DOUBLE_EQUAL(gen_target_pps(&t.targets[0]), 7440476.19, 0.01);
	for (unsigned i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		app.ports[0].link = changes[i].link;
		CU_ASSERT_FALSE(gen_traffic_look(&t));
		run(i * 1e-3, i * 1e-3, 1); /* what is due by then at the old speed */
		unsigned before[2] = {sent_of(0), sent_of(1)};
		run(i * 1e-3, (i + 0.5) * 1e-3, 1e-6);
		CU_ASSERT_DOUBLE_EQUAL(sent_of(0) - before[0], 3720 * changes[i].speed, 1.01);
		CU_ASSERT_DOUBLE_EQUAL(sent_of(1) - before[1], 500, 1.01);
		CU_ASSERT_DOUBLE_EQUAL(gen_target_pps(&t.targets[0]), 7440476.19 * changes[i].speed, 0.01);
		run((i + 0.5) * 1e-3, (i + 1) * 1e-3, 1e-6);
	}
	close_engine();
}

static void a_sender_that_starts_late_was_without_its_cpu(void)
{
	const uint64_t second = (uint64_t)app_tsc_hz();
	static struct gen_moment moment;

	open_engine(1, 1);
	begin(0);
	for (unsigned late = 0; late < 2; late++) {
		t.sending.begun_tsc = app_tsc() - (late ? second : 0);
		t.sending.start_tsc = 0;
		gen_traffic_look_at(&t, &moment, false);
		CU_ASSERT_EQUAL(moment.streams[0].seconds, 0);
		start(&t.sending, t.sending.begun_tsc + (late ? second : second / 1000));
		ASSERT_NUMBER(t.sending.start_tsc - t.sending.begun_tsc, late ? 0 : second / 1000);
	}
	gen_traffic_look_at(&t, &moment, false);
	CU_ASSERT_TRUE(moment.streams[0].seconds >= 1);
	close_engine();
}

/* The transmit ring is full: with a link, a count is waited for in vain after 5 s in which nothing was sent. */
static void a_card_that_sends_nothing_is_not_waited_for(void)
{
	open_engine(1, 1);
	begin(0);
	for (unsigned counted = 0; counted < 2; counted++) {
		t.asked = counted;
		for (unsigned i = 0; i < 40; i++, now_s++) {
			app_add(&app.ports[0].queues[0].counters.sent, i < 10); /* it sends */
			if (i == 10 || i == 20)
				app.ports[0].link.up = i == 20; /* the link is down */
			if (i != 24) /* for a moment the ring had room, but nothing was due */
				app_add(&t.senders[0].ring_full_cycles, 1);
			ASSERT_NUMBER(gen_traffic_look(&t), counted && i >= 29);
			ASSERT_NUMBER(t.stall.ended, counted && i >= 29);
		}
		app_add(&app.ports[0].queues[0].counters.sent, 1);
	}
	close_engine();
}

/* ---- What is told ---- */

static char *text;
static size_t text_bytes;

static void print(
	const struct gen_target *target, const struct gen_progress *from, const struct gen_progress *to, bool json)
{
	struct gen_outcome outcome = gen_outcome_of(target, from, to);
	FILE *out = open_memstream(&text, &text_bytes);

	gen_outcome_print(&outcome, out, json, "generator");
	fclose(out);
}

/* What is told of a second at 1 Mpps of which a tenth was given up. */
static void causes_of_missed_rates_are_what_took_the_time(void)
{
	struct gen_schedule s;
	struct gen_progress from = {0}, to = {.seconds = 1, .clock_s = 1};
	uint64_t tenth = (uint64_t)(app_tsc_hz() / 10);
	const struct {
		uint64_t full, away, frames;
		unsigned mbps;
		double down_s;
		const char *cause;
		unsigned slower; /* the rate's clock, so many times */
	} cases[] = {
		{0, 0, 900000, 10000, 0, "\"cpu\"", 1}, {0, tenth, 900000, 10000, 0, "\"cpu_lost\"", 1},
		{tenth, 0, 900000, 10000, 0, "\"tx_ring_full\"", 1}, {tenth, 0, 900000, 671, 0, "\"line_rate\"", 1},
		{tenth, 0, 800000, 671, 0, "\"tx_ring_full\"", 1}, /* the line is not full either */
		{tenth, 0, 900000, 673, 0, "\"tx_ring_full\"", 1},
		{tenth, tenth, 900000, 10000, 0.1, "\"link_down\"", 1},
		{tenth, 0, 900000, 10000, 0.06, "\"link_down\"", 1},
		{tenth, 0, 900000, 10000, 0.04, "\"tx_ring_full\"", 1},
		{tenth / 4, tenth / 2, 900000, 10000, 0, "\"cpu_lost\"", 1},
		{tenth / 3, 0, 900000, 10000, 0, "\"cpu\"", 10}, {0, tenth, 900000, 10000, 0, "\"capture_read\"", 1},
		{tenth, 0, 900000, 10000, 0, "null", 1000000}, /* not one packet was given up */
	};

	open_engine(1, 1);
	make_schedule(&s, 1e6, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gen_target target = {.schedule = &s,
			.has_rate = true,
			.speed = 1,
			.above_line = 672e6 > 1e6 * cases[i].mbps,
			.link_mbps = cases[i].mbps};
		char wanted[400];
		unsigned slower = cases[i].slower;
		to.given_up_cycles = tenth / slower;
		to.held_up_cycles = tenth;
		to.frames = cases[i].frames;
		to.line_bits = (double)to.frames * 672;
		to.ring_full_cycles = cases[i].full;
		to.cpu_lost_cycles = cases[i].away;
		to.unread_cycles = strstr(cases[i].cause, "capture_read") ? tenth : 0;
		to.link_down_s = cases[i].down_s;
		print(&target, &from, &to, true);
		snprintf(wanted, sizeof(wanted),
			",\"asked_pps\":1000000.000,\"asked_framed_gbit_s\":0.672000,\"achieved_pps\":%.3f,\"achieved_"
			"framed_gbit_s\":%.6f,\"given_up\":%u,\"held_up_s\":0.100000,\"limited_by\":%s",
			(double)cases[i].frames, (double)cases[i].frames * 672e-9, 100000 / slower, cases[i].cause);
		if (strcmp(text, wanted) != 0) {
			printf("\n%s\n%s\n", text, wanted);
			CU_FAIL("another report was wanted");
		}
		free(text);
	}
	close_engine();
}

/* What is said of a time in which the link was down at its beginning: no look after it is needed. */
static void time_without_a_link_is_told_of_every_interval(void)
{
	struct gen_schedule s;
	struct gen_progress from = {0}, to = {0};
	static struct gen_moment before, after;

	open_engine(1, 1);
	begin(0);
	t.sending.on = false;
	t.sending.ended_at = 0;
	app.ports[0].link.up = false;
	gen_traffic_look_at(&t, &after, false);
	for (unsigned i = 1; i < 4; i++) {
		before = after;
		t.sending.ended_at = i * (uint64_t)app_tsc_hz();
		app.ports[0].link.up = i >= 2;
		gen_traffic_look_at(&t, &after, false);
		CU_ASSERT_DOUBLE_EQUAL(after.streams[0].link_down_s - before.streams[0].link_down_s, i < 3, 1e-6);
		print(&t.targets[0], &before.streams[0], &after.streams[0], false);
		CU_ASSERT_STRING_EQUAL(text, i < 3 ? "generator: the link was down for 1.000 s\n" : "");
		free(text);
	}
	/* a cause that has not all of what was given up is not told as if it had */
	make_schedule(&s, 1e6, 0);
	struct gen_target target = {.schedule = &s, .has_rate = true, .speed = 1, .link_mbps = 10000};
	to.seconds = to.clock_s = 1;
	to.given_up_cycles = to.held_up_cycles = (uint64_t)app_tsc_hz() / 10;
	to.link_down_s = 0.06;
	print(&target, &from, &to, false);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "; 100000 given up, mostly: the link was down\n"));
	free(text);
	/* a wait for the link when all is in the ring is of no schedule */
	to.given_up_cycles = to.held_up_cycles = 0;
	to.waited = true;
	print(&target, &from, &to, false);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " of 1e+06 asked; 0 given up: the link was down\n"));
	free(text);
	close_engine();
}

/* Of two streams one was held up: that is why the sum is missed. */
static void the_sum_has_the_cause_of_the_stream_that_lost_most(void)
{
	const struct gen_outcome kept = {.asked_pps = 10, .achieved_pps = 10, .limited_by = NULL},
				 missed = {.asked_pps = 20,
					 .achieved_pps = 15,
					 .given_up = 5,
					 .held_up_s = 0.2,
					 .cause = GEN_CPU_BUSY,
					 .limited_by = "cpu"},
				 unlimited = {.achieved_pps = 7};
	struct gen_outcome sum;

	gen_outcome_add(&sum, &kept, true);
	gen_outcome_add(&sum, &missed, false);
	CU_ASSERT_DOUBLE_EQUAL(sum.asked_pps, 30, 0);
	CU_ASSERT_DOUBLE_EQUAL(sum.achieved_pps, 25, 0);
	CU_ASSERT_DOUBLE_EQUAL(sum.given_up, 5, 0);
	CU_ASSERT_STRING_EQUAL(sum.limited_by, "cpu");
	gen_outcome_add(&sum, &unlimited, false);
	CU_ASSERT_DOUBLE_EQUAL(sum.asked_pps, 0, 0); /* nobody asked for a sum */
	CU_ASSERT_DOUBLE_EQUAL(sum.achieved_pps, 32, 0);
}

int main(void)
{
	CU_TestInfo due[] = {
		{"rates are kept to the frame", rates_are_kept_to_the_frame},
		{"a rate is as exact after a day", a_rate_is_as_exact_after_a_day},
		{"waits of a Poisson process are exponential", waits_of_a_poisson_process_are_exponential},
		{"logarithms are exact enough", logarithms_are_exact_enough},
		{"bursts leave together, with gaps between them", bursts_leave_together_with_gaps_between_them},
		{"frames of many sizes take their own time", frames_of_many_sizes_take_their_own_time},
		{"what was missed is made up for within limits", what_was_missed_is_made_up_for_within_limits},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo several[] = {
		{"streams have their own rates", streams_have_their_own_rates},
		{"frames leave in the order in which they are due", frames_leave_in_the_order_in_which_they_are_due},
		{"streams without a rate share what the others leave",
			streams_without_a_rate_share_what_the_others_leave},
		{"what a sender gives up is its own", what_a_sender_gives_up_is_its_own},
		{"what the ring did not take was not made", what_the_ring_did_not_take_was_not_made},
		{"counts are of all senders together", counts_are_of_all_senders_together},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo trials[] = {
		{"trials follow each other with counters from zero", trials_follow_each_other_with_counters_from_zero},
		{"rates in percent follow the link", rates_in_percent_follow_the_link},
		{"a sender that starts late was without its CPU", a_sender_that_starts_late_was_without_its_cpu},
		{"a card that sends nothing is not waited for", a_card_that_sends_nothing_is_not_waited_for},
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo told[] = {
		{"causes of missed rates are what took the time", causes_of_missed_rates_are_what_took_the_time},
		{"time without a link is told of every interval", time_without_a_link_is_told_of_every_interval},
		{"the sum has the cause of the stream that lost most",
			the_sum_has_the_cause_of_the_stream_that_lost_most},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "when frames are due", .pTests = due},
		{.pName = "several streams", .pTests = several},
		{.pName = "trials", .pTests = trials},
		{.pName = "what is told", .pTests = told},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
