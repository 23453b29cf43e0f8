/* SPDX-License-Identifier: BSD-2-Clause
 * Pipes: the part that all families of cards share, which is the checks of arguments. */
#include "../../vfio/error.h"
#include "../driver.h"
#include "../fail.h"
#include "../pipe.h"
#include "../ring/ring.h"

#include <errno.h>

static int check_queue(const struct nic_queue *queue, const char *what, bool receive)
{
	struct nic *nic = queue->nic;
	if (!nic)
		return pollux_fail(EINVAL, "nic_pipe_open: the %s has no port", what);
	if (!nic->started)
		return pollux_fail(
			EINVAL, "%s: the port is not started: start it before opening a pipe", nic->info.address);
	if (port_gone(nic)) {
		rings_silence(nic);
		return fail_gone(nic);
	}
	unsigned count = receive ? nic->config.rx_queues : nic->config.tx_queues;
	if (queue->index >= count)
		return pollux_fail(EINVAL, "%s: %s queue %u, but the port was started with %u", nic->info.address,
			receive ? "receive" : "transmit", queue->index, count);
	if (!nic->driver->ops->pipe_open)
		return pollux_fail(ENOTSUP,
			"%s: %s has no in-place pipe, only 82599, X540 and X550 have: use nic_rx and nic_tx",
			nic->info.address, nic->info.name);
	return 0;
}

int nic_pipe_open(
	struct nic_pipe **pipe, const struct nic_queue *input, const struct nic_queue *outputs, unsigned count)
{
	if (!pipe)
		return pollux_fail(EINVAL, "nic_pipe_open: no place to store the pipe");
	*pipe = NULL;
	if (!input || !outputs || count == 0 || count > NIC_PIPE_OUTPUTS)
		return pollux_fail(EINVAL, "nic_pipe_open: give one input and 1 to %u outputs", NIC_PIPE_OUTPUTS);
	int ret = check_queue(input, "input", true);
	for (unsigned i = 0; i < count && !ret; i++) {
		ret = check_queue(&outputs[i], "output", false);
		if (!ret && outputs[i].nic->driver != input->nic->driver)
			ret = pollux_fail(ENOTSUP, "%s and %s: a pipe needs ports of one family: use nic_rx and nic_tx",
				input->nic->info.address, outputs[i].nic->info.address);
		if (!ret && outputs[i].nic->device->space != input->nic->device->space)
			ret = pollux_fail(EINVAL,
				"%s and %s: the ports lie in different DMA spaces: open them with the same",
				input->nic->info.address, outputs[i].nic->info.address);
		for (unsigned k = 0; k < i && !ret; k++)
			if (outputs[k].nic == outputs[i].nic && outputs[k].index == outputs[i].index)
				ret = pollux_fail(EINVAL, "%s: transmit queue %u is given twice",
					outputs[i].nic->info.address, outputs[i].index);
	}
	return ret ? ret : input->nic->driver->ops->pipe_open(pipe, input, outputs, count);
}

void nic_pipe_close(struct nic_pipe *pipe)
{
	if (pipe)
		pipe->close(pipe);
}

void nic_pipe_get_stats(const struct nic_pipe *pipe, struct nic_pipe_stats *stats)
{
	pipe->get_stats(pipe, stats);
}

unsigned nic_pipe_call(struct nic_pipe *pipe, unsigned n, nic_pipe_function *function, void *context)
{
	return nic_pipe_run(pipe, n, function, context);
}
