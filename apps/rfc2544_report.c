/* SPDX-License-Identifier: BSD-2-Clause
 * The report as tables, as JSON and as CSV. Each outcome is a row of figures, the same in JSON and CSV. */
#include "rfc2544_report.h"

#include "app_figures.h"

#include <stdarg.h>
#include <string.h>

void rfc2544_condition(struct rfc2544_report *report, const char *name, const char *format, ...)
{
	va_list arguments;

	if (report->condition_count == RFC2544_CONDITIONS_MAX)
		return;
	struct rfc2544_condition *condition = &report->conditions[report->condition_count++];
	condition->name = name;
	va_start(arguments, format);
	vsnprintf(condition->text, sizeof(condition->text), format, arguments);
	va_end(arguments);
}

const char *rfc2544_limit(const struct rfc2544_plan *plan, const struct rfc2544_result *r, enum rfc2544_test test)
{
	if (!(r->done >> test & 1))
		return "unknown";
	if (r->testers[test])
		return "tester";
	if (test == RFC2544_BACK_TO_BACK && (double)r->back_to_back.sent >= rfc2544_burst_most(r) * (1 - plan->width))
		return "trial";
	return test == RFC2544_THROUGHPUT && r->throughput.sent_pps >= r->line_pps * (1 - plan->width) ? "line"
												       : "device";
}

/* ---- Rows ---- */

struct row {
	const char *size, *test, *limit; /* limit: NULL: none is known */
	enum rfc2544_test which;
	double percent; /* of the line rate; of the throughput, in the latency test */
	double line_percent, loss_percent;
	struct rfc2544_outcome o;
};

