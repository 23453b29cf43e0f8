/* SPDX-License-Identifier: BSD-2-Clause
 * A device in another process, which speaks vfio-user on a UNIX socket: how it is opened, and what struct
 * vfio_device_ops asks for. It needs neither support of the kernel nor root. */
#include "../error.h"
#include "../removal.h"
#include "../space.h"
#include "../transports.h"
#include "channel.h"
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PAGE_BYTES 4096

struct user_device {
	struct vfio_device device; /* first: a handle is one of these */
	struct user_channel channel;
	struct dma_mapper mapper;
	uint64_t max_dma_maps; /* mappings that the device process takes */
	uint64_t page_sizes;   /* those that it maps memory in: the sum of powers of two */
	uint64_t dma_maps;     /* mappings now; under the DMA space's lock */
	bool can_reset;
	const char *unmapped_why; /* why the last area of BAR 0 that was tried is not mapped; NULL: it is, or none was
				     tried */
};

static struct user_device *user_of(struct vfio_device *device)
{
	return (struct user_device *)device;
}

/* ---- Commands ---- */

/* Sends a command, with a descriptor unless that is -1, whose reply says only that it was done. */
static int tell(struct user_device *user, enum vfio_user_command command, const void *head, size_t bytes, int fd)
{
	struct user_call call = {
		.command = command,
		.head = head,
		.head_bytes = bytes,
		.fds = &fd,
		.fd_count = fd >= 0,
	};

	return user_channel_call(&user->channel, &call);
}

/* Sends a command whose reply is the same structure, filled in. */
static int ask(struct user_device *user, enum vfio_user_command command, void *info, size_t bytes)
{
	struct user_call call = {
		.command = command,
		.head = info,
		.head_bytes = bytes,
		.reply = info,
		.reply_min = bytes,
		.reply_max = bytes,
	};

	return user_channel_call(&user->channel, &call);
}

/* ---- Reads and writes ---- */

static int user_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	return user_channel_access(&user_of(device)->channel, region, offset, in, out, bytes);
}

/* ---- Interrupts and reset ---- */

static int user_set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER | (count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
		.index = index,
		.count = count ? 1 : 0,
	};
	int error = 0;

	if (count == 0) /* turns all of the kind off */
		return tell(user_of(device), VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), -1);
	for (; set.start < count && !error; set.start++)
		error = tell(user_of(device), VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), eventfds[set.start]);
	return error;
}

static int user_reset(struct vfio_device *device)
{
	if (!user_of(device)->can_reset)
		return pollux_fail(ENOTTY, "%s: the device process offers no reset", device->address);
	return tell(user_of(device), VFIO_USER_DEVICE_RESET, NULL, 0, -1);
}

/* ---- DMA ---- */

static int user_dma_map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct user_device *user = (struct user_device *)((char *)mapper - offsetof(struct user_device, mapper));
	const struct vfio_user_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.address = iova,
		.bytes = bytes,
	};
	const uint64_t smallest_page = user->page_sizes & -user->page_sizes;
	int error;

	(void)address; /* the device process maps the file */
	/* A lost device is told nothing. That is no failure: the other devices of the space must still get memory. */
	if (vfio_device_gone(&user->device)) {
		user->dma_maps++;
		return 0;
	}
	if ((iova | bytes) & (smallest_page - 1))
		return pollux_fail(EINVAL,
			"%s: the device process takes memory in pages of %llu KiB only; provide hugepages",
			user->device.address, (unsigned long long)(smallest_page >> 10));
	if (user->dma_maps >= user->max_dma_maps)
		return pollux_fail(ENOSPC,
			"%s: the device process takes at most %llu pieces of memory; use fewer, larger pools",
			user->device.address, (unsigned long long)user->max_dma_maps);
	if ((error = tell(user, VFIO_USER_DMA_MAP, &map, sizeof(map), fd)) == 0)
		user->dma_maps++;
	return error;
}

