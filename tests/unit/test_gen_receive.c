/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the generator says of packets that come back. Two software cards with a wire between them are stepped
 * with a clock of the test's own, so that each count and each latency is known beforehand. */
#include "../../apps/gen_receive.c"
#include "../../apps/gen_result.c"

#include "unit_local.h"

#include <string.h>

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
static struct gen_stream streams[2];
static struct gen_makers makers;
static struct gen_reception reception;
static struct gen_made made[3][GEN_STREAMS]; /* by sender */
static struct gen_receiver receivers[2];
static struct gen_result result;

/* Stream 0 has frames of 64 bytes, stream 1, if there is one, of 64, 64 and 594. */
static void open_receivers(unsigned stream_count, unsigned senders, unsigned receiver_count, unsigned latency_each)
{
	struct gen_stream_error error;

	for (unsigned i = 0; i < stream_count; i++)
		CU_ASSERT_TRUE_FATAL(
			gen_stream_parse(&streams[i], i ? "size=64,64,594 flows=3" : "size=64 flows=3", &error));
	gen_makers_init(&makers, streams, stream_count, 7, senders, mac, mac);
	memset(made, 0, sizeof(made));
	reception = (struct gen_reception){.makers = &makers, .latency_each = latency_each};
	for (unsigned i = 0; i < stream_count; i++)
		gen_sizes_init(&reception.sizes[i], &streams[i]);
	for (unsigned i = 0; i < senders; i++)
		reception.made[i] = made[i];
	for (unsigned i = 0; i < receiver_count; i++)
		CU_ASSERT_TRUE_FATAL(gen_receiver_init(&receivers[i], &reception));
}

static void close_receivers(unsigned receiver_count)
{
	for (unsigned i = 0; i < receiver_count; i++)
		gen_receiver_free(&receivers[i]);
	for (unsigned i = 0; i < makers.count; i++)
		gen_stream_free(&streams[i]);
	gen_makers_free(&makers);
}

/* A frame comes, of which the sender's counters know if it was made. */
static void come(unsigned receiver, unsigned stream, uint64_t number, uint64_t time, uint64_t now)
{
	static uint8_t frame[PKT_DATA_BYTES];
	struct pkt pkt = {.data = frame, .len = (uint16_t)gen_maker_bytes(&makers.each[stream], number)};

	gen_maker_write(&makers.each[stream], number, time, frame);
	gen_receive_burst(&receivers[receiver], &receivers[receiver].arrivals[0], &pkt, 1, now);
}

/* Sender 0 of three has sent 10 packets, sender 1 has sent 5; two queues receive. */
static void what_queues_receive_adds_up(void)
{
	open_receivers(1, 3, 2, 0);
	made[0][0].frames[0] = 10;
	made[1][0].frames[0] = 5;
	for (unsigned count = 0; count < 10; count++) /* number 4 of sender 0 is lost, and so is 0 of sender 1 */
		if (count != 4)
			come(count % 2, 0, 3 * count, 0, 0);
	for (unsigned count = 4; count > 0; count--)
		come(0, 0, 3 * count + 1, 0, 0);
	come(1, 0, 3 * 5 + 1, 0, 0); /* never sent */
	come(1, 0, 3 * 9, 0, 0);     /* again */
	ASSERT_NUMBER(gen_result_own(receivers, 2), 13);
	for (unsigned end = 0; end < 2; end++) {
		gen_result_take(&result, receivers, 2, end, 20); /* 5 more were made than the sequences know */
		ASSERT_NUMBER(result.all.own, 13);
		ASSERT_NUMBER(result.all.lost, end ? 7 : 2);
		ASSERT_NUMBER(result.all.in_flight, end ? 0 : 5);
		ASSERT_NUMBER(result.all.reordered, 3);
		ASSERT_NUMBER(result.all.extent_max, 3);
		ASSERT_NUMBER(result.all.duplicates, 1);
		ASSERT_NUMBER(result.foreign, 1);
		ASSERT_NUMBER(result.all.corrupted, 0);
	}
	close_receivers(2);
}

