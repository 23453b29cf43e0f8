/* SPDX-License-Identifier: BSD-2-Clause
 * The report as a picture: throughput, frame loss and latency, size by size, and the conditions below. */
#include "rfc2544_report.h"

#define WIDTH   760
#define LEFT    70 /* of all plots; their labels are there */
#define ACROSS  640.0
#define DOWN    150.0 /* height of a plot */
#define BELOW   84    /* from one plot to the next */
#define LINE_PX 16    /* of text */

static const char *const colours[] = {
	"#1b6ca8", "#c8553d", "#3a7d44", "#8e5572", "#b8860b", "#2a9d8f", "#555555", "#7b5ea7"};

static const char *colour(unsigned i)
{
	return colours[i % (sizeof(colours) / sizeof(*colours))];
}

/* Text, in which XML's own characters are written as it wants. */
static void print_words(FILE *out, double x, double y, const char *anchor, const char *words)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	for (; *words; words++) {
		if (*words == '&' || *words == '<' || *words == '>')
			fprintf(out, "&#%d;", *words);
		else
			fputc((unsigned char)*words < 0x20 ? ' ' : *words, out);
	}
	fputs("</text>\n", out);
}

/* A plot's frame and title, with lines at `marks` heights from bottom to top, and what they stand for. */
static void print_frame(FILE *out, double y, const char *title, const char *const *marks, unsigned count)
{
	print_words(out, LEFT, y - 8, "start", title);
	for (unsigned i = 0; i < count; i++) {
		double at = y + DOWN * (1 - i / (count - 1.0));
		fprintf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ccc\"/>\n", LEFT, at,
			LEFT + ACROSS, at);
		print_words(out, LEFT - 6, at + 4, "end", marks[i]);
	}
}

static const char *const percents[] = {"0 %", "20 %", "40 %", "60 %", "80 %", "100 %"};

static void print_throughput(const struct rfc2544_plan *plan, FILE *out, double y)
{
	double each = ACROSS / plan->sizes;

	print_frame(out, y, "Throughput, in percent of the line rate", percents, 6);
	for (unsigned i = 0; i < plan->sizes; i++) {
		const struct rfc2544_result *r = &plan->results[i];
		const char *limit = rfc2544_limit(plan, r, RFC2544_THROUGHPUT);
		double share = r->throughput.sent_pps / r->line_pps, high = DOWN * (share < 1 ? share : 1),
		       x = LEFT + each * i;
		char words[64];
		fprintf(out,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" "
			"fill-opacity=\"%s\"/>\n",
			x + each * 0.2, y + DOWN - high, each * 0.6, high, colour(i),
			r->testers[RFC2544_THROUGHPUT] ? "0.4" : "1");
		print_words(out, x + each / 2, y + DOWN + LINE_PX, "middle", r->name);
		snprintf(words, sizeof(words), "%.0f/s", r->throughput.sent_pps);
		print_words(out, x + each / 2, y + DOWN + 2 * LINE_PX, "middle", words);
		print_words(out, x + each / 2, y + DOWN + 3 * LINE_PX, "middle", limit);
	}
}

static void print_loss(const struct rfc2544_plan *plan, FILE *out, double y)
{
	print_frame(out, y, "Frame loss, by the rate in percent of the line rate", percents, 6);
	for (unsigned i = 0; i < 6; i++)
		print_words(out, LEFT + ACROSS * i / 5, y + DOWN + LINE_PX, "middle", percents[i]);
	for (unsigned i = 0; i < plan->sizes; i++) {
		const struct rfc2544_result *r = &plan->results[i];
		fprintf(out, "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"", colour(i));
		for (unsigned n = 0; n < r->loss_count; n++)
			fprintf(out, "%.1f,%.1f ", LEFT + ACROSS * rfc2544_rate_percent(n) / 100,
				y + DOWN * (1 - rfc2544_loss(&r->loss[n])));
		fputs("\"/>\n", out);
		if (r->loss_count) /* above each other where lines end alike */
			print_words(
				out, LEFT + ACROSS + 2, y + DOWN * (1 - rfc2544_loss(&r->loss[0])), "start", r->name);
	}
}

/* Height of a latency: each line is ten times the one below, from 0.1 us on. */
static double height(double ns)
{
	unsigned hundredths = 0; /* of such a step, each 10^0.01 times the one before */

	for (ns /= 100; ns >= 1.0232930 && hundredths < 600; ns /= 1.0232930)
		hundredths++;
	return DOWN * hundredths / 600;
}

static void print_latency(const struct rfc2544_plan *plan, FILE *out, double y)
{
	static const char *const times[] = {"0.1 us", "1 us", "10 us", "0.1 ms", "1 ms", "10 ms", "0.1 s"};
	double each = ACROSS / plan->sizes;

	print_frame(
		out, y, "Latency at 0, 10, 50 and 90 % of the throughput: least, median and 99 %, greatest", times, 7);
	for (unsigned i = 0; i < plan->sizes; i++) {
		const struct rfc2544_result *r = &plan->results[i];
		for (unsigned n = 0; n < r->latency_count; n++) {
			const struct rfc2544_outcome *o = &r->latency[n];
			double x = LEFT + each * i + each * (n + 1) / (RFC2544_LOADS + 1), bottom = y + DOWN;
			double median = bottom - height(o->median_ns), p99 = bottom - height(o->p99_ns);
			if (o->max_ns <= 0)
				continue;
			fprintf(out,
				"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n"
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"%.1f\" fill=\"%s\"/>\n",
				x, bottom - height(o->min_ns), x, bottom - height(o->max_ns), colour(i), x - 4, p99,
				median - p99 + 1, colour(i));
		}
		print_words(out, LEFT + each * (i + 0.5), y + DOWN + LINE_PX, "middle", r->name);
	}
}

void rfc2544_print_svg(const struct rfc2544_report *report, FILE *out)
{
	double y = 50;
	double lines = y + 3 * (DOWN + BELOW);
	char words[1100];

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, lines + LINE_PX * (report->condition_count + 1.0));
	print_words(out, LEFT, 20, "start", report->incomplete ? "RFC 2544, INCOMPLETE" : "RFC 2544");
	print_throughput(report->plan, out, y);
	print_loss(report->plan, out, y + DOWN + BELOW);
	print_latency(report->plan, out, y + 2 * (DOWN + BELOW));
	for (unsigned i = 0; i < report->condition_count; i++) {
		snprintf(words, sizeof(words), "%s: %s", report->conditions[i].name, report->conditions[i].text);
		print_words(out, 10, lines + LINE_PX * i, "start", words);
	}
	fputs("</svg>\n", out);
}
