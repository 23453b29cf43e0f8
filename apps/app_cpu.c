/* SPDX-License-Identifier: BSD-2-Clause
 * Whether the threads that poll had their CPUs all the time, and whether the clocks can be trusted: without both,
 * figures in cycles and speeds say something about the machine, not about the program. */
#include "app_cpu.h"

#include "app_base.h"
#include "app_figures.h"
#include "app_output.h"

#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct clocks {
	uint64_t monotonic_ns, boottime_ns, tsc;
};

struct app_worker app_workers[APP_THREADS];
static struct clocks run_begin;
static struct app_cpu verdict; /* on the whole run */

void app_worker_begin(struct app_worker *worker)
{
	worker->wall_ns = app_clock_ns(CLOCK_MONOTONIC);
	worker->cpu_ns = app_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	worker->last_poll_tsc = app_tsc();
}

void app_worker_end(struct app_worker *worker)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	worker->preemptions = (uint64_t)usage.ru_nivcsw;
	/* a thread that sleeps wants no CPU */
	worker->wall_ns = app_clock_ns(CLOCK_MONOTONIC) - worker->wall_ns - worker->napped_ns;
	worker->cpu_ns = app_clock_ns(CLOCK_THREAD_CPUTIME_ID) - worker->cpu_ns;
}

/* ---- What the process is allowed ---- */

/* Reads the numbers that a file of a cgroup begins with, two at most. @return how many there were */
static int read_numbers(const char *folder, const char *name, double *first, double *second)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	int count = file ? fscanf(file, "%lf %lf", first, second) : 0;
	if (file)
		fclose(file);
	return count < 0 ? 0 : count;
}

/* The CPUs that one cgroup allows: version 2 has quota and period in one file, version 1 in two. */
static double cpus_of(const char *folder)
{
	double quota = 0, period = 0, none;
	bool limited = read_numbers(folder, "cpu.max", &quota, &period) == 2 ||
		       (read_numbers(folder, "cpu.cfs_quota_us", &quota, &none) > 0 &&
			       read_numbers(folder, "cpu.cfs_period_us", &period, &none) > 0);

	return limited && quota > 0 && period > 0 ? quota / period : 0;
}

/* CPUs that the cgroups of this process allow it; 0: no limit, or not known.
 * root: "", or a test's folder with made-up files */
static double cgroup_cpus(const char *root)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/cpu"}; /* version 2; 1 */
	char line[2048], folder[PATH_MAX];
	double least = 0;

	snprintf(folder, sizeof(folder), "%s/proc/self/cgroup", root);
	FILE *file = fopen(folder, "re");
	while (file && fgets(line, sizeof(line), file)) {
		/* number:controllers:path; version 2 names no controllers */
		char *rest = line, *controllers = (strsep(&rest, ":"), strsep(&rest, ":")), *path = strsep(&rest, "\n");
		bool is_v1 = controllers && *controllers, has_cpu = !is_v1;
		while (is_v1 && controllers)
			has_cpu |= strcmp(strsep(&controllers, ","), "cpu") == 0;
		if (!path || !has_cpu)
			continue;
		/* Each group above it is a limit, too, up to the mount point. */
		size_t mount = (size_t)snprintf(folder, sizeof(folder), "%s%s", root, mounts[is_v1]);
		snprintf(folder + mount, sizeof(folder) - mount, "%s", strcmp(path, "/") == 0 ? "" : path);
		for (char *end = folder + strlen(folder); end; end = strrchr(folder + mount, '/')) {
			*end = '\0';
			double cpus = cpus_of(folder);
			least = cpus > 0 && (least == 0 || cpus < least) ? cpus : least;
		}
	}
	if (file)
		fclose(file);
	return least;
}

/* ---- What the threads got ---- */

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
	/* Of these clocks, CLOCK_BOOTTIME alone goes on while the machine is suspended. The clocks are read one after
	 * the other: a difference of less than 0.1 s is something that ran in between. */
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
