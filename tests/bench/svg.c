/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark as a picture: cycles per packet of each driver, job by job, as bars with their spread, at the largest
 * usual burst. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#define BURST      32u
#define BYTES      64u
#define BAR_HEIGHT 16
#define GAP        6
#define GROUP_GAP  22
#define LEFT       150
#define BAR_MAX    620 /* width of the longest bar */
#define RIGHT      260 /* for what stands behind it */
#define TOP        64

static const char *colour(const char *driver)
{
	return strncmp(driver, "dpdk", 4) ? "#0b6e4f" : "#d98032";
}

static bool shown(const struct figure *figure)
{
	return figure->burst == BURST && figure->frame_bytes == BYTES;
}

static double longest(const struct figures *figures)
{
	double max = 1;

	for (unsigned c = 0; c < figures->count; c++)
		if (shown(&figures->cells[c]) && figures->cells[c].cycles_median > max)
			max = figures->cells[c].cycles_median;
	return max;
}

static int draw_bar(FILE *file, const struct figure *figure, double scale, int y)
{
	double end = LEFT + figure->cycles_median * scale, min = LEFT + figure->cycles_min * scale;
	const char *marks = figure_marks(figure);

	fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + BAR_HEIGHT - 4,
		figure->driver);
	fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"%s/>\n", LEFT, y, end - LEFT,
		BAR_HEIGHT, colour(figure->driver), *marks ? " fill-opacity=\"0.4\"" : "");
	fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#fff\" stroke-width=\"2\"/>\n", min,
		y + 3, min, y + BAR_HEIGHT - 3);
	fprintf(file, "<text x=\"%.1f\" y=\"%d\">%.1f", end + 6, y + BAR_HEIGHT - 4, figure->cycles_median);
	if (figure->instructions >= 0)
		fprintf(file, " <tspan fill=\"#666\">(%.0f instructions)</tspan>", figure->instructions);
	if (*marks)
		fprintf(file, " <tspan fill=\"#b00\">%s</tspan>", marks);
	fprintf(file, "</text>\n");
	return y + BAR_HEIGHT + GAP;
}

static int draw_group(FILE *file, const struct figures *figures, enum bench_job job, bool far, double scale, int y)
{
	bool titled = false;

	for (unsigned c = 0; c < figures->count; c++) {
		const struct figure *figure = &figures->cells[c];

		if (figure->job != job || figure->far != far || !shown(figure))
			continue;
		if (!titled)
			fprintf(file, "<text x=\"16\" y=\"%d\" font-weight=\"bold\">%s, %s</text>\n", y + 12,
				bench_job_name(job), far ? "model on another core" : "model on the same core");
		y += titled ? 0 : GROUP_GAP;
		titled = true;
		y = draw_bar(file, figure, scale, y);
	}
	return titled ? y + GROUP_GAP / 2 : y;
}

int report_svg(const struct report *report, const char *path)
{
	const struct figures *figures = report->figures;
	double scale = BAR_MAX / longest(figures);
	unsigned bars = 0, groups = BENCH_JOBS * (report->far ? 2 : 1);
	FILE *file = fopen(path, "w");
	int y = TOP, height;

	if (!file)
		return -1;
	for (unsigned c = 0; c < figures->count; c++)
		bars += shown(&figures->cells[c]);
	height = TOP + (int)bars * (BAR_HEIGHT + GAP) + (int)groups * (GROUP_GAP + GROUP_GAP / 2) + 8;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n",
		LEFT + BAR_MAX + RIGHT, height);
	fprintf(file,
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"16\" y=\"26\" font-size=\"16\" "
		"font-weight=\"bold\">Cycles per packet of %u bytes, bursts of %u: shorter is better</text>\n",
		BYTES, BURST);
	fprintf(file,
		"<text x=\"16\" y=\"46\" fill=\"#666\">Time-stamp counter at %.2f GHz; of %u interleaved rounds in %u "
		"processes; white mark: minimum; pale: in doubt. No PCIe, no IOMMU.</text>\n",
		report->tsc_hz / 1e9, report->rounds, figures->processes);
	for (unsigned far = 0; far < 2; far++)
		for (unsigned job = 0; job < BENCH_JOBS; job++)
			y = draw_group(file, figures, (enum bench_job)job, far, scale, y);
	fprintf(file, "</svg>\n");
	return fclose(file);
}