static void user_dma_unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct user_device *user = (struct user_device *)((char *)mapper - offsetof(struct user_device, mapper));
	const struct vfio_iommu_type1_dma_unmap head = {.argsz = sizeof(head), .iova = iova, .size = bytes};
	struct vfio_iommu_type1_dma_unmap reply;
	struct user_call call = {
		.command = VFIO_USER_DMA_UNMAP,
		.head = &head,
		.head_bytes = sizeof(head),
		.reply = &reply,
		.reply_max = sizeof(reply), /* some servers answer without the payload */
	};

	user->dma_maps--;
	if (vfio_device_gone(&user->device))
		return;
	/* A device process that may still write to memory that is about to be used for other things must be cut off. */
	if (user_channel_call(&user->channel, &call) != 0) {
		if (!vfio_device_gone(&user->device))
			user_channel_broken(&user->channel, "does not give memory back");
	} else if (call.reply_bytes != 0 &&
		   (call.reply_bytes != sizeof(reply) || reply.iova != iova || reply.size != bytes)) {
		user_channel_broken(&user->channel, "gives back other memory than it was asked for");
	}
}

/* ---- Opening ---- */

/* Looks for "key": number in a text that should be JSON, but may be anything; key is in its quotation marks. *value
 * stays as it was where there is no such key. @return false: the key has a value that is no number */
static bool scan_number(const char *json, const char *key, uint64_t *value)
{
	static const char white[] = " \t\r\n";

	for (const char *at = json; (at = strstr(at, key)) != NULL;) {
		at += strlen(key);
		at += strspn(at, white);
		if (*at != ':')
			continue;
		at++;
		at += strspn(at, white);
		errno = 0;
		if (*at >= '0' && *at <= '9')
			*value = strtoull(at, NULL, 10);
		return *at >= '0' && *at <= '9' && errno == 0;
	}
	return true;
}

static int take_capabilities(struct user_device *user, const char *json)
{
	uint64_t fds = VFIO_USER_DEFAULT_MAX_FDS, transfer = VFIO_USER_DEFAULT_MAX_XFER;

	user->max_dma_maps = VFIO_USER_DEFAULT_MAX_DMA_MAPS;
	user->page_sizes = VFIO_USER_DEFAULT_PGSIZES;
	if (!scan_number(json, "\"max_msg_fds\"", &fds) || !scan_number(json, "\"max_data_xfer_size\"", &transfer) ||
		!scan_number(json, "\"max_dma_maps\"", &user->max_dma_maps) ||
		!scan_number(json, "\"pgsizes\"", &user->page_sizes))
		return user_channel_broken(&user->channel, "announces capabilities that are no numbers");
	if (transfer < 4 || user->page_sizes == 0)
		return user_channel_broken(&user->channel, "announces transfers or pages too small to be of use");
	if (fds == 0)
		return pollux_fail(ENOTSUP,
			"%s: the device process takes no file descriptors, so it cannot share packet memory",
			user->device.address);
	user->channel.max_access = transfer < USER_ACCESS_MAX ? (uint32_t)transfer : USER_ACCESS_MAX;
	return 0;
}

static int negotiate(struct user_device *user)
{
	static const char ours[] = "{\"capabilities\":{\"max_msg_fds\":1,\"max_data_xfer_size\":4096}}";
	const struct vfio_user_version head = {VFIO_USER_MAJOR, VFIO_USER_MINOR};
	struct {
		struct vfio_user_version head;
		char json[4096];
	} reply;
	struct user_call call = {
		.command = VFIO_USER_VERSION,
		.head = &head,
		.head_bytes = sizeof(head),
		.data = ours,
		.data_bytes = sizeof(ours),
		.reply = &reply,
		.reply_min = sizeof(head),
		.reply_max = sizeof(reply) - 1,
	};
	int error = user_channel_call(&user->channel, &call);

	if (error)
		return error;
	if (reply.head.major != VFIO_USER_MAJOR || reply.head.minor > VFIO_USER_MINOR) {
		char what[64];

		snprintf(what, sizeof(what), "speaks vfio-user %u.%u", reply.head.major, reply.head.minor);
		return user_channel_broken(&user->channel, what);
	}
	reply.json[call.reply_bytes - sizeof(head)] = '\0';
	return take_capabilities(user, reply.json);
}

