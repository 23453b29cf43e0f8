/* SPDX-License-Identifier: BSD-2-Clause
 * Prints metrics: for people, as JSON, and as a page for Prometheus. */
#include "stats_print.h"

#include "app_base.h"
#include "app_figures.h"

#include <stdlib.h>
#include <string.h>

/* ---- Text ---- */

static int compare_labels(const void *a, const void *b)
{
	const struct stats_sample *one = *(const struct stats_sample *const *)a;
	const struct stats_sample *two = *(const struct stats_sample *const *)b;
	int order = strverscmp(one->labels, two->labels);

	return order ? order : one < two ? -1 : 1;
}

/* Names without what all of ours begin and end with. */
static int short_name(const char **name)
{
	static const char first[] = "pollux_", last[] = "_total";

	if (strncmp(*name, first, sizeof(first) - 1) == 0)
		*name += sizeof(first) - 1;
	size_t bytes = strlen(*name), end = sizeof(last) - 1;
	return (int)(bytes > end && strcmp(*name + bytes - end, last) == 0 ? bytes - end : bytes);
}

void stats_print_text(FILE *out, const struct stats_metrics *m, const struct stats_metrics *before, double seconds,
	bool all, bool explain)
{
	const struct stats_sample **order = calloc(m->sample_count + 1, sizeof(*order));
	const char *labels = NULL;

	for (unsigned i = 0; order && i < m->sample_count; i++)
		order[i] = &m->samples[i];
	if (order)
		qsort(order, m->sample_count, sizeof(*order), compare_labels);
	/* a screen may be long: who asks to stop does not wait for its end */
	for (unsigned i = 0; order && i < m->sample_count && !app_stopping(); i++) {
		const struct stats_sample *s = order[i], *then = NULL;
		const struct stats_family *f = s->family;
		const char *name = f->name;
		int bytes = short_name(&name);
		if (s->number == 0 && !all)
			continue;
		if (!labels || strcmp(labels, s->labels) != 0)
			fprintf(out, "%s%s\n", labels ? "\n" : "", s->labels[0] ? s->labels : "of the program");
		labels = s->labels;
		fprintf(out, "  %-40.*s %20s", bytes, name, s->value);
		if (before && f->is_counter && seconds > 0)
			then = bsearch(s, before->samples, before->sample_count, sizeof(*s), stats_compare);
		if (then && s->number >= then->number)
			fprintf(out, " %16.1f /s", (s->number - then->number) / seconds);
		else if (before)
			fprintf(out, "%20s", "");
		fprintf(out, "%s%s\n", explain ? "  " : "", explain ? f->help : "");
	}
	free(order);
}

/* ---- JSON ---- */

static void print_number(FILE *out, const struct stats_sample *s)
{
	if (strspn(s->value, "0123456789") == strlen(s->value) && (s->value[0] != '0' || !s->value[1]))
		fputs(s->value, out);
	else
		fprintf(out, "%.17g", s->number);
}

static void print_sample(FILE *out, const struct stats_sample *s)
{
	struct stats_label label;
	const char *at = s->labels, *comma = "";

	fprintf(out, "{\"file\":%u,\"labels\":{", s->file);
	for (; stats_next_label(&at, &label); comma = ",") {
		fprintf(out, "%s\"%s\":", comma, label.name);
		app_json_string(out, label.value);
	}
	fputs("},\"value\":", out);
	print_number(out, s);
	fputc('}', out);
}

void stats_print_json(FILE *out, const struct stats_metrics *m, double time_s)
{
	fprintf(out, "{\"type\":\"stats\",\"time_s\":%.3f,\"files\":[", time_s);
	for (unsigned i = 0; i < m->file_count; i++) {
		fprintf(out, "%s{\"path\":", i ? "," : "");
		app_json_string(out, m->files[i].path);
		fputs(",\"problem\":", out);
		if (m->files[i].problem[0])
			app_json_string(out, m->files[i].problem);
		else
			fputs("null", out);
		fputc('}', out);
	}
	fputs("],\"metrics\":[", out);
	for (unsigned i = 0; i < m->sample_count; i++) {
		const struct stats_sample *s = &m->samples[i];
		const struct stats_family *f = s->family;
		bool first = i == 0 || s[-1].family != s->family, last = i + 1 == m->sample_count;
		if (first) {
			fprintf(out, "%s{\"name\":\"%s\",\"kind\":\"%s\",\"help\":", i ? "," : "", f->name,
				f->is_counter ? "counter" : "gauge");
			app_json_string(out, f->help);
			fputs(",\"samples\":[", out);
		}
		fputs(first ? "" : ",", out);
		print_sample(out, s);
		fputs(last || s[1].family != s->family ? "]}" : "", out);
	}
	fputs("]}\n", out);
}

/* ---- Prometheus ---- */

static void print_file(FILE *out, const char *metric, const struct stats_file *file)
{
	fprintf(out, "%s{", metric);
	app_print_label(out, "path", file->path);
	fputs("} ", out);
}

void stats_print_page(FILE *out, const struct stats_metrics *m)
{
	for (unsigned i = 0; i < m->sample_count; i++) {
		const struct stats_sample *s = &m->samples[i];
		const struct stats_family *f = s->family;
		if (i == 0 || s[-1].family != s->family)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
				f->is_counter ? "counter" : "gauge");
		fprintf(out, s->labels[0] ? "%s{%s} %s\n" : "%s%s %s\n", f->name, s->labels, s->value);
	}
	fputs("# HELP pollux_stats_file_good Whether this file of metrics could be read: 1 or 0.\n"
	      "# TYPE pollux_stats_file_good gauge\n",
		out);
	for (unsigned i = 0; i < m->file_count; i++) {
		print_file(out, "pollux_stats_file_good", &m->files[i]);
		fputs(m->files[i].problem[0] ? "0\n" : "1\n", out);
	}
	fputs("# HELP pollux_stats_file_written_timestamp_seconds When this file was written; a program that runs "
	      "writes its file each second.\n"
	      "# TYPE pollux_stats_file_written_timestamp_seconds gauge\n",
		out);
	for (unsigned i = 0; i < m->file_count; i++) {
		if (m->files[i].problem[0])
			continue;
		print_file(out, "pollux_stats_file_written_timestamp_seconds", &m->files[i]);
		fprintf(out, "%lld.%03ld\n", (long long)m->files[i].written.tv_sec,
			m->files[i].written.tv_nsec / 1000000);
	}
}
