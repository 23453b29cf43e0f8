/* SPDX-License-Identifier: BSD-2-Clause
 * What the tests of the vfio-user client begin and end with: a DMA space with memory, a small device process, and a
 * look whether anything is left. They include this file. */
#include "../../vfio/user/channel.c"

#include "../../vfio/user/user.c"

#include "unit_vfio_peer.h"

#include "unit.h"
#include <dirent.h>
#include <sys/eventfd.h>

#define MEMORY_FILE    "pollux-test-dma"
#define SHORT_LIMIT_MS 500

/* ---- A scene to play in ---- */

static unsigned open_files(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Mappings of the device's files in this process. */
static unsigned bar_mappings(void)
{
	unsigned count = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (fgets(line, sizeof(line), maps))
		count += strstr(line, BAR_FILE) || strstr(line, MEMORY_FILE);
	fclose(maps);
	return count;
}

static void *map_memory(struct dma_space *space, size_t bytes, int *error)
{
	int fd = memfd_create(MEMORY_FILE, MFD_CLOEXEC);
	void *address;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	CU_ASSERT_EQUAL_FATAL(pwrite(fd, "M", 1, 0), 1);
	*error = dma_space_map(space, fd, bytes, 4096, &address);
	close(fd);
	return address;
}

/** A space with one piece of memory, and what there was before it. */
struct scene {
	struct dma_space *space;
	void *memory;
	unsigned files, mappings;
	struct fake *fake;
	struct vfio_device *device;
};

static void set_up(struct scene *s)
{
	int error;

	*s = (struct scene){.files = open_files(), .mappings = bar_mappings()};
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&s->space), 0);
	s->memory = map_memory(s->space, 3 * 4096, &error);
	CU_ASSERT_EQUAL_FATAL(error, 0);
	s->fake = new_fake();
}

static int open_scene(struct scene *s)
{
	start_fake(s->fake);
	pollux_fail(0, "%s", "");
	return vfio_device_open(&s->device, s->fake->address, s->space);
}

static void must_open(struct scene *s)
{
	int error = open_scene(s);

	if (error)
		printf("\n  open: %s\n", pollux_error());
	CU_ASSERT_EQUAL_FATAL(error, 0);
}

static void tear_down(struct scene *s)
{
	vfio_device_close(s->device);
	stop_fake(s->fake);
	dma_space_unmap(s->space, s->memory);
	dma_space_unref(s->space);
	CU_ASSERT_EQUAL(open_files(), s->files);
	CU_ASSERT_EQUAL(bar_mappings(), s->mappings);
}