/* Maps one part of a region if that is safe; otherwise its registers are reached by messages. It is safe if no access
 * in the data path can end in a SIGBUS. So the file must not be able to shrink; and it must not be of hugepages: the
 * device process may punch them out of the file, which no seal forbids that leaves the file writable, and when they are
 * touched again there may be none left.
 * @return NULL, or why it is not mapped */
static const char *map_part(struct vfio_region *region, int fd, uint64_t file_offset, const struct vfio_part *part)
{
	struct stat stat;
	struct statfs fs;
	uint64_t end;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &stat) != 0 || stat.st_size < 0)
		return "their file may shrink, F_SEAL_SHRINK is not set";
	if (fstatfs(fd, &fs) != 0 || fs.f_type == HUGETLBFS_MAGIC)
		return "their file is of hugepages";
	if (__builtin_add_overflow(file_offset, part->first, &file_offset) ||
		__builtin_add_overflow(file_offset, part->bytes, &end) || end > (uint64_t)stat.st_size)
		return "their file is too short";
	if ((part->bytes | file_offset) % PAGE_BYTES)
		return "they are not in whole pages of their file";
	void *at = mmap(NULL, part->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)file_offset);
	if (at == MAP_FAILED)
		return "their file cannot be mapped";
	madvise(at, part->bytes, MADV_DONTFORK);
	region->parts[region->part_count++] = (struct vfio_part){part->first, part->bytes, at};
	vfio_removal_watch(region->device, at, part->bytes);
	return NULL;
}

/* The reply about a region: the fixed part and room for capabilities. */
struct region_reply {
	struct vfio_region_info info;
	uint8_t caps[USER_PAYLOAD_MAX / 2];
};

/* Maps what may be mapped of a BAR. Without a descriptor, fd -1, that is nothing. */
static int map_region(struct user_device *user, unsigned index, const struct region_reply *reply, size_t bytes, int fd)
{
	struct vfio_region *region = &user->device.regions[index];
	const char *unused, **why = index == VFIO_PCI_BAR0_REGION_INDEX ? &user->unmapped_why : &unused;
	struct vfio_part parts[VFIO_WINDOW_PARTS];
	const char *wrong;
	unsigned count;

	if (fd >= 0 && (!(reply->info.flags & VFIO_REGION_INFO_FLAG_MMAP) || reply->info.size == 0))
		return user_channel_broken(
			&user->channel, "sends a file descriptor for a region that cannot be mapped");
	if ((wrong = vfio_info_region(&user->device, index, reply, bytes, parts, &count)) != NULL)
		return user_channel_broken(&user->channel, wrong);
	/* Capabilities that did not fit were left out, so which areas may be mapped is not known. */
	if (fd < 0 || index > VFIO_PCI_BAR5_REGION_INDEX || reply->info.argsz > sizeof(*reply))
		return 0;
	if (count == 0)
		*why = "they are not in whole pages";
	region->device = &user->device;
	for (unsigned i = 0; i < count; i++)
		*why = map_part(region, fd, reply->info.offset, &parts[i]);
	return 0;
}

static int ask_region(struct user_device *user, unsigned index)
{
	struct region_reply reply;
	const struct vfio_region_info head = {.argsz = sizeof(reply), .index = index};
	int fd, error;
	struct user_call call = {
		.command = VFIO_USER_DEVICE_GET_REGION_INFO,
		.head = &head,
		.head_bytes = sizeof(head),
		.reply = &reply,
		.reply_min = sizeof(reply.info),
		.reply_max = sizeof(reply),
		.reply_fd = &fd,
	};

	if ((error = user_channel_call(&user->channel, &call)) != 0)
		return error;
	if (reply.info.index != index)
		error = user_channel_broken(&user->channel, "answers for another region than it was asked for");
	else
		error = map_region(user, index, &reply, call.reply_bytes, fd);
	if (fd >= 0)
		close(fd);
	return error;
}

