/* SPDX-License-Identifier: BSD-2-Clause
 * The software 82599 as a device handle in the same process: registers are calls, and memory is the same. */
#include "local.h"

#include "../../driver/ixgbe/ixgbe.h"
#include "../../vfio/error.h"
#include "../../vfio/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXTENTS   64u
#define ACCESS_NS 10000u

struct local {
	struct vfio_device device; /* first: handles are cast */
	struct dma_mapper mapper;
	struct model *model;
	struct vfio_part parts[VFIO_WINDOW_PARTS]; /* the window's */
	uint8_t *bar0;
	bool trapped;
	unsigned fail, operations;
	uint64_t now_ns, real_ns;
	struct model_extent extents[EXTENTS];
	unsigned extent_count;
	int vectors[MODEL_VECTORS];
};

static struct local *local_of(struct vfio_device *device)
{
	return (struct local *)device;
}

static bool fails(struct local *local)
{
	return ++local->operations == local->fail;
}

/* Model time goes on with real time, since drivers sleep, and by ns more. */
static void pass_time(struct local *local, uint64_t ns)
{
	struct timespec now;
	uint64_t real_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	real_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	local->now_ns += ns + (local->real_ns ? real_ns - local->real_ns : 0);
	local->real_ns = real_ns;
	model_step(local->model, local->now_ns);
}

/* ---- memory ---- */

static bool memory(void *context, uint64_t iova, struct model_extent *extent)
{
	struct local *local = context;

	for (unsigned i = 0; i < local->extent_count; i++) {
		if (iova - local->extents[i].iova < local->extents[i].bytes) {
			*extent = local->extents[i];
			return true;
		}
	}
	return false;
}

static int map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct local *local = (struct local *)((char *)mapper - offsetof(struct local, mapper));

	(void)fd;
	if (fails(local))
		return pollux_fail(EIO, "the test made a DMA mapping fail");
	if (local->extent_count == EXTENTS)
		return pollux_fail(ENOSPC, "the in-process device has no room for another DMA mapping");
	local->extents[local->extent_count++] = (struct model_extent){iova, bytes, address, true};
	model_memory_changed(local->model);
	return 0;
}

static void unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct local *local = (struct local *)((char *)mapper - offsetof(struct local, mapper));

	(void)bytes;
	for (unsigned i = 0; i < local->extent_count; i++)
		if (local->extents[i].iova == iova)
			local->extents[i] = local->extents[--local->extent_count];
	model_memory_changed(local->model);
}

/* ---- device operations ---- */

static uint32_t bar_read32(void *context, uint32_t offset)
{
	struct local *local = context;

	pass_time(local, ACCESS_NS);
	return model_read32(local->model, offset);
}

static void bar_write32(void *context, uint32_t offset, uint32_t value)
{
	struct local *local = context;

	pass_time(local, ACCESS_NS);
	model_write32(local->model, offset, value);
}

static int region_read(struct vfio_device *device, unsigned region, uint64_t offset, void *data, size_t bytes)
{
	struct local *local = local_of(device);

	if (fails(local))
		return pollux_fail(EIO, "the test made a read of region %u fail", region);
	pass_time(local, ACCESS_NS);
	return model_region_read(local->model, region, offset, data, bytes);
}

static int region_write(struct vfio_device *device, unsigned region, uint64_t offset, const void *data, size_t bytes)
{
	struct local *local = local_of(device);

	if (fails(local))
		return pollux_fail(EIO, "the test made a write of region %u fail", region);
	pass_time(local, ACCESS_NS);
	return model_region_write(local->model, region, offset, data, bytes);
}

static int region_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	return in ? region_read(device, region, offset, in, bytes) : region_write(device, region, offset, out, bytes);
}

static int window(struct vfio_device *device, unsigned region, struct vfio_window *result)
{
	struct local *local = local_of(device);

	if (fails(local))
		return pollux_fail(EIO, "the test made the window of region %u fail", region);
	if (region != VFIO_PCI_BAR0_REGION_INDEX)
		return pollux_fail(EINVAL, "the in-process device has a register window in BAR 0 only");
	*result = (struct vfio_window){.bytes = MODEL_BAR0_BYTES,
		.read32 = bar_read32,
		.write32 = bar_write32,
		.context = local,
		.parts = local->parts};
	for (unsigned i = 0; !local->trapped && i < MODEL_SHARED_PARTS; i++) {
		const struct model_part *part = &model_shared_parts[i];

		local->parts[result->part_count++] =
			(struct vfio_part){part->first, part->bytes, local->bar0 + part->first};
	}
	return 0;
}

