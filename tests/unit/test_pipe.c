/* SPDX-License-Identifier: BSD-2-Clause
 * Pipes from end to end: packets go where the function says, none lost and none twice, whatever the rings hold. */
#include "pipe_ways.c"

/* ---- Functions of pipes ---- */

static uint32_t nowhere(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return 0;
}

/* Where the n-th packet goes, of four outputs: now one, now several, all, or none. */
static uint32_t target(unsigned n)
{
	return n / 7 % 3 ? (n * 2654435761u) >> 28 : 1u << n / 64 % 4;
}

static uint32_t to_target(void *context, struct pkt *pkt)
{
	unsigned *seen = context;

	(void)pkt;
	return target((*seen)++);
}

/* ---- Tests ---- */

static unsigned random_below(unsigned short seed[3], unsigned n)
{
	return (unsigned)nrand48(seed) % n;
}

/* Bursts of all sizes, from anywhere in the ring, arrivals that stop and go: in order, none lost, none twice. */
static void forwards_in_random_bursts_byte_for_byte(void)
{
	for (unsigned pointer = 0; pointer < 2; pointer++) {
		unsigned short seed[3] = {1, 2, 3};
		unsigned arrived = 0, errors = 0;
		struct nic_pipe_stats stats;
		struct nic_pipe *pipe;
		struct fixture f;

		set_up(&f, 2, NULL);
		pipe = open_pipe(&f, 0, 1u << 1);
		while (f.wire[1].count < WIRE_FRAMES) {
			unsigned comes = random_below(seed, 100), burst = 1 + random_below(seed, 80);

			while (comes-- && arrived < WIRE_FRAMES &&
				wire_arrive(model(&f, 0), arrived, 60 + arrived % 1455))
				arrived++;
			if (pointer)
				nic_pipe_call(pipe, burst, to_first, NULL);
			else
				nic_pipe_run(pipe, burst, to_first, NULL);
			if (random_below(seed, 3) == 0)
				send_out(&f, 1);
		}
		for (unsigned i = 0; i < WIRE_FRAMES; i++)
			errors += !wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, 60 + i % 1455);
		CU_ASSERT_EQUAL(errors, 0);
		nic_pipe_get_stats(pipe, &stats);
		CU_ASSERT_EQUAL(stats.packets, WIRE_FRAMES);
		CU_ASSERT_EQUAL(stats.dropped + stats.blocked + stats.bad + stats.blocked_outputs, 0);
		nic_pipe_close(pipe);
		tear_down(&f);
	}
}

/* What a pipe has not taken, and what an output has not sent, is in the ports' counters when these have stopped. */
static void what_is_left_at_the_end_is_counted(void)
{
	struct nic_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 1u << 1);
	for (unsigned i = 0; i < 50; i++)
		CU_ASSERT_TRUE(wire_arrive(model(&f, 0), i, 60));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 40, to_first, NULL), 40);
	f.wire[1].capacity = 33;
	CU_ASSERT_EQUAL(
		model_transmit(model(&f, 1), &(struct model_sink){.context = &f.wire[1], .take = wire_take}, 33), 33);
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
	CU_ASSERT_EQUAL(nic_stop(f.nic[1]), 0);
	nic_pipe_close(pipe);
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[0], &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, 50);
	CU_ASSERT_EQUAL(stats.rx_left, 10);
	CU_ASSERT_EQUAL(stats.tx_unsent, 0);
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[1], &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_packets, 33);
	CU_ASSERT_EQUAL(stats.tx_unsent, 7);
	CU_ASSERT_EQUAL(stats.rx_left, 0);
	tear_down(&f);
}

