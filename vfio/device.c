/* SPDX-License-Identifier: BSD-2-Clause
 * What is the same for every way of reaching a device: choosing the way by address, configuration space, doorbells. */
#include "device.h"

#include "error.h"
#include "kernel.h"
#include "user.h"

#include <ctype.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

/* "dddd:bb:dd.f", all hexadecimal, the function 0 to 7. */
static bool is_pci_address(const char *address)
{
	static const char form[] = "xxxx:xx:xx.f";

	if (strlen(address) != sizeof(form) - 1)
		return false;
	for (unsigned i = 0; form[i]; i++) {
		char c = address[i];

		if (form[i] == 'x' ? !isxdigit((unsigned char)c) : form[i] == 'f' ? c < '0' || c > '7' : c != form[i])
			return false;
	}
	return true;
}

int vfio_device_open(struct vfio_device **device, const char *address, struct dma_space *space)
{
	if (!device)
		return pollux_fail(EINVAL, "no place to put the device");
	*device = NULL;
	if (!address || !space)
		return pollux_fail(EINVAL, "a device needs an address and a DMA space");
	if (strnlen(address, VFIO_ADDRESS_MAX) == VFIO_ADDRESS_MAX)
		return pollux_fail(EINVAL, "a device's address has at most %d characters", VFIO_ADDRESS_MAX - 1);
	if (strncmp(address, VFIO_USER_PREFIX, strlen(VFIO_USER_PREFIX)) == 0)
		return vfio_user_open(device, address, space);
	if (is_pci_address(address))
		return vfio_kernel_open(device, address, space);
	return pollux_fail(
		EINVAL, "'%s' is not a device's address; give vfio-user:/path/to/socket or a PCI address like 0000:03:00.0", address);
}

void vfio_device_close(struct vfio_device *device)
{
	if (device)
		device->ops->close(device);
}

uint32_t vfio_config_read(struct vfio_device *device, unsigned offset, unsigned bytes)
{
	uint8_t data[4];
	uint32_t ones = bytes >= 4 ? UINT32_MAX : (1u << (8 * bytes)) - 1, value = 0;

	if ((bytes != 1 && bytes != 2 && bytes != 4) || vfio_device_gone(device))
		return ones;
	if (device->ops->read(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, data, bytes) != 0)
		return ones;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)data[i] << (8 * i);
	return value;
}

int vfio_config_write(struct vfio_device *device, unsigned offset, unsigned bytes, uint32_t value)
{
	uint8_t data[4];

	if (bytes != 1 && bytes != 2 && bytes != 4)
		return pollux_fail(EINVAL, "%s: configuration space is written in 1, 2 or 4 bytes, not %u", device->address, bytes);
	if (vfio_device_gone(device))
		return pollux_fail(ENODEV, "%s: the device is gone", device->address);
	for (unsigned i = 0; i < bytes; i++)
		data[i] = (uint8_t)(value >> (8 * i));
	return device->ops->write(device, VFIO_PCI_CONFIG_REGION_INDEX, offset, data, bytes);
}

int vfio_set_bus_master(struct vfio_device *device, bool on)
{
	const uint32_t ours = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	const uint32_t wanted = PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0);
	uint32_t command = vfio_config_read(device, PCI_COMMAND, 2);
	int error;

	if (command == 0xffff)
		return pollux_fail(ENODEV, "%s: the device is gone: its configuration space reads all ones", device->address);
	if ((error = vfio_config_write(device, PCI_COMMAND, 2, (command & ~ours) | wanted)) != 0)
		return error;
	command = vfio_config_read(device, PCI_COMMAND, 2);
	if (command == 0xffff)
		return pollux_fail(ENODEV, "%s: the device is gone: its configuration space reads all ones", device->address);
	if ((command & ours) != wanted)
		return pollux_fail(EIO,
			"%s: bus mastering cannot be switched %s: PCI COMMAND reads back 0x%04x; reset or replug the device",
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

static uint32_t region_read32(void *context, uint32_t offset)
{
	struct vfio_region *region = context;
	uint32_t value;

	if (vfio_device_gone(region->device) || region->device->ops->read(region->device, region->index, offset, &value, 4) != 0)
		return UINT32_MAX;
	return value; /* registers are little-endian, as we are */
}

static void region_write32(void *context, uint32_t offset, uint32_t value)
{
	struct vfio_region *region = context;

	if (!vfio_device_gone(region->device))
		region->device->ops->write(region->device, region->index, offset, &value, 4);
}

int vfio_region_window(struct vfio_device *device, unsigned region, struct vfio_window *window)
{
	struct vfio_region *r;

	*window = (struct vfio_window){0};
	if (vfio_device_gone(device))
		return pollux_fail(ENODEV, "%s: the device is gone", device->address);
	if (region > VFIO_PCI_BAR5_REGION_INDEX || device->region_bytes[region] == 0)
		return pollux_fail(EINVAL, "%s: the device has no BAR%u", device->address, region);
	r = &device->regions[region];
	r->device = device;
	r->index = region;
	window->bytes = device->region_bytes[region];
	window->read32 = region_read32;
	window->write32 = region_write32;
	window->context = r;
	window->part_count = r->part_count;
	memcpy(window->parts, r->parts, sizeof(window->parts));
	return 0;
}
