/* SPDX-License-Identifier: BSD-2-Clause
 * Limits of memory cgroups, of version 2 and 1, as /proc and /sys show them: those of the process's own group and of
 * all above it. */
#include "cgroup.h"

#include "../vfio/host/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a version of cgroups names its mount, its files, and the lines of memory.stat about file caches. */
struct version {
	const char *mount, *limit, *usage, *active, *inactive;
};

static const struct version second = {"/sys/fs/cgroup", "memory.max", "memory.current", "active_file", "inactive_file"};
static const struct version first = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	"total_active_file", "total_inactive_file"};

/* Finds the process's group, as a path below the mount: that of version 1 where it has the memory controller. */
static const struct version *find_group(char group[PATH_MAX])
{
	char path[PATH_MAX], line[PATH_MAX], *controllers, *at;
	const struct version *found = NULL;
	FILE *file;

	vfio_path(path, "/proc/self/cgroup");
	if ((file = fopen(path, "re")) == NULL)
		return NULL;
	while (found != &first && fgets(line, sizeof(line), file)) {
		/* hierarchy:controllers:path; version 2 names no controllers */
		if ((controllers = strchr(line, ':')) == NULL || (at = strchr(controllers + 1, ':')) == NULL ||
			(at != controllers + 1 && strncmp(controllers, ":memory:", 8) != 0))
			continue;
		found = at == controllers + 1 ? &second : &first;
		snprintf(group, PATH_MAX, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	}
	fclose(file);
	return found;
}

static bool read_number(const char *folder, const char *name, uint64_t *value)
{
	char path[PATH_MAX], text[32], *end;

	if (!vfio_path(path, "%s/%s", folder, name) || !vfio_read_line(path, text, sizeof(text)))
		return false;
	*value = strtoull(text, &end, 10);
	return end != text; /* "max" is no limit */
}

/* Bytes of file caches, which the kernel takes back before it says that no memory is left. */
static uint64_t read_caches(const char *folder, const struct version *version)
{
	char path[PATH_MAX], line[128], name[64];
	unsigned long long bytes;
	uint64_t sum = 0;
	FILE *file;

	if (!vfio_path(path, "%s/memory.stat", folder) || (file = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %llu", name, &bytes) == 2 &&
			(strcmp(name, version->active) == 0 || strcmp(name, version->inactive) == 0))
			sum += bytes;
	fclose(file);
	return sum;
}

uint64_t cgroup_memory_left(char file[PATH_MAX])
{
	char group[PATH_MAX] = "", folder[PATH_MAX];
	const struct version *version = find_group(group);
	uint64_t least = UINT64_MAX, limit, usage;

	file[0] = '\0';
	for (char *end = group + strlen(group); version; *end = '\0') {
		/* In a container the path may be one of the machine, where only the mount itself can be seen. */
		if (snprintf(folder, sizeof(folder), "%s%s", version->mount, strcmp(group, "/") == 0 ? "" : group) <
				PATH_MAX &&
			read_number(folder, version->limit, &limit) && read_number(folder, version->usage, &usage)) {
			uint64_t used = usage - read_caches(folder, version), left = used > usage   ? limit
										     : limit > used ? limit - used
												    : 0;
			if (left < least && snprintf(file, PATH_MAX, "%s/%s", folder, version->limit) < PATH_MAX)
				least = left;
		}
		if (!group[0] || (end = strrchr(group, '/')) == NULL)
			break;
	}
	return least;
}
