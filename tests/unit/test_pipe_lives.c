/* SPDX-License-Identifier: BSD-2-Clause
 * Pipes that live at random: rings of all sizes, pipes that open at any time and share outputs, functions that change
 * their mind, outputs that send when they like. What comes out of each port is exactly what the functions said, in
 * their order. LIVES=n in the environment: so many of them, told one by one; each has its number for a seed. */
#include "pipe_ways.c"

/* What is to come out of a port: the numbers of frames. */
struct expected {
	unsigned count, numbers[WIRE_FRAMES];
};

struct life {
	unsigned short seed[3];
	struct fixture f;
	struct expected expected[PORTS];
	struct life_pipe {
		struct life *life;
		struct nic_pipe *pipe;
		uint32_t ports; /* that it leads to */
		unsigned kind;  /* which function it has now */
		unsigned arrived, seen;
	} pipes[PORTS];
	uint64_t dropped, bad;
	bool opened; /* a pipe at least */
};

static struct life life;

static unsigned below(unsigned n)
{
	return (unsigned)nrand48(life.seed) % n;
}

static uint32_t length_of(unsigned number)
{
	return 60 + number * 7 % 1455;
}

/* The next packet of this input goes there; or it would, if its length were possible. */
static uint32_t said(struct life_pipe *from, uint32_t to, bool possible)
{
	unsigned number = (unsigned)(from - life.pipes) * 100000 + from->seen++, bit = 0, copies = 0;

	for (unsigned port = 0; port < PORTS; port++)
		if (from->ports >> port & 1 && to >> bit++ & 1) {
			copies++;
			if (possible)
				life.expected[port].numbers[life.expected[port].count++] = number;
		}
	life.dropped += !copies;
	life.bad += possible ? 0 : copies;
	return to;
}

static uint32_t always_first(void *context, struct pkt *pkt)
{
	(void)pkt;
	said(context, 1, true);
	return 1;
}

static uint32_t always_second(void *context, struct pkt *pkt)
{
	(void)pkt;
	said(context, 2, true);
	return 2;
}

static uint32_t always_all(void *context, struct pkt *pkt)
{
	(void)pkt;
	said(context, UINT32_MAX, true);
	return UINT32_MAX;
}

static uint32_t never(void *context, struct pkt *pkt)
{
	(void)pkt;
	said(context, 0, true);
	return 0;
}

static uint32_t any(void *context, struct pkt *pkt)
{
	(void)pkt;
	return said(context, below(8), true);
}

static uint32_t mostly_first(void *context, struct pkt *pkt)
{
	bool possible = below(32);

	if (!possible)
		pkt->len = 0;
	return said(context, below(20) ? 1 : below(4), possible);
}

static unsigned run(struct life_pipe *of, unsigned n)
{
	if (below(30) == 0)
		of->kind = below(12);
	switch (of->kind) {
	case 0:
		return nic_pipe_run(of->pipe, n, never, of);
	case 1:
		return nic_pipe_run(of->pipe, n, any, of);
	case 2:
		return nic_pipe_run(of->pipe, n, always_all, of);
	case 3:
		return nic_pipe_call(of->pipe, n, always_first, of);
	case 4:
	case 5:
		return nic_pipe_run(of->pipe, n, mostly_first, of);
	case 6:
	case 7:
		return nic_pipe_run(of->pipe, n, always_second, of);
	default:
		return nic_pipe_run(of->pipe, n, always_first, of);
	}
}

/* A port's card sends some of what it has. */
static void send_some(unsigned port, unsigned n)
{
	struct model_sink sink = {.context = &life.f.wire[port], .take = wire_take};

	model_transmit(model(&life.f, port), &sink, n);
}

static void something_happens(void)
{
	unsigned port = below(PORTS);
	struct life_pipe *of = &life.pipes[port];

	if (!of->pipe) {
		if (!life.opened || below(300) == 0) {
			of->ports = 1 + below((1u << PORTS) - 1);
			of->pipe = open_pipe(&life.f, port, of->ports);
			life.opened = true;
		}
		return;
	}
	switch (below(4)) {
	case 0:
		for (unsigned n = below(120); n; n--) {
			unsigned number = port * 100000 + of->arrived;

			if (!wire_arrive(model(&life.f, port), number, length_of(number)))
				break;
			of->arrived++;
		}
		break;
	case 1:
		send_some(port, below(3) ? 256 : 1 + below(40));
		break;
	default: { /* until a turn of the ring, now and then, or in bursts of whole vectors */
		unsigned n = 1 + below(80);

		run(of, below(2) ? n : below(2) ? 8 : 32);
	}
	}
}