/* Four outputs, the packet's own port among them. */
static void each_packet_goes_where_the_function_says(void)
{
	unsigned short seed[3] = {4, 5, 6};
	unsigned arrived = 0, seen = 0, errors = 0, dropped = 0, at[PORTS] = {0};
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 4, NULL);
	pipe = open_pipe(&f, 0, 0xf);
	while (seen < WIRE_FRAMES) {
		unsigned comes = random_below(seed, 70);

		while (comes-- && arrived < WIRE_FRAMES && wire_arrive(model(&f, 0), arrived, 60 + arrived % 200))
			arrived++;
		nic_pipe_run(pipe, 1 + random_below(seed, 70), to_target, &seen);
		for (unsigned port = 0; port < 4; port++)
			if (random_below(seed, 2) || seen == WIRE_FRAMES)
				send_out(&f, port);
	}
	for (unsigned i = 0; i < WIRE_FRAMES; i++) {
		dropped += target(i) == 0;
		for (unsigned port = 0; port < 4; port++) {
			struct wire *wire = &f.wire[port];

			if (!(target(i) >> port & 1))
				continue;
			errors += at[port] >= wire->count ||
				  !wire_is_frame(wire->data[at[port]], wire->len[at[port]], i, 60 + i % 200);
			at[port]++;
		}
	}
	CU_ASSERT_EQUAL(errors, 0);
	for (unsigned port = 0; port < 4; port++)
		CU_ASSERT_EQUAL(at[port], f.wire[port].count);
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.packets, WIRE_FRAMES);
	CU_ASSERT_EQUAL(stats.dropped, dropped);
	CU_ASSERT_EQUAL(stats.blocked + stats.bad, 0);
	nic_pipe_close(pipe);
	tear_down(&f);
}

static uint32_t reshape(void *context, struct pkt *pkt)
{
	unsigned *seen = context, kind = (*seen)++ % 10;

	switch (kind) {
	case 0: /* a tag in front */
		pkt->data -= 4;
		pkt->len = (uint16_t)(pkt->len + 4);
		memset(pkt->data, 0xee, 4);
		break;
	case 1: /* and off */
		pkt->data += 14;
		pkt->len = (uint16_t)(pkt->len - 14);
		break;
	case 2:
		pkt->len = 1514;
		break;
	case 3:
		pkt->len = 5; /* padded */
		break;
	case 4: /* at the very end of its buffer, and shorter than any descriptor takes */
		pkt->data += PKT_DATA_BYTES - 5;
		memset(pkt->data, 0xdd, 5);
		pkt->len = 5;
		break;
	case 5:
		pkt->len = 0;
		break;
	case 6:
		pkt->len = 1523;
		break;
	case 7:
		pkt->flags = PKT_MORE;
		break;
	case 8:
		pkt->len = UINT16_MAX;
		break;
	}
	return 3;
}

static void functions_change_length_and_start(void)
{
	static const uint32_t lens[] = {LEN + 4, LEN - 14, 1514, 60, 60, LEN};
	uint8_t frame[WIRE_BYTES], zeros[60] = {0};
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;
	unsigned seen = 0;

	set_up(&f, 3, NULL);
	pipe = open_pipe(&f, 0, 6);
	for (unsigned i = 0; i < 10 * RING; i++) {
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
		if (i % 10 == 9) {
			CU_ASSERT_EQUAL_FATAL(nic_pipe_run(pipe, 64, reshape, &seen), 10);
			send_out(&f, 1);
			send_out(&f, 2);
		}
	}
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.packets, 10 * RING);
	CU_ASSERT_EQUAL(stats.bad, 2 * 4 * RING);
	for (unsigned port = 1; port < 3; port++) {
		struct wire *wire = &f.wire[port];

		CU_ASSERT_EQUAL_FATAL(wire->count, 6 * RING);
		for (unsigned i = 0; i < wire->count; i++) {
			unsigned kind = i % 6;

			wire_frame(frame, i / 6 * 10 + (kind == 5 ? 9 : kind), LEN);
			CU_ASSERT_EQUAL_FATAL(wire->len[i], lens[kind]);
			if (kind == 0)
				CU_ASSERT_TRUE(!memcmp(wire->data[i], "\xee\xee\xee\xee", 4) &&
					       !memcmp(wire->data[i] + 4, frame, LEN));
			if (kind == 1)
				CU_ASSERT_TRUE(!memcmp(wire->data[i], frame + 14, LEN - 14));
			if (kind == 2 || kind == 5)
				CU_ASSERT_TRUE(!memcmp(wire->data[i], frame, LEN));
			if (kind == 3)
				CU_ASSERT_TRUE(
					!memcmp(wire->data[i], frame, 5) && !memcmp(wire->data[i] + 5, zeros, 55));
			if (kind == 4)
				CU_ASSERT_TRUE(!memcmp(wire->data[i], "\xdd\xdd\xdd\xdd\xdd", 5) &&
					       !memcmp(wire->data[i] + 5, zeros, 55));
		}
	}
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* Every other packet to both outputs, shorter than any descriptor takes and at the very end of its buffer, the others
 * to the first only. */
