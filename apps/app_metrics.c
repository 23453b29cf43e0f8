/* SPDX-License-Identifier: BSD-2-Clause
 * Writes a program's metrics. Whoever reads the file sees an old one or a new one, never a part: each is written beside
 * it and takes its place then. */
#include "app_metrics.h"

#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CARD_COUNTERS 2048u /* of a port: more than any has, with all queues */

struct app_metrics {
	struct app_metric *all;
	unsigned count, room;
	bool no_memory;
};

void app_metrics_add(struct app_metrics *m, const struct app_metric *metric)
{
	if (m->count == m->room) {
		unsigned room = m->room ? 2 * m->room : 256;
		struct app_metric *all = realloc(m->all, room * sizeof(*all));
		m->no_memory |= !all;
		if (!all)
			return;
		m->all = all;
		m->room = room;
	}
	m->all[m->count++] = *metric;
}

void app_metrics_add_queue(struct app_metrics *m, const struct app_metric *metric, unsigned port, unsigned queue)
{
	struct app_metric one = *metric;

	one.port = port;
	one.queue = (int)queue;
	one.thread = -1;
	app_metrics_add(m, &one);
}

void app_metrics_add_port(struct app_metrics *m, const struct app_metric *metric, unsigned port)
{
	struct app_metric one = *metric;

	one.port = port;
	one.queue = one.thread = -1;
	app_metrics_add(m, &one);
}

/* ---- What is counted ---- */

#define AT(member) offsetof(struct app_counts, member)
static const struct own_counter {
	const char *name, *unit, *help;
	size_t offset;
	bool is_cycles; /* of the time stamp counter: metrics have seconds */
} own_counters[] = {
	{"app_rx", "packets", "Frames that the program took from a receive queue.", AT(received), false},
	{"app_tx", "packets", "Frames that a transmit ring took from the program; a bridge's pipes count theirs.",
		AT(sent), false},
	{"app_rx_broken", "packets", "Frames dropped because their end did not come.", AT(rx_broken), false},
	{"app_rx_bad_checksum", "packets", "Frames dropped for a wrong checksum.", AT(rx_bad_checksum), false},
	{"app_tx_ring_full", "packets", "Frames dropped because a transmit ring had no room.", AT(tx_ring_full), false},
	{"app_in_hand", "packets", "Frames taken and not handed on when the program ended.", AT(in_hand), false},
	{"app_busy", "polls", "Looks at a receive ring that found frames.", AT(busy_polls), false},
	{"app_empty", "polls", "Looks at a receive ring that found none.", AT(empty_polls), false},
	{"app_busy", "seconds", "Time spent on looks that found frames, and on these.", AT(busy_cycles), true},
	{"app_tx_waiting", "seconds", "Time spent waiting for room in a transmit ring.", AT(waited_cycles), true},
};
#undef AT

static void add_queue(struct app_metrics *m, unsigned port, unsigned queue, const struct app_counts *counts)
{
	for (unsigned i = 0; i < sizeof(own_counters) / sizeof(*own_counters); i++) {
		const struct own_counter *c = &own_counters[i];
		uint64_t count = *(const uint64_t *)((const char *)counts + c->offset);
		struct app_metric metric = {c->name, c->unit, c->help, .count = 0};
		if (c->is_cycles)
			metric.real = (double)count / app_tsc_hz();
		else
			metric.count = count;
		app_metrics_add_queue(m, &metric, port, queue);
	}
}

/* What the card and its rings count. Of a device that is gone, that is what was known last. */
static void add_card(struct app_metrics *m, const struct app *app, unsigned port)
{
	struct nic_counter *counters = calloc(CARD_COUNTERS, sizeof(*counters));

	m->no_memory |= !counters;
	if (counters)
		nic_get_counters(app->ports[port].nic, counters, CARD_COUNTERS);
	for (unsigned i = 0; counters && i < CARD_COUNTERS && counters[i].name; i++) {
		const struct nic_counter *c = &counters[i];
		const struct app_metric metric = {
			c->name, c->unit, c->help, .port = port, .queue = c->queue, .thread = -1, .count = c->value};
		app_metrics_add(m, &metric);
	}
	free(counters);
}

static void add_port(struct app_metrics *m, const struct app *app, unsigned port, bool running)
{
	const struct app_port_sample *s = &app->latest.ports[port];
	const struct nic_link *link = &app->ports[port].link;
	static double started; /* by the clock of the day */
	if (started == 0)
		started = (double)app_clock_ns(CLOCK_REALTIME) / 1e9 - (double)(app_now_ns() - app->start_ns) / 1e9;
	const struct app_metric gauges[] = {
		{"running", "", "1 while the program runs; 0: it has ended, and its counters are final.",
			.count = running},
		{"start_timestamp", "seconds", "When the program began to move frames.", .real = started},
		{"link_up", "", "Whether the port has a link: 1 or 0.", .count = link->up},
		{"link_speed", "bytes", "Speed of the link, a second; 0: there is none.",
			.count = (uint64_t)link->mbps * 125000},
		{"device_gone", "", "Whether the device is gone: 1 or 0. Its counters are those known last.",
			.count = s->gone},
	};

	for (unsigned i = 0; i < sizeof(gauges) / sizeof(*gauges); i++) {
		struct app_metric gauge = gauges[i];
		gauge.is_gauge = true;
		app_metrics_add_port(m, &gauge, port);
	}
	add_card(m, app, port);
	for (unsigned queue = 0; queue < app_queues(app); queue++)
		add_queue(m, port, queue, &app->latest.queues[port][queue].own);
}

