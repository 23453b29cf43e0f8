/* SPDX-License-Identifier: BSD-2-Clause
 * What waiting costs: the software card is at work in a thread of its own, on the other core. It alone touches the card
 * meanwhile, as registers are reached through a mailbox: so the receiving thread's CPU time has nothing of the card's
 * work in it, but the time until the card answers, as with a real one. Frames carry the time at which the card takes
 * them. */
#include "waiting.h"

#include "far.h"
#include "local_port.h"
#include "progress.h"

#include "../../apps/app_base.h"
#include "../../apps/app_counter.h"
#include "../../apps/app_nap.h"
#include "../../driver/driver.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BURST    32u
#define STAMP_AT 16u   /* in the frame */
#define SECONDS  0.25  /* of a round: the shorter, the likelier that others leave the cores alone in one of them */
#define SLOW_PPS 1000u /* up to this rate a round takes longer, for there to be enough packets, or sleeps */
#define SLOW_S   0.8
#define REST_MS                                                                                                        \
	150u /* between rounds: a thread of real-time priority may not run all the time, or is halted for 50 ms */
#define WAKE_NS                                                                                                        \
	50000.0     /* from its wake-up until it runs a thread may take so long, though nobody else has its core       \
		     */
#define STEP_S 1e-6 /* the card's time goes on so often */
#define AWAY_S                                                                                                         \
	20e-6 /* the card's thread does not take so long from one turn to the next, but if others have its core */

/* A register access that the card is to answer. */
struct mailbox {
	uint32_t offset, value;
	bool write;
	_Alignas(64) atomic_bool asked; /* set by the driver's thread, cleared by the card's */
};

struct run {
	const struct waiting *waiting;
	struct nic *nic;
	struct vfio_device *device;
	double hz;
	uint64_t ticks;               /* that packets are offered for */
	uint64_t offered, away_ticks; /* written by the card's thread */
	_Alignas(64) struct mailbox mailbox;
	_Alignas(64) atomic_bool over; /* no more packets come: set by the card's thread */
	atomic_bool left;              /* the receiving thread wants no more answers */
	uint32_t *samples;             /* ticks */
	uint64_t sample_count, room;
};

/* ---- The driver's side of registers ---- */

static struct run *current; /* windows have the transport's context */

static uint32_t ask(struct mailbox *mailbox, bool write, uint32_t offset, uint32_t value)
{
	mailbox->offset = offset;
	mailbox->value = value;
	mailbox->write = write;
	atomic_store_explicit(&mailbox->asked, true, memory_order_release);
	while (atomic_load_explicit(&mailbox->asked, memory_order_acquire))
		_mm_pause();
	return mailbox->value;
}

static uint32_t read_register(void *context, uint32_t offset)
{
	(void)context;
	return ask(&current->mailbox, false, offset, 0);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	(void)context;
	ask(&current->mailbox, true, offset, value);
}

/* ---- The card's thread ---- */

static void answer(struct mailbox *mailbox, struct model *model)
{
	if (!atomic_load_explicit(&mailbox->asked, memory_order_acquire))
		return;
	if (mailbox->write)
		model_write32(model, mailbox->offset, mailbox->value);
	else
		mailbox->value = model_read32(model, mailbox->offset);
	atomic_store_explicit(&mailbox->asked, false, memory_order_release);
}

/* The card takes a frame. What finds no descriptor is lost, and the count tells. */
static void arrive(struct run *run, struct model *model)
{
	uint8_t data[60] = {0x02};
	const struct model_frame frame = {.data = data, .len = sizeof(data)};
	const uint64_t now = __rdtsc();

	memcpy(data + STAMP_AT, &now, sizeof(now));
	model_receive(model, &frame, 1);
	run->offered++;
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = REST_MS * 1000000}, NULL);
}

static void card_side(void *context)
{
	struct run *run = context;
	struct model *model = model_local_model(run->device);
	const uint64_t begin = __rdtsc(), step = (uint64_t)(STEP_S * run->hz), away = (uint64_t)(AWAY_S * run->hz);
	const double interval = run->waiting->pps ? run->hz / run->waiting->pps : 2.0 * (double)run->ticks;
	uint64_t before = begin, stepped = begin, due = begin + (uint64_t)interval;

	while (!atomic_load_explicit(&run->left, memory_order_acquire)) {
		uint64_t now = __rdtsc();

		run->away_ticks += now - before > away ? now - before : 0;
		before = now;
		answer(&run->mailbox, model);
		if (now - begin >= run->ticks) {
			atomic_store_explicit(&run->over, true, memory_order_release);
		} else if (now >= due) {
			arrive(run, model);
			due = begin + (uint64_t)((double)(run->offered + 1) * interval);
		}
		if (now - stepped >= step) {
			model_local_advance(run->device, 0);
			stepped = now;
		}
	}
	rest();
}

/* ---- The program's thread ---- */

/* How long this thread was ready to run, and had no CPU. All the time since `begin_ns`: it is not known. */
static uint64_t ready_ns(uint64_t since_ns)
{
	unsigned long long ran, ready;
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	bool known = file && fscanf(file, "%llu %llu", &ran, &ready) == 2;

	if (file)
		fclose(file);
	return known ? ready : app_now_ns() - since_ns;
}

