/* SPDX-License-Identifier: BSD-2-Clause
 * What a port needs now and then: the service function, and the wait for links. */
#include "service.h"
#include "../vfio/error.h"
#include "access.h"
#include "clock.h"
#include "recovery.h"
#include "ring/ring.h"
#include "stats.h"

#include <errno.h>
#include <time.h>

/* Reports each refused register once. */
int service_report_refusal(struct nic *nic)
{
	struct vfio_refusal refusal;
	if (!vfio_refusal(nic->device, nic->refusals_reported, &refusal))
		return 0;
	nic->refusals_reported++;
	return fail_refused(nic, &refusal);
}

/* Whether something is to be done that is done once in a while. */
static bool is_due(uint64_t *last_us, uint32_t period_us)
{
	uint64_t now = clock_now_us();
	if (*last_us && now - *last_us < period_us)
		return false;
	*last_us = now;
	return true;
}

/* @return events */
static uint32_t look_at_link(struct nic *nic)
{
	struct nic_link link;
	/* Acknowledged before the link is looked at, so that a change after that raises the next interrupt */
	interrupts_acknowledge(nic);
	if (nic->started && !nic->recovery.failed && nic->driver->ops->service)
		nic->driver->ops->service(nic);
	if (nic_get_link(nic, &link) != 0 || (link.up == nic->link.up && link.mbps == nic->link.mbps))
		return 0;
	nic->link = link;
	return NIC_LINK_CHANGED;
}

/* nic_service without its report of failures. @return events */
static uint32_t service(struct nic *nic)
{
	uint32_t events = 0;
	if (nic->device->ops->check)
		nic->device->ops->check(nic->device);
	bool interrupt = interrupts_came(nic);
	interrupts_note(nic);
	if (!port_gone(nic) && (is_due(&nic->recovery.link_us, recovery_times.link) || interrupt))
		events |= look_at_link(nic);
	if (!port_gone(nic) && nic->started && !nic->recovery.failed &&
		is_due(&nic->recovery.looked_us, recovery_times.look)) {
		stats_update(nic, false);
		rings_count_frames(nic);
		recovery_look(nic);
	}
	if (!port_gone(nic))
		events |= nic->recovery.causes | nic->recovery.events_pending;
	else if (!nic->gone_reported)
		events |= NIC_GONE;
	nic->recovery.events_pending = 0;
	nic->gone_reported = port_gone(nic);
	return events;
}

int nic_service(struct nic *nic, uint32_t *events)
{
	uint32_t found = service(nic);
	if (events)
		*events = found;
	/* The call begins after what may be refused each time: each register is reported once */
	int ret = rings_begin_call(nic, false);
	return rings_end_call(nic, ret ? ret : service_report_refusal(nic));
}

int nic_wait_links(struct nic *const nics[], unsigned count, unsigned limit_ms, unsigned *missing)
{
	uint64_t deadline = clock_now_us() + limit_ms * UINT64_C(1000);
	for (;;) {
		bool late = clock_now_us() >= deadline;
		struct nic_link link = {.up = true};
		unsigned down = 0; /* the first whose link is down, or cannot be read */
		int ret = 0;
		while (down < count && (ret = nic_get_link(nics[down], &link)) == 0 && link.up)
			down++;
		if (missing && down < count)
			*missing = down;
		if (ret || down == count)
			return ret;
		if (late)
			return pollux_fail(ETIMEDOUT, "%s: no link after %u ms: check the cable and the other end",
				nics[down]->info.address, limit_ms);
		if (nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL) != 0)
			return pollux_fail(EINTR, "%s: a signal ended the wait for its link", nics[down]->info.address);
		for (unsigned i = 0; i < count; i++)
			service(nics[i]);
	}
}