static uint32_t shrink_every_other(void *context, struct pkt *pkt)
{
	unsigned *seen = context;

	if ((*seen)++ % 2)
		return 1;
	pkt->data += PKT_DATA_BYTES - 5;
	memset(pkt->data, 0xdd, 5);
	pkt->len = 5;
	return 3;
}

static void short_packets_are_padded_once_where_they_part(void)
{
	uint8_t padded[60] = {0xdd, 0xdd, 0xdd, 0xdd, 0xdd};
	struct nic_pipe *pipe;
	struct fixture f;
	unsigned seen = 0;

	set_up(&f, 3, NULL);
	pipe = open_pipe(&f, 0, 6);
	for (unsigned i = 0; i < 40; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 40, shrink_every_other, &seen), 40);
	CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 40);
	CU_ASSERT_EQUAL_FATAL(send_out(&f, 2), 20);
	for (unsigned i = 0; i < 20; i++) {
		CU_ASSERT_TRUE(f.wire[1].len[2 * i] == 60 && !memcmp(f.wire[1].data[2 * i], padded, 60));
		CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[2 * i + 1], f.wire[1].len[2 * i + 1], 2 * i + 1, LEN));
		CU_ASSERT_TRUE(f.wire[2].len[i] == 60 && !memcmp(f.wire[2].data[i], padded, 60));
	}
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* It arrives just after the look at the ring that did not find it, and before the next one, which looks for what is
 * bad. */
static void a_packet_between_two_looks_is_not_dropped(void)
{
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	CU_ASSERT_TRUE(wire_arrive(model(&f, 0), 7, LEN));
	CU_ASSERT_EQUAL(pipe_receive_rare((struct pipe *)pipe), PIPE_LOOK_AGAIN);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 1);
	CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 1);
	CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[0], f.wire[1].len[0], 7, LEN));
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* Bursts across two batches, to an output that sends nothing: no slot goes back to the card. */
static void no_slot_goes_back_before_its_packets_are_sent(void)
{
	struct nic_pipe *pipe;
	struct ring_rxq *rxq;
	struct fixture f;
	unsigned arrived = 0;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	rxq = f.nic[0]->rings.rxqs[0];
	while (wire_arrive(model(&f, 0), arrived, LEN)) {
		arrived++;
		if (arrived == 20 || arrived == 43 || arrived == RING - 1)
			CU_ASSERT_TRUE(nic_pipe_run(pipe, 32, to_first, NULL) > 0);
	}
	CU_ASSERT_EQUAL(arrived, RING - 1);
	CU_ASSERT_EQUAL(rxq->refill_next, 0);
	CU_ASSERT_EQUAL(rxq->next, RING - 1);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 0);
	CU_ASSERT_EQUAL(rxq->refill_next, 0);

	/* the first of the three bursts goes out: that is no whole batch; with the second it is */
	f.wire[1].capacity = 20;
	CU_ASSERT_EQUAL(
		model_transmit(model(&f, 1), &(struct model_sink){.context = &f.wire[1], .take = wire_take}, 20), 20);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 0);
	CU_ASSERT_EQUAL(rxq->refill_next, 0);
	CU_ASSERT_EQUAL(
		model_transmit(model(&f, 1), &(struct model_sink){.context = &f.wire[1], .take = wire_take}, 23), 20);
	CU_ASSERT_EQUAL(
		model_transmit(model(&f, 1), &(struct model_sink){.context = &f.wire[1], .take = wire_take}, 3), 3);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 0);
	CU_ASSERT_EQUAL(rxq->refill_next, 32);
	/* the slot that stays back was not given, whatever stands in it */
	f.wire[1].capacity = 0;
	send_out(&f, 1);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* The same where whole batches are given back at the end of a burst. */
static void nor_at_the_end_of_a_burst(void)
{
	struct nic_config config = {.rx_ring = 4 * RING, .tx_ring = 4 * RING, .promiscuous = true};
	struct nic_pipe *pipe;
	struct ring_rxq *rxq;
	struct fixture f;

	set_up(&f, 2, &config);
	pipe = open_pipe(&f, 0, 2);
	rxq = f.nic[0]->rings.rxqs[0];
	for (unsigned i = 0; i < 3 * RING; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 3 * RING, to_first, NULL), 3 * RING);
	CU_ASSERT_EQUAL(rxq->refill_next, 0);
	send_out(&f, 1);
	for (unsigned i = 0; i < 32; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 32);
	CU_ASSERT_EQUAL(rxq->refill_next, 3 * RING);
	send_out(&f, 1);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* The n-th packet of a stream that goes to one output for a while, then to another, to both, or parts; it turns in the
 * middle of a batch and where one ends. */