/* In a second trial, numbers begin behind those of the first: what comes late of that one is somebody else's. */
static void what_is_late_of_an_earlier_trial_is_not_counted(void)
{
	open_receivers(1, 1, 1, 1);
	made[0][0].frames[0] = 10;
	come(0, 0, 9, 0, 100);
	reception.made_before = 10;
	made[0][0].frames[0] = 2;
	gen_receiver_begin(&receivers[0]);
	come(0, 0, 8, 0, 100);
	come(0, 0, 11, 0, 100);
	come(0, 0, 10, 0, 100);
	come(0, 0, 12, 0, 100);
	gen_result_take(&result, receivers, 1, true, 2);
	ASSERT_NUMBER(result.all.own, 2);
	ASSERT_NUMBER(result.all.reordered, 1);
	ASSERT_NUMBER(result.foreign, 2);
	ASSERT_NUMBER(gen_histogram_count(&receivers[0].latencies[0].histogram), 2);
	close_receivers(1);
}

/* What comes back of a stream without a stamp cannot be told from what others send: that nothing came is no loss. */
static void without_a_stamp_nothing_is_lost(void)
{
	open_receivers(1, 1, 1, 0);
	gen_makers_free(&makers);
	streams[0].no_stamp = true;
	gen_makers_init(&makers, streams, 1, 7, 1, mac, mac);
	made[0][0].frames[0] = 10;
	come(0, 0, 1, 0, 0);
	gen_result_take(&result, receivers, 1, true, 10);
	ASSERT_NUMBER(result.untold, 10);
	ASSERT_NUMBER(result.all.lost, 0);
	ASSERT_NUMBER(result.foreign, 1);
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	gen_result_print_total(&result, out, false);
	gen_result_print_stream(&result, 0, out, false);
	fclose(out);
	CU_ASSERT_STRING_EQUAL(
		text, "generator: stream 0: 10 sent; without a stamp: what comes back of them is not told apart\n");
	close_receivers(1);
}

static void latency_is_measured_of_each_nth(void)
{
	open_receivers(1, 1, 1, 3);
	struct gen_latency *l = &receivers[0].latencies[0];
	made[0][0].frames[0] = 100;
	for (unsigned i = 0; i < 10; i++) /* 0, 3, 6 and 9 are measured */
		come(0, 0, i, 1000, 1000 + 10 * i * i);
	ASSERT_NUMBER(gen_histogram_count(&l->histogram), 4);
	ASSERT_NUMBER(l->histogram.sum, 10 * (9 + 36 + 81));
	ASSERT_NUMBER(l->pairs, 3);
	ASSERT_NUMBER(l->difference_sum, 810);
	ASSERT_NUMBER(l->difference_max, 450);
	/* a counter that is behind is no long time, and one that wraps around no short one */
	come(0, 0, 10, 1000, 0);
	come(0, 0, 11, 1000, 0);
	come(0, 0, 12, 1001, 1000);
	ASSERT_NUMBER(l->histogram.least, 0);
	ASSERT_NUMBER(l->histogram.most, 810);
	for (unsigned i = 13; i < 16; i++)
		come(0, 0, i, GEN_TIME_LIMIT - 500, GEN_TIME_LIMIT * 5 + 500);
	ASSERT_NUMBER(l->histogram.most, 1000);
	close_receivers(1);
}

/* ---- Two cards, and a wire ---- */

static struct dma_space *space;
static struct pkt_pool *pool;
static struct nic *nics[2];
static struct vfio_device *devices[2];
static struct app app;
static struct app_options options = {.burst = 32, .queues = 1};

