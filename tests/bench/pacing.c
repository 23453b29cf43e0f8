/* SPDX-License-Identifier: BSD-2-Clause
 * How exact the generator's pacing is: its sender at work against the real clock, in a loop like the program's. Behind
 * each look that handed frames over the same thread does the work of the software card: the ring never fills, and where
 * the next frame is not due yet, nothing is distorted. What was handed over when is written down, and reckoned later.
 */
#include "pacing.h"

#include "calm.h"
#include "local_port.h"
#include "progress.h"

#include "../../apps/app_base.h"
#include "../../apps/gen_send.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING       512u /* and bursts: as pollux-gen has them */
#define BURST      32u
#define ONE_PPS_S  5.0 /* one round of it */
#define SLOW_PPS   1000.0
#define SLOW_S     0.8
#define SECONDS    0.2       /* of any other round */
#define AWAY_S     20e-6     /* no look takes so long, but if others have the core */
#define CALM_TESTS 256u      /* before a round, and behind it */
#define REST_NS    150000000 /* a thread of real-time priority may not run all the time, or is halted for 50 ms */

struct run {
	const struct pacing *pacing;
	struct vfio_device *device;
	struct nic *nic;
	struct pkt_pool *pool;
	struct gen_stream stream;
	struct gen_makers makers;
	struct gen_sizes sizes;
	struct gen_schedule schedule;
	struct gen_sending sending;
	struct gen_sender sender;
	struct app_queue queue;
	struct pacing_look *looks;
	uint64_t count, room;
};

/* ---- The card ---- */

