/* SPDX-License-Identifier: BSD-2-Clause
 * What became of the packets that the generator has sent: added up over senders and receive queues, and printed. */
#include "gen_result.h"

/* ---- Sums ---- */

static void add(struct gen_tally *sum, const struct gen_tally *more)
{
	sum->sent += more->sent;
	sum->own += more->own;
	sum->in_flight += more->in_flight;
	sum->lost += more->lost;
	sum->reordered += more->reordered;
	sum->duplicates += more->duplicates;
	sum->stale += more->stale;
	sum->corrupted += more->corrupted;
	sum->extent_sum += more->extent_sum;
	sum->extent_max = more->extent_max > sum->extent_max ? more->extent_max : sum->extent_max;
	sum->extent_mean = app_ratio((double)sum->extent_sum, (double)sum->reordered);
}

/* What has not come is lost or in flight. While packets come and go, the count of those sent is a little older than
 * that of those that came back. */
static void settle(struct gen_tally *t, uint64_t missed, bool end)
{
	t->own = t->own < t->sent ? t->own : t->sent;
	uint64_t away = t->sent - t->own;
	t->lost = end || missed > away ? away : missed;
	t->in_flight = away - t->lost;
}

/* Adds what came of one sender's packets of a stream. @return how many were overtaken, and have not come */
static uint64_t add_sender(struct gen_stream_result *s, const struct gen_receiver *receivers, unsigned count,
	unsigned stream, unsigned sender)
{
	uint64_t highest = 0, unique = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct gen_sequence *q = gen_sequence_of(&receivers[i], stream, sender);
		uint64_t next = app_get(&q->next), extent_max = app_get(&q->extent_max);
		for (unsigned size = 0; size < s->sizes->count; size++) {
			const struct gen_arrivals *a = &q->arrivals[size];
			add(&s->by_size[size], &(struct gen_tally){.own = app_get(&a->unique),
						       .reordered = app_get(&a->reordered),
						       .duplicates = app_get(&a->duplicates),
						       .stale = app_get(&a->stale),
						       .corrupted = app_get(&a->corrupted)});
			unique += app_get(&a->unique);
		}
		s->all.extent_sum += app_get(&q->extent_sum);
		s->all.extent_max = extent_max > s->all.extent_max ? extent_max : s->all.extent_max;
		highest = next > highest ? next : highest;
	}
	return highest > unique ? highest - unique : 0;
}

void gen_result_take(
	struct gen_result *result, const struct gen_receiver *receivers, unsigned count, bool end, uint64_t sent)
{
	const struct gen_reception *shared = receivers[0].shared;
	const struct gen_makers *makers = shared->makers;
	uint64_t missed = 0;

	*result = (struct gen_result){.end = end, .count = makers ? makers->count : 0};
	for (unsigned i = 0; i < count; i++)
		result->foreign += app_get(&receivers[i].foreign);
	for (unsigned i = 0; i < result->count; i++) {
		struct gen_stream_result *s = &result->streams[i];
		uint64_t missed_here = 0;
		s->stream = makers->each[i].stream;
		s->sizes = &shared->sizes[i];
		s->stamped = gen_maker_is_stamped(&makers->each[i]);
		for (unsigned sender = 0; sender < makers->senders; sender++) {
			missed_here += add_sender(s, receivers, count, i, sender);
			for (unsigned size = 0; size < s->sizes->count; size++)
				s->by_size[size].sent += app_get(&shared->made[sender][i].frames[size]);
		}
		if (result->count == 1 && s->sizes->count == 1) /* the card has counted them */
			s->by_size[0].sent = sent;
		for (unsigned size = 0; size < s->sizes->count; size++) {
			add(&s->all, &s->by_size[size]);
			settle(&s->by_size[size], 0, end);
		}
		result->untold += s->stamped ? 0 : s->all.sent;
		if (s->stamped)
			add(&result->all, &s->all);
		if (result->count == 1)
			s->all.sent = sent;
		settle(&s->all, missed_here, end);
		missed += missed_here;
	}
	result->echo = result->all.own || result->all.corrupted;
	result->all.sent = sent > result->untold ? sent - result->untold : 0;
	settle(&result->all, missed, end);
	result->all.sent = sent;
}

uint64_t gen_result_own(const struct gen_receiver *receivers, unsigned count)
{
	const struct gen_makers *makers = receivers[0].shared->makers;
	unsigned sequences = makers ? makers->count * makers->senders : 0;
	uint64_t own = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < sequences; j++)
			for (unsigned size = 0; size < GEN_SIZES; size++)
				own += app_get(&receivers[i].sequences[j].arrivals[size].unique);
	return own;
}

void gen_result_latency(struct gen_latency *sum, const struct gen_receiver *receivers, unsigned count, unsigned stream)
{
	unsigned streams = receivers[0].shared->makers->count;

	gen_latency_clear(sum);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < streams && receivers[i].latencies; j++)
			if (stream == j || stream == GEN_ALL_STREAMS)
				gen_latency_merge(sum, &receivers[i].latencies[j]);
}

