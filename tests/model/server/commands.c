/* SPDX-License-Identifier: BSD-2-Clause
 * The server's answers: a function for each vfio-user command. Nothing in a message is believed before it is checked.
 */
#include "commands.h"

#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* VFIO_DMA_UNMAP_FLAG_ALL of newer linux/vfio.h: address and size are 0, and everything goes. */
#define UNMAP_ALL 2u

/** A message's payload, and the room for the answer's. */
struct exchange {
	const uint8_t *in;
	size_t in_bytes;
	uint8_t *out;
	size_t out_bytes;
	int out_fd;
};

/* Handlers return 0 or a positive errno value for the error reply. */

static int handle_version(struct server *server, struct exchange *x)
{
	struct vfio_user_version version;
	if (x->in_bytes < sizeof(version) || server->greeted)
		return EINVAL;
	memcpy(&version, x->in, sizeof(version));
	if (version.major != VFIO_USER_MAJOR)
		return ENOTSUP;
	/* Of the client's capabilities none matters: we send it one descriptor at most, and no more data than it asked
	 * for. */
	if (x->in_bytes > sizeof(version) && x->in[x->in_bytes - 1] != '\0')
		return EINVAL;
	if (version.minor > VFIO_USER_MINOR)
		version.minor = VFIO_USER_MINOR;
	memcpy(x->out, &version, sizeof(version));
	int text = snprintf((char *)x->out + sizeof(version), 256,
		"{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,\"max_dma_maps\":%u,\"pgsizes\":%u}}",
		VFIO_USER_FDS_MAX, CHANNEL_DATA_MAX, MEMORY_MAP_MAX, VFIO_USER_DEFAULT_PGSIZES);
	x->out_bytes = sizeof(version) + (size_t)text + 1;
	server->greeted = true;
	return 0;
}

static int handle_dma_map(struct server *server, struct exchange *x)
{
	struct vfio_user_dma_map dma;
	if (x->in_bytes != sizeof(dma))
		return EINVAL;
	memcpy(&dma, x->in, sizeof(dma));
	const uint32_t known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	if (dma.argsz < sizeof(dma) || !(dma.flags & known) || (dma.flags & ~known) || server->channel.fd_count > 1)
		return EINVAL;
	/* Without a descriptor the memory could be reached by messages to the client only; a queue's memory never is
	 * that. */
	int fd = server->channel.fd_count ? server->channel.fds[0] : -1;
	int error = memory_map_add(
		server->memory, dma.address, dma.bytes, fd, dma.offset, dma.flags & VFIO_DMA_MAP_FLAG_WRITE);
	if (!error)
		model_memory_changed(server->model);
	return -error;
}

static int handle_dma_unmap(struct server *server, struct exchange *x)
{
	struct vfio_iommu_type1_dma_unmap dma;
	if (x->in_bytes != sizeof(dma))
		return EINVAL;
	memcpy(&dma, x->in, sizeof(dma));
	if (dma.argsz < sizeof(dma))
		return EINVAL;
	if (dma.flags == UNMAP_ALL) {
		if (dma.iova || dma.size)
			return EINVAL;
		memory_map_clear(server->memory);
	} else {
		int error = dma.flags ? -EINVAL : memory_map_remove(server->memory, dma.iova, dma.size);
		if (error)
			return -error;
	}
	model_memory_changed(server->model);
	memcpy(x->out, &dma, sizeof(dma));
	x->out_bytes = sizeof(dma);
	return 0;
}

static int handle_device_info(struct server *server, struct exchange *x)
{
	(void)server;
	struct vfio_user_device_info info;
	if (x->in_bytes != sizeof(info))
		return EINVAL;
	memcpy(&info, x->in, sizeof(info));
	if (info.argsz < sizeof(info))
		return EINVAL;
	info = (struct vfio_user_device_info){
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};
	memcpy(x->out, &info, sizeof(info));
	x->out_bytes = sizeof(info);
	return 0;
}

static int handle_region_info(struct server *server, struct exchange *x)
{
	struct vfio_region_info info;
	if (x->in_bytes != sizeof(info))
		return EINVAL;
	memcpy(&info, x->in, sizeof(info));
	uint32_t room = info.argsz;
	if (room < sizeof(info) || info.index >= VFIO_PCI_NUM_REGIONS)
		return EINVAL;
	info = (struct vfio_region_info){
		.argsz = sizeof(info), .index = info.index, .size = model_region_bytes(info.index)};
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	x->out_bytes = sizeof(info);
	if (info.index == VFIO_PCI_BAR0_REGION_INDEX && !server->no_shared) {
		struct vfio_region_info_cap_sparse_mmap sparse = {
			.header = {.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1},
			.nr_areas = MODEL_SHARED_PARTS,
		};
		struct vfio_region_sparse_mmap_area areas[MODEL_SHARED_PARTS];
		for (unsigned i = 0; i < MODEL_SHARED_PARTS; i++)
			areas[i] = (struct vfio_region_sparse_mmap_area){
				model_shared_parts[i].first, model_shared_parts[i].bytes};
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS;
		info.argsz += (uint32_t)(sizeof(sparse) + sizeof(areas));
		info.cap_offset = sizeof(info); /* in the short answer too: QEMU checks it there */
		x->out_fd = server->bar0_fd;
		if (room >= info.argsz) {
			memcpy(x->out + sizeof(info), &sparse, sizeof(sparse));
			memcpy(x->out + sizeof(info) + sizeof(sparse), areas, sizeof(areas));
			x->out_bytes = info.argsz;
		}
	}
	memcpy(x->out, &info, sizeof(info));
	return 0;
}