#define TURN 144u
static uint32_t turning(unsigned n)
{
	switch (n / TURN * 2654435761u >> 29) {
	case 5:
		return 2;
	case 6:
		return 3;
	case 7:
		return 1 + n % 3;
	default:
		return 1;
	}
}

static uint32_t to_turning(void *context, struct pkt *pkt)
{
	unsigned *seen = context;

	(void)pkt;
	return turning((*seen)++);
}

/* A ring in which many batches are held at once, one output that sends often and one that seldom does: no buffer goes
 * back too early, or a later packet would be in it when it is sent. */
static void what_either_output_has_is_not_given_back(void)
{
	struct nic_config config = {.rx_ring = 4 * RING, .tx_ring = 4 * RING, .promiscuous = true};
	unsigned short seed[3] = {7, 8, 9};
	unsigned arrived = 0, seen = 0, errors = 0, at[3] = {0};
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 3, &config);
	pipe = open_pipe(&f, 0, 6);
	while (seen < WIRE_FRAMES) {
		unsigned most = 1 + random_below(seed, 70), left = TURN - seen % TURN;

		/* more than the pipe asks for: an empty ring has it look at all that is held */
		while (arrived - seen < 100 && arrived < WIRE_FRAMES && wire_arrive(model(&f, 0), arrived, LEN))
			arrived++;
		nic_pipe_run(pipe, most > left && random_below(seed, 4) ? left : most, to_turning, &seen);
		if (random_below(seed, 4) == 0 || seen == WIRE_FRAMES)
			send_out(&f, 1);
		if (random_below(seed, 24) == 0 || seen == WIRE_FRAMES)
			send_out(&f, 2);
	}
	for (unsigned i = 0; i < WIRE_FRAMES; i++)
		for (unsigned port = 1; port < 3; port++)
			if (turning(i) & port) {
				struct wire *wire = &f.wire[port];

				errors += at[port] >= wire->count ||
					  !wire_is_frame(wire->data[at[port]], wire->len[at[port]], i, LEN);
				at[port]++;
			}
	CU_ASSERT_EQUAL(errors, 0);
	CU_ASSERT_EQUAL(at[1], f.wire[1].count);
	CU_ASSERT_EQUAL(at[2], f.wire[2].count);
	nic_pipe_close(pipe);
	tear_down(&f);
}

static uint32_t empty_to_second(void *context, struct pkt *pkt)
{
	(void)context;
	pkt->len = 0;
	return 2;
}

/* An output that never had a packet, and is asked to send what it cannot, from the middle of a batch to the next one:
 * it has nothing to report, and is not waited for. */
static void an_output_that_got_bad_copies_only_holds_nothing(void)
{
	static const struct {
		unsigned packets;
		nic_pipe_function *function;
	} bursts[] = {{20, nowhere}, {20, empty_to_second}, {24, nowhere}};
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 3, NULL);
	pipe = open_pipe(&f, 0, 6);
	for (unsigned b = 0; b < 3; b++) {
		for (unsigned i = 0; i < bursts[b].packets; i++)
			CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
		CU_ASSERT_EQUAL(nic_pipe_call(pipe, 32, bursts[b].function, NULL), bursts[b].packets);
	}
	ASSERT_NUMBER(f.nic[0]->rings.rxqs[0]->refill_next, 64);
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.bad, 20);
	CU_ASSERT_EQUAL(stats.dropped, 44);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* n packets go to these outputs, not on from there. @return the slot up to which the ring was given back then */
static uint32_t hold(struct fixture *f, struct nic_pipe *pipe, unsigned n, uint32_t to)
{
	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(f, 0), i, LEN));
	CU_ASSERT_EQUAL(to == 1 ? nic_pipe_run(pipe, n, to_first, NULL) : nic_pipe_run(pipe, n, to_second, NULL), n);
	return f->nic[0]->rings.rxqs[0]->refill_next;
}

/* Where all of late went to one output, one batch of it tells for those before: but not for what is behind it, not for
 * what another output had before, nor for what that had of a batch that both have some of. */
