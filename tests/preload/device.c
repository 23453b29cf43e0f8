/* SPDX-License-Identifier: BSD-2-Clause
 * One device: what a program asks of its descriptor, as vfio-user messages. */
#include "preload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int simple_call(struct device *device, enum vfio_user_command command, const void *head, size_t bytes)
{
	uint8_t reply[64];
	struct user_call call = {
		.command = command, .head = head, .head_bytes = bytes, .reply = reply, .reply_max = sizeof(reply)};
	return user_channel_call(&device->channel, &call);
}

static int greet(struct device *device)
{
	struct {
		struct vfio_user_version version;
		char text[4096];
	} reply;
	static const struct {
		struct vfio_user_version version;
		char text[24];
	} hello = {{VFIO_USER_MAJOR, VFIO_USER_MINOR}, "{\"capabilities\":{}}"};
	struct user_call call = {
		.command = VFIO_USER_VERSION,
		.head = &hello,
		.head_bytes = sizeof(hello.version) + strlen(hello.text) + 1,
		.reply = &reply,
		.reply_min = sizeof(reply.version),
		.reply_max = sizeof(reply),
	};
	int error = user_channel_call(&device->channel, &call);
	if (!error && reply.version.major != VFIO_USER_MAJOR)
		error = -EPROTO;
	return error;
}

static int region_info(struct device *device, unsigned index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){.argsz = sizeof(*info), .index = index};
	int fd;
	struct user_call call = {
		.command = VFIO_USER_DEVICE_GET_REGION_INFO,
		.head = info,
		.head_bytes = sizeof(*info),
		.reply = info,
		.reply_min = sizeof(*info),
		.reply_max = sizeof(*info),
		.reply_fd = &fd,
	};
	int error = user_channel_call(&device->channel, &call);
	if (!error && fd >= 0)
		close(fd);
	return error;
}

int preload_device_shared(
	struct device *device, struct vfio_region_sparse_mmap_area *areas, unsigned most, int *fd, uint64_t *offset)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_sparse_mmap sparse;
		struct vfio_region_sparse_mmap_area areas[16];
	} reply = {.info = {.argsz = sizeof(reply), .index = VFIO_PCI_BAR0_REGION_INDEX}};
	struct user_call call = {
		.command = VFIO_USER_DEVICE_GET_REGION_INFO,
		.head = &reply,
		.head_bytes = sizeof(reply.info),
		.reply = &reply,
		.reply_min = sizeof(reply.info),
		.reply_max = sizeof(reply),
		.reply_fd = fd,
	};
	int error = user_channel_call(&device->channel, &call);
	if (error)
		return error;
	size_t room = sizeof(reply.areas) / sizeof(reply.areas[0]);
	if (*fd < 0 || call.reply_bytes < sizeof(reply.info) + sizeof(reply.sparse) ||
		reply.sparse.header.id != VFIO_REGION_INFO_CAP_SPARSE_MMAP || reply.sparse.nr_areas > most ||
		reply.sparse.nr_areas > room ||
		call.reply_bytes < sizeof(reply.info) + sizeof(reply.sparse) + reply.sparse.nr_areas * sizeof(*areas)) {
		if (*fd >= 0)
			close(*fd);
		return -ENOTSUP;
	}
	memcpy(areas, reply.areas, reply.sparse.nr_areas * sizeof(*areas));
	*offset = reply.info.offset;
	return (int)reply.sparse.nr_areas;
}

int preload_device_connect(struct device *device)
{
	device->loss = (struct pollux_loss){.lost = false};
	int error = user_channel_open(&device->channel, device->path, device->path, &device->loss);
	if (error) {
		fprintf(stderr, "pollux-preload: %s: nobody serves at %s: %s\n", device->name, device->path,
			strerror(-error));
		user_channel_close(&device->channel);
		return -ENODEV;
	}
	error = greet(device);
	for (unsigned i = 0; !error && i < VFIO_PCI_NUM_REGIONS; i++) {
		struct vfio_region_info info;
		error = region_info(device, i, &info);
		device->region_bytes[i] = info.size;
	}
	if (error)
		user_channel_close(&device->channel);
	return error;
}

void preload_device_disconnect(struct device *device)
{
	pollux_lose(&device->loss, "closed by its user");
	user_channel_close(&device->channel);
}

int preload_device_map(struct device *device, const struct piece *piece)
{
	const struct vfio_user_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = piece->flags,
		.offset = piece->offset,
		.address = piece->iova,
		.bytes = piece->bytes,
	};
	uint8_t reply[64];
	struct user_call call = {
		.command = VFIO_USER_DMA_MAP,
		.head = &dma,
		.head_bytes = sizeof(dma),
		.fds = &piece->fd,
		.fd_count = 1,
		.reply = reply,
		.reply_max = sizeof(reply),
	};
	return user_channel_call(&device->channel, &call);
}

int preload_device_unmap(struct device *device, const struct piece *piece)
{
	const struct vfio_iommu_type1_dma_unmap dma = {.argsz = sizeof(dma), .iova = piece->iova, .size = piece->bytes};
	return simple_call(device, VFIO_USER_DMA_UNMAP, &dma, sizeof(dma));
}

