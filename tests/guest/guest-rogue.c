/* SPDX-License-Identifier: BSD-2-Clause
 * guest-rogue: makes a card read a transmit ring from an I/O address that is mapped for nobody, as a driver with a bug
 * would. Knows no driver, but a handful of registers of the 82540EM, 82574L and 82576. */
#include "../../vfio/device.h"
#include "../../vfio/error.h"
#include "../../vfio/space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNMAPPED 0x12345000u
#define TCTL     0x0400u
#define TCTL_EN  2u
#define QUEUE_ON (1u << 25) /* TXDCTL.ENABLE, where a queue has it */

/* Where TDBAL is; TDBAH, TDLEN, TDH, TDT and TXDCTL follow at the same distances. The 82576 has it elsewhere than its
 * elders. */
static uint32_t ring_of(uint16_t device)
{
	return device == 0x10c9 ? 0xe000 : 0x3800;
}

int main(int argc, char **argv)
{
	struct vfio_device *device;
	struct vfio_window bar;
	struct dma_space *space;

	if (argc != 2) {
		fprintf(stderr, "Usage: guest-rogue PORT\n");
		return 2;
	}
	if (dma_space_open(&space) || vfio_device_open(&device, argv[1], space) ||
		device->ops->window(device, 0, &bar) || vfio_set_bus_master(device, true)) {
		fprintf(stderr, "guest-rogue: %s\n", pollux_error());
		return 1;
	}
	uint16_t id = (uint16_t)vfio_config_read(device, 2, 2);
	uint32_t ring = ring_of(id);
	vfio_write32(&bar, TCTL, TCTL_EN);
	vfio_write32(&bar, ring, UNMAPPED);
	vfio_write32(&bar, ring + 0x04, 0);
	vfio_write32(&bar, ring + 0x08, 8 * 16);
	vfio_write32(&bar, ring + 0x10, 0);
	vfio_write32(&bar, ring + 0x28, QUEUE_ON);
	usleep(20000);
	vfio_write32(&bar, ring + 0x18, 4);
	usleep(500000);
	printf("%04x: TDH is %u after TDT was 4\n", id, vfio_read32(&bar, ring + 0x10));
	vfio_set_bus_master(device, false);
	vfio_device_close(device);
	dma_space_unref(space);
	return 0;
}