static void one_batch_tells_only_for_its_own_kind(void)
{
	struct nic_config config = {.rx_ring = 4 * RING, .tx_ring = 4 * RING, .promiscuous = true};
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 3, &config);
	pipe = open_pipe(&f, 0, 6);
	hold(&f, pipe, 32, 1);
	send_out(&f, 1);
	CU_ASSERT_TRUE(hold(&f, pipe, 96, 1) <= 32);
	send_out(&f, 1);
	CU_ASSERT_EQUAL(hold(&f, pipe, 32, 1), 128);
	send_out(&f, 1);

	hold(&f, pipe, 32, 2);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_TRUE(hold(&f, pipe, 32, 1) <= 160);
		send_out(&f, 1);
	}
	send_out(&f, 2);
	CU_ASSERT_EQUAL(hold(&f, pipe, 32, 1), 288);
	send_out(&f, 1);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 1, to_first, NULL), 0); /* that's when it looks at all: none is held */

	hold(&f, pipe, 16, 2);
	for (unsigned i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(hold(&f, pipe, i ? 32 : 16, 1), 320);
		send_out(&f, 1);
	}
	send_out(&f, 2);
	CU_ASSERT_EQUAL(hold(&f, pipe, 32, 1), 448);
	send_out(&f, 1);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 1, to_first, NULL), 0);

	hold(&f, pipe, 16, 2);
	hold(&f, pipe, 16, 1);
	send_out(&f, 1);
	send_out(&f, 2);
	CU_ASSERT_TRUE(hold(&f, pipe, 32, 1) <= 512);
	send_out(&f, 1);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* What is known to be the same for all packets is written down once one differs. */
static void a_burst_that_parts_late_is_written_down(void)
{
	struct nic_pipe pipe = {.bursts = {.receive = NULL}};
	struct nic_pipe_answers answers = {.all = UINT32_MAX};
	unsigned seen = 0;

	memset(pipe.targets, 0xff, sizeof(pipe.targets));
	nic_pipe_ask(&pipe, pipe.pkts, pipe.targets, 8, to_first, NULL, &answers);
	nic_pipe_ask(&pipe, pipe.pkts + 8, pipe.targets + 8, 8, to_first, NULL, &answers);
	CU_ASSERT_FALSE(answers.written);
	CU_ASSERT_EQUAL(answers.all, 1);
	nic_pipe_ask(&pipe, pipe.pkts + 16, pipe.targets + 16, 8, to_second, NULL, &answers);
	nic_pipe_ask(&pipe, pipe.pkts + 24, pipe.targets + 24, 1, to_second, NULL, &answers);
	nic_pipe_ask(&pipe, pipe.pkts + 25, pipe.targets + 25, 1, to_target, &seen, &answers);
	CU_ASSERT_TRUE(answers.written);
	for (unsigned i = 0; i < 25; i++)
		CU_ASSERT_EQUAL(pipe.targets[i], i < 16 ? 1 : 2);
	CU_ASSERT_EQUAL(pipe.targets[25], target(0));
}

/* A pipe that begins to feed an output while another one does, in the middle of its ring: that goes on around the ring.
 * What is dropped first has bursts go over the ring's end. */
static void a_second_pipe_may_join_at_any_time(void)
{
	struct nic_config config = {.rx_ring = 4 * RING, .tx_ring = 8 * RING, .promiscuous = true};
	unsigned arrived = 0, errors = 0;
	struct nic_pipe *pipes[2] = {NULL};
	struct fixture f;

	set_up(&f, 3, &config);
	pipes[0] = open_pipe(&f, 0, 2);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipes[0], 7, nowhere, NULL), 3);
	for (unsigned round = 0; round < 160; round++) {
		if (round == 4)
			pipes[1] = open_pipe(&f, 2, 2);
		for (unsigned i = 0; i < 7; i++, arrived++)
			CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), arrived, LEN + arrived % 50));
		CU_ASSERT_EQUAL(nic_pipe_run(pipes[0], 7, to_first, NULL), 7);
		send_out(&f, 1);
	}
	CU_ASSERT_EQUAL(f.wire[1].count, arrived);
	for (unsigned i = 0; i < f.wire[1].count; i++)
		errors += !wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, LEN + i % 50);
	CU_ASSERT_EQUAL(errors, 0);
	nic_pipe_close(pipes[0]);
	nic_pipe_close(pipes[1]);
	tear_down(&f);
}

