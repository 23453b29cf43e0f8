/* SPDX-License-Identifier: BSD-2-Clause
 * A started port on the software 82599 in the test's own process, with its link up. */
#ifndef POLLUX_TESTS_UNIT_UNIT_LOCAL_H
#define POLLUX_TESTS_UNIT_UNIT_LOCAL_H

#include "../../driver/driver.h"
#include "../model/local.h"

#include "unit.h"

/** Ends the test where a step fails. */
static inline void local_port_open(
	struct nic **nic, struct vfio_device **device, struct dma_space *space, const struct nic_config *start)
{
	const struct model_local_config config = {.model.port = 0};
	struct nic_link link = {0};

	CU_ASSERT_EQUAL_FATAL(model_local_open(device, space, &config), 0);
	CU_ASSERT_EQUAL_FATAL(port_from_device(nic, *device), 0);
	CU_ASSERT_EQUAL_FATAL(nic_start(*nic, start), 0);
	model_set_partner(model_local_model(*device), true);
	while (!link.up) {
		model_local_advance(*device, 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(*nic, &link), 0);
	}
}

#endif
