/* SPDX-License-Identifier: BSD-2-Clause
 * The software 82599 inside the driver's own process: a transport without sockets or threads, for tests and benchmarks
 * that step both. */
#ifndef POLLUX_TESTS_MODEL_LOCAL_H
#define POLLUX_TESTS_MODEL_LOCAL_H

#include "card/model.h"

#include "../../vfio/device.h"

struct model_local_config {
	struct model_config model;
	bool trapped;  /* no heads and tails as memory: every access is a call */
	unsigned fail; /* 1 ..: the n-th operation of the transport fails with -EIO; 0: none */
};

/** Opens a model as a device in a space. The device owns the model: vfio_device_close closes both. -errno. */
int model_local_open(struct vfio_device **device, struct dma_space *space, const struct model_local_config *config);

/** The model behind a device that model_local_open made. */
struct model *model_local_model(struct vfio_device *device);

/** Lets model time pass, beyond the real time that passes and 10 us for each register access. */
void model_local_advance(struct vfio_device *device, uint64_t ns);

#endif