/* No hardware does that: a finished descriptor in the slot that stays back. */
static void a_slot_that_was_not_given_is_not_looked_at(void)
{
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	for (unsigned i = 0; i < RING - 1; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	f.nic[0]->rings.rxqs[0]->ring[RING - 1].q1 = UINT64_C(60) << 32 | 3;
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, RING, to_first, NULL), RING - 1);
	CU_ASSERT_EQUAL(f.nic[0]->rings.rxqs[0]->next, RING - 1);
	f.nic[0]->rings.rxqs[0]->ring[RING - 1].q1 = 0;
	send_out(&f, 1);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* QEMU's 82574L may store the status of a finished descriptor twice: what comes after the packet was received, and
 * before the slot goes back, must not finish the descriptor that the card gets. */
static void a_status_that_is_stored_twice_finishes_nothing(void)
{
	struct ring_rxq *rxq;
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	rxq = f.nic[0]->rings.rxqs[0];
	for (unsigned i = 0; i < 5 * RING; i++) {
		uint32_t slot = rxq->next & rxq->mask;

		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
		CU_ASSERT_EQUAL_FATAL(nic_pipe_run(pipe, 1 + i % 8, to_first, NULL), 1);
		rxq->ring[slot].q1 |= 3; /* DD, EOP */
		send_out(&f, 1);
		CU_ASSERT_EQUAL_FATAL(nic_pipe_run(pipe, 1 + i % 8, to_first, NULL), 0);
		CU_ASSERT_TRUE_FATAL(wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, LEN));
	}
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* A dropped packet costs the outputs nothing: their tails stay. */
static void dropped_packets_go_nowhere(void)
{
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	for (unsigned i = 0; i < 20 * RING; i++) {
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
		CU_ASSERT_EQUAL_FATAL(nic_pipe_run(pipe, 8, nowhere, NULL), 1);
	}
	CU_ASSERT_EQUAL(send_out(&f, 1), 0);
	CU_ASSERT_EQUAL(f.nic[1]->rings.txqs[0]->next, 0);
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.dropped, 20 * RING);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* Every length up to the longest that arrives untagged; and a tag more, which fills the buffer exactly. */
static void frames_fill_their_buffers_exactly(void)
{
	struct nic_config config = {
		.rx_ring = RING, .tx_ring = RING, .mtu = PKT_DATA_BYTES - FRAME_OVERHEAD_BYTES, .promiscuous = true};
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, &config);
	pipe = open_pipe(&f, 0, 2);
	for (uint32_t len = 1900; len <= PKT_DATA_BYTES - 4; len++) {
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), len, len));
		CU_ASSERT_EQUAL_FATAL(nic_pipe_run(pipe, 32, to_first, NULL), 1);
		CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 1);
		CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[len - 1900], f.wire[1].len[len - 1900], len, len));
	}
	wire_forget(&f.wire[1]);
	model_tamper_rx(model(&f, 0), ~(UINT64_C(0xffff) << 32), (uint64_t)PKT_DATA_BYTES << 32, 1);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 3);
	CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 3);
	CU_ASSERT_EQUAL(f.wire[1].len[0], PKT_DATA_BYTES);
	CU_ASSERT_EQUAL(f.wire[1].len[1], LEN);
	nic_pipe_close(pipe);
	tear_down(&f);
}

