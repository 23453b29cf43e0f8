/* SPDX-License-Identifier: BSD-2-Clause
 * The rate that the generator achieved beside the one that it was asked for, and why it missed that. */
#include "gen_progress.h"

#include "app_base.h"
#include "app_figures.h"

static const struct {
	const char *name, *text;
} causes[] = {
	[GEN_LINK_DOWN] = {"link_down", "the link was down"},
	[GEN_LINE_RATE] = {"line_rate", "the link carries no more"},
	[GEN_PAUSED] = {"paused", "the other end sent pause frames, which the card obeyed"},
	[GEN_RING_FULL] = {"tx_ring_full", "the card took no more, its transmit ring was full"},
	[GEN_CAPTURE_READ] = {"capture_read", "the capture is read too slowly"},
	[GEN_CPU_LOST] = {"cpu_lost", "others had the CPU, or the machine stood still: --cpu takes one that is free"},
	[GEN_CPU_BUSY] = {"cpu", "one CPU makes no more: a larger --burst may help"},
};

/* Frames per second that the schedule has at its first speed. */
static double scheduled_pps(const struct gen_target *target)
{
	return app_ratio(app_tsc_hz(), gen_schedule_mean(target->schedule).cycles);
}

double gen_target_pps(const struct gen_target *target)
{
	return scheduled_pps(target) * target->speed;
}

double gen_target_bits(const struct gen_target *target)
{
	return gen_target_pps(target) * gen_schedule_mean(target->schedule).bits;
}

/* Finds what most of the time was lost by. *mostly: other causes had some of it. A sender that is late by less than
 * half a packet has lost nothing. One without a rate or a timing cannot be late: it loses the time without a link. */
static enum gen_cause find_cause(const struct gen_target *target, const struct gen_progress *from,
	const struct gen_progress *to, double given_up, bool *mostly)
{
	double lost = (double)(to->held_up_cycles - from->held_up_cycles), hz = app_tsc_hz();
	bool line_full = target->above_line &&
			 to->line_bits - from->line_bits >= 0.9e6 * target->link_mbps * (to->seconds - from->seconds);
	double down = (to->link_down_s - from->link_down_s) * hz,
	       full = (double)(to->ring_full_cycles - from->ring_full_cycles) - down;
	double unread = (double)(to->unread_cycles - from->unread_cycles);
	double away = (double)(to->cpu_lost_cycles - from->cpu_lost_cycles);

	*mostly = false;
	if (gen_schedule_mean(target->schedule).cycles <= 0 || (to->waited && down > lost))
		return down > 0 ? GEN_LINK_DOWN : GEN_KEPT;
	if (lost <= 0 || (target->has_rate && given_up < 0.5))
		return GEN_KEPT;
	/* While the link is down the ring is full, too: that time is the link's. What the other causes leave over was
	 * too much for the CPU. */
	const double times[] = {[GEN_LINK_DOWN] = down,
		[GEN_RING_FULL] = full,
		[GEN_CAPTURE_READ] = unread,
		[GEN_CPU_LOST] = away,
		[GEN_CPU_BUSY] = lost};
	enum gen_cause cause = GEN_KEPT;
	double most = 0, left = lost;
	for (enum gen_cause i = GEN_LINK_DOWN; i <= GEN_CPU_BUSY; i++) {
		double part = times[i] < 0 ? 0 : times[i] < left ? times[i] : left;
		left -= part;
		cause = part > most ? i : cause;
		most = part > most ? part : most;
	}
	*mostly = most < 0.99 * lost;
	if (cause != GEN_RING_FULL)
		return cause;
	return line_full ? GEN_LINE_RATE : to->pause_frames > from->pause_frames ? GEN_PAUSED : GEN_RING_FULL;
}