static void open_cards(void)
{
	struct nic_config config = {.promiscuous = true};

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, nic_pool_count(&config, 2, 1), -1), 0);
	config.pool = pool;
	for (unsigned i = 0; i < 2; i++)
		local_port_open(&nics[i], &devices[i], space, &config);
	app.options = &options;
	app.ports[0].queues[0].rx = nic_rxq(nics[1], 0);
}

static void close_cards(void)
{
	nic_close(nics[0]);
	nic_close(nics[1]);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
}

/* What is on the wire. The test's clock ticks, once per frame that is sent. */
enum { FRAMES = 6000, WIRE = 4096 };
static struct on_wire {
	uint8_t data[600];
	unsigned bytes;
	uint64_t due; /* 0: there is none */
} on_wire[WIRE];
static unsigned used;
static uint64_t now;

/* How long the next frame takes; copies of it that arrive; the byte that is changed, or 0. */
static struct fate {
	uint64_t delay;
	unsigned copies, changed;
} next;

static unsigned take(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned copy = 0; copy < next.copies; copy++) {
			struct on_wire *w = &on_wire[used++ % WIRE];
			CU_ASSERT_EQUAL_FATAL(w->due, 0);
			*w = (struct on_wire){.bytes = frames[i].len, .due = now + next.delay};
			memcpy(w->data, frames[i].data, frames[i].len);
			w->data[next.changed] ^= next.changed ? 0x40 : 0;
		}
	}
	return n;
}

/* The frames that are due now arrive, in the order in which they were sent. */
static void deliver(void)
{
	for (unsigned i = used - WIRE; i != used; i++) {
		struct on_wire *w = &on_wire[i % WIRE];
		if (w->due == 0 || w->due > now)
			continue;
		CU_ASSERT_EQUAL(model_receive(model_local_model(devices[1]),
					&(struct model_frame){.data = w->data, .len = w->bytes}, 1),
			1);
		w->due = 0;
		for (bool some = i % 8 == 0; some;)
			some = gen_receive(&receivers[0], &app, 0, 0, now);
	}
	while (gen_receive(&receivers[0], &app, 0, 0, now))
		;
}

/* Sends the next frame of a stream, with that fate. */
static void send_one(unsigned stream, const struct fate *fate)
{
	static const struct model_sink sink = {.take = take};
	const struct gen_maker *maker = &makers.each[stream];
	uint64_t number = gen_made_all(&made[0][stream]);
	unsigned bytes = gen_maker_bytes(maker, number);
	struct pkt pkt;

	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	memset(pkt.data, 0, bytes);
	gen_maker_write(maker, number, now, pkt.data);
	pkt.len = (uint16_t)bytes;
	app_add(&made[0][stream].frames[gen_sizes_find(&reception.sizes[stream], bytes + NIC_FCS_BYTES)], 1);
	next = *fate;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nics[0], 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(model_transmit(model_local_model(devices[0]), &sink, 1), 1);
	now++;
	deliver();
}

static void begin(unsigned stream_count)
{
	open_cards();
	open_receivers(stream_count, 1, 1, 1);
	memset(on_wire, 0, sizeof(on_wire));
	used = WIRE;
	now = 1;
}

static void end(void)
{
	close_receivers(1);
	close_cards();
}

static void latencies_are_exact_to_a_bucket(void)
{
	static struct gen_latency wanted, got;
	uint64_t before = 0;

	begin(1);
	gen_latency_clear(&wanted);
	for (unsigned i = 0; i < FRAMES; i++) {
		/* it grows, so that order is kept; and falls again, so that frames come together */
		uint64_t delay = 100 + (i % 1000 < 500 ? i % 500 : 500 - i % 500);
		send_one(0, &(struct fate){.delay = delay, .copies = 1});
		gen_histogram_add(&wanted.histogram, delay, 1);
		if (i > 0)
			gen_latency_add_pairs(&wanted, delay, before, 1);
		before = delay;
	}
	for (unsigned i = 0; i < 1000; i++, now++)
		deliver();
	gen_result_take(&result, receivers, 1, true, FRAMES);
	ASSERT_NUMBER(result.all.own, FRAMES);
	ASSERT_NUMBER(result.all.reordered, 0);
	gen_result_latency(&got, receivers, 1, GEN_ALL_STREAMS);
	CU_ASSERT_EQUAL(memcmp(&got, &wanted, sizeof(got)), 0);
	ASSERT_NUMBER(got.histogram.least, 100);
	ASSERT_NUMBER(got.histogram.most, 600);
	end();
}

