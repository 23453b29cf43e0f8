/* SPDX-License-Identifier: BSD-2-Clause
 * Sentences for what all control paths may find: a device that is gone or refuses an access, a wait that ran out. */
#include "fail.h"
#include "../vfio/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int fail_gone(const struct nic *nic)
{
	return pollux_fail(ENODEV, "%s: the device is gone: %s", nic->device->address,
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
	return pollux_fail(EIO,
		"%s: the device refuses to have %s (0x%05x) %s: %s; it is no complete %s, or its %s tells why",
		nic->device->address,
		row   ? row->name
		: bar ? "a register"
		      : "configuration space",
		refusal->offset, refusal->write ? "written" : "read", strerror(refusal->error), nic->id->name,
		strncmp(nic->device->reached_by, "vfio-user", 9) == 0 ? "process" : "kernel log");
}

int fail_last_refused(const struct nic *nic)
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
	return pollux_fail(ETIMEDOUT, "%s: %s%s.%s %s within %u ms: %s", nic->device->address,
		row ? row->name : "a register", index, field, to_set ? "was not set" : "did not clear", limit_us / 1000,
		remedy);
}
