/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what an application says of its CPU: lost to others, limited by a cgroup, on a machine that was suspended.
 */
#include "../../apps/app_cpu.c"

#include "unit.h"

#include <ftw.h>
#include <sys/stat.h>

#define SECOND UINT64_C(1000000000)

/* 10 s at 2 GHz, in which the machine was suspended for slept_s and the time stamp counter went from tsc_begin to
 * tsc_end. */
static struct app_cpu judged(double slept_s, uint64_t tsc_begin, uint64_t tsc_end)
{
	const struct app_worker workers[2] = {
		{.wall_ns = 10 * SECOND, .cpu_ns = 2 * SECOND, .preemptions = 5, .longest_away_cycles = 36000000},
		{.wall_ns = 10 * SECOND, .cpu_ns = 10 * SECOND, .preemptions = 6, .longest_away_cycles = 100},
	};
	struct clocks from = {7 * SECOND, 9 * SECOND, tsc_begin}, to = {17 * SECOND, 19 * SECOND, tsc_end};
	struct app_cpu result = {.allowed_cpus = 0.5};

	to.boottime_ns += (uint64_t)(slept_s * 1e9);
	judge(&result, workers, 2, &from, &to, 2e9);
	return result;
}

static void the_thread_that_lost_most_time_counts(void)
{
	struct app_cpu cpu = judged(0, 1000, 1000 + 20 * SECOND);

	CU_ASSERT_TRUE(cpu.tsc_steady);
	CU_ASSERT_DOUBLE_EQUAL(cpu.least_share, 0.2, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(cpu.longest_away_ms, 18, 1e-9);
	CU_ASSERT_EQUAL(cpu.preemptions, 11);
	CU_ASSERT_EQUAL(cpu.slept_s, 0);
}

static void many_cpus_are_printed_as_a_number(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	verdict.allowed_cpus = 100;
	app_cpu_print(out, false);
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "allows 100 CPUs"));
	free(text);
}

static void a_suspended_machine_has_no_figures_in_cycles(void)
{
	/* the counter went on, stood still, or began again */
	const uint64_t begin = 100 * SECOND,
		       ends[] = {begin + 20 * SECOND + 7200 * SECOND, begin + 20 * SECOND, 3 * SECOND};

	for (unsigned i = 0; i < 3; i++) {
		struct app_cpu cpu = judged(3600, begin, ends[i]);
		CU_ASSERT_FALSE(cpu.tsc_steady);
		CU_ASSERT_DOUBLE_EQUAL(cpu.slept_s, 3600, 1e-3);
		CU_ASSERT_EQUAL(cpu.longest_away_ms, 0);
		CU_ASSERT_DOUBLE_EQUAL(cpu.least_share, 0.2, 1e-9);
	}
}

static void a_counter_that_jumps_has_no_figures_in_cycles(void)
{
	CU_ASSERT_FALSE(judged(0, 100 * SECOND, 3 * SECOND).tsc_steady);
	CU_ASSERT_FALSE(judged(0, 0, 30 * SECOND).tsc_steady);
	CU_ASSERT_TRUE(judged(0, 0, 20 * SECOND + SECOND / 10).tsc_steady);
}

static void a_counter_a_little_behind_is_no_time_away(void)
{
	struct app_worker worker = {.last_poll_tsc = 1000};

	app_polled(&worker, 900);
	CU_ASSERT_EQUAL(worker.longest_away_cycles, 0);
	app_polled(&worker, 950);
	CU_ASSERT_EQUAL(worker.longest_away_cycles, 50);
}

/* ---- cgroups ---- */

static char root[] = "/tmp/pollux-cgroup-XXXXXX";

/* Writes a file below the root, and the folders on its way. */
static void put(const char *path, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(whole, 0700);
		*at = '/';
	}
	FILE *file = fopen(whole, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static int take_away(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status, (void)type, (void)at;
	return remove(path);
}

static void the_least_of_all_cgroups_above_counts(void)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	CU_ASSERT_EQUAL(cgroup_cpus(root), 0);

	put("/proc/self/cgroup", "0::/a/b/c\n");
	put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
	CU_ASSERT_EQUAL(cgroup_cpus(root), 0);
	put("/sys/fs/cgroup/a/b/cpu.max", "250000 100000\n");
	CU_ASSERT_DOUBLE_EQUAL(cgroup_cpus(root), 2.5, 1e-9);
	put("/sys/fs/cgroup/a/cpu.max", "50000 100000\n");
	CU_ASSERT_DOUBLE_EQUAL(cgroup_cpus(root), 0.5, 1e-9);
	/* a container sees its own as the root */
	put("/proc/self/cgroup", "0::/\n");
	CU_ASSERT_EQUAL(cgroup_cpus(root), 0);
	put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
	CU_ASSERT_DOUBLE_EQUAL(cgroup_cpus(root), 1.5, 1e-9);

	put("/proc/self/cgroup", "4:memory:/m\n3:cpuset:/s\n2:cpu,cpuacct:/a\n0::/none\n");
	put("/sys/fs/cgroup/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
	CU_ASSERT_EQUAL(cgroup_cpus(root), 0);
	put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "75000\n");
	CU_ASSERT_DOUBLE_EQUAL(cgroup_cpus(root), 0.75, 1e-9);
	put("/proc/self/cgroup", "3:cpuset,cpus:/s\n2:cpuacct,cpu:/a\n");
	CU_ASSERT_DOUBLE_EQUAL(cgroup_cpus(root), 0.75, 1e-9);
	nftw(root, take_away, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"the thread that lost most time counts", the_thread_that_lost_most_time_counts},
		{"many CPUs are printed as a number", many_cpus_are_printed_as_a_number},
		{"a suspended machine has no figures in cycles", a_suspended_machine_has_no_figures_in_cycles},
		{"a counter that jumps has no figures in cycles", a_counter_that_jumps_has_no_figures_in_cycles},
		{"a counter a little behind is no time away", a_counter_a_little_behind_is_no_time_away},
		{"the least of all cgroups above counts", the_least_of_all_cgroups_above_counts},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "the CPU", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