/* ---- Printing ---- */
#define AT(member) APP_FIGURE(struct gen_result, member)
static const struct app_figure total_figures[] = {
	{"own", "generator: of its own %llu came back: ", AT(all.own)},
	{"in_flight", NULL, AT(all.in_flight)},
	{"echo", NULL, AT(echo)},
	{"lost", "%llu lost", AT(all.lost)},
	{"reordered", ", %llu reordered", AT(all.reordered)},
	{"reorder_extent_max", " (by up to %llu)", AT(all.extent_max), APP_ZERO_IS_NOTHING},
	{"reorder_extent_mean", NULL, AT(all.extent_mean), .decimals = 3},
	{"duplicates", ", %llu duplicates", AT(all.duplicates)},
	{"stale", ", %llu too late to tell", AT(all.stale)},
	{"corrupted", "; %llu corrupted", AT(all.corrupted)},
	{"foreign", "; %llu of others\n", AT(foreign)},
	{0},
};
#undef AT

#define AT(member) APP_FIGURE(struct gen_tally, member)
const struct app_figure gen_sent_figures[] = {
	{"sent", "%llu sent", AT(sent)},
	{0},
};
const struct app_figure gen_arrival_figures[] = {
	{"own", ", %llu came back", AT(own)},
	{"in_flight", ", %llu in flight", AT(in_flight), APP_ZERO_IS_NOTHING},
	{"lost", ", %llu lost", AT(lost)},
	{"reordered", ", %llu reordered", AT(reordered), APP_ZERO_IS_NOTHING},
	{"duplicates", ", %llu duplicates", AT(duplicates), APP_ZERO_IS_NOTHING},
	{"stale", ", %llu too late to tell", AT(stale), APP_ZERO_IS_NOTHING},
	{"corrupted", ", %llu corrupted", AT(corrupted), APP_ZERO_IS_NOTHING},
	{0},
};
const struct app_figure gen_extent_figures[] = {
	{"reorder_extent_max", ", reordered by up to %llu", AT(extent_max), APP_ZERO_IS_NOTHING},
	{"reorder_extent_mean", NULL, AT(extent_mean), .decimals = 3},
	{0},
};
#undef AT

static void print_stream_json(const struct gen_stream_result *s, FILE *out, bool end)
{
	app_figures_json(out, ",", gen_sent_figures, &s->all);
	fprintf(out, ",\"stamped\":%s", s->stamped ? "true" : "false");
	if (s->stamped) {
		app_figures_json(out, ",", gen_arrival_figures, &s->all);
		app_figures_json(out, ",", gen_extent_figures, &s->all);
	}
	/* what has overtaken what is not known of sizes */
	if (!end)
		return;
	fputs(",\"sizes\":[", out);
	for (unsigned i = 0; i < s->sizes->count; i++) {
		fprintf(out, "%s{\"bytes\":%u,\"bytes_max\":%u", i ? "," : "", s->sizes->first[i], s->sizes->last[i]);
		app_figures_json(out, ",", gen_sent_figures, &s->by_size[i]);
		if (s->stamped)
			app_figures_json(out, ",", gen_arrival_figures, &s->by_size[i]);
		fputc('}', out);
	}
	fputc(']', out);
}

static void print_stream_text(const struct gen_stream_result *s, FILE *out)
{
	app_figures_text(out, "", "", gen_sent_figures, &s->all);
	if (!s->stamped) {
		fputs("; without a stamp: what comes back of them is not told apart\n", out);
		return;
	}
	app_figures_text(out, "", "", gen_arrival_figures, &s->all);
	app_figures_text(out, "", "", gen_extent_figures, &s->all);
	fputc('\n', out);
	for (unsigned i = 0; i < s->sizes->count && s->sizes->count > 1; i++) {
		fprintf(out, "  %u", s->sizes->first[i]);
		if (s->sizes->last[i] > s->sizes->first[i])
			fprintf(out, "-%u", s->sizes->last[i]);
		fputs(" bytes: ", out);
		app_figures_text(out, "", "", gen_sent_figures, &s->by_size[i]);
		app_figures_text(out, "", "", gen_arrival_figures, &s->by_size[i]);
		fputc('\n', out);
	}
}

void gen_result_print_total(const struct gen_result *r, FILE *out, bool json)
{
	const bool told = r->all.sent > r->untold || r->echo;

	if (json)
		app_figures_json(out, ",", total_figures, r);
	else if (told && !r->echo)
		fputs("generator: nothing came back of its own: is there an echo, or a way to the second port?\n", out);
	else if (told)
		app_figures_text(out, "", "", total_figures, r);
}

void gen_result_print_stream(const struct gen_result *r, unsigned stream, FILE *out, bool json)
{
	const struct gen_stream_result *s = &r->streams[stream];

	if (json) {
		print_stream_json(s, out, r->end);
		return;
	}
	fprintf(out, "generator: stream %u", stream);
	if (s->stream->name[0])
		fprintf(out, " (%s)", s->stream->name);
	fputs(": ", out);
	print_stream_text(s, out);
}