static int ask_irq(struct user_device *user, unsigned index)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = index};
	int error = ask(user, VFIO_USER_DEVICE_GET_IRQ_INFO, &info, sizeof(info));

	if (error)
		return error;
	if (info.index != index || info.count > 2048) /* the most that MSI-X has */
		return user_channel_broken(&user->channel, "has an impossible number of interrupts");
	user->device.irq_count[index] = info.flags & VFIO_IRQ_INFO_EVENTFD ? info.count : 0;
	return 0;
}

/* Connects and negotiates. A server that serves another client already looks as if it were broken: it does not answer,
 * or closes the connection, or does not even listen. So before somebody is told to restart what others use, this looks
 * for another client. */
static int connect_to(struct user_device *user)
{
	const char *address = user->device.address, *path = address + strlen(VFIO_USER_PREFIX);
	int error = user_channel_open(&user->channel, path, address, &user->device.loss);
	char name[32];
	pid_t pid;

	if (!error)
		error = negotiate(user);
	if ((error != -ETIMEDOUT && error != -ENODEV && error != -ECONNREFUSED) ||
		!user_holder_find(path, user->channel.socket, &pid, name))
		return error;
	if (pid == getpid())
		return pollux_fail(EBUSY, "%s is open in this process already; close it first", address);
	if (pid)
		return pollux_fail(EBUSY,
			"%s is in use by %s, process %d: a port serves one program at a time; end that one first",
			address, name, (int)pid);
	return pollux_fail(EBUSY,
		"%s is in use by another user's program (as root, ss -xp tells which): a port serves one program at a "
		"time; end that one first",
		address);
}

static int ask_all(struct user_device *user)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	int error = ask(user, VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info));

	if (error)
		return error;
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return pollux_fail(ENOTSUP, "%s: the device is not a PCI device", user->device.address);
	if (info.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX)
		return user_channel_broken(&user->channel, "has no configuration space");
	user->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	/* Not the VGA window behind the configuration space: not every server knows it. */
	for (unsigned i = 0; i <= VFIO_PCI_CONFIG_REGION_INDEX && !error; i++)
		error = ask_region(user, i);
	for (unsigned i = 0; i < info.num_irqs && i < VFIO_PCI_NUM_IRQS && !error; i++)
		error = ask_irq(user, i);
	return error;
}

/* Says whether registers are reached by messages, and why: a doorbell then takes fifty times as long as a store, and
 * nobody would find out otherwise. */
static void set_reached_by(struct user_device *user)
{
	bool mapped = user->device.regions[VFIO_PCI_BAR0_REGION_INDEX].part_count > 0;

	snprintf(user->device.reached_by, sizeof(user->device.reached_by), "vfio-user%s%s",
		mapped ? "" : ", registers by messages, which is slow: ",
		mapped               ? ""
		: user->unmapped_why ? user->unmapped_why
				     : "the device process does not share them");
}

static void release(struct user_device *user)
{
	user_channel_close(&user->channel);
	vfio_unmap_parts(&user->device);
	free(user);
}

static void user_close(struct vfio_device *device)
{
	struct user_device *user = user_of(device);

	dma_space_detach(device->space, &user->mapper);
	release(user);
}

int vfio_user_open(struct vfio_device **result, const char *address, struct dma_space *space)
{
	static const struct vfio_device_ops ops = {
		.access = user_access,
		.window = vfio_region_window,
		.set_irqs = user_set_irqs,
		.reset = user_reset,
		.close = user_close,
	};
	struct user_device *user = calloc(1, sizeof(*user));

	*result = NULL;
	if (!user)
		return pollux_fail(ENOMEM, "%s: no memory for a device", address);
	user->device.ops = &ops;
	user->device.space = space;
	user->device.numa_node = -1;
	snprintf(user->device.address, sizeof(user->device.address), "%s", address);
	user->mapper = (struct dma_mapper){.map = user_dma_map, .unmap = user_dma_unmap};

	int error = connect_to(user);
	if (!error)
		error = ask_all(user);
	if (!error)
		set_reached_by(user);
	if (!error)
		error = vfio_is_conventional(&user->device, &user->mapper.reach.below_4gib);
	if (!error)
		error = dma_space_attach(space, &user->mapper);
	if (error) {
		release(user);
		return error;
	}
	*result = &user->device;
	return 0;
}
