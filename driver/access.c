/* SPDX-License-Identifier: BSD-2-Clause
 * Registers, for the control paths of all families: reads that notice a device that is gone, and waits that end. */
#include "access.h"
#include "../vfio/error.h"
#include "clock.h"
#include "fail.h"

#include <errno.h>

/* All of these cards have STATUS there. It never reads all ones: some bits are reserved and 0 (82599 DS 8.2.3.1.2). */
#define STATUS       0x00008u
#define STATUS_LOOKS 5 /* a card that is busy with a reset can read all ones for some milliseconds */

uint32_t reg_gone_retry_us = 3000;

int reg_open_window(struct nic *nic, uint32_t bytes)
{
	struct vfio_device *device = nic->device;
	int ret = device->ops->window(device, VFIO_PCI_BAR0_REGION_INDEX, &nic->bar);
	if (ret)
		return ret;
	if (nic->bar.bytes < bytes)
		return pollux_fail(EPROTO, "%s: BAR0 has %llu bytes, but %s needs %u: this is not such a card",
			device->address, (unsigned long long)nic->bar.bytes, nic->id->name, bytes);
	return 0;
}

/* A register that reads all ones may hold just that; STATUS never does. A device that refuses to have it read is there.
 */
static void look_for_device(struct nic *nic)
{
	uint64_t refusals = vfio_refusals();
	for (unsigned look = 0; look < STATUS_LOOKS; look++) {
		if (look)
			clock_sleep_us(reg_gone_retry_us);
		if (vfio_read32(&nic->bar, STATUS) != UINT32_MAX || vfio_refusals() != refusals ||
			vfio_device_gone(nic->device))
			return;
	}
	nic->gone = true;
}

/* False, with all ones in *value: the device refuses, or is gone. */
static bool read_register(struct nic *nic, uint32_t offset, uint32_t *value)
{
	*value = UINT32_MAX;
	if (port_gone(nic))
		return false;
	uint64_t refusals = vfio_refusals();
	*value = vfio_read32(&nic->bar, offset);
	if (*value != UINT32_MAX)
		return true;
	if (vfio_refusals() != refusals)
		return false;
	look_for_device(nic);
	return !port_gone(nic);
}

int reg_read_sure(struct nic *nic, uint32_t offset, uint32_t *value)
{
	if (read_register(nic, offset, value))
		return 0;
	return port_gone(nic) ? fail_gone(nic) : fail_last_refused(nic);
}

uint32_t reg_read(struct nic *nic, uint32_t offset)
{
	uint32_t value;
	read_register(nic, offset, &value);
	return value;
}

void reg_write(struct nic *nic, uint32_t offset, uint32_t value)
{
	if (!port_gone(nic))
		vfio_write32(&nic->bar, offset, value);
}

void reg_change(struct nic *nic, uint32_t offset, uint32_t clear, uint32_t set)
{
	uint32_t value;
	if (read_register(nic, offset, &value))
		reg_write(nic, offset, (value & ~clear) | set);
}

int reg_poll(struct nic *nic, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us)
{
	uint64_t deadline = clock_now_us() + limit_us;
	uint32_t step = 10;
	for (;;) {
		/* Taken before the read: a thread that did not run for long reads once more before it gives up */
		bool late = clock_now_us() >= deadline;
		uint32_t now;
		int ret = reg_read_sure(nic, offset, &now);
		if (ret)
			return ret;
		if ((now & mask) == value)
			return 0;
		if (late)
			return -ETIMEDOUT;
		clock_sleep_us(step);
		if (step < 1000)
			step *= 2;
	}
}

bool reg_claim(struct nic *nic, uint32_t offset, uint32_t bit, uint32_t limit_us)
{
	uint64_t deadline = clock_now_us() + limit_us;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		reg_change(nic, offset, 0, bit);
		int ret = reg_poll(nic, offset, bit, bit, 0);
		if (ret != -ETIMEDOUT || late)
			return ret == 0;
		clock_sleep_us(100);
	}
}

int reg_wait_set(
	struct nic *nic, uint32_t offset, uint32_t bits, uint32_t limit_us, const char *field, const char *remedy)
{
	int ret = reg_poll(nic, offset, bits, bits, limit_us);
	return ret == -ETIMEDOUT ? fail_wait(nic, offset, field, true, limit_us, remedy) : ret;
}

int reg_wait_clear(
	struct nic *nic, uint32_t offset, uint32_t bits, uint32_t limit_us, const char *field, const char *remedy)
{
	int ret = reg_poll(nic, offset, bits, 0, limit_us);
	return ret == -ETIMEDOUT ? fail_wait(nic, offset, field, false, limit_us, remedy) : ret;
}

uint64_t reg_count(struct nic *nic, uint32_t offset)
{
	uint32_t value;
	return read_register(nic, offset, &value) ? value : 0;
}