/* Lets through and out whatever there is. @return pipes that hold on to more than a batch's slots all the same */
static unsigned drain(void)
{
	unsigned got, held = 0;

	do {
		got = 0;
		for (unsigned port = 0; port < PORTS; port++)
			send_out(&life.f, port);
		for (unsigned port = 0; port < PORTS; port++)
			if (life.pipes[port].pipe)
				got += run(&life.pipes[port], 64);
	} while (got);
	for (unsigned port = 0; port < PORTS; port++) {
		const struct ring_rxq *rxq = life.f.nic[port]->rings.rxqs[0];

		held += life.pipes[port].pipe && rxq->next - rxq->refill_next >= RING_BATCH;
	}
	return held;
}

/* @return what went wrong. Forgets what went out */
static unsigned compare(void)
{
	unsigned errors = drain();

	for (unsigned port = 0; port < PORTS; port++) {
		struct expected *want = &life.expected[port];
		struct wire *wire = &life.f.wire[port];

		errors += wire->count != want->count;
		for (unsigned i = 0; i < want->count && i < wire->count; i++)
			errors += !wire_is_frame(
				wire->data[i], wire->len[i], want->numbers[i], length_of(want->numbers[i]));
		want->count = 0;
		wire_forget(wire);
	}
	return errors;
}

/* Until a wire has as many frames as are remembered. */
static void some_time(void)
{
	unsigned most = 0;

	for (unsigned events = 0; most < WIRE_FRAMES - PORTS * 8 * RING && events < 3000; events++) {
		something_happens();
		for (unsigned port = 0; port < PORTS; port++)
			most = life.expected[port].count > most ? life.expected[port].count : most;
	}
}

static void one_life(unsigned number, bool tell)
{
	uint32_t ring = RING << below(4);
	struct nic_config config = {
		.rx_ring = (uint16_t)ring, .tx_ring = (uint16_t)(PORTS * ring), .promiscuous = true};
	struct nic_pipe_stats stats;
	uint64_t dropped = 0, packets = 0, seen = 0, bad = 0, blocked = 0;
	unsigned errors = 0;

	set_up(&life.f, PORTS, &config);
	for (unsigned i = 0; i < 10; i++) {
		some_time();
		errors += compare();
	}
	for (unsigned port = 0; port < PORTS; port++) {
		if (!life.pipes[port].pipe)
			continue;
		nic_pipe_get_stats(life.pipes[port].pipe, &stats);
		dropped += stats.dropped, packets += stats.packets, seen += life.pipes[port].seen;
		bad += stats.bad, blocked += stats.blocked + stats.blocked_outputs;
	}
	errors += (dropped != life.dropped) + (packets != seen) + (bad != life.bad) + (blocked != 0);
	CU_ASSERT_EQUAL(errors, 0);
	if (errors || tell)
		printf("\n    life %u: rings of %u; %llu packets counted, %llu seen; %llu counted as dropped, %llu "
		       "dropped; errors: %u",
			number, ring, (unsigned long long)packets, (unsigned long long)seen,
			(unsigned long long)dropped, (unsigned long long)life.dropped, errors);
	for (unsigned i = 0, first = below(PORTS); i < PORTS; i++)
		nic_pipe_close(life.pipes[(first + i) % PORTS].pipe);
	tear_down(&life.f);
}

static void what_comes_out_is_what_was_said(void)
{
	const char *wanted = getenv("LIVES");
	unsigned lives = wanted ? (unsigned)atoi(wanted) : 6;

	for (unsigned number = 0; number < lives; number++) {
		memset(&life, 0, sizeof(life));
		life.seed[0] = (unsigned short)number;
		life.seed[1] = (unsigned short)(number >> 16);
		for (unsigned port = 0; port < PORTS; port++)
			life.pipes[port].life = &life;
		one_life(number, wanted);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {{"what comes out is what was said", what_comes_out_is_what_was_said}, CU_TEST_INFO_NULL};

	return run_all_ways(tests);
}
