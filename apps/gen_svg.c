/* SPDX-License-Identifier: BSD-2-Clause
 * A picture of latencies, as SVG. To the right each step is a tenth of the packets of the step before: half of the
 * picture is about the slowest hundredth, which is what people look for. */
#include "gen_svg.h"

#include <math.h>
#include <stdbool.h>

#define LEFT   80.0
#define TOP    60.0
#define WIDTH  640.0
#define HEIGHT 360.0
#define LEGEND 190.0
#define NINES  5 /* to the right end: 99.999 % */

/* A logarithmic scale of times, of whole decades. */
struct scale {
	int first, last; /* powers of ten, of ns */
};

static double log10_of(double value)
{
	int exponent;
	double x = frexp(value, &exponent), y = (x - 1) / (x + 1), power = y, sum = 0;

	for (unsigned i = 1; i < 24; i += 2, power *= y * y) /* ln x = 2 (y + y^3 / 3 + y^5 / 5 + ...) */
		sum += power / i;
	return (2 * sum + exponent * 0.69314718055994531) / 2.30258509299404568;
}

static int decade(double ns)
{
	int power = 0;

	for (; ns >= 10; ns /= 10)
		power++;
	return power;
}

static double height_of(const struct scale *scale, double ns)
{
	double share = (log10_of(ns > 1 ? ns : 1) - scale->first) / (scale->last - scale->first);

	return TOP + HEIGHT * (1 - (share < 0 ? 0 : share));
}

/* The place of the packet behind which `left` of all are slower. */
static double place_of(double left, double all)
{
	double nines = left > 0 ? log10_of(all / left) : NINES;

	return LEFT + WIDTH * (nines < NINES ? nines : NINES) / NINES;
}

static void print_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '<' || *text == '&')
			fputs(*text == '<' ? "&lt;" : "&amp;", out);
		else if (*text >= 0x20 || *text < 0)
			fputc(*text, out);
}

static void draw_axes(FILE *out, const struct scale *scale)
{
	static const char *const places[] = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"};
	static const char *const units[] = {"ns", "us", "ms", "s"};
	const double bottom = TOP + HEIGHT;

	for (int power = scale->first; power <= scale->last; power++) {
		double ns = 1;
		for (int i = 0; i < power; i++)
			ns *= 10;
		double y = height_of(scale, ns);
		int unit = power / 3 < 3 ? power / 3 : 3;
		fprintf(out,
			"<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" stroke=\"#bbb\"/>\n<text x=\"%.0f\" "
			"y=\"%.1f\" text-anchor=\"end\">1%.*s %s</text>\n",
			LEFT, y, LEFT + WIDTH, y, LEFT - 8, y + 4, power - 3 * unit, "00000000", units[unit]);
		for (int i = 2; i < 10 && power < scale->last; i++) {
			y = height_of(scale, i * ns);
			fprintf(out, "<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" stroke=\"#eee\"/>\n", LEFT,
				y, LEFT + WIDTH, y);
		}
	}
	for (int i = 0; i <= NINES; i++) {
		double x = LEFT + WIDTH * i / NINES;
		fprintf(out,
			"<line x1=\"%.1f\" y1=\"%.0f\" x2=\"%.1f\" y2=\"%.0f\" stroke=\"#bbb\"/>\n<text x=\"%.1f\" "
			"y=\"%.0f\" text-anchor=\"middle\">%s</text>\n",
			x, TOP, x, bottom, x, bottom + 18, places[i]);
	}
	fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">packets that took at most so long</text>\n",
		LEFT + WIDTH / 2, bottom + 38);
}

/* From the quickest packet to the slowest, bucket by bucket, each as high as it ends. */
static void draw_curve(FILE *out, const struct scale *scale, const struct gen_histogram *histogram, double ns_per_tick,
	const char *color)
{
	const uint64_t most = app_get(&histogram->most);
	double all = (double)gen_histogram_count(histogram), left = all;

	fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", color);
	for (unsigned i = 0; i < GEN_HISTOGRAM_BUCKETS; i++) {
		uint64_t packets = app_get(&histogram->buckets[i]), end = gen_histogram_begin(i + 1) - 1;
		if (!packets)
			continue;
		double y = height_of(scale, ns_per_tick * (double)(end < most ? end : most));
		fprintf(out, "%.1f,%.1f ", place_of(left, all), y);
		left -= (double)packets;
		fprintf(out, "%.1f,%.1f ", place_of(left, all), y);
	}
	fputs("\"/>\n", out);
}

void gen_svg_draw(
	FILE *out, const char *title, const struct gen_curve *curves, unsigned count, double floor_ns, double hz)
{
	static const char *const colors[GEN_CURVES] = {
		"#0b6e4f", "#d98032", "#2d9cdb", "#b83b5e", "#7a5195", "#6a8a3a", "#444", "#e6b800"};
	const double ns_per_tick = 1e9 / hz;
	double least = 0, most = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct gen_histogram *h = curves[i].histogram;
		double low = ns_per_tick * (double)app_get(&h->least), high = ns_per_tick * (double)app_get(&h->most);
		if (app_get(&h->least) == UINT64_MAX)
			continue;
		least = least == 0 || low < least ? low : least;
		most = high > most ? high : most;
	}
	least = floor_ns > 0 && floor_ns < least ? floor_ns : least;
	const struct scale scale = {.first = decade(least), .last = decade(most) + 1};
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"16\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Latency</text>\n<text x=\"16\" "
		"y=\"44\" fill=\"#666\">",
		LEFT + WIDTH + LEGEND, TOP + HEIGHT + 52);
	print_escaped(out, title);
	fputs("</text>\n", out);
	if (floor_ns > 0) {
		double y = height_of(&scale, floor_ns);
		fprintf(out,
			"<rect x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.1f\" fill=\"#ddd\"/>\n<text "
			"x=\"%.0f\" y=\"%.1f\" fill=\"#666\">not told: a turn of the loop takes so long</text>\n",
			LEFT, y, WIDTH, TOP + HEIGHT - y, LEFT + 6, TOP + HEIGHT - 6);
	}
	draw_axes(out, &scale);
	for (unsigned i = 0, row = 0; i < count && i < GEN_CURVES; i++) {
		if (app_get(&curves[i].histogram->least) == UINT64_MAX)
			continue;
		draw_curve(out, &scale, curves[i].histogram, ns_per_tick, colors[i]);
		fprintf(out,
			"<rect x=\"%.0f\" y=\"%.0f\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%.0f\" "
			"y=\"%.0f\">",
			LEFT + WIDTH + 16, TOP + 20 * row, colors[i], LEFT + WIDTH + 34, TOP + 20 * row + 11);
		print_escaped(out, curves[i].name);
		fputs("</text>\n", out);
		row++;
	}
	fputs("</svg>\n", out);
}