int preload_device_access(
	struct device *device, unsigned region, uint64_t offset, void *in, const void *out, uint32_t bytes)
{
	if (pollux_lost(&device->loss))
		return -ENODEV;
	return user_channel_access(&device->channel, region, offset, in, out, bytes);
}

/** The notifiers of errors and of removal are the kernel's, whatever the device has: here they are taken, and nobody
 * fires them. */
static bool is_notifier(unsigned index)
{
	return index == VFIO_PCI_ERR_IRQ_INDEX || index == VFIO_PCI_REQ_IRQ_INDEX;
}

static int get_irq_info(struct device *device, struct vfio_irq_info *info)
{
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = info->index};
	struct user_call call = {
		.command = VFIO_USER_DEVICE_GET_IRQ_INFO,
		.head = &irq,
		.head_bytes = sizeof(irq),
		.reply = &irq,
		.reply_min = sizeof(irq),
		.reply_max = sizeof(irq),
	};
	if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if (is_notifier(info->index)) {
		info->flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
		info->count = 1;
		return 0;
	}
	int error = user_channel_call(&device->channel, &call);
	if (error)
		return error;
	info->flags = irq.flags;
	info->count = irq.count;
	return 0;
}

static int send_irqs(struct device *device, const struct vfio_irq_set *set, const int *fds, unsigned fd_count,
	const uint8_t *data, size_t bytes)
{
	uint8_t reply[64];
	struct vfio_irq_set head = *set;
	head.argsz = (uint32_t)(sizeof(head) + bytes);
	struct user_call call = {
		.command = VFIO_USER_DEVICE_SET_IRQS,
		.head = &head,
		.head_bytes = sizeof(head),
		.data = data,
		.data_bytes = bytes,
		.fds = fds,
		.fd_count = fd_count,
		.reply = reply,
		.reply_max = sizeof(reply),
	};
	return user_channel_call(&device->channel, &call);
}

/** Eventfds go in runs: the protocol has no holes in a message, and no more than 16 descriptors. */
static int set_eventfds(struct device *device, const struct vfio_irq_set *set)
{
	const int *fds = (const int *)(const void *)set->data;
	for (uint32_t i = 0; i < set->count;) {
		uint32_t run = 1;
		while (i + run < set->count && run < VFIO_USER_FDS_MAX && (fds[i + run] >= 0) == (fds[i] >= 0))
			run++;
		struct vfio_irq_set part = {
			.flags = set->flags, .index = set->index, .start = set->start + i, .count = run};
		int error = send_irqs(device, &part, &fds[i], fds[i] >= 0 ? run : 0, NULL, 0);
		if (error)
			return error;
		i += run;
	}
	return 0;
}

static int set_irqs(struct device *device, const struct vfio_irq_set *set)
{
	size_t each = set->flags & VFIO_IRQ_SET_DATA_EVENTFD ? sizeof(int)
		      : set->flags & VFIO_IRQ_SET_DATA_BOOL  ? 1
							     : 0;
	if (set->argsz < sizeof(*set) || set->count > 4096 || set->argsz - sizeof(*set) < each * set->count)
		return -EINVAL;
	if (is_notifier(set->index))
		return set->start || set->count > 1 ? -EINVAL : 0;
	if ((set->flags & VFIO_IRQ_SET_DATA_EVENTFD) && set->count)
		return set_eventfds(device, set);
	return send_irqs(device, set, NULL, 0, each == 1 ? set->data : NULL, each == 1 ? set->count : 0);
}

static int get_region_info(struct device *device, struct vfio_region_info *info)
{
	if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info->size = device->region_bytes[info->index];
	info->offset = (uint64_t)info->index << 40;
	info->cap_offset = 0;
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	/* Not the MSI-X table's, which is the kernel's everywhere. */
	if (info->size && info->index == VFIO_PCI_BAR0_REGION_INDEX)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return 0;
}

/** The kernel keeps configuration space over a reset: programs that enable bus mastering first count on it. */
static int reset(struct device *device)
{
	uint16_t command;
	uint8_t bars[24];
	const unsigned config = VFIO_PCI_CONFIG_REGION_INDEX, command_at = 4, bars_at = 16;
	int error = preload_device_access(device, config, command_at, &command, NULL, sizeof(command));
	if (!error)
		error = preload_device_access(device, config, bars_at, bars, NULL, sizeof(bars));
	if (!error)
		error = simple_call(device, VFIO_USER_DEVICE_RESET, NULL, 0);
	if (!error)
		error = preload_device_access(device, config, bars_at, NULL, bars, sizeof(bars));
	if (!error)
		error = preload_device_access(device, config, command_at, NULL, &command, sizeof(command));
	return error;
}

int preload_device_ioctl(struct device *device, unsigned long request, void *argument)
{
	struct vfio_device_info *info = argument;
	if (request == VFIO_DEVICE_RESET)
		return reset(device);
	if (!argument)
		return -EFAULT;
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		if (info->argsz < offsetof(struct vfio_device_info, cap_offset))
			return -EINVAL;
		info->flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		if (info->argsz >= sizeof(*info))
			info->cap_offset = 0;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(device, argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(device, argument);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(device, argument);
	default:
		return -ENOTTY;
	}
}
