/* SPDX-License-Identifier: BSD-2-Clause
 * What becomes of a started port whose card does not go on by itself: that is noticed, and told; and nic_reset resets
 * the card, and starts it again as it was. */
#include "recovery.h"
#include "../vfio/error.h"
#include "access.h"
#include "clock.h"
#include "pipe/slots.h"
#include "report.h"
#include "ring/ring.h"

#include <errno.h>
#include <stdio.h>

#define NOTE_AGAIN_US UINT64_C(60000000)
#define LOOKS         3u /* at which it stands: one alone may meet a ring that has gone around meanwhile */
#define LOSSES        4u /* looks at which frames were lost: one may still count those of before the ring had room */

/* Two seconds are Linux's for a hang. A partner that negotiates anew is away for some seconds. */
struct recovery_times recovery_times = {.link = 10000, .look = 100000, .hang = 2000000, .down = 5000000};

/* ---- what is seen ---- */

void recovery_need(struct nic *nic, uint32_t cause, const char *why)
{
	if (!(nic->recovery.causes & cause))
		port_note(nic, "needs a reset: %s", why);
	nic->recovery.causes |= NIC_NEEDS_RESET | cause;
}

void recovery_tell(struct nic *nic, uint32_t event, const char *what)
{
	uint64_t now = clock_now_us();
	if (!nic->recovery.noted_us || now - nic->recovery.noted_us >= NOTE_AGAIN_US) {
		port_note(nic, "%s", what);
		nic->recovery.noted_us = now;
	}
	nic->recovery.events_pending |= event;
}

/* Whether something that has work to do has made no progress for longer than the limit. */
static bool is_stuck(struct recovery_watch *watch, bool busy, uint64_t progress, uint64_t limit_us)
{
	uint64_t now = clock_now_us();
	if (busy && watch->since_us && progress == watch->progress)
		return ++watch->looks >= LOOKS && now - watch->since_us > limit_us;
	watch->progress = progress;
	watch->since_us = now;
	watch->looks = 0;
	watch->losses = 0;
	return false;
}

/* The same, where it matters only if frames are lost by it. */
static bool is_stuck_and_loses(struct recovery_watch *watch, bool busy, uint64_t progress, uint64_t lost)
{
	bool stuck = is_stuck(watch, busy, progress, recovery_times.hang);
	watch->losses += lost > watch->lost;
	watch->lost = lost;
	return stuck && watch->losses >= LOSSES;
}

static void need_for_queue(struct nic *nic, uint32_t cause, const char *format, unsigned queue)
{
	char why[100];
	snprintf(why, sizeof(why), format, queue);
	recovery_need(nic, cause, why);
}

/* @return whether frames wait to be sent */
static bool look_at_transmit(struct nic *nic, const struct nic_link *link)
{
	uint64_t full_us = rings_carry_us(nic, link->mbps), progress = 0;
	uint64_t limit_us = full_us > recovery_times.hang ? full_us : recovery_times.hang;
	bool obeys = nic->config.pause & NIC_PAUSE_RX, any = false;
	bool paused = obeys && nic->stats.rx_pause_frames != nic->recovery.pauses;
	nic->recovery.pauses = nic->stats.rx_pause_frames;
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		bool waits = rings_tx_waits(nic, i, &progress);
		any |= waits;
		if (is_stuck(&nic->recovery.tx[i], waits && link->up && !paused, progress, limit_us))
			need_for_queue(nic, NIC_TX_HANG,
				"transmit queue %u stands still: TDH and reports, with descriptors to be sent", i);
	}
	return any;
}

static void look_at_receive(struct nic *nic)
{
	struct port_recovery *recovery = &nic->recovery;
	uint64_t progress = 0, sum = 0;
	bool all = true;
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		bool waits = rings_rx_waits(nic, i, &progress);
		all &= waits;
		sum = sum * 4097 + progress;
		if (is_stuck_and_loses(&recovery->rx[i], waits, progress, nic->queues.rx[i].missed))
			need_for_queue(nic, NIC_RX_HANG,
				"receive queue %u stands still: its frames are lost, though RDH "
				"is far from RDT",
				i);
	}
	/* Frames that no queue is blamed for: the card's packet buffer is full, though all have room; or as good as
	 * full, and the other end is asked to wait, so that nothing more is lost */
	if (is_stuck_and_loses(&recovery->missed, all, sum, nic->stats.rx_missed + nic->stats.tx_pause_frames))
		recovery_need(nic, NIC_RX_HANG,
			"receive stands still: frames are missed or held up, though all RDH are far from RDT");
}