struct gen_outcome gen_outcome_of(
	const struct gen_target *target, const struct gen_progress *from, const struct gen_progress *to)
{
	double seconds = to->seconds - from->seconds, bits = gen_schedule_mean(target->schedule).bits;
	double speed = seconds > 0 ? (to->clock_s - from->clock_s) / seconds : target->speed;
	double pps = target->has_rate ? scheduled_pps(target) : 0;
	struct gen_outcome o = {
		.asked_pps = pps * speed,
		.achieved_pps = app_ratio((double)(to->frames - from->frames), seconds),
		.given_up = (double)(to->given_up_cycles - from->given_up_cycles) / app_tsc_hz() * pps,
		.held_up_s = (double)(to->held_up_cycles - from->held_up_cycles) / app_tsc_hz(),
		.link_down_s = to->link_down_s - from->link_down_s,
	};

	o.cause = find_cause(target, from, to, o.given_up, &o.mostly);
	o.asked_gbit = o.asked_pps * bits / 1e9;
	o.achieved_gbit = o.achieved_pps * bits / 1e9;
	o.limited_by = causes[o.cause].name;
	return o;
}

void gen_outcome_add(struct gen_outcome *sum, const struct gen_outcome *more, bool first)
{
	bool rates = first || (sum->asked_pps > 0 && more->asked_pps > 0);

	if (first)
		*sum = (struct gen_outcome){.asked_pps = 0};
	sum->asked_pps = rates ? sum->asked_pps + more->asked_pps : 0;
	sum->asked_gbit = rates ? sum->asked_gbit + more->asked_gbit : 0;
	sum->achieved_pps += more->achieved_pps;
	sum->achieved_gbit += more->achieved_gbit;
	sum->given_up += more->given_up;
	sum->link_down_s = more->link_down_s;
	if (sum->cause == GEN_KEPT || (more->cause != GEN_KEPT && more->held_up_s > sum->held_up_s)) {
		sum->cause = more->cause;
		sum->mostly = more->mostly;
		sum->limited_by = more->limited_by;
	}
	sum->held_up_s = more->held_up_s > sum->held_up_s ? more->held_up_s : sum->held_up_s;
}

#define AT(member) APP_FIGURE(struct gen_outcome, member)
static const struct app_figure outcome_figures[] = {
	{"asked_pps", NULL, AT(asked_pps), APP_ZERO_IS_UNKNOWN, .decimals = 3},
	{"asked_framed_gbit_s", NULL, AT(asked_gbit), APP_ZERO_IS_UNKNOWN, .decimals = 6},
	{"achieved_pps", ": %.6g packets/s", AT(achieved_pps), .decimals = 3},
	{"achieved_framed_gbit_s", " (%.4g Mbit/s with framing)", AT(achieved_gbit), .decimals = 6, .scale = 1000},
	{NULL, " of %.6g asked", AT(asked_pps)},
	{"given_up", NULL, AT(given_up)},
	{"held_up_s", NULL, AT(held_up_s), .decimals = 6},
	{"limited_by", NULL, AT(limited_by), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef AT

void gen_outcome_print(const struct gen_outcome *o, FILE *out, bool json, const char *name)
{
	if (!json && (o->asked_pps > 0 || o->cause != GEN_KEPT))
		fputs(name, out);
	if (json || o->asked_pps > 0)
		app_figures_print(out, json, outcome_figures, o);
	if (json)
		return;
	if (o->asked_pps > 0 && o->cause == GEN_KEPT)
		fputc('\n', out);
	else if (o->asked_pps > 0)
		fprintf(out, "; %.0f given up%s: %s\n", o->given_up, o->mostly ? ", mostly" : "",
			causes[o->cause].text);
	else if (o->cause != GEN_KEPT && o->held_up_s <= 0)
		fprintf(out, ": the link was down for %.3f s\n", o->link_down_s);
	else if (o->cause != GEN_KEPT)
		fprintf(out, ": held up for %.3f s, and later by so much than the capture: %s\n", o->held_up_s,
			causes[o->cause].text);
}