#define AT(member) APP_FIGURE(struct row, member)
static const struct app_figure figures[] = {
	{"size", NULL, AT(size)},
	{"test", NULL, AT(test)},
	{"load_percent", NULL, AT(percent), .decimals = 1},
	{"limit", NULL, AT(limit), APP_ZERO_IS_UNKNOWN},
	{"asked_pps", NULL, AT(o.asked_pps), .decimals = 3},
	{"sent_pps", NULL, AT(o.sent_pps), .decimals = 3},
	{"line_percent", NULL, AT(line_percent), .decimals = 4},
	{"sent", NULL, AT(o.sent)},
	{"received", NULL, AT(o.received)},
	{"lost", NULL, AT(o.lost)},
	{"loss_percent", NULL, AT(loss_percent), .decimals = 6},
	{"received_pps", NULL, AT(o.received_pps), .decimals = 3},
	{"lost_by_tester", NULL, AT(o.tester_lost)},
	{"tester_held_up_s", NULL, AT(o.held_up_s), .decimals = 6},
	{"reordered", NULL, AT(o.reordered)},
	{"duplicates", NULL, AT(o.duplicates)},
	{"corrupted", NULL, AT(o.corrupted)},
	{"latency_min_ns", NULL, AT(o.min_ns), APP_ZERO_IS_UNKNOWN},
	{"latency_mean_ns", NULL, AT(o.mean_ns), APP_ZERO_IS_UNKNOWN},
	{"latency_median_ns", NULL, AT(o.median_ns), APP_ZERO_IS_UNKNOWN},
	{"latency_p99_ns", NULL, AT(o.p99_ns), APP_ZERO_IS_UNKNOWN},
	{"latency_max_ns", NULL, AT(o.max_ns), APP_ZERO_IS_UNKNOWN},
	{"latency_floor_ns", NULL, AT(o.floor_ns), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef AT

/* Prints the n-th row. */
typedef void print_row(const struct row *row, FILE *out, unsigned n);

struct printer {
	const struct rfc2544_plan *plan;
	unsigned tests; /* a mask: those whose rows are wanted */
	print_row *print;
	FILE *out;
	unsigned rows; /* printed */
};

static void print_outcome(struct printer *p, const struct rfc2544_result *r, enum rfc2544_test test, double percent,
	const struct rfc2544_outcome *o)
{
	const char *limit = test == RFC2544_THROUGHPUT || test == RFC2544_BACK_TO_BACK ? rfc2544_limit(p->plan, r, test)
			    : rfc2544_is_testers(o) && test == RFC2544_LOSS            ? "tester"
										       : NULL;
	struct row row = {
		.size = r->name,
		.test = rfc2544_test_names[test],
		.limit = limit,
		.which = test,
		.percent = percent,
		.line_percent = 100 * app_ratio(o->sent_pps, r->line_pps),
		.loss_percent = 100 * rfc2544_loss(o),
		.o = *o,
	};
	/* A search that has come to no end, and has found nothing yet, has no outcome. */
	if (p->tests >> test & 1 && (o->sent || r->done >> test & 1))
		p->print(&row, p->out, p->rows++);
}

/* Prints the outcomes of tests: of all sizes. */
static void print_rows(const struct rfc2544_plan *plan, unsigned tests, print_row *print, FILE *out)
{
	struct printer p = {plan, tests, print, out, 0};

	for (unsigned i = 0; i < plan->sizes; i++) {
		const struct rfc2544_result *r = &plan->results[i];
		print_outcome(&p, r, RFC2544_TESTER, 100, &r->tester);
		print_outcome(&p, r, RFC2544_THROUGHPUT, 100 * app_ratio(r->throughput.sent_pps, r->line_pps),
			&r->throughput);
		for (unsigned n = 0; n < r->latency_count; n++)
			print_outcome(&p, r, RFC2544_LATENCY, rfc2544_load_percent(n), &r->latency[n]);
		for (unsigned n = 0; n < r->loss_count; n++)
			print_outcome(&p, r, RFC2544_LOSS, rfc2544_rate_percent(n), &r->loss[n]);
		print_outcome(&p, r, RFC2544_BACK_TO_BACK, 100, &r->back_to_back);
	}
}

static void json_row(const struct row *row, FILE *out, unsigned n)
{
	app_figures_json(out, n ? ",{" : "{", figures, row);
	fputc('}', out);
}

void rfc2544_print_json(const struct rfc2544_report *report, FILE *out)
{
	fprintf(out, "{\"complete\":%s,\"incomplete\":", report->incomplete ? "false" : "true");
	if (report->incomplete)
		app_json_string(out, report->incomplete);
	else
		fputs("null", out);
	for (unsigned i = 0; i < report->condition_count; i++) {
		fprintf(out, ",\"%s\":", report->conditions[i].name);
		app_json_string(out, report->conditions[i].text);
	}
	fputs(",\"results\":[", out);
	print_rows(report->plan, ~0u, json_row, out);
	fputs("]}", out);
}

static void csv_row(const struct row *row, FILE *out, unsigned n)
{
	(void)n;
	for (const struct app_figure *f = figures; f->key; f++) {
		const void *at = (const char *)row + f->offset;
		if (f > figures)
			fputc(',', out);
		if (f->type == APP_COUNT)
			fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
		else if (f->type == APP_WORDS)
			fputs(*(const char *const *)at ? *(const char *const *)at : "", out);
		else if (*(const double *)at != 0 || f->zero != APP_ZERO_IS_UNKNOWN)
			fprintf(out, "%.*f", (int)f->decimals, *(const double *)at);
	}
	fputc('\n', out);
}

void rfc2544_print_csv(const struct rfc2544_report *report, FILE *out)
{
	for (unsigned i = 0; i < report->condition_count; i++)
		fprintf(out, "# %s: %s\n", report->conditions[i].name, report->conditions[i].text);
	if (report->incomplete)
		fprintf(out, "# incomplete: %s\n", report->incomplete);
	for (const struct app_figure *f = figures; f->key; f++)
		fprintf(out, "%s%s", f->key, f[1].key ? "," : "\n");
	print_rows(report->plan, ~0u, csv_row, out);
}

/* ---- Tables ---- */

static void text_row(const struct row *row, FILE *out, unsigned n)
{
	static const char *const heads[RFC2544_TESTS] = {
		"The tester by itself, in packets/s\n      size          sends             receives\n",
		"Throughput\n      size      packets/s    of line        lost  limit\n",
		("Latency, us\n"
		 "      size    load    packets/s       min      mean    median     99 %       max  (floor)\n"),
		"Frame loss\n      size    rate    packets/s         lost\n",
		"Back-to-back\n      size  longest burst    packets/s  limit\n",
	};
	const struct rfc2544_outcome *o = &row->o;

	if (n == 0)
		fprintf(out, "\n%s", heads[row->which]);
	fprintf(out, "%10s ", row->size);
	switch (row->which) {
	case RFC2544_TESTER:
		fprintf(out, "%14.0f %s %11.0f\n", o->sent_pps, o->tester_lost ? "        " : "at least",
			o->received_pps);
		break;
	case RFC2544_THROUGHPUT:
		fprintf(out, "%14.0f %8.3f %% %9.4f %%  %s\n", o->sent_pps, row->line_percent, row->loss_percent,
			row->limit);
		break;
	case RFC2544_LATENCY:
		fprintf(out, "%5.0f %% %12.0f ", row->percent, o->sent_pps);
		if (o->max_ns > 0)
			fprintf(out, "%9.1f %9.1f %9.1f %8.1f %9.1f  (%.1f)\n", o->min_ns / 1e3, o->mean_ns / 1e3,
				o->median_ns / 1e3, o->p99_ns / 1e3, o->max_ns / 1e3, o->floor_ns / 1e3);
		else
			fputs("  not known\n", out);
		break;
	case RFC2544_LOSS:
		fprintf(out, "%5.0f %% %12.0f %10.4f %%%s%s\n", row->percent, o->sent_pps, row->loss_percent,
			row->limit ? "  " : "", row->limit ? row->limit : "");
		break;
	default:
		fprintf(out, "%14llu %12.0f  %s\n", (unsigned long long)o->sent, o->sent_pps, row->limit);
		break;
	}
}

void rfc2544_print_text(const struct rfc2544_report *report, FILE *out)
{
	for (unsigned i = 0; i < report->condition_count; i++)
		fprintf(out, "%-10s %s\n", report->conditions[i].name, report->conditions[i].text);
	if (report->incomplete)
		fprintf(out, "%-10s %s\n", "INCOMPLETE", report->incomplete);
	for (unsigned test = RFC2544_TESTER; test < RFC2544_TESTS; test++)
		print_rows(report->plan, 1u << test, text_row, out);
}
