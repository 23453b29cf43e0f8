/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the device of known capacity: how many frames it hands on, and when. */
#include "../model/wire/device.h"

#include "unit.h"
#include <stdio.h>

static const uint8_t bytes[60];
static const struct model_frame frame = {.data = bytes, .len = sizeof(bytes)};

/** Takes out all that has left by then. @return how many */
static unsigned leave(struct device *device, uint64_t now_ns)
{
	struct model_frame left;
	unsigned n = 0;

	for (; device_peek(device, now_ns, &left); device_pop(device), n++)
		ASSERT_NUMBER(left.len, sizeof(bytes));
	return n;
}

/** Offers frames evenly, so many a second, for a second, and lets the queue run dry. */
static struct device_counts offered(const struct device_config *config, double pps)
{
	struct device *device = device_open(config);
	const uint64_t start_ns = UINT64_C(1) << 53; /* months of uptime */
	uint64_t now_ns = start_ns;

	for (unsigned i = 0; i < (unsigned)pps; i++) {
		now_ns = start_ns + (uint64_t)(i * 1e9 / pps);
		leave(device, now_ns);
		device_take(device, &frame, now_ns);
	}
	leave(device, now_ns + 11000000000u);
	struct device_counts c = device_counts(device);
	device_close(device);
	ASSERT_NUMBER(c.in, (uint64_t)pps);
	ASSERT_NUMBER(c.lost + c.full + c.out, c.in);
	return c;
}

static void up_to_its_rate_nothing_is_lost(void)
{
	const struct device_config one = {.rate_pps = 3e6, .queue = 1}, many = {.rate_pps = 3e5, .queue = 1000};

	/* A queue of one has room for the frame that is served, whose time ends in the same nanosecond as the next
	 * comes. */
	ASSERT_NUMBER(offered(&one, 2.99e6).full, 0);
	ASSERT_NUMBER(offered(&many, 3e5).full, 0);
}

static void above_its_rate_all_but_a_queue_is_lost(void)
{
	const struct device_config config = {.rate_pps = 3e5, .queue = 1000};
	struct device_counts c = offered(&config, 4e5);

	/* 300,000 are served in the second, and those that wait at its end. */
	CU_ASSERT_TRUE(c.out >= 300998 && c.out <= 301001);
	ASSERT_NUMBER(offered(&config, 300900).full, 0);
	CU_ASSERT_TRUE(offered(&config, 301100).full > 0);
}

static void a_share_is_lost_the_same_in_each_run(void)
{
	const struct device_config config = {.loss = 0.01}, all = {.loss = 1};
	struct device_counts c = offered(&config, 1e6);

	/* The standard deviation is 99.5. */
	CU_ASSERT_TRUE(c.lost > 9600 && c.lost < 10400);
	ASSERT_NUMBER(c.full, 0);
	ASSERT_NUMBER(offered(&config, 1e6).lost, c.lost);
	ASSERT_NUMBER(offered(&all, 1000).lost, 1000);
}

static void frames_leave_when_waiting_service_and_delay_are_over(void)
{
	struct device *device = device_open(&(struct device_config){.rate_pps = 1e6, .queue = 3, .delay_ns = 20000});

	for (unsigned i = 0; i < 5; i++) /* at once: two find the queue full */
		device_take(device, &frame, 5000);
	ASSERT_NUMBER(leave(device, 25999), 0);
	ASSERT_NUMBER(leave(device, 26000), 1);
	ASSERT_NUMBER(leave(device, 27999), 1);
	device_take(device, &frame, 27999); /* delayed frames take no room in the queue */
	ASSERT_NUMBER(leave(device, 48998), 1);
	ASSERT_NUMBER(leave(device, 48999), 1);
	ASSERT_NUMBER(device_counts(device).full, 2);
	device_take(device, &frame, 60000);
	device_close(device); /* with a frame inside */
}

static void a_device_without_a_rate_takes_no_time(void)
{
	struct device *device = device_open(&(struct device_config){.queue = 1});
	struct model_frame wrong = frame, left;

	wrong.bad_crc = true;
	device_take(device, &frame, 7);
	device_take(device, &wrong, 7);
	CU_ASSERT_TRUE(device_peek(device, 7, &left) && !left.bad_crc);
	device_pop(device);
	CU_ASSERT_TRUE(device_peek(device, 7, &left) && left.bad_crc);
	device_close(device);
}

static void what_is_inside_has_a_limit(void)
{
	struct device *device = device_open(&(struct device_config){.delay_ns = 1000});

	for (unsigned i = 0; i < DEVICE_FRAMES_MAX + 10; i++)
		device_take(device, &frame, 0);
	ASSERT_NUMBER(device_counts(device).full, 10);
	ASSERT_NUMBER(leave(device, 1000), DEVICE_FRAMES_MAX);
	device_close(device);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"up to its rate nothing is lost", up_to_its_rate_nothing_is_lost},
		{"above its rate all but a queue is lost", above_its_rate_all_but_a_queue_is_lost},
		{"a share is lost, the same in each run", a_share_is_lost_the_same_in_each_run},
		{"frames leave when waiting, service and delay are over",
			frames_leave_when_waiting_service_and_delay_are_over},
		{"a device without a rate takes no time", a_device_without_a_rate_takes_no_time},
		{"what is inside has a limit", what_is_inside_has_a_limit},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "device", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