static void add_thread(struct app_metrics *m, unsigned thread)
{
	const struct app_worker *worker = &app_workers[thread];
	struct app_metric naps = {"app_naps", "", "Times that a thread slept, with --poll adaptive.", .queue = -1,
		.thread = (int)thread, .count = app_get(&worker->naps)};
	struct app_metric napped = {"app_napped", "seconds", "Time that it slept.", .queue = -1, .thread = (int)thread,
		.real = (double)app_get(&worker->napped_ns) / 1e9};

	app_metrics_add(m, &naps);
	app_metrics_add(m, &napped);
}

/* ---- Writing ---- */

/* Those of one name together, as the format wants it, and in the order in which they were added. */
static int compare(const void *a, const void *b)
{
	const struct app_metric *one = a, *two = b;
	int order = strcmp(one->name, two->name);

	order = order ? order : strcmp(one->unit, two->unit);
	order = order ? order : (one->queue >= 0) - (two->queue >= 0);
	order = order ? order : (int)one->port - (int)two->port;
	order = order ? order : one->queue - two->queue;
	return order ? order : one->thread - two->thread;
}

static void full_name(const struct app_metric *m, char name[160])
{
	size_t bytes = strlen(m->name), unit = strlen(m->unit);
	bool has_unit = !unit || (bytes >= unit && strcmp(m->name + bytes - unit, m->unit) == 0);

	snprintf(name, 160, "pollux_%s%s%s%s%s", m->queue >= 0 ? "queue_" : "", m->name, has_unit ? "" : "_",
		has_unit ? "" : m->unit, m->is_gauge ? "" : "_total");
}

static void print_all(FILE *out, const struct app *app, const struct app_metrics *m)
{
	char name[160], last[160] = "";

	for (unsigned i = 0; i < m->count; i++) {
		const struct app_metric *metric = &m->all[i];
		full_name(metric, name);
		if (strcmp(name, last) != 0)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, metric->help, name,
				metric->is_gauge ? "gauge" : "counter");
		memcpy(last, name, sizeof(last));
		fprintf(out, "%s{", name);
		app_print_label(out, "port", app->options->addresses[metric->port]);
		if (metric->queue >= 0)
			fprintf(out, ",queue=\"%d\"", metric->queue);
		if (metric->thread >= 0)
			fprintf(out, ",thread=\"%d\"", metric->thread);
		if (metric->count)
			fprintf(out, "} %llu\n", (unsigned long long)metric->count);
		else
			fprintf(out, metric->real != 0 ? "} %.6f\n" : "} %.0f\n", metric->real);
	}
	fputs("# EOF\n", out); /* pollux-stats knows by it that the file is whole */
}

/* Why a file cannot be replaced; NULL: it can, as far as is known. */
static const char *obstacle(const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? NULL : strerror(errno);
	return S_ISREG(status.st_mode) ? NULL : "it is no regular file, and would be replaced by one";
}

/* Makes a new file beside the one that it is to replace, whose name it has with an end. NULL: errno says why. */
static FILE *open_beside(const char *path, char beside[PATH_MAX])
{
	int fd;

	if (snprintf(beside, PATH_MAX, "%s.%ld.new", path, (long)getpid()) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (fd >= 0 && !out)
		close(fd);
	return out;
}

/* False: errno says why. */
static bool replace(const char *path, const struct app *app, const struct app_metrics *m)
{
	char beside[PATH_MAX];
	FILE *out = open_beside(path, beside);

	if (!out)
		return false;
	print_all(out, app, m);
	bool written = !ferror(out);
	written = fclose(out) == 0 && written;
	if (written && rename(beside, path) == 0)
		return true;
	int error = errno;
	unlink(beside);
	errno = error;
	return false;
}

bool app_metrics_check(const char *path)
{
	char beside[PATH_MAX];
	const char *why = path ? obstacle(path) : NULL;
	FILE *out = path && !why ? open_beside(path, beside) : NULL;

	if (path && !why && !out)
		why = strerror(errno);
	if (out) {
		fclose(out);
		unlink(beside);
	}
	return !why || app_error("--metrics %s: %s", path, why);
}

bool app_metrics_write(struct app *app, app_more_metrics *more, bool running)
{
	const char *path = app->options->metrics, *why;
	struct app_metrics m = {.count = 0};
	static bool failed_before;

	if (!path)
		return true;
	for (unsigned i = 0; i < app->port_count; i++)
		add_port(&m, app, i, running);
	for (unsigned i = 0; i < APP_THREADS; i++)
		if (app_workers[i].queue_count)
			add_thread(&m, i);
	if (more)
		more(&m);
	if (m.count)
		qsort(m.all, m.count, sizeof(*m.all), compare);
	why = m.no_memory ? "no memory" : obstacle(path);
	if (!why && !replace(path, app, &m))
		why = strerror(errno);
	if (why && !failed_before)
		app_error("--metrics %s: %s", path, why);
	free(m.all);
	failed_before = why;
	return !why;
}
