/* SPDX-License-Identifier: BSD-2-Clause
 * Pipes whose outputs hang, stop or go, pipes and ports that end in any order, and what is refused: the others go on,
 * and no buffer is lost. */
#include "pipe_ways.c"

static void link_down(struct fixture *f, unsigned port)
{
	model_set_partner(model(f, port), false);
	model_local_advance(f->device[port], 1000000000);
	CU_ASSERT_FALSE(model_link_up(model(f, port)));
}

/* From now on it takes little to be blocked. */
static void be_impatient(void)
{
	pipe_times.blocked = 2000;
}

/* Three ports, with a pipe from the first to the two others, that does not wait long for either. */
static struct nic_pipe *set_up_impatient(struct fixture *f)
{
	set_up(f, 3, NULL);
	be_impatient();
	return open_pipe(f, 0, 6);
}

/* Lets packets arrive and go out everywhere, until the wire of `port` has n of them. */
static void pass(struct fixture *f, struct nic_pipe *pipe, unsigned port, unsigned n)
{
	unsigned before = f->wire[port].count;

	for (unsigned tries = 0; tries < 100 * n && f->wire[port].count - before < n; tries++) {
		wire_arrive(model(f, 0), tries, LEN);
		nic_pipe_run(pipe, 8, to_all, NULL);
		for (unsigned p = 0; p < f->ports; p++)
			send_out(f, p);
		if (tries % 64 == 63)
			usleep(100);
	}
	CU_ASSERT_TRUE(f->wire[port].count - before >= n);
}

static void a_blocked_output_does_not_block_the_others(void)
{
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	unsigned home;
	struct fixture f;

	pipe = set_up_impatient(&f);
	const struct ring_rxq *rxq = ((struct pipe *)pipe)->rxq;
	home = pkt_pool_available(f.pool);
	for (unsigned round = 0; round < 5; round++) {
		pass(&f, pipe, 2, 10);
		send_out(&f, 1);
		unsigned held = rxq->next - rxq->refill_next;
		link_down(&f, 1);
		pass(&f, pipe, 2, 5 * RING);
		nic_pipe_get_stats(pipe, &stats);
		CU_ASSERT_EQUAL(stats.blocked_outputs, 1);
		CU_ASSERT_TRUE(stats.blocked > 3 * RING);
		CU_ASSERT_TRUE(pkt_pool_available(f.pool) < home);
		CU_ASSERT_EQUAL(send_out(&f, 1), 0);

		unsigned before = f.wire[1].count;
		link_up(&f, 1);
		send_out(&f, 1);
		/* what was set aside is sent, and whole: half a ring is held when an output counts as blocked, but some
		 * of it since before
		 */
		CU_ASSERT_TRUE(f.wire[1].count - before >= RING / 2 - held);
		CU_ASSERT_EQUAL(f.wire[1].len[before], LEN);
		pass(&f, pipe, 2, 2 * RING);
		nic_pipe_get_stats(pipe, &stats);
		CU_ASSERT_EQUAL(stats.blocked_outputs, 0);
		CU_ASSERT_EQUAL(pkt_pool_available(f.pool), home);
		send_out(&f, 1);
		pass(&f, pipe, 1, 10);
		wire_forget(&f.wire[1]);
		wire_forget(&f.wire[2]);
	}
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* Though nothing more comes, and less than a batch is held: the first packet after that is not dropped. */
static void an_output_that_has_sent_all_is_free_at_once(void)
{
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;

	pipe = set_up_impatient(&f);
	link_down(&f, 1);
	pass(&f, pipe, 2, 5 * RING);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 8, to_all, NULL), 0);
	CU_ASSERT_TRUE(f.nic[0]->rings.rxqs[0]->next - f.nic[0]->rings.rxqs[0]->refill_next < RING_BATCH);
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.blocked_outputs, 1);
	link_up(&f, 1);
	send_out(&f, 1);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 8, to_all, NULL), 0);
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.blocked_outputs, 0);
	CU_ASSERT_TRUE(wire_arrive(model(&f, 0), 1, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 8, to_first, NULL), 1);
	CU_ASSERT_EQUAL(send_out(&f, 1), 1);
	nic_pipe_close(pipe);
	tear_down(&f);
}

static uint32_t to_second_and_every_other_to_first(void *context, struct pkt *pkt)
{
	unsigned *seen = context;

	(void)pkt;
	return 2 | ((*seen)++ & 1);
}

/* A burst that begins in one batch and ends in the next, to an output that is blocked: its packets go out unchanged in
 * the end. What comes for it meanwhile is counted. */
