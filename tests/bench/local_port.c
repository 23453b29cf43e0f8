/* SPDX-License-Identifier: BSD-2-Clause
 * Opening a port of a software 82599 in this process. */
#include "local_port.h"

#include "../../driver/driver.h"

int local_port_open(
	struct nic **nic, struct vfio_device **device, struct dma_space *space, const struct nic_config *config)
{
	const struct model_local_config local = {.model.port = 0};
	struct nic_link link = {.up = false};
	int error = model_local_open(device, space, &local);

	if (!error)
		error = port_from_device(nic, *device);
	if (!error)
		error = nic_start(*nic, config);
	if (error)
		return error;
	model_set_partner(model_local_model(*device), true);
	for (unsigned ms = 0; !error && !link.up && ms < 10000; ms++) {
		model_local_advance(*device, 1000000);
		error = nic_get_link(*nic, &link);
	}
	return error;
}
