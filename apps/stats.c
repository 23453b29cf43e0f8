/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-stats: shows what running programs count, of the files that they write with --metrics, and serves it to
 * Prometheus. */
#include "app_args.h"
#include "app_base.h"
#include "app_output.h"
#include "stats_http.h"
#include "stats_print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *paths[STATS_FILES];
	unsigned count;
	bool json, all, explain, serves;
	double watch_s; /* 0: once */
	uint16_t port;
} stats;

/* ---- Showing ---- */

/* Whether all files could be read. Who watches sees those that could not below the rest. */
static bool tell_problems(const struct stats_metrics *m)
{
	bool good = true;

	for (unsigned i = 0; i < m->file_count; i++) {
		if (!m->files[i].problem[0])
			continue;
		if (stats.watch_s == 0)
			good = app_error("%s: %s", m->files[i].path, m->files[i].problem);
		else if (!stats.json)
			printf("%s: %s\n", m->files[i].path, m->files[i].problem);
	}
	return good;
}

static bool show(void)
{
	struct stats_metrics *before = NULL, *now;
	uint64_t start = app_now_ns(), last = start;
	bool good = true, terminal = isatty(STDOUT_FILENO);

	do {
		uint64_t at = app_now_ns();
		now = stats_read(stats.paths, stats.count);
		if (!now) {
			good = app_error("no memory");
			break;
		}
		if (terminal && stats.watch_s > 0 && !stats.json)
			fputs("\033[H\033[2J", stdout); /* to the upper left corner, and clears the screen */
		if (stats.json)
			stats_print_json(stdout, now, (double)(at - start) / 1e9);
		else
			stats_print_text(stdout, now, before, (double)(at - last) / 1e9, stats.all, stats.explain);
		good = tell_problems(now);
		if (stats.watch_s > 0 && !stats.json && !terminal)
			putchar('\n');
		fflush(stdout);
		stats_free(before);
		before = now;
		last = at;
		struct pollfd wake[1];
		if (stats.watch_s > 0)
			app_sleep(wake, 1, at + (uint64_t)(stats.watch_s * 1e9));
	} while (stats.watch_s > 0 && !app_stopping());
	stats_free(before);
	return good && (stats.watch_s > 0 || !app_stopping()); /* who stops it may have got a part */
}

/* ---- Serving ---- */

static bool make_page(char **text, size_t *bytes)
{
	struct stats_metrics *m = stats_read(stats.paths, stats.count);
	FILE *out = m ? open_memstream(text, bytes) : NULL;

	if (out)
		stats_print_page(out, m);
	stats_free(m);
	bool failed = !out || ferror(out);
	if (out && fclose(out) == EOF)
		failed = true;
	if (failed && out)
		free(*text);
	return !failed;
}

/* ---- Command line ---- */

enum { KEY_HTTP = 0x100 };

static const struct argp_option options[] = {
	{"all", 'a', NULL, 0, "what is 0, too", 0},
	{"explain", 'e', NULL, 0, "with a sentence on each metric", 0},
	{"watch", 'w', "SECONDS", 0,
		"again and again, with what counters grow by per second; default: once. Files may come and go "
		"meanwhile",
		0},
	{"json", 'j', NULL, 0, "as JSON, one object per line", 0},
	{"http", KEY_HTTP, "PORT", 0,
		"serve them to Prometheus at http://127.0.0.1:PORT/metrics, until SIGINT or SIGTERM; 0: any port that "
		"is free",
		0},
	{0},
};

static const char doc[] =
	"Shows what running Pollux programs count: reads the files that they write with --metrics.\v"
	"node_exporter's textfile collector reads such files itself, where their names end in .prom.\n"
	"\n"
	"Examples:\n"
	"  pollux-fwd --metrics /run/fwd.prom 0000:03:00.0 0000:03:00.1\n"
	"  pollux-stats --explain /run/fwd.prom\n"
	"  pollux-stats --watch 1 /run/fwd.prom\n"
	"  pollux-stats --http 9100 /run/fwd.prom /run/dump.prom\n"
	"\n"
	"Exit status: 0 all went well; 1 a file could not be read, or is none of metrics (not with --watch and --http: "
	"it may come); 2 the command line was wrong.";

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case 'a':
		stats.all = true;
		return 0;
	case 'e':
		stats.explain = true;
		return 0;
	case 'w':
		stats.watch_s = app_seconds_option(state, "watch", text, 0.1, 3600);
		return 0;
	case 'j':
		stats.json = true;
		return 0;
	case KEY_HTTP:
		stats.serves = true;
		stats.port = (uint16_t)app_count_option(state, "http", text, 0, 65535);
		return 0;
	case ARGP_KEY_ARG:
		if (stats.count == STATS_FILES)
			argp_error(state, "too many files: at most %u", STATS_FILES);
		for (unsigned i = 0; i < stats.count; i++)
			if (strcmp(stats.paths[i], text) == 0)
				argp_error(state, "%s is there twice", text);
		stats.paths[stats.count++] = text;
		return 0;
	case ARGP_KEY_END:
		if (!stats.count)
			argp_error(state, "a file is wanted, which a program writes with --metrics");
		if (stats.serves && (stats.json || stats.all || stats.explain || stats.watch_s > 0))
			argp_error(state, "--http serves all there is: without --json, --all, --explain and --watch");
		if (stats.json && (stats.all || stats.explain))
			argp_error(state, "--json has all there is: without --all and --explain");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {.options = options, .parser = parse, .args_doc = "FILE...", .doc = doc};

	app_parse(&argp, argc, argv, NULL);
	app_catch_signals();
	bool good = stats.serves ? stats_http_serve(stats.port, make_page) : show();
	return app_output_end_all() && good ? APP_OK : APP_FAILED;
}