static void what_is_set_aside_stays_as_it_was(void)
{
	unsigned arrived = 0, errors = 0, seen = 0;
	struct nic_pipe_stats stats;
	struct nic_pipe *pipe;
	struct fixture f;

	pipe = set_up_impatient(&f);
	link_down(&f, 1);
	for (unsigned burst = 0; burst < 2; burst++) {
		for (unsigned i = 0; i < (burst ? 32u : 20u); i++)
			CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), arrived++, LEN));
		nic_pipe_run(pipe, 32, to_all, NULL);
	}
	for (unsigned tries = 0; tries < 4000 && f.wire[2].count < 52 + 3 * RING; tries++) {
		arrived += wire_arrive(model(&f, 0), arrived, LEN);
		nic_pipe_run(pipe, 8, to_second, NULL);
		send_out(&f, 2);
		if (tries % 64 == 63)
			usleep(100);
	}
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.blocked_outputs, 1);
	CU_ASSERT_EQUAL(stats.blocked, 0);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), arrived++, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 6, to_second_and_every_other_to_first, &seen), 6);
	nic_pipe_get_stats(pipe, &stats);
	CU_ASSERT_EQUAL(stats.blocked, 3);
	link_up(&f, 1);
	CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 52);
	for (unsigned i = 0; i < 52; i++)
		errors += !wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, LEN);
	CU_ASSERT_EQUAL(errors, 0);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* All of it to one output that hangs: the card drops what comes, and it goes on when the link is back. In order, none
 * twice. */
static void a_pipe_waits_for_its_only_output(void)
{
	struct nic_pipe *pipe;
	struct fixture f;
	unsigned arrived = 0;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	link_down(&f, 1);
	while (wire_arrive(model(&f, 0), arrived, LEN)) {
		arrived++;
		CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 1);
	}
	CU_ASSERT_EQUAL(arrived, RING - 1);
	link_up(&f, 1);
	CU_ASSERT_EQUAL(send_out(&f, 1), RING - 1);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 0);
	for (; arrived < 4 * RING; arrived++) {
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), arrived, LEN));
		CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_first, NULL), 1);
		send_out(&f, 1);
	}
	CU_ASSERT_EQUAL(f.wire[1].count, 4 * RING);
	for (unsigned i = 0; i < f.wire[1].count; i++)
		CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, LEN));
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* Without a buffer to take the place of what hangs, everything waits; and goes on, once there is one. */
static void an_empty_pool_only_delays(void)
{
	struct nic_pipe *pipe;
	struct fixture f;
	struct pkt *all;
	unsigned n;

	pipe = set_up_impatient(&f);
	all = calloc(f.pool_count, sizeof(*all));
	n = pkt_alloc(f.pool, all, f.pool_count);
	link_down(&f, 1);
	for (unsigned i = 0; i < 3 * RING; i++) {
		wire_arrive(model(&f, 0), i, LEN);
		nic_pipe_run(pipe, 32, to_all, NULL);
		send_out(&f, 2);
		usleep(100);
	}
	CU_ASSERT_EQUAL(f.wire[2].count, RING - 1);
	pkt_free(all, n);
	pass(&f, pipe, 2, 3 * RING);
	free(all);
	nic_pipe_close(pipe);
	tear_down(&f);
}

/* Two of three outputs hang; what both have is freed once, after the second. */
static void what_several_blocked_outputs_share_is_freed_once(void)
{
	for (unsigned order = 0; order < 4; order++) {
		struct nic_pipe *pipe;
		struct fixture f;

		set_up(&f, 4, NULL);
		be_impatient();
		pipe = open_pipe(&f, 0, 0xe);
		link_down(&f, 1);
		link_down(&f, 2);
		pass(&f, pipe, 3, 3 * RING);
		if (order == 0) {
			link_up(&f, 1);
			send_out(&f, 1);
			pass(&f, pipe, 3, 2 * RING);
			nic_pipe_close(pipe);
		} else if (order == 1) { /* ports first */
			CU_ASSERT_EQUAL(nic_stop(f.nic[1]), 0);
			pass(&f, pipe, 3, 2 * RING);
			CU_ASSERT_EQUAL(nic_stop(f.nic[2]), 0);
			pass(&f, pipe, 3, 2 * RING);
			nic_pipe_close(pipe);
		} else if (order == 2) { /* closed with both hanging, and one sends after that */
			unsigned home;

			nic_pipe_close(pipe);
			CU_ASSERT_EQUAL(nic_stop(f.nic[1]), 0);
			home = pkt_pool_available(f.pool);
			link_up(&f, 2);
			CU_ASSERT_TRUE(send_out(&f, 2) >= RING / 2);
			CU_ASSERT_EQUAL(pkt_pool_available(f.pool), home);
			CU_ASSERT_EQUAL(nic_stop(f.nic[2]), 0);
			CU_ASSERT_TRUE(pkt_pool_available(f.pool) >= home + RING + RING / 2);
		} else { /* the input first, the pipe last */
			CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
			CU_ASSERT_EQUAL(nic_pipe_run(pipe, 32, to_all, NULL), 0);
			for (unsigned port = 0; port < 4; port++) {
				no_faults(&f, port);
				nic_close(f.nic[port]);
				f.nic[port] = NULL;
			}
			CU_ASSERT_EQUAL(pkt_pool_available(f.pool), f.pool_count);
			nic_pipe_close(pipe);
		}
		tear_down(&f);
	}
}