static int open_port(struct run *run, struct dma_space *space)
{
	const struct nic_config config = {.tx_ring = RING};
	int error = local_port_open(&run->nic, &run->device, space, &config);

	if (!error)
		run->queue.tx = nic_txq(run->nic, 0);
	return error;
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

static void send_all(struct model *model, unsigned frames)
{
	static const struct model_sink sink = {.take = take_all, .lengths_only = true};

	for (unsigned n; frames && (n = model_transmit(model, &sink, frames)); frames -= n)
		;
}

/* ---- The sender ---- */

static double seconds_of(const struct pacing *pacing)
{
	double pps = pacing_pps(pacing);

	return pps < 2 ? ONE_PPS_S : pps <= SLOW_PPS ? SLOW_S : SECONDS;
}

static bool open_sender(struct run *run, struct dma_space *space)
{
	static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	const unsigned buffers = RING + 2 * APP_BURST_MAX + pkt_pool_slack(2);
	struct gen_stream_error error;
	char text[96];

	snprintf(text, sizeof(text), "udp src=1000-1063 dst=2000-2015 size=%u pace=%s", PACING_BYTES,
		run->pacing->poisson ? "poisson" : "constant");
	if (!gen_stream_parse(&run->stream, text, &error) || pkt_pool_open(&run->pool, space, buffers, -1) < 0)
		return false;
	gen_makers_init(&run->makers, &run->stream, 1, 1, 1, to, from);
	gen_sizes_init(&run->sizes, &run->stream);
	run->sending = (struct gen_sending){
		.makers = &run->makers,
		.sizes = &run->sizes,
		.pool = run->pool,
		.senders = 1,
		.lanes = 1,
		.frames_per_burst = BURST,
		.away_limit = UINT64_MAX,
		.end_at = UINT64_MAX,
		.speed = 1,
	};
	if (!gen_makers_fill(run->pool, buffers) || !gen_sender_open(&run->sender, &run->sending, 0, &run->queue))
		return false;
	gen_schedule_init(&run->schedule, &run->makers.each[0], NULL, &run->pacing->rate, PACING_LINK_MBPS);
	gen_sender_begin(&run->sender);
	gen_sender_begin_lane(&run->sender, 0, 0, &run->schedule, 0);
	/* One look for each frame at most; random distances may make for more frames than asked for. */
	run->room = (uint64_t)(1.25 * pacing_pps(run->pacing) * seconds_of(run->pacing)) + 256;
	run->looks = malloc(run->room * sizeof(*run->looks));
	if (run->looks)
		memset(run->looks, 1, run->room * sizeof(*run->looks)); /* no page is new later */
	return run->looks;
}

static void close_run(struct run *run)
{
	free(run->looks);
	if (run->sender.lanes)
		gen_sender_close(&run->sender);
	nic_close(run->nic);
	gen_makers_free(&run->makers);
	gen_stream_free(&run->stream);
	pkt_pool_close(run->pool);
}

/* ---- A round ---- */

static double calm_share(void)
{
	unsigned calm = 0;

	for (unsigned i = 0; i < CALM_TESTS; i++)
		calm += calm_now();
	return (double)calm / CALM_TESTS;
}

static void pace(struct run *run, struct pacing_round *round)
{
	const double hz = app_tsc_hz();
	const uint64_t all = (uint64_t)(seconds_of(run->pacing) * hz), away = (uint64_t)(AWAY_S * hz);
	struct model *model = model_local_model(run->device);
	uint64_t looks = 0, card = 0, away_all = 0, away_most = 0, sent = 0, passed = 0, before = 0;
	const uint64_t start = app_tsc();

	run->sending.start_tsc = start;
	for (uint64_t now = start; passed < all && run->count < run->room; now = app_tsc(), looks++) {
		passed = now - start;
		uint64_t since = passed - before;
		before = passed;
		if (since > away) {
			round->away_times++;
			away_all += since;
			away_most = since > away_most ? since : away_most;
		}
		gen_send(&run->sender, now);
		unsigned frames = (unsigned)(app_get(&run->queue.counters.sent) - sent);
		if (!frames)
			continue;
		uint64_t at = app_tsc();
		run->looks[run->count++] = (struct pacing_look){
			at - start, app_get(&run->sender.lanes[0].schedule.held_up_cycles), frames};
		sent += frames;
		send_all(model, frames);
		card += app_tsc() - at;
	}
	round->look = (double)passed / (double)looks * 1e9 / hz;
	round->card_share = (double)card / (double)passed;
	round->away_share = (double)away_all / (double)passed;
	round->away_most = (double)away_most * 1e9 / hz;
	round->given_up_share = (double)app_get(&run->sender.lanes[0].schedule.held_up_cycles) / (double)passed;
}

/* The time stamp counter and the system's clock at the same moment: of some readings, those closest together. */
static void read_clocks(uint64_t *tsc, uint64_t *ns)
{
	for (uint64_t i = 0, closest = UINT64_MAX; i < 16; i++) {
		uint64_t before = app_tsc(), at = app_now_ns(), took = app_tsc() - before;
		if (took < closest) {
			closest = took;
			*ns = at;
			*tsc = before + took / 2;
		}
	}
}

static bool perform(const struct pacing *pacing, struct pacing_round *round, struct dma_space *space)
{
	/* aligned as its sender is */
	static struct run run;
	uint64_t tsc[2] = {0}, ns[2] = {0};

	run = (struct run){.pacing = pacing};
	int error = open_port(&run, space);
	bool open = !error && open_sender(&run, space);
	if (open) {
		nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
		round->calm_share = calm_share() / 2;
		read_clocks(&tsc[0], &ns[0]);
		pace(&run, round);
		read_clocks(&tsc[1], &ns[1]);
		round->calm_share += calm_share() / 2;
		nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
		struct gen_schedule due;
		gen_schedule_share(&due, &run.schedule, 0, 0);
		pacing_reckon(round, run.looks, run.count, pacing->poisson ? &due : NULL, pacing_pps(pacing),
			app_tsc_hz(), (double)(tsc[1] - tsc[0]) * 1e9 / (double)(ns[1] - ns[0]));
	} else {
		fprintf(stderr, "bench: %s\n", error ? nic_error() : "no memory");
	}
	close_run(&run);
	return open;
}

bool pacing_measure(struct pacing *cells, unsigned count, unsigned rounds)
{
	struct dma_space *space;
	bool done = true;

	if (dma_space_open(&space) != 0) {
		fprintf(stderr, "bench: %s\n", nic_error());
		return false;
	}
	app_tsc_hz();
	calm_begin();
	for (unsigned r = 0; done && r < rounds; r++)
		for (unsigned i = 0; done && i < count; i++) {
			char name[PACING_NAME_BYTES];

			if (r && pacing_pps(&cells[i]) < 2)
				continue;
			pacing_name(&cells[i], name);
			progress("pacing, round %u of %u, %s", r + 1, rounds, name);
			done = perform(&cells[i], &cells[i].round[cells[i].rounds++], space);
		}
	for (unsigned i = 0; i < count; i++)
		pacing_choose(&cells[i]);
	dma_space_unref(space);
	return done;
}
