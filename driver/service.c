/* SPDX-License-Identifier: BSD-2-Clause
 * What a port needs now and then, and how an application waits for that: the service function, and its descriptor. */
#include "service.h"
#include "../vfio/error.h"
#include "access.h"
#include "clock.h"
#include "ring/ring.h"
#include "stats.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Reports each refused register once. */
int service_report_refusal(struct nic *nic)
{
	struct vfio_refusal refusal;
	if (!vfio_refusal(nic->device, nic->refusals_reported, &refusal))
		return 0;
	nic->refusals_reported++;
	return fail_refused(nic, &refusal);
}

void service_close(struct nic *nic)
{
	if (nic->wait_fd >= 0)
		close(nic->wait_fd);
	if (nic->event_fd >= 0)
		close(nic->event_fd);
	nic->event_fd = nic->wait_fd = -1;
}

/* Does not rely on O_NONBLOCK, so that it never waits: a vfio-user peer has the same open file, and may have cleared
 * the flag. */
static void drain_eventfd(int fd)
{
	uint64_t count;
	struct iovec part = {&count, sizeof(count)};
	if (preadv2(fd, &part, 1, -1, RWF_NOWAIT) < 0) {
		/* the counter was 0, or a peer has read it first */
	}
}

/* nic_service without its report of failures. @return events */
static uint32_t service(struct nic *nic)
{
	uint32_t events = 0;
	struct nic_link link;
	if (nic->device->ops->check)
		nic->device->ops->check(nic->device);
	if (nic->event_fd >= 0)
		drain_eventfd(nic->event_fd);
	if (!port_gone(nic)) {
		/* Acknowledged before the link is looked at, so that a change after that raises the next interrupt */
		if (nic->started && nic->event_fd >= 0)
			nic->driver->ops->acknowledge_events(nic);
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

/* Where the transport has a descriptor, too: opens a third, which is readable when either is. False, with errno. */
static bool open_event_fds(struct nic *nic)
{
	struct epoll_event event = {.events = EPOLLIN};
	nic->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (nic->event_fd < 0 || !nic->device->ops->check)
		return nic->event_fd >= 0;
	nic->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	return nic->wait_fd >= 0 && epoll_ctl(nic->wait_fd, EPOLL_CTL_ADD, nic->event_fd, &event) == 0 &&
	       epoll_ctl(nic->wait_fd, EPOLL_CTL_ADD, nic->device->event_fd, &event) == 0;
}

int nic_event_fd(struct nic *nic)
{
	if (nic->event_fd < 0) {
		int ret = rings_begin_call(nic, false);
		if (!ret && !open_event_fds(nic))
			ret = pollux_fail(
				errno, "%s: no descriptor for events: %s", nic->info.address, strerror(errno));
		ret = rings_end_call(nic, ret ? ret : nic->driver->ops->enable_events(nic));
		if (ret) {
			service_close(nic);
			return ret;
		}
	}
	return nic->wait_fd >= 0 ? nic->wait_fd : nic->event_fd;
}
