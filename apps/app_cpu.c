/* SPDX-License-Identifier: BSD-2-Clause
 * Whether the threads that poll had their CPUs all the time, and whether the clocks can be trusted: without both,
 * figures in cycles and speeds say something about the machine, not about the program. */
#include "app_cpu.h"

#include "app_base.h"
#include "app_figures.h"
#include "app_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct clocks {
	uint64_t monotonic_ns, boottime_ns, tsc;
};

struct app_worker app_workers[APP_CPUS];
static struct clocks run_begin;
static struct app_cpu verdict; /* on the whole run */

void app_worker_begin(struct app_worker *worker)
{
	*worker = (struct app_worker){.wall_ns = app_clock_ns(CLOCK_MONOTONIC),
		.cpu_ns = app_clock_ns(CLOCK_THREAD_CPUTIME_ID),
		.last_poll_tsc = app_tsc()};
}

void app_worker_end(struct app_worker *worker)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	worker->preemptions = (uint64_t)usage.ru_nivcsw;
	worker->wall_ns = app_clock_ns(CLOCK_MONOTONIC) - worker->wall_ns;
	worker->cpu_ns = app_clock_ns(CLOCK_THREAD_CPUTIME_ID) - worker->cpu_ns;
}

/* ---- What the process is allowed ---- */

/* One line of a file; "" when there is none. */
static void read_line(char *line, size_t bytes, const char *root, const char *path)
{
	char whole[4352];

	line[0] = '\0';
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	FILE *file = fopen(whole, "re");
	if (!file)
		return;
	if (!fgets(line, (int)bytes, file))
		line[0] = '\0';
	fclose(file);
}

/* The CPUs that one cgroup allows: cpu.max of version 2 has quota and period, version 1 a file for each. */
static double cpus_of(const char *root, const char *folder)
{
	static const char *const quota_files[] = {"cpu.max", "cpu.cfs_quota_us"};
	char path[4224], line[64];
	double quota = 0, period = 0;

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, quota_files[i]);
		read_line(line, sizeof(line), root, path);
		if (sscanf(line, "%lf %lf", &quota, &period) == 2 && period > 0)
			return quota / period;
	}
	snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
	if (quota > 0 && (read_line(line, sizeof(line), root, path), sscanf(line, "%lf", &period) == 1) && period > 0)
		return quota / period;
	return 0;
}

/* CPUs that the cgroups of this process allow it (cpu.max, cpu.cfs_quota_us); 0: no limit, or not known.
 * root: of the file system, "" or a test's folder */
static double cgroup_cpus(const char *root)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/cpu"}; /* version 2; 1 */
	char list[4352], line[2048], folder[4096];
	double least = 0;

	snprintf(list, sizeof(list), "%s/proc/self/cgroup", root);
	FILE *file = fopen(list, "re");
	while (file && fgets(line, sizeof(line), file)) {
		/* number:controllers:path; version 2 names no controllers */
		char *rest = line, *controllers = (strsep(&rest, ":"), strsep(&rest, ":")), *path = strsep(&rest, "\n");
		bool first = false, any = controllers && *controllers;
		while (any && controllers)
			first |= strcmp(strsep(&controllers, ","), "cpu") == 0;
		if (!path || (any && !first))
			continue;
		/* what any of those above allows is a limit, too */
		size_t mount = (size_t)snprintf(
			folder, sizeof(folder), "%s%s", mounts[first], strcmp(path, "/") == 0 ? "" : path);
		for (char *end = folder + mount; end; end = strrchr(folder + strlen(mounts[first]), '/')) {
			*end = '\0';
			double cpus = cpus_of(root, folder);
			least = cpus > 0 && (least == 0 || cpus < least) ? cpus : least;
		}
	}
	if (file)
		fclose(file);
	return least;
}

/* ---- What became of it ---- */

static struct clocks read_clocks(void)
{
	return (struct clocks){app_clock_ns(CLOCK_MONOTONIC), app_clock_ns(CLOCK_BOOTTIME), app_tsc()};
}

static void judge(struct app_cpu *result, const struct app_worker *workers, unsigned threads, const struct clocks *from,
	const struct clocks *to, double tsc_hz)
{
	double seconds = (double)(to->monotonic_ns - from->monotonic_ns) / 1e9;
	double by_tsc = (double)(int64_t)(to->tsc - from->tsc) / tsc_hz;
	int64_t longest = 0;

	result->preemptions = 0;
	result->least_share = 1;
	for (unsigned i = 0; i < threads; i++) {
		double share = workers[i].wall_ns ? (double)workers[i].cpu_ns / (double)workers[i].wall_ns : 1;
		result->least_share = share < result->least_share ? share : result->least_share;
		result->preemptions += workers[i].preemptions;
		longest = workers[i].longest_away_cycles > longest ? workers[i].longest_away_cycles : longest;
	}
	/* Only the one clock goes on while the machine is suspended. Two readings are some microseconds apart, or more
	 * when something else ran in between. */
	result->slept_s = (double)(to->boottime_ns - from->boottime_ns) / 1e9 - seconds;
	if (result->slept_s < 0.1)
		result->slept_s = 0;
	result->tsc_steady = result->slept_s == 0 && by_tsc > seconds * 0.99 - 0.1 && by_tsc < seconds * 1.01 + 0.1;
	result->longest_away_ms = result->tsc_steady ? 1e3 * (double)longest / tsc_hz : 0;
}

void app_cpu_begin(unsigned threads, bool quiet)
{
	verdict.allowed_cpus = cgroup_cpus("");
	if (verdict.allowed_cpus > 0 && verdict.allowed_cpus < threads && !quiet)
		app_error("its cgroup allows this process %.4g CPUs (cpu.max), and %u thread%s will poll without "
			  "pause: it will be stopped again and again, and packets lost meanwhile",
			verdict.allowed_cpus, threads, threads > 1 ? "s" : "");
	run_begin = read_clocks();
}

void app_cpu_end(unsigned threads)
{
	struct clocks end = read_clocks();

	judge(&verdict, app_workers, threads, &run_begin, &end, app_tsc_hz());
}

const struct app_cpu *app_cpu(void)
{
	return &verdict;
}

#define AT(member) APP_FIGURE(struct app_cpu, member)
static const struct app_figure cpu_figures[] = {
	{"cpu_share", "cpu: each thread had it %.0f %% of the time at least", AT(least_share), .decimals = 4,
		.scale = 100},
	{"cpu_preempted", NULL, AT(preemptions)},
	{"cpu_allowed", " (their cgroup allows %.4g CPUs)", AT(allowed_cpus), .decimals = 4,
		.zero = APP_ZERO_IS_UNKNOWN},
	{"cpu_away_ms", NULL, AT(longest_away_ms), APP_ZERO_IS_UNKNOWN, .decimals = 3},
	{"slept_s", NULL, AT(slept_s), .decimals = 3},
	{0},
};
#undef AT

void app_cpu_print(FILE *out, bool json)
{
	app_figures_print(out, json, cpu_figures, &verdict);
	if (json)
		return;
	if (verdict.longest_away_ms > 0)
		fprintf(out, "; longest time away %.*f ms", verdict.longest_away_ms < 10 ? 2 : 0,
			verdict.longest_away_ms);
	if (verdict.slept_s > 0)
		fprintf(out, "; the machine slept %.1f s: there are no figures in cycles", verdict.slept_s);
	else if (!verdict.tsc_steady)
		fprintf(out, "; the time stamp counter jumped: there are no figures in cycles");
	fputc('\n', out);
}
