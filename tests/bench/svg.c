/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark as a picture: cycles per packet of each driver, job by job, as bars with their spread, at the largest
 * usual burst. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#define BURST     32u
#define BYTES     64u
#define BAR       16
#define GAP       6
#define GROUP_GAP 22
#define LEFT      150
#define WIDTH     620 /* of the longest bar */
#define TOP       64

static const char *colour(const char *name)
{
	return strncmp(name, "dpdk", 4) ? "#0b6e4f" : "#d98032";
}

static bool shown(const struct cell *cell, bool far)
{
	return cell->burst == BURST && cell->frame_bytes == BYTES && cell->far == far;
}

static double longest(const struct report *report)
{
	double most = 1;

	for (unsigned c = 0; c < report->count; c++)
		if ((shown(&report->cells[c], false) || shown(&report->cells[c], true)) &&
			report->cells[c].cycles[report->rounds / 2] > most)
			most = report->cells[c].cycles[report->rounds / 2];
	return most;
}

static int draw_bar(FILE *file, const struct report *report, const struct cell *cell, double scale, int y)
{
	double median = cell->cycles[report->rounds / 2], least = cell->cycles[0];

	fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + BAR - 4,
		report->subjects[cell->subject].name);
	fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", LEFT, y, median * scale,
		BAR, colour(report->subjects[cell->subject].name));
	fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#fff\" stroke-width=\"2\"/>\n",
		LEFT + least * scale, y + 3, LEFT + least * scale, y + BAR - 3);
	fprintf(file, "<text x=\"%.1f\" y=\"%d\">%.1f", LEFT + median * scale + 6, y + BAR - 4, median);
	if (cell->instructions >= 0)
		fprintf(file, " <tspan fill=\"#666\">(%.0f instructions)</tspan>", cell->instructions);
	fprintf(file, "</text>\n");
	return y + BAR + GAP;
}

static int draw_group(FILE *file, const struct report *report, enum bench_job job, bool far, double scale, int y)
{
	bool titled = false;

	for (unsigned c = 0; c < report->count; c++) {
		const struct cell *cell = &report->cells[c];

		if (cell->job != job || !shown(cell, far))
			continue;
		if (!titled)
			fprintf(file, "<text x=\"16\" y=\"%d\" font-weight=\"bold\">%s, %s</text>\n", y + 12,
				bench_job_name(job), far ? "model on another core" : "model on the same core");
		y += titled ? 0 : GROUP_GAP;
		titled = true;
		y = draw_bar(file, report, cell, scale, y);
	}
	return titled ? y + GROUP_GAP / 2 : y;
}

int report_svg(const struct report *report, const char *path)
{
	double scale = WIDTH / longest(report);
	unsigned bars = 0, groups = BENCH_JOBS * (report->far ? 2 : 1);
	FILE *file = fopen(path, "w");
	int y = TOP, height;

	if (!file)
		return -1;
	for (unsigned c = 0; c < report->count; c++)
		bars += shown(&report->cells[c], false) || shown(&report->cells[c], true);
	height = TOP + (int)bars * (BAR + GAP) + (int)groups * (GROUP_GAP + GROUP_GAP / 2) + 8;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n",
		LEFT + WIDTH + 190, height);
	fprintf(file,
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"16\" y=\"26\" font-size=\"16\" "
		"font-weight=\"bold\">"
		"Cycles per packet of %u bytes, bursts of %u: shorter is better</text>\n",
		BYTES, BURST);
	fprintf(file,
		"<text x=\"16\" y=\"46\" fill=\"#666\">Time-stamp counter at %.2f GHz; median of %u interleaved "
		"rounds, white mark: "
		"minimum. No PCIe, no IOMMU.</text>\n",
		report->tsc_hz / 1e9, report->rounds);
	for (unsigned far = 0; far < 2; far++)
		for (unsigned job = 0; job < BENCH_JOBS; job++)
			y = draw_group(file, report, (enum bench_job)job, far, scale, y);
	fprintf(file, "</svg>\n");
	return fclose(file);
}
