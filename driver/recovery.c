/* SPDX-License-Identifier: BSD-2-Clause
 * What becomes of a started port whose card does not go on by itself: it is reset, and started again as it was. */
#include "recovery.h"
#include "../vfio/error.h"
#include "access.h"
#include "pipe/slots.h"
#include "report.h"
#include "ring/ring.h"

#include <errno.h>

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
	pipe_outputs_ended(nic);
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, ret ? ret : restart(nic));
	if (!failure.error) {
		nic->recovery = (struct port_recovery){.causes = 0};
		nic->stats.resets++;
		port_note(nic, "the port was reset, and goes on");
		return 0;
	}
	rings_silence(nic);
	nic->recovery.causes |= NIC_NEEDS_RESET;
	if (!nic->freshly_reset)
		bus_halt(nic);
	return pollux_failure_restore(&failure);
}
