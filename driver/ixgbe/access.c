/* SPDX-License-Identifier: BSD-2-Clause
 * Register access of the ixgbe control path: reads that notice a device that is gone, and waits that end. */
#include "ixgbe.h"

#include <errno.h>
#include <time.h>

/* Limits are the datasheet's where it has one; 1 s is generous for the others. Settling: the datasheet asks for 10 ms after a reset,
 * but boards are known that need more. */
struct ixgbe_times ixgbe_times = {
	.gone_retry = 3000,
	.quiesce = 2000,
	.master_disable = 80000,
	.pending = 100000,
	.flush = 20,
	.reset_quiet = 1000,
	.reset = 1000000,
	.settle_82599 = 50000,
	.settle_x540 = 100000,
	.auto_read = 1000000,
	.dma_init = 1000000,
	.security = 40000,
	.queue = 100000,
	.queue_off = 100,
	.drain = 100000,
	.smbi = 10000,
	.swesmbi = 3000000,
	.resource = 1000000,
};

#define STATUS_LOOKS 5 /* a card that is busy with a reset can read all ones for some milliseconds */

uint64_t ixgbe_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void ixgbe_sleep_us(uint32_t us)
{
	struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* A register that reads all ones may hold just that; STATUS never does (DS 8.2.3.1.2: reserved bits read 0). */
static void look_for_device(struct ixgbe *ix)
{
	for (unsigned look = 0; look < STATUS_LOOKS; look++) {
		if (look)
			ixgbe_sleep_us(ixgbe_times.gone_retry);
		if (vfio_read32(&ix->bar, IXGBE_STATUS) != UINT32_MAX)
			return;
		if (vfio_device_gone(ix->nic.device))
			break;
	}
	ix->nic.gone = true;
}

uint32_t ixgbe_read(struct ixgbe *ix, uint32_t offset)
{
	if (nic_gone(&ix->nic))
		return UINT32_MAX;
	uint32_t value = vfio_read32(&ix->bar, offset);
	if (value == UINT32_MAX)
		look_for_device(ix);
	return value;
}

void ixgbe_write(struct ixgbe *ix, uint32_t offset, uint32_t value)
{
	if (!nic_gone(&ix->nic))
		vfio_write32(&ix->bar, offset, value);
}

void ixgbe_change(struct ixgbe *ix, uint32_t offset, uint32_t clear, uint32_t set)
{
	uint32_t value = ixgbe_read(ix, offset);
	ixgbe_write(ix, offset, (value & ~clear) | set);
}

int ixgbe_wait(struct ixgbe *ix, uint32_t offset, uint32_t mask, uint32_t value, uint32_t limit_us)
{
	uint64_t deadline = ixgbe_now_us() + limit_us;
	uint32_t step = 10;
	for (;;) {
		/* before the read: a thread that was not scheduled for long looks once more before it gives up */
		bool late = ixgbe_now_us() >= deadline;
		uint32_t now = ixgbe_read(ix, offset);
		if (nic_gone(&ix->nic))
			return nic_fail_gone(&ix->nic);
		if ((now & mask) == value)
			return 0;
		if (late)
			return -ETIMEDOUT;
		ixgbe_sleep_us(step);
		if (step < 1000)
			step *= 2;
	}
}
