/* SPDX-License-Identifier: BSD-2-Clause
 * How the control paths of all families reach a card: sentences for a device that is gone or refuses an access, reads
 * that notice it, waits that end; and the end of all DMA, which includes the card's reset. */
#include "access.h"
#include "../vfio/error.h"
#include "clock.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* All of these cards have STATUS there. It never reads all ones: some bits are reserved and 0 (82599 DS 8.2.3.1.2). */
#define STATUS       0x00008u
#define STATUS_LOOKS 5 /* a card that is busy with a reset can read all ones for some milliseconds */

uint32_t reg_gone_retry_us = 3000;

/* ---- failures ---- */

int fail_port(const struct nic *nic, int error, const char *format, ...)
{
	struct pollux_failure failure;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(failure.sentence, sizeof(failure.sentence), format, arguments);
	va_end(arguments);
	return pollux_fail(error, "%s: %s", nic->device->address, failure.sentence);
}

int fail_gone(const struct nic *nic)
{
	return fail_port(nic, ENODEV, "the device is gone: %s",
		nic->gone ? "its registers read all ones, as of a card that is unplugged or has no power"
			  : nic->device->loss.why);
}

int fail_if_gone(const struct nic *nic)
{
	return port_gone(nic) ? fail_gone(nic) : 0;
}

static const struct driver_register *find_register(const struct driver *driver, uint32_t offset)
{
	for (unsigned i = 0; i < driver->register_count; i++) {
		const struct driver_register *row = &driver->registers[i];
		uint32_t beyond = offset - row->offset;
		if (offset == row->offset || (row->stride && offset > row->offset && beyond % row->stride == 0 &&
						     beyond / row->stride < row->count))
			return row;
	}
	return NULL;
}

int fail_refused(const struct nic *nic, const struct vfio_refusal *refusal)
{
	bool bar = refusal->region == VFIO_PCI_BAR0_REGION_INDEX;
	const struct driver_register *row = bar ? find_register(nic->driver, refusal->offset) : NULL;
	return fail_port(nic, EIO,
		"the device refuses to have %s (0x%05x) %s: %s; it is no complete %s, or its %s tells why",
		row   ? row->name
		: bar ? "a register"
		      : "configuration space",
		refusal->offset, refusal->write ? "written" : "read", strerror(refusal->error), nic->id->name,
		strncmp(nic->device->reached_by, "vfio-user", 9) == 0 ? "process" : "kernel log");
}

/* The same, of the calling thread's last access that was refused; there was one. */
static int fail_last_refused(const struct nic *nic)
{
	struct vfio_refusal last;
	vfio_last_refusal(&last);
	return fail_refused(nic, &last);
}

int fail_if_refused(const struct nic *nic, uint64_t before, int ret)
{
	return vfio_refusals() != before && !port_gone(nic) ? fail_last_refused(nic) : ret;
}

int fail_wait(
	const struct nic *nic, uint32_t offset, const char *field, bool to_set, uint32_t limit_us, const char *remedy)
{
	const struct driver_register *row = find_register(nic->driver, offset);
	char index[16] = "";
	if (row && row->count > 1)
		snprintf(index, sizeof(index), "[%u]", (offset - row->offset) / row->stride);
	return fail_port(nic, ETIMEDOUT, "%s%s.%s %s within %u ms: %s", row ? row->name : "a register", index, field,
		to_set ? "was not set" : "did not clear", limit_us / 1000, remedy);
}

/* ---- registers ---- */

int reg_open_window(struct nic *nic, uint32_t bytes)
{
	struct vfio_device *device = nic->device;
	int ret = device->ops->window(device, VFIO_PCI_BAR0_REGION_INDEX, &nic->bar);
	if (ret)
		return ret;
	if (nic->bar.bytes < bytes)
		return fail_port(nic, EPROTO, "BAR0 has %llu bytes, but %s needs %u: this is not such a card",
			(unsigned long long)nic->bar.bytes, nic->id->name, bytes);
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
	__atomic_store_n(&nic->gone, true, __ATOMIC_RELEASE); /* for nic_wait */
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

/* ---- the bus ---- */

void bus_wait_transactions(struct nic *nic, uint32_t limit_us)
{
	unsigned pcie = vfio_find_capability(nic->device, PCI_CAP_ID_EXP);
	uint64_t deadline = clock_now_us() + limit_us;
	while (pcie && !port_gone(nic) && clock_now_us() < deadline &&
		(vfio_config_read(nic->device, pcie + PCI_EXP_DEVSTA, 2) & PCI_EXP_DEVSTA_TRPND))
		clock_sleep_us(100);
}

int bus_master_off(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, vfio_set_bus_master(device, false));
	/* the last resort: a function reset clears COMMAND too */
	if (failure.error && !port_gone(nic) && device->ops->reset)
		device->ops->reset(device);
	return pollux_failure_restore(&failure);
}

int bus_halt(struct nic *nic)
{
	struct pollux_failure failure = {.error = 0};
	uint64_t refusals = vfio_refusals();
	int ret = port_gone(nic) ? fail_gone(nic) : nic->driver->ops->reset(nic);
	pollux_failure_keep(&failure, fail_if_refused(nic, refusals, ret));
	/* A card whose registers read all ones may still reach memory, which is about to be used for other things. So
	 * its configuration space is written even then. */
	if (!vfio_device_gone(nic->device))
		pollux_failure_keep(&failure, bus_master_off(nic));
	nic->freshly_reset = failure.error == 0;
	return pollux_failure_restore(&failure);
}