static int handle_irq_info(struct server *server, struct exchange *x)
{
	(void)server;
	struct vfio_irq_info info;
	if (x->in_bytes != sizeof(info))
		return EINVAL;
	memcpy(&info, x->in, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return EINVAL;
	info = (struct vfio_irq_info){
		.argsz = sizeof(info),
		.flags = server_irqs_flags(&server->irqs, info.index),
		.index = info.index,
		.count = server_irqs_count(&server->irqs, info.index),
	};
	memcpy(x->out, &info, sizeof(info));
	x->out_bytes = sizeof(info);
	return 0;
}

static int handle_set_irqs(struct server *server, struct exchange *x)
{
	return server_irqs_set(&server->irqs, &server->channel, x->in, x->in_bytes);
}

static int region_access(const struct exchange *x, struct vfio_user_region_access *access)
{
	if (x->in_bytes < sizeof(*access))
		return EINVAL;
	memcpy(access, x->in, sizeof(*access));
	uint64_t bytes = access->region < VFIO_PCI_NUM_REGIONS ? model_region_bytes(access->region) : 0;
	if (!access->count || access->count > CHANNEL_DATA_MAX || access->offset > bytes ||
		access->count > bytes - access->offset)
		return EINVAL;
	return 0;
}

static int handle_region_read(struct server *server, struct exchange *x)
{
	struct vfio_user_region_access access;
	int error = region_access(x, &access);
	if (error || x->in_bytes != sizeof(access))
		return EINVAL;
	memcpy(x->out, &access, sizeof(access));
	error = model_region_read(server->model, access.region, access.offset, x->out + sizeof(access), access.count);
	x->out_bytes = sizeof(access) + access.count;
	return -error;
}

static int handle_region_write(struct server *server, struct exchange *x)
{
	struct vfio_user_region_access access;
	int error = region_access(x, &access);
	if (error || x->in_bytes - sizeof(access) != access.count)
		return EINVAL;
	server->counts.tails += access.region == VFIO_PCI_BAR0_REGION_INDEX && model_is_tail(access.offset);
	error = model_region_write(server->model, access.region, access.offset, x->in + sizeof(access), access.count);
	memcpy(x->out, &access, sizeof(access));
	x->out_bytes = sizeof(access);
	return -error;
}

static int handle_reset(struct server *server, struct exchange *x)
{
	if (x->in_bytes)
		return EINVAL;
	model_function_reset(server->model);
	return 0;
}

static int (*const handlers[])(struct server *, struct exchange *) = {
	[VFIO_USER_VERSION] = handle_version,
	[VFIO_USER_DMA_MAP] = handle_dma_map,
	[VFIO_USER_DMA_UNMAP] = handle_dma_unmap,
	[VFIO_USER_DEVICE_GET_INFO] = handle_device_info,
	[VFIO_USER_DEVICE_GET_REGION_INFO] = handle_region_info,
	[VFIO_USER_DEVICE_GET_IRQ_INFO] = handle_irq_info,
	[VFIO_USER_DEVICE_SET_IRQS] = handle_set_irqs,
	[VFIO_USER_REGION_READ] = handle_region_read,
	[VFIO_USER_REGION_WRITE] = handle_region_write,
	[VFIO_USER_DEVICE_RESET] = handle_reset,
};

static bool takes_fds(unsigned command)
{
	return command == VFIO_USER_DMA_MAP || command == VFIO_USER_DEVICE_SET_IRQS;
}

int server_handle(struct server *server)
{
	struct channel *channel = &server->channel;
	struct vfio_user_header header;
	memcpy(&header, channel->in, sizeof(header));
	if ((header.flags & VFIO_USER_TYPE) != VFIO_USER_TYPE_COMMAND)
		return -EPROTO; /* a reply to what we never asked: nothing that could be answered */

	struct exchange x = {
		.in = channel->in + sizeof(header),
		.in_bytes = header.bytes - sizeof(header),
		.out = channel_payload(channel),
		.out_fd = -1,
	};
	int error;
	if (header.command >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[header.command])
		error = ENOTSUP;
	else if (!server->greeted && header.command != VFIO_USER_VERSION)
		error = EPROTO;
	else if (channel->fds_lost || (channel->fd_count && !takes_fds(header.command)))
		error = EINVAL;
	else
		error = handlers[header.command](server, &x);
	server->counts.messages++;
	server->counts.errors += error != 0;
	return channel_reply(channel, error, x.out_bytes, x.out_fd);
}
