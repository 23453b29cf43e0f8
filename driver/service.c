/* SPDX-License-Identifier: BSD-2-Clause
 * What a port needs now and then: the service function, and the wait for links. */
#include "service.h"
#include "../vfio/error.h"
#include "access.h"
#include "clock.h"
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

/* nic_service without its report of failures. @return events */
static uint32_t service(struct nic *nic)
{
	uint32_t events = 0;
	struct nic_link link;
	if (nic->device->ops->check)
		nic->device->ops->check(nic->device);
	interrupts_acknowledge(nic);
	interrupts_note(nic);
	if (!port_gone(nic)) {
		if (nic->started)
			stats_update(nic, false);
		rings_count_frames(nic);
		if (nic->started && nic->driver->ops->service)
			nic->driver->ops->service(nic);
		if (nic_get_link(nic, &link) == 0 && (link.up != nic->link.up || link.mbps != nic->link.mbps)) {
			nic->link = link;
			events |= NIC_LINK_CHANGED;
		}
	}
	if (!port_gone(nic))
		return events | nic->recovery.causes;
	if (!nic->gone_reported)
		events |= NIC_GONE;
	nic->gone_reported = true;
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
