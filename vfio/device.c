/* SPDX-License-Identifier: BSD-2-Clause
 * What is the same for every way of reaching a device: accesses that are refused, configuration space, doorbells, and
 * answers of VFIO. */
#include "error.h"
#include "removal.h"
#include "transports.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>

#define CONFIG_BYTES_MIN 256 /* conventional PCI; 4096 for PCI Express */
#define PAGE_BYTES       4096

void vfio_device_close(struct vfio_device *device)
{
	if (device)
		device->ops->close(device);
}

int vfio_fail_gone(const struct vfio_device *device)
{
	return pollux_fail(ENODEV, "%s: the device is gone: %s", device->address, device->loss.why);
}

int vfio_access(struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	int error;

	if (vfio_device_gone(device))
		error = vfio_fail_gone(device);
	else if (region >= VFIO_PCI_NUM_REGIONS || offset > device->region_bytes[region] ||
		 bytes > device->region_bytes[region] - offset)
		error = pollux_fail(EINVAL, "%s: no %zu bytes at 0x%llx of region %u", device->address, bytes,
			(unsigned long long)offset, region);
	else
		error = device->ops->access(device, region, offset, in, out, bytes);
	if (error && in)
		memset(in, 0xff, bytes);
	return error;
}

int vfio_set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds)
{
	int error = 0;

	if (vfio_device_gone(device))
		return vfio_fail_gone(device);
	if (index >= VFIO_PCI_NUM_IRQS || count > device->irq_count[index])
		return pollux_fail(
			EINVAL, "%s: the device has no %u interrupts of kind %u", device->address, count, index);
	/* Many kernels allocate more vectors only after they have freed those that there are; and all of them refuse to
	 * turn off what is not on. */
	if (device->irqs_on[index] && device->irqs_on[index] != count) {
		if ((error = device->ops->set_irqs(device, index, 0, NULL)) != 0)
			return error;
		device->irqs_on[index] = 0;
	}
	/* A queue's thread may arm INTx again meanwhile, which writes nothing here */
	if (count && (error = device->ops->set_irqs(device, index, count, eventfds)) == 0 &&
		device->irqs_on[index] != count)
		device->irqs_on[index] = count;
	return error;
}

/* ---- Refused accesses ---- */

/* Of the calling thread's accesses, to any device: if another thread rings a doorbell in vain, this thread's control
 * call has not failed. */
static _Thread_local uint64_t refusals;
static _Thread_local struct vfio_refusal last_refused;

