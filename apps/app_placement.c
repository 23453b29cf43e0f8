/* SPDX-License-Identifier: BSD-2-Clause
 * Finds CPUs for threads, by what sysfs tells of NUMA nodes and hyper-threads. */
#include "app_placement.h"

#include "../vfio/host/files.h"
#include "app_output.h"
#include "app_parse.h"

#include <errno.h>
#include <pthread.h>

bool app_cpus_are_shared;

static void *end_at_once(void *nothing)
{
	return nothing;
}

/* A thread is started on each: masks do not say it, as a process may leave that of `taskset`, and not its cpuset. */
bool app_cpus_allowed(const unsigned *cpus, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		pthread_attr_t attributes;
		pthread_t thread;
		cpu_set_t cpu;

		CPU_ZERO(&cpu);
		CPU_SET(cpus[i], &cpu);
		pthread_attr_init(&attributes);
		pthread_attr_setaffinity_np(&attributes, sizeof(cpu), &cpu);
		int error = pthread_create(&thread, &attributes, end_at_once, NULL);
		pthread_attr_destroy(&attributes);
		if (error == EINVAL)
			return app_error("--cpu: this process may not run on CPU %u (`nproc` and `taskset -p $$` tell "
					 "where it may)",
				cpus[i]);
		if (error == 0)
			pthread_join(thread, NULL);
	}
	return true;
}

/* Reads a file of sysfs that lists CPUs. An empty set: it has none, or cannot be read. */
static cpu_set_t read_cpus(const char *folder, unsigned number, const char *file)
{
	char path[PATH_MAX], text[4096];
	unsigned cpus[APP_CPU_NUMBERS], count = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	if (vfio_path(path, "/sys/devices/system/%s%u/%s", folder, number, file) &&
		vfio_read_line(path, text, sizeof(text)) && app_parse_cpus(text, cpus, APP_CPU_NUMBERS, &count))
		for (unsigned i = 0; i < count; i++)
			CPU_SET(cpus[i], &set);
	return set;
}

/* Whether an allowed CPU with a lower number is a hyper-thread of the same core. */
static bool is_twin(unsigned cpu, const cpu_set_t *allowed)
{
	cpu_set_t siblings = read_cpus("cpu/cpu", cpu, "topology/thread_siblings_list");

	CPU_AND(&siblings, &siblings, allowed);
	for (unsigned lower = 0; lower < cpu; lower++)
		if (CPU_ISSET(lower, &siblings))
			return true;
	return false;
}

/* The worse a CPU is for a thread, the higher. */
enum { ZERO_RANK = 1, TWIN_RANK = 2, FAR_RANK = 4, RANKS = 8 };

unsigned app_choose_cpus(const cpu_set_t *allowed, int numa_node, unsigned wanted, unsigned *cpus)
{
	unsigned found = 0;
	cpu_set_t near;

	CPU_ZERO(&near);
	if (numa_node >= 0)
		near = read_cpus("node/node", (unsigned)numa_node, "cpulist");
	for (unsigned rank = 0; rank < RANKS; rank++) {
		for (unsigned cpu = 0; cpu < APP_CPU_NUMBERS && found < wanted; cpu++) {
			if (!CPU_ISSET(cpu, allowed))
				continue;
			bool is_far = numa_node >= 0 && !CPU_ISSET(cpu, &near);
			if (rank == (cpu == 0 ? ZERO_RANK : 0u) + (is_twin(cpu, allowed) ? TWIN_RANK : 0u) +
					    (is_far ? FAR_RANK : 0u))
				cpus[found++] = cpu;
		}
	}
	return found;
}