static void take(struct run *run, const struct pkt *pkts, unsigned n)
{
	const uint64_t now = __rdtsc();

	for (unsigned i = 0; i < n; i++) {
		uint64_t stamp;

		memcpy(&stamp, pkts[i].data + STAMP_AT, sizeof(stamp));
		if (run->sample_count < run->room)
			run->samples[run->sample_count++] = now > stamp ? (uint32_t)(now - stamp) : 0;
	}
}

static void receive(struct run *run, struct waiting_round *round)
{
	struct app_worker *worker = &app_workers[0];
	struct nic_rxq *queue = nic_rxq(run->nic, 0);
	struct pkt pkts[BURST];

	*worker = (struct app_worker){.queue_count = 0};
	app_watch(worker, queue);
	far_begin(card_side, run);
	const uint64_t begin = app_now_ns(), cpu = app_clock_ns(CLOCK_THREAD_CPUTIME_ID), ready = ready_ns(begin);

	while (!atomic_load_explicit(&run->over, memory_order_acquire)) {
		unsigned n = nic_rx(queue, pkts, BURST);

		if (n) {
			take(run, pkts, n);
			pkt_free(pkts, n);
			round->packets += n;
		}
		app_looked(worker, n, APP_NAP_US);
	}
	const double ns = (double)(app_now_ns() - begin);

	round->core_share = (double)(app_clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / ns;
	const double ready_all_ns = (double)(ready_ns(begin) - ready), sleeps = (double)app_get(&worker->naps);

	round->away_share = fmax(0, ready_all_ns - sleeps * WAKE_NS) / ns;
	round->waits_per_s = sleeps * 1e9 / ns;
	for (unsigned n; (n = nic_rx(queue, pkts, BURST)); round->packets += n) {
		take(run, pkts, n);
		pkt_free(pkts, n);
	}
	atomic_store_explicit(&run->left, true, memory_order_release);
	rest();
	while (!far_ended())
		_mm_pause();
	round->lost = run->offered - round->packets;
	round->away_share += (double)run->away_ticks / (double)run->ticks;
}

/* ---- A round ---- */

/* Scalar, as a thread sanitizer takes a vector load of several descriptors for a race, and what they save is nothing
 * beside a wake-up. */
static int open_port(struct run *run, struct dma_space *space)
{
	const struct nic_config config = {.promiscuous = true,
		.simd = PKT_SIMD_SCALAR,
		.rx_interrupt_us = run->waiting->way == WAITING_POLL ? 0 : APP_INTERRUPT_US};

	return local_port_open(&run->nic, &run->device, space, &config);
}

/* In ticks, as struct app_worker has it. */
static uint64_t nap_after(enum waiting_way way, double hz)
{
	switch (way) {
	case WAITING_POLL:
		return 0;
	case WAITING_ADAPTIVE:
		return (uint64_t)(APP_NAP_AFTER_S * hz);
	default:
		return 1;
	}
}

static bool perform(struct run *run, struct waiting_round *round, struct dma_space *space)
{
	const struct waiting *waiting = run->waiting;
	const double seconds = waiting->pps <= SLOW_PPS ? SLOW_S : SECONDS;
	int error = open_port(run, space);

	run->ticks = (uint64_t)(seconds * run->hz);
	run->room = (uint64_t)(seconds * waiting->pps) + 1;
	run->samples = calloc(run->room, sizeof(*run->samples));
	if (!error && run->samples) {
		const struct vfio_window registers = run->nic->bar;

		memset(run->samples, 1, run->room * sizeof(*run->samples)); /* no page is new later */
		app_nap_after = nap_after(waiting->way, run->hz);
		current = run;
		run->nic->bar.read32 = read_register;
		run->nic->bar.write32 = write_register;
		receive(run, round);
		run->nic->bar = registers;
		waiting_quantiles(round, run->samples, run->sample_count, run->hz);
	} else {
		fprintf(stderr, "bench: %s\n", error ? nic_error() : "no memory");
	}
	const bool done = !error && run->samples;

	free(run->samples);
	nic_close(run->nic);
	return done;
}

bool waiting_measure(struct waiting *cells, unsigned count, unsigned rounds, double tsc_hz)
{
	struct dma_space *space;
	bool done = true;

	if (dma_space_open(&space) != 0) {
		fprintf(stderr, "bench: %s\n", nic_error());
		return false;
	}
	for (unsigned r = 0; done && r < rounds; r++)
		for (unsigned i = 0; done && i < count; i++) {
			struct run run = {.waiting = &cells[i], .hz = tsc_hz};
			char name[WAITING_NAME_BYTES];

			waiting_name(&cells[i], name);
			progress("waiting, round %u of %u, %s", r + 1, rounds, name);
			done = perform(&run, &cells[i].round[cells[i].rounds++], space);
		}
	for (unsigned i = 0; i < count; i++)
		waiting_choose(&cells[i]);
	dma_space_unref(space);
	return done;
}
