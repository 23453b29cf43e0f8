/* SPDX-License-Identifier: BSD-2-Clause
 * The rate that the generator achieved beside the one that it was asked for, and why it missed that. */
#include "gen_progress.h"

#include "app_base.h"
#include "app_figures.h"

/* Why a rate was missed; KEPT: it was not. */
enum cause { KEPT, LINK_DOWN, LINE_RATE, PAUSED, RING_FULL, CAPTURE_READ, CPU_LOST, CPU_BUSY };

static const struct {
	const char *name, *text;
} causes[] = {
	[LINK_DOWN] = {"link_down", "the link was down"},
	[LINE_RATE] = {"line_rate", "the link carries no more"},
	[PAUSED] = {"paused", "the other end sent pause frames, which the card obeyed"},
	[RING_FULL] = {"tx_ring_full", "the card took no more, its transmit ring was full"},
	[CAPTURE_READ] = {"capture_read", "the capture is read too slowly"},
	[CPU_LOST] = {"cpu_lost", "others had the CPU, or the machine stood still: --cpu takes one that is free"},
	[CPU_BUSY] = {"cpu", "one CPU makes no more: a larger --burst may help"},
};

/* Frames per second that the schedule has, while its clock is as fast as the time stamp counter. */
static double scheduled_pps(const struct gen_target *target)
{
	return app_ratio(app_tsc_hz(), gen_schedule_mean(target->schedule).cycles);
}

static double bits_per_frame(const struct gen_target *target)
{
	return gen_schedule_mean(target->schedule).bits;
}

bool gen_target_above_line(const struct gen_target *target)
{
	/* a millionth more is rounding */
	return scheduled_pps(target) * target->clock_speed * bits_per_frame(target) > 1.000001e6 * target->link_mbps;
}

/* Finds what most of the time was lost by. *mostly: other causes had some of it. A sender that is late by less than
 * half a packet has lost nothing. One without a rate or a timing cannot be late: it loses the time without a link. */
static enum cause find_cause(const struct gen_target *target, const struct gen_progress *from,
	const struct gen_progress *to, double given_up, bool *mostly)
{
	double lost = (double)(to->held_up_cycles - from->held_up_cycles), hz = app_tsc_hz();
	double bits = (double)(to->frames - from->frames) * bits_per_frame(target);
	bool line_full =
		gen_target_above_line(target) && bits >= 0.9e6 * target->link_mbps * (to->seconds - from->seconds);
	double down = (to->link_down_s - from->link_down_s) * hz,
	       full = (double)(to->ring_full_cycles - from->ring_full_cycles) - down;
	double unread = (double)(to->unread_cycles - from->unread_cycles);
	double away = (double)(to->cpu_lost_cycles - from->cpu_lost_cycles);

	*mostly = false;
	if (gen_schedule_mean(target->schedule).cycles <= 0 || (to->waited && down > lost))
		return down > 0 ? LINK_DOWN : KEPT;
	if (lost <= 0 || (target->has_rate && given_up < 0.5))
		return KEPT;
	/* While the link is down the ring is full, too: that time is the link's. What the other causes leave over was
	 * too much for the CPU. */
	const double times[] = {
		[LINK_DOWN] = down, [RING_FULL] = full, [CAPTURE_READ] = unread, [CPU_LOST] = away, [CPU_BUSY] = lost};
	enum cause cause = KEPT;
	double most = 0, left = lost;
	for (enum cause i = LINK_DOWN; i <= CPU_BUSY; i++) {
		double part = times[i] < 0 ? 0 : times[i] < left ? times[i] : left;
		left -= part;
		cause = part > most ? i : cause;
		most = part > most ? part : most;
	}
	*mostly = most < 0.99 * lost;
	if (cause != RING_FULL)
		return cause;
	return line_full ? LINE_RATE : to->pause_frames > from->pause_frames ? PAUSED : RING_FULL;
}

/* What is printed of the time between two moments. */
struct outcome {
	double asked_pps, asked_gbit; /* 0: no rate was asked for */
	double achieved_pps, achieved_gbit;
	double given_up; /* packets */
	double held_up_s;
	const char *limited_by;
};

#define AT(member) APP_FIGURE(struct outcome, member)
static const struct app_figure outcome_figures[] = {
	{"asked_pps", NULL, AT(asked_pps), APP_ZERO_IS_UNKNOWN, .decimals = 3},
	{"asked_framed_gbit_s", NULL, AT(asked_gbit), APP_ZERO_IS_UNKNOWN, .decimals = 6},
	{"achieved_pps", "generator: %.6g packets/s", AT(achieved_pps), .decimals = 3},
	{"achieved_framed_gbit_s", " (%.4g Mbit/s with framing)", AT(achieved_gbit), .decimals = 6, .scale = 1000},
	{NULL, " of %.6g asked", AT(asked_pps)},
	{"given_up", NULL, AT(given_up)},
	{"held_up_s", NULL, AT(held_up_s), .decimals = 6},
	{"limited_by", NULL, AT(limited_by), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef AT

void gen_progress_print(const struct gen_target *target, const struct gen_progress *from, const struct gen_progress *to,
	FILE *out, bool json)
{
	double seconds = to->seconds - from->seconds, bits = bits_per_frame(target);
	double clock_speed = seconds > 0 ? (to->clock_s - from->clock_s) / seconds : target->clock_speed;
	double pps = target->has_rate ? scheduled_pps(target) : 0;
	struct outcome o = {
		.asked_pps = pps * clock_speed,
		.achieved_pps = app_ratio((double)(to->frames - from->frames), seconds),
		.given_up = (double)(to->given_up_cycles - from->given_up_cycles) / app_tsc_hz() * pps,
		.held_up_s = (double)(to->held_up_cycles - from->held_up_cycles) / app_tsc_hz(),
	};
	bool mostly;
	enum cause cause = find_cause(target, from, to, o.given_up, &mostly);

	o.asked_gbit = o.asked_pps * bits / 1e9;
	o.achieved_gbit = o.achieved_pps * bits / 1e9;
	o.limited_by = causes[cause].name;
	if (json || o.asked_pps > 0)
		app_figures_print(out, json, outcome_figures, &o);
	if (json)
		return;
	if (o.asked_pps > 0 && cause == KEPT)
		fputc('\n', out);
	else if (o.asked_pps > 0)
		fprintf(out, "; %.0f given up%s: %s\n", o.given_up, mostly ? ", mostly" : "", causes[cause].text);
	else if (cause != KEPT && o.held_up_s <= 0)
		fprintf(out, "generator: the link was down for %.3f s\n", to->link_down_s - from->link_down_s);
	else if (cause != KEPT)
		fprintf(out, "generator: held up for %.3f s, and later by so much than the capture: %s\n", o.held_up_s,
			causes[cause].text);
}
