/* SPDX-License-Identifier: BSD-2-Clause
 * What echo-pollux and echo-pipe share: the port, from its opening to its end. None of it is called per packet. */
#ifndef POLLUX_COMPARE_ECHO_NIC_H
#define POLLUX_COMPARE_ECHO_NIC_H

#include "../../driver/nic.h"
#include "echo.h"

#include <time.h>

struct echo_nic {
	struct nic *nic;
	struct dma_space *space;
	time_t serviced;
};

/** The options of both: --simd. */
extern const struct echo_option echo_nic_options[];

/** Opens and starts the port with the instruction set that --simd names, else the best. Fails as echo_fail does. */
void echo_nic_open(struct echo_nic *port, const struct echo_program *program, const char *address);

/** Waits for the link. Fails as echo_fail does. */
void echo_nic_wait_link(struct echo_nic *port);

/** What is to be done once a second, and may be called more often: counters are read before they wrap, and a card that
 * hangs is reset.
 * @return true after a reset */
bool echo_nic_service(struct echo_nic *port);

void echo_nic_close(struct echo_nic *port);

#endif
