/* SPDX-License-Identifier: BSD-2-Clause
 * Latencies as a table, as JSON and as a picture. */
#include "latency_report.h"

#include <math.h>

void latency_table(const struct latency *results, unsigned count, const struct subject *subjects)
{
	printf("%-16s %5s  %8s  %5s  %5s  %8s  %8s  %8s  %8s  %8s\n", "forwarder", "burst", "capacity", "idle", "load",
		"p50", "p99", "p99.9", "max", "lost");
	printf("%-16s %5s  %8s  %5s  %5s  %8s  %8s  %8s  %8s  %8s\n", "", "", "Mpps", "%", "%", "us", "us", "us", "us",
		"packets");
	for (unsigned i = 0; i < count; i++) {
		const struct latency *l = &results[i];
		bool first = i == 0 || results[i - 1].subject != l->subject || results[i - 1].burst != l->burst;

		if (first)
			printf("%-16s %5u  %8.2f  %5.0f", subjects[l->subject].name, l->burst, l->capacity_pps / 1e6,
				100 * l->idle);
		else
			printf("%39s", "");
		printf("  %5u  %8.2f  %8.2f  %8.2f  %8.2f  %8llu\n", l->load, l->chosen->p50_ns / 1e3,
			l->chosen->p99_ns / 1e3, l->chosen->p999_ns / 1e3, l->chosen->max_ns / 1e3,
			(unsigned long long)l->chosen->lost);
	}
	putchar('\n');
	printf("64-byte packets at even distances, from when a packet was due to arrive at one port until the\n"
	       "model sent it from the other; the model has a core of its own, the forwarder another. capacity: of\n"
	       "forwarder and model together; idle: what of its time the forwarder then found nothing to do, so\n"
	       "that the model was the limit. load: of the capacity just before. A card adds its own time, and\n"
	       "PCIe's, to each of these figures. The maximum is the machine's: whatever took the core away for\n"
	       "that long. Of %u interleaved runs, each load the one in the middle by its p99; capacity: the\n"
	       "median.\n",
		LATENCY_RUNS);
}

void latency_json(const struct latency *results, unsigned count, const struct subject *subjects, FILE *file)
{
	fputs("{\"benchmark\":\"latency\",\"frame_bytes\":64,\"cells\":[\n", file);
	for (unsigned i = 0; i < count; i++) {
		const struct latency *l = &results[i];

		fprintf(file,
			"{\"driver\":\"%s\",\"burst\":%u,\"capacity_pps\":%.0f,\"idle\":%.3f,\"load_percent\":%u,"
			"\"offered_pps\":%.0f,"
			"\"packets\":%llu,\"lost\":%llu,"
			"\"p50_ns\":%.0f,\"p99_ns\":%.0f,\"p999_ns\":%.0f,\"max_ns\":%.0f}%s\n",
			subjects[l->subject].name, l->burst, l->capacity_pps, l->idle, l->load, l->chosen->offered_pps,
			(unsigned long long)l->chosen->packets, (unsigned long long)l->chosen->lost, l->chosen->p50_ns,
			l->chosen->p99_ns, l->chosen->p999_ns, l->chosen->max_ns, i + 1 < count ? "," : "");
	}
	fputs("]}\n", file);
}

/* ---- the picture: load to the right, time upwards on a logarithmic scale ---- */

#define BURST  32u
#define LEFT   70
#define TOP    60
#define WIDTH  560
#define HEIGHT 300
#define LOW    100.0 /* ns */
#define HIGH   1e7

static double across(unsigned load)
{
	return LEFT + load * WIDTH / 100.0;
}

static double up(double ns)
{
	double bounded = ns < LOW ? LOW : ns > HIGH ? HIGH : ns;

	return TOP + HEIGHT - HEIGHT * log10(bounded / LOW) / log10(HIGH / LOW);
}

static void draw_axes(FILE *file)
{
	static const char *const names[] = {"100 ns", "1 us", "10 us", "100 us", "1 ms", "10 ms"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		double y = up(LOW * pow(10, i));

		fprintf(file,
			"<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			LEFT, y, LEFT + WIDTH, y, LEFT - 6, y + 4, names[i]);
	}
	for (unsigned load = 0; load <= 100; load += 25)
		fprintf(file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%u %%</text>\n", across(load),
			TOP + HEIGHT + 18, load);
	fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">load, of each forwarder's own capacity</text>\n",
		LEFT + WIDTH / 2, TOP + HEIGHT + 38);
}

static void draw_line(
	FILE *file, const struct latency *results, unsigned count, unsigned subject, bool p99, const char *colour)
{
	fprintf(file, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"", colour,
		p99 ? " stroke-dasharray=\"5 4\"" : "");
	for (unsigned i = 0; i < count; i++)
		if (results[i].subject == subject && results[i].burst == BURST)
			fprintf(file, "%.1f,%.1f ", across(results[i].load),
				up(p99 ? results[i].chosen->p99_ns : results[i].chosen->p50_ns));
	fprintf(file, "\"/>\n");
}

int latency_svg(const struct latency *results, unsigned count, const struct subject *subjects, const char *path)
{
	static const char *const colours[] = {"#0b6e4f", "#2d9cdb", "#7a5195", "#d98032", "#b83b5e", "#6a8a3a", "#444",
		"#999", "#d00000", "#f4a6a6", "#e6b800", "#1b2a8f", "#0aa", "#707", "#b60", "#070"};
	FILE *file = fopen(path, "w");

	_Static_assert(sizeof(colours) / sizeof(*colours) == SUBJECTS_MAX, "a line without a colour is not seen");
	if (!file)
		return -1;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"16\" y=\"26\" font-size=\"16\" "
		"font-weight=\"bold\">Time through the forwarder, bursts of %u</text>\n"
		"<text x=\"16\" y=\"44\" fill=\"#666\">line: median; dashed: 99th percentile; of %u runs the middle "
		"one</text>\n",
		LEFT + WIDTH + 200, TOP + HEIGHT + 56, BURST, LATENCY_RUNS);
	draw_axes(file);
	for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++) {
		draw_line(file, results, count, s, false, colours[s]);
		draw_line(file, results, count, s, true, colours[s]);
		fprintf(file,
			"<rect x=\"%d\" y=\"%u\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" "
			"y=\"%u\">%s</text>\n",
			LEFT + WIDTH + 16, TOP + 20 * s, colours[s], LEFT + WIDTH + 34, TOP + 20 * s + 11,
			subjects[s].name);
	}
	fprintf(file, "</svg>\n");
	return fclose(file);
}
