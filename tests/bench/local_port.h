/* SPDX-License-Identifier: BSD-2-Clause
 * A port of a software 82599 in this process, for measurements that need one only. */
#ifndef POLLUX_TESTS_BENCH_LOCAL_PORT_H
#define POLLUX_TESTS_BENCH_LOCAL_PORT_H

#include "../../driver/nic.h"
#include "../model/local.h"

/** Opens and starts a port, and lets the model's time pass until its link is up. What was opened is in *nic and
 * *device, also on failure.
 *  @return 0 or -errno */
int local_port_open(
	struct nic **nic, struct vfio_device **device, struct dma_space *space, const struct nic_config *config);

#endif