void vfio_note_refusal(struct vfio_device *device, const struct vfio_refusal *refusal)
{
	last_refused = *refusal;
	refusals++;
	for (unsigned i = 0; i < VFIO_REFUSALS; i++) {
		struct vfio_refusal there = {.error = 0};

		if (__atomic_compare_exchange(
			    &device->refused[i], &there, &last_refused, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
			memcmp(&there, refusal, sizeof(there)) == 0)
			break;
	}
}

bool vfio_refusal(const struct vfio_device *device, unsigned i, struct vfio_refusal *refusal)
{
	*refusal = (struct vfio_refusal){.error = 0};
	if (i < VFIO_REFUSALS)
		__atomic_load(&device->refused[i], refusal, __ATOMIC_RELAXED);
	return refusal->error != 0;
}

uint64_t vfio_refusals(void)
{
	return refusals;
}

void vfio_last_refusal(struct vfio_refusal *refusal)
{
	*refusal = last_refused;
}

/* vfio_access of a register, which notes when that is refused. */
static int access_noted(
	struct vfio_device *device, unsigned region, uint32_t offset, void *in, const void *out, unsigned bytes)
{
	if (bytes != 1 && bytes != 2 && bytes != 4)
		return pollux_fail(EINVAL, "%s: registers have 1, 2 or 4 bytes, not %u", device->address, bytes);
	int error = vfio_access(device, region, offset, in, out, bytes);
	if (error && !vfio_device_gone(device))
		vfio_note_refusal(
			device, &(struct vfio_refusal){offset, (uint8_t)region, out != NULL, (uint16_t)-error});
	return error;
}

/* ---- Configuration space ---- */

/* Configuration space is little-endian, as we are. */
static int config_read(struct vfio_device *device, unsigned offset, unsigned bytes, uint32_t *value)
{
	*value = bytes < 4 ? 0 : UINT32_MAX;
	return access_noted(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, value, NULL, bytes);
}

uint32_t vfio_config_read(struct vfio_device *device, unsigned offset, unsigned bytes)
{
	uint32_t value;

	config_read(device, offset, bytes, &value);
	return value;
}

int vfio_config_write(struct vfio_device *device, unsigned offset, unsigned bytes, uint32_t value)
{
	return access_noted(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, NULL, &value, bytes);
}

unsigned vfio_find_capability(struct vfio_device *device, unsigned id)
{
	if (!(vfio_config_read(device, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	unsigned at = vfio_config_read(device, PCI_CAPABILITY_LIST, 1) & 0xFC;
	/* 48 capabilities fill configuration space: a longer list is a loop. */
	for (unsigned i = 0; i < 48 && at >= 0x40 && at <= 0xF0; i++) {
		uint32_t head = vfio_config_read(device, at, 2);

		if ((head & 0xFF) == id)
			return at;
		at = (head >> 8) & 0xFC;
	}
	return 0;
}

int vfio_is_conventional(struct vfio_device *device, bool *conventional)
{
	const uint64_t before = vfio_refusals();

	*conventional = !vfio_find_capability(device, PCI_CAP_ID_EXP);
	return vfio_refusals() == before && !vfio_device_gone(device) ? 0 : pollux_failure_last().error;
}

static int read_command(struct vfio_device *device, uint32_t *command)
{
	int error = config_read(device, PCI_COMMAND, 2, command);

	if (!error && *command == 0xffff)
		return pollux_fail(
			ENODEV, "%s: the device is gone: its configuration space reads all ones", device->address);
	return error;
}

int vfio_set_bus_master(struct vfio_device *device, bool on)
{
	const uint32_t ours = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	const uint32_t wanted = PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0);
	uint32_t command;
	int error;

	if ((error = read_command(device, &command)) != 0 ||
		(error = vfio_config_write(device, PCI_COMMAND, 2, (command & ~ours) | wanted)) != 0 ||
		(error = read_command(device, &command)) != 0)
		return error;
	if ((command & ours) != wanted)
		return pollux_fail(EIO,
			"%s: bus mastering cannot be switched %s: PCI COMMAND reads back 0x%04x; reset or replug the "
			"device",
			device->address, on ? "on" : "off", command);
	return 0;
}

volatile uint32_t *vfio_doorbell(const struct vfio_window *window, uint32_t offset)
{
	if (offset % 4 || (uint64_t)offset + 4 > window->bytes)
		return NULL;
	if (window->memory)
		return (volatile uint32_t *)(window->memory + offset);
	for (unsigned i = 0; i < window->part_count; i++) {
		const struct vfio_part *part = &window->parts[i];

		if (offset >= part->first && part->bytes >= 4 && offset - part->first <= part->bytes - 4)
			return (volatile uint32_t *)(part->at + (offset - part->first));
	}
	return NULL;
}

/* Registers are little-endian, as we are. */
static uint32_t region_read32(void *context, uint32_t offset)
{
	struct vfio_region *region = context;
	uint32_t value;

	access_noted(region->device, region->index, offset, &value, NULL, 4);
	return value;
}

static void region_write32(void *context, uint32_t offset, uint32_t value)
{
	struct vfio_region *region = context;

	access_noted(region->device, region->index, offset, NULL, &value, 4);
}

int vfio_region_window(struct vfio_device *device, unsigned region, struct vfio_window *window)
{
	*window = (struct vfio_window){0};
	if (vfio_device_gone(device))
		return vfio_fail_gone(device);
	if (region > VFIO_PCI_BAR5_REGION_INDEX || device->region_bytes[region] == 0)
		return pollux_fail(EINVAL, "%s: the device has no BAR%u", device->address, region);
	struct vfio_region *r = &device->regions[region];
	r->device = device;
	r->index = region;
	window->bytes = device->region_bytes[region];
	window->read32 = region_read32;
	window->write32 = region_write32;
	window->context = r;
	window->part_count = r->part_count;
	window->parts = r->parts;
	return 0;
}

void vfio_unmap_parts(struct vfio_device *device)
{
	for (struct vfio_region *r = device->regions; r < device->regions + VFIO_PCI_NUM_REGIONS; r++)
		while (r->part_count) {
			const struct vfio_part *part = &r->parts[--r->part_count];

			if (part->at) {
				vfio_removal_forget(part->at);
				munmap((void *)(uintptr_t)part->at, part->bytes);
			}
		}
}

/* ---- Answers, whose sizes and offsets are checked before they are followed ---- */

int vfio_info_find(const void *answer, size_t bytes, size_t head_bytes, uint32_t first, uint16_t id, size_t cap_bytes)
{
	for (uint32_t at = first; at;) {
		struct vfio_info_cap_header cap;

		if (at < head_bytes || at > bytes || bytes - at < sizeof(cap))
			return -EPROTO;
		memcpy(&cap, (const uint8_t *)answer + at, sizeof(cap));
		if (cap.id == id)
			return bytes - at < cap_bytes ? -EPROTO : (int)at;
		if (cap.next && cap.next < at + sizeof(cap)) /* a chain that only goes forwards has no loop */
			return -EPROTO;
		at = cap.next;
	}
	return 0;
}

const char *vfio_info_region(struct vfio_device *device, unsigned index, const void *answer, size_t bytes,
	struct vfio_part parts[VFIO_WINDOW_PARTS], unsigned *count)
{
	struct vfio_region_info_cap_sparse_mmap sparse;
	struct vfio_region_info info;

	memcpy(&info, answer, sizeof(info));
	device->region_bytes[index] = info.size;
	if (info.size > INT64_MAX)
		return "has a region of impossible size";
	if (index == VFIO_PCI_CONFIG_REGION_INDEX && info.size < CONFIG_BYTES_MIN)
		return "has a configuration space of less than 256 bytes";
	int at = vfio_info_find(answer, bytes, sizeof(info),
		info.flags & VFIO_REGION_INFO_FLAG_CAPS ? info.cap_offset : 0, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
		sizeof(sparse));
	if (at < 0)
		return "has a region's capabilities outside its answer or in a loop";
	*count = at == 0 && info.size != 0;
	parts[0] = (struct vfio_part){.bytes = info.size};
	if (at == 0)
		return NULL;
	const uint8_t *list = (const uint8_t *)answer + at + sizeof(sparse);
	memcpy(&sparse, list - sizeof(sparse), sizeof(sparse));
	/* A list of another version says nothing that we know. Nothing is mapped then: a register write stored to where
	 * the device does not look would be lost, while reads and writes by message or system call always arrive. */
	if (sparse.header.version != 1)
		return NULL;
	if (sparse.nr_areas > (bytes - (size_t)at - sizeof(sparse)) / sizeof(struct vfio_region_sparse_mmap_area))
		return "has more mappable areas than its answer holds";
	for (uint32_t i = 0; i < sparse.nr_areas; i++) {
		struct vfio_region_sparse_mmap_area area;

		memcpy(&area, list + i * sizeof(area), sizeof(area));
		if (area.offset > info.size || area.size > info.size - area.offset)
			return "has a mappable area outside its region";
		if (area.size && (area.offset | area.size) % PAGE_BYTES == 0 && *count < VFIO_WINDOW_PARTS)
			parts[(*count)++] = (struct vfio_part){.first = area.offset, .bytes = area.size};
	}
	return NULL;
}