/* An output's port stops, or its device goes, in full traffic. */
static void the_others_go_on_when_an_output_ends(void)
{
	for (unsigned gone = 0; gone < 2; gone++) {
		struct nic_pipe_stats stats;
		struct nic_pipe *pipe;
		struct fixture f;

		set_up(&f, 3, NULL);
		be_impatient();
		pipe = open_pipe(&f, 0, 6);
		pass(&f, pipe, 2, 2 * RING);
		if (gone) {
			model_break(model(&f, 1), MODEL_GONE);
			CU_ASSERT_EQUAL(nic_service(f.nic[1], NULL), -ENODEV);
			pass(&f, pipe, 2, 4 * RING);
			nic_pipe_get_stats(pipe, &stats);
			CU_ASSERT_EQUAL(stats.blocked_outputs, 1);
		}
		CU_ASSERT_EQUAL(nic_stop(f.nic[1]), gone ? -ENODEV : 0);
		pass(&f, pipe, 2, 4 * RING);
		nic_pipe_get_stats(pipe, &stats);
		CU_ASSERT_TRUE(stats.blocked >= 3 * RING);
		CU_ASSERT_EQUAL(stats.blocked_outputs, 0);
		nic_pipe_close(pipe);
		tear_down(&f);
	}
}

static void nothing_is_taken_from_a_device_that_is_gone(void)
{
	struct nic_pipe *pipe;
	struct fixture f;

	set_up(&f, 2, NULL);
	pipe = open_pipe(&f, 0, 2);
	for (unsigned i = 0; i < 40; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, LEN));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 20, to_first, NULL), 20);
	model_break(model(&f, 0), MODEL_GONE);
	CU_ASSERT_EQUAL(nic_service(f.nic[0], NULL), -ENODEV);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 20, to_first, NULL), 0);
	CU_ASSERT_EQUAL(send_out(&f, 1), 20);
	nic_pipe_close(pipe);
	tear_down(&f);
}

static void stops_in_full_traffic_in_any_order(void)
{
	for (unsigned order = 0; order < 6; order++) {
		struct nic_pipe *pipes[2];
		struct fixture f;

		set_up(&f, 2, NULL);
		pipes[0] = open_pipe(&f, 0, 2);
		pipes[1] = open_pipe(&f, 1, 1);
		for (unsigned i = 0; i < 40 + order; i++) {
			wire_arrive(model(&f, 0), i, LEN);
			wire_arrive(model(&f, 1), i, LEN);
		}
		for (unsigned p = 0; p < 2; p++)
			CU_ASSERT_EQUAL(nic_pipe_run(pipes[p], 35, to_first, NULL), 35);
		if (order < 2)
			nic_pipe_close(pipes[order]);
		if (order == 2)
			send_out(&f, 1);
		if (order == 3 || order == 4)
			model_break(model(&f, order - 3), MODEL_GONE);
		nic_stop(f.nic[order & 1]);
		CU_ASSERT_EQUAL(nic_pipe_run(pipes[order & 1], 32, to_first, NULL), 0);
		if (order == 5)
			nic_stop(f.nic[0]);
		for (unsigned p = 0; p < 2; p++)
			if (p != order)
				nic_pipe_close(pipes[p]);
		tear_down(&f);
	}
}

static int try_open(struct nic *input, unsigned rxq, struct nic *output, unsigned txq)
{
	struct nic_queue in = {input, rxq}, out = {output, txq};
	struct nic_pipe *pipe;
	int error = nic_pipe_open(&pipe, &in, &out, 1);

	CU_ASSERT_TRUE(error == 0 || (!pipe && strlen(nic_error()) > 30));
	if (!error)
		nic_pipe_close(pipe);
	return error;
}