static void bad_descriptors_are_dropped_and_counted(void)
{
	static const struct {
		uint64_t keep, set;
		unsigned tampered, dropped; /* descriptors */
	} cases[] = {
		{~(UINT64_C(0xffff) << 32), UINT64_C(2049) << 32, 1, 1},
		{UINT64_MAX, UINT64_C(0xffff) << 32, 1, 1},
		{UINT64_MAX, UINT64_C(1) << 29, 1, 1},
		{UINT64_MAX, UINT64_MAX, 1, 1},
		{~UINT64_C(2), 0, 16, 17}, /* a frame of 17 descriptors */
		{~UINT64_C(2), 0, 40, 41},
	};
	struct nic_config config = {.rx_ring = 2 * RING, .tx_ring = 2 * RING, .promiscuous = true};
	struct nic_pipe *pipe;
	struct nic_stats stats;
	struct fixture f;
	unsigned dropped = 0;

	set_up(&f, 2, &config);
	pipe = open_pipe(&f, 0, 2);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
			unsigned begin = f.wire[1].count, good = 45 - cases[c].dropped, errors = 0;

			model_tamper_rx(model(&f, 0), cases[c].keep, cases[c].set, cases[c].tampered);
			for (unsigned i = 0; i < 45; i++) {
				CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
				if (i % 11 == round)
					nic_pipe_run(pipe, 1 + i % 40, to_first, NULL);
			}
			while (nic_pipe_run(pipe, 7, to_first, NULL))
				;
			dropped += cases[c].dropped;
			send_out(&f, 1);
			CU_ASSERT_EQUAL_FATAL(f.wire[1].count - begin, good);
			for (unsigned i = 0; i < good; i++)
				errors += !wire_is_frame(
					f.wire[1].data[begin + i], f.wire[1].len[begin + i], cases[c].dropped + i, LEN);
			CU_ASSERT_EQUAL(errors, 0);
			CU_ASSERT_EQUAL(nic_pipe_run(pipe, 7, to_first, NULL), 0);
		}
	}
	nic_get_stats(f.nic[0], &stats);
	CU_ASSERT_EQUAL(stats.rx_bad_descriptors, dropped);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* No hardware does that: garbage in both rings, at any time. Nothing is indexed out of bounds, no buffer is handed out
 * twice. */
static void garbage_in_the_rings_is_survived(void)
{
	unsigned short seed[3] = {7, 8, 9};
	struct ring_descriptor *rx, *tx[2];
	struct ring_rxq *rxq;
	struct nic_pipe *pipe;
	unsigned seen = 0;
	struct fixture f;

	set_up(&f, 3, NULL);
	pipe = open_pipe(&f, 0, 6);
	rxq = f.nic[0]->rings.rxqs[0];
	rx = rxq->ring;
	for (unsigned o = 0; o < 2; o++)
		tx[o] = f.nic[1 + o]->rings.txqs[0]->ring;
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t status =
			(uint64_t)nrand48(seed) << 33 ^ (uint64_t)nrand48(seed) << 11 ^ (uint64_t)nrand48(seed);
		unsigned slot = random_below(seed, RING);

		switch (random_below(seed, 5)) {
		case 0:
			rx[slot].q1 = status;
			rx[slot].q0 = ~status;
			break;
		case 1:
			rx[slot].q1 = (status & UINT64_C(0x7ff) << 32) | 3; /* plausible */
			break;
		case 2:
			for (unsigned k = 0, at = random_below(seed, 4 * RING); k < 16; k++)
				tx[slot & 1][(at + k) % (4 * RING)].q1 ^= UINT64_C(1) << 32;
			break;
		default:
			nic_pipe_run(pipe, random_below(seed, 40), to_target, &seen);
		}
		CU_ASSERT_TRUE_FATAL(rxq->next - rxq->refill_next < RING);
		CU_ASSERT_TRUE_FATAL((rxq->refill_next & 31) == 0);
	}
	CU_ASSERT_TRUE(seen > 1000);
	for (unsigned i = 0; i < RING; i++)
		for (unsigned k = 0; k < i; k++)
			CU_ASSERT_PTR_NOT_EQUAL_FATAL(rxq->buffers[i], rxq->buffers[k]);
	nic_pipe_close(pipe);
	for (unsigned port = 0; port < 3; port++) { /* the models have every reason to complain */
		nic_close(f.nic[port]);
		f.nic[port] = NULL;
	}
	tear_down(&f);
}

