/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what applications do with several queues: which CPUs the threads get, captures in order of time.
 */
#include "../../apps/app_output.c"
#include "../../apps/app_parse.c"
#include "../../apps/app_placement.c"
#include "../../apps/dump_merge.c"

#include "unit.h"

#include <ftw.h>
#include <sys/stat.h>

/* ---- CPUs: a machine of two nodes, each with two cores of two hyper-threads ---- */

static char root[] = "/tmp/pollux-cpus-XXXXXX";

static void put(const char *path, unsigned number, const char *file, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/sys/devices/system/%s%u/%s", root, path, number, file);
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(whole, 0700);
		*at = '/';
	}
	FILE *out = fopen(whole, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	fputs(text, out);
	fclose(out);
}

static int take_away(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status, (void)type, (void)at;
	return remove(path);
}

static void threads_get_cores_of_the_node_first(void)
{
	static const char *const siblings[8] = {"0,4\n", "1,5\n", "2,6\n", "3,7\n", "0,4\n", "1,5\n", "2,6\n", "3,7\n"};
	static const unsigned wanted[2][8] = {{1, 0, 4, 5, 2, 3, 6, 7}, {2, 3, 6, 7, 1, 0, 4, 5}};
	unsigned cpus[8];
	cpu_set_t allowed;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	vfio_set_root(root);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		put("cpu/cpu", cpu, "topology/thread_siblings_list", siblings[cpu]);
	put("node/node", 0, "cpulist", "0-1,4-5\n");
	put("node/node", 1, "cpulist", "2-3,6-7\n");
	CPU_ZERO(&allowed);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		CPU_SET(cpu, &allowed);
	for (int node = 0; node < 2; node++) {
		ASSERT_NUMBER(app_choose_cpus(&allowed, node, 8, cpus), 8);
		CU_ASSERT_EQUAL(memcmp(cpus, wanted[node], sizeof(cpus)), 0);
	}
	/* of one that may not be used, the other hyper-thread is no twin; there are no more than there are */
	CPU_CLR(2, &allowed);
	ASSERT_NUMBER(app_choose_cpus(&allowed, 1, 2, cpus), 2);
	ASSERT_NUMBER(cpus[0], 3);
	ASSERT_NUMBER(cpus[1], 6);
	ASSERT_NUMBER(app_choose_cpus(&allowed, -1, 20, cpus), 7);
	nftw(root, take_away, 8, FTW_DEPTH | FTW_PHYS);
	/* a machine that tells nothing has CPUs all the same */
	ASSERT_NUMBER(app_choose_cpus(&allowed, 1, 2, cpus), 2);
	ASSERT_NUMBER(cpus[0], 1);
	vfio_set_root("");
}

/* ---- Captures ---- */

static struct dump_lane lanes[3];

static void nothing_is_written_before_what_may_be_older(void)
{
	const struct pkt pkts[4] = {{.len = 1}, {.len = 2}, {.len = 3}, {.len = 4}};
	unsigned lane;

	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 0);
	CU_ASSERT_TRUE(lane < 2);
	dump_put(&lanes[0], 100, true, pkts, 2);
	dump_put(&lanes[0], 300, false, pkts + 2, 1);
	dump_seen(&lanes[0], 300);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 0); /* the other one may bring one of 99 */
	dump_seen(&lanes[1], 100);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 2); /* one of 100 comes behind it */
	ASSERT_NUMBER(lane, 0);
	CU_ASSERT_TRUE(dump_record_at(&lanes[0], 0)->cut);
	CU_ASSERT_FALSE(dump_record_at(&lanes[0], 1)->cut);
	dump_put(&lanes[1], 200, false, pkts + 3, 1);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 2);
	dump_take(&lanes[0], 2);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 1);
	ASSERT_NUMBER(lane, 1);
	ASSERT_NUMBER(dump_record_at(&lanes[1], 0)->pkt.len, 4);
	dump_take(&lanes[1], 1);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 0); /* seen until 100 only */
	dump_seen(&lanes[1], UINT64_MAX);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 1);
	dump_take(&lanes[0], 1);
	dump_seen(&lanes[0], UINT64_MAX);
	ASSERT_NUMBER(dump_next(lanes, 2, &lane), 0);
	ASSERT_NUMBER(lane, 2);
	ASSERT_NUMBER(dump_room(&lanes[0]), DUMP_HELD);
}

enum { RECORDS = 40000 };
static _Atomic uint64_t ticks;

/* A queue's thread: takes the time, as all do from one clock, and puts that many packets in. */
static void *fill(void *context)
{
	struct dump_lane *lane = context;
	struct pkt pkts[8] = {{.len = 0}};

	for (unsigned left = RECORDS; left;) {
		unsigned n = left < 8 ? left % 8 : 1 + left % 8, room = dump_room(lane);
		n = n > room ? room : n;
		uint64_t now = 1 + atomic_fetch_add(&ticks, 1);
		dump_put(lane, now, false, pkts, n);
		dump_seen(lane, now);
		left -= n;
		if (!n)
			sched_yield();
	}
	dump_seen(lane, UINT64_MAX);
	return NULL;
}

static void threads_bring_what_is_written_in_order(void)
{
	pthread_t threads[3];
	unsigned lane, n, written = 0, backwards = 0;
	uint64_t before = 0;

	for (unsigned i = 0; i < 3; i++) {
		lanes[i].put = lanes[i].taken = lanes[i].seen_ns = 0;
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, fill, &lanes[i]), 0);
	}
	while ((n = dump_next(lanes, 3, &lane)) || lane < 3) {
		for (unsigned i = 0; i < n; i++) {
			backwards += dump_record_at(&lanes[lane], i)->ns < before;
			before = dump_record_at(&lanes[lane], i)->ns;
		}
		if (n)
			dump_take(&lanes[lane], n);
		else
			sched_yield();
		written += n;
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ASSERT_NUMBER(written, 3 * RECORDS);
	ASSERT_NUMBER(backwards, 0);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"threads get cores of the node first", threads_get_cores_of_the_node_first},
		{"nothing is written before what may be older", nothing_is_written_before_what_may_be_older},
		{"threads bring what is written in order", threads_bring_what_is_written_in_order},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "several queues", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