static void what_cannot_be_a_pipe_is_refused(void)
{
	struct nic_config small = {.rx_ring = 2 * RING, .tx_ring = RING, .promiscuous = true},
			  jumbo = {.mtu = 2027}; /* 2049 bytes, with two tags */
	struct nic_config even = {.rx_ring = RING, .tx_ring = RING, .promiscuous = true},
			  strip = {.rx_ring = RING, .tx_ring = 4 * RING, .offloads = NIC_RX_VLAN_STRIP};
	struct nic_queue twice[2];
	struct nic_pipe *pipe;
	struct pkt pkt;
	struct fixture f;

	set_up(&f, 2, &small);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EINVAL); /* the ring is too small */
	tear_down(&f);
	set_up(&f, 2, &even);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), 0);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EINVAL); /* its room is the closed one's */
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "start the port again"));
	even.pool = f.pool;
	CU_ASSERT_EQUAL(nic_stop(f.nic[1]), 0);
	CU_ASSERT_EQUAL(nic_start(f.nic[1], &even), 0);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), 0);
	tear_down(&f);
	set_up(&f, 2, &jumbo);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EINVAL);
	tear_down(&f);
	/* tags that the input takes out of frames would be lost; an output that does so is none the worse */
	set_up(&f, 2, NULL);
	strip.pool = f.pool;
	CU_ASSERT_EQUAL(nic_stop(f.nic[0]), 0);
	CU_ASSERT_EQUAL(nic_start(f.nic[0], &strip), 0);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "start its input without NIC_RX_VLAN_STRIP"));
	CU_ASSERT_EQUAL(try_open(f.nic[1], 0, f.nic[0], 0), 0);
	tear_down(&f);

	set_up(&f, 2, NULL);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 1, f.nic[1], 0), -EINVAL);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 1), -EINVAL);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, NULL, 0), -EINVAL);
	twice[0] = twice[1] = (struct nic_queue){f.nic[1], 0};
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &(struct nic_queue){f.nic[0], 0}, twice, 2), -EINVAL);
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &(struct nic_queue){f.nic[0], 0}, twice, 0), -EINVAL);
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, NULL, twice, 1), -EINVAL);

	/* used queues; and a queue is one pipe's */
	pipe = open_pipe(&f, 0, 2);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EBUSY);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, &pkt, 1), 1);
	pkt.len = 60;
	wire_arrive(model(&f, 0), 0, LEN);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), &pkt, 1), 0);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[0], 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 0);
	CU_ASSERT_EQUAL(try_open(f.nic[1], 0, f.nic[0], 0), -EBUSY);
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 1, to_first, NULL), 1);
	nic_pipe_close(pipe);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EBUSY);
	nic_stop(f.nic[0]);
	CU_ASSERT_EQUAL(try_open(f.nic[0], 0, f.nic[1], 0), -EINVAL);
	model_break(model(&f, 1), MODEL_GONE);
	nic_service(f.nic[1], NULL);
	CU_ASSERT_EQUAL(try_open(f.nic[1], 0, f.nic[1], 0), -ENODEV);
	nic_pipe_close(NULL);
	tear_down(&f);
}

static void a_port_starts_again_after_a_pipe(void)
{
	struct nic_config config = {.rx_ring = RING, .tx_ring = 4 * RING, .promiscuous = true};
	struct fixture f;
	struct pkt pkt;

	set_up(&f, 2, NULL);
	config.pool = f.pool;
	for (unsigned round = 0; round < 3; round++) {
		struct nic_pipe *pipe = open_pipe(&f, 0, 2);

		pass(&f, pipe, 1, 3 * RING);
		nic_pipe_close(pipe);
		for (unsigned port = 0; port < 2; port++) {
			CU_ASSERT_EQUAL(nic_stop(f.nic[port]), 0);
			CU_ASSERT_EQUAL(nic_start(f.nic[port], &config), 0);
			link_up(&f, port);
		}
		wire_forget(&f.wire[1]);
	}
	wire_arrive(model(&f, 0), 1, LEN);
	CU_ASSERT_EQUAL_FATAL(nic_rx(nic_rxq(f.nic[0], 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(send_out(&f, 1), 1);
	tear_down(&f);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"what is set aside stays as it was", what_is_set_aside_stays_as_it_was},
		{"a blocked output does not block the others", a_blocked_output_does_not_block_the_others},
		{"an output that has sent all is free at once", an_output_that_has_sent_all_is_free_at_once},
		{"a pipe waits for its only output", a_pipe_waits_for_its_only_output},
		{"an empty pool only delays", an_empty_pool_only_delays},
		{"what several blocked outputs share is freed once", what_several_blocked_outputs_share_is_freed_once},
		{"the others go on when an output ends", the_others_go_on_when_an_output_ends},
		{"nothing is taken from a device that is gone", nothing_is_taken_from_a_device_that_is_gone},
		{"stops in full traffic, in any order", stops_in_full_traffic_in_any_order},
		{"what cannot be a pipe is refused", what_cannot_be_a_pipe_is_refused},
		{"a port starts again after a pipe", a_port_starts_again_after_a_pipe},
		CU_TEST_INFO_NULL,
	};
	return run_all_ways(tests);
}
