/* SPDX-License-Identifier: BSD-2-Clause
 * What the control paths of all families do with registers: reads that notice a device that is gone, and waits that
 * end. */
#include "../vfio/error.h"
#include "driver.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Where all of these cards have it. No status has all bits set: some are reserved and read 0 (82599 DS 8.2.3.1.2). */
#define STATUS       0x00008u
#define STATUS_LOOKS 5 /* a card that is busy with a reset can read all ones for some milliseconds */

uint32_t nic_gone_retry_us = 3000;

uint64_t nic_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void nic_sleep_us(uint32_t us)
{
	struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

int nic_open_window(struct nic *nic, uint32_t bytes)
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

/* A register that reads all ones may hold just that; STATUS never does. Who refuses is there. */
static void look_for_device(struct nic *nic)
{
	uint64_t refusals = vfio_refusals();
	for (unsigned look = 0; look < STATUS_LOOKS; look++) {
		if (look)
			nic_sleep_us(nic_gone_retry_us);
		if (vfio_read32(&nic->bar, STATUS) != UINT32_MAX || vfio_refusals() != refusals ||
			vfio_device_gone(nic->device))
			return;
	}
	nic->gone = true;
}

/* False, and all ones: refused, or the device is gone. */
static bool read_register(struct nic *nic, uint32_t offset, uint32_t *value)
{
	*value = UINT32_MAX;
	if (nic_gone(nic))
		return false;
	uint64_t refusals = vfio_refusals();
	*value = vfio_read32(&nic->bar, offset);
	if (*value != UINT32_MAX)
		return true;
	if (vfio_refusals() != refusals)
		return false;
	look_for_device(nic);
	return !nic_gone(nic);
}

static int fail_last_refused(struct nic *nic)
{
	struct vfio_refusal last;
	vfio_last_refusal(&last);
	return nic_fail_refused(nic, &last);
}

int nic_read_sure(struct nic *nic, uint32_t offset, uint32_t *value)
{
	if (read_register(nic, offset, value))
		return 0;
	return nic_gone(nic) ? nic_fail_gone(nic) : fail_last_refused(nic);
}

uint32_t nic_read(struct nic *nic, uint32_t offset)
{
	uint32_t value;
	read_register(nic, offset, &value);
	return value;
}

void nic_write(struct nic *nic, uint32_t offset, uint32_t value)
{
	if (!nic_gone(nic))
		vfio_write32(&nic->bar, offset, value);
}

void nic_change(struct nic *nic, uint32_t offset, uint32_t clear, uint32_t set)
{
	uint32_t value;
	if (read_register(nic, offset, &value))
		nic_write(nic, offset, (value & ~clear) | set);
}

/* ---- Refused accesses ---- */

static const struct nic_register *find_register(const struct nic_driver *driver, uint32_t offset)
{
	for (unsigned i = 0; i < driver->register_count; i++) {
		const struct nic_register *row = &driver->registers[i];
		uint32_t beyond = offset - row->offset;
		if (offset == row->offset || (row->stride && offset > row->offset && beyond % row->stride == 0 &&
						     beyond / row->stride < row->count))
			return row;
	}
	return NULL;
}

int nic_fail_refused(struct nic *nic, const struct vfio_refusal *refusal)
{
	bool bar = refusal->region == VFIO_PCI_BAR0_REGION_INDEX;
	const struct nic_register *row = bar ? find_register(nic->driver, refusal->offset) : NULL;
	return pollux_fail(EIO,
		"%s: the device refuses to have %s (0x%05x) %s: %s; it is no complete %s, or its %s tells why",
		nic->device->address,
		row   ? row->name
		: bar ? "a register"
		      : "configuration space",
		refusal->offset, refusal->write ? "written" : "read", strerror(refusal->error), nic->id->name,
		strncmp(nic->device->way, "vfio-user", 9) == 0 ? "process" : "kernel log");
}

int nic_check(struct nic *nic, uint64_t before, int ret)
{
	return vfio_refusals() != before && !nic_gone(nic) ? fail_last_refused(nic) : ret;
}

int nic_wait(struct nic *nic, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us)
{
	uint64_t deadline = nic_now_us() + limit_us;
	uint32_t step = 10;
	for (;;) {
		/* before the read: a thread that was not scheduled for long looks once more before it gives up */
		bool late = nic_now_us() >= deadline;
		uint32_t now;
		int ret = nic_read_sure(nic, offset, &now);
		if (ret)
			return ret;
		if ((now & mask) == value)
			return 0;
		if (late)
			return -ETIMEDOUT;
		nic_sleep_us(step);
		if (step < 1000)
			step *= 2;
	}
}

bool nic_read_count(struct nic *nic, uint32_t offset, uint64_t *count)
{
	uint32_t value;
	bool counted = read_register(nic, offset, &value);
	*count = counted ? value : 0;
	return counted;
}

uint64_t nic_count(struct nic *nic, uint32_t offset)
{
	uint64_t count;
	nic_read_count(nic, offset, &count);
	return count;
}