static void what_happens_on_the_wire_is_counted_exactly_per_stream_and_size(void)
{
	struct gen_tally wanted[2][2] = {{{.sent = 0}}}; /* by stream and size */
	/* How many of the same stream are sent in the 9 and 18 ticks by which a frame is late: each third frame is
	 * stream 1's. What is due at the same time comes in order. */
	static const unsigned extents[2] = {5, 5};

	begin(2);
	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned stream = i % 3 == 0, number = (unsigned)gen_made_all(&made[0][stream]);
		struct gen_tally *w = &wanted[stream][stream && number % 3 == 2];
		/* in each hundred of a stream: one is lost, two are doubled, one is changed, one comes so much later
		 * that some others overtake it */
		struct fate fate = {.delay = 50, .copies = 1};
		switch (number % 100) {
		case 7:
			fate.copies = 0;
			break;
		case 17:
			fate.changed = 30;
			break;
		case 27:
		case 28:
			fate.copies = 2;
			w->duplicates++;
			break;
		case 40:
			fate.delay = 50 + 9 * (1 + stream);
			w->reordered++;
			break;
		default:
			break;
		}
		w->sent++;
		w->corrupted += fate.changed > 0;
		w->lost += fate.changed || !fate.copies;
		w->own += !fate.changed && fate.copies;
		send_one(stream, &fate);
	}
	for (unsigned i = 0; i < 100; i++, now++)
		deliver();
	CU_ASSERT_TRUE(gen_maker_is_stamped(&makers.each[1]));
	gen_result_take(&result, receivers, 1, true, FRAMES);
	for (unsigned stream = 0; stream < 2; stream++) {
		const struct gen_stream_result *s = &result.streams[stream];
		uint64_t reordered = 0;
		ASSERT_NUMBER(s->sizes->count, 1 + stream);
		for (unsigned size = 0; size <= stream; size++) {
			const struct gen_tally *w = &wanted[stream][size], *got = &s->by_size[size];
			ASSERT_NUMBER(got->sent, w->sent);
			ASSERT_NUMBER(got->own, w->own);
			ASSERT_NUMBER(got->lost, w->lost);
			ASSERT_NUMBER(got->reordered, w->reordered);
			ASSERT_NUMBER(got->duplicates, w->duplicates);
			ASSERT_NUMBER(got->corrupted, w->corrupted);
			ASSERT_NUMBER(got->in_flight + got->stale, 0);
			reordered += w->reordered;
		}
		ASSERT_NUMBER(s->all.extent_max, extents[stream]);
		ASSERT_NUMBER(s->all.extent_sum, reordered * extents[stream]);
	}
	ASSERT_NUMBER(result.all.own + result.all.lost, FRAMES);
	ASSERT_NUMBER(result.foreign, 0);
	end();
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"what queues receive adds up", what_queues_receive_adds_up},
		{"what is late of an earlier trial is not counted", what_is_late_of_an_earlier_trial_is_not_counted},
		{"without a stamp nothing is lost", without_a_stamp_nothing_is_lost},
		{"latency is measured of each Nth", latency_is_measured_of_each_nth},
		{"latencies are exact to a bucket", latencies_are_exact_to_a_bucket},
		{"what happens on the wire is counted exactly, per stream and size",
			what_happens_on_the_wire_is_counted_exactly_per_stream_and_size},
		CU_TEST_INFO_NULL,
	};
	static CU_SuiteInfo suites[] = {{.pName = "gen_receive", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