/* A bridge of three: each port's pipe leads to the two others, so that two pipes share each transmit queue. */
static void pipes_share_an_output(void)
{
	unsigned short seed[3] = {10, 11, 12};
	struct nic_pipe *pipes[3];
	unsigned arrived[3] = {0};
	struct fixture f;

	set_up(&f, 3, NULL);
	for (unsigned p = 0; p < 3; p++)
		pipes[p] = open_pipe(&f, p, 7u & ~(1u << p));
	for (unsigned i = 0; i < 4000; i++) {
		unsigned p = random_below(seed, 3), n = random_below(seed, 20);

		while (n-- && arrived[p] < 1300 && wire_arrive(model(&f, p), 0, LEN + p))
			arrived[p]++;
		nic_pipe_run(pipes[random_below(seed, 3)], 1 + random_below(seed, 64), to_all, NULL);
		if (i % 3 == 0)
			send_out(&f, random_below(seed, 3));
	}
	for (unsigned i = 0; i < 20; i++)
		for (unsigned p = 0; p < 3; p++)
			nic_pipe_run(pipes[p], 32, to_all, NULL), send_out(&f, p);
	for (unsigned p = 0; p < 3; p++) {
		unsigned of[3] = {0};

		send_out(&f, p);
		for (unsigned i = 0; i < f.wire[p].count; i++)
			of[f.wire[p].len[i] - LEN]++;
		CU_ASSERT_EQUAL(arrived[p], 1300);
		for (unsigned q = 0; q < 3; q++)
			CU_ASSERT_EQUAL(of[q], q == p ? 0 : arrived[q]);
	}
	for (unsigned p = 0; p < 3; p++)
		nic_pipe_close(pipes[p]);
	tear_down(&f);
}

/* In a ring that two pipes feed, the one goes all around while the other has a batch in it that it has not looked
 * after. The slot whose completion would end that batch has a new packet by then, the first of a burst, of which the
 * card reports the last only. */
static void a_report_overwritten_by_another_pipe_counts(void)
{
	struct nic_pipe *idle, *busy;
	struct ring_rxq *rxq;
	struct fixture f;

	set_up(&f, 3, NULL);
	idle = open_pipe(&f, 0, 4);
	busy = open_pipe(&f, 1, 4);
	rxq = f.nic[0]->rings.rxqs[0];
	for (unsigned i = 0; i < 32; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL_FATAL(nic_pipe_run(idle, 32, to_first, NULL), 32);
	for (unsigned round = 0; round < 52; round++) {
		for (unsigned i = 0; i < 5; i++)
			CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 1), i, LEN));
		if (round == 51)
			CU_ASSERT_EQUAL(f.nic[2]->rings.txqs[0]->next, 4 * RING + 31);
		CU_ASSERT_EQUAL_FATAL(nic_pipe_run(busy, 5, to_first, NULL), 5);
		if (round < 51) {
			send_out(&f, 2);
			nic_pipe_run(busy, 5, to_first, NULL);
		}
	}
	CU_ASSERT_EQUAL(rxq->refill_next, 0);
	CU_ASSERT_EQUAL(nic_pipe_run(idle, 32, to_first, NULL), 0);
	ASSERT_NUMBER(rxq->refill_next, 32);
	send_out(&f, 2);
	nic_pipe_close(idle);
	nic_pipe_close(busy);
	tear_down(&f);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"forwards in random bursts, byte for byte", forwards_in_random_bursts_byte_for_byte},
		{"what is left at the end is counted", what_is_left_at_the_end_is_counted},
		{"each packet goes where the function says", each_packet_goes_where_the_function_says},
		{"functions change length and start", functions_change_length_and_start},
		{"short packets are padded once where they part", short_packets_are_padded_once_where_they_part},
		{"a packet between two looks is not dropped", a_packet_between_two_looks_is_not_dropped},
		{"no slot goes back before its packets are sent", no_slot_goes_back_before_its_packets_are_sent},
		{"nor at the end of a burst", nor_at_the_end_of_a_burst},
		{"what either output has is not given back", what_either_output_has_is_not_given_back},
		{"an output that got bad copies only holds nothing", an_output_that_got_bad_copies_only_holds_nothing},
		{"one batch tells only for its own kind", one_batch_tells_only_for_its_own_kind},
		{"a second pipe may join at any time", a_second_pipe_may_join_at_any_time},
		{"a burst that parts late is written down", a_burst_that_parts_late_is_written_down},
		{"a slot that was not given is not looked at", a_slot_that_was_not_given_is_not_looked_at},
		{"a status that is stored twice finishes nothing", a_status_that_is_stored_twice_finishes_nothing},
		{"dropped packets go nowhere", dropped_packets_go_nowhere},
		{"frames fill their buffers exactly", frames_fill_their_buffers_exactly},
		{"bad descriptors are dropped and counted", bad_descriptors_are_dropped_and_counted},
		{"garbage in the rings is survived", garbage_in_the_rings_is_survived},
		{"pipes share an output", pipes_share_an_output},
		{"a report overwritten by another pipe counts", a_report_overwritten_by_another_pipe_counts},
		CU_TEST_INFO_NULL,
	};
	return run_all_ways(tests);
}