static int set_irqs(struct vfio_device *device, unsigned index, unsigned irqs, const int *eventfds)
{
	struct local *local = local_of(device);

	if (fails(local))
		return pollux_fail(EIO, "the test made the set-up of interrupts fail");
	if (irqs > device->irq_count[index])
		return pollux_fail(EINVAL, "the in-process device has no so many interrupts of kind %u", index);
	for (unsigned i = 0; i < MODEL_VECTORS; i++)
		local->vectors[i] = i < irqs ? eventfds[i] : -1;
	return 0;
}

static void interrupt(void *context, unsigned vector)
{
	struct local *local = context;
	uint64_t one = 1;

	if (vector < MODEL_VECTORS && local->vectors[vector] >= 0 &&
		write(local->vectors[vector], &one, sizeof(one)) < 0)
		local->vectors[vector] = -1; /* the eventfd is not one: nobody to tell */
}

static int reset(struct vfio_device *device)
{
	if (fails(local_of(device)))
		return pollux_fail(EIO, "the test made the function reset fail");
	model_function_reset(local_of(device)->model);
	return 0;
}

static void close_device(struct vfio_device *device)
{
	struct local *local = local_of(device);

	if (device->space)
		dma_space_detach(device->space, &local->mapper);
	model_close(local->model);
	munmap(local->bar0, MODEL_BAR0_BYTES);
	free(local);
}

static const struct vfio_device_ops operations = {
	.access = region_access,
	.window = window,
	.set_irqs = set_irqs,
	.reset = reset,
	.close = close_device,
};

/** One kind only: where there is MSI-X, a driver wants no other. */
static void offer_interrupts(struct local *local, enum model_interrupts offered)
{
	uint32_t *count = local->device.irq_count;

	count[VFIO_PCI_MSIX_IRQ_INDEX] = offered == MODEL_ALL_INTERRUPTS ? MODEL_VECTORS : 0;
	count[VFIO_PCI_MSI_IRQ_INDEX] = offered == MODEL_ONLY_MSI;
	count[VFIO_PCI_INTX_IRQ_INDEX] = offered == MODEL_ONLY_INTX;
}

int model_local_open(struct vfio_device **device, struct dma_space *space, const struct model_local_config *config)
{
	struct local *local = calloc(1, sizeof(*local));
	struct model_config model_config = config->model;
	struct model_host host = {.context = local, .memory = memory, .interrupt = interrupt};
	int error;

	/* What boards take after a reset until their registers hold, the model does not: two of these waits in the life
	 * of each port are most of what a test takes. */
	ixgbe_times.settle_82599 = ixgbe_times.settle_x540 = 1000;
	*device = NULL;
	if (!local)
		return pollux_fail(ENOMEM, "no memory for an in-process device");
	local->bar0 = mmap(NULL, MODEL_BAR0_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (local->bar0 == MAP_FAILED) {
		free(local);
		return pollux_fail(ENOMEM, "no memory for the registers of an in-process device");
	}
	model_config.bar0 = local->bar0;
	local->model = model_open(&model_config, &host);
	if (!local->model) {
		munmap(local->bar0, MODEL_BAR0_BYTES);
		free(local);
		return pollux_fail(ENOMEM, "no memory for an in-process device");
	}
	local->trapped = config->trapped;
	local->fail = config->fail;
	memset(local->vectors, -1, sizeof(local->vectors));
	local->device.ops = &operations;
	strcpy(local->device.address, "in-process");
	local->device.numa_node = -1;
	offer_interrupts(local, model_config.interrupts);
	for (unsigned i = 0; i < VFIO_PCI_NUM_REGIONS; i++)
		local->device.region_bytes[i] = model_region_bytes(i);
	local->mapper.map = map;
	local->mapper.unmap = unmap;
	error = dma_space_attach(space, &local->mapper);
	if (error) {
		close_device(&local->device);
		return error;
	}
	local->device.space = space;
	pass_time(local, 0);
	*device = &local->device;
	return 0;
}

struct model *model_local_model(struct vfio_device *device)
{
	return local_of(device)->model;
}

void model_local_advance(struct vfio_device *device, uint64_t ns)
{
	pass_time(local_of(device), ns);
}