void recovery_look(struct nic *nic)
{
	struct port_recovery *recovery = &nic->recovery;
	uint64_t now = clock_now_us();
	const struct nic_link *link = &nic->link;
	bool waits = look_at_transmit(nic, link);
	/* Once for each time that the link is lost: resets may keep it from coming back */
	if (link->up) {
		recovery->linked = true;
		recovery->down_us = 0;
		if (recovery->causes == (NIC_NEEDS_RESET | NIC_LINK_LOST)) /* what was pending has been sent by now */
			recovery->causes = 0;
	} else if (!recovery->down_us) {
		recovery->down_us = now;
	} else if (recovery->linked && now - recovery->down_us > recovery_times.down && (waits || rings_unsent(nic))) {
		recovery_need(nic, NIC_LINK_LOST, "the link is lost, and old frames would be sent when it is back");
	}
	look_at_receive(nic);
	nic->driver->ops->diagnose(nic);
}

/* ---- the reset ---- */

/* All queues are renewed and started. Those that were stopped alone are stopped again; one that did not obey then runs.
 */
static int stop_stopped(struct nic *nic, bool tx)
{
	const struct queue_ops *ops = nic->driver->ops->queues;
	struct port_queue *queues = tx ? nic->queues.tx : nic->queues.rx;
	int ret = 0;
	for (unsigned i = 0; !ret && i < (tx ? nic->config.tx_queues : nic->config.rx_queues); i++) {
		queues[i].dead = false;
		if (!queues[i].stopped)
			continue;
		rings_silence_queue(nic, tx, i);
		ret = (tx ? ops->set_txq : ops->set_rxq)(nic, i, false);
		if (!ret)
			rings_empty_queue(nic, tx, i);
	}
	return ret;
}

static int restart(struct nic *nic)
{
	rings_empty(nic);
	int ret = nic->driver->ops->start(nic);
	if (!ret)
		ret = interrupts_start(nic);
	if (!ret)
		ret = stop_stopped(nic, false);
	if (!ret)
		ret = stop_stopped(nic, true);
	return fail_if_refused(nic, nic->refusals_before, ret);
}

bool recovery_reset_function(struct nic *nic, const char *why)
{
	struct vfio_device *device = nic->device;
	if (!device->ops->reset || device->ops->reset(device) != 0)
		return false;
	port_note(nic, "the function was reset, since %s", why);
	bus_master_off(nic);
	interrupts_redirect(nic);
	return true;
}

int nic_reset(struct nic *nic)
{
	if (!nic)
		return pollux_fail(EINVAL, "nic_reset: no port given");
	int ret = rings_begin_call(nic, true);
	if (ret)
		return rings_end_call(nic, ret);
	rings_silence(nic);
	pipe_inputs_end(nic);
	/* Without a drain: this reset is for cards that do not send. The family reads the counters when DMA is off */
	ret = bus_halt(nic);
	bool hangs = nic->recovery.causes & NIC_TX_HANG;
	if (!ret && hangs && nic->recovery.hang_mended && nic->recovery.tx_packets_at_hang == nic->stats.tx_packets &&
		recovery_reset_function(nic, "a reset of the card did not help"))
		ret = bus_halt(nic);
	pipe_outputs_ended(nic);
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, ret ? ret : restart(nic));
	if (!failure.error) {
		nic->recovery =
			(struct port_recovery){.hang_mended = hangs, .tx_packets_at_hang = nic->stats.tx_packets};
		nic->stats.resets++;
		port_note(nic, "the port was reset, and goes on");
		return 0;
	}
	rings_silence(nic);
	nic->recovery.failed = true;
	/* A link that comes back ends only what it has caused */
	nic->recovery.causes = (nic->recovery.causes & ~(uint32_t)NIC_LINK_LOST) | NIC_NEEDS_RESET;
	if (!nic->freshly_reset)
		bus_halt(nic);
	return pollux_failure_restore(&failure);
}
